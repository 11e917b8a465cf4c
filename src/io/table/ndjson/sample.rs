//! Columns and types, and what rows are like: from lines all over.

use std::io::Cursor;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, DataType, Field, Schema, SchemaRef};
use polars_io::ndjson::infer_schema;

use super::super::input::InputFile;
use super::Options;
use super::lines::{checked, parse};
use super::source::Range;
use crate::dataframe::{Estimate, SAMPLE_ROWS, empty, thinned};
use crate::error::Result;

/// So many places are looked at.
const PLACES: usize = 16;

/// Bytes of each.
const WINDOW: u64 = 64 << 10;

/// No line is longer than this.
const LONGEST: u64 = 64 << 20;

/// Whole lines from somewhere.
struct Window {
    file: usize,
    at: u64,
    lines: Vec<u8>,
}

/// The columns of files that are cut into `ranges`, and what their rows are like.
pub(super) fn sample(files: &[InputFile], ranges: &[Range], options: &Options) -> Result<(SchemaRef, Estimate)> {
    let step = ranges.len().div_ceil(PLACES).max(1);
    let windows = ranges.iter().step_by(step).map(|range| window(files, range)).collect::<Result<Vec<_>>>()?;
    let mut schema = match &options.schema {
        Some(schema) => schema.clone(),
        None => infer(files, &windows)?,
    };
    for (name, dtype) in &options.types {
        schema.insert(name.clone(), dtype.clone());
    }
    if schema.is_empty() {
        return Err(files[0].problem("there is no key in it to make a column of: give a schema"));
    }
    let schema: SchemaRef = Arc::new(schema);
    let total = ranges.iter().map(|range| range.end - range.start).sum();
    let estimate = estimate(files, &windows, &schema, total)?;
    Ok((schema, estimate))
}

/// The first lines of a range.
fn window(files: &[InputFile], range: &Range) -> Result<Window> {
    let file = &files[range.file];
    let opened = file.open()?;
    let at = file.line_at(&opened, range.start, range.first)?;
    let mut want = WINDOW;
    loop {
        let mut lines = file.read(&opened, at, want)?;
        if at + (lines.len() as u64) < file.bytes {
            lines.truncate(memchr::memrchr(b'\n', &lines).map_or(0, |end| end + 1));
        }
        // A line may be longer than a window.
        if !lines.is_empty() || at >= file.bytes || want >= LONGEST {
            return Ok(Window { file: range.file, at, lines });
        }
        want *= 4;
    }
}

/// The keys of the lines of all windows, with types that hold what they have there.
fn infer(files: &[InputFile], windows: &[Window]) -> Result<Schema> {
    let mut together = Vec::new();
    for window in windows {
        let file = &files[window.file];
        let has_line = window.lines.iter().any(|byte| !byte.is_ascii_whitespace());
        if has_line {
            // One by one, for the line of what is wrong.
            checked(file, &file.open()?, window.at, &window.lines, |lines| {
                infer_schema(&mut Cursor::new(lines), None)
            })?;
            together.extend_from_slice(&window.lines);
            if !together.ends_with(b"\n") {
                together.push(b'\n');
            }
        }
    }
    if together.is_empty() {
        return Err(files[0].problem("there is no line in it: give a schema"));
    }
    let schema = files[0].parsed(|| infer_schema(&mut Cursor::new(&together), None))?;
    Ok(schema.into_iter().map(|(name, dtype)| (name, without_null(dtype))).collect())
}

/// A type that holds something, for one of which nothing but null was seen.
fn without_null(dtype: DataType) -> DataType {
    match dtype {
        DataType::Null => DataType::String,
        DataType::List(inner) => DataType::List(Box::new(without_null(*inner))),
        DataType::Struct(fields) => {
            let field = |field: Field| Field::new(field.name, without_null(field.dtype));
            DataType::Struct(fields.into_iter().map(field).collect())
        }
        other => other,
    }
}

fn estimate(files: &[InputFile], windows: &[Window], schema: &SchemaRef, total: u64) -> Result<Estimate> {
    let (mut rows, mut bytes) = (empty(schema), 0);
    for window in windows {
        let file = &files[window.file];
        // A bad line is told when it is read.
        let Ok(frame) = parse(file, &file.open()?, window.at, &window.lines, schema) else { continue };
        bytes += window.lines.len();
        append(&mut rows, frame);
    }
    rows.rechunk_mut();
    let per_byte = if bytes == 0 { 1.0 / 64.0 } else { rows.height() as f64 / bytes as f64 };
    Ok(Estimate { rows: total as f64 * per_byte, sample: Some(thinned(&rows, SAMPLE_ROWS)) })
}

fn append(rows: &mut PolarsFrame, frame: PolarsFrame) {
    // Both have the schema's columns.
    drop(rows.vstack_mut_owned(frame));
}
