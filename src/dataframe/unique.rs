//! Rows without their duplicates, and how often values are there.

use std::panic::Location;

use polars::prelude::{Expr, PlSmallStr, UniqueKeepStrategy, col, len, lit};

use super::DataFrame;

impl DataFrame {
    /// One row of those that are the same in `columns`; in all columns, where none is named. It is the first or the last of
    /// them, or, with [`UniqueKeepStrategy::None`], there is none where there were several. Null is the same as null.
    ///
    /// Rows come in the order of a [group by](super::GroupBy::agg): as the first of each comes, in each partition of the
    /// result.
    ///
    /// Impossible where a column is not there.
    ///
    /// ```
    /// use polars::prelude::{UniqueKeepStrategy, df};
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["key" => ["a", "b", "a"], "x" => [1, 2, 3]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let last = table.unique(["key"], UniqueKeepStrategy::Last);
    /// assert_eq!(session.compute(&last)?, df!["key" => ["a", "b"], "x" => [3, 2]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn unique(&self, columns: impl IntoIterator<Item = impl AsRef<str>>, keep: UniqueKeepStrategy) -> Self {
        let named: Vec<PlSmallStr> = columns.into_iter().map(|column| column.as_ref().into()).collect();
        if let Some(name) = named.iter().find(|name| !self.schema().contains(name)) {
            return self.fail("unique", Location::caller(), format!("there is no column {name:?}"));
        }
        let all = || self.schema().iter_names_cloned();
        let named = if named.is_empty() { all().collect() } else { named };
        let keys: Vec<Expr> = named.iter().map(|name| col(name.clone())).collect();
        let others = all().filter(|name| !named.contains(name)).map(col);
        let in_order: Vec<Expr> = all().map(col).collect();
        let by = self.group_by(keys);
        match keep {
            UniqueKeepStrategy::First | UniqueKeepStrategy::Any => by.agg(others.map(Expr::first).collect::<Vec<_>>()),
            UniqueKeepStrategy::Last => by.agg(others.map(Expr::last).collect::<Vec<_>>()),
            UniqueKeepStrategy::None => {
                let count = self.unused_name("rows");
                let once = col(count.clone()).eq(lit(1));
                by.agg(others.map(Expr::first).chain([len().alias(count)]).collect::<Vec<_>>()).filter(once)
            }
        }
        .select(in_order)
    }

    /// How often each value of a column is there: a table of the column and `count`, in the order in which the values come.
    ///
    /// Impossible where the column is not there, or is called `count`.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["key" => ["a", "b", "a"]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let counts = session.compute(&table.value_counts("key"))?;
    /// assert_eq!(counts, df!["key" => ["a", "b"], "count" => [2_u32, 1]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn value_counts(&self, column: &str) -> Self {
        if !self.schema().contains(column) || column == "count" {
            let problem =
                if column == "count" { "a column of that name would be there twice" } else { "it is not there" };
            return self.fail("value_counts", Location::caller(), format!("column {column:?}: {problem}"));
        }
        self.group_by([col(column)]).agg([len().alias("count")])
    }

    /// A name that no column has.
    fn unused_name(&self, name: &str) -> PlSmallStr {
        let mut name = name.to_owned();
        while self.schema().contains(&name) {
            name.push('_');
        }
        name.into()
    }
}
