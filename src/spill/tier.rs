//! A tier: a folder for scratch, with a capacity.
//!
//! A folder on a tmpfs is RAM by another name: it is used only where the user names it with a capacity, which is then
//! part of what the memory limit pays for (S4).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rustix::fs::{Mode, OFlags, statvfs};

use super::Usage;
use super::segment::{SEGMENT, Segment};
use crate::config::{TierSpec, is_tmpfs};
use crate::error::{Error, Result};

/// Of what is free on a disk, this share may be used where no capacity is given.
const DEFAULT_SHARE: f64 = 0.9;

/// One place for scratch.
#[derive(Debug)]
pub(super) struct Tier {
    path: PathBuf,
    capacity: u64,
    in_ram: bool,
    used: AtomicU64,
    all: Arc<Usage>,
    segments: Mutex<Vec<Arc<Segment>>>,
}

impl Tier {
    pub(super) fn open(spec: &TierSpec, all: Arc<Usage>) -> Result<Self> {
        let path = spec.path.clone();
        std::fs::create_dir_all(&path).map_err(|source| failed(&path, "making the folder", source))?;
        let in_ram = is_tmpfs(&path);
        let capacity = match spec.capacity {
            Some(capacity) => capacity.bytes(),
            None if in_ram => {
                return Err(Error::Config {
                    setting: "scratch".into(),
                    found: path.display().to_string(),
                    expected:
                        "a capacity for a tmpfs, which is RAM and paid for by the memory limit, e.g. /dev/shm:1GiB"
                            .into(),
                });
            }
            None => {
                let about = statvfs(&path).map_err(|error| failed(&path, "asking for free space", error.into()))?;
                (about.f_bavail as f64 * about.f_frsize as f64 * DEFAULT_SHARE) as u64
            }
        };
        Ok(Self { path, capacity, in_ram, used: AtomicU64::new(0), all, segments: Mutex::default() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn ram_bytes(&self) -> u64 {
        if self.in_ram { self.capacity } else { 0 }
    }

    /// The bytes that may still be taken: what the capacity leaves, and what the disk has.
    pub(super) fn left(&self) -> u64 {
        let budget = self.capacity.saturating_sub(self.used.load(Ordering::Relaxed));
        let free = statvfs(&self.path).map_or(u64::MAX, |about| about.f_bavail.saturating_mul(about.f_frsize));
        budget.min(free)
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
    }

    /// Finds a place for `len` bytes, in a new segment where none has room.
    pub(super) fn place(&self, len: u64) -> Result<(Arc<Segment>, u64)> {
        let found = |segments: &[Arc<Segment>]| {
            segments.iter().find_map(|segment| Some((segment.clone(), segment.free.lock().take(len, SEGMENT)?)))
        };
        if let Some(place) = found(&self.segments.lock()) {
            return Ok(place);
        }
        let segment = Arc::new(Segment::new(unlinked_file(&self.path)?));
        let offset = segment.free.lock().take(len, SEGMENT).unwrap_or(0);
        self.segments.lock().push(segment.clone());
        Ok((segment, offset))
    }
}

/// A file that has no name: gone as soon as nobody has it open, however the process ends.
fn unlinked_file(folder: &Path) -> Result<File> {
    match rustix::fs::open(folder, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR) {
        Ok(descriptor) => Ok(File::from(descriptor)),
        // Not every filesystem has O_TMPFILE; then the name goes as soon as the file is there.
        Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::ISDIR | rustix::io::Errno::INVAL) => named_file(folder),
        Err(error) => Err(failed(folder, "making a scratch file", error.into())),
    }
}

fn named_file(folder: &Path) -> Result<File> {
    for attempt in 0_u32.. {
        let path = folder.join(format!(".thermocline-{}-{attempt}", std::process::id()));
        match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path).map_err(|source| failed(folder, "unlinking a scratch file", source))?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(failed(folder, "making a scratch file", source)),
        }
    }
    Err(failed(folder, "making a scratch file", io::ErrorKind::AlreadyExists.into()))
}

fn failed(path: &Path, operation: &'static str, source: io::Error) -> Error {
    Error::Scratch { path: path.to_owned(), operation, source: Arc::new(source) }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::*;
    use crate::units::ByteSize;

    #[test]
    fn a_tmpfs_wants_a_capacity_and_is_counted_as_ram() {
        if !is_tmpfs(Path::new("/dev/shm")) {
            // Nothing to see on a machine whose /dev/shm is something else.
            return;
        }
        let path = PathBuf::from("/dev/shm/thermocline-test-tier");
        let error = Tier::open(&TierSpec { path: path.clone(), capacity: None }, Arc::default()).unwrap_err();
        assert!(error.to_string().contains("capacity"), "{error}");
        let spec = TierSpec { path: path.clone(), capacity: Some(ByteSize::new(1 << 20)) };
        assert_eq!(Tier::open(&spec, Arc::default()).unwrap().ram_bytes(), 1 << 20);
        std::fs::remove_dir(path).unwrap();
    }

    #[test]
    fn a_named_file_is_unlinked_at_once() {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        for mut file in [named_file(folder.path()).unwrap(), unlinked_file(folder.path()).unwrap()] {
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
            file.write_all(b"deep").unwrap();
            file.rewind().unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            assert_eq!(text, "deep");
        }
    }

    #[test]
    fn a_place_that_is_a_file_is_an_error_that_names_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let spec = TierSpec { path: file.path().to_owned(), capacity: None };
        let error = Tier::open(&spec, Arc::default()).unwrap_err().to_string();
        assert!(error.contains(&file.path().display().to_string()), "{error}");
    }
}
