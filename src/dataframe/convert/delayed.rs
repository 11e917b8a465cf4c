//! Partitions as delayed values, and tables made of delayed values.

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, DataType, Schema, SchemaRef};

use super::super::DataFrame;
use super::super::estimate::Estimate;
use super::super::frame::Frame;
use super::super::node::{Make, Node, Part, Wanted};
use crate::delayed::Delayed;
use crate::error::{Error, Result};
use crate::graph::Layers;

/// About the bytes of a partition of which nothing is said.
const USUAL: u64 = 8 << 20;

impl DataFrame {
    /// A table whose partitions are delayed frames, with columns as in `schema`. A frame that has others, or of other types,
    /// ends the run with an error.
    ///
    /// Say how large frames will be by [`size_hint`](Delayed::size_hint): it decides how the table is grouped, joined and
    /// sorted.
    ///
    /// Impossible where there is no frame, or no column.
    ///
    /// ```
    /// use polars::prelude::{DataType, Schema, col, df};
    /// use thermocline::{DataFrame, Session, delayed};
    /// # use thermocline::dataframe::polars;
    /// use polars::frame::DataFrame as Frame;
    ///
    /// fn read(year: i32) -> Frame { df!["year" => [year, year], "delay" => [1.5, 2.5]].unwrap() } // of a format of your own
    ///
    /// let years: Vec<_> = (1987..2009).map(|year| delayed!(read(year)).size_hint(1000)).collect();
    /// let schema = Schema::from_iter([("year".into(), DataType::Int32), ("delay".into(), DataType::Float64)]);
    /// let table = DataFrame::from_delayed(&years, schema);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let mean = session.compute(&table.agg([col("delay").mean()]))?;
    /// assert_eq!(mean, df!["delay" => [2.0]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn from_delayed(frames: &[Delayed<PolarsFrame>], schema: impl Into<SchemaRef>) -> Self {
        let schema = schema.into();
        let problem = match (frames.is_empty(), schema.is_empty()) {
            (true, _) => "there is no frame",
            (_, true) => "there is no column in the schema",
            _ => return Self::of(DelayedNode { frames: frames.to_vec(), schema }),
        };
        Self::failed(Error::operation("from_delayed", Location::caller(), problem))
    }

    /// Its partitions as delayed frames.
    ///
    /// An impossible table has one, whose computation fails as the table's does.
    ///
    /// ```
    /// use polars::frame::DataFrame as Frame;
    /// use polars::prelude::df;
    /// use thermocline::{DataFrame, Session, delayed};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3, 4, 5]]?, 2);
    /// let heights = table.to_delayed().iter().map(|part| delayed!((|part: &Frame| part.height())(part))).collect::<Vec<_>>();
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&heights)?, [2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_delayed(&self) -> Vec<Delayed<PolarsFrame>> {
        if let Some(error) = &self.failure {
            let error = error.clone();
            return vec![Delayed::in_tasks("partition", move |_| Err(error.clone()), Arc::new(Frame::lent))];
        }
        let bytes = self.node().partition_bytes(&Wanted::all());
        let part = |number: usize| {
            let node = self.node().clone();
            let add = move |layers: &mut Layers| Ok(node.chunks(layers, &Wanted::all())?[number].clone());
            Delayed::in_tasks("partition", add, Arc::new(Frame::lent)).size_hint(bytes)
        };
        (0..self.partitions()).map(part).collect()
    }
}

/// A table of delayed frames.
struct DelayedNode {
    frames: Vec<Delayed<PolarsFrame>>,
    schema: SchemaRef,
}

impl Node for DelayedNode {
    fn label(&self) -> &'static str {
        "from_delayed"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.frames.len()
    }

    fn estimate(&self) -> Estimate {
        let bytes: u64 = self.frames.iter().map(|frame| frame.hinted().unwrap_or(USUAL)).sum();
        let row = Estimate::unseen(1.0).bytes(&self.schema, &Wanted::all()).max(1);
        Estimate::unseen(bytes as f64 / row as f64)
    }

    fn parts(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        let bytes = self.estimate().bytes(&self.schema, wanted) / self.frames.len() as u64;
        let part = |frame: &Delayed<PolarsFrame>| {
            let (needs, read) = frame.build_parts(layers)?;
            let schema = self.schema.clone();
            let make: Make = Arc::new(move |_, chunks| {
                let frame = read(&chunks[0])?;
                check(frame, &schema)?;
                Ok(frame.select(schema.iter_names_cloned())?)
            });
            Ok(Part { needs, make, workspace: 0, reads: 0, bytes })
        };
        self.frames.iter().map(part).collect::<Result<_>>().map(Some)
    }
}

/// Whether a frame is one of `schema`.
fn check(frame: &PolarsFrame, schema: &Schema) -> Result<(), String> {
    let found = frame.schema();
    let is_there = |(name, dtype): (_, &DataType)| found.get(name) == Some(dtype);
    if found.len() == schema.len() && schema.iter().all(|(name, dtype)| is_there((name, dtype))) {
        return Ok(());
    }
    let listed = |schema: &Schema| {
        let columns: Vec<String> = schema.iter().map(|(name, dtype)| format!("{name}: {dtype}")).collect();
        columns.join(", ")
    };
    Err(format!("the frame has columns {}; expected {}", listed(found), listed(schema)))
}
