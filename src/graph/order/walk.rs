//! One worker that runs the tasks of a shape one by one, and counts what is held.
//!
//! A walk is told what to run: a [task](Walk::run) that is ready, or a [goal](Walk::finish) with all that it needs.
//! After each task, its [rule](Rule) says which others run unasked, as long as they stay within a bound. A step costs
//! as much as the task has needs and readers, and can be [taken back](Walk::rewind) at the same cost.

use super::shape::Shape;
use crate::graph::lists::Lists;

/// Which tasks run unasked once they are ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Those that release at least as much as they add. This is never wrong where the bound is the least pressure
    /// that is possible: in any order, such a task may be moved forward to where it becomes ready, as from there to
    /// its old place no more is then held.
    Free,
    /// Those, too, whose output is no more than their share of what they read: once all readers of their inputs have
    /// run, they have paid for themselves.
    Share,
    /// Those, too, that are not yet ready, but miss only tasks that are, and that nobody else reads. They run with
    /// what they miss. So branches off a shared input wait until they can be joined, and then run together, as in
    /// Dask's order.
    Ripe,
    /// All goals.
    Every,
}

/// How good an order is: the less the better, the first figure first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score {
    /// The most that is held at once.
    pub(super) peak: i64,
    /// At how many tasks it is.
    pub(super) times: usize,
    /// What is held before each task, added up.
    pub(super) area: i64,
}

impl Score {
    /// The score of an order, from its levels.
    pub(super) fn of(levels: &[Level]) -> Self {
        let peak = levels.iter().map(|level| level.peak).max().unwrap_or(0);
        Self { peak, times: Level::count(levels, peak), area: Level::area(levels) }
    }
}

/// What is held around a task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    /// Before it.
    pub(super) held: i64,
    /// While it runs.
    pub(super) peak: i64,
}

impl Level {
    /// How many of `levels` reach `peak`.
    pub(super) fn count(levels: &[Self], peak: i64) -> usize {
        levels.iter().filter(|level| level.peak == peak).count()
    }

    /// What is held before each task, added up.
    pub(super) fn area(levels: &[Self]) -> i64 {
        levels.iter().fold(0, |area, level| area.saturating_add(level.held))
    }
}

/// What is left to do about a task.
#[derive(Clone, Copy, Debug)]
struct State {
    /// How many needs haven't run; `DONE` once the task itself has run.
    missing: u32,
    /// How many needs haven't run, but are ready, and have no other reader.
    ripe: u32,
    /// How many readers haven't run, and one more where the task is kept.
    left: u32,
    /// The readers that haven't run, exclusive-ored: *the* reader, where only one is left. So nobody has to look for
    /// it among all readers of a task that is read by many.
    reader: u32,
    /// Likewise the items of `needs` by which they read it.
    item: u32,
    /// What running the task would release.
    frees: i64,
    /// What is held while the task runs beside what was held before.
    above: i64,
}

const DONE: u32 = u32::MAX;

impl State {
    /// The task has become the last reader of a need; where absorbed tasks stand between, they release the need
    /// before the task itself runs.
    fn releases(&mut self, hold: i64, between: i64) {
        self.frees += hold;
        if between > 0 {
            self.above -= hold;
        }
    }
}

/// How every walk over a shape begins.
#[derive(Debug)]
pub(super) struct Start {
    state: Vec<State>,
    /// What [`Rule::Share`] asks.
    pays: Vec<bool>,
}

impl Start {
    pub(super) fn new(shape: &Shape) -> Self {
        let fresh = |task: usize| {
            let readers = shape.readers.get(task);
            let is_ripe =
                |&&need: &&u32| shape.needs.get(need as usize).is_empty() && shape.only_reader(need as usize).is_some();
            State {
                missing: shape.needs.get(task).len() as u32,
                ripe: shape.needs.get(task).iter().filter(is_ripe).count() as u32,
                left: readers.len() as u32 + u32::from(shape.kept[task]),
                reader: readers.iter().fold(0, |all, reader| all ^ reader),
                item: 0,
                frees: 0,
                above: shape.own[task] + shape.via[shape.needs.range(task)].iter().sum::<i64>(),
            }
        };
        let mut state: Vec<State> = (0..shape.len()).map(fresh).collect();
        let mut pays = Vec::with_capacity(shape.len());
        for task in 0..shape.len() {
            let mut share = 0.0;
            for item in shape.needs.range(task) {
                let need = shape.needs.item(item) as usize;
                share += shape.hold[need] as f64 / f64::from(state[need].left);
                state[need].item ^= item as u32;
                if state[need].left == 1 {
                    state[task].releases(shape.hold[need], shape.via[item]);
                }
            }
            pays.push(shape.hold[task] as f64 <= share);
        }
        Self { state, pays }
    }
}

/// A worker somewhere on its way through a shape.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) shape: &'a Shape,
    start: &'a Start,
    state: Vec<State>,
    sequence: Vec<u32>,
    levels: Vec<Level>,
    held: i64,
    rule: Rule,
    /// Tasks run unasked only where no more than this is then held.
    bound: i64,
    /// The order is of no use once more than this is held.
    limit: i64,
    failed: bool,
    /// Tasks that may be wanted now.
    ready: Vec<u32>,
    stack: Vec<(u32, u32)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(shape: &'a Shape, start: &'a Start) -> Self {
        Self {
            shape,
            start,
            state: start.state.clone(),
            sequence: Vec::with_capacity(shape.len()),
            levels: Vec::with_capacity(shape.len()),
            held: 0,
            rule: Rule::Free,
            bound: i64::MAX,
            limit: i64::MAX,
            failed: false,
            ready: Vec::new(),
            stack: Vec::new(),
        }
    }

    /// Goes back to the start. From now on tasks run unasked by `rule`.
    pub(super) fn restart(&mut self, rule: Rule) {
        self.state.clone_from(&self.start.state);
        self.sequence.clear();
        self.levels.clear();
        (self.held, self.rule, self.failed) = (0, rule, false);
    }

    /// From now on, tasks run unasked only where no more than `bound` is then held, and more than `limit` is failure.
    pub(super) fn restrict(&mut self, bound: i64, limit: i64) {
        (self.bound, self.limit) = (bound, limit);
    }

    /// Whether more than the limit was held. From then on nothing runs until the walk goes back.
    pub(super) fn failed(&self) -> bool {
        self.failed
    }

    /// What ran, first to last.
    pub(super) fn sequence(&self) -> &[u32] {
        &self.sequence
    }

    /// What was held around what ran.
    pub(super) fn levels(&self) -> &[Level] {
        &self.levels
    }

    pub(super) fn done(&self, task: u32) -> bool {
        self.state[task as usize].missing == DONE
    }

    /// How many readers of `task` haven't run, and one more where it is kept.
    pub(super) fn left(&self, task: u32) -> u32 {
        self.state[task as usize].left
    }

    /// Runs each of `goals` with all that it needs.
    pub(super) fn finish_all(&mut self, goals: &[u32], children: &Lists) {
        for &goal in goals {
            self.finish(goal, children);
        }
    }

    /// Runs what `goal` needs, each task's needs in the order of `children`, then `goal`.
    pub(super) fn finish(&mut self, goal: u32, children: &Lists) {
        self.stack.push((goal, 0));
        while let Some((task, next)) = self.stack.last_mut() {
            let task = *task;
            if self.failed || self.state[task as usize].missing == DONE {
                self.stack.pop();
            } else if let Some(&child) = children.get(task as usize).get(*next as usize) {
                *next += 1;
                if !self.done(child) {
                    self.stack.push((child, 0));
                }
            } else {
                self.run(task);
            }
        }
    }

    /// Runs a task that is ready, and then, as long as there are any, tasks that the rule wants to run unasked.
    pub(super) fn run(&mut self, task: u32) {
        self.step(task);
        while let Some(task) = self.ready.pop() {
            if !self.failed && self.runs_unasked(task) {
                let first = self.ready.len();
                for need in self.missing_needs(task) {
                    self.step(need);
                }
                self.step(task);
                self.ready[first..].reverse();
            }
        }
    }

    fn runs_unasked(&self, task: u32) -> bool {
        let state = &self.state[task as usize];
        if state.missing == DONE {
            return false;
        }
        if state.missing > 0 {
            let hold = |&need: &u32| self.shape.hold[need as usize];
            return self.rule == Rule::Ripe
                && state.missing == state.ripe
                && self.fits(state.above + self.missing_needs(task).iter().map(hold).sum::<i64>());
        }
        let wanted = self.shape.hold[task as usize] <= state.frees
            || match self.rule {
                Rule::Free | Rule::Ripe => false,
                Rule::Share => self.start.pays[task as usize],
                Rule::Every => self.shape.goal[task as usize],
            };
        wanted && self.fits(state.above)
    }

    fn fits(&self, above: i64) -> bool {
        self.held + above <= self.bound
    }

    /// Needs of `task` that haven't run.
    fn missing_needs(&self, task: u32) -> Vec<u32> {
        match self.state[task as usize].missing {
            0 => Vec::new(),
            _ => self.shape.needs.get(task as usize).iter().copied().filter(|&need| !self.done(need)).collect(),
        }
    }

    /// Runs a task, and says in `ready` which others may be wanted now.
    fn step(&mut self, task: u32) {
        let shape = self.shape;
        let peak = self.held + self.state[task as usize].above;
        self.failed |= peak > self.limit;
        self.sequence.push(task);
        self.levels.push(Level { held: self.held, peak });
        self.state[task as usize].missing = DONE;
        self.held += shape.hold[task as usize];
        for item in shape.needs.range(task as usize) {
            let need = shape.needs.item(item) as usize;
            let state = &mut self.state[need];
            state.left -= 1;
            state.reader ^= task;
            state.item ^= item as u32;
            let State { left, reader, item, .. } = *state;
            if left == 0 {
                self.held -= shape.hold[need];
            } else if left == 1 && !shape.kept[need] {
                let last = &mut self.state[reader as usize];
                last.releases(shape.hold[need], shape.via[item as usize]);
                if last.missing == 0 {
                    self.ready.push(reader);
                }
            }
        }
        let was_ripe = u32::from(shape.only_reader(task as usize).is_some());
        for &reader in shape.readers.get(task as usize) {
            let state = &mut self.state[reader as usize];
            state.missing -= 1;
            state.ripe -= was_ripe;
            if state.missing == 0 {
                self.ready.push(reader);
                if let Some(next) = shape.only_reader(reader as usize) {
                    let state = &mut self.state[next as usize];
                    state.ripe += 1;
                    if state.ripe == state.missing {
                        self.ready.push(next);
                    }
                }
            }
        }
    }

    /// Runs tasks that are ready one after the other, and nothing unasked.
    pub(super) fn replay(&mut self, tasks: &[u32]) {
        for &task in tasks {
            self.step(task);
            self.ready.clear();
        }
    }

    /// Goes back to when so many tasks had run: `step`, undone in reverse.
    pub(super) fn rewind(&mut self, len: usize) {
        let shape = self.shape;
        while self.sequence.len() > len
            && let (Some(task), Some(level)) = (self.sequence.pop(), self.levels.pop())
        {
            self.held = level.held;
            let was_ripe = u32::from(shape.only_reader(task as usize).is_some());
            for &reader in shape.readers.get(task as usize) {
                if self.state[reader as usize].missing == 0
                    && let Some(next) = shape.only_reader(reader as usize)
                {
                    self.state[next as usize].ripe -= 1;
                }
                self.state[reader as usize].missing += 1;
                self.state[reader as usize].ripe += was_ripe;
            }
            for item in shape.needs.range(task as usize) {
                let need = shape.needs.item(item) as usize;
                let State { left, reader, item: last, .. } = self.state[need];
                if left == 1 && !shape.kept[need] {
                    let (hold, between) = (shape.hold[need], shape.via[last as usize]);
                    self.state[reader as usize].releases(-hold, between);
                }
                let state = &mut self.state[need];
                state.left += 1;
                state.reader ^= task;
                state.item ^= item as u32;
            }
            self.state[task as usize].missing = 0;
        }
        self.failed = false;
    }
}
