//! Attributes: one number, one text. Their sizes are looked at before they are read.

use ::hdf5::{Attribute, Dataset};

use super::convert::Scalar;
use super::heap::Heaps;
use super::raw::{self, Class};

/// No text of interest is longer.
const LONGEST_TEXT: usize = 64 << 10;

/// No list of interest has more elements.
const LONGEST_LIST: usize = 32;

/// Bytes of a stored reference to a value of variable length, at most.
const REFERENCE: usize = 64;

/// The attributes of a data set.
pub(crate) struct Attributes<'a> {
    dataset: &'a Dataset,
    heaps: &'a Heaps,
    names: Vec<String>,
}

impl<'a> Attributes<'a> {
    /// Lists the names.
    pub(crate) fn of(dataset: &'a Dataset, heaps: &'a Heaps) -> ::hdf5::Result<Self> {
        Ok(Self { dataset, heaps, names: dataset.attr_names()? })
    }

    /// Whether there is an attribute `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    fn open(&self, name: &str) -> Result<Option<Attribute>, String> {
        if !self.has(name) {
            return Ok(None);
        }
        self.dataset.attr(name).map(Some).map_err(|error| format!("attribute {name} can't be read: {error}"))
    }

    /// The one number that attribute `name` is; none where it is absent or empty.
    pub(crate) fn number(&self, name: &str) -> Result<Option<Scalar>, String> {
        let Some(attribute) = self.open(name)? else { return Ok(None) };
        let said = |error: ::hdf5::Error| format!("attribute {name} can't be read: {error}");
        let dtype = attribute.dtype().map_err(said)?;
        match attribute.space().map_err(said)?.size() {
            0 => return Ok(None),
            1 => {}
            more => return Err(format!("attribute {name} has {more} elements, expected one")),
        }
        let scalar = match raw::class(&dtype) {
            Class::Integer { signed: true } => one::<i64>(&attribute).map(Scalar::Signed),
            Class::Integer { signed: false } => one::<u64>(&attribute).map(Scalar::Unsigned),
            Class::Float => one::<f64>(&attribute).map(Scalar::Float),
            _ => return Err(format!("attribute {name} is {dtype}, expected a number")),
        };
        scalar.map(Some).map_err(said)
    }

    /// The text that attribute `name` is; none where it is absent or something else.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let attribute = self.open(name).ok()??;
        if attribute.space().ok()?.size() != 1 {
            return None;
        }
        let bytes = match raw::class(&attribute.dtype().ok()?) {
            Class::VariableText => {
                let stored = self.heaps.parse(&raw::stored_elements(&attribute, REFERENCE).ok()?).ok()?;
                self.heaps.value(*stored.first()?, 1, LONGEST_TEXT).ok()?
            }
            _ => raw::fixed_text(&attribute, LONGEST_TEXT).ok()?,
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Some(text.trim_end_matches(['\0', ' ']).to_owned())
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
}

fn one<T: ::hdf5::H5Type + Copy + Default>(attribute: &Attribute) -> ::hdf5::Result<T> {
    let mut value = [T::default()];
    attribute.read_into_raw(&mut value)?;
    Ok(value[0])
}
