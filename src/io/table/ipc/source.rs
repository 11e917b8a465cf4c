//! Arrow IPC files as a source of partitions.

use std::ops::Range;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, Expr, PlSmallStr, PolarsError, SchemaRef};
use polars_arrow::io::ipc::read::read_batch;

use super::super::input::{InputFile, check_schema};
use super::batch::{At, checked};
use super::footer::Opened;
use crate::chunk::CodeError;
use crate::dataframe::{Estimate, ReadCost, SAMPLE_ROWS, TableSource, empty};
use crate::error::Result;
use crate::event::Event;
use crate::graph::TaskContext;

/// So many record batches are sampled.
const PLACES: usize = 3;

/// No record batch is sampled that has more bytes than this when it is not compressed.
const LARGEST_SAMPLED: u64 = 128 << 20;

/// Arrow IPC files.
pub(super) struct IpcSource {
    files: Vec<Opened>,
    partitions: Vec<Partition>,
    schema: SchemaRef,
    estimate: Estimate,
}

/// Record batches of a file.
#[derive(Clone, Debug)]
struct Partition {
    file: usize,
    batches: Range<usize>,
}

impl IpcSource {
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
        let estimate = estimate(&files, &partitions, &schema);
        Ok(Self { files, partitions, schema, estimate })
    }
}

/// The partitions of a file; one without rows where it has none.
fn cut(file: usize, opened: &Opened, partition: u64) -> Vec<Partition> {
    let (mut partitions, mut start, mut bytes) = (Vec::new(), 0, 0_u64);
    for (number, batch) in opened.batches.iter().enumerate() {
        if number > start && bytes.saturating_add(batch.plain) > partition {
            partitions.push(Partition { file, batches: start..number });
            (start, bytes) = (number, 0);
        }
        bytes = bytes.saturating_add(batch.plain);
    }
    partitions.push(Partition { file, batches: start..opened.batches.len() });
    partitions
}

/// The exact number of rows, and the first rows of a few record batches.
fn estimate(files: &[Opened], partitions: &[Partition], schema: &SchemaRef) -> Estimate {
    let rows = files.iter().flat_map(|opened| &opened.batches).map(|batch| batch.rows as f64).sum();
    let step = partitions.len().div_ceil(PLACES).max(1);
    let names: Vec<PlSmallStr> = schema.iter_names_cloned().collect();
    let mut sample = empty(schema);
    for Partition { file, batches } in partitions.iter().step_by(step) {
        let opened = &files[*file];
        if batches.is_empty() || opened.batches[batches.start].plain > LARGEST_SAMPLED {
            continue;
        }
        // What is damaged is told when it is read.
        let first = batches.start..batches.start + 1;
        if let Ok((frame, _)) = read(opened, first, &names, Some(SAMPLE_ROWS / PLACES)) {
            drop(sample.vstack_mut_owned(frame));
        }
    }
    sample.rechunk_mut();
    Estimate { rows, sample: Some(sample).filter(|sample| sample.height() > 0) }
}

/// The columns `names` of record batches, the first `rows` of each where that is said; and how many bytes were read.
fn read(
    opened: &Opened,
    batches: Range<usize>,
    names: &[PlSmallStr],
    rows: Option<usize>,
) -> Result<(PolarsFrame, u64)> {
    let handle = opened.file.open()?;
    let mut reader = At::new(&handle, opened.file.bytes);
    let frame = opened.file.parsed(|| {
        let schema = &opened.metadata.schema;
        let mut places: Vec<usize> = names.iter().filter_map(|name| schema.index_of(name)).collect();
        places.sort_unstable();
        let (mut message, mut data) = (Vec::new(), Vec::new());
        let mut all: Option<PolarsFrame> = None;
        for number in batches {
            let batch = read_batch(
                &mut reader,
                &opened.dictionaries,
                &opened.metadata,
                Some(&places),
                rows,
                number,
                false,
                &mut message,
                &mut data,
                checked(),
            )?;
            let frame = PolarsFrame::from(batch).select(names.iter().cloned())?;
            match &mut all {
                Some(all) => drop(all.vstack_mut_owned(frame)?),
                None => all = Some(frame),
            }
        }
        Ok::<_, PolarsError>(all)
    })?;
    let nothing = || {
        let empty = empty(&opened.schema()?);
        opened.file.parsed(|| empty.select(names.iter().cloned()))
    };
    let frame = frame.map_or_else(nothing, Ok)?;
    Ok((frame, reader.stored))
}

impl TableSource for IpcSource {
    fn label(&self) -> &'static str {
        "read_ipc"
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
        let Partition { file, batches } = &self.partitions[partition];
        let batches = &self.files[*file].batches[batches.clone()];
        // Columns are not told from each other: about their share.
        let share = |bytes: u64| bytes / self.schema.len() as u64 * columns.len() as u64;
        let largest = batches.iter().map(|batch| batch.stored + batch.plain).max().unwrap_or(0);
        ReadCost { workspace: share(largest), reads: share(batches.iter().map(|batch| batch.stored).sum()) }
    }

    fn read(
        &self,
        context: &TaskContext<'_>,
        partition: usize,
        columns: &[PlSmallStr],
        _: Option<&Expr>,
    ) -> Result<PolarsFrame, CodeError> {
        let Partition { file, batches } = self.partitions[partition].clone();
        let (frame, stored) = read(&self.files[file], batches, columns, None)?;
        context.report(&Event::Read { stored, direct: true });
        Ok(frame)
    }
}
