//! The command line.

mod tables;

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use thermocline::ByteSize;

use self::tables::NULL;
pub(crate) use self::tables::{GenerateFlights, Query};
use crate::settings::Settings;
use crate::workloads::made::{self, Data};

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
    /// Make files as those of all American flights: CSV, a file a year, and tables of planes and airports
    GenerateFlights(GenerateFlights),
    /// Run a workload and print what it took
    Run(Run),
    /// Answer a question to CSV files: rows by a condition, columns, groups, in the words of SQL
    Query(Query),
    /// Say what a workload would need, without running it
    Plan(Run),
    /// Run a workload at 2, 1, 1/2 and 1/4 of its working set and at its floor: the same bits at each limit, within it
    Outcomes(Run),
    /// List the workloads
    List,
    /// Show what a netCDF or HDF5 file holds, and which way it would be read
    Info(Info),
    /// Print the SHA-256 of what each data set of an HDF5 file holds, to be compared with what other readers find
    Checksum(Checksum),
    /// Time a workload (mean, if none is named) beside the bare loop: read, inflate, fold, and nothing else
    Limit(Limit),
    /// Order recorded task graphs, and count the outputs that one worker then holds at once
    Order(Order),
    /// Run a graph of tasks that is written down as JSON, and print the values of its keys
    Graph(Graph),
}

/// What files to make.
#[derive(Args, Debug)]
pub(crate) struct Generate {
    /// The folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: PathBuf,
    /// First and last year
    #[arg(long, default_value = "1981-2015", value_parser = years)]
    pub(crate) years: YearRange,
    /// How many days in all, from the first on
    #[arg(long, value_parser = at_least_one())]
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
    /// What `bench list` lists
    pub(crate) workload: Workload,
    /// Files, or quoted patterns of files
    #[arg(long, value_name = "GLOB", num_args = 1.., conflicts_with = "dir")]
    pub(crate) files: Vec<String>,
    /// A folder: its sst*.nc in the order of their names; of flights, its flights_*.csv
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// CSV files of flights, or quoted patterns of them
    #[arg(long, value_name = "GLOB", num_args = 1.., conflicts_with_all = ["dir", "files"])]
    pub(crate) csv: Vec<String>,
    /// The table of planes that flights-join needs [default: planes.csv beside the flights]
    #[arg(long, value_name = "FILE")]
    pub(crate) planes: Option<PathBuf>,
    /// The table of airports that flights-join needs [default: airports.csv beside the flights]
    #[arg(long, value_name = "FILE")]
    pub(crate) airports: Option<PathBuf>,
    /// What means that a value is missing in CSV files, with commas between; nothing always does
    #[arg(long, value_name = "TEXTS", value_delimiter = ',', default_value = NULL)]
    pub(crate) null_values: Vec<String>,
    /// Write the result to this CSV file, sorted by its keys: what is there stays until the file is whole
    #[arg(long, value_name = "FILE")]
    pub(crate) csv_out: Option<PathBuf>,
    /// The variable [default: sst, else the only one of 3 or more dimensions, or that is a sea-surface temperature]
    #[arg(long, value_name = "NAME")]
    pub(crate) var: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Chunk lengths, e.g. 24,720,1440
    #[arg(long, value_name = "LENGTHS", value_delimiter = ',', value_parser = at_least_one())]
    pub(crate) chunks: Vec<usize>,
    /// Bytes of an array of made-up numbers, for workloads that read no files [default: 3GiB]
    #[arg(long, value_name = "BYTES")]
    pub(crate) size: Option<ByteSize>,
    /// What made-up numbers look like [default: random]
    #[arg(long)]
    pub(crate) data: Option<Data>,
    /// Write the figures to this file, also where the run fails
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write what was done when to this file, also where the run fails: a page for a browser; a Chrome trace, for
    /// ui.perfetto.dev, where its name ends in .json; an object a line where it ends in .jsonl
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Draw the result into this PNG file: a map; of monthly, climatology and anomaly a line
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,
    /// Write the result to this netCDF file, with its coordinates: what is there stays until the file is whole
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Show no progress bar
    #[arg(long)]
    pub(crate) no_progress: bool,
    /// Show what the workers do, how far each layer is, memory and disk, once a second; where standard error is no
    /// terminal a line a second
    #[arg(long, conflicts_with = "no_progress")]
    pub(crate) live: bool,
}

impl Run {
    /// A workload over a folder's files, all else as it is by default.
    pub(crate) fn of(workload: Workload, dir: PathBuf) -> Self {
        Self {
            workload,
            files: Vec::new(),
            dir: Some(dir),
            csv: Vec::new(),
            planes: None,
            airports: None,
            null_values: vec![NULL.to_owned()],
            csv_out: None,
            var: None,
            settings: Settings::default(),
            chunks: Vec::new(),
            size: None,
            data: None,
            json: None,
            report: None,
            plot: None,
            out: None,
            no_progress: false,
            live: false,
        }
    }
}

/// What can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// The mean over time of what is not missing: the talk's figure
    Mean,
    /// The mean over the first year of the first file
    YearMean,
    /// The mean of each month over the area, by the cosine of the latitude
    Monthly,
    /// The mean of each day of the year, over the years
    Climatology,
    /// The mean of |x minus its climatology by day of the year|, by year
    Anomaly,
    /// The standard deviation over time of x minus its mean over time
    AnomalyStd,
    /// The exact median over time
    TimeMedian,
    /// The slope of the least-squares line over time, a year
    Trend,
    /// More than memory holds, kept and read again
    Spilling,
    /// Distances from the means of columns
    Centering,
    /// Distances from the means of columns, which cancel each other
    #[value(name = "sum_residuals", alias = "sum-residuals")]
    SumResiduals,
    /// A matrix and its transpose
    Transpose,
    /// Whole columns become whole rows
    #[value(name = "swap_axes", alias = "swap-axes")]
    SwapAxes,
    /// Tiles become whole columns, which are called rows where this comes from
    #[value(name = "tiles_to_rows", alias = "tiles-to-rows")]
    TilesToRows,
    /// A product of matrices
    Dot,
    /// Two matrices, one shifted by an element
    #[value(name = "double_diff", alias = "double-diff")]
    DoubleDiff,
    /// The mean of some of the values
    #[value(name = "filter_then_average", alias = "filter-then-average")]
    FilterThenAverage,
    /// A stencil over blocks and their neighbours
    #[value(name = "map_overlap", alias = "map-overlap")]
    MapOverlap,
    /// Anomalies by the day of the year
    #[value(name = "anom_mean", alias = "anom-mean")]
    AnomMean,
    /// Three results of the same two series
    #[value(name = "quadratic_mean", alias = "quadratic-mean")]
    QuadraticMean,
    /// Flights: the mean departure delay of each origin, how many delays that is of, and the number of flights
    FlightsMeanDelay,
    /// Flights: mean delays and the number of flights, by airline, year and month
    FlightsByAirlineMonth,
    /// Flights with their planes and airports: mean delays, the mean distance and the number of flights, by maker and state
    FlightsJoin,
    /// Flights: all columns, sorted by origin, airline, year, month, day and number
    FlightsSort,
    /// Flights: each pair of tail and flight number once, and how often it flew
    FlightsDistinct,
}

impl Workload {
    /// Whether it reads and makes tables.
    pub(crate) fn is_of_tables(self) -> bool {
        matches!(
            self,
            Self::FlightsMeanDelay
                | Self::FlightsByAirlineMonth
                | Self::FlightsJoin
                | Self::FlightsSort
                | Self::FlightsDistinct
        )
    }

    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What it computes, in a line.
    pub(crate) fn describe(self) -> String {
        let help = || self.to_possible_value().and_then(|value| value.get_help().map(ToString::to_string));
        made::describe(self).or_else(help).unwrap_or_default()
    }
}

/// What to look at.
#[derive(Args, Clone, Debug)]
pub(crate) struct Info {
    /// The file
    pub(crate) file: PathBuf,
}

/// What to hash.
#[derive(Args, Clone, Debug)]
pub(crate) struct Checksum {
    /// The file
    pub(crate) file: PathBuf,
    /// Data sets, with the groups that hold them: /forecast/sst [default: all that hold numbers]
    #[arg(value_name = "VAR")]
    pub(crate) variables: Vec<String>,
    /// Write what was found to this file, also where some can't be read
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Read all through the HDF5 library, for comparing the two ways
    #[arg(long)]
    pub(crate) library: bool,
    /// Also hash what is far larger than its file, as nearly none of it was ever written
    #[arg(long)]
    pub(crate) sparse: bool,
}

/// What the hardware is compared with.
#[derive(Args, Clone, Debug)]
pub(crate) struct Limit {
    /// A workload that reads files
    #[arg(default_value = "mean")]
    pub(crate) workload: Workload,
    /// A folder of files that `generate` made
    #[arg(long)]
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Chunk lengths for the workload, e.g. 24,360,360
    #[arg(long, value_name = "LENGTHS", value_delimiter = ',', value_parser = at_least_one())]
    pub(crate) chunks: Vec<usize>,
    /// How often each is timed
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = at_least_one())]
    pub(crate) rounds: usize,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl Limit {
    /// The workload's run.
    pub(crate) fn run(&self) -> Run {
        Run {
            settings: self.settings.clone(),
            chunks: self.chunks.clone(),
            no_progress: true,
            ..Run::of(self.workload, self.dir.clone())
        }
    }
}

/// Which graphs to order.
#[derive(Args, Clone, Debug)]
pub(crate) struct Order {
    /// Files of graphs, a JSON object a line: its name, its dependencies (for each task the numbers of those it needs) and,
    /// where it is known, its `dask_max_pressure`
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Write what was found to this file, a JSON object a line, with the place of each task in the order
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// Which graph to run, and what of it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Graph {
    /// The graph: an object of keys and what they stand for, e.g. `{"a": 1, "x": ["inc", "a"]}`
    pub(crate) file: PathBuf,
    /// The keys whose values are wanted, with commas between; indexed ones as ('x', 0, 1) [default: all that no other needs]
    #[arg(long, value_name = "KEYS")]
    pub(crate) keys: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Write the values to this file, not to standard output: what is there stays until the file is whole
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Draw the graph as SVG, before it is run: what is wanted and all that it needs, coloured by the order
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
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
            "bench run mean --threads 0",
            "bench run mean --threads 2 --threads 1",
            "bench run mean --chunks 0,720,1440",
            "bench run mean --scratch /a:much",
            "bench run mean --scratch ,",
            "bench generate --dir d --days 0",
            "bench limit --dir d --threads 0",
            "bench generate",
            "bench generate --dir d --years 2015-1981",
            "bench generate-flights --dir d",
            "bench generate-flights --dir d --rows 0",
            "bench generate-flights --dir d --rows many",
            "bench generate-flights --dir d --rows 99999999999999M",
            "bench fly",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
        let cli = Cli::try_parse_from("bench run anomaly-std --dir d --chunks 24,720,1440".split(' ')).unwrap();
        let Some(Command::Run(run)) = cli.command else { panic!("no run") };
        assert_eq!((run.workload, run.chunks, run.settings.threads), (Workload::AnomalyStd, vec![24, 720, 1440], None));
    }
}
