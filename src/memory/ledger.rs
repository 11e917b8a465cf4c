//! The count of charged bytes.
//!
//! Spare memory in the [pool](super::pool) is charged: a charge that doesn't fit has the pool give all up, but for what would
//! be part of the charge, and is tried again. So what is kept never keeps anybody waiting, and nothing that is stated gets
//! larger by it.

use std::sync::OnceLock;

use super::pool::Pool;
use crate::chunk::{Account, Spare};
use crate::sync::{AtomicU64, Ordering};

/// Counts charged bytes against a limit: **M1**, charged <= limit at every instant, but for recorded overruns of
/// estimated sizes.
pub(crate) struct Ledger {
    limit: u64,
    charged: AtomicU64,
    peak: AtomicU64,
    overrun: AtomicU64,
    pool: Pool<Spare>,
    /// Bytes of buffers that had another owner before.
    reused: AtomicU64,
    on_release: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Ledger {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            charged: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            overrun: AtomicU64::new(0),
            pool: Pool::default(),
            reused: AtomicU64::new(0),
            on_release: OnceLock::new(),
        }
    }

    /// Calls `hook` after every release, and after memory was put into the pool. It must not block, nor take locks under which bytes are released.
    pub(crate) fn on_release(&self, hook: impl Fn() + Send + Sync + 'static) {
        let _only_once = self.on_release.set(Box::new(hook));
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    pub(crate) fn charged(&self) -> u64 {
        self.charged.load(Ordering::SeqCst)
    }

    /// The most that was charged at once.
    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::SeqCst)
    }

    /// The bytes of all overruns so far.
    pub(crate) fn overruns(&self) -> u64 {
        self.overrun.load(Ordering::SeqCst)
    }

    /// Charges `bytes` if they fit the limit.
    pub(crate) fn try_charge(&self, bytes: u64) -> bool {
        self.try_charge_within(bytes, self.limit)
    }

    /// Charges `bytes` if they fit both the limit and `cap`.
    pub(crate) fn try_charge_within(&self, bytes: u64, cap: u64) -> bool {
        let most = self.limit.min(cap);
        let fits = |charged: u64| charged.checked_add(bytes).filter(|&sum| sum <= most);
        loop {
            match self.charged.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits) {
                Ok(before) => {
                    self.peak.fetch_max(before + bytes, Ordering::SeqCst);
                    return true;
                }
                Err(_) if self.give_up(self.pool.drain()) => {}
                Err(_) => return false,
            }
        }
    }

    /// Charges `bytes` for a grant if they fit both the limit and `cap`. Spare memory becomes part of what is granted, so
    /// that its charge is not wanted a second time: that is given, and is to be used or dropped before the grant has
    /// drawn all.
    pub(crate) fn try_grant_within(&self, bytes: u64, cap: u64) -> Option<Vec<Spare>> {
        let most = self.limit.min(cap);
        let charge = |paid: u64| {
            let fits = |charged: u64| (charged - paid).checked_add(bytes).filter(|&sum| sum <= most);
            let before = self.charged.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits);
            before.is_ok_and(|before| {
                self.peak.fetch_max(before - paid + bytes, Ordering::SeqCst);
                true
            })
        };
        loop {
            match self.pool.grant(bytes, charge) {
                Ok(spares) => return Some(spares.into_iter().map(|(_, spare)| spare).collect()),
                Err(others) => {
                    if !self.give_up(others) {
                        return None;
                    }
                }
            }
        }
    }

    /// The bytes that are charged without those that a grant of `bytes` would take over.
    pub(crate) fn charged_beside(&self, bytes: u64) -> u64 {
        self.charged().saturating_sub(self.pool.paid(bytes))
    }

    /// Keeps the memory of up to `most` buffers from now on.
    pub(crate) fn open_pool(&self, most: u32) {
        self.pool.open(most);
    }

    /// Keeps no memory any more, nor what was kept.
    pub(crate) fn close_pool(&self) {
        self.give_up(self.pool.close());
    }

    /// Memory of exactly `bytes` that was kept. Whoever takes it has paid for it.
    pub(crate) fn take_spare(&self, bytes: u64) -> Option<Spare> {
        let spare = self.pool.take(bytes)?;
        self.count_reused(bytes);
        self.release(bytes);
        Some(spare)
    }

    /// Counts the bytes of a buffer that had another owner before.
    pub(super) fn count_reused(&self, bytes: u64) {
        self.reused.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The bytes of buffers that had another owner before.
    pub(crate) fn reused(&self) -> u64 {
        self.reused.load(Ordering::Relaxed)
    }

    /// Whether there was anything to be given up.
    fn give_up(&self, spares: Vec<(u64, Spare)>) -> bool {
        let any = !spares.is_empty();
        for (bytes, spare) in spares {
            drop(spare);
            self.release(bytes);
        }
        any
    }

    fn tell(&self) {
        if let Some(hook) = self.on_release.get() {
            hook();
        }
    }

    /// Charges `bytes` that are already there: an overrun of an estimate, repaid before anything else is granted,
    /// because no other charge fits until then.
    pub(crate) fn overrun(&self, bytes: u64) {
        self.overrun.fetch_add(bytes, Ordering::SeqCst);
        let before = self.charged.fetch_add(bytes, Ordering::SeqCst);
        self.peak.fetch_max(before + bytes, Ordering::SeqCst);
    }
}

impl Account for Ledger {
    fn release(&self, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let before = self.charged.fetch_sub(bytes, Ordering::SeqCst);
        debug_assert!(before >= bytes, "no more is given back than was taken");
        self.tell();
    }

    /// Keeps the memory, unless the pool is closed. Told like a release: who waits may have it by giving the pool up.
    fn keep(&self, spare: Spare) -> Option<Spare> {
        let bytes = spare.bytes();
        match self.pool.put(bytes, spare) {
            Ok(displaced) => {
                self.give_up(displaced.into_iter().collect());
                self.tell();
                None
            }
            Err(spare) => Some(spare),
        }
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ledger({} of {} B)", self.charged(), self.limit)
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_to_the_byte() {
        let ledger = Ledger::new(100);
        assert!(ledger.try_charge(60) && !ledger.try_charge(41) && ledger.try_charge(40));
        ledger.release(50);
        assert!(!ledger.try_charge(u64::MAX) && ledger.try_charge(50));
        assert_eq!((ledger.charged(), ledger.peak()), (100, 100));
        ledger.release(100);
        assert_eq!((ledger.charged(), ledger.peak()), (0, 100));
    }

    #[test]
    fn an_overrun_blocks_all_else_until_it_is_repaid() {
        let ledger = Ledger::new(100);
        ledger.overrun(150);
        assert!(!ledger.try_charge(0) && !ledger.try_charge(1));
        ledger.release(100);
        assert!(ledger.try_charge(50) && !ledger.try_charge(1));
    }

    #[test]
    fn threads_never_pass_the_limit_together() {
        let ledger = Ledger::new(1000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for bytes in (1..300).cycle().take(20_000) {
                        if ledger.try_charge(bytes) {
                            assert!(ledger.charged() <= 1000);
                            ledger.release(bytes);
                        }
                    }
                });
            }
        });
        assert_eq!(ledger.charged(), 0);
        assert!(ledger.peak() <= 1000);
    }
}

#[cfg(all(test, shuttle))]
mod models {
    use shuttle::check_dfs;
    use shuttle::sync::Arc;
    use shuttle::thread;

    use super::*;
    use crate::sync::{AtomicU32, Condvar, Mutex};

    #[test]
    fn memory_in_the_pool_keeps_nobody_waiting() {
        waits_for_what_is_put_into_the_pool(|ledger| ledger.try_charge(2));
    }

    #[test]
    fn a_grant_waits_no_longer_than_memory_is_used() {
        waits_for_what_is_put_into_the_pool(|ledger| ledger.try_grant_within(2, u64::MAX).is_some());
    }

    /// One thread puts memory into the pool, another needs the room: it gets it, whoever comes first.
    fn waits_for_what_is_put_into_the_pool(charge: fn(&Ledger) -> bool) {
        #[derive(Default)]
        struct Bell {
            waiting: AtomicU32,
            rings: Mutex<u32>,
            rung: Condvar,
        }
        check_dfs(
            move || {
                let (ledger, bell) = (Arc::new(Ledger::new(3)), Arc::new(Bell::default()));
                let ringing = bell.clone();
                ledger.on_release(move || {
                    if ringing.waiting.load(Ordering::SeqCst) == 1 {
                        *ringing.rings.lock() += 1;
                        ringing.rung.notify_all();
                    }
                });
                ledger.open_pool(1);
                assert!(ledger.try_charge(2));
                let giving = ledger.clone();
                let giver = thread::spawn(move || assert!(giving.keep(Spare::none(2)).is_none()));
                loop {
                    let before = *bell.rings.lock();
                    if charge(&ledger) {
                        break;
                    }
                    bell.waiting.store(1, Ordering::SeqCst);
                    if charge(&ledger) {
                        break;
                    }
                    let mut rings = bell.rings.lock();
                    while *rings == before {
                        rings = bell.rung.wait(rings);
                    }
                }
                giver.join().unwrap();
                // Room for the pool may have come back after the memory was put there; no more than the limit is charged.
                assert!(ledger.charged() <= 3);
                ledger.close_pool();
                assert_eq!(ledger.charged(), 2);
            },
            None,
        );
    }

    #[test]
    fn the_limit_holds_in_every_interleaving() {
        check_dfs(
            || {
                let ledger = Arc::new(Ledger::new(3));
                let threads: Vec<_> = [2, 2]
                    .into_iter()
                    .map(|bytes| {
                        let ledger = ledger.clone();
                        thread::spawn(move || {
                            if ledger.try_charge(bytes) {
                                assert!(ledger.charged() <= 3);
                                ledger.release(bytes);
                            }
                        })
                    })
                    .collect();
                threads.into_iter().for_each(|thread| thread.join().unwrap());
                assert_eq!(ledger.charged(), 0);
                assert_eq!(ledger.peak(), 2);
            },
            None,
        );
    }
}
