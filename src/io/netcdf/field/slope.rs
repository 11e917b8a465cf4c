//! Trends.

use std::panic::Location;

use super::Field;
use crate::array::Real;

impl<T: Real> Field<T> {
    /// The slope of the least-squares line through what is not NaN along the dimension of `coordinate`: how much it grows a
    /// unit of the labels, a day where they are `days since` a date. NaN where fewer than two labels have a value.
    ///
    /// It is computed in f64, in one pass, about the means of labels and values. The result has no units.
    ///
    /// ```
    /// use thermocline::io::netcdf::{Coordinate, Field};
    /// use thermocline::{Array, Session};
    ///
    /// let x = Field::new("x", Array::<f64>::from_fn(&[730], &[100], |at| 3.0 + 0.5 * at[0] as f64), ["time"])
    ///     .with_coordinate(Coordinate::new("time", (0..730).map(f64::from).collect::<Vec<_>>()));
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&x.slope("time"))?[[]], 0.5);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such coordinate along a dimension.
    #[track_caller]
    #[must_use]
    pub fn slope(&self, coordinate: &str) -> Field<T::Spread> {
        let location = Location::caller();
        if let Some(error) = self.array.failure() {
            return self.failed(error.clone());
        }
        let Some((labels, dimension)) = self.coordinate(coordinate).and_then(|known| Some((known, known.dimension()?)))
        else {
            return self.refuse(
                "slope",
                location,
                format!("{} of {} has no labels {coordinate}", self.axes(), self.name),
            );
        };
        let axis = match self.axis("slope", dimension, location) {
            Ok(axis) => axis as i32,
            Err(error) => return self.failed(error),
        };
        self.reduced("slope", &dimension, location, |array, _| array.nanslope(axis, labels.values())).without_units()
    }
}
