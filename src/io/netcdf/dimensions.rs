//! The dimensions of a variable: their names, and their lengths where they are longer than the variable.
//!
//! In the order in which they are tried: the dimension scales that the variable refers to (`DIMENSION_LIST`); itself,
//! if it is a scale; netCDF's own numbers (`_Netcdf4Coordinates`); a scale of the same length.

use ::hdf5::{Dataset, File};

use crate::io::hdf5::{Attributes, Shape, walk};

/// How netCDF marks a dimension that no variable is named after.
const NO_VARIABLE: &str = "This is a netCDF dimension but not a netCDF variable";

/// Whether `attributes` are those of a dimension without a variable, which is no variable itself.
pub(super) fn is_bare_dimension(attributes: &Attributes<'_>) -> bool {
    attributes.text("NAME").is_some_and(|name| name.starts_with(NO_VARIABLE))
}

/// A dimension scale of a file.
struct Scale {
    name: String,
    id: Option<i64>,
    length: usize,
}

impl Scale {
    fn of(name: &str, dataset: &Dataset) -> Option<Self> {
        let attributes = Attributes::of(dataset).ok()?;
        let scale = attributes.text("CLASS").is_some_and(|class| class == "DIMENSION_SCALE");
        let &[length] = &dataset.get_shape().ok()?[..] else { return None };
        let id = attributes.integers("_Netcdf4Dimid", 1).and_then(|ids| ids.first().copied());
        scale.then(|| Self { name: base(name).to_owned(), id, length })
    }
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The dimensions of variable `name` of `file`.
pub(super) fn shape(file: &File, name: &str, dataset: &Dataset, attributes: &Attributes<'_>) -> ::hdf5::Result<Shape> {
    let space = dataset.space()?;
    let (extent, limits) = (space.shape(), space.maxdims());
    let mut shape = Shape { lengths: extent.clone(), dimensions: Vec::with_capacity(extent.len()) };
    let referred = attributes.dimension_scales(extent.len()).unwrap_or_default();
    let own = extent.len() == 1 && attributes.text("CLASS").is_some_and(|class| class == "DIMENSION_SCALE");
    let mut guess = Guess::new(file, attributes, extent.len());
    for axis in 0..extent.len() {
        let scale = referred.get(axis).and_then(Option::as_ref).and_then(|scale| {
            let &[length] = &scale.get_shape().ok()?[..] else { return None };
            Some((base(&scale.name()).to_owned(), length)).filter(|(name, _)| !name.is_empty())
        });
        let (name, length) = match scale {
            Some(found) => found,
            None if own => (base(name).to_owned(), extent[0]),
            None => guess.axis(axis, extent[axis]),
        };
        // Only an unlimited variable can be shorter than its dimension.
        if limits.get(axis) == Some(&None) && length > extent[axis] {
            shape.lengths[axis] = length;
        }
        shape.dimensions.push(name);
    }
    Ok(shape)
}

/// Names for axes that refer to nothing. The file's scales are listed once, if at all.
struct Guess<'a> {
    file: &'a File,
    ids: Option<Vec<i64>>,
    scales: Option<Vec<Scale>>,
    used: Vec<String>,
}

impl<'a> Guess<'a> {
    fn new(file: &'a File, attributes: &Attributes<'_>, axes: usize) -> Self {
        Self { file, ids: attributes.integers("_Netcdf4Coordinates", axes), scales: None, used: Vec::new() }
    }

    fn axis(&mut self, axis: usize, length: usize) -> (String, usize) {
        let list = || walk(self.file).iter().filter_map(|entry| Scale::of(&entry.name, &entry.dataset)).collect();
        let scales: &Vec<Scale> = self.scales.get_or_insert_with(list);
        let id = self.ids.as_ref().and_then(|ids| ids.get(axis).copied());
        let by_id = scales.iter().find(|scale| id.is_some() && scale.id == id);
        let found =
            by_id.or_else(|| scales.iter().find(|scale| scale.length == length && !self.used.contains(&scale.name)));
        match found {
            Some(scale) => {
                self.used.push(scale.name.clone());
                (scale.name.clone(), scale.length)
            }
            None => (format!("dim_{axis}"), length),
        }
    }
}
