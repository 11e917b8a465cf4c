//! The chunks that exist, each in one state (**M2**).
//!
//! ```text
//!               write begins               write ends, unpinned
//!   Dirty ───────────────────> Writing ───────────────────────> Spilled <──────────┐
//!     ^                          │  │                              │ load begins   │ evicted
//!     └──── write failed ────────┘  │ write ends, pinned           v               │
//!                                   └───────────> Clean <─────── Loading           │
//!                                                   │      load ends               │
//!                                                   └──────────────────────────────┘
//! ```
//!
//! A chunk is readable in Dirty, Writing and Clean. The last reader, or the handle that holds it, releases it from any
//! state; what was under way is then thrown away when it ends. Clean keeps the frame: to evict it costs no write.
//! *Mapped* of the design is Clean whose buffer is the mapping.

use super::eviction::{Candidate, Ranking, rank};
use crate::chunk::{Charge, Chunk, Decode, contained};
use crate::config::Eviction;
use crate::spill::Frame;

/// A place in [`Slots`], with a generation so that a stale reference is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SlotId {
    place: u32,
    generation: u32,
}

/// A chunk on scratch, and how it becomes one again.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) frame: Frame,
    pub(crate) decode: Decode,
    /// Whether any bytes are a valid value, so that the frame may be used in place.
    pub(crate) mappable: bool,
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.frame.fmt(f)
    }
}

#[derive(Debug)]
enum State {
    Dirty(Chunk),
    Writing(Chunk),
    Clean(Chunk, Stored),
    Spilled(Stored),
    Loading(Stored),
}

/// One chunk.
#[derive(Debug)]
struct Slot {
    state: State,
    /// What it is charged while it is in memory.
    bytes: u64,
    /// For values whose memory carries no charge of its own.
    charge: Option<Charge>,
    spillable: bool,
    owner: u32,
    pins: u32,
    next_use: u64,
    last_use: u64,
}

/// A chunk that has just been made.
#[derive(Debug)]
pub(crate) struct NewChunk {
    pub(crate) chunk: Chunk,
    /// What it is charged while it is in memory.
    pub(crate) bytes: u64,
    /// For values whose memory carries no charge of its own.
    pub(crate) charge: Option<Charge>,
    pub(crate) spillable: bool,
    /// The run that made it.
    pub(crate) owner: u32,
    pub(crate) next_use: u64,
}

/// What is to be dropped outside of all locks. Chunks go before the charges that pay for them.
#[derive(Debug, Default)]
pub(crate) struct Garbage {
    /// What evicted chunks will give back: counted, so that no more is evicted than needed.
    pub(crate) evicted: u64,
    chunks: Vec<Chunk>,
    stored: Vec<Stored>,
    charges: Vec<Charge>,
}

impl Garbage {
    pub(crate) fn push(&mut self, chunk: Chunk, charge: Option<Charge>) {
        self.chunks.push(chunk);
        self.charges.extend(charge);
    }

    /// Whether frames go: scratch has room again.
    pub(crate) fn frees_scratch(&self) -> bool {
        !self.stored.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.stored.is_empty() && self.charges.is_empty()
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.evicted += other.evicted;
        self.chunks.append(&mut other.chunks);
        self.stored.append(&mut other.stored);
        self.charges.append(&mut other.charges);
    }

    /// Drops everything; a destructor that panics does not stop the others.
    pub(crate) fn drop_all(self) {
        contained(self.chunks);
        contained(self.stored);
        drop(self.charges);
    }
}

/// A chunk to be written to scratch.
#[derive(Debug)]
pub(crate) struct WriteJob {
    pub(crate) slot: SlotId,
    pub(crate) chunk: Chunk,
    /// The run that made it.
    pub(crate) owner: u32,
}

/// What pinning a chunk gives.
#[derive(Debug)]
pub(crate) enum Pinned {
    /// It is here.
    Ready(Chunk),
    /// The caller must load it, and say so with [`Slots::loaded`].
    Load(Stored),
    /// Another task is loading it.
    Wait,
}

/// All chunks of a session.
#[derive(Debug)]
pub(crate) struct Slots {
    slots: Vec<Option<Slot>>,
    generations: Vec<u32>,
    free: Vec<u32>,
    policy: Eviction,
    ranking: Ranking,
    /// Ranks are kept only while memory is short.
    ranked: bool,
    clock: u64,
    /// Bytes of chunks that are being written and will be free when that ends.
    leaving: u64,
}

impl Slots {
    pub(crate) fn new(policy: Eviction) -> Self {
        Self {
            slots: Vec::new(),
            generations: Vec::new(),
            free: Vec::new(),
            policy,
            ranking: Ranking::default(),
            ranked: false,
            clock: 0,
            leaving: 0,
        }
    }

    /// Adds a chunk that has just been made.
    pub(crate) fn insert(&mut self, new: NewChunk) -> SlotId {
        self.clock += 1;
        let slot = Slot {
            state: State::Dirty(new.chunk),
            bytes: new.bytes,
            charge: new.charge,
            spillable: new.spillable,
            owner: new.owner,
            pins: 0,
            next_use: new.next_use,
            last_use: self.clock,
        };
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.generations.push(0);
            self.slots.len() as u32 - 1
        });
        self.slots[place as usize] = Some(slot);
        let id = SlotId { place, generation: self.generations[place as usize] };
        self.rank(id);
        id
    }

    fn get(&self, id: SlotId) -> Option<&Slot> {
        let current = *self.generations.get(id.place as usize)? == id.generation;
        self.slots[id.place as usize].as_ref().filter(|_| current)
    }

    fn get_mut(&mut self, id: SlotId) -> Option<&mut Slot> {
        let current = *self.generations.get(id.place as usize)? == id.generation;
        self.slots[id.place as usize].as_mut().filter(|_| current)
    }

    /// The bytes of a chunk while it is in memory.
    pub(crate) fn bytes(&self, id: SlotId) -> u64 {
        self.get(id).map_or(0, |slot| slot.bytes)
    }

    /// The bytes that must be reserved for reading the chunk: all of it if it is on scratch, else none.
    pub(crate) fn bytes_to_load(&self, id: SlotId) -> u64 {
        self.get(id).map_or(0, |slot| if matches!(slot.state, State::Spilled(_)) { slot.bytes } else { 0 })
    }

    /// Pins a chunk for a granted task: it will not be evicted until [`unpin`](Self::unpin).
    ///
    /// # Panics
    /// Where the chunk was released: its readers are counted, so that is a bug.
    pub(crate) fn pin(&mut self, id: SlotId) -> Pinned {
        self.clock += 1;
        let clock = self.clock;
        let slot = self.get_mut(id).expect("a chunk lives until its last reader");
        slot.pins += 1;
        slot.last_use = clock;
        match &slot.state {
            State::Dirty(chunk) | State::Clean(chunk, _) => Pinned::Ready(chunk.clone()),
            State::Writing(chunk) => {
                let (chunk, bytes) = (chunk.clone(), slot.bytes);
                if slot.pins == 1 {
                    self.leaving -= bytes;
                }
                Pinned::Ready(chunk)
            }
            State::Loading(_) => Pinned::Wait,
            State::Spilled(stored) => {
                let stored = stored.clone();
                slot.state = State::Loading(stored.clone());
                Pinned::Load(stored)
            }
        }
    }

    /// The chunk, if it is in memory; `None` while it is loading.
    pub(crate) fn resident(&self, id: SlotId) -> Option<Chunk> {
        match &self.get(id)?.state {
            State::Dirty(chunk) | State::Clean(chunk, _) | State::Writing(chunk) => Some(chunk.clone()),
            State::Loading(_) | State::Spilled(_) => None,
        }
    }

    /// Whether somebody is loading the chunk.
    pub(crate) fn is_loading(&self, id: SlotId) -> bool {
        self.get(id).is_some_and(|slot| matches!(slot.state, State::Loading(_)))
    }

    /// A load has ended: with the chunk, or in vain.
    pub(crate) fn loaded(&mut self, id: SlotId, loaded: Option<(Chunk, Option<Charge>)>) {
        let Some(slot) = self.get_mut(id) else { return };
        if let State::Loading(stored) = &slot.state {
            let stored = stored.clone();
            slot.state = match loaded {
                Some((chunk, charge)) => {
                    slot.charge = charge;
                    State::Clean(chunk, stored)
                }
                None => State::Spilled(stored),
            };
        }
    }

    /// A reader is done; `next_use` is where the chunk is needed next.
    pub(crate) fn unpin(&mut self, id: SlotId, next_use: u64) {
        let Some(slot) = self.get_mut(id) else { return };
        slot.pins -= 1;
        slot.next_use = next_use;
        if slot.pins == 0 && matches!(slot.state, State::Writing(_)) {
            let bytes = slot.bytes;
            self.leaving += bytes;
        }
        self.rank(id);
    }

    /// Where a chunk is needed next has changed.
    pub(crate) fn set_next_use(&mut self, id: SlotId, next_use: u64) {
        if let Some(slot) = self.get_mut(id) {
            slot.next_use = next_use;
            self.rank(id);
        }
    }

    /// Nobody needs the chunk any more.
    pub(crate) fn release(&mut self, id: SlotId) -> Garbage {
        let mut garbage = Garbage::default();
        if self.get(id).is_none() {
            return garbage;
        }
        let place = id.place as usize;
        self.generations[place] = self.generations[place].wrapping_add(1);
        self.free.push(id.place);
        if let Some(slot) = self.slots[place].take() {
            if slot.pins == 0 && matches!(slot.state, State::Writing(_)) {
                self.leaving -= slot.bytes;
            }
            garbage.take_state(slot.state);
            garbage.charges.extend(slot.charge);
        }
        garbage
    }

    /// Releases every chunk.
    pub(crate) fn release_all(&mut self) -> Garbage {
        let mut garbage = Garbage::default();
        for place in 0..self.slots.len() as u32 {
            garbage.append(self.release(SlotId { place, generation: self.generations[place as usize] }));
        }
        garbage
    }

    /// Chooses chunks whose going frees `bytes`, given what is leaving already: clean ones go at once, dirty ones are to
    /// be written. Only unpinned chunks whose next use comes after `after` (any, where `None`), and only clean ones where not `writable`.
    pub(crate) fn evict(&mut self, bytes: u64, after: Option<u64>, writable: bool) -> (Garbage, Vec<WriteJob>) {
        self.start_ranking();
        let (mut garbage, mut writes) = (Garbage::default(), Vec::new());
        let mut missing = bytes.saturating_sub(self.leaving);
        let mut not_allowed = Vec::new();
        while missing > 0 {
            let Some((top, id)) = self.ranking.pop() else { break };
            if self.present_rank(id) != Some(top) {
                continue;
            }
            let Some(slot) = self.get_mut(id) else { continue };
            if after.is_some_and(|after| slot.next_use <= after) {
                not_allowed.push((top, id));
                if self.policy == Eviction::NextUse {
                    // All others are needed sooner still.
                    break;
                }
                continue;
            }
            if !writable && matches!(slot.state, State::Dirty(_)) {
                not_allowed.push((top, id));
                continue;
            }
            missing = missing.saturating_sub(slot.bytes);
            let (bytes, owner) = (slot.bytes, slot.owner);
            match &slot.state {
                State::Clean(chunk, stored) => {
                    garbage.chunks.push(chunk.clone());
                    garbage.evicted += bytes;
                    let stored = stored.clone();
                    slot.state = State::Spilled(stored);
                    garbage.charges.extend(slot.charge.take());
                }
                State::Dirty(chunk) => {
                    let chunk = chunk.clone();
                    slot.state = State::Writing(chunk.clone());
                    self.leaving += bytes;
                    writes.push(WriteJob { slot: id, chunk, owner });
                }
                State::Writing(_) | State::Spilled(_) | State::Loading(_) => {}
            }
        }
        for (rank, id) in not_allowed {
            self.ranking.push(rank, id);
        }
        (garbage, writes)
    }

    /// A write has ended: with what was stored, or in vain. Gives what is to be dropped.
    pub(crate) fn written(&mut self, id: SlotId, stored: Option<Stored>) -> Garbage {
        let mut garbage = Garbage::default();
        let Some(slot) = self.get_mut(id) else {
            // Released in the meantime.
            garbage.stored.extend(stored);
            return garbage;
        };
        let (pinned, bytes) = (slot.pins > 0, slot.bytes);
        let State::Writing(chunk) = &slot.state else { return garbage };
        let chunk = chunk.clone();
        match stored {
            Some(stored) if pinned => slot.state = State::Clean(chunk, stored),
            Some(stored) => {
                slot.state = State::Spilled(stored);
                garbage.chunks.push(chunk);
                garbage.evicted += bytes;
                garbage.charges.extend(slot.charge.take());
            }
            None => slot.state = State::Dirty(chunk),
        }
        if !pinned {
            self.leaving -= bytes;
        }
        garbage
    }

    /// Keeps ranks from now on.
    fn start_ranking(&mut self) {
        if !std::mem::replace(&mut self.ranked, true) {
            for place in 0..self.slots.len() as u32 {
                self.rank(SlotId { place, generation: self.generations[place as usize] });
            }
        }
    }

    /// Memory is ample again: ranks need not be kept.
    pub(crate) fn stop_ranking(&mut self) {
        self.ranked = false;
        self.ranking.clear();
    }

    fn rank(&mut self, id: SlotId) {
        if self.ranked
            && let Some(rank) = self.present_rank(id)
        {
            self.ranking.push(rank, id);
        }
    }

    /// The rank of a chunk that could be evicted now. An empty one never is: it would free nothing, and who reads it
    /// would find no bytes to load, hence reserve no staging for loading it.
    fn present_rank(&self, id: SlotId) -> Option<u64> {
        let slot = self.get(id)?;
        let idle = slot.pins == 0 && matches!(slot.state, State::Dirty(_) | State::Clean(..));
        let evictable = slot.spillable && slot.bytes > 0 && idle;
        evictable.then(|| rank(self.policy, Candidate { next_use: slot.next_use, last_use: slot.last_use }))
    }
}

impl Garbage {
    fn take_state(&mut self, state: State) {
        match state {
            State::Dirty(chunk) | State::Writing(chunk) => self.chunks.push(chunk),
            State::Clean(chunk, stored) => {
                self.chunks.push(chunk);
                self.stored.push(stored);
            }
            State::Spilled(stored) | State::Loading(stored) => self.stored.push(stored),
        }
    }
}
