//! Numbers with a fraction: f32, f64 and complex numbers of both.
//!
//! Functions of real numbers are those of the standard library for the same type, except that the inverse hyperbolic ones
//! are `libm`'s, which are more accurate; complex ones are computed in f64. No function depends on where its value lies in
//! a tile, so results have the same bits at any chunking (**D1**; claimed for one binary on one type of CPU, because the
//! standard library calls the system's).

use num_complex::Complex;

use super::super::operators::Arithmetic;
use super::super::reducer::{Real, Summable};
use super::complex;
use super::number::Number;

/// Gives `$macro` the functions of [`Float`]: name, documentation, the functions of f64, f32, and a complex number,
/// and the step of a chain that it is, if it is one.
macro_rules! for_each_float_function {
    ($macro:ident) => {
        $macro! {
            exp, "e to the power of each value.", f64::exp, f32::exp, complex::exp;
            exp2, "2 to the power of each value.", f64::exp2, f32::exp2, complex::exp2;
            expm1, "e to the power of each value, less one: accurate near zero.", f64::exp_m1, f32::exp_m1, complex::expm1;
            log, "The natural logarithm; NaN below zero.", f64::ln, f32::ln, complex::log;
            log2, "The logarithm to base 2; NaN below zero.", f64::log2, f32::log2, complex::log2;
            log10, "The logarithm to base 10; NaN below zero.", f64::log10, f32::log10, complex::log10;
            log1p, "The natural logarithm of one more than each value: accurate near zero.", f64::ln_1p, f32::ln_1p, complex::log1p;
            sqrt, "The square root; NaN below zero.", f64::sqrt, f32::sqrt, complex::sqrt, Root;
            sin, "The sine of radians.", f64::sin, f32::sin, complex::sin;
            cos, "The cosine of radians.", f64::cos, f32::cos, complex::cos;
            tan, "The tangent of radians.", f64::tan, f32::tan, complex::tan;
            arcsin, "The inverse sine, in radians; NaN off -1 to 1.", f64::asin, f32::asin, complex::arcsin;
            arccos, "The inverse cosine, in radians; NaN off -1 to 1.", f64::acos, f32::acos, complex::arccos;
            arctan, "The inverse tangent, in radians.", f64::atan, f32::atan, complex::arctan;
            sinh, "The hyperbolic sine.", f64::sinh, f32::sinh, complex::sinh;
            cosh, "The hyperbolic cosine.", f64::cosh, f32::cosh, complex::cosh;
            tanh, "The hyperbolic tangent.", f64::tanh, f32::tanh, complex::tanh;
            arcsinh, "The inverse hyperbolic sine.", libm::asinh, libm::asinhf, complex::arcsinh;
            arccosh, "The inverse hyperbolic cosine; NaN below one.", acosh, acoshf, complex::arccosh;
            arctanh, "The inverse hyperbolic tangent; NaN off -1 to 1.", libm::atanh, libm::atanhf, complex::arctanh;
        }
    };
}
pub(super) use for_each_float_function;

macro_rules! float_trait {
    ($($name:ident, $doc:literal, $f64:path, $f32:path, $complex:path $(, $op:ident)?;)+) => {
        /// Numbers with a fraction: `f32`, `f64`, `Complex<f32>`, `Complex<f64>`. Their functions have NumPy's names, and
        /// for complex numbers its branch cuts.
        pub trait Float: Arithmetic<Magnitude = <Self as Float>::Part> + Summable<Average = Self> {
            /// The type of its real part.
            type Part: RealFloat;

            /// The number of these parts; of a real number the first.
            fn from_parts(re: Self::Part, im: Self::Part) -> Self;
            /// Its angle in the complex plane, in radians: 0 or pi for a real number.
            fn angle(self) -> Self::Part;
            $(
                #[doc = $doc]
                #[must_use]
                fn $name(self) -> Self;
            )+
        }

        impl Float for f64 {
            type Part = f64;

            fn from_parts(re: f64, _: f64) -> f64 { re }
            fn angle(self) -> f64 { arg(self, 0.0) }
            $(fn $name(self) -> f64 { $f64(self) })+
        }

        impl Float for f32 {
            type Part = f32;

            fn from_parts(re: f32, _: f32) -> f32 { re }
            fn angle(self) -> f32 { arg(f64::from(self), 0.0) as f32 }
            $(fn $name(self) -> f32 { $f32(self) })+
        }

        impl Float for Complex<f64> {
            type Part = f64;

            fn from_parts(re: f64, im: f64) -> Self { Self::new(re, im) }
            fn angle(self) -> f64 { arg(self.re, self.im) }
            $(fn $name(self) -> Self { $complex(self) })+
        }

        impl Float for Complex<f32> {
            type Part = f32;

            fn from_parts(re: f32, im: f32) -> Self { Self::new(re, im) }
            fn angle(self) -> f32 { arg(f64::from(self.re), f64::from(self.im)) as f32 }
            $(fn $name(self) -> Self { Self::total($complex(self.widen())) })+
        }
    };
}

for_each_float_function!(float_trait);

/// `libm`'s, which is undefined below one.
fn acosh(value: f64) -> f64 {
    if value < 1.0 { f64::NAN } else { libm::acosh(value) }
}

/// As [`acosh`].
fn acoshf(value: f32) -> f32 {
    if value < 1.0 { f32::NAN } else { libm::acoshf(value) }
}

fn arg(re: f64, im: f64) -> f64 {
    im.atan2(re)
}

/// Real numbers with a fraction: `f32` and `f64`.
pub trait RealFloat: Float<Part = Self> + Real<Spread = Self> + Number {
    /// The cube root.
    #[must_use]
    fn cbrt(self) -> Self;
    /// Radians as degrees.
    #[must_use]
    fn degrees(self) -> Self;
    /// Degrees as radians.
    #[must_use]
    fn radians(self) -> Self;
    /// The greatest whole number that is not greater.
    #[must_use]
    fn floor(self) -> Self;
    /// The least whole number that is not less.
    #[must_use]
    fn ceil(self) -> Self;
    /// The whole number next to it towards zero.
    #[must_use]
    fn trunc(self) -> Self;
    /// The nearest whole number; of two the even one.
    #[must_use]
    fn rint(self) -> Self;
    /// The length of the hypotenuse of a right triangle with these sides.
    #[must_use]
    fn hypot(self, other: Self) -> Self;
    /// The angle of the point (`x`, `self`), in radians.
    #[must_use]
    fn arctan2(self, x: Self) -> Self;
    /// The size of `self` with the sign of `sign`.
    #[must_use]
    fn copysign(self, sign: Self) -> Self;
    /// Whether the sign bit is set: also for -0.0.
    fn signbit(self) -> bool;
    /// Whether it is neither infinite nor NaN.
    fn isfinite(self) -> bool;
    /// `f64` as this type, rounded to nearest.
    fn from_f64(value: f64) -> Self;
    /// The greatest finite value.
    const GREATEST: Self;
}

macro_rules! real_floats {
    ($($t:ident),+) => {$(
        impl RealFloat for $t {
            fn cbrt(self) -> Self { self.cbrt() }
            fn degrees(self) -> Self { self.to_degrees() }
            fn radians(self) -> Self { self.to_radians() }
            fn floor(self) -> Self { self.floor() }
            fn ceil(self) -> Self { self.ceil() }
            fn trunc(self) -> Self { self.trunc() }
            fn rint(self) -> Self { self.round_ties_even() }
            fn hypot(self, other: Self) -> Self { self.hypot(other) }
            fn arctan2(self, x: Self) -> Self { self.atan2(x) }
            fn copysign(self, sign: Self) -> Self { self.copysign(sign) }
            fn signbit(self) -> bool { self.is_sign_negative() }
            fn isfinite(self) -> bool { self.is_finite() }
            fn from_f64(value: f64) -> Self { value as $t }
            const GREATEST: Self = $t::MAX;
        }
    )+};
}

real_floats!(f32, f64);
