//! Where the chunks of a data set lie in its file.

use ::hdf5::Dataset;

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

/// A chunk as the file lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its bytes in the file.
    pub(super) stored: u64,
    /// A bit for each filter that it did not go through.
    pub(super) skipped: u32,
    /// Whether it reaches beyond the data set.
    pub(super) reaches_beyond: bool,
}

/// The chunks of a data set that have been written, by number.
#[derive(Clone, Debug)]
pub(super) struct Index {
    extents: Box<[Extent]>,
}

impl Index {
    /// Lists the chunks, each checked: within the file, of a size that can be, no two the same, together no larger
    /// than the file of `file_size` bytes. `judge` tells of a chunk which filters it did
    /// not go through, or why it can't be.
    pub(super) fn read(
        dataset: &Dataset,
        layout: &Layout,
        file_size: u64,
        judge: impl Fn(Listed) -> Result<u32, String>,
    ) -> Result<Self, String> {
        let mut extents = Vec::new();
        let mut left = file_size;
        let mut problem = None;
        let visited = dataset.chunks_visit(|chunk| {
            let place = (chunk.addr, chunk.size, chunk.filter_mask);
            let checked = check(layout, &judge, chunk.offset, place, file_size);
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

    /// All of them.
    pub(super) fn extents(&self) -> &[Extent] {
        &self.extents
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

/// The extent of one chunk; none where it is beyond the data set's extent.
fn check(
    layout: &Layout,
    judge: &impl Fn(Listed) -> Result<u32, String>,
    offset: &[u64],
    (address, stored, skipped): (u64, u64, u32),
    file_size: u64,
) -> Result<Option<Extent>, String> {
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
    let skipped = judge(Listed { stored, skipped, reaches_beyond: layout.reaches_beyond(&start) })?;
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
