//! Operations element by element, with broadcasting.

use std::sync::Arc;

use super::broadcast::{Operand, broadcast_grid, broadcast_region, operand_access, operand_as_read};
use super::chain::Chain;
use super::compile::Compiler;
use super::function::{MapFn, ZipFn};
use super::grid::{ChunkGrid, Region};
use super::kernel::{Kernel, Scope, Taken, stream_by_pulling, stream_in_strips, tile_bytes, tile_of};
use super::node::{Access, Kind, Leader, Node, Shared, as_its_input};
use super::rechunk;
use super::source::Visit;
use crate::chunk::Element;
use crate::error::Result;

/// `f(x)`.
pub(super) struct MapNode<A: Element, T> {
    pub(super) label: &'static str,
    pub(super) input: Arc<Shared<A>>,
    pub(super) function: MapFn<A, T>,
}

struct MapKernel<A, T> {
    region: Region,
    input: Box<dyn Kernel<A>>,
    function: MapFn<A, T>,
}

impl<A: Element, T: Element> Node<T> for MapNode<A, T> {
    fn label(&self) -> &str {
        self.label
    }

    fn grid(&self) -> &ChunkGrid {
        self.input.grid()
    }

    as_its_input!();

    fn is_stored(&self) -> bool {
        self.input.is_stored()
    }

    fn as_read(&self) -> Option<Arc<Shared<T>>> {
        let (label, function) = (self.label, self.function.clone());
        self.input.as_read().map(|input| Arc::new(Shared::new(Self { label, input, function })))
    }

    fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        let input = compiler.compile(&self.input, region)?;
        Ok(Box::new(MapKernel { region: region.clone(), input, function: self.function.clone() }))
    }
}

impl<A: Element, T: Element> Kernel<T> for MapKernel<A, T> {
    fn workspace(&self) -> u64 {
        let tile = tile_of(&self.region);
        self.input.workspace() + tile_bytes::<A>(tile).max(tile_bytes::<T>(tile))
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        if self.is_at_hand() {
            return stream_in_strips(self, &self.region, scope, visit);
        }
        let mut out = scope.context.scratch::<T>(tile_of(&self.region))?;
        self.input.stream(scope, &mut |tile, values| {
            let out = &mut out.as_mut_slice()[..values.len()];
            self.function.run(values, out);
            visit(tile, out)
        })
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        self.function.pull(&*self.input, scope, tile, out)
    }

    fn is_at_hand(&self) -> bool {
        self.input.is_at_hand()
    }

    fn take<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Taken<'a, T>> {
        self.chain(scope, tile)?.take(scope)
    }

    fn chain<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Chain<'a, T>> {
        self.function.chain(&*self.input, scope, tile)
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

/// The operand whose tiles come as they come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Left,
    Right,
    Neither,
}

impl<A: Element, B: Element, T: Element> ZipNode<A, B, T> {
    /// What each operand follows, if its tiles are those of the result.
    fn leaders(&self) -> [Option<Leader>; 2] {
        let whole = |grid: &ChunkGrid| grid.shape() == self.grid.shape();
        [
            self.left.leader().filter(|_| whole(self.left.grid())),
            self.right.leader().filter(|_| whole(self.right.grid())),
        ]
    }

    fn first(&self) -> First {
        match self.leaders() {
            [Some(_), _] => First::Left,
            [None, Some(_)] => First::Right,
            [None, None] => First::Neither,
        }
    }
}

struct ZipKernel<A, B, T> {
    region: Region,
    left: Operand<A>,
    right: Operand<B>,
    first: First,
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
        if self.first() == First::Neither { Kind::Pulls } else { Kind::Streams }
    }

    fn access(&self) -> Access {
        let [left, right] = self.leaders();
        let first = left.as_ref().or(right.as_ref());
        let follows = |leader: &Option<Leader>| leader.is_some() && leader.as_ref() == first;
        let left_access = operand_access(&self.left, &self.grid, follows(&left));
        left_access.both(operand_access(&self.right, &self.grid, follows(&right)))
    }

    fn unit(&self) -> Vec<usize> {
        match self.first() {
            First::Left => self.left.unit(),
            First::Right => self.right.unit(),
            First::Neither => self.grid.longest(),
        }
    }

    fn followed(&self) -> Vec<Leader> {
        self.leaders().into_iter().flatten().collect()
    }

    fn depth(&self) -> u32 {
        self.left.depth().max(self.right.depth()) + 1
    }

    fn is_stored(&self) -> bool {
        self.left.is_stored() || self.right.is_stored()
    }

    fn as_read(&self) -> Option<Arc<Shared<T>>> {
        let shape = self.grid.shape();
        let (left, right) = (operand_as_read(&self.left, &shape)?, operand_as_read(&self.right, &shape)?);
        // That of an operand that is read, if there is one: what is broadcast would cut it again.
        let whole = [left.grid(), right.grid()].into_iter().find(|grid| grid.shape() == shape);
        let grid = whole.cloned().unwrap_or_else(|| broadcast_grid(&shape, left.grid(), right.grid()));
        if right.grid().shape() == shape && rechunk::is_far(&grid, right.grid()) {
            return None;
        }
        let (label, function) = (self.label, self.function.clone());
        (grid != self.grid).then(|| Arc::new(Shared::new(Self { label, left, right, function, grid })))
    }

    fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        let first = if compiler.is_following(self.followed().first()) { First::Neither } else { self.first() };
        let (left_shape, right_shape) = (self.left.grid().shape(), self.right.grid().shape());
        let left_region = broadcast_region(region, &left_shape);
        let left = match first {
            First::Left => compiler.compile(&self.left, &left_region)?,
            _ => compiler.pulled(&self.left, &left_region)?,
        };
        let right_region = broadcast_region(region, &right_shape);
        let right = match first {
            First::Right => compiler.compile(&self.right, &right_region)?,
            _ => compiler.pulled(&self.right, &right_region)?,
        };
        let shape = self.grid.shape();
        let (left, right) = (Operand::new(left, left_shape, &shape), Operand::new(right, right_shape, &shape));
        Ok(Box::new(ZipKernel { region: region.clone(), left, right, first, function: self.function.clone() }))
    }
}

impl<A: Element, B: Element, T: Element> Kernel<T> for ZipKernel<A, B, T> {
    fn workspace(&self) -> u64 {
        let tile = tile_of(&self.region);
        let (left, right) = (self.left.workspace(tile), self.right.workspace(tile));
        // Pulled one after the other, or the one while the other streams.
        let operands = if self.first == First::Neither { left.max(right) } else { left + right };
        operands + tile_bytes::<A>(tile) + tile_bytes::<B>(tile) + tile_bytes::<T>(tile)
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        if self.is_at_hand() {
            return stream_in_strips(self, &self.region, scope, visit);
        }
        if self.first == First::Neither {
            return stream_by_pulling(self, &self.region, scope, visit);
        }
        let tile = tile_of(&self.region);
        let mut out = scope.context.scratch::<T>(tile)?;
        if self.first == First::Left {
            let mut other = scope.context.scratch::<B>(tile)?;
            return self.left.kernel.stream(scope, &mut |tile, values| {
                let (other, out) = (&mut other.as_mut_slice()[..values.len()], &mut out.as_mut_slice()[..values.len()]);
                self.right.pull(scope, tile, other)?;
                self.function.run(values, other, out);
                visit(tile, out)
            });
        }
        let mut other = scope.context.scratch::<A>(tile)?;
        self.right.kernel.stream(scope, &mut |tile, values| {
            let (other, out) = (&mut other.as_mut_slice()[..values.len()], &mut out.as_mut_slice()[..values.len()]);
            self.left.pull(scope, tile, other)?;
            self.function.run(other, values, out);
            visit(tile, out)
        })
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        self.function.pull((&self.left, &self.right), scope, tile, out)
    }

    fn is_at_hand(&self) -> bool {
        self.left.kernel.is_at_hand() && self.right.kernel.is_at_hand()
    }

    fn take<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Taken<'a, T>> {
        self.chain(scope, tile)?.take(scope)
    }

    fn chain<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Chain<'a, T>> {
        self.function.chain((&self.left, &self.right), scope, tile)
    }
}
