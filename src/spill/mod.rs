//! Scratch: bytes in, handle out.
//!
//! ```text
//! Scratch ── tiers in order ──> Tier (a folder) ──> Segment (an unlinked file) ──> Extent (a run of it) ──> Frame
//! ```
//!
//! - A **frame** is one value's bytes behind a checked header (**S1**, **S3**; [`frame`]).
//! - An **extent** is where a frame lies: preallocated before it is written (**S2**), given back and punched when
//!   its last user is gone (**M3**, **S5**; [`segment`]).
//! - A **tier** is a folder with a capacity; when one is full, or fails, the next is tried (**S4**; [`tier`]).
//!
//! Files are made so that nobody else gets at them and nothing of them remains however the process ends (**M6**;
//! [`folder`]). What is asked of them goes through a seam, for tests that have it fail ([`store`]).
//!
//! Who writes keeps the bytes in memory until a frame is [settled](Begun::settle): whatever fails before, nothing is lost.
//!
//! Locks: one a tier, over lists of free extents and nothing else; one a tier over the paces that were measured, one over
//! why it is closed, one over how files are made. No system call is made under them (**D2**).
//! This layer knows nothing of chunks, graphs or budgets.

mod codec;
#[cfg(test)]
pub(crate) mod faults;
mod folder;
mod frame;
mod free;
#[cfg(test)]
mod mutations;
mod pace;
mod segment;
mod status;
mod store;
mod stream;
mod sys;
mod tier;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use codec::{Codec, Trial};
pub(crate) use codec::{STAGING, Staging};
#[cfg(test)]
pub(crate) use folder::Naming;
pub(crate) use frame::{Begun, Frame, MappedFrame};
pub(crate) use pace::Pace;
pub use status::TierStatus;
pub(crate) use store::Stores;
pub(crate) use stream::{FrameReader, WriteOut};
use tier::Tier;

use crate::config::{Compression, Config, TierKind, TierSpec};
use crate::error::{Error, Result};
use crate::units::ByteSize;

/// All scratch of a session.
#[derive(Debug)]
pub(crate) struct Scratch {
    tiers: Vec<Arc<Tier>>,
    compression: Compression,
    in_place: bool,
    used: Arc<Usage>,
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

    /// Bytes in use now.
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// The most bytes that were in use at once.
    pub(crate) fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }
}

impl Scratch {
    /// Scratch as a session's settings say.
    ///
    /// # Errors
    /// Where a place can't be used.
    pub(crate) fn of(config: &Config) -> Result<Self> {
        Self::new(config.scratch(), config.compression(), config.in_place(), &Stores::default())
    }

    /// Scratch in the given places, tried in order, on files that `stores` makes.
    ///
    /// # Errors
    /// Where a place can't be used.
    pub(crate) fn new(tiers: &[TierSpec], compression: Compression, in_place: bool, stores: &Stores) -> Result<Self> {
        let used = Arc::new(Usage::default());
        let open = |spec| Tier::open(spec, stores.clone(), used.clone()).map(Arc::new);
        Ok(Self { tiers: tiers.iter().map(open).collect::<Result<_>>()?, compression, in_place, used })
    }

    /// Begins to store `bytes`, made of items of `item_size`, in the first tier that takes them. They are copied, but the
    /// caller must be able to have them again until they are [settled](Begun::settle).
    ///
    /// # Errors
    /// [`Error::ScratchFull`] where no tier has room; [`Error::Scratch`] where writing fails.
    pub(crate) fn begin(&self, bytes: &[u8], item_size: usize, staging: &mut Staging) -> Result<Begun> {
        let mut trial = None;
        self.in_first(bytes.len(), |tier| {
            let codec = if self.compression == Compression::None || self.is_used_in_place(tier) {
                Codec::Raw
            } else {
                let trial = trial.get_or_insert_with(|| Trial::new(bytes, item_size, staging));
                trial.codec(self.compression, tier.disk())
            };
            frame::begin(tier, bytes, codec, self.in_place, staging)
        })
    }

    /// Begins to store what `write` writes, as [`begin`](Self::begin) does; to be read by a [`FrameReader`], or as one piece:
    /// `in_place`, where that may be used where it lies.
    ///
    /// # Errors
    /// As [`begin`](Self::begin), and [`Error::Code`] where `write` fails.
    pub(crate) fn begin_stream(&self, write: &WriteOut<'_>, in_place: bool, staging: &mut Staging) -> Result<Begun> {
        let bytes = stream::measure(write)?;
        let in_place = in_place && self.in_place;
        self.in_first(bytes, |tier| {
            let raw = in_place && self.is_used_in_place(tier);
            let compression = if raw { Compression::None } else { self.compression };
            stream::begin(tier, bytes, write, compression, in_place, staging)
        })
    }

    /// Has `begin` store `bytes` bytes in the first tier that takes them.
    fn in_first(&self, bytes: usize, mut begin: impl FnMut(&Arc<Tier>) -> Result<Begun>) -> Result<Begun> {
        let mut failure = None;
        for tier in &self.tiers {
            if let Some(error) = tier.closed() {
                failure = Some(error);
                continue;
            }
            match begin(tier) {
                Ok(begun) => return Ok(begun),
                Err(error @ Error::Code { .. }) => return Err(error),
                Err(error) => {
                    if !matches!(error, Error::ScratchFull { .. }) {
                        tier.close(error.clone());
                    }
                    failure = Some(error);
                }
            }
        }
        Err(failure.unwrap_or(Error::ScratchFull {
            path: "(none)".into(),
            asked: ByteSize::new(bytes as u64),
            left: ByteSize::new(0),
        }))
    }

    /// Whether what is stored in a tier is used there as it is, without a disk between that packing would help.
    fn is_used_in_place(&self, tier: &Tier) -> bool {
        tier.kind() == TierKind::Dax && self.in_place && self.compression == Compression::Auto
    }

    /// Tries tiers again that failed: a new run begins.
    pub(crate) fn reopen(&self) {
        self.tiers.iter().for_each(|tier| tier.reopen());
    }

    /// The tiers, in order.
    pub(crate) fn status(&self) -> Vec<TierStatus> {
        self.tiers.iter().map(|tier| TierStatus::of(tier)).collect()
    }

    /// Bytes that tiers in RAM (a named tmpfs) may take: part of the memory limit.
    pub(crate) fn ram_bytes(&self) -> u64 {
        self.tiers.iter().map(|tier| tier.ram_bytes()).sum()
    }

    /// Counts bytes in use.
    pub(crate) fn usage(&self) -> Arc<Usage> {
        self.used.clone()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn scratch(compression: Compression) -> (tempfile::TempDir, Scratch) {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let tier = TierSpec::new(folder.path());
        let scratch = Scratch::new(&[tier], compression, true, &Stores::default()).unwrap();
        (folder, scratch)
    }

    impl Scratch {
        /// Stores `bytes` and waits for that.
        pub(crate) fn write(&self, bytes: &[u8], item_size: usize, staging: &mut Staging) -> Result<Frame> {
            self.begin(bytes, item_size, staging)?.settle()
        }
    }

    pub(crate) fn noise(len: usize) -> Vec<u8> {
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

    pub(super) fn smooth(len: usize) -> Vec<u8> {
        (0..len / 4).flat_map(|i| ((i / 7) as f32).to_le_bytes()).collect()
    }

    #[test]
    fn what_is_written_comes_back_and_leaves_nothing() {
        for compression in [Compression::Auto, Compression::Lz4, Compression::None] {
            let (folder, scratch) = scratch(compression);
            let mut staging = Staging::new();
            for bytes in [vec![], vec![7], noise(100), noise(3 << 20), smooth(5 << 20), vec![0; 1 << 20]] {
                let frame = scratch.write(&bytes, 4, &mut staging).unwrap();
                assert!(scratch.usage().now() >= frame.stored_bytes());
                let mut back = vec![1; bytes.len()];
                frame.read_into(&mut back, &mut staging).unwrap();
                assert_eq!(back, bytes, "{compression:?}");
                if let Some(mapped) = frame.map().unwrap() {
                    assert_eq!(mapped.bytes(), bytes);
                }
            }
            assert_eq!(scratch.usage().now(), 0);
            assert!(scratch.usage().most() > 3 << 20);
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
        let tier = TierSpec { capacity: Some(ByteSize::new(1 << 20)), ..TierSpec::new(folder.path()) };
        let scratch = Scratch::new(&[tier], Compression::None, true, &Stores::default()).unwrap();
        let mut staging = Staging::new();
        let kept = scratch.write(&noise(500_000), 1, &mut staging).unwrap();
        let error = scratch.write(&noise(800_000), 1, &mut staging).unwrap_err();
        assert!(matches!(error, Error::ScratchFull { .. }), "{error}");
        drop(kept);
        scratch.write(&noise(800_000), 1, &mut staging).unwrap();
    }

    /// Tiers are filled in order; the next has what the first can't take, and the first is used again when it has room.
    #[test]
    fn tiers_are_filled_in_order() {
        let folders = [(); 3].map(|()| tempfile::tempdir_in("/var/tmp").unwrap());
        let capacities = [Some(ByteSize::new(1 << 20)), Some(ByteSize::new(2 << 20)), None];
        let tiers: Vec<TierSpec> = folders
            .iter()
            .zip(capacities)
            .map(|(f, capacity)| TierSpec { capacity, ..TierSpec::new(f.path()) })
            .collect();
        let scratch = Scratch::new(&tiers, Compression::None, true, &Stores::default()).unwrap();
        let mut staging = Staging::new();
        let mut store = || scratch.write(&noise(500_000), 1, &mut staging).unwrap();
        let mut frames: Vec<Frame> = (0..8).map(|_| store()).collect();
        let places = |frames: &[Frame]| -> Vec<usize> {
            let place = |frame: &Frame| tiers.iter().position(|tier| tier.path == frame.tier().path()).unwrap();
            frames.iter().map(place).collect()
        };
        assert_eq!(places(&frames), [0, 0, 1, 1, 1, 1, 2, 2]);
        let status = scratch.status();
        assert!(status[0].used >= ByteSize::new(1_000_000) && status[0].left < ByteSize::new(500_000), "{status:?}");
        assert_eq!(status[1].capacity, ByteSize::new(2 << 20));
        frames.swap_remove(1);
        assert_eq!(places(&[store()]), [0]);
        for frame in &frames {
            let mut back = vec![0; 500_000];
            frame.read_into(&mut back, &mut Staging::new()).unwrap();
            assert!(back == noise(500_000));
        }
        drop(frames);
        assert_eq!(scratch.usage().now(), 0);
    }
}
