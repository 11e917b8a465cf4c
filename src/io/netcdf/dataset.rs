//! One file and its variables.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::dimensions::{Scales, is_bare_dimension};
use super::{Real, Variable, cf};
use crate::array::{Array, Source};
use crate::chunk::DType;
use crate::error::{Error, Result};
use crate::io::hdf5::{
    Attributes, Conversion, Descriptors, Detected, Input, Storage, detect, open_dataset, refused, walk,
};
use crate::units::ByteSize;

/// What a variable is.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

/// `int16 sst (time: 1461, lat: 720, lon: 1440)`
impl fmt::Display for VariableInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes = self.dimensions.iter().zip(&self.shape).map(|(name, length)| format!("{name}: {length}"));
        write!(f, "{} {} ({})", self.dtype, self.name, axes.collect::<Vec<_>>().join(", "))
    }
}

/// How values are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) mask_and_scale: bool,
    pub(super) block: u64,
    pub(super) direct: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { mask_and_scale: true, block: 96 << 20, direct: true }
    }
}

/// A netCDF-4 or HDF5 file.
///
/// No descriptor of it is held open but those of a cache of 64, which is opened as blocks are read. A file that
/// changes after this looked at it is an error then.
#[derive(Clone, Debug)]
pub struct Dataset {
    input: Arc<Input>,
    variables: Arc<[VariableInfo]>,
    options: Options,
}

/// Looks at the netCDF-4 or HDF5 file at `path`.
///
/// # Errors
/// [`Error::FileIo`] where it can't be opened, [`Error::File`] where it is something else, or damaged.
pub fn open(path: impl AsRef<Path>) -> Result<Dataset> {
    let input = Arc::new(Input::new(path.as_ref(), Arc::new(Descriptors::default()))?);
    let variables = variables(&input)?.into();
    Ok(Dataset { input, variables, options: Options::default() })
}

impl Dataset {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.input.path()
    }

    /// The variables that hold numbers, in order of their names.
    #[must_use]
    pub fn variables(&self) -> &[VariableInfo] {
        &self.variables
    }

    /// Whether values are unpacked (the default), or given as they are stored.
    #[must_use]
    pub fn mask_and_scale(mut self, on: bool) -> Self {
        self.options.mask_and_scale = on;
        self
    }

    /// Sets the bytes that a block has in memory, about: 96 MiB by default.
    #[must_use]
    pub fn block_size(mut self, size: ByteSize) -> Self {
        self.options.block = size.bytes().max(1);
        self
    }

    /// Whether bytes may be read directly (the default), or always through the HDF5 library. The values are the same;
    /// this is for comparing the two.
    #[must_use]
    pub fn direct(mut self, on: bool) -> Self {
        self.options.direct = on;
        self
    }

    /// The variable `name`, its values as `T`.
    ///
    /// # Errors
    /// [`Error::File`] where there is no such variable (the error lists those that there are), where it doesn't hold
    /// numbers, where `T` can't hold them without loss, or where the file is damaged.
    pub fn variable<T: Real>(&self, name: &str) -> Result<Variable<T>> {
        variable(&self.input, name, self.options)
    }

    /// The variable `name` as a lazy array.
    ///
    /// # Errors
    /// As [`variable`](Self::variable).
    pub fn array<T: Real>(&self, name: &str) -> Result<Array<T>> {
        Ok(Array::from_shared_source(self.source(name)?))
    }

    /// The variable `name` as a source of blocks.
    ///
    /// # Errors
    /// As [`variable`](Self::variable).
    pub fn source<T: Real>(&self, name: &str) -> Result<Arc<dyn Source<Item = T>>> {
        Ok(Arc::new(self.variable::<T>(name)?))
    }
}

/// The file, and a line for each variable.
impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path().display())?;
        self.variables.iter().try_for_each(|variable| write!(f, "\n    {variable}"))
    }
}

/// The variables of `input` that hold numbers. One that can't be looked at is left out.
pub(super) fn variables(input: &Input) -> Result<Vec<VariableInfo>> {
    let file = input.library()?;
    let heaps = input.heaps(&file)?;
    let scales = Scales::of(&file, &heaps);
    let mut variables = Vec::new();
    for entry in walk(&file) {
        let (Ok(dtype), Ok(attributes)) = (entry.dataset.dtype(), Attributes::of(&entry.dataset, &heaps)) else {
            continue;
        };
        let (Detected::Exact(number) | Detected::Foreign(number)) = detect(&dtype) else { continue };
        let null = entry.dataset.space().map_or(true, |space| space.is_null());
        if null || is_bare_dimension(&attributes) {
            continue;
        }
        if let Ok(shape) = scales.shape(&entry.name, &entry.dataset, &attributes) {
            let (shape, dimensions) = (shape.lengths, shape.dimensions);
            variables.push(VariableInfo { name: entry.name, shape, dimensions, dtype: number.dtype() });
        }
    }
    Ok(variables)
}

/// Variable `name` of `input`, its values as `T`.
pub(super) fn variable<T: Real>(input: &Arc<Input>, name: &str, options: Options) -> Result<Variable<T>> {
    let path = input.path();
    let said = |error: ::hdf5::Error| refused(path, &format!("variable {name} can't be read"), &error);
    let file = input.library()?;
    let Some(dataset) = open_dataset(&file, path, name)? else { return Err(absent(input, name)) };
    let storage = Storage::of(input, &dataset, name, options.direct)?;
    let heaps = input.heaps(&file)?;
    let attributes = Attributes::of(&dataset, &heaps).map_err(said)?;
    let conversion = if options.mask_and_scale {
        cf::conversion(&attributes, storage.number()).map_err(|problem| {
            let advice = "mask_and_scale(false) reads the stored numbers all the same";
            Error::file(path, format!("variable {name}: {problem}; {advice}"))
        })?
    } else {
        Conversion::plain(storage.number())
    };
    let shape = Scales::of(&file, &heaps).shape(name, &dataset, &attributes).map_err(said)?;
    Variable::new(name, input.clone(), storage, shape, conversion, options.block)
}

/// There is no variable `name`; which there are.
fn absent(input: &Input, name: &str) -> Error {
    let names = variables(input).unwrap_or_default();
    let names: Vec<&str> = names.iter().map(|variable| variable.name.as_str()).collect();
    let list = if names.is_empty() { "none that hold numbers".to_owned() } else { names.join(", ") };
    Error::file(input.path(), format!("there is no variable {name}; there are: {list}"))
}
