//! Comparison and logic.

use std::panic::Location;

use super::super::Array;
use super::super::operators::Arithmetic;
use super::super::reducer::{Real, Summable};
use super::{Operand, is_finite};
use crate::chunk::Element;

macro_rules! comparisons {
    ($($name:ident, $doc:literal, $function:expr;)+) => {$(
        #[doc = concat!($doc, " NumPy's `", stringify!($name), "`.")]
        #[track_caller]
        #[must_use]
        pub fn $name(&self, other: impl Operand<T>) -> Array<bool> {
            self.with(stringify!($name), other, Location::caller(), $function)
        }
    )+};
}

/// Whether a value counts as true: it is not zero; NaN does.
fn truth<T: Element>(value: T) -> bool {
    value != T::default()
}

/// Comparison, which NaN never passes but for `not_equal`, and logic, where what is not zero is true.
///
/// ```
/// # use thermocline::{Array, Session};
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let a: Array<f64> = [0.0, 2.0, f64::NAN].into_iter().collect();
/// assert_eq!(session.compute(&a.equal(&a))?.into_raw_vec_and_offset().0, [true, true, false]);
/// assert_eq!(session.compute(&a.not_equal(2.0))?.into_raw_vec_and_offset().0, [true, false, true]);
/// assert_eq!(session.compute(&a.logical_and(1.0))?.into_raw_vec_and_offset().0, [false, true, true]);
/// assert_eq!(session.compute(&a.logical_or(0.0))?.into_raw_vec_and_offset().0, [false, true, true]);
/// assert_eq!(session.compute(&a.logical_xor(1.0))?.into_raw_vec_and_offset().0, [true, false, false]);
/// # Ok::<(), thermocline::Error>(())
/// ```
impl<T: Element> Array<T> {
    comparisons! {
        equal, "Whether two values are equal.", |a, b| a == b;
        not_equal, "Whether two values are not equal.", |a, b| a != b;
        logical_and, "Whether both values are other than zero.", |a, b| truth(a) & truth(b);
        logical_or, "Whether either value is other than zero.", |a, b| truth(a) | truth(b);
        logical_xor, "Whether one value and not the other is other than zero.", |a, b| truth(a) ^ truth(b);
    }

    /// Whether the value is zero. NumPy's `logical_not`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let n: Array<i64> = [0, 3].into_iter().collect();
    /// assert_eq!(session.compute(&n.logical_not())?.into_raw_vec_and_offset().0, [true, false]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn logical_not(&self) -> Array<bool> {
        self.map_labelled("logical_not", |value| !truth(value))
    }
}

/// Order, which NaN has none in.
///
/// ```
/// # use thermocline::{Array, Session};
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let n: Array<i64> = [1, 2, 3].into_iter().collect();
/// assert_eq!(session.compute(&n.less(2))?.into_raw_vec_and_offset().0, [true, false, false]);
/// assert_eq!(session.compute(&n.less_equal(2))?.into_raw_vec_and_offset().0, [true, true, false]);
/// assert_eq!(session.compute(&n.greater(2))?.into_raw_vec_and_offset().0, [false, false, true]);
/// assert_eq!(session.compute(&n.greater_equal(2))?.into_raw_vec_and_offset().0, [false, true, true]);
/// # Ok::<(), thermocline::Error>(())
/// ```
impl<T: Real> Array<T> {
    comparisons! {
        less, "Whether the value is less.", |a, b| a < b;
        less_equal, "Whether the value is less or equal.", |a, b| a <= b;
        greater, "Whether the value is greater.", |a, b| a > b;
        greater_equal, "Whether the value is greater or equal.", |a, b| a >= b;
    }
}

/// How far apart two values may be and count as close: `absolute + relative * |other|`. NumPy's by default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// The share of the other value's size: 1e-5 by default.
    pub relative: f64,
    /// What is added to it: 1e-8 by default.
    pub absolute: f64,
    /// Whether NaN is close to NaN: not by default.
    pub equal_nan: bool,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { relative: 1e-5, absolute: 1e-8, equal_nan: false }
    }
}

impl<T: Summable> Array<T> {
    /// Whether the value is within `tolerance` of the other. Infinities are close if they are equal. NumPy's `isclose`.
    ///
    /// ```
    /// use thermocline::array::Tolerance;
    /// use thermocline::{Array, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::arange(0.0, 1.0, 0.1, [4]);
    /// let same = x.isclose(&(&x * (1.0 + 1e-9)), Tolerance::default()).all(..);
    /// assert!(session.compute(&same)?[[]]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn isclose(&self, other: impl Operand<T>, tolerance: Tolerance) -> Array<bool> {
        let Tolerance { relative, absolute, equal_nan } = tolerance;
        self.with("isclose", other, Location::caller(), move |a, b| {
            if a == b || (equal_nan && a.is_nan() && b.is_nan()) {
                return true;
            }
            let (a, b) = (a.inexact(), b.inexact());
            let size = |value: T::Average| Real::to_f64(value.magnitude());
            is_finite(b) && size(Arithmetic::minus(a, b)) <= absolute + relative * size(b)
        })
    }
}
