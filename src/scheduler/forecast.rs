//! What the workers would evict in a given order, and have again: the order replayed with next-use eviction.
//!
//! The tasks are replayed one by one. Beside each, those that come next have what they draw of their own, as many as there
//! are other workers: without that room only one worker at a time finds memory in the long run, as running ahead of the
//! head has nothing written that was not expected here.

use std::collections::BTreeSet;

use super::plan::{Roles, Traffic, inputs, output_bytes};
use crate::graph::{Graph, Order, TaskId, Work};
use crate::spill::STAGING;

/// What goes to scratch and comes back, or is made again, when `workers` at a time of the tasks run in `order` with `room`
/// bytes for chunks and workspace; and which outputs are evicted. A chunk that was spilled once keeps its frame: evicting it
/// again costs nothing. Roots that are cheap to redo are taken to be redone. `held` are the chunks that the session holds,
/// and where.
pub(super) fn traffic(
    graph: &Graph,
    order: &Order,
    roles: &Roles,
    room: u64,
    workers: usize,
    held: &[(TaskId, Residence)],
) -> (Traffic, Vec<bool>) {
    let mut forecast = Forecast {
        graph,
        roles,
        room,
        resident: BTreeSet::new(),
        state: vec![Residence::Nowhere; graph.len()],
        readers: graph.tasks().map(|task| sorted_readers(graph, order, task)).collect(),
        used: 0,
        traffic: Traffic::default(),
        evicted: vec![false; graph.len()],
    };
    for &(task, place) in held {
        forecast.put(task, place);
    }
    let tasks: Vec<TaskId> = order.sequence().iter().copied().filter(|&task| !is_held(graph, task)).collect();
    let own = |task: &TaskId| output_bytes(graph, *task).saturating_add(graph.cost(*task).workspace);
    let mut beside: u64 = tasks.iter().take(workers).map(own).fold(0, u64::saturating_add);
    for (at, task) in tasks.iter().enumerate() {
        beside = beside.saturating_sub(own(task));
        forecast.run(*task, beside);
        beside = beside.saturating_add(tasks.get(at + workers).map_or(0, own));
    }
    (forecast.traffic, forecast.evicted)
}

/// Where a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Residence {
    Nowhere,
    /// In memory; `true` where a frame exists too.
    Memory(bool),
    Scratch,
}

struct Forecast<'a> {
    graph: &'a Graph,
    roles: &'a Roles,
    room: u64,
    /// Chunks in memory that may go, by next use.
    resident: BTreeSet<(u32, TaskId)>,
    state: Vec<Residence>,
    /// Ranks of the readers that have not run, the next one last.
    readers: Vec<Vec<u32>>,
    used: u64,
    traffic: Traffic,
    evicted: Vec<bool>,
}

fn is_held(graph: &Graph, task: TaskId) -> bool {
    matches!(graph.work(task), Work::Held(_))
}

fn sorted_readers(graph: &Graph, order: &Order, task: TaskId) -> Vec<u32> {
    let mut ranks: Vec<u32> = graph.dependents(task).map(|reader| order.rank(reader)).collect();
    ranks.sort_unstable_by(|a, b| b.cmp(a));
    ranks
}

impl Forecast<'_> {
    fn next_use(&self, task: TaskId) -> u32 {
        self.readers[task.index()].last().copied().unwrap_or(u32::MAX)
    }

    fn put(&mut self, task: TaskId, place: Residence) {
        self.state[task.index()] = place;
        if place != Residence::Scratch {
            self.used += output_bytes(self.graph, task);
            self.offer(task);
        }
    }

    fn run(&mut self, task: TaskId, beside: u64) {
        let inputs = inputs(self.graph, task);
        for &input in &inputs {
            // Inputs are pinned: out of the running for eviction.
            self.resident.remove(&(self.next_use(input), input));
        }
        let output = output_bytes(self.graph, task);
        let (loads, passing) = self.missing(&inputs);
        let own = output.saturating_add(self.graph.cost(task).workspace);
        self.make_room(loads.saturating_add(passing).saturating_add(own).saturating_add(beside));
        inputs.iter().for_each(|&input| self.bring_back(input));
        for &input in &inputs {
            // Tasks run in the order: the reader that runs now is the next one.
            self.readers[input.index()].pop();
            let kept = self.roles.wanted[input.index()] || is_held(self.graph, input);
            if self.readers[input.index()].is_empty() && !kept {
                self.used = self.used.saturating_sub(output_bytes(self.graph, input));
                self.state[input.index()] = Residence::Nowhere;
            } else {
                self.offer(input);
            }
        }
        if self.roles.wanted[task.index()] || !self.readers[task.index()].is_empty() {
            self.put(task, Residence::Memory(false));
        }
    }

    /// What a grant charges for inputs that are not in memory: their bytes, and what bringing them back takes for a while.
    fn missing(&self, inputs: &[TaskId]) -> (u64, u64) {
        let (mut loads, mut staging, mut redo) = (0_u64, 0, 0);
        for &input in inputs.iter().filter(|input| self.state[input.index()] == Residence::Scratch) {
            loads = loads.saturating_add(output_bytes(self.graph, input));
            if self.roles.redoable[input.index()] {
                redo = redo.max(self.graph.cost(input).workspace);
            } else {
                staging = STAGING;
            }
        }
        (loads, redo.saturating_add(staging))
    }

    fn bring_back(&mut self, input: TaskId) {
        if self.state[input.index()] == Residence::Scratch {
            let bytes = output_bytes(self.graph, input);
            let redone = self.roles.redoable[input.index()];
            let sum = if redone { &mut self.traffic.redone } else { &mut self.traffic.reloaded };
            *sum = sum.saturating_add(bytes);
            self.state[input.index()] = Residence::Memory(!redone);
            self.used += bytes;
        }
    }

    fn offer(&mut self, task: TaskId) {
        if self.roles.evictable[task.index()] {
            self.resident.insert((self.next_use(task), task));
        }
    }

    fn make_room(&mut self, bytes: u64) {
        while self.used.saturating_add(bytes) > self.room {
            let Some((_, victim)) = self.resident.pop_last() else { return };
            let size = output_bytes(self.graph, victim);
            self.evicted[victim.index()] = true;
            if self.state[victim.index()] == Residence::Memory(false) && !self.roles.redoable[victim.index()] {
                self.traffic.spilled = self.traffic.spilled.saturating_add(size);
            }
            self.state[victim.index()] = Residence::Scratch;
            self.used = self.used.saturating_sub(size);
        }
    }
}
