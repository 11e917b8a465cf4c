//! One run: how far each of its tasks is. Plain state, no threads, no locks.
//!
//! ```text
//!   Waiting ──last input done──> Ready ──claimed, no grant──> Queued
//!                                  │ claimed, granted            │ granted
//!                                  └────────────> Running <──────┘ ──────> Done
//! ```

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::core::Queued;
use super::held::Held;
use super::outcome::{Announce, Keep};
use super::plan::{Budget, Roles, inputs, output_bytes, own_bytes};
use crate::error::Error;
use crate::graph::{Graph, Order, Size, TaskId, Work};
use crate::memory::{NEVER, SlotId};

/// How many of the tasks that needed a failed one its error names.
const CHAIN: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Waiting,
    Ready,
    Queued,
    Running,
    Done,
}

/// Where a task stands among the tasks of all runs: the least is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(u64);

impl Place {
    pub(super) fn new(run: u32, rank: u32) -> Self {
        Self(u64::from(run) << 32 | u64::from(rank))
    }

    pub(super) fn run(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) fn rank(self) -> u32 {
        self.0 as u32
    }

    /// As a chunk's next use.
    pub(super) fn next_use(self) -> u64 {
        self.0
    }
}

/// The readers of each chunk by rank, and how many of the first are done.
#[derive(Debug)]
struct Readers {
    starts: Vec<u32>,
    ranks: Vec<u32>,
    next: Vec<u32>,
    left: Vec<u32>,
}

impl Readers {
    fn new(graph: &Graph, order: &Order) -> Self {
        let mut starts = vec![0; graph.len() + 1];
        for task in graph.tasks() {
            starts[task.index() + 1] = starts[task.index()] + graph.dependents(task).len() as u32;
        }
        let mut next: Vec<u32> = starts[..graph.len()].to_vec();
        let mut ranks = vec![0; starts[graph.len()] as usize];
        for (rank, &task) in order.sequence().iter().enumerate() {
            for input in inputs(graph, task) {
                let place = &mut next[input.index()];
                ranks[*place as usize] = rank as u32;
                *place += 1;
            }
        }
        let left = graph.tasks().map(|task| graph.dependents(task).len() as u32).collect();
        let next = starts[..graph.len()].to_vec();
        Self { starts, ranks, next, left }
    }
}

/// One run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: u32,
    pub(super) graph: Arc<Graph>,
    pub(super) order: Order,
    pub(super) roles: Roles,
    pub(super) budget: Budget,
    pub(super) wanted: Vec<TaskId>,
    pub(super) keep: Keep,
    /// Whether its fixed charge is on the ledger: nothing of it runs before.
    pub(super) admitted: bool,
    pub(super) failure: Option<Error>,
    /// Tasks that are granted and not finished.
    pub(super) running: u32,
    /// Handles of results that the session keeps.
    pub(super) handles: HashMap<TaskId, Arc<Held>>,
    status: Vec<Status>,
    missing: Vec<u32>,
    slots: Vec<Option<SlotId>>,
    readers: Readers,
    done: usize,
    /// The largest output of each layer whose sizes are estimates.
    learned: HashMap<String, u64>,
    /// The rank of the least unfinished task.
    head: u32,
    roots: Vec<TaskId>,
    next_root: usize,
    /// The ranks of the others that are ready, and that nobody has claimed.
    ready: BTreeSet<u32>,
    /// Bytes that tasks ahead of the head hold, by task; with those that can't be evicted.
    premature: HashMap<TaskId, Premature>,
    premature_bytes: u64,
    premature_stuck: u64,
    // Dropped last: then nothing of the run is left.
    pub(super) announce: Arc<Announce>,
}

/// What a task ahead of the head holds.
#[derive(Clone, Copy, Debug)]
struct Premature {
    bytes: u64,
    /// Of that, its output.
    output: u64,
    stuck: u64,
}

/// What is to be run.
pub(super) struct NewRun {
    pub(super) id: u32,
    pub(super) graph: Arc<Graph>,
    pub(super) order: Order,
    pub(super) roles: Roles,
    pub(super) budget: Budget,
    pub(super) wanted: Vec<TaskId>,
    pub(super) keep: Keep,
    pub(super) announce: Arc<Announce>,
    /// The chunks that the session holds already.
    pub(super) held: Vec<(TaskId, SlotId)>,
}

impl Run {
    pub(super) fn new(new: NewRun) -> Self {
        let tasks = new.graph.len();
        let mut run = Self {
            id: new.id,
            readers: Readers::new(&new.graph, &new.order),
            missing: new.graph.distinct_dependency_counts(),
            status: vec![Status::Waiting; tasks],
            slots: vec![None; tasks],
            graph: new.graph,
            order: new.order,
            roles: new.roles,
            budget: new.budget,
            wanted: new.wanted,
            keep: new.keep,
            announce: new.announce,
            admitted: false,
            failure: None,
            running: 0,
            handles: HashMap::new(),
            done: 0,
            learned: HashMap::new(),
            head: 0,
            roots: Vec::new(),
            next_root: 0,
            ready: BTreeSet::new(),
            premature: HashMap::new(),
            premature_bytes: 0,
            premature_stuck: 0,
        };
        for (task, slot) in new.held {
            run.slots[task.index()] = Some(slot);
            run.status[task.index()] = Status::Done;
            run.done += 1;
            for dependent in run.graph.dependents(task) {
                run.missing[dependent.index()] -= 1;
            }
        }
        for &task in run.order.sequence() {
            if run.status[task.index()] == Status::Waiting && run.missing[task.index()] == 0 {
                run.status[task.index()] = Status::Ready;
                run.roots.push(task);
            }
        }
        run.advance();
        run
    }

    pub(super) fn status(&self, task: TaskId) -> Status {
        self.status[task.index()]
    }

    pub(super) fn set_status(&mut self, task: TaskId, status: Status) {
        self.ready.remove(&self.order.rank(task));
        self.status[task.index()] = status;
    }

    /// The most urgent task that is ready and is no root; `place`, where none is before it.
    pub(super) fn nearest(&self, place: Place) -> Place {
        self.ready.first().map_or(place, |&rank| place.min(Place::new(self.id, rank)))
    }

    /// `task` has to wait for memory. To be told, where anybody wants to know.
    pub(super) fn queue(&mut self, task: TaskId) -> Option<Queued> {
        self.set_status(task, Status::Queued);
        self.announce.is_observed().then(|| Queued::new(self.graph.clone(), task, self.announce.clone()))
    }

    pub(super) fn place(&self, task: TaskId) -> Place {
        Place::new(self.id, self.order.rank(task))
    }

    pub(super) fn slot(&self, task: TaskId) -> Option<SlotId> {
        self.slots[task.index()]
    }

    pub(super) fn set_slot(&mut self, task: TaskId, slot: SlotId) {
        self.slots[task.index()] = Some(slot);
    }

    /// Whether somebody reads the output of `task`.
    pub(super) fn is_needed(&self, task: TaskId) -> bool {
        self.roles.wanted[task.index()] || self.readers.left[task.index()] > 0
    }

    pub(super) fn own_bytes(&self, task: TaskId) -> u64 {
        let estimated = output_bytes(&self.graph, task);
        own_bytes(&self.graph, &self.roles, task).saturating_add(self.output_bytes(task).saturating_sub(estimated))
    }

    /// What a task's output is taken to be: where that is an estimate, at least as much as the largest of its layer was.
    pub(super) fn output_bytes(&self, task: TaskId) -> u64 {
        let stated = output_bytes(&self.graph, task);
        match self.graph.cost(task).output {
            Size::Exact(_) => stated,
            Size::Estimated(_) => stated.max(self.learned.get(self.graph.key(task).name()).copied().unwrap_or(0)),
        }
    }

    /// A task has kept so many bytes.
    pub(super) fn learn(&mut self, task: TaskId, bytes: u64) {
        if let Size::Estimated(_) = self.graph.cost(task).output {
            self.budget.learn(bytes.saturating_add(self.graph.cost(task).workspace));
            let name = self.graph.key(task).name();
            match self.learned.get_mut(name) {
                Some(largest) => *largest = bytes.max(*largest),
                None => drop(self.learned.insert(name.to_owned(), bytes)),
            }
        }
    }

    /// Whether nothing is left to be done: all is done, or it has failed and what was under way has ended.
    pub(super) fn is_over(&self) -> bool {
        self.running == 0 && (self.failure.is_some() || (self.admitted && self.done == self.status.len()))
    }

    /// Whether tasks may still be claimed.
    pub(super) fn is_active(&self) -> bool {
        self.admitted && self.failure.is_none()
    }

    pub(super) fn head(&self) -> Option<TaskId> {
        self.order.sequence().get(self.head as usize).copied()
    }

    /// The next tasks in the order that are not begun, `count` at most; those that are far behind the head don't matter.
    pub(super) fn upcoming(&self, count: usize) -> impl Iterator<Item = TaskId> {
        let from = self.order.sequence().get(self.head as usize..).unwrap_or_default();
        let begun = |task: &TaskId| matches!(self.status(*task), Status::Running | Status::Done);
        from.iter().copied().take(4 * count).filter(move |task| !begun(task)).take(count)
    }

    /// `G(h)` for the present head: what the run may need to go on.
    pub(super) fn floor_now(&self) -> u64 {
        self.budget.floor_from.get(self.head as usize).copied().unwrap_or(self.budget.fixed)
    }

    /// Whether the output of `task` is forecast to be evicted.
    pub(super) fn is_evicted(&self, task: TaskId) -> bool {
        self.budget.evicted.get(task.index()).copied().unwrap_or(false)
    }

    /// The place of the next root to be begun.
    pub(super) fn next_root(&mut self) -> Option<Place> {
        while let Some(&task) = self.roots.get(self.next_root) {
            if self.status(task) == Status::Ready {
                return Some(self.place(task));
            }
            self.next_root += 1;
        }
        None
    }

    /// The place of the next reader of a task's output that is not done.
    pub(super) fn next_use(&mut self, task: TaskId) -> u64 {
        let readers = &mut self.readers;
        let end = readers.starts[task.index() + 1];
        let next = &mut readers.next[task.index()];
        while *next < end {
            let rank = readers.ranks[*next as usize];
            if self.status[self.order.sequence()[rank as usize].index()] != Status::Done {
                return Place::new(self.id, rank).next_use();
            }
            *next += 1;
        }
        NEVER
    }

    /// One reader of the output of `task` less. Where it was the last, the slot, to be released.
    pub(super) fn reader_done(&mut self, task: TaskId) -> Option<SlotId> {
        let left = &mut self.readers.left[task.index()];
        *left -= 1;
        if *left > 0 || self.roles.wanted[task.index()] || self.is_held(task) {
            return None;
        }
        self.premature_released(task);
        self.slots[task.index()].take()
    }

    /// Whether the output of `task` goes with its next reader.
    pub(super) fn is_last_reader(&self, task: TaskId) -> bool {
        self.readers.left[task.index()] == 1 && !self.roles.wanted[task.index()] && !self.is_held(task)
    }

    /// Whether the output of `task` belongs to the session: it was before the run, or is to be kept after it.
    pub(super) fn is_held(&self, task: TaskId) -> bool {
        matches!(self.graph.work(task), Work::Held(_)) || self.handles.contains_key(&task)
    }

    /// All chunks that the run has.
    pub(super) fn slots(&self) -> Vec<(TaskId, SlotId)> {
        self.graph.tasks().filter_map(|task| self.slot(task).map(|slot| (task, slot))).collect()
    }

    /// All chunks that the run still has; it then has none.
    pub(super) fn take_slots(&mut self) -> Vec<(TaskId, SlotId)> {
        self.graph.tasks().filter_map(|task| self.slots[task.index()].take().map(|slot| (task, slot))).collect()
    }

    /// Marks `task` done. Gives the places of the dependents that are ready by that, the most urgent last.
    pub(super) fn done(&mut self, task: TaskId) -> Vec<Place> {
        self.set_status(task, Status::Done);
        self.done += 1;
        let graph = self.graph.clone();
        let mut ready = Vec::new();
        for dependent in graph.dependents(task) {
            let missing = &mut self.missing[dependent.index()];
            *missing -= 1;
            if *missing == 0 {
                self.set_status(dependent, Status::Ready);
                self.ready.insert(self.order.rank(dependent));
                ready.push(self.place(dependent));
            }
        }
        ready.sort_unstable_by(|a, b| b.cmp(a));
        self.advance();
        ready
    }

    /// Moves the head over what is done. What it reaches is no longer premature.
    fn advance(&mut self) {
        while let Some(task) = self.head() {
            self.premature_released(task);
            if self.status(task) != Status::Done {
                break;
            }
            self.head += 1;
        }
    }

    /// Whether `task`, which is not the head, fits the premature budget.
    pub(super) fn fits_premature(&self, task: TaskId) -> bool {
        self.premature_bytes.saturating_add(self.own_bytes(task)) <= self.budget.premature
    }

    /// Bytes of premature outputs that can't be evicted.
    pub(super) fn premature_stuck(&self) -> u64 {
        self.premature_stuck
    }

    /// The part of a task's output that can't be evicted.
    pub(super) fn stuck_bytes(&self, task: TaskId) -> u64 {
        if self.roles.evictable[task.index()] { 0 } else { self.output_bytes(task) }
    }

    pub(super) fn premature_granted(&mut self, task: TaskId) {
        let (bytes, output) = (self.own_bytes(task), self.output_bytes(task));
        let held = Premature { bytes, output, stuck: self.stuck_bytes(task) };
        self.premature_bytes += held.bytes;
        self.premature_stuck += held.stuck;
        self.premature.insert(task, held);
    }

    /// The workspace of a premature task is free again; its output remains.
    pub(super) fn premature_ended(&mut self, task: TaskId) {
        if let Some(held) = self.premature.get_mut(&task) {
            self.premature_bytes -= held.bytes - held.output;
            held.bytes = held.output;
        }
    }

    pub(super) fn premature_released(&mut self, task: TaskId) {
        if let Some(held) = self.premature.remove(&task) {
            self.premature_bytes -= held.bytes;
            self.premature_stuck -= held.stuck;
        }
    }

    /// The keys of the tasks that needed `task`, nearest first.
    pub(super) fn needed_by(&self, task: TaskId) -> Vec<String> {
        needed_by(&self.graph, &self.order, task)
    }
}

/// The keys of the tasks that needed `task`, nearest first.
pub(super) fn needed_by(graph: &Graph, order: &Order, task: TaskId) -> Vec<String> {
    let nearest = |task: &TaskId| graph.dependents(*task).min_by_key(|&reader| order.rank(reader));
    std::iter::successors(nearest(&task), nearest).take(CHAIN).map(|task| graph.key(task).to_string()).collect()
}
