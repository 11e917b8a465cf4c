//! What a task of a reduction does with tiles: where their values belong in its lanes, and what becomes of these.

use std::ops::Range;

use smallvec::SmallVec;

use super::grid::Region;
use super::lanes::{self, fold_row, fold_run};
use super::reducer::Reducer;
use super::reductions::fold_placed;
use crate::chunk::Element;

/// How tiles become results. The lanes of a box of results are an array for each lane that a result has, one after the
/// other.
pub(super) trait Reduction<T: Element>: Clone + Send + Sync + 'static {
    /// The type of the lanes.
    type Lane: Element;
    /// The type of the results.
    type Out: Element;
    /// How many lanes a result has.
    const LANES: usize;

    /// Puts into the lanes of `results`, by their numbers, what they hold before any value.
    fn start(&self, lanes: &mut [Self::Lane], results: Range<usize>);

    /// Folds a tile's values into the lanes of `target`.
    fn fold_tile(&self, target: &Target, tile: &Region, values: &[T], lanes: &mut [Self::Lane]);

    /// Merges other lanes of the same box into these.
    fn merge_all(&self, lanes: &mut [Self::Lane], other: &[Self::Lane]);

    /// Makes results of lanes.
    fn finish_all(&self, lanes: &[Self::Lane], out: &mut [Self::Out]);
}

/// What a [`Reducer`] does, value by value.
#[derive(Clone)]
pub(super) struct Each<R>(pub(super) R);

impl<T: Element, R: Reducer<T>> Reduction<T> for Each<R> {
    type Lane = R::Lane;
    type Out = R::Out;
    const LANES: usize = R::LANES;

    fn start(&self, lanes: &mut [Self::Lane], results: Range<usize>) {
        lanes::start::<T, R>(&self.0, lanes, results);
    }

    fn fold_tile(&self, target: &Target, tile: &Region, values: &[T], lanes: &mut [Self::Lane]) {
        if R::PLACED {
            fold_placed(&self.0, target, tile, values, lanes);
        } else {
            fold_rows(&self.0, target, tile, values, lanes);
        }
    }

    fn merge_all(&self, lanes: &mut [Self::Lane], other: &[Self::Lane]) {
        lanes::merge::<T, R>(&self.0, lanes, other);
    }

    fn finish_all(&self, lanes: &[Self::Lane], out: &mut [Self::Out]) {
        for (at, value) in out.iter_mut().enumerate() {
            *value = self.0.finish(lanes::get::<T, R>(lanes, at)).canonical();
        }
    }
}

/// The box of the result that a task's lanes are for.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The box in the input's coordinates; reduced axes are 0..1.
    region: Region,
    /// Whether each axis of the input is reduced.
    reduced: Box<[bool]>,
    /// How far to the next lane along each axis: 0 along the reduced ones.
    strides: Box<[usize]>,
}

impl Target {
    /// The box of `kept` along the axes that are not reduced.
    pub(super) fn new(reduced: &[bool], kept: &Region) -> Self {
        let mut axes = kept.start.iter().zip(&kept.shape);
        let axis = |&reduced: &bool| if reduced { (0, 1) } else { axes.next().map_or((0, 1), |(&at, &len)| (at, len)) };
        let (start, shape): (Vec<usize>, Vec<usize>) = reduced.iter().map(axis).unzip();
        let mut strides: Box<[usize]> = vec![0; shape.len()].into();
        let mut stride = 1;
        for axis in (0..shape.len()).rev() {
            if !reduced[axis] {
                strides[axis] = stride;
                stride *= shape[axis];
            }
        }
        Self { region: Region { start, shape }, reduced: reduced.into(), strides }
    }

    /// The number of results in it.
    pub(super) fn len(&self) -> usize {
        self.region.len()
    }

    /// The lane of the value at `at`.
    pub(super) fn lane(&self, at: &[usize]) -> usize {
        (0..at.len()).map(|axis| self.strides[axis] * (at[axis] - self.region.start[axis])).sum()
    }

    /// The first lane behind those of a tile's values.
    pub(super) fn end_of(&self, tile: &Region) -> usize {
        let last: usize =
            self.strides.iter().zip(&tile.shape).map(|(stride, len)| stride * len.saturating_sub(1)).sum();
        (self.lane(&tile.start) + last + 1).min(self.len())
    }

    /// How far it is in lanes to the next value along each axis: 0 along the reduced ones.
    pub(super) fn strides(&self) -> &[usize] {
        &self.strides
    }

    /// How far it is in lanes to the next value along the last axis.
    pub(super) fn next_lane(&self) -> usize {
        self.strides.last().copied().unwrap_or(0)
    }

    /// How a tile is cut into rows.
    fn rows(&self, tile: &Region) -> Rows {
        let axes = tile.shape.len();
        // Inner axes that are all reduced, or all kept and whole, are one row.
        let one_lane = axes > 0 && self.reduced[axes - 1];
        let (mut len, mut outer) = (1, axes);
        while outer > 0 {
            let axis = outer - 1;
            let joins = if one_lane { self.reduced[axis] } else { self.strides[axis] == len };
            if !joins {
                break;
            }
            len *= tile.shape[axis];
            outer = axis;
        }
        let first = self.lane(&tile.start);
        let outer = (0..outer).map(|axis| (tile.shape[axis], self.strides[axis])).collect();
        Rows { len, one_lane, first, outer }
    }
}

/// A tile as rows of values that follow each other in memory.
struct Rows {
    /// Values in a row.
    len: usize,
    /// Whether all values of a row belong to one lane, rather than each to its own.
    one_lane: bool,
    /// The lane of the first value.
    first: usize,
    /// Rows along each outer axis, and how far in lanes from one to the next.
    outer: SmallVec<[(usize, usize); 6]>,
}

/// Folds a tile's values into the lanes of `target`, row by row in C order.
fn fold_rows<T: Element, R: Reducer<T>>(
    reducer: &R,
    target: &Target,
    tile: &Region,
    values: &[T],
    lanes: &mut [R::Lane],
) {
    let Rows { len, one_lane, first, outer } = target.rows(tile);
    let mut at: SmallVec<[usize; 6]> = SmallVec::from_elem(0, outer.len());
    let mut lane = first;
    for row in values.chunks_exact(len.max(1)) {
        if one_lane {
            fold_run(reducer, lanes, lane, row);
        } else {
            fold_row(reducer, lanes, lane, row);
        }
        for (at, &(count, stride)) in at.iter_mut().zip(&outer).rev() {
            *at += 1;
            lane += stride;
            if *at < count {
                break;
            }
            lane -= stride * *at;
            *at = 0;
        }
    }
}
