//! The folder of the files, and what is known of those in it.
//!
//! A CSV file can't say who made it. A record beside the files does: for each its length, and what it was made of. It is
//! written before a file gets its name, so that each file of this program is in it.
//!
//! A file has its name with `.partial` behind it until it is complete and on the disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{BenchError, Result};

/// The record's name.
pub(super) const RECORD: &str = ".thermocline-flights.json";

/// What a file is made of, and how long it is.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
struct Made {
    of: String,
    bytes: u64,
}

/// A folder with its record.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    record: BTreeMap<String, Made>,
}

/// What is at the place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    Nothing,
    /// The file that is wanted.
    Same,
    /// One of this program's, made of something else.
    Other,
}

impl Folder {
    /// Makes it, if it is not there.
    pub(super) fn open(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).map_err(BenchError::io(path, "making the folder"))?;
        let file = path.join(RECORD);
        let record = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(BenchError::io(&file, "reading")(error)),
        };
        Ok(Self { path: path.to_owned(), record })
    }

    /// What is at the place of the file `name`, made `of` that.
    ///
    /// # Errors
    /// Where there is something that this program did not make.
    pub(super) fn existing(&self, name: &str, of: &str) -> Result<Existing> {
        let path = self.path.join(name);
        let bytes = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Existing::Nothing),
            Err(error) => return Err(BenchError::io(&path, "stat")(error)),
            Ok(there) => there.is_file().then_some(there.len()),
        };
        match (self.record.get(name), bytes) {
            (Some(made), Some(bytes)) if made.of == of && made.bytes == bytes => Ok(Existing::Same),
            (Some(_), Some(_)) => Ok(Existing::Other),
            _ => Err(BenchError::file(
                path,
                "is there already, and not made by this program: move it away, or name another folder with --dir",
            )),
        }
    }

    /// Files of this program that are there beside `wanted`.
    pub(super) fn others<'a>(&'a self, wanted: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a str> {
        self.record.keys().map(String::as_str).filter(move |name| !wanted(name) && self.path.join(name).exists())
    }

    /// Bytes that what is there of a file would give back.
    pub(super) fn reusable(&self, name: &str) -> u64 {
        fs::metadata(self.partial(name)).map_or(0, |left| left.len())
    }

    fn partial(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.partial"))
    }

    /// Begins a file, over what an interrupted run may have left.
    pub(super) fn create(&mut self, name: String, of: String) -> Result<Writer<'_>> {
        let partial = self.partial(&name);
        let file = File::create(&partial).map_err(BenchError::io(&partial, "creating the file"))?;
        Ok(Writer { folder: self, name, of, partial, file, bytes: 0 })
    }

    fn record(&mut self, name: &str, made: Made) -> Result<()> {
        self.record.insert(name.to_owned(), made);
        let (path, partial) = (self.path.join(RECORD), self.partial(RECORD));
        let text = serde_json::to_string_pretty(&self.record).unwrap_or_default();
        fs::write(&partial, text + "\n").map_err(BenchError::io(&partial, "writing"))?;
        fs::rename(&partial, &path).map_err(BenchError::io(&partial, "rename"))
    }
}

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    folder: &'a mut Folder,
    name: String,
    of: String,
    partial: PathBuf,
    file: File,
    bytes: u64,
}

impl Writer<'_> {
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(BenchError::io(&self.partial, "writing (is the disk full?)"))
    }

    /// Gives the file its name. Its bytes.
    pub(super) fn finish(self) -> Result<u64> {
        self.file.sync_all().map_err(BenchError::io(&self.partial, "fsync (is the disk full?)"))?;
        self.folder.record(&self.name, Made { of: self.of.clone(), bytes: self.bytes })?;
        let path = self.folder.path.join(&self.name);
        fs::rename(&self.partial, path).map_err(BenchError::io(&self.partial, "rename"))?;
        Ok(self.bytes)
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        // Gone already where the file is finished.
        drop(fs::remove_file(&self.partial));
    }
}
