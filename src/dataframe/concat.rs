//! The rows of several tables, one table's after the other's.

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{
    Column, DataFrame as PolarsFrame, IntoLazy, LazyFrame, PlSmallStr, PolarsResult, SchemaRef, UnionArgs, concat,
    concat_lf_diagonal,
};

use super::DataFrame;
use super::alone::alone;
use super::estimate::{Estimate, SAMPLE_ROWS, empty, thinned};
use super::node::{Node, Part, Shared, Wanted};
use crate::error::Result;
use crate::graph::Layers;

impl DataFrame {
    /// The rows of `tables`, in their order. All have the same columns, in the same order; where types differ they become a
    /// common one.
    ///
    /// Impossible where there is no table, a column is missing, or there is no common type.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let first = DataFrame::from_polars(df!["x" => [1, 2]]?, 1);
    /// let second = DataFrame::from_polars(df!["x" => [2.5]]?, 1);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&DataFrame::concat([&first, &second]))?, df!["x" => [1.0, 2.0, 2.5]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn concat<'a>(tables: impl IntoIterator<Item = &'a Self>) -> Self {
        concatenated(tables.into_iter().collect(), "concat", Location::caller(), concat)
    }

    /// The rows of `tables`, in their order, with the columns of all of them: null where a table doesn't have one. Where types
    /// differ they become a common one.
    ///
    /// Impossible where there is no table, or no common type.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let first = DataFrame::from_polars(df!["x" => [1, 2]]?, 1);
    /// let second = DataFrame::from_polars(df!["x" => [3], "y" => ["a"]]?, 1);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let all = session.compute(&DataFrame::concat_diagonal([&first, &second]))?;
    /// assert!(all.equals_missing(&df!["x" => [1, 2, 3], "y" => [None, None, Some("a")]]?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn concat_diagonal<'a>(tables: impl IntoIterator<Item = &'a Self>) -> Self {
        concatenated(tables.into_iter().collect(), "concat_diagonal", Location::caller(), concat_lf_diagonal)
    }
}

/// Tables one after the other, in the columns and types that `union` gives them.
fn concatenated(
    tables: Vec<&DataFrame>,
    operation: &'static str,
    location: &'static Location<'static>,
    union: impl FnOnce(Vec<LazyFrame>, UnionArgs) -> PolarsResult<LazyFrame>,
) -> DataFrame {
    let Some(first) = tables.first() else {
        return DataFrame::failed(crate::error::Error::operation(operation, location, "there is no table"));
    };
    if let Some(error) = tables.iter().find_map(|table| table.failure.clone()) {
        return DataFrame::failed(error);
    }
    let args = UnionArgs { to_supertypes: true, parallel: false, ..UnionArgs::default() };
    let frames = tables.iter().map(|table| empty(table.schema()).lazy()).collect();
    let schema = alone(|| union(frames, args).and_then(|mut all| all.collect_schema()));
    match schema {
        Ok(schema) => {
            DataFrame::of(ConcatNode { tables: tables.iter().map(|table| table.node().clone()).collect(), schema })
        }
        Err(problem) => first.fail(operation, location, problem.to_string()),
    }
}

struct ConcatNode {
    tables: Vec<Arc<Shared>>,
    schema: SchemaRef,
}

impl Node for ConcatNode {
    fn label(&self) -> &'static str {
        "concat"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.tables.iter().map(|table| table.partitions()).sum()
    }

    fn estimate(&self) -> Estimate {
        let rows: f64 = self.tables.iter().map(|table| table.estimate().rows).sum();
        let sample = |table: &Arc<Shared>| {
            let Estimate { rows: own, sample } = table.estimate();
            let share = (SAMPLE_ROWS as f64 * own / rows.max(1.0)).ceil() as usize;
            conformed(thinned(sample.as_ref()?, share.max(1)), &self.schema).ok()
        };
        let samples: Option<Vec<PolarsFrame>> = alone(|| self.tables.iter().map(sample).collect());
        let sample = samples.and_then(|samples| super::compute::concat(samples, &self.schema).ok());
        Estimate { rows, sample }
    }

    fn parts(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        let schema = wanted.clone().or_first(&self.schema).of(&self.schema);
        let mut all = Vec::with_capacity(self.partitions());
        for table in &self.tables {
            let is_wanted = |name: &PlSmallStr| schema.contains(name);
            let parts = table.parts(layers, &Wanted::columns_of(table.schema(), is_wanted))?;
            all.extend(parts.into_iter().map(|part| {
                let (bytes, schema) = (part.bytes, schema.clone());
                part.then(bytes, move |frame| Ok(conformed(frame, &schema)?))
            }));
        }
        Ok(Some(all))
    }
}

/// The columns of `schema`: of `frame`, as the type that they have there, or null.
fn conformed(frame: PolarsFrame, schema: &SchemaRef) -> PolarsResult<PolarsFrame> {
    let height = frame.height();
    let column = |(name, dtype): (&PlSmallStr, &polars::prelude::DataType)| match frame.column(name) {
        Ok(column) if column.dtype() == dtype => Ok(column.clone()),
        Ok(column) => column.strict_cast(dtype),
        Err(_) => Ok(Column::full_null(name.clone(), height, dtype)),
    };
    let columns = schema.iter().map(column).collect::<PolarsResult<Vec<_>>>()?;
    PolarsFrame::new(height, columns)
}
