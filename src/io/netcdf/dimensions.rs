//! The dimensions of a variable: their names, and their lengths where they are longer than the variable.
//!
//! In the order in which they are tried: the dimension scales that the variable refers to (`DIMENSION_LIST`); itself,
//! if it is a scale; netCDF's own numbers (`_Netcdf4Coordinates`); a scale of the same length.
//!
//! References are compared with the addresses of the scales, never followed.

use ::hdf5::{Dataset, File};

use crate::io::hdf5::{Attributes, Heaps, Shape, address, walk};

/// How netCDF marks a dimension that no variable is named after.
const NO_VARIABLE: &str = "This is a netCDF dimension but not a netCDF variable";

/// Whether `attributes` are those of a dimension without a variable, which is no variable itself.
pub(super) fn is_bare_dimension(attributes: &Attributes<'_>) -> bool {
    attributes.text("NAME").is_some_and(|name| name.starts_with(NO_VARIABLE))
}

fn is_scale(attributes: &Attributes<'_>) -> bool {
    attributes.text("CLASS").is_some_and(|class| class == "DIMENSION_SCALE")
}

/// A dimension scale of a file.
#[derive(Clone, Debug)]
struct Scale {
    name: String,
    id: Option<i64>,
    address: Option<u64>,
    length: usize,
}

/// The dimension scales of a file, in order of their names.
#[derive(Clone, Debug)]
pub(super) struct Scales(Vec<Scale>);

impl Scales {
    /// Lists them.
    pub(super) fn of(file: &File, heaps: &Heaps) -> Self {
        let scale = |name: &str, dataset: &Dataset| {
            let attributes = Attributes::of(dataset, heaps).ok()?;
            let &[length] = &dataset.get_shape().ok()?[..] else { return None };
            let id = attributes.integers("_Netcdf4Dimid", 1).and_then(|ids| ids.first().copied());
            let found = || Scale { name: base(name).to_owned(), id, address: address(dataset).ok(), length };
            is_scale(&attributes).then(found)
        };
        Self(walk(file).iter().filter_map(|entry| scale(&entry.name, &entry.dataset)).collect())
    }

    /// The dimensions of variable `name`.
    pub(super) fn shape(&self, name: &str, dataset: &Dataset, attributes: &Attributes<'_>) -> ::hdf5::Result<Shape> {
        let space = dataset.space()?;
        let (extent, limits) = (space.shape(), space.maxdims());
        let mut shape = Shape { lengths: extent.clone(), dimensions: Vec::with_capacity(extent.len()) };
        let referred = attributes.dimension_scales(extent.len()).unwrap_or_default();
        let own = extent.len() == 1 && is_scale(attributes);
        let ids = attributes.integers("_Netcdf4Coordinates", extent.len());
        for (axis, &length) in extent.iter().enumerate() {
            let by_address = referred.get(axis).copied().flatten().and_then(|address| self.at(address));
            let (name, whole) = match by_address {
                Some(scale) => (scale.name.clone(), scale.length),
                None if own => (base(name).to_owned(), length),
                None => {
                    let id = ids.as_ref().and_then(|ids| ids.get(axis).copied());
                    self.guess(id, length, &shape.dimensions).unwrap_or_else(|| (format!("dim_{axis}"), length))
                }
            };
            // Only an unlimited variable can be shorter than its dimension.
            if limits.get(axis) == Some(&None) && whole > length {
                shape.lengths[axis] = whole;
            }
            shape.dimensions.push(name);
        }
        Ok(shape)
    }

    fn at(&self, address: u64) -> Option<&Scale> {
        self.0.iter().find(|scale| scale.address == Some(address))
    }

    /// The scale of number `id`, or one of the same length that is not used yet.
    fn guess(&self, id: Option<i64>, length: usize, used: &[String]) -> Option<(String, usize)> {
        let by_id = self.0.iter().find(|scale| id.is_some() && scale.id == id);
        let by_length = || self.0.iter().find(|scale| scale.length == length && !used.contains(&scale.name));
        by_id.or_else(by_length).map(|scale| (scale.name.clone(), scale.length))
    }
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
