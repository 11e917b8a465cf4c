//! Orders by plain rules: depth-first as needs are named, tasks as they become ready, all as it was built.
//!
//! On some graphs one of these is better than all that is clever, above all on large ones, where little else is tried. So
//! they are counted, too, which costs less than a walk: an order is never worse than any of them.

use std::collections::VecDeque;

use super::shape::Shape;
use crate::graph::lists::Lists;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    /// From each result, all that it needs.
    DepthFirst,
    /// The same from the last result and the last need on.
    DepthFirstReversed,
    /// What has become ready last.
    Latest,
    /// What has become ready first.
    Earliest,
    /// Tasks as they were built, if each comes after those it needs.
    Built,
}

impl Plain {
    pub(super) const ALL: [Self; 5] =
        [Self::DepthFirst, Self::DepthFirstReversed, Self::Latest, Self::Earliest, Self::Built];

    /// The order of all tasks; `None` where the rule gives none.
    pub(super) fn sequence(self, needs: &Lists, readers: &Lists) -> Option<Vec<u32>> {
        match self {
            Self::DepthFirst => Some(depth_first(needs, readers, false)),
            Self::DepthFirstReversed => Some(depth_first(needs, readers, true)),
            Self::Latest => Some(by_readiness(needs, readers, true)),
            Self::Earliest => Some(by_readiness(needs, readers, false)),
            Self::Built => {
                let tasks = 0..needs.len() as u32;
                let follows = |task: u32| needs.get(task as usize).iter().all(|&need| need < task);
                tasks.clone().all(follows).then(|| tasks.collect())
            }
        }
    }
}

fn depth_first(needs: &Lists, readers: &Lists, reversed: bool) -> Vec<u32> {
    let mut sequence = Vec::with_capacity(needs.len());
    let mut done = vec![false; needs.len()];
    // Each task with how many of its needs have been looked at.
    let mut stack: Vec<(u32, u32)> = Vec::new();
    for at in 0..needs.len() {
        let result = if reversed { needs.len() - 1 - at } else { at };
        if readers.get(result).is_empty() {
            stack.push((result as u32, 0));
        }
        while let Some((task, next)) = stack.last_mut() {
            let (task, list) = (*task, needs.get(*task as usize));
            if *next as usize == list.len() {
                stack.pop();
                done[task as usize] = true;
                sequence.push(task);
                continue;
            }
            let need = if reversed { list[list.len() - 1 - *next as usize] } else { list[*next as usize] };
            *next += 1;
            if !done[need as usize] {
                stack.push((need, 0));
            }
        }
    }
    sequence
}

fn by_readiness(needs: &Lists, readers: &Lists, latest: bool) -> Vec<u32> {
    let mut sequence = Vec::with_capacity(needs.len());
    let mut missing: Vec<u32> = (0..needs.len()).map(|task| needs.get(task).len() as u32).collect();
    let mut ready: VecDeque<u32> = (0..needs.len() as u32).filter(|&task| missing[task as usize] == 0).collect();
    if latest {
        // Roots as they were built, either way.
        ready.make_contiguous().reverse();
    }
    while let Some(task) = if latest { ready.pop_back() } else { ready.pop_front() } {
        sequence.push(task);
        for &reader in readers.get(task as usize) {
            missing[reader as usize] -= 1;
            if missing[reader as usize] == 0 {
                ready.push_back(reader);
            }
        }
    }
    sequence
}

/// Whether less than `limit` is held all the time where the tasks of a shape run in `sequence`.
pub(super) fn stays_below(limit: i64, shape: &Shape, sequence: &[u32]) -> bool {
    let readers = |task: usize| shape.readers.get(task).len() as u32 + u32::from(shape.kept[task]);
    let mut left: Vec<u32> = (0..shape.len()).map(readers).collect();
    let mut held = 0;
    for &task in sequence {
        let (mut above, mut frees) = (shape.own[task as usize], 0);
        for item in shape.needs.range(task as usize) {
            let need = shape.needs.item(item) as usize;
            left[need] -= 1;
            above += shape.via[item];
            if left[need] == 0 {
                frees += shape.hold[need];
                // Released by an absorbed task, before this one runs.
                above -= if shape.via[item] > 0 { shape.hold[need] } else { 0 };
            }
        }
        if held + above >= limit {
            return false;
        }
        held += shape.hold[task as usize] - frees;
    }
    true
}
