//! What the files say of a variable and its axes, as the labels of a map. What they don't say is left out.

use std::path::Path;

use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{File, Location};
use thermocline::Session;
use thermocline::io::netcdf;
use thermocline::ndarray::{Array2, ArrayD, Ix2};

use crate::cli::Workload;
use crate::error::{BenchError, Result};
use crate::input::Input;
use crate::plot::{Axis, Kind, Map, Middle};

/// Rows and columns of a result of this shape.
///
/// # Errors
/// Where it is no plane.
pub(crate) fn plane(shape: &[usize]) -> Result<(usize, usize)> {
    match shape {
        [1, rest @ ..] if rest.len() >= 2 => plane(rest),
        &[rows, columns] if rows > 0 && columns > 0 => Ok((rows, columns)),
        _ => Err(BenchError::Usage(format!("--plot draws a map of rows and columns, but the result is {shape:?}"))),
    }
}

/// The map of what `workload` made of the input.
pub(crate) fn map(session: &Session, workload: Workload, input: &Input, result: ArrayD<f32>) -> Result<Map> {
    let plane = plane(result.shape())?;
    let shape = result.shape().to_vec();
    let changed = result.into_shape_with_order(plane).ok().and_then(|plane| plane.into_dimensionality::<Ix2>().ok());
    let values: Array2<f32> =
        changed.ok_or_else(|| BenchError::Usage(format!("--plot can't draw a result of {shape:?}")))?;
    let said = Said::by(input.first(), &input.variable);
    let [.., y, x] = &said.dimensions[..] else {
        return Err(BenchError::file(input.first(), format!("{} has no two dimensions", input.variable)));
    };
    let y = axis(session, input.first(), y, plane.0);
    let x = axis(session, input.first(), x, plane.1);
    let global = x.kind == Kind::Longitude && y.kind == Kind::Latitude && x.span() > 350.0 && y.span() > 140.0;
    Ok(Map {
        title: title(workload, &said, global, years(session, input, &said)),
        legend: said.legend(workload),
        values,
        x,
        y,
        middle: Middle::Data,
    })
}

/// A variable in the file's own words.
#[derive(Debug, Default)]
struct Said {
    name: String,
    long_name: Option<String>,
    standard_name: Option<String>,
    units: Option<String>,
    dimensions: Vec<String>,
}

impl Said {
    fn by(path: &Path, name: &str) -> Self {
        let variables = netcdf::open(path).map(|file| file.variables().to_vec()).unwrap_or_default();
        let dimensions = variables.into_iter().find(|variable| variable.name == name);
        let text = |attribute: &str| attribute_of(path, name, attribute);
        Self {
            name: name.to_owned(),
            long_name: text("long_name"),
            standard_name: text("standard_name"),
            units: text("units"),
            dimensions: dimensions.map(|variable| variable.dimensions).unwrap_or_default(),
        }
    }

    fn words(&self) -> String {
        [Some(&self.name), self.long_name.as_ref(), self.standard_name.as_ref()]
            .into_iter()
            .flatten()
            .map(|words| words.replace('_', " ").to_lowercase())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn is_temperature(&self) -> bool {
        let words = self.words();
        ["temperature", "sst"].iter().any(|word| words.contains(word))
    }

    fn is_of_the_sea(&self) -> bool {
        let words = self.words();
        ["sea ", "ocean", "sst"].iter().any(|word| words.contains(word))
    }

    /// What it is, in a title's words.
    fn subject(&self) -> String {
        match (self.is_of_the_sea(), self.is_temperature()) {
            (true, true) => "Ocean Temperature".to_owned(),
            _ => capitalised(self.long_name.as_ref().unwrap_or(&self.name)),
        }
    }

    /// What the numbers that `workload` makes of it are, and their units.
    fn legend(&self, workload: Workload) -> String {
        let subject = match workload {
            Workload::AnomalyStd => "Standard deviation".to_owned(),
            _ if self.is_temperature() => "Temperature".to_owned(),
            _ => self.subject(),
        };
        match self.units.as_deref().map(str::trim) {
            None | Some("" | "1") => subject,
            Some("degC" | "deg_C" | "degree_C" | "degrees_C" | "Celsius" | "celsius" | "degree_Celsius" | "C") => {
                format!("{subject} (°C)")
            }
            Some("kelvin" | "Kelvin" | "K") => format!("{subject} (K)"),
            Some(other) => format!("{subject} ({other})"),
        }
    }
}

/// `surface_temperature` as `Surface Temperature`.
fn capitalised(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    name.split(['_', ' ']).filter(|part| !part.is_empty()).map(word).collect::<Vec<_>>().join(" ")
}

fn title(workload: Workload, said: &Said, global: bool, years: Option<String>) -> String {
    let what = match workload {
        Workload::AnomalyStd => "Standard Deviation of",
        _ => "Average",
    };
    let global = if global { "Global " } else { "" };
    let years = years.map_or_else(String::new, |years| format!(", {years}"));
    format!("{what} {global}{}{years}", said.subject())
}

/// The axis of dimension `name`: by its coordinates if the file has them.
fn axis(session: &Session, path: &Path, name: &str, cells: usize) -> Axis {
    let units = attribute_of(path, name, "units").unwrap_or_default();
    let is = |units_are: &str, named: &str| units.starts_with(units_are) || name.starts_with(named);
    let kind = if is("degrees_north", "lat") {
        Kind::Latitude
    } else if is("degrees_east", "lon") {
        Kind::Longitude
    } else {
        Kind::Other(name.to_owned())
    };
    let centres = coordinates(session, path, name).filter(|centres| centres.len() == cells);
    centres.and_then(|centres| Axis::new(kind, &centres)).unwrap_or_else(|| Axis::counting(name, cells))
}

/// The values of the variable that is named as its one dimension.
fn coordinates(session: &Session, path: &Path, name: &str) -> Option<Vec<f64>> {
    let file = netcdf::open(path).ok()?;
    let own = file.variables().iter().any(|variable| variable.name == name && variable.shape.len() == 1);
    let values = session.compute(&file.array::<f64>(name).ok().filter(|_| own)?).ok()?;
    Some(values.into_iter().collect())
}

/// The years of the first and the last moment.
fn years(session: &Session, input: &Input, said: &Said) -> Option<String> {
    let time = said.dimensions.first()?;
    let year = |path: &Path, pick: fn(&[f64]) -> Option<&f64>| {
        let calendar = attribute_of(path, time, "calendar").unwrap_or_else(|| "standard".into());
        let as_ours = ["standard", "gregorian", "proleptic_gregorian"].contains(&calendar.as_str());
        let moments = coordinates(session, path, time)?;
        year_of(*pick(&moments)?, &attribute_of(path, time, "units")?).filter(|_| as_ours)
    };
    let (first, last) = (year(input.first(), <[f64]>::first)?, year(input.last(), <[f64]>::last)?);
    Some(if first == last { first.to_string() } else { format!("{first}-{last}") })
}

/// The Gregorian year of a moment in `units`, e.g. `days since 1800-01-01 00:00:00`.
fn year_of(moment: f64, units: &str) -> Option<i64> {
    let (unit, since) = units.split_once(" since ")?;
    let a_day = match unit.trim() {
        "days" | "day" => 1.0,
        "hours" | "hour" | "hr" | "h" => 24.0,
        "minutes" | "minute" | "min" => 1440.0,
        "seconds" | "second" | "sec" | "s" => 86_400.0,
        _ => return None,
    };
    let date = since.trim().split([' ', 'T']).next()?;
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let days = moment / a_day;
    let sane = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day) && days.abs() < 4e6;
    sane.then(|| year_of_day(day_number(year, month, day) + days.floor() as i64))
}

/// Days from 0000-03-01 in the proleptic Gregorian calendar (Howard Hinnant, `chrono`-compatible low-level date
/// algorithms, 2013).
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
}

/// The year that a day is in: the inverse of [`day_number`].
fn year_of_day(number: i64) -> i64 {
    // At least 365 days a year: the guess may be late, by one year in 1,500.
    let mut year = number.div_euclid(365);
    while day_number(year, 1, 1) > number {
        year -= 1;
    }
    year
}

/// A text attribute of a variable.
fn attribute_of(path: &Path, variable: &str, attribute: &str) -> Option<String> {
    let file = File::with_options().with_fapl(|access| access.file_locking(false)).open(path).ok()?;
    let variable = file.dataset(variable).ok()?;
    text(&variable, attribute)
}

fn text(location: &Location, name: &str) -> Option<String> {
    let attribute = location.attr(name).ok().filter(|attribute| attribute.size() == 1)?;
    let text = match attribute.dtype().ok()?.to_descriptor().ok()? {
        TypeDescriptor::VarLenUnicode => attribute.read_raw::<VarLenUnicode>().ok()?.first()?.to_string(),
        TypeDescriptor::VarLenAscii => attribute.read_raw::<VarLenAscii>().ok()?.first()?.to_string(),
        TypeDescriptor::FixedAscii(_) => attribute.read_raw::<FixedAscii<256>>().ok()?.first()?.to_string(),
        TypeDescriptor::FixedUnicode(_) => attribute.read_raw::<FixedUnicode<256>>().ok()?.first()?.to_string(),
        _ => return None,
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_follow_from_any_usual_unit() {
        assert_eq!(year_of(66_109.0, "days since 1800-01-01 00:00:00"), Some(1981));
        assert_eq!(year_of(66_108.0, "days since 1800-01-01 00:00:00"), Some(1980));
        assert_eq!(year_of(0.0, "seconds since 1981-01-01T00:00:00Z"), Some(1981));
        assert_eq!(year_of(-1.0, "seconds since 1981-01-01T00:00:00Z"), Some(1980));
        assert_eq!(year_of(8784.0, "hours since 2000-1-1"), Some(2001));
        assert_eq!(year_of(8783.0, "hours since 2000-1-1"), Some(2000));
        for units in ["days", "months since 2000-01-01", "days since then", "days since 2000-13-01"] {
            assert_eq!(year_of(1.0, units), None, "{units}");
        }
        assert_eq!(year_of(f64::NAN, "days since 2000-01-01"), None);
        // Every first and last day of 400 years.
        for year in 1800..2200 {
            assert_eq!(year_of_day(day_number(year, 1, 1)), year);
            assert_eq!(year_of_day(day_number(year, 12, 31)), year);
        }
    }

    #[test]
    fn titles_and_legends_use_the_files_words() {
        let sst = Said {
            name: "sst".into(),
            long_name: Some("Daily Sea Surface Temperature".into()),
            units: Some("degC".into()),
            ..Said::default()
        };
        let years = || Some("1981-2015".to_owned());
        assert_eq!(title(Workload::Mean, &sst, true, years()), "Average Global Ocean Temperature, 1981-2015");
        assert_eq!(
            title(Workload::AnomalyStd, &sst, true, years()),
            "Standard Deviation of Global Ocean Temperature, 1981-2015"
        );
        assert_eq!(sst.legend(Workload::Mean), "Temperature (°C)");
        assert_eq!(sst.legend(Workload::AnomalyStd), "Standard deviation (°C)");
        let ice = Said {
            name: "icec".into(),
            long_name: Some("Ice concentration".into()),
            units: Some("1".into()),
            ..Said::default()
        };
        assert_eq!(title(Workload::Mean, &ice, false, None), "Average Ice Concentration");
        assert_eq!(ice.legend(Workload::Mean), "Ice Concentration");
        let bare = Said { name: "surface_temperature".into(), units: Some("K".into()), ..Said::default() };
        assert_eq!(title(Workload::Mean, &bare, false, None), "Average Surface Temperature");
        assert_eq!(bare.legend(Workload::Mean), "Temperature (K)");
    }

    #[test]
    fn only_planes_are_drawn() {
        assert_eq!(plane(&[720, 1440]).unwrap(), (720, 1440));
        assert_eq!(plane(&[1, 1, 89, 180]).unwrap(), (89, 180));
        assert_eq!(plane(&[1, 5]).unwrap(), (1, 5));
        for shape in [&[][..], &[5], &[2, 3, 4], &[0, 4]] {
            assert!(plane(shape).unwrap_err().line().contains("--plot"), "{shape:?}");
        }
    }
}
