//! Slopes of least-squares lines, in one pass.
//!
//! What is [kept](lanes) is the count, the means of values and of the places that they are at, and the sums of their products
//! and of the places' squares about these means: the pairwise formula of Chan, Golub and `LeVeque` (1979), for products of
//! two variables as well.
//!
//! What is far from zero loses no digits by it: places (days since 1800) are counted from the middle of all, values
//! (temperatures in kelvin) from the first one that is there.

mod lanes;

use std::panic::Location;

use lanes::Slope;

use super::super::Array;
use super::super::axes::place_of_axis;
use super::super::reducer::Real;
use crate::error::Error;

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
        let middle = middle(at);
        let at = at.iter().map(|place| place - middle).collect();
        let slope = Slope { skip, axis: place_of_axis(axis, shape.len()).unwrap_or_default(), at };
        let slopes = self.reduce_by(label, &axis, true, slope);
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
