//! How the core ends a run: its results, what is left of it, and why it could not go on.

use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::{Core, Effects};
use crate::chunk::Account;
use crate::error::{Error, Result};
use crate::graph::{TaskId, Work};
use crate::memory::{NEVER, Pinned, SlotId};
use crate::scheduler::held::Held;
use crate::scheduler::job::Job;
use crate::scheduler::outcome::{Keep, Results};
use crate::scheduler::run::Run;
use crate::units::ByteSize;

/// A kept chunk is brought back for a task that reads it, not to be handed over as it is.
const NOT_READ: Error =
    Error::ChunkType { found: "a kept chunk on scratch", expected: "the output of a task: have a task read it" };

/// How many holders of memory an error names.
const HOLDERS: usize = 3;

impl Core {
    pub(super) fn memory_limit(&self, task: String, needed: u64) -> Error {
        let mut holders: Vec<(u64, String)> = Vec::new();
        for run in self.runs.values() {
            let resident = run.slots().into_iter().filter(|&(_, slot)| self.slots.resident(slot).is_some());
            holders.extend(resident.map(|(task, slot)| (self.slots.bytes(slot), run.graph.key(task).to_string())));
        }
        holders.sort_unstable_by(|a, b| b.cmp(a));
        holders.truncate(HOLDERS);
        let holders = holders.into_iter().map(|(bytes, key)| (key, ByteSize::new(bytes))).collect();
        Error::MemoryLimit { task, needed: ByteSize::new(needed), limit: ByteSize::new(self.ledger.limit()), holders }
    }

    /// Ends a run of which nothing is left to be done.
    pub(super) fn finish_if_over(&mut self, id: u32, effects: &mut Effects) {
        let Some(run) = self.runs.get(&id) else { return };
        if run.failure.is_some() {
            self.drop_claims(id, effects);
        }
        let Entry::Occupied(entry) = self.runs.entry(id) else { return };
        if !entry.get().is_over() {
            return;
        }
        let mut run = entry.remove();
        self.show_active();
        let outcome = match run.failure.take() {
            Some(error) => Err(error),
            None => self.results(&mut run),
        };
        for (task, slot) in run.take_slots() {
            if run.is_held(task) {
                self.slots.set_next_use(slot, NEVER);
            } else {
                let garbage = self.slots.release(slot);
                self.collect(garbage, effects);
            }
        }
        if run.admitted {
            self.ledger.release(run.budget.fixed);
        }
        if self.runs.is_empty() {
            self.ledger.close_pool();
        }
        run.announce.set(outcome);
        effects.ended.push(run);
        // Others may have waited for its memory.
        effects.wake_one();
    }

    /// Takes back what was queued or granted for a run that has failed.
    fn drop_claims(&mut self, id: u32, effects: &mut Effects) {
        self.queued.retain(|place| place.run() != id);
        let (mine, others): (Vec<Job>, Vec<Job>) =
            std::mem::take(&mut self.granted).into_iter().partition(|job| job.run == id);
        self.granted = others.into();
        for job in mine {
            self.busy -= 1;
            if let Some(run) = self.runs.get_mut(&id) {
                run.running -= 1;
            }
            for (slot, pinned) in job.inputs {
                match pinned {
                    Pinned::Load { .. } => {
                        self.slots.loaded(slot, None);
                    }
                    Pinned::Ready(chunk) => effects.garbage.push(chunk, None),
                    Pinned::Wait => {}
                }
                self.slots.unpin(slot, NEVER);
            }
            effects.announces.push(job.announce);
        }
    }

    /// Takes a finished run's results out of it.
    fn results(&mut self, run: &mut Run) -> Result<Results> {
        let wanted = run.wanted.clone();
        match run.keep {
            Keep::HandOver => {
                let chunk = |task| run.slot(task).and_then(|slot| self.slots.resident(slot)).ok_or(NOT_READ);
                Ok(Results::Chunks(wanted.into_iter().map(chunk).collect::<Result<_>>()?))
            }
            Keep::Hold => Ok(Results::Held(wanted.into_iter().filter_map(|task| self.hold(run, task)).collect())),
        }
    }

    /// A handle on the output of `task`, which the session keeps from now on.
    fn hold(&mut self, run: &mut Run, task: TaskId) -> Option<Arc<Held>> {
        if let Work::Held(handle) = run.graph.work(task) {
            return handle.clone().downcast().ok();
        }
        let slot = run.slot(task)?;
        if let Some(handle) = run.handles.get(&task) {
            return Some(handle.clone());
        }
        let handle = self.handle(slot, run.stuck_bytes(task));
        run.handles.insert(task, handle.clone());
        Some(handle)
    }

    /// A handle on a chunk that the session keeps from now on, `stuck` bytes of which can't be evicted.
    pub(in crate::scheduler) fn handle(&mut self, slot: SlotId, stuck: u64) -> Arc<Held> {
        let bytes = self.slots.bytes(slot);
        self.held += bytes;
        self.held_stuck += stuck;
        self.slots.set_next_use(slot, NEVER);
        self.slots.keep(slot);
        Arc::new(Held::new(self.home.clone(), slot, bytes, stuck))
    }
}
