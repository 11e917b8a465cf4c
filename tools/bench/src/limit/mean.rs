//! How near `mean` comes to what the hardware can do with the same files: [bare loops](super::bare) and the library in
//! turn, several times, in one process.
//!
//! The loops are told beforehand where the chunks are; the library's time is all that it takes from the files' names to
//! the result. A ratio is the median of the ratios of each round, so that what slows the machine for a
//! while slows both; beside other work, the CPU's time says more than the clock. Before the first round all files are read
//! once, into the system's cache.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;
use thermocline::Session;
use thermocline::io::netcdf;

use super::bare::{self, Floats, Integers};
use super::{Took, median, processor_time};
use crate::cli::Limit;
use crate::error::{BenchError, Result};
use crate::generate::CELLS;
use crate::input::{rechunked, series};

/// The medians. Other programs may rely on the names.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    threads: usize,
    days: usize,
    rounds: usize,
    integers: Took,
    floats: Took,
    mean: Took,
    /// How many times as long the library takes as a loop.
    mean_to_floats: Took,
    mean_to_integers: Took,
}

/// Times the loops and the library.
pub(super) fn measure(options: &Limit, session: &Session) -> Result<Figures> {
    let (paths, threads) = (series(&options.dir)?, session.config().threads());
    let days = bare::days_of(&paths)?;
    let expected = bare::means::<Integers>(&days, threads)?;
    let mut rounds = [const { Vec::new() }; 3];
    for _ in 0..options.rounds {
        let round = [
            timed(&expected, || bare::means::<Integers>(&days, threads))?,
            timed(&expected, || bare::means::<Floats>(&days, threads))?,
            timed(&expected, || mean(&paths, options, session))?,
        ];
        rounds.iter_mut().zip(round).for_each(|(all, one)| all.push(one));
    }
    let [integers, floats, mean] = &rounds;
    let ratios = |to: &[Took]| {
        let ratio = |(mean, to): (&Took, &Took)| Took { wall_s: mean.wall_s / to.wall_s, cpu_s: mean.cpu_s / to.cpu_s };
        medians(&mean.iter().zip(to).map(ratio).collect::<Vec<_>>())
    };
    Ok(Figures {
        threads,
        days: days.len(),
        rounds: options.rounds,
        integers: medians(integers),
        floats: medians(floats),
        mean: medians(mean),
        mean_to_floats: ratios(floats),
        mean_to_integers: ratios(integers),
    })
}

/// What `bench run mean` does.
fn mean(paths: &[PathBuf], options: &Limit, session: &Session) -> Result<Vec<f32>> {
    let x = rechunked(netcdf::open_many(paths)?.array::<f32>("sst")?, &options.chunks)?;
    Ok(session.compute(&x.nanmean(0))?.into_raw_vec_and_offset().0)
}

/// What `work` takes, if its means are right.
fn timed(expected: &[f32], work: impl FnOnce() -> Result<Vec<f32>>) -> Result<Took> {
    let (start, cpu) = (Instant::now(), processor_time());
    let found = work()?;
    let took = Took { wall_s: start.elapsed().as_secs_f64(), cpu_s: processor_time() - cpu };
    // Sums of rounded numbers differ from sums of integers, but not in the fourth digit behind the point.
    let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4 || (a.is_nan() && b.is_nan());
    let same = found.len() == expected.len() && found.iter().zip(expected).all(near);
    if same { Ok(took) } else { Err(BenchError::WrongMeans) }
}

fn medians(all: &[Took]) -> Took {
    let median = |of: fn(&Took) -> f64| median(all.iter().map(of));
    Took { wall_s: median(|took| took.wall_s), cpu_s: median(|took| took.cpu_s) }
}

impl Figures {
    pub(super) fn table(&self) -> String {
        let mut table = String::new();
        let values = (self.days * CELLS) as f64;
        for (name, took) in [
            ("i16 sums and counts", self.integers),
            ("to f32, folded in f64", self.floats),
            ("mean of this library", self.mean),
        ] {
            let Took { wall_s, cpu_s } = took;
            // Writing to a string does not fail.
            let _infallible = writeln!(
                table,
                "{name:<22} {} threads, {} days: {wall_s:.3} s, {:.2} GB/s as f32, {:.0} million values/s, {cpu_s:.3} s of CPU",
                self.threads,
                self.days,
                values * 4.0 / wall_s / 1e9,
                values / wall_s / 1e6
            );
        }
        for (name, ratio) in [("the second loop", self.mean_to_floats), ("the first loop", self.mean_to_integers)] {
            let Took { wall_s, cpu_s } = ratio;
            let _infallible = writeln!(table, "mean to {name:<16} {wall_s:.3} times as long, {cpu_s:.3} times the CPU");
        }
        table + &format!("medians of {} rounds\n", self.rounds)
    }
}
