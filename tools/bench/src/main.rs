//! The ocean benchmark: makes OISST-like data, runs workloads over it, measures the bare loop.

mod account;
mod checksum;
mod cli;
mod error;
mod flights;
mod generate;
mod graph;
mod heap;
mod info;
mod input;
mod interrupt;
mod labels;
mod limit;
mod live;
mod order;
mod outcomes;
mod plot;
mod profiled;
mod progress;
#[cfg(feature = "tables")]
mod query;
mod report;
mod run;
mod settings;
#[cfg(feature = "tables")]
mod table;
mod workloads;

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use cli::{Cli, Command, Workload};
use error::{BenchError, Result};
use interrupt::Interrupt;

/// Days of the data set that `bench` alone makes.
const SMALL: usize = 60;

/// The map that `bench` alone draws, in the current folder.
const MAP: &str = "thermocline-mean.png";

fn main() -> ExitCode {
    heap::give_back_at_once();
    let cli = Cli::parse();
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            eprintln!("bench: can't listen for Ctrl-C: {error}");
            return ExitCode::FAILURE;
        }
    };
    let Err(error) = act(cli, &interrupt) else { return ExitCode::SUCCESS };
    eprintln!("bench: {}", error.line());
    match error {
        error if error.is_cancelled() => interrupt.exit(),
        error if error.is_usage() => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}

fn act(cli: Cli, interrupt: &Interrupt) -> Result<()> {
    match cli.command {
        None => small(interrupt),
        Some(Command::Generate(options)) => {
            let request = generate::Request {
                dir: options.dir,
                years: options.years,
                days: options.days,
                dtype: options.dtype,
                seed: options.seed,
                threads: threads(),
            };
            make(&request, interrupt)
        }
        Some(Command::GenerateFlights(options)) => make_flights(options, interrupt),
        Some(Command::Run(options)) => run::run(&options, interrupt),
        #[cfg(feature = "tables")]
        Some(Command::Query(options)) => query::query(&options, interrupt),
        #[cfg(not(feature = "tables"))]
        Some(Command::Query(_)) => Err(BenchError::without_tables("query")),
        Some(Command::Plan(options)) => run::plan(&options, interrupt),
        Some(Command::Outcomes(options)) => outcomes::outcomes(&options, interrupt),
        Some(Command::List) => {
            let line = |workload: &Workload| format!("{:<25}{}\n", workload.name(), workload.describe());
            print(&Workload::value_variants().iter().map(line).collect::<String>())
        }
        Some(Command::Info(options)) => info::info(options.file, interrupt),
        Some(Command::Checksum(options)) => checksum::checksum(&options, interrupt),
        Some(Command::Limit(options)) => limit::limit(&options, interrupt),
        Some(Command::Order(options)) => order::order(&options, interrupt),
        Some(Command::Graph(options)) => graph::graph(&options, interrupt),
    }
}

/// The small job of a new user: 60 days, averaged, and a map of that.
fn small(interrupt: &Interrupt) -> Result<()> {
    let dir = cache_folder()?.join("thermocline/ocean-60-days");
    let request = generate::Request {
        dir: dir.clone(),
        years: 1981..=2015,
        days: Some(SMALL),
        dtype: cli::Dtype::I2,
        seed: 0,
        threads: threads(),
    };
    make(&request, interrupt)?;
    run::run(&cli::Run { plot: Some(MAP.into()), ..cli::Run::of(cli::Workload::Mean, dir) }, interrupt)
}

fn make(request: &generate::Request, interrupt: &Interrupt) -> Result<()> {
    let todo = generate::prepare(request)?;
    let bar = indicatif::ProgressBar::new(todo.days() as u64);
    let summary = generate::generate(request, &todo, interrupt.flag(), &|_| bar.inc(1));
    bar.finish_and_clear();
    let summary = summary?;
    let dir = request.dir.display();
    if summary.kept > 0 {
        print(&format!("{dir}: {} as wanted already\n", files(summary.kept)))?;
    }
    if summary.written > 0 {
        let stored = thermocline::ByteSize::new(summary.stored_bytes);
        print(&format!("{dir}: made {} days in {}, {stored}\n", summary.days, files(summary.written)))?;
    }
    Ok(())
}

fn make_flights(options: cli::GenerateFlights, interrupt: &Interrupt) -> Result<()> {
    let cli::GenerateFlights { dir, rows, years, seed } = options;
    let request = flights::Request { dir, years, rows, seed, threads: threads() };
    let todo = flights::prepare(&request)?;
    let bar = indicatif::ProgressBar::new(todo.rows());
    let summary = flights::generate(&request, todo, interrupt.flag(), &|rows| bar.inc(rows));
    bar.finish_and_clear();
    let (summary, dir) = (summary?, request.dir.display());
    if summary.kept > 0 {
        print(&format!("{dir}: {} as wanted already\n", files(summary.kept)))?;
    }
    if summary.written > 0 {
        let bytes = thermocline::ByteSize::new(summary.bytes);
        print(&format!("{dir}: made {} flights in {}, {bytes}\n", summary.rows, files(summary.written)))?;
    }
    if !summary.others.is_empty() {
        let others = summary.others.join(", ");
        print(&format!("{dir}: also there, of an earlier request: {others}\n"))?;
    }
    Ok(())
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// Prints to standard output; that nobody reads on (`bench list | head -1`) is no failure.
fn print(text: &(impl Display + ?Sized)) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(BenchError::io("standard output", "writing")(error)),
        _ => Ok(()),
    }
}

/// The user's cache folder, as the XDG base directory specification has it.
fn cache_folder() -> Result<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".cache"));
    absolute("XDG_CACHE_HOME").or_else(home).ok_or_else(|| {
        let problem =
            "neither XDG_CACHE_HOME nor HOME is the path of a folder: use `bench generate --dir` and `bench run`";
        BenchError::Usage(problem.into())
    })
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}
