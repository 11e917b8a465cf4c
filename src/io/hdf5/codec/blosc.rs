//! Blosc (HDF5 filter 32001), version 1 of the format: blocks, each compressed by one of several codecs after its bytes
//! or bits were sorted.
//!
//! A header of 16 bytes: version, the codec's version, flags, bytes of an element; the sizes of all, of a block, and of
//! what is stored, least byte first. Then where each block starts. A block is one stream or, of byte-sorted elements, one
//! for each byte of an element: its stored size and its bytes, which are as they were where the size says so.

use libdeflater::Decompressor;

use super::fields::Fields;
use super::transpose::{bit_unshuffle, unshuffle};
use super::{blosclz, lz4, zstd};

const HEADER: usize = 16;

/// Flags.
const BYTES_SORTED: u8 = 1;
const AS_IT_WAS: u8 = 2;
const BITS_SORTED: u8 = 4;
const ONE_STREAM: u8 = 16;

/// Elements have at most so many streams, and each at least so many bytes.
const MOST_STREAMS: usize = 16;
const SHORTEST_STREAM: usize = 128;

/// Bytes that decoding to `bytes` bytes takes beside the buffers.
pub(super) fn hidden(bytes: usize) -> usize {
    bytes + zstd::hidden(bytes)
}

/// What the header tells.
struct Frame<'a> {
    flags: u8,
    item: usize,
    block: usize,
    stored: &'a [u8],
}

/// Decodes `data` to as many bytes as `out` has.
pub(super) fn decode(data: &[u8], out: &mut [u8]) -> Result<(), String> {
    let frame = Frame::parse(data, out.len())?;
    if out.is_empty() {
        return Ok(());
    }
    if frame.flags & AS_IT_WAS != 0 {
        let bytes = frame.stored.get(HEADER..HEADER + out.len()).ok_or("it ends too soon")?;
        out.copy_from_slice(bytes);
        return Ok(());
    }
    let mut sorted = vec![0; frame.block.min(out.len())];
    let mut starts = Fields::new(&frame.stored[HEADER..]);
    for out in out.chunks_mut(frame.block) {
        let start = starts.u32_le()? as usize;
        let stored = frame.stored.get(start..).filter(|_| start >= HEADER).ok_or("a block starts nowhere")?;
        let sorted = &mut sorted[..out.len()];
        frame.streams(stored, sorted)?;
        frame.put_together(sorted, out);
    }
    Ok(())
}

impl<'a> Frame<'a> {
    fn parse(data: &'a [u8], expected: usize) -> Result<Self, String> {
        let mut fields = Fields::new(data);
        let kind = fields.bytes(4)?;
        let (size, block, stored) = (fields.u32_le()?, fields.u32_le()? as usize, fields.u32_le()? as usize);
        if !matches!(kind[0], 1 | 2) {
            return Err(format!("it is of Blosc's format {}, of which 1 and 2 are read", kind[0]));
        }
        if size as usize != expected {
            return Err(format!("it expands to {size} B, expected {expected}"));
        }
        let stored = data.get(..stored).filter(|stored| stored.len() >= HEADER).ok_or("it ends too soon")?;
        let (flags, item) = (kind[2], usize::from(kind[3]));
        if item == 0 || (block == 0 && expected > 0) {
            return Err("its elements or blocks have no bytes".into());
        }
        Ok(Self { flags, item, block, stored })
    }

    /// Decodes the streams of the block that `stored` begins with.
    fn streams(&self, stored: &[u8], out: &mut [u8]) -> Result<(), String> {
        let one = self.flags & ONE_STREAM != 0
            || self.item > MOST_STREAMS
            || self.block / self.item < SHORTEST_STREAM
            || out.len() != self.block
            || !out.len().is_multiple_of(self.item);
        let length = if one { out.len() } else { out.len() / self.item };
        let mut fields = Fields::new(stored);
        for out in out.chunks_mut(length) {
            let stored = fields.u32_le()? as usize;
            let stored = fields.bytes(stored)?;
            if stored.len() == out.len() {
                out.copy_from_slice(stored);
            } else {
                self.codec(stored, out)?;
            }
        }
        Ok(())
    }

    fn codec(&self, stored: &[u8], out: &mut [u8]) -> Result<(), String> {
        match self.flags >> 5 {
            0 => blosclz::decode(stored, out),
            1 => lz4::block_of(stored, out),
            2 => snappy(stored, out),
            3 => super::inflate(&mut Decompressor::new(), stored, out),
            4 => zstd::decode(stored, out),
            other => Err(format!("it is compressed by Blosc's codec number {other}, which nobody knows")),
        }
    }

    fn put_together(&self, sorted: &[u8], out: &mut [u8]) {
        let elements = out.len() / self.item;
        if self.flags & BYTES_SORTED != 0 && self.item > 1 {
            unshuffle(sorted, self.item, out);
        } else if self.flags & BITS_SORTED != 0 && elements > 0 && elements.is_multiple_of(8) {
            let whole = elements * self.item;
            bit_unshuffle(&sorted[..whole], self.item, &mut out[..whole]);
            out[whole..].copy_from_slice(&sorted[whole..]);
        } else {
            out.copy_from_slice(sorted);
        }
    }
}

/// Snappy has no frame in Blosc.
fn snappy(stored: &[u8], out: &mut [u8]) -> Result<(), String> {
    match snap::raw::Decoder::new().decompress(stored, out) {
        Ok(found) if found == out.len() => Ok(()),
        Ok(found) => Err(format!("a stream expands to {found} B, expected {}", out.len())),
        Err(error) => Err(format!("a stream is damaged ({error})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(flags: u8, item: u8, size: u32, block: u32, stored: u32) -> Vec<u8> {
        let sizes = [size, block, stored].map(u32::to_le_bytes).concat();
        [&[2, 1, flags, item][..], &sizes].concat()
    }

    #[test]
    fn bytes_may_be_as_they_were() {
        let data = [header(AS_IT_WAS, 4, 5, 5, 21), b"abcde".to_vec()].concat();
        let mut out = [0; 5];
        decode(&data, &mut out).unwrap();
        assert_eq!(&out, b"abcde");
    }

    #[test]
    fn sizes_and_places_that_cannot_be_are_errors() {
        let mut out = [0; 64];
        for (flags, item, size, block, stored, start) in [
            (1, 4, 65, 64, 32, 20_u32),
            (1, 4, 64, 64, 64, 20),
            (1, 0, 64, 64, 32, 20),
            (1, 4, 64, 0, 32, 20),
            (1, 4, 64, 64, 32, 33),
            (1, 4, 64, 64, 32, 3),
            (1, 4, 64, 64, 32, u32::MAX),
            (0xe0, 4, 64, 64, 32, 20),
            (0x50, 4, 64, 64, 32, 20),
            (0xa0, 4, 64, 64, 32, 20),
            (AS_IT_WAS, 4, 64, 64, 32, 20),
        ] {
            let mut data = header(flags, item, size, block, stored);
            data.extend(start.to_le_bytes());
            data.extend(8_u32.to_le_bytes());
            data.resize(32, 7);
            assert!(decode(&data, &mut out).is_err(), "{flags} {item} {size} {block} {stored} {start}");
        }
        assert!(decode(&[2, 1, 0], &mut out).is_err());
    }
}
