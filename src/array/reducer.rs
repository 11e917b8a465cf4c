//! What is kept while values are folded, and what comes of it.
//!
//! A reducer keeps a few numbers, its *lanes*, for each element of the result. Values are folded into them tile by tile,
//! and lanes into lanes; the order of both depends on the data alone (**D1**).
//!
//! - Sums of floats are kept in f64, of integers in i64 or u64 (wrapping, as NumPy's; the mean of 64-bit
//!   ones in f64, also as NumPy's).
//! - Variances are kept as count, mean and sum of squared deviations: Welford's update (1962) for a value, the pairwise
//!   formula of Chan, Golub and `LeVeque` (1979) for two parts.
//!
//! What is called for each value is free of branches and always inlined, for it is the inside of a
//! [`Loop`](crate::simd::Loop).

use std::ops::Add;

use num_complex::Complex;

use super::ufunc::{Float, RealFloat};
use crate::chunk::Element;

/// How values of `T` become results.
pub(super) trait Reducer<T: Element>: Clone + Send + Sync + 'static {
    /// The type of the lanes.
    type Lane: Element;
    /// The type of the result.
    type Out: Element;
    /// How many lanes there are.
    const LANES: usize;
    /// Whether it must know where a value is: values are then folded by [`fold_at`](Self::fold_at).
    const PLACED: bool = false;

    /// What the lanes hold before any value.
    fn start(&self) -> [Self::Lane; 3];

    /// Folds `value` into its lanes.
    fn fold(&self, lanes: [&mut Self::Lane; 3], value: T);

    /// How the place of a value grows along each axis: a value's place is the sum of its indices times these.
    fn place_steps(&self) -> &[u64] {
        &[]
    }

    /// Folds `value` at `place` into its lanes.
    fn fold_at(&self, lanes: [&mut Self::Lane; 3], value: T, _place: u64) {
        self.fold(lanes, value);
    }

    /// Folds other lanes into these.
    fn merge(&self, lanes: [&mut Self::Lane; 3], other: [Self::Lane; 3]);

    /// The result.
    fn finish(&self, lanes: [Self::Lane; 3]) -> Self::Out;
}

/// Elements that can be summed and averaged.
pub trait Summable: Element {
    /// What they are summed in.
    type Wide: Element + Add<Output = Self::Wide>;
    /// The type of their sum.
    type Total: Element;
    /// The type of their mean, and of functions whose results are no integers: their own for floats and complex
    /// numbers, f64 for integers and bools.
    type Average: Float;
    /// What they are averaged as: themselves, but 64-bit integers as f64, because their sum may not fit.
    type Averaged: Summable<Average = Self::Average>;
    /// One.
    const ONE: Self::Wide;

    /// Itself, wide.
    fn widen(self) -> Self::Wide;
    /// The wrapping sum.
    fn plus(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// The wrapping product.
    fn times(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// Itself as a number with a fraction.
    fn inexact(self) -> Self::Average;
    /// Itself, to be averaged.
    fn averaged(self) -> Self::Averaged;
    /// A sum as the result.
    fn total(sum: Self::Wide) -> Self::Total;
    /// The quotient of a sum and a count.
    fn average(sum: Self::Wide, count: Self::Wide) -> Self::Average;
}

/// Elements on a line, with mean and spread.
pub trait Real: Summable + PartialOrd {
    /// The type of a variance: its own for floats, f64 for integers and bools.
    type Spread: RealFloat;

    /// Itself as f64.
    fn to_f64(self) -> f64;
    /// A variance.
    fn spread(value: f64) -> Self::Spread;
    /// The least and the greatest value.
    const ENDS: (Self, Self);
    /// NaN where the type has one, else `other`.
    fn nan_or(other: Self) -> Self;
    /// A number that is in the order of the values: equal for equal ones, not for NaN.
    fn order_key(self) -> u64;
}

macro_rules! floats {
    ($($t:ident),+) => {$(
        impl Summable for $t {
            type Wide = f64;
            type Total = $t;
            type Average = $t;
            type Averaged = $t;
            const ONE: f64 = 1.0;

            #[inline(always)]
            fn widen(self) -> f64 { f64::from(self) }
            #[inline(always)]
            fn plus(a: f64, b: f64) -> f64 { a + b }
            fn times(a: f64, b: f64) -> f64 { a * b }
            fn inexact(self) -> $t { self }
            #[inline(always)]
            fn averaged(self) -> $t { self }
            fn total(sum: f64) -> $t { sum as $t }
            fn average(sum: f64, count: f64) -> $t { (sum / count) as $t }
        }

        impl Real for $t {
            type Spread = $t;
            const ENDS: ($t, $t) = ($t::NEG_INFINITY, $t::INFINITY);

            #[inline(always)]
            fn to_f64(self) -> f64 { f64::from(self) }
            fn spread(value: f64) -> $t { value as $t }
            fn nan_or(_: $t) -> $t { $t::NAN }
            fn order_key(self) -> u64 {
                // Adding zero makes -0.0 the same as 0.0; f64 holds every f32, in the same order.
                let bits = (f64::from(self) + 0.0).to_bits();
                if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
            }
        }

        impl Summable for Complex<$t> {
            type Wide = Complex<f64>;
            type Total = Complex<$t>;
            type Average = Complex<$t>;
            type Averaged = Complex<$t>;
            const ONE: Complex<f64> = Complex::new(1.0, 0.0);

            #[inline(always)]
            fn widen(self) -> Complex<f64> { Complex::new(f64::from(self.re), f64::from(self.im)) }
            #[inline(always)]
            fn plus(a: Complex<f64>, b: Complex<f64>) -> Complex<f64> { a + b }
            fn times(a: Complex<f64>, b: Complex<f64>) -> Complex<f64> { a * b }
            fn inexact(self) -> Self { self }
            #[inline(always)]
            fn averaged(self) -> Self { self }
            fn total(sum: Complex<f64>) -> Complex<$t> { Complex::new(sum.re as $t, sum.im as $t) }
            fn average(sum: Complex<f64>, count: Complex<f64>) -> Complex<$t> {
                Complex::new((sum.re / count.re) as $t, (sum.im / count.re) as $t)
            }
        }
    )+};
}

floats!(f32, f64);

macro_rules! integers {
    ($($t:ident => $wide:ident, $averaged:ident);+) => {$(
        impl Summable for $t {
            type Wide = $wide;
            type Total = $wide;
            type Average = f64;
            type Averaged = $averaged;
            const ONE: $wide = 1;

            #[inline(always)]
            fn widen(self) -> $wide { $wide::from(self) }
            #[inline(always)]
            fn plus(a: $wide, b: $wide) -> $wide { a.wrapping_add(b) }
            fn times(a: $wide, b: $wide) -> $wide { a.wrapping_mul(b) }
            fn inexact(self) -> f64 { self as f64 }
            #[inline(always)]
            fn averaged(self) -> $averaged { self as $averaged }
            fn total(sum: $wide) -> $wide { sum }
            fn average(sum: $wide, count: $wide) -> f64 { sum as f64 / count as f64 }
        }

        impl Real for $t {
            type Spread = f64;
            const ENDS: ($t, $t) = ($t::MIN, $t::MAX);

            #[inline(always)]
            fn to_f64(self) -> f64 { self as f64 }
            fn spread(value: f64) -> f64 { value }
            fn nan_or(other: $t) -> $t { other }
            fn order_key(self) -> u64 { $wide::from(self) as u64 ^ (($wide::MIN as u64) & 1 << 63) }
        }
    )+};
}

integers!(i8 => i64, i8; i16 => i64, i16; i32 => i64, i32; i64 => i64, f64;
    u8 => u64, u8; u16 => u64, u16; u32 => u64, u32; u64 => u64, f64);

impl Summable for bool {
    type Wide = i64;
    type Total = i64;
    type Average = f64;
    type Averaged = bool;
    const ONE: i64 = 1;

    #[inline(always)]
    fn widen(self) -> i64 {
        i64::from(self)
    }
    #[inline(always)]
    fn plus(a: i64, b: i64) -> i64 {
        a + b
    }
    fn times(a: i64, b: i64) -> i64 {
        a * b
    }
    fn inexact(self) -> f64 {
        f64::from(u8::from(self))
    }
    #[inline(always)]
    fn averaged(self) -> bool {
        self
    }
    fn total(sum: i64) -> i64 {
        sum
    }
    fn average(sum: i64, count: i64) -> f64 {
        sum as f64 / count as f64
    }
}

impl Real for bool {
    type Spread = f64;
    const ENDS: (bool, bool) = (false, true);

    fn to_f64(self) -> f64 {
        self.inexact()
    }
    fn spread(value: f64) -> f64 {
        value
    }
    fn nan_or(other: bool) -> bool {
        other
    }
    fn order_key(self) -> u64 {
        u64::from(self)
    }
}

/// Sum; without NaN where `skip`.
#[derive(Clone, Copy)]
pub(super) struct Sum {
    pub(super) skip: bool,
}

impl<T: Summable> Reducer<T> for Sum {
    type Lane = T::Wide;
    type Out = T::Total;
    const LANES: usize = 1;

    fn start(&self) -> [T::Wide; 3] {
        [T::Wide::default(); 3]
    }

    #[inline(always)]
    fn fold(&self, lanes: [&mut T::Wide; 3], value: T) {
        let value = if self.skip & value.is_nan() { T::Wide::default() } else { value.widen() };
        *lanes[0] = T::plus(*lanes[0], value);
    }

    #[inline(always)]
    fn merge(&self, lanes: [&mut T::Wide; 3], other: [T::Wide; 3]) {
        *lanes[0] = T::plus(*lanes[0], other[0]);
    }

    fn finish(&self, lanes: [T::Wide; 3]) -> T::Total {
        T::total(lanes[0])
    }
}

/// Mean; without NaN where `skip`.
#[derive(Clone, Copy)]
pub(super) struct Mean {
    pub(super) skip: bool,
}

/// What a value of `T` is summed in for its mean.
type MeanLane<T> = <<T as Summable>::Averaged as Summable>::Wide;

impl<T: Summable> Reducer<T> for Mean {
    type Lane = MeanLane<T>;
    type Out = T::Average;
    const LANES: usize = 2;

    fn start(&self) -> [MeanLane<T>; 3] {
        [MeanLane::<T>::default(); 3]
    }

    #[inline(always)]
    fn fold(&self, lanes: [&mut MeanLane<T>; 3], value: T) {
        let [sum, count, _] = lanes;
        let left_out = self.skip & value.is_nan();
        let (value, one) = (value.averaged().widen(), T::Averaged::ONE);
        *sum = T::Averaged::plus(*sum, if left_out { MeanLane::<T>::default() } else { value });
        *count = T::Averaged::plus(*count, if left_out { MeanLane::<T>::default() } else { one });
    }

    #[inline(always)]
    fn merge(&self, lanes: [&mut MeanLane<T>; 3], other: [MeanLane<T>; 3]) {
        let [sum, count, _] = lanes;
        *sum = T::Averaged::plus(*sum, other[0]);
        *count = T::Averaged::plus(*count, other[1]);
    }

    fn finish(&self, lanes: [MeanLane<T>; 3]) -> T::Average {
        T::Averaged::average(lanes[0], lanes[1])
    }
}

/// The number of values that are not NaN.
#[derive(Clone, Copy)]
pub(super) struct Count;

impl<T: Element> Reducer<T> for Count {
    type Lane = i64;
    type Out = i64;
    const LANES: usize = 1;

    fn start(&self) -> [i64; 3] {
        [0; 3]
    }

    #[inline(always)]
    fn fold(&self, lanes: [&mut i64; 3], value: T) {
        *lanes[0] += i64::from(!value.is_nan());
    }

    #[inline(always)]
    fn merge(&self, lanes: [&mut i64; 3], other: [i64; 3]) {
        *lanes[0] += other[0];
    }

    fn finish(&self, lanes: [i64; 3]) -> i64 {
        lanes[0]
    }
}

/// Least or greatest value. NaN wins, or is left out where `skip`; of NaN alone NaN comes out either way.
#[derive(Clone, Copy)]
pub(super) struct Extreme {
    pub(super) greatest: bool,
    pub(super) skip: bool,
}

impl Extreme {
    /// Whether `value` takes the place of `best`. Nothing takes that of a NaN, and where NaN is not left out it wins.
    #[inline(always)]
    fn better<T: Real>(self, value: T, best: T) -> bool {
        let beyond = if self.greatest { value > best } else { value < best };
        beyond | (!self.skip & value.is_nan())
    }
}

impl<T: Real> Reducer<T> for Extreme {
    // The best value, and whether there was one: the type's greatest value, or else its zero.
    type Lane = T;
    type Out = T;
    const LANES: usize = 2;

    fn start(&self) -> [T; 3] {
        let (least, greatest) = T::ENDS;
        [if self.greatest { least } else { greatest }, T::default(), T::default()]
    }

    #[inline(always)]
    fn fold(&self, lanes: [&mut T; 3], value: T) {
        let [best, seen, _] = lanes;
        *best = if self.better(value, *best) { value } else { *best };
        *seen = if self.skip & value.is_nan() { *seen } else { T::ENDS.1 };
    }

    #[inline(always)]
    fn merge(&self, lanes: [&mut T; 3], other: [T; 3]) {
        let [best, seen, _] = lanes;
        *best = if self.better(other[0], *best) { other[0] } else { *best };
        *seen = if other[1] == T::ENDS.1 { other[1] } else { *seen };
    }

    fn finish(&self, lanes: [T; 3]) -> T {
        let [best, seen, _] = lanes;
        if seen == T::ENDS.1 { best } else { T::nan_or(best) }
    }
}

/// Variance, or its root.
#[derive(Clone, Copy)]
pub(super) struct Variance {
    /// Taken off the number of values before it divides.
    pub(super) ddof: usize,
    pub(super) skip: bool,
    pub(super) root: bool,
}

impl<T: Real> Reducer<T> for Variance {
    type Lane = f64;
    type Out = T::Spread;
    const LANES: usize = 3;

    fn start(&self) -> [f64; 3] {
        [0.0; 3]
    }

    #[inline(always)]
    fn fold(&self, lanes: [&mut f64; 3], value: T) {
        let [count, mean, squares] = lanes;
        let left_out = self.skip & value.is_nan();
        let value = value.to_f64();
        let more = *count + 1.0;
        let before = value - *mean;
        let moved = *mean + before / more;
        let spread = *squares + before * (value - moved);
        *count = if left_out { *count } else { more };
        *mean = if left_out { *mean } else { moved };
        *squares = if left_out { *squares } else { spread };
    }

    #[inline(always)]
    fn merge(&self, lanes: [&mut f64; 3], other: [f64; 3]) {
        let [count, mean, squares] = lanes;
        let [more, other_mean, other_squares] = other;
        let none = more == 0.0;
        let total = *count + more;
        let apart = other_mean - *mean;
        let spread = *squares + (other_squares + apart * apart * (*count * more / total));
        let moved = *mean + apart * (more / total);
        *squares = if none { *squares } else { spread };
        *mean = if none { *mean } else { moved };
        *count = total;
    }

    fn finish(&self, lanes: [f64; 3]) -> T::Spread {
        let [count, _, squares] = lanes;
        // Integers have no NaN to skip: their forms are one.
        let skip = self.skip && T::nan_or(T::default()).is_nan();
        let variance = squares / degrees_of_freedom(count, self.ddof, skip);
        T::spread(if self.root { variance.sqrt() } else { variance })
    }
}

/// What a variance of `count` values is divided by, as NumPy has it: at least zero, or NaN in the forms that skip NaN.
pub(super) fn degrees_of_freedom(count: f64, ddof: usize, skip: bool) -> f64 {
    let degrees = count - ddof as f64;
    if degrees > 0.0 {
        degrees
    } else if skip {
        f64::NAN
    } else {
        0.0
    }
}
