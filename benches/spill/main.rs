//! What spilling costs, against the disk itself: `dd`, a loop of synced writes, and cold reads on the same file system, in
//! turn with what they are compared to.
//!
//! `cargo bench --bench spill [-- frames|codecs|swap] [SIZE]` prints medians; a round's ratios are of that round.
//!
//! - `frames`: chunks that nothing makes smaller lie in memory; then a task needs it all. Bytes stored a second, from its
//!   start until the last is written, while all workers are idle. Then all come back, to be added up: used in place, or
//!   read into buffers. By chunks of several sizes; SIZE in all (1GiB).
//! - `codecs`: the same for three kinds of values, stored raw, by LZ4 and by LZ4 after shuffling bytes, and as the session
//!   chooses (SIZE: 256MiB).
//! - `swap`: a matrix in chunks of columns is rechunked to rows and added up (SIZE: 7.2GB) under 2 GiB. How many times as
//!   long it takes as writing and reading what it spilled and reloaded.
//!
//! Scratch is in `THERMOCLINE_SCRATCH_BENCH`, else `/var/tmp`; it wants SIZE twice.

#![allow(clippy::unwrap_used, reason = "a benchmark that can't run should stop")]

mod data;
mod disk;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use thermocline::chunk::Element;
use thermocline::{Array, ByteSize, Compression, Event, Observer, Session, Stats};

use data::{Columns, Copies, make_way, ocean, random};
use disk::{Disk, Rates};

const ROUNDS: usize = 3;
const THREADS: usize = 2;

/// What is beside the chunks: graphs, staging, sums.
const BESIDE: u64 = 64 << 20;

/// Bytes stored, and when the last were.
#[derive(Debug, Default)]
struct Watch(Mutex<(u64, Option<Instant>)>);

impl Observer for Watch {
    fn on_event(&self, event: &Event<'_>) {
        if let Event::Spilled { stored, .. } = event {
            let mut seen = self.0.lock().unwrap();
            *seen = (seen.0 + stored, Some(Instant::now()));
        }
    }
}

/// What going to scratch and coming back took.
struct Trip {
    /// Of the chunks that were written; all of them came back.
    bytes: u64,
    stored: u64,
    write: f64,
    read: f64,
    stats: Stats,
}

impl Trip {
    fn write_rate(&self) -> f64 {
        self.stored as f64 / self.write
    }

    fn read_rate(&self) -> f64 {
        self.stats.reloaded_bytes as f64 / self.read
    }
}

/// How chunks go to scratch and come back.
#[derive(Clone, Copy)]
struct Way {
    compression: Compression,
    in_place: bool,
}

/// Has `chunks` copies of `values` written to scratch and read again.
fn trip<T: Element>(folder: &Path, values: &[T], chunks: usize, way: Way) -> Trip
where
    Array<T>: Summed,
{
    let bytes = (size_of_val(values) * chunks) as u64;
    let watch = Arc::new(Watch::default());
    let builder = Session::builder().memory_limit(ByteSize::new(2 * bytes + BESIDE).into()).threads(THREADS);
    let builder = builder.scratch(folder.display().to_string()).compression(way.compression).in_place(way.in_place);
    let session = builder.observer(watch.clone()).build().unwrap();
    let kept = session.persist(&Array::from_source(Copies::new(values.to_vec(), chunks))).unwrap();
    let start = Instant::now();
    make_way(&session, 2 * bytes + BESIDE / 2);
    let (stored, last) = std::mem::take(&mut *watch.0.lock().unwrap());
    let write = last.map_or(0.0, |last| (last - start).as_secs_f64());
    let start = Instant::now();
    kept.add_up(&session);
    let read = start.elapsed().as_secs_f64();
    let stats = session.stats();
    Trip { bytes: stats.spilled_bytes, stored, write, read, stats }
}

/// An array that can be added up, whatever its type.
trait Summed {
    fn add_up(&self, session: &Session);
}

impl Summed for Array<f32> {
    fn add_up(&self, session: &Session) {
        std::hint::black_box(session.compute(&self.sum(..)).unwrap());
    }
}

impl Summed for Array<u8> {
    fn add_up(&self, session: &Session) {
        std::hint::black_box(session.compute(&self.sum(..)).unwrap());
    }
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What is compared, in turn.
struct Round {
    dd: f64,
    disk: Rates,
    mapped: Trip,
    copied: Trip,
}

fn frames(folder: &Path, size: u64) {
    println!("frames: {} raw, median of {ROUNDS}; GB/s", ByteSize::new(size));
    let disk = Disk::new(folder, size as usize);
    for chunk in [512 << 10, 4 << 20, 32 << 20] {
        let values = random(chunk / 4);
        let chunks = (size as usize / chunk).max(1);
        let round = |_| {
            let way = |in_place| Way { compression: Compression::None, in_place };
            Round {
                dd: disk.dd().unwrap_or(f64::NAN),
                disk: disk.rates(),
                mapped: trip(folder, &values, chunks, way(true)),
                copied: trip(folder, &values, chunks, way(false)),
            }
        };
        print_frames(chunk, &(0..ROUNDS).map(round).collect::<Vec<_>>());
    }
}

fn print_frames(chunk: usize, rounds: &[Round]) {
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    println!(
        "{:>8} chunks  write {:.2}: {:.0} % of dd {:.2}, {:.0} % of the loop {:.2}",
        ByteSize::new(chunk as u64).to_string(),
        of(|round| round.mapped.write_rate()) / 1e9,
        100.0 * of(|round| round.mapped.write_rate() / round.dd),
        of(|round| round.dd) / 1e9,
        100.0 * of(|round| round.mapped.write_rate() / round.disk.write),
        of(|round| round.disk.write) / 1e9,
    );
    let Stats { in_place_bytes, reloaded_bytes, .. } = rounds[0].mapped.stats;
    println!(
        "                 reload {:.2} in place ({} of {}), {:.2} into buffers: {:.0} % and {:.0} % of cold reads {:.2}",
        of(|round| round.mapped.read_rate()) / 1e9,
        ByteSize::new(in_place_bytes),
        ByteSize::new(reloaded_bytes),
        of(|round| round.copied.read_rate()) / 1e9,
        100.0 * of(|round| round.mapped.read_rate() / round.disk.read),
        100.0 * of(|round| round.copied.read_rate() / round.disk.read),
        of(|round| round.disk.read) / 1e9,
    );
}

fn codecs(folder: &Path, size: u64) {
    const CHUNK: usize = 16 << 20;
    let chunks = (size as usize / CHUNK).max(1);
    println!("codecs: {}, median of {ROUNDS}; seconds a GiB of values, written + read", ByteSize::new(size));
    let zeros: fn(usize) -> Vec<f32> = |elements| vec![0.0; elements];
    for (name, make) in [("random", random as fn(usize) -> Vec<f32>), ("ocean", ocean), ("zeros", zeros)] {
        let values = make(CHUNK / 4);
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        let way = |compression| Way { compression, in_place: true };
        let mut rounds: [Vec<Trip>; 4] = Default::default();
        for _ in 0..ROUNDS {
            rounds[0].push(trip(folder, &values, chunks, way(Compression::None)));
            rounds[1].push(trip(folder, &bytes, chunks, way(Compression::Lz4)));
            rounds[2].push(trip(folder, &values, chunks, way(Compression::Lz4)));
            rounds[3].push(trip(folder, &values, chunks, way(Compression::Auto)));
        }
        // Bytes have nothing to be shuffled; numbers are shuffled where that makes them smaller.
        for (way, trips) in ["raw", "lz4", "lz4, shuffled", "chosen"].into_iter().zip(&rounds) {
            let per_gib = |seconds: fn(&Trip) -> f64| {
                median(trips.iter().map(|trip| seconds(trip) * f64::from(1 << 30) / trip.bytes as f64))
            };
            let stored = median(trips.iter().map(|trip| trip.stored as f64 / trip.bytes as f64));
            let (write, read) = (per_gib(|trip| trip.write), per_gib(|trip| trip.read));
            println!(
                "{name:<7} {way:<14} {:>5.1} % stored  {write:.2} + {read:.2} = {:.2}",
                100.0 * stored,
                write + read
            );
        }
    }
}

fn swap(folder: &Path, size: u64) {
    let side = ((size / 8) as usize).isqrt();
    let wide = ((8 << 20) / side).clamp(1, side);
    println!("swap: {} under 2 GiB, rechunked from columns to rows", ByteSize::new(size));
    let disk = Disk::new(folder, 1 << 30);
    for _ in 0..ROUNDS {
        let Rates { write, read } = disk.rates();
        let watch = Arc::new(Watch::default());
        let builder = Session::builder().memory_limit("2GiB".parse().unwrap()).threads(THREADS);
        let session = builder.scratch(folder.display().to_string()).observer(watch.clone()).build().unwrap();
        let x = Array::from_source(Columns::new(side, wide)).rechunk((wide, -1));
        let start = Instant::now();
        std::hint::black_box(session.compute(&x.sum(..)).unwrap());
        let took = start.elapsed().as_secs_f64();
        let (stats, stored) = (session.stats(), watch.0.lock().unwrap().0);
        let needed = stored as f64 / write + stats.reloaded_bytes as f64 / read;
        println!(
            "{took:.2} s, spilled {}, reloaded {} ({} in place): {:.2} times the disk's {needed:.2} s ({:.2} and {:.2} GB/s)",
            ByteSize::new(stats.spilled_bytes),
            ByteSize::new(stats.reloaded_bytes),
            ByteSize::new(stats.in_place_bytes),
            took / needed,
            write / 1e9,
            read / 1e9
        );
    }
}

fn main() {
    // Cargo passes --bench.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let size = words.iter().find_map(|word| word.parse::<ByteSize>().ok()).map(ByteSize::bytes);
    let wanted =
        |name: &str| words.iter().all(|word| word.parse::<ByteSize>().is_ok()) || words.iter().any(|word| word == name);
    let root = std::env::var("THERMOCLINE_SCRATCH_BENCH").unwrap_or_else(|_| "/var/tmp".into());
    let folder = tempfile::tempdir_in(root).unwrap();
    if wanted("frames") {
        frames(folder.path(), size.unwrap_or(1 << 30));
    }
    if wanted("codecs") {
        codecs(folder.path(), size.unwrap_or(256 << 20));
    }
    if wanted("swap") {
        swap(folder.path(), size.unwrap_or(7_200_000_000));
    }
}
