//! How a run ends, and who is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};

use super::held::Held;
use super::plan::Plan;
use crate::chunk::Chunk;
use crate::error::{Error, Result};
use crate::event::{Event, Observers, RunId};
use crate::graph::{Graph, TaskId};
use crate::trace;

/// What becomes of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// They are handed to the caller, in memory.
    HandOver,
    /// The session keeps them, in memory or on scratch, as long as their handles live.
    Hold,
}

/// The results of a run, in the order in which they were asked for.
#[derive(Debug)]
pub(crate) enum Results {
    /// Of [`Keep::HandOver`].
    Chunks(Vec<Chunk>),
    /// Of [`Keep::Hold`].
    Held(Vec<Arc<Held>>),
}

/// Where a run's end is waited for.
#[derive(Debug, Default)]
pub(crate) struct Completion {
    outcome: Mutex<Option<Result<Results>>>,
    announced: AtomicBool,
    changed: Condvar,
}

impl Completion {
    /// Waits for the end of the run. The results are there once.
    pub(crate) fn wait(&self) -> Result<Results> {
        let mut outcome = self.outcome.lock();
        while !self.announced.load(Ordering::Acquire) {
            self.changed.wait(&mut outcome);
        }
        outcome.take().unwrap_or(Err(Error::Cancelled))
    }

    /// Whether the run has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.announced.load(Ordering::Acquire)
    }
}

/// Announces the end of a run when its last clone goes.
///
/// Whoever still has something of the run in hand holds a clone: the run itself until it is finished, each granted task,
/// each write, whoever drops its chunks. So when the end is announced nothing of the run is left on the ledger but what
/// it keeps (**M6**).
#[derive(Debug)]
pub(crate) struct Announce {
    run: RunId,
    completion: Arc<Completion>,
    observers: Observers,
    span: tracing::Span,
}

impl Announce {
    pub(super) fn new(run: u32, plan: &Plan, completion: Arc<Completion>, observers: Observers) -> Arc<Self> {
        let run = RunId::new(run);
        let span = trace::run(run, plan.tasks(), plan.stated_peak().bytes());
        Arc::new(Self { run, completion, observers, span })
    }

    /// The run's span.
    pub(super) fn span(&self) -> &tracing::Span {
        &self.span
    }

    /// Whether anybody wants to know of the run's events.
    pub(super) fn is_observed(&self) -> bool {
        !self.observers.is_empty()
    }

    /// A task is ready and has to wait for memory.
    pub(super) fn tell_queued(&self, graph: &Graph, id: TaskId) {
        self.observers.tell(&Event::TaskQueued { run: self.run, id, task: graph.key(id).label() });
    }

    /// Sets the outcome, to be announced when all is quiet.
    pub(super) fn set(&self, outcome: Result<Results>) {
        *self.completion.outcome.lock() = Some(outcome);
    }
}

impl Drop for Announce {
    fn drop(&mut self) {
        if self.is_observed() || !self.span.is_none() {
            let error = match &*self.completion.outcome.lock() {
                Some(Ok(_)) => None,
                Some(Err(error)) => Some(error.clone()),
                None => Some(Error::Cancelled),
            };
            trace::run_ended(&self.span, error.as_ref());
            self.observers.tell(&Event::RunFinished { run: self.run, error: error.as_ref() });
        }
        let _guard = self.completion.outcome.lock();
        self.completion.announced.store(true, Ordering::Release);
        self.completion.changed.notify_all();
    }
}
