//! Scratch: bytes in, handle out.
//!
//! ```text
//! Scratch ── tiers in order ──> Tier (a folder) ──> Segment (an unlinked file) ──> Extent (a run of it) ──> Frame
//! ```
//!
//! - A **frame** is one value's bytes behind a checked header (**S1**, **S3**; [`frame`]).
//! - An **extent** is where a frame lies: preallocated before it is written (**S2**), given back and punched when
//!   its last user is gone (**M3**, **S5**; [`segment`]).
//! - A **tier** is a folder with a capacity; when one is full the next is tried (**S4**; [`tier`]).
//!
//! Files are unlinked as they are made (`O_TMPFILE`), so nothing of them remains however the process ends (**M6**).
//!
//! Locks: one a tier, over lists of free extents and nothing else; one over the paces that were measured. No system call
//! is made under them (**D2**).
//! This layer knows nothing of chunks, graphs or budgets.

mod codec;
mod frame;
mod free;
mod pace;
mod segment;
mod sys;
mod tier;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) use codec::{STAGING, Staging};
pub(crate) use frame::{Begun, Frame, MappedFrame};
use pace::Disk;
pub(crate) use pace::Pace;
use parking_lot::Mutex;
use tier::Tier;

use crate::config::{Compression, TierSpec};
use crate::error::{Error, Result};
use crate::units::ByteSize;

/// All scratch of a session.
#[derive(Debug)]
pub(crate) struct Scratch {
    tiers: Vec<Arc<Tier>>,
    compression: Compression,
    in_place: bool,
    used: Arc<Usage>,
    disk: Mutex<Disk>,
}

/// Bytes in use on scratch, and the most there were.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    now: AtomicU64,
    most: AtomicU64,
}

impl Usage {
    fn add(&self, bytes: u64) {
        let now = self.now.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.most.fetch_max(now, Ordering::Relaxed);
    }

    fn sub(&self, bytes: u64) {
        self.now.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Scratch {
    /// Scratch in the given places, tried in order. Files are made only when something is written.
    ///
    /// # Errors
    /// Where a place is no folder that can be written to.
    pub(crate) fn new(tiers: &[TierSpec], compression: Compression, in_place: bool) -> Result<Self> {
        let used = Arc::new(Usage::default());
        let tiers = tiers.iter().map(|spec| Tier::open(spec, used.clone()).map(Arc::new)).collect::<Result<_>>()?;
        Ok(Self { tiers, compression, in_place, used, disk: Mutex::default() })
    }

    /// Begins to store `bytes`, made of items of `item_size`, in the first tier with room. They are copied: the caller may
    /// let go of them, but the system's memory has them until they are [settled](Self::settle).
    ///
    /// # Errors
    /// [`Error::ScratchFull`] where no tier has room; [`Error::Scratch`] where writing fails.
    pub(crate) fn begin(&self, bytes: &[u8], item_size: usize, staging: &mut Staging) -> Result<Begun> {
        let disk = *self.disk.lock();
        let codec = codec::choose(self.compression, bytes, item_size, disk, staging);
        let mut full = None;
        for tier in &self.tiers {
            match frame::begin(tier, bytes, codec, self.in_place, staging) {
                Err(error @ Error::ScratchFull { .. }) => full = Some(error),
                outcome => return outcome,
            }
        }
        Err(full.unwrap_or(Error::ScratchFull {
            path: "(none)".into(),
            asked: ByteSize::new(bytes.len() as u64),
            left: ByteSize::new(0),
        }))
    }

    /// Waits until a frame is on the disk.
    pub(crate) fn settle(&self, begun: Begun) -> Frame {
        let (frame, took) = begun.settle();
        self.disk.lock().write.learn(frame.stored_bytes(), took);
        frame
    }

    /// Bringing a frame back has taken so long. Of packed ones it does not say what the disk took.
    pub(crate) fn has_read(&self, frame: &Frame, took: Duration) {
        if frame.is_raw() {
            self.disk.lock().read.learn(frame.stored_bytes(), took);
        }
    }

    /// Bytes that tiers in RAM (a named tmpfs) may take: part of the memory limit.
    pub(crate) fn ram_bytes(&self) -> u64 {
        self.tiers.iter().map(|tier| tier.ram_bytes()).sum()
    }

    /// Bytes in use now.
    pub(crate) fn used(&self) -> u64 {
        self.used.now.load(Ordering::Relaxed)
    }

    /// The most bytes that were in use at once.
    pub(crate) fn peak(&self) -> u64 {
        self.used.most.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn scratch(compression: Compression) -> (tempfile::TempDir, Scratch) {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let spec = TierSpec { path: folder.path().to_owned(), capacity: None };
        let scratch = Scratch::new(&[spec], compression, true).unwrap();
        (folder, scratch)
    }

    impl Scratch {
        /// Stores `bytes` and waits for that.
        fn write(&self, bytes: &[u8], item_size: usize, staging: &mut Staging) -> Result<Frame> {
            Ok(self.settle(self.begin(bytes, item_size, staging)?))
        }
    }

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        (0..len)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect()
    }

    fn smooth(len: usize) -> Vec<u8> {
        (0..len / 4).flat_map(|i| ((i / 7) as f32).to_le_bytes()).collect()
    }

    #[test]
    fn what_is_written_comes_back_and_leaves_nothing() {
        for compression in [Compression::Auto, Compression::Lz4, Compression::None] {
            let (folder, scratch) = scratch(compression);
            let mut staging = Staging::new();
            for bytes in [vec![], vec![7], noise(100), noise(3 << 20), smooth(5 << 20), vec![0; 1 << 20]] {
                let frame = scratch.write(&bytes, 4, &mut staging).unwrap();
                assert!(scratch.used() >= frame.stored_bytes());
                let mut back = vec![1; bytes.len()];
                frame.read_into(&mut back, &mut staging).unwrap();
                assert_eq!(back, bytes, "{compression:?}");
                if let Some(mapped) = frame.map().unwrap() {
                    assert_eq!(mapped.bytes(), bytes);
                }
            }
            assert_eq!(scratch.used(), 0);
            assert!(scratch.peak() > 3 << 20);
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn what_gets_no_smaller_is_raw() {
        let (_folder, scratch) = scratch(Compression::Auto);
        let mut staging = Staging::new();
        let raw = scratch.write(&noise(4 << 20), 8, &mut staging).unwrap();
        assert!(raw.stored_bytes() >= 4 << 20 && raw.map().unwrap().is_some());
        // Whether it pays is a matter of time; see `codec`.
        let (_folder, scratch) = self::scratch(Compression::Lz4);
        let packed = scratch.write(&smooth(4 << 20), 4, &mut staging).unwrap();
        assert!(packed.stored_bytes() < 2 << 20, "{}", packed.stored_bytes());
        assert!(packed.map().unwrap().is_none());
    }

    #[test]
    fn a_full_tier_says_what_was_asked_and_what_is_left() {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let spec = TierSpec { path: folder.path().to_owned(), capacity: Some(ByteSize::new(1 << 20)) };
        let scratch = Scratch::new(&[spec], Compression::None, true).unwrap();
        let mut staging = Staging::new();
        let kept = scratch.write(&noise(500_000), 1, &mut staging).unwrap();
        let error = scratch.write(&noise(800_000), 1, &mut staging).unwrap_err();
        assert!(matches!(error, Error::ScratchFull { .. }), "{error}");
        drop(kept);
        scratch.write(&noise(800_000), 1, &mut staging).unwrap();
    }

    #[test]
    fn the_next_tier_takes_what_the_first_cannot() {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let tier = |capacity| TierSpec { path: folder.path().to_owned(), capacity };
        let tiers = [tier(Some(ByteSize::new(4096))), tier(None)];
        let scratch = Scratch::new(&tiers, Compression::None, false).unwrap();
        let mut staging = Staging::new();
        let frame = scratch.write(&noise(100_000), 1, &mut staging).unwrap();
        let mut back = vec![0; 100_000];
        frame.read_into(&mut back, &mut staging).unwrap();
        assert_eq!(back, noise(100_000));
    }

    #[test]
    fn damage_is_found_wherever_it_is() {
        for compression in [Compression::Lz4, Compression::None] {
            let (_folder, scratch) = scratch(compression);
            let mut staging = Staging::new();
            let bytes = smooth(200_000);
            let frame = scratch.write(&bytes, 4, &mut staging).unwrap();
            let stored = frame.stored_bytes();
            let step = (stored / 97).max(1);
            for at in (0..stored).step_by(step as usize).chain([stored - 1]) {
                frame.flip(at);
                let mut back = vec![0; bytes.len()];
                let outcome = frame.read_into(&mut back, &mut staging);
                assert!(
                    matches!(outcome, Err(Error::Corrupt { .. })) || (outcome.is_ok() && frame.is_padding(at)),
                    "byte {at} of {stored}: {outcome:?}"
                );
                frame.flip(at);
            }
            let mut back = vec![0; bytes.len()];
            frame.read_into(&mut back, &mut staging).unwrap();
        }
    }
}
