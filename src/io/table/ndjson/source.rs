//! JSON lines as a source of partitions.

use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, Expr, PlSmallStr, Schema, SchemaRef};
use polars_io::utils::compression::SupportedCompression;

use super::super::input::InputFile;
use super::Options;
use super::lines::parse;
use super::sample::sample;
use crate::chunk::CodeError;
use crate::dataframe::{Estimate, ReadCost, TableSource};
use crate::error::Result;
use crate::event::Event;
use crate::graph::TaskContext;

/// More partitions than this are taken for a mistake.
const MOST: u64 = 4 << 20;

/// So many bytes tell what a file is.
const HEAD: u64 = 16;

/// What some writers put before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Files of JSON lines.
pub(super) struct NdjsonSource {
    files: Vec<InputFile>,
    ranges: Vec<Range>,
    schema: SchemaRef,
    estimate: Estimate,
}

/// A partition: the lines that begin in a range of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) file: usize,
    pub(super) start: u64,
    pub(super) end: u64,
    /// Where the file's first line begins.
    pub(super) first: u64,
}

impl NdjsonSource {
    pub(super) fn open(files: Vec<InputFile>, options: Arc<Options>) -> Result<Self> {
        let mut ranges = Vec::new();
        for (number, file) in files.iter().enumerate() {
            cut(number, file, options.partition, &mut ranges)?;
        }
        let (schema, estimate) = sample(&files, &ranges, &options)?;
        Ok(Self { files, ranges, schema, estimate })
    }
}

/// Cuts a file into ranges of equal length, the last one as well.
fn cut(number: usize, file: &InputFile, partition: u64, ranges: &mut Vec<Range>) -> Result<()> {
    let head = file.read(&file.open()?, 0, HEAD)?;
    if SupportedCompression::check(&head).is_some() {
        return Err(file.problem("it is compressed: decompress it before"));
    }
    let first = if head.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() as u64 } else { 0 };
    let bytes = file.bytes - first;
    let count = bytes.div_ceil(partition).max(1);
    if ranges.len() as u64 + count > MOST {
        return Err(file.problem(format!("more than {MOST} partitions: take larger ones")));
    }
    let border = |place: u64| first + (u128::from(bytes) * u128::from(place) / u128::from(count)) as u64;
    ranges.extend((0..count).map(|place| Range { file: number, start: border(place), end: border(place + 1), first }));
    Ok(())
}

impl TableSource for NdjsonSource {
    fn label(&self) -> &'static str {
        "read_ndjson"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.ranges.len()
    }

    fn estimate(&self) -> Estimate {
        self.estimate.clone()
    }

    fn cost(&self, partition: usize, _: &[PlSmallStr]) -> ReadCost {
        let range = &self.ranges[partition];
        let reads = range.end - range.start;
        // With a line over its end, and each line as it is parsed.
        ReadCost { workspace: reads + (1 << 20), reads }
    }

    fn read(
        &self,
        context: &TaskContext<'_>,
        partition: usize,
        columns: &[PlSmallStr],
        _: Option<&Expr>,
    ) -> Result<PolarsFrame, CodeError> {
        let range = &self.ranges[partition];
        let file = &self.files[range.file];
        let opened = file.open()?;
        let start = file.line_at(&opened, range.start, range.first)?;
        let end = file.line_at(&opened, range.end, range.first)?;
        let mut bytes = context.scratch::<u8>((end - start) as usize)?;
        file.read_exact(&opened, start, bytes.as_mut_slice())?;
        context.report(&Event::Read { stored: end - start, direct: true });
        let typed = |name: &PlSmallStr| self.schema.get(name).map(|dtype| (name.clone(), dtype.clone()));
        let schema: Schema = columns.iter().filter_map(typed).collect();
        Ok(parse(file, &opened, start, bytes.as_slice(), &schema)?)
    }
}
