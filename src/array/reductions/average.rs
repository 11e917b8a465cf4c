//! Weighted averages, in one pass: the products and the weights are summed together.

use std::panic::Location;

use num_complex::Complex;

use super::super::broadcast::broadcast_shape;
use super::super::permute::PermuteNode;
use super::super::reducer::{Real, Sum};
use super::super::ufunc::RealFloat;
use super::super::{Array, Axes};
use crate::chunk::Element;
use crate::error::Error;

impl<T: Element> Array<T> {
    /// `weights`, so that they broadcast against this array: as they are where they do, or with one axis for each reduced
    /// one, as NumPy takes them.
    #[track_caller]
    fn placed_weights<W: Real>(&self, label: &'static str, axes: &impl Axes, weights: &Array<W>) -> Array<W> {
        let (shape, own) = (self.shape(), weights.shape());
        let location = Location::caller();
        let fail = |problem: String| Array::failed(Error::operation(label, location, problem));
        let reduced = match axes.resolve(shape.len()) {
            Ok(reduced) => reduced,
            Err(problem) => return fail(format!("{problem} (shape {shape:?} of {})", T::DTYPE)),
        };
        let along: Vec<usize> = (0..shape.len()).filter(|&axis| reduced[axis]).map(|axis| shape[axis]).collect();
        if weights.failure.is_some() || own == shape {
            return weights.clone();
        }
        if own == along {
            let added: Vec<bool> = reduced.iter().map(|&axis| !axis).collect();
            return Array::of(PermuteNode::adding(weights.node.clone(), &added));
        }
        if broadcast_shape(&own, &shape).as_deref() == Some(&shape[..]) {
            return weights.clone();
        }
        let problem = format!(
            "weights of shape {own:?} for an array of shape {shape:?}: expected that shape, the lengths {along:?} of the \
             reduced axes, or what broadcasts"
        );
        fail(problem)
    }
}

impl<T: Real> Array<T> {
    /// The sum of values times `weights` over `axes`, divided by the sum of the weights. NumPy's `average`.
    ///
    /// Weights have the array's shape, or one axis for each reduced one (a value for each latitude, say), or broadcast. The
    /// result has the array's type, f64 for integers and bools, whatever the weights' type; it is computed in f64.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<i64> = [0, 5, 10].into_iter().collect();
    /// let weights: Array<f64> = [3.0, 1.0, 1.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.average(0, &weights))?[[]], 3.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where the shapes don't fit. When it is computed: where the weights sum to zero.
    #[track_caller]
    #[must_use]
    pub fn average<W: Real>(&self, axes: impl Axes, weights: &Array<W>) -> Array<T::Spread> {
        let location = Location::caller();
        let sums = self.weighted_sums("average", &axes, weights, location);
        sums.guard(zero_weights(location), |sums| sums.iter().all(|sum| sum.im != 0.0)).quotients()
    }

    /// The [`average`](Self::average) over `axes` of what is not NaN, divided by the weights of that; NaN where those sum to
    /// zero. xarray's `weighted(weights).mean()`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// let weights: Array<f64> = [3.0, 1.0, 1.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanaverage(0, &weights))?[[]], 1.75);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn nanaverage<W: Real>(&self, axes: impl Axes, weights: &Array<W>) -> Array<T::Spread> {
        self.weighted_sums("nanaverage", &axes, weights, Location::caller()).quotients()
    }

    /// The sums of products and of weights, as real and imaginary part.
    #[track_caller]
    fn weighted_sums<W: Real>(
        &self,
        label: &'static str,
        axes: &impl Axes,
        weights: &Array<W>,
        location: &'static Location<'static>,
    ) -> Array<Complex<f64>> {
        let skip = label == "nanaverage";
        let weights = self.placed_weights(label, axes, weights);
        let pair = move |value: T, weight: W| {
            let left_out = skip && value.is_nan();
            let (value, weight) = (value.to_f64(), weight.to_f64());
            if left_out { Complex::default() } else { Complex::new(value * weight, weight) }
        };
        self.zip_with(label, &weights, location, pair).reduce(label, axes, true, Sum { skip: false })
    }
}

impl Array<Complex<f64>> {
    /// Real part by imaginary part.
    fn quotients<P: RealFloat>(&self) -> Array<P> {
        self.map_labelled("average", |sums| P::from_f64(sums.re / sums.im))
    }
}

impl<P: RealFloat> Array<Complex<P>>
where
    Complex<P>: Element,
{
    /// The sum of values times `weights` over `axes`, divided by the sum of the weights, of complex values; weights are as for
    /// real ones. NumPy's `average`.
    ///
    /// ```
    /// use thermocline::{Array, Complex, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<Complex<f64>> = [Complex::new(1.0, 4.0), Complex::new(5.0, 0.0)].into_iter().collect();
    /// let weights: Array<f64> = [3.0, 1.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.average(0, &weights))?[[]], Complex::new(2.0, 3.0));
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where the shapes don't fit. When it is computed: where the weights sum to zero.
    #[track_caller]
    #[must_use]
    pub fn average<W: Real>(&self, axes: impl Axes, weights: &Array<W>) -> Self {
        let part = |part: fn(Complex<P>) -> P| self.map_labelled("average", part).average(&axes, weights);
        part(|value| value.re).zip_with("average", &part(|value| value.im), Location::caller(), Complex::new)
    }
}

fn zero_weights(location: &'static Location<'static>) -> Error {
    Error::operation("average", location, "the weights sum to zero")
}
