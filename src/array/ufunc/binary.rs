//! Functions of two: on arrays that broadcast, or an array and a scalar.

use std::panic::Location;

use super::super::Array;
use super::super::chain::Op;
use super::super::operators::Arithmetic;
use super::super::reducer::{Real, Summable};
use super::{Number, Operand, RealFloat, Side};
use crate::chunk::{DType, Element};
use crate::error::Error;

impl<T: Element> Array<T> {
    /// `function` of each value and the one on the other side.
    pub(super) fn with<U: Element>(
        &self,
        label: &'static str,
        other: impl Operand<T>,
        location: &'static Location<'static>,
        function: impl Fn(T, T) -> U + Send + Sync + 'static,
    ) -> Array<U> {
        match other.side() {
            Side::Scalar(scalar) => self.map_labelled(label, move |value| function(value, scalar)),
            Side::Array(array) => self.zip(label, &array, location, function),
        }
    }
}

macro_rules! binary_methods {
    ($($name:ident, $doc:literal, $out:ty, $function:expr;)+) => {$(
        #[doc = concat!($doc, " NumPy's `", stringify!($name), "`.")]
        #[track_caller]
        #[must_use]
        pub fn $name(&self, other: impl Operand<T>) -> Array<$out> {
            self.with(stringify!($name), other, Location::caller(), $function)
        }
    )+};
}

fn greater_of<T: Real>(a: T, b: T) -> T {
    if a.is_nan() || a > b { a } else { b }
}

fn lesser_of<T: Real>(a: T, b: T) -> T {
    if a.is_nan() || a < b { a } else { b }
}

/// An integer or a bool as f64, a float as it is.
fn real<T: Real>(value: T) -> T::Spread {
    T::spread(value.to_f64())
}

/// Two real numbers: the greater, the lesser, sides and angles. Integers and bools become f64 where a side or an angle is asked for.
///
/// ```
/// # use thermocline::{Array, Session};
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x: Array<f64> = [3.0, f64::NAN].into_iter().collect();
/// let y: Array<f64> = [4.0, 1.0].into_iter().collect();
/// assert!(session.compute(&x.maximum(&y))?[[1]].is_nan());
/// assert!(session.compute(&x.minimum(&y))?[[1]].is_nan());
/// assert_eq!(session.compute(&x.fmax(&y))?.into_raw_vec_and_offset().0, [4.0, 1.0]);
/// assert_eq!(session.compute(&x.fmin(&y))?.into_raw_vec_and_offset().0, [3.0, 1.0]);
/// assert_eq!(session.compute(&x.hypot(&y))?[[0]], 5.0);
/// assert_eq!(session.compute(&x.copysign(-1.0))?[[0]], -3.0);
/// assert_eq!(session.compute(&y.arctan2(&y))?[[0]], std::f64::consts::FRAC_PI_4);
/// # Ok::<(), thermocline::Error>(())
/// ```
impl<T: Real> Array<T> {
    binary_methods! {
        maximum, "The greater of two; NaN if either is.", T, greater_of;
        minimum, "The lesser of two; NaN if either is.", T, lesser_of;
        fmax, "The greater of two; of a number and NaN the number.", T, |a, b| if b.is_nan() { a } else if a.is_nan() { b } else { greater_of(a, b) };
        fmin, "The lesser of two; of a number and NaN the number.", T, |a, b| if b.is_nan() { a } else if a.is_nan() { b } else { lesser_of(a, b) };
        hypot, "The length of the hypotenuse of a right triangle with two sides.", T::Spread, |a, b| real(a).hypot(real(b));
        arctan2, "The angle in radians of the point whose y is the value, and whose x is `other`.", T::Spread, |y, x| real(y).arctan2(real(x));
        copysign, "The size of the value with the sign of `other`.", T::Spread, |a, b| real(a).copysign(real(b));
    }

    /// The value, not less than `min` nor greater than `max`: `max` where `min` is greater than that. NumPy's `clip`; for one bound
    /// see [`maximum`](Self::maximum) and [`minimum`](Self::minimum).
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, 2.0, 3.0, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.clip(1.5, 3.0))?.into_raw_vec_and_offset().0, [1.5, 2.0, 3.0, 3.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn clip(&self, min: impl Operand<T>, max: impl Operand<T>) -> Self {
        let location = Location::caller();
        match (min.side(), max.side()) {
            (Side::Scalar(min), Side::Scalar(max)) => {
                self.map_labelled("clip", move |value| lesser_of(greater_of(value, min), max))
            }
            (min, max) => self.with("clip", min, location, greater_of).with("clip", max, location, lesser_of),
        }
    }
}

/// Division with a remainder.
///
/// ```
/// # use thermocline::{Array, Session};
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let n: Array<i64> = [-7, 7].into_iter().collect();
/// assert_eq!(session.compute(&n.floor_divide(2))?.into_raw_vec_and_offset().0, [-4, 3]);
/// assert_eq!(session.compute(&n.remainder(2))?.into_raw_vec_and_offset().0, [1, 1]);
/// assert_eq!(session.compute(&n.fmod(2))?.into_raw_vec_and_offset().0, [-1, 1]);
/// assert_eq!(session.compute(&n.floor_divide(0))?.into_raw_vec_and_offset().0, [0, 0]);
/// # Ok::<(), thermocline::Error>(())
/// ```
impl<T: Number> Array<T> {
    binary_methods! {
        floor_divide, "The quotient rounded down; zero for an integer divided by zero.", T, Number::floor_divide;
        remainder, "What is left of the quotient rounded down, with the sign of `other`; zero for an integer divided by zero.", T, Number::remainder;
        fmod, "What is left of the quotient rounded towards zero, with the value's sign; zero for an integer divided by zero.", T, Number::fmod;
    }
}

impl<T: Summable> Array<T> {
    /// The quotient; of integers and bools as f64, unlike the operator `/`. NumPy's `divide`, its `/`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let n: Array<i64> = [7, -7].into_iter().collect();
    /// assert_eq!(session.compute(&n.divide(2))?.into_raw_vec_and_offset().0, [3.5, -3.5]);
    /// assert_eq!(session.compute(&(&n / 2))?.into_raw_vec_and_offset().0, [3, -3]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn divide(&self, other: impl Operand<T>) -> Array<T::Average> {
        self.with("divide", other, Location::caller(), |a, b| Arithmetic::over(a.inexact(), b.inexact()))
    }
}

impl<T: Arithmetic> Array<T> {
    /// The value to the power of `other`. NumPy's `power`.
    ///
    /// Integers wrap. An integer to the power of a negative one is an error: at once for a scalar, else when it is computed.
    ///
    /// ```
    /// use thermocline::{Array, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let n = Array::<i64>::arange(0, 5, 1, [2]);
    /// assert_eq!(session.compute(&Array::from(2).power(&n))?.into_raw_vec_and_offset().0, [1, 2, 4, 8, 16]);
    /// assert!(n.power(-1).checked().is_err());
    /// assert!(session.compute(&n.power(&-&n)).is_err());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn power(&self, other: impl Operand<T>) -> Self {
        let location = Location::caller();
        let signed = matches!(T::DTYPE, DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64);
        let problem = || format!("{} to a negative power is no integer: convert it by astype::<f64>() first", T::DTYPE);
        let fits = move |exponent: T| !signed || exponent.sign() != T::negated(T::UNIT);
        match other.side() {
            Side::Scalar(exponent) if !fits(exponent) => Self::failed(Error::operation("power", location, problem())),
            // Both are rounded once.
            Side::Scalar(exponent) if exponent == T::plus(T::UNIT, T::UNIT) => {
                self.map_step("power", Op::Square, None, |value| T::times(value, value))
            }
            Side::Array(exponents) if signed => {
                let error = Error::operation("power", location, problem());
                let exponents = exponents.guard(error, move |values| values.iter().all(|&value| fits(value)));
                self.with("power", exponents, location, T::power)
            }
            side => self.with("power", side, location, T::power),
        }
    }
}
