//! Local search: a good order is changed here and there, and what is no worse is kept.
//!
//! Only the order of the *goals* is searched: all other tasks run when a goal needs them, or unasked where that is free.
//! A change moves a block of goals across a moment of the greatest pressure: what runs long before it to after it, or the
//! other way. The goals between are run anew, and those after them until the same tasks have run as before; from there on
//! nothing has changed. As a walk can take steps back, a change costs what is run anew, whatever the size of the graph;
//! most fail as soon as they exceed the pressure of the order at hand. Changes that are as good are kept, too, so that the
//! search wanders (cf. Corman and Gutiérrez 2013 on plateaus).
//!
//! Random numbers come from a counter, and the end from a count of steps, so the outcome depends on the graph alone (D1).

use super::walk::{Level, Score, Walk};
use crate::graph::lists::Lists;

/// The most goals that are moved at a time.
const BLOCK: usize = 32;

/// An order, and a walk that stands somewhere in it.
#[derive(Debug)]
pub(super) struct Search<'w, 'a> {
    walk: &'w mut Walk<'a>,
    children: &'w Lists,
    random: Random,
    /// The order.
    sequence: Vec<u32>,
    /// What is held around its tasks.
    levels: Vec<Level>,
    score: Score,
    /// The goals as they run, and their places in the order.
    goals: Vec<u32>,
    places: Vec<u32>,
    /// Places of the greatest pressure.
    peaks: Vec<u32>,
    /// By place: a number for the set of tasks before it.
    sets: Vec<u64>,
    /// Goals in a new order.
    trial: Vec<u32>,
    /// Up to here the walk has gone through the order.
    agreed: usize,
    /// How many tasks were run.
    steps: usize,
}

impl<'w, 'a> Search<'w, 'a> {
    /// Begins with the order that the walk has gone through. `children` says what runs first where a goal misses several
    /// needs; another `seed` searches elsewhere.
    pub(super) fn new(walk: &'w mut Walk<'a>, children: &'w Lists, seed: u32) -> Self {
        let (sequence, levels) = (walk.sequence().to_vec(), walk.levels().to_vec());
        let mut search = Self {
            walk,
            children,
            random: Random(u64::from(seed) << 32),
            score: Score::of(&levels),
            goals: Vec::new(),
            places: Vec::new(),
            peaks: Vec::new(),
            sets: vec![0; sequence.len() + 1],
            trial: Vec::new(),
            agreed: sequence.len(),
            steps: 0,
            sequence,
            levels,
        };
        for (place, &task) in search.sequence.iter().enumerate() {
            if search.walk.shape.goal[task as usize] {
                search.goals.push(task);
                search.places.push(place as u32);
            }
            search.sets[place + 1] = search.sets[place] ^ number(task);
        }
        search.find_peaks(0, search.levels.len());
        search
    }

    /// Searches until about so many tasks have been run, or the pressure is no more than `least`.
    pub(super) fn run(mut self, steps: usize, least: i64) -> (Score, Vec<u32>) {
        while self.goals.len() > 1 && self.steps < steps && self.score.peak > least {
            self.steps += 1;
            let (from, to) = self.rearrange();
            self.attempt(from, to);
        }
        (self.score, self.sequence)
    }

    /// Writes the goals `from..to` to `trial` in a new order.
    fn rearrange(&mut self) -> (usize, usize) {
        let goals = self.goals.len();
        let peak = self.peaks[self.random.below(self.peaks.len())];
        let random = &mut self.random;
        // The goal that runs then.
        let middle = self.places.partition_point(|&place| place < peak).min(goals - 1);
        self.trial.clear();
        if random.below(2) == 0 {
            // Later ones earlier.
            let first = middle + random.distance(goals - middle) - 1;
            let block = random.distance((goals - first).min(BLOCK));
            let from = (middle + 1).saturating_sub(random.distance(middle.max(1)));
            self.trial.extend_from_slice(&self.goals[from..first + block]);
            self.trial.rotate_right(block);
            (from, first + block)
        } else {
            // Earlier ones later.
            let last = (middle + 1).saturating_sub(random.distance(middle.max(1))).max(1);
            let block = random.distance(last.min(BLOCK));
            let to = (middle + random.distance(goals - middle)).max(last);
            self.trial.extend_from_slice(&self.goals[last - block..to]);
            self.trial.rotate_left(block);
            (last - block, to)
        }
    }

    /// Runs the goals `from..to` in the order of `trial`, and keeps it if it is no worse.
    fn attempt(&mut self, from: usize, to: usize) {
        // From one goal before, so that what it makes ready is offered anew.
        let before = from.saturating_sub(1);
        let start = if from == 0 { 0 } else { self.places[before] as usize };
        self.go_to(start);
        self.walk.restrict(self.score.peak - 1, self.score.peak);
        let (mut end, mut set) = (start, self.sets[start]);
        let changed = self.goals[before..from].iter().chain(&self.trial);
        let mut left = from - before + self.trial.len();
        for &goal in changed.chain(&self.goals[to..]) {
            self.walk.finish(goal, self.children);
            let ran = &self.walk.sequence()[end..];
            end += ran.len();
            set = ran.iter().fold(set, |set, &task| set ^ number(task));
            left = left.saturating_sub(1);
            if self.walk.failed() || (left == 0 && set == self.sets[end]) {
                break;
            }
        }
        self.steps += end - start;
        if !self.walk.failed() {
            self.consider(start, end);
        }
    }

    /// Goes to where the first so many tasks of the order have run.
    fn go_to(&mut self, place: usize) {
        self.walk.rewind(place.min(self.agreed));
        let from = self.walk.sequence().len();
        self.walk.replay(&self.sequence[from..place]);
        self.agreed = place;
        self.steps += place - from;
    }

    /// Keeps what the walk has run from `start` to `end` if it is no worse.
    fn consider(&mut self, start: usize, end: usize) {
        let (old, new) = (&self.levels[start..end], &self.walk.levels()[start..]);
        let peak = self.score.peak;
        let score = Score {
            peak,
            times: self.score.times + Level::count(new, peak) - Level::count(old, peak),
            area: (self.score.area - Level::area(old)).saturating_add(Level::area(new)),
        };
        if score > self.score {
            return;
        }
        self.score = score;
        self.agreed = end;
        self.levels[start..end].copy_from_slice(&self.walk.levels()[start..]);
        self.sequence[start..end].copy_from_slice(&self.walk.sequence()[start..]);
        let mut goal = self.places.partition_point(|&place| (place as usize) < start);
        for place in start..end {
            let task = self.sequence[place];
            if self.walk.shape.goal[task as usize] {
                self.goals[goal] = task;
                self.places[goal] = place as u32;
                goal += 1;
            }
            self.sets[place + 1] = self.sets[place] ^ number(task);
        }
        if score.times == 0 {
            self.score = Score::of(&self.levels);
            self.find_peaks(0, self.levels.len());
        } else {
            self.find_peaks(start, end);
        }
    }

    /// Finds the places of the greatest pressure anew, from `start` to `end`.
    fn find_peaks(&mut self, start: usize, end: usize) {
        let peak = self.score.peak;
        self.peaks.retain(|&place| !(start..end).contains(&(place as usize)));
        self.peaks.extend((start..end).filter(|&place| self.levels[place].peak == peak).map(|place| place as u32));
    }
}

/// A counter-based generator: the same numbers everywhere.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 += 1;
        ((u128::from(scatter(self.0)) * end as u128) >> 64) as usize
    }

    /// From 1 to `most`: each power of two as likely as the next.
    fn distance(&mut self, most: usize) -> usize {
        let bits = (usize::BITS - most.leading_zeros()) as usize;
        let bit = self.below(bits + 1);
        (1 + self.below(1 << bit)).min(most)
    }
}

/// A task's part of the number of a set.
fn number(task: u32) -> u64 {
    scatter(u64::from(task))
}

/// The mixing of `SplitMix64` (Steele, Lea and Flood 2014).
fn scatter(number: u64) -> u64 {
    let z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
