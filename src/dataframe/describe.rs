//! What the values of each column are like.

use std::sync::Arc;

use polars::prelude::{
    Column, DataFrame as PolarsFrame, DataType, Expr, Field, IntoColumn, NewChunkedArray, PlSmallStr, PolarsResult,
    SchemaRef, StringChunked, col, len,
};

use super::DataFrame;
use super::quantiles::is_number;

/// The rows of a description.
const STATISTICS: [&str; 9] = ["count", "null_count", "mean", "std", "min", "25%", "50%", "75%", "max"];

/// Which of them are quantiles.
const QUANTILES: [f64; 3] = [0.25, 0.5, 0.75];

impl DataFrame {
    /// A table of the column `statistic` and all columns of this table: how many values they have, and how many nulls, their
    /// mean, standard deviation, least, quartiles and greatest. Quartiles are exact, as [`quantiles`](Self::quantiles) are.
    ///
    /// Columns of numbers are described in floats; others in text, where they have a least and a greatest at all, without what
    /// only numbers have.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["x" => [Some(1), Some(2), None, Some(6)]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let description = session.compute(&table.describe())?;
    /// let x = description.column("x")?.f64()?.iter().map(Option::unwrap).collect::<Vec<_>>();
    /// assert_eq!([x[0], x[1], x[2]], [3.0, 1.0, 3.0]); // count, null_count, mean
    /// assert_eq!([x[4], x[5], x[6], x[7], x[8]], [1.0, 1.5, 2.0, 4.0, 6.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn describe(&self) -> Self {
        let columns: Arc<[Described]> = self.schema().iter().map(|(name, dtype)| Described::new(name, dtype)).collect();
        let rows = [len().cast(DataType::Float64).alias(Described::ROWS)];
        let aggregations: Vec<Expr> =
            rows.into_iter().chain(columns.iter().flat_map(Described::aggregations)).collect();
        let numbers = columns.iter().filter(|column| column.is_number).map(|column| column.name.clone());
        // One row beside a row for each quantile: all that there is to say.
        let statistics = self.agg(aggregations).cross_join(&self.quantiles(numbers, &QUANTILES));
        let field = |column: &Described| Field::new(column.name.clone(), column.dtype());
        let names = [Field::new("statistic".into(), DataType::String)].into_iter().chain(columns.iter().map(field));
        let schema: SchemaRef = Arc::new(names.collect());
        statistics.map_partitions_as(schema, move |statistics| {
            let mut described = vec![Column::new("statistic".into(), STATISTICS)];
            for column in &*columns {
                described.push(column.described(&statistics)?);
            }
            PolarsFrame::new(STATISTICS.len(), described)
        })
    }
}

/// A column that is described.
struct Described {
    name: PlSmallStr,
    is_number: bool,
    is_ordered: bool,
}

impl Described {
    /// The number of all rows.
    const ROWS: &'static str = "__rows";

    fn new(name: &PlSmallStr, dtype: &DataType) -> Self {
        let is_ordered = dtype.is_string() || dtype.is_temporal() || dtype.is_bool() || is_number(dtype);
        Self { name: name.clone(), is_number: is_number(dtype), is_ordered }
    }

    fn dtype(&self) -> DataType {
        if self.is_number { DataType::Float64 } else { DataType::String }
    }

    /// What a statistic of it is called among all.
    fn called(&self, statistic: &str) -> String {
        format!("__{statistic}_{}", self.name)
    }

    fn aggregations(&self) -> Vec<Expr> {
        let column = || col(self.name.clone());
        let as_is = |expr: Expr, statistic: &str| expr.cast(self.dtype()).alias(self.called(statistic));
        let mut all = vec![column().count().cast(DataType::Float64).alias(self.called("count"))];
        if self.is_ordered {
            all.extend([as_is(column().min(), "min"), as_is(column().max(), "max")]);
        }
        if self.is_number {
            all.extend([column().mean().alias(self.called("mean")), column().std(1).alias(self.called("std"))]);
        }
        all
    }

    fn described(&self, statistics: &PolarsFrame) -> PolarsResult<Column> {
        let first =
            |name: &str| statistics.column(name)?.as_materialized_series().head(Some(1)).cast(&DataType::Float64);
        let number = |name: &str| PolarsResult::Ok(first(name)?.f64()?.get(0));
        let (rows, count) = (number(Self::ROWS)?.unwrap_or(0.0), number(&self.called("count"))?.unwrap_or(0.0));
        let nulls = rows - count;
        if self.is_number {
            let quartiles = statistics.column(&self.name)?.f64()?;
            let [mean, std, min, max] = ["mean", "std", "min", "max"].map(|statistic| number(&self.called(statistic)));
            let quartile = |at: usize| quartiles.get(at);
            let all = [Some(count), Some(nulls), mean?, std?, min?, quartile(0), quartile(1), quartile(2), max?];
            return Ok(Column::new(self.name.clone(), all.to_vec()));
        }
        let text = |statistic: &str| {
            let known = self.is_ordered.then(|| statistics.column(&self.called(statistic))).transpose()?;
            PolarsResult::Ok(
                known.map(|known| known.str().map(|known| known.get(0).map(str::to_owned))).transpose()?.flatten(),
            )
        };
        let (count, nulls) = (Some((count as u64).to_string()), Some((nulls as u64).to_string()));
        let all = [count, nulls, None, None, text("min")?, None, None, None, text("max")?];
        Ok(StringChunked::from_iter_options(self.name.clone(), all.into_iter()).into_column())
    }
}
