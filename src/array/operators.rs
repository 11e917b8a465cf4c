//! `+ - * /` and negation, with arrays and scalars on both sides.

use std::ops::{Add, Div, Mul, Neg, Sub};
use std::panic::Location;

use super::Array;
use super::chain::{Chained, Op};
use super::function::zip_step;
use super::reducer::Summable;
use super::ufunc::{Number, complex};
use crate::chunk::Element;
use num_complex::Complex;

/// What arithmetic does with two elements. Integers wrap, as NumPy's; an integer divided by zero gives zero.
pub trait Arithmetic: Chained {
    /// `a + b`.
    fn plus(a: Self, b: Self) -> Self;
    /// `a - b`.
    fn minus(a: Self, b: Self) -> Self;
    /// `a * b`.
    fn times(a: Self, b: Self) -> Self;
    /// `a / b`, rounded towards zero for integers.
    fn over(a: Self, b: Self) -> Self;
    /// `-a`.
    fn negated(a: Self) -> Self;

    /// The type of its size and of its parts: a complex number's is real, others' are their own.
    type Magnitude: Number;
    /// One.
    const UNIT: Self;
    /// Its size; that of the least integer wraps to itself.
    fn magnitude(self) -> Self::Magnitude;
    /// -1, 0 or 1; NaN for NaN; the complex number of size 1 in its direction.
    #[must_use]
    fn sign(self) -> Self;
    /// The real part.
    fn real_part(self) -> Self::Magnitude;
    /// The imaginary part; zero for a real number.
    fn imaginary_part(self) -> Self::Magnitude;
    /// The complex conjugate; a real number itself.
    #[must_use]
    fn conjugate(self) -> Self;
    /// Itself to the power of `exponent`; for integers wrapping, and not for a negative exponent.
    #[must_use]
    fn power(self, exponent: Self) -> Self;
}

macro_rules! own_parts {
    () => {
        fn real_part(self) -> Self {
            self
        }
        fn imaginary_part(self) -> Self {
            Self::default()
        }
        fn conjugate(self) -> Self {
            self
        }
    };
}

macro_rules! exact {
    ($over:expr) => {
        #[inline]
        fn plus(a: Self, b: Self) -> Self {
            a + b
        }
        #[inline]
        fn minus(a: Self, b: Self) -> Self {
            a - b
        }
        #[inline]
        fn times(a: Self, b: Self) -> Self {
            a * b
        }
        #[inline]
        fn over(a: Self, b: Self) -> Self {
            $over(a, b)
        }
        fn negated(a: Self) -> Self {
            -a
        }
    };
}

macro_rules! floats {
    ($($t:ident),+) => {$(
        impl Arithmetic for $t {
            exact!(|a: $t, b: $t| a / b);
            own_parts!();
            type Magnitude = Self;
            const UNIT: Self = 1.0;
            fn magnitude(self) -> Self { self.abs() }
            fn sign(self) -> Self { if self == 0.0 { 0.0 } else if self.is_nan() { self } else { self.signum() } }
            fn power(self, exponent: Self) -> Self { self.powf(exponent) }
        }

        impl Arithmetic for Complex<$t> {
            exact!(|a: Self, b: Self| Self::total(complex::divide(a.widen(), b.widen())));
            type Magnitude = $t;
            const UNIT: Self = Complex::new(1.0, 0.0);
            fn magnitude(self) -> $t { self.re.hypot(self.im) }
            fn sign(self) -> Self { Self::total(complex::sign(self.widen())) }
            fn real_part(self) -> $t { self.re }
            fn imaginary_part(self) -> $t { self.im }
            fn conjugate(self) -> Self { self.conj() }
            fn power(self, exponent: Self) -> Self {
                Self::total(complex::power(self.widen(), exponent.widen()))
            }
        }
    )+};
}

floats!(f32, f64);

macro_rules! wrapping {
    ($($t:ident => $magnitude:expr, $sign:expr);+) => {$(
        impl Arithmetic for $t {
            fn plus(a: Self, b: Self) -> Self { a.wrapping_add(b) }
            fn minus(a: Self, b: Self) -> Self { a.wrapping_sub(b) }
            fn times(a: Self, b: Self) -> Self { a.wrapping_mul(b) }
            fn over(a: Self, b: Self) -> Self { if b == 0 { 0 } else { a.wrapping_div(b) } }
            fn negated(a: Self) -> Self { a.wrapping_neg() }
            own_parts!();
            type Magnitude = Self;
            const UNIT: Self = 1;
            fn magnitude(self) -> Self { $magnitude(self) }
            fn sign(self) -> Self { $sign(self) }
            fn power(self, exponent: Self) -> Self {
                // By squaring: an exponent of 64 bits takes 64 steps.
                let (mut base, mut left, mut power) = (self, exponent, 1 as $t);
                while left > 0 {
                    if left & 1 == 1 {
                        power = power.wrapping_mul(base);
                    }
                    base = base.wrapping_mul(base);
                    left >>= 1;
                }
                power
            }
        }
    )+};
}

wrapping!(i8 => i8::wrapping_abs, i8::signum; i16 => i16::wrapping_abs, i16::signum;
    i32 => i32::wrapping_abs, i32::signum; i64 => i64::wrapping_abs, i64::signum;
    u8 => u8::from, |a: u8| a.min(1); u16 => u16::from, |a: u16| a.min(1);
    u32 => u32::from, |a: u32| a.min(1); u64 => u64::from, |a: u64| a.min(1));

macro_rules! operators {
    ($($trait:ident :: $method:ident = $label:literal, $function:ident, $op:ident, $reversed:ident);+ $(;)?) => {$(
        impl<T: Arithmetic> $trait<&Array<T>> for &Array<T> {
            type Output = Array<T>;

            #[track_caller]
            fn $method(self, other: &Array<T>) -> Array<T> {
                self.zip_step($label, other, Location::caller(), Op::$op, T::$function)
            }
        }

        impl<T: Arithmetic> $trait<Array<T>> for Array<T> {
            type Output = Array<T>;

            #[track_caller]
            fn $method(self, other: Array<T>) -> Array<T> {
                self.zip_step($label, &other, Location::caller(), Op::$op, T::$function)
            }
        }

        impl<T: Arithmetic> $trait<&Array<T>> for Array<T> {
            type Output = Array<T>;

            #[track_caller]
            fn $method(self, other: &Array<T>) -> Array<T> {
                self.zip_step($label, other, Location::caller(), Op::$op, T::$function)
            }
        }

        impl<T: Arithmetic> $trait<Array<T>> for &Array<T> {
            type Output = Array<T>;

            #[track_caller]
            fn $method(self, other: Array<T>) -> Array<T> {
                self.zip_step($label, &other, Location::caller(), Op::$op, T::$function)
            }
        }

        impl<T: Arithmetic> $trait<T> for &Array<T> {
            type Output = Array<T>;

            fn $method(self, scalar: T) -> Array<T> {
                self.map_step($label, Op::$op, Some(scalar), move |value| T::$function(value, scalar))
            }
        }

        impl<T: Arithmetic> $trait<T> for Array<T> {
            type Output = Array<T>;

            fn $method(self, scalar: T) -> Array<T> {
                (&self).$method(scalar)
            }
        }

        scalars_on_the_left!($trait::$method = $label, $function, $reversed;
            f32, f64, Complex<f32>, Complex<f64>, i8, i16, i32, i64, u8, u16, u32, u64);
    )+};
}

macro_rules! scalars_on_the_left {
    ($trait:ident :: $method:ident = $label:literal, $function:ident, $op:ident; $($t:ty),+) => {$(
        impl $trait<&Array<$t>> for $t {
            type Output = Array<$t>;

            fn $method(self, array: &Array<$t>) -> Array<$t> {
                array.map_step($label, Op::$op, Some(self), move |value| <$t as Arithmetic>::$function(self, value))
            }
        }

        impl $trait<Array<$t>> for $t {
            type Output = Array<$t>;

            fn $method(self, array: Array<$t>) -> Array<$t> {
                self.$method(&array)
            }
        }
    )+};
}

operators! {
    Add::add = "add", plus, Plus, Plus;
    Sub::sub = "subtract", minus, Minus, MinusFrom;
    Mul::mul = "multiply", times, Times, Times;
    Div::div = "divide", over, Over, Under;
}

impl<T: Arithmetic> Neg for &Array<T> {
    type Output = Array<T>;

    fn neg(self) -> Array<T> {
        self.map_step("negative", Op::Negated, None, T::negated)
    }
}

impl<T: Arithmetic> Neg for Array<T> {
    type Output = Array<T>;

    fn neg(self) -> Array<T> {
        -&self
    }
}

/// Conversion between types of elements, as Rust's `as`: floats to integers saturate, NaN becomes 0.
pub trait Cast<U>: Element {
    /// The value as `U`.
    fn cast(self) -> U;
}

macro_rules! casts {
    ($from:ty => $($to:ty),+) => {$(
        impl Cast<$to> for $from {
            fn cast(self) -> $to { self as $to }
        }
    )+};
}

macro_rules! all_casts {
    ($($from:ty),+) => {$(
        casts!($from => i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);
    )+};
}

all_casts!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);
casts!(bool => i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! casts_by_conversion {
    ($($from:ty => $to:ty, $function:expr);+ $(;)?) => {$(
        impl Cast<$to> for $from {
            fn cast(self) -> $to { $function(self) }
        }
    )+};
}

casts_by_conversion! {
    bool => bool, bool::from;
    bool => f32, |value| f32::from(u8::from(value));
    bool => f64, |value| f64::from(u8::from(value));
    bool => Complex<f32>, |value| Complex::new(f32::from(u8::from(value)), 0.0);
    bool => Complex<f64>, |value| Complex::new(f64::from(u8::from(value)), 0.0);
    Complex<f32> => Complex<f32>, Complex::from;
    Complex<f64> => Complex<f64>, Complex::from;
    Complex<f32> => Complex<f64>, Summable::widen;
    Complex<f64> => Complex<f32>, Complex::<f32>::total;
    Complex<f32> => bool, |value| value != Complex::default();
    Complex<f64> => bool, |value| value != Complex::default();
}

macro_rules! float_casts {
    ($($from:ty),+) => {$(
        impl Cast<bool> for $from {
            fn cast(self) -> bool { self != <$from>::default() }
        }
        impl Cast<Complex<f32>> for $from {
            fn cast(self) -> Complex<f32> { Complex::new(self as f32, 0.0) }
        }
        impl Cast<Complex<f64>> for $from {
            fn cast(self) -> Complex<f64> { Complex::new(self as f64, 0.0) }
        }
    )+};
}

float_casts!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl<T: Element> Array<T> {
    #[track_caller]
    pub(super) fn zip<U: Element>(
        &self,
        label: &'static str,
        other: &Self,
        location: &'static Location<'static>,
        function: impl Fn(T, T) -> U + Send + Sync + 'static,
    ) -> Array<U> {
        self.zip_with(label, other, location, function)
    }
}

impl<T: Arithmetic> Array<T> {
    /// As [`zip`](Self::zip), by the function that is `op`.
    #[track_caller]
    fn zip_step(
        &self,
        label: &'static str,
        other: &Self,
        location: &'static Location<'static>,
        op: Op,
        function: impl Fn(T, T) -> T + Send + Sync + 'static,
    ) -> Self {
        self.zip_by(label, other, location, zip_step(op, function))
    }
}
