//! A folder of files in the making, one for each partition: `part-00000.parquet` and so on.
//!
//! Each has another name until all are whole and on the disk. Then they get theirs, one after the other: who looks at that
//! moment sees some of them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::WrittenFile;
use crate::chunk::{CodeError, Encoded, Value};
use crate::error::{Error, Result};
use crate::io::target::{check_folder, folder_of, partial_in, sync_folder};

/// Bytes that are written at a time.
pub(super) const BUFFER: usize = 256 << 10;

/// Where files are to be.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    extension: &'static str,
    overwrite: bool,
    /// How many files there will be.
    parts: usize,
}

impl Folder {
    /// Looks whether files can be written there; makes nothing.
    pub(super) fn check(path: &Path, extension: &'static str, parts: usize, overwrite: bool) -> Result<Self> {
        let folder = Self { path: path.to_owned(), extension, overwrite, parts };
        match fs::metadata(path) {
            Ok(about) if !about.is_dir() => {
                return Err(Error::file(path, "it is no folder: one file a partition needs one"));
            }
            Ok(_) => {
                check_folder(path, path)?;
                folder.check_vacant()?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => check_folder(path, &folder_of(path))?,
            Err(source) => return Err(Error::file_io(path, "stat", source)),
        }
        Ok(folder)
    }

    fn check_vacant(&self) -> Result<()> {
        let present = if self.overwrite { Vec::new() } else { self.present()? };
        present.first().map_or(Ok(()), |first| {
            let count = present.len();
            let problem =
                format!("there are files in it already ({count}, {first:?} among them): ask to overwrite them");
            Err(Error::file(&self.path, problem))
        })
    }

    /// The names of the files in it that are named as those that are to be.
    fn present(&self) -> Result<Vec<String>> {
        let failed = |source| Error::file_io(&self.path, "looking for files in it", source);
        let mut present = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_prefix("part-")?.strip_suffix(self.extension)?.strip_suffix('.'));
            if number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())) {
                present.extend(name.into_string().ok());
            }
        }
        present.sort();
        Ok(present)
    }

    /// The name of a part. All are of one length, so that their order is that of their numbers.
    fn name(&self, part: usize) -> String {
        let digits = (self.parts.max(1) - 1).to_string().len().max(5);
        format!("part-{part:0digits$}.{}", self.extension)
    }

    fn failed(&self, operation: &'static str, source: io::Error) -> Error {
        Error::file_io(&self.path, operation, source)
    }
}

/// A part that is whole.
struct Part {
    partial: PathBuf,
    rows: u64,
    bytes: u64,
}

/// The files in the making. Written by several tasks at a time.
pub(super) struct Writer {
    folder: Folder,
    /// Whether the folder was not there before.
    is_new: bool,
    parts: Mutex<BTreeMap<usize, Part>>,
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
    /// Makes the folder, if it is not there.
    pub(super) fn begin(folder: &Folder) -> Result<Self> {
        let is_new = match fs::create_dir(&folder.path) {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => return Err(folder.failed("making it", error)),
        };
        Ok(Self { folder: folder.clone(), is_new, parts: Mutex::default() })
    }

    /// Writes a part of so many rows, by `write`. Its length.
    pub(super) fn write(
        &self,
        part: usize,
        rows: u64,
        write: impl FnOnce(&mut dyn Write) -> Result<(), CodeError>,
    ) -> Result<u64> {
        let folder = &self.folder;
        let path = folder.path.join(folder.name(part));
        let (partial, file) = partial_in(&folder.path, &path)?;
        // Known from here on, so that it is removed whatever happens.
        self.parts.lock().insert(part, Part { partial, rows, bytes: 0 });
        let failed = |operation, source| Error::file_io(&path, operation, source);
        let mut out = BufWriter::with_capacity(BUFFER, file);
        write(&mut out).map_err(|error| Error::file(&path, format!("it can't be written: {error}")))?;
        let file = out.into_inner().map_err(|error| failed("write", error.into_error()))?;
        file.sync_all().map_err(|source| failed("fsync", source))?;
        let bytes = file.metadata().map_err(|source| failed("fstat", source))?.len();
        if let Some(part) = self.parts.lock().get_mut(&part) {
            part.bytes = bytes;
        }
        Ok(bytes)
    }

    /// Gives all their names, and removes what is left of others that were to be overwritten.
    pub(super) fn finish(&self) -> Result<Vec<WrittenFile>> {
        let folder = &self.folder;
        // Somebody may have written there meanwhile.
        folder.check_vacant()?;
        let mut before = folder.present()?;
        let mut files = Vec::new();
        for (number, part) in std::mem::take(&mut *self.parts.lock()) {
            let name = folder.name(number);
            let path = folder.path.join(&name);
            if let Err(error) = fs::rename(&part.partial, &path) {
                drop(fs::remove_file(&part.partial));
                return Err(Error::file_io(&path, "rename", error));
            }
            before.retain(|other| *other != name);
            files.push(WrittenFile { path, rows: part.rows, bytes: part.bytes });
        }
        for name in before {
            fs::remove_file(folder.path.join(name))
                .map_err(|error| folder.failed("removing files that were there", error))?;
        }
        sync_folder(&folder.path).map_err(|error| folder.failed("fsync", error))?;
        Ok(files)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        for part in self.parts.get_mut().values() {
            drop(fs::remove_file(&part.partial));
        }
        if self.is_new {
            // Stays where something is in it.
            drop(fs::remove_dir(&self.folder.path));
        }
    }
}
