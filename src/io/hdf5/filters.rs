//! The filters that chunks went through, and how they are undone.
//!
//! Known are shuffle, deflate and fletcher32, each at most once and in that order: what netCDF and h5py write. The
//! shuffle is not undone here: elements are put together where they are converted, tile by tile.

use ::hdf5::filters::Filter;
use ::hdf5::plist::DatasetCreate;
use libdeflater::Decompressor;

use super::raw;

/// What deflate can make of one byte, at the most.
const LARGEST_EXPANSION: u64 = 1032;

/// Bytes of a fletcher32 checksum, which follows the data.
pub(super) const CHECKSUM: usize = 4;

/// The filters of a data set, each with its place in the pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pipeline {
    shuffle: Option<usize>,
    deflate: Option<usize>,
    fletcher32: Option<usize>,
}

/// The filters that one chunk went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) shuffle: bool,
    pub(super) deflate: bool,
    pub(super) fletcher32: bool,
}

impl Steps {
    /// Whether bytes are stored as they are in memory, so that any part of them can be read alone.
    pub(super) fn none(self) -> bool {
        !self.shuffle && !self.deflate && !self.fletcher32
    }

    /// Why a chunk of `bytes` bytes can't be stored in `stored` bytes, if it can't.
    pub(super) fn refuses(self, stored: u64, bytes: u64) -> Option<String> {
        let overhead = if self.fletcher32 { CHECKSUM as u64 } else { 0 };
        let data = stored.saturating_sub(overhead);
        if self.deflate && data.saturating_mul(LARGEST_EXPANSION) < bytes {
            return Some(format!("{stored} B of deflated data can't expand to {bytes} B"));
        }
        let exact = bytes + overhead;
        (!self.deflate && stored != exact).then(|| format!("it has {stored} B, expected {exact}"))
    }

    /// What is stored of a chunk without its checksum, if it has one and that is right.
    pub(super) fn checked(self, stored: &[u8]) -> Result<&[u8], String> {
        if self.fletcher32 { checked(stored) } else { Ok(stored) }
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

impl Pipeline {
    /// The filters that `properties` tell, or why they are left to the library. Elements have `item` bytes.
    pub(super) fn of(properties: &DatasetCreate, item: usize) -> ::hdf5::Result<Result<Self, String>> {
        let mut pipeline = Self::default();
        for (place, filter) in properties.get_filters()?.iter().enumerate() {
            let known = match filter {
                Filter::Shuffle if pipeline == Self::default() => {
                    if raw::filter_parameters(properties, place)?.first() != Some(&(item as u32)) {
                        return Ok(Err(format!("its shuffle is not of {item}-byte elements")));
                    }
                    &mut pipeline.shuffle
                }
                Filter::Deflate(_) if pipeline.deflate.is_none() && pipeline.fletcher32.is_none() => {
                    &mut pipeline.deflate
                }
                Filter::Fletcher32 if pipeline.fletcher32.is_none() => &mut pipeline.fletcher32,
                other => return Ok(Err(format!("its filter {} is not decoded directly", name(other)))),
            };
            *known = Some(place);
        }
        Ok(Ok(pipeline))
    }

    /// The filters of a chunk that went through those whose bit in `skipped` is not set.
    pub(super) fn steps(&self, skipped: u32) -> Steps {
        let on = |place: Option<usize>| place.is_some_and(|place| place < 32 && skipped & (1 << place) == 0);
        Steps { shuffle: on(self.shuffle), deflate: on(self.deflate), fletcher32: on(self.fletcher32) }
    }
}

/// A filter's name.
pub(super) fn name(filter: &Filter) -> String {
    match filter {
        Filter::Deflate(_) => "deflate".into(),
        Filter::Shuffle => "shuffle".into(),
        Filter::Fletcher32 => "fletcher32".into(),
        Filter::SZip(..) => "szip".into(),
        Filter::NBit => "nbit".into(),
        Filter::ScaleOffset(_) => "scaleoffset".into(),
        other @ Filter::User(..) => match other.id() {
            32000 => "lzf".into(),
            32001 => "blosc".into(),
            32004 => "lz4".into(),
            32008 => "bitshuffle".into(),
            32013 => "zfp".into(),
            32015 => "zstd".into(),
            id => format!("number {id}"),
        },
    }
}

/// `stored` without its checksum, if that is right.
fn checked(stored: &[u8]) -> Result<&[u8], String> {
    let Some((data, sum)) = stored.split_last_chunk::<CHECKSUM>() else {
        return Err("it is too short to have a checksum".into());
    };
    let (found, expected) = (fletcher32(data), u32::from_le_bytes(*sum));
    // Libraries before 1.6.3 stored the two bytes of each half the other way round.
    let swapped = (found & 0x00ff_00ff) << 8 | (found & 0xff00_ff00) >> 8;
    if found == expected || swapped == expected {
        return Ok(data);
    }
    Err(format!("its checksum is {found:08x}, expected {expected:08x}"))
}

/// Fletcher's checksum as HDF5 has it: over big-endian pairs of bytes, modulo 65535.
fn fletcher32(data: &[u8]) -> u32 {
    // So many pairs can be summed before 32 bits overflow.
    const PAIRS: usize = 360;
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    let (mut low, mut high) = (0_u32, 0_u32);
    for block in data.chunks(2 * PAIRS) {
        for pair in block.chunks(2) {
            low += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
            high += low;
        }
        (low, high) = (fold(low), fold(high));
    }
    fold(high) << 16 | fold(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_can_be_skipped_chunk_by_chunk() {
        let pipeline = Pipeline { shuffle: Some(0), deflate: Some(1), fletcher32: None };
        assert_eq!(pipeline.steps(0), Steps { shuffle: true, deflate: true, fletcher32: false });
        assert_eq!(pipeline.steps(2), Steps { shuffle: true, deflate: false, fletcher32: false });
        assert!(pipeline.steps(3).none());
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        let deflate = Steps { shuffle: false, deflate: true, fletcher32: false };
        assert!(deflate.refuses(10, 10_321).is_some() && deflate.refuses(10, 10_320).is_none());
        let plain = Steps { shuffle: true, deflate: false, fletcher32: false };
        assert!(plain.refuses(10, 11).is_some() && plain.refuses(10, 10).is_none());
        let checked = Steps { fletcher32: true, ..plain };
        assert!(checked.refuses(14, 10).is_none() && checked.refuses(10, 10).is_some());
    }

    #[test]
    fn a_wrong_checksum_is_found() {
        let mut stored = b"abcde".to_vec();
        stored.extend(fletcher32(b"abcde").to_le_bytes());
        assert_eq!(checked(&stored), Ok(&b"abcde"[..]));
        stored[1] ^= 1;
        assert!(checked(&stored).is_err());
        assert!(checked(b"ab").is_err());
    }
}
