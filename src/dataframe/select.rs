//! Columns and rows: what goes row by row.

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{DataType, Expr, LazyFrame, PlHashMap, Selector, by_name, col};

use super::DataFrame;
use super::rows::Step;

impl DataFrame {
    /// The columns that `exprs` say, in their order.
    ///
    /// Impossible where a column is not there, or an expression looks at more than its own row.
    ///
    /// ```
    /// use polars::prelude::{col, df};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3], "y" => [1, 0, 1]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let sums = table.select([(col("x") + col("y")).alias("sum")]);
    /// assert_eq!(session.compute(&sums)?, df!["sum" => [2, 2, 4]]?);
    /// let error = session.compute(&table.select([col("x").sum()])).unwrap_err();
    /// assert!(error.to_string().contains("more than one row"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn select(&self, exprs: impl AsRef<[Expr]>) -> Self {
        let exprs = exprs.as_ref().to_vec();
        self.applied("select", move |frame| frame.select(&exprs))
    }

    /// The rows for which `predicate` holds; not those for which it is null.
    ///
    /// Impossible where it is no boolean, or looks at more than its own row.
    ///
    /// ```
    /// use polars::prelude::{col, df, lit};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [Some(1), None, Some(3)]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.filter(col("x").gt(lit(1))))?, df!["x" => [3]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn filter(&self, predicate: Expr) -> Self {
        self.with_step("filter", Step::Filter(predicate))
    }

    /// All columns, and those that `exprs` say: in place of one that has the name, or behind the others.
    ///
    /// Impossible as [`select`](Self::select).
    ///
    /// ```
    /// use polars::prelude::{col, df, lit};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2]]?, 2);
    /// let doubled = table.with_columns([(col("x") * lit(2)).alias("twice")]);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&doubled)?, df!["x" => [1, 2], "twice" => [2, 4]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn with_columns(&self, exprs: impl AsRef<[Expr]>) -> Self {
        let exprs = exprs.as_ref().to_vec();
        self.applied("with_columns", move |frame| frame.with_columns(&exprs))
    }

    /// All columns but these. Impossible where one is not there.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::DataFrame;
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1], "y" => [2], "z" => [3]]?, 1);
    /// assert_eq!(table.drop(["x", "z"]).schema().iter_names().collect::<Vec<_>>(), ["y"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn drop(&self, columns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let columns = named(columns);
        self.applied("drop", move |frame| frame.drop(columns.clone()))
    }

    /// Other names for columns: pairs of the present and the new one. Impossible where a column is not there, or a name twice.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::DataFrame;
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1], "y" => [2]]?, 1);
    /// assert_eq!(table.rename([("y", "height")]).schema().iter_names().collect::<Vec<_>>(), ["x", "height"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn rename<'a>(&self, names: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let (present, new): (Vec<String>, Vec<String>) =
            names.into_iter().map(|(present, new)| (present.to_owned(), new.to_owned())).unzip();
        self.applied("rename", move |frame| frame.rename(&present, &new, true))
    }

    /// Columns as other types. A value that the type doesn't have ends the run with an error.
    ///
    /// ```
    /// use polars::prelude::{DataType, df};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => ["1", "2"]]?, 1);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.cast([("x", DataType::Int64)]))?, df!["x" => [1_i64, 2]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn cast<'a>(&self, types: impl IntoIterator<Item = (&'a str, DataType)>) -> Self {
        let types: Vec<(String, DataType)> = types.into_iter().map(|(name, dtype)| (name.to_owned(), dtype)).collect();
        let missing = types.iter().find(|(name, _)| !self.schema().contains(name));
        if let Some((name, _)) = missing {
            return self.fail("cast", Location::caller(), format!("there is no column {name:?}"));
        }
        self.applied("cast", move |frame| {
            let types: PlHashMap<&str, DataType> = types.iter().map(|(name, dtype)| (&**name, dtype.clone())).collect();
            frame.cast(types, true)
        })
    }

    /// `value` in place of nulls, in all columns whose type can have it.
    ///
    /// ```
    /// use polars::prelude::{df, lit};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [Some(1), None]]?, 1);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.fill_null(lit(0)))?, df!["x" => [1, 0]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn fill_null(&self, value: Expr) -> Self {
        self.applied("fill_null", move |frame| frame.fill_null(value.clone()))
    }

    /// The rows that have no null in `columns`; in any column, where none is named.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [Some(1), None, Some(3)]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.drop_nulls(["x"]))?.height(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn drop_nulls(&self, columns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let columns: Vec<String> = columns.into_iter().map(|column| column.as_ref().to_owned()).collect();
        let columns: Vec<String> =
            if columns.is_empty() { self.schema().iter_names().map(ToString::to_string).collect() } else { columns };
        let valid = columns.iter().map(|column| col(column.as_str()).is_not_null()).reduce(Expr::and);
        match valid {
            Some(valid) => self.with_step("drop_nulls", Step::Filter(valid)),
            None => self.clone(),
        }
    }

    /// The rows whose value in `column` is one of `values`.
    ///
    /// ```
    /// use polars::prelude::{NamedFrom, Series, df};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => ["a", "b", "c"]]?, 2);
    /// let some = table.is_in("x", Series::new("".into(), ["c", "a"]));
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&some)?, df!["x" => ["a", "c"]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn is_in(&self, column: &str, values: polars::prelude::Series) -> Self {
        let values = polars::prelude::lit(values).implode(true);
        self.with_step("is_in", Step::Filter(col(column).is_in(values, false)))
    }

    #[track_caller]
    fn applied(&self, label: &'static str, apply: impl Fn(LazyFrame) -> LazyFrame + Send + Sync + 'static) -> Self {
        self.with_step(label, Step::Apply(Arc::new(apply)))
    }
}

fn named(columns: impl IntoIterator<Item = impl AsRef<str>>) -> Selector {
    by_name(columns.into_iter().map(|column| column.as_ref().to_owned()).collect::<Vec<_>>(), true, false)
}
