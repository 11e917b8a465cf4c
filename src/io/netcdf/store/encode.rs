//! From a block to the bytes of a stored chunk: missing values filled in, padded, shuffled, deflated.
//!
//! The bytes are a function of the values. All memory comes from the task's grant.

use libdeflater::{CompressionLvl, Compressor};

use crate::array::Region;
use crate::chunk::{Block, Element, bytes_of, charge};
use crate::error::{Error, Result};
use crate::graph::TaskContext;

/// What libdeflate takes for itself, at the levels that there are, rounded up.
const COMPRESSOR: u64 = 1 << 20;

/// Makes stored chunks.
#[derive(Clone, Debug)]
pub(super) struct Encoder<T> {
    /// The lengths of a stored chunk.
    pub(super) chunk: Vec<usize>,
    /// What is written for NaN.
    pub(super) missing: Option<T>,
    /// How hard to deflate; not at all where there is none.
    pub(super) level: Option<u8>,
}

impl<T: Element> Encoder<T> {
    fn compressor(level: u8) -> Compressor {
        Compressor::new(CompressionLvl::new(i32::from(level)).unwrap_or_default())
    }

    /// The bytes of a whole chunk.
    fn bytes(&self) -> usize {
        self.chunk.iter().product::<usize>() * size_of::<T>()
    }

    /// The most bytes that a chunk is stored as.
    fn most(&self) -> usize {
        self.level.map_or(self.bytes(), |level| Self::compressor(level).zlib_compress_bound(self.bytes()))
    }

    /// What its output is charged, at most.
    pub(super) fn output(&self) -> u64 {
        Block::<u8>::charge(self.most())
    }

    /// What encoding the block `region` takes beside that.
    pub(super) fn workspace(&self, region: &Region) -> u64 {
        let bytes = charge(self.bytes() as u64);
        let staged = if self.is_staged(region) { bytes } else { 0 };
        let shuffled = if self.is_shuffled() { bytes } else { 0 };
        let deflated = self.level.map_or(0, |_| charge(self.most() as u64) + COMPRESSOR);
        staged + shuffled + deflated
    }

    fn is_staged(&self, region: &Region) -> bool {
        self.missing.is_some() || region.shape != self.chunk
    }

    fn is_shuffled(&self) -> bool {
        self.level.is_some() && size_of::<T>() > 1
    }

    /// The stored bytes of a block.
    pub(super) fn encode(&self, context: &TaskContext<'_>, region: &Region, block: &[T]) -> Result<Block<u8>> {
        if !self.is_staged(region) {
            return self.deflate(context, bytes_of(block));
        }
        let mut staged = context.block::<T>(&self.chunk)?;
        let values = staged.as_mut_slice();
        copy_rows(block, &region.shape, values, &self.chunk);
        if let Some(missing) = self.missing {
            values.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = missing);
        }
        self.deflate(context, bytes_of(staged.as_slice()))
    }

    fn deflate(&self, context: &TaskContext<'_>, bytes: &[u8]) -> Result<Block<u8>> {
        let Some(level) = self.level else { return keep(context, bytes) };
        let shuffled = if self.is_shuffled() {
            let mut shuffled = context.buffer(bytes.len())?;
            shuffle::<T>(bytes, shuffled.as_mut_slice());
            Some(shuffled)
        } else {
            None
        };
        let bytes = shuffled.as_ref().map_or(bytes, |shuffled| shuffled.as_slice());
        let reserved = context.allocator().reserve(COMPRESSOR)?;
        let mut deflated = context.buffer(self.most())?;
        let length = Self::compressor(level).zlib_compress(bytes, deflated.as_mut_slice());
        drop(reserved);
        // There is as much room as the compressor asks for.
        let length =
            length.map_err(|_| Error::ChunkType { found: "more bytes than there is room for", expected: "a chunk" })?;
        keep(context, &deflated.as_slice()[..length])
    }
}

fn keep(context: &TaskContext<'_>, bytes: &[u8]) -> Result<Block<u8>> {
    let mut out = context.unwritten::<u8>(&[bytes.len()])?;
    out.as_mut_slice().copy_from_slice(bytes);
    Ok(out.freeze())
}

/// Copies a block into a chunk that is as long or longer along each axis.
fn copy_rows<T: Copy>(block: &[T], shape: &[usize], chunk: &mut [T], lengths: &[usize]) {
    let Some((&row, outer)) = shape.split_last() else {
        chunk.copy_from_slice(block);
        return;
    };
    for (number, values) in block.chunks_exact(row).enumerate() {
        let (mut left, mut at, mut stride) = (number, 0, lengths[outer.len()]);
        for axis in (0..outer.len()).rev() {
            at += left % shape[axis] * stride;
            left /= shape[axis];
            stride *= lengths[axis];
        }
        chunk[at..at + row].copy_from_slice(values);
    }
}

/// HDF5's shuffle: the first bytes of all elements, then all second ones, and so on.
fn shuffle<T>(bytes: &[u8], out: &mut [u8]) {
    match size_of::<T>() {
        2 => planes::<2>(bytes, out),
        4 => planes::<4>(bytes, out),
        _ => planes::<8>(bytes, out),
    }
}

fn planes<const N: usize>(bytes: &[u8], out: &mut [u8]) {
    let (items, _) = bytes.as_chunks::<N>();
    for (plane, out) in out.chunks_exact_mut(items.len()).enumerate() {
        out.iter_mut().zip(items).for_each(|(byte, item)| *byte = item[plane]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Unmetered;
    use crate::graph::Key;

    #[test]
    fn blocks_are_padded_filled_and_shuffled() {
        let encoder = Encoder { chunk: vec![2, 3], missing: Some(-9.0_f32), level: None };
        let key = Key::new("store");
        let context = TaskContext::new(&key, &Unmetered, &|_| {});
        let region = Region::new([2, 3], [2, 2]);
        let stored = encoder.encode(&context, &region, &[1.0, f32::NAN, 3.0, 4.0]).unwrap();
        let expected: Vec<u8> =
            [1.0_f32, -9.0, 0.0, 3.0, 4.0, 0.0].iter().flat_map(|value| value.to_ne_bytes()).collect();
        assert_eq!(stored.as_slice(), expected);
        let mut out = [0; 6];
        shuffle::<u16>(&[1, 2, 3, 4, 5, 6], &mut out);
        assert_eq!(out, [1, 3, 5, 2, 4, 6]);
    }

    #[test]
    fn what_is_taken_was_declared() {
        let encoder = Encoder { chunk: vec![100, 100], missing: Some(0.0_f64), level: Some(4) };
        let values: Vec<f64> = (0..10_000).map(|at| f64::from(at).sin()).collect();
        let key = Key::new("store");
        let context = TaskContext::new(&key, &Unmetered, &|_| {});
        let stored = encoder.encode(&context, &Region::new([0, 0], [100, 100]), &values).unwrap();
        assert!(Block::<u8>::charge(stored.as_slice().len()) <= encoder.output());
    }
}
