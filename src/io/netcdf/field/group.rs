//! Groups of times: climatologies, and what differs from them.

use std::ops::{Add, Div, Mul, Sub};
use std::panic::Location;

use super::super::time::{DateTime, Season, TimeUnits};
use super::{Coordinate, Field};
use crate::array::{Arithmetic, Array, Grouped, Real, Summable};
use crate::chunk::Element;
use crate::error::Error;

/// What times have in common that are in one group.
///
/// | | the groups' dimension | its labels |
/// | --- | --- | --- |
/// | `Year` | `year` | the years |
/// | `Month` | `month` | 1 to 12 |
/// | `DayOfYear` | `dayofyear` | from 1 on: 29 February is 60, and later days of a leap year are one more |
/// | `Season` | `season` | 0 to 3 for DJF, MAM, JJA, SON, as `flag_meanings` tells |
/// | `YearMonth` | that of the times | the first moment of each month |
///
/// ```
/// use thermocline::Array;
/// use thermocline::io::netcdf::{Coordinate, Field, TimePart};
///
/// let time = Coordinate::new("time", [0.0, 31.0, 365.0, 400.0]).with_attribute("units", "days since 2001-01-01");
/// let x = Field::new("x", Array::<f64>::zeros(&[4], "auto"), ["time"]).with_coordinate(time);
/// let labels = |part| x.group_by("time", part).labels().values().to_vec();
/// assert_eq!(labels(TimePart::Year), [2001.0, 2002.0]);
/// assert_eq!(labels(TimePart::Month), [1.0, 2.0]);
/// assert_eq!(labels(TimePart::Season), [0.0]);
/// assert_eq!(labels(TimePart::YearMonth), [0.0, 31.0, 365.0, 396.0]); // days, as the times are
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimePart {
    /// The year.
    Year,
    /// The month, of whatever year.
    Month,
    /// The day of the year, of whatever year.
    DayOfYear,
    /// The season, of whatever year.
    Season,
    /// The month of a year.
    YearMonth,
}

impl TimePart {
    /// What stands for the group of a time, in the order of the groups.
    fn of(self, time: DateTime) -> i64 {
        match self {
            Self::Year => time.year(),
            Self::Month => i64::from(time.month()),
            Self::DayOfYear => i64::from(time.day_of_year()),
            Self::Season => time.season() as i64,
            Self::YearMonth => time.year() * 12 + i64::from(time.month()) - 1,
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::Year => Some("year"),
            Self::Month => Some("month"),
            Self::DayOfYear => Some("dayofyear"),
            Self::Season => Some("season"),
            Self::YearMonth => None,
        }
    }

    /// The labels of the groups `parts` of times that `coordinate` has.
    fn labels(self, parts: &[i64], coordinate: &Coordinate, units: TimeUnits) -> Coordinate {
        let Some(name) = self.name() else {
            let first = |&part: &i64| {
                let (year, month) = (part.div_euclid(12), part.rem_euclid(12) as u8 + 1);
                DateTime::new(units.calendar(), year, month, 1).map_or(f64::NAN, |first| units.encode(first))
            };
            return coordinate.with_values(parts.iter().map(first).collect());
        };
        let labels = Coordinate::new(name, parts.iter().map(|&part| part as f64).collect::<Vec<_>>());
        if self == Self::Season {
            let meanings = Season::ALL.map(|season| season.to_string()).join(" ");
            return labels.with_attribute("flag_meanings", &meanings);
        }
        labels
    }
}

/// A field whose times are in groups. Made by [`Field::group_by`].
///
/// ```
/// use thermocline::io::netcdf::{Coordinate, Field, TimePart};
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let time = Coordinate::new("time", [0.0, 1.0, 31.0, 32.0]).with_attribute("units", "days since 2001-01-01");
/// let values: Array<f64> = [1.0, 3.0, 10.0, f64::NAN].into_iter().collect();
/// let by_month = Field::new("x", values, ["time"]).with_coordinate(time).group_by("time", TimePart::Month);
///
/// let (sum, mean, count) = session.compute((by_month.sum(), by_month.mean(), by_month.count()))?;
/// assert_eq!((sum.as_slice(), mean.as_slice()), (Some(&[4.0, 10.0][..]), Some(&[2.0, 10.0][..])));
/// assert_eq!(count.as_slice(), Some(&[2, 1][..]));
/// let (min, max, std) = session.compute((by_month.min(), by_month.max(), by_month.std()))?;
/// assert_eq!((min.as_slice(), max.as_slice()), (Some(&[1.0, 10.0][..]), Some(&[3.0, 10.0][..])));
/// assert_eq!(std.as_slice(), Some(&[1.0, 0.0][..]));
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FieldGroups<T: Element> {
    field: Field<T>,
    axis: usize,
    groups: Grouped<T>,
    /// The group of each time.
    rows: Vec<Option<usize>>,
    /// The groups' labels, along their dimension.
    labels: Coordinate,
}

impl<T: Element> Field<T> {
    /// The field in groups of times: `coordinate` is one of times, and `part` what those of a group have in common. Only
    /// groups that some time is in are there, in their order; times that are missing are in none.
    ///
    /// ```
    /// use thermocline::io::netcdf::{Coordinate, Field, TimePart};
    /// use thermocline::{Array, Session};
    ///
    /// let days = Coordinate::new("time", (0..730).map(f64::from).collect::<Vec<_>>());
    /// let x = Field::new("x", Array::<f64>::from_fn(&[730], &[100], |at| (at[0] / 365) as f64), ["time"])
    ///     .with_coordinate(days.with_attribute("units", "days since 2001-01-01"));
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    ///
    /// let by_day = x.group_by("time", TimePart::DayOfYear);
    /// let climatology = by_day.mean();
    /// assert_eq!((climatology.dimensions(), climatology.shape()), (&["dayofyear".to_owned()][..], vec![365]));
    /// let anomaly = &by_day - &climatology;
    /// let by_year = anomaly.map(f64::abs).group_by("time", TimePart::Year).mean();
    /// assert_eq!(session.compute(&by_year)?.into_raw_vec_and_offset().0, [0.5, 0.5]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such coordinate, or its labels are no times.
    #[track_caller]
    #[must_use]
    pub fn group_by(&self, coordinate: &str, part: TimePart) -> FieldGroups<T> {
        let location = Location::caller();
        let fail = |error: Error| {
            let field: Self = self.failed(error);
            let groups = field.array.group_by(0, &[]);
            FieldGroups { field, axis: 0, groups, rows: Vec::new(), labels: Coordinate::new(coordinate, []) }
        };
        let refuse = |problem: String| fail(Error::operation("group_by", location, problem));
        if let Some(error) = self.array.failure() {
            return fail(error.clone());
        }
        let known = self.coordinate(coordinate).and_then(|known| Some((known, known.dimension()?)));
        let Some((times, dimension)) = known else {
            return refuse(format!("{} of {} has no labels {coordinate}", self.axes(), self.name));
        };
        let (axis, units) = match (self.axis("group_by", dimension, location), times.time_units()) {
            (Ok(axis), Ok(units)) => (axis, units),
            (Err(error), _) => return fail(error),
            (_, Err(error)) => return refuse(error.to_string()),
        };
        let of_row = |&value: &f64| units.decode(value).map(|time| part.of(time));
        let rows: Vec<Option<i64>> = times.values().iter().map(of_row).collect();
        let mut parts: Vec<i64> = rows.iter().copied().flatten().collect();
        parts.sort_unstable();
        parts.dedup();
        if parts.is_empty() {
            return refuse(format!("{times} of {} has no time", self.axes()));
        }
        let group = |row: Option<i64>| row.and_then(|row| parts.binary_search(&row).ok());
        let rows: Vec<Option<usize>> = rows.into_iter().map(group).collect();
        let groups = self.array.group_by(axis as i32, &rows);
        let labels = part.labels(&parts, times, units);
        FieldGroups { field: self.clone(), axis, groups, rows, labels }
    }
}

impl<T: Element> FieldGroups<T> {
    /// What was computed of the groups.
    fn field_of<U: Element>(&self, array: Array<U>) -> Field<U> {
        if let Some(error) = self.field.array.failure().or(array.failure()) {
            return self.field.failed(error.clone());
        }
        let mut dimensions = self.field.dimensions.clone();
        let times = std::mem::replace(&mut dimensions[self.axis], self.dimension().to_owned());
        let stays = |known: &&Coordinate| known.dimension() != Some(&times);
        let own = std::iter::once(&self.labels);
        let coordinates = own.chain(self.field.coordinates.iter().filter(stays)).cloned().collect();
        let attributes = self.field.attributes.clone();
        Field { name: self.field.name.clone(), array, dimensions, coordinates, attributes }
    }

    fn dimension(&self) -> &str {
        self.labels.dimension().unwrap_or_default()
    }

    /// The labels of the groups.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field, TimePart};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let time = Coordinate::new("time", [0.0, 1.0, 31.0, 32.0]).with_attribute("units", "days since 2001-01-01");
    /// let values: Array<f64> = [1.0, 3.0, 10.0, f64::NAN].into_iter().collect();
    /// let by_month = Field::new("x", values, ["time"]).with_coordinate(time).group_by("time", TimePart::Month);
    /// assert_eq!((by_month.labels().name(), by_month.labels().values()), ("month", &[1.0, 2.0][..]));
    /// # let _ = session;
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn labels(&self) -> &Coordinate {
        &self.labels
    }

    /// How many values of each group are not NaN.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field, TimePart};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let time = Coordinate::new("time", [0.0, 1.0, 31.0, 32.0]).with_attribute("units", "days since 2001-01-01");
    /// let values: Array<f64> = [1.0, 3.0, 10.0, f64::NAN].into_iter().collect();
    /// let by_month = Field::new("x", values, ["time"]).with_coordinate(time).group_by("time", TimePart::Month);
    /// assert_eq!(session.compute(&by_month.count())?.into_raw_vec_and_offset().0, [2, 1]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn count(&self) -> Field<i64> {
        self.field_of(self.groups.count()).without_units()
    }

    /// Each row of the field, and the row of `per_group` with the label of its group: with the same axes as the field.
    #[track_caller]
    fn rows_of(&self, operation: &'static str, per_group: &Field<T>) -> Field<T> {
        let location = Location::caller();
        if let Some(error) = self.field.array.failure().or(per_group.array.failure()) {
            return self.field.failed(error.clone());
        }
        let refuse = |problem: String| self.field.refuse(operation, location, problem);
        let axis = match per_group.axis(operation, self.dimension(), location) {
            Ok(axis) => axis,
            Err(error) => return self.field.failed(error),
        };
        let Some(labels) = per_group.coordinate(self.labels.name()) else {
            return refuse(format!("{} of {} has no labels {}", per_group.axes(), per_group.name, self.labels.name()));
        };
        let place = |label: &f64| labels.values().iter().position(|known| known == label).ok_or(*label);
        let places: Vec<Result<usize, f64>> = self.labels.values().iter().map(place).collect();
        let mut indices = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let Some(group) = *row else {
                return refuse(format!("a time of {} is missing: it is in no group", self.field.axes()));
            };
            match places[group] {
                Ok(place) => indices.push(place as isize),
                Err(label) => return refuse(format!("{labels} of {} has no group {label}", per_group.axes())),
            }
        }
        let mut dimensions = per_group.dimensions.clone();
        self.field.dimensions[self.axis].clone_into(&mut dimensions[axis]);
        let kept = |known: &&Coordinate| known.dimension() != Some(self.dimension());
        Field {
            name: per_group.name.clone(),
            array: per_group.array.take(&indices, axis as i32),
            dimensions,
            coordinates: per_group.coordinates.iter().filter(kept).cloned().collect(),
            attributes: per_group.attributes.clone(),
        }
    }
}

macro_rules! reductions {
    ($($bound:ident { $($(#[$doc:meta])+ $name:ident = $of:ident -> $out:ty;)+ })+) => {$(
        impl<T: $bound> FieldGroups<T> {$(
            $(#[$doc])+
            #[track_caller]
            #[must_use]
            pub fn $name(&self) -> Field<$out> {
                self.field_of(self.groups.$of())
            }
        )+}
    )+};
}

reductions! {
    Summable {
        /// The sum of what is not NaN in each group; 0 where nothing is.
        sum = nansum -> T::Total;
        /// The mean of what is not NaN in each group; NaN where nothing is.
        mean = nanmean -> T::Average;
    }
    Real {
        /// The least value of each group of what is not NaN; NaN where nothing is.
        min = nanmin -> T;
        /// The greatest value of each group of what is not NaN; NaN where nothing is.
        max = nanmax -> T;
        /// The standard deviation of what is not NaN in each group; NaN where nothing is.
        std = nanstd -> T::Spread;
    }
}

impl<T: Real> FieldGroups<T> {
    /// The variance of what is not NaN in each group, divided by the number of values.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field, TimePart};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let time = Coordinate::new("time", [0.0, 1.0, 31.0, 32.0]).with_attribute("units", "days since 2001-01-01");
    /// let values: Array<f64> = [1.0, 3.0, 10.0, f64::NAN].into_iter().collect();
    /// let by_month = Field::new("x", values, ["time"]).with_coordinate(time).group_by("time", TimePart::Month);
    /// assert_eq!(session.compute(&by_month.var())?.into_raw_vec_and_offset().0, [1.0, 0.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn var(&self) -> Field<T::Spread> {
        self.field_of(self.groups.nanvar()).without_units()
    }
}

impl<T: Arithmetic + Summable<Average = T>> FieldGroups<T> {
    /// Each value less the mean of its group.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// use thermocline::io::netcdf::{Coordinate, Field, TimePart};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let time = Coordinate::new("time", [0.0, 1.0, 31.0, 32.0]).with_attribute("units", "days since 2001-01-01");
    /// let values: Array<f64> = [1.0, 3.0, 10.0, f64::NAN].into_iter().collect();
    /// let by_month = Field::new("x", values, ["time"]).with_coordinate(time).group_by("time", TimePart::Month);
    /// assert_eq!(session.compute(&by_month.anomaly())?.as_slice().map(|x| &x[..3]), Some(&[-1.0, 1.0, 0.0][..]));
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn anomaly(&self) -> Field<T> {
        self - &self.mean()
    }
}

macro_rules! operators {
    ($($trait:ident :: $method:ident = $label:literal);+ $(;)?) => {$(
        /// Each value, and that which a field has for its group.
        impl<T: Arithmetic> $trait<&Field<T>> for &FieldGroups<T> {
            type Output = Field<T>;

            #[track_caller]
            fn $method(self, per_group: &Field<T>) -> Field<T> {
                $trait::$method(&self.field, &self.rows_of($label, per_group))
            }
        }
    )+};
}

operators! {
    Add::add = "add";
    Sub::sub = "subtract";
    Mul::mul = "multiply";
    Div::div = "divide";
}
