//! One file, alone or of a series.

use std::path::Path;
use std::sync::Arc;

use ::hdf5::sync::sync;

use super::attributes::Attributes;
use super::cf;
use super::dimensions::Scales;
use super::look::Look;
use super::options::Options;
use crate::error::{Error, Result};
use crate::io::hdf5::{
    AttributeReader, Conversion, Descriptors, Heaps, Input, Real, Shape, Storage, Variable, open_dataset, refused, walk,
};

/// Variables in more chunks than this are not looked at before they are asked for.
const FEW_CHUNKS: usize = 64;

/// A file, and its dimensions.
#[derive(Debug)]
pub(super) struct Member {
    input: Arc<Input>,
    scales: Scales,
    /// Variables that were found while it was open, read as [usual](Options::default).
    found: Vec<Arc<Found>>,
}

/// What has to be known of a variable to read it.
#[derive(Debug)]
pub(super) struct Found {
    name: String,
    storage: Arc<Storage>,
    shape: Shape,
    /// How its values are unpacked, or why they can't be.
    conversion: Result<Conversion, String>,
    /// Its units, as its attribute has them.
    units: Option<String>,
}

impl Found {
    /// The variable, its values as `T`.
    fn variable<T: Real>(&self, input: &Arc<Input>, block: u64) -> Result<Variable<T>> {
        let conversion = self.conversion.clone().map_err(|problem| {
            let advice = "mask_and_scale(false) reads the stored numbers all the same";
            Error::file(input.path(), format!("variable {}: {problem}; {advice}", self.name))
        })?;
        Variable::new(&self.name, input.clone(), self.storage.clone(), self.shape.clone(), conversion, block)
    }
}

/// A file while something is asked of the library about it.
pub(super) struct Opened<'a> {
    pub(super) member: &'a Member,
    file: ::hdf5::File,
    heaps: Heaps,
}

impl Member {
    /// Looks at the file at `path`, and goes on looking with `more`. Its descriptor will be one of `descriptors`.
    pub(super) fn open<T>(
        path: &Path,
        descriptors: &Arc<Descriptors>,
        more: impl FnOnce(&Opened<'_>) -> Result<T>,
    ) -> Result<(Self, T)> {
        let input = Arc::new(Input::new(path, descriptors.clone())?);
        // The library's lock is taken once: to hand it on to other threads at each call would take longer than the calls.
        sync(|| {
            let file = input.library()?;
            let heaps = input.heaps(&file)?;
            let scales = Scales::of(&file, &walk(&file).datasets, &heaps);
            let member = Self { input, scales, found: Vec::new() };
            let found = more(&Opened { member: &member, file, heaps })?;
            Ok((member, found))
        })
    }

    /// Keeps what was found of variables, so that it need not be opened once more for them.
    pub(super) fn keep(&mut self, found: Vec<Arc<Found>>) {
        self.found = found;
    }

    /// Variable `name`, its values as `T`, and its units.
    pub(super) fn variable<T: Real>(&self, name: &str, options: Options) -> Result<(Variable<T>, Option<String>)> {
        let known = self.found.iter().find(|found| found.name == name && options.read_as_usual());
        let found =
            known.map_or_else(|| self.opened()?.find(name, options).map(Arc::new), |found| Ok(found.clone()))?;
        Ok((found.variable(&self.input, options.block)?, found.units.clone()))
    }

    /// Opens it in the library once more.
    pub(super) fn opened(&self) -> Result<Opened<'_>> {
        let file = self.input.library()?;
        let heaps = self.input.heaps(&file)?;
        Ok(Opened { member: self, file, heaps })
    }

    pub(super) fn path(&self) -> &Path {
        self.input.path()
    }

    /// The length of dimension `name`, if it has that.
    pub(super) fn length(&self, dimension: &str) -> Option<usize> {
        self.scales.dimensions().into_iter().find(|known| known.name == dimension).map(|known| known.length)
    }
}

impl Opened<'_> {
    pub(super) fn path(&self) -> &Path {
        self.member.path()
    }

    /// All that it holds.
    pub(super) fn look(&self) -> Look {
        Look::at(&self.file, &self.member.scales, &self.heaps)
    }

    fn dataset(&self, name: &str) -> Result<::hdf5::Dataset> {
        open_dataset(&self.file, self.path(), name)?.ok_or_else(|| self.lacks(name))
    }

    /// Variable `name`, its values as `T`.
    pub(super) fn variable<T: Real>(&self, name: &str, options: Options) -> Result<Variable<T>> {
        self.find(name, options)?.variable(&self.member.input, options.block)
    }

    /// What there is to know of variable `name`.
    fn find(&self, name: &str, options: Options) -> Result<Found> {
        let (path, input) = (self.path(), &self.member.input);
        let said = |error: ::hdf5::Error| refused(path, &format!("variable {name} can't be read"), &error);
        let dataset = self.dataset(name)?;
        let storage = Arc::new(Storage::of(input, &dataset, name, options.direct)?);
        let attributes = AttributeReader::of(&dataset, &self.heaps).map_err(said)?;
        let conversion = if options.mask_and_scale {
            cf::conversion(&attributes, storage.number(), options.valid_range)
        } else {
            Ok(Conversion::plain(storage.number()))
        };
        let shape = self.member.scales.shape(name, &dataset, &attributes).map_err(said)?;
        Ok(Found { name: name.to_owned(), storage, shape, conversion, units: attributes.text("units") })
    }

    /// What there is to know of those variables of these names that are stored in few chunks, as far as it can be known:
    /// who asks for another is told why.
    pub(super) fn find_small(&self, names: &[String]) -> Vec<Arc<Found>> {
        let find = |name: &String| {
            let dataset = self.dataset(name).ok()?;
            let (shape, chunk) = (dataset.shape(), dataset.chunk().unwrap_or_default());
            let chunks = shape.iter().zip(&chunk).map(|(&length, &chunk)| length.div_ceil(chunk.max(1)));
            let few = chunks.fold(1, usize::saturating_mul) <= FEW_CHUNKS;
            few.then(|| self.find(name, Options::default()).ok()).flatten().map(Arc::new)
        };
        names.iter().filter_map(find).collect()
    }

    /// The attributes of variable `name`.
    pub(super) fn attributes(&self, name: &str) -> Result<Attributes> {
        Ok(Attributes::read(&*self.dataset(name)?, &self.heaps))
    }

    /// There is no variable `name`; which there are.
    fn lacks(&self, name: &str) -> Error {
        let variables = self.look().variables;
        let names: Vec<&str> = variables.iter().map(|variable| variable.name.as_str()).collect();
        let list = if names.is_empty() { "none that hold numbers".to_owned() } else { names.join(", ") };
        Error::file(self.path(), format!("there is no variable {name}; there are: {list}"))
    }
}
