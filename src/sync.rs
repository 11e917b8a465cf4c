//! The atomics and locks of what is checked by a model.
//!
//! Everywhere else these are the standard library's and `parking_lot`'s. Under `--cfg shuttle` they are stand-ins by which
//! [shuttle](https://docs.rs/shuttle) runs models of the scheduler's words, of its head, of the ledger and of the sleep
//! protocol through every interleaving of a few threads (`cargo xtask models`).
//!
//! Shuttle's atomics are sequentially consistent. That is what is claimed here: each of these protocols uses `SeqCst`
//! operations alone, for which the memory model promises a single total order. (Loom, which models weaker orders, takes
//! `SeqCst` loads for acquiring ones and finds lost wake-ups that can't happen.)

#[cfg(shuttle)]
pub(crate) use shuttle::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
#[cfg(not(shuttle))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

#[cfg(shuttle)]
type RawMutex<T> = shuttle::sync::Mutex<T>;
#[cfg(not(shuttle))]
type RawMutex<T> = parking_lot::Mutex<T>;

#[cfg(shuttle)]
type RawGuard<'a, T> = shuttle::sync::MutexGuard<'a, T>;
#[cfg(not(shuttle))]
type RawGuard<'a, T> = parking_lot::MutexGuard<'a, T>;

#[cfg(shuttle)]
type RawCondvar = shuttle::sync::Condvar;
#[cfg(not(shuttle))]
type RawCondvar = parking_lot::Condvar;

/// A mutex without poisoning.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(RawMutex<T>);

impl<T> Mutex<T> {
    #[cfg(not(shuttle))]
    pub(crate) fn lock(&self) -> RawGuard<'_, T> {
        self.0.lock()
    }

    #[cfg(shuttle)]
    pub(crate) fn lock(&self) -> RawGuard<'_, T> {
        self.0.lock().expect("a model does not panic under a lock")
    }
}

/// A condition variable.
#[derive(Debug, Default)]
pub(crate) struct Condvar(RawCondvar);

impl Condvar {
    /// Gives the lock up, waits for a notification, takes it again.
    #[cfg(not(shuttle))]
    pub(crate) fn wait<'a, T>(&self, mut guard: RawGuard<'a, T>) -> RawGuard<'a, T> {
        self.0.wait(&mut guard);
        guard
    }

    /// Gives the lock up, waits for a notification, takes it again.
    #[cfg(shuttle)]
    pub(crate) fn wait<'a, T>(&self, guard: RawGuard<'a, T>) -> RawGuard<'a, T> {
        self.0.wait(guard).expect("a model does not panic under a lock")
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}
