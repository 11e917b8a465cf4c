//! `bench generate`: daily sea surface temperature in the layout of OISST, a file a year.
//!
//! Worker `w` of `n` makes the days `w`, `w + n`, `w + 2 n`, … and sends each through a channel of its own; the
//! calling thread takes them in turn and is the only one that writes. So the files' bytes don't depend on the
//! number of threads, and no more than a few days a worker are ever in memory.

mod encode;
mod field;
mod noise;
mod raw;
mod writer;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use thermocline::ByteSize;

use self::encode::Encoder;
pub(crate) use self::field::CELLS;
use self::field::Field;
pub(crate) use self::noise::{key, mix};
use self::writer::{Existing, Writer, YearFile, existing};
use crate::cli::{Dtype, YearRange};
use crate::error::{BenchError, Result};

/// Days that a worker may be ahead.
const AHEAD: usize = 8;

/// What to generate.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The folder.
    pub(crate) dir: PathBuf,
    /// The years.
    pub(crate) years: YearRange,
    /// How many days in all; none for all days of the years.
    pub(crate) days: Option<usize>,
    /// The type of the stored values.
    pub(crate) dtype: Dtype,
    /// The seed of the weather.
    pub(crate) seed: u64,
    /// Worker threads.
    pub(crate) threads: usize,
}

/// What was done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    /// Files kept because they are as wanted.
    pub(crate) kept: usize,
    /// Files written.
    pub(crate) written: usize,
    /// Days written.
    pub(crate) days: usize,
    /// Stored bytes of the written days.
    pub(crate) stored_bytes: u64,
}

/// What a request comes to, given what is there already.
#[derive(Debug)]
pub(crate) struct Todo {
    /// Files that are as wanted.
    pub(crate) kept: usize,
    /// Files to write.
    pub(crate) years: Vec<YearFile>,
}

impl Todo {
    /// Days to write.
    pub(crate) fn days(&self) -> usize {
        self.years.iter().map(|year| year.days).sum()
    }
}

/// Days from 1800-01-01 to the first of January of `year`.
pub(crate) fn first_day(year: u16) -> i64 {
    let before = |year: i64| 365 * year + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    before(i64::from(year)) - before(1800)
}

/// The files that a request is about.
fn years(request: &Request) -> Result<Vec<YearFile>> {
    let len = |year: u16| (first_day(year + 1) - first_day(year)) as usize;
    let all: usize = request.years.clone().map(len).sum();
    let mut left = request.days.unwrap_or(all);
    if left == 0 || left > all {
        return Err(BenchError::Usage(format!(
            "--days is {left}, but --years has {all}: ask for 1 to {all} days, or for more years"
        )));
    }
    let mut files = Vec::new();
    for year in request.years.clone() {
        let days = left.min(len(year));
        left -= days;
        if days > 0 {
            let path = request.dir.join(format!("sst.day.mean.{year}.v2.nc"));
            files.push(YearFile { path, first_day: first_day(year), days });
        }
    }
    Ok(files)
}

/// Makes the folder and finds out what is to be done.
///
/// # Errors
/// Where a file of this program's is in the way, or the disk is too full.
pub(crate) fn prepare(request: &Request) -> Result<Todo> {
    prepare_on(request, free_bytes)
}

/// As [`prepare`], on a disk of so many free bytes.
fn prepare_on(request: &Request, free: impl FnOnce(&Path) -> Result<u64>) -> Result<Todo> {
    let years = years(request)?;
    fs::create_dir_all(&request.dir).map_err(BenchError::io(&request.dir, "making the folder"))?;
    let mut todo = Todo { kept: 0, years: Vec::new() };
    let mut reusable = 0;
    for year in years {
        if existing(&year, request.dtype, request.seed)? == Existing::Same {
            todo.kept += 1;
        } else {
            reusable += fs::metadata(year.partial()).map_or(0, |left| left.len());
            todo.years.push(year);
        }
    }
    let free = free(&request.dir)?.saturating_add(reusable);
    check_space(needed(todo.days(), request.dtype), free, &request.dir)?;
    Ok(todo)
}

pub(crate) fn free_bytes(dir: &Path) -> Result<u64> {
    let about = rustix::fs::statvfs(dir).map_err(|error| BenchError::io(dir, "statvfs")(error.into()))?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

/// At most this many bytes are stored for `days` days.
fn needed(days: usize, dtype: Dtype) -> u64 {
    let tenths_a_value = match dtype {
        Dtype::I2 => 10,
        Dtype::F4 => 25,
    };
    (days * CELLS) as u64 * tenths_a_value / 10
}

pub(crate) fn check_space(needed: u64, free: u64, path: &Path) -> Result<()> {
    if needed <= free {
        return Ok(());
    }
    Err(BenchError::NoSpace { path: path.to_owned(), needed: ByteSize::new(needed), free: ByteSize::new(free) })
}

/// Writes what is to be done. `progress` is told the stored bytes of each day as it is written.
///
/// # Errors
/// Where writing fails, where another process generates into the same folder, and once `cancelled` is set. Finished
/// years stay; the one begun is removed, and begun anew by the next run.
pub(crate) fn generate(
    request: &Request,
    todo: &Todo,
    cancelled: &AtomicBool,
    progress: &dyn Fn(u64),
) -> Result<Summary> {
    let mut summary = Summary { kept: todo.kept, ..Summary::default() };
    if todo.years.is_empty() {
        return Ok(summary);
    }
    let _lock = lock(&request.dir)?;
    let field = Field::new(request.seed);
    let days: Vec<i64> =
        todo.years.iter().flat_map(|year| (0..year.days).map(|day| year.first_day + day as i64)).collect();
    let workers = request.threads.clamp(1, days.len().max(1));
    std::thread::scope(|scope| {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..workers).map(|_| sync_channel(AHEAD)).unzip();
        for (worker, sender) in senders.into_iter().enumerate() {
            let (field, mine) = (&field, days.iter().copied().skip(worker).step_by(workers));
            scope.spawn(move || work(field, request.dtype, mine, &sender));
        }
        // The receivers go when writing ends, well or not; then the workers' sends fail and they end too.
        write(request, todo, receivers, cancelled, &mut |stored| {
            summary.days += 1;
            summary.stored_bytes += stored;
            progress(stored);
        })
    })?;
    summary.written = todo.years.len();
    Ok(summary)
}

/// Makes days until there are no more, or nobody wants them.
fn work(field: &Field, dtype: Dtype, days: impl Iterator<Item = i64>, out: &SyncSender<Vec<u8>>) {
    let mut encoder = Encoder::new(dtype);
    for day in days {
        if out.send(encoder.encode(field, day)).is_err() {
            return;
        }
    }
}

/// Writes the days in order, as the workers send them in turn.
fn write(
    request: &Request,
    todo: &Todo,
    receivers: Vec<Receiver<Vec<u8>>>,
    cancelled: &AtomicBool,
    progress: &mut dyn FnMut(u64),
) -> Result<()> {
    let mut turns = (0..receivers.len()).cycle();
    for year in &todo.years {
        let mut writer = Writer::create(year.clone(), request.dtype, request.seed)?;
        for _ in 0..year.days {
            if cancelled.load(Ordering::Relaxed) {
                return Err(BenchError::Cancelled);
            }
            // A worker that is gone has panicked; the scope passes that on.
            let stored = turns.next().and_then(|worker| receivers[worker].recv().ok()).ok_or(BenchError::Cancelled)?;
            writer.append(&stored)?;
            progress(stored.len() as u64);
        }
        writer.finish()?;
    }
    Ok(())
}

/// Keeps other processes from generating into the same folder, as long as the file is open.
pub(crate) fn lock(dir: &Path) -> Result<fs::File> {
    let file = fs::File::open(dir).map_err(BenchError::io(dir, "opening the folder"))?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Err(BenchError::file(dir, "another process is generating into it")),
        // Some network filesystems have no locks; one process is then the user's promise.
        Ok(()) | Err(fs::TryLockError::Error(_)) => Ok(file),
    }
}

#[cfg(test)]
mod tests;
