//! Where collections put their tasks.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use super::after::After;
use super::{Graph, Key, Task};
use crate::error::Result;

/// The tasks of one or more collections on their way to a [`Graph`]: gives each layer of tasks a name of its own, and
/// remembers what was built, so that what two collections share is built once.
///
/// ```
/// use std::sync::Arc;
/// use thermocline::chunk::Chunk;
/// use thermocline::graph::{Key, Layers, Task};
///
/// let mut layers = Layers::new();
/// let name = layers.name("load");
/// for block in 0..3 {
///     layers.add(Task::new(Key::indexed(name.clone(), [block]), [], Arc::new(|_, _| Ok(Chunk::new(())))));
/// }
/// assert_eq!(layers.into_graph()?.len(), 3);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Default)]
pub struct Layers {
    tasks: Vec<Task>,
    names: u32,
    /// What the task that is being made reads.
    reads: u64,
    /// Whether there is more than one collection.
    several: bool,
    memo: Memo,
    /// What was built to wait for a task, by that.
    waiting: HashMap<Key, Memo>,
    /// The name of each label's numbered tasks, and how many there are.
    numbered: HashMap<Box<str>, (Arc<str>, u32)>,
}

/// What was built.
#[derive(Default)]
struct Memo {
    built: HashMap<usize, Built>,
    /// Of expressions that are known by what they are.
    named: HashMap<u128, Built>,
    /// The tasks that are there once all of some are.
    barriers: HashMap<Vec<Key>, Key>,
    /// What all of it waits for.
    after: Option<After>,
}

/// What was built for an expression. The expression is kept alive, so that no other gets its address.
struct Built {
    _expression: Arc<dyn Any + Send + Sync>,
    result: Arc<dyn Any + Send + Sync>,
}

impl Layers {
    /// No tasks yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A name for a layer of tasks that no other layer has: `mean-3`.
    pub fn name(&mut self, label: &str) -> Arc<str> {
        self.names += 1;
        format!("{label}-{}", self.names).into()
    }

    /// Adds a task.
    pub fn add(&mut self, mut task: Task) {
        task.cost.reads += std::mem::take(&mut self.reads);
        if let Some(after) = &mut self.memo.after {
            after.hold_back(&mut task);
        }
        self.tasks.push(task);
    }

    /// Has `build` build what it builds anew, and none of that is begun before `barrier` is there. What was built to wait
    /// for the same barrier is there already.
    pub(crate) fn after<R>(&mut self, barrier: &Key, build: impl FnOnce(&mut Self) -> R) -> R {
        let fresh = || Memo { after: Some(After::new(barrier.clone())), ..Memo::default() };
        let memo = self.waiting.remove(barrier).unwrap_or_else(fresh);
        let outer = std::mem::replace(&mut self.memo, memo);
        let result = build(self);
        let memo = std::mem::replace(&mut self.memo, outer);
        self.waiting.insert(barrier.clone(), memo);
        result
    }

    /// Whether a task waits for what all waits for that is being built.
    pub(crate) fn holds_back(&self, key: &Key) -> bool {
        self.memo.after.as_ref().is_some_and(|after| after.holds(key))
    }

    /// The task that is there once all of `keys` are: `add` adds it, if it is not there.
    pub(crate) fn barrier(&mut self, keys: Vec<Key>, add: impl FnOnce(&mut Self, &[Key]) -> Key) -> Key {
        if let Some(barrier) = self.memo.barriers.get(&keys) {
            return barrier.clone();
        }
        let barrier = add(self, &keys);
        self.memo.barriers.insert(keys, barrier.clone());
        barrier
    }

    /// Says that the task that is being made reads so many stored bytes.
    pub(crate) fn read(&mut self, bytes: u64) {
        self.reads += bytes;
    }

    /// What the task that is being made reads, so far.
    pub(crate) fn reads(&self) -> u64 {
        self.reads
    }

    /// A key for one more task of the layer of `label`: `clean-2(0)`, then `clean-2(1)`. For tasks that are made one by one,
    /// and are alike.
    ///
    /// ```
    /// use thermocline::graph::Layers;
    ///
    /// let mut layers = Layers::new();
    /// let keys = ["load", "clean", "load"].map(|label| layers.number(label).to_string());
    /// assert_eq!(keys, ["load-1(0)", "clean-2(0)", "load-1(1)"]);
    /// ```
    pub fn number(&mut self, label: &str) -> Key {
        if !self.numbered.contains_key(label) {
            let name = self.name(label);
            self.numbered.insert(label.into(), (name, 0));
        }
        let Some((name, next)) = self.numbered.get_mut(label) else { unreachable!("it is there now") };
        *next += 1;
        Key::indexed(name.clone(), [*next - 1])
    }

    /// Goes back to so many: takes back what was said since, or sets it aside while other tasks are made.
    pub(crate) fn unread(&mut self, reads: u64) {
        self.reads = reads;
    }

    /// Says that the tasks are of several collections, which may share what they are made of.
    pub(crate) fn expect_several(&mut self) {
        self.several = true;
    }

    /// Whether the tasks may be of several collections.
    pub(crate) fn are_of_several(&self) -> bool {
        self.several
    }

    /// What was built for `expression` before, if it was.
    pub fn find<R: Any + Send + Sync>(&self, expression: &Arc<dyn Any + Send + Sync>) -> Option<Arc<R>> {
        let built = self.memo.built.get(&Arc::as_ptr(expression).addr())?;
        built.result.clone().downcast().ok()
    }

    /// Remembers what was built for `expression`.
    ///
    /// ```
    /// use std::any::Any;
    /// use std::sync::Arc;
    /// use thermocline::graph::{Key, Layers};
    ///
    /// let mut layers = Layers::new();
    /// let expression: Arc<dyn Any + Send + Sync> = Arc::new("x + y");
    /// assert!(layers.find::<Key>(&expression).is_none());
    /// let key = Key::new(layers.name("add")); // and its tasks are added
    /// layers.remember(expression.clone(), Arc::new(key));
    /// assert_eq!(layers.find::<Key>(&expression).unwrap().name(), "add-1"); // this time there is nothing to build
    /// ```
    pub fn remember<R: Any + Send + Sync>(&mut self, expression: Arc<dyn Any + Send + Sync>, result: Arc<R>) {
        self.memo.built.insert(Arc::as_ptr(&expression).addr(), Built { _expression: expression, result });
    }

    /// What was built before for an expression that `token` stands for, if it was.
    pub(crate) fn find_named<R: Any + Send + Sync>(&self, token: u128) -> Option<Arc<R>> {
        self.memo.named.get(&token)?.result.clone().downcast().ok()
    }

    /// Remembers what was built for `expression`, which `token` stands for: addresses in the token are of what is kept alive.
    pub(crate) fn remember_named<R: Any + Send + Sync>(
        &mut self,
        token: u128,
        expression: Arc<dyn Any + Send + Sync>,
        result: Arc<R>,
    ) {
        self.memo.named.insert(token, Built { _expression: expression, result });
    }

    /// The graph of all tasks.
    ///
    /// # Errors
    /// As [`Graph::new`].
    pub fn into_graph(self) -> Result<Graph> {
        Graph::new(self.tasks)
    }
}

impl std::fmt::Debug for Layers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Layers({} tasks)", self.tasks.len())
    }
}
