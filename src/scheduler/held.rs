//! Chunks that a session keeps for its user.

use std::sync::Weak;

use super::Shared;
use crate::memory::SlotId;

/// A handle on a chunk that the session keeps, in memory or on scratch, until the handle goes or the session ends.
#[derive(Debug)]
pub(crate) struct Held {
    home: Weak<Shared>,
    slot: SlotId,
    bytes: u64,
    /// Bytes that can't be evicted.
    stuck: u64,
}

impl Held {
    pub(super) fn new(home: Weak<Shared>, slot: SlotId, bytes: u64, stuck: u64) -> Self {
        Self { home, slot, bytes, stuck }
    }

    /// The chunk's slot, if it belongs to the session of `home`.
    pub(super) fn slot_in(&self, home: &Weak<Shared>) -> Option<SlotId> {
        self.home.ptr_eq(home).then_some(self.slot)
    }

    /// Bytes of the chunk while it is in memory.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck > 0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(home) = self.home.upgrade() {
            home.let_go(self.slot, self.bytes, self.stuck);
        }
    }
}
