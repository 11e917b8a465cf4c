//! Reading attributes. Their sizes are looked at before they are read.

use std::ops::RangeInclusive;

use ::hdf5::{Attribute, Location};

use super::convert::Scalar;
use super::heap::Heaps;
use super::raw::{self, Class};
use super::value::AttributeValue;

/// No text of interest is longer.
const LONGEST_TEXT: usize = 64 << 10;

/// No list of interest has more elements.
const LONGEST_LIST: usize = 1024;

/// Bytes of a stored reference to a value of variable length, at most.
const REFERENCE: usize = 64;

/// Reads the attributes of a data set or group.
pub(crate) struct AttributeReader<'a> {
    location: &'a Location,
    heaps: &'a Heaps,
    names: Vec<String>,
}

impl<'a> AttributeReader<'a> {
    /// Lists the names.
    pub(crate) fn of(location: &'a Location, heaps: &'a Heaps) -> ::hdf5::Result<Self> {
        Ok(Self { location, heaps, names: location.attr_names()? })
    }

    /// The names.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    fn open(&self, name: &str) -> Result<Option<Attribute>, String> {
        if !self.names.iter().any(|known| known == name) {
            return Ok(None);
        }
        self.location.attr(name).map(Some).map_err(|error| format!("attribute {name} can't be read: {error}"))
    }

    /// The one number that attribute `name` is; none where it is absent or empty.
    pub(crate) fn number(&self, name: &str) -> Result<Option<Scalar>, String> {
        Ok(self.numbers(name, 1..=1)?.map(|numbers| numbers[0]))
    }

    /// The numbers, as many as `counts` allows, that attribute `name` is; none where it is absent or empty.
    pub(crate) fn numbers(&self, name: &str, counts: RangeInclusive<usize>) -> Result<Option<Vec<Scalar>>, String> {
        let Some(attribute) = self.open(name)? else { return Ok(None) };
        let said = |error: ::hdf5::Error| format!("attribute {name} can't be read: {error}");
        let dtype = attribute.dtype().map_err(said)?;
        match attribute.space().map_err(said)?.size() {
            0 => return Ok(None),
            found if counts.contains(&found) => {}
            found => {
                let (least, most) = counts.into_inner();
                let expected = if least == most { most.to_string() } else { format!("{least} to {most}") };
                return Err(format!("attribute {name} has {found} elements, expected {expected}"));
            }
        }
        let numbers = match raw::class(&dtype) {
            Class::Integer { signed: true } => list(&attribute, Scalar::Signed),
            Class::Integer { signed: false } => list(&attribute, Scalar::Unsigned),
            Class::Float => list(&attribute, Scalar::Float),
            _ => return Err(format!("attribute {name} is {dtype}, expected a number")),
        };
        numbers.map(Some).map_err(said)
    }

    /// The text that attribute `name` is; none where it is absent or something else.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let attribute = self.open(name).ok()??;
        let texts = self.texts(&attribute, 1)?;
        (texts.len() == 1).then(|| texts.into_iter().next()).flatten()
    }

    /// At most `limit` texts.
    fn texts(&self, attribute: &Attribute, limit: usize) -> Option<Vec<String>> {
        let count = attribute.space().ok()?.size();
        if !(1..=limit).contains(&count) {
            return None;
        }
        let clean = |bytes: &[u8]| {
            let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(text).trim_end_matches(' ').to_owned()
        };
        if raw::class(&attribute.dtype().ok()?) == Class::VariableText {
            let stored = self.heaps.parse(&raw::stored_elements(attribute, count * REFERENCE).ok()?).ok()?;
            return stored
                .into_iter()
                .map(|text| Some(clean(&self.heaps.value(text, 1, LONGEST_TEXT).ok()?)))
                .collect();
        }
        let bytes = raw::fixed_text(attribute, LONGEST_TEXT).ok()?;
        Some(bytes.chunks(bytes.len() / count).map(clean).collect())
    }

    /// The integers that attribute `name` is, where there are `count`.
    pub(crate) fn integers(&self, name: &str, count: usize) -> Option<Vec<i64>> {
        let attribute = self.open(name).ok()??;
        let integer = matches!(raw::class(&attribute.dtype().ok()?), Class::Integer { .. });
        let fits = integer && attribute.space().ok()?.size() == count;
        fits.then(|| attribute.read_raw::<i64>().ok()).flatten()
    }

    /// The addresses of the data sets that `DIMENSION_LIST` refers to, one for each of `axes`, where there is one.
    pub(crate) fn dimension_scales(&self, axes: usize) -> Option<Vec<Option<u64>>> {
        let attribute = self.open("DIMENSION_LIST").ok()??;
        if attribute.space().ok()?.size() != axes || axes > LONGEST_LIST {
            return None;
        }
        let stored = self.heaps.parse(&raw::stored_elements(&attribute, axes * REFERENCE).ok()?).ok()?;
        let width = self.heaps.address_width;
        // Of several scales of an axis the first counts.
        let scale = |stored| self.heaps.value(stored, width, width).ok().and_then(|items| self.heaps.address(&items));
        Some(stored.into_iter().map(scale).collect())
    }

    /// Whatever attribute `name` is.
    pub(crate) fn value(&self, name: &str) -> AttributeValue {
        let other = |what: &str| AttributeValue::Other(what.to_owned());
        let Ok(Some(attribute)) = self.open(name) else { return other("unreadable") };
        let (Ok(dtype), Ok(space)) = (attribute.dtype(), attribute.space()) else { return other("unreadable") };
        let count = space.size();
        let class = raw::class(&dtype);
        if count == 0 {
            let text = matches!(class, Class::FixedText | Class::VariableText);
            return if text { AttributeValue::Text(String::new()) } else { other("empty") };
        }
        if count > LONGEST_LIST {
            return AttributeValue::Other(format!("{count} elements of {dtype}"));
        }
        let value = match class {
            Class::Integer { signed: true } => attribute.read_raw().ok().map(AttributeValue::Integers),
            Class::Integer { signed: false } => attribute.read_raw().ok().map(AttributeValue::Unsigned),
            Class::Float if dtype.size() <= 4 => attribute.read_raw().ok().map(AttributeValue::Float32),
            Class::Float => attribute.read_raw().ok().map(AttributeValue::Float64),
            Class::FixedText | Class::VariableText => self.texts(&attribute, LONGEST_LIST).map(|mut texts| {
                if texts.len() == 1 { AttributeValue::Text(texts.remove(0)) } else { AttributeValue::Texts(texts) }
            }),
            Class::Bits | Class::List | Class::Other => None,
        };
        value.unwrap_or_else(|| AttributeValue::Other(dtype.to_string()))
    }
}

fn list<T: ::hdf5::H5Type>(attribute: &Attribute, wrap: fn(T) -> Scalar) -> ::hdf5::Result<Vec<Scalar>> {
    Ok(attribute.read_raw::<T>()?.into_iter().map(wrap).collect())
}
