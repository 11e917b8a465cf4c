//! In which order one worker would run the tasks.
//!
//! # What is kept small
//!
//! The most that is held at once. To find the least possible is the pebble game, which is NP-hard (Sethi 1975), so this is a
//! heuristic; but each order is counted exactly, in time linear in tasks and edges. Two measures:
//!
//! - *Where sizes are known*: the plan's working set. A task takes its output and workspace while it runs; an output is
//!   held until its last reader has run, a result to the end. What the session holds already takes nothing.
//! - *Where none is*, outputs are counted, each alike, as Dask counts them: just before each task runs, without its own; an
//!   output is held from when its task ran until its last reader ran, and not at all where there is no reader.
//!
//! Of orders with the same pressure, that is better which reaches it at fewer tasks, then that which holds less in all,
//! then that which was found first. Among tasks, ties keep the order in which the graph was built. The order depends on the
//! graph alone (D1): not on threads, limits or clocks.
//!
//! # How
//!
//! 1. The graph is [contracted](shape): tasks that may as well run just before their only reader become part of it. No order
//!    is lost by that which is better than all that are left.
//! 2. A [portfolio] of candidates is made: [depth-first] by Sethi and Ullman's and Liu's rule, with ready dependents released
//!    eagerly by several rules of which one is Dask's; the [nearest] goal first; and [backward] from the results. Ties go to
//!    the first built or to neighbours on a [line](place). On large graphs there are fewer. To them come orders by [plain]
//!    rules, on graphs of any size.
//! 3. The best few are [improved] by local search within a fixed number of steps; on graphs of a hundred thousand tasks and
//!    more there are none.
//!
//! Last, tasks that are to run [at once](super::Task::at_once) are moved to right behind what they need: they take no memory of
//! their own then, which candidates don't know.
//!
//! So the time is linear, about a microsecond a task at a million, plus some hundredths of a second at most.
//!
//! No recursion, and nothing that takes quadratic time: what all readers of a task have in common is looked at once, or once
//! for each halving of their number; who is the last reader is known without looking for it.
//!
//! [depth-first]: depth_first
//! [improved]: improve

mod backward;
mod depth_first;
mod improve;
mod nearest;
mod place;
mod plain;
mod portfolio;
mod shape;
mod walk;

use shape::{Shape, Weights};

use super::task::Work;
use super::{Graph, TaskId};
use crate::chunk::charge;

/// A topological order of a graph's tasks.
///
/// ```
/// use std::sync::Arc;
/// use thermocline::chunk::Chunk;
/// use thermocline::graph::{Graph, Key, Size, Task};
///
/// let task = |key: &'static str, needs: &[&'static str]| {
///     let needs: Vec<Key> = needs.iter().map(|&need| Key::new(need)).collect();
///     Task::new(key, needs, Arc::new(|_, _| Ok(Chunk::new(())))).output(Size::Exact(64))
/// };
/// let graph = Graph::new([task("load a", &[]), task("load b", &[]), task("sum a", &["load a"]), task("sum b", &["load b"])])?;
/// let order = graph.order();
/// let place = |key| order.rank(graph.find(&Key::new(key)).unwrap());
/// assert_eq!(place("sum a"), place("load a") + 1); // what is begun is finished first
/// assert_eq!(place("sum b"), place("load b") + 1);
/// assert_eq!(order.sequence().len(), 4);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Order {
    /// Tasks, first to last.
    sequence: Vec<TaskId>,
    /// The place of each task in `sequence`.
    rank: Vec<u32>,
}

impl Order {
    /// The tasks, first to last.
    #[must_use]
    pub fn sequence(&self) -> &[TaskId] {
        &self.sequence
    }

    /// The place of `task`: 0 runs first.
    #[must_use]
    pub fn rank(&self, task: TaskId) -> u32 {
        self.rank[task.index()]
    }
}

impl Graph {
    /// Orders the tasks so that little is held at a time: few bytes where the sizes of outputs are known, few outputs
    /// where none is. Results are the tasks that nobody needs.
    ///
    /// Takes about a microsecond a task on large graphs, more on those of a few thousand, where there is more to gain.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use thermocline::chunk::Chunk;
    /// use thermocline::graph::{Graph, Key, Task};
    ///
    /// // Two loads, and the maximum of each: no need to hold both loads at once.
    /// let task = |name: &str, needs: &[&str]| {
    ///     Task::new(name, needs.iter().map(|&need| Key::new(need)), Arc::new(|_, _| Ok(Chunk::new(()))))
    /// };
    /// let graph = Graph::new([task("load a", &[]), task("load b", &[]), task("max a", &["load a"]), task("max b", &["load b"])])?;
    /// let order = graph.order();
    /// let keys: Vec<String> = order.sequence().iter().map(|&task| graph.key(task).to_string()).collect();
    /// assert_eq!(keys, ["load a", "max a", "load b", "max b"]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn order(&self) -> Order {
        self.order_keeping(&[])
    }

    /// As [`order`](Self::order), where `results`, too, are held to the end.
    pub(crate) fn order_keeping(&self, results: &[TaskId]) -> Order {
        let needs = self.distinct_dependencies();
        let readers = self.dependents_lists();
        let shape = Shape::contract(&needs, readers, &self.weights(results));
        let sequence = self.with_parts_at_once(shape.expand(&portfolio::best(&shape, &needs, readers), &needs));
        let mut rank = vec![0; self.len()];
        for (place, &task) in sequence.iter().enumerate() {
            rank[task as usize] = place as u32;
        }
        Order { sequence: sequence.into_iter().map(TaskId).collect(), rank }
    }

    /// `sequence` with tasks that are to run at once right behind the last that they need.
    fn with_parts_at_once(&self, sequence: Vec<u32>) -> Vec<u32> {
        if !self.tasks().any(|task| self.cost(task).at_once) {
            return sequence;
        }
        let mut done = vec![false; self.len()];
        let mut moved = Vec::with_capacity(self.len());
        for &next in &sequence {
            // What has just run, and whose parts may follow.
            let mut stack = vec![TaskId(next)];
            while let Some(task) = stack.pop() {
                if std::mem::replace(&mut done[task.index()], true) {
                    continue;
                }
                moved.push(task.0);
                let is_ready =
                    |part: &TaskId| self.cost(*part).at_once && self.dependencies(*part).all(|need| done[need.index()]);
                let ready = stack.len();
                stack.extend(self.dependents(task).filter(is_ready));
                stack[ready..].reverse();
            }
        }
        moved
    }

    /// What tasks hold, in bytes or by number.
    fn weights(&self, results: &[TaskId]) -> Weights {
        // So that no sum over all tasks exceeds what an i64 can count.
        let most = i64::MAX as u64 / 8 / (self.len() as u64 + 1);
        let sized = self.tasks().any(|task| self.cost(task).output.bytes() > 0);
        let mut kept = vec![false; self.len()];
        results.iter().for_each(|task| kept[task.index()] = true);
        let mut weights = Weights { hold: Vec::with_capacity(self.len()), own: vec![0; self.len()], kept };
        for task in self.tasks() {
            let at = task.index();
            let unread = self.dependents(task).len() == 0;
            let cost = self.cost(task);
            let hold = match self.work(task) {
                Work::Held(_) => 0,
                // An unknown size among known ones: little, but not nothing.
                Work::Call(_) if sized => charge(cost.output.bytes()).clamp(1, most),
                Work::Call(_) => u64::from(!unread),
            };
            weights.hold.push(hold as i64);
            if sized && hold > 0 {
                weights.own[at] = (hold + cost.workspace.min(most)) as i64;
                weights.kept[at] |= unread;
            }
        }
        weights
    }
}

#[cfg(test)]
mod tests;
