//! Division with a remainder, rounding to decimals, and steps: what integers and floats have, bools and complex numbers not.

use super::super::operators::Arithmetic;
use super::super::reducer::Real;

/// Real numbers to compute with: integers and floats.
///
/// As in NumPy, integers wrap, and one that is divided by zero gives zero.
pub trait Number: Real + Arithmetic {
    /// The quotient rounded down.
    #[must_use]
    fn floor_divide(self, divisor: Self) -> Self;
    /// What is left of the quotient rounded down: it has the divisor's sign.
    #[must_use]
    fn remainder(self, divisor: Self) -> Self;
    /// What is left of the quotient rounded towards zero: it has the dividend's sign.
    #[must_use]
    fn fmod(self, divisor: Self) -> Self;
    /// Rounded to so many decimals, before the point where negative; of two nearest the even one.
    #[must_use]
    fn round_to(self, decimals: i32) -> Self;
    /// How many values there are from `start` in steps of `step` before `stop`; none where that is no number.
    fn count_steps(start: Self, stop: Self, step: Self) -> Option<usize>;
    /// The value `number` steps after `start`; for floats from the rounded first step on, as NumPy has it.
    fn after_steps(start: Self, step: Self, number: usize) -> Self;
}

macro_rules! floats {
    ($($t:ident),+) => {$(
        impl Number for $t {
            fn floor_divide(self, divisor: Self) -> Self {
                if divisor == 0.0 {
                    return self / divisor;
                }
                let left = self % divisor;
                let mut quotient = (self - left) / divisor;
                if left != 0.0 && (left < 0.0) != (divisor < 0.0) {
                    quotient -= 1.0;
                }
                if quotient == 0.0 {
                    return (0.0 as $t).copysign(self / divisor);
                }
                // It is whole but for rounding.
                let down = quotient.floor();
                if quotient - down > 0.5 { down + 1.0 } else { down }
            }

            fn remainder(self, divisor: Self) -> Self {
                let left = self % divisor;
                if left == 0.0 {
                    left.copysign(divisor)
                } else if (left < 0.0) != (divisor < 0.0) {
                    left + divisor
                } else {
                    left
                }
            }

            fn fmod(self, divisor: Self) -> Self {
                self % divisor
            }

            fn round_to(self, decimals: i32) -> Self {
                if decimals == 0 {
                    return self.round_ties_even();
                }
                let scale = (10.0 as $t).powi(decimals.unsigned_abs().min(400) as i32);
                if decimals < 0 {
                    let tens = (self / scale).round_ties_even();
                    return if tens == 0.0 { tens } else { tens * scale };
                }
                let scaled = self * scale;
                // What overflows is whole already.
                if scaled.is_finite() { scaled.round_ties_even() / scale } else { self }
            }

            fn count_steps(start: Self, stop: Self, step: Self) -> Option<usize> {
                let count = ((f64::from(stop) - f64::from(start)) / f64::from(step)).ceil();
                if count.is_nan() || step == 0.0 || count >= 9e18 { None } else { Some(count.max(0.0) as usize) }
            }

            fn after_steps(start: Self, step: Self, number: usize) -> Self {
                start + number as $t * ((start + step) - start)
            }
        }
    )+};
}

floats!(f32, f64);

macro_rules! integers {
    ($($t:ident),+) => {$(
        impl Number for $t {
            fn floor_divide(self, divisor: Self) -> Self {
                if divisor == 0 {
                    return 0;
                }
                let quotient = self.wrapping_div(divisor);
                let exact = self.wrapping_rem(divisor) == 0;
                #[allow(unused_comparisons, reason = "unsigned numbers too")]
                if !exact && (self < 0) != (divisor < 0) { quotient - 1 } else { quotient }
            }

            fn remainder(self, divisor: Self) -> Self {
                let left = Number::fmod(self, divisor);
                #[allow(unused_comparisons, reason = "unsigned numbers too")]
                if left != 0 && (left < 0) != (divisor < 0) { left + divisor } else { left }
            }

            fn fmod(self, divisor: Self) -> Self {
                if divisor == 0 { 0 } else { self.wrapping_rem(divisor) }
            }

            fn round_to(self, decimals: i32) -> Self {
                if decimals >= 0 {
                    return self;
                }
                // Above 10^38 every integer is nearer to zero.
                let Some(scale) = 10_i128.checked_pow(decimals.unsigned_abs()) else { return 0 };
                let (down, left) = (i128::from(self).div_euclid(scale), i128::from(self).rem_euclid(scale));
                let up = left * 2 > scale || (left * 2 == scale && down % 2 != 0);
                ((down + i128::from(up)) * scale) as $t
            }

            fn count_steps(start: Self, stop: Self, step: Self) -> Option<usize> {
                let (distance, step) = (i128::from(stop) - i128::from(start), i128::from(step));
                if step == 0 {
                    return None;
                }
                let count = distance / step + i128::from(distance % step != 0 && (distance < 0) == (step < 0));
                usize::try_from(count.max(0)).ok()
            }

            fn after_steps(start: Self, step: Self, number: usize) -> Self {
                start.wrapping_add(step.wrapping_mul(number as $t))
            }
        }
    )+};
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64);
