//! What is asked of a segment's file: the seam at which tests have calls fail, and devices stand in for others.
//!
//! Calls are as the system's own: they may do less than was asked, be interrupted, or fail. Whoever uses a store repeats
//! and translates ([`segment`](super::segment)); a store remembers nothing.

use std::fmt;
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use memmap2::Mmap;
use rustix::fs::{Advice, AtFlags, FallocateFlags, StatxAttributes, StatxFlags, fadvise, fallocate, statx};

use super::folder::Naming;
use super::sys;

/// A file of which parts are taken, written, read, mapped and given back.
pub(crate) trait Store: fmt::Debug + Send + Sync {
    /// Has the filesystem keep blocks for a range: writing to it can't find the disk full.
    fn allocate(&self, offset: u64, len: u64) -> io::Result<()>;

    /// Gives the blocks of a range back.
    fn punch(&self, offset: u64, len: u64) -> io::Result<()>;

    /// Writes some of `bytes` at `offset`, and says how many.
    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Reads some bytes from `offset`, and says how many.
    fn read(&self, out: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Has the system begin to write a range to the disk. Best effort.
    fn begin_sync(&self, offset: u64, len: u64);

    /// Waits until a range is on the disk.
    fn sync(&self, offset: u64, len: u64) -> io::Result<()>;

    /// Tells the page cache what will be wanted. Best effort.
    fn advise(&self, offset: u64, len: u64, advice: Advice);

    /// Maps a range read-only, with all its pages there.
    fn map(&self, offset: u64, len: usize) -> io::Result<Mmap>;

    /// Whether it lies in persistent memory and is used there, without a page cache.
    fn is_dax(&self) -> bool;
}

impl Store for File {
    fn allocate(&self, offset: u64, len: u64) -> io::Result<()> {
        // The system's own call: the C library's would write zeros where the filesystem can't.
        Ok(fallocate(self, FallocateFlags::empty(), offset, len)?)
    }

    fn punch(&self, offset: u64, len: u64) -> io::Result<()> {
        Ok(fallocate(self, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, offset, len)?)
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.write_at(bytes, offset)
    }

    fn read(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read_at(out, offset)
    }

    fn begin_sync(&self, offset: u64, len: u64) {
        sys::begin_sync(self, offset, len);
    }

    fn sync(&self, offset: u64, len: u64) -> io::Result<()> {
        sys::sync_range(self, offset, len)
    }

    fn advise(&self, offset: u64, len: u64, advice: Advice) {
        let _best_effort = fadvise(self, offset, NonZeroU64::new(len), advice);
    }

    fn map(&self, offset: u64, len: usize) -> io::Result<Mmap> {
        sys::map(self, offset, len)
    }

    /// The file's own attribute, where the filesystem has it at all; else whether it takes a mapping that only such a file
    /// can have.
    fn is_dax(&self) -> bool {
        let Ok(about) = statx(self, "", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS) else { return false };
        if about.stx_attributes_mask.contains(StatxAttributes::DAX) {
            return about.stx_attributes.contains(StatxAttributes::DAX);
        }
        sys::maps_synchronously(self)
    }
}

/// How stores are made: tests put something before the file, or have it keep its name.
#[derive(Clone)]
pub(crate) struct Stores {
    /// What is made of a file.
    pub(super) wrap: Arc<dyn Fn(File) -> Box<dyn Store> + Send + Sync>,
    /// The best way to be tried of making files.
    pub(super) naming: Naming,
}

impl Default for Stores {
    fn default() -> Self {
        Self { wrap: Arc::new(|file| Box::new(file)), naming: Naming::Nameless }
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").field("naming", &self.naming).finish_non_exhaustive()
    }
}
