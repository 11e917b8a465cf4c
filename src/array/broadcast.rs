//! Broadcasting: what an operand has at a box of the result, by NumPy's rule.

use std::sync::Arc;

use super::chain::Chain;
use super::grid::{ChunkGrid, Region};
use super::kernel::{Kernel, Scope, Taken, tile_bytes};
use super::node::{Access, Shared};
use super::strided::strides;
use crate::chunk::Element;
use crate::error::Result;

/// An operand, smaller than the result where it is broadcast.
pub(super) struct Operand<A> {
    pub(super) kernel: Box<dyn Kernel<A>>,
    /// The operand's shape, without the axes that it lacks.
    shape: Vec<usize>,
    /// Whether that is the result's.
    is_whole: bool,
}

impl<A: Element> Operand<A> {
    /// Of `shape`, for a result of the shape `result`.
    pub(super) fn new(kernel: Box<dyn Kernel<A>>, shape: Vec<usize>, result: &[usize]) -> Self {
        Self { kernel, is_whole: shape == result, shape }
    }

    /// What it has at a tile of the result, as [`Kernel::pull`].
    pub(super) fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [A]) -> Result<()> {
        let own = broadcast_region(tile, &self.shape);
        if own.len() == tile.len() {
            return self.kernel.pull(scope, &own, out);
        }
        let mut values = scope.context.scratch::<A>(own.len())?;
        self.kernel.pull(scope, &own, values.as_mut_slice())?;
        expand(values.as_slice(), &own.shape, &tile.shape, out);
        Ok(())
    }

    /// As [`Kernel::take`].
    pub(super) fn take<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Taken<'a, A>> {
        if self.is_whole {
            return self.kernel.take(scope, tile);
        }
        let mut out = scope.context.scratch::<A>(tile.len())?;
        self.pull(scope, tile, out.as_mut_slice())?;
        Ok(Taken::Made(out))
    }

    /// As [`Kernel::chain`].
    pub(super) fn chain<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Chain<'a, A>> {
        if self.is_whole { self.kernel.chain(scope, tile) } else { Ok(Chain::new(self.take(scope, tile)?)) }
    }

    /// As [`Kernel::workspace`], for tiles of so many elements of the result.
    pub(super) fn workspace(&self, tile: usize) -> u64 {
        self.kernel.workspace() + tile_bytes::<A>(tile)
    }
}

/// What it takes to evaluate an operand along with any box of the result. One that is broadcast is small beside it.
pub(super) fn operand_access<A: Element>(node: &Shared<A>, result: &ChunkGrid, followed: bool) -> Access {
    let elements = |grid: &ChunkGrid| grid.shape().iter().product::<usize>();
    if elements(node.grid()) < elements(result) {
        return Access::Any;
    }
    match node.access() {
        // Made into blocks first.
        Access::Units(_) if !followed => Access::Chunks,
        Access::Units(unit) => Access::Units([vec![1; result.ndim() - unit.len()], unit].concat()),
        access => access,
    }
}

/// An operand of a result of `shape`, [as it is read](Node::as_read): itself, where it is broadcast. None where it is as
/// large as the result and comes in no other chunks.
pub(super) fn operand_as_read<A: Element>(node: &Arc<Shared<A>>, shape: &[usize]) -> Option<Arc<Shared<A>>> {
    let broadcast = || (node.grid().shape() != shape).then(|| node.clone());
    node.as_read().or_else(broadcast)
}

/// The box of an operand of `shape` that is broadcast to `region`.
pub(super) fn broadcast_region(region: &Region, shape: &[usize]) -> Region {
    let lacking = region.start.len() - shape.len();
    let axis = |axis: usize| {
        if shape[axis] == 1 { (0, 1) } else { (region.start[lacking + axis], region.shape[lacking + axis]) }
    };
    let (start, shape): (Vec<usize>, Vec<usize>) = (0..shape.len()).map(axis).unzip();
    Region { start, shape }
}

/// Repeats values of `shape` along its axes of length 1 and those that it lacks, to `full`.
pub(super) fn expand<T: Copy>(values: &[T], shape: &[usize], full: &[usize], out: &mut [T]) {
    let lacking = full.len() - shape.len();
    let own = strides(shape);
    let stride = |axis: usize| if axis < lacking || shape[axis - lacking] == 1 { 0 } else { own[axis - lacking] };
    let Some((&last, outer)) = full.split_last() else {
        out.copy_from_slice(values);
        return;
    };
    let rows = ChunkGrid::new(outer.iter().map(|&len| vec![1; len]).collect());
    let along = stride(outer.len());
    for (row, out) in out.chunks_mut(last.max(1)).enumerate() {
        let from: usize = rows.coordinates(row).iter().enumerate().map(|(axis, at)| at * stride(axis)).sum();
        if along == 0 {
            out.fill(values[from]);
        } else {
            out.copy_from_slice(&values[from..from + last]);
        }
    }
}

/// The shape that two shapes are broadcast to, by NumPy's rule.
pub(super) fn broadcast_shape(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let axes = left.len().max(right.len());
    let length = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(axes).map_or(1, |axis| shape[axis]);
    (0..axes)
        .map(|axis| match (length(left, axis), length(right, axis)) {
            (a, b) if a == b => Some(a),
            (1, b) => Some(b),
            (a, 1) => Some(a),
            _ => None,
        })
        .collect()
}

/// The chunks of a result: along each axis those of the operand that is not broadcast there; of two the left one's.
pub(super) fn broadcast_grid(shape: &[usize], left: &ChunkGrid, right: &ChunkGrid) -> ChunkGrid {
    let axes = shape.len();
    let lengths = |axis: usize| {
        let of = |grid: &ChunkGrid| {
            let axis = (axis + grid.ndim()).checked_sub(axes)?;
            (grid.lengths(axis).iter().sum::<usize>() == shape[axis + axes - grid.ndim()])
                .then(|| grid.lengths(axis).to_vec())
        };
        of(left).or_else(|| of(right)).unwrap_or_else(|| vec![1])
    };
    ChunkGrid::new((0..axes).map(lengths).collect())
}
