//! What is said of a dimension to select a part of it: places, and labels.

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use super::super::coordinate::Coordinate;
use super::super::time::{DateTime, Span};
use crate::array::Slice;

/// Places along a dimension, for [`Field::isel`](super::Field::isel): one, from the end if it is negative, which the
/// dimension goes with; or a [`Slice`] of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// One.
    One(isize),
    /// Some.
    Some(Slice),
}

impl From<isize> for Place {
    fn from(place: isize) -> Self {
        Self::One(place)
    }
}

macro_rules! slices {
    ($($range:ty),+) => {$(
        impl From<$range> for Place {
            fn from(range: $range) -> Self {
                Self::Some(range.into())
            }
        }
    )+};
}
slices!(Slice, Range<isize>, RangeFrom<isize>, RangeTo<isize>, RangeFull);

/// The label nearest to a number. Of two as near the larger is taken; degrees east are a circle.
///
/// ```
/// use thermocline::Array;
/// use thermocline::io::netcdf::{Coordinate, Field, Nearest};
///
/// let lon = Coordinate::new("lon", [0.0, 90.0, 180.0, 270.0]).with_attribute("units", "degrees_east");
/// let x = Field::new("x", Array::<f64>::zeros(&[4], "auto"), ["lon"]).with_coordinate(lon);
/// let nearest = |label| x.sel("lon", Nearest(label)).coordinate("lon").unwrap().values()[0];
/// assert_eq!((nearest(100.0), nearest(135.0), nearest(350.0)), (90.0, 180.0, 0.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest(pub f64);

/// Labels along a dimension, for [`Field::sel`](super::Field::sel).
///
/// | written | selects | the dimension |
/// | --- | --- | --- |
/// | `30.5` | the label that equals it | goes |
/// | [`Nearest(30.0)`](Nearest) | the nearest label | goes |
/// | [`DateTime`] | the time that equals it | goes |
/// | `"1998"`, `"1998-05"`, `"1998-05-31"` | the times in that year, month or day | stays |
/// | `"1998-05".."1999-02"` | the times from the first of the one to the last of the other | stays |
/// | `-30.0..30.0` | the labels from one to the other, whichever is the greater | stays |
///
/// **Both ends of a range are in it**, as in xarray, however it is written: labels have no successor.
///
/// ```
/// use thermocline::Array;
/// use thermocline::io::netcdf::{Calendar, Coordinate, DateTime, Field, Nearest};
///
/// let time = Coordinate::new("time", (0..365).map(f64::from).collect::<Vec<_>>());
/// let x = Field::new("x", Array::<f64>::zeros(&[365], "auto"), ["time"])
///     .with_coordinate(time.with_attribute("units", "days since 2001-01-01"));
/// assert_eq!(x.sel("time", "2001-02").shape(), [28]);
/// assert_eq!(x.sel("time", "2001-02".."2001-03").shape(), [59]); // March, too
/// assert_eq!(x.sel("time", 10.0..20.0).shape(), [11]); // the numbers themselves
/// assert_eq!(x.sel("time", Nearest(10.2)).shape().len(), 0);
/// assert_eq!(x.sel("time", DateTime::new(Calendar::Standard, 2001, 12, 31).unwrap()).shape().len(), 0);
/// assert_eq!(x.sel("time", "2002").shape(), [0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Label {
    /// The label that equals a number.
    Exact(f64),
    /// The label nearest to a number.
    Nearest(f64),
    /// The labels from one number to another, both included.
    Numbers(f64, f64),
    /// The time that equals another.
    Time(DateTime),
    /// The times within what two texts stand for, and between; open where there is none.
    Times(Option<String>, Option<String>),
}

impl From<f64> for Label {
    fn from(label: f64) -> Self {
        Self::Exact(label)
    }
}

impl From<Nearest> for Label {
    fn from(label: Nearest) -> Self {
        Self::Nearest(label.0)
    }
}

impl From<DateTime> for Label {
    fn from(label: DateTime) -> Self {
        Self::Time(label)
    }
}

impl From<&str> for Label {
    fn from(label: &str) -> Self {
        Self::Times(Some(label.to_owned()), Some(label.to_owned()))
    }
}

macro_rules! ranges {
    ($($range:ident($value:ident) => $first:expr, $last:expr);+ $(;)?) => {$(
        impl From<$range<&str>> for Label {
            fn from($value: $range<&str>) -> Self {
                let (first, last): (Option<&str>, Option<&str>) = ($first, $last);
                Self::Times(first.map(str::to_owned), last.map(str::to_owned))
            }
        }

        impl From<$range<f64>> for Label {
            fn from($value: $range<f64>) -> Self {
                let (first, last): (Option<f64>, Option<f64>) = ($first, $last);
                Self::Numbers(first.unwrap_or(f64::NEG_INFINITY), last.unwrap_or(f64::INFINITY))
            }
        }
    )+};
}

ranges! {
    Range(range) => Some(range.start), Some(range.end);
    RangeInclusive(range) => Some(*range.start()), Some(*range.end());
    RangeFrom(range) => Some(range.start), None;
    RangeTo(range) => None, Some(range.end);
    RangeToInclusive(range) => None, Some(range.end);
}

/// Places along a dimension that labels were found at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    One(usize),
    Some(Vec<usize>),
}

impl Label {
    /// Where it is in `coordinate`.
    pub(super) fn find(&self, coordinate: &Coordinate) -> Result<Found, String> {
        let values = coordinate.values();
        match self {
            Self::Exact(label) => match values.iter().position(|value| value == label) {
                Some(place) => Ok(Found::One(place)),
                None => Err(format!("there is no label {label}; Nearest({label}) takes the nearest of {coordinate}")),
            },
            Self::Nearest(label) => nearest(coordinate, *label).map(Found::One),
            Self::Numbers(a, b) => {
                let range = a.min(*b)..=a.max(*b);
                Ok(Found::Some((0..values.len()).filter(|&place| range.contains(&values[place])).collect()))
            }
            Self::Time(time) => {
                let times = coordinate.times().map_err(|error| error.to_string())?;
                let calendar = coordinate.time_units().map_err(|error| error.to_string())?.calendar();
                if time.calendar() != calendar {
                    return Err(format!("{time} is in calendar {}, the labels in {calendar}", time.calendar()));
                }
                let place = times.iter().position(|known| *known == Some(*time));
                place.map(Found::One).ok_or_else(|| format!("there is no time {time} in {coordinate}"))
            }
            Self::Times(first, last) => {
                let units = coordinate.time_units().map_err(|error| error.to_string())?;
                let span =
                    |text: &Option<String>| text.as_ref().map(|text| Span::parse(units.calendar(), text)).transpose();
                let (first, last) = (span(first)?, span(last)?);
                let within = |time: DateTime| {
                    first.is_none_or(|first| first.first <= time) && last.is_none_or(|last| time < last.after)
                };
                let is_in = |place: &usize| units.decode(values[*place]).is_some_and(within);
                Ok(Found::Some((0..values.len()).filter(is_in).collect()))
            }
        }
    }
}

fn nearest(coordinate: &Coordinate, label: f64) -> Result<usize, String> {
    let distance = |value: f64| {
        let apart = (value - label).abs();
        if coordinate.is_circular() { (apart % 360.0).min(360.0 - apart % 360.0) } else { apart }
    };
    let known = coordinate.values().iter().copied().enumerate().filter(|(_, value)| !value.is_nan());
    let closer = |a: (usize, f64), b: (usize, f64)| {
        let (in_a, in_b) = (distance(a.1), distance(b.1));
        if in_b < in_a || (in_b == in_a && b.1 > a.1) { b } else { a }
    };
    match known.reduce(closer) {
        Some((place, _)) if !label.is_nan() => Ok(place),
        _ => Err(format!("no label of {coordinate} is near {label}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(coordinate: &Coordinate, label: impl Into<Label>) -> Vec<usize> {
        match label.into().find(coordinate).unwrap() {
            Found::One(place) => vec![place],
            Found::Some(places) => places,
        }
    }

    #[test]
    fn the_nearest_is_the_larger_of_two_as_near() {
        let lat = Coordinate::new("lat", [10.0, 0.0, -10.0, f64::NAN]);
        assert_eq!(places(&lat, Nearest(4.0)), [1]);
        assert_eq!(places(&lat, Nearest(5.0)), [0]);
        assert_eq!(places(&lat, Nearest(-99.0)), [2]);
        assert!(Label::from(Nearest(f64::NAN)).find(&lat).is_err());
        assert!(Label::from(Nearest(0.0)).find(&Coordinate::new("x", [])).is_err());
    }

    #[test]
    fn degrees_east_are_a_circle() {
        let lon = Coordinate::new("lon", [0.5, 120.5, 240.5, 359.5]);
        assert_eq!(places(&lon, Nearest(-30.0)), [0]);
        let lon = lon.with_attribute("units", "degrees_east");
        assert_eq!(places(&lon, Nearest(-30.0)), [3]);
        assert_eq!(places(&lon, Nearest(-119.0)), [2]);
        assert_eq!(places(&lon, Nearest(725.0)), [0]);
    }

    #[test]
    fn ranges_of_numbers_have_both_ends_either_way_round() {
        for values in [[-20.0, -10.0, 0.0, 10.0], [10.0, 0.0, -10.0, -20.0]] {
            let lat = Coordinate::new("lat", values);
            let found = |label: Label| -> Vec<f64> { places(&lat, label).iter().map(|&place| values[place]).collect() };
            let expected: Vec<f64> = values.iter().copied().filter(|value| (-10.0..=0.0).contains(value)).collect();
            assert_eq!(found((-10.0..0.0).into()), expected);
            assert_eq!(found((0.0..=-10.0).into()), expected);
            assert_eq!(found((-5.0..).into()).len(), 2);
            assert_eq!(found((..-5.0).into()).len(), 2);
        }
    }

    #[test]
    fn times_are_found_by_what_texts_stand_for() {
        let time = Coordinate::new("time", (0..400).map(f64::from).collect::<Vec<_>>());
        let time = time.with_attribute("units", "days since 1998-11-30 12:00");
        assert_eq!(places(&time, "1998-12").len(), 31);
        assert_eq!(places(&time, "1998-12".."1999-02"), (1..91).collect::<Vec<_>>());
        assert_eq!(places(&time, "1998-12-31"), [31]);
        assert_eq!(places(&time, ..="1998-12-01"), [0, 1]);
        assert_eq!(places(&time, "2000-01-02"..).len(), 400 - 398);
        assert!(places(&time, "1997").is_empty() && places(&time, "1999-03".."1999-02").is_empty());
        let noon = DateTime::parse(time.time_units().unwrap().calendar(), "1998-12-02T12").unwrap();
        assert_eq!(places(&time, noon), [2]);
        assert!(Label::from("May").find(&time).unwrap_err().contains("2005-01"));
        assert!(Label::from("1998").find(&Coordinate::new("time", [0.0])).unwrap_err().contains("no units"));
        let other = DateTime::new(super::super::super::Calendar::Day360, 1998, 12, 2).unwrap();
        assert!(Label::from(other).find(&time).unwrap_err().contains("360_day"));
    }
}
