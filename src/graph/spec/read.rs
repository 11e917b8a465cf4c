//! JSON as values.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{Datum, MAX_DEPTH, deep};
use crate::error::{Error, Result};

impl Datum {
    /// Reads a value from JSON.
    ///
    /// ```
    /// use thermocline::graph::spec::Datum;
    ///
    /// assert_eq!(Datum::from_json("[1, 2.5]")?, Datum::list([1.into(), 2.5.into()]));
    /// let error = Datum::from_json("[1,\n 9223372036854775808]").unwrap_err();
    /// assert_eq!(error.to_string(), "JSON, line 2, column 2: 9223372036854775808 is no 64-bit integer; write it as a float");
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Json`]: text that is no JSON, integers outside of `i64`, a key twice, more than 1,000 levels.
    pub fn from_json(text: &str) -> Result<Self> {
        let text = survey(text)?;
        let mut reader = serde_json::Deserializer::from_str(&text);
        // The survey has counted the levels.
        reader.disable_recursion_limit();
        let value = AnyDatum.deserialize(&mut reader).map_err(|error| syntax(&error))?;
        reader.end().map_err(|error| syntax(&error))?;
        Ok(value)
    }
}

fn syntax(error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let problem = text.rsplit_once(" at line ").map_or(&*text, |(problem, _)| problem);
    Error::Json { line: error.line() as u64, column: error.column() as u64, problem: problem.to_owned() }
}

/// Finds what a reader would make too much or something else of: levels beyond any stack, integers that would become
/// floats. Gives the text to be read: without signs of integers that are 0, which would become floats, too.
fn survey(text: &str) -> Result<Cow<'_, str>> {
    let bytes = text.as_bytes();
    let (mut at, mut levels) = (0, 0_u32);
    let mut signs = Vec::new();
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = after_string(bytes, at),
            b'[' | b'{' => {
                levels += 1;
                if levels >= MAX_DEPTH {
                    return Err(located(text, at, format!("nested {MAX_DEPTH} deep, expected less")));
                }
                at += 1;
            }
            b']' | b'}' => {
                levels = levels.saturating_sub(1);
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let number = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let len = bytes[at..].iter().take_while(|byte| number(byte)).count();
                check_integer(text, at, &text[at..at + len])?;
                if &text[at..at + len] == "-0" {
                    signs.push(at);
                }
                at += len;
            }
            _ => at += 1,
        }
    }
    if signs.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    let mut unsigned = text.to_owned();
    for at in signs {
        unsigned.replace_range(at..=at, " ");
    }
    Ok(Cow::Owned(unsigned))
}

/// The place after the string that begins at `at`.
fn after_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

fn check_integer(text: &str, at: usize, number: &str) -> Result<()> {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if integer && number.parse::<i64>().is_err() {
        let shown: String = number.chars().take(40).collect();
        let more = if shown.len() < number.len() { "…" } else { "" };
        return Err(located(text, at, format!("{shown}{more} is no 64-bit integer; write it as a float")));
    }
    Ok(())
}

fn located(text: &str, at: usize, problem: String) -> Error {
    let before = &text.as_bytes()[..at];
    let line = text[..at].matches('\n').count() as u64 + 1;
    let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() as u64 + 1;
    Error::Json { line, column, problem }
}

/// Reads any value.
struct AnyDatum;

impl<'de> DeserializeSeed<'de> for AnyDatum {
    type Value = Datum;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Datum, D::Error> {
        deep(|| deserializer.deserialize_any(self))
    }
}

impl<'de> Visitor<'de> for AnyDatum {
    type Value = Datum;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Datum, E> {
        Ok(Datum::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Datum, E> {
        Ok(Datum::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Datum, E> {
        Ok(Datum::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Datum, E> {
        let value = i64::try_from(value).map_err(|_| E::custom(format_args!("{value} is no 64-bit integer")))?;
        Ok(Datum::Int(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Datum, E> {
        Ok(Datum::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Datum, E> {
        Ok(Datum::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Datum, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(AnyDatum)? {
            list.push(item);
        }
        Ok(Datum::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Datum, A::Error> {
        let (mut map, mut seen) = (Vec::new(), HashSet::new());
        while let Some(key) = entries.next_key::<String>()? {
            let key: Arc<str> = key.into();
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format_args!("key {} is there twice", super::suggest::shortened(&key))));
            }
            map.push((key, entries.next_value_seed(AnyDatum)?));
        }
        Ok(Datum::map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        Datum::from_json(text).unwrap_err().to_string()
    }

    #[test]
    fn numbers_keep_their_kind() {
        let value = Datum::from_json("[1, 1.0, 1e3, -0, -0.0, -9223372036854775808, 1e-400]").unwrap();
        assert_eq!(Datum::from_json("2.18446744073709551616").unwrap(), Datum::from(2.184_467_440_737_095_4)); // the next one
        assert_eq!(value.to_string(), "[1, 1.0, 1000.0, 0, -0.0, -9223372036854775808, 0.0]");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(problem("[1, 2"), "JSON, line 1, column 5: EOF while parsing a list");
        assert_eq!(problem("[1]\n [2]"), "JSON, line 2, column 2: trailing characters");
        assert_eq!(problem(r#"{"a": 1, "a": 2}"#), "JSON, line 1, column 12: key a is there twice");
        assert_eq!(problem("1e400"), "JSON, line 1, column 5: number out of range");
        assert!(problem(&format!("[{}]", "9".repeat(5000))).len() < 120);
        assert!(problem("NaN").contains("expected") && problem("").contains("EOF"));
        assert!(
            problem("\"\\ud800\"").contains("escape")
                && problem("\"").contains("EOF")
                && problem("\"\\").contains("EOF")
        );
    }

    #[test]
    fn levels_are_counted_before_they_are_read() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(Datum::from_json(&nested(999)).unwrap().depth(), 999);
        assert_eq!(problem(&nested(100_000)), "JSON, line 1, column 1000: nested 1000 deep, expected less");
        assert_eq!(problem(&"{\"a\":".repeat(100_000)), "JSON, line 1, column 4996: nested 1000 deep, expected less");
        assert!(Datum::from_json(&format!("\"{}\"", "[".repeat(100_000))).is_ok());
    }
}
