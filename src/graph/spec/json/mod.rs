//! Graphs as JSON: the rules by which it is read, and the way back.

mod reader;
mod writer;

use std::fmt;

use reader::Reader;
use writer::Writer;

use super::{Datum, Registry, Spec, parse_key};
use crate::error::{Error, Result};
use crate::graph::Key;

/// Something in a graph's JSON that is right, but may not be what was meant.
///
/// ```
/// use thermocline::graph::spec::{Registry, Spec};
///
/// let (_, warnings) = Spec::from_json_with_warnings(r#"{"a": 1, "x": ["icn", "a"]}"#, &Registry::standard())?;
/// assert_eq!(warnings[0].to_string(), "x: the list is a literal, as there is no function icn; did you mean inc?");
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The key in which it is.
    pub key: Key,
    /// Where in it: see [`Error::Spec`].
    pub path: Vec<usize>,
    /// What was made of it.
    pub problem: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}: {}", self.key, crate::error::describe_path(&self.path), self.problem)
    }
}

impl Spec {
    /// Reads a graph from JSON, by the rules of [`graph::spec`](crate::graph::spec#json).
    ///
    /// ```
    /// use thermocline::graph;
    /// use thermocline::graph::spec::{Registry, Spec};
    ///
    /// let registry = Registry::standard();
    /// assert_eq!(Spec::from_json(r#"{"a": 1, "x": ["inc", "a"]}"#, &registry)?, graph! { a = 1, x = inc(a) });
    /// let error = Spec::from_json(r#"{"x": [1, {"$call": ["icn", 1]}]}"#, &registry).unwrap_err();
    /// assert_eq!(error.to_string(), "x[1]: there is no function icn; did you mean inc?");
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Json`] where it is no JSON, or no object; [`Error::DuplicateKey`]; [`Error::Spec`] where an object of those
    /// that say something outright does not.
    pub fn from_json(text: &str, registry: &Registry) -> Result<Self> {
        Ok(Self::from_json_with_warnings(text, registry)?.0)
    }

    /// Reads a graph from JSON, and tells which lists look as if they were meant to be tasks: see [`Warning`].
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_with_warnings(text: &str, registry: &Registry) -> Result<(Self, Vec<Warning>)> {
        let top = Datum::from_json(text)?;
        let Datum::Map(entries) = &top else {
            let problem = format!("a {} was found, expected an object of keys", top.type_name());
            return Err(Error::Json { line: 1, column: 1, problem });
        };
        let entries: Vec<(Key, &Datum)> = entries.iter().map(|(key, value)| (parse_key(key), value)).collect();
        let mut reader = Reader::new(entries.iter().map(|(key, _)| key.clone()), registry);
        let mut spec = Self::new();
        for (key, value) in entries {
            let expr = reader.entry(&key, value)?;
            spec.insert(key, expr);
        }
        spec.check()?;
        Ok((spec, reader.into_warnings()))
    }

    /// Writes the graph as JSON: [`from_json`](Self::from_json) makes the same graph of it, with a registry that has the
    /// functions.
    ///
    /// ```
    /// use thermocline::graph;
    ///
    /// let spec = graph! { a = 1, text = ("a"), x = add(a, [a, text]) };
    /// assert_eq!(spec.to_json()?, r#"{"a": 1, "text": {"$lit": "a"}, "x": ["add", "a", ["a", "text"]]}"#);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// What [`check`](Self::check) has to say; [`Error::Spec`] where a key's name looks as an indexed key does, and where a
    /// map has a float that JSON lacks.
    pub fn to_json(&self) -> Result<String> {
        self.check()?;
        let mut text = String::from("{");
        for (at, (key, expr)) in self.iter().enumerate() {
            text.push_str(if at == 0 { "" } else { ", " });
            Writer::new(self, key, &mut text).entry(expr)?;
        }
        text.push('}');
        Ok(text)
    }
}

/// The indexed key that a list may be: a name, and numbers.
fn indexed(items: &[Datum]) -> Option<Key> {
    let (Datum::Text(name), index) = items.split_first()? else { return None };
    let index = index.iter().map(|at| match at {
        Datum::Int(at) => u32::try_from(*at).ok(),
        _ => None,
    });
    let index = index.collect::<Option<Vec<u32>>>()?;
    (!index.is_empty()).then(|| Key::indexed(name.clone(), index))
}
