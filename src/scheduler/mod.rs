//! Runs graphs on the threads of one session, within its memory limit.
//!
//! - [`plan`] says beforehand what a run needs: stated peak, floor, expected spill.
//! - A run that fits as a whole is [`ample`]: its tasks go through atomic words of their own ([`word`], [`head`]) and take
//!   no global lock. [`current`] is where workers find it, and how it ends.
//! - For all others [`core`] decides: grants, evictions, what a finished task frees. It is a pure machine over the
//!   [`run`]s and the session's slots, under one mutex.
//! - [`worker`] holds the threads that carry out what it decides, [`lane`] the one that writes to scratch; [`bell`] is
//!   how they sleep and wake.
//! - [`outcome`] and [`held`] are what is left of a run.
//! - `simulator` (of the tests) runs the same decisions with up to 128 workers in virtual time, and has the figures.
//!
//! **Locking.** One mutex over [`Core`](core::Core), held for a decision and never while a task runs, a byte is read or
//! written, or a value is dropped (**D2**): what has to be done comes out as `Effects` and is carried out after unlocking.
//! No lock is taken under it but the bell's, which is held for a notification alone.
//!
//! **Wake-up.** Bytes are given back anywhere, also on a user's thread that drops a result. After each release the
//! ledger's hook reads `short`, and rings the bell where something waits for memory; a worker that wakes grants what is
//! queued. No wake-up is lost: whoever queues a task sets `short` first and then tries once more under the lock. So a
//! release either happens before that try and is seen by it, or reads `short` as set and rings; a worker that is about to
//! sleep has read the bell's epoch before its own last try. Likewise the end of the last write, or of the last clean-up,
//! rings where something waits: somebody has to find out whether the session is stuck.

mod ample;
mod bell;
mod core;
mod counters;
mod current;
mod forecast;
mod head;
mod held;
mod job;
mod lane;
mod load;
mod outcome;
mod plan;
mod run;
#[cfg(test)]
mod simulator;
#[cfg(test)]
mod stuck;
#[cfg(test)]
mod trouble;
mod word;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use crossbeam_deque::{Stealer, Worker as Deque};
use parking_lot::{Condvar, Mutex};

use self::ample::Ample;
use self::bell::Bell;
use self::core::{Core, Effects, Flags, Queued};
use self::counters::Counters;
use self::current::Current;
use self::forecast::Residence;
pub(crate) use self::held::Held;
use self::job::Write;
use self::outcome::{Announce, Completion};
pub(crate) use self::outcome::{Keep, Results};
pub use self::plan::Plan;
use self::plan::{Budget, Roles, Setting, budget};
use self::run::{NewRun, Place, Run};
use crate::chunk::{Account, contained};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::event::{Event, Observers, RunId};
use crate::graph::{Graph, Key, Order, TaskId, Work};
use crate::memory::{Ledger, SlotId};
use crate::spill::{Scratch, TierStatus};
use crate::stats::{Gauge, Stats};
use crate::trace;
use crate::units::ByteSize;

/// What the threads of a session share.
#[derive(Debug)]
pub(crate) struct Shared {
    core: Mutex<Core>,
    /// What the core says without being locked.
    flags: Flags,
    /// The ample run, if there is one.
    current: Current,
    /// Told when a chunk has been loaded.
    loads: Condvar,
    bell: Arc<Bell>,
    /// How many effects are being carried out that give bytes back.
    cleanups: AtomicUsize,
    ledger: Arc<Ledger>,
    scratch: Scratch,
    stealers: Vec<Stealer<Place>>,
    /// To the thread that writes; gone when the session ends.
    writes: Mutex<Option<Sender<Write>>>,
    observers: Observers,
    counters: Arc<Counters>,
    shut_down: AtomicBool,
}

impl Shared {
    /// Lets `decide` decide under the lock, then carries out what follows from it.
    fn locked<R>(&self, decide: impl FnOnce(&mut Core, &mut Effects) -> R) -> R {
        let mut effects = Effects::default();
        let result = {
            let mut core = self.core.lock();
            let result = decide(&mut core, &mut effects);
            self.begin(&core, &mut effects);
            result
        };
        self.carry_out(effects);
        result
    }

    /// Counts effects that will give bytes back; under the lock, so that nobody finds the session stuck before, and no
    /// run is announced as over while its bytes or frames are still in this thread's hands (**M6**).
    fn begin(&self, core: &Core, effects: &mut Effects) {
        if !effects.garbage.is_empty() {
            self.cleanups.fetch_add(1, Ordering::SeqCst);
        }
        if !effects.garbage.is_empty() || !effects.prefetches.is_empty() {
            core.hold_announcements(effects);
        }
    }

    fn carry_out(&self, mut effects: Effects) {
        loop {
            // Each is let go before the end of its run is announced.
            std::mem::take(&mut effects.queued).iter().for_each(Queued::tell);
            self.wake(effects.wake);
            self.send(std::mem::take(&mut effects.writes));
            for frame in effects.prefetches.drain(..) {
                frame.prefetch();
                self.counters.add_prefetched(frame.bytes() as u64);
            }
            let garbage = std::mem::take(&mut effects.garbage);
            if garbage.is_empty() {
                break;
            }
            let (leaving, frames) = (garbage.leaving, garbage.frees_scratch());
            garbage.drop_all();
            let mut next = Effects::default();
            {
                let mut core = self.core.lock();
                if leaving > 0 || frames {
                    core.dropped(leaving, frames, &mut next);
                }
                self.cleanups.fetch_sub(1, Ordering::SeqCst);
                self.begin(&core, &mut next);
            }
            if self.flags.short.load(Ordering::SeqCst) {
                // Who looked whether the session is stuck was told that bytes are being dropped; they are now.
                self.bell.ring();
            }
            next.ended.append(&mut effects.ended);
            next.announces.append(&mut effects.announces);
            effects = next;
        }
        // With a run go its graph and the user's closures (D3); then its end is announced.
        let Effects { ended, announces, .. } = effects;
        contained(ended);
        drop(announces);
    }

    fn send(&self, writes: Vec<Write>) {
        if writes.is_empty() {
            return;
        }
        let sender = self.writes.lock();
        for write in writes {
            let (slot, bytes) = (write.job.slot, write.job.bytes);
            let unsent = match &*sender {
                Some(sender) => sender.send(write).is_err(),
                None => true,
            };
            if unsent {
                // The session is ending: its chunks go in a moment.
                self.core.lock().written(slot, bytes, Err(Error::Cancelled), &mut Effects::default());
            }
        }
    }

    fn wake(&self, workers: usize) {
        if workers >= self.stealers.len() {
            self.bell.ring_all();
        } else {
            (0..workers).for_each(|_| self.bell.ring());
        }
    }

    fn cleanups(&self) -> usize {
        self.cleanups.load(Ordering::SeqCst)
    }

    fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::SeqCst)
    }

    fn let_go(&self, slot: SlotId, bytes: u64, stuck: u64) {
        self.locked(|core, effects| core.let_go(slot, bytes, stuck, effects));
    }

    /// Scratch did not take a chunk, or did not give it back.
    fn scratch_failed(&self, error: &Error) {
        self.counters.add_failure();
        trace::scratch_failed(error);
        self.observers.tell(&Event::ScratchFailed { error });
    }

    /// Reads the session's counters, and holds nothing else of it.
    fn gauge(&self) -> Gauge {
        let (counters, ledger, scratch) = (self.counters.clone(), self.ledger.clone(), self.scratch.usage());
        Gauge::new(move || counters.stats(&ledger, &scratch))
    }

    /// Counts and passes on what a task reports.
    fn report(&self, event: &Event<'_>) {
        if let Event::Read { stored, direct } = event {
            self.counters.add_read(*stored, *direct);
        }
        self.observers.tell(event);
    }
}

/// The threads and the memory of one session.
#[derive(Debug)]
pub(crate) struct Scheduler {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// A run that was taken on.
#[derive(Debug)]
pub(crate) struct Running {
    shared: Arc<Shared>,
    completion: Arc<Completion>,
    run: u32,
}

impl Running {
    /// Waits for the end.
    pub(crate) fn wait(&self) -> Result<Results> {
        self.completion.wait()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.completion.is_over()
    }

    /// Ends the run; what is under way is finished first.
    pub(crate) fn cancel(&self) {
        if !self.shared.stop_ample(Some(self.run), &Error::Cancelled) {
            self.shared.locked(|core, effects| core.fail(self.run, Error::Cancelled, effects));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over() {
            self.cancel();
        }
    }
}

/// A graph with what was found out about it.
struct Prepared {
    graph: Graph,
    order: Order,
    roles: Roles,
    budget: Budget,
    wanted: Vec<TaskId>,
    held: Vec<(TaskId, SlotId)>,
}

impl Scheduler {
    /// Starts the threads.
    pub(crate) fn start(config: &Config, observers: Observers) -> Result<Self> {
        Self::start_on(Scratch::of(config)?, config, observers)
    }

    /// Starts the threads, on scratch that is there already.
    fn start_on(scratch: Scratch, config: &Config, observers: Observers) -> Result<Self> {
        let limit = config.memory_limit().bytes();
        let ledger = Arc::new(Ledger::new(limit));
        if !ledger.try_charge(scratch.ram_bytes()) {
            return Err(Error::MemoryLimit {
                task: "scratch in RAM (a tmpfs)".into(),
                needed: ByteSize::new(scratch.ram_bytes()),
                limit: ByteSize::new(limit),
                holders: Vec::new(),
            });
        }
        let deques: Vec<Deque<Place>> = (0..config.threads()).map(|_| Deque::new_lifo()).collect();
        let (sender, receiver) = channel();
        let (flags, bell, current) = (Flags::default(), Arc::new(Bell::default()), Current::default());
        ring_on_release(&ledger, [flags.short.clone(), current.waiting().clone()], bell.clone());
        let shared = Arc::new_cyclic(|home: &Weak<Shared>| Shared {
            core: Mutex::new(Core::new(ledger.clone(), config.eviction(), flags.clone(), home.clone())),
            flags,
            current,
            loads: Condvar::new(),
            bell,
            cleanups: AtomicUsize::new(0),
            ledger,
            scratch,
            stealers: deques.iter().map(Deque::stealer).collect(),
            writes: Mutex::new(Some(sender)),
            observers,
            counters: Arc::new(Counters::of_workers(config.threads())),
            shut_down: AtomicBool::new(false),
        });
        // Built first, so that threads that did start are ended where one does not.
        let mut scheduler = Self { shared, threads: Vec::new() };
        let shared = scheduler.shared.clone();
        scheduler.spawn("thermocline-io".into(), move || lane::write_evicted(&shared, &receiver))?;
        for (number, deque) in deques.into_iter().enumerate() {
            let shared = scheduler.shared.clone();
            scheduler.spawn(format!("thermocline-{number}"), move || worker::work(&shared, number, &deque))?;
        }
        let Shared { observers, .. } = &*scheduler.shared;
        observers.tell(&Event::SessionStarted { config, gauge: &scheduler.shared.gauge() });
        Ok(scheduler)
    }

    fn spawn(&mut self, name: String, life: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = std::thread::Builder::new().name(name).spawn(life);
        self.threads.push(thread.map_err(|source| Error::Thread { source: Arc::new(source) })?);
        Ok(())
    }

    /// What the run of `wanted` would need.
    pub(crate) fn plan(&self, graph: &Graph, wanted: &[Key], keep: Keep) -> Result<Plan> {
        Ok(self.prepare(graph, wanted, keep)?.budget.plan)
    }

    /// Takes on the run of `wanted`.
    ///
    /// # Errors
    /// [`Error::Nested`] from a worker of this session; [`Error::MemoryLimit`] below the floor; [`Error::UnknownKey`];
    /// [`Error::ForeignSession`].
    pub(crate) fn submit(&self, graph: &Graph, wanted: &[Key], keep: Keep) -> Result<Running> {
        let room = |core: &Core, plan: &Plan| core.check_room(plan.floor().bytes(), plan.floor_task());
        self.submit_if(graph, wanted, keep, room)
    }

    /// Takes on the run if `check`, asked under the lock, has nothing against it.
    fn submit_if(
        &self,
        graph: &Graph,
        wanted: &[Key],
        keep: Keep,
        check: impl Fn(&Core, &Plan) -> Result<()>,
    ) -> Result<Running> {
        if worker::is_worker_of(&self.shared) {
            return Err(Error::Nested);
        }
        let prepared = self.prepare(graph, wanted, keep)?;
        let completion = Arc::new(Completion::default());
        let Prepared { graph, order, roles, budget, wanted, held } = prepared;
        let plan = budget.plan.clone();
        let id = self.shared.locked(|core, _| check(core, &plan).map(|()| core.take_run_id()))?;
        let announce = Announce::new(id, &plan, completion.clone(), self.shared.observers.clone());
        let new = NewRun { id, graph: Arc::new(graph), order, roles, budget, wanted, keep, announce, held };
        let ample = self.shared.locked(|core, _| core.admit_ample(&new));
        let run = new.id;
        self.tell_started(&new);
        if let Some(held) = ample {
            let waiting = self.shared.current.waiting().clone();
            self.shared.begin_ample(Ample::new(new, held, self.shared.ledger.clone(), waiting));
        } else {
            let new = Run::new(new);
            self.shared.scratch.reopen();
            self.shared.locked(|core, effects| {
                // Others may have been taken on since.
                let checked = check(core, &plan);
                if let Err(error) = &checked {
                    new.announce.set(Err(error.clone()));
                    effects.ended.push(new);
                } else {
                    self.shared.keep_spares();
                    core.admit(new, effects);
                }
                checked
            })?;
        }
        self.shared.bell.ring_all();
        Ok(Running { shared: self.shared.clone(), completion, run })
    }

    fn tell_started(&self, new: &NewRun) {
        let plan = &new.budget.plan;
        self.shared.observers.tell(&Event::RunStarted {
            run: RunId::new(new.id),
            graph: &new.graph,
            order: &new.order,
            stated_peak: plan.stated_peak().bytes(),
            floor: plan.floor().bytes(),
            expected_spill: plan.expected_spill().bytes(),
        });
    }

    fn prepare(&self, graph: &Graph, wanted: &[Key], keep: Keep) -> Result<Prepared> {
        let graph = graph.cull(wanted)?;
        let wanted = wanted.iter().map(|key| graph.require(key)).collect::<Result<Vec<_>>>()?;
        let order = graph.order_keeping(&wanted);
        let roles = Roles::new(&graph, &wanted, keep == Keep::HandOver);
        let session = self.shared.scratch.ram_bytes();
        let held = self.held_slots(&graph)?;
        let (kept, chunks) = {
            let core = self.shared.core.lock();
            let place = |&(task, slot): &(TaskId, SlotId)| {
                let framed = core.slots.has_frame(slot);
                (task, if core.slots.is_away(slot) { Residence::Scratch } else { Residence::Memory(framed) })
            };
            (core.held(), held.iter().map(place).collect::<Vec<_>>())
        };
        let setting = Setting {
            limit: self.shared.ledger.limit(),
            threads: self.shared.stealers.len(),
            session,
            held: kept.saturating_sub(session),
            chunks: &chunks,
        };
        let budget = budget(&graph, &order, &roles, setting);
        Ok(Prepared { graph, order, roles, budget, wanted, held })
    }

    /// The slots of the chunks in `graph` that this session holds.
    fn held_slots(&self, graph: &Graph) -> Result<Vec<(TaskId, SlotId)>> {
        let home = Arc::downgrade(&self.shared);
        let slot = |task| match graph.work(task) {
            Work::Call(_) => None,
            Work::Held(handle) => {
                let slot = handle.downcast_ref::<Held>().and_then(|held| held.slot_in(&home));
                Some(slot.map(|slot| (task, slot)).ok_or(Error::ForeignSession))
            }
        };
        graph.tasks().filter_map(slot).collect()
    }

    /// Ends all runs.
    pub(crate) fn cancel(&self) {
        self.shared.stop_ample(None, &Error::Cancelled);
        self.shared.locked(|core, effects| core.fail_all(&Error::Cancelled, effects));
    }

    /// The places of scratch, in order.
    pub(crate) fn tiers(&self) -> Vec<TierStatus> {
        self.shared.scratch.status()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.shared.gauge().read()
    }
}

/// Rings after each release of bytes for which something waits.
fn ring_on_release(ledger: &Ledger, waiting: [Arc<AtomicBool>; 2], bell: Arc<Bell>) {
    ledger.on_release(move || {
        if waiting.iter().any(|waiting| waiting.load(Ordering::SeqCst)) {
            bell.ring();
        }
    });
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.cancel();
        self.shared.shut_down.store(true, Ordering::SeqCst);
        drop(self.shared.writes.lock().take());
        self.shared.bell.ring_all();
        let own = std::thread::current().id();
        for thread in self.threads.drain(..) {
            // A task may hold the last handle of its own session: its thread can't wait for itself.
            if thread.thread().id() != own {
                let _panicked = thread.join();
            }
        }
        let garbage = self.shared.core.lock().release_all();
        garbage.drop_all();
        self.shared.ledger.release(self.shared.scratch.ram_bytes());
        self.shared.observers.tell(&Event::SessionFinished);
    }
}
