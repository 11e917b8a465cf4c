//! Amounts of memory, as people write them.
//!
//! [`ByteSize`] is a number of bytes: `"4GiB"`, `"500 MB"`, `"1024"`. [`Amount`] is either that or a share
//! of what is available: `"25%"`. Binary units (`KiB`, `MiB`, `GiB`, `TiB`) are powers of 1024, decimal
//! ones (`kB`, `MB`, `GB`, `TB`) powers of 1000; a bare number is bytes. Units may be written in any case.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// A number of bytes that parses and prints in the usual units.
///
/// ```
/// use thermocline::ByteSize;
///
/// let size: ByteSize = "4GiB".parse()?;
/// assert_eq!(size.bytes(), 4 << 30);
/// assert_eq!(size.to_string(), "4 GiB");
/// assert_eq!("500 MB".parse::<ByteSize>()?.bytes(), 500_000_000);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// A size of `bytes` bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl From<u64> for ByteSize {
    fn from(bytes: u64) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        for (unit, size) in UNITS {
            if self.0 >= size {
                let value = self.0 as f64 / size as f64;
                let text = format!("{value:.2}");
                let text = text.trim_end_matches('0').trim_end_matches('.');
                return f.pad(&format!("{text} {unit}"));
            }
        }
        f.pad(&format!("{} B", self.0))
    }
}

impl FromStr for ByteSize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse_bytes(text).map(Self).ok_or_else(|| bad_size(text))
    }
}

/// A number of bytes, or a share of what is available.
///
/// ```
/// use thermocline::{Amount, ByteSize};
///
/// assert_eq!("25%".parse::<Amount>()?, Amount::Share(0.25));
/// assert_eq!("1 KiB".parse::<Amount>()?, Amount::Bytes(ByteSize::new(1024)));
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// So many bytes.
    Bytes(ByteSize),
    /// This share (above 0, at most 1) of what is available.
    Share(f64),
}

impl Amount {
    /// The bytes this amounts to where `available` bytes are available.
    #[must_use]
    pub fn of(self, available: ByteSize) -> ByteSize {
        match self {
            Self::Bytes(size) => size,
            Self::Share(share) => ByteSize((available.0 as f64 * share) as u64),
        }
    }
}

impl From<ByteSize> for Amount {
    fn from(size: ByteSize) -> Self {
        Self::Bytes(size)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(size) => size.fmt(f),
            Self::Share(share) => write!(f, "{}%", share * 100.0),
        }
    }
}

impl FromStr for Amount {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let Some(number) = text.trim().strip_suffix('%') else {
            return text.parse().map(Self::Bytes);
        };
        match number.trim().parse::<f64>() {
            Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(Self::Share(percent / 100.0)),
            _ => Err(bad_size(text)),
        }
    }
}

fn bad_size(text: &str) -> Error {
    Error::BadSize { found: text.to_owned() }
}

fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" | "k" => 1 << 10,
        "mib" | "m" => 1 << 20,
        "gib" | "g" => 1 << 30,
        "tib" | "t" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(scale);
    }
    let bytes = number.parse::<f64>().ok()? * scale as f64;
    (bytes.is_finite() && bytes < u64::MAX as f64).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Option<u64> {
        text.parse::<ByteSize>().ok().map(ByteSize::bytes)
    }

    #[test]
    fn sizes_parse_in_every_unit() {
        assert_eq!(bytes("0"), Some(0));
        assert_eq!(bytes(" 17 "), Some(17));
        assert_eq!(bytes("1.5KiB"), Some(1536));
        assert_eq!(bytes("500 MB"), Some(500_000_000));
        assert_eq!(bytes("2gib"), Some(2 << 30));
        assert_eq!(bytes("18446744073709551615"), Some(u64::MAX));
    }

    #[test]
    fn nonsense_is_refused_with_what_was_found() {
        for text in ["", "GiB", "-1", "1e9", "4 GiBs", "17 TiB 3", "99999999999999999999", "30000000TiB"] {
            let error = text.parse::<ByteSize>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
        for text in ["0%", "101%", "-5%", "NaN%", "%"] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_print_and_parse_back() {
        for size in [0, 1, 1023, 1024, 1 << 20, 3 << 29, 5 << 40] {
            let text = ByteSize::new(size).to_string();
            assert_eq!(bytes(&text), Some(size), "{text}");
        }
    }

    #[test]
    fn a_share_is_taken_of_what_is_available() {
        let half: Amount = "50%".parse().unwrap();
        assert_eq!(half.of(ByteSize::new(1000)), ByteSize::new(500));
    }
}
