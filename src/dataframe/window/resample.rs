//! Times by periods: truncated, grouped, sorted.

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{
    ClosedWindow, DataType, Duration, ExplodeOptions, Expr, LazyFrame, Null, PlSmallStr, by_name, coalesce, col, lit,
    when,
};
use polars_plan::dsl::functions::{date_ranges, datetime_ranges};

use super::super::DataFrame;
use super::super::rows::Step;

/// Columns while empty periods are filled.
const BEFORE: &str = "__period_before";
const PERIOD: &str = "__period";

/// A table whose rows are to be put together by periods: made by [`DataFrame::resample`].
#[derive(Clone, Debug)]
pub struct Resample {
    table: DataFrame,
    time: PlSmallStr,
    every: String,
    empty_periods: bool,
    location: &'static Location<'static>,
}

impl DataFrame {
    /// Groups rows by the period in which their `time` lies: a column of times or dates. `every` is as in polars: `"1h"`,
    /// `"1d"`, `"1mo"`. Rows need not be sorted. See [`Resample::agg`].
    #[track_caller]
    #[must_use]
    pub fn resample(&self, time: &str, every: &str) -> Resample {
        Resample {
            table: self.clone(),
            time: PlSmallStr::from_str(time),
            every: every.to_owned(),
            empty_periods: false,
            location: Location::caller(),
        }
    }
}

impl Resample {
    /// Whether there is a row for periods in which no row lies, between the first and the last in which there is one: with nulls
    /// for all aggregations. There is none unless this says so.
    ///
    /// ```
    /// use polars::prelude::{col, df};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["day" => [3, 1, 1], "x" => [1, 2, 3]]?, 2);
    /// let table = table.cast([("day", polars::prelude::DataType::Date)]);
    /// let sums = table.resample("day", "1d").empty_periods(true).agg([col("x").sum()]);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let expected = df!["x" => [Some(5), None, Some(1)]]?;
    /// assert_eq!(session.compute(&sums.select([col("x")]))?, expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn empty_periods(mut self, are_rows: bool) -> Self {
        self.empty_periods = are_rows;
        self
    }

    /// One row for each period: when it begins, under the name of the column of times, and what `aggregations` make of its rows;
    /// sorted by time. Rows without a time are left out.
    ///
    /// Impossible where a column is not there, or has no times, or a period says nothing.
    ///
    /// ```
    /// use polars::prelude::{DataType, TimeUnit, col, df, len};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["time" => [7_200_i64, 0, 3_599, 3_600], "x" => [1, 2, 3, 4]]?, 2);
    /// let seconds = (col("time") * 1000.into()).cast(DataType::Datetime(TimeUnit::Milliseconds, None));
    /// let hours = table.with_columns([seconds]).resample("time", "1h").agg([col("x").sum(), len()]);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let found = session.compute(&hours)?;
    /// assert_eq!(found.drop("time")?, df!["x" => [5, 4, 1], "len" => [2_u32, 1, 1]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn agg(self, aggregations: impl AsRef<[Expr]>) -> DataFrame {
        let dtype = match self.checked() {
            Ok(dtype) => dtype,
            Err(problem) => return self.table.fail("resample", self.location, problem),
        };
        let period = col(self.time.clone()).dt().truncate(lit(self.every.clone()));
        let timed = self.table.filter(col(self.time.clone()).is_not_null());
        let periods = timed.group_by([period]).agg(aggregations).set_index(&self.time);
        if !self.empty_periods || periods.failure.is_some() {
            return periods;
        }
        match self.filled(&periods, &dtype) {
            Ok(filled) => filled,
            Err(problem) => periods.fail("resample", self.location, problem),
        }
    }

    /// The type of times, if all is well.
    fn checked(&self) -> Result<DataType, String> {
        let dtype = self.table.schema().get(&self.time).ok_or_else(|| format!("there is no column {:?}", self.time))?;
        if !matches!(dtype, DataType::Date | DataType::Datetime(..)) {
            return Err(format!("{:?} is of {dtype}: only times and dates lie in periods", self.time));
        }
        let every = Duration::try_parse(&self.every).map_err(|error| error.to_string())?;
        if every.negative() || every.is_zero() || every.parsed_int {
            return Err(format!("{:?} is no period: say e.g. \"1h\"", self.every));
        }
        if *dtype == DataType::Date && !every.is_full_days() {
            return Err(format!("{:?} is no period of dates, which have whole days", self.every));
        }
        Ok(dtype.clone())
    }

    /// `periods` with a row for each that has none.
    fn filled(&self, periods: &DataFrame, dtype: &DataType) -> Result<DataFrame, String> {
        let every = Duration::try_parse(&self.every).map_err(|error| error.to_string())?;
        let time = col(self.time.clone());
        let names: Vec<PlSmallStr> = periods.schema().iter_names_cloned().collect();
        let next = col(BEFORE).dt().offset_by(lit(self.every.clone()));
        let from = Some(coalesce(&[next, time.clone()]));
        let ranges = match dtype {
            DataType::Datetime(unit, zone) => datetime_ranges(
                from,
                Some(time.clone()),
                Some(every),
                None,
                ClosedWindow::Both,
                Some(*unit),
                zone.clone(),
            ),
            _ => date_ranges(from, Some(time.clone()), Some(every), None, ClosedWindow::Both),
        };
        let ranges = ranges.map_err(|error| error.to_string())?.alias(PERIOD);
        let is_there = col(PERIOD).eq(time.clone());
        let values = names
            .iter()
            .skip(1)
            .map(|name| when(is_there.clone()).then(col(name.clone())).otherwise(lit(Null {})).alias(name.clone()));
        let columns: Vec<Expr> = [col(PERIOD).alias(self.time.clone())].into_iter().chain(values).collect();
        let explode = ExplodeOptions { empty_as_null: false, keep_nulls: false };
        let fill = move |frame: LazyFrame| {
            frame.with_columns([ranges.clone()]).explode(by_name([PERIOD], true, false), explode).select(&columns)
        };
        let before = periods.map_overlap(1, 0, [time.shift(lit(1)).alias(BEFORE)]);
        Ok(before.with_step("resample", Step::Apply(Arc::new(fill))))
    }
}
