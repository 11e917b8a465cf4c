//! An array with names for its axes, and labels along them.
//!
//! Operations are those of [`Array`], said by name: they are lazy, and one that is impossible gives a field that carries
//! its error, with the dimensions and the caller's line.

mod arithmetic;
mod collection;
mod display;
mod group;
mod label;
mod reduce;
mod select;
mod slope;
mod weigh;

use std::panic::Location;

pub use group::{FieldGroups, TimePart};
pub use label::{Label, Nearest, Place};
pub use reduce::Dimensions;

use super::attributes::Attributes;
use super::coordinate::Coordinate;
use super::dataset::described;
use crate::array::{Array, Cast, Chunking};
use crate::chunk::Element;
use crate::error::{Error, Result};
use crate::io::hdf5::AttributeValue;

/// A lazy array with names for its axes, labels along them, and attributes: a field of the CF data model, a `DataArray` of
/// xarray's. Cheap to clone.
///
/// ```
/// use thermocline::io::netcdf::{Coordinate, Field, Nearest};
/// use thermocline::{Array, Session};
///
/// let values = Array::<f64>::from_fn(&[24, 3], &[12, 3], |at| (at[0] * 10 + at[1]) as f64);
/// let months = (0..24).map(|month| f64::from(30 * month)).collect::<Vec<_>>();
/// let time = Coordinate::new("time", months)
///     .with_attribute("units", "days since 1998-01-01")
///     .with_attribute("calendar", "360_day");
/// let sst = Field::new("sst", values, ["time", "lat"])
///     .with_coordinate(time)
///     .with_coordinate(Coordinate::new("lat", [10.0, 20.0, 30.0]));
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let spring = sst.sel("time", "1999-03".."1999-05").sel("lat", Nearest(22.0)).mean("time");
/// assert_eq!(session.compute(&spring)?[[]], 151.0);
/// let wrong = sst.mean("depth").checked().unwrap_err().to_string();
/// assert!(wrong.contains("no dimension depth in (time: 24, lat: 3)"), "{wrong}");
/// # Ok::<(), thermocline::Error>(())
/// ```
pub struct Field<T: Element> {
    name: String,
    array: Array<T>,
    dimensions: Vec<String>,
    coordinates: Vec<Coordinate>,
    attributes: Attributes,
}

impl<T: Element> Clone for Field<T> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            array: self.array.clone(),
            dimensions: self.dimensions.clone(),
            coordinates: self.coordinates.clone(),
            attributes: self.attributes.clone(),
        }
    }
}

impl<T: Element> Field<T> {
    /// `array`, with a name for each axis.
    ///
    /// ```
    /// use thermocline::Array;
    /// use thermocline::io::netcdf::{AttributeValue, Coordinate, Field};
    ///
    /// let x = Field::new("x", Array::<f64>::zeros(&[12, 3], "auto"), ["time", "lat"])
    ///     .with_coordinate(Coordinate::new("lat", [-30.0, 0.0, 30.0]))
    ///     .with_attribute("units", AttributeValue::Text("degC".into()));
    /// assert_eq!((x.name(), x.dimensions().join(" "), x.shape()), ("x", "time lat".into(), vec![12, 3]));
    /// assert_eq!((x.units(), x.attributes().len()), (Some("degC"), 1));
    /// assert_eq!(x.coordinate("lat").unwrap().values(), [-30.0, 0.0, 30.0]);
    /// assert!(x.coordinate("time").is_none() && x.coordinates().len() == 1);
    /// assert_eq!(x.array().chunks().blocks(), 1);
    /// assert_eq!(x.renamed("sst").name(), "sst");
    /// ```
    #[track_caller]
    #[must_use]
    pub fn new<D: Into<String>>(
        name: impl Into<String>,
        array: Array<T>,
        dimensions: impl IntoIterator<Item = D>,
    ) -> Self {
        let dimensions: Vec<String> = dimensions.into_iter().map(Into::into).collect();
        let (shape, twice) = (array.shape(), duplicate(&dimensions).cloned());
        let field =
            Self { name: name.into(), array, dimensions, coordinates: Vec::new(), attributes: Attributes::default() };
        if field.array.failure().is_some() {
            return field;
        }
        if field.dimensions.len() != shape.len() {
            let problem = format!("dimensions {:?} for shape {shape:?}: expected one for each axis", field.dimensions);
            return field.refuse("field", Location::caller(), problem);
        }
        match twice {
            Some(twice) => field.refuse("field", Location::caller(), format!("dimension {twice} is named twice")),
            None => field,
        }
    }

    /// With labels along one of its dimensions, in the place of those of the same name; or with one label for the whole.
    ///
    /// ```
    /// use thermocline::Array;
    /// use thermocline::io::netcdf::{Coordinate, Field};
    ///
    /// let x = Field::new("x", Array::<f64>::zeros(&[2], "auto"), ["lat"]);
    /// let labels = |values: &[f64]| Coordinate::new("lat", values);
    /// assert!(x.clone().with_coordinate(labels(&[0.0, 30.0])).checked().is_ok());
    /// let error = x.with_coordinate(labels(&[0.0, 30.0, 60.0])).checked().unwrap_err();
    /// assert!(error.to_string().contains("has 3 labels, expected 2"), "{error}");
    /// ```
    #[track_caller]
    #[must_use]
    pub fn with_coordinate(mut self, coordinate: Coordinate) -> Self {
        if self.array.failure().is_some() {
            return self;
        }
        let (found, name) = (coordinate.values().len(), coordinate.name());
        let expected = match coordinate.dimension() {
            None => 1,
            Some(dimension) => match self.axis("with_coordinate", dimension, Location::caller()) {
                Ok(axis) => self.array.shape()[axis],
                Err(error) => return self.failed(error),
            },
        };
        if found != expected {
            let problem = format!("coordinate {name} has {found} labels, expected {expected} for {}", self.axes());
            return self.refuse("with_coordinate", Location::caller(), problem);
        }
        self.coordinates.retain(|known| known.name() != coordinate.name());
        self.coordinates.push(coordinate);
        self
    }

    /// With an attribute, in the place of that of the same name.
    #[must_use]
    pub fn with_attribute(mut self, name: impl Into<String>, value: AttributeValue) -> Self {
        self.attributes.set(name, value);
        self
    }

    /// With another name.
    #[must_use]
    pub fn renamed(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    pub(super) fn with_attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = attributes;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its values, without names and labels.
    #[must_use]
    pub fn array(&self) -> &Array<T> {
        &self.array
    }

    /// The names of its axes.
    #[must_use]
    pub fn dimensions(&self) -> &[String] {
        &self.dimensions
    }

    /// The length along each axis.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.array.shape()
    }

    /// The labels along its axes, and those for the whole.
    #[must_use]
    pub fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }

    /// The coordinate `name`, if it has that.
    #[must_use]
    pub fn coordinate(&self, name: &str) -> Option<&Coordinate> {
        self.coordinates.iter().find(|known| known.name() == name)
    }

    /// Its attributes.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Its units.
    #[must_use]
    pub fn units(&self) -> Option<&str> {
        self.attributes.text("units")
    }

    /// The field itself, or the error of the impossible operation that it was made of.
    ///
    /// ```
    /// use thermocline::Array;
    /// use thermocline::io::netcdf::Field;
    ///
    /// let x = Field::new("x", Array::<f64>::zeros(&[2], "auto"), ["lat"]);
    /// assert!(x.mean("lat").checked().is_ok());
    /// assert!(x.mean("time").checked().is_err()); // nothing has been computed yet
    /// ```
    ///
    /// # Errors
    /// [`Error::Operation`].
    pub fn checked(self) -> Result<Self> {
        match self.array.failure() {
            Some(error) => Err(error.clone()),
            None => Ok(self),
        }
    }

    /// `function` of each value.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let values = Array::<f64>::from_fn(&[3, 2], &[2, 2], |at| [[1.0, 2.0], [3.0, f64::NAN], [8.0, 4.0]][at[0]][at[1]]);
    /// let x = Field::new("x", values, ["time", "lat"]).with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
    /// assert_eq!(session.compute(&x.map(|value| value * 10.0).max(..))?[[]], 80.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn map<U: Element>(&self, function: impl Fn(T) -> U + Send + Sync + 'static) -> Field<U> {
        self.with_array(self.array.map(function))
    }

    /// The same values as another type, as Rust's `as` converts them: floats are cut off to integers, at whose least and
    /// greatest they stop, and NaN becomes 0; integers wrap.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::Field;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Field::new("x", [1.5, -300.0, f64::NAN].into_iter().collect(), ["time"]);
    /// assert_eq!(session.compute(&x.astype::<i8>())?.into_raw_vec_and_offset().0, [1, -128, 0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn astype<U: Element>(&self) -> Field<U>
    where
        T: Cast<U>,
    {
        self.with_array(self.array.astype())
    }

    /// The same values in other chunks: see [`Array::rechunk`].
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let values = Array::<f64>::from_fn(&[3, 2], &[2, 2], |at| [[1.0, 2.0], [3.0, f64::NAN], [8.0, 4.0]][at[0]][at[1]]);
    /// let x = Field::new("x", values, ["time", "lat"]).with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
    /// assert_eq!(x.rechunk((-1, 1)).array().chunks().counts(), [1, 2]);
    /// # let _ = session;
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where the lengths are not ones of this field.
    #[track_caller]
    #[must_use]
    pub fn rechunk(&self, chunks: impl Chunking) -> Self {
        self.with_array(self.array.rechunk(chunks))
    }

    /// Other values for the same axes.
    fn with_array<U: Element>(&self, array: Array<U>) -> Field<U> {
        Field {
            name: self.name.clone(),
            array,
            dimensions: self.dimensions.clone(),
            coordinates: self.coordinates.clone(),
            attributes: self.attributes.clone(),
        }
    }

    /// What is left of this field when `error` is all that there is.
    fn failed<U: Element>(&self, error: Error) -> Field<U> {
        Field {
            name: self.name.clone(),
            array: Array::failed(error),
            dimensions: Vec::new(),
            coordinates: Vec::new(),
            attributes: self.attributes.clone(),
        }
    }

    fn refuse<U: Element>(
        &self,
        operation: &'static str,
        location: &'static Location<'static>,
        problem: String,
    ) -> Field<U> {
        self.failed(Error::operation(operation, location, problem))
    }

    /// `(time: 12, lat: 720)`
    fn axes(&self) -> String {
        described(&self.dimensions, &self.array.shape())
    }

    /// The number of the axis that is called `dimension`.
    fn axis(&self, operation: &'static str, dimension: &str, location: &'static Location<'static>) -> Result<usize> {
        self.dimensions.iter().position(|known| known == dimension).ok_or_else(|| {
            let problem = format!("there is no dimension {dimension} in {} of {}", self.axes(), self.name);
            Error::operation(operation, location, problem)
        })
    }
}

fn duplicate(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name)
}
