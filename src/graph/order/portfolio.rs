//! Which orders are tried, how many, and which of them is taken.
//!
//! No single rule is good on all graphs, so a portfolio of candidates is made, each in time linear in tasks and edges but for
//! sorting, and each is counted exactly; the best is taken, of equals the first. Later candidates run tasks unasked only
//! where that stays below the best pressure so far. The list is in the order of what each adds to those before it, over
//! several thousand graphs of many kinds. Large graphs get fewer: what all do together is bounded by [`WORK`], but that the
//! first few are tried on every graph. So the time is a constant and a linear part; `cargo bench --bench order` tells both.
//!
//! The best few are then [improved](super::improve), in rounds: in each, all are improved by equal parts of the round's
//! steps, and the better half goes on to the next.

use std::cell::OnceCell;

use super::backward;
use super::depth_first::{Estimate, First, children, results};
use super::improve::Search;
use super::nearest;
use super::place;
use super::plain::{self, Plain};
use super::shape::Shape;
use super::walk::{Rule, Score, Start, Walk};
use crate::graph::lists::Lists;

/// What all candidates together may go through, in tasks and edges, each weighted with what it costs.
const WORK: usize = 1 << 21;

/// But so much is always done, in whole graphs.
const LEAST_COST: usize = 6;

/// How many steps the search may take: some hundredths of a second.
const STEPS: usize = 1 << 18;

/// And for each task.
const STEPS_PER_TASK: usize = 300;

/// How many candidates are improved, and as many at most as have so many tasks and edges together: each must be run
/// through anew before it can be changed.
const CONTENDERS: usize = 8;
const IMPROVED: usize = 1 << 20;

/// A way to make an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    DepthFirst(First),
    Nearest,
    Backward,
}

use Method::{Backward, DepthFirst, Nearest};

impl Method {
    /// How long it takes, beside one depth-first walk.
    fn cost(self) -> usize {
        match self {
            DepthFirst(_) => 1,
            Backward => 3,
            Nearest => 6,
        }
    }
}

/// Which of equals goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// The one that was added first when the graph was built.
    Built,
    /// The one that was added last.
    BuiltReversed,
    /// By [place](place::along).
    Place,
    PlaceReversed,
}

const CANDIDATES: [(Method, Rule, By); 20] = [
    (DepthFirst(First::Sinking), Rule::Free, By::Built),
    (Nearest, Rule::Share, By::PlaceReversed),
    (Backward, Rule::Free, By::Place),
    (DepthFirst(First::Sinking), Rule::Ripe, By::PlaceReversed),
    (Nearest, Rule::Ripe, By::Place),
    (DepthFirst(First::Sinking), Rule::Share, By::Built),
    (Backward, Rule::Free, By::Built),
    (Nearest, Rule::Free, By::Built),
    (DepthFirst(First::Sinking), Rule::Every, By::BuiltReversed),
    (DepthFirst(First::Largest), Rule::Share, By::Place),
    (DepthFirst(First::Sinking), Rule::Ripe, By::Built),
    (Nearest, Rule::Free, By::BuiltReversed),
    (DepthFirst(First::Largest), Rule::Ripe, By::BuiltReversed),
    (DepthFirst(First::Sinking), Rule::Every, By::Built),
    (DepthFirst(First::Sinking), Rule::Free, By::PlaceReversed),
    (DepthFirst(First::Largest), Rule::Free, By::Built),
    (Backward, Rule::Free, By::PlaceReversed),
    (Backward, Rule::Free, By::BuiltReversed),
    (DepthFirst(First::Sinking), Rule::Every, By::PlaceReversed),
    (DepthFirst(First::Sinking), Rule::Free, By::BuiltReversed),
];

/// An order that was tried.
struct Tried {
    score: Score,
    rule: Rule,
    sequence: Vec<u32>,
}

/// The best order that is found, of a shape of the graph of these `needs` and `readers`.
pub(super) fn best(shape: &Shape, needs: &Lists, readers: &Lists) -> Vec<u32> {
    let start = Start::new(shape);
    let mut portfolio = Portfolio::new(shape, &start);
    portfolio.try_all();
    portfolio.try_plain(needs, readers);
    if portfolio.keep > 1 {
        portfolio.improve();
    }
    portfolio.tried.into_iter().next().map_or_else(Vec::new, |best| best.sequence)
}

struct Portfolio<'a> {
    shape: &'a Shape,
    walk: Walk<'a>,
    estimate: Estimate,
    places: [OnceCell<Vec<u32>>; 4],
    /// No order has less pressure.
    least: i64,
    /// How many orders go on to be improved.
    keep: usize,
    /// The best orders so far, best first.
    tried: Vec<Tried>,
}

impl<'a> Portfolio<'a> {
    fn new(shape: &'a Shape, start: &'a Start) -> Self {
        let keep = (IMPROVED / shape_work(shape)).clamp(1, CONTENDERS);
        Self {
            shape,
            walk: Walk::new(shape, start),
            estimate: Estimate::new(shape),
            places: Default::default(),
            least: shape.least(),
            keep,
            tried: Vec::new(),
        }
    }

    fn try_all(&mut self) {
        let mut left = (WORK / shape_work(self.shape)).max(LEAST_COST);
        for (method, rule, by) in CANDIDATES {
            if method.cost() <= left && !self.is_least() {
                left -= method.cost();
                self.attempt(method, rule, by);
            }
        }
    }

    /// Takes orders by plain rules, where they are better than all others.
    fn try_plain(&mut self, needs: &Lists, readers: &Lists) {
        for plain in Plain::ALL {
            let best = self.tried.first().map_or(i64::MAX, |best| best.score.peak);
            if best <= self.least {
                return;
            }
            let Some(sequence) = plain.sequence(needs, readers) else { continue };
            let sequence = self.shape.contracted(&sequence);
            if plain::stays_below(best, self.shape, &sequence) {
                self.walk.restart(Rule::Free);
                self.walk.restrict(i64::MAX, i64::MAX);
                self.walk.replay(&sequence);
                self.add(Rule::Free);
            }
        }
    }

    fn is_least(&self) -> bool {
        self.tried.first().is_some_and(|best| best.score.peak <= self.least)
    }

    fn attempt(&mut self, method: Method, rule: Rule, by: By) {
        let shape = self.shape;
        let best = self.tried.first().map_or(i64::MAX, |best| best.score.peak);
        self.walk.restart(rule);
        // Where none but the best is kept, nothing that is worse need be finished.
        self.walk.restrict(best.saturating_sub(1), if self.keep == 1 { best } else { i64::MAX });
        let place = self.places[by as usize].get_or_init(|| places(shape, by, &self.places));
        let first = if let DepthFirst(first) = method { first } else { First::Sinking };
        let children = children(shape, &self.estimate, first, place);
        match method {
            DepthFirst(_) => self.walk.finish_all(&results(shape, place), &children),
            Nearest => nearest::run(&mut self.walk, &self.estimate, place, &children),
            Backward => {
                // Goals alone: in such an order, all else may run when it is needed.
                let mut goals = backward::order(shape, place);
                goals.retain(|&task| shape.goal[task as usize]);
                self.walk.finish_all(&goals, &children);
            }
        }
        if !self.walk.failed() {
            self.add(rule);
        }
    }

    /// Keeps the walk's order if it is among the best.
    fn add(&mut self, rule: Rule) {
        let score = Score::of(self.walk.levels());
        let at = self.tried.partition_point(|tried| tried.score <= score);
        let known = at.checked_sub(1).is_some_and(|before| self.tried[before].score == score);
        if at < self.keep && !known {
            self.tried.insert(at, Tried { score, rule, sequence: self.walk.sequence().to_vec() });
            self.tried.truncate(self.keep);
        }
    }

    fn improve(&mut self) {
        let built = self.places[By::Built as usize].get_or_init(|| places(self.shape, By::Built, &self.places));
        let children = children(self.shape, &self.estimate, First::Sinking, built);
        let rounds = self.tried.len().next_power_of_two().ilog2() + 1;
        let steps = STEPS.min(STEPS_PER_TASK * self.shape.len()) / rounds as usize;
        for round in 0..rounds {
            let steps = steps / self.tried.len();
            for tried in &mut self.tried {
                improve(&mut self.walk, &children, tried, round, steps, self.least);
            }
            self.tried.sort_by_key(|tried| tried.score);
            if self.is_least() {
                break;
            }
            self.tried.truncate(self.tried.len().div_ceil(2));
        }
    }
}

fn improve(walk: &mut Walk<'_>, children: &Lists, tried: &mut Tried, seed: u32, steps: usize, least: i64) {
    walk.restart(tried.rule);
    walk.restrict(i64::MAX, i64::MAX);
    walk.replay(&tried.sequence);
    (tried.score, tried.sequence) = Search::new(walk, children, seed).run(steps, least);
}

fn shape_work(shape: &Shape) -> usize {
    shape.len() + shape.needs.items() + 1
}

fn places(shape: &Shape, by: By, places: &[OnceCell<Vec<u32>>; 4]) -> Vec<u32> {
    let of = |by: By| places[by as usize].get_or_init(|| self::places(shape, by, places));
    match by {
        By::Built => (0..shape.len() as u32).collect(),
        By::BuiltReversed => place::reversed(of(By::Built)),
        By::Place => place::along(shape),
        By::PlaceReversed => place::reversed(of(By::Place)),
    }
}
