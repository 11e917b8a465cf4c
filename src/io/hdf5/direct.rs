//! The direct way: stored bytes are read, checked, decoded and converted in the calling thread, outside of all locks.

use std::fs::File;
use std::os::unix::fs::FileExt;

use libdeflater::Decompressor;

use super::convert::Real;
use super::file::Input;
use super::filters::{Buffers, Steps, Undo};
use super::index::Extent;
use super::layout::{Part, span};
use super::storage::{Place, Storage};
use super::tiles::{Piece, Sink, Stored};
use crate::array::Region;
use crate::chunk::charge;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::graph::{Scratch, TaskContext};

/// A piece of a data set, of which some part is wanted.
struct Want {
    extent: Extent,
    steps: Steps,
    /// The shape that the piece is stored with.
    shape: Vec<usize>,
    /// The bytes to be read, and where from: all, or those from the first wanted to the last.
    bytes: usize,
    address: u64,
    /// The number of the first element read.
    first: usize,
    /// What decoding takes. What is kept stays until all of its batch are there.
    buffers: Buffers,
}

impl Want {
    /// What is stored of the piece that `part` is of; none where it was never written.
    fn new(storage: &Storage, Part { start, region }: &Part) -> Option<Self> {
        let layout = &storage.layout;
        let (extent, shape, steps) = match &storage.place {
            Place::Chunks(index, pipeline) => {
                let extent = index.find(layout.number(start))?;
                (extent, layout.chunk.clone(), pipeline.steps(extent.skipped))
            }
            Place::Contiguous(contiguous) => {
                let clip = |axis: usize| layout.chunk[axis].min(layout.extent[axis] - start[axis]);
                let shape: Vec<usize> = (0..start.len()).map(clip).collect();
                (contiguous.find(layout, start, &shape), shape, Steps::default())
            }
            Place::Absent | Place::Foreign(_) => return None,
        };
        let (mut bytes, mut address, mut first) = (extent.stored as usize, extent.address, 0);
        if steps.none() {
            let (from, count) = span(&region.relative_to(start), &shape);
            (bytes, address, first) = (count * layout.item, address + (from * layout.item) as u64, from);
        }
        let whole = shape.iter().product::<usize>() * layout.item;
        let buffers = steps.buffers(bytes, whole, layout.item);
        Some(Self { extent, steps, shape, bytes, address, first, buffers })
    }
}

/// The buffers that reading a region needs: one of each, but for what is kept of so many pieces.
#[derive(Clone, Copy, Default)]
struct Needs {
    buffers: Buffers,
    pieces: usize,
}

impl Needs {
    fn of(storage: &Storage, region: &Region) -> Self {
        let mut needs = Self::default();
        // The closure does not fail.
        drop(storage.layout.batches(region, |_, parts| {
            needs.pieces = needs.pieces.max(parts.len());
            for want in parts.iter().filter_map(|part| Want::new(storage, part)) {
                needs.buffers = needs.buffers.max(want.buffers);
            }
            Ok(())
        }));
        // Rounded up, so that what is compressed to about the same can use the same buffer one after the other.
        let read = &mut needs.buffers.read;
        *read = read.next_multiple_of((read.next_power_of_two() / 16).max(1));
        needs
    }
}

/// Bytes that reading `region` takes beside those of the sink.
pub(super) fn workspace(storage: &Storage, region: &Region) -> u64 {
    let Needs { buffers: Buffers { read, between, kept, hidden }, pieces } = Needs::of(storage, region);
    let charge = |bytes: usize| charge(bytes as u64);
    charge(read) + charge(between) + charge(kept) * pieces as u64 + charge(hidden)
}

/// Stored bytes that reading `region` takes.
pub(super) fn reads(storage: &Storage, region: &Region) -> u64 {
    let mut bytes = 0;
    // The closure does not fail.
    drop(storage.layout.batches(region, |_, parts| {
        bytes += parts.iter().filter_map(|part| Want::new(storage, part)).map(|want| want.bytes as u64).sum::<u64>();
        Ok(())
    }));
    bytes
}

/// Hands `region` to `sink`, batch by batch.
pub(super) fn read<T: Real>(
    storage: &Storage,
    input: &Input,
    context: &TaskContext<'_>,
    region: &Region,
    sink: &mut Sink<'_, T>,
) -> Result<()> {
    let Needs { buffers, pieces } = Needs::of(storage, region);
    let _hidden = context.allocator().reserve(charge(buffers.hidden as u64))?;
    let item = storage.layout.item;
    let mut reader = Reader {
        file: &*input.descriptor()?,
        input,
        context,
        item,
        stored: context.scratch(buffers.read)?,
        between: context.scratch(buffers.between)?,
        inflater: Decompressor::new(),
    };
    let mut kept = (0..pieces).map(|_| context.scratch::<u8>(buffers.kept)).collect::<Result<Vec<_>>>()?;
    storage.layout.batches(region, |batch, parts| {
        let wants: Vec<Option<Want>> = parts.iter().map(|part| Want::new(storage, part)).collect();
        let mut pieces = Vec::with_capacity(parts.len());
        for ((part, want), kept) in parts.iter().zip(&wants).zip(&mut kept) {
            let stored = want.as_ref().map(|want| {
                let shuffled = want.steps.stays_shuffled(item);
                let bytes = reader.fetch(want, kept.as_mut_slice())?;
                let swapped = storage.swapped;
                Ok(Stored { origin: &part.start, shape: &want.shape, bytes, first: want.first, shuffled, swapped })
            });
            pieces.push(Piece { region: &part.region, stored: stored.transpose()? });
        }
        sink.batch(batch, &pieces)
    })?;
    input.check_unchanged()
}

/// Reads pieces of a file.
struct Reader<'a> {
    file: &'a File,
    input: &'a Input,
    context: &'a TaskContext<'a>,
    item: usize,
    stored: Scratch<'a, u8>,
    between: Scratch<'a, u8>,
    inflater: Decompressor,
}

impl Reader<'_> {
    /// The bytes of a piece, sorted still if they stay so, in `kept`.
    fn fetch<'a>(&mut self, want: &Want, kept: &'a mut [u8]) -> Result<&'a [u8]> {
        let damaged = |problem: String| {
            let Extent { address, stored, .. } = want.extent;
            Error::file(self.input.path(), format!("damaged chunk of {stored} B at address {address}: {problem}"))
        };
        let kept = &mut kept[..want.buffers.kept];
        let stored = &mut self.stored.as_mut_slice()[..want.buffers.read];
        let out = if stored.is_empty() { &mut *kept } else { &mut *stored };
        let outcome = self.file.read_exact_at(out, want.address);
        outcome.map_err(|source| Error::file_io(self.input.path(), "pread", source))?;
        self.context.report(&Event::Read { stored: want.bytes as u64, direct: true });
        let undo = Undo {
            steps: &want.steps,
            inflater: &mut self.inflater,
            read: stored,
            between: self.between.as_mut_slice(),
            bytes: want.shape.iter().product::<usize>() * self.item,
            item: self.item,
        };
        undo.into_kept(kept).map_err(damaged)
    }
}
