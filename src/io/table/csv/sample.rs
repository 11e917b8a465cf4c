//! Types of columns, and what rows are like: from the beginning of files, and places all over.

use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, DataType, PlSmallStr, Schema, SchemaRef};

use super::super::input::InputFile;
use super::Options;
use super::head::{Head, infer};
use super::ranges::{Cut, Range};
use super::source::Parser;
use crate::dataframe::{Estimate, SAMPLE_ROWS, empty, thinned};
use crate::error::Result;

/// So many places are looked at.
const PLACES: usize = 32;

/// So many of them for types, which take longer to find.
const TYPED_PLACES: usize = 12;

/// Bytes of each.
const WINDOW: u64 = 64 << 10;

/// What a sample tells.
pub(super) struct Sampled {
    pub(super) schema: SchemaRef,
    pub(super) estimate: Estimate,
}

/// Whole rows from somewhere.
struct Window {
    rows: Vec<u8>,
    /// Of how many stored bytes it is.
    stored: u64,
}

/// Samples files that are cut into `ranges`.
pub(super) fn sample(files: &[InputFile], heads: &[Head], ranges: &[Range], options: &Options) -> Result<Sampled> {
    let step = ranges.len().div_ceil(PLACES).max(1);
    let windows = ranges.iter().step_by(step).map(|range| window(files, heads, range, options));
    let windows = windows.collect::<Result<Vec<_>>>()?;
    let names = &heads[0].names;
    let schema = match &options.schema {
        Some(schema) => schema.clone(),
        None => types(&windows, names, options).map_err(|problem| files[0].problem(problem))?,
    };
    let schema: SchemaRef = Arc::new(with_types(schema, options).map_err(|problem| files[0].problem(problem))?);
    let total = ranges.iter().map(|range| range.end - range.start).sum();
    let estimate = estimate(&windows, &schema, options, total);
    Ok(Sampled { schema, estimate })
}

/// The first rows of a range.
fn window(files: &[InputFile], heads: &[Head], range: &Range, options: &Options) -> Result<Window> {
    let file = &files[range.file];
    let opened = file.open()?;
    if range.cut == Cut::Compressed {
        return compressed_window(file, &opened, options);
    }
    let mut want = WINDOW;
    loop {
        let end = range.start.saturating_add(want).min(file.bytes);
        let mut bytes = file.read(&opened, range.start, end - range.start)?;
        if end < file.bytes {
            let whole = whole_rows(&bytes, options);
            bytes.truncate(whole);
        }
        if range.cut == Cut::Anywhere && range.start > heads[range.file].rows_at {
            let first = memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1);
            bytes.drain(..first);
        }
        // A row may be longer than a window.
        if !bytes.is_empty() || end == file.bytes || want > 64 << 20 {
            let stored = bytes.len() as u64;
            return Ok(Window { rows: bytes, stored });
        }
        want *= 4;
    }
}

fn whole_rows(bytes: &[u8], options: &Options) -> usize {
    let (mut inside, mut end) = (false, 0);
    let quote = options.quote.unwrap_or(b'\n');
    for place in memchr::memchr2_iter(b'\n', quote, bytes) {
        if bytes[place] != b'\n' {
            inside = !inside;
        } else if !inside {
            end = place + 1;
        }
    }
    end
}

/// The first rows of a compressed file.
fn compressed_window(file: &InputFile, opened: &std::fs::File, options: &Options) -> Result<Window> {
    use polars_io::utils::compression::CompressedReader;
    let stored = file.read(opened, 0, file.bytes.min(4 * WINDOW))?;
    let told = |error: polars::prelude::PolarsError| file.problem(error.to_string());
    // Its end may be missing: what came before will do.
    let mut reader = CompressedReader::try_new(stored.clone().into()).map_err(told)?;
    let (plain, _) = reader
        .read_next_slice(&Vec::new().into(), WINDOW as usize)
        .map_err(|error| file.problem(format!("decompressing it failed: {error}")))?;
    let plain = plain.to_vec();
    let end = if (plain.len() as u64) < WINDOW { plain.len() } else { whole_rows(&plain, options) };
    let (_, left) = infer(plain[..end].to_vec(), options, 0).map_err(|problem| file.problem(problem))?;
    let rows = plain[end - left.min(end)..end].to_vec();
    // Text is taken to be packed to a quarter.
    let bytes = rows.len() as u64;
    Ok(Window { rows, stored: (bytes / 4).max(1) })
}

/// The types of columns that hold what the windows have.
fn types(windows: &[Window], names: &[PlSmallStr], options: &Options) -> Result<Schema, String> {
    let strings: SchemaRef = Arc::new(names.iter().map(|name| (name.clone(), DataType::String)).collect());
    let parser = Parser::new(strings, options).map_err(|error| error.to_string())?;
    let header = header_of(names, options);
    let mut found: HashMap<usize, DataType> = HashMap::new();
    let step = windows.len().div_ceil(TYPED_PLACES).max(1);
    for window in windows.iter().step_by(step) {
        let inferred = infer([header.clone(), window.rows.clone()].concat(), &plain(options), options.sample_rows);
        let (inferred, _) = inferred?;
        let all: Vec<usize> = (0..names.len()).collect();
        let values = parser.parse(&window.rows, &all).ok();
        for (column, (_, dtype)) in inferred.iter().enumerate().take(names.len()) {
            let nothing = values.as_ref().is_some_and(|values| {
                values.columns().get(column).is_none_or(|values| values.null_count() == values.len())
            });
            if !nothing {
                let wider = found.get(&column).map_or_else(|| dtype.clone(), |before| wider(before, dtype));
                found.insert(column, wider);
            }
        }
    }
    let typed = names.iter().enumerate();
    Ok(typed.map(|(column, name)| (name.clone(), found.remove(&column).unwrap_or(DataType::String))).collect())
}

/// A header line for rows that have none. Its names don't matter: columns are numbered.
fn header_of(names: &[PlSmallStr], options: &Options) -> Vec<u8> {
    let separator = char::from(options.separator).to_string();
    let names: Vec<String> = (0..names.len()).map(|number| format!("c{number}")).collect();
    (names.join(&separator) + "\n").into_bytes()
}

/// The same options, of what begins with a header and nothing before it.
fn plain(options: &Options) -> Options {
    Options { has_header: true, skip_lines: 0, schema: None, ..options.clone() }
}

/// The type of columns that have values of both.
fn wider(one: &DataType, other: &DataType) -> DataType {
    match (one, other) {
        (one, other) if one == other => one.clone(),
        (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => DataType::Float64,
        (DataType::Date, DataType::Datetime(..)) => other.clone(),
        (DataType::Datetime(..), DataType::Date) => one.clone(),
        _ => DataType::String,
    }
}

/// `schema` with the types that were asked for.
fn with_types(mut schema: Schema, options: &Options) -> Result<Schema, String> {
    for (name, dtype) in &options.types {
        if schema.set_dtype(name, dtype.clone()).is_none() {
            let names: Vec<&str> = schema.iter_names().map(PlSmallStr::as_str).collect();
            return Err(format!("a type was given for column {name:?}, but there is none: its columns are {names:?}"));
        }
    }
    Ok(schema)
}

fn estimate(windows: &[Window], schema: &SchemaRef, options: &Options, total: u64) -> Estimate {
    let all: Vec<usize> = (0..schema.len()).collect();
    let Ok(parser) = Parser::new(schema.clone(), options) else { return Estimate::unseen(0.0) };
    let (mut rows, mut stored): (Option<PolarsFrame>, u64) = (None, 0);
    for window in windows {
        // A bad row is told when it is read.
        let Ok(frame) = parser.parse(&window.rows, &all) else { continue };
        stored += window.stored;
        match &mut rows {
            Some(rows) => drop(rows.vstack_mut_owned(frame)),
            None => rows = Some(frame),
        }
    }
    let mut rows = rows.unwrap_or_else(|| empty(schema));
    rows.rechunk_mut();
    let height = rows.height() as f64;
    let per_byte = if stored == 0 { 1.0 / 64.0 } else { height / stored as f64 };
    Estimate { rows: total as f64 * per_byte, sample: Some(thinned(&rows, SAMPLE_ROWS)) }
}
