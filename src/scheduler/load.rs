//! How a granted task gets its inputs: what is on scratch is loaded, what was dropped is made again.
//!
//! All of that is paid for by the reader's grant, one input after the other; then it waits for those that others bring
//! back. Each task brings back its own before it waits, so these waits can't form a circle.
//!
//! What scratch does not give back as it was is made again, where the session still knows how: a root that is cheap to redo.
//! The grant has room for that. The damaged frame then goes, and the chunk is as new.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::Shared;
use super::worker::{Inputs, panicked, run_call};
use crate::chunk::{Allocator, Charge, Chunk};
use crate::error::{Error, Result};
use crate::event::{Event, RunId};
use crate::graph::{Graph, TaskContext, TaskId, Work};
use crate::memory::{Loaded, Pinned, Recovery, SlotId, Stored, TaskGrant, charge_value, load};
use crate::spill::{STAGING, Staging};
use crate::trace;

/// The task that wants its inputs.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) run: RunId,
    pub(super) worker: usize,
    pub(super) graph: &'a Graph,
    pub(super) task: TaskId,
}

/// Brings inputs of one task back.
struct Loader<'a> {
    shared: &'a Shared,
    reader: Reader<'a>,
    grant: &'a TaskGrant<'a>,
    /// Taken when the first frame is loaded.
    staging: Option<(Staging, Charge)>,
}

/// The chunks of the inputs. Where one can't be had, what was to be brought back here is given up.
pub(super) fn load_inputs(
    shared: &Shared,
    reader: Reader<'_>,
    slots: &[SlotId],
    pinned: Vec<Pinned>,
    grant: &TaskGrant<'_>,
) -> Result<Inputs> {
    let mut loader = Loader { shared, reader, grant, staging: None };
    let mut chunks: Vec<Option<Chunk>> = Vec::with_capacity(slots.len());
    let mut failure = None;
    for ((&slot, pinned), input) in slots.iter().zip(pinned).zip(reader.graph.dependencies(reader.task)) {
        chunks.push(match pinned {
            Pinned::Ready(chunk) => Some(chunk),
            Pinned::Wait => None,
            Pinned::Load { recovery, redoable } => {
                let outcome = match &failure {
                    None => loader.bring_back(input, recovery, redoable),
                    Some(error) => Err(Error::clone(error)),
                };
                let chunk = outcome.as_ref().ok().map(|loaded| loaded.chunk.clone());
                if let Err(error) = &outcome {
                    failure.get_or_insert_with(|| error.clone());
                }
                let damaged = shared.core.lock().loaded(slot, outcome);
                drop(damaged);
                shared.loads.notify_all();
                chunk
            }
        });
    }
    drop(loader);
    match failure {
        Some(error) => Err(error),
        None => wait_for_others(shared, reader, slots, chunks),
    }
}

fn wait_for_others(
    shared: &Shared,
    reader: Reader<'_>,
    slots: &[SlotId],
    chunks: Vec<Option<Chunk>>,
) -> Result<Inputs> {
    let mut since = None;
    let mut core = shared.core.lock();
    let place = |(&slot, chunk): (&SlotId, Option<Chunk>)| {
        if let Some(chunk) = chunk {
            return Ok(chunk);
        }
        while core.slots.is_loading(slot) {
            since.get_or_insert_with(Instant::now);
            shared.loads.wait(&mut core);
        }
        core.slots.resident(slot).ok_or_else(|| core.load_failure())
    };
    let inputs = slots.iter().zip(chunks).map(place).collect();
    drop(core);
    if let Some(since) = since {
        let Reader { run, worker, graph, task: id } = reader;
        let task = graph.key(id).label();
        shared.observers.tell(&Event::InputsAwaited { run, id, task, worker, elapsed: since.elapsed() });
    }
    inputs
}

impl Loader<'_> {
    fn bring_back(&mut self, input: TaskId, recovery: Recovery, redoable: bool) -> Result<Loaded> {
        let Recovery::Frame(stored) = recovery else { return self.redo(input) };
        let outcome = self.load(input, &stored);
        let Err(error @ (Error::Corrupt { .. } | Error::Scratch { .. })) = &outcome else { return outcome };
        self.shared.scratch_failed(error);
        if redoable { self.redo(input) } else { outcome }
    }

    fn load(&mut self, input: TaskId, stored: &Stored) -> Result<Loaded> {
        let Self { shared, reader, grant, .. } = *self;
        let staging = match &mut self.staging {
            Some((staging, _)) => staging,
            none => {
                let charge = grant.reserve(STAGING)?;
                &mut none.insert((Staging::new(), charge)).0
            }
        };
        let (bytes, started) = (stored.frame.bytes() as u64, Instant::now());
        let _inside = trace::reload(reader.graph.key(input).label(), bytes);
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            let (chunk, in_place) = load(stored, grant, staging)?;
            let charge = charge_value(grant, chunk.value().unmetered_bytes())?;
            Ok((Loaded { chunk, charge, remade: false }, in_place))
        }));
        let (loaded, in_place) =
            decoded.unwrap_or_else(|payload| Err(panicked("loading a chunk from scratch", payload)))?;
        let elapsed = started.elapsed();
        stored.frame.was_read(elapsed);
        shared.core.lock().slots.rates.read(bytes, elapsed);
        shared.counters.add_reloaded(bytes, in_place);
        let Reader { run, worker, graph, task } = reader;
        shared.observers.tell(&Event::Reloaded {
            run,
            id: input,
            task: graph.key(input).label(),
            reader: graph.key(task).label(),
            worker,
            bytes,
            stored: stored.frame.stored_bytes(),
            in_place,
            elapsed,
        });
        Ok(loaded)
    }

    /// Runs the task of an input once more. It is a root: it needs nothing but memory.
    fn redo(&self, input: TaskId) -> Result<Loaded> {
        let Self { shared, reader: Reader { run, worker, graph, task }, grant, .. } = *self;
        let key = graph.key(input);
        let _inside = trace::redo(key.label());
        let report = |event: &Event<'_>| shared.report(event);
        let made = match graph.work(input) {
            Work::Call(call) => run_call(call, &TaskContext::new(key, grant, &report), Inputs::new(), false),
            Work::Held(_) => return Err(Error::Cancelled),
        };
        let made = made.map_err(|failure| failure.of(graph, input, vec![graph.key(task).to_string()]))?;
        shared.counters.add_redone();
        shared.observers.tell(&Event::Redone { run, id: input, task: key.label(), worker, elapsed: made.took });
        Ok(Loaded { chunk: made.chunk, charge: made.charge, remade: true })
    }
}
