//! One file, alone or of a series.

use std::path::Path;
use std::sync::Arc;

use super::attributes::Attributes;
use super::cf;
use super::dimensions::Scales;
use super::look::Look;
use super::options::Options;
use crate::error::{Error, Result};
use crate::io::hdf5::{
    AttributeReader, Conversion, Descriptors, Heaps, Input, Real, Storage, Variable, open_dataset, refused, walk,
};

/// A file, and its dimensions.
#[derive(Debug)]
pub(super) struct Member {
    input: Arc<Input>,
    scales: Scales,
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
        let file = input.library()?;
        let heaps = input.heaps(&file)?;
        let member = Self { input, scales: Scales::of(&file, &walk(&file).datasets, &heaps) };
        let found = more(&Opened { member: &member, file, heaps })?;
        Ok((member, found))
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
        let (path, input) = (self.path(), &self.member.input);
        let said = |error: ::hdf5::Error| refused(path, &format!("variable {name} can't be read"), &error);
        let dataset = self.dataset(name)?;
        let storage = Storage::of(input, &dataset, name, options.direct)?;
        let attributes = AttributeReader::of(&dataset, &self.heaps).map_err(said)?;
        let conversion = if options.mask_and_scale {
            cf::conversion(&attributes, storage.number(), options.valid_range).map_err(|problem| {
                let advice = "mask_and_scale(false) reads the stored numbers all the same";
                Error::file(path, format!("variable {name}: {problem}; {advice}"))
            })?
        } else {
            Conversion::plain(storage.number())
        };
        let shape = self.member.scales.shape(name, &dataset, &attributes).map_err(said)?;
        Variable::new(name, input.clone(), storage, shape, conversion, options.block)
    }

    /// The attributes of variable `name`.
    pub(super) fn attributes(&self, name: &str) -> Result<Attributes> {
        Ok(Attributes::read(&*self.dataset(name)?, &self.heaps))
    }

    /// The text attribute `attribute` of variable `name`.
    pub(super) fn text(&self, name: &str, attribute: &str) -> Result<Option<String>> {
        let dataset = self.dataset(name)?;
        Ok(AttributeReader::of(&dataset, &self.heaps).ok().and_then(|attributes| attributes.text(attribute)))
    }

    /// There is no variable `name`; which there are.
    fn lacks(&self, name: &str) -> Error {
        let variables = self.look().variables;
        let names: Vec<&str> = variables.iter().map(|variable| variable.name.as_str()).collect();
        let list = if names.is_empty() { "none that hold numbers".to_owned() } else { names.join(", ") };
        Error::file(self.path(), format!("there is no variable {name}; there are: {list}"))
    }
}
