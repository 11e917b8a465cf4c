//! A profile of a session: each task, spill, reload and wait with its worker, and memory over time.
//!
//! **Bounded.** A profile takes at most about 30 MiB beside the memory limit, however many tasks there are. Up to 65,536
//! tasks, and as many spills, reloads and waits, are kept one by one, shared out among the workers; of more each second,
//! each fourth, and so on, evenly from first to last. The sums of each layer and the time that each worker was busy are
//! exact all the same. Memory is looked at every 10 milliseconds; after 4,096 looks half as often, and so on, the highest
//! of two being kept. 256 runs are told apart, of which the first 12 have pictures; of later ones nothing is taken down. A
//! run has 300 layers of its own, and one of all others.

mod busy;
mod run;
mod samples;
mod shard;
mod span;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Mutex, RwLock};

pub(crate) use self::busy::Busy;
pub(crate) use self::run::{End, RunInfo};
use self::run::{Failure, Promise};
pub(crate) use self::samples::Sample;
use self::samples::Samples;
pub(crate) use self::shard::Totals;
use self::shard::{Happened, Shard};
pub(crate) use self::span::{Kind, Span};
use crate::config::{Config, Origin};
use crate::event::{Event, Label, Observer, RunId};
use crate::stats::{Gauge, Stats};

/// So many tasks, and as many others, are kept one by one.
const MOST_SPANS: usize = 1 << 16;

/// So many runs are told apart.
const MOST_RUNS: usize = 256;

/// So many of them have pictures.
const MOST_PICTURES: usize = 12;

/// So many failures of scratch are kept.
const MOST_TROUBLES: usize = 50;

/// Threads that have no shard of their own share one.
const SHARDS: usize = 64;

/// Records what a session does; [`Report`](crate::diagnostics::report::Report) makes files of it.
///
/// ```
/// use std::sync::Arc;
/// use thermocline::diagnostics::profile::Profile;
/// use thermocline::{Array, Session};
///
/// let profile = Arc::new(Profile::new());
/// let session = Session::builder().memory_limit("64MiB".parse()?).observer(profile.clone()).build()?;
/// session.compute(&Array::<f64>::ones(&[4000, 1000], [1000, 1000]).sum(..))?;
/// let html = profile.report().title("A sum").html(); // at any time, also while something runs
/// assert!(html.contains("A sum"));
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Debug)]
pub struct Profile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    since: Instant,
    created: SystemTime,
    shards: Box<[Mutex<Shard>]>,
    /// So many spans of each kind a shard keeps.
    most: AtomicUsize,
    runs: RwLock<Runs>,
    /// Tasks that wait for memory, and since when.
    queued: Mutex<HashMap<(u32, usize), Instant>>,
    /// How many these are, for readers without the lock.
    queue: AtomicUsize,
    samples: Mutex<Samples>,
    session: Mutex<Option<Watched>>,
    troubles: Mutex<Vec<(Duration, String)>>,
    /// Of runs that have ended, by run, then by layer.
    ended: Mutex<HashMap<u32, Vec<Totals>>>,
    over: AtomicBool,
    sampler: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Runs {
    list: Vec<Arc<RunInfo>>,
    left_out: u64,
}

/// The session that is watched.
#[derive(Clone, Debug)]
struct Watched {
    gauge: Gauge,
    limit: u64,
    threads: usize,
    settings: Vec<(&'static str, String, Origin)>,
}

/// All that a profile has taken down, at an instant.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) created: SystemTime,
    /// How long the profile has been there.
    pub(crate) length: Duration,
    pub(crate) limit: u64,
    pub(crate) threads: usize,
    pub(crate) settings: Vec<(&'static str, String, Origin)>,
    /// The session's counters.
    pub(crate) stats: Stats,
    pub(crate) runs: Vec<Arc<RunInfo>>,
    pub(crate) runs_left_out: u64,
    /// By run, then by layer.
    pub(crate) totals: HashMap<u32, Vec<Totals>>,
    /// Of tasks, by their ends; with how many there were.
    pub(crate) tasks: (Vec<Span>, u64),
    /// Of spills, reloads and waits.
    pub(crate) others: (Vec<Span>, u64),
    /// By worker.
    pub(crate) busy: Vec<(u32, Busy)>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) troubles: Vec<(Duration, String)>,
}

impl Default for Profile {
    fn default() -> Self {
        Self::new()
    }
}

impl Profile {
    /// A profile of one session, to be given to its builder.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            since: Instant::now(),
            created: SystemTime::now(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            most: AtomicUsize::new(MOST_SPANS / SHARDS),
            runs: RwLock::default(),
            queued: Mutex::default(),
            queue: AtomicUsize::new(0),
            samples: Mutex::default(),
            session: Mutex::default(),
            troubles: Mutex::default(),
            ended: Mutex::default(),
            over: AtomicBool::new(false),
            sampler: Mutex::default(),
        }))
    }

    /// A report of what has happened so far.
    pub fn report(&self) -> crate::diagnostics::report::Report {
        crate::diagnostics::report::Report::new(self.0.recording())
    }
}

impl Observer for Profile {
    fn on_event(&self, event: &Event<'_>) {
        let inner = &self.0;
        match event {
            Event::SessionStarted { config, gauge } => inner.watch(config, gauge),
            Event::SessionFinished => inner.end(),
            Event::RunStarted { run, graph, order, stated_peak, floor, expected_spill } => {
                let (stated_peak, floor, expected_spill) = (*stated_peak, *floor, *expected_spill);
                let promise = Promise { stated_peak, floor, expected_spill };
                let known = inner.runs.read().list.len();
                let info = (known < MOST_RUNS).then(|| {
                    let info = RunInfo::new(run.number(), inner.now(), graph, promise);
                    if known < MOST_PICTURES { info.drawn(graph, order) } else { info }
                });
                let mut runs = inner.runs.write();
                match info {
                    Some(info) => runs.list.push(Arc::new(info)),
                    None => runs.left_out += 1,
                }
            }
            Event::RunFinished { run, error } => {
                inner.sample();
                inner.put_together(run.number());
                if let Some(info) = inner.run(run.number()) {
                    *info.end.lock() = Some(End { at: inner.now(), failure: error.map(Failure::of) });
                }
            }
            Event::ScratchFailed { error } => {
                let mut troubles = inner.troubles.lock();
                if troubles.len() < MOST_TROUBLES {
                    troubles.push((inner.now(), error.to_string()));
                }
            }
            other => inner.record_event(other),
        }
    }
}

impl Inner {
    fn now(&self) -> Duration {
        self.since.elapsed()
    }

    fn run(&self, number: u32) -> Option<Arc<RunInfo>> {
        self.runs.read().list.iter().rfind(|run| run.number == number).cloned()
    }

    /// The events of tasks and their chunks.
    fn record_event(&self, event: &Event<'_>) {
        match event {
            Event::TaskQueued { run, id, .. } => {
                self.queued.lock().insert((run.number(), id.index()), Instant::now());
                self.queue.fetch_add(1, Ordering::Relaxed);
            }
            Event::TaskStarted { run, id, task, worker } => {
                if let Some(elapsed) = self.dequeue(*run, id.index()) {
                    self.record(*run, *task, Some(*worker), Kind::WaitMemory, elapsed, [0, 0]);
                }
            }
            Event::TaskFinished { run, id, task, worker, elapsed, bytes, ok } => {
                self.record(*run, *task, Some(*worker), Kind::Task { ok: *ok }, *elapsed, [*bytes, 0]);
                // Where it was told to wait after it had begun.
                self.dequeue(*run, id.index());
            }
            Event::InputsAwaited { run, task, worker, elapsed, .. } => {
                self.record(*run, *task, Some(*worker), Kind::WaitInputs, *elapsed, [0, 0]);
            }
            Event::Spilled { run, task, bytes, stored, elapsed, .. } => {
                self.record(*run, *task, None, Kind::Spill, *elapsed, [*bytes, *stored]);
            }
            Event::Reloaded { run, task, worker, bytes, stored, in_place, elapsed, .. } => {
                let kind = Kind::Reload { in_place: *in_place };
                self.record(*run, *task, Some(*worker), kind, *elapsed, [*bytes, *stored]);
            }
            Event::Redone { run, task, worker, elapsed, .. } => {
                self.record(*run, *task, Some(*worker), Kind::Redo, *elapsed, [0, 0]);
            }
            _ => {}
        }
    }

    /// How long a task has waited for memory, if it has.
    fn dequeue(&self, run: RunId, task: usize) -> Option<Duration> {
        if self.queue.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let since = self.queued.lock().remove(&(run.number(), task))?;
        self.queue.fetch_sub(1, Ordering::Relaxed);
        Some(since.elapsed())
    }

    fn record(
        &self,
        run: RunId,
        task: Label<'_>,
        worker: Option<usize>,
        kind: Kind,
        elapsed: Duration,
        [bytes, stored]: [u64; 2],
    ) {
        let shard = worker.map_or(SHARDS - 1, |worker| worker % (SHARDS - 1));
        let worker = worker.map(|worker| worker as u32);
        let what = Happened { kind, task, worker, end: self.now(), elapsed, bytes, stored };
        let most = self.most.load(Ordering::Relaxed);
        self.shards[shard].lock().record(run.number(), || self.run(run.number()), most, &what);
    }

    /// The sums of a run that has ended, which every shard has a part of.
    fn put_together(&self, run: u32) {
        for shard in &self.shards {
            let totals = shard.lock().totals.remove(&run);
            if let Some(totals) = totals {
                add_totals(&mut self.ended.lock(), run, &totals);
            }
        }
    }

    fn watch(self: &Arc<Self>, config: &Config, gauge: &Gauge) {
        // The thread that writes has a shard, too.
        self.most.store(MOST_SPANS / (config.threads() + 1).min(SHARDS), Ordering::Relaxed);
        *self.session.lock() = Some(Watched {
            gauge: gauge.clone(),
            limit: config.memory_limit().bytes(),
            threads: config.threads(),
            settings: config.settings().into(),
        });
        self.sample();
        let inner = Arc::downgrade(self);
        let thread =
            std::thread::Builder::new().name("thermocline-profile".into()).spawn(move || keep_sampling(&inner));
        // Without it there are samples at the ends of runs only.
        *self.sampler.lock() = thread.ok();
    }

    fn sample(&self) {
        let Some(gauge) = self.session.lock().as_ref().map(|session| session.gauge.clone()) else { return };
        let sample = Sample::take(self.now(), gauge.read());
        self.samples.lock().push(sample);
    }

    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        let sampler = self.sampler.lock().take();
        if let Some(sampler) = sampler {
            sampler.thread().unpark();
            let _panicked = sampler.join();
        }
    }

    fn recording(&self) -> Recording {
        self.sample();
        let session = self.session.lock().clone();
        let mut recording = Recording {
            created: self.created,
            length: self.now(),
            limit: session.as_ref().map_or(0, |session| session.limit),
            threads: session.as_ref().map_or(0, |session| session.threads),
            stats: session.as_ref().map(|session| session.gauge.read()).unwrap_or_default(),
            settings: session.map(|session| session.settings).unwrap_or_default(),
            runs: self.runs.read().list.clone(),
            runs_left_out: self.runs.read().left_out,
            totals: self.ended.lock().clone(),
            tasks: (Vec::new(), 0),
            others: (Vec::new(), 0),
            busy: Vec::new(),
            samples: self.samples.lock().list().to_vec(),
            troubles: self.troubles.lock().clone(),
        };
        for shard in &self.shards {
            recording.add(&shard.lock());
        }
        recording.tasks.0.sort_by_key(|span| span.start);
        recording.others.0.sort_by_key(|span| span.start);
        recording.busy.sort_by_key(|&(worker, _)| worker);
        recording
    }
}

impl Recording {
    fn add(&mut self, shard: &Shard) {
        for (kept, spans) in [(&shard.tasks, &mut self.tasks), (&shard.others, &mut self.others)] {
            spans.0.extend_from_slice(kept.spans());
            spans.1 += kept.seen();
        }
        for (&run, totals) in &shard.totals {
            add_totals(&mut self.totals, run, totals);
        }
        self.busy.extend(shard.busy.iter().map(|(&worker, busy)| (worker, busy.clone())));
    }
}

fn add_totals(sums: &mut HashMap<u32, Vec<Totals>>, run: u32, totals: &[Totals]) {
    let sums = sums.entry(run).or_insert_with(|| vec![Totals::default(); totals.len()]);
    sums.iter_mut().zip(totals).for_each(|(sum, own)| sum.add(own));
}

/// The life of the thread that looks at memory.
fn keep_sampling(inner: &Weak<Inner>) {
    loop {
        let Some(profile) = inner.upgrade() else { return };
        if profile.over.load(Ordering::Relaxed) {
            return;
        }
        profile.sample();
        let interval = profile.samples.lock().interval();
        drop(profile);
        std::thread::park_timeout(interval);
    }
}
