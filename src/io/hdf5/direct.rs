//! The direct way: stored bytes are read, checked, inflated and converted in the calling thread, outside of all locks.

use std::fs::File;
use std::os::unix::fs::FileExt;

use libdeflater::Decompressor;

use super::convert::Real;
use super::file::Input;
use super::filters::Steps;
use super::index::Extent;
use super::layout::span;
use super::storage::{Place, Storage};
use super::tiles::{Piece, Sink};
use crate::array::Region;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::graph::TaskContext;

/// A piece of a data set, and the part of it that is wanted.
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
}

impl Want {
    /// What is stored of the piece at `start` that `part` is a part of; none where it was never written.
    fn new(storage: &Storage, start: &[usize], part: &Region) -> Option<Self> {
        let layout = &storage.layout;
        let (extent, shape, steps) = match &storage.place {
            Place::Chunks(index, pipeline) => {
                let extent = index.find(layout.number(start))?;
                (extent, layout.chunk.clone(), pipeline.steps(extent.skipped))
            }
            Place::Contiguous(contiguous) => {
                let clip = |axis: usize| layout.chunk[axis].min(layout.extent[axis] - start[axis]);
                let shape: Vec<usize> = (0..start.len()).map(clip).collect();
                let none = Steps { shuffle: false, deflate: false, fletcher32: false };
                (contiguous.find(layout, start, &shape), shape, none)
            }
            Place::Absent | Place::Foreign(_) => return None,
        };
        let (mut bytes, mut address, mut first) = (extent.stored as usize, extent.address, 0);
        if steps.none() {
            let (from, count) = span(&part.relative_to(start), &shape);
            (bytes, address, first) = (count * layout.item, address + (from * layout.item) as u64, from);
        }
        Some(Self { extent, steps, shape, bytes, address, first })
    }

    /// Bytes that it inflates to, or 0 if it isn't deflated.
    fn inflated(&self, storage: &Storage) -> usize {
        if self.steps.deflate { self.shape.iter().product::<usize>() * storage.layout.item } else { 0 }
    }
}

/// Bytes of the two buffers that reading `region` needs: for stored bytes, and for inflated ones. The first is rounded
/// up, so that chunks that deflate to about the same can use the same buffer one after the other.
pub(super) fn needs(storage: &Storage, region: &Region) -> [usize; 2] {
    let mut needs = [0; 2];
    // The closure does not fail.
    drop(storage.layout.pieces(region, |start, part| {
        if let Some(want) = Want::new(storage, start, part) {
            needs = [needs[0].max(want.bytes), needs[1].max(want.inflated(storage))];
        }
        Ok(())
    }));
    let step = (needs[0].next_power_of_two() / 16).max(1);
    [needs[0].next_multiple_of(step), needs[1]]
}

/// Hands `region` to `sink`, piece by piece in C order.
pub(super) fn read<T: Real>(
    storage: &Storage,
    input: &Input,
    context: &TaskContext<'_>,
    region: &Region,
    sink: &mut Sink<'_, T>,
) -> Result<()> {
    let [stored, inflated] = needs(storage, region);
    let (mut stored, mut inflated) = (context.scratch::<u8>(stored)?, context.scratch::<u8>(inflated)?);
    let mut inflater = Decompressor::new();
    let file = input.descriptor()?;
    storage.layout.pieces(region, |start, part| {
        let Some(want) = Want::new(storage, start, part) else { return sink.fill(part, &storage.fill) };
        let stored = &mut stored.as_mut_slice()[..want.bytes];
        read_exact(&file, input, want.address, stored)?;
        context.report(&Event::Read { stored: want.bytes as u64, direct: true });
        let inflated = &mut inflated.as_mut_slice()[..want.inflated(storage)];
        let bytes = want.steps.undo(stored, inflated, &mut inflater).map_err(|problem| {
            let Extent { address, stored, .. } = want.extent;
            Error::file(input.path(), format!("damaged chunk of {stored} B at address {address}: {problem}"))
        })?;
        let shuffled = want.steps.shuffle && storage.layout.item > 1;
        sink.piece(part, &Piece { origin: start, shape: &want.shape, bytes, first: want.first, shuffled })
    })
}

fn read_exact(file: &File, input: &Input, address: u64, out: &mut [u8]) -> Result<()> {
    file.read_exact_at(out, address).map_err(|source| Error::file_io(input.path(), "pread", source))
}
