//! How the core takes on runs: which are refused, which begin at once, which fit as a whole.

use std::sync::atomic::Ordering;

use super::{Core, Effects, Reserve};
use crate::chunk::{Account, Chunk};
use crate::error::Result;
use crate::graph::TaskId;
use crate::memory::{NEVER, Pinned, SlotId, Writing};
use crate::scheduler::run::{NewRun, Place, Run};

impl Core {
    /// Bytes that a run finds taken, or that may come back: of chunks that the session keeps, and of results that the user
    /// still has.
    pub(in crate::scheduler) fn held(&self) -> u64 {
        let alone = self.runs.is_empty() && self.ample.is_none();
        // Without runs all chunks are kept ones.
        let results = || self.ledger.charged().saturating_sub(self.slots.resident_bytes());
        if alone { self.held.saturating_add(results()) } else { self.held }
    }

    pub(in crate::scheduler) fn take_run_id(&mut self) -> u32 {
        self.next_run += 1;
        self.next_run
    }

    /// What all runs here may have charged: the limit, without what an ample run was promised.
    pub(super) fn room(&self) -> u64 {
        self.ledger.limit().saturating_sub(self.ample.map_or(0, |reserve| reserve.peak))
    }

    /// What may be charged: what was stated, within that.
    pub(super) fn cap(&self) -> u64 {
        self.stated.min(self.room())
    }

    /// Tells whether there are runs.
    pub(super) fn show_active(&self) {
        self.active.store(!self.runs.is_empty(), Ordering::SeqCst);
    }

    /// Whether a run with this floor can be taken on beside those that are active.
    pub(in crate::scheduler) fn check_room(&self, floor: u64, floor_task: &str) -> Result<()> {
        let others: u64 = self.runs.values().map(Run::floor_now).sum();
        let others = others.saturating_add(self.ample.map_or(0, |reserve| reserve.floor));
        let needed = floor.saturating_add(others).saturating_add(self.held_stuck);
        if needed <= self.ledger.limit() {
            return Ok(());
        }
        let task = match self.runs.len() + usize::from(self.ample.is_some()) {
            0 => format!("task {floor_task}"),
            1 => format!("task {floor_task}, beside another run,"),
            more => format!("task {floor_task}, beside {more} other runs,"),
        };
        Err(self.memory_limit(task, needed))
    }

    /// Takes on an ample run, if `new` is alone, fits without evicting anything, and finds what it needs of the session's
    /// chunks in memory: these, pinned.
    pub(in crate::scheduler) fn admit_ample(&mut self, new: &NewRun) -> Option<Vec<(TaskId, SlotId, Chunk)>> {
        let plan = &new.budget.plan;
        let alone = self.runs.is_empty() && self.ample.is_none();
        // What was held when the plan was made may have grown since.
        let fits = plan.unbounded_peak() <= self.ledger.limit() && self.held() <= plan.held();
        let resident = new.held.iter().all(|&(_, slot)| self.slots.resident(slot).is_some());
        if !alone || !fits || !resident || !self.ledger.try_charge(new.budget.fixed) {
            return None;
        }
        self.ample = Some(Reserve { peak: plan.stated_peak().bytes(), floor: plan.floor().bytes() });
        let mut held = Vec::with_capacity(new.held.len());
        for &(task, slot) in &new.held {
            if let Pinned::Ready(chunk) = self.slots.pin(slot) {
                held.push((task, slot, chunk));
            }
        }
        Some(held)
    }

    /// An ample run has ended, and nobody has anything of it in hand but its results. Gives back what it was promised.
    pub(in crate::scheduler) fn end_ample(
        &mut self,
        pinned: impl Iterator<Item = SlotId>,
        fixed: u64,
        effects: &mut Effects,
    ) {
        pinned.for_each(|slot| self.slots.unpin(slot, NEVER));
        self.ledger.release(fixed);
        self.ample = None;
        self.pump(effects);
        effects.wake_all();
    }

    /// Takes on a run. It begins when its fixed charge fits.
    pub(in crate::scheduler) fn admit(&mut self, mut run: Run, effects: &mut Effects) {
        for (task, slot) in run.slots() {
            self.slots.set_next_use(slot, run.next_use(task));
            self.slots.expect_to_leave(slot, run.is_evicted(task));
        }
        let id = run.id;
        // Somebody may have made room since scratch failed, or mended it.
        self.scratch_failure = None;
        let others = if self.runs.is_empty() { self.ample.map_or(0, |reserve| reserve.peak) } else { self.stated };
        self.stated = others.saturating_add(run.budget.plan.unbounded_peak());
        self.runs.insert(id, run);
        self.show_active();
        self.short.store(true, Ordering::SeqCst);
        self.pump(effects);
        self.finish_if_over(id, effects);
    }

    /// Charges what runs need to begin, the oldest first.
    pub(super) fn admit_waiting(&mut self, effects: &mut Effects) {
        while let Some(id) = self.runs.values().find(|run| !run.admitted).map(|run| run.id) {
            let fixed = self.runs[&id].budget.fixed;
            if !self.ledger.try_charge_within(fixed, self.room()) {
                let oldest = self.runs.keys().next() == Some(&id);
                let after = if oldest { None } else { Some(Place::new(id, 0).next_use()) };
                self.make_room(fixed, after, Writing::Anything, effects);
                return;
            }
            if let Some(run) = self.runs.get_mut(&id) {
                run.admitted = true;
            }
            effects.wake_all();
        }
    }
}
