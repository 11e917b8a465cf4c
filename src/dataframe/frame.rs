//! A polars frame as a chunk: counted, spilled as Arrow IPC, used in place when it comes back.
//!
//! polars says how long its buffers are, not how large they were allocated, and a column of strings keeps all the bytes that
//! it was cut from. So a frame that becomes a chunk is made [compact](compact()) first: one piece a column, no bytes kept that
//! no row shows. Then what it is charged is what it holds, with room for how [it is stored](super::stored).

use std::sync::Arc;

use polars::prelude::{
    Column, DataFrame as PolarsFrame, DataType, IntoColumn, IntoSeries, Series, StringChunked, StructChunked,
};
use polars_arrow::array::Utf8ViewArray;

use super::alone::alone;
use super::stored;
use crate::chunk::{Buffer, BufferMut, Chunk, CodeError, Encoded, Value};
use crate::error::Result;
use crate::graph::TaskContext;

/// A partition in memory. A clone shares its columns.
#[derive(Clone)]
pub(crate) struct Frame {
    frame: PolarsFrame,
    memory: Memory,
}

/// Where its columns lie.
#[derive(Clone)]
enum Memory {
    /// In polars' own allocations, so many bytes.
    Owned(u64),
    /// In a buffer that it was packed or read into, or in scratch itself.
    Stored(Buffer),
}

impl Frame {
    /// `frame`, made compact.
    pub(crate) fn new(frame: PolarsFrame) -> Self {
        let frame = alone(|| compact(frame));
        let bytes = stored::most_bytes(&frame);
        Self { frame, memory: Memory::Owned(bytes) }
    }

    /// `frame`, [compact](compact()), as it is [stored](super::stored), in one piece of memory. It is written to `packed` first.
    pub(super) fn packed(
        frame: PolarsFrame,
        packed: &mut Vec<u8>,
        context: &TaskContext<'_>,
    ) -> Result<Self, CodeError> {
        packed.clear();
        stored::write(&frame, packed)?;
        drop(frame);
        let mut buffer = BufferMut::unwritten(packed.len(), context)?;
        buffer.as_mut_slice().copy_from_slice(packed);
        let buffer = buffer.freeze();
        Ok(Self { frame: stored::read(&buffer)?, memory: Memory::Stored(buffer) })
    }

    /// The same as a chunk.
    pub(crate) fn chunk(frame: PolarsFrame) -> Chunk {
        Chunk::new(Self::new(frame))
    }

    /// The frame that a chunk holds. Cheap: its columns are shared.
    pub(crate) fn of(chunk: &Chunk) -> Result<PolarsFrame> {
        Ok(chunk.get::<Self>()?.frame.clone())
    }

    /// The frame that a chunk holds, where it lies.
    pub(crate) fn lent(chunk: &Chunk) -> Result<&PolarsFrame> {
        Ok(&chunk.get::<Self>()?.frame)
    }

    fn decode(buffer: Buffer) -> Result<Chunk> {
        let frame = stored::read(&buffer)?;
        Ok(Chunk::new(Self { frame, memory: Memory::Stored(buffer) }))
    }
}

impl Value for Frame {
    fn unmetered_bytes(&self) -> u64 {
        match self.memory {
            Memory::Owned(bytes) => bytes,
            Memory::Stored(_) => 0,
        }
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        Some(match &self.memory {
            Memory::Owned(_) => Encoded::Laid {
                write: Box::new(|out| stored::write(&self.frame, out)),
                in_place: true,
                decode: Arc::new(Self::decode),
            },
            Memory::Stored(buffer) => Encoded::Memory {
                bytes: buffer.as_slice(),
                item_size: 1,
                in_place: true,
                decode: Arc::new(Self::decode),
            },
        })
    }

    fn describe(&self) -> Option<String> {
        let (rows, columns) = self.frame.shape();
        Some(format!("frame [{rows} rows, {columns} columns]"))
    }
}

/// The same rows in one piece a column, without bytes that no row shows.
pub(super) fn compact(frame: PolarsFrame) -> PolarsFrame {
    let height = frame.height();
    let columns: Vec<Column> = frame.into_columns().into_iter().map(compact_column).collect();
    PolarsFrame::new(height, columns).unwrap_or_else(|error| unreachable!("columns of a frame: {error}"))
}

fn compact_column(column: Column) -> Column {
    compact_series(column.take_materialized_series()).into_column()
}

fn compact_series(series: Series) -> Series {
    let series = if series.n_chunks() > 1 { series.rechunk() } else { series };
    if let Ok(structs) = series.struct_() {
        let fields: Vec<Series> = structs.fields_as_series().into_iter().map(compact_series).collect();
        let made = StructChunked::from_series(series.name().clone(), series.len(), fields.iter());
        return made.map_or(series.clone(), |made| made.with_outer_validity(structs.rechunk_validity()).into_series());
    }
    if *series.dtype() != DataType::String {
        return series;
    }
    let strings: Option<&Utf8ViewArray> = series.chunks().first().and_then(|array| array.as_any().downcast_ref());
    match strings.and_then(without_unseen) {
        Some(strings) => StringChunked::with_chunk(series.name().clone(), strings).into_series(),
        None => series,
    }
}

/// The same strings without bytes that none of them shows, where these are more than a few.
fn without_unseen(strings: &Utf8ViewArray) -> Option<Utf8ViewArray> {
    // Strings of up to 12 bytes lie in the rows themselves.
    let shown = strings.len_iter().filter(|&len| len > 12).map(u64::from).sum::<u64>();
    let kept: u64 = strings.data_buffers().iter().map(|buffer| buffer.len() as u64).sum();
    (kept > shown + shown / 8).then(|| strings.clone().gc())
}
