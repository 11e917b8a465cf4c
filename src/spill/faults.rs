//! Stores that fail on command, and such as stand in for a device that this machine lacks. For tests.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use memmap2::Mmap;
use parking_lot::Mutex;
use rustix::fs::Advice;

use super::folder::Naming;
use super::store::{Store, Stores};

/// What a store is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Allocate,
    Punch,
    Write,
    Read,
    Sync,
    Advise,
    Map,
}

/// What it does instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails with this error of the system.
    Errno(i32),
    /// It reads or writes a part of what it should.
    Short,
    /// It takes its time, then does as it should.
    Slow(Duration),
    /// A bit is another one.
    Flip,
    /// It says that it was done.
    Forget,
}

#[derive(Debug)]
struct Rule {
    call: Call,
    /// The calls that it is for, counted from when it was made.
    calls: Range<u64>,
    fault: Fault,
    seen: u64,
}

/// The faults of the stores of one scratch, and how often each call was made.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<Rule>>,
    counts: [AtomicU64; 7],
    hits: AtomicU64,
    dax: AtomicBool,
}

impl Faults {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Of the calls from now on, those with numbers in `calls` have this fault.
    pub(crate) fn set(&self, call: Call, calls: Range<u64>, fault: Fault) {
        self.rules.lock().push(Rule { call, calls, fault, seen: 0 });
    }

    /// All is well from now on.
    pub(crate) fn mend(&self) {
        self.rules.lock().clear();
    }

    /// Stores say from now on that they lie in persistent memory.
    pub(crate) fn pretend_dax(&self) {
        self.dax.store(true, Ordering::SeqCst);
    }

    pub(crate) fn count(&self, call: Call) -> u64 {
        self.counts[call as usize].load(Ordering::SeqCst)
    }

    /// How many calls had a fault.
    pub(crate) fn hits(&self) -> u64 {
        self.hits.load(Ordering::SeqCst)
    }

    /// Stores with these faults, on files that are made in this way.
    pub(crate) fn stores(self: &Arc<Self>, naming: Naming) -> Stores {
        let faults = self.clone();
        let wrap = move |file| Box::new(Faulty { file, faults: faults.clone() }) as Box<dyn Store>;
        Stores { wrap: Arc::new(wrap), naming }
    }

    /// Counts a call, and gives what is to happen instead of it. Delays are over by then.
    fn next(&self, call: Call) -> io::Result<Option<Fault>> {
        self.counts[call as usize].fetch_add(1, Ordering::SeqCst);
        let mut found = None;
        for rule in self.rules.lock().iter_mut().filter(|rule| rule.call == call) {
            if rule.calls.contains(&rule.seen) {
                found = found.or(Some(rule.fault));
            }
            rule.seen += 1;
        }
        self.hits.fetch_add(u64::from(found.is_some()), Ordering::SeqCst);
        match found {
            Some(Fault::Errno(number)) => Err(io::Error::from_raw_os_error(number)),
            Some(Fault::Slow(delay)) => {
                std::thread::sleep(delay);
                Ok(None)
            }
            fault => Ok(fault),
        }
    }
}

#[derive(Debug)]
struct Faulty {
    file: File,
    faults: Arc<Faults>,
}

fn part(len: usize) -> usize {
    len.div_ceil(3)
}

impl Store for Faulty {
    fn allocate(&self, offset: u64, len: u64) -> io::Result<()> {
        self.faults.next(Call::Allocate)?;
        self.file.allocate(offset, len)
    }

    fn punch(&self, offset: u64, len: u64) -> io::Result<()> {
        match self.faults.next(Call::Punch)? {
            Some(Fault::Forget) => Ok(()),
            _ => self.file.punch(offset, len),
        }
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        match self.faults.next(Call::Write)? {
            Some(Fault::Short) => self.file.write(&bytes[..part(bytes.len())], offset),
            Some(Fault::Forget) => Ok(bytes.len()),
            Some(Fault::Flip) => {
                let mut bytes = bytes.to_vec();
                bytes[0] ^= 1;
                Store::write(&self.file, &bytes, offset)
            }
            _ => self.file.write(bytes, offset),
        }
    }

    fn read(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.faults.next(Call::Read)? {
            Some(Fault::Short) => {
                let len = part(out.len());
                self.file.read(&mut out[..len], offset)
            }
            Some(Fault::Flip) => {
                let read = self.file.read(out, offset)?;
                out[read / 2] ^= 1;
                Ok(read)
            }
            // The end of the file.
            Some(Fault::Forget) => Ok(0),
            _ => self.file.read(out, offset),
        }
    }

    fn begin_sync(&self, offset: u64, len: u64) {
        self.file.begin_sync(offset, len);
    }

    fn sync(&self, offset: u64, len: u64) -> io::Result<()> {
        self.faults.next(Call::Sync)?;
        self.file.sync(offset, len)
    }

    fn advise(&self, offset: u64, len: u64, advice: Advice) {
        let _best_effort = self.faults.next(Call::Advise);
        self.file.advise(offset, len, advice);
    }

    fn map(&self, offset: u64, len: usize) -> io::Result<Mmap> {
        self.faults.next(Call::Map)?;
        self.file.map(offset, len)
    }

    fn is_dax(&self) -> bool {
        // Whatever it really is: so tests mean the same on every machine.
        self.faults.dax.load(Ordering::SeqCst)
    }
}

/// What single frames make of faults; what runs do is in `scheduler::trouble`.
mod tests {
    use super::super::tests::{noise, smooth};
    use super::*;
    use crate::config::{Compression, TierKind, TierSpec};
    use crate::error::Error;
    use crate::spill::{Frame, Scratch, Staging};

    fn scratch(faults: &Arc<Faults>, compression: Compression) -> (tempfile::TempDir, Scratch) {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let tier = TierSpec::new(folder.path());
        let scratch = Scratch::new(&[tier], compression, true, &faults.stores(Naming::Nameless)).unwrap();
        (folder, scratch)
    }

    fn read(frame: &Frame) -> crate::Result<Vec<u8>> {
        let mut out = vec![0; frame.bytes()];
        frame.read_into(&mut out, &mut Staging::new())?;
        Ok(out)
    }

    #[test]
    fn short_and_interrupted_calls_go_on() {
        for compression in [Compression::Lz4, Compression::None] {
            for fault in [Fault::Short, Fault::Errno(libc::EINTR)] {
                let faults = Faults::new();
                let (_folder, scratch) = scratch(&faults, compression);
                let mut staging = Staging::new();
                let bytes = smooth(3 << 20);
                for call in [Call::Allocate, Call::Write, Call::Read, Call::Sync, Call::Punch] {
                    let few = if fault == Fault::Short { u64::MAX } else { 20 };
                    faults.set(call, 0..few, fault);
                }
                let frame = scratch.write(&bytes, 4, &mut staging).unwrap();
                assert!(read(&frame).unwrap() == bytes);
                assert!(faults.count(Call::Write) > 20 && faults.count(Call::Read) > 3);
                drop(frame);
                assert_eq!(scratch.usage().now(), 0);
            }
        }
    }

    /// Each way in which a write can fail gives its extent back, and says why; a full disk leaves the tier open.
    #[test]
    fn what_can_not_be_written_leaves_nothing() {
        for (call, errno) in [
            (Call::Allocate, libc::ENOSPC),
            (Call::Allocate, libc::EDQUOT),
            (Call::Allocate, libc::EFBIG),
            (Call::Allocate, libc::EIO),
            (Call::Write, libc::ENOSPC),
            (Call::Write, libc::EIO),
            (Call::Sync, libc::ENOSPC),
            (Call::Sync, libc::EIO),
        ] {
            let faults = Faults::new();
            let (folder, scratch) = scratch(&faults, Compression::None);
            let mut staging = Staging::new();
            let bytes = noise(300_000);
            let kept = scratch.write(&bytes, 1, &mut staging).unwrap();
            let used = scratch.usage().now();
            faults.set(call, 0..1, Fault::Errno(errno));
            let error = scratch.write(&bytes, 1, &mut staging).unwrap_err();
            let full = errno != libc::EIO;
            assert_eq!(matches!(error, Error::ScratchFull { .. }), full, "{error}");
            assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
            assert_eq!(scratch.usage().now(), used);
            let again = scratch.write(&bytes, 1, &mut staging);
            let open = full && call != Call::Sync;
            assert_eq!(again.is_ok(), open, "closed after EIO: {again:?}");
            assert_eq!(scratch.status()[0].closed.is_some(), !open);
            assert!(read(&kept).unwrap() == bytes, "what was there before is not lost");
            drop(kept);
            scratch.write(&bytes, 1, &mut staging).unwrap();
        }
    }

    /// The system tells once that it could not write something back, not what: nothing that was on its way is trusted.
    #[test]
    fn a_failed_write_back_fails_all_that_was_on_its_way() {
        let faults = Faults::new();
        let (_folder, scratch) = scratch(&faults, Compression::None);
        let mut staging = Staging::new();
        let bytes = noise(300_000);
        let before = scratch.write(&bytes, 1, &mut staging).unwrap();
        let mut begin = || scratch.begin(&bytes, 1, &mut staging).unwrap();
        let (first, second) = (begin(), begin());
        faults.set(Call::Sync, 0..1, Fault::Errno(libc::EIO));
        first.settle().unwrap_err();
        second.settle().unwrap_err();
        assert!(read(&before).unwrap() == bytes);
        drop(before);
        // In another file.
        let after = scratch.write(&bytes, 1, &mut staging).unwrap();
        assert!(read(&after).unwrap() == bytes);
    }

    #[test]
    fn a_tier_that_fails_is_left_for_the_next() {
        let folders = [(); 2].map(|()| tempfile::tempdir_in("/var/tmp").unwrap());
        let faults = Faults::new();
        let tiers = [TierSpec::new(folders[0].path()), TierSpec::new(folders[1].path())];
        let scratch = Scratch::new(&tiers, Compression::None, true, &faults.stores(Naming::Nameless)).unwrap();
        let mut staging = Staging::new();
        faults.set(Call::Write, 0..1, Fault::Errno(libc::EIO));
        let frames: Vec<Frame> = (0..3).map(|_| scratch.write(&noise(5000), 1, &mut staging).unwrap()).collect();
        assert!(frames.iter().all(|frame| frame.tier().path() == folders[1].path()));
        let closed: Vec<bool> = scratch.status().iter().map(|tier| tier.closed.is_some()).collect();
        assert_eq!(closed, [true, false]);
    }

    #[test]
    fn a_disk_that_fails_to_read_is_an_error_not_a_signal() {
        let faults = Faults::new();
        let (folder, scratch) = scratch(&faults, Compression::None);
        let bytes = noise(600_000);
        let frame = scratch.write(&bytes, 1, &mut Staging::new()).unwrap();
        // The mapping fails to bring its pages: then it is read, which says why.
        faults.set(Call::Map, 0..1, Fault::Errno(libc::EFAULT));
        assert!(frame.map().unwrap().is_none());
        faults.set(Call::Read, 0..1, Fault::Errno(libc::EIO));
        let error = read(&frame).unwrap_err();
        assert!(matches!(error, Error::Scratch { operation: "reading", .. }), "{error}");
        assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
        faults.set(Call::Read, 0..1, Fault::Forget);
        let error = read(&frame).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        assert!(read(&frame).unwrap() == bytes);
    }

    /// Without `fallocate` a mapping could find the disk full, by a signal: frames are read.
    #[test]
    fn without_fallocate_frames_are_read() {
        let faults = Faults::new();
        let (_folder, scratch) = scratch(&faults, Compression::None);
        for call in [Call::Allocate, Call::Punch] {
            faults.set(call, 0..u64::MAX, Fault::Errno(libc::EOPNOTSUPP));
        }
        let bytes = noise(600_000);
        for _ in 0..3 {
            let frame = scratch.write(&bytes, 1, &mut Staging::new()).unwrap();
            assert!(frame.map().unwrap().is_none());
            assert!(read(&frame).unwrap() == bytes);
        }
        assert_eq!((scratch.usage().now(), faults.count(Call::Map)), (0, 0));
    }

    /// A device that says it is persistent memory: what is stored is raw and used in place, and the page cache is never
    /// asked for anything.
    #[test]
    fn persistent_memory_is_used_in_place() {
        let faults = Faults::new();
        faults.pretend_dax();
        let (_folder, scratch) = scratch(&faults, Compression::Auto);
        assert_eq!(scratch.status()[0].kind, TierKind::Dax);
        // What any disk would have packed.
        let bytes = vec![0; 1 << 20];
        let frame = scratch.write(&bytes, 8, &mut Staging::new()).unwrap();
        assert!(frame.stored_bytes() >= 1 << 20, "it is raw");
        let reads = faults.count(Call::Read);
        frame.prefetch();
        let mapped = frame.map().unwrap().unwrap();
        assert_eq!(mapped.bytes(), bytes);
        assert_eq!(faults.count(Call::Read), reads + 1, "header and table alone are copied");
        drop((mapped, frame));
        assert_eq!((faults.count(Call::Sync), faults.count(Call::Advise)), (0, 0));
        assert_eq!(scratch.usage().now(), 0);
    }

    #[test]
    fn who_wants_compression_has_it_in_persistent_memory_too() {
        let faults = Faults::new();
        faults.pretend_dax();
        let (_folder, scratch) = scratch(&faults, Compression::Lz4);
        let frame = scratch.write(&vec![0; 1 << 20], 8, &mut Staging::new()).unwrap();
        assert!(frame.stored_bytes() < 1 << 18);
        assert!(read(&frame).unwrap() == vec![0; 1 << 20]);
    }

    #[test]
    fn a_tier_that_must_be_persistent_memory_is_refused_where_it_is_not() {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let tier = TierSpec { kind: Some(TierKind::Dax), ..TierSpec::new(folder.path()) };
        let faults = Faults::new();
        let open = || {
            let stores = faults.stores(Naming::Nameless);
            Scratch::new(std::slice::from_ref(&tier), Compression::Auto, true, &stores)
        };
        faults.pretend_dax();
        open().unwrap();
        faults.dax.store(false, Ordering::SeqCst);
        let error = open().unwrap_err().to_string();
        assert!(error.contains("-o dax") && error.contains(":dax"), "{error}");
    }
}
