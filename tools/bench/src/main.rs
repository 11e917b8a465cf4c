//! The ocean benchmark: makes OISST-like data, runs workloads over it, measures the bare loop.

mod cli;
mod error;
mod generate;
mod interrupt;
mod limit;
mod progress;
mod random;
mod report;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use cli::{Cli, Command, Workload};
use error::{BenchError, Result};

/// Days of the data set that `bench` alone makes.
const SMALL: usize = 60;

fn main() -> ExitCode {
    let cli = Cli::parse();
    interrupt::listen();
    match act(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {}", error.line());
            match error {
                error if error.is_cancelled() => ExitCode::from(interrupt::EXIT),
                BenchError::Usage(_) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn act(cli: Cli) -> Result<()> {
    match cli.command {
        None => small(),
        Some(Command::Generate(options)) => make(&generate::Request {
            dir: options.dir,
            years: options.years,
            days: options.days,
            dtype: options.dtype,
            seed: options.seed,
            threads: threads(),
        }),
        Some(Command::Run(options)) => run::run(&options),
        Some(Command::Plan(options)) => run::plan(&options),
        Some(Command::List) => {
            for workload in Workload::value_variants() {
                println!("{:<12} {}", workload.name(), workload.describe());
            }
            Ok(())
        }
        Some(Command::Limit(options)) => limit::print(&options.dir, options.threads.unwrap_or_else(threads)),
    }
}

/// The small job of a new user: 60 days, averaged.
fn small() -> Result<()> {
    let dir = cache_folder()?.join("thermocline/ocean-60-days");
    make(&generate::Request {
        dir: dir.clone(),
        years: 1981..=2015,
        days: Some(SMALL),
        dtype: cli::Dtype::I2,
        seed: 0,
        threads: threads(),
    })?;
    let dir = dir.to_string_lossy().into_owned();
    let Some(Command::Run(options)) = Cli::parse_from(["bench", "run", "mean", "--dir", &dir]).command else {
        return Err(BenchError::Usage("no workload".into()));
    };
    run::run(&options)
}

fn make(request: &generate::Request) -> Result<()> {
    let todo = generate::prepare(request)?;
    let bar = indicatif::ProgressBar::new(todo.days() as u64);
    let summary = generate::generate(request, &todo, &interrupt::INTERRUPTED, &|_| bar.inc(1));
    bar.finish_and_clear();
    let summary = summary?;
    if summary.kept > 0 {
        println!("{} files are there already, in {}", summary.kept, request.dir.display());
    }
    if summary.written > 0 {
        let stored = thermocline::ByteSize::new(summary.stored_bytes);
        println!("made {} days in {} files, {stored}, in {}", summary.days, summary.written, request.dir.display());
    }
    Ok(())
}

fn cache_folder() -> Result<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    named.or_else(home).ok_or_else(|| BenchError::Usage("neither XDG_CACHE_HOME nor HOME is set: use --dir".into()))
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}
