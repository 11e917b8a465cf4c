//! Texts that name moments, and the spans of time that they leave open.

use super::date::{DAY, HOUR, MINUTE, SECOND};
use super::{Calendar, DateTime};

/// What a text that may leave out its end stands for: `2005-01` is a month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    /// Its first moment.
    pub(crate) first: DateTime,
    /// The first moment after it.
    pub(crate) after: DateTime,
}

impl Span {
    pub(crate) fn parse(calendar: Calendar, text: &str) -> Result<Self, String> {
        let expected = "expected a date like 2005, 2005-01, 2005-01-31 or 2005-01-31T12:30:05";
        let mut rest = Rest(text.trim());
        let parsed = Self::parse_date(calendar, &mut rest).and_then(|span| span.parse_time(&mut rest));
        match parsed {
            Some(span) if rest.0.is_empty() => Ok(span),
            _ => Err(format!("{text:?} is no date of calendar {calendar}: {expected}")),
        }
    }

    fn parse_date(calendar: Calendar, rest: &mut Rest<'_>) -> Option<Self> {
        let sign = if rest.take('-') { -1 } else { 1 };
        let year = sign * rest.number(6)?;
        let next = |year, month| if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        let at = |(year, month), day| DateTime::new(calendar, year, month, day);
        if !rest.take('-') {
            return Some(Self { first: at((year, 1), 1)?, after: at((year + 1, 1), 1)? });
        }
        let month = rest.number(2)? as u8;
        if !rest.take('-') {
            return Some(Self { first: at((year, month), 1)?, after: at(next(year, month), 1)? });
        }
        let first = at((year, month), rest.number(2)? as u8)?;
        Some(Self { first, after: first.plus(DAY)? })
    }

    /// A time of day and an offset from UTC, if there are.
    fn parse_time(self, rest: &mut Rest<'_>) -> Option<Self> {
        rest.0 = rest.0.trim_start();
        rest.take('T');
        let whole_day = self.after.micros() - self.first.micros() == DAY;
        if !whole_day || !rest.0.starts_with(|digit: char| digit.is_ascii_digit()) {
            return self.shifted(rest);
        }
        let (mut micros, mut length) = (rest.number(2).filter(|&hour| hour < 24)? * HOUR, HOUR);
        if rest.take(':') {
            (micros, length) = (micros + rest.number(2).filter(|&minute| minute < 60)? * MINUTE, MINUTE);
            if rest.take(':') {
                (micros, length) = (micros + rest.number(2).filter(|&second| second < 60)? * SECOND, SECOND);
                if rest.take('.') {
                    (micros, length) = (micros + rest.fraction()?, 1);
                }
            }
        }
        let first = self.first.plus(micros)?;
        Self { first, after: first.plus(length)? }.shifted(rest)
    }

    fn shifted(self, rest: &mut Rest<'_>) -> Option<Self> {
        rest.0 = rest.0.trim_start();
        for zone in ["UTC", "GMT", "Z", "utc", "z"] {
            if let Some(after) = rest.0.strip_prefix(zone) {
                rest.0 = after;
                break;
            }
        }
        let sign = if rest.take('+') {
            -1
        } else if rest.take('-') {
            1
        } else {
            return Some(self);
        };
        let hours = rest.number(2)?;
        rest.take(':');
        let minutes = if rest.0.is_empty() { 0 } else { rest.number(2)? };
        let shift = sign * (hours * HOUR + minutes * MINUTE);
        Some(Self { first: self.first.plus(shift)?, after: self.after.plus(shift)? })
    }
}

/// What is left of a text.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn take(&mut self, sign: char) -> bool {
        let after = self.0.strip_prefix(sign);
        self.0 = after.unwrap_or(self.0);
        after.is_some()
    }

    /// A number of at most so many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let count = self.0.bytes().take_while(u8::is_ascii_digit).count().min(digits);
        let (number, rest) = self.0.split_at(count);
        self.0 = rest;
        number.parse().ok()
    }

    /// The digits of a fraction of a second, in microseconds; further ones are dropped.
    fn fraction(&mut self) -> Option<i64> {
        let count = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        format!("{digits:0<6}").get(..6)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> (String, String) {
        let span = Span::parse(Calendar::Standard, text).unwrap();
        (span.first.to_string(), span.after.to_string())
    }

    #[test]
    fn a_text_stands_for_all_that_it_leaves_open() {
        for (text, first, after) in [
            ("1998", "1998-01-01", "1999-01-01"),
            ("1998-12", "1998-12-01", "1999-01-01"),
            ("2004-2-28", "2004-02-28", "2004-02-29"),
            ("2004-02-28T23", "2004-02-28T23:00:00", "2004-02-29"),
            ("2004-02-28 23:59", "2004-02-28T23:59:00", "2004-02-29"),
            ("2004-02-28 23:59:59.5", "2004-02-28T23:59:59.500000", "2004-02-28T23:59:59.500001"),
            ("-44-03-15", "-0044-03-15", "-0044-03-16"),
            ("1582-10-04", "1582-10-04", "1582-10-15"),
        ] {
            assert_eq!(span(text), (first.to_owned(), after.to_owned()), "{text}");
        }
    }

    #[test]
    fn references_are_written_in_many_ways() {
        for text in [
            "1800-01-01",
            "1800-1-1",
            "1800-01-01 00:00:0.0",
            "1800-01-01 00:00:00 UTC",
            "1800-01-01T00:00:00Z",
            "1800-01-01 00:00:00 +00:00",
            "1800-01-01 00:00:00 +0:00",
            "1800-01-01 02:30 +0230",
            "1799-12-31 19:00 -5",
        ] {
            assert_eq!(DateTime::parse(Calendar::Standard, text).unwrap().to_string(), "1800-01-01", "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused_with_what_was_expected() {
        for text in
            ["", "monday", "2005-13", "2005-02-30", "2005-01-01T25", "2005-01-01 12:61", "2005-01-01x", "2005-01x"]
        {
            let error = DateTime::parse(Calendar::ProlepticGregorian, text).unwrap_err();
            assert!(error.contains("2005-01-31") && error.contains(&format!("{text:?}")), "{error}");
        }
        assert!(DateTime::parse(Calendar::Day360, "2005-02-30").is_ok());
        assert!(DateTime::parse(Calendar::Day360, "2005-01-31").is_err());
    }
}
