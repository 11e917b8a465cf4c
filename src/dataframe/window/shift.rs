//! Neighbours at a distance of so many rows.

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{Expr, col, lit};
use polars::series::ops::NullBehavior;

use super::super::DataFrame;
use super::overlap::{Overlap, first, last};

impl DataFrame {
    /// All columns, and those that `exprs` say of rows and their neighbours: up to `before` rows before each, and `after` rows
    /// behind it, in the order of the table. The same as polars' `with_columns` of the whole, for expressions that look no
    /// further: that they don't can't be checked.
    ///
    /// Impossible where a column is not there, or an expression gives something else than a value for each row.
    ///
    /// ```
    /// use polars::prelude::{RollingOptionsFixedWindow, col, df};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1.0, 2.0, 3.0, 7.0]]?, 3);
    /// let window = RollingOptionsFixedWindow { window_size: 3, min_periods: 3, ..Default::default() };
    /// let means = table.map_overlap(2, 0, [col("x").rolling_mean(window).alias("mean")]);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let expected = df!["x" => [1.0, 2.0, 3.0, 7.0], "mean" => [None, None, Some(2.0), Some(4.0)]]?;
    /// assert_eq!(session.compute(&means)?, expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn map_overlap(&self, before: usize, after: usize, exprs: impl AsRef<[Expr]>) -> Self {
        self.overlapped("map_overlap", before, after, exprs.as_ref().to_vec())
    }

    /// The values of `n` rows before in each row, or of `-n` rows behind; nulls where there are none. Of all columns.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.shift(1))?, df!["x" => [None, Some(1), Some(2)]]?);
    /// assert_eq!(session.compute(&table.shift(-1))?, df!["x" => [Some(2), Some(3), None]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn shift(&self, n: i64) -> Self {
        let (before, after) = reach(n);
        let names = self.schema().iter_names();
        self.overlapped("shift", before, after, names.map(|name| col(name.clone()).shift(lit(n))).collect())
    }

    /// In place of `columns` by how much they are more than `n` rows before (behind, where `n` is negative).
    ///
    /// Impossible where a column is not there, or has no differences.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 5]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.diff(["x"], 1))?, df!["x" => [None, Some(1), Some(3)]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn diff(&self, columns: impl IntoIterator<Item = impl AsRef<str>>, n: i64) -> Self {
        let (before, after) = reach(n);
        let diff = |name: &str| col(name).diff(lit(n), NullBehavior::Ignore);
        self.overlapped("diff", before, after, columns.into_iter().map(|name| diff(name.as_ref())).collect())
    }

    /// In place of `columns` by which part they are more than `n` rows before (behind, where `n` is negative); null where one of
    /// both is.
    ///
    /// Impossible where a column is not there, or has no quotients.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [2.0, 3.0, 6.0]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.pct_change(["x"], 1))?, df!["x" => [None, Some(0.5), Some(1.0)]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn pct_change(&self, columns: impl IntoIterator<Item = impl AsRef<str>>, n: i64) -> Self {
        let (before, after) = reach(n);
        let change = |name: &str| col(name) / col(name).shift(lit(n)) - lit(1.0);
        self.overlapped("pct_change", before, after, columns.into_iter().map(|name| change(name.as_ref())).collect())
    }

    #[track_caller]
    fn overlapped(&self, label: &'static str, before: usize, after: usize, exprs: Vec<Expr>) -> Self {
        let overlap = Overlap {
            label,
            before: (before > 0).then(|| last(before)),
            after: (after > 0).then(|| first(after)),
            carried: before.max(after) as f64,
            apply: Arc::new(move |frame| frame.with_columns(&exprs)),
            needs: Vec::new(),
            of_sample: true,
        };
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        overlap.of(self).unwrap_or_else(|problem| self.fail(label, location, problem))
    }
}

/// So many rows before and behind are looked at from `n` rows away.
fn reach(n: i64) -> (usize, usize) {
    let far = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
    if n > 0 { (far, 0) } else { (0, far) }
}
