//! Variances with other degrees of freedom, and those of complex numbers.

use num_complex::Complex;

use super::super::reducer::{Real, Reducer, Variance, degrees_of_freedom};
use super::super::ufunc::RealFloat;
use super::super::{Array, Axes};
use crate::chunk::Element;

/// The forms of a variance: name, whether NaN is skipped, whether it is the root, and the documentation.
macro_rules! variances {
    ($($name:ident, $with:ident, $skip:literal, $root:literal, $doc:literal;)+) => {
        impl<T: Real> Array<T> {
            $(
                #[doc = concat!($doc, ", divided by the number of values less `ddof`; NumPy's `", stringify!($name), "`.")]
                #[track_caller]
                #[must_use]
                pub fn $with(&self, axes: impl Axes, ddof: usize) -> Array<T::Spread> {
                    self.reduce(stringify!($name), &axes, true, Variance { ddof, skip: $skip, root: $root })
                }
            )+
        }

        /// Variances of complex numbers: real, the mean of squared distances from the mean.
        impl<P: RealFloat> Array<Complex<P>>
        where
            Complex<P>: Element,
        {
            $(
                #[doc = concat!($doc, "; NumPy's `", stringify!($name), "`.")]
                #[track_caller]
                #[must_use]
                pub fn $name(&self, axes: impl Axes) -> Array<P> {
                    self.$with(axes, 0)
                }

                #[doc = concat!($doc, ", divided by the number of values less `ddof`; NumPy's `", stringify!($name), "`.")]
                #[track_caller]
                #[must_use]
                pub fn $with(&self, axes: impl Axes, ddof: usize) -> Array<P> {
                    self.reduce(stringify!($name), &axes, true, ComplexVariance { ddof, skip: $skip, root: $root })
                }
            )+
        }
    };
}

variances! {
    var, var_ddof, false, false, "The variance over `axes`";
    std, std_ddof, false, true, "The standard deviation over `axes`";
    nanvar, nanvar_ddof, true, false, "The variance over `axes` of what is not NaN";
    nanstd, nanstd_ddof, true, true, "The standard deviation over `axes` of what is not NaN";
}

/// Variance of complex numbers: lanes are count, mean and sum of squared distances, the first and the last real.
#[derive(Clone, Copy)]
struct ComplexVariance {
    ddof: usize,
    skip: bool,
    root: bool,
}

impl<P: RealFloat> Reducer<Complex<P>> for ComplexVariance
where
    Complex<P>: Element,
{
    type Lane = Complex<f64>;
    type Out = P;
    const LANES: usize = 3;

    fn start(&self) -> [Complex<f64>; 3] {
        [Complex::new(0.0, 0.0); 3]
    }

    #[inline(always)]
    fn fold(&self, lanes: [&mut Complex<f64>; 3], value: Complex<P>) {
        if self.skip && Element::is_nan(value) {
            return;
        }
        let [count, mean, squares] = lanes;
        let value = Complex::new(value.re.to_f64(), value.im.to_f64());
        count.re += 1.0;
        let before = value - *mean;
        *mean += before / count.re;
        let after = value - *mean;
        squares.re += before.re * after.re + before.im * after.im;
    }

    #[inline(always)]
    fn merge(&self, lanes: [&mut Complex<f64>; 3], other: [Complex<f64>; 3]) {
        let [count, mean, squares] = lanes;
        let more = other[0].re;
        if more == 0.0 {
            return;
        }
        let total = count.re + more;
        let apart = other[1] - *mean;
        squares.re += other[2].re + apart.norm_sqr() * (count.re * more / total);
        *mean += apart * (more / total);
        count.re = total;
    }

    fn finish(&self, lanes: [Complex<f64>; 3]) -> P {
        let variance = lanes[2].re / degrees_of_freedom(lanes[0].re, self.ddof, self.skip);
        P::spread(if self.root { variance.sqrt() } else { variance })
    }
}
