//! Runs on scratch that fails: full disks, failing ones, slow ones, such as forget. Each goes on with what it has, with the
//! same bits, or ends with the error that says what happened; nothing is lost, and nothing is left.

mod killed;

use std::sync::Arc;
use std::time::Duration;

use super::simulator::random::Random;
use super::{Keep, Results, Scheduler, Stats};
use crate::chunk::{Block, BlockMut, Chunk};
use crate::config::{Compression, Config, Overrides, TierSpec};
use crate::error::{Error, Result};
use crate::event::Observers;
use crate::graph::{Graph, Key, Size, Task, TaskContext};
use crate::spill::faults::{Call, Fault, Faults};
use crate::spill::{Naming, Scratch, Stores};
use crate::units::ByteSize;

/// Words of a chunk: 512 KiB, enough to be used in place.
const WORDS: usize = 1 << 16;
const CHUNK: u64 = 8 * WORDS as u64;
const CHUNKS: usize = 20;

fn key(name: &str, at: usize) -> Key {
    Key::indexed(name.to_owned(), [at as u32])
}

fn word(chunk: usize, at: usize) -> u64 {
    (chunk as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(at as u32 % 61) ^ at as u64
}

/// What a reader makes of the value before and of a chunk.
fn mix(before: u64, chunk: &[u64]) -> u64 {
    chunk.iter().fold(before, |state, &word| (state ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17))
}

/// Whether chunks may be made again, and how long that takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Redo {
    Never,
    Fast,
    /// Longer than a disk takes to write and to read one: it is written.
    Slow,
}

/// Chunks that are read one after the other, twice: most have to leave in between.
fn graph(redo: Redo) -> (Graph, Key) {
    let chunk = |at: usize| {
        let run = move |context: &TaskContext<'_>, _: &[Chunk]| {
            if redo == Redo::Slow {
                std::thread::sleep(Duration::from_millis(40));
            }
            let mut out: BlockMut<u64> = context.block(&[WORDS])?;
            out.as_mut_slice().iter_mut().enumerate().for_each(|(place, out)| *out = word(at, place));
            Ok(Chunk::new(out.freeze()))
        };
        let task = Task::new(key("chunk", at), [], Arc::new(run)).output(Size::Exact(CHUNK)).spillable();
        if redo == Redo::Never { task } else { task.cheap_to_redo() }
    };
    let read = |at: usize| {
        let run = move |context: &TaskContext<'_>, inputs: &[Chunk]| {
            let words = |chunk: &Chunk| Ok::<_, Error>(chunk.get::<Block<u64>>()?.as_slice().to_vec());
            let before = inputs.get(1).map_or(Ok(0), |before| words(before).map(|words| words[0]))?;
            let mut out: BlockMut<u64> = context.block(&[1])?;
            out.as_mut_slice()[0] = mix(before, inputs[0].get::<Block<u64>>()?.as_slice());
            Ok(Chunk::new(out.freeze()))
        };
        let before = at.checked_sub(1).map(|before| key("read", before));
        Task::new(key("read", at), [key("chunk", at % CHUNKS)].into_iter().chain(before), Arc::new(run))
            .output(Size::Exact(8))
    };
    let last = 2 * CHUNKS - 1;
    (Graph::new((0..CHUNKS).map(chunk).chain((0..=last).map(read))).unwrap(), key("read", last))
}

/// What the last reader has to get.
fn expected() -> u64 {
    (0..2 * CHUNKS).fold(0, |before, at| {
        let chunk: Vec<u64> = (0..WORDS).map(|place| word(at % CHUNKS, place)).collect();
        mix(before, &chunk)
    })
}

/// What becomes of a run with room for some chunks.
struct Bench {
    scheduler: Scheduler,
    graph: Graph,
    wanted: Key,
}

impl Bench {
    fn new(tiers: &[TierSpec], stores: &Stores, room: u64, redo: Redo) -> Self {
        Self::with(tiers, stores, room, redo, Compression::None)
    }

    fn with(tiers: &[TierSpec], stores: &Stores, room: u64, redo: Redo, compression: Compression) -> Self {
        let (graph, wanted) = graph(redo);
        let start = |limit: u64| {
            let overrides = Overrides {
                memory_limit: Some(limit.to_string().parse().unwrap()),
                threads: Some(2),
                scratch: Some(tiers.to_vec()),
                ..Overrides::default()
            };
            let scratch = Scratch::new(tiers, compression, true, stores).unwrap();
            Scheduler::start_on(scratch, &Config::new(overrides).unwrap(), Observers::default()).unwrap()
        };
        let ample = start(1 << 30);
        let floor = ample.plan(&graph, std::slice::from_ref(&wanted), Keep::HandOver).unwrap().floor().bytes();
        drop(ample);
        Self { scheduler: start(floor + room * CHUNK), graph, wanted }
    }

    fn run(&self) -> Result<u64> {
        let running = self.scheduler.submit(&self.graph, std::slice::from_ref(&self.wanted), Keep::HandOver)?;
        let results = running.wait()?;
        let Results::Chunks(chunks) = results else { panic!("chunks were asked for") };
        Ok(chunks[0].get::<Block<u64>>()?.as_slice()[0])
    }

    /// Nothing is left, in memory or on scratch.
    fn at_rest(&self) -> Stats {
        let stats = self.scheduler.stats();
        assert_eq!((stats.charged_bytes, stats.scratch_bytes), (0, 0), "{stats:?}");
        stats
    }
}

fn place() -> (tempfile::TempDir, TierSpec) {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let tier = TierSpec::new(folder.path());
    (folder, tier)
}

/// One tier with these faults.
fn bench(faults: &Arc<Faults>, redo: Redo) -> (tempfile::TempDir, Bench) {
    let (folder, tier) = place();
    (folder, Bench::new(&[tier], &faults.stores(Naming::Nameless), 4, redo))
}

#[test]
fn scratch_that_works_gives_the_expected_value() {
    let faults = Faults::new();
    for redo in [Redo::Never, Redo::Fast] {
        let (_folder, bench) = bench(&faults, redo);
        assert_eq!(bench.run().unwrap(), expected());
        let stats = bench.at_rest();
        assert!(stats.spilled_bytes + stats.redone_tasks * CHUNK > 10 * CHUNK, "{stats:?}");
        assert_eq!(stats.scratch_failures, 0);
    }
}

/// A capacity that is too small: the run ends, the error says what was asked and what was left; with more it goes on.
#[test]
fn a_tier_that_is_too_small_ends_the_run_with_what_it_asked() {
    let (folder, tier) = place();
    let small = TierSpec { capacity: Some(ByteSize::new(3 * CHUNK + 100_000)), ..tier.clone() };
    let bench = Bench::new(std::slice::from_ref(&small), &Stores::default(), 4, Redo::Never);
    let error = bench.run().unwrap_err();
    let Error::ScratchFull { path, asked, left } = &error else { panic!("{error}") };
    assert!(path == folder.path() && asked.bytes() > CHUNK && left.bytes() < asked.bytes(), "{error}");
    let stats = bench.at_rest();
    assert!(stats.spilled_bytes >= 2 * CHUNK, "{stats:?}");
    // The next tier has what it can't take.
    let bench = Bench::new(&[small.clone(), tier], &Stores::default(), 4, Redo::Never);
    assert_eq!(bench.run().unwrap(), expected());
    bench.at_rest();
    // What can be made again is, where it can't be written.
    let bench = Bench::new(&[small], &Stores::default(), 4, Redo::Fast);
    assert_eq!(bench.run().unwrap(), expected());
    bench.at_rest();
}

/// Every way in which writing fails, at the first call and later: the run ends with that error. Nothing is lost: the
/// session's next run, on a disk that works again, gives what it should.
#[test]
fn a_disk_that_fails_to_write_ends_the_run_and_not_the_session() {
    for call in [Call::Allocate, Call::Write, Call::Sync] {
        for errno in [libc::ENOSPC, libc::EIO] {
            for from in [0, 3] {
                let faults = Faults::new();
                let (folder, bench) = bench(&faults, Redo::Never);
                faults.set(call, from..u64::MAX, Fault::Errno(errno));
                let error = bench.run().unwrap_err();
                let full = matches!(error, Error::ScratchFull { .. });
                assert!(full || matches!(error, Error::Scratch { .. }), "{error}");
                assert!(full == (errno == libc::ENOSPC) || call == Call::Sync, "{error}");
                assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
                assert!(bench.at_rest().scratch_failures > 0);
                faults.mend();
                assert_eq!(bench.run().unwrap(), expected(), "{call:?} {errno} {from}");
                bench.at_rest();
            }
        }
    }
}

/// A failure that passes: what could not be written is still there, and is written later.
#[test]
fn a_failure_that_passes_costs_nothing_but_time() {
    for call in [Call::Allocate, Call::Write, Call::Sync] {
        for errno in [libc::ENOSPC, libc::EIO] {
            let faults = Faults::new();
            let (_folder, bench) = bench(&faults, Redo::Fast);
            faults.set(call, 2..4, Fault::Errno(errno));
            assert_eq!(bench.run().unwrap(), expected(), "{call:?} {errno}");
            bench.at_rest();
        }
    }
}

#[test]
fn a_tier_that_fails_is_left_for_the_next() {
    let ((_a, first), (_b, second)) = (place(), place());
    let faults = Faults::new();
    let bench = Bench::new(&[first, second], &faults.stores(Naming::Nameless), 4, Redo::Never);
    faults.set(Call::Write, 4..5, Fault::Errno(libc::EIO));
    assert_eq!(bench.run().unwrap(), expected());
    let stats = bench.at_rest();
    assert!(stats.spilled_bytes > 10 * CHUNK, "{stats:?}");
}

#[test]
fn short_and_interrupted_calls_change_nothing() {
    for fault in [Fault::Short, Fault::Errno(libc::EINTR)] {
        let faults = Faults::new();
        let (_folder, bench) = bench(&faults, Redo::Never);
        for call in [Call::Write, Call::Read, Call::Allocate, Call::Sync, Call::Punch] {
            let few = if fault == Fault::Short { u64::MAX } else { 100 };
            faults.set(call, 0..few, fault);
        }
        // Mapping is not what is to be tried here.
        faults.set(Call::Map, 0..u64::MAX, Fault::Errno(libc::ENODEV));
        assert_eq!(bench.run().unwrap(), expected());
        let stats = bench.at_rest();
        assert!(stats.reloaded_bytes > 10 * CHUNK && stats.in_place_bytes == 0, "{stats:?}");
    }
}

/// What can't be read back is made again where that can be done; else the run ends with the error.
#[test]
fn a_disk_that_fails_to_read_is_made_up_for_or_ends_the_run() {
    for (fault, corrupt) in [(Fault::Errno(libc::EIO), false), (Fault::Flip, true), (Fault::Forget, true)] {
        for from in [0, 5] {
            let faults = Faults::new();
            let (folder, bench) = bench(&faults, Redo::Never);
            faults.set(Call::Read, from..from + 1, fault);
            let error = bench.run().unwrap_err();
            assert_eq!(matches!(error, Error::Corrupt { .. }), corrupt, "{error}");
            assert_eq!(matches!(error, Error::Scratch { .. }), !corrupt, "{error}");
            assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
            assert_eq!(bench.at_rest().scratch_failures, 1);
            assert_eq!(bench.run().unwrap(), expected(), "the session stays usable");
        }
    }
}

/// Chunks that are slow to make are written although they could be made again; then scratch loses some of them.
#[test]
fn damaged_frames_are_redone_where_they_can_be() {
    for (call, fault) in [
        (Call::Read, Fault::Flip),
        (Call::Read, Fault::Errno(libc::EIO)),
        (Call::Write, Fault::Flip),
        (Call::Write, Fault::Forget),
    ] {
        let faults = Faults::new();
        let (_folder, bench) = bench(&faults, Redo::Slow);
        faults.set(call, 4..9, fault);
        assert_eq!(bench.run().unwrap(), expected(), "{call:?} {fault:?}");
        let stats = bench.at_rest();
        assert!(stats.spilled_bytes > CHUNK, "{stats:?}");
        assert!(stats.scratch_failures > 0 && stats.redone_tasks >= stats.scratch_failures, "{stats:?}");
    }
}

#[test]
fn a_disk_that_turns_slow_makes_a_run_slow_and_no_larger() {
    let faults = Faults::new();
    let (_folder, bench) = bench(&faults, Redo::Never);
    for call in [Call::Write, Call::Read, Call::Sync, Call::Allocate] {
        faults.set(call, 3..u64::MAX, Fault::Slow(Duration::from_millis(15)));
    }
    assert_eq!(bench.run().unwrap(), expected());
    let limit = bench.scheduler.shared.ledger.limit();
    let stats = bench.at_rest();
    assert!(stats.spilled_bytes > 10 * CHUNK && stats.ledger_peak_bytes <= limit, "{stats:?}");
}

/// A device that says it is persistent memory: all that comes back is used where it lies.
#[test]
fn persistent_memory_is_used_without_copies_or_page_cache() {
    let faults = Faults::new();
    faults.pretend_dax();
    let (_folder, tier) = place();
    let stores = faults.stores(Naming::Nameless);
    let bench = Bench::with(&[tier], &stores, 4, Redo::Never, Compression::Auto);
    assert_eq!(bench.run().unwrap(), expected());
    let stats = bench.at_rest();
    assert!(stats.reloaded_bytes > 10 * CHUNK && stats.in_place_bytes == stats.reloaded_bytes, "{stats:?}");
    assert_eq!((faults.count(Call::Sync), faults.count(Call::Advise)), (0, 0));
}

/// Faults of all kinds at random calls: the value is the expected one, or the error is one of scratch; nothing is left, and
/// the session gives the expected value when all is well again.
#[test]
fn faults_at_random_lose_nothing() {
    let expected = expected();
    let (mut failed, mut went_on) = (0, 0);
    for seed in 0..60 {
        let random = &mut Random::new(seed);
        let faults = Faults::new();
        let naming = [Naming::Nameless, Naming::Unlinked, Naming::Named][random.below(3)];
        let tiers: Vec<_> = (0..=random.below(2)).map(|_| place()).collect();
        let specs: Vec<TierSpec> = tiers.iter().map(|(_, tier)| tier.clone()).collect();
        let compression = [Compression::None, Compression::Lz4][random.below(2)];
        let room = random.below(8) as u64;
        let redo = if seed % 10 == 0 { Redo::Slow } else { [Redo::Never, Redo::Fast][random.below(2)] };
        let bench = Bench::with(&specs, &faults.stores(naming), room, redo, compression);
        for _ in 0..=random.below(4) {
            let call = [Call::Allocate, Call::Punch, Call::Write, Call::Read, Call::Sync, Call::Map][random.below(6)];
            let errno = [libc::EIO, libc::ENOSPC, libc::EINTR, libc::EOPNOTSUPP][random.below(4)];
            let fault = [Fault::Errno(errno), Fault::Short, Fault::Flip, Fault::Forget][random.below(4)];
            let from = random.below(60) as u64;
            faults.set(call, from..from + 1 + random.below(5) as u64, fault);
        }
        match bench.run() {
            Ok(value) => {
                assert_eq!(value, expected, "seed {seed}");
                went_on += u64::from(faults.hits() > 0);
            }
            Err(Error::Corrupt { .. } | Error::Scratch { .. } | Error::ScratchFull { .. }) => failed += 1,
            Err(error) => panic!("seed {seed}: {error}"),
        }
        bench.at_rest();
        faults.mend();
        assert_eq!(bench.run().unwrap(), expected, "seed {seed}");
        bench.at_rest();
        drop(bench);
        for (folder, _) in &tiers {
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "seed {seed}");
        }
    }
    assert!(failed > 5 && went_on > 5, "{failed} failed, {went_on} went on");
}
