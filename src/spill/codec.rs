//! How a frame's bytes are stored: raw, or in LZ4 blocks with or without byte shuffle.
//!
//! Shuffling puts the first bytes of all items first, then the second ones, and so on: numbers of like size have like
//! high bytes. It helps some data and hurts other, so a sample decides. Where LZ4 gains little, raw is better: it can
//! be mapped and used in place.
//!
//! The choice looks at fixed places of the data alone: the same bytes are always stored alike.

use crate::config::Compression;

/// LZ4 blocks hold this many bytes: LZ4's own window.
pub(super) const LZ4_BLOCK: usize = 64 << 10;

/// Raw blocks, the unit of checksums.
pub(super) const RAW_BLOCK: usize = 1 << 20;

/// LZ4 is chosen below this ratio of stored to original bytes: above it, raw frames that are used in place cost less
/// than decoding.
const WORTH_IT: f64 = 0.7;

/// Blocks that are tried.
const SAMPLES: usize = 4;

/// How one frame is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// As it is.
    Raw,
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
            Self::Lz4 { .. } => LZ4_BLOCK,
        }
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

/// Chooses how `bytes`, made of items of `item_size`, are stored.
pub(super) fn choose(compression: Compression, bytes: &[u8], item_size: usize, staging: &mut Staging) -> Codec {
    let item_size = u8::try_from(item_size).unwrap_or(1);
    let limit = match compression {
        Compression::None => return Codec::Raw,
        Compression::Lz4 => f64::INFINITY,
        Compression::Auto => WORTH_IT,
    };
    let mut ratio = |shuffle: u8| sampled_ratio(bytes, shuffle, staging);
    let (plain, shuffled) = (ratio(1), if item_size > 1 { ratio(item_size) } else { f64::INFINITY });
    if plain.min(shuffled) >= limit {
        Codec::Raw
    } else {
        Codec::Lz4 { shuffle: if shuffled < plain { item_size } else { 1 } }
    }
}

fn sampled_ratio(bytes: &[u8], shuffle: u8, staging: &mut Staging) -> f64 {
    let blocks = bytes.len().div_ceil(LZ4_BLOCK);
    let tried = blocks.min(SAMPLES);
    let (mut before, mut after) = (0, 0);
    for sample in 0..tried {
        let start = sample * blocks / tried * LZ4_BLOCK;
        let block = &bytes[start..bytes.len().min(start + LZ4_BLOCK)];
        before += block.len();
        after += staging.pack(block, shuffle).map_or(block.len(), <[u8]>::len);
    }
    if before == 0 { 1.0 } else { after as f64 / before as f64 }
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
    fn the_worst_case_fits_the_staging() {
        assert!(lz4_flex::block::get_maximum_output_size(LZ4_BLOCK) <= PACKED);
    }
}
