//! The chunks that exist, each in one state (**M2**).
//!
//! ```text
//!               write begins               write ends, leaves
//!   Dirty ───────────────────> Writing ───────────────────────> Gone (frame) <─────┐
//!     │ ^                        │  │                              │ load begins   │ evicted
//!     │ └──── write failed ──────┘  │ write ends, stays            v               │
//!     │                             └───────────> Clean <─────── Loading           │
//!     │ dropped                                     │      load ends               │
//!     │                                             └──────────────────────────────┘
//!     └────> Gone (redo) ──> Loading ──> Dirty
//! ```
//!
//! A load that finds its frame damaged ends in Dirty as well, where the chunk could be made again, else in Gone as before.
//!
//! A chunk is readable in Dirty, Writing and Clean. The last reader, or the handle that holds it, releases it from any
//! state; what was under way is then thrown away when it ends. Clean keeps the frame: to evict it costs no write.
//! *Mapped* of the design is Clean whose buffer is the mapping; *Spilled* and *Dropped* are Gone with a frame, and without.
//!
//! A write that was begun to make room *leaves*: at its end the chunk goes from memory. One that was begun ahead of need
//! stays, unless room is needed before it ends; and so does one that is pinned meanwhile.
//!
//! A chunk on scratch that is needed soon is *announced*: the system reads its frame into its cache meanwhile, which takes
//! nothing of the budget, and bytes that are announced and not yet loaded are [few](MOST_ANNOUNCED).
//!
//! A root that is cheap to redo is dropped where its own time, as measured, is less than writing and reading it would take.

use std::time::Duration;

use super::eviction::{Candidate, Ranking, rank};
use super::origin::Origin;
use super::rates::Rates;
use crate::chunk::{Charge, Chunk, Decode, ReadBack, contained};
use crate::config::Eviction;
use crate::spill::Frame;

/// How many chunks are looked at for one that can be written ahead of need.
const MOST_PASSED: usize = 64;

/// So many bytes of scratch are announced at a time; one frame always may be.
const MOST_ANNOUNCED: u64 = 32 << 20;

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
    pub(crate) back: Back,
}

/// How what lies in a frame becomes a value.
#[derive(Clone)]
pub(crate) enum Back {
    /// As one piece of memory.
    Memory {
        decode: Decode,
        /// Whether any bytes are a valid value, so that the frame may be used in place.
        mappable: bool,
    },
    /// Piece by piece.
    Stream(ReadBack),
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.frame.fmt(f)
    }
}

/// How a chunk that is not in memory comes back.
#[derive(Clone, Debug)]
pub(crate) enum Recovery {
    /// From scratch.
    Frame(Stored),
    /// By its task, once more.
    Redo,
}

#[derive(Debug)]
enum State {
    Dirty(Chunk),
    Writing { chunk: Chunk, leaves: bool },
    Clean(Chunk, Stored),
    Gone(Recovery),
    Loading(Recovery),
}

/// One chunk.
#[derive(Debug)]
struct Slot {
    state: State,
    /// What it is charged while it is in memory.
    bytes: u64,
    /// For values whose memory carries no charge of its own.
    charge: Option<Charge>,
    ways: Ways,
    origin: Origin,
    pins: u32,
    next_use: u64,
    last_use: u64,
    /// Bytes of its frame that were announced as needed soon.
    announced: u64,
}

/// How a chunk may leave memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ways {
    /// It can be written.
    pub(crate) spill: bool,
    /// It can be made again, which took so long the first time.
    pub(crate) redo: Option<Duration>,
    /// It will have to leave, as far as can be told: it may be written ahead of need.
    pub(crate) clean_ahead: bool,
}

/// Which chunks may be written to scratch to make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// None: scratch can't take any at present.
    Nothing,
    /// Those that are forecast to be: running ahead must not add to them.
    Expected,
    Anything,
}

impl Writing {
    fn allows(self, ways: Ways) -> bool {
        let expected = match self {
            Self::Nothing => false,
            Self::Expected => ways.clean_ahead,
            Self::Anything => true,
        };
        ways.spill && expected
    }
}

/// A chunk that has just been made.
#[derive(Debug)]
pub(crate) struct NewChunk {
    pub(crate) chunk: Chunk,
    /// What it is charged while it is in memory.
    pub(crate) bytes: u64,
    /// For values whose memory carries no charge of its own.
    pub(crate) charge: Option<Charge>,
    pub(crate) ways: Ways,
    /// Who made it.
    pub(crate) origin: Origin,
    pub(crate) next_use: u64,
}

/// What is to be dropped outside of all locks. Chunks go before the charges that pay for them.
#[derive(Debug, Default)]
pub(crate) struct Garbage {
    /// What evicted and released chunks will give back: counted, so that no more is evicted than needed.
    pub(crate) leaving: u64,
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
        self.leaving += other.leaving;
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
    /// What it is charged.
    pub(crate) bytes: u64,
    /// Who made it.
    pub(crate) origin: Origin,
}

/// What pinning a chunk gives.
#[derive(Debug)]
pub(crate) enum Pinned {
    /// It is here.
    Ready(Chunk),
    /// The caller must bring it back, and say so with [`Slots::loaded`].
    Load {
        recovery: Recovery,
        /// It may be made again where its frame is of no use.
        redoable: bool,
    },
    /// Another task is loading it.
    Wait,
}

/// A chunk that was brought back.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) chunk: Chunk,
    /// For values whose memory carries no charge of its own.
    pub(crate) charge: Option<Charge>,
    /// It was made again: whatever there is of it on scratch is of no use.
    pub(crate) remade: bool,
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
    /// Bytes of frames that were announced and are not loaded yet.
    announced: u64,
    /// What scratch costs.
    pub(crate) rates: Rates,
}

/// What reading a chunk takes beside what is in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is in memory, or somebody is bringing it.
    Nothing,
    /// It has to be loaded.
    Load {
        bytes: u64,
        /// It may be made again where its frame is of no use.
        redoable: bool,
    },
    /// So many bytes have to be made again.
    Redo(u64),
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
            announced: 0,
            rates: Rates::default(),
        }
    }

    /// Adds a chunk that has just been made.
    pub(crate) fn insert(&mut self, new: NewChunk) -> SlotId {
        self.clock += 1;
        let slot = Slot {
            state: State::Dirty(new.chunk),
            bytes: new.bytes,
            charge: new.charge,
            ways: new.ways,
            origin: new.origin,
            pins: 0,
            next_use: new.next_use,
            last_use: self.clock,
            announced: 0,
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

    /// The bytes of all chunks that are in memory.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let here = |slot: &&Slot| !matches!(slot.state, State::Gone(_) | State::Loading(_));
        self.slots.iter().flatten().filter(here).map(|slot| slot.bytes).sum()
    }

    /// The bytes of a chunk while it is in memory.
    pub(crate) fn bytes(&self, id: SlotId) -> u64 {
        self.get(id).map_or(0, |slot| slot.bytes)
    }

    /// Whether the chunk has to be brought back to be read.
    pub(crate) fn is_away(&self, id: SlotId) -> bool {
        !matches!(self.missing(id), Missing::Nothing)
    }

    /// Whether it can go without being written first.
    pub(crate) fn has_frame(&self, id: SlotId) -> bool {
        self.get(id).is_some_and(|slot| matches!(slot.state, State::Clean(..) | State::Gone(Recovery::Frame(_))))
    }

    /// What must be reserved for reading the chunk.
    pub(crate) fn missing(&self, id: SlotId) -> Missing {
        let Some(slot) = self.get(id) else { return Missing::Nothing };
        match &slot.state {
            State::Gone(Recovery::Frame(_)) => Missing::Load { bytes: slot.bytes, redoable: slot.ways.redo.is_some() },
            State::Gone(Recovery::Redo) => Missing::Redo(slot.bytes),
            _ => Missing::Nothing,
        }
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
        match &mut slot.state {
            State::Dirty(chunk) | State::Clean(chunk, _) => Pinned::Ready(chunk.clone()),
            State::Writing { chunk, leaves } => {
                let (chunk, left) = (chunk.clone(), std::mem::replace(leaves, false));
                if left {
                    let bytes = slot.bytes;
                    self.leaving -= bytes;
                }
                Pinned::Ready(chunk)
            }
            State::Loading(_) => Pinned::Wait,
            State::Gone(recovery) => {
                let (recovery, announced) = (recovery.clone(), std::mem::take(&mut slot.announced));
                let redoable = slot.ways.redo.is_some();
                slot.state = State::Loading(recovery.clone());
                self.announced -= announced;
                Pinned::Load { recovery, redoable }
            }
        }
    }

    /// The frame of a chunk on scratch that is needed soon, to be prefetched; `None` where it was given before, where too
    /// much is on its way already, or where there is none.
    pub(crate) fn announce(&mut self, id: SlotId) -> Option<Frame> {
        let others = self.announced;
        let slot = self.get_mut(id)?;
        let State::Gone(Recovery::Frame(stored)) = &slot.state else { return None };
        let bytes = stored.frame.stored_bytes();
        if slot.announced > 0 || (others > 0 && others + bytes > MOST_ANNOUNCED) {
            return None;
        }
        let frame = stored.frame.clone();
        slot.announced = bytes;
        self.announced += bytes;
        Some(frame)
    }

    /// The chunk, if it is in memory; `None` while it is loading.
    pub(crate) fn resident(&self, id: SlotId) -> Option<Chunk> {
        match &self.get(id)?.state {
            State::Dirty(chunk) | State::Clean(chunk, _) | State::Writing { chunk, .. } => Some(chunk.clone()),
            State::Loading(_) | State::Gone(_) => None,
        }
    }

    /// Whether somebody is loading the chunk.
    pub(crate) fn is_loading(&self, id: SlotId) -> bool {
        self.get(id).is_some_and(|slot| matches!(slot.state, State::Loading(_)))
    }

    /// A load has ended: with the chunk, or in vain. Gives the frame that is of no use any more, where there is one.
    pub(crate) fn loaded(&mut self, id: SlotId, loaded: Option<Loaded>) -> Option<Stored> {
        let slot = self.get_mut(id)?;
        let State::Loading(recovery) = &slot.state else { return None };
        let recovery = recovery.clone();
        let Some(Loaded { chunk, charge, remade }) = loaded else {
            slot.state = State::Gone(recovery);
            return None;
        };
        slot.charge = charge;
        let (state, useless) = match recovery {
            Recovery::Frame(stored) if remade => (State::Dirty(chunk), Some(stored)),
            Recovery::Frame(stored) => (State::Clean(chunk, stored), None),
            Recovery::Redo => (State::Dirty(chunk), None),
        };
        slot.state = state;
        useless
    }

    /// A reader is done; `next_use` is where the chunk is needed next.
    pub(crate) fn unpin(&mut self, id: SlotId, next_use: u64) {
        let Some(slot) = self.get_mut(id) else { return };
        slot.pins -= 1;
        slot.next_use = next_use;
        self.rank(id);
    }

    /// The chunk outlives the run that could have made it again.
    pub(crate) fn keep(&mut self, id: SlotId) {
        if let Some(slot) = self.get_mut(id) {
            slot.ways.redo = None;
        }
    }

    /// Whether a chunk will have to leave, as far as can be told.
    pub(crate) fn expect_to_leave(&mut self, id: SlotId, leaves: bool) {
        if let Some(slot) = self.get_mut(id) {
            slot.ways.clean_ahead = leaves;
        }
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
            match slot.state {
                State::Writing { leaves: true, .. } => self.leaving -= slot.bytes,
                // What is being written stays until that ends.
                State::Dirty(_) | State::Clean(..) => garbage.leaving += slot.bytes,
                _ => {}
            }
            self.announced -= slot.announced;
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

    /// Chooses chunks whose going frees `bytes`, given what is leaving already: clean ones and those that are redone go at
    /// once, dirty ones are to be written. Only unpinned chunks whose next use comes after `after` (any, where `None`), and
    /// of those that would have to be written only what `writing` allows.
    pub(crate) fn evict(&mut self, bytes: u64, after: Option<u64>, writing: Writing) -> (Garbage, Vec<WriteJob>) {
        self.start_ranking();
        let (mut garbage, mut writes) = (Garbage::default(), Vec::new());
        let mut missing = bytes.saturating_sub(self.leaving);
        let mut not_allowed = Vec::new();
        while missing > 0 {
            let Some((top, id)) = self.ranking.pop() else { break };
            if self.present_rank(id) != Some(top) {
                continue;
            }
            let Some(slot) = self.get(id) else { continue };
            if after.is_some_and(|after| slot.next_use <= after) {
                not_allowed.push((top, id));
                if self.policy == Eviction::NextUse {
                    // All others are needed sooner still.
                    break;
                }
                continue;
            }
            let size = slot.bytes;
            if self.send_away(id, writing, &mut garbage, &mut writes) {
                missing = missing.saturating_sub(size);
            } else {
                not_allowed.push((top, id));
            }
        }
        for (rank, id) in not_allowed {
            self.ranking.push(rank, id);
        }
        (garbage, writes)
    }

    /// Has an unpinned chunk leave memory, now or when it has been written. Whether it will.
    fn send_away(&mut self, id: SlotId, writing: Writing, garbage: &mut Garbage, writes: &mut Vec<WriteJob>) -> bool {
        let redo = self.is_redone(id);
        let Some(slot) = self.get_mut(id) else { return false };
        // What scratch does not take is made again however long that takes.
        let redo = redo || (slot.ways.redo.is_some() && writing == Writing::Nothing);
        let bytes = slot.bytes;
        let gone = match &slot.state {
            State::Clean(chunk, stored) => Some((chunk.clone(), Recovery::Frame(stored.clone()))),
            State::Dirty(chunk) if redo => Some((chunk.clone(), Recovery::Redo)),
            _ => None,
        };
        if let Some((chunk, recovery)) = gone {
            slot.state = State::Gone(recovery);
            garbage.chunks.push(chunk);
            garbage.leaving += bytes;
            garbage.charges.extend(slot.charge.take());
            return true;
        }
        match &mut slot.state {
            State::Writing { leaves, .. } => *leaves = true,
            State::Dirty(chunk) if writing.allows(slot.ways) => {
                let chunk = chunk.clone();
                slot.state = State::Writing { chunk: chunk.clone(), leaves: true };
                writes.push(WriteJob { slot: id, chunk, bytes, origin: slot.origin.clone() });
            }
            _ => return false,
        }
        self.leaving += bytes;
        true
    }

    /// Whether a dirty chunk is to be made again rather than written.
    fn is_redone(&self, id: SlotId) -> bool {
        let Some(slot) = self.get(id) else { return false };
        let cheaper = |took: Duration| !slot.ways.spill || took < self.rates.round_trip(slot.bytes);
        slot.ways.redo.is_some_and(cheaper)
    }

    /// Chooses a chunk to be written ahead of need: of those that will have to leave, the one that is needed last.
    pub(crate) fn clean_ahead(&mut self) -> Option<WriteJob> {
        self.start_ranking();
        let mut passed = Vec::new();
        let mut chosen = None;
        while let Some((top, id)) = self.ranking.pop() {
            if self.present_rank(id) != Some(top) {
                continue;
            }
            passed.push((top, id));
            let redo = self.is_redone(id);
            let Some(slot) = self.get_mut(id) else { continue };
            if let State::Dirty(chunk) = &slot.state
                && slot.ways.spill
                && slot.ways.clean_ahead
                && !redo
            {
                let (chunk, bytes, origin) = (chunk.clone(), slot.bytes, slot.origin.clone());
                slot.state = State::Writing { chunk: chunk.clone(), leaves: false };
                chosen = Some(WriteJob { slot: id, chunk, bytes, origin });
                break;
            }
            if passed.len() > MOST_PASSED {
                break;
            }
        }
        for (rank, id) in passed {
            self.ranking.push(rank, id);
        }
        chosen
    }

    /// A write has ended: with what was stored, or in vain. Gives what is to be dropped.
    pub(crate) fn written(&mut self, id: SlotId, stored: Option<Stored>) -> Garbage {
        let mut garbage = Garbage::default();
        let Some(slot) = self.get_mut(id) else {
            // Released in the meantime.
            garbage.stored.extend(stored);
            return garbage;
        };
        let bytes = slot.bytes;
        let State::Writing { chunk, leaves } = &slot.state else { return garbage };
        let (chunk, leaves) = (chunk.clone(), *leaves);
        match stored {
            Some(stored) if leaves => {
                slot.state = State::Gone(Recovery::Frame(stored));
                garbage.chunks.push(chunk);
                garbage.leaving += bytes;
                garbage.charges.extend(slot.charge.take());
            }
            Some(stored) => slot.state = State::Clean(chunk, stored),
            None => slot.state = State::Dirty(chunk),
        }
        if leaves {
            self.leaving -= bytes;
        }
        self.rank(id);
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
        let here = matches!(slot.state, State::Dirty(_) | State::Clean(..) | State::Writing { leaves: false, .. });
        let evictable = slot.ways.spill || slot.ways.redo.is_some();
        let evictable = evictable && slot.bytes > 0 && slot.pins == 0 && here;
        evictable.then(|| rank(self.policy, Candidate { next_use: slot.next_use, last_use: slot.last_use }))
    }
}

impl Garbage {
    fn take_state(&mut self, state: State) {
        match state {
            State::Dirty(chunk) | State::Writing { chunk, .. } => self.chunks.push(chunk),
            State::Clean(chunk, stored) => {
                self.chunks.push(chunk);
                self.stored.push(stored);
            }
            State::Gone(Recovery::Frame(stored)) | State::Loading(Recovery::Frame(stored)) => self.stored.push(stored),
            State::Gone(Recovery::Redo) | State::Loading(Recovery::Redo) => {}
        }
    }
}
