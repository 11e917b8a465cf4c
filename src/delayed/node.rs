//! What a delayed value is made of: the call that makes it, and those that it needs.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::chunk::Chunk;
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task, TaskContext};
use crate::session::Kept;

/// What a call does with the values that it needs, in their order; the last argument is the [`Manner`](super::value::Manner)
/// of its values.
pub(super) type CallFn = dyn Fn(&[Chunk], &Arc<dyn Any + Send + Sync>) -> Result<Chunk, Box<dyn std::error::Error + Send + Sync>>
    + Send
    + Sync;

/// Adds tasks, and gives the key of the one that makes a value.
pub(super) type AddTasks = dyn Fn(&mut Layers) -> Result<Key> + Send + Sync;

/// Where a value comes from.
#[derive(Clone)]
pub(super) enum Origin {
    /// A function makes it.
    Call { run: Arc<CallFn>, manner: Arc<dyn Any + Send + Sync> },
    /// A session keeps it.
    Kept(Kept),
    /// Other tasks make it, e.g. those of an array: adds them, and gives the key of its own.
    Tasks(Arc<AddTasks>),
    /// Nothing but that other tasks have to be done: adds them and the one that is there then.
    Barrier(Arc<AddTasks>),
}

/// One delayed value. Its address is its identity, unless it has a token.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) label: Arc<str>,
    pub(super) origin: Origin,
    /// What its function reads, in this order, then what has to be done before.
    pub(super) needs: Vec<Arc<Node>>,
    pub(super) size_hint: u64,
    pub(super) workspace: u64,
    pub(super) spillable: bool,
    pub(super) cheap_to_redo: bool,
    /// What it is known by to calls of the same function with the same arguments.
    pub(super) token: Option<u128>,
    pub(super) is_pure: bool,
}

impl Node {
    pub(super) fn new(label: &str, origin: Origin, needs: Vec<Arc<Self>>) -> Self {
        Self {
            label: label.into(),
            origin,
            needs,
            size_hint: 0,
            workspace: 0,
            spillable: false,
            cheap_to_redo: false,
            token: None,
            is_pure: false,
        }
    }

    pub(super) fn is_call(&self) -> bool {
        matches!(self.origin, Origin::Call { .. })
    }

    /// The key of the task that makes it. Tasks that are missing are added to `layers`.
    pub(super) fn build(self: &Arc<Self>, layers: &mut Layers) -> Result<Key> {
        // By hand rather than by calling itself: a loop of a hundred thousand calls, each of the last one's value, is no
        // reason to run out of stack.
        let mut stack = vec![self];
        while let Some(&node) = stack.last() {
            if node.find(layers).is_some() {
                stack.pop();
                continue;
            }
            let before = stack.len();
            // The first on top: tasks are numbered as they were written.
            stack.extend(node.needs.iter().rev().filter(|need| need.find(layers).is_none()));
            if stack.len() == before {
                stack.pop();
                let key = node.add(layers)?;
                node.remember(layers, key);
            }
        }
        Ok(self.find(layers).unwrap_or_else(|| unreachable!("it was built just now")))
    }

    fn find(self: &Arc<Self>, layers: &Layers) -> Option<Key> {
        let key = match self.token.filter(|_| self.is_pure) {
            Some(token) => layers.find_named::<Key>(token),
            None => layers.find::<Key>(&self.expression()),
        };
        key.map(|key| (*key).clone())
    }

    fn remember(self: &Arc<Self>, layers: &mut Layers, key: Key) {
        match self.token.filter(|_| self.is_pure) {
            Some(token) => layers.remember_named(token, self.expression(), Arc::new(key)),
            None => layers.remember(self.expression(), Arc::new(key)),
        }
    }

    fn expression(self: &Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self.clone()
    }

    /// Adds its task. What it needs is there.
    fn add(&self, layers: &mut Layers) -> Result<Key> {
        let (run, manner) = match &self.origin {
            Origin::Tasks(add) | Origin::Barrier(add) => return add(layers),
            Origin::Kept(kept) => {
                let key = layers.number(&self.label);
                layers.add(kept.task(key.clone()));
                return Ok(key);
            }
            Origin::Call { run, manner } => (run.clone(), manner.clone()),
        };
        let needs: Option<Vec<Key>> = self.needs.iter().map(|need| need.find(layers)).collect();
        let key = layers.number(&self.label);
        let run = Arc::new(move |_: &TaskContext<'_>, chunks: &[Chunk]| run(chunks, &manner));
        let mut task = Task::new(key.clone(), needs.unwrap_or_default(), run).output(Size::Estimated(self.size_hint));
        task = task.workspace(self.workspace);
        if self.spillable {
            task = task.spillable();
        }
        if self.cheap_to_redo {
            task = task.cheap_to_redo();
        }
        layers.add(task);
        Ok(key)
    }
}

impl Drop for Node {
    /// The end of a long chain would end what it needs inside of each other.
    fn drop(&mut self) {
        let mut going = std::mem::take(&mut self.needs);
        while let Some(node) = going.pop() {
            if let Some(mut node) = Arc::into_inner(node) {
                going.append(&mut node.needs);
            }
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({} inputs)", self.label, self.needs.len())
    }
}
