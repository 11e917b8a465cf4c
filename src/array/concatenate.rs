//! Arrays one after the other, and side by side.
//!
//! The blocks of the whole are those of the arrays: where tasks make them, none copies them.

use std::panic::Location;
use std::sync::Arc;

use super::Array;
use super::axes::place_of_axis;
use super::compile::Compiler;
use super::grid::{ChunkGrid, Region};
use super::kernel::{Kernel, Scope, stream_by_pulling, tile_bytes, tile_of};
use super::node::{Access, Kind, Node, Shared, TURN};
use super::picks::ends;
use super::source::Visit;
use super::tiles::copy_between;
use crate::chunk::Element;
use crate::error::{Error, Result};

/// Arrays one after the other along an axis.
struct ConcatenateNode<T: Element> {
    inputs: Vec<Arc<Shared<T>>>,
    axis: usize,
    grid: ChunkGrid,
    /// Where each input ends along the axis.
    ends: Vec<usize>,
}

struct ConcatenateKernel<T> {
    /// The box of each part in the result, where its own coordinates start along the axis, and its kernel.
    parts: Vec<(Region, usize, Box<dyn Kernel<T>>)>,
    axis: usize,
    region: Region,
    streams: bool,
}

impl<T: Element> ConcatenateNode<T> {
    /// Arrays of the same shape but for the axis.
    fn new(arrays: &[Array<T>], axis: usize) -> Self {
        let first = arrays[0].chunks();
        let lengths = |at: usize| -> Vec<usize> {
            if at != axis {
                return first.lengths(at).to_vec();
            }
            let all = arrays.iter().flat_map(|array| array.chunks().lengths(at).iter().copied());
            all.filter(|&length| length > 0).collect()
        };
        let grid = ChunkGrid::new((0..first.ndim()).map(lengths).collect());
        let own = |array: &Array<T>| {
            let lengths = |at: usize| if at == axis { array.chunks() } else { first }.lengths(at).to_vec();
            array.aligned(&ChunkGrid::new((0..first.ndim()).map(lengths).collect())).node
        };
        let lengths: Vec<usize> = arrays.iter().map(|array| array.shape()[axis]).collect();
        Self { inputs: arrays.iter().map(own).collect(), axis, grid, ends: ends(&lengths) }
    }
}

impl<T: Element> Node<T> for ConcatenateNode<T> {
    fn label(&self) -> &'static str {
        "concatenate"
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        let streams = self.inputs.iter().any(|input| input.kind() == Kind::Streams);
        if streams { Kind::Streams } else { Kind::Pulls }
    }

    fn access(&self) -> Access {
        self.inputs.iter().map(|input| input.access()).reduce(Access::both).unwrap_or(Access::Any)
    }

    fn is_stored(&self) -> bool {
        self.inputs.iter().any(|input| input.is_stored())
    }

    fn depth(&self) -> u32 {
        self.inputs.iter().map(|input| input.depth()).max().unwrap_or(0) + TURN
    }

    fn parts(&self) -> Option<(usize, Vec<Arc<Shared<T>>>)> {
        let is_empty = |input: &&Arc<Shared<T>>| input.grid().lengths(self.axis).iter().all(|&length| length == 0);
        let parts: Vec<_> = self.inputs.iter().filter(|input| !is_empty(input)).cloned().collect();
        // Empty chunks between others are not chunks of the whole.
        let in_full = parts.iter().all(|part| !part.grid().lengths(self.axis).contains(&0));
        (in_full && !parts.is_empty()).then_some((self.axis, parts))
    }

    fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        let streams = Node::<T>::kind(self) == Kind::Streams;
        let mut parts = Vec::new();
        let (start, end) = (region.start[self.axis], region.start[self.axis] + region.shape[self.axis]);
        let first = self.ends.partition_point(|&end| end <= start);
        for (input, &input_end) in self.inputs.iter().zip(&self.ends).skip(first) {
            let at = input_end - input.grid().lengths(self.axis).iter().sum::<usize>();
            if at >= end {
                break;
            }
            let mut part = region.clone();
            part.start[self.axis] = start.max(at);
            part.shape[self.axis] = end.min(input_end) - start.max(at);
            let mut own = part.clone();
            own.start[self.axis] -= at;
            let kernel =
                compiler.in_turn(
                    |compiler| {
                        if streams { compiler.compile(input, &own) } else { compiler.apart(input, &own) }
                    },
                )?;
            parts.push((part, at, kernel));
        }
        Ok(Box::new(ConcatenateKernel { parts, axis: self.axis, region: region.clone(), streams }))
    }
}

impl<T: Element> Kernel<T> for ConcatenateKernel<T> {
    fn workspace(&self) -> u64 {
        let largest = self.parts.iter().map(|(_, _, kernel)| kernel.workspace()).max().unwrap_or(0);
        largest + 2 * tile_bytes::<T>(tile_of(&self.region))
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

impl<T: Element> Array<T> {
    /// Arrays one after the other along `axis`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2], &[2], |at| at[0] as i64);
    /// let joined = Array::concatenate(&[x.clone(), &x + 10], 0);
    /// assert_eq!(session.compute(&joined)?.into_raw_vec_and_offset().0, [0, 1, 10, 11]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no array, or their shapes differ off the axis.
    #[track_caller]
    #[must_use]
    pub fn concatenate(arrays: &[Self], axis: i32) -> Self {
        Self::joined("concatenate", Location::caller(), arrays, axis)
    }

    /// Arrays of one shape side by side along a new axis at place `axis`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<i64> = [1, 2].into_iter().collect();
    /// let y = &x * 10;
    /// assert_eq!(session.compute(&Array::stack(&[x.clone(), y.clone()], 0))?.into_raw_vec_and_offset().0, [1, 2, 10, 20]);
    /// assert_eq!(Array::stack(&[x, y], -1).shape(), [2, 2]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no array, or their shapes differ.
    #[track_caller]
    #[must_use]
    pub fn stack(arrays: &[Self], axis: i32) -> Self {
        let location = Location::caller();
        let differs = |array: &&Self| array.failure.is_none() && array.shape() != arrays[0].shape();
        if let Some(other) = arrays.iter().find(differs) {
            let problem = format!("shapes {:?} and {:?} differ", arrays[0].shape(), other.shape());
            return Self::failed(Error::operation("stack", location, problem));
        }
        let wider: Vec<Self> = arrays.iter().map(|array| array.expand_dims(axis)).collect();
        Self::joined("stack", location, &wider, axis)
    }

    /// Arrays side by side: along the second axis, or the only one.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<i64> = [1, 2].into_iter().collect();
    /// let y = &x * 10;
    /// assert_eq!(session.compute(&Array::hstack(&[x, y]))?.into_raw_vec_and_offset().0, [1, 2, 10, 20]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`concatenate`](Self::concatenate).
    #[track_caller]
    #[must_use]
    pub fn hstack(arrays: &[Self]) -> Self {
        let arrays: Vec<Self> = arrays.iter().map(|array| array.atleast_nd(1)).collect();
        let axis = i32::from(arrays.first().is_some_and(|first| first.ndim() > 1));
        Self::joined("hstack", Location::caller(), &arrays, axis)
    }

    /// Arrays on top of each other: along the first axis, those of one dimension as rows.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<i64> = [1, 2].into_iter().collect();
    /// let y = &x * 10;
    /// assert_eq!(session.compute(&Array::vstack(&[x, y]))?[[1, 0]], 10);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`concatenate`](Self::concatenate).
    #[track_caller]
    #[must_use]
    pub fn vstack(arrays: &[Self]) -> Self {
        let arrays: Vec<Self> = arrays.iter().map(|array| array.atleast_nd(2)).collect();
        Self::joined("vstack", Location::caller(), &arrays, 0)
    }

    fn joined(label: &'static str, location: &'static Location<'static>, arrays: &[Self], axis: i32) -> Self {
        let fail = |problem: String| Self::failed(Error::operation(label, location, problem));
        if let Some(failed) = arrays.iter().find(|array| array.failure.is_some()) {
            return failed.clone();
        }
        let Some(first) = arrays.first() else { return fail("there is no array".into()) };
        let shape = first.shape();
        let axis = match place_of_axis(axis, shape.len()) {
            Ok(axis) => axis,
            Err(problem) => return first.refused(label, location, &problem),
        };
        for array in arrays {
            let other = array.shape();
            let fits = |at: usize| at == axis || other.get(at) == Some(&shape[at]);
            if other.len() != shape.len() || !(0..shape.len()).all(fits) {
                let (a, b) = (first.node.label(), array.node.label());
                return fail(format!("{a} has shape {shape:?}, {b} has {other:?}: they differ off axis {axis}"));
            }
        }
        Self::of(ConcatenateNode::new(arrays, axis))
    }
}
