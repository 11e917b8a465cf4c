//! The expression behind a dataframe.
//!
//! A [`Node`] is one operation. What each of its partitions takes is a [`Part`]: a function that makes the partition inside of
//! whatever task needs it, so that a chain of operations row by row, its source below and the partial aggregation above are
//! one task, and no frame between them is ever a chunk. Operations that need rows of several partitions are *built*: tasks
//! make their partitions, as chunks.
//!
//! Who needs partitions says what it [`Wanted`] of them: columns, so that no others are parsed, read or shuffled; and rows, so
//! that a source may leave out what it knows to be without any of them.
//!
//! How many rows there are, and what they are like, is [estimated](Estimate) from samples of the sources. The sizes of tasks,
//! the number of partitions behind a shuffle and the choice between ways to group and join depend on nothing else, so that
//! they are the same at any limit and number of threads (**D1**).

use std::any::Any;
use std::sync::{Arc, OnceLock};

use polars::prelude::{DataFrame as PolarsFrame, Expr, PlSmallStr, SchemaRef};

use super::alone::alone;
use super::divisions::Divisions;
use super::estimate::Estimate;
use super::frame::Frame;
use super::rows::Step;
use super::tasks::add_tasks;
use crate::chunk::{Chunk, CodeError};
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task, TaskContext};

/// An operation.
pub(super) trait Node: Send + Sync + 'static {
    fn label(&self) -> &str;

    fn schema(&self) -> &SchemaRef;

    fn partitions(&self) -> usize;

    /// What its rows are like, all columns.
    fn estimate(&self) -> Estimate;

    /// Between which keys the rows of each partition lie, where that is known.
    fn divisions(&self) -> Option<&Divisions> {
        None
    }

    /// The operations row by row that it is, and on what, if it is such.
    fn steps(&self) -> Option<(&Arc<Shared>, &[Step])> {
        None
    }

    /// How each partition is made, with at least the wanted columns, inside of a task; None where tasks of its own make it.
    fn parts(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        let _ = (layers, wanted);
        Ok(None)
    }

    /// Adds the tasks that make its partitions, with at least the wanted columns.
    fn build(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Vec<Key>> {
        let _ = (layers, wanted);
        unreachable!("{} is made inside of tasks", self.label())
    }
}

/// What is wanted of a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// The columns, in the order of the schema; all, where None.
    pub(super) columns: Option<Arc<[PlSmallStr]>>,
    /// Rows for which this doesn't hold may be missing.
    pub(super) rows: Option<Expr>,
}

impl Wanted {
    pub(super) fn all() -> Self {
        Self::default()
    }

    /// Those of `schema` that `is_wanted`.
    pub(super) fn columns_of(schema: &SchemaRef, is_wanted: impl Fn(&PlSmallStr) -> bool) -> Self {
        let columns: Vec<PlSmallStr> = schema.iter_names().filter(|name| is_wanted(name)).cloned().collect();
        let columns = if columns.len() == schema.len() { None } else { Some(columns.into()) };
        Self { columns, rows: None }
    }

    /// The wanted columns of `schema`.
    pub(super) fn of(&self, schema: &SchemaRef) -> SchemaRef {
        if self.columns.is_none() {
            return schema.clone();
        }
        let wanted = schema.iter().filter(|(name, _)| self.has(name));
        Arc::new(wanted.map(|(name, dtype)| (name.clone(), dtype.clone())).collect())
    }

    /// The same, and the first column of `schema` where there is none: a frame without a column would forget how many rows it
    /// has.
    pub(super) fn or_first(self, schema: &SchemaRef) -> Self {
        let is_empty = self.columns.as_ref().is_some_and(|columns| columns.is_empty());
        if is_empty { Self { columns: Some(schema.iter_names().take(1).cloned().collect()), ..self } } else { self }
    }

    /// The same columns, all rows.
    pub(super) fn of_all_rows(&self) -> Self {
        Self { columns: self.columns.clone(), rows: None }
    }

    /// Whether `name` is wanted.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.as_ref().is_none_or(|columns| columns.iter().any(|column| column == name))
    }

    /// Whether who made what `self` wants has made what `other` wants.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let columns = match (&self.columns, &other.columns) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(others)) => others.iter().all(|column| mine.contains(column)),
        };
        columns && (self.rows.is_none() || self.rows == other.rows)
    }
}

/// Makes a partition from the values of what it needs.
pub(super) type Make = Arc<dyn Fn(&TaskContext<'_>, &[Chunk]) -> Result<PolarsFrame, CodeError> + Send + Sync>;

/// How one partition is made inside of a task.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) needs: Vec<Key>,
    pub(super) make: Make,
    /// Bytes that it takes while it is made, beside the result.
    pub(super) workspace: u64,
    /// Stored bytes that it reads.
    pub(super) reads: u64,
    /// About the bytes of the result.
    pub(super) bytes: u64,
}

impl Part {
    /// The partition that the task `key` makes.
    pub(super) fn of_task(key: Key, bytes: u64) -> Self {
        let make: Make = Arc::new(|_, chunks| Ok(Frame::of(&chunks[0])?));
        Self { needs: vec![key], make, workspace: 0, reads: 0, bytes }
    }

    /// What `then` makes of it, of about `bytes` bytes.
    pub(super) fn then(
        self,
        bytes: u64,
        then: impl Fn(PolarsFrame) -> Result<PolarsFrame, CodeError> + Send + Sync + 'static,
    ) -> Self {
        let make = self.make;
        let workspace = self.workspace + self.bytes;
        let make: Make = Arc::new(move |context, chunks| {
            let frame = make(context, chunks)?;
            alone(|| then(frame))
        });
        Self { make, workspace, bytes, ..self }
    }

    /// What `then` makes of it and `other`, of about `bytes` bytes.
    pub(super) fn with(
        self,
        other: Self,
        bytes: u64,
        then: impl Fn(PolarsFrame, PolarsFrame) -> Result<PolarsFrame, CodeError> + Send + Sync + 'static,
    ) -> Self {
        let (first, own, others) = (self.make, self.needs.len(), other.make);
        let make: Make = Arc::new(move |context, chunks| {
            let (first, other) = (first(context, &chunks[..own])?, others(context, &chunks[own..])?);
            alone(|| then(first, other))
        });
        let workspace = self.workspace + self.bytes + other.workspace + other.bytes;
        Self { needs: [self.needs, other.needs].concat(), make, workspace, reads: self.reads + other.reads, bytes }
    }

    /// A task that makes it a chunk.
    pub(super) fn task(self, key: Key) -> Task {
        let Self { needs, make, workspace, reads, bytes } = self;
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| Ok(Frame::chunk(make(context, chunks)?));
        Task::new(key, needs, Arc::new(run))
            .output(Size::Estimated(bytes))
            .workspace(workspace)
            .reads(reads)
            .spillable()
    }
}

/// A node that has been shared: its address is its identity.
pub(super) struct Shared {
    /// Taken when it is dropped.
    node: Option<Box<dyn Node>>,
    estimate: OnceLock<Estimate>,
}

/// What was built for a node, and for which wants.
struct Built(Wanted, Vec<Key>);

impl Shared {
    pub(super) fn new(node: impl Node) -> Arc<Self> {
        Arc::new(Self { node: Some(Box::new(node)), estimate: OnceLock::new() })
    }

    pub(super) fn node(&self) -> &dyn Node {
        self.node.as_deref().unwrap_or_else(|| unreachable!("a node that is being dropped is not used"))
    }

    pub(super) fn label(&self) -> &str {
        self.node().label()
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        self.node().schema()
    }

    pub(super) fn partitions(&self) -> usize {
        self.node().partitions()
    }

    pub(super) fn divisions(&self) -> Option<&Divisions> {
        self.node().divisions()
    }

    pub(super) fn estimate(&self) -> &Estimate {
        self.estimate.get_or_init(|| self.node().estimate())
    }

    /// About the bytes of a partition of the wanted columns.
    pub(super) fn partition_bytes(&self, wanted: &Wanted) -> u64 {
        self.estimate().bytes(self.schema(), wanted) / self.partitions().max(1) as u64
    }

    /// How its partitions are made inside of tasks, with at least the wanted columns.
    pub(super) fn parts(self: &Arc<Self>, layers: &mut Layers, wanted: &Wanted) -> Result<Vec<Part>> {
        if self.built(layers, wanted).is_none()
            && let Some(parts) = self.node().parts(layers, wanted)?
        {
            return Ok(parts);
        }
        let bytes = self.partition_bytes(wanted);
        Ok(self.chunks(layers, wanted)?.into_iter().map(|key| Part::of_task(key, bytes)).collect())
    }

    /// Its partitions as chunks, with at least the wanted columns. Built once in these layers, where that will do.
    pub(super) fn chunks(self: &Arc<Self>, layers: &mut Layers, wanted: &Wanted) -> Result<Vec<Key>> {
        if let Some(keys) = self.built(layers, wanted) {
            return Ok(keys);
        }
        let keys = match self.node().parts(layers, wanted)? {
            Some(parts) => add_tasks(layers, self.label(), parts),
            None => self.node().build(layers, wanted)?,
        };
        layers.remember(self.expression(), Arc::new(Built(wanted.clone(), keys.clone())));
        Ok(keys)
    }

    fn built(self: &Arc<Self>, layers: &Layers, wanted: &Wanted) -> Option<Vec<Key>> {
        let built = layers.find::<Built>(&self.expression())?;
        built.0.covers(wanted).then(|| built.1.clone())
    }

    fn expression(self: &Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self.clone()
    }
}

impl Drop for Shared {
    /// The end of a long chain would end its inputs inside of each other.
    fn drop(&mut self) {
        let node = self.node.take();
        stacker::maybe_grow(128 << 10, 1 << 20, || drop(node));
    }
}
