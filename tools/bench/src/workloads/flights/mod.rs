//! Workloads on flights: those of a talk of 2015 on the ASA's Data Expo, and more. Their results are sorted by their keys.

mod columns;

use std::path::{Path, PathBuf};
use std::time::Instant;

use polars::prelude::{Expr, SortMultipleOptions, col, len};
use thermocline::dataframe::JoinKind;
use thermocline::{DataFrame, Plan, Session};

use self::columns::{Column, find};
use crate::account::Account;
use crate::cli::{Run, Workload};
use crate::error::{BenchError, Result};
use crate::table::{Consumed, Csv};

/// What a run reads.
struct Input {
    flights: Csv,
    workload: Workload,
}

impl Input {
    fn open(run: &Run) -> Result<Self> {
        let name = run.workload.name();
        if !run.files.is_empty()
            || run.var.is_some()
            || !run.chunks.is_empty()
            || run.size.is_some()
            || run.data.is_some()
        {
            let problem =
                format!("--files, --var, --chunks, --size, --data: {name} reads CSV files: use --csv or --dir");
            return Err(BenchError::Usage(problem));
        }
        let patterns = match &run.dir {
            Some(dir) => vec![format!("{}/flights_*.csv", glob::Pattern::escape(&dir.display().to_string()))],
            None => run.csv.clone(),
        };
        let flights = Csv::open(&patterns, &run.null_values, run.csv_out.as_deref())?;
        Ok(Self { flights, workload: run.workload })
    }

    /// The name of a column of the flights.
    fn column(&self, column: Column) -> Result<String> {
        find(self.flights.table.schema(), &column, &self.flights.paths[0], &self.workload.name())
    }

    fn columns<const N: usize>(&self, columns: [Column; N]) -> Result<Vec<String>> {
        columns.into_iter().map(|column| self.column(column)).collect()
    }
}

/// A table of which the result is made, by sorting it by these columns.
struct Answer {
    table: DataFrame,
    keys: Vec<String>,
}

impl Answer {
    fn sorted(&self) -> DataFrame {
        self.table.sort(&self.keys, SortMultipleOptions::default())
    }
}

fn named(names: &[String]) -> Vec<Expr> {
    names.iter().map(|name| col(name.as_str())).collect()
}

fn mean(column: &str, name: &str) -> Expr {
    col(column).mean().alias(name)
}

fn mean_delay(input: &Input) -> Result<Answer> {
    let (keys, delay) = (input.columns([columns::ORIGIN])?, input.column(columns::DEP_DELAY)?);
    let aggregations =
        [mean(&delay, "mean_dep_delay"), col(delay.as_str()).count().alias("valid"), len().alias("count")];
    Ok(Answer { table: input.flights.table.group_by(named(&keys)).agg(aggregations), keys })
}

fn by_airline_month(input: &Input) -> Result<Answer> {
    let keys = input.columns([columns::CARRIER, columns::YEAR, columns::MONTH])?;
    let delays = input.columns([columns::ARR_DELAY, columns::DEP_DELAY])?;
    let aggregations = [mean(&delays[0], "mean_arr_delay"), mean(&delays[1], "mean_dep_delay"), len().alias("count")];
    Ok(Answer { table: input.flights.table.group_by(named(&keys)).agg(aggregations), keys })
}

/// By who made the planes, and the state where they landed; by the time zone, where there is no state.
fn join(input: &Input, run: &Run) -> Result<Answer> {
    let flights =
        input.columns([columns::TAIL, columns::DEST, columns::ARR_DELAY, columns::DEP_DELAY, columns::DISTANCE])?;
    let beside = |given: &Option<PathBuf>, name: &str, flag: &str| -> Result<Csv> {
        let path = given.clone().unwrap_or_else(|| input.flights.paths[0].with_file_name(name));
        table_beside(&path, flag, run)
    };
    let planes = beside(&run.planes, "planes.csv", "--planes")?;
    let airports = beside(&run.airports, "airports.csv", "--airports")?;
    let of = |csv: &Csv, columns: [Column; 2]| -> Result<[String; 2]> {
        let [key, value] = columns.map(|column| find(csv.table.schema(), &column, &csv.paths[0], &run.workload.name()));
        Ok([key?, value?])
    };
    let [plane, maker] = of(&planes, [columns::TAIL, columns::MANUFACTURER])?;
    let [airport, state] = of(&airports, [columns::AIRPORT, columns::STATE])?;
    // What is joined gets names that no column of flights has.
    let right = |csv: &Csv, key: &str, value: &str, name: &str| {
        csv.table.select([col(key).alias("joined"), col(value).alias(name)])
    };
    let flights_of = named(&flights);
    let joined = input
        .flights
        .table
        .select(&flights_of)
        .join(&right(&planes, &plane, &maker, &maker), &flights_of[..1], [col("joined")], JoinKind::Inner)
        .join(&right(&airports, &airport, &state, &state), &flights_of[1..2], [col("joined")], JoinKind::Inner);
    let keys = vec![maker, state];
    let aggregations = [
        mean(&flights[2], "mean_arr_delay"),
        mean(&flights[3], "mean_dep_delay"),
        mean(&flights[4], "mean_distance"),
        len().alias("count"),
    ];
    Ok(Answer { table: joined.group_by(named(&keys)).agg(aggregations), keys })
}

/// One of the tables that flights are joined with.
fn table_beside(path: &Path, flag: &str, run: &Run) -> Result<Csv> {
    if !path.exists() {
        return Err(BenchError::file(path, format!("no such file: name one with {flag}")));
    }
    let name = glob::Pattern::escape(&path.display().to_string());
    Csv::open(&[name], &run.null_values, run.csv_out.as_deref())
}

fn sort(input: &Input) -> Result<Answer> {
    use columns::{CARRIER, DAY, FLIGHT, MONTH, ORIGIN, YEAR};
    let keys = input.columns([ORIGIN, CARRIER, YEAR, MONTH, DAY, FLIGHT])?;
    Ok(Answer { table: input.flights.table.clone(), keys })
}

fn distinct(input: &Input) -> Result<Answer> {
    let keys = input.columns([columns::TAIL, columns::FLIGHT])?;
    Ok(Answer { table: input.flights.table.group_by(named(&keys)).agg([len().alias("count")]), keys })
}

/// What a workload makes of the input.
fn lazy(input: &Input, run: &Run) -> Result<Consumed> {
    let answer = match run.workload {
        Workload::FlightsMeanDelay => mean_delay(input),
        Workload::FlightsByAirlineMonth => by_airline_month(input),
        Workload::FlightsJoin => join(input, run),
        Workload::FlightsSort => sort(input),
        _ => distinct(input),
    };
    Ok(Consumed::new(&answer?.sorted(), run.csv_out.as_deref()))
}

pub(super) fn plan(run: &Run, session: &Session) -> Result<Plan> {
    lazy(&Input::open(run)?, run)?.plan(session)
}

pub(super) fn work(run: &Run, session: &Session, account: &Account) -> Result<()> {
    let start = Instant::now();
    let input = Input::open(run)?;
    account.csv(input.flights.bytes);
    lazy(&input, run)?.run(session, account, start)
}
