//! What passes between those who decide and those who run: granted tasks, what they made, chunks to be written.

use std::sync::Arc;
use std::time::Duration;

use super::outcome::Announce;
use crate::chunk::{Charge, Chunk};
use crate::error::{Error, UserError};
use crate::graph::{Graph, TaskId};
use crate::memory::{Grant, Pinned, SlotId, WriteJob};

/// A chunk to be written to scratch, for a run that wants to know when that is over.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) job: WriteJob,
    pub(super) announce: Option<Arc<Announce>>,
}

/// A granted task.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) run: u32,
    pub(super) task: TaskId,
    pub(super) graph: Arc<Graph>,
    /// Its inputs, pinned, as its function expects them.
    pub(super) inputs: Vec<(SlotId, Pinned)>,
    pub(super) grant: Grant,
    /// What of the grant is for inputs that are brought back.
    pub(super) loads: u64,
    pub(super) announce: Arc<Announce>,
}

/// A granted task that has ended, and the slots it had pinned.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) run: u32,
    pub(super) task: TaskId,
    pub(super) inputs: Vec<SlotId>,
}

/// What a task made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) chunk: Chunk,
    /// For values whose memory carries no charge of its own.
    pub(super) charge: Option<Charge>,
    /// The bytes that it frees when it is encoded, if it can be.
    pub(super) encoded: Option<u64>,
    /// The bytes of its grant that it still holds.
    pub(super) retained: u64,
    /// How long its function took.
    pub(super) took: Duration,
}

/// Why a task made nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// It returned an error.
    Returned(UserError),
    /// It panicked.
    Panicked(String),
    /// It was not even called.
    Before(Error),
}

impl Failure {
    /// The error of the task `key`, with the tasks that needed it.
    pub(super) fn of(self, key: String, needed_by: Vec<String>) -> Error {
        match self {
            Self::Returned(source) => Error::Task { key, needed_by, source },
            Self::Panicked(message) => Error::Panic { key, needed_by, message },
            Self::Before(error) => error,
        }
    }
}
