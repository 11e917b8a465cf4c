//! Where chunks come from.

use crate::event::RunId;
use crate::graph::{Key, TaskId};

/// The task that made a chunk.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) run: RunId,
    pub(crate) task: TaskId,
    pub(crate) key: Key,
}
