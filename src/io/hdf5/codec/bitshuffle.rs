//! Bitshuffle: blocks of elements whose bits were sorted, alone or compressed after that (HDF5 filter 32008).
//!
//! A block has a multiple of eight elements. What is left at the end is a shorter block, and fewer than eight elements as
//! they were. If blocks are compressed, eight bytes before them tell the size of all and four that of a block, and four
//! before each its stored size; numbers have their highest byte first.

use super::fields::Fields;
use super::transpose::bit_unshuffle;
use super::{lz4, zstd};

/// A block has about so many bytes where the filter's parameters don't tell.
const TARGET: usize = 8192;

/// The fewest elements of such a block.
const FEWEST: usize = 128;

/// What was done to sorted bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Inner {
    Nothing,
    Lz4,
    Zstd,
}

/// How the bits of a data set were sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Bitshuffle {
    item: usize,
    /// Elements of a block where nothing else tells.
    block: usize,
    pub(in super::super) inner: Inner,
}

impl Bitshuffle {
    /// What the parameters of the filter tell: two numbers of its version, bytes of an element, elements of a block, and
    /// the compression.
    pub(in super::super) fn of(parameters: &[u32]) -> Option<Self> {
        let item = parameters.get(2).copied().filter(|item| (1..=1 << 16).contains(item))? as usize;
        let usual = (TARGET / item / 8 * 8).max(FEWEST);
        let block = match parameters.get(3).copied().unwrap_or(0) as usize {
            0 => usual,
            told => Some(told).filter(|told| told.is_multiple_of(8))?,
        };
        let inner = match parameters.get(4).copied().unwrap_or(0) {
            0 => Inner::Nothing,
            2 => Inner::Lz4,
            3 => Inner::Zstd,
            _ => return None,
        };
        Some(Self { item, block, inner })
    }

    /// Bytes that decoding to `bytes` bytes takes beside the buffers.
    pub(super) fn hidden(self, bytes: usize) -> usize {
        match self.inner {
            Inner::Nothing => 0,
            Inner::Lz4 => bytes,
            Inner::Zstd => bytes + zstd::hidden(bytes),
        }
    }

    /// Decodes `data` to as many bytes as `out` has.
    pub(super) fn decode(self, data: &[u8], out: &mut [u8]) -> Result<(), String> {
        if self.inner != Inner::Nothing {
            return self.decompress(data, out);
        }
        if data.len() != out.len() {
            return Err(format!("it has {} B, expected {}", data.len(), out.len()));
        }
        for (data, out) in data.chunks(self.block * self.item).zip(out.chunks_mut(self.block * self.item)) {
            let whole = self.whole(out.len());
            bit_unshuffle(&data[..whole], self.item, &mut out[..whole]);
            out[whole..].copy_from_slice(&data[whole..]);
        }
        Ok(())
    }

    /// Of so many bytes, those of whole groups of eight elements.
    fn whole(self, bytes: usize) -> usize {
        bytes - bytes % (8 * self.item)
    }

    fn decompress(self, data: &[u8], out: &mut [u8]) -> Result<(), String> {
        let mut fields = Fields::new(data);
        let (size, block) = (fields.u64_be()?, fields.u32_be()? as usize);
        if size != out.len() as u64 {
            return Err(format!("it expands to {size} B, expected {}", out.len()));
        }
        let block = if block == 0 { self.block * self.item } else { block };
        if !block.is_multiple_of(8 * self.item) {
            return Err(format!("its blocks of {block} B are no groups of eight elements"));
        }
        let mut sorted = vec![0; block.min(out.len())];
        for out in out.chunks_mut(block) {
            let whole = self.whole(out.len());
            if whole > 0 {
                let stored = fields.u32_be()? as usize;
                let (stored, sorted) = (fields.bytes(stored)?, &mut sorted[..whole]);
                if self.inner == Inner::Lz4 {
                    lz4::block_of(stored, sorted)?;
                } else {
                    zstd::decode(stored, sorted)?;
                }
                bit_unshuffle(sorted, self.item, &mut out[..whole]);
            }
            let rest = fields.bytes(out.len() - whole)?;
            out[whole..].copy_from_slice(rest);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_checked() {
        let of = |parameters: &[u32]| Bitshuffle::of(parameters);
        assert_eq!(of(&[0, 4, 4, 0, 2]), Some(Bitshuffle { item: 4, block: 2048, inner: Inner::Lz4 }));
        assert_eq!(of(&[0, 4, 1000]), Some(Bitshuffle { item: 1000, block: 128, inner: Inner::Nothing }));
        for wrong in [&[0, 4][..], &[0, 4, 0], &[0, 4, 4, 9], &[0, 4, 4, 8, 1], &[0, 4, 1 << 20]] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn sizes_that_cannot_be_are_errors() {
        let lz4 = Bitshuffle { item: 2, block: 8, inner: Inner::Lz4 };
        let header = |size: u64, block: u32| [&size.to_be_bytes()[..], &block.to_be_bytes()].concat();
        let mut out = [0; 20];
        for data in [header(20, 16), header(21, 16), header(20, 5), header(20, u32::MAX), vec![]] {
            assert!(lz4.decode(&data, &mut out).is_err());
        }
        assert!(Bitshuffle { inner: Inner::Nothing, ..lz4 }.decode(&[0; 19], &mut out).is_err());
    }
}
