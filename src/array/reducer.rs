//! What is kept while values are folded, and what comes of it.
//!
//! A reducer keeps a few numbers, its *lanes*, for each element of the result. Values are folded into them tile by tile,
//! and lanes into lanes; the order of both depends on the data alone (**D1**).
//!
//! - Sums of floats are kept in f64, of integers in i64 or u64 (wrapping, as NumPy's).
//! - Variances are kept as count, mean and sum of squared deviations: Welford's update (1962) for a value, the pairwise
//!   formula of Chan, Golub and `LeVeque` (1979) for two parts.

use std::ops::Add;

use num_complex::Complex;

use crate::chunk::Element;

/// How values of `T` become results.
pub(super) trait Reducer<T: Element>: Clone + Send + Sync + 'static {
    /// The type of the lanes.
    type Lane: Element;
    /// The type of the result.
    type Out: Element;
    /// How many lanes there are.
    const LANES: usize;

    /// What the lanes hold before any value.
    fn start(&self) -> [Self::Lane; 3];

    /// Folds `value` into its lanes.
    fn fold(&self, lanes: [&mut Self::Lane; 3], value: T);

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
    /// The type of their mean.
    type Average: Element;
    /// One.
    const ONE: Self::Wide;

    /// Itself, wide.
    fn widen(self) -> Self::Wide;
    /// The wrapping sum.
    fn plus(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// A sum as the result.
    fn total(sum: Self::Wide) -> Self::Total;
    /// The quotient of a sum and a count.
    fn average(sum: Self::Wide, count: Self::Wide) -> Self::Average;
}

/// Elements on a line, with mean and spread.
pub trait Real: Element + PartialOrd {
    /// The type of a variance.
    type Spread: Element;

    /// Itself as f64.
    fn to_f64(self) -> f64;
    /// A variance.
    fn spread(value: f64) -> Self::Spread;
    /// The least and the greatest value.
    const ENDS: (Self, Self);
    /// NaN where the type has one, else `other`.
    fn nan_or(other: Self) -> Self;
}

macro_rules! floats {
    ($($t:ident),+) => {$(
        impl Summable for $t {
            type Wide = f64;
            type Total = $t;
            type Average = $t;
            const ONE: f64 = 1.0;

            fn widen(self) -> f64 { f64::from(self) }
            fn plus(a: f64, b: f64) -> f64 { a + b }
            fn total(sum: f64) -> $t { sum as $t }
            fn average(sum: f64, count: f64) -> $t { (sum / count) as $t }
        }

        impl Real for $t {
            type Spread = $t;
            const ENDS: ($t, $t) = ($t::NEG_INFINITY, $t::INFINITY);

            fn to_f64(self) -> f64 { f64::from(self) }
            fn spread(value: f64) -> $t { value as $t }
            fn nan_or(_: $t) -> $t { $t::NAN }
        }

        impl Summable for Complex<$t> {
            type Wide = Complex<f64>;
            type Total = Complex<$t>;
            type Average = Complex<$t>;
            const ONE: Complex<f64> = Complex::new(1.0, 0.0);

            fn widen(self) -> Complex<f64> { Complex::new(f64::from(self.re), f64::from(self.im)) }
            fn plus(a: Complex<f64>, b: Complex<f64>) -> Complex<f64> { a + b }
            fn total(sum: Complex<f64>) -> Complex<$t> { Complex::new(sum.re as $t, sum.im as $t) }
            fn average(sum: Complex<f64>, count: Complex<f64>) -> Complex<$t> {
                Complex::new((sum.re / count.re) as $t, (sum.im / count.re) as $t)
            }
        }
    )+};
}

floats!(f32, f64);

macro_rules! integers {
    ($($t:ident => $wide:ident),+) => {$(
        impl Summable for $t {
            type Wide = $wide;
            type Total = $wide;
            type Average = f64;
            const ONE: $wide = 1;

            fn widen(self) -> $wide { $wide::from(self) }
            fn plus(a: $wide, b: $wide) -> $wide { a.wrapping_add(b) }
            fn total(sum: $wide) -> $wide { sum }
            fn average(sum: $wide, count: $wide) -> f64 { sum as f64 / count as f64 }
        }

        impl Real for $t {
            type Spread = f64;
            const ENDS: ($t, $t) = ($t::MIN, $t::MAX);

            fn to_f64(self) -> f64 { self as f64 }
            fn spread(value: f64) -> f64 { value }
            fn nan_or(other: $t) -> $t { other }
        }
    )+};
}

integers!(i8 => i64, i16 => i64, i32 => i64, i64 => i64, u8 => u64, u16 => u64, u32 => u64, u64 => u64);

impl Summable for bool {
    type Wide = i64;
    type Total = i64;
    type Average = f64;
    const ONE: i64 = 1;

    fn widen(self) -> i64 {
        i64::from(self)
    }
    fn plus(a: i64, b: i64) -> i64 {
        a + b
    }
    fn total(sum: i64) -> i64 {
        sum
    }
    fn average(sum: i64, count: i64) -> f64 {
        sum as f64 / count as f64
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

    fn fold(&self, lanes: [&mut T::Wide; 3], value: T) {
        let value = if self.skip && value.is_nan() { T::Wide::default() } else { value.widen() };
        *lanes[0] = T::plus(*lanes[0], value);
    }

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

impl<T: Summable> Reducer<T> for Mean {
    type Lane = T::Wide;
    type Out = T::Average;
    const LANES: usize = 2;

    fn start(&self) -> [T::Wide; 3] {
        [T::Wide::default(); 3]
    }

    fn fold(&self, lanes: [&mut T::Wide; 3], value: T) {
        let [sum, count, _] = lanes;
        let left_out = self.skip && value.is_nan();
        *sum = T::plus(*sum, if left_out { T::Wide::default() } else { value.widen() });
        *count = T::plus(*count, if left_out { T::Wide::default() } else { T::ONE });
    }

    fn merge(&self, lanes: [&mut T::Wide; 3], other: [T::Wide; 3]) {
        let [sum, count, _] = lanes;
        *sum = T::plus(*sum, other[0]);
        *count = T::plus(*count, other[1]);
    }

    fn finish(&self, lanes: [T::Wide; 3]) -> T::Average {
        T::average(lanes[0], lanes[1])
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

    fn fold(&self, lanes: [&mut i64; 3], value: T) {
        *lanes[0] += i64::from(!value.is_nan());
    }

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
    fn pick<T: Real>(self, a: T, b: T) -> T {
        if b.is_nan() || (if self.greatest { b > a } else { b < a }) { b } else { a }
    }
}

impl<T: Real> Reducer<T> for Extreme {
    // The value, and whether there was one: as the type's own zero or other than that.
    type Lane = T;
    type Out = T;
    const LANES: usize = 2;

    fn start(&self) -> [T; 3] {
        let (least, greatest) = T::ENDS;
        [if self.greatest { least } else { greatest }, T::default(), T::default()]
    }

    fn fold(&self, lanes: [&mut T; 3], value: T) {
        let [best, seen, _] = lanes;
        if value.is_nan() {
            if !self.skip {
                *best = value;
                *seen = T::ENDS.1;
            } else if *seen == T::default() {
                // Remembered in case there is nothing else.
                *seen = T::ENDS.0;
            }
            return;
        }
        if !best.is_nan() {
            *best = self.pick(*best, value);
        }
        *seen = T::ENDS.1;
    }

    fn merge(&self, lanes: [&mut T; 3], other: [T; 3]) {
        let [best, seen, _] = lanes;
        if !best.is_nan() {
            *best = self.pick(*best, other[0]);
        }
        if *seen != T::ENDS.1 && other[1] != T::default() {
            *seen = other[1];
        }
    }

    fn finish(&self, lanes: [T; 3]) -> T {
        let [best, seen, _] = lanes;
        if seen == T::ENDS.1 { best } else { T::nan_or(best) }
    }
}

/// Variance, or its root.
#[derive(Clone, Copy)]
pub(super) struct Variance {
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

    fn fold(&self, lanes: [&mut f64; 3], value: T) {
        let [count, mean, squares] = lanes;
        if self.skip && value.is_nan() {
            return;
        }
        let value = value.to_f64();
        *count += 1.0;
        let before = value - *mean;
        *mean += before / *count;
        *squares += before * (value - *mean);
    }

    fn merge(&self, lanes: [&mut f64; 3], other: [f64; 3]) {
        let [count, mean, squares] = lanes;
        let [more, other_mean, other_squares] = other;
        if more == 0.0 {
            return;
        }
        let total = *count + more;
        let apart = other_mean - *mean;
        *squares += other_squares + apart * apart * (*count * more / total);
        *mean += apart * (more / total);
        *count = total;
    }

    fn finish(&self, lanes: [f64; 3]) -> T::Spread {
        let [count, _, squares] = lanes;
        let variance = squares / count;
        T::spread(if self.root { variance.sqrt() } else { variance })
    }
}
