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
    /// `None` once the grant is closed.
    left: Mutex<Option<u64>>,
}

impl Account for GrantAccount {
    fn release(&self, bytes: u64) {
        if let Some(left) = &mut *self.left.lock() {
            *left += bytes;
            return;
        }
        self.ledger.release(bytes);
    }

    fn keep(&self, spare: Spare) -> Option<Spare> {
        // While the task runs its own bytes are its own.
        if self.left.lock().is_some() { Some(spare) } else { self.ledger.keep(spare) }
    }
}

impl Grant {
    /// A grant of `bytes` that the ledger has charged. An `elastic` one, of a task whose size is an estimate, may go
    /// beyond; the excess is an overrun.
    pub(crate) fn new(ledger: Arc<Ledger>, bytes: u64, elastic: bool) -> Self {
        let account = Arc::new(GrantAccount { ledger, left: Mutex::new(Some(bytes)) });
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
        let left = self.account.left.lock().take();
        let drawn = self.granted.saturating_add(self.overrun()).saturating_sub(left.unwrap_or(0));
        if let Some(left) = left {
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
        let mut left = account.left.lock();
        let available = left.unwrap_or(0);
        if available >= bytes {
            *left = left.map(|left| left - bytes);
        } else if *elastic {
            account.ledger.overrun(bytes - available);
            overrun.fetch_add(bytes - available, Ordering::Relaxed);
            *left = left.map(|_| 0);
        } else {
            return Err(Error::Overdrawn {
                key: self.task.to_string(),
                asked: ByteSize::new(bytes),
                left: ByteSize::new(available),
                granted: ByteSize::new(*granted),
            });
        }
        Ok(Charge::new(account.clone(), bytes))
    }

    fn spare(&self, bytes: u64) -> Option<Spare> {
        self.grant.account.ledger.take_spare(bytes)
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
