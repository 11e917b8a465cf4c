//! One HDF5 file: what it is, and opening it in the library.

use std::fmt;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Advice, fadvise};

use super::descriptors::{Descriptors, Identity};
use super::heap::Heaps;
use super::trust::trust;
use crate::error::{Error, Result};

/// So much of a file is on its way from the disk before the library asks for it: what small files say of themselves.
const FRONT: u64 = 64 << 10;

const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";

/// An HDF5 file, which is open in the library only for as long as something is asked of it.
pub(crate) struct Input {
    path: PathBuf,
    identity: Identity,
    descriptors: Arc<Descriptors>,
}

impl Input {
    /// Looks at the file at `path`. Its descriptor will be one of `descriptors`.
    pub(crate) fn new(path: &Path, descriptors: Arc<Descriptors>) -> Result<Self> {
        // A pipe would wait for a writer for ever, so this comes before opening.
        let metadata = fs::metadata(path).map_err(|source| Error::file_io(path, "open", source))?;
        if !metadata.is_file() {
            return Err(Error::file(path, "it is no regular file"));
        }
        let file = File::open(path).map_err(|source| Error::file_io(path, "open", source))?;
        let metadata = file.metadata().map_err(|source| Error::file_io(path, "fstat", source))?;
        check_signature(path, &file, metadata.len())?;
        let _best_effort = fadvise(&file, 0, NonZeroU64::new(FRONT), Advice::WillNeed);
        Ok(Self { path: path.to_owned(), identity: Identity::of(&metadata), descriptors })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes.
    pub(super) fn size(&self) -> u64 {
        self.identity.size
    }

    /// Its descriptor, to be read at positions from any thread.
    pub(super) fn descriptor(&self) -> Result<Arc<File>> {
        self.descriptors.get(&self.path, self.identity)
    }

    /// Its global heaps; `file` is itself, open in the library.
    pub(crate) fn heaps(&self, file: &::hdf5::File) -> Result<Heaps> {
        let said = |error: ::hdf5::Error| refused(&self.path, "it can't be looked at", &error);
        let properties = file.create_plist().map_err(said)?;
        let sizes = properties.get_sizes().map_err(said)?;
        Ok(Heaps {
            file: self.descriptor()?,
            base: properties.get_userblock().map_err(said)?,
            file_size: self.size(),
            address_width: sizes.sizeof_addr as usize,
            length_width: sizes.sizeof_size as usize,
        })
    }

    /// The file at `path`, to whose data this one refers.
    pub(super) fn beside(&self, path: &Path) -> Result<Self> {
        Self::new(path, self.descriptors.clone())
    }

    /// Whether the file at this path is still the one that was looked at (H4).
    pub(super) fn check_unchanged(&self) -> Result<()> {
        let metadata = fs::metadata(&self.path).map_err(|source| Error::file_io(&self.path, "stat", source))?;
        if Identity::of(&metadata) == self.identity {
            return Ok(());
        }
        Err(Error::file(&self.path, "it changed since it was opened: open it again"))
    }

    /// Opens it in the library.
    pub(crate) fn library(&self) -> Result<::hdf5::File> {
        self.check_unchanged()?;
        trust()?;
        let open = |locking: bool| {
            ::hdf5::File::with_options().with_fapl(|access| access.file_locking(locking)).open(&self.path)
        };
        // Locks fail on many network file systems, and readers need none. But where this process has the file open
        // already, by other hands, the library insists on the choice made there.
        let opened = open(false).or_else(|error| if says_locking(&error) { open(true) } else { Err(error) });
        opened.map_err(|error| refused(&self.path, "it can't be opened", &error))
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({})", self.path.display())
    }
}

/// What the library said of the file at `path`.
pub(crate) fn refused(path: &Path, what: &str, error: &::hdf5::Error) -> Error {
    Error::file(path, format!("{what}: {error}"))
}

fn says_locking(error: &::hdf5::Error) -> bool {
    error.to_string().contains("file locking flag values don't match")
}

/// The library would say so too, but not what the file is instead.
fn check_signature(path: &Path, file: &File, size: u64) -> Result<()> {
    let mut begin = [0; 8];
    // The signature may follow a user block of 512 bytes or a larger power of two.
    for place in std::iter::once(0).chain((9..63).map(|power| 1 << power)).take_while(|place| place + 8 <= size) {
        let mut found = [0; 8];
        match file.read_exact_at(&mut found, place) {
            Ok(()) if &found == SIGNATURE => return Ok(()),
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(source) => return Err(Error::file_io(path, "read", source)),
        }
        if place == 0 {
            begin = found;
        }
    }
    let hint = match &begin {
        [b'C', b'D', b'F', ..] => "it is a netCDF classic file: convert it with `nccopy -k nc4`",
        b"version " => "it is the pointer of a file kept by Git LFS: fetch the file itself with `git lfs pull`",
        [0x1f, 0x8b, ..] => "it is compressed by gzip: decompress it first",
        _ if size == 0 => "it is empty",
        _ => "it does not begin as an HDF5 or netCDF-4 file does",
    };
    Err(Error::file(path, hint))
}
