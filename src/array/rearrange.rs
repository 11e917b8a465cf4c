//! Indices picked along an axis: `take`, `flip`, `roll`, `repeat`, `tile`, and padding.

use std::panic::Location;

use super::Array;
use super::axes::{Axes, place_of_axis};
use super::pick::PickNode;
use super::picks::Picks;
use crate::chunk::Element;
use crate::error::{Error, Result};

/// What an array is padded with.
///
/// ```
/// use thermocline::array::Pad;
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x: Array<i32> = [1, 2, 3].into_iter().collect();
/// let padded = |pad| x.pad(&[(2, 1)], pad);
/// let all = [Pad::Constant(0), Pad::Edge, Pad::Reflect, Pad::Symmetric, Pad::Wrap].map(padded);
/// let all = session.compute(&all[..])?;
/// let expected = [[0, 0, 1, 2, 3, 0], [1, 1, 1, 2, 3, 3], [3, 2, 1, 2, 3, 2], [2, 1, 1, 2, 3, 3], [2, 3, 1, 2, 3, 1]];
/// for (found, expected) in all.into_iter().zip(expected) {
///     assert_eq!(found.into_raw_vec_and_offset().0, expected);
/// }
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Pad<T> {
    /// This value.
    Constant(T),
    /// The value at the edge: `a a | a b c | c c`.
    Edge,
    /// Mirrored at the value at the edge: `c b | a b c | b a`.
    Reflect,
    /// Mirrored at the edge: `b a | a b c | c b`.
    Symmetric,
    /// The other end: `b c | a b c | a b`.
    Wrap,
}

/// The place of `index` along an axis of `length`, counted from the end where negative.
pub(super) fn place_of_index(index: isize, length: usize) -> Result<usize, String> {
    let from_end = if index < 0 { index + length as isize } else { index };
    let place = usize::try_from(from_end).ok().filter(|&place| place < length);
    place.ok_or_else(|| format!("index {index} along an axis of length {length} does not exist"))
}

/// The indices of a padded axis. `None` where there is nothing to pad with.
pub(super) fn padded<T>(length: usize, before: usize, after: usize, pad: &Pad<T>) -> Option<Picks> {
    if length == 0 {
        return (before + after == 0).then(|| Picks::of([]));
    }
    // Indices go on for ever both ways: with this period, forwards in its first part and backwards in the second.
    let (period, turns) = match pad {
        Pad::Constant(_) => return Some(Picks::of([(0, 1, length)])),
        Pad::Edge => {
            return Some(Picks::of([(0, 0, before), (0, 1, length), (length - 1, 0, after)]));
        }
        Pad::Wrap => (length, false),
        Pad::Symmetric => (2 * length, true),
        Pad::Reflect if length == 1 => return padded(length, before, after, &Pad::<T>::Edge),
        Pad::Reflect => (2 * length - 2, true),
    };
    let mut runs = Vec::new();
    let total = before + length + after;
    let mut at = 0;
    while at < total {
        // The place in the period of index `at - before`.
        let place = (at + period - before % period) % period;
        let (start, step, most) = if place < length {
            (place, 1, length - place)
        } else if turns {
            // Backwards from the last but one, or from the last where the edge is repeated.
            let back = if period == 2 * length { 2 * length - 1 - place } else { period - place };
            (back, -1, period - place)
        } else {
            (0, 1, length)
        };
        let count = most.min(total - at);
        runs.push((start, step, count));
        at += count;
    }
    Some(Picks::of(runs))
}

impl<T: Element> Array<T> {
    /// Picks along some axes, the others whole. Checked already.
    fn picked(&self, label: &'static str, picks: Vec<(usize, Picks)>) -> Self {
        let mut all: Vec<Picks> = self.shape().iter().map(|&length| Picks::of([(0, 1, length)])).collect();
        for (axis, picks) in picks {
            all[axis] = picks;
        }
        Self::of(PickNode::new(label, self.node.clone(), all))
    }

    /// The error of an operation on it, with its shape and type.
    pub(super) fn refused(&self, label: &'static str, location: &'static Location<'static>, problem: &str) -> Self {
        let problem = format!("{problem} (shape {:?} of {})", self.shape(), T::DTYPE);
        Self::failed(Error::operation(label, location, problem))
    }

    /// The elements at `indices` along `axis`, in that order; negative indices count from the end.
    ///
    /// Where the indices go one way, values that are read from a source pass through, and what is not asked for is not
    /// read. Else a block of the result needs all blocks of the input that its indices are in.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[6], &[2], |at| 10 * at[0] as i64);
    /// assert_eq!(session.compute(&x.take(&[0, 3, 3, -1], 0))?.into_raw_vec_and_offset().0, [0, 30, 30, 50]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis or index.
    #[track_caller]
    #[must_use]
    pub fn take(&self, indices: &[isize], axis: i32) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        let shape = self.shape();
        let resolve = || {
            let axis = place_of_axis(axis, shape.len())?;
            let places: Vec<usize> =
                indices.iter().map(|&index| place_of_index(index, shape[axis])).collect::<Result<_, String>>()?;
            Ok::<_, String>((axis, Picks::list(&places)))
        };
        match resolve() {
            Ok(picks) => self.picked("take", vec![picks]),
            Err(problem) => self.refused("take", location, &problem),
        }
    }

    /// Backwards along `axes`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2, 2], &[1, 2], |at| (1 + at[0] * 2 + at[1]) as i64);
    /// assert_eq!(session.compute(&x.flip(0))?.into_raw_vec_and_offset().0, [3, 4, 1, 2]);
    /// assert_eq!(session.compute(&x.flip(..))?.into_raw_vec_and_offset().0, [4, 3, 2, 1]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn flip(&self, axes: impl Axes) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        let shape = self.shape();
        match axes.resolve(shape.len()) {
            Ok(meant) => {
                let flipped = |axis: usize| (axis, Picks::of([(shape[axis].saturating_sub(1), -1, shape[axis])]));
                self.picked("flip", (0..shape.len()).filter(|&axis| meant[axis]).map(flipped).collect())
            }
            Err(problem) => self.refused("flip", location, &problem),
        }
    }

    /// Moved by `shift` along `axis`, backwards where negative; what goes beyond one end comes in at the other, however often.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[5], &[2], |at| at[0] as i64);
    /// assert_eq!(session.compute(&x.roll(2, 0))?.into_raw_vec_and_offset().0, [3, 4, 0, 1, 2]);
    /// assert_eq!(session.compute(&Array::<i32>::arange(0, 3, 1, "auto").roll(-7, 0))?.into_raw_vec_and_offset().0, [1, 2, 0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn roll(&self, shift: isize, axis: i32) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        let shape = self.shape();
        match place_of_axis(axis, shape.len()) {
            Ok(axis) => {
                let length = shape[axis];
                let shift = shift.rem_euclid(length.max(1) as isize) as usize;
                let first = length - shift.min(length);
                self.picked("roll", vec![(axis, Picks::of([(first, 1, length - first), (0, 1, first)]))])
            }
            Err(problem) => self.refused("roll", location, &problem),
        }
    }

    /// Each element `count` times, along `axis`; of 0 times nothing is left.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2, 2], &[1, 2], |at| (1 + at[0] * 2 + at[1]) as i64);
    /// assert_eq!(session.compute(&x.repeat(2, 1))?.into_raw_vec_and_offset().0, [1, 1, 2, 2, 3, 3, 4, 4]);
    /// assert_eq!(x.repeat(0, 0).size(), 0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn repeat(&self, count: usize, axis: i32) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        let shape = self.shape();
        match place_of_axis(axis, shape.len()) {
            Ok(axis) if fits(&shape, axis, shape[axis].checked_mul(count)) => {
                let picks = Picks::of((0..shape[axis]).map(|index| (index, 0, count)));
                self.picked("repeat", vec![(axis, picks)])
            }
            Ok(_) => self.refused("repeat", location, &format!("{count} times are more elements than can be")),
            Err(problem) => self.refused("repeat", location, &problem),
        }
    }

    /// The whole array `counts[axis]` times along each axis; with more counts than axes, new axes come first, as NumPy's.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2, 2], &[1, 2], |at| (1 + at[0] * 2 + at[1]) as i64);
    /// assert_eq!(session.compute(&x.tile(&[1, 2]))?.into_raw_vec_and_offset().0, [1, 2, 1, 2, 3, 4, 3, 4]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where the result has more elements than can be.
    #[track_caller]
    #[must_use]
    pub fn tile(&self, counts: &[usize]) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        let wide = self.atleast_nd(counts.len());
        let shape = wide.shape();
        let first = shape.len() - counts.len();
        let mut longer = shape.clone();
        let mut picks = Vec::new();
        for (place, &count) in counts.iter().enumerate() {
            let axis = first + place;
            if !fits(&longer, axis, shape[axis].checked_mul(count)) {
                let problem = format!("{counts:?} times are more elements than can be");
                return self.refused("tile", location, &problem);
            }
            longer[axis] = shape[axis] * count;
            picks.push((axis, Picks::of((0..count).map(|_| (0, 1, shape[axis])))));
        }
        wide.picked("tile", picks)
    }

    /// Longer at both ends of each axis: `widths` says by how much before and after, for each axis, or one for all.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::array::Pad;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[3], &[2], |at| 1 + at[0] as i64);
    /// let padded = |pad| session.compute(&x.pad(&[(2, 1)], pad)).map(|values| values.into_raw_vec_and_offset().0);
    /// assert_eq!(padded(Pad::Constant(0))?, [0, 0, 1, 2, 3, 0]);
    /// assert_eq!(padded(Pad::Reflect)?, [3, 2, 1, 2, 3, 2]);
    /// assert_eq!(padded(Pad::Wrap)?, [2, 3, 1, 2, 3, 1]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there are not as many widths as axes, or an axis without elements is to be padded with some.
    #[track_caller]
    #[must_use]
    pub fn pad(&self, widths: &[(usize, usize)], pad: Pad<T>) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        let shape = self.shape();
        let width = |axis: usize| if widths.len() == 1 { widths[0] } else { widths[axis] };
        if widths.len() != 1 && widths.len() != shape.len() {
            let problem = format!("{} widths: expected one for each axis, or one", widths.len());
            return self.refused("pad", location, &problem);
        }
        let mut longer = shape.clone();
        for axis in 0..shape.len() {
            let (before, after) = width(axis);
            let length = before.checked_add(after).and_then(|both| both.checked_add(shape[axis]));
            if !fits(&longer, axis, length) {
                return self.refused("pad", location, &format!("widths {widths:?} are more elements than can be"));
            }
            longer[axis] += before + after;
        }
        if let Pad::Constant(value) = pad {
            return (0..shape.len()).fold(self.clone(), |array, axis| array.framed(axis, width(axis), value));
        }
        let mut picks = Vec::new();
        for (axis, &length) in shape.iter().enumerate() {
            let (before, after) = width(axis);
            let Some(own) = padded(length, before, after, &pad) else {
                let problem = format!("axis {axis} has no element to pad with: use Pad::Constant");
                return self.refused("pad", location, &problem);
            };
            picks.push((axis, own));
        }
        self.picked("pad", picks)
    }

    /// Constant parts before and after, along an axis.
    fn framed(&self, axis: usize, (before, after): (usize, usize), value: T) -> Self {
        let part = |length: usize| {
            let mut shape = self.shape();
            let mut chunk = self.chunks().longest();
            (shape[axis], chunk[axis]) = (length, chunk[axis].min(length));
            chunk.iter_mut().for_each(|length| *length = (*length).max(1));
            (length > 0).then(|| Self::from_fn(&shape, &chunk, move |_| value))
        };
        let parts: Vec<Self> = part(before).into_iter().chain([self.clone()]).chain(part(after)).collect();
        if parts.len() == 1 { self.clone() } else { Self::concatenate(&parts, axis as i32) }
    }
}

/// Whether an array may have this shape with another length along an axis.
fn fits(shape: &[usize], axis: usize, length: Option<usize>) -> bool {
    let lengths = shape.iter().enumerate().map(|(at, &own)| if at == axis { length } else { Some(own) });
    let size = lengths.into_iter().try_fold(1_usize, |size, length| size.checked_mul(length?));
    size.is_some_and(|size| size <= super::MOST_ELEMENTS)
}
