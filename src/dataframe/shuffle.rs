//! Rows to where they belong: the one operation behind which rows of all partitions may meet.
//!
//! ```text
//! partition i ── split ──> its rows for 0, 1, 2, … ── piece (i, j) ──┐
//! partition k ── split ──> …                        ── piece (k, j) ──┴─> partition j of the shuffled table
//! ```
//!
//! A *piece* is a chunk of its own: one that is wanted late goes to scratch by itself, into the large extents where all chunks
//! of a session lie, and comes back for its one reader. It is [packed](Frame::packed) as soon as it is cut: as dozens of columns
//! it would be dozens of small allocations, whose memory the C library doesn't give back, and would be encoded later anyway.
//! Pieces are taken in the order of the partitions, and rows keep their order in them, so that a shuffled partition has its
//! rows in the order in which they were before (**D1**).
//!
//! How many partitions there are behind a shuffle depends on the estimated bytes alone. Partitions grow with the square root of
//! the whole, as far as tasks of a usual limit can hold them: if those before the shuffle are as large, pieces stay of one size
//! however much is shuffled.

use std::sync::Arc;

use polars::prelude::{
    DataFrame as PolarsFrame, DataType, IdxCa, IdxSize, NewChunkedArray, PlSeedableRandomStateQuality, SchemaRef,
};

use super::alone::alone;
use super::compute::concat;
use super::frame::{Frame, compact};
use super::node::{Make, Part};
use crate::chunk::{Chunk, CodeError, Encoded, Value};
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task, TaskContext};

/// Bytes of a piece, about, where partitions are as large before a shuffle as behind it.
const PIECE: u64 = 256 << 10;

/// Between so many bytes partitions behind a shuffle have, about.
const LEAST: u64 = 8 << 20;
const MOST: u64 = 32 << 20;

/// So many partitions there are at the most behind a shuffle: pieces shall not be too small to be worth a task.
const MOST_PARTITIONS: u64 = 4096;

/// Into how many partitions about `bytes` bytes are shuffled.
pub(super) fn partitions_for(bytes: u64) -> usize {
    let partition = bytes.saturating_mul(PIECE).isqrt().clamp(LEAST, MOST);
    bytes.div_ceil(partition).clamp(1, MOST_PARTITIONS) as usize
}

/// Says to which partition each row of a frame goes. Also gets what the split needs beside its partition, and the
/// partition's number.
pub(super) type Place = Arc<dyn Fn(&PolarsFrame, &[Chunk], usize) -> Result<Vec<u32>, CodeError> + Send + Sync>;

/// How rows are shuffled.
pub(super) struct Shuffle {
    pub(super) into: usize,
    pub(super) place: Place,
    /// What each split needs beside its partition.
    pub(super) needs: Vec<Key>,
}

impl Shuffle {
    /// By the hash of what `keys` makes of a frame.
    pub(super) fn by_hash(
        into: usize,
        keys: impl Fn(&PolarsFrame) -> Result<PolarsFrame, CodeError> + Send + Sync + 'static,
    ) -> Self {
        let place: Place = Arc::new(move |frame, _, _| hash_places(keys(frame)?, into));
        Self { into, place, needs: Vec::new() }
    }

    /// Adds the tasks that shuffle `parts`, whose columns are as in `schema`. Gives how each partition behind is made of its
    /// pieces.
    pub(super) fn build(&self, layers: &mut Layers, label: &str, parts: Vec<Part>, schema: &SchemaRef) -> Vec<Part> {
        let (split, piece) = (layers.name(&format!("{label}_split")), layers.name(&format!("{label}_piece")));
        let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
        let mut pieces = vec![Vec::with_capacity(parts.len()); self.into];
        for (number, part) in parts.into_iter().enumerate() {
            let part_bytes = part.bytes;
            let key = Key::indexed(split.clone(), [number as u32]);
            layers.add(self.split_task(key.clone(), part, number));
            for (to, pieces) in pieces.iter_mut().enumerate() {
                let run = move |_: &TaskContext<'_>, chunks: &[Chunk]| {
                    Ok(Chunk::new(chunks[0].get::<Split>()?.0[to].clone()))
                };
                let size = Size::Estimated(part_bytes / self.into as u64);
                let piece = Key::indexed(piece.clone(), [number as u32, to as u32]);
                let task = Task::new(piece.clone(), [key.clone()], Arc::new(run)).output(size);
                layers.add(task.spillable().at_once());
                pieces.push(piece);
            }
        }
        let gathered = |pieces: Vec<Key>| {
            let schema = schema.clone();
            let make: Make = Arc::new(move |_, chunks| {
                let frames = chunks
                    .iter()
                    .map(Frame::of)
                    .filter(|frame| frame.as_ref().map_or(true, |frame| frame.height() > 0));
                Ok(concat(frames.collect::<Result<_>>()?, &schema)?)
            });
            Part { needs: pieces, make, workspace: 0, reads: 0, bytes: bytes / self.into as u64 }
        };
        pieces.into_iter().map(gathered).collect()
    }

    fn split_task(&self, key: Key, part: Part, number: usize) -> Task {
        let Part { needs, make, workspace, reads, bytes } = part;
        let (own, place, into) = (needs.len(), self.place.clone(), self.into);
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let frame = make(context, &chunks[..own])?;
            let split = alone(|| {
                let places = place(&frame, &chunks[own..], number)?;
                split(&frame, &places, into, context)
            })?;
            Ok(Chunk::new(split))
        };
        let needs = [needs, self.needs.clone()].concat();
        let task = Task::new(key, needs, Arc::new(run)).output(Size::Estimated(bytes)).reads(reads);
        // The partition, the numbers of its rows, and a piece twice: cut, and before it gets memory of its own.
        task.workspace(workspace + bytes + bytes / 4 + 2 * bytes / into as u64)
    }
}

/// The partition of each row by the hash of all its columns.
pub(super) fn hash_places(keys: PolarsFrame, into: usize) -> Result<Vec<u32>, CodeError> {
    // Categories have numbers of their own in each frame; their names are the same.
    let columns = keys.columns().iter().map(|column| match column.dtype() {
        DataType::Categorical(..) | DataType::Enum(..) => column.cast(&DataType::String),
        _ => Ok(column.clone()),
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let mut keys = PolarsFrame::new(keys.height(), columns)?;
    let hashes = keys.hash_rows(Some(PlSeedableRandomStateQuality::fixed()))?;
    let place = |hash: u64| ((u128::from(hash) * into as u128) >> 64) as u32;
    Ok(hashes.into_no_null_iter().map(place).collect())
}

/// The rows of one partition by where they go.
struct Split(Vec<Frame>);

impl Value for Split {
    fn unmetered_bytes(&self) -> u64 {
        0
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        None
    }

    fn describe(&self) -> Option<String> {
        Some(format!("a partition split in {}", self.0.len()))
    }
}

fn split(frame: &PolarsFrame, places: &[u32], into: usize, context: &TaskContext<'_>) -> Result<Split, CodeError> {
    let mut ends = vec![0_usize; into + 1];
    for &place in places {
        ends[place as usize + 1] += 1;
    }
    for place in 0..into {
        ends[place + 1] += ends[place];
    }
    let starts = ends.clone();
    let mut rows = vec![0 as IdxSize; places.len()];
    for (row, &place) in places.iter().enumerate() {
        let next = &mut ends[place as usize];
        rows[*next] = row as IdxSize;
        *next += 1;
    }
    let mut packed = Vec::new();
    let piece = |place: usize| {
        let rows = &rows[starts[place]..starts[place + 1]];
        // Who gathers pieces passes over those without rows.
        let piece = match rows {
            [] => PolarsFrame::empty(),
            rows => compact(frame.take(&IdxCa::from_slice("".into(), rows))?),
        };
        Frame::packed(piece, &mut packed, context)
    };
    Ok(Split((0..into).map(piece).collect::<Result<_, CodeError>>()?))
}
