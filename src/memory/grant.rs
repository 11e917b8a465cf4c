//! What one task may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::Ledger;
use crate::chunk::{Account, Allocator, Charge, Spare, charge};
use crate::error::{Error, Result};
use crate::graph::Key;
use crate::units::ByteSize;

/// Bytes reserved for one task, all at once. Its buffers draw from them; a buffer that is dropped while the task runs
/// gives its bytes back to the grant, later to the ledger. What is left when the grant is closed goes back at once.
///
/// Memory that is given back to the grant, or came with it, is spare: it is given to the next buffer of its size, or else
/// to the ledger when the grant is closed. It is never more than what is left (**M1**): it goes to the system before other
/// buffers are made of its bytes.
#[derive(Debug)]
pub(crate) struct Grant {
    account: Arc<GrantAccount>,
    granted: u64,
    elastic: bool,
    /// What was drawn beyond it.
    overrun: AtomicU64,
}

/// A grant, and the task that draws from it: named where it draws too much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaskGrant<'a> {
    grant: &'a Grant,
    task: &'a Key,
}

#[derive(Debug)]
struct GrantAccount {
    ledger: Arc<Ledger>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` once the grant is closed.
    left: Option<u64>,
    /// Memory of bytes that are left, the oldest first.
    spares: Vec<Spare>,
}

impl State {
    /// Takes out what memory there is beyond what is left without `bytes`.
    fn beyond(&mut self, bytes: u64) -> Vec<Spare> {
        let left = self.left.unwrap_or(0).saturating_sub(bytes);
        let mut bytes: u64 = self.spares.iter().map(Spare::bytes).sum();
        let over = self.spares.iter().take_while(|spare| {
            let over = bytes > left;
            bytes -= if over { spare.bytes() } else { 0 };
            over
        });
        let over = over.count();
        self.spares.drain(..over).collect()
    }
}

impl Account for GrantAccount {
    fn release(&self, bytes: u64) {
        if let Some(left) = &mut self.state.lock().left {
            *left += bytes;
            return;
        }
        self.ledger.release(bytes);
    }

    fn keep(&self, spare: Spare) -> Option<Spare> {
        let mut state = self.state.lock();
        if let Some(left) = &mut state.left {
            *left += spare.bytes();
            state.spares.push(spare);
            return None;
        }
        drop(state);
        self.ledger.keep(spare)
    }
}

impl Grant {
    /// A grant of `bytes` that the ledger has charged. An `elastic` one, of a task whose size is an estimate, may go
    /// beyond; the excess is an overrun.
    pub(crate) fn new(ledger: Arc<Ledger>, bytes: u64, elastic: bool) -> Self {
        Self::with_spares(ledger, bytes, elastic, Vec::new())
    }

    /// As [`new`](Self::new), with memory that is part of it.
    pub(crate) fn with_spares(ledger: Arc<Ledger>, bytes: u64, elastic: bool, spares: Vec<Spare>) -> Self {
        let account = Arc::new(GrantAccount { ledger, state: Mutex::new(State { left: Some(bytes), spares }) });
        Self { account, granted: bytes, elastic, overrun: AtomicU64::new(0) }
    }

    /// The grant as that of `task`.
    pub(crate) fn of<'a>(&'a self, task: &'a Key) -> TaskGrant<'a> {
        TaskGrant { grant: self, task }
    }

    /// What was drawn beyond it.
    pub(crate) fn overrun(&self) -> u64 {
        self.overrun.load(Ordering::Relaxed)
    }

    /// Gives back what was not drawn. What was drawn stays charged until its owners go. Gives the bytes that are still
    /// drawn.
    pub(crate) fn close(&self) -> u64 {
        let (left, spares) = {
            let mut state = self.account.state.lock();
            (state.left.take(), std::mem::take(&mut state.spares))
        };
        let drawn = self.granted.saturating_add(self.overrun()).saturating_sub(left.unwrap_or(0));
        if let Some(mut left) = left {
            for spare in spares {
                let bytes = spare.bytes();
                // What the ledger keeps stays charged; what it refuses goes to the system before its bytes do.
                if self.account.ledger.keep(spare).is_none() {
                    left -= bytes;
                }
            }
            self.account.ledger.release(left);
        }
        drawn
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.close();
    }
}

impl Allocator for TaskGrant<'_> {
    fn reserve(&self, bytes: u64) -> Result<Charge> {
        let Grant { account, granted, elastic, overrun } = self.grant;
        let mut state = account.state.lock();
        let available = state.left.unwrap_or(0);
        if available >= bytes {
            state.left = state.left.map(|left| left - bytes);
        } else if *elastic {
            account.ledger.overrun(bytes - available);
            overrun.fetch_add(bytes - available, Ordering::Relaxed);
            state.left = state.left.map(|_| 0);
        } else {
            return Err(Error::Overdrawn {
                key: self.task.to_string(),
                asked: ByteSize::new(bytes),
                left: ByteSize::new(available),
                granted: ByteSize::new(*granted),
            });
        }
        let beyond = state.beyond(0);
        drop(state);
        drop(beyond);
        Ok(Charge::new(account.clone(), bytes))
    }

    fn spare(&self, bytes: u64) -> Option<Spare> {
        let GrantAccount { ledger, state } = &*self.grant.account;
        let mut own = state.lock();
        if let Some(at) = own.spares.iter().rposition(|spare| spare.bytes() == bytes) {
            ledger.count_reused(bytes);
            return Some(own.spares.remove(at));
        }
        // The ledger's is not charged any more once it is taken: what is left pays for it, too.
        let beyond = own.beyond(bytes);
        drop(own);
        drop(beyond);
        ledger.take_spare(bytes)
    }
}

/// The charge of a value that carries none of its own.
pub(crate) fn charge_value(grant: &dyn Allocator, bytes: u64) -> Result<Option<Charge>> {
    if bytes == 0 { Ok(None) } else { grant.reserve(charge(bytes)).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::BufferMut;

    #[test]
    fn buffers_draw_and_give_back_as_long_as_the_task_runs() {
        let ledger = Arc::new(Ledger::new(1000));
        assert!(ledger.try_charge(256));
        let grant = Grant::new(ledger.clone(), 256, false);
        let key = Key::new("t");
        let kept = BufferMut::zeroed(100, &grant.of(&key)).unwrap();
        for _ in 0..3 {
            drop(BufferMut::zeroed(128, &grant.of(&key)).unwrap());
        }
        let error = BufferMut::zeroed(129, &grant.of(&key)).unwrap_err().to_string();
        assert!(error.contains("task t asked for 192 B but has 128 B left of its grant of 256 B"), "{error}");
        assert_eq!(ledger.charged(), 256);
        drop(grant);
        assert_eq!(ledger.charged(), 128);
        drop(kept);
        assert_eq!(ledger.charged(), 0);
    }

    const MIB: u64 = 1 << 20;

    fn zeroed(grant: &Grant, bytes: u64) -> BufferMut {
        BufferMut::zeroed(bytes as usize, &grant.of(&Key::new("t"))).unwrap()
    }

    /// The MiB of spare memory.
    fn spares(grant: &Grant) -> u64 {
        let state = grant.account.state.lock();
        let bytes: u64 = state.spares.iter().map(Spare::bytes).sum();
        assert!(bytes <= state.left.unwrap());
        bytes / MIB
    }

    /// It is not charged any more, so own memory goes before.
    #[test]
    fn what_the_ledger_gives_is_paid_by_what_is_left() {
        let ledger = Arc::new(Ledger::new(20 * MIB));
        ledger.open_pool(8);
        assert!(ledger.try_charge(4 * MIB));
        drop(zeroed(&Grant::new(ledger.clone(), 4 * MIB, false), 4 * MIB));
        assert!(ledger.try_charge(10 * MIB));
        let grant = Grant::new(ledger.clone(), 10 * MIB, false);
        let both = (zeroed(&grant, 3 * MIB), zeroed(&grant, 5 * MIB));
        drop(both);
        assert_eq!((spares(&grant), ledger.charged()), (8, 14 * MIB));
        let given = grant.of(&Key::new("t")).spare(4 * MIB).unwrap();
        assert_eq!((given.bytes(), spares(&grant), ledger.charged()), (4 * MIB, 5, 10 * MIB));
        drop((given, grant));
        ledger.close_pool();
        assert_eq!(ledger.charged(), 0);
    }

    #[test]
    fn what_is_given_back_is_used_again_but_is_never_more_than_what_is_left() {
        let ledger = Arc::new(Ledger::new(20 * MIB));
        ledger.open_pool(8);
        assert!(ledger.try_grant_within(10 * MIB, u64::MAX).unwrap().is_empty());
        let grant = Grant::new(ledger.clone(), 10 * MIB, false);
        let mut own = zeroed(&grant, 5 * MIB);
        own.as_mut_slice().fill(7);
        drop(own);
        assert_eq!(spares(&grant), 5);
        // The same memory, cleared.
        assert!(zeroed(&grant, 5 * MIB).as_slice().iter().all(|&byte| byte == 0));
        drop(zeroed(&grant, MIB));
        assert_eq!((ledger.reused(), spares(&grant)), (5 * MIB, 6));
        // Only without the other 5 MiB are there 6.
        let output = zeroed(&grant, 6 * MIB);
        assert_eq!((spares(&grant), ledger.charged()), (1, 10 * MIB));
        drop(grant);
        assert_eq!(ledger.charged(), 7 * MIB);
        drop(output);
        assert_eq!(ledger.charged(), 7 * MIB);

        // What the ledger kept is part of the next grant, as far as it fits.
        let taken = ledger.try_grant_within(2 * MIB, u64::MAX).unwrap();
        assert_eq!((taken.len(), ledger.charged()), (1, 8 * MIB));
        let grant = Grant::with_spares(ledger.clone(), 2 * MIB, false, taken);
        assert_eq!(spares(&grant), 1);
        // What would be part of a grant stays where it is refused.
        assert!(ledger.try_grant_within(19 * MIB, u64::MAX).is_none());
        assert_eq!((ledger.charged(), ledger.charged_beside(19 * MIB)), (8 * MIB, 2 * MIB));
        ledger.close_pool();
        drop(grant);
        assert_eq!(ledger.charged(), 0);
    }

    #[test]
    fn an_estimate_may_be_overrun_and_is_charged_in_full() {
        let ledger = Arc::new(Ledger::new(100));
        assert!(ledger.try_charge(64));
        let grant = Grant::new(ledger.clone(), 64, true);
        let buffer = BufferMut::zeroed(1000, &grant.of(&Key::new("t"))).unwrap();
        assert_eq!(ledger.charged(), 1024);
        drop(grant);
        drop(buffer);
        assert_eq!(ledger.charged(), 0);
    }
}
