//! `days since 1800-01-01`: from numbers to moments.

use super::date::{DAY, HOUR, MINUTE, SECOND};
use super::{Calendar, DateTime};

/// How the numbers of a time coordinate are meant: a unit, a moment that they are counted from, a calendar.
///
/// ```
/// use thermocline::io::netcdf::TimeUnits;
///
/// let units = TimeUnits::parse("days since 1978-01-01 12:00:00", None)?;
/// assert_eq!(units.decode(16_003.0).unwrap().to_string(), "2021-10-25T12:00:00");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeUnits {
    step: i64,
    reference: DateTime,
}

impl TimeUnits {
    /// What the attributes `units` and `calendar` say; the calendar is the standard one where it is absent.
    ///
    /// Units are microseconds, milliseconds, seconds, minutes, hours, days and weeks, and their usual abbreviations;
    /// months only where all have the same length, and years where all have.
    ///
    /// # Errors
    /// Where they say something else: with what was expected.
    pub fn parse(units: &str, calendar: Option<&str>) -> Result<Self, String> {
        let calendar = match calendar {
            None => Calendar::Standard,
            Some(name) => Calendar::named(name).ok_or_else(|| {
                format!(
                    "calendar {name:?} is not known: expected standard, gregorian, proleptic_gregorian, julian, noleap, \
                     365_day, all_leap, 366_day or 360_day"
                )
            })?,
        };
        let mut words = units.trim().splitn(3, char::is_whitespace);
        let (Some(unit), Some(since), Some(reference)) = (words.next(), words.next(), words.next()) else {
            return Err(format!("units {units:?} are no time: expected e.g. \"days since 1800-01-01\""));
        };
        if !since.eq_ignore_ascii_case("since") {
            return Err(format!("units {units:?} are no time: expected e.g. \"days since 1800-01-01\""));
        }
        Ok(Self { step: step(unit, calendar)?, reference: DateTime::parse(calendar, reference)? })
    }

    /// The calendar.
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        self.reference.calendar()
    }

    /// The moment that a number means, to the nearest microsecond; none of NaN, and of what is too far away.
    #[must_use]
    pub fn decode(&self, number: f64) -> Option<DateTime> {
        // Whole units are exact, however many there are.
        let whole = number.trunc();
        if !(-9e18..9e18).contains(&whole) {
            return None;
        }
        let micros = (whole as i64).checked_mul(self.step)?;
        let part = ((number - whole) * self.step as f64).round() as i64;
        let moment = self.reference.plus(micros.checked_add(part)?)?;
        // So far that the year still fits.
        (moment.micros().abs() < i64::MAX / 2).then_some(moment)
    }

    /// The number that means a moment of the same calendar.
    ///
    /// What it gives for a moment of another calendar means nothing.
    ///
    /// ```
    /// use thermocline::io::netcdf::{DateTime, TimeUnits};
    ///
    /// let units = TimeUnits::parse("hours since 2001-01-01", Some("360_day"))?;
    /// let moment = DateTime::parse(units.calendar(), "2001-02-30T06:00")?;
    /// assert_eq!(units.encode(moment), 1422.0);
    /// assert_eq!(units.decode(1422.0), Some(moment));
    /// assert_eq!(units.decode(f64::NAN), None);
    /// # Ok::<(), String>(())
    /// ```
    #[must_use]
    pub fn encode(&self, moment: DateTime) -> f64 {
        let micros = moment.micros().saturating_sub(self.reference.micros());
        let (whole, part) = (micros.div_euclid(self.step), micros.rem_euclid(self.step));
        whole as f64 + part as f64 / self.step as f64
    }
}

/// The microseconds of a unit.
fn step(unit: &str, calendar: Calendar) -> Result<i64, String> {
    let unit = unit.to_ascii_lowercase();
    let refuse = |why: &str| Err(format!("time unit {unit:?} has no fixed length in calendar {calendar}: {why}"));
    Ok(match unit.as_str() {
        "microsecond" | "microseconds" | "microsec" | "microsecs" | "us" => 1,
        "millisecond" | "milliseconds" | "millisec" | "millisecs" | "msec" | "msecs" | "ms" => 1_000,
        "second" | "seconds" | "sec" | "secs" | "s" => SECOND,
        "minute" | "minutes" | "min" | "mins" => MINUTE,
        "hour" | "hours" | "hr" | "hrs" | "h" => HOUR,
        "day" | "days" | "d" => DAY,
        "week" | "weeks" => 7 * DAY,
        "month" | "months" if calendar == Calendar::Day360 => 30 * DAY,
        "month" | "months" => return refuse("only those of 360_day have"),
        "year" | "years" | "common_year" | "common_years" => match calendar {
            Calendar::Day360 => 360 * DAY,
            Calendar::NoLeap => 365 * DAY,
            Calendar::AllLeap => 366 * DAY,
            _ => return refuse("only those of 360_day, noleap and all_leap have"),
        },
        _ => {
            return Err(format!(
                "time unit {unit:?} is not known: expected microseconds, milliseconds, seconds, minutes, hours, days or \
                 weeks"
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(units: &str, calendar: &str, number: f64) -> String {
        TimeUnits::parse(units, Some(calendar)).unwrap().decode(number).unwrap().to_string()
    }

    /// Values from cftime 1.6.6: `num2date(number, units, calendar)`.
    #[test]
    fn numbers_are_the_moments_that_cftime_makes_of_them() {
        for (units, calendar, number, expected) in [
            ("days since 1800-01-01", "proleptic_gregorian", 80_566.0, "2020-08-01"),
            ("seconds since 1981-01-01 00:00:00", "gregorian", 757_382_400.0, "2005-01-01"),
            ("seconds since 1900-01-01 00:00:00", "360_day", 3_578_256_000.0, "2015-01-16"),
            ("hours since 1970-01-01 00:00:00", "gregorian", 318_684.5, "2006-05-10T12:30:00"),
            ("days since 1582-10-04", "standard", 1.0, "1582-10-15"),
            ("days since 1582-10-04", "proleptic_gregorian", 1.0, "1582-10-05"),
            ("days since 0001-01-01", "standard", 730_120.0, "1999-12-31"),
            ("days since 0001-01-01", "proleptic_gregorian", 730_119.0, "2000-01-01"),
            ("days since 2000-02-28", "noleap", 1.0, "2000-03-01"),
            ("days since 2001-02-28", "all_leap", 1.0, "2001-02-29"),
            ("days since 1900-02-28", "julian", 1.0, "1900-02-29"),
            ("months since 2000-01-01", "360_day", 14.5, "2001-03-16"),
            ("milliseconds since 1970-01-01", "standard", 1.5, "1970-01-01T00:00:00.001500"),
            ("days since 2000-01-01", "standard", -0.25, "1999-12-31T18:00:00"),
        ] {
            assert_eq!(decoded(units, calendar, number), expected, "{number} {units} ({calendar})");
        }
    }

    #[test]
    fn numbers_go_there_and_back() {
        for (units, calendar) in [("days since 1800-01-01", "standard"), ("hours since 1850-06-01 06:00", "noleap")] {
            let units = TimeUnits::parse(units, Some(calendar)).unwrap();
            for number in [0.0, 1.0, 0.5, -3.25, 80_566.0, 219_146.0 + 1.0 / 8.0] {
                assert_eq!(units.encode(units.decode(number).unwrap()), number, "{number}");
            }
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (units, calendar, part) in [
            ("degC", None, "expected e.g."),
            ("days after 2000-01-01", None, "expected e.g."),
            ("fortnights since 2000-01-01", None, "not known"),
            ("months since 2000-01-01", None, "no fixed length"),
            ("days since yesterday", None, "2005-01-31"),
            ("days since 2000-01-01", Some("mayan"), "360_day"),
        ] {
            let error = TimeUnits::parse(units, calendar).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let units = TimeUnits::parse("days since 2000-01-01", None).unwrap();
        for number in [f64::NAN, f64::INFINITY, 1e300, -1e12] {
            assert_eq!(units.decode(number), None, "{number}");
        }
    }
}
