//! Labels along a dimension.

use std::fmt;
use std::sync::Arc;

use ndarray::ArrayD;

use super::attributes::Attributes;
use super::dimensions::base;
use super::field::Field;
use super::look::VariableInfo;
use super::member::Opened;
use super::options::Options;
use super::time::{DateTime, TimeUnits};
use crate::array::{Array, Region, Source};
use crate::chunk::Unmetered;
use crate::error::{Error, Result};
use crate::graph::{Key, TaskContext};
use crate::io::hdf5::{AttributeValue, Variable};

/// A coordinate with more labels is not read: it would be data.
const MOST_LABELS: usize = 1 << 22;

/// The labels along a dimension, or one label for all of an array: numbers, with the attributes that say what they mean.
///
/// Labels are read as `f64`, unpacked. Those of a time are numbers, too, until [`times`](Self::times) is asked for:
/// a file may hold times that say nothing of how they are meant.
///
/// ```
/// use thermocline::io::netcdf::Coordinate;
///
/// let time = Coordinate::new("time", [0.0, 31.0]).with_attribute("units", "days since 2005-01-01");
/// let times = time.times()?;
/// assert_eq!(times[1].unwrap().to_string(), "2005-02-01");
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinate {
    name: String,
    dimension: Option<String>,
    values: Arc<[f64]>,
    attributes: Attributes,
}

impl Coordinate {
    /// Labels along the dimension `name`.
    #[must_use]
    pub fn new(name: impl Into<String>, values: impl Into<Vec<f64>>) -> Self {
        let name = name.into();
        let values: Vec<f64> = values.into();
        Self { dimension: Some(name.clone()), name, values: values.into(), attributes: Attributes::default() }
    }

    /// The same labels along another dimension.
    ///
    /// ```
    /// use thermocline::io::netcdf::Coordinate;
    ///
    /// let lat = Coordinate::new("lat", [54.2, 69.6]).along("station").with_attribute("units", "degrees_north");
    /// assert_eq!((lat.name(), lat.dimension(), lat.values()), ("lat", Some("station"), &[54.2, 69.6][..]));
    /// assert_eq!((lat.units(), lat.attributes().len()), (Some("degrees_north"), 1));
    /// assert!(lat.is_latitude() && !lat.is_longitude() && !lat.is_time());
    /// ```
    #[must_use]
    pub fn along(mut self, dimension: impl Into<String>) -> Self {
        self.dimension = Some(dimension.into());
        self
    }

    /// With a text for an attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, text: &str) -> Self {
        self.attributes.set(name, AttributeValue::Text(text.to_owned()));
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The dimension that it labels; none where it is one label for the whole.
    #[must_use]
    pub fn dimension(&self) -> Option<&str> {
        self.dimension.as_deref()
    }

    /// The labels.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
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

    /// How its labels are meant as times.
    ///
    /// ```
    /// use thermocline::io::netcdf::{Calendar, Coordinate};
    ///
    /// let time = Coordinate::new("time", [59.0]).with_attribute("units", "days since 2004-01-01");
    /// assert_eq!(time.time_units()?.calendar(), Calendar::Standard);
    /// let of_a_model = time.clone().with_attribute("calendar", "noleap");
    /// assert_eq!(time.times()?[0].unwrap().to_string(), "2004-02-29");
    /// assert_eq!(of_a_model.times()?[0].unwrap().to_string(), "2004-03-01");
    /// assert!(Coordinate::new("time", [59.0]).time_units().is_err()); // days, or seconds, since when?
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Coordinate`] where it has no units, or others than those of a time, or a calendar that is not known.
    pub fn time_units(&self) -> Result<TimeUnits> {
        let refuse = |problem: String| Error::Coordinate { coordinate: self.name.clone(), problem };
        let Some(units) = self.units() else {
            return Err(refuse("it has no units, so its labels can't be decoded as times".into()));
        };
        TimeUnits::parse(units, self.attributes.text("calendar")).map_err(refuse)
    }

    /// Whether its labels are times that can be decoded.
    #[must_use]
    pub fn is_time(&self) -> bool {
        self.time_units().is_ok()
    }

    /// Its labels as times; none where one is missing or out of reach.
    ///
    /// # Errors
    /// As [`time_units`](Self::time_units).
    pub fn times(&self) -> Result<Vec<Option<DateTime>>> {
        let units = self.time_units()?;
        Ok(self.values.iter().map(|&value| units.decode(value)).collect())
    }

    /// Whether its labels are degrees north: its units say so; where it has none, its standard name or its name.
    #[must_use]
    pub fn is_latitude(&self) -> bool {
        self.is_degrees("north", "latitude")
    }

    /// Whether its labels are degrees east: its units say so; where it has none, its standard name or its name.
    #[must_use]
    pub fn is_longitude(&self) -> bool {
        self.is_degrees("east", "longitude")
    }

    /// Whether its labels come back to themselves after 360: degrees east, said to be so.
    pub(super) fn is_circular(&self) -> bool {
        self.units().is_some() && self.is_longitude()
    }

    /// Degrees towards `direction`, written in one of the ways that the CF conventions allow.
    fn is_degrees(&self, direction: &str, named: &str) -> bool {
        let Some(units) = self.units() else {
            let name = self.attributes.text("standard_name").unwrap_or(&self.name).to_ascii_lowercase();
            return name == named || name == named[..3];
        };
        let units = units.trim().to_ascii_lowercase();
        let towards = units.strip_prefix("degrees").or_else(|| units.strip_prefix("degree")).unwrap_or_default();
        let towards = towards.trim_start_matches('_');
        towards == direction || towards == &direction[..1]
    }

    /// The labels as values: a field along their dimension, with themselves as its labels.
    ///
    /// ```
    /// # use thermocline::io::netcdf::Coordinate;
    /// let area = Coordinate::new("lat", [0.0, 60.0]).to_field().map(|degrees| degrees.to_radians().cos());
    /// assert_eq!(area.dimensions(), ["lat"]);
    /// ```
    #[must_use]
    pub fn to_field(&self) -> Field<f64> {
        let dimension = self.dimension.clone();
        let shape: Vec<usize> = dimension.iter().map(|_| self.values.len()).collect();
        // One value where there is no dimension.
        let values = ArrayD::from_shape_fn(shape.clone(), |at| self.values[if shape.is_empty() { 0 } else { at[0] }]);
        let chunks: Vec<usize> = shape.iter().map(|&length| length.max(1)).collect();
        Field::new(&self.name, Array::from_ndarray(values, &chunks), dimension)
            .with_attributes(self.attributes.clone())
            .with_coordinate(self.clone())
    }

    /// The labels at some places.
    pub(super) fn pick(&self, places: impl Iterator<Item = usize>) -> Self {
        let values = places.filter_map(|place| self.values.get(place).copied()).collect();
        Self { values, ..self.clone() }
    }

    /// One label, for the whole.
    pub(super) fn single(&self, place: usize) -> Self {
        Self { dimension: None, ..self.pick(std::iter::once(place)) }
    }

    /// A label as it is shown: a date for a time.
    pub(super) fn label(&self, place: usize) -> String {
        let value = self.values[place];
        let time = self.time_units().ok().and_then(|units| units.decode(value));
        time.map_or_else(|| shown(value), |time| time.to_string())
    }

    /// Coordinate `name` of a file; none where it is not a list of as many labels as are read, at most.
    pub(super) fn read(file: &Opened<'_>, name: &str) -> Result<Option<Self>> {
        let Some((dimension, values)) = read_labels(file, name)? else { return Ok(None) };
        let attributes = file.attributes(name)?;
        Ok(Some(Self { name: base(name).to_owned(), dimension, values: values.into(), attributes }))
    }

    /// A coordinate without its labels.
    pub(super) fn described(info: &VariableInfo) -> Self {
        let (dimension, attributes) = (info.dimensions.first().cloned(), info.attributes.clone());
        Self { name: base(&info.name).to_owned(), dimension, values: Arc::new([]), attributes }
    }

    /// Labels of several files, after each other.
    pub(super) fn with_values(&self, values: Vec<f64>) -> Self {
        Self { values: values.into(), ..self.clone() }
    }
}

/// The dimension and the labels of coordinate `name` of a file; none as [`Coordinate::read`] says.
pub(super) fn read_labels(file: &Opened<'_>, name: &str) -> Result<Option<(Option<String>, Vec<f64>)>> {
    let variable: Variable<f64> = file.variable(name, Options::default())?;
    let region = Region::whole(variable.shape());
    if region.shape.len() > 1 || region.len() > MOST_LABELS {
        return Ok(None);
    }
    let mut values = vec![0.0; region.len()];
    let key = Key::new(variable.name());
    variable.read_block(&TaskContext::new(&key, &Unmetered, &|_| {}), &region, &mut values)?;
    Ok(Some((variable.dimensions().first().cloned(), values)))
}

/// A number in few digits.
pub(super) fn shown(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e6 {
        return format!("{value:.1}");
    }
    let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 6) as usize;
    if (1e-3..1e6).contains(&value.abs()) { format!("{value:.digits$}") } else { format!("{value:.3e}") }
}

/// `lat (lat) 720: -89.88 -89.62 ... 89.62 89.88`, times as dates.
impl fmt::Display for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.values.len();
        let labels =
            |places: std::ops::Range<usize>| places.map(|place| self.label(place)).collect::<Vec<_>>().join(" ");
        let text =
            if count > 6 { format!("{} ... {}", labels(0..3), labels(count - 3..count)) } else { labels(0..count) };
        write!(f, "{} ({}) {text}", self.name, self.dimension.as_deref().unwrap_or(""))
    }
}
