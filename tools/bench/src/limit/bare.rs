//! The bare loop: read each chunk, inflate, unshuffle, fold. No tasks, no ledger, no blocks; each thread has its share of
//! the days. It knows beforehand what `bench generate` writes: the shape, the filters, the scale, the number that means
//! missing.
//!
//! As it is the measure of everything else, it is made as fast as we know how: few days at a time are folded row by row,
//! while the row's sums are in the first cache, with the widest vectors that the CPU has.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;

use libdeflater::Decompressor;
use thermocline::simd::{Loop, widest};

use crate::error::{BenchError, Result};
use crate::generate::CELLS;

/// Days that are folded at once.
const BATCH: usize = 4;

/// Cells of a row.
const ROW: usize = 1440;

/// The stored number that means missing.
const MISSING: i16 = i16::MAX;

const SCALE: f64 = 0.01;

/// Where a day's chunk is: file, address, stored bytes.
pub(super) struct Day {
    path: PathBuf,
    address: u64,
    stored: usize,
}

/// Looks up the chunks of `path`, a file of int16 that `bench generate` made.
fn days(path: &Path) -> Result<Vec<Day>> {
    let said = |operation| BenchError::hdf5(path, operation);
    let file = hdf5::File::open(path).map_err(said("opening"))?;
    let sst = file.dataset("sst").map_err(said("opening sst"))?;
    if sst.shape().len() != 3 || sst.shape()[1] * sst.shape()[2] != CELLS || sst.dtype().map_or(0, |t| t.size()) != 2 {
        return Err(BenchError::file(path, "expected sst of int16, as `bench generate` makes it"));
    }
    let mut days = Vec::new();
    sst.chunks_visit(|chunk| {
        days.push(Day { path: path.to_owned(), address: chunk.addr, stored: chunk.size as usize });
        0
    })
    .map_err(said("listing the chunks"))?;
    Ok(days)
}

/// The chunks of all files, one after the other.
pub(super) fn days_of(paths: &[PathBuf]) -> Result<Vec<Day>> {
    let mut all = Vec::new();
    for path in paths {
        all.extend(days(path)?);
    }
    Ok(all)
}

/// What the chunks of days are stored in.
pub(super) fn stored_bytes(days: &[Day]) -> u64 {
    days.iter().map(|day| day.stored as u64).sum()
}

/// What is made of decoded days.
pub(super) trait Fold: Default + Send {
    /// Folds days, the low bytes of all cells before the high bytes.
    fn fold(&mut self, days: &[Vec<u8>]);

    /// Adds what another thread has folded.
    fn add(&mut self, other: &Self);
}

/// What is folded, for each cell.
pub(super) trait Sums: Fold {
    /// The mean of each cell; NaN where all is missing.
    fn means(&self) -> Vec<f32>;
}

/// The mean over all days of each cell.
pub(super) fn means<S: Sums>(days: &[Day], threads: usize) -> Result<Vec<f32>> {
    Ok(fold::<S>(days, threads)?.means())
}

/// Reads, inflates and folds all days.
pub(super) fn fold<S: Fold>(days: &[Day], threads: usize) -> Result<S> {
    let share = days.len().div_ceil(threads).max(1);
    let outcomes: Vec<Result<S>> = thread::scope(|scope| {
        let workers: Vec<_> = days.chunks(share).map(|days| scope.spawn(|| fold_days(days))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(Err(BenchError::Cancelled))).collect()
    });
    let mut outcomes = outcomes.into_iter();
    let mut sums = outcomes.next().unwrap_or_else(|| Ok(S::default()))?;
    for more in outcomes {
        sums.add(&more?);
    }
    Ok(sums)
}

fn fold_days<S: Fold>(days: &[Day]) -> Result<S> {
    let mut inflate = Decompressor::new();
    let mut stored = Vec::new();
    let mut inflated = vec![vec![0_u8; 2 * CELLS]; BATCH];
    let mut sums = S::default();
    let mut open: Option<(&Path, File)> = None;
    for batch in days.chunks(BATCH) {
        for (Day { path, address, stored: len }, inflated) in batch.iter().zip(&mut inflated) {
            let file = match open.take() {
                Some((opened, file)) if opened == path => file,
                _ => File::open(path).map_err(BenchError::io(path, "opening"))?,
            };
            stored.resize(*len, 0);
            file.read_exact_at(&mut stored, *address).map_err(BenchError::io(path, "reading"))?;
            open = Some((path, file));
            inflate
                .zlib_decompress(&stored, inflated)
                .map_err(|error| BenchError::file(path, format!("a chunk is damaged: {error}")))?;
        }
        sums.fold(&inflated[..batch.len()]);
    }
    Ok(sums)
}

/// The numbers as they are stored, summed and counted.
pub(super) struct Integers {
    totals: Vec<i32>,
    counts: Vec<i32>,
}

impl Default for Integers {
    fn default() -> Self {
        Self { totals: vec![0; CELLS], counts: vec![0; CELLS] }
    }
}

impl Fold for Integers {
    fn fold(&mut self, days: &[Vec<u8>]) {
        widest(FoldIntegers { days, sums: self });
    }

    fn add(&mut self, other: &Self) {
        self.totals.iter_mut().zip(&other.totals).for_each(|(total, more)| *total += more);
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
    }
}

impl Sums for Integers {
    fn means(&self) -> Vec<f32> {
        let mean = |(&total, &count): (&i32, &i32)| (f64::from(total) * SCALE / f64::from(count)) as f32;
        self.totals.iter().zip(&self.counts).map(mean).collect()
    }
}

struct FoldIntegers<'a> {
    days: &'a [Vec<u8>],
    sums: &'a mut Integers,
}

impl Loop for FoldIntegers<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows = self.sums.totals.chunks_exact_mut(ROW).zip(self.sums.counts.chunks_exact_mut(ROW));
        for (row, (totals, counts)) in rows.enumerate() {
            for day in self.days {
                for ((value, total), count) in stored(day, row).zip(&mut *totals).zip(&mut *counts) {
                    let there = i32::from(value != MISSING);
                    *total += i32::from(value) * there;
                    *count += there;
                }
            }
        }
    }
}

/// Each number converted to f32, with NaN for missing; then those that are not NaN summed and counted in f64.
pub(super) struct Floats {
    sums: Vec<f64>,
    counts: Vec<f64>,
}

impl Default for Floats {
    fn default() -> Self {
        Self { sums: vec![0.0; CELLS], counts: vec![0.0; CELLS] }
    }
}

impl Fold for Floats {
    fn fold(&mut self, days: &[Vec<u8>]) {
        widest(FoldFloats { days, sums: self });
    }

    fn add(&mut self, other: &Self) {
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, more)| *sum += more);
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
    }
}

impl Sums for Floats {
    fn means(&self) -> Vec<f32> {
        self.sums.iter().zip(&self.counts).map(|(sum, count)| (sum / count) as f32).collect()
    }
}

struct FoldFloats<'a> {
    days: &'a [Vec<u8>],
    sums: &'a mut Floats,
}

impl Loop for FoldFloats<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut floats = [0_f32; ROW];
        let rows = self.sums.sums.chunks_exact_mut(ROW).zip(self.sums.counts.chunks_exact_mut(ROW));
        for (row, (sums, counts)) in rows.enumerate() {
            for day in self.days {
                convert(day, row, &mut floats);
                for ((float, sum), count) in floats.iter().zip(&mut *sums).zip(&mut *counts) {
                    *sum += if float.is_nan() { 0.0 } else { f64::from(*float) };
                    *count += if float.is_nan() { 0.0 } else { 1.0 };
                }
            }
        }
    }
}

/// Each number converted to f32, with NaN for missing, and nothing made of it.
#[derive(Default)]
pub(super) struct Decoded;

impl Fold for Decoded {
    fn fold(&mut self, days: &[Vec<u8>]) {
        widest(Convert { days });
    }

    fn add(&mut self, Self: &Self) {}
}

struct Convert<'a> {
    days: &'a [Vec<u8>],
}

impl Loop for Convert<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut floats = [0_f32; ROW];
        for day in self.days {
            for row in 0..CELLS / ROW {
                convert(day, row, &mut floats);
                // As if somebody looked at them.
                std::hint::black_box(&mut floats);
            }
        }
    }
}

/// A row of a day as floats; NaN is missing.
#[inline(always)]
fn convert(day: &[u8], row: usize, floats: &mut [f32; ROW]) {
    for (value, float) in stored(day, row).zip(floats) {
        let scaled = (f64::from(value) * SCALE) as f32;
        *float = if value == MISSING { f32::NAN } else { scaled };
    }
}

/// The stored numbers of a row of a day.
#[inline(always)]
fn stored(day: &[u8], row: usize) -> impl Iterator<Item = i16> {
    let (low, high) = (&day[row * ROW..][..ROW], &day[CELLS + row * ROW..][..ROW]);
    low.iter().zip(high).map(|(&low, &high)| i16::from_le_bytes([low, high]))
}
