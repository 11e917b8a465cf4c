//! Where the chunks of a data set lie in its file.

use ::hdf5::Dataset;
use ::hdf5::filters::Filter;

use super::filters::{CHECKSUM, Pipeline};
use super::layout::Layout;

/// One stored chunk, or the part of a contiguous data set that a slab is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Its number in C order.
    number: u64,
    /// Where it starts in the file.
    pub(super) address: u64,
    /// Its bytes in the file.
    pub(super) stored: u64,
    /// A bit for each filter that it did not go through.
    pub(super) skipped: u32,
}

/// The chunks of a data set that have been written, by number.
#[derive(Clone, Debug)]
pub(super) struct Index {
    extents: Box<[Extent]>,
}

impl Index {
    /// Lists the chunks, each checked: within the file, of a size that can be, no two the same, together no larger
    /// than the file of `file_size` bytes.
    pub(super) fn read(
        dataset: &Dataset,
        layout: &Layout,
        pipeline: &Pipeline,
        file_size: u64,
    ) -> Result<Self, String> {
        let mut extents = Vec::new();
        let mut left = file_size;
        let mut problem = None;
        let visited = dataset.chunks_visit(|chunk| {
            let checked = check(layout, pipeline, chunk.offset, chunk.addr, chunk.size, chunk.filter_mask, file_size);
            // Chunks don't overlap: if they did, a small file could list them without end.
            match checked.and_then(|extent| Ok((extent, left.checked_sub(chunk.size).ok_or("chunks overlap")?))) {
                Ok((extent, rest)) => {
                    left = rest;
                    extents.extend(extent);
                    0
                }
                Err(found) => {
                    problem = Some(format!("chunk at {:?}: {found}", chunk.offset));
                    1
                }
            }
        });
        if let Some(problem) = problem {
            return Err(problem);
        }
        visited.map_err(|error| format!("its chunks can't be listed: {error}"))?;
        extents.sort_unstable_by_key(|extent| extent.number);
        if let Some(twice) = extents.windows(2).find(|pair| pair[0].number == pair[1].number) {
            return Err(format!("chunk number {} is listed twice", twice[0].number));
        }
        Ok(Self { extents: extents.into() })
    }

    /// The chunk that starts at `start`, if it has been written.
    pub(super) fn find(&self, number: u64) -> Option<Extent> {
        // Most data sets have all of their chunks.
        let likely = self.extents.get(number as usize).filter(|extent| extent.number == number);
        likely.copied().or_else(|| {
            self.extents.binary_search_by_key(&number, |extent| extent.number).ok().map(|at| self.extents[at])
        })
    }
}

/// Checks what the library, which is to read the chunks of `dataset`, does not: that each lies within the file of
/// `file_size` bytes, and has a checksum where it should (it would read before the chunk's start, up to 2.2.0).
pub(super) fn check_for_library(dataset: &Dataset, filters: &[Filter], file_size: u64) -> Result<(), String> {
    let checksum = filters.iter().position(|filter| *filter == Filter::Fletcher32);
    let mut problem = None;
    let visited = dataset.chunks_visit(|chunk| {
        let checked = checksum.is_some_and(|place| place >= 32 || chunk.filter_mask & (1 << place) == 0);
        let least = if checked { CHECKSUM as u64 } else { 1 };
        let within = chunk.addr.checked_add(chunk.size).is_some_and(|end| end <= file_size);
        if within && chunk.size >= least {
            return 0;
        }
        let (stored, address) = (chunk.size, chunk.addr);
        problem = Some(format!(
            "chunk at {:?}: {stored} B at address {address}, expected at least {least} within the file's {file_size} B",
            chunk.offset
        ));
        1
    });
    match problem {
        Some(problem) => Err(problem),
        None => visited.map_err(|error| format!("its chunks can't be listed: {error}")),
    }
}

/// The extent of one chunk; none where it is beyond the data set's extent.
fn check(
    layout: &Layout,
    pipeline: &Pipeline,
    offset: &[u64],
    address: u64,
    stored: u64,
    skipped: u32,
    file_size: u64,
) -> Result<Option<Extent>, String> {
    let whole: u64 = layout.chunk.iter().product::<usize>() as u64 * layout.item as u64;
    let end = address.checked_add(stored).filter(|&end| end <= file_size);
    if end.is_none() || stored == 0 {
        return Err(format!("{stored} B at address {address} are not within the file's {file_size} B"));
    }
    if offset.len() != layout.chunk.len() {
        return Err(format!("it has {} axes, expected {}", offset.len(), layout.chunk.len()));
    }
    let start: Vec<usize> = offset.iter().map(|&at| at as usize).collect();
    if start.iter().zip(&layout.chunk).any(|(at, chunk)| !at.is_multiple_of(*chunk)) {
        return Err(format!("it does not start at a multiple of {:?}", layout.chunk));
    }
    if let Some(problem) = pipeline.steps(skipped, layout.reaches_beyond(&start)).refuses(stored, whole) {
        return Err(problem);
    }
    let inside = start.iter().zip(&layout.extent).all(|(at, extent)| at < extent);
    Ok(inside.then(|| Extent { number: layout.number(&start), address, stored, skipped }))
}

/// A contiguous data set: slabs follow each other from `base` on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contiguous {
    pub(super) base: u64,
}

impl Contiguous {
    /// The extent of the slab of `shape` at `start`.
    pub(super) fn find(self, layout: &Layout, start: &[usize], shape: &[usize]) -> Extent {
        let first = start.iter().zip(&layout.extent).fold(0, |first, (at, extent)| first * extent + at);
        let bytes = shape.iter().product::<usize>() * layout.item;
        let address = self.base + (first * layout.item) as u64;
        Extent { number: 0, address, stored: bytes as u64, skipped: 0 }
    }
}
