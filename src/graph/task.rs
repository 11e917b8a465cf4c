//! One task: what it needs, what it does, what it costs.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use ndarray::ArrayD;

use super::Key;
use super::scratch::{Parked, Scratch};
use crate::chunk::{Allocator, Block, BlockMut, BufferMut, Charge, Chunk, Element, Spare};
use crate::error::{Error, Result};
use crate::event::Event;

/// Bytes of a task's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Exactly so many, as arrays know them. A task that then takes more fails.
    Exact(u64),
    /// About so many. What a task takes beyond it is an overrun: recorded, reported and repaid before anything
    /// else is granted.
    Estimated(u64),
}

impl Size {
    /// The bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::Exact(bytes) | Self::Estimated(bytes) => bytes,
        }
    }
}

/// What a task does: a function of its dependencies' values, in the order in which they were named.
pub type TaskFn =
    Arc<dyn Fn(&TaskContext<'_>, &[Chunk]) -> Result<Chunk, Box<dyn StdError + Send + Sync>> + Send + Sync>;

/// What a task finds around it while it runs. Memory it asks for here comes out of its own grant.
///
/// ```
/// use std::sync::Arc;
/// use thermocline::Session;
/// use thermocline::chunk::{Block, Chunk, charge};
/// use thermocline::graph::{Graph, Key, Size, Task};
///
/// let squares = Task::new("squares", [], Arc::new(|context, _| {
///     let mut roots = context.scratch::<u64>(1000)?; // workspace, of arbitrary values
///     roots.as_mut_slice().iter_mut().enumerate().for_each(|(at, root)| *root = at as u64);
///     let mut squares = context.block::<u64>(&[1000])?;
///     squares.as_mut_slice().iter_mut().zip(roots.as_slice()).for_each(|(square, root)| *square = root * root);
///     Ok(Chunk::new(squares.freeze()))
/// }));
/// let squares = squares.output(Size::Exact(Block::<u64>::charge(1000))).workspace(charge(8000)).spillable();
/// let session = Session::builder().memory_limit("16MiB".parse()?).build()?;
/// let chunks = session.run(&Graph::new([squares])?, &[Key::new("squares")])?;
/// assert_eq!(chunks[0].get::<Block<u64>>()?.as_slice()[999], 998_001);
/// # Ok::<(), thermocline::Error>(())
/// ```
pub struct TaskContext<'a> {
    key: &'a Key,
    allocator: &'a dyn Allocator,
    report: &'a dyn Fn(&Event<'_>),
    parked: Parked,
}

impl<'a> TaskContext<'a> {
    /// The surroundings of the task `key`.
    #[must_use]
    pub fn new(key: &'a Key, allocator: &'a dyn Allocator, report: &'a dyn Fn(&Event<'_>)) -> Self {
        Self { key, allocator, report, parked: Parked::default() }
    }

    /// The task's key.
    #[must_use]
    pub fn key(&self) -> &Key {
        self.key
    }

    /// A block of zeros out of the task's grant.
    ///
    /// # Errors
    /// [`Overdrawn`](crate::Error::Overdrawn) where the grant has less left.
    pub fn block<T: Element>(&self, shape: &[usize]) -> Result<BlockMut<T>> {
        BlockMut::zeroed(shape, self)
    }

    /// Zeroed bytes out of the task's grant, e.g. as workspace.
    ///
    /// # Errors
    /// As [`block`](Self::block).
    pub fn buffer(&self, bytes: usize) -> Result<BufferMut> {
        BufferMut::zeroed(bytes, self)
    }

    /// A block out of the task's grant whose values are to be written, each of them, before any is read.
    pub(crate) fn unwritten<T: Element>(&self, shape: &[usize]) -> Result<BlockMut<T>> {
        BlockMut::unwritten(shape, self)
    }

    /// Elements out of the task's grant, as workspace that comes and goes: not zeroed, but as the task's last use left
    /// them. Costs next to nothing where the task had as many before.
    ///
    /// # Errors
    /// As [`block`](Self::block).
    pub fn scratch<T: Element>(&self, len: usize) -> Result<Scratch<'_, T>> {
        self.parked.scratch(len, |bytes| BufferMut::unwritten(bytes, self))
    }

    /// Takes an array that other code allocated, and charges it to the task's grant.
    ///
    /// # Errors
    /// As [`block`](Self::block).
    pub fn adopt<T: Element>(&self, array: ArrayD<T>) -> Result<Block<T>> {
        Block::adopt(array, self)
    }

    /// Where memory comes from.
    #[must_use]
    pub fn allocator(&self) -> &dyn Allocator {
        self
    }

    /// Tells the session's observers.
    pub fn report(&self, event: &Event<'_>) {
        (self.report)(event);
    }
}

impl Allocator for TaskContext<'_> {
    fn reserve(&self, bytes: u64) -> Result<Charge> {
        match self.allocator.reserve(bytes) {
            Err(Error::Overdrawn { .. }) if self.parked.clear() => self.allocator.reserve(bytes),
            outcome => outcome,
        }
    }

    fn spare(&self, bytes: u64) -> Option<Spare> {
        self.allocator.spare(bytes)
    }
}

impl fmt::Debug for TaskContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext").field("key", self.key).finish_non_exhaustive()
    }
}

/// A task of a graph.
///
/// ```
/// use std::sync::Arc;
/// use thermocline::chunk::Chunk;
/// use thermocline::graph::{Graph, Key, Size, Task};
///
/// let a = Task::new("a", [], Arc::new(|_, _| Ok(Chunk::new(()))));
/// let b = Task::new("b", [Key::new("a")], Arc::new(|_, inputs| Ok(inputs[0].clone()))).output(Size::Exact(0));
/// let graph = Graph::new([a, b])?;
/// assert_eq!(graph.len(), 2);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone)]
pub struct Task {
    pub(super) key: Key,
    pub(super) dependencies: Vec<Key>,
    pub(super) cost: Cost,
    pub(super) work: Work,
}

/// What stands behind a task.
#[derive(Clone)]
pub(crate) enum Work {
    /// A function to be called.
    Call(TaskFn),
    /// A chunk that a session holds already: a handle that the scheduler knows.
    Held(Arc<dyn Any + Send + Sync>),
}

/// What a task costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) output: Size,
    pub(crate) workspace: u64,
    pub(crate) spillable: bool,
    pub(crate) cheap_to_redo: bool,
    pub(crate) at_once: bool,
    pub(crate) reads: u64,
}

impl Cost {
    fn of(output: Size, spillable: bool) -> Self {
        Self { output, workspace: 0, spillable, cheap_to_redo: false, at_once: false, reads: 0 }
    }
}

impl Task {
    /// A task `key` that calls `run` with the values of `dependencies`. Its output is taken as an estimated 0 bytes
    /// until [`output`](Self::output) says better.
    pub fn new(key: impl Into<Key>, dependencies: impl IntoIterator<Item = Key>, run: TaskFn) -> Self {
        let cost = Cost::of(Size::Estimated(0), false);
        Self { key: key.into(), dependencies: dependencies.into_iter().collect(), cost, work: Work::Call(run) }
    }

    /// A task that stands for a chunk of `bytes` bytes that a session holds already.
    pub(crate) fn held(key: Key, handle: Arc<dyn Any + Send + Sync>, bytes: u64, spillable: bool) -> Self {
        let cost = Cost::of(Size::Exact(bytes), spillable);
        Self { key, dependencies: Vec::new(), cost, work: Work::Held(handle) }
    }

    /// Sets the bytes of its output, as [`charge`](crate::chunk::charge) counts them.
    #[must_use]
    pub fn output(mut self, size: Size) -> Self {
        self.cost.output = size;
        self
    }

    /// Sets the bytes it uses while it runs and gives back at its end.
    #[must_use]
    pub fn workspace(mut self, bytes: u64) -> Self {
        self.cost.workspace = bytes;
        self
    }

    /// Sets the bytes that it reads from files, as they are stored: plans tell their sum.
    #[must_use]
    pub fn reads(mut self, bytes: u64) -> Self {
        self.cost.reads = bytes;
        self
    }

    /// Says that its output can be [encoded](crate::chunk::Value::encode), hence spilled.
    #[must_use]
    pub fn spillable(mut self) -> Self {
        self.cost.spillable = true;
        self
    }

    /// Says that its output is part of the memory of what it needs. It is then run as soon as that is there, so that nothing
    /// of it is kept for the sake of a part, and is not charged for it.
    #[must_use]
    #[cfg(any(feature = "dataframe", test))]
    pub(crate) fn at_once(mut self) -> Self {
        self.cost.at_once = true;
        self
    }

    /// Says that it gives the same value when it is done once more. Where it needs no inputs, and took less time than
    /// storing its output and reading it again would, its output may then be dropped when memory is short, and is made
    /// again for the next reader, out of that reader's grant.
    #[must_use]
    pub fn cheap_to_redo(mut self) -> Self {
        self.cost.cheap_to_redo = true;
        self
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("key", &self.key).field("dependencies", &self.dependencies).finish_non_exhaustive()
    }
}
