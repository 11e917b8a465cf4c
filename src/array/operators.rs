//! `+ - * /` and negation, with arrays and scalars on both sides.

use std::ops::{Add, Div, Mul, Neg, Sub};
use std::panic::Location;
use std::sync::Arc;

use super::Array;
use crate::chunk::Element;
use num_complex::Complex;

/// What arithmetic does with two elements. Integers wrap, as NumPy's; an integer divided by zero gives zero.
pub trait Arithmetic: Element {
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
}

macro_rules! exact {
    ($($t:ty),+) => {$(
        impl Arithmetic for $t {
            fn plus(a: Self, b: Self) -> Self { a + b }
            fn minus(a: Self, b: Self) -> Self { a - b }
            fn times(a: Self, b: Self) -> Self { a * b }
            fn over(a: Self, b: Self) -> Self { a / b }
            fn negated(a: Self) -> Self { -a }
        }
    )+};
}

exact!(f32, f64, Complex<f32>, Complex<f64>);

macro_rules! wrapping {
    ($($t:ty),+) => {$(
        impl Arithmetic for $t {
            fn plus(a: Self, b: Self) -> Self { a.wrapping_add(b) }
            fn minus(a: Self, b: Self) -> Self { a.wrapping_sub(b) }
            fn times(a: Self, b: Self) -> Self { a.wrapping_mul(b) }
            fn over(a: Self, b: Self) -> Self { if b == 0 { 0 } else { a.wrapping_div(b) } }
            fn negated(a: Self) -> Self { a.wrapping_neg() }
        }
    )+};
}

wrapping!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! operators {
    ($($trait:ident :: $method:ident = $label:literal, $function:ident);+ $(;)?) => {$(
        impl<T: Arithmetic> $trait<&Array<T>> for &Array<T> {
            type Output = Array<T>;

            #[track_caller]
            fn $method(self, other: &Array<T>) -> Array<T> {
                self.zip($label, other, Location::caller(), T::$function)
            }
        }

        impl<T: Arithmetic> $trait<Array<T>> for Array<T> {
            type Output = Array<T>;

            #[track_caller]
            fn $method(self, other: Array<T>) -> Array<T> {
                self.zip($label, &other, Location::caller(), T::$function)
            }
        }

        impl<T: Arithmetic> $trait<&Array<T>> for Array<T> {
            type Output = Array<T>;

            #[track_caller]
            fn $method(self, other: &Array<T>) -> Array<T> {
                self.zip($label, other, Location::caller(), T::$function)
            }
        }

        impl<T: Arithmetic> $trait<Array<T>> for &Array<T> {
            type Output = Array<T>;

            #[track_caller]
            fn $method(self, other: Array<T>) -> Array<T> {
                self.zip($label, &other, Location::caller(), T::$function)
            }
        }

        impl<T: Arithmetic> $trait<T> for &Array<T> {
            type Output = Array<T>;

            fn $method(self, scalar: T) -> Array<T> {
                self.map_labelled($label, move |value| T::$function(value, scalar))
            }
        }

        impl<T: Arithmetic> $trait<T> for Array<T> {
            type Output = Array<T>;

            fn $method(self, scalar: T) -> Array<T> {
                (&self).$method(scalar)
            }
        }

        scalars_on_the_left!($trait::$method = $label, $function;
            f32, f64, Complex<f32>, Complex<f64>, i8, i16, i32, i64, u8, u16, u32, u64);
    )+};
}

macro_rules! scalars_on_the_left {
    ($trait:ident :: $method:ident = $label:literal, $function:ident; $($t:ty),+) => {$(
        impl $trait<&Array<$t>> for $t {
            type Output = Array<$t>;

            fn $method(self, array: &Array<$t>) -> Array<$t> {
                array.map_labelled($label, move |value| <$t>::$function(self, value))
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
    Add::add = "add", plus;
    Sub::sub = "subtract", minus;
    Mul::mul = "multiply", times;
    Div::div = "divide", over;
}

impl<T: Arithmetic> Neg for &Array<T> {
    type Output = Array<T>;

    fn neg(self) -> Array<T> {
        self.map_labelled("negative", T::negated)
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
    fn zip<U: Element>(
        &self,
        label: &'static str,
        other: &Self,
        location: &'static Location<'static>,
        function: impl Fn(T, T) -> U + Send + Sync + 'static,
    ) -> Array<U> {
        let zip = move |a: &[T], b: &[T], out: &mut [U]| {
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                *out = function(a, b);
            }
        };
        self.zip_with(label, other, location, Arc::new(zip))
    }
}
