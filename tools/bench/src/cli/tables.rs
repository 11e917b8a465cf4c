//! What is said of tables.

use std::path::PathBuf;

use clap::Args;

use super::{YearRange, years};
use crate::settings::Settings;

/// What means that a value is missing, unless something else does.
pub(super) const NULL: &str = "NA";

/// What flights to make.
#[derive(Args, Debug)]
pub(crate) struct GenerateFlights {
    /// The folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: PathBuf,
    /// How many flights in all, e.g. 20000000 or 20M; about 100 bytes each
    #[arg(long, value_name = "N", value_parser = rows)]
    pub(crate) rows: u64,
    /// First and last year
    #[arg(long, default_value = "1987-2008", value_parser = years)]
    pub(crate) years: YearRange,
    /// Other seeds give other flights
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

/// What to ask of CSV files. In this order: rows are filtered, grouped, columns selected, rows sorted, and the first taken.
#[derive(Args, Clone, Debug)]
pub(crate) struct Query {
    /// CSV files, or quoted patterns of them
    #[arg(long, value_name = "GLOB", num_args = 1.., required = true)]
    pub(crate) csv: Vec<String>,
    /// The rows for which this holds, e.g. "delay > 10 AND origin = 'JFK'"; if given again, all have to
    #[arg(long, value_name = "CONDITION")]
    pub(crate) filter: Vec<String>,
    /// Columns, with commas between, e.g. "origin, delay / 60 AS hours"
    #[arg(long, value_name = "EXPRESSIONS")]
    pub(crate) select: Option<String>,
    /// One row for each of these, e.g. "origin, month"
    #[arg(long, value_name = "EXPRESSIONS")]
    pub(crate) group_by: Option<String>,
    /// What to make of each group, or of all rows, e.g. "AVG(delay) AS mean, COUNT(*)"
    #[arg(long, value_name = "EXPRESSIONS")]
    pub(crate) agg: Option<String>,
    /// Columns of the result, e.g. "mean desc, origin"; "nulls last" may follow
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) sort: Option<String>,
    /// So many rows at the most
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// What means that a value is missing, with commas between; nothing always does
    #[arg(long, value_name = "TEXTS", value_delimiter = ',', default_value = NULL)]
    pub(crate) null_values: Vec<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Write all rows to this CSV file, to standard output if it is -: what is there stays until the file is whole
    #[arg(long, value_name = "FILE")]
    pub(crate) csv_out: Option<PathBuf>,
    /// Write the figures to this file, also where it fails
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Show no progress bar
    #[arg(long)]
    pub(crate) no_progress: bool,
}

/// A number, or thousands or millions of them.
fn rows(text: &str) -> Result<u64, String> {
    let (digits, times) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1000),
        None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1_000_000)),
    };
    let number = digits.replace('_', "").parse::<u64>().ok().and_then(|number| number.checked_mul(times));
    number.filter(|&rows| rows > 0).ok_or_else(|| "expected a number of rows from 1 on, e.g. 5000000 or 20M".into())
}
