//! Rust's types and the values of a graph.

use std::error::Error as StdError;
use std::sync::Arc;

use super::Datum;

/// Any failure of a user's function.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What a function may take as an argument.
///
/// ```
/// use thermocline::graph::spec::{Datum, FromDatum};
///
/// assert_eq!(f64::from_datum(&Datum::from(3)), Some(3.0)); // an integer is a float, too
/// assert_eq!(i64::from_datum(&Datum::from(3.0)), None);
/// assert_eq!(Vec::<i64>::from_datum(&Datum::from(vec![1, 2])), Some(vec![1, 2]));
/// assert_eq!(Vec::<i64>::expected(), "list of integers");
/// ```
pub trait FromDatum: Sized {
    /// The value as this type, if it is one.
    fn from_datum(datum: &Datum) -> Option<Self>;

    /// What is taken, in words, of which the first is a noun without its article.
    fn expected() -> String;
}

macro_rules! taken {
    ($($type:ty: $expected:literal, $($pattern:pat => $value:expr),+;)+) => {$(
        impl FromDatum for $type {
            fn from_datum(datum: &Datum) -> Option<Self> {
                match datum {
                    $($pattern => Some($value),)+
                    _ => None,
                }
            }

            fn expected() -> String {
                $expected.to_owned()
            }
        }
    )+};
}

taken! {
    bool: "boolean", Datum::Bool(value) => *value;
    i64: "integer", Datum::Int(value) => *value, Datum::Bool(value) => i64::from(*value);
    f64: "number", Datum::Float(value) => *value, Datum::Int(value) => *value as f64,
        Datum::Bool(value) => f64::from(u8::from(*value));
    String: "string", Datum::Text(text) => text.to_string();
    Arc<str>: "string", Datum::Text(text) => text.clone();
}

impl FromDatum for Datum {
    fn from_datum(datum: &Datum) -> Option<Self> {
        Some(datum.clone())
    }

    fn expected() -> String {
        "value".to_owned()
    }
}

impl<T: FromDatum> FromDatum for Vec<T> {
    fn from_datum(datum: &Datum) -> Option<Self> {
        let Datum::List(items) = datum else { return None };
        items.iter().map(T::from_datum).collect()
    }

    fn expected() -> String {
        let each = T::expected();
        let (noun, rest) = each.split_once(' ').unwrap_or((&each, ""));
        format!("list of {noun}s {rest}").trim_end().to_owned()
    }
}

impl<T: FromDatum> FromDatum for Option<T> {
    fn from_datum(datum: &Datum) -> Option<Self> {
        if *datum == Datum::Null { Some(None) } else { T::from_datum(datum).map(Some) }
    }

    fn expected() -> String {
        format!("{} or null", T::expected())
    }
}

/// What a function may give: a value, or a [`Result`] of one.
///
/// ```
/// use thermocline::graph::spec::{Datum, IntoDatum};
///
/// assert_eq!((1_i32 + 1).into_datum().ok(), Some(Datum::Int(2)));
/// assert_eq!("7".parse::<i64>().into_datum().ok(), Some(Datum::Int(7)));
/// assert!("x".parse::<i64>().into_datum().is_err());
/// assert!(u64::MAX.into_datum().is_err()); // integers are i64
/// ```
pub trait IntoDatum {
    /// The value.
    ///
    /// # Errors
    /// The function's own; an integer that is no i64.
    fn into_datum(self) -> Result<Datum, BoxError>;
}

impl<T: IntoDatum, E: Into<BoxError>> IntoDatum for Result<T, E> {
    fn into_datum(self) -> Result<Datum, BoxError> {
        self.map_err(Into::into)?.into_datum()
    }
}

impl<T: IntoDatum> IntoDatum for Vec<T> {
    fn into_datum(self) -> Result<Datum, BoxError> {
        Ok(Datum::list(self.into_iter().map(T::into_datum).collect::<Result<Vec<_>, _>>()?))
    }
}

impl<T: IntoDatum> IntoDatum for Option<T> {
    fn into_datum(self) -> Result<Datum, BoxError> {
        self.map_or(Ok(Datum::Null), T::into_datum)
    }
}

macro_rules! given {
    ($($type:ty),+) => {$(
        impl IntoDatum for $type {
            fn into_datum(self) -> Result<Datum, BoxError> {
                Ok(Datum::from(self))
            }
        }
    )+};
}

given!(Datum, (), bool, i8, i16, i32, i64, u8, u16, u32, f32, f64, &str, String, Arc<str>);

macro_rules! given_if_it_fits {
    ($($type:ty),+) => {$(
        impl IntoDatum for $type {
            fn into_datum(self) -> Result<Datum, BoxError> {
                i64::try_from(self).map(Datum::Int).map_err(|_| format!("{self} is no 64-bit integer").into())
            }
        }
    )+};
}

given_if_it_fits!(u64, usize, isize);

macro_rules! from {
    ($($type:ty: $value:ident => $datum:expr;)+) => {$(
        impl From<$type> for Datum {
            fn from($value: $type) -> Self {
                $datum
            }
        }
    )+};
}

from! {
    (): _value => Self::Null;
    bool: value => Self::Bool(value);
    i8: value => Self::Int(value.into());
    i16: value => Self::Int(value.into());
    i32: value => Self::Int(value.into());
    i64: value => Self::Int(value);
    u8: value => Self::Int(value.into());
    u16: value => Self::Int(value.into());
    u32: value => Self::Int(value.into());
    f32: value => Self::Float(value.into());
    f64: value => Self::Float(value);
    &str: value => Self::Text(value.into());
    String: value => Self::Text(value.into());
    Arc<str>: value => Self::Text(value);
}

impl<T: Into<Datum>> From<Vec<T>> for Datum {
    fn from(items: Vec<T>) -> Self {
        Self::list(items.into_iter().map(Into::into))
    }
}

impl<T: Into<Datum>, const N: usize> From<[T; N]> for Datum {
    fn from(items: [T; N]) -> Self {
        Self::list(items.into_iter().map(Into::into))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_reads_as_words() {
        assert_eq!(Vec::<Vec<i64>>::expected(), "list of lists of integers");
        assert_eq!(Option::<f64>::expected(), "number or null");
    }

    #[test]
    fn booleans_are_integers_but_integers_are_no_booleans() {
        assert_eq!(i64::from_datum(&Datum::from(true)), Some(1));
        assert_eq!(bool::from_datum(&Datum::from(1)), None);
        assert_eq!(Option::<i64>::from_datum(&Datum::Null), Some(None));
        assert_eq!(Option::<i64>::from_datum(&Datum::from("x")), None);
        assert_eq!(Vec::<i64>::from_datum(&Datum::from(vec![1.0])), None);
    }
}
