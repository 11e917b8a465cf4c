//! Places for tasks on a line.
//!
//! Where tasks are the points of a grid, an order that sweeps across it holds a front, and one that jumps about holds
//! most of the grid. Candidates that choose between equals by place sweep, if neighbours have places near each other.
//! Such places are what one takes to keep the front of a sparse matrix narrow: breadth-first from a task far out
//! (Cuthill and `McKee` 1969; the far end by George and Liu 1979), ignoring directions.
//!
//! But a value that nearly all tasks read puts all within two steps of each other, and says nothing about who is near.
//! So a neighbourhood is left through a *hub*, a task of many more neighbours than others have, only when all else in
//! it has its place.

use std::collections::VecDeque;

use super::shape::Shape;

/// A hub has so many times as many neighbours as tasks have on average, but more than `FEW`.
const MANY: usize = 2;
const FEW: usize = 8;

const UNSEEN: u32 = u32::MAX;

/// A place for each task.
pub(super) fn along(shape: &Shape) -> Vec<u32> {
    let mut far = vec![UNSEEN; shape.len()];
    let mut place = vec![UNSEEN; shape.len()];
    let (mut found, mut placed) = (0, 0);
    let mut front = Front::new(shape);
    for task in 0..shape.len() as u32 {
        if place[task as usize] == UNSEEN {
            let end = front.spread(task, &mut far, &mut found);
            front.spread(end, &mut place, &mut placed);
        }
    }
    place
}

/// The same line from its other end.
pub(super) fn reversed(place: &[u32]) -> Vec<u32> {
    place.iter().map(|&at| place.len() as u32 - 1 - at).collect()
}

/// Tasks that have been reached, by class of the way to them: 0 where no hub stands on it or at its end, then one more
/// for each doubling of the hub's neighbours.
struct Front<'a> {
    shape: &'a Shape,
    /// A task of fewer neighbours is no hub.
    ordinary: usize,
    queues: Vec<VecDeque<u32>>,
}

impl<'a> Front<'a> {
    fn new(shape: &'a Shape) -> Self {
        let average = 2 * shape.needs.items() / shape.len().max(1);
        let ordinary = (MANY * average).max(FEW);
        Self { shape, ordinary, queues: vec![VecDeque::new(); 1 + usize::BITS as usize] }
    }

    /// Numbers all that is connected to `from`, and says what came last.
    fn spread(&mut self, from: u32, number: &mut [u32], next: &mut u32) -> u32 {
        let shape = self.shape;
        let mut last = from;
        let mut lowest = 0;
        self.queues[0].push_back(from);
        while let Some(queue) = self.queues.get_mut(lowest) {
            let Some(task) = queue.pop_front() else {
                lowest += 1;
                continue;
            };
            if number[task as usize] != UNSEEN {
                continue;
            }
            number[task as usize] = *next;
            *next += 1;
            last = task;
            let own = self.class(task);
            for &other in shape.needs.get(task as usize).iter().chain(shape.readers.get(task as usize)) {
                if number[other as usize] == UNSEEN {
                    let class = own.max(self.class(other));
                    self.queues[class].push_back(other);
                    lowest = lowest.min(class);
                }
            }
        }
        last
    }

    fn class(&self, task: u32) -> usize {
        let neighbours = self.shape.needs.get(task as usize).len() + self.shape.readers.get(task as usize).len();
        (usize::BITS - (neighbours / self.ordinary).leading_zeros()) as usize
    }
}
