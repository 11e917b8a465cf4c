//! Functions of whole partitions.

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, PolarsResult, SchemaRef};

use super::DataFrame;
use super::alone::alone;
use super::estimate::{Estimate, empty};
use super::node::{Node, Part, Shared, Wanted};
use crate::error::Result;
use crate::graph::Layers;

type Function = dyn Fn(PolarsFrame) -> PolarsResult<PolarsFrame> + Send + Sync;

impl DataFrame {
    /// What `function` makes of each partition. The columns it gives are found out by calling it with an empty frame; where it
    /// can't be called so, [`map_partitions_as`](Self::map_partitions_as) is told them. Where an empty frame gives rows, as it
    /// does to an aggregation, each partition is expected to give as many; else, as many as it has.
    ///
    /// Impossible where it fails with an empty frame. A partition of other columns or types ends the run with an error.
    ///
    /// ```
    /// use polars::prelude::{IntoLazy, col, df};
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3, 4]]?, 2);
    /// let largest = table.map_partitions(|frame| frame.lazy().select([col("x").max()]).collect());
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&largest)?, df!["x" => [2, 4]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn map_partitions(
        &self,
        function: impl Fn(PolarsFrame) -> PolarsResult<PolarsFrame> + Send + Sync + 'static,
    ) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        match alone(|| function(empty(self.schema()))) {
            Ok(nothing) => {
                let rows = if nothing.height() > 0 {
                    (nothing.height() * self.partitions()) as f64
                } else {
                    self.node().estimate().rows
                };
                self.mapped(nothing.schema().clone(), Arc::new(function), rows)
            }
            Err(problem) => {
                self.fail("map_partitions", location, format!("of an empty frame it makes an error: {problem}"))
            }
        }
    }

    /// What `function` makes of each partition: columns of this schema, in its order.
    ///
    /// A partition of other columns or types ends the run with an error.
    ///
    /// ```
    /// use polars::prelude::{DataType, Schema, df};
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3]]?, 2);
    /// let schema = Schema::from_iter([("rows".into(), DataType::UInt64)]);
    /// let rows = table.map_partitions_as(schema.into(), |frame| df!["rows" => [frame.height() as u64]]);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&rows)?, df!["rows" => [1_u64, 2]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn map_partitions_as(
        &self,
        schema: SchemaRef,
        function: impl Fn(PolarsFrame) -> PolarsResult<PolarsFrame> + Send + Sync + 'static,
    ) -> Self {
        if self.failure.is_some() {
            return self.clone();
        }
        self.mapped(schema, Arc::new(function), self.node().estimate().rows)
    }

    fn mapped(&self, schema: SchemaRef, function: Arc<Function>, rows: f64) -> Self {
        Self::of(MapNode { input: self.node().clone(), schema, function, rows })
    }
}

struct MapNode {
    input: Arc<Shared>,
    schema: SchemaRef,
    function: Arc<Function>,
    /// About so many it makes.
    rows: f64,
}

impl Node for MapNode {
    fn label(&self) -> &'static str {
        "map_partitions"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.input.partitions()
    }

    fn estimate(&self) -> Estimate {
        // A sample is no partition: what the function would make of it says nothing.
        Estimate::unseen(self.rows)
    }

    fn parts(&self, layers: &mut Layers, _: &Wanted) -> Result<Option<Vec<Part>>> {
        let parts = self.input.parts(layers, &Wanted::all())?;
        let columns = self.input.schema();
        let bytes = self.estimate().bytes(&self.schema, &Wanted::all()) / parts.len().max(1) as u64;
        let then = |part: Part| {
            let (columns, schema, function) = (columns.clone(), self.schema.clone(), self.function.clone());
            part.then(bytes, move |frame| {
                let made = function(frame.select(columns.iter_names_cloned())?)?;
                if *made.schema() != schema {
                    return Err(format!("map_partitions: {:?} instead of {schema:?}", made.schema()).into());
                }
                Ok(made)
            })
        };
        Ok(Some(parts.into_iter().map(then).collect()))
    }
}
