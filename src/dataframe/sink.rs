//! Where tables go: tasks that do something with each partition.

use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, SchemaRef};

use super::DataFrame;
use super::estimate::Estimate;
use super::node::{Part, Wanted};
use crate::chunk::{Chunk, CodeError};
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task, TaskContext};

/// What is done with a partition: gets the values that a [`Sink`] needs, the partition's number, and the partition.
pub(crate) type Consume =
    Arc<dyn Fn(&TaskContext<'_>, &[Chunk], usize, PolarsFrame) -> Result<Chunk, CodeError> + Send + Sync>;

/// What is done with each partition, in the task that makes it.
pub(crate) struct Sink {
    pub(crate) label: &'static str,
    /// What each task needs beside its partition.
    pub(crate) needs: Vec<Key>,
    /// About the bytes of what it gives.
    pub(crate) output: u64,
    /// Bytes that it takes beside the partition and what it gives.
    pub(crate) workspace: u64,
    /// Whether what it gives can go to scratch.
    pub(crate) spillable: bool,
    pub(crate) consume: Consume,
}

impl DataFrame {
    /// Adds a task for each partition, which gives it to `sink` with the columns of the schema in their order. Their keys.
    pub(crate) fn add_sinks(&self, layers: &mut Layers, sink: &Sink) -> Result<Vec<Key>> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        let (node, wanted) = (self.node(), Wanted::all());
        // What another collection of the run may want too is made once.
        let parts = if layers.are_of_several() {
            let bytes = node.partition_bytes(&wanted);
            node.chunks(layers, &wanted)?.into_iter().map(|key| Part::of_task(key, bytes)).collect()
        } else {
            node.parts(layers, &wanted)?
        };
        let name = layers.name(sink.label);
        let add = |(number, part): (usize, Part)| {
            let key = Key::indexed(name.clone(), [number as u32]);
            layers.add(sink.task(key.clone(), number, part, self.schema().clone()));
            key
        };
        Ok(parts.into_iter().enumerate().map(add).collect())
    }

    /// What its rows are like.
    pub(crate) fn estimated(&self) -> &Estimate {
        self.node().estimate()
    }

    /// About the bytes of a partition.
    pub(crate) fn estimated_partition_bytes(&self) -> u64 {
        self.node().partition_bytes(&Wanted::all())
    }
}

impl Sink {
    fn task(&self, key: Key, number: usize, part: Part, schema: SchemaRef) -> Task {
        let Part { needs, make, workspace, reads, bytes } = part;
        let (own, consume) = (needs.len(), self.consume.clone());
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let frame = make(context, &chunks[..own])?;
            consume(context, &chunks[own..], number, frame.select(schema.iter_names_cloned())?)
        };
        let needs = [needs, self.needs.clone()].concat();
        let task = Task::new(key, needs, Arc::new(run)).output(Size::Estimated(self.output)).reads(reads);
        let task = task.workspace(workspace + bytes + self.workspace);
        if self.spillable { task.spillable() } else { task }
    }
}
