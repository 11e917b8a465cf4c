//! Where the least or greatest value is.
//!
//! A value is folded as its key and its place: its number, in C order, among those that are reduced to one. The least key wins,
//! of equal ones the least place, so the order of folding does not matter (**D1**).

use std::panic::Location;
use std::sync::Arc;

use super::super::creation::for_each_row;
use super::super::fold::Target;
use super::super::grid::Region;
use super::super::lanes;
use super::super::reducer::{Real, Reducer};
use super::super::{Array, Axes};
use crate::chunk::{DType, Element};
use crate::error::Error;

/// The place of no value.
const NOWHERE: u64 = u64::MAX;

/// The place of the least or greatest value; NaN is both, or is skipped.
#[derive(Clone)]
struct Place {
    greatest: bool,
    skip: bool,
    steps: Arc<[u64]>,
}

impl<T: Real> Reducer<T> for Place {
    type Lane = u64;
    type Out = i64;
    const LANES: usize = 2;
    const PLACED: bool = true;

    fn start(&self) -> [u64; 3] {
        [u64::MAX, NOWHERE, 0]
    }

    fn place_steps(&self) -> &[u64] {
        &self.steps
    }

    fn fold(&self, lanes: [&mut u64; 3], value: T) {
        self.fold_at(lanes, value, 0);
    }

    fn fold_at(&self, lanes: [&mut u64; 3], value: T, place: u64) {
        let key = match (value.is_nan(), self.greatest) {
            (true, _) if self.skip => return,
            // No number has this key: the least is negative infinity's.
            (true, _) => 0,
            (false, false) => value.order_key(),
            (false, true) => !value.order_key(),
        };
        Reducer::<T>::merge(self, lanes, [key, place, 0]);
    }

    fn merge(&self, lanes: [&mut u64; 3], other: [u64; 3]) {
        let [key, place, _] = lanes;
        if (other[0], other[1]) < (*key, *place) {
            (*key, *place) = (other[0], other[1]);
        }
    }

    fn finish(&self, lanes: [u64; 3]) -> i64 {
        // Nowhere is -1.
        lanes[1] as i64
    }
}

impl<T: Real> Array<T> {
    /// The place of the least value over `axes`, the first of equal ones; of the first NaN, where there is one.
    ///
    /// Over one axis it is the index along it; over several, or all with `..`, the index in C order of what they span. NumPy's
    /// `argmin`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2, 3], &[1, 3], |at| [[5, 1, 1], [9, 0, 9]][at[0]][at[1]]);
    /// assert_eq!(session.compute(&x.argmin(1))?.into_raw_vec_and_offset().0, [1, 1]);
    /// assert_eq!(session.compute(&x.argmin(..))?[[]], 4);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where there is no value along a reduced axis.
    #[track_caller]
    #[must_use]
    pub fn argmin(&self, axes: impl Axes) -> Array<i64> {
        self.place("argmin", &axes, false, false)
    }

    /// The place of the greatest value over `axes`, as [`argmin`](Self::argmin) counts it. NumPy's `argmax`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2, 3], &[1, 3], |at| [[5, 1, 1], [9, 0, 9]][at[0]][at[1]]);
    /// assert_eq!(session.compute(&x.argmax(1))?.into_raw_vec_and_offset().0, [0, 0]);
    /// assert_eq!(session.compute(&x.argmax(..))?[[]], 3);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where there is no value along a reduced axis.
    #[track_caller]
    #[must_use]
    pub fn argmax(&self, axes: impl Axes) -> Array<i64> {
        self.place("argmax", &axes, true, false)
    }

    /// The place of the least value over `axes` that is not NaN, as [`argmin`](Self::argmin) counts it. NumPy's `nanargmin`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [3.0, f64::NAN, 1.0, 8.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanargmin(..))?[[]], 2);
    /// assert_eq!(session.compute(&x.argmin(..))?[[]], 1);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where there is no value along a reduced axis. When it is computed: where all of them are NaN.
    #[track_caller]
    #[must_use]
    pub fn nanargmin(&self, axes: impl Axes) -> Array<i64> {
        self.place("nanargmin", &axes, false, true)
    }

    /// The place of the greatest value over `axes` that is not NaN, as [`argmin`](Self::argmin) counts it. NumPy's
    /// `nanargmax`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [3.0, f64::NAN, 1.0, 8.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanargmax(..))?[[]], 3);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where there is no value along a reduced axis. When it is computed: where all of them are NaN.
    #[track_caller]
    #[must_use]
    pub fn nanargmax(&self, axes: impl Axes) -> Array<i64> {
        self.place("nanargmax", &axes, true, true)
    }

    #[track_caller]
    fn place(&self, label: &'static str, axes: &impl Axes, greatest: bool, skip: bool) -> Array<i64> {
        // Where the axes are wrong, `reduce` says so.
        let reduced = axes.resolve(self.ndim()).unwrap_or_default();
        let shape = self.shape();
        let mut step = 1;
        let mut steps = vec![0; shape.len()];
        for axis in (0..shape.len()).rev().filter(|&axis| reduced.get(axis) == Some(&true)) {
            steps[axis] = step;
            step *= shape[axis] as u64;
        }
        let places = self.reduce(label, axes, false, Place { greatest, skip, steps: steps.into() });
        if !skip || !matches!(T::DTYPE, DType::Float32 | DType::Float64) {
            return places;
        }
        let problem = format!("all values over the reduced axes are NaN somewhere in an array of shape {shape:?}");
        let error = Error::operation(label, Location::caller(), problem);
        places.guard(error, |places| places.iter().all(|&place| place >= 0))
    }
}

/// Folds a tile into the lanes of the result's box, by a reducer that must know where values are.
pub(in super::super) fn fold_placed<T: Element, R: Reducer<T>>(
    reducer: &R,
    target: &Target,
    tile: &Region,
    values: &[T],
    lanes: &mut [R::Lane],
) {
    let steps = reducer.place_steps();
    let (next_lane, next_place) = (target.next_lane(), steps.last().copied().unwrap_or(0));
    for_each_row(tile, |at, row| {
        let mut lane = target.lane(at);
        let mut place: u64 = at.iter().zip(steps).map(|(&at, step)| at as u64 * step).sum();
        let mut state = lanes::get::<T, R>(lanes, lane);
        for &value in &values[row] {
            if next_lane > 0 {
                state = lanes::get::<T, R>(lanes, lane);
            }
            let [first, second, third] = &mut state;
            reducer.fold_at([first, second, third], value, place);
            if next_lane > 0 {
                lanes::put::<T, R>(lanes, lane, state);
            }
            lane += next_lane;
            place += next_place;
        }
        if next_lane == 0 {
            lanes::put::<T, R>(lanes, lane, state);
        }
    });
}
