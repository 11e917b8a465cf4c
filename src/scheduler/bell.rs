//! How workers sleep and wake.
//!
//! An event count. A worker reads the epoch, looks for work, and sleeps only if the epoch is still the one it read: a ring
//! in between either moved the epoch before the worker read it (then what it announced was there to be found), or moves it
//! before the worker sleeps (then it does not sleep), or finds the worker counted as a sleeper (then it is notified under
//! the mutex that the worker waits with). The three cases are in the single total order of the `SeqCst` operations on
//! `epoch` and `sleepers`: a ringer adds to `epoch`, then reads `sleepers`; a sleeper adds to `sleepers`, then reads
//! `epoch`. At least one of them sees the other. The models below go through every interleaving of two threads; the test
//! drives four real ones.

use crate::sync::{AtomicU64, AtomicUsize, Condvar, Mutex, Ordering};

#[derive(Debug, Default)]
pub(super) struct Bell {
    epoch: AtomicU64,
    sleepers: AtomicUsize,
    mutex: Mutex<()>,
    condvar: Condvar,
}

impl Bell {
    /// What to pass to [`sleep`](Self::sleep): read before looking for work.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Wakes one sleeper, and keeps whoever is about to sleep from it.
    pub(super) fn ring(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            let _guard = self.mutex.lock();
            self.condvar.notify_one();
        }
    }

    /// Wakes all sleepers.
    pub(super) fn ring_all(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        let _guard = self.mutex.lock();
        self.condvar.notify_all();
    }

    /// Sleeps until the next ring, if there was none since `epoch` was read.
    pub(super) fn sleep(&self, epoch: u64) {
        let guard = self.mutex.lock();
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        if self.epoch.load(Ordering::SeqCst) == epoch {
            drop(self.condvar.wait(guard));
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn bell_loses_no_wakeup() {
        // Each token is consumed by a worker that may sleep between tokens; a lost wake-up would hang the test.
        let (bell, tokens, taken) = (Bell::default(), AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    loop {
                        let epoch = bell.epoch();
                        let take = |tokens: u32| tokens.checked_sub(1);
                        if tokens.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                            if taken.fetch_add(1, Ordering::SeqCst) + 1 == 20_000 {
                                bell.ring_all();
                            }
                        } else if taken.load(Ordering::SeqCst) == 20_000 {
                            return;
                        } else {
                            bell.sleep(epoch);
                        }
                    }
                });
            }
            for _ in 0..20_000 {
                tokens.fetch_add(1, Ordering::SeqCst);
                bell.ring();
            }
        });
        assert_eq!(taken.into_inner(), 20_000);
    }
}

#[cfg(all(test, shuttle))]
mod models {
    use shuttle::check_dfs;
    use shuttle::sync::Arc;
    use shuttle::sync::atomic::AtomicBool;
    use shuttle::thread;

    use super::*;
    use crate::chunk::Account;
    use crate::memory::Ledger;

    /// A lost wake-up would leave the waiter asleep for ever, which shuttle reports as a deadlock.
    #[test]
    fn what_was_announced_is_found() {
        check_dfs(
            || {
                let (bell, work) = (Arc::new(Bell::default()), Arc::new(AtomicBool::new(false)));
                let giver = {
                    let (bell, work) = (bell.clone(), work.clone());
                    thread::spawn(move || {
                        work.store(true, Ordering::SeqCst);
                        bell.ring();
                    })
                };
                loop {
                    let epoch = bell.epoch();
                    if work.load(Ordering::SeqCst) {
                        break;
                    }
                    bell.sleep(epoch);
                }
                giver.join().unwrap();
            },
            None,
        );
    }

    /// The protocol of deferred tasks and of the queue: who finds no room says so, looks again, sleeps; who gives bytes
    /// back looks whether somebody waits, and rings.
    #[test]
    fn who_waits_for_bytes_is_woken_by_their_release() {
        check_dfs(
            || {
                let (bell, waiting) = (Arc::new(Bell::default()), Arc::new(AtomicBool::new(false)));
                let ledger = Arc::new(Ledger::new(1));
                {
                    let (bell, waiting) = (bell.clone(), waiting.clone());
                    ledger.on_release(move || {
                        if waiting.load(Ordering::SeqCst) {
                            bell.ring();
                        }
                    });
                }
                assert!(ledger.try_charge(1));
                let holder = {
                    let ledger = ledger.clone();
                    thread::spawn(move || ledger.release(1))
                };
                loop {
                    let epoch = bell.epoch();
                    if ledger.try_charge(1) {
                        break;
                    }
                    waiting.store(true, Ordering::SeqCst);
                    if ledger.try_charge(1) {
                        break;
                    }
                    bell.sleep(epoch);
                }
                holder.join().unwrap();
                assert_eq!(ledger.charged(), 1);
            },
            None,
        );
    }
}
