//! What has happened in a session so far, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::memory::Ledger;
use crate::spill::Usage;
use crate::stats::Stats;

/// A counter in a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(AtomicU64);

/// What has happened in a session so far.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Tasks, by worker.
    tasks: Box<[Padded]>,
    spilled: AtomicU64,
    reloaded: AtomicU64,
    /// Of `reloaded`, what is used in place.
    in_place: AtomicU64,
    prefetched: AtomicU64,
    redone: AtomicU64,
    /// Frames that could not be written or read.
    failures: AtomicU64,
    read: AtomicU64,
    /// Of `read`, what a foreign library read.
    read_by_library: AtomicU64,
}

impl Counters {
    pub(super) fn of_workers(workers: usize) -> Self {
        Self { tasks: (0..workers).map(|_| Padded::default()).collect(), ..Self::default() }
    }

    pub(super) fn add_task(&self, worker: usize) {
        self.tasks[worker].0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_spilled(&self, bytes: u64) {
        self.spilled.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_redone(&self) {
        self.redone.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_prefetched(&self, bytes: u64) {
        self.prefetched.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_reloaded(&self, bytes: u64, in_place: bool) {
        self.reloaded.fetch_add(bytes, Ordering::Relaxed);
        if in_place {
            self.in_place.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    pub(super) fn add_failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_read(&self, stored: u64, direct: bool) {
        self.read.fetch_add(stored, Ordering::Relaxed);
        if !direct {
            self.read_by_library.fetch_add(stored, Ordering::Relaxed);
        }
    }

    /// With what the ledger and scratch count.
    pub(super) fn stats(&self, ledger: &Ledger, scratch: &Usage) -> Stats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            tasks: self.tasks.iter().map(|worker| count(&worker.0)).sum(),
            spilled_bytes: count(&self.spilled),
            reloaded_bytes: count(&self.reloaded),
            in_place_bytes: count(&self.in_place),
            prefetched_bytes: count(&self.prefetched),
            redone_tasks: count(&self.redone),
            scratch_failures: count(&self.failures),
            input_bytes: count(&self.read),
            library_bytes: count(&self.read_by_library),
            charged_bytes: ledger.charged(),
            ledger_peak_bytes: ledger.peak(),
            reused_bytes: ledger.reused(),
            overrun_bytes: ledger.overruns(),
            scratch_bytes: scratch.now(),
            scratch_peak_bytes: scratch.most(),
        }
    }
}
