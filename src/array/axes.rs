//! Axes, as a user names them.

use std::ops::RangeFull;

/// One or more axes: `0`, `-1` for the last, `(1, 2)`, `[0, 1]`, or `..` for all.
///
/// ```
/// use thermocline::Array;
/// use thermocline::array::Axes;
///
/// let x = Array::<f64>::zeros(&[12, 5, 7], "auto");
/// assert_eq!(x.sum(0).shape(), [5, 7]);
/// assert_eq!(x.sum(-1).shape(), [12, 5]);
/// assert_eq!(x.sum((0, 2)).shape(), [5]);
/// assert_eq!(x.sum([1, 2]).shape(), [12]);
/// assert!(x.sum(..).shape().is_empty());
/// assert!(x.sum((1, -2)).checked().is_err()); // the same axis twice
/// assert_eq!((0, 2).resolve(3)?, [true, false, true]);
/// # Ok::<(), String>(())
/// ```
pub trait Axes {
    /// Whether each of `ndim` axes is meant.
    ///
    /// # Errors
    /// Where an axis does not exist, or is named twice: with what is wrong.
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String>;

    /// Whether a reduction over them keeps them, with length 1.
    fn are_kept(&self) -> bool {
        false
    }

    /// Whether all axes are meant, whichever there are.
    fn means_all(&self) -> bool {
        false
    }
}

/// Axes that a reduction keeps, with length 1: made by [`keepdims`].
#[derive(Clone, Copy, Debug)]
pub struct Keepdims<A>(A);

/// `axes`, to be kept by the reduction over them with length 1, so that its result broadcasts against its input.
///
/// ```
/// use thermocline::array::keepdims;
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x = Array::<f64>::from_fn(&[3, 4], &[2, 4], |at| (at[0] * at[1]) as f64);
/// let shares = &x / &x.sum(keepdims(1));
/// assert_eq!(x.sum(keepdims(1)).shape(), [3, 1]);
/// assert_eq!(session.compute(&shares)?[[2, 3]], 0.5);
/// # Ok::<(), thermocline::Error>(())
/// ```
pub fn keepdims<A: Axes>(axes: A) -> Keepdims<A> {
    Keepdims(axes)
}

impl<A: Axes> Axes for Keepdims<A> {
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String> {
        self.0.resolve(ndim)
    }

    fn are_kept(&self) -> bool {
        true
    }

    fn means_all(&self) -> bool {
        self.0.means_all()
    }
}

/// The place of `axis`, counted from the end where negative.
pub(super) fn place_of_axis(axis: i32, ndim: usize) -> Result<usize, String> {
    let from_end = if axis < 0 { i64::from(axis) + ndim as i64 } else { i64::from(axis) };
    let place = usize::try_from(from_end).ok().filter(|&place| place < ndim);
    place.ok_or_else(|| format!("axis {axis} of an array of {ndim} dimensions does not exist"))
}

fn resolve(axes: &[i32], ndim: usize) -> Result<Vec<bool>, String> {
    let mut meant = vec![false; ndim];
    for &axis in axes {
        let place = place_of_axis(axis, ndim)?;
        if std::mem::replace(&mut meant[place], true) {
            return Err(format!("axis {axis} is named twice"));
        }
    }
    Ok(meant)
}

impl Axes for i32 {
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String> {
        resolve(&[*self], ndim)
    }
}

impl Axes for (i32, i32) {
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String> {
        resolve(&[self.0, self.1], ndim)
    }
}

impl Axes for (i32, i32, i32) {
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String> {
        resolve(&[self.0, self.1, self.2], ndim)
    }
}

impl<const N: usize> Axes for [i32; N] {
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String> {
        resolve(self, ndim)
    }
}

impl Axes for [i32] {
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String> {
        resolve(self, ndim)
    }
}

impl<A: Axes + ?Sized> Axes for &A {
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String> {
        (**self).resolve(ndim)
    }

    fn are_kept(&self) -> bool {
        (**self).are_kept()
    }

    fn means_all(&self) -> bool {
        (**self).means_all()
    }
}

impl Axes for RangeFull {
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String> {
        Ok(vec![true; ndim])
    }

    fn means_all(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reference to axes once forgot that all were meant, and `squeeze(&..)` refused what `squeeze(..)` did.
    #[test]
    fn a_reference_means_the_same() {
        assert!(<&RangeFull as Axes>::means_all(&&..));
        assert!(<&Keepdims<RangeFull> as Axes>::are_kept(&&keepdims(..)));
        assert!(!<&i32 as Axes>::means_all(&&0));
    }
}
