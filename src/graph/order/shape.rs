//! What an order depends on: who needs whom, and what is held.

use crate::graph::lists::Lists;

/// What the tasks of a graph hold, in the measure that an order is to keep small.
#[derive(Debug)]
pub(super) struct Weights {
    /// What a task's output takes while it is held.
    pub(super) hold: Vec<i64>,
    /// What a task takes while it runs, beside what was held before: its output and workspace, or nothing where it
    /// is outputs that are counted, just before each task runs.
    pub(super) own: Vec<i64>,
    /// Results: held to the end, even after their last reader.
    pub(super) kept: Vec<bool>,
}

/// A graph, contracted: tasks that may as well run just before their only reader have become part of it.
///
/// Such a task `t` has one reader `c` and at most one need `d`, with `hold(d) <= hold(t)` and
/// `hold(d) + own(t) <= hold(t) + own(c)`. Take any order and move `t` to just before `c`: between its old place and
/// the new one, `d` may be held for longer, but `t` is not held any more, which is no less; and while `t` runs, no more
/// is held than when `c` runs, as then `t` is held and `d` perhaps not. So the best order of the contracted graph is as
/// good as that of the whole one, and what is left are the tasks among which there is something to decide.
#[derive(Debug)]
pub(super) struct Shape {
    /// What each contracted task needs, each once.
    pub(super) needs: Lists,
    /// Who needs it.
    pub(super) readers: Lists,
    /// What each contracted task's output takes while it is held.
    pub(super) hold: Vec<i64>,
    /// What is held while it runs beside what was held before it and its absorbed tasks began, but for `via`.
    pub(super) own: Vec<i64>,
    /// By item of `needs`: what stands between the need and the task, where absorbed tasks do. They hold this when
    /// the task runs, while the need itself is released before if nobody else reads it. 0: read by the task itself.
    pub(super) via: Vec<i64>,
    /// Whether it is held to the end.
    pub(super) kept: Vec<bool>,
    /// Whether it needs several others or is read by nobody: such tasks are *goals*, all others run when a goal
    /// needs them.
    pub(super) goal: Vec<bool>,
    /// The task that each contracted one stands for: its last.
    heads: Vec<u32>,
}

/// In `place`: absorbed by its only reader.
const ABSORBED: u32 = u32::MAX;

impl Shape {
    /// Contracts a graph, given by lists without duplicates.
    pub(super) fn contract(needs: &Lists, readers: &Lists, weights: &Weights) -> Self {
        let tasks = needs.len();
        let mut place = vec![0; tasks];
        let mut heads = Vec::with_capacity(tasks);
        for task in 0..tasks {
            if absorbed(task, needs, readers, weights) {
                place[task] = ABSORBED;
            } else {
                place[task] = heads.len() as u32;
                heads.push(task as u32);
            }
        }
        let mut shape = Self {
            needs: Lists::with_capacity(heads.len(), needs.items()),
            readers: Lists::default(),
            hold: heads.iter().map(|&head| weights.hold[head as usize]).collect(),
            own: heads.iter().map(|&head| weights.own[head as usize]).collect(),
            via: Vec::with_capacity(needs.items()),
            kept: heads.iter().map(|&head| weights.kept[head as usize]).collect(),
            goal: Vec::with_capacity(heads.len()),
            heads,
        };
        let mut found: Vec<(u32, i64)> = Vec::new();
        for at in 0..shape.heads.len() {
            let head = shape.heads[at] as usize;
            for &need in needs.get(head) {
                let top = climb(need, needs, &place);
                let between = if top == Some(need) { 0 } else { weights.hold[need as usize] };
                match top {
                    Some(top) => found.push((place[top as usize], between)),
                    None => shape.own[at] += between,
                }
            }
            shape.goal.push(needs.get(head).len() > 1 || readers.get(head).is_empty());
            shape.close(at, &mut found);
        }
        shape.readers = shape.needs.inverted();
        shape
    }

    /// Ends the list of the needs of `at`. One that is found twice is released by the task itself if any of the
    /// ways is direct, else by the last absorbed task that reads it.
    fn close(&mut self, at: usize, found: &mut Vec<(u32, i64)>) {
        found.sort_unstable();
        let mut rest = found.drain(..).peekable();
        while let Some((need, mut between)) = rest.next() {
            let direct = between == 0;
            while let Some((_, more)) = rest.next_if(|&(next, _)| next == need) {
                if direct {
                    self.own[at] += more;
                } else {
                    between += more;
                }
            }
            self.needs.push(need);
            self.via.push(between);
        }
        self.needs.close();
    }

    /// The reader of `task`, where it has just one, which then releases it.
    pub(super) fn only_reader(&self, task: usize) -> Option<u32> {
        match self.readers.get(task) {
            &[reader] if !self.kept[task] => Some(reader),
            _ => None,
        }
    }

    /// The number of contracted tasks.
    pub(super) fn len(&self) -> usize {
        self.heads.len()
    }

    /// What no order is below: what is held while each task runs, if it could be run with nothing but its needs.
    pub(super) fn least(&self) -> i64 {
        let need =
            |item: usize| if self.via[item] > 0 { self.via[item] } else { self.hold[self.needs.item(item) as usize] };
        (0..self.len()).map(|task| self.own[task] + self.needs.range(task).map(need).sum::<i64>()).max().unwrap_or(0)
    }

    /// An order of all tasks, contracted: no more is held than before.
    pub(super) fn contracted(&self, sequence: &[u32]) -> Vec<u32> {
        let mut place = vec![ABSORBED; sequence.len()];
        for (at, &head) in self.heads.iter().enumerate() {
            place[head as usize] = at as u32;
        }
        sequence.iter().map(|&task| place[task as usize]).filter(|&at| at != ABSORBED).collect()
    }

    /// The order of all tasks that an order of the contracted ones stands for.
    pub(super) fn expand(&self, sequence: &[u32], needs: &Lists) -> Vec<u32> {
        let mut place = vec![ABSORBED; needs.len()];
        for (at, &head) in self.heads.iter().enumerate() {
            place[head as usize] = at as u32;
        }
        let mut whole = Vec::with_capacity(needs.len());
        for &at in sequence {
            let head = self.heads[at as usize];
            for &need in needs.get(head as usize) {
                let from = whole.len();
                let mut next = Some(need);
                while let Some(task) = next.filter(|&task| place[task as usize] == ABSORBED) {
                    whole.push(task);
                    next = needs.get(task as usize).first().copied();
                }
                whole[from..].reverse();
            }
            whole.push(head);
        }
        whole
    }
}

fn absorbed(task: usize, needs: &Lists, readers: &Lists, weights: &Weights) -> bool {
    let (&[reader], needs @ ([] | [_])) = (readers.get(task), needs.get(task)) else {
        return false;
    };
    let need = needs.first().map_or(0, |&need| weights.hold[need as usize]);
    let (hold, own) = (weights.hold[task], weights.own[task]);
    !weights.kept[task] && hold > 0 && need <= hold && need + own <= hold + weights.own[reader as usize]
}

/// The nearest task at or above `task` that is not absorbed.
fn climb(mut task: u32, needs: &Lists, place: &[u32]) -> Option<u32> {
    while place[task as usize] == ABSORBED {
        task = *needs.get(task as usize).first()?;
    }
    Some(task)
}
