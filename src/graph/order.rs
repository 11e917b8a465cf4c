//! In which order one worker would run the tasks.
//!
//! Depth-first: from each result in turn, what it needs is finished before anything else is begun. Where a task
//! needs several others, the one with the largest *peak minus residue* goes first (Sethi and Ullman 1970, in the
//! weighted form of Liu 1987): a branch that needs much while it runs and leaves little behind should run while
//! little else is held. Peak and residue of a branch are estimated as if branches shared nothing, in one pass.
//!
//! After each task, those of its dependents that have become ready and pay for themselves run at once: the bytes
//! they add are no more than their share of the inputs they help to release. So a chunk that several results read
//! is read by all of them while it is there.
//!
//! Linear in tasks and edges but for the sorting of each task's dependencies; no recursion.

use super::{Graph, TaskId};

/// A topological order of a graph's tasks.
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
    /// Orders the tasks depth-first, so that few bytes are held at a time.
    #[must_use]
    pub fn order(&self) -> Order {
        let children = sorted_children(self);
        let mut walk = Walk {
            graph: self,
            sequence: Vec::with_capacity(self.len()),
            rank: vec![u32::MAX; self.len()],
            missing: self.distinct_dependency_counts(),
        };
        for sink in self.tasks().filter(|&task| self.dependents(task).len() == 0) {
            walk.finish(sink, &children);
        }
        Order { sequence: walk.sequence, rank: walk.rank }
    }

    fn weight(&self, task: TaskId) -> u64 {
        // Where no size is known, each output counts alike.
        self.cost(task).output.bytes().max(1)
    }
}

/// Each task's dependencies, the one to run first in front.
fn sorted_children(graph: &Graph) -> Vec<Vec<TaskId>> {
    let mut children: Vec<Vec<TaskId>> = vec![Vec::new(); graph.len()];
    let mut peak = vec![0_u64; graph.len()];
    for task in topological(graph) {
        let mut needs: Vec<TaskId> = graph.dependencies(task).collect();
        needs.sort_unstable();
        needs.dedup();
        // Stable, so that equals stay in the order in which the graph was built.
        needs.sort_by_key(|&child| std::cmp::Reverse(peak[child.index()].saturating_sub(graph.weight(child))));
        let mut held = 0_u64;
        let mut most = 0_u64;
        for &child in &needs {
            most = most.max(held.saturating_add(peak[child.index()]));
            held = held.saturating_add(graph.weight(child));
        }
        let own = graph.weight(task).saturating_add(graph.cost(task).workspace);
        peak[task.index()] = most.max(held.saturating_add(own));
        children[task.index()] = needs;
    }
    children
}

/// Some topological order (Kahn).
fn topological(graph: &Graph) -> Vec<TaskId> {
    let mut missing = graph.distinct_dependency_counts();
    let mut sequence: Vec<TaskId> = graph.tasks().filter(|task| missing[task.index()] == 0).collect();
    let mut next = 0;
    while next < sequence.len() {
        for dependent in graph.dependents(sequence[next]) {
            missing[dependent.index()] -= 1;
            if missing[dependent.index()] == 0 {
                sequence.push(dependent);
            }
        }
        next += 1;
    }
    sequence
}

struct Walk<'a> {
    graph: &'a Graph,
    sequence: Vec<TaskId>,
    rank: Vec<u32>,
    missing: Vec<u32>,
}

impl Walk<'_> {
    /// Runs all that `sink` needs, then `sink`.
    fn finish(&mut self, sink: TaskId, children: &[Vec<TaskId>]) {
        let mut stack = vec![(sink, 0_usize)];
        while let Some((task, next)) = stack.last_mut() {
            if let Some(&child) = children[task.index()].get(*next) {
                *next += 1;
                if !self.done(child) {
                    stack.push((child, 0));
                }
            } else {
                let task = *task;
                stack.pop();
                if !self.done(task) {
                    self.emit_eagerly(task);
                }
            }
        }
    }

    fn done(&self, task: TaskId) -> bool {
        self.rank[task.index()] != u32::MAX
    }

    /// Runs `task`, then whatever it made ready that pays for itself, and so on.
    fn emit_eagerly(&mut self, task: TaskId) {
        let mut ready = vec![task];
        while let Some(task) = ready.pop() {
            self.rank[task.index()] = self.sequence.len() as u32;
            self.sequence.push(task);
            let first = ready.len();
            for dependent in self.graph.dependents(task) {
                self.missing[dependent.index()] -= 1;
                if self.missing[dependent.index()] == 0 && self.pays_for_itself(dependent) {
                    ready.push(dependent);
                }
            }
            ready[first..].reverse();
        }
    }

    fn pays_for_itself(&self, task: TaskId) -> bool {
        let frees: f64 = self
            .graph
            .dependencies(task)
            .map(|input| self.graph.weight(input) as f64 / self.graph.dependents(input).len() as f64)
            .sum();
        self.graph.weight(task) as f64 <= frees
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::chunk::Chunk;
    use crate::graph::build::tests::graph_of;
    use crate::graph::{Key, Size, Task};

    fn assert_topological(graph: &Graph, order: &Order) {
        assert_eq!(order.sequence().len(), graph.len());
        for (place, &task) in order.sequence().iter().enumerate() {
            assert_eq!(order.rank(task) as usize, place);
            assert!(graph.dependencies(task).all(|need| order.rank(need) < order.rank(task)));
        }
    }

    /// The most outputs held at once, each from its task until its last reader has run.
    fn pressure(graph: &Graph, order: &Order) -> usize {
        let mut readers: Vec<usize> = graph.tasks().map(|task| graph.dependents(task).len()).collect();
        let (mut held, mut most) = (0_usize, 0);
        for &task in order.sequence() {
            most = most.max(held);
            let mut needs: Vec<TaskId> = graph.dependencies(task).collect();
            needs.sort_unstable();
            needs.dedup();
            for need in needs {
                readers[need.index()] -= 1;
                held -= usize::from(readers[need.index()] == 0);
            }
            held += usize::from(readers[task.index()] > 0);
        }
        most
    }

    /// `n` loads, each read by `per` folds, and each fold's results added up in a chain.
    fn folds(loads: u32, per: u32) -> Graph {
        let noop: crate::graph::TaskFn = Arc::new(|_, _| Ok(Chunk::new(())));
        let mut tasks = Vec::new();
        for load in 0..loads {
            tasks.push(Task::new(Key::indexed("load", [load]), [], noop.clone()).output(Size::Exact(100)));
            for fold in 0..per {
                let mut needs = vec![Key::indexed("load", [load])];
                if load > 0 {
                    needs.push(Key::indexed("fold", [load - 1, fold]));
                }
                tasks.push(Task::new(Key::indexed("fold", [load, fold]), needs, noop.clone()).output(Size::Exact(1)));
            }
        }
        Graph::new(tasks).unwrap()
    }

    #[test]
    fn a_chunk_is_read_by_all_its_readers_while_it_is_there() {
        let graph = folds(50, 3);
        let order = graph.order();
        assert_topological(&graph, &order);
        assert!(pressure(&graph, &order) <= 5, "{}", pressure(&graph, &order));
    }

    #[test]
    fn a_binary_tree_holds_one_chunk_a_level() {
        let mut needs: Vec<Vec<u32>> = vec![Vec::new(); 1024];
        let mut level: Vec<u32> = (0..1024).collect();
        while level.len() > 1 {
            level = level
                .chunks(2)
                .map(|pair| {
                    needs.push(pair.to_vec());
                    needs.len() as u32 - 1
                })
                .collect();
        }
        let lists: Vec<&[u32]> = needs.iter().map(Vec::as_slice).collect();
        let graph = graph_of(&lists, 1).unwrap();
        let order = graph.order();
        assert_topological(&graph, &order);
        assert_eq!(pressure(&graph, &order), 11);
    }

    #[test]
    fn a_long_chain_needs_no_recursion() {
        let needs: Vec<Vec<u32>> = (0..200_000_u32).map(|task| task.checked_sub(1).into_iter().collect()).collect();
        let lists: Vec<&[u32]> = needs.iter().map(Vec::as_slice).collect();
        let graph = graph_of(&lists, 1).unwrap();
        let order = graph.order();
        assert_topological(&graph, &order);
        assert_eq!(pressure(&graph, &order), 1);
    }
}
