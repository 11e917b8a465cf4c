//! Sorting along an axis, and the greatest or least elements.
//!
//! A block is made of whole lanes, which are sorted each by itself. The greatest elements of a lane are chosen from the
//! greatest of its chunks, so that an array needs not be rechunked as a whole.

use std::panic::Location;
use std::sync::Arc;

use super::axes::place_of_axis;
use super::gather::{BlockNode, Gather, Recipe};
use super::grid::{ChunkGrid, Region};
use super::kernel::Scope;
use super::lane::{Lanes, grid_of_lanes};
use super::node::Shared;
use super::ordered::Ordered;
use super::{Array, Slice};
use crate::chunk::Block;
use crate::error::{Error, Result};
use crate::graph::{Key, Layers};

/// What becomes of a lane: its first elements after this.
#[derive(Clone, Copy)]
enum Arrange {
    /// Ascending.
    Sort,
    /// The `k` greatest, the greatest first.
    Greatest(usize),
    /// The `k` least, the least first.
    Least(usize),
}

impl Arrange {
    fn length(self, lane: usize) -> usize {
        match self {
            Self::Sort => lane,
            Self::Greatest(k) | Self::Least(k) => k.min(lane),
        }
    }

    fn apply<T: Ordered>(self, lane: &mut [T]) {
        let k = self.length(lane.len());
        match self {
            Self::Sort => lane.sort_unstable_by_key(|value| value.key()),
            Self::Greatest(_) => choose(lane, k, |value| !value.key()),
            Self::Least(_) => choose(lane, k, |value| value.key()),
        }
    }
}

/// Puts the `k` elements of least `key` in front, in order.
fn choose<T: Ordered>(lane: &mut [T], k: usize, key: impl Fn(&T) -> u64) {
    if k > 0 && k < lane.len() {
        lane.select_nth_unstable_by_key(k - 1, &key);
    }
    lane[..k].sort_unstable_by_key(key);
}

/// An array of whole lanes along `axis`, arranged block by block. The chunks along the axis shrink where it does.
fn arranged<T: Ordered>(label: &'static str, input: &Array<T>, axis: usize, arrange: Arrange) -> Array<T> {
    let node = input.node.clone();
    let mut lengths: Vec<Vec<usize>> = (0..input.ndim()).map(|at| input.chunks().lengths(at).to_vec()).collect();
    let own = lengths[axis].clone();
    lengths[axis] = own.iter().map(|&length| arrange.length(length)).collect();
    let prepare = move |layers: &mut Layers, at: &[usize], _: &Region, needs: &mut Vec<Key>| {
        recipe(&node, layers, at, (axis, arrange), needs)
    };
    Array::of(BlockNode { label, grid: ChunkGrid::new(lengths), prepare: Box::new(prepare) })
}

fn recipe<T: Ordered>(
    node: &Arc<Shared<T>>,
    layers: &mut Layers,
    at: &[usize],
    (axis, arrange): (usize, Arrange),
    needs: &mut Vec<Key>,
) -> Result<Recipe<T>> {
    let region = node.grid().region(at);
    let along: Vec<bool> = (0..at.len()).map(|at| at == axis).collect();
    let lanes = Lanes::of(&region.shape, &along);
    let kept = arrange.length(lanes.len());
    let mut shape = region.shape.clone();
    shape[axis] = kept;
    let results = Lanes::of(&shape, &along);
    let values = Gather::compile(node, layers, &region, needs)?;
    let workspace = values.workspace() + Block::<T>::charge(lanes.len());
    let make = move |scope: Scope<'_>, out: &mut [T]| {
        let values = values.values(scope)?;
        let mut lane = scope.context.scratch::<T>(lanes.len())?;
        let lane = lane.as_mut_slice();
        for number in 0..lanes.count() {
            lanes.copy_out(&values, number, lane);
            arrange.apply(lane);
            results.copy_in(&lane[..kept], number, out);
        }
        Ok(())
    };
    Ok(Recipe { workspace, make: Box::new(make) })
}

impl<T: Ordered> Array<T> {
    /// Sorted along `axis`, NaN last.
    ///
    /// A block must hold whole lanes along the axis: the array is rechunked to such.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[5], &[2], |at| (at[0] as i64 - 3).pow(2));
    /// assert_eq!(session.compute(&x.sort(0))?.into_raw_vec_and_offset().0, [0, 1, 1, 4, 9]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn sort(&self, axis: i32) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        match self.along("sort", location, axis) {
            Ok((axis, lanes)) => arranged("sort", &lanes, axis, Arrange::Sort),
            Err(error) => Self::failed(error),
        }
    }

    /// The `k` greatest elements along `axis`, the greatest first; with a negative `k` the least, the least first. All of
    /// them where there are fewer. NaN counts as greater than any number.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[8], &[3], |at| (at[0] as i64 * 5) % 8);
    /// assert_eq!(session.compute(&x.topk(3, 0))?.into_raw_vec_and_offset().0, [7, 6, 5]);
    /// assert_eq!(session.compute(&x.topk(-2, 0))?.into_raw_vec_and_offset().0, [0, 1]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn topk(&self, k: isize, axis: i32) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        let most = k.unsigned_abs();
        let arrange = if k < 0 { Arrange::Least(most) } else { Arrange::Greatest(most) };
        let place = match self.along("topk", location, axis) {
            Ok((place, _)) => place,
            Err(error) => return Self::failed(error),
        };
        if most == 0 {
            let mut none = vec![Slice::all(); place];
            none.push(Slice::from(..0));
            return self.slice(&none);
        }
        let chosen = arranged("topk", self, place, arrange);
        let lanes = chosen.in_grid(&grid_of_lanes(chosen.chunks(), &self.mask(place), size_of::<T>()));
        arranged("topk", &lanes, place, arrange)
    }

    /// The place of `axis`, and the array in blocks of whole lanes along it.
    fn along(&self, label: &'static str, location: &'static Location<'static>, axis: i32) -> Result<(usize, Self)> {
        match place_of_axis(axis, self.ndim()) {
            Ok(axis) => {
                let grid = grid_of_lanes(self.chunks(), &self.mask(axis), size_of::<T>());
                Ok((axis, self.in_grid(&grid)))
            }
            Err(problem) => {
                let problem = format!("{problem} (shape {:?} of {})", self.shape(), T::DTYPE);
                Err(Error::operation(label, location, problem))
            }
        }
    }

    fn mask(&self, axis: usize) -> Vec<bool> {
        (0..self.ndim()).map(|at| at == axis).collect()
    }
}
