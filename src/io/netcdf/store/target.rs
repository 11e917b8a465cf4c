//! The file that is written, until it has its name.
//!
//! **W1** A file has another name, in the same folder, until it is whole and on the disk. What goes wrong before, or is
//! cancelled, leaves what was there as it was, and nothing beside it.
//!
//! **W2** Who drops the [`Writer`] removes that file, so the run's end is told only when it is gone.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ::hdf5::Dataset;
use parking_lot::Mutex;
use rustix::fs::{Access, access};

use crate::chunk::{Encoded, Value};
use crate::error::{Error, Result};
use crate::io::hdf5::Output;

/// Where a file is to be.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// As the user said it.
    said: PathBuf,
    /// Where links lead.
    path: PathBuf,
    folder: PathBuf,
}

impl Target {
    /// Looks whether a file can be written at `path`; makes nothing.
    pub(super) fn check(path: &Path) -> Result<Self> {
        let refuse = |problem: String| Err(Error::file(path, problem));
        let real = match fs::metadata(path) {
            Ok(about) if about.is_dir() => return refuse("it is a folder: name a file in it".into()),
            Ok(about) if !about.is_file() => {
                return refuse("it is no regular file, so no other can take its place".into());
            }
            Ok(_) => {
                let real = path.canonicalize().map_err(|source| Error::file_io(path, "realpath", source))?;
                let writable = access(&real, Access::WRITE_OK);
                writable.map_err(|error| Error::file_io(path, "looking whether it can be written", error.into()))?;
                real
            }
            Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(path).is_ok() => {
                return refuse("it is a link to what is not there".into());
            }
            Err(error) if error.kind() == ErrorKind::NotFound => path.to_owned(),
            Err(source) => return Err(Error::file_io(path, "stat", source)),
        };
        if real.file_name().is_none() {
            return refuse("it names no file".into());
        }
        let folder = match real.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        match fs::metadata(&folder) {
            Ok(about) if about.is_dir() => {}
            Err(source) if source.kind() != ErrorKind::NotFound => return Err(Error::file_io(path, "stat", source)),
            _ => return refuse(format!("there is no folder {}: make it first", folder.display())),
        }
        let writable = access(&folder, Access::WRITE_OK | Access::EXEC_OK);
        writable.map_err(|error| Error::file_io(path, "looking whether its folder can be written", error.into()))?;
        Ok(Self { said: path.to_owned(), path: real, folder })
    }

    /// What the library said.
    fn refused(&self, error: &::hdf5::Error) -> Error {
        Error::file(&self.said, format!("it can't be written: {error}"))
    }

    fn failed(&self, operation: &'static str, source: io::Error) -> Error {
        Error::file_io(&self.said, operation, source)
    }

    /// Makes an empty file of another name, which nobody else has.
    fn partial(&self) -> Result<PathBuf> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = self.folder.join(format!(".thermocline-{}-{number}.partial", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => return Ok(path),
                // Of an earlier process of this number, which was killed.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(self.failed("creating a file in its folder", error)),
            }
        }
    }
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
        let output = Output::create(&writer.partial).map_err(|error| target.refused(&error))?;
        let variable = fill(&output).map_err(|error| target.refused(&error))?;
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
        written.map_err(|error| self.target.refused(&error))
    }

    /// Closes the file and gives it its name. Its path and its length.
    pub(super) fn finish(&self) -> Result<(PathBuf, u64)> {
        let target = &self.target;
        let Some((variable, output)) = self.open.lock().take() else { return Err(Error::Cancelled) };
        drop(variable);
        output.close().map_err(|error| target.refused(&error))?;
        let file = fs::File::open(&self.partial).map_err(|error| target.failed("open", error))?;
        file.sync_all().map_err(|error| target.failed("fsync", error))?;
        let length = file.metadata().map_err(|error| target.failed("fstat", error))?.len();
        fs::rename(&self.partial, &target.path).map_err(|error| target.failed("rename", error))?;
        let folder = fs::File::open(&target.folder).and_then(|folder| folder.sync_all());
        folder.map_err(|error| target.failed("fsync of its folder", error))?;
        Ok((target.said.clone(), length))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.open.get_mut().take());
        // Not there any more where it was finished.
        drop(fs::remove_file(&self.partial));
    }
}
