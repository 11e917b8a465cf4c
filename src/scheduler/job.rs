//! What passes between those who decide and those who run: granted tasks, what they made, chunks to be written.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::outcome::Announce;
use crate::chunk::{Charge, Chunk};
use crate::error::{Error, TaskInput, UserError};
use crate::graph::{Graph, TaskId};
use crate::memory::{Grant, Pinned, SlotId, WriteJob};
use crate::units::ByteSize;

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
    /// Its bytes when encoded, if it can be.
    pub(super) encoded: Option<u64>,
    /// The bytes of its grant that it still holds.
    pub(super) retained: u64,
    /// How long its function took.
    pub(super) took: Duration,
}

/// Why a task made nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// It returned an error, of some of its inputs.
    Returned(UserError, Given),
    /// It panicked, with what message, of some of its inputs.
    Panicked(String, Given),
    /// It was not even called.
    Before(Error),
}

/// What the first inputs of a task are, and their bytes.
pub(super) type Given = Vec<(Option<String>, u64)>;

/// So many inputs of a failed task are looked at.
const MOST_GIVEN: usize = 16;

impl Failure {
    /// The error of `task`, with the tasks that needed it.
    pub(super) fn of(self, graph: &Graph, task: TaskId, needed_by: Vec<String>) -> Error {
        let key = graph.key(task).to_string();
        let input_count = graph.dependencies(task).len();
        let named = |given: Given| {
            let name = |(input, (what, bytes)): (TaskId, (Option<String>, u64))| {
                let bytes = if bytes == 0 { graph.cost(input).output.bytes() } else { bytes };
                TaskInput { key: graph.key(input).to_string(), what, bytes: ByteSize::new(bytes) }
            };
            graph.dependencies(task).zip(given).map(name).collect()
        };
        match self {
            Self::Returned(source, given) => Error::Task { key, inputs: named(given), input_count, needed_by, source },
            Self::Panicked(message, given) => {
                Error::Panic { key, inputs: named(given), input_count, needed_by, message }
            }
            Self::Before(error) => error,
        }
    }
}

/// What the first of `inputs` are. A value that panics while it is asked is not described (**D3**).
pub(super) fn given(inputs: &[Chunk]) -> Given {
    let ask = |chunk: &Chunk| {
        let value = chunk.value();
        let encoded = value.encode().map_or(0, |encoded| encoded.bytes.len() as u64);
        (value.describe(), encoded.max(value.unmetered_bytes()))
    };
    let describe = |chunk| catch_unwind(AssertUnwindSafe(|| ask(chunk))).unwrap_or_default();
    inputs.iter().take(MOST_GIVEN).map(describe).collect()
}
