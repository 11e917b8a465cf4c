//! Sorting: rows go to ranges of keys, and are sorted there.
//!
//! ```text
//! partitions ── split at borders ── pieces ──> sorted partitions                         (borders from the estimate)
//! keys of partitions ── samples ── borders ─┐
//! partitions ── split at borders ───────────┴─ pieces ──> sorted partitions              (borders from the rows)
//! ```
//!
//! Borders are quantiles of a sample. Where the source could be sampled beforehand, and what it has is spread evenly enough,
//! borders are known. Else all partitions are sampled first. What comes straight from files or memory is read twice for that,
//! its keys alone at first; anything else waits, as chunks, until all of it has been sampled.

mod borders;
mod keys;

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{Column, PlSmallStr, SchemaRef, SortMultipleOptions};

use super::DataFrame;
use super::alone::alone;
use super::divisions::Divisions;
use super::estimate::Estimate;
use super::node::{Node, Part, Shared, Wanted};
use super::shuffle::{Place, Shuffle, partitions_for};
use super::tasks::{add_tasks, gathered};
use crate::chunk::{Chunk, Encoded, Value};
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task, TaskContext};
pub(super) use borders::{Border, places};
use borders::{Sampled, Ties, is_even, keeps_ties, sampled, sampled_partition};
pub(super) use keys::SortKeys;

/// So many sampled rows a partition is cut by, at the least: in what was sampled beforehand, and in what is sampled in the run.
const SAMPLED_BEFORE: usize = 16;
const SAMPLED_IN_RUN: usize = 64;

/// Bytes of a row while it is sorted, beside its key: the first bytes of that, where it is, and the row's number.
const SORTED_BYTES: u64 = 32;

/// So many rows of a partition are sampled at the least.
const LEAST_SAMPLED: usize = 16;

impl DataFrame {
    /// The rows sorted by the columns `by`. Each may be descending, and have its nulls first (as polars does it) or last; NaN is
    /// the greatest number. Rows that are equal keep their order, also where `maintain_order` isn't asked for; how many threads
    /// sort is the session's matter, and `limit` is none of an operation that keeps all rows.
    ///
    /// What comes straight from files may be read twice, the second time after it is known where rows go; so functions of
    /// [`map_partitions`](Self::map_partitions) between may be called twice.
    ///
    /// Impossible where a column is not there, or options are for another number of columns.
    ///
    /// ```
    /// use polars::prelude::{SortMultipleOptions, df};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = df!["key" => ["b", "a", "b"], "x" => [1, 2, 3]]?;
    /// let options = SortMultipleOptions::default().with_order_descending_multi([false, true]);
    /// let sorted = DataFrame::from_polars(table, 2).sort(["key", "x"], options);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&sorted)?, df!["key" => ["a", "b", "b"], "x" => [2, 3, 1]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    #[doc(alias = "sort_values")]
    pub fn sort(&self, by: impl IntoIterator<Item = impl AsRef<str>>, options: SortMultipleOptions) -> Self {
        let by = by.into_iter().map(|name| PlSmallStr::from_str(name.as_ref())).collect();
        match SortKeys::new(by, &options, self.schema()) {
            Ok(keys) => self.sorted(keys, Ties::Cut),
            Err(problem) => self.fail("sort", Location::caller(), problem),
        }
    }

    /// The rows sorted by one column, ascending and nulls first, with all rows of a value in one partition. Where the source was
    /// sampled, it is known beforehand [which values lie where](Self::divisions): then [`between`](Self::between) makes no other
    /// partitions than it needs, and groups by the column need not be shuffled.
    ///
    /// A value that very many rows have makes a large partition: [`sort`](Self::sort) cuts it.
    ///
    /// Impossible where the column is not there.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["day" => [3, 1, 2, 1]]?, 2).set_index("day");
    /// assert_eq!(table.divisions().map(|divisions| divisions.by()), Some("day"));
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table)?, df!["day" => [1, 1, 2, 3]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn set_index(&self, by: &str) -> Self {
        if !self.schema().contains(by) {
            return self.fail("set_index", Location::caller(), format!("there is no column {by:?}"));
        }
        self.sorted(SortKeys::ascending([PlSmallStr::from_str(by)]), Ties::Together)
    }

    /// The rows sorted by `keys`, cut at `borders`.
    pub(super) fn sorted_at(&self, keys: SortKeys, borders: Vec<Border>, divisions: Option<Divisions>) -> Self {
        let cut = if borders.is_empty() { Cut::One } else { Cut::At(borders.into()) };
        Self::of(SortNode { input: self.node().clone(), keys: Arc::new(keys), cut, divisions })
    }

    fn sorted(&self, keys: SortKeys, ties: Ties) -> Self {
        if self.failure.is_some() {
            return self.clone();
        }
        Self::of(SortNode::new(self.node().clone(), keys, ties))
    }
}

/// Where rows are cut.
enum Cut {
    /// Nowhere.
    One,
    /// At borders that are known.
    At(Arc<[Border]>),
    /// Into so many partitions, at borders that are found in the run.
    Sampled(usize, Ties),
}

/// A sorted table.
struct SortNode {
    input: Arc<Shared>,
    keys: Arc<SortKeys>,
    cut: Cut,
    divisions: Option<Divisions>,
}

impl SortNode {
    fn new(input: Arc<Shared>, keys: SortKeys, ties: Ties) -> Self {
        let into = partitions_for(input.estimate().bytes(input.schema(), &Wanted::all()));
        let (cut, borders) = if into == 1 {
            let none = keys.single_ascending().and_then(|by| input.schema().get(by));
            (Cut::One, none.map(|dtype| Column::new_empty(keys.by[0].clone(), dtype)))
        } else {
            match alone(|| known_borders(&input, &keys, into, ties)) {
                Some((borders, values)) => (Cut::At(borders), values),
                None => (Cut::Sampled(into, ties), None),
            }
        };
        let divisions = borders.and_then(|borders| Divisions::new(&borders));
        Self { input, keys: Arc::new(keys), cut, divisions }
    }

    /// `part`, of the columns `wanted`, sorted.
    fn sorted(&self, part: Part, wanted: &Wanted) -> Part {
        let (keys, bytes, own) = (self.keys.clone(), part.bytes, part.workspace);
        let mut part = part.then(bytes, move |frame| Ok(keys.sort(&frame)?));
        if !matches!(self.cut, Cut::One) {
            // Pieces lie where they are; their columns are put in one piece one by one.
            part.workspace = own + 2 * bytes / wanted.of(self.schema()).len().max(1) as u64;
        }
        let rows = (self.input.estimate().rows / self.partitions() as f64) as u64;
        part.workspace += self.key_bytes(self.partitions()) + SORTED_BYTES * rows;
        part
    }

    /// The columns that are sorted by.
    fn keys(&self) -> Wanted {
        Wanted::columns_of(self.schema(), |name| self.keys.by.contains(name))
    }

    /// About the bytes of a partition's encoded keys, if there are so many partitions.
    fn key_bytes(&self, partitions: usize) -> u64 {
        let bytes = self.input.estimate().bytes(self.schema(), &self.keys()) / partitions.max(1) as u64;
        bytes + bytes / 4
    }

    /// Parts whose keys will be encoded.
    fn encoded(&self, mut parts: Vec<Part>) -> Vec<Part> {
        let bytes = self.key_bytes(self.input.partitions());
        parts.iter_mut().for_each(|part| part.workspace += bytes);
        parts
    }

    fn shuffled(&self, layers: &mut Layers, parts: Vec<Part>, wanted: &Wanted) -> Result<Vec<Part>> {
        let schema = wanted.of(self.input.schema());
        match &self.cut {
            Cut::One if parts.len() == 1 => Ok(parts),
            Cut::One => {
                let bytes = parts.iter().map(|part| part.bytes).sum();
                let keys = add_tasks(layers, "sort_rows", parts);
                Ok(vec![gathered(&keys, schema, bytes)])
            }
            Cut::At(borders) => {
                let (keys, borders) = (self.keys.clone(), borders.clone());
                let into = borders.len() + 1;
                let place: Place = Arc::new(move |frame, _, partition| Ok(places(&keys, &borders, frame, partition)?));
                Ok(Shuffle { into, place, needs: Vec::new() }.build(layers, "sort", self.encoded(parts), &schema))
            }
            Cut::Sampled(into, ties) => {
                let keys = self.input.parts(layers, &self.keys())?;
                let (keys, parts) = if keys.iter().all(|part| part.needs.is_empty()) {
                    (keys, self.input.parts(layers, wanted)?)
                } else {
                    let bytes = self.input.partition_bytes(wanted);
                    let chunks = self.input.chunks(layers, wanted)?;
                    let parts: Vec<Part> = chunks.into_iter().map(|key| Part::of_task(key, bytes)).collect();
                    (parts.clone(), parts)
                };
                let needs = vec![self.build_borders(layers, keys, *into, *ties)];
                let parts = self.encoded(parts);
                let keys = self.keys.clone();
                let place: Place = Arc::new(move |frame, needs, partition| {
                    Ok(places(&keys, &needs[0].get::<Borders>()?.0, frame, partition)?)
                });
                Ok(Shuffle { into: *into, place, needs }.build(layers, "sort", parts, &schema))
            }
        }
    }

    /// Adds the tasks that find borders of the partitions whose keys are `parts`.
    fn build_borders(&self, layers: &mut Layers, parts: Vec<Part>, into: usize, ties: Ties) -> Key {
        let name = layers.name("sort_sample");
        let count = (SAMPLED_IN_RUN * into).div_ceil(parts.len().max(1)).max(LEAST_SAMPLED);
        let sample = |(number, part): (usize, Part)| {
            let Part { needs, make, workspace, reads, bytes } = part;
            let keys = self.keys.clone();
            let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
                let frame = make(context, chunks)?;
                Ok(Chunk::new(Sample(alone(|| sampled_partition(&keys, &frame, number, count))?)))
            };
            let key = Key::indexed(name.clone(), [number as u32]);
            let task = Task::new(key.clone(), needs, Arc::new(run)).workspace(workspace + bytes).reads(reads);
            layers.add(task.output(Size::Estimated(count as u64 * SAMPLED_BYTES)));
            key
        };
        let samples: Vec<Key> = parts.into_iter().enumerate().map(sample).collect();
        let run = move |_: &TaskContext<'_>, chunks: &[Chunk]| {
            let samples = chunks.iter().map(|chunk| chunk.get::<Sample>()).collect::<Result<Vec<_>>>()?;
            let rows = samples.iter().flat_map(|sample| sample.0.iter().cloned()).collect();
            let borders = borders::borders(rows, into, ties);
            Ok(Chunk::new(Borders(borders.into_iter().map(|(border, _)| border).collect())))
        };
        let key = Key::new(layers.name("sort_borders"));
        let size = Size::Estimated(into as u64 * SAMPLED_BYTES);
        layers.add(Task::new(key.clone(), samples, Arc::new(run)).output(size));
        key
    }
}

/// Borders that the sample of `input` tells, if it tells enough; and their values, where those say which rows lie between them.
fn known_borders(input: &Shared, keys: &SortKeys, into: usize, ties: Ties) -> Option<(Arc<[Border]>, Option<Column>)> {
    let estimate = input.estimate();
    let sample = estimate.sample.as_ref()?;
    let rows = sampled(keys, sample, estimate.rows, input.partitions()).ok()?;
    let is_whole = estimate.rows <= sample.height() as f64;
    if !is_whole && (rows.len() < SAMPLED_BEFORE * into || !is_even(&rows, into)) {
        return None;
    }
    let borders = borders::borders(rows, into, ties);
    let known = keys.single_ascending().filter(|_| keeps_ties(borders.iter().map(|(border, _)| border)));
    let values = known.and_then(|by| {
        let numbers: Vec<u32> = borders.iter().map(|&(_, number)| number).collect();
        sample.column(by).ok()?.take_slice(&numbers).ok()
    });
    Some((borders.into_iter().map(|(border, _)| border).collect(), values))
}

impl Node for SortNode {
    fn label(&self) -> &'static str {
        "sort"
    }

    fn schema(&self) -> &SchemaRef {
        self.input.schema()
    }

    fn partitions(&self) -> usize {
        match &self.cut {
            Cut::One => 1,
            Cut::At(borders) => borders.len() + 1,
            Cut::Sampled(into, _) => *into,
        }
    }

    fn estimate(&self) -> Estimate {
        let Estimate { rows, sample } = self.input.estimate().clone();
        Estimate { rows, sample: sample.and_then(|sample| alone(|| self.keys.sort(&sample)).ok()) }
    }

    fn divisions(&self) -> Option<&Divisions> {
        self.divisions.as_ref()
    }

    fn build(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Vec<Key>> {
        let needed = self.keys.needed(self.schema(), wanted);
        let parts = match self.cut {
            Cut::Sampled(..) => Vec::new(),
            Cut::One | Cut::At(_) => self.input.parts(layers, &needed)?,
        };
        let parts = self.shuffled(layers, parts, &needed)?;
        let parts = parts.into_iter().map(|part| self.sorted(part, &needed)).collect();
        Ok(add_tasks(layers, "sort", parts))
    }
}

/// About the bytes of a sampled row.
const SAMPLED_BYTES: u64 = size_of::<Sampled>() as u64 + 32;

/// Sampled rows of a partition.
struct Sample(Vec<Sampled>);

impl Value for Sample {
    fn unmetered_bytes(&self) -> u64 {
        self.0.len() as u64 * SAMPLED_BYTES
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        None
    }

    fn describe(&self) -> Option<String> {
        Some(format!("{} sampled rows", self.0.len()))
    }
}

/// Borders that were found in the run.
struct Borders(Vec<Border>);

impl Value for Borders {
    fn unmetered_bytes(&self) -> u64 {
        self.0.len() as u64 * SAMPLED_BYTES
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        None
    }

    fn describe(&self) -> Option<String> {
        Some(format!("{} borders", self.0.len()))
    }
}
