//! Depth-first: from each result in turn, all that it needs.
//!
//! Of what a task needs, that runs first whose *peak minus residue* is largest: what needs much while it runs and
//! leaves little behind should run while little else is held. On a tree this is the best of all depth-first orders, and
//! with equal outputs the best of all (Sethi and Ullman 1970; Liu 1987 with weights, where an order that isn't
//! depth-first may be better still). Graphs share; peaks are estimated as if they didn't, in one pass. (To count what is
//! really below a task would take quadratic time.) The other key, largest first, is the critical path that Dask's order
//! begins with.

use std::cmp::{Ordering, Reverse};

use super::shape::Shape;
use crate::graph::lists::Lists;

/// What each task takes as if nothing were shared.
#[derive(Debug)]
pub(super) struct Estimate {
    /// The most that is held while the task and all that it needs run.
    pub(super) peak: Vec<i64>,
    /// How many tasks that are, each counted as often as there are ways to it: numbers that can grow beyond all bounds.
    size: Vec<f64>,
}

impl Estimate {
    pub(super) fn new(shape: &Shape) -> Self {
        let mut estimate = Self { peak: vec![0; shape.len()], size: vec![0.0; shape.len()] };
        let mut needs: Vec<u32> = Vec::new();
        for task in topological(shape) {
            needs.clear();
            needs.extend(shape.needs.get(task as usize));
            needs.sort_by_key(|&need| Reverse(estimate.sinks_by(shape, need)));
            let (mut held, mut most) = (0_i64, 0_i64);
            for &need in &needs {
                most = most.max(held.saturating_add(estimate.peak[need as usize]));
                held += shape.hold[need as usize];
            }
            // In the end, what absorbed tasks read has made way for what they made.
            for item in shape.needs.range(task as usize) {
                if shape.via[item] > 0 {
                    held += shape.via[item] - shape.hold[shape.needs.item(item) as usize];
                }
            }
            let own = task as usize;
            estimate.peak[own] = most.max(held + shape.own[own]).max(shape.hold[own]);
            estimate.size[own] = 1.0 + needs.iter().map(|&need| estimate.size[need as usize]).sum::<f64>();
        }
        estimate
    }

    /// Peak minus residue: by how much what is held sinks once the task has run.
    fn sinks_by(&self, shape: &Shape, task: u32) -> i64 {
        self.peak[task as usize] - shape.hold[task as usize]
    }
}

/// Some topological order (Kahn 1962).
fn topological(shape: &Shape) -> Vec<u32> {
    let mut missing: Vec<usize> = (0..shape.len()).map(|task| shape.needs.get(task).len()).collect();
    let mut sequence: Vec<u32> = (0..shape.len() as u32).filter(|&task| missing[task as usize] == 0).collect();
    let mut next = 0;
    while let Some(&task) = sequence.get(next) {
        next += 1;
        for &reader in shape.readers.get(task as usize) {
            missing[reader as usize] -= 1;
            if missing[reader as usize] == 0 {
                sequence.push(reader);
            }
        }
    }
    sequence
}

/// Which of a task's needs runs first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// The one of the largest peak minus residue.
    Sinking,
    /// The one that needs most tasks.
    Largest,
}

/// Each task's needs, the one to run first in front; equals by place.
pub(super) fn children(shape: &Shape, estimate: &Estimate, first: First, place: &[u32]) -> Lists {
    let mut lists = shape.needs.clone();
    let compare = |&a: &u32, &b: &u32| -> Ordering {
        let by = match first {
            First::Sinking => estimate.sinks_by(shape, b).cmp(&estimate.sinks_by(shape, a)),
            First::Largest => estimate.size[b as usize].total_cmp(&estimate.size[a as usize]),
        };
        by.then(place[a as usize].cmp(&place[b as usize]))
    };
    for task in 0..shape.len() {
        lists.get_mut(task).sort_unstable_by(compare);
    }
    lists
}

/// Tasks that nobody reads, by place.
pub(super) fn results(shape: &Shape, place: &[u32]) -> Vec<u32> {
    let unread = |&task: &u32| shape.readers.get(task as usize).is_empty();
    let mut results: Vec<u32> = (0..shape.len() as u32).filter(unread).collect();
    results.sort_unstable_by_key(|&task| place[task as usize]);
    results
}
