//! Always the goal that is nearest next.
//!
//! A goal's cost is what running it would add: its output, what it needs that hasn't run (estimated as if unshared; what
//! others read, too, stays), less a *share* of each need that has run: that need's output by the number of readers that
//! haven't. So goals whose inputs are about to be released come first, which finishes what was begun; at the last reader
//! the share is all of it. (The idea of Sloan 1986, who numbers nodes of a network by what they add and by how far on they
//! are.)
//!
//! A share is brought up to date whenever the number of readers left has halved, so that a task that n others read costs
//! n log n in all, not n squared.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::depth_first::Estimate;
use super::shape::Shape;
use super::walk::Walk;
use crate::graph::lists::Lists;

/// A goal that may be next.
#[derive(Debug)]
struct Candidate {
    cost: f64,
    place: u32,
    task: u32,
}

impl Ord for Candidate {
    /// The greatest comes next: the least cost, then the least place.
    fn cmp(&self, other: &Self) -> Ordering {
        other.cost.total_cmp(&self.cost).then(other.place.cmp(&self.place))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

struct Nearest<'a> {
    shape: &'a Shape,
    peak: &'a [i64],
    place: &'a [u32],
    cost: Vec<f64>,
    /// Among how many readers a need that has run is shared: those left, rounded up to a power of two.
    among: Vec<u32>,
    heap: BinaryHeap<Candidate>,
}

/// Runs everything.
pub(super) fn run(walk: &mut Walk<'_>, estimate: &Estimate, place: &[u32], children: &Lists) {
    let shape = walk.shape;
    let mut nearest = Nearest {
        shape,
        peak: &estimate.peak,
        place,
        cost: Vec::with_capacity(shape.len()),
        among: vec![0; shape.len()],
        heap: BinaryHeap::new(),
    };
    for task in 0..shape.len() {
        let needs = shape.needs.get(task).iter().map(|&need| nearest.missing(need)).sum::<f64>();
        nearest.cost.push(shape.hold[task] as f64 + needs);
    }
    let mut goals: Vec<u32> = (0..shape.len() as u32).filter(|&task| shape.goal[task as usize]).collect();
    goals.sort_unstable_by_key(|&task| place[task as usize]);
    // Those that need other goals are offered once one of them has run.
    let is_first = |&&goal: &&u32| !shape.needs.get(goal as usize).iter().any(|&need| shape.goal[need as usize]);
    goals.iter().filter(is_first).for_each(|&goal| nearest.offer(goal));
    let mut rest = goals.iter().copied();
    while let Some(goal) = nearest.pop(walk).or_else(|| rest.find(|&goal| !walk.done(goal))) {
        let from = walk.sequence().len();
        walk.finish(goal, children);
        if walk.failed() {
            return;
        }
        for at in from..walk.sequence().len() {
            nearest.ran(walk, walk.sequence()[at]);
        }
    }
}

impl Nearest<'_> {
    fn offer(&mut self, task: u32) {
        self.heap.push(Candidate { cost: self.cost[task as usize], place: self.place[task as usize], task });
    }

    fn pop(&mut self, walk: &Walk<'_>) -> Option<u32> {
        loop {
            let Candidate { cost, task, .. } = self.heap.pop()?;
            if !walk.done(task) && cost == self.cost[task as usize] {
                return Some(task);
            }
        }
    }

    /// What a need that hasn't run adds.
    fn missing(&self, need: u32) -> f64 {
        let released = self.shape.only_reader(need as usize).map_or(0, |_| self.shape.hold[need as usize]);
        (self.peak[need as usize] - released) as f64
    }

    /// What each of so many readers saves of what `need` takes.
    fn share(&self, need: u32, among: u32) -> f64 {
        self.shape.hold[need as usize] as f64 / f64::from(among)
    }

    fn ran(&mut self, walk: &Walk<'_>, task: u32) {
        let among = walk.left(task).next_power_of_two();
        self.among[task as usize] = among;
        self.come_nearer(walk, task, self.missing(task) + self.share(task, among));
        for &need in self.shape.needs.get(task as usize) {
            let before = self.among[need as usize];
            let now = walk.left(need).next_power_of_two();
            if now < before {
                self.among[need as usize] = now;
                self.come_nearer(walk, need, self.share(need, now) - self.share(need, before));
            }
        }
    }

    /// Lowers the cost of the readers of `need`.
    fn come_nearer(&mut self, walk: &Walk<'_>, need: u32, gain: f64) {
        let shape = self.shape;
        for &reader in shape.readers.get(need as usize) {
            if !walk.done(reader) {
                self.cost[reader as usize] -= gain;
                self.offer(reader);
            }
        }
    }
}
