//! Columns of row groups, read and decoded.

use std::fs::File;
use std::io::Cursor;

use polars::prelude::{ArrowField, Column, IntoColumn, Series};
use polars_arrow::array::Array;
use polars_parquet::read::{BasicDecompressor, ColumnChunkMetadata, Filter, PageReader, column_iter_to_arrays};

use super::footer::Opened;
use super::thrift::page_header;
use crate::error::Result;

/// What a page may have beyond what its column says, for writers that don't count headers.
const BEYOND: i64 = 64 << 10;

/// Reads columns of one file.
pub(super) struct Reader<'a> {
    opened: &'a Opened,
    file: File,
    /// Stored bytes that it has read.
    pub(super) stored: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(opened: &'a Opened) -> Result<Self> {
        Ok(Self { opened, file: opened.file.open()?, stored: 0 })
    }

    /// The values of a column in the row groups `groups`; the first `rows` of each, where that is said.
    pub(super) fn column(&mut self, name: &str, groups: &[usize], rows: Option<usize>) -> Result<Column> {
        let file = &self.opened.file;
        let field = self.opened.arrow.get(name).ok_or_else(|| file.problem(format!("there is no column {name:?}")))?;
        let mut arrays = Vec::new();
        for &group in groups {
            arrays.append(&mut self.arrays(name, field, group, rows)?);
        }
        file.parsed(|| {
            let series = Series::try_from((field, arrays))?;
            Ok::<_, polars::prelude::PolarsError>(series.rechunk().into_column())
        })
    }

    fn arrays(
        &mut self,
        name: &str,
        field: &ArrowField,
        group: usize,
        rows: Option<usize>,
    ) -> Result<Vec<Box<dyn Array>>> {
        let file = &self.opened.file;
        let group = &self.opened.metadata.row_groups[group];
        let chunks: Vec<&ColumnChunkMetadata> = group.columns_under_root_iter(name).into_iter().flatten().collect();
        let mut pages = Vec::with_capacity(chunks.len());
        for &chunk in &chunks {
            let range = chunk.byte_range();
            let bytes = file.read(&self.file, range.start, range.end - range.start)?;
            self.stored += bytes.len() as u64;
            pages.push(file.parsed(|| checked_pages(chunk, bytes))?);
        }
        let wanted = rows.map_or(group.num_rows(), |rows| rows.min(group.num_rows()));
        let filter = rows.map(|_| Filter::new_ranged(0, wanted));
        file.parsed(|| {
            let types = chunks.iter().map(|chunk| &chunk.descriptor().descriptor.primitive_type).collect();
            let pages = pages.into_iter().map(|pages| BasicDecompressor::new(pages, Vec::new())).collect();
            let (arrays, _) =
                column_iter_to_arrays(pages, types, field.clone(), filter).map_err(|error| error.to_string())?;
            let found: usize = arrays.iter().map(|array| array.len()).sum();
            if found == wanted {
                Ok(arrays)
            } else {
                Err(format!("column {name:?} has {found} values for {wanted} rows"))
            }
        })
    }
}

/// The pages of a column chunk, none of which says of itself what can't be true.
fn checked_pages(chunk: &ColumnChunkMetadata, bytes: Vec<u8>) -> Result<PageReader, String> {
    check_pages(chunk, &bytes)
        .map_err(|problem| format!("column {}: {problem}", chunk.descriptor().path_in_schema.join(".")))?;
    let largest = bytes.len();
    Ok(PageReader::new(Cursor::new(bytes.into()), chunk, Vec::new(), largest))
}

fn check_pages(chunk: &ColumnChunkMetadata, bytes: &[u8]) -> Result<(), String> {
    let most = chunk.uncompressed_size().max(bytes.len() as i64).saturating_add(BEYOND);
    let (mut left, mut values) = (bytes, 0_i64);
    while !left.is_empty() && (values < chunk.num_values() || left.len() == bytes.len()) {
        let page = page_header(left)?;
        // Each value of a dictionary has at least a byte.
        let sizes = [page.stored, page.plain, page.values, page.of_dictionary];
        if sizes.iter().any(|&size| size < 0) || page.plain > most || page.of_dictionary > page.plain {
            return Err(format!("a page says {page:?}, all were to have {most} bytes"));
        }
        left = left[page.length..].get(page.stored as usize..).ok_or("a page is cut short")?;
        values = values.saturating_add(page.values);
    }
    if values == chunk.num_values() {
        return Ok(());
    }
    Err(format!("its pages have {values} values, it says {}", chunk.num_values()))
}
