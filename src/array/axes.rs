//! Axes, as a user names them.

use std::ops::RangeFull;

/// One or more axes: `0`, `-1` for the last, `(1, 2)`, `[0, 1]`, or `..` for all.
pub trait Axes {
    /// Whether each of `ndim` axes is meant.
    ///
    /// # Errors
    /// Where an axis does not exist, or is named twice: with what is wrong.
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String>;
}

fn resolve(axes: &[i32], ndim: usize) -> Result<Vec<bool>, String> {
    let mut meant = vec![false; ndim];
    for &axis in axes {
        let from_end = if axis < 0 { i64::from(axis) + ndim as i64 } else { i64::from(axis) };
        let place = usize::try_from(from_end).ok().and_then(|place| meant.get_mut(place));
        match place {
            None => return Err(format!("axis {axis} of an array of {ndim} dimensions does not exist")),
            Some(true) => return Err(format!("axis {axis} is named twice")),
            Some(place) => *place = true,
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

impl Axes for &[i32] {
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String> {
        resolve(self, ndim)
    }
}

impl Axes for RangeFull {
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String> {
        Ok(vec![true; ndim])
    }
}
