//! How a frame's bytes are stored: raw, or in LZ4 blocks with or without byte shuffle.
//!
//! Shuffling puts the first bytes of all items first, then the second ones, and so on: numbers of like size have like
//! high bytes. It helps some data and hurts other, so a sample decides.
//!
//! LZ4 is chosen where it wins: where packing and unpacking, as the sample took, and writing and reading what is left, at
//! the disk's pace as measured, take less than writing and reading all. On a fast disk little does. How bytes are stored
//! may so depend on the machine; what comes back does not (**D1**).

use std::time::{Duration, Instant};

use super::pace::Disk;
use crate::config::Compression;

/// LZ4 blocks hold this many bytes: LZ4's own window.
pub(super) const LZ4_BLOCK: usize = 64 << 10;

/// Raw blocks, the unit of checksums.
pub(super) const RAW_BLOCK: usize = 1 << 20;

/// Unpacking takes this part of the time of packing.
const UNPACKING: u32 = 3;

/// Pieces that are tried.
const SAMPLES: usize = 4;

/// All samples together are this part of the bytes, where they need not be larger to say anything.
const SAMPLED: usize = 32;

/// The least sample.
const LEAST_SAMPLE: usize = 8 << 10;

/// How one frame is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// As it is.
    Raw,
    /// As it is, in blocks as small as packed ones: what is written and read piece by piece.
    Pieces,
    /// In LZ4 blocks; shuffled first by items of so many bytes, where more than one.
    Lz4 {
        /// The item size, 1 for no shuffling.
        shuffle: u8,
    },
}

impl Codec {
    /// The bytes of each block but the last.
    pub(super) fn block(self) -> usize {
        match self {
            Self::Raw => RAW_BLOCK,
            Self::Pieces | Self::Lz4 { .. } => LZ4_BLOCK,
        }
    }

    /// Whether the payload is the bytes as they are.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Self::Raw | Self::Pieces)
    }
}

/// The memory that coding a block takes: one an I/O lane and one a worker, held for the session's life.
#[derive(Debug)]
pub(crate) struct Staging {
    shuffled: Box<[u8]>,
    packed: Box<[u8]>,
}

/// The bytes of a [`Staging`].
pub(crate) const STAGING: u64 = (LZ4_BLOCK + PACKED) as u64;

/// What `lz4_flex` asks for as room for a packed block: 1.1 times its length and a little.
const PACKED: usize = LZ4_BLOCK + LZ4_BLOCK / 10 + 64;

impl Staging {
    pub(crate) fn new() -> Self {
        Self { shuffled: vec![0; LZ4_BLOCK].into(), packed: vec![0; PACKED].into() }
    }

    /// Packs `block`; gives `None` where it does not get smaller.
    pub(super) fn pack(&mut self, block: &[u8], shuffle: u8) -> Option<&[u8]> {
        let input = if shuffle > 1 {
            let shuffled = &mut self.shuffled[..block.len()];
            shuffle_bytes(block, shuffled, usize::from(shuffle));
            &*shuffled
        } else {
            block
        };
        let len = lz4_flex::block::compress_into(input, &mut self.packed).ok()?;
        (len < block.len()).then_some(&self.packed[..len])
    }

    /// Where the pieces of a stream are put together to a block: the place that shuffling would need, which streams don't.
    pub(super) fn plain(&self) -> &[u8] {
        &self.shuffled
    }

    /// As [`plain`](Self::plain), to be filled.
    pub(super) fn plain_mut(&mut self) -> &mut [u8] {
        &mut self.shuffled
    }

    /// Packs the first `len` bytes of the [plain](Self::plain) block. Its packed length, where it gets smaller.
    pub(super) fn pack_plain(&mut self, len: usize) -> Option<usize> {
        let packed = lz4_flex::block::compress_into(&self.shuffled[..len], &mut self.packed).ok()?;
        (packed < len).then_some(packed)
    }

    /// What of a plain block of `len` bytes is stored: `packed` bytes, where it was packed.
    pub(super) fn block(&self, len: usize, packed: Option<usize>) -> &[u8] {
        packed.map_or(&self.shuffled[..len], |packed| &self.packed[..packed])
    }

    /// Unpacks the first `packed` packed bytes into the plain block, which must come out as `len` bytes.
    pub(super) fn unpack_plain(&mut self, packed: usize, len: usize) -> bool {
        let unpacked = lz4_flex::block::decompress_into(&self.packed[..packed], &mut self.shuffled[..len]);
        unpacked.is_ok_and(|unpacked| unpacked == len)
    }

    /// Where a packed block of `len` bytes is read to.
    pub(super) fn packed_mut(&mut self, len: usize) -> Option<&mut [u8]> {
        self.packed.get_mut(..len)
    }

    /// Unpacks the first `len` packed bytes into `out`, which must come out full.
    pub(super) fn unpack(&mut self, len: usize, out: &mut [u8], shuffle: u8) -> bool {
        let packed = &self.packed[..len];
        if shuffle > 1 {
            let Some(shuffled) = self.shuffled.get_mut(..out.len()) else { return false };
            let ok = lz4_flex::block::decompress_into(packed, shuffled).is_ok_and(|len| len == out.len());
            if ok {
                unshuffle_bytes(shuffled, out, usize::from(shuffle));
            }
            return ok;
        }
        lz4_flex::block::decompress_into(packed, out).is_ok_and(|len| len == out.len())
    }
}

/// What trying to pack some bytes, made of items of one size, gave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial {
    sample: Sample,
    shuffle: u8,
}

impl Trial {
    pub(super) fn new(bytes: &[u8], item_size: usize, staging: &mut Staging) -> Self {
        let item_size = u8::try_from(item_size).unwrap_or(1);
        let plain = sample(bytes, 1, staging);
        let shuffled = if item_size > 1 { Some(sample(bytes, item_size, staging)) } else { None };
        match shuffled {
            Some(sample) if sample.after < plain.after => Self { sample, shuffle: item_size },
            _ => Self { sample: plain, shuffle: 1 },
        }
    }

    /// Packs the first `len` bytes of the plain block.
    pub(super) fn of_plain(len: usize, staging: &mut Staging) -> Self {
        let started = Instant::now();
        let after = staging.pack_plain(len).unwrap_or(len) as u64;
        let sample = Sample { before: len as u64, after, took: started.elapsed() };
        Self { sample, shuffle: 1 }
    }

    /// How they are stored on a disk of this pace.
    pub(super) fn codec(self, compression: Compression, disk: Disk) -> Codec {
        let pays = || self.sample.pays(disk);
        match compression {
            Compression::None => Codec::Raw,
            Compression::Auto if !pays() => Codec::Raw,
            _ => Codec::Lz4 { shuffle: self.shuffle },
        }
    }
}

/// What packing some of the bytes gave.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    before: u64,
    after: u64,
    took: Duration,
}

impl Sample {
    /// Whether LZ4 takes less time than it saves the disk.
    fn pays(self, disk: Disk) -> bool {
        let coding = self.took.saturating_add(self.took / UNPACKING);
        coding.saturating_add(disk.round_trip(self.after)) < disk.round_trip(self.before)
    }
}

/// Packs pieces at even distances.
fn sample(bytes: &[u8], shuffle: u8, staging: &mut Staging) -> Sample {
    // Whole items, so that they are shuffled as they will be.
    let length = (bytes.len() / SAMPLES / SAMPLED).clamp(LEAST_SAMPLE, LZ4_BLOCK).next_multiple_of(64).min(LZ4_BLOCK);
    let pieces = bytes.len().div_ceil(length);
    let tried = pieces.min(SAMPLES);
    let mut sample = Sample::default();
    let started = Instant::now();
    for at in 0..tried {
        let start = at * pieces / tried * length;
        let piece = &bytes[start..bytes.len().min(start + length)];
        sample.before += piece.len() as u64;
        sample.after += staging.pack(piece, shuffle).map_or(piece.len(), <[u8]>::len) as u64;
    }
    sample.took = started.elapsed();
    sample
}

fn shuffle_bytes(from: &[u8], to: &mut [u8], item: usize) {
    let items = from.len() / item;
    let whole = items * item;
    for byte in 0..item {
        for (at, out) in to[byte * items..(byte + 1) * items].iter_mut().enumerate() {
            *out = from[at * item + byte];
        }
    }
    to[whole..].copy_from_slice(&from[whole..]);
}

fn unshuffle_bytes(from: &[u8], to: &mut [u8], item: usize) {
    let items = from.len() / item;
    let whole = items * item;
    for byte in 0..item {
        for (at, &value) in from[byte * items..(byte + 1) * items].iter().enumerate() {
            to[at * item + byte] = value;
        }
    }
    to[whole..].copy_from_slice(&from[whole..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffling_is_undone() {
        let bytes: Vec<u8> = (0..1003_u32).map(|i| (i * 7) as u8).collect();
        for item in [1, 2, 4, 8, 16] {
            let (mut there, mut back) = (vec![0; bytes.len()], vec![0; bytes.len()]);
            shuffle_bytes(&bytes, &mut there, item);
            unshuffle_bytes(&there, &mut back, item);
            assert_eq!(back, bytes, "{item}");
        }
    }

    #[test]
    fn lz4_is_chosen_where_it_wins_at_the_disks_pace() {
        let disk = |write: u64, read: u64| {
            let mut disk = Disk::default();
            for _ in 0..60 {
                disk.write.learn(1 << 30, Duration::from_millis(write));
                disk.read.learn(1 << 30, Duration::from_millis(read));
            }
            disk
        };
        let (hard_disk, fast_disk) = (disk(10_000, 8_000), disk(600, 300));
        let sample = |percent: u64, millis_a_gib: u64| Sample {
            before: 1 << 20,
            after: (percent << 20) / 100,
            took: Duration::from_micros(1000 * millis_a_gib / 1024),
        };
        // Halved at 0.4 GB/s: 3.3 s a GiB with unpacking, for 9 s saved, or for half a second.
        assert!(sample(50, 2_500).pays(hard_disk) && !sample(50, 2_500).pays(fast_disk));
        // Nearly nothing left, at 10 GB/s.
        assert!(sample(1, 100).pays(hard_disk) && sample(1, 100).pays(fast_disk));
        // What does not get smaller never pays, however slow the disk.
        assert!(!sample(100, 1).pays(hard_disk) && !sample(100, 0).pays(disk(u64::MAX >> 24, 1)));
    }

    #[test]
    fn the_worst_case_fits_the_staging() {
        assert!(lz4_flex::block::get_maximum_output_size(LZ4_BLOCK) <= PACKED);
    }
}
