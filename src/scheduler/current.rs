//! Where workers find the ample run, and how it ends.
//!
//! There is one at a time. Workers keep a reference while they find tasks in it, and look for another only when the
//! version has changed. When it is over each lets go, before it sleeps or turns to another run; whoever lets go last ends
//! the run: then nobody has a chunk of it in hand (**M6**). `Arc::into_inner` gives it to exactly one of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::Shared;
use super::ample::Ample;
use super::core::Effects;
use super::held::Held;
use super::outcome::{Keep, Results};
use crate::chunk::{charge, contained};
use crate::error::Error;
use crate::event::RunId;
use crate::graph::{TaskId, Work};
use crate::memory::{NEVER, NewChunk, Origin, Ways};

#[derive(Debug, Default)]
pub(super) struct Current {
    run: Mutex<Option<Arc<Ample>>>,
    /// Counts the changes of `run`.
    version: AtomicU64,
    /// Whether one of its tasks waits for room.
    waiting: Arc<AtomicBool>,
}

/// The most buffers that are kept a worker: workspace and output of a task or two.
const SPARES: u32 = 16;

/// What one worker knows of it.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) run: Option<Arc<Ample>>,
    version: Option<u64>,
}

impl Current {
    pub(super) fn waiting(&self) -> &Arc<AtomicBool> {
        &self.waiting
    }

    fn set(&self, run: Option<Arc<Ample>>) -> Option<Arc<Ample>> {
        let mut place = self.run.lock();
        self.version.fetch_add(1, Ordering::SeqCst);
        std::mem::replace(&mut *place, run)
    }
}

impl Shared {
    /// Has the memory of buffers kept for others until no run is under way: what each worker makes, gives back, and makes
    /// next.
    pub(super) fn keep_spares(&self) {
        self.ledger.open_pool(SPARES * self.stealers.len() as u32);
    }

    /// Lets the workers have `run`.
    pub(super) fn begin_ample(&self, run: Ample) {
        self.keep_spares();
        let run = Arc::new(run);
        self.current.set(Some(run.clone()));
        // Where nothing is to be done no worker would end it.
        if run.is_over() { self.retire(run) } else { self.let_go_of(run) }
    }

    /// Stops the ample run with `error`, if it is run number `id` (any, where `None`). Whether it was.
    pub(super) fn stop_ample(&self, id: Option<u32>, error: &Error) -> bool {
        let run = self.current.run.lock().as_ref().filter(|run| id.is_none_or(|id| run.id == id)).cloned();
        let Some(run) = run else { return false };
        run.fail(error.clone());
        self.retire(run);
        true
    }

    /// The ample run as it is now known.
    pub(super) fn look(&self, known: &mut Known) {
        let version = self.current.version.load(Ordering::SeqCst);
        if known.version == Some(version) {
            return;
        }
        self.forget(known);
        let run = self.current.run.lock();
        *known = Known { run: run.clone(), version: Some(self.current.version.load(Ordering::SeqCst)) };
    }

    /// Lets go of what was known.
    pub(super) fn forget(&self, known: &mut Known) {
        if let Some(run) = std::mem::take(known).run {
            if run.is_over() { self.retire(run) } else { self.let_go_of(run) }
        }
    }

    /// The run is over: no worker is to find it any more.
    fn retire(&self, run: Arc<Ample>) {
        let mut place = self.current.run.lock();
        let listed = if place.as_ref().is_some_and(|listed| Arc::ptr_eq(listed, &run)) {
            self.current.version.fetch_add(1, Ordering::SeqCst);
            place.take()
        } else {
            None
        };
        drop(place);
        if let Some(listed) = listed {
            self.let_go_of(listed);
            // Sleepers may still know it.
            self.bell.ring_all();
        }
        self.let_go_of(run);
    }

    fn let_go_of(&self, run: Arc<Ample>) {
        if let Some(run) = Arc::into_inner(run) {
            self.end(run);
        }
    }

    /// Ends a run of which nobody has anything in hand.
    fn end(&self, run: Ample) {
        let outcome = match run.take_failure() {
            Some(error) => Err(error),
            None => Ok(self.results(&run)),
        };
        let tasks = run.graph.tasks();
        let (chunks, charges): (Vec<_>, Vec<_>) = tasks.map(|task| run.take_output(task)).unzip();
        contained(chunks);
        drop(charges);
        self.current.waiting.store(false, Ordering::SeqCst);
        let (announce, fixed) = (run.announce.clone(), run.budget.fixed);
        let pinned: Vec<_> = run.pinned.iter().map(|&(_, slot)| slot).collect();
        // With it go its graph and the user's closures, which may panic as they go (D3).
        contained(vec![run]);
        self.ledger.close_pool();
        self.locked(|core, effects: &mut Effects| core.end_ample(pinned.into_iter(), fixed, effects));
        announce.set(outcome);
    }

    fn results(&self, run: &Ample) -> Results {
        match run.keep {
            Keep::HandOver => Results::Chunks(run.wanted.iter().filter_map(|&task| run.output(task)).collect()),
            Keep::Hold => {
                let mut handles = HashMap::new();
                Results::Held(run.wanted.iter().filter_map(|&task| self.hold(run, task, &mut handles)).collect())
            }
        }
    }

    /// A handle on the output of `task`, which the session keeps from now on.
    fn hold(&self, run: &Ample, task: TaskId, handles: &mut HashMap<TaskId, Arc<Held>>) -> Option<Arc<Held>> {
        if let Work::Held(handle) = run.graph.work(task) {
            return handle.clone().downcast().ok();
        }
        if let Some(handle) = handles.get(&task) {
            return Some(handle.clone());
        }
        let encoded = run.encoded(task);
        let (chunk, paid) = run.take_output(task);
        let chunk = chunk?;
        let bytes = encoded.map_or_else(|| run.output_bytes(task), charge);
        let spill = encoded.is_some() && run.roles.evictable[task.index()];
        let ways = Ways { spill, ..Ways::default() };
        let origin = Origin { run: RunId::new(run.id), task, key: run.graph.key(task).clone() };
        let new = NewChunk { chunk, bytes, charge: paid, ways, origin, next_use: NEVER };
        let stuck = if spill { 0 } else { bytes };
        let handle = self.locked(|core, _| {
            let slot = core.slots.insert(new);
            core.handle(slot, stuck)
        });
        handles.insert(task, handle.clone());
        Some(handle)
    }
}
