//! What one file holds: found when it is opened, without a value being read.

use std::fmt;

use ::hdf5::File;

use super::attributes::Attributes;
use super::dimensions::{Dimension, Scales, base, is_bare_dimension};
use crate::chunk::DType;
use crate::io::hdf5::{
    AttributeReader, Contents, Detected, Heaps, NOTHING, Unread, detect, filter_names, no_number, walk,
};

/// What a variable is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct VariableInfo {
    /// Its name, with the groups that hold it: `forecast/sst`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The names of its dimensions.
    pub dimensions: Vec<String>,
    /// The type of its stored numbers.
    pub dtype: DType,
    /// The shape of its chunks in the file; none where it is stored in one piece.
    pub chunks: Option<Vec<usize>>,
    /// The filters that its chunks went through, in their order.
    pub filters: Vec<String>,
    /// Its attributes.
    pub attributes: Attributes,
}

impl VariableInfo {
    /// Whether it is the coordinate of a dimension: it has the dimension's name, and no other axis.
    #[must_use]
    pub fn is_dimension_coordinate(&self) -> bool {
        self.dimensions.len() == 1 && self.dimensions[0] == base(&self.name)
    }
}

/// `int16 sst (time: 1461, lat: 720, lon: 1440)`
impl fmt::Display for VariableInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes = self.dimensions.iter().zip(&self.shape).map(|(name, length)| format!("{name}: {length}"));
        write!(f, "{} {} ({})", self.dtype, self.name, axes.collect::<Vec<_>>().join(", "))
    }
}

/// A file's dimensions, variables and attributes.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) dimensions: Vec<Dimension>,
    /// The variables that hold numbers, in order of their names.
    pub(super) variables: Vec<VariableInfo>,
    /// The names of the groups.
    pub(super) groups: Vec<String>,
    /// What else there is.
    pub(super) unread: Vec<Unread>,
    pub(super) attributes: Attributes,
}

impl Look {
    /// Looks at `file`. What can't be looked at is left unread.
    pub(super) fn at(file: &File, scales: &Scales, heaps: &Heaps) -> Self {
        let Contents { datasets, groups, others, .. } = walk(file);
        let mut unread = others;
        let mut variables = Vec::new();
        for name in &datasets {
            match variable(file, name, scales, heaps) {
                Ok(found) => variables.extend(found),
                Err(other) => unread.push(other),
            }
        }
        let mut dimensions = scales.dimensions();
        for axis in variables.iter().flat_map(|variable| variable.dimensions.iter().zip(&variable.shape)) {
            // Axes without a scale have names that say nothing, and may differ in length.
            if !dimensions.iter().any(|known| known.name == *axis.0 && known.length == *axis.1) {
                match dimensions.iter_mut().find(|known| known.name == *axis.0 && known.unlimited) {
                    Some(longer) => longer.length = longer.length.max(*axis.1),
                    None => dimensions.push(Dimension { name: axis.0.clone(), length: *axis.1, unlimited: false }),
                }
            }
        }
        Self { dimensions, variables, groups, unread, attributes: Attributes::read(file, heaps) }
    }

    /// Makes dimension `name` so long, as that of a series is.
    pub(super) fn stretch(&mut self, name: &str, length: usize) {
        for dimension in self.dimensions.iter_mut().filter(|dimension| dimension.name == name) {
            dimension.length = length;
        }
        for variable in &mut self.variables {
            let axes = variable.dimensions.iter().zip(&mut variable.shape);
            axes.filter(|(dimension, _)| *dimension == name).for_each(|(_, own)| *own = length);
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&VariableInfo> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// The coordinates of a variable that are labels along one of its dimensions, or one for the whole: first those that
    /// are named as its dimensions.
    pub(super) fn coordinates_of<'a>(&'a self, variable: &'a VariableInfo) -> Vec<&'a VariableInfo> {
        let named = variable.attributes.text("coordinates").unwrap_or_default();
        let names = variable.dimensions.iter().map(String::as_str).chain(named.split_whitespace());
        let group = variable.name.strip_suffix(base(&variable.name)).unwrap_or_default();
        let mut found: Vec<&VariableInfo> = Vec::new();
        for name in names {
            // In the variable's own group, else in the file's root.
            let own = self.variable(&format!("{group}{name}")).or_else(|| self.variable(name));
            let labels = |other: &&VariableInfo| {
                let fits = other.dimensions.iter().all(|dimension| variable.dimensions.contains(dimension));
                other.dimensions.len() <= 1 && fits
            };
            found.extend(own.filter(labels).filter(|own| found.iter().all(|known| known.name != own.name)));
        }
        found
    }

    /// Whether a variable is a coordinate: of a dimension, or named as one by another's attribute `coordinates`.
    pub(super) fn is_coordinate(&self, variable: &VariableInfo) -> bool {
        let named = |other: &VariableInfo| {
            let names = other.attributes.text("coordinates").unwrap_or_default();
            names.split_whitespace().any(|name| name == base(&variable.name))
        };
        variable.is_dimension_coordinate() || self.variables.iter().any(named)
    }
}

/// What a data set is, if it is a variable that holds numbers; nothing of a dimension without a variable, else why it is
/// not read.
fn variable(file: &File, name: &str, scales: &Scales, heaps: &Heaps) -> Result<Option<VariableInfo>, Unread> {
    let said = |error: ::hdf5::Error| Unread::perhaps(name, format!("it can't be looked at: {error}"));
    let dataset = file.dataset(name).map_err(said)?;
    let reader = AttributeReader::of(&dataset, heaps).map_err(said)?;
    if is_bare_dimension(&reader) {
        return Ok(None);
    }
    let number = match detect(&dataset.dtype().map_err(said)?) {
        Detected::Exact(number) | Detected::Swapped(number) | Detected::Foreign(number) => number,
        Detected::Unsupported(found) => return Err(Unread::something(name, no_number(&found))),
    };
    if dataset.space().map_err(said)?.is_null() {
        return Err(Unread::something(name, NOTHING));
    }
    let shape = scales.shape(name, &dataset, &reader).map_err(said)?;
    let properties = dataset.create_plist().map_err(said)?;
    Ok(Some(VariableInfo {
        name: name.to_owned(),
        shape: shape.lengths,
        dimensions: shape.dimensions,
        dtype: number.dtype(),
        chunks: properties.get_chunk().map_err(said)?,
        filters: filter_names(&properties).map_err(said)?,
        attributes: Attributes::all(&reader),
    }))
}
