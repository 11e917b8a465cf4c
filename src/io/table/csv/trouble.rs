//! Rows that can't be read: found, told, or left out and counted.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use polars::prelude::{DataFrame as PolarsFrame, DataType, PolarsError};

use super::super::input::InputFile;
use super::source::Parser;
use crate::error::Error;

/// What is done with a row that can't be read: a value that is none of its column's type, or one too many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BadRows {
    /// It ends the run with an error that names file, line, column and value.
    #[default]
    Fail,
    /// It is left out, and counted.
    Skip,
}

/// Counts rows that were left out because they can't be read. Clones count together. A partition that is read twice, as one may
/// be that is sorted, counts twice.
#[derive(Clone, Debug, Default)]
pub struct SkippedRows(Arc<AtomicU64>);

impl SkippedRows {
    /// How many there were so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The rows of `bytes` but those that can't be read, which are counted in `skipped`.
pub(super) fn without_bad_rows(
    parser: &Parser,
    bytes: &[u8],
    projection: &[usize],
    skipped: &SkippedRows,
) -> Result<PolarsFrame, PolarsError> {
    let mut good: Option<PolarsFrame> = None;
    // The last one is the next.
    let mut left = vec![bytes];
    while let Some(bytes) = left.pop() {
        match parser.parse(bytes, projection) {
            Ok(frame) => match &mut good {
                Some(good) => good.vstack_mut_owned(frame).map(drop)?,
                None => good = Some(frame),
            },
            Err(_) => match parser.middle(bytes) {
                Some(middle) => left.extend([&bytes[middle..], &bytes[..middle]]),
                None => skipped.add_one(),
            },
        }
    }
    match good {
        Some(good) => Ok(good),
        None => parser.parse(&[], projection),
    }
}

/// The error of `bytes`, which lie at `at` in the file and can't be parsed because of `error`.
pub(super) fn locate(
    parser: &Parser,
    file: &InputFile,
    opened: &File,
    at: u64,
    bytes: &[u8],
    projection: &[usize],
    error: &PolarsError,
) -> Error {
    let (start, end) = first_bad_row(parser, bytes, projection);
    let row = &bytes[start..end];
    let line = match file.line_number(opened, at + start as u64) {
        Ok(line) => line,
        Err(error) => return error,
    };
    let problem = describe(parser, row, projection).unwrap_or_else(|| first_line(&error.to_string()));
    let shown = String::from_utf8_lossy(row);
    file.problem(format!(
        "line {line}: {problem}: in the row {:?}. Give the column another type by dtypes, name it as a null value, or skip bad rows",
        shorten(shown.trim_end())
    ))
}

/// Where the first row is that can't be read.
fn first_bad_row(parser: &Parser, bytes: &[u8], projection: &[usize]) -> (usize, usize) {
    let (mut start, mut end) = (0, bytes.len());
    while let Some(middle) = parser.middle(&bytes[start..end]) {
        let middle = start + middle;
        if parser.parse(&bytes[start..middle], projection).is_err() { end = middle } else { start = middle }
    }
    (start, end)
}

/// What is wrong with a row, if it is one value.
fn describe(parser: &Parser, row: &[u8], projection: &[usize]) -> Option<String> {
    let column = projection.iter().copied().find(|&column| parser.parse(row, &[column]).is_err())?;
    let (name, dtype) = parser.schema.get_at_index(column)?;
    let text = parser.as_strings().parse(row, &[column]).ok()?;
    let value = text.columns().first()?.str().ok()?.get(0)?.to_owned();
    Some(format!("column {name:?} has {:?}, which is no {}", shorten(&value), type_name(dtype)))
}

fn type_name(dtype: &DataType) -> String {
    format!("{dtype}")
}

fn shorten(text: &str) -> String {
    let short: String = text.chars().take(120).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}
