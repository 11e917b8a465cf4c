//! Reductions over dimensions, by name.

use std::ops::RangeFull;
use std::panic::Location;

use super::Field;
use crate::array::{Array, Ordered, Real, Summable};
use crate::chunk::Element;
use crate::error::{Error, Result};

/// Dimensions, by name: `"time"`, `["lat", "lon"]`, or `..` for all.
///
/// ```
/// use thermocline::Array;
/// use thermocline::io::netcdf::Field;
///
/// let x = Field::new("x", Array::<f64>::zeros(&[12, 5, 7], "auto"), ["time", "lat", "lon"]);
/// assert_eq!(x.mean("time").dimensions(), ["lat", "lon"]);
/// assert_eq!(x.mean(["lat", "lon"]).dimensions(), ["time"]);
/// assert!(x.mean(..).dimensions().is_empty());
/// ```
pub trait Dimensions {
    /// The names, or none for all.
    fn names(&self) -> Option<Vec<&str>>;
}

impl Dimensions for &str {
    fn names(&self) -> Option<Vec<&str>> {
        Some(vec![self])
    }
}

impl<const N: usize> Dimensions for [&str; N] {
    fn names(&self) -> Option<Vec<&str>> {
        Some(self.to_vec())
    }
}

impl Dimensions for &[&str] {
    fn names(&self) -> Option<Vec<&str>> {
        Some(self.to_vec())
    }
}

impl Dimensions for RangeFull {
    fn names(&self) -> Option<Vec<&str>> {
        None
    }
}

impl<T: Element> Field<T> {
    /// `reduce` over the axes of `dimensions`; what is left keeps its labels.
    pub(super) fn reduced<U: Element>(
        &self,
        operation: &'static str,
        dimensions: &impl Dimensions,
        location: &'static Location<'static>,
        reduce: impl FnOnce(&Array<T>, &[i32]) -> Array<U>,
    ) -> Field<U> {
        if let Some(error) = self.array.failure() {
            return self.failed(error.clone());
        }
        let axes = match self.axes_of(operation, dimensions, location) {
            Ok(axes) => axes,
            Err(error) => return self.failed(error),
        };
        let numbers: Vec<i32> = axes.iter().map(|&axis| axis as i32).collect();
        let array = reduce(&self.array, &numbers);
        if let Some(error) = array.failure() {
            let problem = match error {
                Error::Operation { problem, .. } => format!("{problem} ({})", self.axes()),
                other => other.to_string(),
            };
            return self.refuse(operation, location, problem);
        }
        let gone: Vec<&String> = axes.iter().map(|&axis| &self.dimensions[axis]).collect();
        let stays = |dimension: &str| !gone.iter().any(|gone| *gone == dimension);
        Field {
            name: self.name.clone(),
            array,
            dimensions: self.dimensions.iter().filter(|dimension| stays(dimension)).cloned().collect(),
            coordinates: self.coordinates.iter().filter(|known| known.dimension().is_none_or(stays)).cloned().collect(),
            attributes: self.attributes.clone(),
        }
    }

    fn axes_of(
        &self,
        operation: &'static str,
        dimensions: &impl Dimensions,
        location: &'static Location<'static>,
    ) -> Result<Vec<usize>> {
        let Some(names) = dimensions.names() else { return Ok((0..self.dimensions.len()).collect()) };
        let mut axes = Vec::new();
        for name in names {
            let axis = self.axis(operation, name, location)?;
            if axes.contains(&axis) {
                let problem = format!("dimension {name} of {} is named twice", self.axes());
                return Err(Error::operation(operation, location, problem));
            }
            axes.push(axis);
        }
        Ok(axes)
    }

    /// Other units, or none: those of a count, or a variance.
    pub(super) fn without_units(mut self) -> Self {
        self.attributes.remove("units");
        self
    }

    /// How many values over `dimensions` are not NaN.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let values = Array::<f64>::from_fn(&[3, 2], &[2, 2], |at| [[1.0, 2.0], [3.0, f64::NAN], [8.0, 4.0]][at[0]][at[1]]);
    /// let x = Field::new("x", values, ["time", "lat"]).with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
    /// assert_eq!(session.compute(&x.count("time"))?.into_raw_vec_and_offset().0, [3, 2]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn count(&self, dimensions: impl Dimensions) -> Field<i64> {
        self.reduced("count", &dimensions, Location::caller(), |array, axes| array.count(axes)).without_units()
    }
}

impl<T: Summable> Field<T> {
    /// The sum over `dimensions` of what is not NaN; 0 where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let values = Array::<f64>::from_fn(&[3, 2], &[2, 2], |at| [[1.0, 2.0], [3.0, f64::NAN], [8.0, 4.0]][at[0]][at[1]]);
    /// let x = Field::new("x", values, ["time", "lat"]).with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
    /// assert_eq!(session.compute(&x.sum("time"))?.into_raw_vec_and_offset().0, [12.0, 6.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sum(&self, dimensions: impl Dimensions) -> Field<T::Total> {
        self.reduced("sum", &dimensions, Location::caller(), |array, axes| array.nansum(axes))
    }

    /// The mean over `dimensions` of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let values = Array::<f64>::from_fn(&[3, 2], &[2, 2], |at| [[1.0, 2.0], [3.0, f64::NAN], [8.0, 4.0]][at[0]][at[1]]);
    /// let x = Field::new("x", values, ["time", "lat"]).with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
    /// let mean = x.mean("time");
    /// assert_eq!((mean.dimensions(), mean.coordinate("lat").is_some()), (&["lat".to_owned()][..], true));
    /// assert_eq!(session.compute(&mean)?.into_raw_vec_and_offset().0, [4.0, 3.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn mean(&self, dimensions: impl Dimensions) -> Field<T::Average> {
        self.reduced("mean", &dimensions, Location::caller(), |array, axes| array.nanmean(axes))
    }
}

impl<T: Real> Field<T> {
    /// The least value over `dimensions` of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let values = Array::<f64>::from_fn(&[3, 2], &[2, 2], |at| [[1.0, 2.0], [3.0, f64::NAN], [8.0, 4.0]][at[0]][at[1]]);
    /// let x = Field::new("x", values, ["time", "lat"]).with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
    /// assert_eq!(session.compute(&x.min(["time", "lat"]))?.into_raw_vec_and_offset().0, [1.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn min(&self, dimensions: impl Dimensions) -> Self {
        self.reduced("min", &dimensions, Location::caller(), |array, axes| array.nanmin(axes))
    }

    /// The greatest value over `dimensions` of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let values = Array::<f64>::from_fn(&[3, 2], &[2, 2], |at| [[1.0, 2.0], [3.0, f64::NAN], [8.0, 4.0]][at[0]][at[1]]);
    /// let x = Field::new("x", values, ["time", "lat"]).with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
    /// assert_eq!(session.compute(&x.max(..))?[[]], 8.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn max(&self, dimensions: impl Dimensions) -> Self {
        self.reduced("max", &dimensions, Location::caller(), |array, axes| array.nanmax(axes))
    }

    /// The variance over `dimensions` of what is not NaN, divided by the number of values; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let values = Array::<f64>::from_fn(&[3, 2], &[2, 2], |at| [[1.0, 2.0], [3.0, f64::NAN], [8.0, 4.0]][at[0]][at[1]]);
    /// let x = Field::new("x", values, ["time", "lat"]).with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
    /// assert_eq!(session.compute(&x.var("lat"))?.into_raw_vec_and_offset().0, [0.25, 0.0, 4.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn var(&self, dimensions: impl Dimensions) -> Field<T::Spread> {
        self.reduced("var", &dimensions, Location::caller(), |array, axes| array.nanvar(axes)).without_units()
    }

    /// The standard deviation over `dimensions` of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let values = Array::<f64>::from_fn(&[3, 2], &[2, 2], |at| [[1.0, 2.0], [3.0, f64::NAN], [8.0, 4.0]][at[0]][at[1]]);
    /// let x = Field::new("x", values, ["time", "lat"]).with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
    /// assert_eq!(session.compute(&x.std("lat"))?.into_raw_vec_and_offset().0, [0.5, 0.0, 2.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn std(&self, dimensions: impl Dimensions) -> Field<T::Spread> {
        self.reduced("std", &dimensions, Location::caller(), |array, axes| array.nanstd(axes))
    }
}

impl<T: Real + Ordered> Field<T> {
    /// The median over `dimensions` of what is not NaN, exact; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let values = Array::<f64>::from_fn(&[3, 2], &[2, 2], |at| [[1.0, 2.0], [3.0, f64::NAN], [8.0, 4.0]][at[0]][at[1]]);
    /// let x = Field::new("x", values, ["time", "lat"]).with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
    /// assert_eq!(session.compute(&x.median("time"))?.into_raw_vec_and_offset().0, [3.0, 3.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn median(&self, dimensions: impl Dimensions) -> Field<T::Spread> {
        self.reduced("median", &dimensions, Location::caller(), |array, axes| array.nanmedian(axes))
    }
}
