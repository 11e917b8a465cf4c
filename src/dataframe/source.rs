//! Where tables come from.

use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, Expr, PlSmallStr, SchemaRef};

use super::DataFrame;
use super::estimate::Estimate;
use super::node::{Make, Node, Part, Wanted};
use crate::chunk::CodeError;
use crate::error::Result;
use crate::graph::{Layers, TaskContext};

/// Something that partitions are read from, e.g. files.
pub(crate) trait TableSource: Send + Sync + 'static {
    /// The name of its tasks: `read_csv`.
    fn label(&self) -> &'static str;

    fn schema(&self) -> &SchemaRef;

    fn partitions(&self) -> usize;

    /// What its rows are like.
    fn estimate(&self) -> Estimate;

    /// What reading a partition with `columns` takes.
    fn cost(&self, partition: usize, columns: &[PlSmallStr]) -> ReadCost;

    /// Reads a partition: `columns`, in the order of the schema, at least one. Rows for which `rows` doesn't hold may be left
    /// out.
    fn read(
        &self,
        context: &TaskContext<'_>,
        partition: usize,
        columns: &[PlSmallStr],
        rows: Option<&Expr>,
    ) -> Result<PolarsFrame, CodeError>;
}

/// What reading a partition takes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReadCost {
    /// Bytes of memory beside the result.
    pub(crate) workspace: u64,
    /// Stored bytes that are read.
    pub(crate) reads: u64,
}

impl DataFrame {
    /// The table of a source.
    pub(crate) fn from_source(source: impl TableSource) -> Self {
        Self::of(SourceNode(Arc::new(source)))
    }
}

struct SourceNode(Arc<dyn TableSource>);

impl Node for SourceNode {
    fn label(&self) -> &str {
        self.0.label()
    }

    fn schema(&self) -> &SchemaRef {
        self.0.schema()
    }

    fn partitions(&self) -> usize {
        self.0.partitions()
    }

    fn estimate(&self) -> Estimate {
        self.0.estimate()
    }

    fn parts(&self, _: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        let schema = self.0.schema();
        let mut columns: Vec<PlSmallStr> = schema.iter_names().filter(|name| wanted.has(name)).cloned().collect();
        if columns.is_empty() {
            // For their number alone: those that take least to read.
            columns.extend(
                schema
                    .iter()
                    .find(|(_, dtype)| !dtype.is_string())
                    .or_else(|| schema.iter().next())
                    .map(|(name, _)| name.clone()),
            );
        }
        let columns: Arc<[PlSmallStr]> = columns.into();
        let bytes = self.0.estimate().bytes(schema, wanted) / self.partitions().max(1) as u64;
        let part = |partition| {
            let cost = self.0.cost(partition, &columns);
            let (source, columns, rows) = (self.0.clone(), columns.clone(), wanted.rows.clone());
            let make: Make = Arc::new(move |context, _| source.read(context, partition, &columns, rows.as_ref()));
            Part { needs: Vec::new(), make, workspace: cost.workspace, reads: cost.reads, bytes }
        };
        Ok(Some((0..self.partitions()).map(part).collect()))
    }
}
