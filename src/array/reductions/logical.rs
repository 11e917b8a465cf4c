//! `any`, `all`, `count_nonzero`: of what is not zero. NaN is not.

use super::super::reducer::Reducer;
use super::super::{Array, Axes};
use crate::chunk::Element;

/// Whether some value, or every one, is other than zero.
#[derive(Clone, Copy)]
struct Truth {
    every: bool,
}

impl<T: Element> Reducer<T> for Truth {
    type Lane = u8;
    type Out = bool;
    const LANES: usize = 1;

    fn start(&self) -> [u8; 3] {
        [u8::from(self.every); 3]
    }

    #[inline(always)]
    fn fold(&self, lanes: [&mut u8; 3], value: T) {
        Reducer::<T>::merge(self, lanes, [u8::from(value != T::default()), 0, 0]);
    }

    #[inline(always)]
    fn merge(&self, lanes: [&mut u8; 3], other: [u8; 3]) {
        *lanes[0] = if self.every { *lanes[0] & other[0] } else { *lanes[0] | other[0] };
    }

    fn finish(&self, lanes: [u8; 3]) -> bool {
        lanes[0] == 1
    }
}

/// How many values are other than zero.
#[derive(Clone, Copy)]
struct CountNonzero;

impl<T: Element> Reducer<T> for CountNonzero {
    type Lane = i64;
    type Out = i64;
    const LANES: usize = 1;

    fn start(&self) -> [i64; 3] {
        [0; 3]
    }

    #[inline(always)]
    fn fold(&self, lanes: [&mut i64; 3], value: T) {
        *lanes[0] += i64::from(value != T::default());
    }

    #[inline(always)]
    fn merge(&self, lanes: [&mut i64; 3], other: [i64; 3]) {
        *lanes[0] += other[0];
    }

    fn finish(&self, lanes: [i64; 3]) -> i64 {
        lanes[0]
    }
}

impl<T: Element> Array<T> {
    /// Whether any value over `axes` is other than zero; false of none. NumPy's `any`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2, 3], &[1, 3], |at| (at[0] * at[1]) as i64);
    /// assert_eq!(session.compute(&x.any(1))?.into_raw_vec_and_offset().0, [false, true]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn any(&self, axes: impl Axes) -> Array<bool> {
        self.reduce("any", &axes, true, Truth { every: false })
    }

    /// Whether all values over `axes` are other than zero; true of none. NumPy's `all`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2, 3], &[1, 3], |at| (at[0] * at[1]) as i64);
    /// assert_eq!(session.compute(&x.all(0))?.into_raw_vec_and_offset().0, [false, false, false]);
    /// assert!(session.compute(&Array::<bool>::zeros(&[0], "auto").all(..))?[[]]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn all(&self, axes: impl Axes) -> Array<bool> {
        self.reduce("all", &axes, true, Truth { every: true })
    }

    /// How many values over `axes` are other than zero. NumPy's `count_nonzero`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2, 3], &[1, 3], |at| (at[0] * at[1]) as i64);
    /// assert_eq!(session.compute(&x.count_nonzero(1))?.into_raw_vec_and_offset().0, [0, 2]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn count_nonzero(&self, axes: impl Axes) -> Array<i64> {
        self.reduce("count_nonzero", &axes, true, CountNonzero)
    }
}
