//! `bench generate-flights`: all American flights, as they never were, in the columns of the ASA's Data Expo of 2009; a CSV
//! file a year. Beside them `planes.csv` and `airports.csv`, which have most of the planes and airports of the flights.
//!
//! What a row says depends on the seed and its place alone. As in [`generate`](crate::generate), worker `w` of `n` makes the
//! blocks of rows `w`, `w + n`, `w + 2 n`, …, and the calling thread writes them in turn.

mod airlines;
mod folder;
mod rows;
mod schedule;
mod world;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use self::airlines::Airlines;
use self::folder::{Existing, Folder};
use self::rows::{Block, HEADER, MOST_BYTES, Rows, blocks};
use self::schedule::{Month, months};
use self::world::World;
use crate::cli::YearRange;
use crate::error::{BenchError, Result};
use crate::generate::{check_space, free_bytes, key, lock};

/// Changed when the same parameters would give other bytes.
const FORMAT: u32 = 1;

/// Blocks that a worker may be ahead.
const AHEAD: usize = 4;

/// What `planes.csv` and `airports.csv` take, about.
const TABLES: u64 = 1 << 20;

/// What to generate.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) dir: PathBuf,
    pub(crate) years: YearRange,
    /// Of all years together.
    pub(crate) rows: u64,
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
    /// Their rows of flights.
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// Files that an earlier request made, and this one didn't ask for.
    pub(crate) others: Vec<String>,
}

/// What a request comes to, given what is there already.
#[derive(Debug)]
pub(crate) struct Todo {
    folder: Folder,
    months: Vec<Month>,
    /// The years to write.
    years: Vec<u16>,
    /// The tables to write.
    tables: Vec<&'static str>,
    kept: usize,
}

impl Todo {
    fn wants(&self, month: &Month) -> bool {
        self.years.contains(&month.year)
    }

    /// Rows to write.
    pub(crate) fn rows(&self) -> u64 {
        self.months.iter().filter(|month| self.wants(month)).map(|month| month.rows).sum()
    }
}

fn file_of(year: u16) -> String {
    format!("flights_{year}.csv")
}

impl Request {
    /// What a year's file is made of.
    fn of(&self) -> String {
        let (first, last) = (self.years.start(), self.years.end());
        format!("format {FORMAT}, {} rows of {first}-{last}, seed {}", self.rows, self.seed)
    }
}

/// What a table is made of: the same each time.
fn of_tables() -> String {
    format!("format {FORMAT}")
}

/// Makes the folder and finds out what is to be done.
///
/// # Errors
/// Where a file that is not this program's is in the way, or the disk is too full.
pub(crate) fn prepare(request: &Request) -> Result<Todo> {
    let folder = Folder::open(&request.dir)?;
    let months = months(&request.years, request.rows);
    let mut todo = Todo { folder, months, years: Vec::new(), tables: Vec::new(), kept: 0 };
    let mut reusable = 0;
    for year in request.years.clone() {
        if !todo.months.iter().any(|month| month.year == year && month.rows > 0) {
            continue;
        }
        let name = file_of(year);
        if todo.folder.existing(&name, &request.of())? == Existing::Same {
            todo.kept += 1;
        } else {
            reusable += todo.folder.reusable(&name);
            todo.years.push(year);
        }
    }
    for name in ["planes.csv", "airports.csv"] {
        if todo.folder.existing(name, &of_tables())? == Existing::Same {
            todo.kept += 1;
        } else {
            todo.tables.push(name);
        }
    }
    let needed = todo.rows().saturating_mul(MOST_BYTES).saturating_add(TABLES);
    let free = free_bytes(&request.dir)?.saturating_add(reusable);
    check_space(if todo.years.is_empty() { 0 } else { needed }, free, &request.dir)?;
    Ok(todo)
}

/// Writes what is to be done. `progress` is told the rows of each block as it is written.
///
/// # Errors
/// Where writing fails, where another process generates into the same folder, and once `cancelled` is set. Finished
/// years stay; the one begun is removed, and begun anew by the next run.
pub(crate) fn generate(
    request: &Request,
    mut todo: Todo,
    cancelled: &AtomicBool,
    progress: &dyn Fn(u64),
) -> Result<Summary> {
    let wanted: Vec<String> =
        request.years.clone().map(file_of).chain(["planes.csv".into(), "airports.csv".into()]).collect();
    let others = todo.folder.others(|name| wanted.iter().any(|wanted| wanted == name)).map(str::to_owned).collect();
    let mut summary = Summary { kept: todo.kept, others, ..Summary::default() };
    if todo.years.is_empty() && todo.tables.is_empty() {
        return Ok(summary);
    }
    let _lock = lock(&request.dir)?;
    let world = World::new();
    let airlines = Airlines::new(&world);
    for name in std::mem::take(&mut todo.tables) {
        let text = if name == "planes.csv" { airlines.planes() } else { airports(&world) };
        let mut writer = todo.folder.create(name.to_owned(), of_tables())?;
        writer.append(text.as_bytes())?;
        summary.bytes += writer.finish()?;
        summary.written += 1;
    }
    let months: Vec<Month> = todo.months.iter().filter(|month| todo.wants(month)).cloned().collect();
    let rows = Rows::new(&world, &airlines, &months, request.seed);
    let blocks = blocks(&months);
    let workers = request.threads.clamp(1, blocks.len().max(1));
    std::thread::scope(|scope| {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..workers).map(|_| sync_channel(AHEAD)).unzip();
        for (worker, sender) in senders.into_iter().enumerate() {
            let (rows, mine) = (&rows, blocks.iter().skip(worker).step_by(workers));
            scope.spawn(move || work(rows, mine, &sender));
        }
        // The receivers go when writing ends, well or not; then the workers' sends fail and they end too.
        write(request, &mut todo, (&blocks, &months), receivers, cancelled, &mut |rows, bytes| {
            summary.rows += rows;
            summary.bytes += bytes;
            progress(rows);
        })
    })?;
    summary.written += todo.years.len();
    Ok(summary)
}

/// Makes blocks until there are no more, or nobody wants them.
fn work<'a>(rows: &Rows<'_>, blocks: impl Iterator<Item = &'a Block>, out: &SyncSender<Vec<u8>>) {
    for block in blocks {
        if out.send(rows.block(block)).is_err() {
            return;
        }
    }
}

/// Writes the blocks in order, as the workers send them in turn.
fn write(
    request: &Request,
    todo: &mut Todo,
    (blocks, months): (&[Block], &[Month]),
    receivers: Vec<Receiver<Vec<u8>>>,
    cancelled: &AtomicBool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<()> {
    let mut turns = (0..receivers.len()).cycle();
    for blocks in blocks.chunk_by(|one, other| months[one.month].year == months[other.month].year) {
        let year = months[blocks[0].month].year;
        let mut writer = todo.folder.create(file_of(year), request.of())?;
        writer.append(HEADER.as_bytes())?;
        for block in blocks {
            if cancelled.load(Ordering::Relaxed) {
                return Err(BenchError::Cancelled);
            }
            // A worker that is gone has panicked; the scope passes that on.
            let bytes = turns.next().and_then(|worker| receivers[worker].recv().ok()).ok_or(BenchError::Cancelled)?;
            writer.append(&bytes)?;
            progress(block.rows.end - block.rows.start, bytes.len() as u64);
        }
        writer.finish()?;
    }
    Ok(())
}

/// `airports.csv`: all but some small ones. Texts are in quotes, as in the talk's.
fn airports(world: &World) -> String {
    let mut text = "\"iata\",\"name\",\"city\",\"state\",\"country\",\"lat\",\"long\"\n".to_owned();
    for (rank, airport) in world.airports.iter().enumerate() {
        let (iata, city, state) = (airport.code(), airport.city, airport.state);
        if rank >= 60 && key(&[rank as u64, 5]).is_multiple_of(32) {
            continue;
        }
        let name = if rank < 60 { format!("{city} International") } else { format!("{city} Municipal, {state}") };
        let (latitude, longitude) = (airport.latitude, airport.longitude);
        // Writing to a string does not fail.
        let _infallible = writeln!(text, "\"{iata}\",\"{name}\",\"{city}\",\"{state}\",\"USA\",{latitude},{longitude}");
    }
    text
}

#[cfg(test)]
mod tests;
