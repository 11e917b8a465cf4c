//! The bare loop: what the hardware can do with these files. Read each chunk, inflate, unshuffle, fold; no tasks, no
//! ledger, no blocks.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use libdeflater::Decompressor;

use crate::error::{BenchError, Result};
use crate::generate::CELLS;

/// What is folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Sums and counts of the stored integers.
    Integers,
    /// Each value converted to f32, folded in f64.
    Floats,
}

/// Where the chunks of a file are: address and stored bytes.
struct Chunks {
    path: PathBuf,
    chunks: Vec<(u64, usize)>,
}

/// Prints both loops' figures.
pub(crate) fn print(dir: &Path, threads: usize) -> Result<()> {
    for (fold, name) in [(Fold::Integers, "i16 sums and counts"), (Fold::Floats, "to f32, folded in f64")] {
        let (seconds, days) = time(dir, threads, fold)?;
        let values = (days * CELLS) as f64;
        println!(
            "{name:<22} {threads} threads, {days} days: {seconds:.3} s, {:.2} GB/s as f32, {:.0} million values/s",
            values * 4.0 / seconds / 1e9,
            values / seconds / 1e6
        );
    }
    Ok(())
}

/// Seconds of the loop over all files in `dir`, and their days.
pub(crate) fn time(dir: &Path, threads: usize, fold: Fold) -> Result<(f64, usize)> {
    let pattern = format!("{}/sst*.nc", dir.display());
    let mut paths: Vec<PathBuf> =
        glob::glob(&pattern).map_err(|error| BenchError::Usage(error.to_string()))?.flatten().collect();
    paths.sort();
    if paths.is_empty() {
        return Err(BenchError::file(dir, "no sst*.nc there: make some with `bench generate`"));
    }
    let files: Vec<Chunks> = paths.iter().map(|path| index(path)).collect::<Result<_>>()?;
    let start = Instant::now();
    let days: Vec<(&Path, u64, usize)> =
        files.iter().flat_map(|file| file.chunks.iter().map(|&(at, len)| (file.path.as_path(), at, len))).collect();
    let share = days.len().div_ceil(threads.max(1)).max(1);
    let outcomes: Vec<Result<f64>> = std::thread::scope(|scope| {
        let workers: Vec<_> = days.chunks(share).map(|days| scope.spawn(move || fold_days(days, fold))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(Err(BenchError::Cancelled))).collect()
    });
    let mut check = 0.0;
    for outcome in outcomes {
        check += outcome?;
    }
    std::hint::black_box(check);
    Ok((start.elapsed().as_secs_f64(), days.len()))
}

fn index(path: &Path) -> Result<Chunks> {
    let said = |operation| BenchError::hdf5(path, operation);
    let file = hdf5::File::open(path).map_err(said("opening"))?;
    let sst = file.dataset("sst").map_err(said("opening sst"))?;
    if sst.shape().len() != 3 || sst.shape()[1] * sst.shape()[2] != CELLS || sst.dtype().map_or(0, |t| t.size()) != 2 {
        return Err(BenchError::file(path, "expected sst of int16, as `bench generate` makes it"));
    }
    let mut chunks = Vec::new();
    sst.chunks_visit(|chunk| {
        chunks.push((chunk.addr, chunk.size as usize));
        0
    })
    .map_err(said("listing the chunks"))?;
    Ok(Chunks { path: path.to_owned(), chunks })
}

fn fold_days(days: &[(&Path, u64, usize)], fold: Fold) -> Result<f64> {
    let mut inflate = Decompressor::new();
    let (mut stored, mut shuffled) = (Vec::new(), vec![0_u8; CELLS * 2]);
    let (mut totals, mut counts) = (vec![0_i32; CELLS], vec![0_i32; CELLS]);
    let (mut sums, mut valid) = (vec![0_f64; CELLS], vec![0_f64; CELLS]);
    let mut open: Option<(&Path, File)> = None;
    for &(path, address, len) in days {
        let file = match open.take() {
            Some((opened, file)) if opened == path => file,
            _ => File::open(path).map_err(BenchError::io(path, "opening"))?,
        };
        stored.resize(len, 0);
        file.read_exact_at(&mut stored, address).map_err(BenchError::io(path, "reading"))?;
        inflate
            .zlib_decompress(&stored, &mut shuffled)
            .map_err(|error| BenchError::file(path, format!("a chunk is damaged: {error}")))?;
        let (low, high) = shuffled.split_at(CELLS);
        let values = low.iter().zip(high).map(|(&low, &high)| i16::from_le_bytes([low, high]));
        match fold {
            Fold::Integers => {
                for ((value, total), count) in values.zip(&mut totals).zip(&mut counts) {
                    let there = i32::from(value != i16::MAX);
                    *total += i32::from(value) * there;
                    *count += there;
                }
            }
            Fold::Floats => {
                for ((value, sum), count) in values.zip(&mut sums).zip(&mut valid) {
                    let float = if value == i16::MAX { f32::NAN } else { (f64::from(value) * 0.01) as f32 };
                    let there = !float.is_nan();
                    *sum += if there { f64::from(float) } else { 0.0 };
                    *count += f64::from(u8::from(there));
                }
            }
        }
        open = Some((path, file));
    }
    let integers: f64 = totals.iter().zip(&counts).map(|(&total, &count)| f64::from(total) + f64::from(count)).sum();
    Ok(integers + sums.iter().sum::<f64>() + valid.iter().sum::<f64>())
}
