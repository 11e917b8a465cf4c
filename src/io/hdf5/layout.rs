//! Boxes of a chunked array: which chunks a region meets, and where its rows lie in them.

use smallvec::SmallVec;

use crate::array::Region;
use crate::error::Result;

/// Pieces that follow each other along the first axis are handed out together if they have at most so many bytes.
const BATCH_BYTES: usize = 8 << 20;

/// Rows along the first axis that are worth handing out together.
const BATCH_ROWS: usize = 8;

/// How a data set's elements are laid out in pieces: real chunks, or slabs that a contiguous data set is read in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The stored extent.
    pub(super) extent: Vec<usize>,
    /// The shape of a piece.
    pub(super) chunk: Vec<usize>,
    /// Bytes of an element.
    pub(super) item: usize,
}

impl Layout {
    /// The pieces along each axis.
    pub(super) fn counts(&self) -> Vec<usize> {
        self.extent.iter().zip(&self.chunk).map(|(extent, chunk)| extent.div_ceil(*chunk)).collect()
    }

    /// The number, in C order, of the piece that starts at `start`.
    pub(super) fn number(&self, start: &[usize]) -> u64 {
        let counts = self.counts();
        let along = start.iter().zip(&self.chunk).map(|(start, chunk)| start / chunk);
        along.zip(counts).fold(0, |number, (at, count)| number * count as u64 + at as u64)
    }

    /// Whether the piece that starts at `start` reaches beyond the stored extent.
    pub(super) fn reaches_beyond(&self, start: &[usize]) -> bool {
        let mut axes = start.iter().zip(&self.chunk).zip(&self.extent);
        axes.any(|((start, chunk), extent)| start.saturating_add(*chunk) > *extent)
    }

    /// How many pieces along the first axis are handed out together. A fold along that axis then has its sums in the
    /// first cache for several values, rather than for one.
    fn batch(&self) -> usize {
        let (Some(&rows), true) = (self.chunk.first(), self.chunk.len() > 1) else { return 1 };
        let clipped = self.chunk.iter().zip(&self.extent).map(|(chunk, extent)| chunk.min(extent));
        let bytes = clipped.product::<usize>() * self.item;
        (BATCH_BYTES / bytes.max(1)).clamp(1, BATCH_ROWS.div_ceil(rows))
    }

    /// Visits `region` in batches: boxes of the array, each with what it has of each of its pieces, one after the other
    /// along the first axis (the piece's start, and the part of the region in it). The same for whoever reads (**D1**).
    pub(super) fn batches(&self, region: &Region, mut visit: impl FnMut(&Region, &[Part]) -> Result<()>) -> Result<()> {
        let origin = vec![0; self.chunk.len()];
        let mut step = self.chunk.clone();
        if let Some(rows) = step.first_mut() {
            *rows *= self.batch();
        }
        let mut parts = Vec::new();
        boxes(&origin, &step, region, |batch| {
            parts.clear();
            boxes(&origin, &self.chunk, batch, |region| {
                let start = region.start.iter().zip(&self.chunk).map(|(at, chunk)| at / chunk * chunk).collect();
                parts.push(Part { start, region: region.clone() });
                Ok(())
            })?;
            visit(batch, &parts)
        })
    }
}

/// What a region has of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Where the piece starts.
    pub(super) start: Vec<usize>,
    pub(super) region: Region,
}

/// The lengths of the boxes that a batch of `shape` is handed out in, at most `limit` elements each: contiguous if they
/// have several rows along the first axis; else of a few of these rows, and cut along the others.
pub(super) fn tile_shape(shape: &[usize], limit: usize) -> Vec<usize> {
    let plain = slab(shape, limit);
    let (Some(&rows), true) = (shape.first(), shape.len() > 1 && plain[0] == 1) else { return plain };
    let rows = rows.clamp(1, BATCH_ROWS);
    let mut lengths = slab(&shape[1..], limit / rows);
    lengths.insert(0, rows);
    lengths
}

/// Visits, in C order, what `region` has of each cell of the lattice of `step`s from `origin` on.
pub(super) fn boxes(
    origin: &[usize],
    step: &[usize],
    region: &Region,
    mut visit: impl FnMut(&Region) -> Result<()>,
) -> Result<()> {
    if region.is_empty() {
        return Ok(());
    }
    let end = |axis: usize| region.start[axis] + region.shape[axis];
    let cell_end = |axis: usize, at: usize| {
        let cells = (at - origin[axis]) / step[axis] + 1;
        (origin[axis] + cells * step[axis]).min(end(axis))
    };
    let mut part = region.clone();
    for axis in 0..step.len() {
        part.shape[axis] = cell_end(axis, part.start[axis]) - part.start[axis];
    }
    loop {
        visit(&part)?;
        let mut axis = step.len();
        loop {
            if axis == 0 {
                return Ok(());
            }
            axis -= 1;
            let next = part.start[axis] + part.shape[axis];
            let more = next < end(axis);
            part.start[axis] = if more { next } else { region.start[axis] };
            part.shape[axis] = cell_end(axis, part.start[axis]) - part.start[axis];
            if more {
                break;
            }
        }
    }
}

/// The lengths of a box that is contiguous within `shape` and has at most `limit` elements (at least one).
pub(super) fn slab(shape: &[usize], limit: usize) -> Vec<usize> {
    let mut left = limit.max(1);
    let mut lengths = vec![1; shape.len()];
    for (length, &whole) in lengths.iter_mut().zip(shape).rev() {
        *length = whole.clamp(1, left);
        left /= *length;
        if *length < whole {
            break;
        }
    }
    lengths
}

/// Calls `visit(from, to, len)` for each contiguous run of `part`, a box within an array of `shape`: where it lies in
/// the array, where in the box.
pub(super) fn runs(part: &Region, shape: &[usize], mut visit: impl FnMut(usize, usize, usize)) {
    // Axes after the last one that is cut are one axis.
    let mut axes = part.shape.len();
    let mut run = 1;
    while axes > 0 {
        axes -= 1;
        run *= part.shape[axes];
        if part.shape[axes] != shape[axes] {
            break;
        }
    }
    let mut strides: SmallVec<[usize; 6]> = SmallVec::from_elem(1, shape.len());
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    let mut from: usize = part.start.iter().zip(&strides).map(|(start, stride)| start * stride).sum();
    let mut at: SmallVec<[usize; 6]> = SmallVec::from_elem(0, axes);
    let (mut to, len) = (0, part.len());
    while to < len {
        visit(from, to, run);
        to += run;
        for axis in (0..axes).rev() {
            at[axis] += 1;
            from += strides[axis];
            if at[axis] < part.shape[axis] {
                break;
            }
            from -= strides[axis] * at[axis];
            at[axis] = 0;
        }
    }
}

/// The first element of `part`, a box within an array of `shape`, and the number of elements up to its last.
pub(super) fn span(part: &Region, shape: &[usize]) -> (usize, usize) {
    let place = |at: &dyn Fn(usize) -> usize| (0..shape.len()).fold(0, |place, axis| place * shape[axis] + at(axis));
    let first = place(&|axis| part.start[axis]);
    let last = place(&|axis| part.start[axis] + part.shape[axis] - 1);
    (first, last - first + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_cover_a_region_once() {
        let layout = Layout { extent: vec![50, 7], chunk: vec![2, 3], item: 4 };
        assert_eq!(layout.batch(), 4);
        let region = Region::new([1, 2], [20, 5]);
        let mut seen = [0; 50 * 7];
        let mut numbers = Vec::new();
        layout
            .batches(&region, |batch, parts| {
                assert_eq!(batch.len(), parts.iter().map(|part| part.region.len()).sum::<usize>());
                for Part { start, region: part } in parts {
                    numbers.push(layout.number(start));
                    assert!(batch.contains(part) && Region::new(start.clone(), [2, 3]).contains(part));
                    for i in 0..part.shape[0] {
                        for j in 0..part.shape[1] {
                            seen[(part.start[0] + i) * 7 + part.start[1] + j] += 1;
                        }
                    }
                }
                Ok(())
            })
            .unwrap();
        assert_eq!(seen.iter().sum::<i32>(), 100);
        assert!(seen.iter().all(|&times| times <= 1));
        assert_eq!(numbers[..12], [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
        assert_eq!(numbers.len(), 11 * 3);
    }

    #[test]
    fn few_rows_of_large_pieces_are_handed_out_together() {
        let batch = |extent: &[usize], chunk: &[usize], item| {
            Layout { extent: extent.into(), chunk: chunk.into(), item }.batch()
        };
        assert_eq!(batch(&[365, 720, 1440], &[1, 720, 1440], 2), 4);
        assert_eq!(batch(&[365, 720, 1440], &[1, 720, 1440], 4), 2);
        assert_eq!(batch(&[365, 720, 1440], &[365, 10, 10], 4), 1);
        assert_eq!(batch(&[365, 9000, 9000], &[1, 9000, 9000], 4), 1);
        assert_eq!(batch(&[365], &[1], 4), 1);
        assert_eq!(batch(&[], &[], 4), 1);
        assert_eq!(batch(&[0, 5], &[3, 9], 4), 3);

        assert_eq!(tile_shape(&[4, 720, 1440], 16 << 10), [4, 2, 1440]);
        assert_eq!(tile_shape(&[1, 720, 1440], 16 << 10), [1, 11, 1440]);
        assert_eq!(tile_shape(&[365, 30, 1440], 16 << 10), [8, 1, 1440]);
        assert_eq!(tile_shape(&[365, 10, 10], 16 << 10), [163, 10, 10]);
        assert_eq!(tile_shape(&[4, 50_000], 16 << 10), [4, 4096]);
        assert_eq!(tile_shape(&[50_000], 16 << 10), [16 << 10]);
        assert_eq!(tile_shape(&[], 16 << 10), [0; 0]);
    }

    #[test]
    fn runs_are_as_long_as_they_can_be() {
        let mut found = Vec::new();
        runs(&Region::new([1, 0, 0], [2, 4, 5]), &[3, 4, 5], |from, to, len| found.push((from, to, len)));
        assert_eq!(found, [(20, 0, 40)]);
        found.clear();
        runs(&Region::new([0, 1, 2], [2, 2, 3]), &[3, 4, 5], |from, to, len| found.push((from, to, len)));
        assert_eq!(found, [(7, 0, 3), (12, 3, 3), (27, 6, 3), (32, 9, 3)]);
        found.clear();
        runs(&Region::new([], []), &[], |from, to, len| found.push((from, to, len)));
        assert_eq!(found, [(0, 0, 1)]);
        assert_eq!(span(&Region::new([0, 1, 2], [2, 2, 3]), &[3, 4, 5]), (7, 28));
        assert_eq!(span(&Region::new([], []), &[]), (0, 1));
    }

    #[test]
    fn slabs_are_contiguous() {
        assert_eq!(slab(&[10, 4, 5], 100), [5, 4, 5]);
        assert_eq!(slab(&[10, 4, 5], 19), [1, 3, 5]);
        assert_eq!(slab(&[10, 4, 5], 3), [1, 1, 3]);
        assert_eq!(slab(&[10, 0, 5], 3), [1, 1, 3]);
        assert_eq!(slab(&[], 3), [0; 0]);
    }
}
