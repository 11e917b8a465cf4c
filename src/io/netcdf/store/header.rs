//! What a file says beside the values: dimensions, coordinates, attributes.

use std::path::Path;

use ::hdf5::{Dataset, Location};

use crate::chunk::DType;
use crate::error::{Error, Result};
use crate::io::hdf5::{AttributeValue, NewVariable, Output, Scalar, exact};
use crate::io::netcdf::attributes::{Attributes, PACKED, is_hidden};
use crate::io::netcdf::coordinate::Coordinate;

/// Attributes that name other variables, which are not in the file.
const REFERENCES: [&str; 8] = [
    "coordinates",
    "bounds",
    "climatology",
    "ancillary_variables",
    "cell_measures",
    "formula_terms",
    "grid_mapping",
    "geometry",
];

/// Attributes that have numbers of their variable's type.
const TYPED: [&str; 6] = ["missing_value", "valid_min", "valid_max", "valid_range", "flag_values", "flag_masks"];

/// The longest piece of a coordinate that can grow.
const LONGEST_PIECE: usize = 1 << 14;

/// Where the values of a scale without values should be, netCDF says this.
const NO_VARIABLE: &str = "This is a netCDF dimension but not a netCDF variable.";

/// A dimension of the file.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) name: String,
    pub(super) length: usize,
    pub(super) grows: bool,
}

/// What a file says beside the values.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) dtype: DType,
    pub(super) axes: Vec<Axis>,
    pub(super) chunk: Option<Vec<usize>>,
    pub(super) level: Option<u8>,
    pub(super) fill: Option<Scalar>,
    /// Scale and offset, where values are packed.
    pub(super) packed: Option<[f64; 2]>,
    pub(super) coordinates: Vec<Coordinate>,
    pub(super) attributes: Attributes,
    pub(super) of_file: Attributes,
}

impl Header {
    /// Whether names are names, and no two things have the same; `path` is for the error.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        let own = |coordinate: &&Coordinate| coordinate.dimension() != Some(coordinate.name());
        let others = self.coordinates.iter().filter(own).map(Coordinate::name);
        let mut names: Vec<&str> = self.axes.iter().map(|axis| &axis.name[..]).chain(others).collect();
        let valid = |name: &str| !name.is_empty() && !name.contains(['/', '\0']) && !matches!(name, "." | "..");
        if let Some(name) = names.iter().chain([&&*self.name]).find(|name| !valid(name)) {
            return Err(Error::file(path, format!("{name:?} can't be the name of a variable or dimension there")));
        }
        if names.contains(&&*self.name) {
            let problem = "a dimension or coordinate of the field has the same name: give it another with renamed(…)";
            return Err(Error::file(path, format!("variable {}: {problem}", self.name)));
        }
        names.sort_unstable();
        if let Some((twice, _)) = names.iter().zip(names.iter().skip(1)).find(|(name, next)| name == next) {
            let problem = format!("coordinate {twice} has the name of a dimension that it is not along");
            return Err(Error::file(path, problem));
        }
        if self.fill.is_some_and(|fill| exact(self.dtype, fill).is_none()) {
            return Err(Error::file(path, format!("variable {}: the fill value is no {}", self.name, self.dtype)));
        }
        Ok(())
    }

    /// Writes all of it, and gives the variable, without its values.
    pub(super) fn write(&self, file: &Output) -> ::hdf5::Result<Dataset> {
        if self.of_file.get("Conventions").is_none() {
            Output::attribute(file.root(), "Conventions", &AttributeValue::Text("CF-1.8".into()))?;
        }
        attributes(file.root(), &self.of_file)?;
        let scales: Vec<Dataset> = self
            .axes
            .iter()
            .enumerate()
            .map(|(number, axis)| self.scale(file, axis, number))
            .collect::<::hdf5::Result<_>>()?;
        let mut others = Vec::new();
        for coordinate in self.coordinates.iter().filter(|known| known.dimension() != Some(known.name())) {
            let axis = self.axes.iter().position(|axis| Some(&*axis.name) == coordinate.dimension());
            let made = labels(file, coordinate, axis.map(|at| &self.axes[at]))?;
            if let Some(at) = axis {
                Output::attach(&made, &[&scales[at]])?;
            }
            others.push((made, axis));
        }
        let variable = self.variable(file)?;
        Output::attach(&variable, &scales.iter().collect::<Vec<_>>())?;
        for (number, scale) in scales.iter().enumerate() {
            let along = others.iter().filter(|(_, axis)| *axis == Some(number)).map(|(made, _)| (made, 0));
            Output::attached(scale, &along.chain([(&variable, number)]).collect::<Vec<_>>())?;
        }
        Ok(variable)
    }

    /// The scale of a dimension: its labels, or nothing but its length.
    fn scale(&self, file: &Output, axis: &Axis, number: usize) -> ::hdf5::Result<Dataset> {
        let own =
            self.coordinates.iter().find(|known| known.name() == axis.name && known.dimension() == Some(&axis.name));
        if let Some(coordinate) = own {
            let scale = labels(file, coordinate, Some(axis))?;
            Output::make_scale(&scale, &axis.name, number)?;
            return Ok(scale);
        }
        let scale = file.variable(&NewVariable {
            name: &axis.name,
            dtype: DType::Float32,
            axes: &[(axis.length, axis.grows)],
            chunk: axis.grows.then_some(&[1024]),
            deflate: None,
            fill: None,
        })?;
        Output::make_scale(&scale, &format!("{NO_VARIABLE}{:10}", axis.length), number)?;
        Ok(scale)
    }

    fn variable(&self, file: &Output) -> ::hdf5::Result<Dataset> {
        let axes: Vec<(usize, bool)> = self.axes.iter().map(|axis| (axis.length, axis.grows)).collect();
        let variable = file.variable(&NewVariable {
            name: &self.name,
            dtype: self.dtype,
            axes: &axes,
            chunk: self.chunk.as_deref(),
            deflate: self.level,
            fill: self.fill,
        })?;
        if let Some(fill) = self.fill {
            Output::typed_attribute(&variable, "_FillValue", self.dtype, &[fill])?;
        }
        if let Some([scale, offset]) = self.packed {
            Output::attribute(&variable, "scale_factor", &AttributeValue::Float64(vec![scale]))?;
            Output::attribute(&variable, "add_offset", &AttributeValue::Float64(vec![offset]))?;
        }
        for (name, value) in self.attributes.iter() {
            let dropped = name == "_FillValue"
                || (self.dtype == DType::Bool && name == "dtype")
                || (self.packed.is_some() && PACKED.contains(&name));
            let sign =
                name == "_Unsigned" && !matches!(self.dtype, DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64);
            match scalars(value).filter(|_| TYPED.contains(&name)) {
                _ if dropped || sign || !is_written(name) => {}
                Some(numbers) => Output::typed_attribute(&variable, name, self.dtype, &numbers)?,
                None => Output::attribute(&variable, name, value)?,
            }
        }
        if self.dtype == DType::Bool {
            // As xarray tells bools from bytes.
            Output::attribute(&variable, "dtype", &AttributeValue::Text("bool".into()))?;
        }
        let others = self.coordinates.iter().filter(|known| known.dimension() != Some(known.name()));
        let others = others.map(Coordinate::name).collect::<Vec<_>>().join(" ");
        if !others.is_empty() {
            Output::attribute(&variable, "coordinates", &AttributeValue::Text(others))?;
        }
        Ok(variable)
    }
}

/// Whether an attribute of a field is one of the file's.
fn is_written(name: &str) -> bool {
    !is_hidden(name) && !REFERENCES.contains(&name)
}

fn attributes(location: &Location, attributes: &Attributes) -> ::hdf5::Result<()> {
    let mut written = attributes.iter().filter(|(name, _)| is_written(name));
    written.try_for_each(|(name, value)| Output::attribute(location, name, value))
}

/// A coordinate with its labels, along an axis or one for the whole.
fn labels(file: &Output, coordinate: &Coordinate, axis: Option<&Axis>) -> ::hdf5::Result<Dataset> {
    let axes: Vec<(usize, bool)> = axis.iter().map(|axis| (axis.length, axis.grows)).collect();
    let piece = axis.filter(|axis| axis.grows).map(|axis| [axis.length.clamp(1, LONGEST_PIECE)]);
    let made = file.variable(&NewVariable {
        name: coordinate.name(),
        dtype: DType::Float64,
        axes: &axes,
        chunk: piece.as_ref().map(|piece| &piece[..]),
        deflate: None,
        fill: None,
    })?;
    if !coordinate.values().is_empty() {
        Output::write_whole(&made, crate::chunk::bytes_of(coordinate.values()))?;
    }
    let mut said = coordinate.attributes().clone();
    // Labels are written as what they mean.
    ["_FillValue", "missing_value"].into_iter().chain(PACKED).for_each(|name| said.remove(name));
    attributes(&made, &said)?;
    Ok(made)
}

/// The numbers that a value is.
pub(super) fn scalars(value: &AttributeValue) -> Option<Vec<Scalar>> {
    match value {
        AttributeValue::Integers(values) => Some(values.iter().map(|&value| Scalar::Signed(value)).collect()),
        AttributeValue::Unsigned(values) => Some(values.iter().map(|&value| Scalar::Unsigned(value)).collect()),
        AttributeValue::Float32(_) | AttributeValue::Float64(_) => {
            Some(value.numbers()?.into_iter().map(Scalar::Float).collect())
        }
        AttributeValue::Text(_) | AttributeValue::Texts(_) | AttributeValue::Other(_) => None,
    }
}
