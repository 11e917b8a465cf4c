//! Frames: one value's bytes on scratch, checked before use.
//!
//! ```text
//! 0        header: magic, version, codec, shuffle, bytes, stored bytes, blocks, hash of the table, own hash
//! 64       block table: stored length and XXH3 of each block's stored bytes
//! aligned  payload: the blocks one after the other (a page border for raw frames, so that they can be mapped)
//! ```
//!
//! Everything is native-endian: scratch never leaves its process. Nothing in a frame is trusted (**S1**). Its handle, in
//! memory, remembers where the payload lies, how long it is, and the header's own hash; the header has the hash of the
//! table, the table those of the blocks. What does not fit is [`Error::Corrupt`]: a flipped bit, a file that was cut, and
//! also a frame that is whole but another one, as after a write that the disk forgot. Only then is a length of the table
//! used, and no offset is ever read from a frame. What lies between table and payload is nobody's, and is not looked at.
//!
//! In persistent memory a frame is stored raw and used where it lies: no copy of it is made, and none is in the page cache.

use std::sync::Arc;
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::xxh3_64;

use super::codec::{Codec, Staging};
use super::segment::{Extent, PAGE};
use super::tier::Tier;
use crate::error::{Error, Result};

const MAGIC: u64 = u64::from_le_bytes(*b"thrmclin");
const VERSION: u32 = 1;
const HEADER: usize = 64;
const ENTRY: usize = 16;

/// Raw payloads of at least this many bytes are mapped rather than read.
const MAP_FROM: usize = 256 << 10;

/// The handle of a stored frame. Dropping the last clone frees its extent.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    extent: Extent,
    codec: Codec,
    bytes: usize,
    payload: u64,
    stored: u64,
    /// The hash of the header, which seals all else.
    seal: u64,
    in_place: bool,
}

/// A raw frame mapped into memory: a lease on its extent.
#[derive(Debug)]
pub(crate) struct MappedFrame {
    // Fields are dropped in this order: pages that are still mapped would stay in the page cache (S5).
    map: memmap2::Mmap,
    _cached: Cached,
}

impl MappedFrame {
    /// The value's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }
}

/// Drops a frame's pages from the page cache when it goes.
#[derive(Debug)]
struct Cached(Frame);

impl Drop for Cached {
    fn drop(&mut self) {
        self.0.inner.extent.drop_cache(self.0.inner.stored);
    }
}

pub(super) struct Entry {
    pub(super) stored: usize,
    hash: u64,
}

/// A block table that fits its header.
pub(super) struct Table(Vec<u8>);

impl Table {
    /// The entry of block `number`.
    pub(super) fn get(&self, number: usize) -> Option<Entry> {
        table_of(&self.0).nth(number)
    }
}

fn table_of(raw: &[u8]) -> impl ExactSizeIterator<Item = Entry> + '_ {
    raw.chunks_exact(ENTRY).map(|entry| Entry { stored: word(entry, 0) as usize, hash: word(entry, 8) })
}

fn word(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_ne_bytes(word)
}

fn blocks_of(bytes: usize, codec: Codec) -> usize {
    bytes.div_ceil(codec.block())
}

fn header(codec: Codec, bytes: usize, stored: u64, table: &[u8]) -> [u8; HEADER] {
    let (kind, shuffle) = match codec {
        Codec::Raw => (0_u32, 1),
        Codec::Lz4 { shuffle } => (1, u32::from(shuffle)),
        Codec::Pieces => (2, 1),
    };
    let mut header = [0; HEADER];
    let fields = [
        MAGIC,
        u64::from(VERSION) << 32 | u64::from(kind << 8 | shuffle),
        bytes as u64,
        stored,
        blocks_of(bytes, codec) as u64,
        xxh3_64(table),
    ];
    for (place, field) in header.chunks_exact_mut(8).zip(fields) {
        place.copy_from_slice(&field.to_ne_bytes());
    }
    let own = xxh3_64(&header[..HEADER - 8]);
    header[HEADER - 8..].copy_from_slice(&own.to_ne_bytes());
    header
}

/// So many bytes are copied into the page cache before the system is told to begin writing them: the disk works while
/// the rest is copied.
const BEGUN: u64 = 2 << 20;

/// A frame that is in the page cache and on its way to the disk.
#[derive(Debug)]
pub(crate) struct Begun {
    frame: Frame,
    /// What handing its bytes over took, without packing them.
    handing: Duration,
}

impl Begun {
    /// Its bytes on scratch.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.frame.inner.stored
    }

    /// Waits until it is on the disk, and drops its pages from the page cache (S5).
    ///
    /// # Errors
    /// [`Error::Scratch`], [`Error::ScratchFull`] where the disk did not take it: the frame is gone.
    pub(crate) fn settle(self) -> Result<Frame> {
        let Self { frame, handing } = self;
        let started = Instant::now();
        let outcome = frame.inner.extent.settle(frame.inner.stored);
        let tier = frame.inner.extent.tier().clone();
        match outcome {
            Ok(()) => {
                tier.learn(|disk| disk.write.learn(frame.inner.stored, handing + started.elapsed()));
                Ok(frame)
            }
            Err(error) => {
                // First, because bytes that are given back open the tier.
                drop(frame);
                tier.close(error.clone());
                Err(error)
            }
        }
    }
}

/// Begins to write a frame of `bytes` to `tier`.
pub(super) fn begin(
    tier: &Arc<Tier>,
    bytes: &[u8],
    codec: Codec,
    in_place: bool,
    staging: &mut Staging,
) -> Result<Begun> {
    let mut writer = Writer::new(tier, bytes.len(), codec)?;
    for block in bytes.chunks(codec.block()) {
        let stored = match codec {
            Codec::Raw | Codec::Pieces => block,
            Codec::Lz4 { shuffle } => staging.pack(block, shuffle).unwrap_or(block),
        };
        writer.push(stored)?;
    }
    writer.finish(codec, in_place)
}

/// A frame in the making: its blocks come one after the other.
pub(super) struct Writer {
    extent: Extent,
    bytes: usize,
    table: Vec<u8>,
    payload: u64,
    /// Where the next block goes, and how far the system was told to begin.
    at: u64,
    begun: u64,
    handing: Duration,
}

impl Writer {
    /// For `bytes` bytes in blocks of that `codec`.
    pub(super) fn new(tier: &Arc<Tier>, bytes: usize, codec: Codec) -> Result<Self> {
        let blocks = blocks_of(bytes, codec);
        let front = (HEADER + blocks * ENTRY) as u64;
        let align = if codec.is_plain() && bytes >= MAP_FROM { PAGE } else { 64 };
        let payload = front.div_ceil(align) * align;
        let extent = Extent::take(tier, payload + bytes as u64)?;
        let table = Vec::with_capacity(blocks * ENTRY);
        Ok(Self { extent, bytes, table, payload, at: payload, begun: payload, handing: Duration::ZERO })
    }

    /// Adds a block, as it is stored.
    pub(super) fn push(&mut self, stored: &[u8]) -> Result<()> {
        let started = Instant::now();
        self.extent.write(self.at, stored)?;
        self.at += stored.len() as u64;
        if self.at - self.begun >= BEGUN {
            // Whole pages: the last one is yet to be filled.
            let whole = self.at / PAGE * PAGE;
            self.extent.begin_settling(self.begun, whole);
            self.begun = whole;
        }
        self.handing += started.elapsed();
        self.table.extend_from_slice(&(stored.len() as u64).to_ne_bytes());
        self.table.extend_from_slice(&xxh3_64(stored).to_ne_bytes());
        Ok(())
    }

    /// All blocks are there.
    pub(super) fn finish(mut self, codec: Codec, in_place: bool) -> Result<Begun> {
        let (bytes, payload, at) = (self.bytes, self.payload, self.at);
        self.extent.write(HEADER as u64, &self.table)?;
        let header = header(codec, bytes, at - payload, &self.table);
        self.extent.write(0, &header)?;
        self.extent.shrink(at);
        self.extent.begin_settling(0, at);
        let in_place = in_place && codec.is_plain() && bytes >= MAP_FROM && self.extent.may_be_mapped();
        let inner = Inner { extent: self.extent, codec, bytes, payload, stored: at, seal: xxh3_64(&header), in_place };
        Ok(Begun { frame: Frame { inner: Arc::new(inner) }, handing: self.handing })
    }
}

impl Frame {
    /// The value's bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.inner.bytes
    }

    /// Its bytes on scratch.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.inner.stored
    }

    /// Bringing it back has taken so long. Of packed ones that does not say what the disk took.
    pub(crate) fn was_read(&self, took: Duration) {
        if self.inner.codec == Codec::Raw {
            self.tier().learn(|disk| disk.read.learn(self.stored_bytes(), took));
        }
    }

    /// Where it lies.
    pub(super) fn tier(&self) -> &Tier {
        self.inner.extent.tier()
    }

    /// Has the system begin to read it: it will be wanted soon.
    pub(crate) fn prefetch(&self) {
        self.inner.extent.fill_cache(self.inner.stored);
    }

    /// Reads the value's bytes into `out`.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where they are not what was written; [`Error::Scratch`] where reading fails.
    ///
    /// # Panics
    /// Where `out` has another length than the value.
    pub(crate) fn read_into(&self, out: &mut [u8], staging: &mut Staging) -> Result<()> {
        let frame = &*self.inner;
        assert_eq!(out.len(), frame.bytes, "the caller knows the frame's length");
        let table = self.read_table()?;
        let mut at = frame.payload;
        for (block, entry) in out.chunks_mut(frame.codec.block()).zip(table_of(&table)) {
            match frame.codec {
                Codec::Lz4 { shuffle } if entry.stored < block.len() => {
                    let packed = staging.packed_mut(entry.stored).ok_or_else(|| self.corrupt("a block is too long"))?;
                    self.read(at, packed)?;
                    self.check(packed, &entry)?;
                    if !staging.unpack(entry.stored, block, shuffle) {
                        return Err(self.corrupt("a block does not decompress to its length"));
                    }
                }
                _ if entry.stored == block.len() => {
                    self.read(at, block)?;
                    self.check(block, &entry)?;
                }
                _ => return Err(self.corrupt("a block has another length than it should")),
            }
            at += entry.stored as u64;
        }
        self.was_taken();
        Ok(())
    }

    /// Whether the value's bytes can be mapped where they lie: the frame is raw and large enough.
    pub(crate) fn may_be_mapped(&self) -> bool {
        self.inner.in_place
    }

    /// Maps the value's bytes where they lie, where that [can be done](Self::may_be_mapped) and its filesystem maps it. All
    /// of it is checked first.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Scratch`] as [`read_into`](Self::read_into).
    pub(crate) fn map(&self) -> Result<Option<MappedFrame>> {
        let frame = &*self.inner;
        if !frame.in_place {
            return Ok(None);
        }
        let table = self.read_table()?;
        // Read ahead by guess, the system would also read what lies around a small frame.
        frame.extent.fill_cache(frame.stored);
        let Some(map) = frame.extent.map(frame.payload, frame.bytes) else { return Ok(None) };
        for (block, entry) in map.chunks(frame.codec.block()).zip(table_of(&table)) {
            if entry.stored != block.len() {
                return Err(self.corrupt("a block has another length than it should"));
            }
            self.check(block, &entry)?;
        }
        Ok(Some(MappedFrame { map, _cached: Cached(self.clone()) }))
    }

    /// Where its blocks are, for who reads them one by one, each once: their stored lengths and hashes, and where the first
    /// one begins.
    pub(super) fn blocks(&self) -> Result<(Table, u64)> {
        Ok((Table(self.read_table()?), self.inner.payload))
    }

    fn read_table(&self) -> Result<Vec<u8>> {
        let frame = &*self.inner;
        let mut front = vec![0; HEADER + blocks_of(frame.bytes, frame.codec) * ENTRY];
        self.read(0, &mut front)?;
        let table = front.split_off(HEADER);
        let expected = header(frame.codec, frame.bytes, frame.stored - frame.payload, &table);
        if front != expected || xxh3_64(&front) != frame.seal {
            return Err(self.corrupt("the header or the block table is not what was written"));
        }
        Ok(table)
    }

    /// Its bytes were read, and are not wanted in the page cache any more.
    pub(super) fn was_taken(&self) {
        self.inner.extent.drop_cache(self.inner.stored);
    }

    fn read(&self, at: u64, out: &mut [u8]) -> Result<()> {
        if self.inner.extent.read(at, out)? { Ok(()) } else { Err(self.corrupt("its end is not there")) }
    }

    fn check(&self, stored: &[u8], entry: &Entry) -> Result<()> {
        if xxh3_64(stored) == entry.hash { Ok(()) } else { Err(self.corrupt("a block's checksum does not fit")) }
    }

    fn corrupt(&self, problem: &str) -> Error {
        let extent = &self.inner.extent;
        Error::Corrupt { path: extent.tier().path().to_owned(), offset: extent.offset(), problem: problem.into() }
    }

    /// Reads block `number`, stored at `at`, into the staging's plain block. Its length.
    ///
    /// # Errors
    /// As [`read_into`](Self::read_into).
    ///
    /// # Panics
    /// Where it was not written as a stream: larger blocks don't fit.
    pub(super) fn read_plain(&self, number: usize, entry: &Entry, at: u64, staging: &mut Staging) -> Result<usize> {
        let block = self.inner.codec.block();
        let len = (self.inner.bytes - number * block).min(block);
        if entry.stored == len {
            let plain = &mut staging.plain_mut()[..len];
            self.read(at, plain)?;
            self.check(plain, entry)?;
            return Ok(len);
        }
        let may_be_packed = self.inner.codec == (Codec::Lz4 { shuffle: 1 }) && entry.stored < len;
        let packed = if may_be_packed { staging.packed_mut(entry.stored) } else { None };
        let packed = packed.ok_or_else(|| self.corrupt("a block has another length than it should"))?;
        self.read(at, packed)?;
        self.check(packed, entry)?;
        if staging.unpack_plain(entry.stored, len) {
            Ok(len)
        } else {
            Err(self.corrupt("a block does not decompress to its length"))
        }
    }

    /// Whether it can be read piece by piece.
    #[cfg(test)]
    pub(super) fn is_stream(&self) -> bool {
        matches!(self.inner.codec, Codec::Pieces | Codec::Lz4 { shuffle: 1 })
    }

    /// The bytes at `at`, as they are on scratch.
    #[cfg(test)]
    pub(crate) fn peek(&self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        assert!(self.inner.extent.read(at, &mut bytes).unwrap());
        bytes
    }

    /// Overwrites the bytes at `at` on scratch.
    #[cfg(test)]
    pub(crate) fn poke(&self, at: u64, bytes: &[u8]) {
        self.inner.extent.write(at, bytes).unwrap();
    }

    /// Where the table ends, and where the payload begins.
    #[cfg(test)]
    pub(crate) fn padding(&self) -> std::ops::Range<u64> {
        let front = (HEADER + blocks_of(self.inner.bytes, self.inner.codec) * ENTRY) as u64;
        front..self.inner.payload
    }

    /// Has all hashes of header and table fit what they are about: what a clever forger would do.
    #[cfg(test)]
    pub(super) fn seal_again(&self) {
        let end = self.padding().start as usize;
        let mut front = self.peek(0, end);
        let table = xxh3_64(&front[HEADER..]);
        front[40..48].copy_from_slice(&table.to_ne_bytes());
        let own = xxh3_64(&front[..HEADER - 8]);
        front[HEADER - 8..HEADER].copy_from_slice(&own.to_ne_bytes());
        self.poke(0, &front);
    }
}
