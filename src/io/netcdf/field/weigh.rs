//! Weighted means.

use std::panic::Location;

use super::{Dimensions, Field};
use crate::array::Real;
use crate::error::{Error, Result};

impl<T: Real> Field<T> {
    /// The mean over `dimensions` of what is not NaN, weighted: xarray's `weighted(weights).mean()`. NaN where the weights of
    /// what is there sum to zero.
    ///
    /// The weights' dimensions are among the field's, and their labels are the same; the weights are alike along the others.
    /// On a grid of degrees the area of a cell goes with the cosine of its latitude:
    ///
    /// ```
    /// use thermocline::io::netcdf::{Coordinate, Field};
    /// use thermocline::{Array, Session};
    ///
    /// let x = Field::new("x", Array::<f64>::from_fn(&[1, 2, 1], &[1, 2, 1], |at| at[1] as f64), ["time", "lat", "lon"])
    ///     .with_coordinate(Coordinate::new("lat", [0.0, 60.0]));
    /// let area = x.coordinate("lat").unwrap().to_field().map(|degrees| degrees.to_radians().cos());
    /// let mean = x.weighted_mean(["lat", "lon"], &area);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert!((session.compute(&mean)?[[0]] - 1.0 / 3.0).abs() < 1e-15);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where the weights have another dimension, another length or other labels along one.
    #[track_caller]
    #[must_use]
    pub fn weighted_mean<W: Real>(&self, dimensions: impl Dimensions, weights: &Field<W>) -> Field<T::Spread> {
        let location = Location::caller();
        if let Some(error) = self.array.failure().or(weights.array.failure()) {
            return self.failed(error.clone());
        }
        if let Err(error) = self.check_weights(weights, location) {
            return self.failed(error);
        }
        let weights = weights.along(&self.dimensions);
        self.reduced("weighted_mean", &dimensions, location, |array, axes| array.nanaverage(axes, &weights))
    }

    fn check_weights<W: Real>(&self, weights: &Field<W>, location: &'static Location<'static>) -> Result<()> {
        let refuse = |problem: String| {
            let both = format!("{} of {} and weights {} of {}", self.axes(), self.name, weights.axes(), weights.name);
            Err(Error::operation("weighted_mean", location, format!("{problem}: {both}")))
        };
        let (shape, own) = (self.array.shape(), weights.array.shape());
        for (dimension, length) in weights.dimensions.iter().zip(own) {
            let axis = self.dimensions.iter().position(|known| known == dimension);
            match axis.map(|axis| shape[axis]) {
                Some(expected) if expected == length => {}
                Some(_) => return refuse(format!("dimension {dimension} has two lengths")),
                None => return refuse(format!("dimension {dimension} is of the weights alone")),
            }
        }
        for theirs in weights.coordinates.iter().filter(|known| known.dimension().is_some()) {
            match self.coordinate(theirs.name()) {
                Some(ours) if ours.values() != theirs.values() => {
                    return refuse(format!("labels differ, {ours} and {theirs}"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
