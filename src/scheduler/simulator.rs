//! The policy of many workers, simulated on one: who takes which task when, what is held, who waits.
//!
//! Discrete events in virtual time, the same at each run. The order, the plan, the ledger, what is claimed, granted,
//! deferred and released are the library's own ([`Ample`] through [`Ample::find`] and [`Ample::complete`]), and so is the
//! order in which victims are tried ([`victims`]); deques, sleep and time are simulated.
//!
//! A task takes as long as its output and its inputs take to go through, and longer where an input was made on another
//! *node* of the machine: memory there is slower by a factor. Workers with neighbouring numbers share a node.
//!
//! `cargo test --release --no-default-features --lib simulator -- --ignored --nocapture` prints the figures, of graphs of
//! some 20,000 tasks. Held: the most that was charged; B: what the plan allows ahead of the head; both by the most with one
//! worker. Idle: the share of all workers' time in which they ran nothing. First where the limit has no room for more than
//! two tasks a worker, then where it has room for sixteen. Steals, and those from another node, are by a hundred tasks. A byte from another node takes three
//! times as long where there are 8.
//!
//! What they say: with a narrow B workers are idle half of the time and more, because B is used up by tasks far ahead of
//! the head, not because there is nothing to do, nor because of where memory is. So B is wide where the limit has room:
//! most graphs then keep 32 workers busy, and hold a tenth to a half more. Rechunking, whose pieces wait for all others,
//! and the long tails of Cholesky's and of learning still leave workers idle; what a wide B allows is rarely all held.
//!
//! ```text
//!                            workers nodes   held      B   idle   held      B   idle  steals  remote
//! mean                             8     1   1.79   0.86    1 %   1.80   6.90    1 %     0.0     0.0
//! mean                             8     8   1.84   0.86    4 %   1.92   6.90    1 %     0.0     0.0
//! mean                            32     1   4.44   3.82    2 %   4.44  30.55    2 %     0.0     0.0
//! mean                            32     8   4.78   3.82    3 %   4.93  30.55    2 %     0.0     0.0
//! mean                           128     1  15.27  15.64    6 %  15.27 125.15    6 %     0.0     0.0
//! mean                           128     8  16.53  15.64    7 %  16.70 125.15    7 %     0.0     0.0
//! anomaly                          8     1   1.12   0.13   61 %   1.23   1.07    1 %    23.4     0.0
//! anomaly                          8     8   1.12   0.13   58 %   1.30   1.07    1 %    21.9    21.9
//! anomaly                         32     1   1.57   0.59   49 %   2.03   4.72    2 %    25.8     0.0
//! anomaly                         32     8   1.57   0.59   54 %   2.33   4.72    2 %    25.0    21.6
//! anomaly                        128     1   3.11   2.42   43 %   5.13  19.32    6 %    26.4     0.0
//! anomaly                        128     8   3.15   2.42   47 %   6.50  19.32    7 %    26.0    21.0
//! covariances                      8     1   1.23   0.35   53 %   1.49   2.80    1 %    31.5     0.0
//! covariances                      8     8   1.24   0.35   55 %   1.66   2.80    0 %    32.6    32.6
//! covariances                     32     1   2.39   1.55   26 %   3.07  12.38    1 %    36.1     0.0
//! covariances                     32     8   2.40   1.55   37 %   3.46  12.38    1 %    36.8    31.4
//! covariances                    128     1   7.18   6.34   24 %  11.05  50.72    5 %    37.6     0.0
//! covariances                    128     8   7.18   6.34   35 %  11.99  50.72    6 %    37.3    26.1
//! overlap in two dimensions        8     1   1.02   0.03   82 %   1.09   0.23   65 %    42.1     0.0
//! overlap in two dimensions        8     8   1.02   0.03   81 %   1.09   0.23   62 %    40.4    40.4
//! overlap in two dimensions       32     1   1.12   0.13   95 %   1.20   1.02    1 %    42.3     0.0
//! overlap in two dimensions       32     8   1.12   0.13   94 %   1.21   1.02    1 %    40.7    34.0
//! overlap in two dimensions      128     1   1.50   0.52   39 %   1.62   4.19    3 %    44.0     0.0
//! overlap in two dimensions      128     8   1.50   0.52   46 %   1.67   4.19    2 %    41.3    27.2
//! matmul                           8     1   1.02   0.02   64 %   1.10   0.15    0 %    41.7     0.0
//! matmul                           8     8   1.02   0.02   59 %   1.10   0.15    0 %    44.9    44.9
//! matmul                          32     1   1.08   0.08   30 %   1.21   0.68    1 %    51.6     0.0
//! matmul                          32     8   1.08   0.08   28 %   1.19   0.68    0 %    53.3    42.6
//! matmul                         128     1   1.33   0.35   20 %   1.44   2.77    2 %    55.6     0.0
//! matmul                         128     8   1.34   0.35   14 %   1.45   2.77    2 %    56.7    33.5
//! rechunk                          8     1   1.05   0.06   70 %   1.50   0.50   54 %   190.6     0.0
//! rechunk                          8     8   1.05   0.06   75 %   1.50   0.50   60 %   185.5   185.5
//! rechunk                         32     1   1.27   0.28   91 %   3.23   2.24   68 %   185.7     0.0
//! rechunk                         32     8   1.27   0.28   93 %   3.23   2.24   70 %   184.6   152.3
//! rechunk                        128     1   2.14   1.14   93 %  10.14   9.16   76 %   163.0     0.0
//! rechunk                        128     8   2.13   1.14   95 %  10.14   9.16   76 %   158.9    96.0
//! cholesky                         8     1   1.01   0.06   56 %   1.28   0.45   37 %    56.8     0.0
//! cholesky                         8     8   1.02   0.06   48 %   1.28   0.45   33 %    51.7    51.7
//! cholesky                        32     1   1.13   0.25   73 %   2.39   1.99   29 %    50.8     0.0
//! cholesky                        32     8   1.13   0.25   67 %   2.39   1.99   24 %    44.7    36.4
//! cholesky                       128     1   1.57   1.02   85 %   2.57   8.15   23 %    71.6     0.0
//! cholesky                       128     8   1.57   1.02   83 %   2.80   8.15   21 %    65.3    41.7
//! learning                         8     1   1.04   0.04   43 %   1.06   0.32    5 %    71.2     0.0
//! learning                         8     8   1.04   0.04   45 %   1.06   0.32    6 %    66.6    66.6
//! learning                        32     1   1.17   0.18   33 %   1.22   1.40   19 %    78.0     0.0
//! learning                        32     8   1.17   0.18   37 %   1.24   1.40   20 %    76.7    63.4
//! learning                       128     1   1.71   0.72   53 %   1.89   5.74   49 %    79.8     0.0
//! learning                       128     8   1.71   0.72   56 %   1.96   5.74   52 %    79.6    65.1
//! ```

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::ample::Ample;
use super::job::Made;
use super::outcome::{Announce, Completion, Keep};
use super::plan::{Roles, Setting, budget as budget_of};
use super::run::{NewRun, Place};
use super::worker::victims;
use crate::chunk::{Allocator, Chunk};
use crate::event::Observers;
use crate::graph::{Graph, Key, Size, Task, TaskFn, TaskId};
use crate::memory::{Grant, Ledger};

#[path = "../../tests/it/families.rs"]
mod families;
#[path = "../../tests/it/random.rs"]
pub(super) mod random;

/// Nanoseconds that a task costs beside its bytes, that a sleeper takes to wake, and that looking into a deque takes.
const DISPATCH: u64 = 1000;
const WAKE: u64 = 10_000;
const LOOK: u64 = 50;

/// Bytes that go through a core in a nanosecond.
const SPEED: u64 = 4;

/// What the policy runs on.
#[derive(Clone, Copy, Debug)]
struct Machine {
    workers: usize,
    nodes: usize,
    /// How many times as long a byte takes that another node made.
    remote: u64,
    /// Whether the limit has room for a wide premature budget, or just for the narrow one.
    room: bool,
}

impl Machine {
    fn node(self, worker: usize) -> usize {
        worker * self.nodes / self.workers
    }
}

/// What came out of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// Tasks, as they were begun.
    begun: Vec<TaskId>,
    /// When the last task ended.
    end: u64,
    /// Nanoseconds of all workers in which they ran tasks.
    busy: u64,
    steals: usize,
    remote_steals: usize,
    /// The most outputs in memory when a task was begun.
    outputs: usize,
    /// The most that was charged; what the plan states, its working set and premature budget.
    peak: u64,
    stated: u64,
    working_set: u64,
    premature: u64,
}

/// What a worker does next, and when: the earliest first, then what was said first.
type Event = Reverse<(u64, u64, usize)>;

struct Simulation {
    machine: Machine,
    run: Ample,
    ledger: Arc<Ledger>,
    waiting: Arc<AtomicBool>,
    /// Rings of the ledger's hook that have not been heard yet.
    rings: Arc<AtomicUsize>,
    now: u64,
    said: u64,
    events: BinaryHeap<Event>,
    deques: Vec<VecDeque<Place>>,
    running: Vec<Option<(TaskId, Grant)>>,
    /// Sleepers, the one that has slept longest first.
    asleep: VecDeque<usize>,
    /// On which node each output was made.
    home: Vec<usize>,
    held: usize,
    outcome: Outcome,
}

impl Simulation {
    fn new(graph: Graph, machine: Machine) -> Self {
        let wanted: Vec<TaskId> = graph.tasks().filter(|&task| graph.dependents(task).len() == 0).collect();
        let order = graph.order_keeping(&wanted);
        let roles = Roles::new(&graph, &wanted, true);
        let mut setting = Setting { limit: 1 << 50, threads: machine.workers, session: 0, held: 0, chunks: &[] };
        let mut budget = budget_of(&graph, &order, &roles, setting);
        if !machine.room {
            let narrow = budget_of(&graph, &order, &roles, Setting { limit: 0, ..setting }).premature;
            setting.limit = budget.plan.working_set().bytes() + narrow;
            budget = budget_of(&graph, &order, &roles, setting);
            assert_eq!(budget.premature, narrow, "there is room for no more");
        }
        let (ledger, waiting) = (Arc::new(Ledger::new(setting.limit)), Arc::new(AtomicBool::new(false)));
        assert!(ledger.try_charge(budget.fixed), "there is room for all");
        let rings = Arc::new(AtomicUsize::new(0));
        let (heard, rung) = (waiting.clone(), rings.clone());
        ledger.on_release(move || {
            rung.fetch_add(usize::from(heard.load(Ordering::SeqCst)), Ordering::SeqCst);
        });
        let plan = &budget.plan;
        let outcome = Outcome {
            stated: plan.stated_peak().bytes(),
            working_set: plan.working_set().bytes(),
            premature: budget.premature,
            ..Outcome::default()
        };
        let announce = Announce::new(1, plan, Arc::new(Completion::default()), Observers::default());
        let (home, graph) = (vec![0; graph.len()], Arc::new(graph));
        let keep = Keep::HandOver;
        let new = NewRun { id: 1, graph, order, roles, budget, wanted, keep, announce, held: Vec::new() };
        Self {
            machine,
            run: Ample::new(new, Vec::new(), ledger.clone(), waiting.clone()),
            ledger,
            waiting,
            rings,
            now: 0,
            said: 0,
            events: BinaryHeap::new(),
            deques: vec![VecDeque::new(); machine.workers],
            running: (0..machine.workers).map(|_| None).collect(),
            asleep: VecDeque::new(),
            home,
            held: 0,
            outcome,
        }
    }

    fn run(mut self) -> Outcome {
        (0..self.machine.workers).for_each(|worker| self.say(0, worker));
        while let Some(Reverse((now, _, worker))) = self.events.pop() {
            self.now = now;
            if let Some((task, grant)) = self.running[worker].take() {
                self.finish(worker, task, &grant);
                self.outcome.end = now;
            }
            self.look(worker);
        }
        assert!(self.run.is_over(), "all sleep, and {} tasks have run", self.outcome.begun.len());
        self.outcome.peak = self.ledger.peak();
        self.outcome
    }

    fn say(&mut self, after: u64, worker: usize) {
        self.said += 1;
        self.events.push(Reverse((self.now + after, self.said, worker)));
    }

    /// A worker looks for a task, as in `worker::work`, and sleeps where there is none.
    fn look(&mut self, worker: usize) {
        let cap = self.outcome.stated;
        let mut looked = 0;
        while !self.run.is_over() {
            let hint = self.deques[worker].pop_back().or_else(|| self.steal(worker, &mut looked));
            let deque = &mut self.deques[worker];
            if let Some(task) = self.run.find(hint, hint.is_none(), cap, |place| deque.push_back(place)) {
                return self.begin(worker, task, looked * LOOK);
            }
            if hint.is_none() {
                break;
            }
        }
        self.asleep.push_back(worker);
    }

    fn steal(&mut self, thief: usize, looked: &mut u64) -> Option<Place> {
        for victim in victims(thief, self.machine.workers) {
            *looked += 1;
            if let Some(place) = self.deques[victim].pop_front() {
                self.outcome.steals += 1;
                self.outcome.remote_steals += usize::from(self.machine.node(victim) != self.machine.node(thief));
                return Some(place);
            }
        }
        None
    }

    fn begin(&mut self, worker: usize, task: TaskId, looking: u64) {
        self.outcome.outputs = self.outcome.outputs.max(self.held);
        self.outcome.begun.push(task);
        let node = self.machine.node(worker);
        let bytes = |input: TaskId| {
            let factor = if self.home[input.index()] == node { 1 } else { self.machine.remote };
            self.run.output_bytes(input) * factor
        };
        let read: u64 = self.run.graph.dependencies(task).map(bytes).sum();
        let took = (read + self.run.output_bytes(task)) / SPEED;
        self.outcome.busy += took;
        self.running[worker] = Some((task, Grant::new(self.ledger.clone(), self.run.need(task), false)));
        self.say(DISPATCH + looking + took, worker);
    }

    /// As `Worker::run_ample`, after the task's function.
    fn finish(&mut self, worker: usize, task: TaskId, grant: &Grant) {
        self.home[task.index()] = self.machine.node(worker);
        let charge = grant.of(self.run.graph.key(task)).reserve(self.run.output_bytes(task)).unwrap();
        let made =
            Made { chunk: Chunk::new(()), charge: Some(charge), encoded: None, retained: 0, took: Duration::ZERO };
        grant.close();
        let after = self.run.complete(task, Ok(made));
        self.held += usize::from(self.run.graph.dependents(task).len() > 0);
        self.held -= after.released.len();
        drop(after.released);
        self.wake(self.rings.swap(0, Ordering::SeqCst));
        let others = after.ready.len().saturating_sub(1);
        self.deques[worker].extend(after.ready);
        self.wake(others);
        self.wake(usize::from(self.waiting.load(Ordering::SeqCst)));
    }

    fn wake(&mut self, sleepers: usize) {
        for _ in 0..sleepers.min(self.asleep.len()) {
            if let Some(worker) = self.asleep.pop_front() {
                self.say(WAKE, worker);
            }
        }
    }
}

/// The graph of `needs`, with outputs of some hundred thousand bytes, smaller where several are joined.
fn graph(needs: &[Vec<u32>]) -> Graph {
    let run: TaskFn = Arc::new(|_, _| Ok(Chunk::new(())));
    let name: Arc<str> = "t".into();
    let mut random = random::Random::new(3);
    let task = |(at, needs): (usize, &Vec<u32>)| {
        let keys = needs.iter().map(|&need| Key::indexed(name.clone(), [need]));
        let bytes = (1 << 18) + 64 * random.below(1 << 12) as u64;
        let bytes = if needs.len() > 2 { bytes / 4 } else { bytes };
        let task = Task::new(Key::indexed(name.clone(), [at as u32]), keys, run.clone());
        task.output(Size::Exact(bytes)).workspace(1 << 16)
    };
    Graph::new(needs.iter().enumerate().map(task)).unwrap()
}

fn simulate(graph: &Graph, workers: usize, nodes: usize, remote: u64) -> Outcome {
    Simulation::new(graph.clone(), Machine { workers, nodes, remote, room: false }).run()
}

/// What the order holds, counted from the graph alone.
fn held_by(graph: &Graph) -> (Vec<TaskId>, usize) {
    let wanted: Vec<TaskId> = graph.tasks().filter(|&task| graph.dependents(task).len() == 0).collect();
    let order = graph.order_keeping(&wanted).sequence().to_vec();
    let mut left: Vec<usize> = graph.tasks().map(|task| graph.dependents(task).len()).collect();
    let (mut held, mut most) = (0, 0);
    for &task in &order {
        most = most.max(held);
        held += usize::from(left[task.index()] > 0);
        for need in graph.dependencies(task) {
            left[need.index()] -= 1;
            held -= usize::from(left[need.index()] == 0);
        }
    }
    (order, most)
}

#[test]
fn one_worker_follows_the_order_and_holds_what_it_says() {
    for (name, family) in families::FAMILIES {
        let graph = graph(&family(300));
        let outcome = simulate(&graph, 1, 1, 1);
        let (order, outputs) = held_by(&graph);
        assert_eq!(outcome.begun, order, "{name}");
        assert_eq!(outcome.outputs, outputs, "{name}");
        assert_eq!(outcome.peak, outcome.working_set, "{name}");
        assert_eq!((outcome.steals, outcome.stated), (0, outcome.working_set), "{name}");
    }
}

#[test]
fn many_workers_run_each_task_once_within_the_stated_peak() {
    for (name, family) in families::FAMILIES {
        let graph = graph(&family(600));
        for (workers, nodes, remote) in [(2, 1, 1), (8, 2, 3), (32, 4, 2), (128, 8, 3)] {
            let outcome = simulate(&graph, workers, nodes, remote);
            assert_eq!(outcome.begun.len(), graph.len(), "{name}");
            assert_eq!(outcome.begun.iter().collect::<HashSet<_>>().len(), graph.len(), "{name}");
            assert!(outcome.peak <= outcome.stated, "{name}, {workers} workers: {outcome:?}");
            assert_eq!(outcome, simulate(&graph, workers, nodes, remote), "{name}: the same at each run");
            let wide = Simulation::new(graph.clone(), Machine { workers, nodes, remote, room: true }).run();
            assert!(wide.begun.len() == graph.len() && wide.peak <= wide.stated, "{name}, {workers}: {wide:?}");
        }
    }
}

/// A clear case that the clock is right: independent tasks keep all workers busy, a chain one.
#[test]
fn time_is_that_of_the_work() {
    let alone = simulate(&graph(&vec![Vec::new(); 640]), 1, 1, 1);
    let shared = simulate(&graph(&vec![Vec::new(); 640]), 8, 1, 1);
    assert_eq!(alone.busy, shared.busy);
    assert!(shared.end < alone.end / 7, "{} {}", shared.end, alone.end);
    let chain: Vec<Vec<u32>> = (0..50_u32).map(|task| task.checked_sub(1).into_iter().collect()).collect();
    let [alone, shared] = [1, 8].map(|workers| simulate(&graph(&chain), workers, 1, 1));
    assert!(shared.end >= alone.end);
}

#[test]
#[ignore = "prints figures"]
fn figures() {
    println!("{:<26} workers nodes   held      B   idle   held      B   idle  steals  remote", "");
    for name in
        ["mean", "anomaly", "covariances", "overlap in two dimensions", "matmul", "rechunk", "cholesky", "learning"]
    {
        let &(_, family) = families::FAMILIES.iter().find(|(family, _)| *family == name).unwrap();
        let graph = graph(&family(20_000));
        let one = simulate(&graph, 1, 1, 1).peak as f64;
        for workers in [8, 32, 128] {
            for (nodes, remote) in [(1, 1), (8, 3)] {
                let outcome = simulate(&graph, workers, nodes, remote);
                let wide = Simulation::new(graph.clone(), Machine { workers, nodes, remote, room: true }).run();
                let idle = |of: &Outcome| 100.0 - 100.0 * of.busy as f64 / (of.end * workers as u64) as f64;
                let per_task = |count: usize| 100.0 * count as f64 / graph.len() as f64;
                println!(
                    "{name:<26} {workers:>7} {nodes:>5} {:>6.2} {:>6.2} {:>4.0} % {:>6.2} {:>6.2} {:>4.0} % {:>7.1} {:>7.1}",
                    outcome.peak as f64 / one,
                    outcome.premature as f64 / one,
                    idle(&outcome),
                    wide.peak as f64 / one,
                    wide.premature as f64 / one,
                    idle(&wide),
                    per_task(wide.steals),
                    per_task(wide.remote_steals),
                );
            }
        }
    }
}
