//! Floors of small graphs, beside the least limit that is found by trying all that can be done: before each task of the
//! order, any of the chunks in memory that may leave can leave.
//!
//! The oracle knows the design alone: a task needs its inputs in memory, its output, its workspace, and what bringing back
//! an input takes. What is fixed (the graph, the tables) shows in two figures of a plan: it is what the working set has
//! beyond the oracle's, and the floor must have as much beyond the oracle's least.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use thermocline::chunk::{Block, Chunk};
use thermocline::graph::{Graph, Key};
use thermocline::{Error, Event, Observer};

use crate::random::Random;
use crate::support::{all, assert_at_rest, builder, mix, session, word_task, words};

/// Bytes are multiples of a page, and not nearly a huge page: they are charged as they are.
const UNIT: u64 = 4096;

/// A task, as the oracle sees it.
#[derive(Clone, Debug)]
struct Spec {
    needs: Vec<usize>,
    output: u64,
    workspace: u64,
    spillable: bool,
    redoable: bool,
    wanted: bool,
}

impl Spec {
    /// A result is handed over in memory, so it has to stay.
    fn may_leave(&self) -> bool {
        (self.spillable || self.redoable) && !self.wanted
    }
}

#[derive(Debug)]
struct Case {
    specs: Vec<Spec>,
    seeds: Vec<u64>,
}

fn key(task: usize) -> Key {
    Key::indexed("t", [task as u32])
}

impl Case {
    fn random(random: &mut Random, spillable: bool) -> Self {
        let tasks = if random.one_in(4) { 1 + random.below(4) } else { 8 };
        let mut specs: Vec<Spec> = (0..tasks)
            .map(|task| {
                let count = if task < 3 { 0 } else { random.below(4) };
                let needs: Vec<usize> = (0..count).map(|_| random.below(task)).collect();
                Spec {
                    output: UNIT * (1 + random.below(400) as u64),
                    workspace: if random.one_in(2) { UNIT * random.below(400) as u64 } else { 0 },
                    spillable: spillable && !random.one_in(3),
                    redoable: spillable && needs.is_empty() && random.one_in(3),
                    wanted: task + 1 == tasks || random.one_in(10),
                    needs,
                }
            })
            .collect();
        // What nobody needs is wanted, else it would not be in the run at all.
        for task in 0..tasks {
            specs[task].wanted |= !specs.iter().any(|spec| spec.needs.contains(&task));
        }
        // The library redoes no results.
        specs.iter_mut().for_each(|spec| spec.redoable &= !spec.wanted);
        Self { specs, seeds: (0..tasks).map(|_| random.next()).collect() }
    }

    fn wanted(&self) -> Vec<Key> {
        (0..self.specs.len()).filter(|&task| self.specs[task].wanted).map(key).collect()
    }

    fn graph(&self) -> Graph {
        let task = |(task, spec): (usize, &Spec)| {
            let needs = spec.needs.iter().copied().map(key).collect();
            let made = word_task(key(task), needs, self.seeds[task], (spec.output / 8) as usize, spec.workspace);
            let made = if spec.spillable { made.spillable() } else { made };
            if spec.redoable { made.cheap_to_redo() } else { made }
        };
        Graph::new(self.specs.iter().enumerate().map(task)).unwrap()
    }

    /// What a sequential evaluation gives for the wanted tasks.
    fn values(&self) -> Vec<Vec<u64>> {
        let mut values: Vec<Vec<u64>> = Vec::new();
        for (spec, &seed) in self.specs.iter().zip(&self.seeds) {
            let inputs: Vec<&[u64]> = spec.needs.iter().map(|&need| values[need].as_slice()).collect();
            values.push(words(mix(seed, &inputs), (spec.output / 8) as usize).collect());
        }
        self.specs.iter().zip(values).filter(|(spec, _)| spec.wanted).map(|(_, value)| value).collect()
    }

    /// What bringing back inputs takes beside their own bytes, one after the other: `staging` for one that was spilled, its
    /// workspace for one that is made again.
    fn passing(&self, task: usize, staging: u64) -> u64 {
        let inputs = || self.specs[task].needs.iter().map(|&need| &self.specs[need]).filter(|input| input.may_leave());
        let load = if inputs().any(|input| input.spillable) { staging } else { 0 };
        let redo = inputs().filter(|input| input.redoable).map(|input| input.workspace).max().unwrap_or(0);
        load + redo
    }

    fn own(&self, task: usize, staging: u64) -> u64 {
        self.specs[task].output + self.specs[task].workspace + self.passing(task, staging)
    }

    /// The chunks that are still wanted once the first `done` tasks of `order` have run: a set of bits.
    fn live(&self, order: &[usize], done: usize) -> u32 {
        let is_live = |&task: &usize| {
            self.specs[task].wanted || order[done..].iter().any(|&reader| self.specs[reader].needs.contains(&task))
        };
        order[..done].iter().copied().filter(is_live).fold(0, |set, task| set | 1 << task)
    }

    fn bytes(&self, set: u32) -> u64 {
        (0..self.specs.len()).filter(|&task| set >> task & 1 == 1).map(|task| self.specs[task].output).sum()
    }

    /// What is held at most where nothing ever leaves.
    fn working_set(&self, order: &[usize], staging: u64) -> u64 {
        let held = |at: usize| self.bytes(self.live(order, at)) + self.own(order[at], staging);
        (0..order.len()).map(held).max().unwrap()
    }

    /// The least that is enough: over all states that can be reached, each the set of chunks in memory before a task.
    fn least(&self, order: &[usize], staging: u64) -> u64 {
        let leavable =
            (0..self.specs.len()).filter(|&task| self.specs[task].may_leave()).fold(0, |set, task| set | 1 << task);
        let mut reached = HashMap::from([(0_u32, 0_u64)]);
        for (at, &task) in order.iter().enumerate() {
            let inputs = self.specs[task].needs.iter().fold(0, |set, &need| set | 1 << need);
            let live = self.live(order, at + 1);
            let mut next = HashMap::new();
            for (resident, most) in reached {
                for gone in subsets(resident & leavable) {
                    let resident = resident & !gone | inputs;
                    let most = most.max(self.bytes(resident) + self.own(task, staging));
                    let entry = next.entry((resident | 1 << task) & live).or_insert(most);
                    *entry = most.min(*entry);
                }
            }
            reached = next;
        }
        reached.into_values().min().unwrap()
    }
}

/// All subsets of a set of bits.
fn subsets(set: u32) -> impl Iterator<Item = u32> {
    let next = move |&part: &u32| (part != 0).then(|| (part - 1) & set);
    std::iter::successors(Some(set), next)
}

/// Takes down in which order tasks run.
#[derive(Debug, Default)]
struct Sequence(Mutex<Vec<usize>>);

impl Observer for Sequence {
    fn on_event(&self, event: &Event<'_>) {
        if let Event::TaskStarted { task, .. } = event {
            self.0.lock().unwrap().push(task.index[0] as usize);
        }
    }
}

/// Runs the case with one worker and room for all: the order, and the plan's floor and working set.
fn ample(case: &Case) -> (Vec<usize>, u64, u64) {
    let (_folder, builder) = builder();
    let sequence = Arc::new(Sequence::default());
    let session = builder.memory_limit("1GiB".parse().unwrap()).threads(1).observer(sequence.clone()).build().unwrap();
    let plan = session.plan_graph(&case.graph(), &case.wanted()).unwrap();
    drop(session.run(&case.graph(), &case.wanted()).unwrap());
    let order = std::mem::take(&mut *sequence.0.lock().unwrap());
    (order, plan.floor().bytes(), plan.working_set().bytes())
}

/// What bringing back a spilled chunk takes beside its bytes, whatever they are: by how much the floor of the least graph
/// in which one may have to be brought back is above that of the same graph where none may leave.
fn staging() -> u64 {
    let floor = |spillable: bool| {
        let spec =
            |needs: Vec<usize>, wanted| Spec { needs, output: UNIT, workspace: 0, spillable, redoable: false, wanted };
        let case = Case { specs: vec![spec(vec![], false), spec(vec![0], true)], seeds: vec![1, 2] };
        let (_folder, session) = session(1 << 30, 1);
        session.plan_graph(&case.graph(), &case.wanted()).unwrap().floor().bytes()
    };
    floor(true) - floor(false)
}

fn runs(case: &Case, limit: u64, threads: usize) {
    let (_folder, session) = session(limit, threads);
    let chunks = session.run(&case.graph(), &case.wanted()).unwrap();
    let values: Vec<&[u64]> =
        chunks.iter().map(|chunk: &Chunk| chunk.get::<Block<u64>>().unwrap().as_slice()).collect();
    assert_eq!(values, case.values());
    assert!(session.stats().ledger_peak_bytes <= limit);
    drop(chunks);
    assert_at_rest(&session);
}

fn is_refused(case: &Case, floor: u64, threads: usize) {
    let (_folder, builder) = builder();
    let sequence = Arc::new(Sequence::default());
    let limit = (floor - 1).to_string().parse().unwrap();
    let session = builder.memory_limit(limit).threads(threads).observer(sequence.clone()).build().unwrap();
    let error = session.run(&case.graph(), &case.wanted()).unwrap_err();
    let Error::MemoryLimit { needed, limit, .. } = error else { panic!("{error}") };
    assert_eq!((needed.bytes(), limit.bytes()), (floor, floor - 1));
    let stats = session.stats();
    assert!(sequence.0.lock().unwrap().is_empty(), "no task was begun");
    assert_eq!((stats.tasks, stats.input_bytes, stats.scratch_peak_bytes, stats.ledger_peak_bytes), (0, 0, 0, 0));
}

/// At the floor all goes well, with any number of threads; one byte below it nothing is begun.
#[test]
fn the_floor_is_the_least_limit_over_all_that_can_be_done() {
    let mut random = Random::new(41);
    let staging = staging();
    let mut below = 0;
    for at in 0..if all() { 2000 } else { 120 } {
        let case = Case::random(&mut random, at % 4 > 0);
        let (order, floor, working_set) = ample(&case);
        let fixed = working_set - case.working_set(&order, staging);
        assert_eq!(floor, fixed + case.least(&order, staging), "{order:?} {case:?}");
        below += usize::from(floor < working_set);
        let threads = 1 + at % 3;
        runs(&case, floor, threads);
        is_refused(&case, floor, threads);
    }
    assert!(below > 2, "some of these graphs fit where not all of them can stay in memory: {below}");
}
