//! Many files that are one series.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dataset::{Options, VariableInfo, variable, variables};
use super::{Real, Variable};
use crate::array::{Array, Source};
use crate::error::{Error, Result};
use crate::io::hdf5::{Descriptors, Input};
use crate::units::ByteSize;

/// Which files a series has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Files {
    /// Those that match a pattern with `*`, `?`, `[…]` and `**`, in order of their names.
    Pattern(String),
    /// These, in this order.
    List(Vec<PathBuf>),
}

impl From<&str> for Files {
    fn from(pattern: &str) -> Self {
        Self::Pattern(pattern.to_owned())
    }
}

impl From<String> for Files {
    fn from(pattern: String) -> Self {
        Self::Pattern(pattern)
    }
}

impl<P: AsRef<Path>> From<Vec<P>> for Files {
    fn from(paths: Vec<P>) -> Self {
        Self::from(&paths[..])
    }
}

impl<P: AsRef<Path>> From<&[P]> for Files {
    fn from(paths: &[P]) -> Self {
        Self::List(paths.iter().map(|path| path.as_ref().to_owned()).collect())
    }
}

impl<P: AsRef<Path>, const N: usize> From<[P; N]> for Files {
    fn from(paths: [P; N]) -> Self {
        Self::from(&paths[..])
    }
}

impl Files {
    fn paths(self) -> Result<Vec<PathBuf>> {
        let pattern = match self {
            Self::List(paths) if paths.is_empty() => return Err(Error::file("", "the list of files is empty")),
            Self::List(paths) => return Ok(paths),
            Self::Pattern(pattern) => pattern,
        };
        let matches = glob::glob(&pattern).map_err(|error| Error::file(&pattern, format!("no pattern: {error}")))?;
        let paths = matches.map(|found| {
            found.map_err(|error| Error::file_io(error.path(), "read", std::io::Error::from(error.error().kind())))
        });
        let mut paths: Vec<PathBuf> = paths.collect::<Result<_>>()?;
        if paths.is_empty() {
            return Err(Error::file(&pattern, "no file matches this pattern"));
        }
        paths.sort();
        Ok(paths)
    }
}

/// A series of files with the same variables, which follow each other along the first axis.
#[derive(Clone, Debug)]
pub struct ManyDatasets {
    inputs: Arc<[Arc<Input>]>,
    variables: Arc<[VariableInfo]>,
    options: Options,
}

/// Looks at the files that match a pattern, in order of their names, or at those of a list, in its order.
///
/// All are checked to be there and to be netCDF-4 or HDF5 files; their variables are compared when one is
/// [asked for](ManyDatasets::variables_as).
///
/// ```no_run
/// use thermocline::io::netcdf;
///
/// let days = netcdf::open_many("data/sst.day.mean.*.nc")?;
/// let two = netcdf::open_many(["a.nc", "b.nc"])?;
/// # Ok::<(), thermocline::Error>(())
/// ```
///
/// # Errors
/// [`Error::File`] where no file matches, or one is something else; [`Error::FileIo`] where one can't be opened.
pub fn open_many(files: impl Into<Files>) -> Result<ManyDatasets> {
    let descriptors = Arc::new(Descriptors::default());
    let open = |path: PathBuf| Input::new(&path, descriptors.clone()).map(Arc::new);
    let inputs: Arc<[_]> = files.into().paths()?.into_iter().map(open).collect::<Result<_>>()?;
    let variables = variables(&inputs[0])?.into();
    Ok(ManyDatasets { inputs, variables, options: Options::default() })
}

impl ManyDatasets {
    /// The files, in their order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.inputs.iter().map(|input| input.path())
    }

    /// The variables of the first file that hold numbers, in order of their names.
    #[must_use]
    pub fn variables(&self) -> &[VariableInfo] {
        &self.variables
    }

    /// As [`Dataset::mask_and_scale`](super::Dataset::mask_and_scale).
    #[must_use]
    pub fn mask_and_scale(mut self, on: bool) -> Self {
        self.options.mask_and_scale = on;
        self
    }

    /// As [`Dataset::block_size`](super::Dataset::block_size). A block is never larger than its file.
    #[must_use]
    pub fn block_size(mut self, size: ByteSize) -> Self {
        self.options.block = size.bytes().max(1);
        self
    }

    /// As [`Dataset::direct`](super::Dataset::direct).
    #[must_use]
    pub fn direct(mut self, on: bool) -> Self {
        self.options.direct = on;
        self
    }

    /// Variable `name` of each file, its values as `T`, to be put after each other along the first axis. Scale,
    /// offset, fill value and stored type may differ from file to file.
    ///
    /// # Errors
    /// As [`Dataset::variable`](super::Dataset::variable); [`Error::File`] naming both files where one has other
    /// dimensions, or other lengths along any but the first, than the first file.
    pub fn variables_as<T: Real>(&self, name: &str) -> Result<Vec<Variable<T>>> {
        let mut all: Vec<Variable<T>> = Vec::with_capacity(self.inputs.len());
        for input in self.inputs.iter() {
            let next = variable::<T>(input, name, self.options)?;
            check(all.first().unwrap_or(&next), &next)?;
            all.push(next);
        }
        Ok(all)
    }

    /// Variable `name` of all files, after each other along the first axis, as one lazy array.
    ///
    /// # Errors
    /// As [`variables_as`](Self::variables_as).
    pub fn array<T: Real>(&self, name: &str) -> Result<Array<T>> {
        let arrays: Vec<Array<T>> = self.sources(name)?.into_iter().map(Array::from_shared_source).collect();
        Array::concatenate(&arrays, 0).checked()
    }

    /// Variable `name` of each file as a source of blocks, as [`variables_as`](Self::variables_as).
    ///
    /// # Errors
    /// As [`variables_as`](Self::variables_as).
    pub fn sources<T: Real>(&self, name: &str) -> Result<Vec<Arc<dyn Source<Item = T>>>> {
        let all = self.variables_as::<T>(name)?;
        Ok(all.into_iter().map(|variable| Arc::new(variable) as Arc<dyn Source<Item = T>>).collect())
    }
}

/// Whether `next` can follow `first` along the first axis.
fn check<T: Real>(first: &Variable<T>, next: &Variable<T>) -> Result<()> {
    let name = first.name();
    if next.shape().is_empty() {
        return Err(Error::file(next.path(), format!("variable {name} is a single number: there is no axis to join")));
    }
    let same = first.shape().len() == next.shape().len()
        && first.shape()[1..] == next.shape()[1..]
        && first.dimensions() == next.dimensions();
    if same {
        return Ok(());
    }
    let describe = |variable: &Variable<T>| {
        let axes = variable.dimensions().iter().zip(variable.shape());
        axes.map(|(name, length)| format!("{name}: {length}")).collect::<Vec<_>>().join(", ")
    };
    Err(Error::file(
        next.path(),
        format!(
            "variable {name} is ({}), but in {} it is ({}): only the first axis may differ",
            describe(next),
            first.path().display(),
            describe(first)
        ),
    ))
}
