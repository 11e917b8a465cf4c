//! Slices.

use std::panic::Location;

use super::Array;
use super::axes::place_of_axis;
use super::pick::PickNode;
use super::picks::Picks;
use crate::chunk::Element;
use crate::error::{Error, Result};

/// A part along one axis, by NumPy's rules: `start..stop` with a step; negative indices count from the end.
/// What lies beyond an end is left out, and is no error.
///
/// ```
/// use thermocline::array::Slice;
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x = Array::<i32>::arange(0, 6, 1, [4]);
/// let part = |slice| session.compute(&x.slice(&[slice])).map(|part| part.into_raw_vec_and_offset().0);
/// assert_eq!(part(Slice::from(-2..))?, [4, 5]);
/// assert_eq!(part(Slice::all().step(-2))?, [5, 3, 1]);
/// assert_eq!(part(Slice::new(Some(4), Some(1), -1))?, [4, 3, 2]);
/// assert_eq!(part(Slice::from(4..100))?, [4, 5]);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    start: Option<isize>,
    stop: Option<isize>,
    step: isize,
}

impl Slice {
    /// The whole axis.
    #[must_use]
    pub fn all() -> Self {
        Self { start: None, stop: None, step: 1 }
    }

    /// From `start`, up to but without `stop`.
    #[must_use]
    pub fn new(start: Option<isize>, stop: Option<isize>, step: isize) -> Self {
        Self { start, stop, step }
    }

    /// With another step; negative to go backwards.
    #[must_use]
    pub fn step(mut self, step: isize) -> Self {
        self.step = step;
        self
    }

    /// First index, step and count along an axis of `length`.
    pub(crate) fn resolve(self, length: usize) -> Result<(usize, isize, usize), String> {
        if self.step == 0 {
            return Err("a slice can't have step 0".into());
        }
        let length = length as isize;
        let (low, high) = if self.step > 0 { (0, length) } else { (-1, length - 1) };
        let place = |index: isize| (if index < 0 { index + length } else { index }).clamp(low, high);
        let start = self.start.map_or(if self.step > 0 { low } else { high }, place);
        let stop = self.stop.map_or(if self.step > 0 { high } else { low }, place);
        let distance = if self.step > 0 { stop - start } else { start - stop };
        let count = if distance <= 0 { 0 } else { (distance as usize).div_ceil(self.step.unsigned_abs()) };
        Ok((if count == 0 { 0 } else { start as usize }, self.step, count))
    }
}

impl From<std::ops::Range<isize>> for Slice {
    fn from(range: std::ops::Range<isize>) -> Self {
        Self::new(Some(range.start), Some(range.end), 1)
    }
}

impl From<std::ops::RangeFrom<isize>> for Slice {
    fn from(range: std::ops::RangeFrom<isize>) -> Self {
        Self::new(Some(range.start), None, 1)
    }
}

impl From<std::ops::RangeTo<isize>> for Slice {
    fn from(range: std::ops::RangeTo<isize>) -> Self {
        Self::new(None, Some(range.end), 1)
    }
}

impl From<std::ops::RangeFull> for Slice {
    fn from(_: std::ops::RangeFull) -> Self {
        Self::all()
    }
}

impl<T: Element> Array<T> {
    /// A part of it: a [`Slice`] for each of the first axes; axes that are not named are whole.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::array::Slice;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[10], &[4], |at| at[0] as i64);
    /// assert_eq!(session.compute(&x.slice(&[Slice::from(-2..)]))?.into_raw_vec_and_offset().0, [8, 9]);
    /// let backwards = x.slice(&[Slice::all().step(-3)]);
    /// assert_eq!(session.compute(&backwards)?.into_raw_vec_and_offset().0, [9, 6, 3, 0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there are more slices than axes, or a step is 0.
    #[track_caller]
    #[must_use]
    pub fn slice(&self, slices: &[Slice]) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        let shape = self.shape();
        if slices.len() > shape.len() {
            let problem = format!("{} slices for an array of shape {shape:?}", slices.len());
            return Self::failed(Error::operation("slice", location, problem));
        }
        let mut picks = Vec::with_capacity(shape.len());
        for (axis, &length) in shape.iter().enumerate() {
            match slices.get(axis).copied().unwrap_or_else(Slice::all).resolve(length) {
                Ok(run) => picks.push(Picks::of([run])),
                Err(problem) => return self.refused("slice", location, &problem),
            }
        }
        Self::of(PickNode::new("slice", self.node.clone(), picks))
    }

    /// The part at `index` of `axis`, which goes; a negative index counts from the end. NumPy's `x[index]` for the first axis.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2, 3], &[1, 3], |at| (10 * at[0] + at[1]) as i64);
    /// assert_eq!(session.compute(&x.index_axis(0, -1))?.into_raw_vec_and_offset().0, [10, 11, 12]);
    /// assert_eq!(session.compute(&Array::<i32>::arange(0, 6, 1, [4]).index_axis(0, -1))?[[]], 5);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis or index.
    #[track_caller]
    #[must_use]
    pub fn index_axis(&self, axis: i32, index: isize) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        let shape = self.shape();
        let resolve = || {
            let place = place_of_axis(axis, shape.len())?;
            Ok((place, super::rearrange::place_of_index(index, shape[place])?))
        };
        match resolve() {
            Ok((place, index)) => {
                let mut picks: Vec<Picks> = shape.iter().map(|&length| Picks::of([(0, 1, length)])).collect();
                picks[place] = Picks::of([(index, 1, 1)]);
                Self::of(PickNode::new("index_axis", self.node.clone(), picks)).squeeze(axis)
            }
            Err(problem) => {
                let problem: String = problem;
                self.refused("index_axis", location, &problem)
            }
        }
    }
}
