//! The same rows in other partitions.

use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{IntoColumn, PlSmallStr, SchemaRef, Series};

use super::DataFrame;
use super::alone::alone;
use super::compute::concat;
use super::divisions::Divisions;
use super::estimate::Estimate;
use super::node::{Make, Node, Part, Shared, Wanted};
use super::sort::{Border, SortKeys};
use super::window::copied;
use crate::chunk::{Chunk, CodeError};
use crate::error::Result;
use crate::graph::Layers;

impl DataFrame {
    /// The same rows in the same order, in so many partitions: neighbours are put together where these are fewer, and each is
    /// cut evenly where these are more.
    ///
    /// Impossible where it is none.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let frame = df!["x" => [1, 2, 3, 4]]?;
    /// let table = DataFrame::from_polars(frame.clone(), 4).repartition(2);
    /// assert_eq!(table.partitions(), 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table)?, frame);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn repartition(&self, partitions: usize) -> Self {
        if partitions == 0 {
            return self.fail("repartition", Location::caller(), "into 0 partitions: there is one at least");
        }
        if self.failure.is_some() || partitions == self.partitions() {
            return self.clone();
        }
        let input = self.node().clone();
        if partitions > input.partitions() {
            return Self::of(CutNode { input, partitions });
        }
        let merged = merged(input.partitions(), partitions);
        let first: Vec<u32> = merged.iter().skip(1).map(|of| of.start as u32 - 1).collect();
        let divisions =
            input.divisions().and_then(|divisions| Divisions::new(&divisions.values.take_slice(&first).ok()?));
        Self::of(MergeNode { input, merged, divisions })
    }

    /// The rows sorted by `column`, ascending and nulls first, in partitions that begin at `borders`: as
    /// [`set_index`](Self::set_index), where it is known what the [divisions](Self::divisions) shall be, e.g. those of a table
    /// that this is to be joined with.
    ///
    /// Impossible where the column is not there, or borders are not of its type, null, or not ascending.
    ///
    /// ```
    /// use polars::prelude::{NamedFrom, Series, df};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["day" => [9, 1, 5, 2]]?, 2);
    /// let table = table.repartition_by("day", &Series::new("".into(), [3, 6]));
    /// assert_eq!((table.partitions(), table.divisions().unwrap().borders().len()), (3, 2));
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table)?, df!["day" => [1, 2, 5, 9]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn repartition_by(&self, column: &str, borders: &Series) -> Self {
        let location = Location::caller();
        let made = alone(|| self.try_repartition_by(column, borders));
        made.unwrap_or_else(|problem| self.fail("repartition_by", location, problem))
    }

    fn try_repartition_by(&self, column: &str, borders: &Series) -> Result<Self, String> {
        let told = |error: polars::prelude::PolarsError| error.to_string();
        let dtype = self.schema().get(column).ok_or_else(|| format!("there is no column {column:?}"))?;
        let column = PlSmallStr::from_str(column);
        let values = borders.strict_cast(dtype).map_err(told)?.with_name(column.clone()).into_column();
        if values.null_count() > 0 {
            return Err("a border is null".into());
        }
        let divisions = Divisions::new(&values);
        let keys = SortKeys::ascending([column]);
        let encoded = keys.encode(&values.into_frame()).map_err(told)?;
        let borders: Vec<Border> = encoded.values_iter().map(Border::before).collect();
        if !borders.is_sorted_by(|one, next| one < next) {
            return Err("borders are not ascending".into());
        }
        if self.failure.is_some() {
            return Ok(self.clone());
        }
        Ok(self.sorted_at(keys, borders, divisions))
    }
}

/// Which of `from` partitions make each of `to`.
fn merged(from: usize, to: usize) -> Vec<Range<usize>> {
    (0..to).map(|number| from * number / to..from * (number + 1) / to).collect()
}

/// Neighbours put together.
struct MergeNode {
    input: Arc<Shared>,
    merged: Vec<Range<usize>>,
    divisions: Option<Divisions>,
}

impl Node for MergeNode {
    fn label(&self) -> &'static str {
        "repartition"
    }

    fn schema(&self) -> &SchemaRef {
        self.input.schema()
    }

    fn partitions(&self) -> usize {
        self.merged.len()
    }

    fn estimate(&self) -> Estimate {
        self.input.estimate().clone()
    }

    fn divisions(&self) -> Option<&Divisions> {
        self.divisions.as_ref()
    }

    fn parts(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        let parts = self.input.parts(layers, wanted)?;
        let schema = wanted.of(self.schema());
        Ok(Some(self.merged.iter().map(|merged| together(parts[merged.clone()].to_vec(), schema.clone())).collect()))
    }
}

/// The rows of `parts`, one after the other, made in one task.
fn together(parts: Vec<Part>, schema: SchemaRef) -> Part {
    let bytes = parts.iter().map(|part| part.bytes).sum();
    let workspace = parts.iter().map(|part| part.workspace).max().unwrap_or(0);
    let reads = parts.iter().map(|part| part.reads).sum();
    let needs = parts.iter().flat_map(|part| part.needs.iter().cloned()).collect();
    let make: Make = Arc::new(move |context, mut chunks: &[Chunk]| {
        let mut frames = Vec::with_capacity(parts.len());
        for part in &parts {
            let own;
            (own, chunks) = chunks.split_at(part.needs.len());
            frames.push((part.make)(context, own)?);
        }
        // Rows that are put in one piece are there twice for a moment: column by column.
        Ok::<_, CodeError>(concat(frames, &schema)?)
    });
    Part { needs, make, workspace, reads, bytes }
}

/// Each partition cut evenly.
struct CutNode {
    input: Arc<Shared>,
    partitions: usize,
}

impl Node for CutNode {
    fn label(&self) -> &'static str {
        "repartition"
    }

    fn schema(&self) -> &SchemaRef {
        self.input.schema()
    }

    fn partitions(&self) -> usize {
        self.partitions
    }

    fn estimate(&self) -> Estimate {
        self.input.estimate().clone()
    }

    fn parts(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        let chunks = self.input.chunks(layers, wanted)?;
        let (bytes, each) = (self.input.partition_bytes(wanted), merged(self.partitions, chunks.len()));
        let cut = chunks.into_iter().zip(each).flat_map(|(chunk, pieces)| {
            let count = pieces.len();
            (0..count).map(move |piece| {
                Part::of_task(chunk.clone(), bytes).then(bytes / count as u64, move |frame| {
                    let border = |piece| frame.height() * piece / count;
                    Ok(copied(&frame, border(piece), border(piece + 1) - border(piece))?)
                })
            })
        });
        Ok(Some(cut.collect()))
    }
}
