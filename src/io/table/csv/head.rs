//! The beginning of a file: its header, and where its rows begin.

use std::fs::File;

use polars::prelude::{DataType, PlSmallStr, Schema};
use polars_io::csv::read::{CsvReadOptions, read_until_start_and_infer_schema_from_compressed_reader};
use polars_io::utils::compression::{CompressedReader, SupportedCompression};

use super::super::input::InputFile;
use super::Options;
use crate::dataframe::alone;
use crate::error::Result;

/// So much is looked at first.
const FIRST: u64 = 256 << 10;

/// A header is no longer than this.
const LONGEST: u64 = 64 << 20;

/// What a file begins with.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) names: Vec<PlSmallStr>,
    /// Where its first row begins; 0 where it is compressed.
    pub(super) rows_at: u64,
    pub(super) is_compressed: bool,
}

/// Reads the head of `file`.
pub(super) fn read_head(file: &InputFile, opened: &File, options: &Options) -> Result<Head> {
    let mut bytes = FIRST;
    loop {
        let head = file.read(opened, 0, bytes)?;
        let is_compressed = SupportedCompression::check(&head).is_some();
        let whole = head.len() as u64 == file.bytes;
        // A line that is cut says nothing.
        let end =
            if whole || is_compressed { head.len() } else { memchr::memrchr(b'\n', &head).map_or(0, |at| at + 1) };
        let (schema, left) = infer(head[..end].to_vec(), options, 0).map_err(|error| file.problem(error))?;
        let rows_at = (end - left.min(end)) as u64;
        if rows_at < end as u64 || whole || is_compressed {
            let names = schema.iter_names_cloned().collect();
            return Ok(Head { names, rows_at: if is_compressed { 0 } else { rows_at }, is_compressed });
        }
        if bytes >= LONGEST {
            return Err(file.problem(format!("no row begins within its first {LONGEST} bytes: is it CSV?")));
        }
        bytes *= 4;
    }
}

/// The names and types of columns, from `bytes` that begin as a file does; types from so many rows. And how many bytes are
/// left behind the header.
pub(super) fn infer(bytes: Vec<u8>, options: &Options, rows: usize) -> Result<(Schema, usize), String> {
    let read = CsvReadOptions::default()
        .with_has_header(options.has_header)
        .with_skip_lines(options.skip_lines)
        .with_infer_schema_length(Some(rows.max(1)))
        .with_raise_if_empty(options.schema.is_none())
        .with_parse_options(options.parse_options());
    let told = |error: polars::prelude::PolarsError| match error {
        polars::prelude::PolarsError::NoData(_) => "it is empty: a header was expected, or give a schema".to_owned(),
        other => other.to_string(),
    };
    alone(|| {
        let mut reader = CompressedReader::try_new(bytes.into()).map_err(told)?;
        let (mut schema, left) =
            read_until_start_and_infer_schema_from_compressed_reader(&read, None, None, &mut reader).map_err(told)?;
        if rows == 0 {
            schema = schema.iter_names_cloned().map(|name| (name, DataType::String)).collect();
        }
        // What it has not looked at comes behind what it looked at for nothing.
        let (left, _) = reader.read_next_slice(&left, usize::MAX).map_err(|error| error.to_string())?;
        Ok((schema, left.len()))
    })
}
