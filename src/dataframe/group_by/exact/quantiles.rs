//! Quantiles by rank, in what is sorted by keys and value.

use std::sync::Arc;

use polars::prelude::{
    Column, DataFrame as PolarsFrame, DataType, IdxCa, IdxSize, IntoLazy, PlSmallStr, PolarsResult, QuantileMethod,
    SortMultipleOptions, col, len,
};

use super::super::super::DataFrame;
use super::super::super::alone::alone;
use super::super::super::compute::concat;
use super::super::super::frame::Frame;
use super::super::super::node::{Make, Part, Wanted};
use super::super::{By, GroupNode};
use super::{Exact, Kind, ROWS, VALUE, add_one, with_column, with_value};
use crate::chunk::{Chunk, CodeError, Encoded, Value};
use crate::dataframe::tasks::add_tasks;
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task, TaskContext};

/// The column of what was picked that says where it stood.
const AT: PlSmallStr = PlSmallStr::from_static("__at");

/// Which quantile, and what it is between two values.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Quantile {
    pub(in super::super) at: f64,
    pub(in super::super) method: QuantileMethod,
}

impl Quantile {
    /// The ranks between which it lies among `count` values, and how far from the first, as polars has it.
    fn ranks(self, count: u64) -> (u64, u64, f64) {
        let at = (count - 1) as f64 * self.at;
        match self.method {
            QuantileMethod::Nearest => (at.round() as u64, at.round() as u64, 0.0),
            QuantileMethod::Lower => (at as u64, at as u64, 0.0),
            QuantileMethod::Higher => (at.ceil() as u64, at.ceil() as u64, 0.0),
            _ => (at as u64, at.ceil() as u64, at - at.floor()),
        }
    }

    fn between(self, low: f64, high: f64, share: f64) -> f64 {
        match self.method {
            QuantileMethod::Midpoint if low != high => f64::midpoint(low, high),
            QuantileMethod::Linear if low != high => share * (high - low) + low,
            _ => low,
        }
    }
}

/// Quantiles of one input: one row for each group that has a value.
pub(super) fn build(node: &GroupNode, layers: &mut Layers, table: &DataFrame, exact: &[Exact]) -> Result<Key> {
    let quantile = |exact: &Exact| match exact.kind {
        Kind::Quantile(quantile) => Some((exact.name.clone(), quantile)),
        Kind::Distinct => None,
    };
    let quantiles: Arc<[(PlSmallStr, Quantile)]> = exact.iter().filter_map(quantile).collect();
    let values = with_value(node, table, &exact[0].input).filter(col(VALUE).is_not_null());
    let by: Vec<PlSmallStr> = node.by.names.iter().cloned().chain([VALUE]).collect();
    let sorted = values.sort(&by, SortMultipleOptions::default());
    if let Some(error) = sorted.failure {
        return Err(error);
    }
    let (chunks, bytes) = (sorted.node.chunks(layers, &Wanted::all())?, node.answer_bytes());
    let part_bytes = sorted.node.partition_bytes(&Wanted::all());
    let counts = chunks.iter().map(|chunk| {
        let by = node.by.clone();
        let part = Part::of_task(chunk.clone(), part_bytes);
        part.then(bytes, move |frame| Ok(by.of_partials(frame.lazy(), &[len().alias(ROWS)]).collect()?))
    });
    let counts = add_tasks(layers, "group_by_counts", counts.collect());
    let ranks = build_ranks(node, layers, counts, sorted.schema());
    let picks = chunks.into_iter().enumerate().map(|(number, chunk)| {
        let quantiles = quantiles.clone();
        let make: Make = Arc::new(move |_, chunks: &[Chunk]| {
            let (frame, ranks) = (Frame::of(&chunks[0])?, chunks[1].get::<Ranks>()?);
            Ok::<_, CodeError>(alone(|| ranks.pick(&quantiles, number, &frame))?)
        });
        Part { needs: vec![chunk, ranks.clone()], make, workspace: bytes, reads: 0, bytes }
    });
    let picks = add_tasks(layers, "group_by_picks", picks.collect());
    let needs = [vec![ranks], picks].concat();
    let make: Make = Arc::new(move |_, chunks: &[Chunk]| {
        let picks = chunks[1..].iter().map(Frame::of).collect::<Result<Vec<_>>>()?;
        let ranks = chunks[0].get::<Ranks>()?;
        Ok::<_, CodeError>(alone(|| ranks.answers(&quantiles, &picks))?)
    });
    Ok(add_one(layers, "group_by_quantiles", Part { needs, make, workspace: 2 * bytes, reads: 0, bytes }))
}

/// Adds the task that puts together how many rows each group has, and each partition.
fn build_ranks(node: &GroupNode, layers: &mut Layers, counts: Vec<Key>, sorted: &polars::prelude::Schema) -> Key {
    let (by, schema, bytes) = (node.by.clone(), with_column(node, sorted, ROWS), node.answer_bytes());
    let run = move |_: &TaskContext<'_>, chunks: &[Chunk]| {
        let counts = chunks.iter().map(Frame::of).collect::<Result<Vec<_>>>()?;
        Ok(Chunk::new(alone(|| {
            let partitions = counts.iter().map(|counts| Ok(numbers(counts)?.iter().sum()));
            let partitions = partitions.collect::<PolarsResult<Vec<u64>>>()?;
            Ranks::new(&by, concat(counts, &schema)?, &partitions)
        })?))
    };
    let key = Key::new(layers.name("group_by_ranks"));
    layers.add(Task::new(key.clone(), counts, Arc::new(run)).output(Size::Estimated(bytes)).workspace(2 * bytes));
    key
}

/// Numbers of rows.
fn numbers(counts: &PolarsFrame) -> PolarsResult<Vec<u64>> {
    let counts = counts.column(&ROWS)?.cast(&DataType::UInt64)?;
    Ok(counts.u64()?.iter().map(|count| count.unwrap_or(0)).collect())
}

/// Where the rows of each group are, in what is sorted.
struct Ranks {
    keys: PolarsFrame,
    /// Of each group.
    counts: Vec<u64>,
    /// The first row of each partition, and the end of the last.
    partitions: Vec<u64>,
}

impl Ranks {
    fn new(by: &By, counts: PolarsFrame, partitions: &[u64]) -> PolarsResult<Self> {
        let summed = by.of_partials(counts.lazy(), &[col(ROWS).sum().alias(ROWS)]).collect()?;
        let counts = numbers(&summed)?;
        let ends = partitions.iter().scan(0, |end, rows| {
            *end += rows;
            Some(*end)
        });
        Ok(Self { keys: summed.drop(&ROWS)?, counts, partitions: std::iter::once(0).chain(ends).collect() })
    }

    /// For each group, if it has values, the rows between which a quantile lies, and how far from the first.
    fn rows(&self, quantile: Quantile) -> impl Iterator<Item = Option<(u64, u64, f64)>> {
        let mut next = 0;
        self.counts.iter().map(move |&count| {
            let start = next;
            next += count;
            (count > 0).then(|| {
                let (low, high, share) = quantile.ranks(count);
                (start + low, start + high, share)
            })
        })
    }

    /// The rows that quantiles lie between, of partition `number`: their values, and where they stand in all.
    fn pick(
        &self,
        quantiles: &[(PlSmallStr, Quantile)],
        number: usize,
        frame: &PolarsFrame,
    ) -> PolarsResult<PolarsFrame> {
        let (start, end) = (self.partitions[number], self.partitions[number + 1]);
        let rows = quantiles.iter().flat_map(|&(_, quantile)| self.rows(quantile).flatten());
        let mut rows: Vec<u64> =
            rows.flat_map(|(low, high, _)| [low, high]).filter(|row| (start..end).contains(row)).collect();
        rows.sort_unstable();
        rows.dedup();
        let local: Vec<IdxSize> = rows.iter().map(|row| (row - start) as IdxSize).collect();
        let values = frame.select([VALUE])?.take(&IdxCa::from_vec("".into(), local))?;
        let values = values.column(&VALUE)?.cast(&DataType::Float64)?;
        PolarsFrame::new(rows.len(), vec![values, Column::new(AT, rows)])
    }

    /// The quantiles of each group, by what was picked of all partitions, in their order.
    fn answers(&self, quantiles: &[(PlSmallStr, Quantile)], picks: &[PolarsFrame]) -> PolarsResult<PolarsFrame> {
        let (mut rows, mut values) = (Vec::new(), Vec::new());
        for pick in picks {
            rows.extend(pick.column(&AT)?.u64()?.iter().flatten());
            values.extend(pick.column(&VALUE)?.f64()?.iter().flatten());
        }
        let value = |row: u64| rows.binary_search(&row).map_or(f64::NAN, |at| values[at]);
        let mut columns = self.keys.columns().to_vec();
        for (name, quantile) in quantiles {
            let of_group = |(low, high, share): (u64, u64, f64)| quantile.between(value(low), value(high), share);
            let answers: Vec<Option<f64>> = self.rows(*quantile).map(|rows| rows.map(of_group)).collect();
            columns.push(Column::new(name.clone(), answers));
        }
        PolarsFrame::new(self.counts.len(), columns)
    }
}

impl Value for Ranks {
    fn unmetered_bytes(&self) -> u64 {
        self.keys.estimated_size() as u64 + 8 * (self.counts.len() + self.partitions.len()) as u64
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        None
    }

    fn describe(&self) -> Option<String> {
        Some(format!("the ranks of {} groups", self.counts.len()))
    }
}
