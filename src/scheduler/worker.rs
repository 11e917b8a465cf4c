//! What threads do: workers run tasks, one more thread writes to scratch.
//!
//! A worker takes what was granted for whoever comes first; else the newest task of its own deque, which is most likely
//! to use what it has just made; else the oldest of another's; else the next root. Deque entries are hints: a task is
//! claimed under the lock, so it does no harm that a hint is stale.
//!
//! A granted task loads those of its inputs that are on scratch, then waits for those that others load. Granted tasks are
//! taken in the order of their grants, and each loads before it waits, so these waits can't form a circle.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use crossbeam_deque::{Steal, Worker as Deque};

use super::Shared;
use super::core::{Effects, Failure, Finished, Job, Made, Write};
use super::run::Place;
use crate::chunk::{Allocator, Chunk};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::graph::{TaskContext, TaskFn, Work};
use crate::memory::{Grant, Pinned, SlotId, Stored, charge_value, load};
use crate::spill::{STAGING, Staging};

thread_local! {
    /// The session whose worker this thread is.
    static SESSION: Cell<usize> = const { Cell::new(0) };
}

/// Whether the present thread is a worker of `shared`.
pub(super) fn is_worker_of(shared: &Arc<Shared>) -> bool {
    SESSION.get() == Arc::as_ptr(shared).addr()
}

/// The life of worker number `number`.
pub(super) fn work(shared: &Arc<Shared>, number: usize, deque: &Deque<Place>) {
    SESSION.set(Arc::as_ptr(shared).addr());
    loop {
        let epoch = shared.bell.epoch();
        let hint = deque.pop().or_else(|| steal(shared, number));
        let job = shared.locked(|core, effects| match (core.take_granted(), hint) {
            (Some(job), hint) => {
                hint.into_iter().for_each(|hint| deque.push(hint));
                Some(job)
            }
            (None, Some(place)) => core.claim(place, effects),
            (None, None) => core.next(effects),
        });
        if let Some(job) = job {
            run_job(shared, number, job, deque);
        } else if hint.is_none() {
            if shared.is_shut_down() {
                return;
            }
            let cleanups = || shared.cleanups();
            if !shared.locked(|core, effects| core.end_if_stuck(cleanups(), effects)) {
                shared.bell.sleep(epoch);
            }
        }
    }
}

fn steal(shared: &Shared, thief: usize) -> Option<Place> {
    let count = shared.stealers.len();
    (1..count).find_map(|distance| {
        let stealer = &shared.stealers[(thief + distance) % count];
        loop {
            match stealer.steal() {
                Steal::Success(place) => return Some(place),
                Steal::Empty => return None,
                Steal::Retry => {}
            }
        }
    })
}

fn run_job(shared: &Arc<Shared>, worker: usize, job: Job, deque: &Deque<Place>) {
    let Job { run, task, graph, inputs, grant, announce } = job;
    let key = graph.key(task);
    let watched = (!shared.observers.is_empty()).then(|| (key.to_string(), Instant::now()));
    if let Some((key, _)) = &watched {
        shared.observers.tell(&Event::TaskStarted { key, worker });
    }
    let (slots, pinned): (Vec<SlotId>, Vec<Pinned>) = inputs.into_iter().unzip();
    let made = load_inputs(shared, &slots, pinned, &grant).map_err(Failure::Before).and_then(|chunks| {
        let Work::Call(call) = graph.work(task) else { return Err(Failure::Panicked("a held chunk was run".into())) };
        let report = |event: &Event<'_>| shared.report(event);
        run_call(call, &TaskContext::new(key, &grant, &report), chunks)
    });
    let ok = made.is_ok();
    grant.close();
    let finished = Finished { run, task, inputs: slots };
    let ready = shared.locked(|core, effects| core.complete(finished, made, effects));
    shared.counters.add_task();
    if let Some((key, started)) = &watched {
        shared.observers.tell(&Event::TaskFinished { key, worker, elapsed: started.elapsed(), ok });
    }
    let others = ready.len().saturating_sub(1);
    ready.into_iter().for_each(|place| deque.push(place));
    shared.wake(others);
    // The end of the run may be announced from here on.
    drop((graph, grant));
    drop(announce);
}

/// The chunks of the inputs. Where one can't be had, what was to be loaded here is given back.
fn load_inputs(shared: &Shared, slots: &[SlotId], pinned: Vec<Pinned>, grant: &Grant) -> Result<Vec<Chunk>> {
    let mut chunks: Vec<Option<Chunk>> = Vec::with_capacity(slots.len());
    let mut failure = None;
    let mut staging = None;
    for (&slot, pinned) in slots.iter().zip(pinned) {
        chunks.push(match pinned {
            Pinned::Ready(chunk) => Some(chunk),
            Pinned::Wait => None,
            Pinned::Load(stored) => {
                let outcome = match &failure {
                    None => load_one(shared, &stored, grant, &mut staging),
                    Some(error) => Err(Error::clone(error)),
                };
                let (chunk, loaded) = match outcome {
                    Ok((chunk, charge)) => (Some(chunk.clone()), Ok((chunk, charge))),
                    Err(error) => {
                        failure.get_or_insert(error.clone());
                        (None, Err(error))
                    }
                };
                shared.core.lock().loaded(slot, loaded);
                shared.loads.notify_all();
                chunk
            }
        });
    }
    if let Some(error) = failure {
        return Err(error);
    }
    let mut core = shared.core.lock();
    slots
        .iter()
        .zip(chunks)
        .map(|(&slot, chunk)| {
            if let Some(chunk) = chunk {
                return Ok(chunk);
            }
            while core.slots.is_loading(slot) {
                shared.loads.wait(&mut core);
            }
            core.slots.resident(slot).ok_or_else(|| core.load_failure())
        })
        .collect()
}

type Loaded = (Chunk, Option<crate::chunk::Charge>);

fn load_one(
    shared: &Shared,
    stored: &Stored,
    grant: &Grant,
    staging: &mut Option<(Staging, crate::chunk::Charge)>,
) -> Result<Loaded> {
    if staging.is_none() {
        let charge = grant.reserve(STAGING)?;
        *staging = Some((Staging::new(), charge));
    }
    let Some((staging, _)) = staging else { return Err(Error::Cancelled) };
    let bytes = stored.frame.bytes() as u64;
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let chunk = load(stored, grant, staging)?;
        let charge = charge_value(grant, chunk.value().unmetered_bytes())?;
        Ok((chunk, charge))
    }));
    let loaded = decoded.unwrap_or_else(|payload| Err(panicked("loading a chunk from scratch", payload)))?;
    shared.counters.add_reloaded(bytes);
    shared.observers.tell(&Event::Reloaded { bytes });
    Ok(loaded)
}

/// Calls a task's function; what it panics with is caught (**D3**).
fn run_call(call: &TaskFn, context: &TaskContext<'_>, chunks: Vec<Chunk>) -> Result<Made, Failure> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let chunk = call(context, &chunks)?;
        drop(chunks);
        let value = chunk.value();
        let (unmetered, encoded) = (value.unmetered_bytes(), value.encode().map(|encoded| encoded.bytes.len() as u64));
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((chunk, unmetered, encoded))
    }));
    match outcome {
        Ok(Ok((chunk, unmetered, encoded))) => match charge_value(context.allocator(), unmetered) {
            Ok(charge) => Ok(Made { chunk, charge, encoded }),
            Err(error) => Err(Failure::Returned(Arc::new(error))),
        },
        Ok(Err(error)) => Err(Failure::Returned(error.into())),
        Err(payload) => Err(Failure::Panicked(message_of(payload))),
    }
}

fn message_of(payload: Box<dyn std::any::Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
    // A payload may panic as it goes (D3).
    drop(catch_unwind(AssertUnwindSafe(|| drop(payload))));
    message.unwrap_or_else(|| "(no message)".into())
}

fn panicked(what: &str, payload: Box<dyn std::any::Any + Send>) -> Error {
    Error::Panic { key: what.into(), needed_by: Vec::new(), message: message_of(payload) }
}

/// The life of the thread that writes evicted chunks. Its staging is part of each run's fixed charge.
pub(super) fn write_evicted(shared: &Shared, writes: &Receiver<Write>) {
    let mut staging = Staging::new();
    for Write { job, announce } in writes {
        let encoded = catch_unwind(AssertUnwindSafe(|| {
            let Some(encoded) = job.chunk.value().encode() else { return Err(Error::Cancelled) };
            let frame = shared.scratch.write(encoded.bytes, encoded.item_size, &mut staging)?;
            Ok(Stored { frame, decode: encoded.decode, mappable: encoded.in_place })
        }));
        let outcome = encoded.unwrap_or_else(|payload| Err(panicked("writing a chunk to scratch", payload)));
        if let Ok(stored) = &outcome {
            let (bytes, stored) = (stored.frame.bytes() as u64, stored.frame.stored_bytes());
            shared.counters.add_spilled(bytes);
            shared.observers.tell(&Event::Spilled { bytes, stored });
        }
        let slot = job.slot;
        // Before the slot's own reference, which is dropped last and gives the bytes back.
        drop(job);
        shared.locked(|core, effects: &mut Effects| core.written(slot, outcome, effects));
        drop(announce);
    }
}
