//! Parts and wholes: slices, concatenation.

use std::sync::Arc;

use super::grid::{ChunkGrid, Region};
use super::node::{
    Access, Kernel, Kind, Node, Scope, Shared, compile, compile_blocks, compile_pulled, copy_between, materialised,
    stream_by_pulling, tile_bytes,
};
use super::source::{TILE, Visit};
use super::strided::strides;
use crate::chunk::{Element, charge};
use crate::error::Result;
use crate::graph::{Key, Layers};

/// Along one axis: the first index, how far to the next, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stride {
    pub(super) start: usize,
    pub(super) step: isize,
    pub(super) count: usize,
}

impl Stride {
    /// The chunks of the slice: those of the input, as far as they are in it, in the order of the slice.
    pub(super) fn chunks(self, input: &[usize]) -> Vec<usize> {
        let mut counts = Vec::with_capacity(input.len());
        let mut start = 0;
        for &length in input {
            let (_, count) = self.within(start, length, 0, self.count);
            if count > 0 {
                counts.push(count);
            }
            start += length;
        }
        if self.step < 0 {
            counts.reverse();
        }
        counts
    }

    /// The index in the input of element `at` of the slice.
    fn input(self, at: usize) -> usize {
        (self.start as isize + at as isize * self.step) as usize
    }

    /// The elements `at..at + count` as a range of the input: start and length.
    fn bounds(self, at: usize, count: usize) -> (usize, usize) {
        if count == 0 {
            return (self.start, 0);
        }
        let (a, b) = (self.input(at), self.input(at + count - 1));
        (a.min(b), a.abs_diff(b) + 1)
    }

    /// The elements of the slice that lie in `start..start + len` of the input: first and count, within `at..end`.
    fn within(self, start: usize, len: usize, at: usize, end: usize) -> (usize, usize) {
        if len == 0 || at >= end {
            return (at, 0);
        }
        let inside = |element: &usize| (start..start + len).contains(&self.input(*element));
        let step = self.step.unsigned_abs();
        // The candidates are consecutive: find the first by division, then count.
        let first = if self.step > 0 {
            start.saturating_sub(self.start).div_ceil(step)
        } else {
            (self.start + 1).saturating_sub(start + len).div_ceil(step)
        };
        let first = first.max(at);
        if first >= end || !inside(&first) {
            return (first, 0);
        }
        let reach = if self.step > 0 { start + len - 1 - self.input(first) } else { self.input(first) - start };
        (first, (reach / step + 1).min(end - first))
    }
}

/// A slice with steps.
pub(super) struct SliceNode<T: Element> {
    pub(super) input: Arc<Shared<T>>,
    pub(super) strides: Vec<Stride>,
    pub(super) grid: ChunkGrid,
}

struct SliceKernel<T> {
    input: Box<dyn Kernel<T>>,
    strides: Vec<Stride>,
    region: Region,
}

impl<T: Element> Node<T> for SliceNode<T> {
    fn label(&self) -> &'static str {
        "slice"
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        if self.input.0.kind() == Kind::Streams { Kind::Streams } else { Kind::Pulls }
    }

    fn compile(&self, layers: &mut Layers, region: &Region, needs: &mut Vec<Key>) -> Result<Box<dyn Kernel<T>>> {
        let own = bounds(&self.strides, region);
        let spreads = self.strides.iter().any(|stride| stride.step.unsigned_abs() > 1);
        let input = if spreads && self.input.0.kind() == Kind::Pulls {
            // A tile of the slice spans more than a tile of the input: only blocks can be pulled like that.
            Box::new(compile_blocks(&*materialised(&self.input, layers)?, &own, needs))
        } else {
            compile(&self.input, layers, &own, needs)?
        };
        Ok(Box::new(SliceKernel { input, strides: self.strides.clone(), region: region.clone() }))
    }
}

/// The box of the input in which a box of the slice lies.
fn bounds(strides: &[Stride], region: &Region) -> Region {
    let axis = |(stride, (&at, &count)): (&Stride, (&usize, &usize))| stride.bounds(at, count);
    let (start, shape): (Vec<usize>, Vec<usize>) =
        strides.iter().zip(region.start.iter().zip(&region.shape)).map(axis).unzip();
    Region { start, shape }
}

impl<T: Element> SliceKernel<T> {
    /// Picks the elements of `part`, a box of the slice, out of a box of the input.
    fn gather(&self, part: &Region, input: &Region, values: &[T], out: &mut [T]) {
        let own = strides(&input.shape);
        let Some((&last, outer)) = part.shape.split_last() else {
            out.copy_from_slice(&values[..1]);
            return;
        };
        let place =
            |axis: usize, at: usize| (self.strides[axis].input(part.start[axis] + at) - input.start[axis]) * own[axis];
        let rows = ChunkGrid::new(outer.iter().map(|&len| vec![1; len]).collect());
        for (row, out) in out.chunks_mut(last.max(1)).enumerate() {
            let from: usize = rows.coordinates(row).iter().enumerate().map(|(axis, &at)| place(axis, at)).sum();
            for (at, value) in out.iter_mut().enumerate() {
                *value = values[from + place(outer.len(), at)];
            }
        }
    }

    /// The most elements of the input that one tile of the slice spans.
    fn span(&self) -> usize {
        let spread: usize = self.strides.iter().map(|stride| stride.step.unsigned_abs()).product();
        bounds(&self.strides, &self.region).len().min(TILE.saturating_mul(spread))
    }
}

impl<T: Element> Kernel<T> for SliceKernel<T> {
    fn workspace(&self) -> u64 {
        self.input.workspace() + tile_bytes::<T>() + charge((self.span() * size_of::<T>()) as u64)
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        let mut out = scope.context.scratch::<T>(TILE)?;
        self.input.stream(scope, &mut |tile, values| {
            let axis = |axis: usize| {
                let (at, count) = (self.region.start[axis], self.region.shape[axis]);
                self.strides[axis].within(tile.start[axis], tile.shape[axis], at, at + count)
            };
            let (start, shape): (Vec<usize>, Vec<usize>) = (0..self.strides.len()).map(axis).unzip();
            let part = Region { start, shape };
            if part.is_empty() {
                return Ok(());
            }
            let out = &mut out.as_mut_slice()[..part.len()];
            self.gather(&part, tile, values, out);
            visit(&part, out)
        })
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        let input = bounds(&self.strides, tile);
        if self.strides.iter().all(|stride| stride.step == 1) {
            return self.input.pull(scope, &input, out);
        }
        let mut values = scope.context.scratch::<T>(input.len())?;
        self.input.pull(scope, &input, values.as_mut_slice())?;
        self.gather(tile, &input, values.as_slice(), out);
        Ok(())
    }
}

/// Arrays one after the other along an axis.
pub(super) struct ConcatenateNode<T: Element> {
    pub(super) inputs: Vec<Arc<Shared<T>>>,
    pub(super) axis: usize,
    pub(super) grid: ChunkGrid,
}

struct ConcatenateKernel<T> {
    /// The box of each part in the result, where its own coordinates start along the axis, and its kernel.
    parts: Vec<(Region, usize, Box<dyn Kernel<T>>)>,
    axis: usize,
    region: Region,
    streams: bool,
}

impl<T: Element> Node<T> for ConcatenateNode<T> {
    fn label(&self) -> &'static str {
        "concatenate"
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        let streams = self.inputs.iter().any(|input| input.0.kind() == Kind::Streams);
        if streams { Kind::Streams } else { Kind::Pulls }
    }

    fn access(&self) -> Access {
        self.inputs.iter().map(|input| input.0.access()).reduce(Access::both).unwrap_or(Access::Any)
    }

    fn compile(&self, layers: &mut Layers, region: &Region, needs: &mut Vec<Key>) -> Result<Box<dyn Kernel<T>>> {
        let streams = Node::<T>::kind(self) == Kind::Streams;
        let (mut parts, mut at) = (Vec::new(), 0);
        for input in &self.inputs {
            let shape = input.0.grid().shape();
            let mut whole = Region::whole(&shape);
            whole.start[self.axis] = at;
            if let Some(part) = whole.intersect(region) {
                let mut own = part.clone();
                own.start[self.axis] -= at;
                let kernel = if streams {
                    compile(input, layers, &own, needs)?
                } else {
                    compile_pulled(input, layers, &own, needs)?
                };
                parts.push((part, at, kernel));
            }
            at += shape[self.axis];
        }
        Ok(Box::new(ConcatenateKernel { parts, axis: self.axis, region: region.clone(), streams }))
    }
}

impl<T: Element> Kernel<T> for ConcatenateKernel<T> {
    fn workspace(&self) -> u64 {
        let largest = self.parts.iter().map(|(_, _, kernel)| kernel.workspace()).max().unwrap_or(0);
        largest + 2 * tile_bytes::<T>()
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        if !self.streams {
            return stream_by_pulling(self, &self.region, scope, visit);
        }
        let mut moved = self.region.clone();
        for (_, at, kernel) in &self.parts {
            kernel.stream(scope, &mut |tile, values| {
                moved.start.copy_from_slice(&tile.start);
                moved.shape.copy_from_slice(&tile.shape);
                moved.start[self.axis] += at;
                visit(&moved, values)
            })?;
        }
        Ok(())
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        for (whole, at, kernel) in &self.parts {
            let Some(part) = tile.intersect(whole) else { continue };
            let mut own = part.clone();
            own.start[self.axis] -= at;
            if part == *tile {
                return kernel.pull(scope, &own, out);
            }
            let mut values = scope.context.scratch::<T>(own.len())?;
            kernel.pull(scope, &own, values.as_mut_slice())?;
            copy_between(values.as_slice(), &part, out, tile, &part);
        }
        Ok(())
    }
}
