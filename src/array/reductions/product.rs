//! Products, and the distance from the least to the greatest value.

use super::super::operators::Arithmetic;
use super::super::reducer::{Real, Reducer, Summable};
use super::super::{Array, Axes};

/// Product; without NaN where `skip`.
#[derive(Clone, Copy)]
struct Product {
    skip: bool,
}

impl<T: Summable> Reducer<T> for Product {
    type Lane = T::Wide;
    type Out = T::Total;
    const LANES: usize = 1;

    fn start(&self) -> [T::Wide; 3] {
        [T::ONE; 3]
    }

    #[inline(always)]
    fn fold(&self, lanes: [&mut T::Wide; 3], value: T) {
        if !(self.skip && value.is_nan()) {
            *lanes[0] = T::times(*lanes[0], value.widen());
        }
    }

    #[inline(always)]
    fn merge(&self, lanes: [&mut T::Wide; 3], other: [T::Wide; 3]) {
        *lanes[0] = T::times(*lanes[0], other[0]);
    }

    fn finish(&self, lanes: [T::Wide; 3]) -> T::Total {
        T::total(lanes[0])
    }
}

impl<T: Summable> Array<T> {
    /// The product over `axes`; 1 of no value. Floats are multiplied in f64; integers and bools in 64 bits, wrapping.
    /// NumPy's `prod`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, 2.0, 3.0, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.prod(..))?[[]], 24.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn prod(&self, axes: impl Axes) -> Array<T::Total> {
        self.reduce("prod", &axes, true, Product { skip: false })
    }

    /// The product over `axes` of what is not NaN; 1 where nothing is. NumPy's `nanprod`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanprod(..))?[[]], 4.0);
    /// assert_eq!(session.compute(&Array::full(&[2], f64::NAN, "auto").nanprod(..))?[[]], 1.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn nanprod(&self, axes: impl Axes) -> Array<T::Total> {
        self.reduce("nanprod", &axes, true, Product { skip: true })
    }
}

/// Least and greatest value; NaN is both.
#[derive(Clone, Copy)]
struct Range;

impl<T: Real + Arithmetic> Reducer<T> for Range {
    type Lane = T;
    type Out = T;
    const LANES: usize = 2;

    fn start(&self) -> [T; 3] {
        [T::ENDS.1, T::ENDS.0, T::default()]
    }

    #[inline(always)]
    fn fold(&self, lanes: [&mut T; 3], value: T) {
        self.merge(lanes, [value, value, value]);
    }

    #[inline(always)]
    fn merge(&self, lanes: [&mut T; 3], other: [T; 3]) {
        let [least, greatest, _] = lanes;
        if other[0].is_nan() || other[0] < *least {
            *least = other[0];
        }
        if other[1].is_nan() || other[1] > *greatest {
            *greatest = other[1];
        }
    }

    fn finish(&self, lanes: [T; 3]) -> T {
        T::minus(lanes[1], lanes[0])
    }
}

impl<T: Real + Arithmetic> Array<T> {
    /// How far the greatest value over `axes` is from the least ("peak to peak"); NaN where there is one. Integers wrap. NumPy's
    /// `ptp`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, 2.0, 3.0, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.ptp(..))?[[]], 3.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn ptp(&self, axes: impl Axes) -> Self {
        self.reduce("ptp", &axes, false, Range)
    }
}
