//! Spans for `tracing`: a run, within it its tasks, within these what they load. Where nobody listens a span costs a look at
//! one atomic.
//!
//! A subscriber is foreign code. A panic in it is contained, as an observer's is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing::span::EnteredSpan;

use crate::error::Error;
use crate::event::{Label, RunId};

/// A span that the present thread is in until this is dropped.
pub(crate) struct Inside(Option<EnteredSpan>);

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(span) = self.0.take() {
            contained(|| drop(span));
        }
    }
}

/// What `call` gives, if it does not panic.
fn contained<R>(call: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

/// Whether anybody could listen to what is this detailed.
fn is_heard(level: LevelFilter) -> bool {
    level <= LevelFilter::current()
}

#[inline]
fn enter(make: impl FnOnce() -> Span) -> Inside {
    if is_heard(LevelFilter::DEBUG) { Inside(contained(|| make().entered())) } else { Inside(None) }
}

/// The span of a run of so many tasks.
pub(crate) fn run(run: RunId, tasks: usize, stated_peak: u64) -> Span {
    let make = || tracing::info_span!("run", run = run.number(), tasks, stated_peak);
    if is_heard(LevelFilter::INFO) { contained(make).unwrap_or_else(Span::none) } else { Span::none() }
}

/// A run has ended.
pub(crate) fn run_ended(run: &Span, error: Option<&Error>) {
    if is_heard(LevelFilter::ERROR) {
        contained(|| {
            run.in_scope(|| match error {
                None => tracing::info!("the run has ended"),
                Some(error) => tracing::error!(%error, "the run has failed"),
            });
        });
    }
}

/// The present thread runs a task.
#[inline]
pub(crate) fn task(run: &Span, key: Label<'_>, worker: usize) -> Inside {
    enter(|| tracing::debug_span!(parent: run, "task", %key, worker))
}

/// The present thread brings a chunk back from scratch.
pub(crate) fn reload(key: Label<'_>, bytes: u64) -> Inside {
    enter(|| tracing::debug_span!("reload", %key, bytes))
}

/// The present thread makes a chunk again.
pub(crate) fn redo(key: Label<'_>) -> Inside {
    enter(|| tracing::debug_span!("redo", %key))
}

/// The present thread puts a chunk on its way to scratch.
pub(crate) fn spill(key: Label<'_>, bytes: u64) -> Inside {
    enter(|| tracing::debug_span!(parent: None, "spill", %key, bytes))
}

/// Scratch did not take a chunk, or did not give it back.
pub(crate) fn scratch_failed(error: &Error) {
    if is_heard(LevelFilter::WARN) {
        contained(|| tracing::warn!(%error, "scratch failed"));
    }
}
