//! Task graphs: the one interface that all collections build and all schedulers run.
//!
//! A [`Graph`] is a set of [`Task`]s, each with a [`Key`], the keys it depends on, a function of their values, and
//! what it costs: bytes of output (exact or estimated), bytes of workspace, and whether it is cheap to do again.
//! A graph is validated as it is built: what exists has no cycle, no missing dependency and no key twice.
//!
//! [`Graph::cull`] keeps what is needed for some wanted keys. [`order`](Graph::order) says in which order one
//! worker would run the tasks: depth-first, so that what is begun is finished before more is begun. That order is
//! every later stage's measure: the plan replays it, workers prefer it, eviction asks it which chunk is needed last.
//!
//! [`spec`] has graphs as Dask writes them: functions by name, values, JSON, and the macro [`graph!`](crate::graph!).

mod after;
mod build;
mod key;
mod layers;
mod lists;
mod order;
mod scratch;
pub mod spec;
mod task;

pub use build::Graph;
pub use key::Key;
pub use layers::Layers;
pub use order::Order;
pub use scratch::Scratch;
pub(crate) use task::Work;
pub use task::{Size, Task, TaskContext, TaskFn};

/// The position of a task in its [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub(crate) u32);

impl TaskId {
    /// The task at `index` of its graph.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The position as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
