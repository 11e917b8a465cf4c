//! Moments, and the texts that name them.

use std::cmp::Ordering;
use std::fmt;

use super::Calendar;
use super::span::Span;

pub(super) const SECOND: i64 = 1_000_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// A moment in a calendar, to the microsecond.
///
/// Moments of one calendar are ordered; those of two can't be compared.
///
/// ```
/// use thermocline::io::netcdf::{Calendar, DateTime, Season};
///
/// let leap_day = DateTime::new(Calendar::Standard, 2004, 2, 29).unwrap();
/// assert_eq!(leap_day.to_string(), "2004-02-29");
/// assert_eq!((leap_day.day_of_year(), leap_day.season()), (60, Season::DJF));
/// assert!(DateTime::new(Calendar::NoLeap, 2004, 2, 29).is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    calendar: Calendar,
    micros: i64,
}

impl DateTime {
    /// The first moment of a day; none where the calendar has no such day.
    #[must_use]
    pub fn new(calendar: Calendar, year: i64, month: u8, day: u8) -> Option<Self> {
        let micros = calendar.number(year, month, day)?.checked_mul(DAY)?;
        Some(Self { calendar, micros })
    }

    /// The moment so many microseconds after the first one of 1970.
    #[must_use]
    pub fn from_micros(calendar: Calendar, micros: i64) -> Self {
        Self { calendar, micros }
    }

    /// Microseconds since the first moment of 1970 in its calendar.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.micros
    }

    /// Its calendar.
    #[must_use]
    pub fn calendar(self) -> Calendar {
        self.calendar
    }

    fn date(self) -> (i64, u8, u8) {
        self.calendar.date(self.micros.div_euclid(DAY))
    }

    /// The year, as astronomers count: 0 comes before 1.
    #[must_use]
    pub fn year(self) -> i64 {
        self.date().0
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.date().1
    }

    /// The day of the month, from 1 on.
    #[must_use]
    pub fn day(self) -> u8 {
        self.date().2
    }

    /// The day of the year, from 1 on.
    #[must_use]
    pub fn day_of_year(self) -> u16 {
        let first = self.calendar.number(self.year(), 1, 1).unwrap_or_default();
        (self.micros.div_euclid(DAY) - first + 1) as u16
    }

    /// The season.
    #[must_use]
    pub fn season(self) -> Season {
        Season::of_month(self.month())
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub fn hour(self) -> u8 {
        (self.micros.rem_euclid(DAY) / HOUR) as u8
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub fn minute(self) -> u8 {
        (self.micros.rem_euclid(HOUR) / MINUTE) as u8
    }

    /// The second, 0 to 59.
    #[must_use]
    pub fn second(self) -> u8 {
        (self.micros.rem_euclid(MINUTE) / SECOND) as u8
    }

    /// The microsecond within the second.
    #[must_use]
    pub fn microsecond(self) -> u32 {
        self.micros.rem_euclid(SECOND) as u32
    }

    /// The moment that a text names in `calendar`: `2005`, `2005-01`, `2005-01-31`, `2005-01-31T12:30:05.25`, with a
    /// space for the `T` if you like, and with `Z`, `UTC` or an offset from it at the end. What is left out is the least.
    ///
    /// ```
    /// use thermocline::io::netcdf::{Calendar, DateTime};
    ///
    /// let time = DateTime::parse(Calendar::NoLeap, "2005-01-31 12:30:05.25")?;
    /// assert_eq!((time.year(), time.month(), time.day()), (2005, 1, 31));
    /// assert_eq!((time.hour(), time.minute(), time.second(), time.microsecond()), (12, 30, 5, 250_000));
    /// assert_eq!(DateTime::from_micros(time.calendar(), time.micros()), time);
    /// let new_year = DateTime::parse(Calendar::NoLeap, "2005-01-01T00:00:00+01:00")?;
    /// assert_eq!(new_year.to_string(), "2004-12-31T23:00:00");
    /// assert!(new_year < time);
    /// assert!(DateTime::parse(Calendar::NoLeap, "2004-02-29").is_err());
    /// # Ok::<(), String>(())
    /// ```
    ///
    /// # Errors
    /// Where it is something else, or no day of the calendar: with what was expected.
    pub fn parse(calendar: Calendar, text: &str) -> Result<Self, String> {
        Ok(Span::parse(calendar, text)?.first)
    }
}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self.calendar == other.calendar).then(|| self.micros.cmp(&other.micros))
    }
}

/// `2004-02-29`, with `T12:30:00` where it is not the first moment of the day.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        if year < 0 {
            write!(f, "-{:04}-{month:02}-{day:02}", -year)?;
        } else {
            write!(f, "{year:04}-{month:02}-{day:02}")?;
        }
        if self.micros.rem_euclid(DAY) == 0 {
            return Ok(());
        }
        write!(f, "T{:02}:{:02}:{:02}", self.hour(), self.minute(), self.second())?;
        match self.microsecond() {
            0 => Ok(()),
            micros => write!(f, ".{micros:06}"),
        }
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({})", self.calendar)
    }
}

/// Three months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Season {
    /// December, January, February: also the December of the same year.
    DJF,
    /// March, April, May.
    MAM,
    /// June, July, August.
    JJA,
    /// September, October, November.
    SON,
}

impl Season {
    pub(crate) const ALL: [Self; 4] = [Self::DJF, Self::MAM, Self::JJA, Self::SON];

    fn of_month(month: u8) -> Self {
        Self::ALL[usize::from(month % 12) / 3]
    }
}

impl fmt::Display for Season {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl DateTime {
    pub(super) fn plus(self, micros: i64) -> Option<Self> {
        Some(Self { micros: self.micros.checked_add(micros)?, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_two_calendars_have_no_order() {
        let [a, b] =
            [Calendar::Standard, Calendar::Julian].map(|calendar| DateTime::new(calendar, 2000, 1, 1).unwrap());
        assert_eq!(a.partial_cmp(&b), None);
        assert!(a < a.plus(1).unwrap());
    }

    #[test]
    fn seasons_are_three_months_each() {
        let season = |month| DateTime::new(Calendar::Standard, 2001, month, 1).unwrap().season();
        assert_eq!([12, 1, 2].map(season), [Season::DJF; 3]);
        assert_eq!([3, 5, 6, 8, 9, 11].map(season).map(|season| season.to_string()).concat(), "MAMMAMJJAJJASONSON");
    }
}
