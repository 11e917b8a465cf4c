//! Segments: unlinked files; extents: the runs of them that frames lie in.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::fs::{Advice, FallocateFlags, fadvise, fallocate};
use rustix::io::Errno;

use super::free::FreeList;
use super::sys;
use super::tier::Tier;
use crate::error::Result;
use crate::units::ByteSize;

/// Extents start and end on page borders, so that each can be mapped and punched by itself.
pub(super) const PAGE: u64 = 4096;

/// A segment takes extents up to this length in all; a longer extent gets a segment of its own.
pub(super) const SEGMENT: u64 = 4 << 30;

/// An unlinked file.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) file: File,
    pub(super) free: Mutex<FreeList>,
}

/// A run of a segment that belongs to one frame. Dropping it punches it and gives it back.
#[derive(Debug)]
pub(super) struct Extent {
    tier: Arc<Tier>,
    segment: Arc<Segment>,
    offset: u64,
    len: u64,
}

impl Extent {
    /// Takes `len` bytes (rounded up to pages) of `tier` and preallocates them.
    pub(super) fn take(tier: &Arc<Tier>, len: u64) -> Result<Self> {
        let len = len.max(1).div_ceil(PAGE) * PAGE;
        tier.reserve(len)?;
        // From here on, dropping the extent gives everything back.
        let (segment, offset) = tier.place(len).inspect_err(|_| tier.unreserve(len))?;
        let extent = Self { tier: tier.clone(), segment, offset, len };
        extent.preallocate()?;
        Ok(extent)
    }

    fn preallocate(&self) -> Result<()> {
        loop {
            match fallocate(&self.segment.file, FallocateFlags::empty(), self.offset, self.len) {
                // Without fallocate, a positioned write that finds the disk full still is an error, not a signal.
                Ok(()) | Err(Errno::NOTSUP) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => return Err(self.tier.full(self.len)),
                Err(error) => return Err(self.tier.failed("preallocating", error.into())),
            }
        }
    }

    /// Gives back what lies beyond the first `len` bytes.
    pub(super) fn shrink(&mut self, len: u64) {
        let keep = len.max(1).div_ceil(PAGE) * PAGE;
        if keep < self.len {
            let (offset, rest) = (self.offset + keep, self.len - keep);
            self.len = keep;
            self.give_back(offset, rest);
        }
    }

    /// Writes `bytes` at `at`; short writes go on, interrupted ones begin again.
    pub(super) fn write(&self, at: u64, bytes: &[u8]) -> Result<()> {
        debug_assert!(at + bytes.len() as u64 <= self.len, "a frame stays within its extent");
        self.segment.file.write_all_at(bytes, self.offset + at).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => self.tier.full(self.len),
            _ => self.tier.failed("writing", error),
        })
    }

    /// Reads `out` from `at`.
    pub(super) fn read(&self, at: u64, out: &mut [u8]) -> Result<()> {
        self.segment.file.read_exact_at(out, self.offset + at).map_err(|error| self.tier.failed("reading", error))
    }

    /// Has the system begin to write what lies between two places to the disk, while the caller goes on.
    pub(super) fn begin_settling(&self, from: u64, to: u64) {
        sys::begin_sync(&self.segment.file, self.offset + from, to - from);
    }

    /// Makes the pages of a range clean and drops them from the page cache (S5): spilled bytes must not stay in RAM
    /// under another name. Best effort: a filesystem that can't is only less tidy.
    pub(super) fn settle(&self, len: u64) {
        if sys::sync_range(&self.segment.file, self.offset, len).is_ok() {
            self.drop_cache(len);
        }
    }

    /// Has the system read pages into its cache, while the caller goes on. Best effort, as well.
    pub(super) fn fill_cache(&self, len: u64) {
        let _best_effort = fadvise(&self.segment.file, self.offset, std::num::NonZeroU64::new(len), Advice::WillNeed);
    }

    /// Drops clean pages from the page cache.
    pub(super) fn drop_cache(&self, len: u64) {
        let _best_effort = fadvise(&self.segment.file, self.offset, std::num::NonZeroU64::new(len), Advice::DontNeed);
    }

    /// Maps `len` bytes from `at`, or `None` where this filesystem does not allow it.
    pub(super) fn map(&self, at: u64, len: usize) -> Option<memmap2::Mmap> {
        sys::map(&self.segment.file, self.offset + at, len).ok()
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn tier(&self) -> &Tier {
        &self.tier
    }

    fn give_back(&self, offset: u64, len: u64) {
        let punch = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        // Where holes can't be punched the blocks stay until the segment goes; the extent is used again all the same.
        let _best_effort = fallocate(&self.segment.file, punch, offset, len);
        self.segment.free.lock().give_back(offset, len);
        self.tier.unreserve(len);
    }
}

impl Drop for Extent {
    fn drop(&mut self) {
        self.give_back(self.offset, self.len);
    }
}

impl Segment {
    pub(super) fn new(file: File) -> Self {
        Self { file, free: Mutex::new(FreeList::default()) }
    }
}

impl Tier {
    /// The error of an extent of `asked` bytes that finds no room.
    pub(super) fn full(&self, asked: u64) -> crate::Error {
        crate::Error::ScratchFull {
            path: self.path().to_owned(),
            asked: ByteSize::new(asked),
            left: ByteSize::new(self.left()),
        }
    }

    /// The error of a failed system call.
    pub(super) fn failed(&self, operation: &'static str, source: io::Error) -> crate::Error {
        crate::Error::Scratch { path: self.path().to_owned(), operation, source: Arc::new(source) }
    }
}
