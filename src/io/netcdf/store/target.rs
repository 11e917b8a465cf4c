//! The netCDF file in the making: see [`Target`] for what it promises.

use std::fs;
use std::path::PathBuf;

use ::hdf5::Dataset;
use parking_lot::Mutex;

use crate::chunk::{Encoded, Value};
use crate::error::{Error, Result};
use crate::io::hdf5::Output;
use crate::io::target::Target;

/// What the library said.
fn refused(target: &Target, error: &::hdf5::Error) -> Error {
    Error::file(target.said(), format!("it can't be written: {error}"))
}

/// A file in the making. Written by one task at a time.
pub(super) struct Writer {
    target: Target,
    partial: PathBuf,
    /// Gone once it is closed.
    open: Mutex<Option<(Dataset, Output)>>,
}

/// It is handed over, and can't go to scratch.
impl Value for Writer {
    fn unmetered_bytes(&self) -> u64 {
        0
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        None
    }
}

impl Writer {
    /// Begins the file; `fill` writes what comes before the values, and gives the variable that they are of.
    pub(super) fn begin(target: &Target, fill: impl FnOnce(&Output) -> ::hdf5::Result<Dataset>) -> Result<Self> {
        let partial = target.partial()?;
        // Owned from here on, so that it is removed whatever happens.
        let writer = Self { target: target.clone(), partial, open: Mutex::new(None) };
        let output = Output::create(&writer.partial).map_err(|error| refused(target, &error))?;
        let variable = fill(&output).map_err(|error| refused(target, &error))?;
        *writer.open.lock() = Some((variable, output));
        Ok(writer)
    }

    /// Writes the chunk that begins at `offset`; all values, where there is no such place.
    pub(super) fn write(&self, offset: Option<&[u64]>, bytes: &[u8]) -> Result<()> {
        let open = self.open.lock();
        let Some((variable, _)) = &*open else { return Err(Error::Cancelled) };
        let written = match offset {
            Some(offset) => Output::write_chunk(variable, offset, bytes),
            None => Output::write_whole(variable, bytes),
        };
        written.map_err(|error| refused(&self.target, &error))
    }

    /// Closes the file and gives it its name. Its path and its length.
    pub(super) fn finish(&self) -> Result<(PathBuf, u64)> {
        let target = &self.target;
        let Some((variable, output)) = self.open.lock().take() else { return Err(Error::Cancelled) };
        drop(variable);
        output.close().map_err(|error| refused(target, &error))?;
        let length = target.put(&self.partial)?;
        Ok((target.said().to_owned(), length))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.open.get_mut().take());
        // Not there any more where it was finished.
        drop(fs::remove_file(&self.partial));
    }
}
