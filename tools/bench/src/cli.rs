//! The command line.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use thermocline::{Amount, ByteSize};

/// First and last year.
pub(crate) type YearRange = RangeInclusive<u16>;

/// The ocean benchmark of thermocline. Alone: makes 60 days of sea-surface temperatures if they are not there yet, and
/// averages them over time.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make files as those of OISST: sst(time, lat, lon), a file a year
    Generate(Generate),
    /// Run a workload and print what it took
    Run(Run),
    /// Say what a workload would need, without running it
    Plan(Run),
    /// List the workloads
    List,
    /// Time the bare loop: read, inflate, fold, and nothing else
    Limit(Limit),
}

/// What files to make.
#[derive(Args, Debug)]
pub(crate) struct Generate {
    /// The folder
    #[arg(long)]
    pub(crate) dir: PathBuf,
    /// First and last year
    #[arg(long, default_value = "1981-2015", value_parser = years)]
    pub(crate) years: YearRange,
    /// How many days in all
    #[arg(long)]
    pub(crate) days: Option<usize>,
    /// How values are stored
    #[arg(long, default_value = "i2")]
    pub(crate) dtype: Dtype,
    /// Other seeds give other weather
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

/// How values are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dtype {
    /// 16-bit integers with a scale of 0.01
    #[default]
    I2,
    /// 32-bit floats
    F4,
}

impl Dtype {
    pub(crate) fn size(self) -> usize {
        match self {
            Self::I2 => 2,
            Self::F4 => 4,
        }
    }
}

/// What to run, on what, with what.
#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
    /// mean, anomaly-std or spilling
    pub(crate) workload: Workload,
    /// Files, or quoted patterns of files
    #[arg(long, num_args = 1.., conflicts_with = "dir")]
    pub(crate) files: Vec<String>,
    /// A folder: its sst*.nc in the order of their names
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// The variable (default: sst, else the only one of 3 or more dimensions)
    #[arg(long)]
    pub(crate) var: Option<String>,
    /// The bytes that are never exceeded, e.g. 4GiB
    #[arg(long)]
    pub(crate) memory_limit: Option<Amount>,
    /// Worker threads
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Where to spill: folders with commas between, e.g. /mnt/fast:100GiB,/mnt/large
    #[arg(long)]
    pub(crate) scratch: Option<String>,
    /// Chunk lengths, e.g. 24,720,1440
    #[arg(long, value_delimiter = ',')]
    pub(crate) chunks: Vec<usize>,
    /// Bytes of the spilling workload
    #[arg(long, default_value = "3GiB")]
    pub(crate) size: ByteSize,
    /// Write the figures to this file
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Show no progress bar
    #[arg(long)]
    pub(crate) no_progress: bool,
}

/// What can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// The mean over time of what is not missing: the talk's figure
    Mean,
    /// The standard deviation over time of x minus its mean over time
    AnomalyStd,
    /// Random numbers, persisted, then summed twice
    Spilling,
}

impl Workload {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::AnomalyStd => "anomaly-std",
            Self::Spilling => "spilling",
        }
    }

    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Mean => "the mean over time of what is not missing",
            Self::AnomalyStd => "the standard deviation over time of x minus its mean over time",
            Self::Spilling => "random numbers, persisted, then summed twice (--size)",
        }
    }
}

/// What the bare loop reads.
#[derive(Args, Debug)]
pub(crate) struct Limit {
    /// A folder of files that `generate` made
    #[arg(long)]
    pub(crate) dir: PathBuf,
    /// Threads
    #[arg(long)]
    pub(crate) threads: Option<usize>,
}

fn years(text: &str) -> Result<YearRange, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
        (Ok(first), Ok(last)) if (1800..=last).contains(&first) && last < 2200 => Ok(first..=last),
        _ => Err("expected a year or two from 1800 to 2199, e.g. 1981-2015".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_usage_is_refused() {
        for line in [
            "bench run nothing",
            "bench run mean --files a --dir b",
            "bench run mean --memory-limit much",
            "bench generate",
            "bench generate --dir d --years 2015-1981",
            "bench fly",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
        let cli = Cli::try_parse_from("bench run anomaly-std --dir d --chunks 24,720,1440".split(' ')).unwrap();
        let Some(Command::Run(run)) = cli.command else { panic!("no run") };
        assert_eq!((run.workload, run.chunks, run.threads), (Workload::AnomalyStd, vec![24, 720, 1440], None));
    }
}
