//! Calendars of the CF conventions (section 4.4.1), and days counted in them.
//!
//! Years are counted as astronomers do: the year 0 is there, and is leap where every fourth year is.

use std::fmt;

/// Days before each month, of a year that is not leap.
const BEFORE: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// From year 0 of the Gregorian calendar to year 0 of the Julian one.
const JULIAN_OFFSET: i64 = -2;

/// The first day of the Gregorian calendar in the standard one, and the day after the last Julian one.
const REFORM: ((i64, u8, u8), (i64, u8, u8)) = ((1582, 10, 15), (1582, 10, 5));

/// Which days there are.
///
/// ```
/// use thermocline::io::netcdf::Calendar;
///
/// assert_eq!(Calendar::named("365_day"), Some(Calendar::NoLeap));
/// assert_eq!(Calendar::NoLeap.days_in_month(2000, 2), 28);
/// assert_eq!(Calendar::Day360.days_in_year(2000), 360);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Calendar {
    /// The Gregorian calendar from 15 October 1582 on, the day before which was 4 October 1582 of the Julian one.
    Standard,
    /// The Gregorian calendar at all times.
    ProlepticGregorian,
    /// The Julian calendar at all times: every fourth year is leap.
    Julian,
    /// No year is leap.
    NoLeap,
    /// Every year is leap.
    AllLeap,
    /// Twelve months of 30 days.
    Day360,
}

impl Calendar {
    /// The calendar that the attribute `calendar` names.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let names: [(Self, &[&str]); 6] = [
            (Self::Standard, &["standard", "gregorian"]),
            (Self::ProlepticGregorian, &["proleptic_gregorian"]),
            (Self::Julian, &["julian"]),
            (Self::NoLeap, &["noleap", "365_day"]),
            (Self::AllLeap, &["all_leap", "366_day"]),
            (Self::Day360, &["360_day"]),
        ];
        names
            .into_iter()
            .find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
            .map(|(found, _)| found)
    }

    /// Its name in the CF conventions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::ProlepticGregorian => "proleptic_gregorian",
            Self::Julian => "julian",
            Self::NoLeap => "noleap",
            Self::AllLeap => "all_leap",
            Self::Day360 => "360_day",
        }
    }

    /// The days of a month, 1 to 12; none of any other.
    ///
    /// In October 1582 of the standard calendar days are missing; its last day is the 31st all the same.
    #[must_use]
    pub fn days_in_month(self, year: i64, month: u8) -> u8 {
        match (self, month) {
            (Self::Day360, 1..=12) => 30,
            (_, 2) if self.is_leap(year) => 29,
            (_, 1..=12) => (BEFORE[month as usize] - BEFORE[month as usize - 1]) as u8,
            _ => 0,
        }
    }

    /// The days of a year.
    #[must_use]
    pub fn days_in_year(self, year: i64) -> u16 {
        match self {
            Self::Day360 => 360,
            // Ten days were left out.
            Self::Standard if year == REFORM.0.0 => 355,
            _ => 365 + u16::from(self.is_leap(year)),
        }
    }

    /// Whether a year is leap.
    ///
    /// ```
    /// use thermocline::io::netcdf::Calendar;
    ///
    /// let leap = |calendar: Calendar| calendar.is_leap(1900);
    /// assert_eq!([Calendar::Standard, Calendar::Julian, Calendar::AllLeap].map(leap), [false, true, true]);
    /// assert_eq!(Calendar::Standard.days_in_year(1582), 355); // ten days were left out
    /// assert_eq!(Calendar::named("Gregorian").map(Calendar::name), Some("standard"));
    /// ```
    #[must_use]
    pub fn is_leap(self, year: i64) -> bool {
        let fourth = year.rem_euclid(4) == 0;
        let gregorian = fourth && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
        match self {
            Self::ProlepticGregorian => gregorian,
            Self::Julian => fourth,
            Self::Standard => {
                if year < REFORM.0.0 {
                    fourth
                } else {
                    gregorian
                }
            }
            Self::AllLeap => true,
            Self::NoLeap | Self::Day360 => false,
        }
    }

    /// The number of a day, counted from 1 January 1970 of the calendar; none where there is no such day.
    pub(super) fn number(self, year: i64, month: u8, day: u8) -> Option<i64> {
        // Far beyond what microseconds in 64 bits reach, and far from overflow here.
        let sound = year.abs() < 1_000_000 && (1..=self.days_in_month(year, month)).contains(&day);
        let date = (year, month, day);
        if !sound || (self == Self::Standard && (REFORM.1..REFORM.0).contains(&date)) {
            return None;
        }
        Some(self.since_year_0(date) - self.since_year_0((1970, 1, 1)))
    }

    /// The year, month and day of a number.
    pub(super) fn date(self, number: i64) -> (i64, u8, u8) {
        let number = number + self.since_year_0((1970, 1, 1));
        match self {
            Self::Standard if number < Self::Standard.since_year_0(REFORM.0) => {
                Self::Julian.date_since_year_0(number - JULIAN_OFFSET)
            }
            Self::Standard => Self::ProlepticGregorian.date_since_year_0(number),
            _ => self.date_since_year_0(number),
        }
    }

    /// Days since 1 January of the year 0; for the standard calendar that of the Gregorian one.
    fn since_year_0(self, date: (i64, u8, u8)) -> i64 {
        match self {
            Self::Standard if date < REFORM.0 => Self::Julian.since_year_0(date) + JULIAN_OFFSET,
            Self::Standard => Self::ProlepticGregorian.since_year_0(date),
            _ => self.before_year(date.0) + self.before_month(date.0, date.1) + i64::from(date.2) - 1,
        }
    }

    fn date_since_year_0(self, number: i64) -> (i64, u8, u8) {
        // Near enough to be right in a step or two.
        let mut year = number.div_euclid(366);
        year += (number - self.before_year(year)).div_euclid(366);
        while self.before_year(year + 1) <= number {
            year += 1;
        }
        while self.before_year(year) > number {
            year -= 1;
        }
        let rest = number - self.before_year(year);
        let month =
            (1..12).rev().find(|&before| self.before_month(year, before + 1) <= rest).map_or(1, |found| found + 1);
        (year, month, (rest - self.before_month(year, month) + 1) as u8)
    }

    /// Days of the years from 0 up to, but without, `year`.
    fn before_year(self, year: i64) -> i64 {
        let multiples = |of: i64| (year + of - 1).div_euclid(of);
        match self {
            Self::Day360 => 360 * year,
            Self::NoLeap => 365 * year,
            Self::AllLeap => 366 * year,
            Self::Julian => 365 * year + multiples(4),
            Self::Standard | Self::ProlepticGregorian => 365 * year + multiples(4) - multiples(100) + multiples(400),
        }
    }

    fn before_month(self, year: i64, month: u8) -> i64 {
        let whole = i64::from(month) - 1;
        match self {
            Self::Day360 => 30 * whole,
            _ => BEFORE[whole as usize] + i64::from(month > 2 && self.is_leap(year)),
        }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Calendar; 6] = [
        Calendar::Standard,
        Calendar::ProlepticGregorian,
        Calendar::Julian,
        Calendar::NoLeap,
        Calendar::AllLeap,
        Calendar::Day360,
    ];

    /// The length of a month by the rules as one says them.
    fn length(calendar: Calendar, year: i64, month: u8) -> u8 {
        let gregorian = match calendar {
            Calendar::Standard => year > 1582,
            other => other == Calendar::ProlepticGregorian,
        };
        let leap = match calendar {
            Calendar::NoLeap => false,
            Calendar::AllLeap => true,
            _ => year % 4 == 0 && !(gregorian && year % 100 == 0 && year % 400 != 0),
        };
        match month {
            _ if calendar == Calendar::Day360 => 30,
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// Day by day from the year -12 to 2500, and back from the numbers to the days.
    #[test]
    fn days_are_counted_as_a_plain_loop_counts_them() {
        for calendar in ALL {
            let (mut year, mut month, mut day) = (-12, 1, 1);
            let mut number = calendar.number(year, month, day).unwrap();
            while year < 2500 {
                assert_eq!(calendar.number(year, month, day), Some(number), "{calendar} {year}-{month}-{day}");
                assert_eq!(calendar.date(number), (year, month, day), "{calendar} {number}");
                assert_eq!(number == 0, (year, month, day) == (1970, 1, 1));
                number += 1;
                day += 1;
                if day > length(calendar, year, month) {
                    (month, day) = (month + 1, 1);
                }
                if month > 12 {
                    (year, month) = (year + 1, 1);
                }
                if calendar == Calendar::Standard && (year, month, day) == (1582, 10, 5) {
                    day = 15;
                }
            }
        }
    }

    #[test]
    fn a_year_has_the_days_of_its_months() {
        for calendar in ALL {
            for year in [-400, -1, 0, 4, 100, 1500, 1581, 1583, 1900, 2000, 2004, 2100] {
                let days: u16 = (1..=12).map(|month| u16::from(calendar.days_in_month(year, month))).sum();
                assert_eq!(days, calendar.days_in_year(year), "{calendar} {year}");
                let next = calendar.number(year + 1, 1, 1).unwrap() - calendar.number(year, 1, 1).unwrap();
                assert_eq!(next, i64::from(days), "{calendar} {year}");
            }
        }
        let standard = |year| Calendar::Standard.number(year, 1, 1).unwrap();
        assert_eq!(standard(1583) - standard(1582), i64::from(Calendar::Standard.days_in_year(1582)));
    }

    #[test]
    fn days_that_there_are_not_have_no_number() {
        for day in 5..15 {
            assert_eq!(Calendar::Standard.number(1582, 10, day), None);
            assert!(Calendar::ProlepticGregorian.number(1582, 10, day).is_some());
        }
        assert_eq!(Calendar::NoLeap.number(2000, 2, 29), None);
        assert!(Calendar::Day360.number(2001, 2, 30).is_some());
        for (month, day) in [(0, 1), (13, 1), (1, 0), (4, 31)] {
            assert_eq!(Calendar::ProlepticGregorian.number(2000, month, day), None);
        }
        assert_eq!(Calendar::AllLeap.number(i64::MAX, 1, 1), None);
    }

    #[test]
    fn far_days_are_right_too() {
        for calendar in ALL {
            for number in [-106_000_000, -2_000_000, 2_000_000, 106_000_000] {
                let (year, month, day) = calendar.date(number);
                assert_eq!(calendar.number(year, month, day), Some(number), "{calendar} {year}");
            }
        }
    }

    #[test]
    fn names_are_those_of_the_conventions() {
        for calendar in ALL {
            assert_eq!(Calendar::named(calendar.name()), Some(calendar));
        }
        assert_eq!(Calendar::named("Gregorian"), Some(Calendar::Standard));
        assert_eq!(Calendar::named("none"), None);
    }
}
