//! Segments: files; extents: the runs of them that frames lie in.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rustix::fs::Advice;

use super::folder::Name;
use super::free::FreeList;
use super::store::Store;
use super::tier::Tier;
use crate::error::Result;

/// Extents start and end on page borders, so that each can be mapped and punched by itself.
pub(super) const PAGE: u64 = 4096;

/// A segment takes extents up to this length in all; a longer extent gets a segment of its own.
pub(super) const SEGMENT: u64 = 4 << 30;

/// A file.
#[derive(Debug)]
pub(super) struct Segment {
    store: Box<dyn Store>,
    /// Goes after the file's last use.
    _name: Option<Name>,
    free: Mutex<FreeList>,
    /// It lies in persistent memory: there is no page cache between.
    dax: bool,
    /// The disk failed to take something of it: what is on its way there is not to be trusted, and nothing new is written.
    retired: AtomicBool,
}

impl Segment {
    pub(super) fn new(store: Box<dyn Store>, name: Option<Name>) -> Self {
        let dax = store.is_dax();
        Self { store, _name: name, free: Mutex::default(), dax, retired: AtomicBool::new(false) }
    }

    /// Takes `len` bytes of at most `most` in all.
    pub(super) fn take(&self, len: u64, most: u64) -> Option<u64> {
        if self.is_retired() { None } else { self.free.lock().take(len, most) }
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::SeqCst)
    }
}

/// A run of a segment that belongs to one frame. Dropping it punches it and gives it back.
#[derive(Debug)]
pub(super) struct Extent {
    tier: Arc<Tier>,
    segment: Arc<Segment>,
    offset: u64,
    len: u64,
    /// The filesystem keeps blocks for it.
    allocated: bool,
}

impl Extent {
    /// Takes `len` bytes (rounded up to pages) of `tier` and preallocates them.
    pub(super) fn take(tier: &Arc<Tier>, len: u64) -> Result<Self> {
        let len = len.max(1).div_ceil(PAGE) * PAGE;
        tier.reserve(len)?;
        // From here on, dropping the extent gives everything back.
        let (segment, offset) = tier.place(len).inspect_err(|_| tier.unreserve(len))?;
        let mut extent = Self { tier: tier.clone(), segment, offset, len, allocated: false };
        extent.allocated = extent.preallocate()?;
        Ok(extent)
    }

    /// Whether this filesystem can: without that, a positioned write that finds the disk full still is an error, not a
    /// signal.
    fn preallocate(&self) -> Result<bool> {
        match uninterrupted(|| self.segment.store.allocate(self.offset, self.len)) {
            Ok(()) => Ok(true),
            Err(error) if is_unsupported(&error) => Ok(false),
            Err(error) => Err(self.tier.failed_write(self.len, "preallocating", error)),
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
        let mut done = 0;
        while done < bytes.len() {
            let offset = self.offset + at + done as u64;
            match uninterrupted(|| self.segment.store.write(&bytes[done..], offset)) {
                Ok(0) => return Err(self.tier.failed("writing", io::ErrorKind::WriteZero.into())),
                Ok(written) => done += written,
                Err(error) => return Err(self.tier.failed_write(self.len, "writing", error)),
            }
        }
        Ok(())
    }

    /// Reads `out` from `at`, in parts where need be. Whether all of it is there: a file may have been cut.
    pub(super) fn read(&self, at: u64, out: &mut [u8]) -> Result<bool> {
        let mut done = 0;
        while done < out.len() {
            let offset = self.offset + at + done as u64;
            match uninterrupted(|| self.segment.store.read(&mut out[done..], offset)) {
                Ok(0) => return Ok(false),
                Ok(read) => done += read,
                Err(error) => return Err(self.tier.failed("reading", error)),
            }
        }
        Ok(true)
    }

    /// Has the system begin to write what lies between two places to the disk, while the caller goes on.
    pub(super) fn begin_settling(&self, from: u64, to: u64) {
        if !self.segment.dax {
            self.segment.store.begin_sync(self.offset + from, to - from);
        }
    }

    /// Makes the pages of a range clean and drops them from the page cache (S5): spilled bytes must not stay in RAM
    /// under another name. A filesystem that can't is only less tidy; a disk that fails has not got the bytes. Which bytes,
    /// the system does not say, and it says so once: all that is on its way to this segment counts as lost.
    pub(super) fn settle(&self, len: u64) -> Result<()> {
        if self.segment.dax {
            return Ok(());
        }
        match uninterrupted(|| self.segment.store.sync(self.offset, len)) {
            Ok(()) => self.drop_cache(len),
            Err(error) if is_unsupported(&error) => {}
            Err(error) => {
                self.segment.retired.store(true, Ordering::SeqCst);
                return Err(self.tier.failed_write(self.len, "writing back", error));
            }
        }
        if self.segment.is_retired() {
            return Err(self.tier.failed("writing back", io::Error::from_raw_os_error(libc::EIO)));
        }
        Ok(())
    }

    /// Has the system read pages into its cache, while the caller goes on. Best effort, as well.
    pub(super) fn fill_cache(&self, len: u64) {
        self.advise(len, Advice::WillNeed);
    }

    /// Drops clean pages from the page cache.
    pub(super) fn drop_cache(&self, len: u64) {
        self.advise(len, Advice::DontNeed);
    }

    fn advise(&self, len: u64, advice: Advice) {
        if !self.segment.dax {
            self.segment.store.advise(self.offset, len, advice);
        }
    }

    /// Whether it may be mapped: nobody else changes the file, and it has no holes to be filled on a full disk.
    pub(super) fn may_be_mapped(&self) -> bool {
        self.allocated && self.tier.maps()
    }

    /// Maps `len` bytes from `at`, or `None` where this filesystem does not allow it.
    pub(super) fn map(&self, at: u64, len: usize) -> Option<memmap2::Mmap> {
        self.segment.store.map(self.offset + at, len).ok()
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn tier(&self) -> &Arc<Tier> {
        &self.tier
    }

    fn give_back(&self, offset: u64, len: u64) {
        // Where holes can't be punched the blocks stay until the segment goes; the extent is used again all the same.
        let _best_effort = uninterrupted(|| self.segment.store.punch(offset, len));
        self.segment.free.lock().give_back(offset, len);
        self.tier.unreserve(len);
    }
}

impl Drop for Extent {
    fn drop(&mut self) {
        self.give_back(self.offset, self.len);
    }
}

/// Calls again where a signal came between.
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// Whether a filesystem does not know a call at all.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::ESPIPE | libc::ENODEV | libc::EINVAL))
}
