//! Rows that look at their neighbours: some rows are carried over the borders of partitions.
//!
//! ```text
//! partition 0 ── its last rows ── carried ─┐
//! partition 1 ── its last rows ────────────┼─ carried ─┐
//!                                      partition 1   partition 2 ──> …
//! ```
//!
//! What is carried over a border is what the rows behind it may look at: so many rows, or those of a duration. It may come from
//! several partitions, where these are short or have no rows; so it goes from one to the next, while partitions themselves are
//! made in any order. In the other direction it is the same.

use std::sync::Arc;

use polars::prelude::{
    DataFrame as PolarsFrame, Expr, IdxCa, IdxSize, IntoLazy, LazyFrame, PlSmallStr, PolarsResult, SchemaRef, col,
};

use super::super::DataFrame;
use super::super::alone::alone;
use super::super::compute::concat;
use super::super::estimate::{Estimate, completed, empty};
use super::super::frame::Frame;
use super::super::node::{Make, Node, Part, Shared, Wanted};
use super::super::rows::columns_scanned;
use super::super::tasks::add_tasks;
use crate::chunk::{Chunk, CodeError};
use crate::error::Result;
use crate::graph::{Key, Layers};

/// Of rows on one side of a border, those that rows on the other side look at.
pub(super) type Keep = Arc<dyn Fn(&PolarsFrame) -> PolarsResult<PolarsFrame> + Send + Sync>;

/// An operation that gives each row something of the rows around it.
#[derive(Clone)]
pub(super) struct Overlap {
    pub(super) label: &'static str,
    /// What is carried forward, and backward.
    pub(super) before: Option<Keep>,
    pub(super) after: Option<Keep>,
    /// About so many rows that is.
    pub(super) carried: f64,
    /// Gives as many rows as it gets.
    pub(super) apply: Arc<dyn Fn(LazyFrame) -> LazyFrame + Send + Sync>,
    /// Columns that it looks at beside those that `apply` reads.
    pub(super) needs: Vec<PlSmallStr>,
    /// Whether what it makes of a sample is like what it makes of all rows.
    pub(super) of_sample: bool,
}

impl Overlap {
    /// This operation on `table`.
    pub(super) fn of(self, table: &DataFrame) -> Result<DataFrame, String> {
        let input = table.node().clone();
        let lazy = (self.apply)(empty(input.schema()).lazy());
        let schema = alone(|| lazy.clone().collect_schema()).map_err(|error| error.to_string())?;
        // Expressions of polars are checked when they are computed, too: here without a row.
        alone(|| lazy.collect()).map_err(|error| error.to_string())?;
        Ok(DataFrame::of(OverlapNode { input, overlap: self, schema }))
    }
}

/// The last rows of a frame, up to `rows`.
pub(super) fn last(rows: usize) -> Keep {
    Arc::new(move |frame| {
        let kept = rows.min(frame.height());
        copied(frame, frame.height() - kept, kept)
    })
}

/// The first rows of a frame, up to `rows`.
pub(super) fn first(rows: usize) -> Keep {
    Arc::new(move |frame| copied(frame, 0, rows.min(frame.height())))
}

/// Some rows of a frame, in memory of their own: a slice would keep the whole.
pub(in super::super) fn copied(frame: &PolarsFrame, start: usize, length: usize) -> PolarsResult<PolarsFrame> {
    let rows: Vec<IdxSize> = (start..start + length).map(|row| row as IdxSize).collect();
    frame.take(&IdxCa::from_vec("".into(), rows))
}

struct OverlapNode {
    input: Arc<Shared>,
    overlap: Overlap,
    schema: SchemaRef,
}

impl OverlapNode {
    /// What of the input is wanted for `wanted`.
    fn needed(&self, wanted: &Wanted) -> Wanted {
        let input = self.input.schema();
        let lazy = self.selected((self.overlap.apply)(empty(input).lazy()), wanted);
        match alone(|| lazy.to_alp_optimized()).ok().and_then(|plan| columns_scanned(&plan)) {
            Some(columns) => {
                Wanted::columns_of(input, |name| columns.contains(name) || self.overlap.needs.contains(name))
            }
            None => Wanted::all(),
        }
    }

    fn selected(&self, lazy: LazyFrame, wanted: &Wanted) -> LazyFrame {
        lazy.select(self.names(wanted))
    }

    /// The wanted columns; one at least, since a frame without any would forget how many rows it has.
    fn names(&self, wanted: &Wanted) -> Vec<Expr> {
        let names = self.schema.iter_names().filter(|name| wanted.has(name));
        let names: Vec<Expr> = names.map(|name| col(name.clone())).collect();
        if names.is_empty() { self.schema.iter_names().take(1).map(|name| col(name.clone())).collect() } else { names }
    }

    /// What is carried over the borders before each of `chunks`, in their order, if anything is.
    fn carried(
        &self,
        layers: &mut Layers,
        keep: &Keep,
        chunks: &[Key],
        schema: &SchemaRef,
        forward: bool,
    ) -> Vec<Option<Key>> {
        let bytes = self.overlap.carried * self.input.estimate().bytes(schema, &Wanted::all()) as f64
            / self.input.estimate().rows.max(1.0);
        let kept = |needs: Vec<Key>| {
            let (keep, schema) = (keep.clone(), schema.clone());
            let make: Make = Arc::new(move |_, chunks: &[Chunk]| {
                let frames = chunks.iter().map(Frame::of).collect::<Result<_>>()?;
                Ok::<_, CodeError>(alone(|| keep(&concat(frames, &schema)?))?)
            });
            Part { needs, make, workspace: bytes as u64, reads: 0, bytes: bytes as u64 }
        };
        let edges = chunks.iter().map(|chunk| kept(vec![chunk.clone()])).collect();
        let edges = add_tasks(layers, &format!("{}_edge", self.overlap.label), edges);
        let name = layers.name(&format!("{}_carried", self.overlap.label));
        let mut carried: Vec<Option<Key>> = vec![None; 1];
        // The last one has nobody behind it.
        for (number, edge) in edges.iter().enumerate().take(chunks.len() - 1) {
            let before = carried[number].clone();
            let key = match before {
                None => edge.clone(),
                Some(before) => {
                    let key = Key::indexed(name.clone(), [number as u32]);
                    let needs = if forward { vec![before, edge.clone()] } else { vec![edge.clone(), before] };
                    layers.add(kept(needs).task(key.clone()));
                    key
                }
            };
            carried.push(Some(key));
        }
        carried
    }
}

impl Node for OverlapNode {
    fn label(&self) -> &'static str {
        self.overlap.label
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.input.partitions()
    }

    fn estimate(&self) -> Estimate {
        let Estimate { rows, sample } = self.input.estimate().clone();
        // Of neighbours in the sample instead of those in the table: values of the right kind.
        let sample = sample.filter(|_| self.overlap.of_sample);
        let sample = sample.and_then(|sample| alone(|| (self.overlap.apply)(sample.lazy()).collect()).ok());
        Estimate { rows, sample }
    }

    fn build(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Vec<Key>> {
        let needed = self.needed(wanted);
        let schema = needed.of(self.input.schema());
        let mut chunks = self.input.chunks(layers, &needed)?;
        let (count, input_bytes) = (chunks.len(), self.input.partition_bytes(&needed));
        let nothing = || vec![None; count];
        let before = match &self.overlap.before {
            Some(keep) if count > 0 => self.carried(layers, keep, &chunks, &schema, true),
            _ => nothing(),
        };
        let after = match &self.overlap.after {
            Some(keep) if count > 0 => {
                chunks.reverse();
                let mut after = self.carried(layers, keep, &chunks, &schema, false);
                chunks.reverse();
                after.reverse();
                after
            }
            _ => nothing(),
        };
        let bytes = self.estimate().bytes(&self.schema, wanted) / count.max(1) as u64;
        let part = |((chunk, before), after): ((Key, Option<Key>), Option<Key>)| {
            let own = usize::from(before.is_some());
            let needs: Vec<Key> = before.into_iter().chain([chunk]).chain(after).collect();
            let (apply, schema) = (self.overlap.apply.clone(), schema.clone());
            let (all, names) = (self.input.schema().clone(), self.names(wanted));
            let make: Make = Arc::new(move |_, chunks: &[Chunk]| {
                let frames = chunks.iter().map(Frame::of).collect::<Result<Vec<_>>>()?;
                let start = frames[..own].iter().map(PolarsFrame::height).sum::<usize>();
                let length = frames[own].height();
                let made = alone(|| {
                    // Nobody reads what it was made without, but expressions name it.
                    let rows = completed(concat(frames, &schema)?, &all)?;
                    apply(rows.lazy()).select(&names).collect()
                })?;
                Ok::<_, CodeError>(made.slice(start as i64, length))
            });
            Part { needs, make, workspace: 2 * input_bytes + bytes, reads: 0, bytes }
        };
        let parts = chunks.into_iter().zip(before).zip(after).map(part).collect();
        Ok(add_tasks(layers, self.overlap.label, parts))
    }
}
