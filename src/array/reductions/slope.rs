//! Slopes of least-squares lines, in one pass.
//!
//! A value and the place that it is at are folded together, as a complex number. What is kept is the count, the means of
//! both, and the sums of their products and of the places' squares about these means: Welford's update (1962) for a value,
//! the pairwise formula of Chan, Golub and `LeVeque` (1979) for two parts, each for products of two variables as well.
//!
//! What is far from zero loses no digits by it: places (days since 1800) are counted from the middle of all, values
//! (temperatures in kelvin) from the first one that is there.

use std::panic::Location;

use num_complex::Complex;

use super::super::Array;
use super::super::axes::place_of_axis;
use super::super::permute::PermuteNode;
use super::super::reducer::{Real, Reducer};
use crate::error::Error;

/// A value, and its place as imaginary part.
type Pair = Complex<f64>;

/// The slope of pairs; of those without NaN where `skip`.
///
/// The lanes are two real numbers each: the count and the first value; the means, that of the values counted from the first;
/// the sum of products and that of squares.
#[derive(Clone, Copy)]
struct Slope {
    skip: bool,
}

impl Reducer<Pair> for Slope {
    type Lane = Complex<f64>;
    type Out = f64;
    const LANES: usize = 3;
    // Two numbers side by side are a vector as they are.
    const WIDE: bool = false;

    fn start(&self) -> [Complex<f64>; 3] {
        [Complex::new(0.0, 0.0); 3]
    }

    #[inline(always)]
    fn fold(&self, lanes: [&mut Complex<f64>; 3], pair: Pair) {
        let [begin, mean, sums] = lanes;
        let left_out = self.skip & (pair.re.is_nan() | pair.im.is_nan());
        let first = if begin.re == 0.0 { pair.re } else { begin.im };
        let more = begin.re + 1.0;
        let before = Pair::new(pair.re - first, pair.im) - *mean;
        let moved = *mean + before / more;
        let after = pair.im - moved.im;
        let grown = *sums + before * after;
        *begin = if left_out { *begin } else { Complex::new(more, first) };
        *mean = if left_out { *mean } else { moved };
        *sums = if left_out { *sums } else { grown };
    }

    #[inline(always)]
    fn merge(&self, lanes: [&mut Complex<f64>; 3], other: [Complex<f64>; 3]) {
        let [begin, mean, sums] = lanes;
        let [Complex { re: more, im: other_first }, other_mean, other_sums] = other;
        let (none, count) = (more == 0.0, begin.re);
        let first = if count == 0.0 { other_first } else { begin.im };
        let total = count + more;
        let apart = other_mean + (other_first - first) - *mean;
        let grown = *sums + other_sums + apart * (apart.im * (count * more / total));
        let moved = *mean + apart * (more / total);
        *begin = if none { *begin } else { Complex::new(total, first) };
        *sums = if none { *sums } else { grown };
        *mean = if none { *mean } else { moved };
    }

    fn finish(&self, lanes: [Complex<f64>; 3]) -> f64 {
        let [_, mean, sums] = lanes;
        // Of one place alone both sums are zero. No line goes through infinity.
        if mean.re.is_finite() { sums.re / sums.im } else { f64::NAN }
    }
}

impl<T: Real> Array<T> {
    /// The slope of the least-squares line through the values along `axis`, which are at the places `at`: how much they grow
    /// a unit of `at`. NaN where fewer than two places differ, and where a value is NaN.
    ///
    /// NumPy's `polyfit(at, x, 1)[0]`. The result has the array's type, f64 for integers and bools; it is computed in f64.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::from_fn(&[3, 2], &[2, 2], |at| [[1.0, 5.0], [2.0, f64::NAN], [7.0, 2.0]][at[0]][at[1]]);
    /// let years = [1981.0, 1982.0, 1984.0];
    /// assert_eq!(session.compute(&x.nanslope(0, &years))?.into_raw_vec_and_offset().0, [29.0 / 14.0, -1.0]);
    /// assert!(session.compute(&x.slope(0, &years))?[[1]].is_nan());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis, or it has another length than `at`.
    #[track_caller]
    #[must_use]
    pub fn slope(&self, axis: i32, at: &[f64]) -> Array<T::Spread> {
        self.sloped("slope", axis, at, false)
    }

    /// The [`slope`](Self::slope) of the line through the values that are not NaN, at places that are not NaN.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 7.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanslope(0, &[0.0, 1.0, 3.0]))?[[]], 2.0);
    /// assert!(session.compute(&x.nanslope(0, &[0.0, 1.0, f64::NAN]))?[[]].is_nan()); // one place is left
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`slope`](Self::slope).
    #[track_caller]
    #[must_use]
    pub fn nanslope(&self, axis: i32, at: &[f64]) -> Array<T::Spread> {
        self.sloped("nanslope", axis, at, true)
    }

    #[track_caller]
    fn sloped(&self, label: &'static str, axis: i32, at: &[f64], skip: bool) -> Array<T::Spread> {
        let location = Location::caller();
        let shape = self.shape();
        let problem = match place_of_axis(axis, shape.len()) {
            _ if self.failure().is_some() => None,
            Err(problem) => Some(problem),
            Ok(place) if shape[place] != at.len() => {
                Some(format!("{} places for axis {axis} of an array of shape {shape:?}", at.len()))
            }
            Ok(_) => None,
        };
        if let Some(problem) = problem {
            return Array::failed(Error::operation(label, location, problem));
        }
        let along = place_of_axis(axis, shape.len()).unwrap_or_default();
        let others: Vec<bool> = (0..shape.len()).map(|axis| axis != along).collect();
        let middle = middle(at);
        let places: Array<f64> = at.iter().map(|place| place - middle).collect();
        let places = Array::of(PermuteNode::adding(places.node, &others));
        let pair = |value: T, place| Pair::new(value.to_f64(), place);
        let slopes = self.zip_with(label, &places, location, pair).reduce(label, &axis, true, Slope { skip });
        slopes.map_labelled(label, T::spread)
    }
}

/// Half-way between the least and the greatest of some numbers.
fn middle(numbers: &[f64]) -> f64 {
    let ends = |(low, high): (f64, f64), &number: &f64| (low.min(number), high.max(number));
    let (low, high) = numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), ends);
    let middle = f64::midpoint(low, high);
    if middle.is_finite() { middle } else { 0.0 }
}
