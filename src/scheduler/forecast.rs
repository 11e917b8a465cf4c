//! What one worker in a given order would evict, and have again: the order replayed with next-use eviction.

use std::collections::BTreeSet;

use super::plan::{Roles, Traffic, inputs, output_bytes};
use crate::graph::{Graph, Order, TaskId, Work};

/// What goes to scratch and comes back, or is made again, when the tasks run in `order` with `room` bytes for chunks and
/// workspace; and which outputs are evicted. A chunk that was spilled once keeps its frame: evicting it again costs
/// nothing. Roots that are cheap to redo are taken to be redone.
pub(super) fn traffic(graph: &Graph, order: &Order, roles: &Roles, room: u64) -> (Traffic, Vec<bool>) {
    let mut forecast = Forecast {
        graph,
        roles,
        room,
        resident: BTreeSet::new(),
        state: vec![Place::Nowhere; graph.len()],
        readers: graph.tasks().map(|task| sorted_readers(graph, order, task)).collect(),
        used: 0,
        traffic: Traffic::default(),
        evicted: vec![false; graph.len()],
    };
    for &task in order.sequence() {
        forecast.run(task);
    }
    (forecast.traffic, forecast.evicted)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
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
    state: Vec<Place>,
    /// Ranks of the readers that have not run, the next one last.
    readers: Vec<Vec<u32>>,
    used: u64,
    traffic: Traffic,
    evicted: Vec<bool>,
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

    fn run(&mut self, task: TaskId) {
        let inputs = inputs(self.graph, task);
        for &input in &inputs {
            // Inputs are pinned: out of the running for eviction.
            self.resident.remove(&(self.next_use(input), input));
            if matches!(self.state[input.index()], Place::Scratch) {
                let bytes = output_bytes(self.graph, input);
                self.make_room(bytes);
                let redone = self.roles.redoable[input.index()];
                let sum = if redone { &mut self.traffic.redone } else { &mut self.traffic.reloaded };
                *sum = sum.saturating_add(bytes);
                self.state[input.index()] = Place::Memory(!redone);
                self.used += bytes;
            }
        }
        let output = output_bytes(self.graph, task);
        let kept = self.roles.wanted[task.index()] || !self.readers[task.index()].is_empty();
        if !matches!(self.graph.work(task), Work::Held(_)) {
            self.make_room(output.saturating_add(self.graph.cost(task).workspace));
        }
        for &input in &inputs {
            // Tasks run in the order: the reader that runs now is the next one.
            self.readers[input.index()].pop();
            if self.readers[input.index()].is_empty() && !self.roles.wanted[input.index()] {
                self.used = self.used.saturating_sub(output_bytes(self.graph, input));
                self.state[input.index()] = Place::Nowhere;
            } else {
                self.offer(input);
            }
        }
        if kept {
            self.used += output;
            self.state[task.index()] = Place::Memory(false);
            self.offer(task);
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
            if self.state[victim.index()] == Place::Memory(false) && !self.roles.redoable[victim.index()] {
                self.traffic.spilled = self.traffic.spilled.saturating_add(size);
            }
            self.state[victim.index()] = Place::Scratch;
            self.used = self.used.saturating_sub(size);
        }
    }
}
