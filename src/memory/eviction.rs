//! Which chunk goes first.
//!
//! A policy ranks chunks; the one with the highest rank is evicted first. *Next use* (Belady 1966): the chunk whose next
//! reader comes last in the order, which is optimal where the order is followed. *LRU* is there to compare with.
//!
//! Ranks are kept in a lazy heap: whenever a chunk's rank changes, it is pushed again; an entry whose rank is not the
//! chunk's present one is skipped when it comes up.

use std::collections::BinaryHeap;

use super::SlotId;
use crate::config::Eviction;

/// Where in the total order of all tasks of all runs a chunk is needed next: run number above, place in its order below.
/// `NEVER` where no run needs it.
pub(crate) const NEVER: u64 = u64::MAX;

/// What a policy may look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) next_use: u64,
    /// When it was last made or read: a count of such events.
    pub(super) last_use: u64,
}

/// The rank of a chunk: the highest goes first.
pub(super) fn rank(policy: Eviction, candidate: Candidate) -> u64 {
    match policy {
        Eviction::NextUse => candidate.next_use,
        Eviction::Lru => NEVER - candidate.last_use,
    }
}

/// Chunks by rank, with stale entries.
#[derive(Debug, Default)]
pub(super) struct Ranking {
    heap: BinaryHeap<(u64, SlotId)>,
}

impl Ranking {
    pub(super) fn push(&mut self, rank: u64, slot: SlotId) {
        self.heap.push((rank, slot));
    }

    pub(super) fn pop(&mut self) -> Option<(u64, SlotId)> {
        self.heap.pop()
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
    }
}
