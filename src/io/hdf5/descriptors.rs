//! A bounded cache of open files.
//!
//! A series of daily files has more of them than a process may hold open. Files are opened and looked at outside of
//! the lock (D2); two threads that miss at the same time open the same file twice, and the later one stays.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{Error, Result};

/// So many files stay open for each data set of one or many files.
const OPEN_FILES: usize = 64;

/// What tells a file from another, or from itself after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    modified: (i64, i64),
    /// Its length in bytes.
    pub(super) size: u64,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            size: metadata.size(),
        }
    }
}

/// The files that were used last, latest first.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    open: Mutex<Vec<(PathBuf, Arc<File>)>>,
}

impl Descriptors {
    /// The file at `path`, if it is the one that `expected` tells (H4).
    pub(super) fn get(&self, path: &Path, expected: Identity) -> Result<Arc<File>> {
        let file = match self.recall(path) {
            Some(file) => file,
            None => Arc::new(File::open(path).map_err(|source| Error::file_io(path, "open", source))?),
        };
        let metadata = file.metadata().map_err(|source| Error::file_io(path, "fstat", source))?;
        if Identity::of(&metadata) != expected {
            return Err(Error::file(path, "it changed since it was opened: open it again"));
        }
        self.keep(path, file.clone());
        Ok(file)
    }

    fn recall(&self, path: &Path) -> Option<Arc<File>> {
        let open = self.open.lock();
        open.iter().find(|(known, _)| known == path).map(|(_, file)| file.clone())
    }

    fn keep(&self, path: &Path, file: Arc<File>) {
        let mut open = self.open.lock();
        let old = match open.iter().position(|(known, _)| known == path) {
            Some(at) => Some(open.remove(at)),
            None if open.len() == OPEN_FILES => open.pop(),
            None => None,
        };
        open.insert(0, (path.to_owned(), file));
        drop(open);
        // Closed, if this was its last use, after the lock is gone.
        drop(old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_bounded_and_changes_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let descriptors = Descriptors::default();
        for number in 0..OPEN_FILES + 9 {
            let path = folder.path().join(number.to_string());
            std::fs::write(&path, b"abc").unwrap();
            let identity = Identity::of(&std::fs::metadata(&path).unwrap());
            descriptors.get(&path, identity).unwrap();
            descriptors.get(&path, identity).unwrap();
            if number == 70 {
                std::fs::write(&path, b"abcd").unwrap();
                let error = descriptors.get(&path, identity).unwrap_err().to_string();
                assert!(error.contains("changed"), "{error}");
            }
        }
        assert_eq!(descriptors.open.lock().len(), OPEN_FILES);
    }
}
