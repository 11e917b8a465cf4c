//! Parquet files as a source of partitions.

use std::ops::Range;
use std::sync::Arc;

use polars::prelude::{Column, DataFrame as PolarsFrame, Expr, PlSmallStr, SchemaRef};

use super::super::input::{InputFile, check_schema};
use super::columns::Reader;
use super::footer::Opened;
use super::skip;
use crate::chunk::CodeError;
use crate::dataframe::{Estimate, ReadCost, SAMPLE_ROWS, TableSource, empty};
use crate::error::Result;
use crate::event::Event;
use crate::graph::TaskContext;

/// So many row groups are sampled.
const PLACES: usize = 3;

/// Parquet files.
pub(super) struct ParquetSource {
    files: Vec<Opened>,
    partitions: Vec<Partition>,
    schema: SchemaRef,
    estimate: Estimate,
}

/// Row groups of a file.
#[derive(Clone, Debug)]
struct Partition {
    file: usize,
    groups: Range<usize>,
}

impl ParquetSource {
    pub(super) fn open(files: Vec<InputFile>, partition: u64) -> Result<Self> {
        let files = files.into_iter().map(Opened::new).collect::<Result<Vec<_>>>()?;
        let first = files[0].schema()?;
        for other in &files[1..] {
            check_schema(&files[0].file, &first, &other.file, &other.schema()?)?;
        }
        if first.is_empty() {
            return Err(files[0].file.problem("it has no columns"));
        }
        let schema: SchemaRef = Arc::new(first);
        let partitions: Vec<Partition> =
            files.iter().enumerate().flat_map(|(file, opened)| cut(file, opened, partition)).collect();
        let estimate = estimate(&files, &partitions, &schema)?;
        Ok(Self { files, partitions, schema, estimate })
    }
}

/// The partitions of a file; one without rows where it has none, so that its columns are read nevertheless.
fn cut(file: usize, opened: &Opened, partition: u64) -> Vec<Partition> {
    let count = opened.metadata.row_groups.len();
    let (mut partitions, mut start, mut bytes) = (Vec::new(), 0, 0_u64);
    for group in 0..count {
        let more = opened.plain_bytes(group);
        if group > start && bytes.saturating_add(more) > partition {
            partitions.push(Partition { file, groups: start..group });
            (start, bytes) = (group, 0);
        }
        bytes = bytes.saturating_add(more);
    }
    partitions.push(Partition { file, groups: start..count });
    partitions
}

/// The exact number of rows, and the first rows of a few row groups.
fn estimate(files: &[Opened], partitions: &[Partition], schema: &SchemaRef) -> Result<Estimate> {
    let rows = files.iter().map(|opened| opened.metadata.num_rows as f64).sum();
    let step = partitions.len().div_ceil(PLACES).max(1);
    let mut sample = empty(schema);
    for Partition { file, groups } in partitions.iter().step_by(step) {
        let opened = &files[*file];
        if groups.is_empty() || !opened.is_sampled(groups.start) {
            continue;
        }
        let rows = opened.metadata.row_groups[groups.start].num_rows().min(SAMPLE_ROWS / PLACES);
        let mut reader = Reader::new(opened)?;
        let columns = schema.iter_names().map(|name| reader.column(name, &[groups.start], Some(rows)));
        let frame = frame_of(&opened.file, rows, columns.collect::<Result<_>>()?)?;
        opened.file.parsed(|| sample.vstack_mut_owned(frame).map(drop))?;
    }
    sample.rechunk_mut();
    Ok(Estimate { rows, sample: Some(sample).filter(|sample| sample.height() > 0) })
}

fn frame_of(file: &InputFile, rows: usize, columns: Vec<Column>) -> Result<PolarsFrame> {
    file.parsed(|| PolarsFrame::new(rows, columns))
}

impl TableSource for ParquetSource {
    fn label(&self) -> &'static str {
        "read_parquet"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.partitions.len()
    }

    fn estimate(&self) -> Estimate {
        self.estimate.clone()
    }

    fn cost(&self, partition: usize, columns: &[PlSmallStr]) -> ReadCost {
        let Partition { file, groups } = &self.partitions[partition];
        let mut reads = 0;
        // One column at a time: as it is stored, and its pages and the values of all row groups.
        let mut of_column = vec![(0, 0); columns.len()];
        for group in groups.clone() {
            for (column, (stored, plain)) in of_column.iter_mut().zip(self.files[*file].sizes(group, columns)) {
                reads += stored;
                *column = (column.0.max(stored), column.1 + plain);
            }
        }
        let workspace = of_column.into_iter().map(|(stored, plain)| stored + 2 * plain).max().unwrap_or(0);
        ReadCost { workspace, reads }
    }

    fn read(
        &self,
        context: &TaskContext<'_>,
        partition: usize,
        columns: &[PlSmallStr],
        rows: Option<&Expr>,
    ) -> Result<PolarsFrame, CodeError> {
        let Partition { file, groups } = self.partitions[partition].clone();
        let opened = &self.files[file];
        let groups: Vec<usize> = match rows {
            Some(rows) if !groups.is_empty() => skip::wanted(opened, groups, rows, &self.schema),
            _ => groups.collect(),
        };
        if groups.is_empty() {
            return Ok(empty(&self.schema).select(columns.iter().cloned())?);
        }
        let height = groups.iter().map(|&group| opened.metadata.row_groups[group].num_rows()).sum();
        let mut reader = Reader::new(opened)?;
        let read = columns.iter().map(|name| reader.column(name, &groups, None)).collect::<Result<_>>();
        context.report(&Event::Read { stored: reader.stored, direct: true });
        Ok(frame_of(&opened.file, height, read?)?)
    }
}
