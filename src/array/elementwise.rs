//! Operations element by element, with broadcasting.

use std::sync::Arc;

use super::grid::{ChunkGrid, Region};
use super::node::{Access, Kernel, Kind, Node, Scope, Shared, compile, compile_pulled, stream_by_pulling, tile_bytes};
use super::source::{TILE, Visit};
use super::strided::strides;
use crate::chunk::Element;
use crate::error::Result;
use crate::graph::{Key, Layers};

/// A function over whole tiles, so that the loop inside is the compiler's to vectorise.
pub(super) type MapFn<A, T> = Arc<dyn Fn(&[A], &mut [T]) + Send + Sync>;

/// A function of two over whole tiles.
pub(super) type ZipFn<A, B, T> = Arc<dyn Fn(&[A], &[B], &mut [T]) + Send + Sync>;

/// `f(x)`.
pub(super) struct MapNode<A: Element, T> {
    pub(super) label: &'static str,
    pub(super) input: Arc<Shared<A>>,
    pub(super) function: MapFn<A, T>,
}

struct MapKernel<A, T> {
    input: Box<dyn Kernel<A>>,
    function: MapFn<A, T>,
}

impl<A: Element, T: Element> Node<T> for MapNode<A, T> {
    fn label(&self) -> &str {
        self.label
    }

    fn grid(&self) -> &ChunkGrid {
        self.input.0.grid()
    }

    fn kind(&self) -> Kind {
        if self.input.0.kind() == Kind::Streams { Kind::Streams } else { Kind::Pulls }
    }

    fn access(&self) -> Access {
        self.input.0.access()
    }

    fn unit(&self) -> Vec<usize> {
        self.input.0.unit()
    }

    fn compile(&self, layers: &mut Layers, region: &Region, needs: &mut Vec<Key>) -> Result<Box<dyn Kernel<T>>> {
        let input = compile(&self.input, layers, region, needs)?;
        Ok(Box::new(MapKernel { input, function: self.function.clone() }))
    }
}

impl<A: Element, T: Element> Kernel<T> for MapKernel<A, T> {
    fn workspace(&self) -> u64 {
        self.input.workspace() + tile_bytes::<A>().max(tile_bytes::<T>())
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        let mut out = scope.context.scratch::<T>(TILE)?;
        self.input.stream(scope, &mut |tile, values| {
            let out = &mut out.as_mut_slice()[..values.len()];
            (self.function)(values, out);
            visit(tile, out)
        })
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        let mut values = scope.context.scratch::<A>(tile.len())?;
        self.input.pull(scope, tile, values.as_mut_slice())?;
        (self.function)(values.as_slice(), out);
        Ok(())
    }
}

/// `f(x, y)`, each operand broadcast to the shape of the result.
pub(super) struct ZipNode<A: Element, B: Element, T> {
    pub(super) label: &'static str,
    pub(super) left: Arc<Shared<A>>,
    pub(super) right: Arc<Shared<B>>,
    pub(super) function: ZipFn<A, B, T>,
    pub(super) grid: ChunkGrid,
}

/// Who leads: the one whose tiles come as they come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leader {
    Left,
    Right,
    Nobody,
}

impl<A: Element, B: Element, T: Element> ZipNode<A, B, T> {
    fn leader(&self) -> Leader {
        let leads = |kind, grid: &ChunkGrid| kind == Kind::Streams && grid.shape() == self.grid.shape();
        if leads(self.left.0.kind(), self.left.0.grid()) {
            Leader::Left
        } else if leads(self.right.0.kind(), self.right.0.grid()) {
            Leader::Right
        } else {
            Leader::Nobody
        }
    }
}

/// An operand, smaller than the result where it is broadcast.
struct Operand<A> {
    kernel: Box<dyn Kernel<A>>,
    /// The operand's shape, without the axes that it lacks.
    shape: Vec<usize>,
}

impl<A: Element> Operand<A> {
    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [A]) -> Result<()> {
        let own = broadcast_region(tile, &self.shape);
        if own.len() == tile.len() {
            return self.kernel.pull(scope, &own, out);
        }
        let mut values = scope.context.scratch::<A>(own.len())?;
        self.kernel.pull(scope, &own, values.as_mut_slice())?;
        expand(values.as_slice(), &own.shape, &tile.shape, out);
        Ok(())
    }

    fn workspace(&self) -> u64 {
        self.kernel.workspace() + 2 * tile_bytes::<A>()
    }
}

/// What it takes to evaluate an operand along with any box of the result. One that is broadcast is small beside it.
fn operand_access<A: Element>(node: &dyn Node<A>, result: &ChunkGrid, leads: bool) -> Access {
    let elements = |grid: &ChunkGrid| grid.shape().iter().product::<usize>();
    if elements(node.grid()) < elements(result) {
        return Access::Any;
    }
    match node.access() {
        // Made into blocks first.
        Access::Units(_) if !leads => Access::Chunks,
        Access::Units(unit) => Access::Units([vec![1; result.ndim() - unit.len()], unit].concat()),
        access => access,
    }
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

struct ZipKernel<A, B, T> {
    region: Region,
    left: Operand<A>,
    right: Operand<B>,
    leader: Leader,
    function: ZipFn<A, B, T>,
}

impl<A: Element, B: Element, T: Element> Node<T> for ZipNode<A, B, T> {
    fn label(&self) -> &str {
        self.label
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        if self.leader() == Leader::Nobody { Kind::Pulls } else { Kind::Streams }
    }

    fn access(&self) -> Access {
        let leader = self.leader();
        let left = operand_access(&*self.left.0, &self.grid, leader == Leader::Left);
        left.both(operand_access(&*self.right.0, &self.grid, leader == Leader::Right))
    }

    fn unit(&self) -> Vec<usize> {
        match self.leader() {
            Leader::Left => self.left.0.unit(),
            Leader::Right => self.right.0.unit(),
            Leader::Nobody => self.grid.longest(),
        }
    }

    fn compile(&self, layers: &mut Layers, region: &Region, needs: &mut Vec<Key>) -> Result<Box<dyn Kernel<T>>> {
        let leader = self.leader();
        let (left_shape, right_shape) = (self.left.0.grid().shape(), self.right.0.grid().shape());
        let left_region = broadcast_region(region, &left_shape);
        let left = match leader {
            Leader::Left => compile(&self.left, layers, &left_region, needs)?,
            _ => compile_pulled(&self.left, layers, &left_region, needs)?,
        };
        let right_region = broadcast_region(region, &right_shape);
        let right = match leader {
            Leader::Right => compile(&self.right, layers, &right_region, needs)?,
            _ => compile_pulled(&self.right, layers, &right_region, needs)?,
        };
        Ok(Box::new(ZipKernel {
            region: region.clone(),
            left: Operand { kernel: left, shape: left_shape },
            right: Operand { kernel: right, shape: right_shape },
            leader,
            function: self.function.clone(),
        }))
    }
}

impl<A: Element, B: Element, T: Element> Kernel<T> for ZipKernel<A, B, T> {
    fn workspace(&self) -> u64 {
        let operands = self.left.workspace() + self.right.workspace();
        operands + tile_bytes::<A>() + tile_bytes::<B>() + tile_bytes::<T>()
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        if self.leader == Leader::Nobody {
            return stream_by_pulling(self, &self.region, scope, visit);
        }
        let mut out = scope.context.scratch::<T>(TILE)?;
        if self.leader == Leader::Left {
            let mut other = scope.context.scratch::<B>(TILE)?;
            return self.left.kernel.stream(scope, &mut |tile, values| {
                let (other, out) = (&mut other.as_mut_slice()[..values.len()], &mut out.as_mut_slice()[..values.len()]);
                self.right.pull(scope, tile, other)?;
                (self.function)(values, other, out);
                visit(tile, out)
            });
        }
        let mut other = scope.context.scratch::<A>(TILE)?;
        self.right.kernel.stream(scope, &mut |tile, values| {
            let (other, out) = (&mut other.as_mut_slice()[..values.len()], &mut out.as_mut_slice()[..values.len()]);
            self.left.pull(scope, tile, other)?;
            (self.function)(other, values, out);
            visit(tile, out)
        })
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        let mut left = scope.context.scratch::<A>(tile.len())?;
        let mut right = scope.context.scratch::<B>(tile.len())?;
        self.left.pull(scope, tile, left.as_mut_slice())?;
        self.right.pull(scope, tile, right.as_mut_slice())?;
        (self.function)(left.as_slice(), right.as_slice(), out);
        Ok(())
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
