//! A file that is written, until it has its name.
//!
//! **W1** A file has another name, in the same folder, until it is whole and on the disk. What goes wrong before, or is
//! cancelled, leaves what was there as it was, and nothing beside it.
//!
//! **W2** Who drops what writes it removes that file, so the run's end is told only when it is gone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Access, access};

use crate::error::{Error, Result};

/// Where a file is to be.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As the user said it.
    said: PathBuf,
    /// Where links lead.
    path: PathBuf,
    folder: PathBuf,
}

impl Target {
    /// Looks whether a file can be written at `path`; makes nothing.
    pub(crate) fn check(path: &Path) -> Result<Self> {
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
        let folder = folder_of(&real);
        check_folder(path, &folder)?;
        Ok(Self { said: path.to_owned(), path: real, folder })
    }

    /// As the user said it.
    pub(crate) fn said(&self) -> &Path {
        &self.said
    }

    pub(crate) fn failed(&self, operation: &'static str, source: io::Error) -> Error {
        Error::file_io(&self.said, operation, source)
    }

    /// Makes an empty file of another name, which nobody else has.
    pub(crate) fn partial(&self) -> Result<PathBuf> {
        Ok(partial_in(&self.folder, &self.said)?.0)
    }

    /// Gives the whole file `partial` its name, once it is on the disk. Its length.
    pub(crate) fn put(&self, partial: &Path) -> Result<u64> {
        let file = File::open(partial).map_err(|error| self.failed("open", error))?;
        file.sync_all().map_err(|error| self.failed("fsync", error))?;
        let length = file.metadata().map_err(|error| self.failed("fstat", error))?.len();
        fs::rename(partial, &self.path).map_err(|error| self.failed("rename", error))?;
        sync_folder(&self.folder).map_err(|error| self.failed("fsync of its folder", error))?;
        Ok(length)
    }
}

/// The folder that `path` is in.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Whether files can be made in `folder`, for what is to be at `path`.
pub(crate) fn check_folder(path: &Path, folder: &Path) -> Result<()> {
    match fs::metadata(folder) {
        Ok(about) if about.is_dir() => {}
        Err(source) if source.kind() != ErrorKind::NotFound => return Err(Error::file_io(path, "stat", source)),
        _ => return Err(Error::file(path, format!("there is no folder {}: make it first", folder.display()))),
    }
    let writable = access(folder, Access::WRITE_OK | Access::EXEC_OK);
    writable.map_err(|error| Error::file_io(path, "looking whether its folder can be written", error.into()))
}

/// An empty file in `folder` of a name that nobody else has, for what is to be at `path`.
pub(crate) fn partial_in(folder: &Path, path: &Path) -> Result<(PathBuf, File)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let partial = folder.join(format!(".thermocline-{}-{number}.partial", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&partial) {
            Ok(file) => return Ok((partial, file)),
            // Of an earlier process of this number, which was killed.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::file_io(path, "creating a file in its folder", error)),
        }
    }
}

/// Has the names in `folder` be on the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
