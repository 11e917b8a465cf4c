//! From the end: which task would best be the last, which the last but one?
//!
//! What is held before a task is what has run and is read by it or a later one. So an order can be made backward, and its
//! pressure known as it is made. Here that task is taken next that adds least: its needs that no task already taken reads,
//! less its own output, which isn't there any more. (King 1970 numbers the nodes of a network so, to keep its front narrow.)
//! This sees what forward rules don't: which results share inputs.
//!
//! Ties by place. What has been taken changes a cost only when a need is read for the first time, and then lowers it for
//! all its readers: each edge is looked at twice.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::shape::Shape;

struct Backward<'a> {
    place: &'a [u32],
    /// What taking the task would add to what is held.
    adds: Vec<i64>,
    /// Readers that haven't been taken.
    left: Vec<usize>,
    /// Tasks that can be taken: least cost first, then the one that stands last.
    open: BinaryHeap<(Reverse<i64>, u32, u32)>,
    /// Those of them that add nothing: they can be taken at once, the latest found first.
    free: Vec<u32>,
}

/// The order, last task last.
pub(super) fn order(shape: &Shape, place: &[u32]) -> Vec<u32> {
    // What is kept is held at the end, whoever reads it.
    let mut held = shape.kept.clone();
    let adds = |task: usize| {
        let needs = shape.needs.get(task).iter().filter(|&&need| !held[need as usize]);
        needs.map(|&need| shape.hold[need as usize]).sum::<i64>() - shape.hold[task]
    };
    let mut backward = Backward {
        place,
        adds: (0..shape.len()).map(adds).collect(),
        left: (0..shape.len()).map(|task| shape.readers.get(task).len()).collect(),
        open: BinaryHeap::new(),
        free: Vec::new(),
    };
    for task in super::depth_first::results(shape, place) {
        backward.offer(task);
    }
    let mut taken = vec![false; shape.len()];
    let mut sequence = Vec::with_capacity(shape.len());
    while let Some(task) = backward.next() {
        if std::mem::replace(&mut taken[task as usize], true) {
            continue;
        }
        sequence.push(task);
        for &need in shape.needs.get(task as usize) {
            if !std::mem::replace(&mut held[need as usize], true) {
                for &reader in shape.readers.get(need as usize) {
                    backward.adds[reader as usize] -= shape.hold[need as usize];
                    if backward.left[reader as usize] == 0 && !taken[reader as usize] {
                        backward.offer(reader);
                    }
                }
            }
            backward.left[need as usize] -= 1;
            if backward.left[need as usize] == 0 {
                backward.offer(need);
            }
        }
    }
    sequence.reverse();
    sequence
}

impl Backward<'_> {
    fn offer(&mut self, task: u32) {
        match self.adds[task as usize] {
            ..=0 => self.free.push(task),
            adds => self.open.push((Reverse(adds), self.place[task as usize], task)),
        }
    }

    fn next(&mut self) -> Option<u32> {
        // A task that was offered again at a lower cost is found at that first; later finds are skipped as taken.
        self.free.pop().or_else(|| self.open.pop().map(|(_, _, task)| task))
    }
}
