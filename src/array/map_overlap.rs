//! Functions of blocks with some of what is around them.
//!
//! Each block is given to a function with `depth` more elements at both ends of each axis; what the function gives is cut
//! to the block again. Beyond the array's own ends lies what a [`Boundary`] says.
//!
//! What a block needs of its neighbours are slabs along their faces. A task cuts these out of each block, into one chunk,
//! its *rim*; neighbours need the rim, not the block. So a task needs one block, its surroundings and what the function
//! takes, in any number of dimensions. Chunks shorter than the depth are united with their neighbours.

use std::panic::Location;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn, Slice};

use super::Array;
use super::gather::{BlockNode, Gather, Recipe, place_of};
use super::grid::{ChunkGrid, Region};
use super::kernel::Scope;
use super::map_blocks::{BlockInfo, BoxError, Call, CallNode, IntoBlock, view};
use super::node::{Shared, materialised};
use super::pick::{for_each_combination, gather};
use super::picks::{Landed, Picks, ends};
use super::rearrange::{Pad, padded};
use super::strided::{copy_region, strides};
use crate::chunk::{Block, Element};
use crate::error::{Error, Result};
use crate::graph::{Key, Layers};
use crate::units::ByteSize;

/// What lies beyond the ends of an array.
///
/// ```
/// use thermocline::array::{Boundary, Overlap};
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x: Array<f64> = [1.0, 2.0, 4.0].into_iter().collect();
/// let right = |boundary| {
///     let overlap = Overlap::new(&[1]).boundary(boundary);
///     x.map_overlap(overlap, |block, _| {
///         let mut right = block.to_owned();
///         let last = right.len() - 1;
///         (0..last).for_each(|at| right[[at]] = block[[at + 1]]);
///         right
///     })
/// };
/// let all = [Boundary::Periodic, Boundary::Reflect, Boundary::Constant(9.0)].map(right);
/// let ends: Vec<f64> = session.compute(&all[..])?.iter().map(|values| values[[2]]).collect();
/// assert_eq!(ends, [1.0, 4.0, 9.0]);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Boundary<T> {
    /// Nothing: blocks at the end are given without.
    #[default]
    None,
    /// The other end: `b c | a b c | a b`.
    Periodic,
    /// The array mirrored at its end: `b a | a b c | c b`.
    Reflect,
    /// The element at the end: `a a | a b c | c c`.
    Nearest,
    /// This value.
    Constant(T),
}

/// How blocks overlap: how deep along each axis, and what lies beyond the array's ends.
///
/// ```
/// use thermocline::array::{Boundary, Overlap};
///
/// let smooth = Overlap::new(&[1, 2]).boundary(Boundary::Reflect);
/// let on_a_globe = Overlap::new(&[1, 1]).boundaries(&[Boundary::Constant(f32::NAN), Boundary::Periodic]);
/// # let _: (Overlap<f64>, Overlap<f32>) = (smooth, on_a_globe);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Overlap<T> {
    depth: Vec<usize>,
    boundaries: Vec<Boundary<T>>,
    workspace: Option<ByteSize>,
}

impl<T: Copy> Overlap<T> {
    /// So many elements at both ends of each axis; nothing beyond the array's ends.
    pub fn new(depth: &[usize]) -> Self {
        Self { depth: depth.to_vec(), boundaries: vec![Boundary::None; depth.len()], workspace: None }
    }

    /// What lies beyond the ends of all axes.
    pub fn boundary(mut self, boundary: Boundary<T>) -> Self {
        self.boundaries = vec![boundary; self.depth.len()];
        self
    }

    /// What lies beyond the ends of each axis.
    pub fn boundaries(mut self, boundaries: &[Boundary<T>]) -> Self {
        self.boundaries = boundaries.to_vec();
        self
    }

    /// The most bytes that the function takes at once beside its result; without this, as many as a block of the result.
    pub fn workspace(mut self, bytes: ByteSize) -> Self {
        self.workspace = Some(bytes);
        self
    }

    fn problem(&self, shape: &[usize]) -> Option<String> {
        if self.depth.len() != shape.len() || self.boundaries.len() != shape.len() {
            let (depths, ends) = (self.depth.len(), self.boundaries.len());
            return Some(format!("{depths} depths and {ends} boundaries: expected one for each axis"));
        }
        let deep = (0..shape.len()).find(|&axis| self.depth[axis] > shape[axis])?;
        Some(format!("a depth of {} along axis {deep}, which has length {}", self.depth[deep], shape[deep]))
    }
}

/// Neighbours united until none is shorter than `depth`.
fn united(lengths: &[usize], depth: usize) -> Vec<usize> {
    let mut united: Vec<usize> = Vec::new();
    for &length in lengths {
        match united.last_mut() {
            Some(last) if *last < depth => *last += length,
            _ => united.push(length),
        }
    }
    if united.len() > 1 && united[united.len() - 1] < depth {
        let rest = united.pop().unwrap_or(0);
        if let Some(last) = united.last_mut() {
            *last += rest;
        }
    }
    united
}

/// A slab of a block, and where it is in the block's rim.
struct Slab {
    region: Region,
    at: usize,
}

/// The slabs of a block of `shape`: at both ends of each axis along which there are other blocks.
fn slabs(shape: &[usize], depth: &[usize], counts: &[usize]) -> Vec<Slab> {
    let mut slabs: Vec<Slab> = Vec::new();
    let mut at = 0;
    for axis in 0..shape.len() {
        if depth[axis] == 0 || counts[axis] == 1 {
            continue;
        }
        for start in [0, shape[axis] - depth[axis]] {
            let mut region = Region::whole(shape);
            (region.start[axis], region.shape[axis]) = (start, depth[axis]);
            let len = region.len();
            slabs.push(Slab { region, at });
            at += len;
        }
    }
    slabs
}

/// The rims of all blocks, one after the other along one axis, a chunk each.
fn rims<T: Element>(input: &Array<T>, depth: &[usize]) -> Array<T> {
    let (node, depth, grid) = (input.node.clone(), depth.to_vec(), input.chunks().clone());
    let counts = grid.counts();
    let length = |block: usize| {
        slabs(&grid.block(block).shape, &depth, &counts).last().map_or(0, |last| last.at + last.region.len())
    };
    let lengths = (0..grid.blocks()).map(length).collect();
    let prepare = move |layers: &mut Layers, at: &[usize], _: &Region, needs: &mut Vec<Key>| {
        let grid = node.grid();
        let block = grid.block(at[0]);
        let slabs = slabs(&block.shape, &depth, &grid.counts());
        let values = Gather::of_blocks(&*materialised(&node, layers)?, &block, needs);
        let workspace = values.workspace();
        let make = move |scope: Scope<'_>, out: &mut [T]| {
            let values = values.values(scope)?;
            for slab in &slabs {
                copy_region(&slab.region, &values, &block.shape, &mut out[slab.at..][..slab.region.len()]);
            }
            Ok(())
        };
        Ok(Recipe { workspace, make: Box::new(make) })
    };
    Array::of(BlockNode { label: "rim", grid: ChunkGrid::new(vec![lengths]), prepare: Box::new(prepare) })
}

/// The surroundings of a block along one axis: the length, and what of it lies in which chunk.
struct Around {
    length: usize,
    /// Chunks, and indices of the surroundings that are in them.
    parts: Vec<(usize, Landed)>,
    /// The indices that the array has: others are constant.
    inside: std::ops::Range<usize>,
    /// The block's own indices.
    own: std::ops::Range<usize>,
}

fn around<T>(lengths: &[usize], chunk: usize, depth: usize, boundary: &Boundary<T>) -> Around {
    let ends = ends(lengths);
    let (total, end) = (ends[ends.len() - 1], ends[chunk]);
    let start = end - lengths[chunk];
    let pad = match boundary {
        Boundary::Periodic => Some(Pad::Wrap),
        Boundary::Reflect => Some(Pad::Symmetric),
        Boundary::Nearest => Some(Pad::Edge),
        Boundary::None | Boundary::Constant(_) => None,
    };
    // The range of picks, and how far its first is from the first of the surroundings.
    let (picks, range, shift) = if let Some(pad) = pad {
        let picks = padded(total, depth, depth, &pad as &Pad<T>).unwrap_or_else(|| Picks::of([]));
        (picks, start..end + 2 * depth, 0)
    } else {
        let range = start.saturating_sub(depth)..(end + depth).min(total);
        let missing = if matches!(boundary, Boundary::None) { 0 } else { depth - (start - range.start) };
        (Picks::of([(0, 1, total)]), range, missing)
    };
    let mut parts = Vec::new();
    for touched in picks.touched(range.clone(), &ends) {
        let chunk_of = |index: usize| ends.partition_point(|&end| end <= index);
        for chunk in chunk_of(touched.start)..=chunk_of(touched.end - 1) {
            for mut landed in picks.landing(&(ends[chunk] - lengths[chunk]..ends[chunk]), &range) {
                landed.at = landed.at - range.start + shift;
                parts.push((chunk, landed));
            }
        }
    }
    let before = match boundary {
        Boundary::None => start - range.start,
        _ => depth,
    };
    let own = before..before + lengths[chunk];
    let length = if matches!(boundary, Boundary::None) { range.len() } else { lengths[chunk] + 2 * depth };
    let inside = shift..shift + range.len();
    Around { length, parts, inside, own }
}

/// A part of a block's surroundings: where it is among the inputs, the shape of what it is in, and the indices.
struct Part {
    place: usize,
    /// Where the slab is in the rim; 0 in the block itself.
    at: usize,
    shape: Vec<usize>,
    offsets: Vec<Vec<usize>>,
    to: Vec<usize>,
}

/// A block's surroundings.
struct Surroundings<T> {
    shape: Vec<usize>,
    parts: Vec<Part>,
    /// Values beyond the ends along axes, and the indices that are not beyond.
    constants: Vec<(usize, std::ops::Range<usize>, T)>,
    own: Vec<std::ops::Range<usize>>,
}

impl<T: Element> Surroundings<T> {
    fn compile(
        node: &Arc<Shared<T>>,
        rims: &Arc<Shared<T>>,
        overlap: &Overlap<T>,
        layers: &mut Layers,
        at: &[usize],
        needs: &mut Vec<Key>,
    ) -> Result<Self> {
        let (blocks, rims) = (materialised(node, layers)?, materialised(rims, layers)?);
        let grid = node.grid();
        let axis = |axis: usize| around(grid.lengths(axis), at[axis], overlap.depth[axis], &overlap.boundaries[axis]);
        let mut axes: Vec<Around> = (0..at.len()).map(axis).collect();
        let lists: Vec<_> = axes.iter_mut().map(|around| std::mem::take(&mut around.parts)).collect();
        let mut parts = Vec::new();
        for_each_combination(&lists, |chosen| {
            let chunks: Vec<usize> = chosen.iter().map(|(chunk, _)| *chunk).collect();
            let landed: Vec<&Landed> = chosen.iter().map(|(_, landed)| landed).collect();
            let shape = grid.region(&chunks).shape;
            let to = landed.iter().map(|landed| landed.at).collect();
            let mut offsets: Vec<Vec<usize>> = landed.iter().map(|landed| landed.offsets.clone()).collect();
            if chunks == at {
                let place = place_of(blocks.key(grid.number(at)), needs);
                parts.push(Part { place, at: 0, shape, offsets, to });
                return;
            }
            let slabs = slabs(&shape, &overlap.depth, &grid.counts());
            let holds = |slab: &&Slab| {
                let region = &slab.region;
                landed.iter().enumerate().all(|(axis, landed)| {
                    let span = landed.span();
                    span.start >= region.start[axis] && span.end <= region.start[axis] + region.shape[axis]
                })
            };
            let slab = slabs.iter().find(holds).expect("neighbours are no deeper than their rims");
            for (offsets, start) in offsets.iter_mut().zip(&slab.region.start) {
                offsets.iter_mut().for_each(|offset| *offset -= start);
            }
            let place = place_of(rims.key(grid.number(&chunks)), needs);
            parts.push(Part { place, at: slab.at, shape: slab.region.shape.clone(), offsets, to });
        });
        let constant = |axis: usize| match overlap.boundaries[axis] {
            Boundary::Constant(value) => Some((axis, axes[axis].inside.clone(), value)),
            _ => None,
        };
        Ok(Self {
            shape: axes.iter().map(|around| around.length).collect(),
            parts,
            constants: (0..at.len()).filter_map(constant).collect(),
            own: axes.iter().map(|around| around.own.clone()).collect(),
        })
    }

    fn len(&self) -> usize {
        self.shape.iter().product()
    }

    fn fill(&self, scope: Scope<'_>, out: &mut [T]) -> Result<()> {
        let to = strides(&self.shape);
        for part in &self.parts {
            let values = &scope.chunks[part.place].get::<Block<T>>()?.as_slice()[part.at..];
            let offsets: Vec<&[usize]> = part.offsets.iter().map(Vec::as_slice).collect();
            let base: usize = part.to.iter().zip(&to).map(|(at, stride)| at * stride).sum();
            gather(values, &strides(&part.shape), &offsets, &mut out[base..], &to);
        }
        if self.constants.is_empty() {
            return Ok(());
        }
        let mut whole = ArrayViewMutD::from_shape(IxDyn(&self.shape), out)
            .map_err(|_| Error::ChunkType { found: "values of another length", expected: "a whole block" })?;
        for (axis, inside, value) in &self.constants {
            let length = self.shape[*axis];
            whole.slice_axis_mut(Axis(*axis), Slice::from(0..inside.start)).fill(*value);
            whole.slice_axis_mut(Axis(*axis), Slice::from(inside.end..length)).fill(*value);
        }
        Ok(())
    }

    /// Cuts a result of the shape of the surroundings to the block.
    fn cut<U: Element>(&self, mut made: ArrayD<U>) -> ArrayD<U> {
        if made.shape() == self.shape {
            for (axis, own) in self.own.iter().enumerate() {
                made.slice_axis_inplace(Axis(axis), Slice::from(own.clone()));
            }
        }
        made
    }
}

impl<T: Element> Array<T> {
    /// `function` of each block together with what is around it. It gives an array of the shape that it was given, which
    /// is cut to the block; or one of the block's shape, which is taken as it is.
    ///
    /// ```
    /// use thermocline::array::{Boundary, Overlap};
    /// # use thermocline::{Array, Session, ndarray};
    /// use ndarray::{Array1, Ix1};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::from_fn(&[6], &[2], |at| (at[0] * at[0]) as f64);
    /// // The mean of three neighbours.
    /// let smooth = x.map_overlap(Overlap::new(&[1]).boundary(Boundary::Nearest), |block, _| {
    ///     let block = block.into_dimensionality::<Ix1>()?;
    ///     Ok::<_, ndarray::ShapeError>(block.windows(3).into_iter().map(|three| three.sum() / 3.0).collect::<Array1<f64>>())
    /// });
    /// assert_eq!(session.compute(&smooth)?[[2]], (1.0 + 4.0 + 9.0) / 3.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where depths and boundaries are not as many as axes, or a depth is more than an axis's length; and as
    /// [`map_blocks`](Self::map_blocks).
    #[track_caller]
    #[must_use]
    pub fn map_overlap<B: IntoBlock>(
        &self,
        overlap: Overlap<T>,
        function: impl Fn(ArrayViewD<'_, T>, &BlockInfo) -> B + Send + Sync + 'static,
    ) -> Array<B::Item> {
        let location = Location::caller();
        if let Some(error) = &self.failure {
            return Array::failed(error.clone());
        }
        let shape = self.shape();
        if let Some(problem) = overlap.problem(&shape) {
            let problem = format!("{problem} (shape {shape:?} of {})", T::DTYPE);
            return Array::failed(Error::operation("map_overlap", location, problem));
        }
        let lengths = |axis: usize| united(self.chunks().lengths(axis), overlap.depth[axis]);
        let input = self.in_grid(&ChunkGrid::new((0..shape.len()).map(lengths).collect()));
        let (node, rims) = (input.node.clone(), rims(&input, &overlap.depth).node);
        let (function, workspace) = (Arc::new(function), overlap.workspace);
        let prepare = move |layers: &mut Layers, at: &[usize], needs: &mut Vec<Key>| {
            let around = Surroundings::compile(&node, &rims, &overlap, layers, at, needs)?;
            // The surroundings, and what the function makes of them.
            let bytes = Block::<T>::charge(around.len()) + Block::<B::Item>::charge(around.len());
            let function = function.clone();
            let call: Call<B::Item> = Box::new(move |scope: Scope<'_>, info: &BlockInfo| {
                let mut values = scope.context.scratch::<T>(around.len())?;
                around.fill(scope, values.as_mut_slice())?;
                let made = function(view(&around.shape, values.as_slice())?, info).into_block()?;
                Ok::<_, BoxError>(around.cut(made))
            });
            Ok((bytes, call))
        };
        let grid = input.chunks().clone();
        Array::of(CallNode::new("map_overlap", location, (grid.clone(), grid), workspace, Box::new(prepare)))
    }
}
