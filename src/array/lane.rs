//! Lanes: all elements of a box along some of its axes, at one place of the others.

use super::chunks::auto;
use super::grid::ChunkGrid;
use super::strided::{copy_strided, strides};

/// A block of whole lanes has about so many bytes, or as many as the array's blocks.
const BLOCK: usize = 4 << 20;

/// How lanes lie in a box.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    /// The axes along which lanes go: lengths and strides.
    along: (Vec<usize>, Vec<usize>),
    /// The others.
    across: (Vec<usize>, Vec<usize>),
}

impl Lanes {
    /// Of a box of `shape`, along the axes that are true.
    pub(super) fn of(shape: &[usize], along: &[bool]) -> Self {
        let own = strides(shape);
        let select = |which: bool| -> (Vec<usize>, Vec<usize>) {
            (0..shape.len()).filter(|&axis| along[axis] == which).map(|axis| (shape[axis], own[axis])).unzip()
        };
        Self { along: select(true), across: select(false) }
    }

    /// Whether lanes have no elements.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements of a lane.
    pub(super) fn len(&self) -> usize {
        self.along.0.iter().product()
    }

    pub(super) fn count(&self) -> usize {
        self.across.0.iter().product()
    }

    /// Where lane number `lane` starts.
    pub(super) fn start(&self, lane: usize) -> usize {
        let (lengths, strides) = &self.across;
        let mut rest = lane;
        let mut start = 0;
        for axis in (0..lengths.len()).rev() {
            start += rest % lengths[axis] * strides[axis];
            rest /= lengths[axis];
        }
        start
    }

    /// Visits the elements of a lane, in C order: how far each is from its start.
    pub(super) fn for_each_offset(&self, mut visit: impl FnMut(usize)) {
        let (lengths, strides) = &self.along;
        let Some((&last, outer)) = lengths.split_last() else { return visit(0) };
        let mut at = vec![0; outer.len()];
        let mut start = 0;
        for _ in 0..outer.iter().product() {
            (0..last).for_each(|number| visit(start + number * strides[outer.len()]));
            for axis in (0..outer.len()).rev() {
                at[axis] += 1;
                start += strides[axis];
                if at[axis] < outer[axis] {
                    break;
                }
                start -= strides[axis] * outer[axis];
                at[axis] = 0;
            }
        }
    }

    /// Copies a lane out of a box, in C order.
    pub(super) fn copy_out<T: Copy>(&self, values: &[T], lane: usize, out: &mut [T]) {
        if !out.is_empty() {
            copy_strided(&values[self.start(lane)..], &self.along.1, &self.along.0, out);
        }
    }

    /// Copies a lane along a single axis into a box.
    pub(super) fn copy_in<T: Copy>(&self, lane: &[T], number: usize, values: &mut [T]) {
        let start = self.start(number);
        let step = self.along.1.first().copied().unwrap_or(1);
        for (at, &value) in lane.iter().enumerate() {
            values[start + at * step] = value;
        }
    }
}

/// Chunks of whole lanes along the axes that are true.
pub(super) fn grid_of_lanes(grid: &ChunkGrid, along: &[bool], item: usize) -> ChunkGrid {
    let bytes = BLOCK.max(grid.largest_block().saturating_mul(item));
    let shape = grid.shape();
    let axes = (0..shape.len()).map(|axis| along[axis].then(|| vec![shape[axis]])).collect();
    auto(axes, grid, item, bytes)
}
