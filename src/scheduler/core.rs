//! The scheduler's decisions: which task is granted its memory, what is evicted for it, what a finished task frees.
//!
//! A pure machine: no threads, no system calls (but that spare memory is given up), no user code. The workers call it under
//! one mutex and carry out the [`Effects`] that it returns after unlocking (**D2**).
//!
//! **Grants.** A task is granted all it needs in one step, or nothing: its inputs are pinned, and the bytes of those that
//! are on scratch, of its output and of its workspace are charged. Who is not granted holds no pin and no bytes; who is
//! granted asks for nothing more, hence finishes. There is no hold and wait, so no deadlock.
//!
//! - The *head*, the least unfinished task of the oldest run, may evict any unpinned chunk.
//! - A task ahead of its run's head must fit the premature budget `B`. If its output can't be evicted it must leave what
//!   all runs may still need (`G(h)`). It may evict only chunks that are needed later than it is, and have only those
//!   written that are [forecast](super::forecast) to be: running ahead must not cost more than waiting.
//! - While something more urgent is queued, a task is granted only if it fits as things are and frees at least what it
//!   charges.
//!
//! Every grant finishes one task, and the evictions between two grants are finite: no livelock. Where nothing is under
//! way and the head is not granted, the run ends with the reason (**M4**).
//!
//! **Beside an ample run** (see [`ample`](super::ample)) the limit is less by that run's stated peak, so that it finds all
//! it was promised. What it holds already counts twice by that: these runs may have to wait for it where a finer count
//! would not, but for nothing else, and not for ever.

mod admit;
mod ending;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use super::Shared;
use super::job::{Failure, Finished, Job, Made, Write};
use super::outcome::Announce;
use super::plan::inputs;
use super::run::{Place, Run, Status};
use crate::chunk::{Spare, charge};
use crate::config::Eviction;
use crate::error::{Error, Result};
use crate::event::RunId;
use crate::graph::{Graph, Size, TaskId};
use crate::memory::{
    Garbage, Grant, Ledger, Loaded, Missing, NewChunk, Origin, SlotId, Slots, Stored, Ways, WriteJob, Writing,
};
use crate::spill::{Frame, STAGING};

/// How many chunks are written ahead of need at a time: one lane writes them, and should find the next one there.
const CLEANING: usize = 2;

/// Of small chunks more are, so that the disk has something to do: so many, of so many bytes.
const CLEANING_SMALL: usize = 32;
const CLEANING_BYTES: u64 = 16 << 20;

/// The inputs of so many tasks are read ahead.
const AHEAD: usize = 8;

/// What must be done after unlocking.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) writes: Vec<Write>,
    /// Frames that will be read soon.
    pub(super) prefetches: Vec<Frame>,
    /// How many sleeping workers there is something new for.
    pub(super) wake: usize,
    pub(super) garbage: Garbage,
    /// Tasks that have to wait for memory, where anybody wants to know.
    pub(super) queued: Vec<Queued>,
    // Dropped last: an end is announced when what went before has gone.
    pub(super) ended: Vec<Run>,
    pub(super) announces: Vec<Arc<Announce>>,
}

impl Effects {
    fn is_idle(&self) -> bool {
        self.writes.is_empty() && self.wake == 0 && self.garbage.is_empty() && self.ended.is_empty()
    }

    fn wake_all(&mut self) {
        self.wake = usize::MAX;
    }

    fn wake_one(&mut self) {
        self.wake = self.wake.saturating_add(1);
    }
}

/// A task that has to wait for memory.
#[derive(Debug)]
pub(super) struct Queued {
    graph: Arc<Graph>,
    task: TaskId,
    announce: Arc<Announce>,
}

impl Queued {
    pub(super) fn new(graph: Arc<Graph>, task: TaskId, announce: Arc<Announce>) -> Self {
        Self { graph, task, announce }
    }

    pub(super) fn tell(&self) {
        self.announce.tell_queued(&self.graph, self.task);
    }
}

/// What granting a task charges, and what its end will free of that and of its inputs.
#[derive(Clone, Copy, Debug)]
struct Need {
    charges: u64,
    /// Of that, what is for inputs that are brought back.
    loads: u64,
    frees: u64,
}

pub(super) struct Core {
    pub(super) slots: Slots,
    ledger: Arc<Ledger>,
    /// Where handles of kept chunks are given back.
    home: Weak<Shared>,
    runs: BTreeMap<u32, Run>,
    next_run: u32,
    queued: BTreeSet<Place>,
    /// Granted tasks that no worker has taken yet.
    granted: VecDeque<Job>,
    /// Whether tasks or runs wait for memory, for readers without the lock.
    short: Arc<AtomicBool>,
    /// Granted tasks and writes that are not finished, and the writes alone.
    busy: usize,
    writes: usize,
    /// Bytes of chunks that are being written.
    writing: u64,
    /// Bytes of chunks that are being dropped, outside of the lock.
    leaving: u64,
    /// Bytes of chunks that the session keeps, and of those that can't be evicted.
    held: u64,
    held_stuck: u64,
    /// The sum of what the active runs were said to take: chunks that are being dropped still count, so that a grant may
    /// have to wait for them although nothing needs to be evicted.
    stated: u64,
    /// The reason why nothing can be written to scratch at present.
    scratch_failure: Option<Error>,
    load_failure: Option<Error>,
    /// What the ample run that is under way was promised.
    ample: Option<Reserve>,
    /// Whether there are runs here, for readers without the lock.
    active: Arc<AtomicBool>,
}

/// What was promised to an ample run: it never asks for more.
#[derive(Clone, Copy, Debug)]
struct Reserve {
    /// Its stated peak.
    peak: u64,
    floor: u64,
}

/// What the core tells those who don't take its lock.
#[derive(Clone, Debug, Default)]
pub(super) struct Flags {
    /// Tasks or runs wait for memory.
    pub(super) short: Arc<AtomicBool>,
    /// There are runs.
    pub(super) active: Arc<AtomicBool>,
}

impl Core {
    pub(super) fn new(ledger: Arc<Ledger>, policy: Eviction, flags: Flags, home: Weak<Shared>) -> Self {
        Self {
            slots: Slots::new(policy),
            ledger,
            home,
            runs: BTreeMap::new(),
            next_run: 0,
            queued: BTreeSet::new(),
            granted: VecDeque::new(),
            short: flags.short,
            busy: 0,
            writes: 0,
            writing: 0,
            leaving: 0,
            held: 0,
            held_stuck: 0,
            stated: 0,
            scratch_failure: None,
            load_failure: None,
            ample: None,
            active: flags.active,
        }
    }

    fn is_short(&self) -> bool {
        !self.queued.is_empty() || self.runs.values().any(|run| !run.admitted)
    }

    /// A task that was granted for whoever comes first. It must be taken before any other is claimed: a task waits only
    /// for inputs that tasks granted before it load, so these must be in some worker's hands.
    pub(super) fn take_granted(&mut self) -> Option<Job> {
        self.granted.pop_front()
    }

    /// The most urgent task of the run of `place` that may be claimed in its stead: what another worker has left lies far
    /// behind the head, and what is made there fills the premature budget until the head comes to it.
    pub(super) fn nearest(&self, place: Place) -> Place {
        self.runs.get(&place.run()).filter(|run| run.is_active()).map_or(place, |run| run.nearest(place))
    }

    /// Claims the task at `place`, if it is still to be had.
    pub(super) fn claim(&mut self, place: Place, effects: &mut Effects) -> Option<Job> {
        let run = self.runs.get_mut(&place.run()).filter(|run| run.is_active())?;
        let task = run.order.sequence()[place.rank() as usize];
        if run.status(task) != Status::Ready {
            return None;
        }
        if let Some(job) = self.try_grant(place, effects) {
            return Some(job);
        }
        if let Some(run) = self.runs.get_mut(&place.run()) {
            effects.queued.extend(run.queue(task));
        }
        self.queued.insert(place);
        // First said, then tried again: bytes that are given back in between are seen here, or by the giver.
        self.short.store(true, Ordering::SeqCst);
        self.pump(effects);
        None
    }

    /// A task that was granted for whoever comes first, else the next root of the oldest run that has one. No roots are
    /// begun while something waits for memory.
    pub(super) fn next(&mut self, effects: &mut Effects) -> Option<Job> {
        if self.is_short() {
            self.pump(effects);
        }
        while self.granted.is_empty() && !self.is_short() {
            let root = |run: &mut Run| if run.is_active() { run.next_root() } else { None };
            let place = self.runs.values_mut().find_map(root)?;
            if let Some(job) = self.claim(place, effects) {
                return Some(job);
            }
        }
        self.granted.pop_front()
    }

    /// Grants what is queued, from the most urgent on, until one does not fit; then lets runs begin that wait.
    pub(super) fn pump(&mut self, effects: &mut Effects) {
        if !self.queued.is_empty() {
            self.queue_heads(effects);
            while let Some(&place) = self.queued.first() {
                let Some(job) = self.try_grant(place, effects) else { break };
                self.queued.remove(&place);
                self.granted.push_back(job);
                effects.wake_one();
            }
        }
        self.admit_waiting(effects);
        if !self.is_short() && self.short.swap(false, Ordering::SeqCst) {
            self.slots.stop_ranking();
            // Roots may be begun again.
            effects.wake_all();
        }
    }

    /// Heads that nobody has claimed yet join the queue: they must not lie in a busy worker's deque.
    fn queue_heads(&mut self, effects: &mut Effects) {
        for run in self.runs.values_mut().filter(|run| run.is_active()) {
            if let Some(head) = run.head()
                && run.status(head) == Status::Ready
            {
                effects.queued.extend(run.queue(head));
                self.queued.insert(run.place(head));
            }
        }
    }

    /// The one step that pins and charges all that the task at `place` needs, or nothing.
    fn try_grant(&mut self, place: Place, effects: &mut Effects) -> Option<Job> {
        let oldest = self.runs.keys().next().copied();
        let run = self.runs.get(&place.run())?;
        let task = run.order.sequence()[place.rank() as usize];
        let is_head = run.head() == Some(task);
        if !is_head {
            let stuck = run.stuck_bytes(task);
            if !run.fits_premature(task) || (stuck > 0 && stuck > self.spare_for_stuck()) {
                return None;
            }
        }
        let need = self.need(run, task);
        let behind = self.queued.first().is_some_and(|&first| first < place);
        if behind && need.frees < need.charges {
            return None;
        }
        let Some(spares) = self.ledger.try_grant_within(need.charges, self.cap()) else {
            if behind {
                return None;
            }
            let any = is_head && oldest == Some(place.run());
            let writing = if is_head { Writing::Anything } else { Writing::Expected };
            self.make_room(need.charges, (!any).then(|| place.next_use()), writing, effects);
            return None;
        };
        let job = self.grant(place, task, need, spares, is_head);
        self.prefetch(place.run(), effects);
        Some(job)
    }

    /// Has the inputs on scratch of the tasks that come next read ahead, while what was granted runs.
    fn prefetch(&mut self, run: u32, effects: &mut Effects) {
        let Some(run) = self.runs.get(&run).filter(|run| !run.budget.evicted.is_empty()) else { return };
        for task in run.upcoming(AHEAD) {
            for input in run.graph.dependencies(task) {
                effects.prefetches.extend(run.slot(input).and_then(|slot| self.slots.announce(slot)));
            }
        }
    }

    fn grant(&mut self, place: Place, task: TaskId, need: Need, spares: Vec<Spare>, is_head: bool) -> Job {
        let Need { charges: bytes, loads, .. } = need;
        let run = self.runs.get_mut(&place.run()).expect("the run was just looked up");
        if !is_head {
            run.premature_granted(task);
        }
        run.set_status(task, Status::Running);
        run.running += 1;
        self.busy += 1;
        let elastic = matches!(run.graph.cost(task).output, Size::Estimated(_));
        let grant = Grant::with_spares(self.ledger.clone(), bytes, elastic, spares);
        let mut inputs = Vec::with_capacity(run.graph.dependencies(task).len());
        for input in run.graph.dependencies(task) {
            let slot = run.slot(input).expect("an input is there until its last reader");
            inputs.push((slot, self.slots.pin(slot)));
        }
        Job { run: run.id, task, graph: run.graph.clone(), inputs, grant, loads, announce: run.announce.clone() }
    }

    fn need(&self, run: &Run, task: TaskId) -> Need {
        let cost = run.graph.cost(task);
        let (mut load, mut frees) = (0_u64, cost.workspace);
        let (mut staging, mut redo) = (0, 0);
        for input in inputs(&run.graph, task) {
            let Some(slot) = run.slot(input) else { continue };
            match self.slots.missing(slot) {
                Missing::Nothing => {}
                Missing::Load { bytes, redoable } => {
                    load = load.saturating_add(bytes);
                    staging = STAGING;
                    if redoable {
                        // Should its frame be damaged.
                        redo = redo.max(run.graph.cost(input).workspace);
                    }
                }
                Missing::Redo(bytes) => {
                    load = load.saturating_add(bytes);
                    redo = redo.max(run.graph.cost(input).workspace);
                }
            }
            if run.is_last_reader(input) {
                frees += self.slots.bytes(slot);
            }
        }
        // What bringing inputs back takes for a while, one input after the other.
        let passing = staging.saturating_add(redo);
        // A part is charged already, with what it is part of.
        let output = if cost.at_once { 0 } else { run.output_bytes(task) };
        let own = output.saturating_add(cost.workspace).saturating_add(passing);
        Need { charges: load.saturating_add(own), loads: load, frees: frees.saturating_add(passing) }
    }

    /// What premature outputs that can't be evicted may still take, so that every run can go on.
    fn spare_for_stuck(&self) -> u64 {
        let needed: u64 = self.runs.values().map(|run| run.floor_now() + run.premature_stuck()).sum();
        self.ledger.limit().saturating_sub(needed).saturating_sub(self.held_stuck)
    }

    /// Chooses what goes so that `bytes` can be charged.
    fn make_room(&mut self, bytes: u64, after: Option<u64>, writing: Writing, effects: &mut Effects) {
        let free = self.room().saturating_sub(self.ledger.charged_beside(bytes));
        let missing = bytes.saturating_sub(free).saturating_sub(self.leaving);
        let writing = if self.scratch_failure.is_some() { Writing::Nothing } else { writing };
        let (garbage, writes) = self.slots.evict(missing, after, writing);
        self.collect(garbage, effects);
        for job in writes {
            self.begin_write(job, effects);
        }
    }

    fn collect(&mut self, garbage: Garbage, effects: &mut Effects) {
        self.leaving += garbage.leaving;
        effects.garbage.append(garbage);
    }

    /// No run that is active now is announced as over before these effects are carried out.
    pub(super) fn hold_announcements(&self, effects: &mut Effects) {
        effects.announces.extend(self.runs.values().map(|run| run.announce.clone()));
    }

    /// Chunks of so many bytes have been dropped, and perhaps frames: what they took may be granted.
    pub(super) fn dropped(&mut self, bytes: u64, frames: bool, effects: &mut Effects) {
        self.leaving -= bytes;
        if frames {
            self.scratch_failure = None;
        }
        self.pump(effects);
    }

    /// A write has ended.
    pub(super) fn written(&mut self, slot: SlotId, bytes: u64, outcome: Result<Stored>, effects: &mut Effects) {
        self.busy -= 1;
        self.writes -= 1;
        self.writing -= bytes;
        let stored = outcome.map_err(|error| self.scratch_failure = Some(error)).ok();
        let garbage = self.slots.written(slot, stored);
        self.collect(garbage, effects);
        self.pump(effects);
        if self.busy == 0 && self.is_short() {
            // The thread that writes can't tell whether anything is left to be done: a worker must look.
            effects.wake_one();
        }
    }

    /// A load has ended. The chunk is then there for whoever waits for it, or the error is. Gives what is to be dropped
    /// without the lock: a frame that was of no use.
    pub(super) fn loaded(&mut self, slot: SlotId, outcome: Result<Loaded>) -> Option<Stored> {
        match outcome {
            Ok(loaded) => self.slots.loaded(slot, Some(loaded)),
            Err(error) => {
                self.load_failure = Some(error);
                self.slots.loaded(slot, None)
            }
        }
    }

    /// The error with which a chunk could not be loaded that another task waited for.
    pub(super) fn load_failure(&self) -> Error {
        self.load_failure.clone().unwrap_or(Error::Cancelled)
    }

    /// A granted task has ended. Gives the tasks that are ready by that, the most urgent last.
    pub(super) fn complete(
        &mut self,
        done: Finished,
        made: Result<Made, Failure>,
        effects: &mut Effects,
    ) -> Vec<Place> {
        self.busy -= 1;
        let mut ready = Vec::new();
        let Some(mut run) = self.runs.remove(&done.run) else { return ready };
        run.running -= 1;
        run.premature_ended(done.task);
        if let Ok(made) = &made {
            run.learn(done.task, made.retained);
        }
        match made {
            Ok(made) if run.failure.is_none() => {
                ready = run.done(done.task);
                self.keep(&mut run, done.task, made, effects);
            }
            Ok(made) => effects.garbage.push(made.chunk, made.charge),
            Err(failure) => {
                let error = failure.of(&run.graph, done.task, run.needed_by(done.task));
                run.failure.get_or_insert(error);
            }
        }
        let graph = run.graph.clone();
        for (input, &slot) in graph.dependencies(done.task).zip(&done.inputs) {
            self.slots.unpin(slot, run.next_use(input));
        }
        if run.failure.is_none() {
            for input in inputs(&graph, done.task) {
                if let Some(slot) = run.reader_done(input) {
                    let garbage = self.slots.release(slot);
                    self.collect(garbage, effects);
                }
            }
        }
        let spills = !run.budget.evicted.is_empty();
        self.runs.insert(done.run, run);
        self.finish_if_over(done.run, effects);
        if self.is_short() {
            self.pump(effects);
        }
        if spills {
            self.clean_ahead(effects);
        }
        ready
    }

    /// Keeps a task's value for its readers.
    fn keep(&mut self, run: &mut Run, task: TaskId, made: Made, effects: &mut Effects) {
        if !run.is_needed(task) {
            run.premature_released(task);
            effects.garbage.push(made.chunk, made.charge);
            return;
        }
        // What is only to be made again is never written: its readers reserve no staging for loading it.
        let spillable = run.roles.evictable[task.index()] && run.graph.cost(task).spillable;
        let slot = self.slots.insert(NewChunk {
            chunk: made.chunk,
            bytes: made.encoded.map_or(made.retained, charge),
            charge: made.charge,
            ways: Ways {
                spill: made.encoded.is_some() && spillable,
                redo: run.roles.redoable[task.index()].then_some(made.took),
                clean_ahead: run.is_evicted(task),
            },
            origin: Origin { run: RunId::new(run.id), task, key: run.graph.key(task).clone() },
            next_use: run.next_use(task),
        });
        run.set_slot(task, slot);
    }

    /// Writes a chunk that will have to leave while there is room yet, so that nobody has to wait for that later: where
    /// more than half of the room is taken, and little is being written.
    fn clean_ahead(&mut self, effects: &mut Effects) {
        let filled = self.ledger.charged() > self.room() / 2;
        if !filled || self.scratch_failure.is_some() {
            return;
        }
        while self.writes < CLEANING || (self.writes < CLEANING_SMALL && self.writing < CLEANING_BYTES) {
            let Some(job) = self.slots.clean_ahead() else { return };
            self.begin_write(job, effects);
        }
    }

    fn begin_write(&mut self, job: WriteJob, effects: &mut Effects) {
        self.busy += 1;
        self.writes += 1;
        self.writing += job.bytes;
        let announce = self.runs.get(&job.origin.run.number()).map(|run| run.announce.clone());
        effects.writes.push(Write { job, announce });
    }

    /// Stops a run: nothing more of it is begun.
    pub(super) fn fail(&mut self, run: u32, error: Error, effects: &mut Effects) {
        if let Some(run) = self.runs.get_mut(&run) {
            run.failure.get_or_insert(error);
        }
        self.finish_if_over(run, effects);
        self.pump(effects);
    }

    /// Stops all runs.
    pub(super) fn fail_all(&mut self, error: &Error, effects: &mut Effects) {
        let runs: Vec<u32> = self.runs.keys().copied().collect();
        for run in runs {
            self.fail(run, error.clone(), effects);
        }
    }

    /// Grants what can be granted. Where nothing can, nothing is under way, and the oldest run waits for memory, nobody
    /// will ever give it back: the run ends. Whether there is something new.
    pub(super) fn end_if_stuck(&mut self, being_dropped: usize, effects: &mut Effects) -> bool {
        self.pump(effects);
        // An ample run gives back what it has, in the end.
        if !effects.is_idle() || self.busy > 0 || being_dropped > 0 || self.ample.is_some() {
            return !effects.is_idle();
        }
        let Some(run) = self.runs.values().next() else { return false };
        let head = run.head().filter(|&head| run.status(head) == Status::Queued);
        let (task, needed) = match head {
            _ if !run.admitted => ("the run".to_owned(), run.budget.fixed),
            Some(head) => (format!("task {}", run.graph.key(head)), self.need(run, head).charges),
            None => return false,
        };
        let needed = needed.saturating_add(self.ledger.charged_beside(needed));
        let error = self.scratch_failure.clone().unwrap_or_else(|| self.memory_limit(task, needed));
        self.fail(run.id, error, effects);
        true
    }

    /// A handle has gone.
    pub(super) fn let_go(&mut self, slot: SlotId, bytes: u64, stuck: u64, effects: &mut Effects) {
        self.held -= bytes;
        self.held_stuck -= stuck;
        let garbage = self.slots.release(slot);
        self.collect(garbage, effects);
    }

    /// Gives up everything, at the end of the session.
    pub(super) fn release_all(&mut self) -> Garbage {
        self.slots.release_all()
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("runs", &self.runs.len())
            .field("queued", &self.queued.len())
            .finish_non_exhaustive()
    }
}
