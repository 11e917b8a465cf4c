//! What an attribute may hold.

use std::fmt;

/// The value of an attribute.
///
/// ```
/// use thermocline::io::netcdf::AttributeValue;
///
/// let range = AttributeValue::Integers(vec![-300, 4500]);
/// assert_eq!((range.numbers(), range.number(), range.text()), (Some(vec![-300.0, 4500.0]), None, None));
/// assert_eq!(range.to_string(), "-300, 4500");
/// assert_eq!(AttributeValue::Float32(vec![0.5]).number(), Some(0.5));
/// assert_eq!(AttributeValue::Texts(vec!["degC".into()]).text(), Some("degC")); // a list of one
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AttributeValue {
    /// A text.
    Text(String),
    /// Texts.
    Texts(Vec<String>),
    /// Signed integers.
    Integers(Vec<i64>),
    /// Unsigned integers.
    Unsigned(Vec<u64>),
    /// Floats of 4 bytes.
    Float32(Vec<f32>),
    /// Floats of 8 bytes.
    Float64(Vec<f64>),
    /// What is not read: what it is, in words.
    Other(String),
}

impl AttributeValue {
    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Texts(texts) => texts.first().filter(|_| texts.len() == 1).map(String::as_str),
            _ => None,
        }
    }

    /// The numbers, if it is some: as `f64`, so that large integers are rounded.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<f64>> {
        match self {
            Self::Integers(values) => Some(values.iter().map(|&value| value as f64).collect()),
            Self::Unsigned(values) => Some(values.iter().map(|&value| value as f64).collect()),
            Self::Float32(values) => Some(values.iter().map(|&value| f64::from(value)).collect()),
            Self::Float64(values) => Some(values.clone()),
            Self::Text(_) | Self::Texts(_) | Self::Other(_) => None,
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        self.numbers().filter(|numbers| numbers.len() == 1).map(|numbers| numbers[0])
    }
}

/// A text as it is; of several values each, with commas between.
impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<T: ToString>(values: &[T]) -> String {
            values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        // As Python does, so that numbers that stand for nothing take no 38 digits.
        fn floats<T: Copy + fmt::Display + fmt::LowerExp + Into<f64>>(values: &[T]) -> String {
            let shown = |&value: &T| {
                let size = value.into().abs();
                let plain = size == 0.0 || (1e-4..1e16).contains(&size) || !size.is_finite();
                if plain { value.to_string() } else { format!("{value:e}") }
            };
            values.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        f.write_str(&match self {
            Self::Text(text) => text.clone(),
            Self::Texts(texts) => texts.join(", "),
            Self::Integers(values) => list(values),
            Self::Unsigned(values) => list(values),
            Self::Float32(values) => floats(values),
            Self::Float64(values) => floats(values),
            Self::Other(what) => format!("({what})"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_in_few_digits() {
        let shown = |value: f32| AttributeValue::Float32(vec![value]).to_string();
        assert_eq!([shown(0.01), shown(-9.96921e36), shown(0.0), shown(f32::NAN)], ["0.01", "-9.96921e36", "0", "NaN"]);
        assert_eq!(AttributeValue::Float64(vec![1e20, 1e-7, 365.25]).to_string(), "1e20, 1e-7, 365.25");
    }
}
