//! What workers do: they run tasks.
//!
//! A worker takes what was granted, or has waited, for whoever comes first; else the newest task of its own deque, which is
//! most likely to use what it has just made; else the oldest of another's; else the next root. In an ample run a root that
//! comes before that task in the order goes first; where memory is short, whatever is ready and comes first. Deque entries
//! are hints: a task is claimed by its word or under the lock, so it does no harm that a hint is stale.
//!
//! A granted task loads those of its inputs that are on scratch, then waits for those that others load. Granted tasks are
//! taken in the order of their grants, and each loads before it waits, so these waits can't form a circle.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crossbeam_deque::{Steal, Worker as Deque};
use smallvec::SmallVec;

use super::Shared;
use super::ample::Ample;
use super::current::Known;
use super::job::{Failure, Finished, Given, Job, Made, given};
use super::load::{Reader, load_inputs};
use super::run::Place;
use crate::chunk::{Chunk, contained};
use crate::error::{Error, Result};
use crate::event::{Event, RunId};
use crate::graph::{TaskContext, TaskFn, TaskId, Work};
use crate::memory::{Grant, Pinned, SlotId, charge_value};
use crate::trace;

thread_local! {
    /// The session whose worker this thread is.
    static SESSION: Cell<usize> = const { Cell::new(0) };
}

/// The values of a task's inputs, as its function expects them.
pub(super) type Inputs = SmallVec<[Chunk; 4]>;

/// Whether the present thread is a worker of `shared`.
pub(super) fn is_worker_of(shared: &Arc<Shared>) -> bool {
    SESSION.get() == Arc::as_ptr(shared).addr()
}

/// The life of worker number `number`.
pub(super) fn work(shared: &Arc<Shared>, number: usize, deque: &Deque<Place>) {
    SESSION.set(Arc::as_ptr(shared).addr());
    let worker = Worker { shared, number, deque };
    let mut known = Known::default();
    loop {
        let epoch = shared.bell.epoch();
        let hint = deque.pop().or_else(|| steal(shared, number));
        // After the hint, so that the run it belongs to is known.
        shared.look(&mut known);
        // Runs that are not ample get their turn at every step, so that neither kind starves.
        let found = worker.step_of_ample(&mut known, hint) | worker.step_of_core(&mut known, hint);
        if found || hint.is_some() {
            continue;
        }
        shared.forget(&mut known);
        if shared.is_shut_down() {
            return;
        }
        let cleanups = || shared.cleanups();
        let stuck = || shared.locked(|core, effects| core.end_if_stuck(cleanups(), effects));
        if !(shared.flags.active.load(Ordering::SeqCst) && stuck()) {
            shared.bell.sleep(epoch);
        }
    }
}

/// One worker.
struct Worker<'a> {
    shared: &'a Arc<Shared>,
    number: usize,
    deque: &'a Deque<Place>,
}

impl Worker<'_> {
    /// Runs one task of the ample run: the least deferred, the one of `hint`, the next root. Whether there was one.
    fn step_of_ample(&self, known: &mut Known, hint: Option<Place>) -> bool {
        let shared = self.shared;
        let Some(run) = known.run.as_ref().filter(|run| !run.is_over()) else {
            shared.forget(known);
            return false;
        };
        // Beside others it can't be held to what it was promised by what is charged in all; they keep clear of that.
        let alone = !shared.flags.active.load(Ordering::SeqCst);
        let cap = if alone { run.budget.plan.stated_peak().bytes() } else { u64::MAX };
        let (mine, others) = match hint {
            Some(place) if place.run() == run.id => (Some(place), None),
            other => (None, other),
        };
        let may_begin = mine.is_none() && others.is_none();
        let Some(task) = run.find(mine, may_begin, cap, |place| self.deque.push(place)) else { return false };
        self.run_ample(run, task);
        if run.is_over() {
            shared.forget(known);
        }
        true
    }

    /// Runs one task that the core grants. Whether there was one.
    fn step_of_core(&self, known: &mut Known, hint: Option<Place>) -> bool {
        let shared = self.shared;
        if !shared.flags.active.load(Ordering::SeqCst) {
            return false;
        }
        let job = shared.locked(|core, effects| match (core.take_granted(), hint) {
            (Some(job), hint) => {
                hint.into_iter().for_each(|hint| self.deque.push(hint));
                Some(job)
            }
            (None, Some(place)) => {
                let nearest = core.nearest(place);
                if nearest != place {
                    self.deque.push(place);
                }
                core.claim(nearest, effects)
            }
            (None, None) => core.next(effects),
        });
        let Some(job) = job else { return false };
        // An ample run must not wait for this task to end.
        shared.forget(known);
        run_job(shared, self.number, job, self.deque);
        true
    }

    fn run_ample(&self, run: &Ample, task: TaskId) {
        let (shared, key) = (self.shared, run.graph.key(task));
        let _inside = trace::task(run.announce.span(), key.label(), self.number);
        let started = (!shared.observers.is_empty()).then(Instant::now);
        if started.is_some() {
            let run = RunId::new(run.id);
            shared.observers.tell(&Event::TaskStarted { run, id: task, task: key.label(), worker: self.number });
        }
        let grant = Grant::new(shared.ledger.clone(), run.need(task), false);
        let report = |event: &Event<'_>| shared.report(event);
        let made = match run.graph.work(task) {
            Work::Call(call) => {
                let own = grant.of(key);
                run_call(call, &TaskContext::new(key, &own, &report), run.inputs(task), run.keeps(task))
            }
            Work::Held(_) => Err(Failure::Panicked("a held chunk was run".into(), Vec::new())),
        };
        let ok = made.is_ok();
        let bytes = grant.close();
        let after = run.complete(task, made);
        for (chunk, charge) in after.released {
            contained(chunk);
            drop(charge);
        }
        shared.counters.add_task(self.number);
        if let Some(started) = started {
            shared.observers.tell(&Event::TaskFinished {
                run: RunId::new(run.id),
                id: task,
                task: key.label(),
                worker: self.number,
                elapsed: started.elapsed(),
                bytes,
                ok,
            });
        }
        let others = after.ready.len().saturating_sub(1);
        after.ready.into_iter().for_each(|place| self.deque.push(place));
        shared.wake(others);
        // The head may have moved, and bytes have left the premature budget.
        if shared.current.waiting().load(Ordering::SeqCst) {
            shared.bell.ring();
        }
    }
}

/// Whose deques worker `thief` of so many looks into, first to last: its neighbours' first, which are likely to be near it
/// in the machine, too.
pub(super) fn victims(thief: usize, workers: usize) -> impl Iterator<Item = usize> {
    (1..workers).map(move |distance| (thief + distance) % workers)
}

fn steal(shared: &Shared, thief: usize) -> Option<Place> {
    victims(thief, shared.stealers.len()).find_map(|victim| {
        let stealer = &shared.stealers[victim];
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
    let Job { run, task, graph, inputs, grant, loads, announce } = job;
    let (key, id) = (graph.key(task), RunId::new(run));
    let own = grant.of(key);
    let inside = trace::task(announce.span(), key.label(), worker);
    let started = (!shared.observers.is_empty()).then(Instant::now);
    if started.is_some() {
        shared.observers.tell(&Event::TaskStarted { run: id, id: task, task: key.label(), worker });
    }
    let (slots, pinned): (Vec<SlotId>, Vec<Pinned>) = inputs.into_iter().unzip();
    let reader = Reader { run: id, worker, graph: &graph, task };
    let inputs = load_inputs(shared, reader, &slots, pinned, &own);
    let mut made = inputs.map_err(Failure::Before).and_then(|chunks| {
        let Work::Call(call) = graph.work(task) else {
            return Err(Failure::Panicked("a held chunk was run".into(), Vec::new()));
        };
        let report = |event: &Event<'_>| shared.report(event);
        run_call(call, &TaskContext::new(key, &own, &report), chunks, true)
    });
    let ok = made.is_ok();
    let bytes = grant.close().saturating_sub(loads);
    if let Ok(made) = &mut made {
        made.retained = bytes;
    }
    if grant.overrun() > 0 {
        shared.observers.tell(&Event::Overrun { run: id, id: task, task: key.label(), bytes: grant.overrun() });
    }
    let finished = Finished { run, task, inputs: slots };
    let ready = shared.locked(|core, effects| core.complete(finished, made, effects));
    shared.counters.add_task(worker);
    if let Some(started) = started {
        let elapsed = started.elapsed();
        shared.observers.tell(&Event::TaskFinished {
            run: id,
            id: task,
            task: key.label(),
            worker,
            elapsed,
            bytes,
            ok,
        });
    }
    let others = ready.len().saturating_sub(1);
    ready.into_iter().for_each(|place| deque.push(place));
    shared.wake(others);
    // The end of the run may be announced from here on.
    drop(inside);
    drop((graph, grant));
    drop(announce);
}

/// Calls a task's function; what it panics with is caught (**D3**). What it would free is asked for where `measure`.
pub(super) fn run_call(
    call: &TaskFn,
    context: &TaskContext<'_>,
    chunks: Inputs,
    measure: bool,
) -> Result<Made, Failure> {
    // Here, not in the closure: what a task failed with is described.
    let mut chunks = chunks;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let started = Instant::now();
        let chunk = call(context, &chunks)?;
        let took = started.elapsed();
        chunks.clear();
        let value = chunk.value();
        let unmetered = value.unmetered_bytes();
        let encoded = if measure { value.encode().map(|encoded| encoded.frees(unmetered)) } else { None };
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((chunk, unmetered, encoded, took))
    }));
    match outcome {
        Ok(Ok((chunk, unmetered, encoded, took))) => match charge_value(context.allocator(), unmetered) {
            Ok(charge) => Ok(Made { chunk, charge, encoded, retained: 0, took }),
            Err(error) => Err(Failure::Returned(Arc::new(error), Vec::new())),
        },
        Ok(Err(error)) => Err(Failure::Returned(error.into(), put_away(chunks))),
        Err(payload) => Err(Failure::Panicked(message_of(payload), put_away(chunks))),
    }
}

/// Drops a failed task's inputs. Gives what they were.
fn put_away(inputs: Inputs) -> Given {
    let given = given(&inputs);
    contained(inputs);
    given
}

fn message_of(payload: Box<dyn std::any::Any + Send>) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
    // A payload may panic as it goes (D3).
    drop(catch_unwind(AssertUnwindSafe(|| drop(payload))));
    message.unwrap_or_else(|| "(no message)".into())
}

pub(super) fn panicked(what: &str, payload: Box<dyn std::any::Any + Send>) -> Error {
    let message = message_of(payload);
    Error::Panic { key: what.into(), inputs: Vec::new(), input_count: 0, needed_by: Vec::new(), message }
}
