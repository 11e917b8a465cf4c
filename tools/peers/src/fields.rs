//! Variables of netCDF files, with their labels.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Deserialize;
use thermocline::Array;
use thermocline::array::Slice;
use thermocline::io::netcdf::{self, Coordinate, Dataset, Dimensions, Field, FieldGroups, Label, Nearest, TimePart};

use crate::case::{Outcome, Step};
use crate::value::Value;

/// A variable of a file, or of a series of files.
#[derive(Debug, Deserialize)]
pub(crate) struct Variable {
    /// Of several files it is a pattern.
    path: String,
    variable: String,
    /// What its values are read as.
    dtype: String,
    mask_and_scale: bool,
    valid_range: bool,
}

/// A field, or what was asked of its labels.
enum Known {
    F32(Field<f32>),
    F64(Field<f64>),
    Count(Field<i64>),
    Labels(Value),
}

macro_rules! known {
    ($($variant:ident $t:ty),+) => {$(
        impl From<Field<$t>> for Known {
            fn from(field: Field<$t>) -> Self {
                Self::$variant(field)
            }
        }
    )+};
}
known!(F32 f32, F64 f64, Count i64);

/// What is open already.
pub(crate) type Open = HashMap<String, Dataset>;

/// What the steps make of a variable.
pub(crate) fn value(variable: &Variable, steps: &[Step], open: &mut Open) -> Result<Value, Outcome> {
    let data = match open.entry(variable.path.clone()) {
        Entry::Occupied(known) => known.get().clone(),
        Entry::Vacant(place) if variable.path.contains('*') => {
            place.insert(netcdf::open_many(&variable.path[..])?).clone()
        }
        Entry::Vacant(place) => place.insert(netcdf::open(&variable.path)?).clone(),
    };
    let data = data.mask_and_scale(variable.mask_and_scale).valid_range(variable.valid_range);
    if steps.is_empty() {
        return array(&data, variable);
    }
    let mut known = match &variable.dtype[..] {
        "float32" => Known::F32(data.field(&variable.variable)?.checked()?),
        _ => Known::F64(data.field(&variable.variable)?.checked()?),
    };
    for step in steps {
        known = apply(step, &known)?.ok_or_else(|| Outcome::not_offered(step))?;
    }
    match known {
        Known::F32(field) => Ok(field.checked()?.array().clone().into()),
        Known::F64(field) => Ok(field.checked()?.array().clone().into()),
        Known::Count(field) => Ok(field.checked()?.array().clone().into()),
        Known::Labels(labels) => Ok(labels),
    }
}

/// The variable's values as an array.
fn array(data: &Dataset, variable: &Variable) -> Result<Value, Outcome> {
    macro_rules! of {
        ($($name:literal $t:ty),+) => {
            match &variable.dtype[..] {
                $($name => Value::from(data.array::<$t>(&variable.variable)?.checked()?),)+
                other => return Err(Outcome::Broken(format!("no type of a variable: {other}"))),
            }
        };
    }
    Ok(of!("int8" i8, "int16" i16, "int32" i32, "int64" i64, "uint8" u8, "uint16" u16, "uint32" u32, "uint64" u64,
        "float32" f32, "float64" f64))
}

fn apply(step: &Step, known: &Known) -> Result<Option<Known>, Outcome> {
    macro_rules! on {
        ($field:ident => $body:expr) => {
            match known {
                Known::F32($field) => $body,
                Known::F64($field) => $body,
                Known::Count(_) | Known::Labels(_) => return Ok(None),
            }
        };
    }
    let dimensions = &Named(step.option("dim"));
    Ok(Some(match &step.name[..] {
        "mean" => on!(x => x.mean(dimensions).into()),
        "sum" => on!(x => x.sum(dimensions).into()),
        "min" => on!(x => x.min(dimensions).into()),
        "max" => on!(x => x.max(dimensions).into()),
        "std" => on!(x => x.std(dimensions).into()),
        "var" => on!(x => x.var(dimensions).into()),
        "count" => on!(x => x.count(dimensions).into()),
        "median" => on!(x => x.median(dimensions).into()),
        "weighted_mean" => on!(x => {
            let area = coordinate(step, x.coordinates())?.to_field().map(|degrees| degrees.to_radians().cos());
            x.weighted_mean(dimensions, &area).into()
        }),
        "slope" => on!(x => x.slope(&step.need::<String>("coordinate")).into()),
        "isel" => on!(x => isel(step, x).into()),
        "sel" => on!(x => x.sel(&step.need::<String>("coordinate"), label(step)).into()),
        "groupby" => on!(x => return grouped(step, x)),
        "labels" => on!(x => labels(&coordinate(step, x.coordinates())?)),
        "times" => on!(x => times(&coordinate(step, x.coordinates())?)?),
        _ => return Ok(None),
    }))
}

/// Dimensions that come from a case, or all.
struct Named(Option<Vec<String>>);

impl Dimensions for &Named {
    fn names(&self) -> Option<Vec<&str>> {
        Some(self.0.as_ref()?.iter().map(String::as_str).collect())
    }
}

fn isel<T: thermocline::chunk::Element>(step: &Step, x: &Field<T>) -> Field<T> {
    let dimension = step.need::<String>("dimension");
    match step.option::<(Option<isize>, Option<isize>, isize)>("slice") {
        Some((start, stop, by)) => x.isel(&dimension, Slice::new(start, stop, by)),
        None => x.isel(&dimension, step.need::<isize>("place")),
    }
}

fn label(step: &Step) -> Label {
    if let Some((first, last)) = step.option::<(Option<String>, Option<String>)>("times") {
        return Label::Times(first, last);
    }
    if let Some((first, last)) = step.option::<(f64, f64)>("range") {
        return (first..last).into();
    }
    match step.option::<f64>("nearest") {
        Some(nearest) => Nearest(nearest).into(),
        None => step.need::<f64>("label").into(),
    }
}

/// Groups of times reduced, or subtracted from their mean, or their labels.
fn grouped<T>(step: &Step, x: &Field<T>) -> Result<Option<Known>, Outcome>
where
    T: thermocline::array::Real<Average = T, Spread = T> + thermocline::array::Arithmetic,
    Field<T>: Into<Known>,
    Field<T::Total>: Into<Known>,
{
    let part = match &step.need::<String>("part")[..] {
        "year" => TimePart::Year,
        "month" => TimePart::Month,
        "dayofyear" => TimePart::DayOfYear,
        "season" => TimePart::Season,
        "month of year" => TimePart::YearMonth,
        _ => return Ok(None),
    };
    let groups: FieldGroups<T> = x.group_by(&step.need::<String>("coordinate"), part);
    Ok(Some(match &step.need::<String>("reduce")[..] {
        "mean" => groups.mean().into(),
        "sum" => groups.sum().into(),
        "min" => groups.min().into(),
        "max" => groups.max().into(),
        "std" => groups.std().into(),
        "var" => groups.var().into(),
        "count" => groups.count().into(),
        "anomaly" => groups.anomaly().into(),
        "labels" => labels(groups.labels()),
        _ => return Ok(None),
    }))
}

fn coordinate(step: &Step, known: &[Coordinate]) -> Result<Coordinate, Outcome> {
    let name: String = step.need("coordinate");
    let found = known.iter().find(|known| known.name() == name);
    found.cloned().ok_or_else(|| Outcome::Broken(format!("no coordinate {name}")))
}

fn labels(coordinate: &Coordinate) -> Known {
    Known::Labels(coordinate.values().iter().copied().collect::<Array<_>>().into())
}

/// Year, month, day, hour, minute, second and microsecond of each time.
fn times(coordinate: &Coordinate) -> Result<Known, Outcome> {
    let times = coordinate.times()?;
    let parts = times.iter().flat_map(|time| {
        time.map_or([i64::MIN; 7], |time| {
            let day = [time.year(), i64::from(time.month()), i64::from(time.day())];
            let moment = [time.hour(), time.minute(), time.second()].map(i64::from);
            [day[0], day[1], day[2], moment[0], moment[1], moment[2], i64::from(time.microsecond())]
        })
    });
    let rows = parts.collect::<Array<_>>().reshape(&[-1, 7]);
    Ok(Known::Labels(rows.into()))
}
