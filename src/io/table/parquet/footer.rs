//! What a file says of itself at its end, checked.

use std::sync::Arc;

use polars::prelude::{ArrowSchema, DataType, IdxSize, PlSmallStr, Schema};
use polars_parquet::parquet::read::deserialize_metadata;
use polars_parquet::read::{ColumnChunkMetadata, FileMetadata, infer_schema};

use super::super::input::{InputFile, MOST_BYTES};
use super::thrift::check_footer;
use crate::error::Result;

/// The length of the footer, and what each file ends with.
const TAIL: u64 = 8;
const MAGIC: &[u8] = b"PAR1";
const ENCRYPTED: &[u8] = b"PARE";

/// No row group is sampled that has more bytes than this when it is not compressed, nor a column with more.
const LARGEST_SAMPLED: u64 = 128 << 20;

/// Bytes of a number.
const NUMBER: i64 = 8;

/// A file and what it says.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: InputFile,
    pub(super) metadata: FileMetadata,
    /// Its columns as they are decoded.
    pub(super) arrow: Arc<ArrowSchema>,
}

impl Opened {
    pub(super) fn new(file: InputFile) -> Result<Self> {
        let footer = read_footer(&file)?;
        check_footer(&footer).map_err(|problem| file.problem(problem))?;
        let (metadata, arrow) = file.parsed(|| -> Result<_, polars::prelude::PolarsError> {
            let metadata = deserialize_metadata(footer.into())?;
            let arrow = infer_schema(&metadata)?;
            Ok((metadata, arrow))
        })?;
        let opened = Self { file, metadata, arrow: Arc::new(arrow) };
        opened.file.parsed(|| opened.check())?;
        Ok(opened)
    }

    /// The names and types of its columns.
    pub(super) fn schema(&self) -> Result<Schema> {
        let typed = |field: &polars::prelude::ArrowField| (field.name.clone(), DataType::from_arrow_field(field));
        self.file.parsed(|| Ok::<_, String>(self.arrow.iter_values().map(typed).collect()))
    }

    /// Bytes of the columns `names` of a row group, as they are stored and when they are decoded: those of its pages, or of so
    /// many numbers, where they are packed.
    pub(super) fn sizes(&self, group: usize, names: &[PlSmallStr]) -> impl Iterator<Item = (u64, u64)> {
        names.iter().map(move |name| {
            let chunks = self.metadata.row_groups[group].columns_under_root_iter(name);
            chunks.into_iter().flatten().fold((0, 0), |(stored, plain), chunk| {
                let decoded = chunk.uncompressed_size().max(NUMBER * chunk.num_values());
                (stored + chunk.compressed_size() as u64, plain + decoded as u64)
            })
        })
    }

    /// Whether some rows of a row group can be had without much memory.
    pub(super) fn is_sampled(&self, group: usize) -> bool {
        let values =
            self.metadata.row_groups[group].parquet_columns().iter().map(ColumnChunkMetadata::num_values).max();
        self.plain_bytes(group) <= LARGEST_SAMPLED && NUMBER * values.unwrap_or(0) <= LARGEST_SAMPLED as i64
    }

    /// Bytes of all columns of a row group, when they are not compressed.
    pub(super) fn plain_bytes(&self, group: usize) -> u64 {
        let chunks = self.metadata.row_groups[group].parquet_columns();
        chunks.iter().map(|chunk| chunk.uncompressed_size() as u64).sum()
    }

    /// Whether what it says can be true.
    fn check(&self) -> Result<(), String> {
        let end = self.file.bytes - TAIL;
        let mut rows = 0_usize;
        for (number, group) in self.metadata.row_groups.iter().enumerate() {
            let wrong = |problem: String| format!("row group {number}: {problem}");
            if group.num_rows() >= IdxSize::MAX as usize {
                return Err(wrong(format!("{} rows: more than {} can't be read", group.num_rows(), IdxSize::MAX - 1)));
            }
            rows += group.num_rows();
            for chunk in group.parquet_columns() {
                let name = chunk.descriptor().path_in_schema.join(".");
                let signed = [chunk.compressed_size(), chunk.uncompressed_size(), chunk.num_values()];
                let offsets = [chunk.data_page_offset(), chunk.dictionary_page_offset().unwrap_or(0)];
                if signed.iter().chain(&offsets).any(|number| !(0..=MOST_BYTES as i64).contains(number)) {
                    return Err(wrong(format!(
                        "column {name}: it has sizes that there are not: {signed:?} at {offsets:?}"
                    )));
                }
                let range = chunk.byte_range();
                if range.end > end {
                    return Err(wrong(format!("column {name}: it lies at {range:?}, the file ends at {end}")));
                }
                if chunk.descriptor().descriptor.max_rep_level == 0 && chunk.num_values() != group.num_rows() as i64 {
                    let (values, rows) = (chunk.num_values(), group.num_rows());
                    return Err(wrong(format!("column {name}: it has {values} values for {rows} rows")));
                }
            }
        }
        if rows != self.metadata.num_rows {
            return Err(format!("its row groups have {rows} rows, it says {}", self.metadata.num_rows));
        }
        Ok(())
    }
}

/// The bytes of the footer.
fn read_footer(file: &InputFile) -> Result<Vec<u8>> {
    let no_parquet = || file.problem("it is no Parquet file: it doesn't end as one");
    let opened = file.open()?;
    if file.bytes < TAIL + MAGIC.len() as u64 {
        return Err(no_parquet());
    }
    let tail = file.read(&opened, file.bytes - TAIL, TAIL)?;
    let (length, magic) = tail.split_at(4);
    if magic == ENCRYPTED {
        return Err(file.problem("it is encrypted: decrypt it before"));
    }
    if magic != MAGIC {
        return Err(no_parquet());
    }
    let length = length.try_into().map_or(0, u32::from_le_bytes);
    let start = (file.bytes - TAIL).checked_sub(u64::from(length));
    let start = start.ok_or_else(|| file.problem(format!("its footer of {length} bytes is longer than the file")))?;
    file.read(&opened, start, u64::from(length))
}
