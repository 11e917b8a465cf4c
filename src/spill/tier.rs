//! A tier: a folder for scratch, with a capacity (S4).
//!
//! What it lies on is found out when the session starts, and decides how it is used; what can't be used is refused then:
//!
//! | the folder lies on | blocks kept, given back | page cache | frames in place | remarks |
//! | --- | --- | --- | --- | --- |
//! | ext4, xfs, btrfs | yes | written out, then dropped | yes | |
//! | a tmpfs (ramfs, …) | yes | is the tier | yes | RAM by another name: only with a capacity, which is charged to the limit |
//! | an overlay | as its upper layer | as its upper layer | as its upper layer | RAM where the upper layer can be seen to be; in a container say `:ram` where it is |
//! | ext4 or xfs with `-o dax` | yes | none | yes, and stored raw | persistent memory |
//! | without `fallocate` (ext3) | no: a write may find the disk full | written out, then dropped | no: read | holes are punched where they can be, else what is free is used again |
//! | NFS, SMB, FUSE, … | as it can | written out, then dropped | no: read | others may change a file under a mapping |
//! | read-only, `/proc`, no owners (FAT) | | | | refused |
//!
//! A capacity is the most bytes of files at any time; where none is given it is 90 % of what is free at the start. The disk
//! may be full before: others use it, too. Both are [`ScratchFull`](Error::ScratchFull) and the next tier's turn. A tier
//! on which a call fails otherwise is *closed* until bytes on it are given back, or a new run begins: nothing is tried
//! again and again.
//!
//! A limit on the size of files (`ulimit -f`) is kept: to write beyond it would end the process by a signal.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rustix::process::{Resource, getrlimit};

use super::Usage;
use super::folder::Folder;
use super::pace::Disk;
use super::segment::{SEGMENT, Segment};
use super::store::Stores;
use crate::config::{TierKind, TierSpec, is_ram};
use crate::error::{Error, Result};
use crate::units::ByteSize;

/// Of what is free on a disk, this share may be used where no capacity is given.
const DEFAULT_SHARE: f64 = 0.9;

/// The magic numbers (`statfs(2)`) of filesystems whose files others may change: NFS, SMB, CIFS, SMB2, 9P, Ceph, FUSE,
/// Lustre, GPFS, OCFS2, GFS2, AFS.
const SHARED: [i64; 12] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x0102_1997,
    0x00c3_6400,
    0x6573_5546,
    0x0bd0_0bd0,
    0x4750_4653,
    0x7461_636f,
    0x0116_1970,
    0x5346_414f,
];

/// One place for scratch.
#[derive(Debug)]
pub(super) struct Tier {
    folder: Folder,
    stores: Stores,
    kind: TierKind,
    capacity: u64,
    /// Files may be mapped: nobody else changes them.
    maps: bool,
    /// No file may be longer.
    longest_file: u64,
    used: AtomicU64,
    all: Arc<Usage>,
    segments: Mutex<Vec<Arc<Segment>>>,
    /// Why nothing is written here at present.
    closed: Mutex<Option<Error>>,
    disk: Mutex<Disk>,
}

impl Tier {
    pub(super) fn open(spec: &TierSpec, stores: Stores, all: Arc<Usage>) -> Result<Self> {
        let path = &spec.path;
        let folder = Folder::open(path, stores.naming).map_err(|source| failed(path, "opening the folder", source))?;
        let kind = kind(spec, &folder, &stores)?;
        let about = folder.statvfs().map_err(|source| failed(path, "asking for free space", source))?;
        let capacity = match spec.capacity {
            Some(capacity) => capacity.bytes(),
            None if kind == TierKind::Ram => {
                let expected =
                    "a capacity for a tmpfs, which is RAM and paid for by the memory limit, e.g. /dev/shm:1GiB";
                return Err(refused(spec, expected));
            }
            None => (about.f_bavail as f64 * about.f_frsize as f64 * DEFAULT_SHARE) as u64,
        };
        let maps = !rustix::fs::statfs(path).is_ok_and(|about| SHARED.contains(&about.f_type));
        let longest_file = getrlimit(Resource::Fsize).current.unwrap_or(u64::MAX);
        Ok(Self {
            folder,
            stores,
            kind,
            capacity,
            maps,
            longest_file,
            used: AtomicU64::new(0),
            all,
            segments: Mutex::default(),
            closed: Mutex::default(),
            disk: Mutex::default(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn kind(&self) -> TierKind {
        self.kind
    }

    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn ram_bytes(&self) -> u64 {
        if self.kind == TierKind::Ram { self.capacity } else { 0 }
    }

    /// Whether its files may be mapped.
    pub(super) fn maps(&self) -> bool {
        self.maps
    }

    /// What it was measured to take.
    pub(super) fn disk(&self) -> Disk {
        *self.disk.lock()
    }

    pub(super) fn learn(&self, learn: impl FnOnce(&mut Disk)) {
        learn(&mut self.disk.lock());
    }

    /// The bytes that may still be taken: what the capacity leaves, and what the disk has.
    pub(super) fn left(&self) -> u64 {
        let budget = self.capacity.saturating_sub(self.used());
        let free = self.folder.statvfs().map_or(u64::MAX, |about| about.f_bavail.saturating_mul(about.f_frsize));
        budget.min(free)
    }

    /// Nothing is written here until bytes are given back, or it is [reopened](Self::reopen).
    pub(super) fn close(&self, reason: Error) {
        *self.closed.lock() = Some(reason);
    }

    /// It may be written to again.
    pub(super) fn reopen(&self) {
        *self.closed.lock() = None;
    }

    /// Why nothing is written here at present.
    pub(super) fn closed(&self) -> Option<Error> {
        self.closed.lock().clone()
    }

    /// Counts `len` bytes as used.
    pub(super) fn reserve(&self, len: u64) -> Result<()> {
        let fits = |used: u64| used.checked_add(len).filter(|&used| used <= self.capacity);
        match self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => {
                self.all.add(len);
                Ok(())
            }
            Err(_) => Err(self.full(len)),
        }
    }

    pub(super) fn unreserve(&self, len: u64) {
        self.used.fetch_sub(len, Ordering::Relaxed);
        self.all.sub(len);
        self.reopen();
    }

    /// Finds a place for `len` bytes, in a new segment where none has room.
    pub(super) fn place(&self, len: u64) -> Result<(Arc<Segment>, u64)> {
        let most = SEGMENT.min(self.longest_file);
        let found = |segments: &[Arc<Segment>]| {
            segments.iter().find_map(|segment| Some((segment.clone(), segment.take(len, most)?)))
        };
        if let Some(place) = found(&self.segments.lock()) {
            return Ok(place);
        }
        if len > self.longest_file {
            return Err(self.full(len));
        }
        let (file, name) =
            self.folder.file().map_err(|source| self.failed_write(len, "making a scratch file", source))?;
        let segment = Arc::new(Segment::new((self.stores.wrap)(file), name));
        let offset = segment.take(len, most).unwrap_or(0);
        let mut segments = self.segments.lock();
        segments.retain(|segment| !segment.is_retired());
        segments.push(segment.clone());
        Ok((segment, offset))
    }

    /// The error of an extent of `asked` bytes that finds no room.
    pub(super) fn full(&self, asked: u64) -> Error {
        Error::ScratchFull {
            path: self.path().to_owned(),
            asked: ByteSize::new(asked),
            left: ByteSize::new(self.left()),
        }
    }

    /// The error of a failed system call.
    pub(super) fn failed(&self, operation: &'static str, source: io::Error) -> Error {
        failed(self.path(), operation, source)
    }

    /// The error of a failed system call that wanted `asked` bytes.
    pub(super) fn failed_write(&self, asked: u64, operation: &'static str, source: io::Error) -> Error {
        if is_full(&source) { self.full(asked) } else { self.failed(operation, source) }
    }
}

/// What the tier lies on, found out with a file that is made there; a full disk is none of the reasons to refuse it.
fn kind(spec: &TierSpec, folder: &Folder, stores: &Stores) -> Result<TierKind> {
    let dax = match folder.file() {
        Ok((file, _name)) => (stores.wrap)(file).is_dax(),
        Err(error) if is_full(&error) => false,
        Err(source) => return Err(failed(&spec.path, "making a scratch file", source)),
    };
    let ram = is_ram(&spec.path);
    match spec.kind {
        Some(TierKind::Dax) if !dax => {
            Err(refused(spec, "a folder in persistent memory, on a filesystem that is mounted with -o dax"))
        }
        Some(TierKind::Disk) if ram => Err(refused(spec, "a folder on a disk: this one is in RAM")),
        Some(kind) => Ok(kind),
        None if dax => Ok(TierKind::Dax),
        None if ram => Ok(TierKind::Ram),
        None => Ok(TierKind::Disk),
    }
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn refused(spec: &TierSpec, expected: &str) -> Error {
    Error::Config { setting: "scratch".into(), found: spec.to_string(), expected: expected.into() }
}

fn failed(path: &Path, operation: &'static str, source: io::Error) -> Error {
    Error::Scratch { path: path.to_owned(), operation, source: Arc::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(spec: &TierSpec) -> Result<Tier> {
        Tier::open(spec, Stores::default(), Arc::default())
    }

    fn spec(path: &Path, capacity: Option<u64>, kind: Option<TierKind>) -> TierSpec {
        TierSpec { path: path.to_owned(), capacity: capacity.map(ByteSize::new), kind }
    }

    #[test]
    fn a_tmpfs_wants_a_capacity_and_is_counted_as_ram() {
        if !is_ram(Path::new("/dev/shm")) {
            // Nothing to see on a machine whose /dev/shm is something else.
            return;
        }
        let place = tempfile::tempdir_in("/dev/shm").unwrap();
        let error = open(&spec(place.path(), None, None)).unwrap_err();
        assert!(error.to_string().contains("capacity"), "{error}");
        let tier = open(&spec(place.path(), Some(1 << 20), None)).unwrap();
        assert_eq!((tier.ram_bytes(), tier.kind()), (1 << 20, TierKind::Ram));
        for kind in [TierKind::Disk, TierKind::Dax] {
            let error = open(&spec(place.path(), Some(1 << 20), Some(kind))).unwrap_err();
            assert!(matches!(error, Error::Config { .. }), "{error}");
        }
    }

    /// RAM that can't be seen to be RAM: a container's overlay, a compressed RAM disk.
    #[test]
    fn what_is_said_to_be_ram_is_charged() {
        let place = tempfile::tempdir_in("/var/tmp").unwrap();
        let error = open(&spec(place.path(), None, Some(TierKind::Ram))).unwrap_err();
        assert!(error.to_string().contains("capacity"), "{error}");
        assert_eq!(open(&spec(place.path(), Some(1 << 20), Some(TierKind::Ram))).unwrap().ram_bytes(), 1 << 20);
    }

    #[test]
    fn the_default_capacity_is_most_of_what_is_free() {
        let place = tempfile::tempdir_in("/var/tmp").unwrap();
        let tier = open(&spec(place.path(), None, None)).unwrap();
        let about = tier.folder.statvfs().unwrap();
        let free = about.f_bavail as f64 * about.f_frsize as f64;
        // Others use the disk, too.
        assert!((0.88..0.92).contains(&(tier.capacity() as f64 / free)), "{} of {free}", tier.capacity());
    }

    #[test]
    fn a_place_that_can_not_be_used_is_an_error_that_names_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path(), Path::new("/proc"), Path::new("/proc/nowhere")] {
            let error = open(&spec(path, None, None)).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }
}
