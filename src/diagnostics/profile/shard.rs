//! What one worker did: its spans, and the sums of its layers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::busy::Busy;
use super::run::RunInfo;
use super::span::{Kept, Kind, Span};
use crate::event::Label;

/// What the tasks of a layer took in all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) time: Duration,
    pub(crate) longest: Duration,
    /// Bytes of output.
    pub(crate) bytes: u64,
    /// Ready, without memory.
    pub(crate) waited_memory: Duration,
    /// Begun, without inputs.
    pub(crate) waited_inputs: Duration,
    pub(crate) spills: u64,
    pub(crate) spilled: u64,
    pub(crate) reloads: u64,
    pub(crate) reloaded: u64,
    pub(crate) redone: u64,
}

impl Totals {
    pub(super) fn add(&mut self, other: &Self) {
        self.done += other.done;
        self.failed += other.failed;
        self.time += other.time;
        self.longest = self.longest.max(other.longest);
        self.bytes += other.bytes;
        self.waited_memory += other.waited_memory;
        self.waited_inputs += other.waited_inputs;
        self.spills += other.spills;
        self.spilled += other.spilled;
        self.reloads += other.reloads;
        self.reloaded += other.reloaded;
        self.redone += other.redone;
    }

    fn count(&mut self, span: &Span) {
        match span.kind {
            Kind::Task { ok } => {
                self.done += u64::from(ok);
                self.failed += u64::from(!ok);
                self.time += span.elapsed;
                self.longest = self.longest.max(span.elapsed);
                self.bytes += span.bytes;
            }
            Kind::Spill => {
                self.spills += 1;
                self.spilled += span.bytes;
            }
            Kind::Reload { .. } => {
                self.reloads += 1;
                self.reloaded += span.bytes;
            }
            Kind::Redo => self.redone += 1,
            Kind::WaitMemory => self.waited_memory += span.elapsed,
            Kind::WaitInputs => self.waited_inputs += span.elapsed,
        }
    }
}

/// What happened, before its layer is looked up.
pub(super) struct Happened<'a> {
    pub(super) kind: Kind,
    pub(super) task: Label<'a>,
    pub(super) worker: Option<u32>,
    pub(super) end: Duration,
    pub(super) elapsed: Duration,
    pub(super) bytes: u64,
    pub(super) stored: u64,
}

/// What some threads did; each has one of its own, unless there are very many.
#[derive(Debug, Default)]
pub(super) struct Shard {
    pub(super) tasks: Kept,
    /// Spills, reloads and waits.
    pub(super) others: Kept,
    /// By run, then by layer.
    pub(super) totals: HashMap<u32, Vec<Totals>>,
    pub(super) busy: BTreeMap<u32, Busy>,
    /// The run that was last looked up.
    run: Option<Arc<RunInfo>>,
    /// The layer that was last looked up, in that run.
    layer: Option<(Box<str>, u32, bool)>,
}

impl Shard {
    /// Takes down what happened in the run that `find` finds, if the profile knows it.
    pub(super) fn record(
        &mut self,
        run: u32,
        find: impl FnOnce() -> Option<Arc<RunInfo>>,
        most: usize,
        what: &Happened<'_>,
    ) {
        if self.run.as_ref().is_none_or(|known| known.number != run) {
            (self.run, self.layer) = (find(), None);
        }
        let Some(info) = &self.run else { return };
        let (layer, own) = match &self.layer {
            Some((name, number, own)) if **name == *what.task.layer => (*number, *own),
            _ => {
                let (number, own) = info.layer(what.task.layer);
                self.layer = Some((what.task.layer.into(), number, own));
                (number, own)
            }
        };
        let span = || Span {
            kind: what.kind,
            run,
            layer,
            name: (!own).then(|| what.task.layer.into()),
            index: what.task.index.into(),
            worker: what.worker,
            start: what.end.saturating_sub(what.elapsed),
            elapsed: what.elapsed,
            bytes: what.bytes,
            stored: what.stored,
        };
        let layers = info.layers.len();
        let totals = self.totals.entry(run).or_insert_with(|| vec![Totals::default(); layers]);
        if let Some(totals) = totals.get_mut(layer as usize) {
            totals.count(&span());
        }
        if let (Kind::Task { .. }, Some(worker)) = (what.kind, what.worker) {
            self.busy.entry(worker).or_default().add(what.end.saturating_sub(what.elapsed), what.elapsed);
            self.tasks.keep(most, span);
        } else {
            self.others.keep(most, span);
        }
    }
}
