//! The dimensions of a variable: their names, and their lengths where they are longer than the variable.
//!
//! In the order in which they are tried: the dimension scales that the variable refers to (`DIMENSION_LIST`); itself,
//! if it is a scale; netCDF's own numbers (`_Netcdf4Coordinates`); a scale of the same length.
//!
//! References are compared with the addresses of the scales, never followed.

use std::fmt;

use ::hdf5::{Dataset, File};

use crate::io::hdf5::{AttributeReader, Heaps, Shape, address};

/// How netCDF marks a dimension that no variable is named after.
const NO_VARIABLE: &str = "This is a netCDF dimension but not a netCDF variable";

/// Whether `attributes` are those of a dimension without a variable, which is no variable itself.
pub(super) fn is_bare_dimension(attributes: &AttributeReader<'_>) -> bool {
    attributes.text("NAME").is_some_and(|name| name.starts_with(NO_VARIABLE))
}

fn is_scale(attributes: &AttributeReader<'_>) -> bool {
    attributes.text("CLASS").is_some_and(|class| class == "DIMENSION_SCALE")
}

/// A dimension: what its axes are called, and how long they are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// Its length.
    pub length: usize,
    /// Whether it can grow.
    pub unlimited: bool,
}

/// `time: 12`
impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.length)
    }
}

/// A dimension scale of a file.
#[derive(Clone, Debug)]
struct Scale {
    dimension: Dimension,
    id: Option<i64>,
    address: Option<u64>,
}

/// The dimension scales of a file, in order of their names.
#[derive(Clone, Debug)]
pub(super) struct Scales(Vec<Scale>);

impl Scales {
    /// Those among the data sets of a file.
    pub(super) fn of(file: &File, names: &[String], heaps: &Heaps) -> Self {
        let (mut scales, mut growing) = (Vec::new(), Vec::new());
        for name in names {
            let Ok(dataset) = file.dataset(name) else { continue };
            let (Ok(space), Ok(attributes)) = (dataset.space(), AttributeReader::of(&dataset, heaps)) else {
                continue;
            };
            let unlimited = space.maxdims().contains(&None);
            match space.shape()[..] {
                [length] if is_scale(&attributes) => {
                    let dimension = Dimension { name: base(name).to_owned(), length, unlimited };
                    let id = attributes.integers("_Netcdf4Dimid", 1).and_then(|ids| ids.first().copied());
                    scales.push(Scale { dimension, id, address: address(&dataset).ok() });
                }
                _ if unlimited => {
                    let shape = space.shape();
                    growing.push((attributes.dimension_scales(shape.len()).unwrap_or_default(), shape));
                }
                _ => {}
            }
        }
        let mut scales = Self(scales);
        growing.into_iter().for_each(|(referred, shape)| scales.grow(&shape, &referred));
        scales
    }

    /// An unlimited dimension is as long as the longest variable that has it.
    fn grow(&mut self, shape: &[usize], referred: &[Option<u64>]) {
        for (&address, &length) in referred.iter().zip(shape) {
            let scale = self.0.iter_mut().find(|scale| scale.dimension.unlimited && scale.address == address);
            if let Some(scale) = scale.filter(|_| address.is_some()) {
                scale.dimension.length = scale.dimension.length.max(length);
            }
        }
    }

    /// The dimensions, in netCDF's order.
    pub(super) fn dimensions(&self) -> Vec<Dimension> {
        let mut scales: Vec<&Scale> = self.0.iter().collect();
        scales.sort_by_key(|scale| scale.id.unwrap_or(i64::MAX));
        scales.into_iter().map(|scale| scale.dimension.clone()).collect()
    }

    /// The dimensions of variable `name`.
    pub(super) fn shape(
        &self,
        name: &str,
        dataset: &Dataset,
        attributes: &AttributeReader<'_>,
    ) -> ::hdf5::Result<Shape> {
        let space = dataset.space()?;
        let (extent, limits) = (space.shape(), space.maxdims());
        let mut shape = Shape { lengths: extent.clone(), dimensions: Vec::with_capacity(extent.len()) };
        let referred = attributes.dimension_scales(extent.len()).unwrap_or_default();
        let own = extent.len() == 1 && is_scale(attributes);
        let ids = attributes.integers("_Netcdf4Coordinates", extent.len());
        for (axis, &length) in extent.iter().enumerate() {
            let by_address = referred.get(axis).copied().flatten().and_then(|address| self.at(address));
            let (name, whole) = match by_address {
                Some(scale) => (scale.dimension.name.clone(), scale.dimension.length),
                None if own => {
                    let own = self.0.iter().find(|scale| scale.dimension.name == base(name));
                    (base(name).to_owned(), own.map_or(length, |scale| scale.dimension.length))
                }
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
        let fits = |scale: &&Scale| scale.dimension.length == length && !used.contains(&scale.dimension.name);
        let dimension = &by_id.or_else(|| self.0.iter().find(fits))?.dimension;
        Some((dimension.name.clone(), dimension.length))
    }
}

/// A name without the groups that hold it.
pub(super) fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
