//! From rows to columns: a column for each value of another.

use std::panic::Location;

use polars::prelude::{
    AnyValue, Expr, Null, PlSmallStr, Scalar, Series, SortOptions, UniqueKeepStrategy, col, lit, when,
};

use super::DataFrame;
use crate::error::{Error, Result};
use crate::session::Session;

impl DataFrame {
    /// One row for each group of rows that are the same in the columns `index`, and for each of `found`, the values of the
    /// column `on`, what `aggregate` makes of the column `values` of the rows that have it. Null where there is none.
    ///
    /// Columns are called by the values. Rows come as those of a [group by](super::GroupBy::agg) do.
    ///
    /// Impossible where a column is not there, or a value is there twice. [`pivot_of`](Self::pivot_of) finds the values.
    ///
    /// ```
    /// use polars::prelude::{Expr, NamedFrom, Series, df};
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let rows = df!["key" => ["a", "a", "b", "a"], "year" => [2013, 2014, 2013, 2013], "x" => [1, 2, 3, 4]]?;
    /// let table = DataFrame::from_polars(rows, 2);
    /// let years = Series::new("".into(), [2013, 2014]);
    /// let sums = table.pivot(["key"], "year", &years, "x", Expr::sum);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let expected = df!["key" => ["a", "b"], "2013" => [5, 3], "2014" => [Some(2), None]]?;
    /// assert!(session.compute(&sums)?.equals_missing(&expected));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn pivot(
        &self,
        index: impl IntoIterator<Item = impl AsRef<str>>,
        on: &str,
        found: &Series,
        values: &str,
        aggregate: impl Fn(Expr) -> Expr,
    ) -> Self {
        let index: Vec<PlSmallStr> = index.into_iter().map(|column| column.as_ref().into()).collect();
        let mut named = index.iter().map(PlSmallStr::as_str).chain([on, values]);
        if let Some(name) = named.find(|name| !self.schema().contains(name)) {
            return self.fail("pivot", Location::caller(), format!("there is no column {name:?}"));
        }
        let cell = |value: AnyValue<'_>| {
            let name = name_of(&value);
            let literal = lit(Scalar::new(found.dtype().clone(), value.into_static()));
            let has = col(on).eq_missing(literal);
            let aggregated = aggregate(col(values).filter(has.clone()));
            when(has.sum().gt(lit(0))).then(aggregated).otherwise(lit(Null {})).alias(name)
        };
        let cells: Vec<Expr> = found.iter().map(cell).collect();
        self.group_by(index.iter().cloned().map(col).collect::<Vec<_>>()).agg(cells)
    }

    /// As [`pivot`](Self::pivot), of all values that there are in the column `on`, in their order: `session` computes them
    /// first.
    ///
    /// # Errors
    /// Where computing them fails, or the pivot is impossible.
    ///
    /// ```
    /// use polars::prelude::{Expr, df};
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let rows = df!["key" => ["a", "a", "b"], "year" => [2014, 2013, 2013], "x" => [1.0, 2.0, 3.0]]?;
    /// let table = DataFrame::from_polars(rows, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let means = table.pivot_of(&session, ["key"], "year", "x", Expr::mean)?;
    /// let names: Vec<_> = means.schema().iter_names().map(|name| name.as_str()).collect();
    /// assert_eq!(names, ["key", "2013", "2014"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn pivot_of(
        &self,
        session: &Session,
        index: impl IntoIterator<Item = impl AsRef<str>>,
        on: &str,
        values: &str,
        aggregate: impl Fn(Expr) -> Expr,
    ) -> Result<Self> {
        let found = session.compute(&self.select([col(on)]).unique([on], UniqueKeepStrategy::Any))?;
        let sorted =
            found.column(on).and_then(|found| found.as_materialized_series().rechunk().sort(SortOptions::default()));
        let sorted = sorted.map_err(|problem| Error::operation("pivot", Location::caller(), problem.to_string()))?;
        let pivot = self.pivot(index, on, &sorted, values, aggregate);
        pivot.failure.clone().map_or(Ok(pivot), Err)
    }
}

/// What a column of a value is called.
fn name_of(value: &AnyValue<'_>) -> PlSmallStr {
    match value.get_str() {
        Some(text) => text.into(),
        None => value.to_string().into(),
    }
}
