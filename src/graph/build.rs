//! Building, validating and culling a graph.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::lists::Lists;
use super::task::{Cost, Work};
use super::{Key, Task, TaskId};
use crate::error::{Error, Result};

/// A validated set of tasks: no cycle, no missing dependency, no key twice. Cheap to clone.
///
/// ```
/// use std::sync::Arc;
/// use thermocline::Error;
/// use thermocline::chunk::Chunk;
/// use thermocline::graph::{Graph, Key, Task};
///
/// let task = |key: &'static str, needs: &[&'static str]| {
///     Task::new(key, needs.iter().map(|&need| Key::new(need)), Arc::new(|_, _| Ok(Chunk::new(()))))
/// };
/// let graph = Graph::new([task("a", &[]), task("b", &["a"]), task("c", &["a"])])?;
/// let a = graph.find(&Key::new("a")).unwrap();
/// assert_eq!((graph.len(), graph.dependents(a).count()), (3, 2));
/// assert_eq!(graph.order().rank(a), 0); // first
/// assert_eq!(graph.cull(&[Key::new("c")])?.len(), 2); // without b
///
/// let endless = Graph::new([task("a", &["b"]), task("b", &["a"])]);
/// assert!(matches!(endless, Err(Error::Cycle { .. })));
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone)]
pub struct Graph {
    parts: Arc<Parts>,
}

struct Parts {
    keys: Vec<Key>,
    costs: Vec<Cost>,
    works: Vec<Work>,
    dependencies: Lists,
    dependents: Lists,
    index: HashMap<Key, u32>,
}

impl Graph {
    /// Builds the graph of `tasks`. Their order is the tie-breaker of every later decision, so that the same tasks
    /// in the same order always run alike.
    ///
    /// # Errors
    /// [`Error::DuplicateKey`], [`Error::MissingDependency`], [`Error::Cycle`].
    pub fn new(tasks: impl IntoIterator<Item = Task>) -> Result<Self> {
        let tasks: Vec<Task> = tasks.into_iter().collect();
        let mut index = HashMap::with_capacity(tasks.len());
        for (id, task) in tasks.iter().enumerate() {
            match index.entry(task.key.clone()) {
                Entry::Occupied(entry) => return Err(Error::DuplicateKey { key: entry.key().to_string() }),
                Entry::Vacant(entry) => entry.insert(id as u32),
            };
        }
        let mut parts = Parts {
            keys: Vec::with_capacity(tasks.len()),
            costs: Vec::with_capacity(tasks.len()),
            works: Vec::with_capacity(tasks.len()),
            dependencies: Lists::default(),
            dependents: Lists::default(),
            index,
        };
        for task in tasks {
            for dependency in &task.dependencies {
                let id = parts.index.get(dependency).ok_or_else(|| Error::MissingDependency {
                    key: task.key.to_string(),
                    dependency: dependency.to_string(),
                })?;
                parts.dependencies.push(*id);
            }
            parts.push(task.key, task.cost, task.work);
        }
        let graph = parts.finish();
        graph.check_acyclic()?;
        Ok(graph)
    }

    fn check_acyclic(&self) -> Result<()> {
        let mut missing: Vec<u32> = self.distinct_dependency_counts();
        let mut ready: Vec<u32> = (0..self.len() as u32).filter(|&task| missing[task as usize] == 0).collect();
        let mut done = 0;
        while let Some(task) = ready.pop() {
            done += 1;
            for &dependent in self.parts.dependents.get(task as usize) {
                missing[dependent as usize] -= 1;
                if missing[dependent as usize] == 0 {
                    ready.push(dependent);
                }
            }
        }
        if done == self.len() { Ok(()) } else { Err(self.name_cycle(&missing)) }
    }

    /// Every task that still misses something has a dependency that does: following these must come round.
    fn name_cycle(&self, missing: &[u32]) -> Error {
        let blocked = |task: u32| missing[task as usize] > 0;
        let mut path = Vec::new();
        let mut place = vec![None; self.len()];
        let mut next = (0..self.len() as u32).find(|&task| blocked(task));
        while let Some(task) = next {
            if let Some(start) = place[task as usize] {
                path.drain(..start);
                path.push(task);
                break;
            }
            place[task as usize] = Some(path.len());
            path.push(task);
            next = self.parts.dependencies.get(task as usize).iter().copied().find(|&dependency| blocked(dependency));
        }
        Error::Cycle { keys: path.iter().map(|&task| self.parts.keys[task as usize].to_string()).collect() }
    }

    /// The graph of the wanted tasks and what they need, in the same order.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] where a wanted key is not there.
    pub fn cull(&self, wanted: &[Key]) -> Result<Self> {
        let mut needed = vec![false; self.len()];
        let mut stack = Vec::new();
        for key in wanted {
            stack.push(self.require(key)?.0);
        }
        while let Some(task) = stack.pop() {
            if !std::mem::replace(&mut needed[task as usize], true) {
                stack.extend_from_slice(self.parts.dependencies.get(task as usize));
            }
        }
        let keep: Vec<usize> = (0..self.len()).filter(|&task| needed[task]).collect();
        if keep.len() == self.len() {
            return Ok(self.clone());
        }
        let mut renamed = vec![0_u32; self.len()];
        for (new, &old) in keep.iter().enumerate() {
            renamed[old] = new as u32;
        }
        let mut parts = Parts {
            keys: Vec::with_capacity(keep.len()),
            costs: Vec::with_capacity(keep.len()),
            works: Vec::with_capacity(keep.len()),
            dependencies: Lists::default(),
            dependents: Lists::default(),
            index: keep.iter().map(|&old| (self.parts.keys[old].clone(), renamed[old])).collect(),
        };
        for &old in &keep {
            let dependencies = self.parts.dependencies.get(old).iter().map(|&id| renamed[id as usize]);
            dependencies.for_each(|id| parts.dependencies.push(id));
            parts.push(self.parts.keys[old].clone(), self.parts.costs[old], self.parts.works[old].clone());
        }
        Ok(parts.finish())
    }

    /// The number of tasks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.keys.len()
    }

    /// Whether there is no task.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.keys.is_empty()
    }

    /// The task of `key`.
    #[must_use]
    pub fn find(&self, key: &Key) -> Option<TaskId> {
        self.parts.index.get(key).copied().map(TaskId)
    }

    /// The task of `key`.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] where it is not there.
    pub fn require(&self, key: &Key) -> Result<TaskId> {
        self.find(key).ok_or_else(|| Error::UnknownKey { key: key.to_string() })
    }

    /// The key of `task`.
    #[must_use]
    pub fn key(&self, task: TaskId) -> &Key {
        &self.parts.keys[task.index()]
    }

    /// The tasks that `task` needs, as its function expects them: one may stand there twice.
    pub fn dependencies(&self, task: TaskId) -> impl ExactSizeIterator<Item = TaskId> + Clone {
        self.parts.dependencies.get(task.index()).iter().copied().map(TaskId)
    }

    /// The tasks that need `task`, each once.
    pub fn dependents(&self, task: TaskId) -> impl ExactSizeIterator<Item = TaskId> + Clone {
        self.parts.dependents.get(task.index()).iter().copied().map(TaskId)
    }

    pub(crate) fn cost(&self, task: TaskId) -> &Cost {
        &self.parts.costs[task.index()]
    }

    pub(crate) fn work(&self, task: TaskId) -> &Work {
        &self.parts.works[task.index()]
    }

    /// All tasks.
    pub(crate) fn tasks(&self) -> impl DoubleEndedIterator<Item = TaskId> + use<> {
        (0..self.len() as u32).map(TaskId)
    }

    /// How many tasks call a function, rather than stand for a chunk that is there.
    #[cfg(feature = "progress")]
    pub(crate) fn calls(&self) -> usize {
        self.parts.works.iter().filter(|work| matches!(work, Work::Call(_))).count()
    }

    /// How many different tasks each task needs.
    pub(crate) fn distinct_dependency_counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.len()];
        self.parts.dependencies.each_distinct(|task, _| counts[task as usize] += 1);
        counts
    }

    /// The tasks that each task needs, each once.
    pub(super) fn distinct_dependencies(&self) -> Cow<'_, Lists> {
        if self.names_inputs_twice() {
            Cow::Owned(self.parts.dependents.inverted())
        } else {
            Cow::Borrowed(&self.parts.dependencies)
        }
    }

    /// The tasks that need each task, each once.
    pub(super) fn dependents_lists(&self) -> &Lists {
        &self.parts.dependents
    }

    /// Whether a task names an input more than once.
    pub(crate) fn names_inputs_twice(&self) -> bool {
        self.parts.dependencies.items() != self.parts.dependents.items()
    }

    /// About how many bytes the graph itself takes: part of a run's fixed charge.
    pub(crate) fn own_bytes(&self) -> u64 {
        let per_task = size_of::<(Key, Cost, Work)>() + size_of::<(Key, u32)>() + 4 * size_of::<u32>();
        let edges = self.parts.dependencies.items() + self.parts.dependents.items();
        (self.len() * per_task + edges * size_of::<u32>()) as u64
    }
}

impl Parts {
    /// Adds a task whose dependencies have just been added.
    fn push(&mut self, key: Key, cost: Cost, work: Work) {
        self.dependencies.close();
        self.keys.push(key);
        self.costs.push(cost);
        self.works.push(work);
    }

    fn finish(mut self) -> Graph {
        self.dependents = self.dependencies.inverted();
        Graph { parts: Arc::new(self) }
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Graph({} tasks)", self.len())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::chunk::Chunk;
    use crate::graph::Size;

    /// A graph of tasks `0..n` named by number, from lists of dependencies, each output of `bytes` bytes.
    pub(crate) fn graph_of(dependencies: &[&[u32]], bytes: u64) -> Result<Graph> {
        Graph::new(dependencies.iter().enumerate().map(|(task, needs)| {
            let needs = needs.iter().map(|id| Key::indexed("t", [*id]));
            Task::new(Key::indexed("t", [task as u32]), needs, Arc::new(|_, _| Ok(Chunk::new(()))))
                .output(Size::Exact(bytes))
        }))
    }

    #[test]
    fn errors_name_the_keys() {
        let error = graph_of(&[&[], &[0, 7]], 1).unwrap_err();
        assert!(
            matches!(&error, Error::MissingDependency { key, dependency } if key == "t(1)" && dependency == "t(7)")
        );
        let error = graph_of(&[&[], &[0, 3], &[1], &[2]], 1).unwrap_err();
        let Error::Cycle { keys } = error else { panic!("{error}") };
        assert_eq!(keys, ["t(1)", "t(3)", "t(2)", "t(1)"]);
        let error = graph_of(&[&[0]], 1).unwrap_err();
        assert_eq!(error.to_string(), "the graph has a cycle: t(0) -> t(0)");
        let task = || Task::new("x", [], Arc::new(|_, _| Ok(Chunk::new(()))));
        assert!(matches!(Graph::new([task(), task()]), Err(Error::DuplicateKey { key }) if key == "x"));
    }

    #[test]
    fn culling_keeps_what_is_needed_in_order() {
        let graph = graph_of(&[&[], &[0], &[0, 0], &[2], &[1]], 1).unwrap();
        let culled = graph.cull(&[Key::indexed("t", [3])]).unwrap();
        let keys: Vec<String> = culled.tasks().map(|task| culled.key(task).to_string()).collect();
        assert_eq!(keys, ["t(0)", "t(2)", "t(3)"]);
        assert_eq!(culled.dependencies(TaskId(1)).collect::<Vec<_>>(), [TaskId(0), TaskId(0)]);
        assert_eq!(culled.dependents(TaskId(0)).collect::<Vec<_>>(), [TaskId(1)]);
        assert!(matches!(graph.cull(&[Key::new("y")]), Err(Error::UnknownKey { key }) if key == "y"));
    }
}
