//! How a frame lies on scratch: some columns after others, each some an Arrow IPC file of one record batch, so that they can be
//! used where they lie.
//!
//! ```text
//! file 0       the first columns, uncompressed, padded to 64 bytes
//! file 1       …
//! lengths      of each file
//! rows, files
//! ```
//!
//! A large frame is written column by column, because whoever writes IPC copies a record batch before it goes out: so that copy
//! is one column, not the frame. Small columns share a file, because each file has a schema and an index of its own, which a
//! shuffle would write and read a million times. The lengths come last, because they are known last.
//!
//! Bytes of frames come here from memory, or are checked before (**S1**): they are the bytes that were written. That is why columns
//! can be made of them [unchecked](polars_arrow::mmap::mmap_unchecked).

use std::io::{Cursor, Write};
use std::ops::Range;
use std::sync::Arc;

use polars::prelude::{Column, DataFrame as PolarsFrame, DataType, PolarsError};
use polars_arrow::io::ipc::read::read_file_metadata;
use polars_arrow::mmap::{mmap_dictionaries_unchecked, mmap_unchecked};
use polars_io::SerWriter;
use polars_io::ipc::IpcWriter;

use super::alone::alone;
use crate::chunk::{Buffer, CodeError};
use crate::error::{Error, Result};

/// Columns begin at multiples of this.
const ALIGN: usize = 64;

/// What a column's file has beside its values: magic, schema, message, footer.
const PER_COLUMN: usize = 2048;

/// Columns go to one file until they are so large together.
const TOGETHER: usize = 256 << 10;

/// The most bytes that `frame` takes, in memory or [written](write).
pub(super) fn most_bytes(frame: &PolarsFrame) -> u64 {
    frame.columns().iter().map(|column| most_column_bytes(column) as u64).sum::<u64>() + ALIGN as u64
}

/// The columns that share a file: their numbers, in order.
fn files(frame: &PolarsFrame) -> Vec<Range<usize>> {
    let mut files: Vec<Range<usize>> = Vec::new();
    let mut bytes = TOGETHER;
    for (number, column) in frame.columns().iter().enumerate() {
        let own = column.as_materialized_series().estimated_size();
        if let Some(file) = files.last_mut().filter(|_| bytes.saturating_add(own) <= TOGETHER) {
            file.end += 1;
        } else {
            files.push(number..number + 1);
            bytes = 0;
        }
        bytes += own;
    }
    files
}

fn most_column_bytes(column: &Column) -> usize {
    let plain = |dtype: &DataType| {
        dtype.is_primitive_numeric()
            || dtype.is_temporal()
            || dtype.is_bool()
            || matches!(dtype, DataType::String | DataType::Null)
    };
    let in_memory = column.as_materialized_series().estimated_size() + 4 * column.name().len() + PER_COLUMN;
    if plain(column.dtype()) {
        return in_memory;
    }
    // Categories and what is nested have parts that its size in memory says nothing of.
    let mut counted = Counted { out: &mut std::io::sink(), bytes: 0 };
    let written = alone(|| write_columns(std::slice::from_ref(column), &mut counted)).map_or(0, |()| counted.bytes);
    in_memory.max(written + ALIGN)
}

/// Writes `frame`.
pub(super) fn write(frame: &PolarsFrame, out: &mut dyn Write) -> Result<(), CodeError> {
    let files = files(frame);
    let mut lengths = Vec::with_capacity(files.len());
    for columns in files {
        let mut counted = Counted { out: &mut *out, bytes: 0 };
        alone(|| write_columns(&frame.columns()[columns], &mut counted))?;
        lengths.push(counted.bytes as u64);
        let padding = counted.bytes.next_multiple_of(ALIGN) - counted.bytes;
        out.write_all(&[0; ALIGN][..padding])?;
    }
    let files = lengths.len() as u64;
    for word in lengths.into_iter().chain([frame.height() as u64, files]) {
        out.write_all(&word.to_ne_bytes())?;
    }
    Ok(())
}

fn write_columns(columns: &[Column], out: &mut dyn Write) -> Result<(), PolarsError> {
    let height = columns.first().map_or(0, Column::len);
    let mut frame = PolarsFrame::new(height, columns.to_vec())?;
    IpcWriter::new(out).with_parallel(false).with_record_batch_size(Some(usize::MAX)).finish(&mut frame)
}

/// The frame that was written to `buffer`, whose columns lie there.
pub(super) fn read(buffer: &Buffer) -> Result<PolarsFrame> {
    let bytes = buffer.as_slice();
    let wrong = |problem: String| {
        let source: CodeError = problem.into();
        Error::Code { operation: "read from", source: source.into() }
    };
    let (rest, [rows, files]) = take_words(bytes).ok_or_else(|| wrong("a frame without an end".into()))?;
    let mut lengths = Vec::new();
    let mut front = rest;
    for _ in 0..files {
        let (rest, [length]) = take_words(front).ok_or_else(|| wrong(format!("no {files} files")))?;
        lengths.push(length as usize);
        front = rest;
    }
    let mut at = 0;
    let mut read = Vec::with_capacity(lengths.len());
    for &length in lengths.iter().rev() {
        let file = Slice { buffer: buffer.clone(), start: at, end: at.saturating_add(length) };
        if file.end > bytes.len() {
            return Err(wrong(format!("columns of {length} bytes")));
        }
        read.extend(alone(|| read_columns(file)).map_err(|error| wrong(error.to_string()))?);
        at = (at + length).next_multiple_of(ALIGN);
    }
    PolarsFrame::new(rows as usize, read).map_err(|error| wrong(error.to_string()))
}

/// The last `N` words, and what is before them.
fn take_words<const N: usize>(bytes: &[u8]) -> Option<(&[u8], [u64; N])> {
    let (rest, last) = bytes.split_at(bytes.len().checked_sub(8 * N)?);
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(last.chunks_exact(8)) {
        *word = u64::from_ne_bytes(bytes.try_into().ok()?);
    }
    Some((rest, words))
}

/// Part of a buffer, which it keeps.
struct Slice {
    buffer: Buffer,
    start: usize,
    end: usize,
}

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        &self.buffer.as_slice()[self.start..self.end]
    }
}

fn read_columns(bytes: Slice) -> Result<Vec<Column>, PolarsError> {
    let bytes = Arc::new(bytes);
    let metadata = read_file_metadata(&mut Cursor::new((*bytes).as_ref()))?;
    // SAFETY: these are the bytes that polars wrote from valid columns: if they were on scratch since, their checksums were
    // compared. They don't change while a column made of them lives: the buffer is read-only, and each column keeps `bytes`.
    let batch = unsafe {
        let dictionaries = mmap_dictionaries_unchecked(&metadata, bytes.clone())?;
        mmap_unchecked(&metadata, &dictionaries, bytes, 0)?
    };
    Ok(PolarsFrame::from(batch).into_columns())
}

/// Counts what passes.
struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: usize,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.bytes += taken;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
