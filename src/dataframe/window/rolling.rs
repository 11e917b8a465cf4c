//! Windows that go along with the rows: of so many rows, or of a duration.

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{ClosedWindow, DataType, Duration, Expr, IntoLazy, PlSmallStr, TimeUnit, col, lit};

use super::super::DataFrame;
use super::super::alone::alone;
use super::overlap::{Keep, Overlap, copied, last};

/// The column that numbers rows while windows are made.
const ROW: &str = "__row";

impl DataFrame {
    /// All columns, and what `aggregations` make of the last `rows` rows up to each row, itself included. The first rows have
    /// fewer before them. Any aggregation will do.
    ///
    /// For polars' own `rolling_mean` and the like, with weights or a least number of values, see
    /// [`map_overlap`](Self::map_overlap).
    ///
    /// Impossible where a column is not there, or a window has no row.
    ///
    /// ```
    /// use polars::prelude::{col, df};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 5, 2, 4]]?, 3);
    /// let highest = table.rolling(2, [col("x").max().alias("highest")]);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&highest)?, df!["x" => [1, 5, 2, 4], "highest" => [1, 5, 5, 4]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn rolling(&self, rows: usize, aggregations: impl AsRef<[Expr]>) -> Self {
        let location = Location::caller();
        let made = self.try_rolling(rows, aggregations.as_ref());
        made.unwrap_or_else(|problem| self.fail("rolling", location, problem))
    }

    fn try_rolling(&self, rows: usize, aggregations: &[Expr]) -> Result<Self, String> {
        if rows == 0 {
            return Err("a window of 0 rows: it has one at least".into());
        }
        let period = Duration::try_parse(&format!("{rows}i")).map_err(|error| error.to_string())?;
        let exprs = windows(aggregations, ROW.into(), period);
        let overlap = Overlap {
            label: "rolling",
            before: (rows > 1).then(|| last(rows - 1)),
            after: None,
            carried: rows as f64,
            apply: Arc::new(move |frame| {
                let numbered = frame.with_row_index(ROW, None).with_columns([col(ROW).cast(DataType::Int64)]);
                numbered.with_columns(&exprs).drop(polars::prelude::by_name([ROW], true, false))
            }),
            needs: Vec::new(),
            of_sample: true,
        };
        overlap.of(self)
    }

    /// All columns, and what `aggregations` make of the rows whose time is at most `period` before that of each row (that much
    /// itself excluded), and not behind it. Any aggregation will do.
    ///
    /// `time` is a column of times, dates or integers, by which rows are sorted: [`sort`](Self::sort) them first if they
    /// aren't. `period` is written as in polars: `"90m"`, `"1d12h"`, `"1mo"`, of integers `"10i"`.
    ///
    /// Impossible where a column is not there or a period says nothing. A row whose time is null, or before that of the last
    /// row, is an error when it is computed.
    ///
    /// ```
    /// use polars::prelude::{col, df};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["minute" => [0_i64, 5, 9, 30], "x" => [1, 2, 3, 4]]?, 3);
    /// let sums = table.rolling_by("minute", "10i", [col("x").sum().alias("sum")]);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let expected = df!["minute" => [0_i64, 5, 9, 30], "x" => [1, 2, 3, 4], "sum" => [1, 3, 6, 4]]?;
    /// assert_eq!(session.compute(&sums)?, expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn rolling_by(&self, time: &str, period: &str, aggregations: impl AsRef<[Expr]>) -> Self {
        let location = Location::caller();
        let made = self.try_rolling_by(time, period, aggregations.as_ref());
        made.unwrap_or_else(|problem| self.fail("rolling_by", location, problem))
    }

    fn try_rolling_by(&self, time: &str, period: &str, aggregations: &[Expr]) -> Result<Self, String> {
        let dtype = self.schema().get(time).ok_or_else(|| format!("there is no column {time:?}"))?;
        if !dtype.is_integer() && !matches!(dtype, DataType::Date | DataType::Datetime(..)) {
            return Err(format!("{time:?} is of {dtype}: windows are of times, dates or integers"));
        }
        let duration = Duration::try_parse(period).map_err(|error| error.to_string())?;
        if duration.negative() || duration.is_zero() || duration.parsed_int != dtype.is_integer() {
            return Err(format!("{period:?} is no period of {dtype}: say e.g. \"2h\" of times, \"10i\" of integers"));
        }
        let time = PlSmallStr::from_str(time);
        let exprs = windows(aggregations, time.clone(), duration);
        let overlap = Overlap {
            label: "rolling_by",
            before: Some(near_end(time.clone(), period.to_owned(), duration)),
            // Rows of one time are in each other's windows, whichever of them comes first.
            after: Some(of_first_time(time.clone())),
            carried: self.node().estimate().rows / self.partitions().max(1) as f64 / 8.0,
            apply: Arc::new(move |frame| frame.with_columns(&exprs)),
            needs: vec![time],
            of_sample: true,
        };
        overlap.of(self)
    }
}

/// `aggregations` of the windows that end at each row.
fn windows(aggregations: &[Expr], by: PlSmallStr, period: Duration) -> Vec<Expr> {
    let window = |expr: &Expr| expr.clone().rolling(col(by.clone()), period, -period, ClosedWindow::Right);
    aggregations.iter().map(window).collect()
}

/// The rows at most `period` before the last one.
fn near_end(time: PlSmallStr, period: String, duration: Duration) -> Keep {
    Arc::new(move |frame| {
        if frame.height() == 0 {
            return Ok(frame.clone());
        }
        let last = match frame.schema().get(&time) {
            Some(DataType::Date) => col(time.clone()).last().cast(DataType::Datetime(TimeUnit::Microseconds, None)),
            _ => col(time.clone()).last(),
        };
        let from = if duration.parsed_int {
            last.cast(DataType::Int64) - lit(duration.nanoseconds())
        } else {
            last.dt().offset_by(lit(format!("-{period}")))
        };
        let near = frame.clone().lazy().select([col(time.clone()).gt_eq(from).fill_null(lit(true)).alias("near")]);
        let near = alone(|| near.collect())?;
        // Rows are sorted: those behind the first near one are near.
        let start =
            near.column("near")?.bool()?.iter().position(|near| near != Some(false)).unwrap_or(frame.height() - 1);
        copied(frame, start, frame.height() - start)
    })
}

/// The rows at the beginning that have the time of the first one.
fn of_first_time(time: PlSmallStr) -> Keep {
    Arc::new(move |frame| {
        let times = frame.column(&time)?;
        if times.is_empty() {
            return Ok(frame.clone());
        }
        let first = times.get(0)?;
        let equal = (1..times.len()).find(|&row| times.get(row).is_ok_and(|time| time != first));
        copied(frame, 0, equal.unwrap_or(times.len()))
    })
}
