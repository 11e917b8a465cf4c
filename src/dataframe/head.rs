//! The first rows, and the last ones.
//!
//! Partitions are taken in waves. Those of a wave are made only where the waves before it had too few rows, so that a file is
//! read no further than it has to be.

use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, SchemaRef};

use super::DataFrame;
use super::estimate::{Estimate, empty};
use super::frame::Frame;
use super::node::{Make, Node, Part, Shared, Wanted};
use super::tasks::{add_tasks, gathered};
use crate::error::Result;
use crate::graph::{Key, Layers};

/// So many partitions are in a wave, but the first.
const WAVE: usize = 8;

impl DataFrame {
    /// The first `rows` rows, in one partition. Partitions are made, and files read, only as far as they are needed.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3, 4, 5]]?, 3);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.head(2))?, df!["x" => [1, 2]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn head(&self, rows: usize) -> Self {
        self.end_of(End { rows, is_first: true })
    }

    /// The last `rows` rows, in one partition. Partitions are made only as far as they are needed.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3, 4, 5]]?, 3);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.tail(2))?, df!["x" => [4, 5]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn tail(&self, rows: usize) -> Self {
        self.end_of(End { rows, is_first: false })
    }

    fn end_of(&self, end: End) -> Self {
        match &self.failure {
            Some(error) => Self::failed(error.clone()),
            None => Self::of(EndNode { input: self.node().clone(), end }),
        }
    }
}

/// Rows at an end of a table.
#[derive(Clone, Copy)]
struct End {
    rows: usize,
    is_first: bool,
}

impl End {
    fn of(self, frame: &PolarsFrame) -> PolarsFrame {
        if self.is_first { frame.head(Some(self.rows)) } else { frame.tail(Some(self.rows)) }
    }
}

struct EndNode {
    input: Arc<Shared>,
    end: End,
}

impl EndNode {
    /// What a partition has of them, where `so_far` has too few.
    fn more(&self, so_far: Option<&Key>, part: Part, schema: &SchemaRef, bytes: u64) -> Part {
        let Some(so_far) = so_far else {
            let end = self.end;
            return part.then(bytes, move |frame| Ok(end.of(&frame)));
        };
        let (make, end, nothing) = (part.make, self.end, empty(schema));
        let make: Make = Arc::new(move |context, chunks| {
            let found = Frame::of(&chunks[0])?.height();
            if found >= end.rows { Ok(nothing.clone()) } else { Ok(end.of(&make(context, &chunks[1..])?)) }
        });
        let workspace = part.workspace + part.bytes;
        Part { needs: [vec![so_far.clone()], part.needs].concat(), make, workspace, reads: part.reads, bytes }
    }
}

impl Node for EndNode {
    fn label(&self) -> &'static str {
        if self.end.is_first { "head" } else { "tail" }
    }

    fn schema(&self) -> &SchemaRef {
        self.input.schema()
    }

    fn partitions(&self) -> usize {
        1
    }

    fn estimate(&self) -> Estimate {
        let Estimate { rows, sample } = self.input.estimate();
        Estimate { rows: rows.min(self.end.rows as f64), sample: sample.as_ref().map(|sample| self.end.of(sample)) }
    }

    fn build(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Vec<Key>> {
        let wanted = wanted.of_all_rows().or_first(self.schema());
        let (schema, end) = (wanted.of(self.schema()), self.end);
        let bytes = self.estimate().bytes(self.schema(), &wanted);
        let mut parts = self.input.parts(layers, &wanted)?;
        if !end.is_first {
            parts.reverse();
        }
        let mut parts = parts.into_iter();
        let mut so_far: Option<Key> = None;
        let mut size = 1;
        while parts.len() > 0 {
            let wave = parts.by_ref().take(size).map(|part| {
                let bytes = bytes.min(part.bytes);
                self.more(so_far.as_ref(), part, &schema, bytes)
            });
            let wave = add_tasks(layers, "rows", wave.collect());
            let mut keys: Vec<Key> = so_far.into_iter().chain(wave).collect();
            if !end.is_first {
                keys.reverse();
            }
            let found = gathered(&keys, schema.clone(), bytes).then(bytes, move |frame| Ok(end.of(&frame)));
            so_far = add_tasks(layers, self.label(), vec![found]).pop();
            size = WAVE;
        }
        match so_far {
            Some(key) => Ok(vec![key]),
            None => Ok(add_tasks(layers, self.label(), vec![gathered(&[], schema, 0)])),
        }
    }
}
