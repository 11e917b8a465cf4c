//! Codecs that chunks are compressed by: each decodes to exactly as many bytes as are expected, or tells why it can't.
//!
//! Decoders are of crates that are kept up, in Rust where that is fast enough: libdeflate, `lz4_flex`, `ruzstd`,
//! `libbz2-rs`, `snap`. What frames their streams in HDF5 files (LZ4, bitshuffle, Blosc) and what hardly takes code (LZF, `BloscLZ`)
//! is here. A stream is damaged until shown otherwise: nothing is allocated by what it claims, no copy leaves its bounds.

mod bitshuffle;
mod blosc;
mod blosclz;
mod bzip2;
mod copy;
mod fields;
mod lz4;
mod lzf;
mod transpose;
mod zstd;

use libdeflater::Decompressor;

pub(super) use bitshuffle::Bitshuffle;
use bitshuffle::Inner;
pub(super) use transpose::unshuffle;

/// A way to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Deflate,
    Lzf,
    Lz4,
    Zstd,
    Bzip2,
    Blosc,
    Bitshuffle(Bitshuffle),
}

impl Codec {
    /// The codec that is the HDF5 filter number `id`, with these parameters.
    pub(super) fn of(id: i32, parameters: &[u32]) -> Option<Self> {
        Some(match id {
            1 => Self::Deflate,
            307 => Self::Bzip2,
            32000 => Self::Lzf,
            32001 => Self::Blosc,
            32004 => Self::Lz4,
            32008 => Self::Bitshuffle(Bitshuffle::of(parameters)?),
            32015 => Self::Zstd,
            _ => return None,
        })
    }

    /// Whether as many bytes come out as go in.
    pub(super) fn keeps_size(self) -> bool {
        matches!(self, Self::Bitshuffle(bitshuffle) if bitshuffle.inner == Inner::Nothing)
    }

    /// What it can make of one byte, at the most, if there is such a bound.
    pub(super) fn largest_expansion(self) -> Option<u64> {
        match self {
            Self::Deflate => Some(1032),
            Self::Lzf => Some(132),
            Self::Lz4 => Some(256),
            _ => None,
        }
    }

    /// Bytes that decoding to `bytes` bytes takes beside the buffers for the stream and for what it expands to;
    /// libdeflate's decoder, of about 12 KB, aside.
    pub(super) fn hidden(self, bytes: usize) -> usize {
        match self {
            Self::Deflate | Self::Lzf | Self::Lz4 => 0,
            Self::Zstd => zstd::hidden(bytes),
            Self::Bzip2 => bzip2::HIDDEN,
            Self::Blosc => blosc::hidden(bytes),
            Self::Bitshuffle(bitshuffle) => bitshuffle.hidden(bytes),
        }
    }

    /// Decodes `data` to as many bytes as `out` has.
    pub(super) fn decode(self, inflater: &mut Decompressor, data: &[u8], out: &mut [u8]) -> Result<(), String> {
        match self {
            Self::Deflate => inflate(inflater, data, out),
            Self::Lzf => lzf::decode(data, out),
            Self::Lz4 => lz4::decode(data, out),
            Self::Zstd => zstd::decode(data, out),
            Self::Bzip2 => bzip2::decode(data, out),
            Self::Blosc => blosc::decode(data, out),
            Self::Bitshuffle(bitshuffle) => bitshuffle.decode(data, out),
        }
    }
}

/// Inflates `data` to as many bytes as `out` has.
pub(super) fn inflate(inflater: &mut Decompressor, data: &[u8], out: &mut [u8]) -> Result<(), String> {
    let expected = out.len();
    match inflater.zlib_decompress(data, out) {
        Ok(found) if found == expected => Ok(()),
        Ok(found) => Err(format!("it inflates to {found} B, expected {expected}")),
        Err(error) => Err(format!("it can't be inflated to {expected} B ({error:?})")),
    }
}

/// Inflates `data` to at most as many bytes as `out` has, and tells to how many.
pub(super) fn inflate_at_most(inflater: &mut Decompressor, data: &[u8], out: &mut [u8]) -> Result<usize, String> {
    let found = inflater.zlib_decompress(data, out);
    found.map_err(|error| format!("it can't be inflated to {} B at most ({error:?})", out.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Anything may stand in a file: decoders tell, they do not fall.
    #[test]
    fn streams_of_anything_are_errors_or_bytes() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let bitshuffle = |inner| Codec::of(32008, &[0, 4, 4, 0, inner]);
        let codecs = [307, 32000, 32001, 32004, 32015].map(|id| Codec::of(id, &[]));
        let codecs: Vec<Codec> = codecs.into_iter().chain([0, 2, 3].map(bitshuffle)).flatten().collect();
        assert_eq!(codecs.len(), 8);
        let mut decoded = 0;
        for _ in 0..4000 {
            let mut data: Vec<u8> = (0..next() % 200).map(|_| (next() >> 60) as u8 * (next() % 17) as u8).collect();
            let size = (next() % 300) as usize;
            // Headers that might be.
            match next() % 4 {
                0 => {
                    data.splice(..0, [&(size as u64).to_be_bytes()[..], &64_u32.to_be_bytes()].concat()).for_each(drop);
                }
                1 => {
                    let sizes = [size as u32, 64, data.len() as u32 + 16].map(u32::to_le_bytes).concat();
                    let flags = (next() % 6) as u8 | ((next() % 5) as u8 * 32);
                    data.splice(..0, [&[2, 1, flags, 4][..], &sizes].concat()).for_each(drop);
                }
                2 => data.splice(..0, *b"\x28\xb5\x2f\xfd").for_each(drop),
                _ => data.splice(..0, *b"BZh1").for_each(drop),
            }
            let mut out = vec![0; size];
            for codec in &codecs {
                decoded += usize::from(codec.decode(&mut Decompressor::new(), &data, &mut out).is_ok());
            }
        }
        assert!(decoded > 0, "every stream was refused: they prove nothing");
    }
}
