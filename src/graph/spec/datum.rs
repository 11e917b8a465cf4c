//! Values of a graph that is written down: what JSON can say, with integers and floats told apart.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::code::encoded;
use super::{MAX_DEPTH, deep};
use crate::chunk::{Encoded, Value};

/// A value: null, a truth value, an integer, a float, a text, a list or a map.
///
/// Cheap to clone. Lists and maps know how many bytes they take and how deep they are, so that both are known of a value
/// before it is made. What is shared within a value is counted each time.
///
/// ```
/// use thermocline::graph::spec::Datum;
///
/// let value = Datum::from(vec![Datum::from(1), Datum::from("two"), Datum::from(3.0)]);
/// assert_eq!(value.to_string(), r#"[1, "two", 3.0]"#);
/// assert_eq!(Datum::from_json("[1, \"two\", 3.0]")?, value);
/// assert_ne!(Datum::from(3), Datum::from(3.0)); // the same number, not the same value
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub enum Datum {
    /// Nothing: Python's `None`.
    Null,
    /// A truth value. Functions take it as 0 or 1 where they want a number, as Python's do.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A text.
    Text(Arc<str>),
    /// A list.
    List(List),
    /// Texts and what stands for them, in the order in which they were written.
    Map(Map),
}

impl Datum {
    /// A list of `items`.
    pub fn list(items: impl IntoIterator<Item = Datum>) -> Self {
        Self::List(Nest::new(items.into_iter().collect()))
    }

    /// A map of `entries`; of the same text twice, both are kept.
    pub fn map<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Datum)>) -> Self {
        Self::Map(Nest::new(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()))
    }

    /// The bytes it takes, what it refers to included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let beyond = match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => 0,
            Self::Text(text) => text_bytes(text.len() as u64),
            Self::List(list) => list.0.bytes,
            Self::Map(map) => map.0.bytes,
        };
        ITEM_BYTES.saturating_add(beyond)
    }

    /// How deep it is: 1, and 1 more for each list or map around something.
    ///
    /// ```
    /// use thermocline::graph::spec::Datum;
    ///
    /// assert_eq!((Datum::from(1).depth(), Datum::from(vec![vec![1]]).depth()), (1, 3));
    /// ```
    #[must_use]
    pub fn depth(&self) -> u32 {
        match self {
            Self::List(list) => list.0.depth,
            Self::Map(map) => map.0.depth,
            _ => 1,
        }
    }

    /// What it is, in a word.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::Float(_) => "float",
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
        }
    }

    /// What it is and, as far as there is room, which: for messages.
    pub(crate) fn describe(&self) -> String {
        /// As many letters of a value as a message has room for.
        const ROOM: usize = 40;
        match self {
            Self::Null => "null".to_owned(),
            _ if self.bytes() > 1 << 16 || self.depth() > MAX_DEPTH => format!("a large {}", self.type_name()),
            _ => {
                let text = self.to_string();
                let mut shown: String = text.chars().take(ROOM).collect();
                if shown.len() < text.len() {
                    shown.push('…');
                }
                format!("{} {shown}", self.type_name())
            }
        }
    }
}

/// What an item of a list takes by itself.
pub(super) const ITEM_BYTES: u64 = size_of::<Datum>() as u64;

/// What a text of `len` bytes takes beside its item: two counts of references, and itself.
pub(super) fn text_bytes(len: u64) -> u64 {
    len.saturating_add(16)
}

/// What a list takes beside its item and its items.
pub(super) const LIST_BYTES: u64 = 48;

/// The items of a [`Datum::List`]: a slice.
pub type List = Nest<Datum>;

/// The entries of a [`Datum::Map`]: a slice.
pub type Map = Nest<(Arc<str>, Datum)>;

/// What is nested in a [`Datum`]: a slice that is shared, and counted.
#[derive(Clone)]
pub struct Nest<T: Counted>(Arc<Items<T>>);

struct Items<T: Counted> {
    items: Box<[T]>,
    bytes: u64,
    depth: u32,
}

/// What can be counted: items of lists and entries of maps.
pub trait Counted: sealed::Sealed {
    /// Its bytes and its depth.
    #[doc(hidden)]
    fn count(&self) -> (u64, u32);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Datum {}
    impl Sealed for (std::sync::Arc<str>, super::Datum) {}
}

impl Counted for Datum {
    fn count(&self) -> (u64, u32) {
        (self.bytes(), self.depth())
    }
}

impl Counted for (Arc<str>, Datum) {
    fn count(&self) -> (u64, u32) {
        let key = text_bytes(self.0.len() as u64 + ITEM_BYTES);
        (key.saturating_add(self.1.bytes()), self.1.depth())
    }
}

impl<T: Counted> Nest<T> {
    fn new(items: Box<[T]>) -> Self {
        let (mut bytes, mut depth) = (LIST_BYTES, 0);
        for item in &items {
            let (own_bytes, own_depth) = item.count();
            bytes = bytes.saturating_add(own_bytes);
            depth = depth.max(own_depth);
        }
        Self(Arc::new(Items { items, bytes, depth: depth.saturating_add(1) }))
    }
}

impl<T: Counted> Drop for Items<T> {
    fn drop(&mut self) {
        // Whoever nests lists by hand may nest them deeper than any stack.
        if self.depth > MAX_DEPTH / 2 {
            let items = std::mem::take(&mut self.items);
            deep(|| drop(items));
        }
    }
}

impl<T: Counted> Deref for Nest<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0.items
    }
}

impl<T: Counted + PartialEq> PartialEq for Nest<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.depth == other.0.depth && deep(|| self.0.items == other.0.items)
    }
}

impl<T: Counted> fmt::Debug for Nest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items, {} B", self.len(), self.0.bytes)
    }
}

impl fmt::Debug for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Value for Datum {
    fn unmetered_bytes(&self) -> u64 {
        self.bytes()
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        Some(encoded(self))
    }

    fn describe(&self) -> Option<String> {
        Some(Datum::describe(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_depth_are_counted_as_if_nothing_were_shared() {
        let mut value = Datum::from("some text");
        let text = value.bytes();
        for _ in 0..10 {
            value = Datum::list([value.clone(), value]);
        }
        assert_eq!(value.depth(), 11);
        assert!(value.bytes() > 1024 * text && value.bytes() < 1024 * (text + 2 * (ITEM_BYTES + LIST_BYTES)));
        for _ in 0..100 {
            value = Datum::list([value.clone(), value]);
        }
        assert_eq!(value.bytes(), u64::MAX);
        assert_eq!(value.describe(), "a large list");
    }

    #[test]
    fn values_of_any_depth_go_and_compare() {
        let nested = || (0..200_000).fold(Datum::from(1), |value, _| Datum::list([value]));
        assert!(nested() == nested());
    }
}
