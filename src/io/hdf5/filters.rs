//! The filters that chunks went through, and how they are undone.
//!
//! Known are shuffle, fletcher32 and the [codecs](super::codec), in any order, of codecs that change sizes one at most: the
//! size of what is to be decoded is then known before it is read, at every step. Where the shuffle comes first, as netCDF
//! and h5py write it, it is not undone here: elements are put together where they are converted, tile by tile.

use ::hdf5::filters::Filter;
use ::hdf5::plist::DatasetCreate;
use ::hdf5::plist::dataset_create::ChunkOpts;
use libdeflater::Decompressor;
use smallvec::SmallVec;

use super::codec::{Codec, inflate_at_most, unshuffle};
use super::index::Listed;
use super::raw;

/// Bytes of a fletcher32 checksum, which follows the data.
pub(super) const CHECKSUM: usize = 4;

/// More filters are left to the library: a chunk's mask has 32 bits.
const MOST: usize = 32;

/// What one filter did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filtered {
    /// Bytes of elements of so many bytes were sorted.
    Shuffle(usize),
    /// A checksum was put behind.
    Fletcher32,
    Coded(Codec),
}

/// The filters of a data set, in the order of writing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pipeline {
    filters: Vec<Filtered>,
    /// Whether chunks that reach beyond the data set went through none.
    unfiltered_edges: bool,
}

/// The filters that one chunk went through, in the order of writing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Steps(SmallVec<[Filtered; 4]>);

/// The buffers that undoing takes: bytes of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Buffers {
    /// What is read, unless that is kept.
    pub(super) read: usize,
    /// What is between two steps.
    pub(super) between: usize,
    /// What is kept in the end.
    pub(super) kept: usize,
    /// What codecs take for themselves.
    pub(super) hidden: usize,
}

impl Buffers {
    /// What is enough for either.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            read: self.read.max(other.read),
            between: self.between.max(other.between),
            kept: self.kept.max(other.kept),
            hidden: self.hidden.max(other.hidden),
        }
    }
}

impl Pipeline {
    /// The filters that `properties` tell, or why they are left to the library.
    pub(super) fn of(properties: &DatasetCreate) -> ::hdf5::Result<Result<Self, String>> {
        let unfiltered_edges = unfiltered_edges(properties)?;
        let mut filters = Vec::new();
        for (place, filter) in properties.get_filters()?.iter().enumerate() {
            let parameters = raw::filter_parameters(properties, place)?;
            match filtered(filter, &parameters) {
                Some(known) if place < MOST => filters.push(known),
                _ => return Ok(Err(format!("its filter {} is not decoded directly", name(filter)))),
            }
        }
        let changes_size = |filter: &&Filtered| matches!(filter, Filtered::Coded(codec) if !codec.keeps_size());
        if filters.iter().filter(changes_size).count() > 1 {
            return Ok(Err("it was compressed more than once".into()));
        }
        Ok(Ok(Self { filters, unfiltered_edges }))
    }

    /// A bit for each filter that a chunk did not go through: all, of one that reaches beyond the data set, if that is how
    /// it was written.
    pub(super) fn skipped(&self, chunk: Listed) -> u32 {
        if self.unfiltered_edges && chunk.reaches_beyond { u32::MAX } else { chunk.skipped }
    }

    /// The filters of a chunk that went through those whose bit in `skipped` is not set.
    pub(super) fn steps(&self, skipped: u32) -> Steps {
        let on = |place: usize| skipped & (1 << place) == 0;
        Steps(self.filters.iter().enumerate().filter(|(place, _)| on(*place)).map(|(_, filter)| *filter).collect())
    }
}

/// Whether chunks that reach beyond the data set went through no filter.
pub(super) fn unfiltered_edges(properties: &DatasetCreate) -> ::hdf5::Result<bool> {
    let option = ChunkOpts::DONT_FILTER_PARTIAL_CHUNKS;
    Ok(properties.get_chunk_opts()?.is_some_and(|options| options.contains(option)))
}

fn filtered(filter: &Filter, parameters: &[u32]) -> Option<Filtered> {
    match filter {
        Filter::Shuffle => {
            let item = parameters.first().copied().filter(|&item| item > 0)? as usize;
            Some(Filtered::Shuffle(item))
        }
        Filter::Fletcher32 => Some(Filtered::Fletcher32),
        other => Codec::of(other.id(), parameters).map(Filtered::Coded),
    }
}

impl Steps {
    /// Whether bytes are stored as they are in memory, so that any part of them can be read alone.
    pub(super) fn none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the bytes of elements of `item` bytes are left sorted.
    pub(super) fn stays_shuffled(&self, item: usize) -> bool {
        item > 1 && self.0.first() == Some(&Filtered::Shuffle(item))
    }

    /// The steps that are undone here, and what each made: of `bytes` bytes at first. Of what follows the codec that
    /// changes sizes, the sizes are not known.
    fn sizes(&self, bytes: usize, item: usize) -> SmallVec<[(Filtered, usize); 4]> {
        let mut size = bytes;
        let left = usize::from(self.stays_shuffled(item));
        let mut sizes = SmallVec::new();
        for &filter in &self.0[left..] {
            sizes.push((filter, size));
            size += if filter == Filtered::Fletcher32 { CHECKSUM } else { 0 };
        }
        sizes
    }

    /// The codec that changes sizes, and of how many bytes; else none, and how many bytes are stored.
    fn compressed(&self, bytes: usize) -> (Option<Codec>, usize) {
        let mut size = bytes;
        for filter in &self.0 {
            match filter {
                Filtered::Coded(codec) if !codec.keeps_size() => return (Some(*codec), size),
                Filtered::Fletcher32 => size += CHECKSUM,
                Filtered::Coded(_) | Filtered::Shuffle(_) => {}
            }
        }
        (None, size)
    }

    /// Why a chunk of `bytes` bytes can't be stored in `stored` bytes, if it can't.
    pub(super) fn refuses(&self, stored: u64, bytes: u64) -> Option<String> {
        let checksums = self.0.iter().filter(|&&filter| filter == Filtered::Fletcher32).count() as u64;
        let (codec, expected) = self.compressed(bytes as usize);
        let Some(codec) = codec else {
            return (stored != expected as u64).then(|| format!("it has {stored} B, expected {expected}"));
        };
        let data = stored.saturating_sub(checksums * CHECKSUM as u64);
        let most = codec.largest_expansion().map(|times| data.saturating_mul(times));
        most.is_some_and(|most| most < bytes)
            .then(|| format!("{stored} B of compressed data can't expand to {bytes} B"))
    }

    /// The buffers that undoing takes, of `stored` bytes that become `bytes` bytes of elements of `item` bytes.
    pub(super) fn buffers(&self, stored: usize, bytes: usize, item: usize) -> Buffers {
        let sizes = self.sizes(bytes, item);
        let moves = || sizes.iter().filter(|(filter, _)| *filter != Filtered::Fletcher32);
        let largest = moves().map(|(_, size)| *size).max().unwrap_or(0);
        let hidden =
            moves().map(|(filter, size)| if let Filtered::Coded(codec) = filter { codec.hidden(*size) } else { 0 });
        let hidden = hidden.max().unwrap_or(0);
        match moves().count() {
            0 => Buffers { read: 0, between: 0, kept: stored, hidden },
            1 => Buffers { read: stored, between: 0, kept: largest, hidden },
            // A step may move what is compressed.
            _ => Buffers { read: stored, between: largest.max(stored), kept: largest.max(stored), hidden },
        }
    }
}

/// Where bytes are while steps are undone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Read,
    Between,
    Kept,
}

/// Undoes what filters did.
pub(super) struct Undo<'a> {
    pub(super) steps: &'a Steps,
    pub(super) inflater: &'a mut Decompressor,
    /// What was read, unless that is in `kept`.
    pub(super) read: &'a [u8],
    /// The buffer between two steps.
    pub(super) between: &'a mut [u8],
    /// Bytes of all elements, and of one.
    pub(super) bytes: usize,
    pub(super) item: usize,
}

impl Undo<'_> {
    /// The elements, sorted still if they [stay so](Steps::stays_shuffled), in `kept`.
    pub(super) fn into_kept(self, kept: &mut [u8]) -> Result<&[u8], String> {
        let Self { steps, inflater, read, between, bytes, item } = self;
        let sizes = steps.sizes(bytes, item);
        let mut moves = sizes.iter().filter(|(filter, _)| *filter != Filtered::Fletcher32).count();
        let moved = moves > 0;
        let (mut at, mut len) = if moved { (At::Read, read.len()) } else { (At::Kept, kept.len()) };
        for (filter, size) in sizes.into_iter().rev() {
            if filter == Filtered::Fletcher32 {
                let stored = match at {
                    At::Read => &read[..len],
                    At::Between => &between[..len],
                    At::Kept => &kept[..len],
                };
                len = checked(stored)?.len();
                continue;
            }
            moves -= 1;
            let target = if moves.is_multiple_of(2) { At::Kept } else { At::Between };
            let size = if matches!(filter, Filtered::Coded(codec) if !codec.keeps_size()) { size } else { len };
            let (from, to) = match (at, target) {
                (At::Read, At::Between) => (&read[..len], &mut between[..size]),
                (At::Read, _) => (&read[..len], &mut kept[..size]),
                (At::Between, _) => (&between[..len], &mut kept[..size]),
                (At::Kept, _) => (&kept[..len], &mut between[..size]),
            };
            match filter {
                Filtered::Coded(codec) => codec.decode(inflater, from, to)?,
                Filtered::Shuffle(item) => unshuffle(from, item, to),
                Filtered::Fletcher32 => {}
            }
            (at, len) = (target, size);
        }
        if moved && len != bytes {
            return Err(format!("it has {len} B, expected {bytes}"));
        }
        Ok(&kept[..len])
    }
}

/// The filters from the first deflate on, each with its place: the library undoes them first, and inflates for as long as
/// there is something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tail(Vec<(usize, Filtered)>);

impl Tail {
    /// Those that `properties` tell; none where nothing is deflated; an error where it can't be told what is inflated.
    pub(super) fn of(properties: &DatasetCreate) -> ::hdf5::Result<Result<Option<Self>, String>> {
        let mut tail = Vec::new();
        for (place, filter) in properties.get_filters()?.iter().enumerate() {
            let known = filtered(filter, &raw::filter_parameters(properties, place)?);
            match known {
                _ if tail.is_empty() && known != Some(Filtered::Coded(Codec::Deflate)) => {}
                Some(known) if place < MOST => tail.push((place, known)),
                _ => return Ok(Err(format!("its filter {} comes after deflate, which is not read", name(filter)))),
            }
        }
        Ok(Ok(Some(Self(tail)).filter(|Self(tail)| !tail.is_empty())))
    }

    /// The place of the first checksum.
    pub(super) fn checksum(properties: &DatasetCreate) -> ::hdf5::Result<Option<usize>> {
        Ok(properties.get_filters()?.iter().position(|filter| *filter == Filter::Fletcher32))
    }

    /// Undoes them, of a chunk that went through those whose bit in `skipped` is not set, without more room than there is
    /// in either buffer.
    pub(super) fn check(
        &self,
        inflater: &mut Decompressor,
        skipped: u32,
        stored: &[u8],
        buffers: [&mut [u8]; 2],
    ) -> Result<(), String> {
        let [mut from, mut to] = buffers;
        let mut len = stored.len();
        let mut first = true;
        for (_, filter) in self.0.iter().rev().filter(|(place, _)| skipped & (1 << place) == 0) {
            let data = if first { &stored[..len] } else { &from[..len] };
            match *filter {
                Filtered::Fletcher32 => {
                    len = checked(data)?.len();
                    continue;
                }
                Filtered::Shuffle(item) => {
                    let most = to.len();
                    let to = to.get_mut(..len).ok_or_else(|| format!("it has more than {most} B"))?;
                    unshuffle(data, item, to);
                }
                Filtered::Coded(Codec::Deflate) => len = inflate_at_most(inflater, data, to)?,
                // The library has no others built in.
                Filtered::Coded(_) => return Ok(()),
            }
            std::mem::swap(&mut from, &mut to);
            first = false;
        }
        Ok(())
    }
}

/// A filter's name: of those that are registered with the HDF Group, too.
pub(super) fn name(filter: &Filter) -> String {
    let registered = match filter.id() {
        1 => "deflate",
        2 => "shuffle",
        3 => "fletcher32",
        4 => "szip",
        5 => "nbit",
        6 => "scaleoffset",
        305 => "lzo",
        307 => "bzip2",
        32000 => "lzf",
        32001 => "blosc",
        32002 => "mafisc",
        32003 => "snappy",
        32004 => "lz4",
        32008 => "bitshuffle",
        32009 => "spdp",
        32012 => "jpeg-ls",
        32013 => "zfp",
        32014 => "fpzip",
        32015 => "zstd",
        32017 => "sz",
        32018 => "fcidecomp",
        32019 => "jpeg",
        32022 => "bitgroom",
        32023 => "granular bitround",
        32024 => "sz3",
        32026 => "blosc2",
        32028 => "sperr",
        id => return format!("number {id}"),
    };
    registered.into()
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
    use Filtered::{Coded, Fletcher32, Shuffle};

    const DEFLATE: Filtered = Coded(Codec::Deflate);

    fn steps(filters: &[Filtered]) -> Steps {
        Steps(SmallVec::from_slice(filters))
    }

    #[test]
    fn filters_can_be_skipped_chunk_by_chunk_and_at_edges() {
        let mut pipeline = Pipeline { filters: vec![Shuffle(4), DEFLATE], unfiltered_edges: false };
        let listed = |skipped, reaches_beyond| Listed { stored: 9, skipped, reaches_beyond };
        assert_eq!(pipeline.steps(pipeline.skipped(listed(0, true))), steps(&[Shuffle(4), DEFLATE]));
        assert_eq!(pipeline.steps(pipeline.skipped(listed(2, false))), steps(&[Shuffle(4)]));
        assert!(pipeline.steps(3).none());
        pipeline.unfiltered_edges = true;
        assert!(pipeline.steps(pipeline.skipped(listed(0, true))).none());
        assert!(!pipeline.steps(pipeline.skipped(listed(0, false))).none());
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        let deflate = steps(&[DEFLATE]);
        assert!(deflate.refuses(10, 10_321).is_some() && deflate.refuses(10, 10_320).is_none());
        let plain = steps(&[Shuffle(2)]);
        assert!(plain.refuses(10, 11).is_some() && plain.refuses(10, 10).is_none());
        let checked = steps(&[Shuffle(2), Fletcher32]);
        assert!(checked.refuses(14, 10).is_none() && checked.refuses(10, 10).is_some());
        let before = steps(&[Fletcher32, DEFLATE]);
        assert!(before.refuses(10, 1000).is_none());
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

    /// What a filter makes of bytes.
    fn written(filter: Filtered, bytes: &[u8]) -> Vec<u8> {
        match filter {
            Shuffle(item) => {
                let whole = bytes.len() / item * item;
                let planes = (0..item).flat_map(|byte| bytes[..whole].iter().skip(byte).step_by(item).copied());
                planes.chain(bytes[whole..].iter().copied()).collect()
            }
            Fletcher32 => [bytes, &fletcher32(bytes).to_le_bytes()].concat(),
            Coded(_) => {
                let mut encoder = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
                let mut out = vec![0; encoder.zlib_compress_bound(bytes.len())];
                let len = encoder.zlib_compress(bytes, &mut out).unwrap();
                out.truncate(len);
                out
            }
        }
    }

    #[test]
    fn filters_are_undone_in_any_order() {
        let elements: Vec<u8> = (0..400).map(|at| (at * 7 % 64) as u8).collect();
        for filters in [
            &[][..],
            &[Fletcher32],
            &[Shuffle(4)],
            &[Shuffle(4), DEFLATE],
            &[Shuffle(4), DEFLATE, Fletcher32],
            &[Shuffle(2), DEFLATE],
            &[Fletcher32, Shuffle(3), DEFLATE],
            &[DEFLATE, Shuffle(5), Fletcher32, Fletcher32],
            &[Shuffle(2), Shuffle(4), Fletcher32, DEFLATE, Shuffle(7)],
        ] {
            let stored = filters.iter().fold(elements.clone(), |bytes, &filter| written(filter, &bytes));
            let steps = steps(filters);
            assert_eq!(steps.refuses(stored.len() as u64, 400), None, "{filters:?}");
            let buffers = steps.buffers(stored.len(), 400, 4);
            let (mut between, mut kept) = (vec![0; buffers.between], vec![0; buffers.kept]);
            if buffers.read == 0 {
                kept.copy_from_slice(&stored);
            }
            let inflater = &mut Decompressor::new();
            let undo = Undo { steps: &steps, inflater, read: &stored, between: &mut between, bytes: 400, item: 4 };
            let found = undo.into_kept(&mut kept).unwrap();
            let expected = if steps.stays_shuffled(4) { written(Shuffle(4), &elements) } else { elements.clone() };
            assert_eq!(found, expected, "{filters:?}");
        }
    }
}
