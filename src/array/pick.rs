//! Parts of an array, and parts more than once: picks along each axis.
//!
//! Slices, `flip`, `roll`, `take`, `repeat`, `tile` and most of `pad` are one node. Its input streams where each tile of
//! it gives whole parts of the result, whichever way the picks go; tiles that are not asked for are not read. Else
//! boxes of the input are pulled, no larger than a tile.

use std::ops::Range;
use std::sync::Arc;

use super::compile::Compiler;
use super::grid::{ChunkGrid, Region};
use super::kernel::{Kernel, Scope, stream_by_pulling, tile_bytes, tile_of};
use super::node::{Access, Kind, Node, Shared, TURN};
use super::packed::Packed;
use super::picks::{Landed, Picks, ends};
use super::source::{TILE, Visit};
use super::strided::strides;
use super::tiles::for_each_tile;
use crate::chunk::Element;
use crate::error::Result;

/// A box whose elements lie at most so many times as far apart in the input is pulled whole.
const SPREAD: usize = 4;

/// What `picks` pick along each axis.
pub(super) struct PickNode<T: Element> {
    label: &'static str,
    input: Arc<Shared<T>>,
    picks: Vec<Picks>,
    grid: ChunkGrid,
}

impl<T: Element> PickNode<T> {
    pub(super) fn new(label: &'static str, input: Arc<Shared<T>>, picks: Vec<Picks>) -> Self {
        let own = input.grid();
        let axis = |(axis, picks): (usize, &Picks)| picks.chunks(own.lengths(axis));
        let grid = ChunkGrid::new(picks.iter().enumerate().map(axis).collect());
        Self { label, input, picks, grid }
    }

    fn streams(&self) -> bool {
        self.input.kind() == Kind::Streams && self.picks.iter().all(Picks::streams)
    }

    /// The boxes of the input that hold what is in `region`.
    fn boxes(&self, region: &Region) -> Vec<Region> {
        let grid = self.input.grid();
        let axis = |axis: usize| {
            let range = range(region, axis);
            self.picks[axis].touched(range, &ends(grid.lengths(axis)))
        };
        let ranges: Vec<Vec<Range<usize>>> = (0..grid.ndim()).map(axis).collect();
        let mut boxes = Vec::new();
        for_each_combination(&ranges, |ranges| {
            let (start, shape) = ranges.iter().map(|range| (range.start, range.len())).unzip();
            boxes.push(Region { start, shape });
        });
        boxes
    }
}

fn range(region: &Region, axis: usize) -> Range<usize> {
    region.start[axis]..region.start[axis] + region.shape[axis]
}

/// Calls `visit` with one element of each list, for all combinations, the last list's elements fastest.
pub(super) fn for_each_combination<'a, E>(lists: &'a [Vec<E>], mut visit: impl FnMut(&[&'a E])) {
    let counts = ChunkGrid::new(lists.iter().map(|list| vec![1; list.len()]).collect());
    if lists.iter().any(Vec::is_empty) {
        return;
    }
    for number in 0..counts.blocks() {
        let chosen: Vec<&E> = counts.coordinates(number).iter().zip(lists).map(|(&at, list)| &list[at]).collect();
        visit(&chosen);
    }
}

impl<T: Element> Node<T> for PickNode<T> {
    fn label(&self) -> &str {
        self.label
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        if self.streams() { Kind::Streams } else { Kind::Pulls }
    }

    fn access(&self) -> Access {
        match self.input.access() {
            Access::Any => Access::Any,
            Access::Units(unit) if self.picks.iter().all(|picks| picks.step() == Some(1)) => Access::Units(unit),
            Access::Units(_) if self.streams() => Access::Units(self.grid.longest()),
            Access::Units(_) | Access::Chunks => Access::Chunks,
        }
    }

    fn depth(&self) -> u32 {
        self.input.depth() + TURN
    }

    fn packed(&self) -> Option<Packed<T>> {
        Some(self.input.packed()?.picked(self.label, &self.picks))
    }

    fn is_stored(&self) -> bool {
        self.input.is_stored()
    }

    fn as_read(&self) -> Option<Arc<Shared<T>>> {
        self.input.as_read().map(|input| Arc::new(Shared::new(Self::new(self.label, input, self.picks.clone()))))
    }

    fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        let streams = self.streams();
        let mut inputs = Vec::new();
        for part in self.boxes(region) {
            let kernel = compiler.in_turn(|compiler| {
                if streams { compiler.compile(&self.input, &part) } else { compiler.apart(&self.input, &part) }
            })?;
            inputs.push((part, kernel));
        }
        Ok(Box::new(PickKernel { inputs, picks: self.picks.clone(), region: region.clone(), streams }))
    }
}

struct PickKernel<T> {
    /// Boxes of the input that have nothing in common, and their kernels.
    inputs: Vec<(Region, Box<dyn Kernel<T>>)>,
    picks: Vec<Picks>,
    region: Region,
    streams: bool,
}

impl<T: Element> Kernel<T> for PickKernel<T> {
    fn workspace(&self) -> u64 {
        let largest = self.inputs.iter().map(|(_, kernel)| kernel.workspace()).max().unwrap_or(0);
        largest + 2 * tile_bytes::<T>(tile_of(&self.region))
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        if !self.streams {
            return stream_by_pulling(self, &self.region, scope, visit);
        }
        let mut out = scope.context.scratch::<T>(tile_of(&self.region))?;
        for (_, kernel) in &self.inputs {
            kernel.stream(scope, &mut |tile, values| self.hand_on(tile, values, out.as_mut_slice(), visit))?;
        }
        Ok(())
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        let own = strides(&tile.shape);
        for (input, kernel) in &self.inputs {
            let axis = |axis: usize| {
                let landed = self.picks[axis].landing(&range(input, axis), &range(tile, axis));
                landed.into_iter().flat_map(compact).collect()
            };
            let parts: Vec<Vec<Landed>> = (0..input.start.len()).map(axis).collect();
            let mut outcome = Ok(());
            for_each_combination(&parts, |part| {
                if outcome.is_ok() {
                    let part: Vec<Landed> = part.iter().copied().cloned().collect();
                    outcome = pull_part(&**kernel, scope, input, part, (tile, &own), out);
                }
            });
            outcome?;
        }
        Ok(())
    }
}

impl<T: Element> PickKernel<T> {
    /// Visits the parts of the result that lie in a tile of the input.
    fn hand_on(&self, tile: &Region, values: &[T], out: &mut [T], visit: &mut Visit<'_, T>) -> Result<()> {
        let axis = |axis: usize| self.picks[axis].landing(&range(tile, axis), &range(&self.region, axis));
        let landed: Vec<Vec<Landed>> = (0..tile.start.len()).map(axis).collect();
        let mut outcome = Ok(());
        for_each_combination(&landed, |part| {
            if outcome.is_err() {
                return;
            }
            let (start, shape) = part.iter().map(|landed| (landed.at, landed.offsets.len())).unzip();
            let whole = Region { start, shape };
            outcome = for_each_tile(&whole, TILE, |part_tile| {
                let offsets: Vec<&[usize]> = (0..part.len())
                    .map(|axis| {
                        let from = part_tile.start[axis] - whole.start[axis];
                        &part[axis].offsets[from..from + part_tile.shape[axis]]
                    })
                    .collect();
                let out = &mut out[..part_tile.len()];
                gather(values, &strides(&tile.shape), &offsets, out, &strides(&part_tile.shape));
                visit(part_tile, out)
            });
        });
        outcome
    }
}

/// Cuts where the next index is far off, or the way turns.
fn compact(landed: Landed) -> Vec<Landed> {
    let mut parts: Vec<Landed> = Vec::new();
    let mut span = 0..0;
    for (place, &offset) in landed.offsets.iter().enumerate() {
        let wider = span.start.min(offset)..span.end.max(offset + 1);
        match parts.last_mut() {
            Some(part) if wider.len() <= SPREAD * (part.offsets.len() + 1) => {
                part.offsets.push(offset);
                span = wider;
            }
            _ => {
                parts.push(Landed { at: landed.at + place, offsets: vec![offset] });
                span = offset..offset + 1;
            }
        }
    }
    parts
}

/// Pulls a part of the tile `to`, whose offsets are those in the box `input`. Halved until it spans no more than a tile.
fn pull_part<T: Element>(
    kernel: &dyn Kernel<T>,
    scope: Scope<'_>,
    input: &Region,
    mut part: Vec<Landed>,
    to: (&Region, &[usize]),
    out: &mut [T],
) -> Result<()> {
    let spans: Vec<Range<usize>> = part.iter().map(Landed::span).collect();
    if spans.iter().map(Range::len).product::<usize>() > TILE {
        let widest = (0..part.len()).max_by_key(|&axis| spans[axis].len()).unwrap_or(0);
        let half = part[widest].offsets.len() / 2;
        let mut rest = part.clone();
        rest[widest] = Landed { at: part[widest].at + half, offsets: part[widest].offsets.split_off(half) };
        pull_part(kernel, scope, input, part, to, out)?;
        return pull_part(kernel, scope, input, rest, to, out);
    }
    let (tile, own) = to;
    let start = spans.iter().zip(&input.start).map(|(span, start)| start + span.start).collect();
    let own_box = Region { start, shape: spans.iter().map(Range::len).collect() };
    if own_box.shape == tile.shape && part.iter().all(Landed::is_contiguous) {
        return kernel.pull(scope, &own_box, out);
    }
    let mut values = scope.context.scratch::<T>(own_box.len())?;
    kernel.pull(scope, &own_box, values.as_mut_slice())?;
    for (landed, span) in part.iter_mut().zip(&spans) {
        landed.offsets.iter_mut().for_each(|offset| *offset -= span.start);
    }
    let base: usize = (0..part.len()).map(|axis| (part[axis].at - tile.start[axis]) * own[axis]).sum();
    let offsets: Vec<&[usize]> = part.iter().map(|landed| landed.offsets.as_slice()).collect();
    gather(values.as_slice(), &strides(&own_box.shape), &offsets, &mut out[base..], own);
    Ok(())
}

/// Copies the elements at these offsets along each axis to a box of `out`. The last axis has stride 1 in both.
pub(super) fn gather<T: Copy>(values: &[T], from: &[usize], offsets: &[&[usize]], out: &mut [T], to: &[usize]) {
    let Some((last, outer)) = offsets.split_last() else {
        out[0] = values[0];
        return;
    };
    let contiguous = last.windows(2).all(|pair| pair[1] == pair[0] + 1);
    let rows = ChunkGrid::new(outer.iter().map(|offsets| vec![1; offsets.len()]).collect());
    for row in 0..rows.blocks() {
        let at = rows.coordinates(row);
        let source: usize = at.iter().enumerate().map(|(axis, &at)| offsets[axis][at] * from[axis]).sum();
        let target: usize = at.iter().zip(to).map(|(at, stride)| at * stride).sum();
        let out = &mut out[target..target + last.len()];
        if contiguous {
            out.copy_from_slice(&values[source + last[0]..source + last[0] + last.len()]);
        } else {
            for (out, offset) in out.iter_mut().zip(*last) {
                *out = values[source + offset];
            }
        }
    }
}
