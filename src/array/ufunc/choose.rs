//! Broadcasting as an operation of its own, and the choice between two values by a mask.

use std::panic::Location;
use std::sync::Arc;

use super::super::Array;
use super::super::broadcast::{
    broadcast_grid, broadcast_region, broadcast_shape, expand, operand_access, operand_as_read,
};
use super::super::chunks;
use super::super::compile::Compiler;
use super::super::grid::{ChunkGrid, Region};
use super::super::kernel::{Kernel, Scope, stream_by_pulling, tile_bytes, tile_of};
use super::super::node::{Access, Kind, Leader, Node, Shared, TURN};
use super::super::rechunk;
use super::super::source::Visit;
use super::{Operand, Side};
use crate::chunk::Element;
use crate::error::{Error, Result};

/// An array repeated along axes that it lacks, or where its length is 1.
struct BroadcastNode<T: Element> {
    input: Arc<Shared<T>>,
    grid: ChunkGrid,
}

struct BroadcastKernel<T> {
    input: Box<dyn Kernel<T>>,
    /// The input's shape.
    shape: Vec<usize>,
    region: Region,
}

impl<T: Element> Node<T> for BroadcastNode<T> {
    fn label(&self) -> &'static str {
        "broadcast_to"
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        Kind::Pulls
    }

    fn depth(&self) -> u32 {
        self.input.depth() + TURN
    }

    fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        let shape = self.input.grid().shape();
        let input = compiler.apart(&self.input, &broadcast_region(region, &shape))?;
        Ok(Box::new(BroadcastKernel { input, shape, region: region.clone() }))
    }
}

impl<T: Element> Kernel<T> for BroadcastKernel<T> {
    fn workspace(&self) -> u64 {
        self.input.workspace() + 2 * tile_bytes::<T>(tile_of(&self.region))
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        stream_by_pulling(self, &self.region, scope, visit)
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        let own = broadcast_region(tile, &self.shape);
        if own.len() == tile.len() {
            return self.input.pull(scope, &own, out);
        }
        let mut values = scope.context.scratch::<T>(own.len())?;
        self.input.pull(scope, &own, values.as_mut_slice())?;
        expand(values.as_slice(), &own.shape, &tile.shape, out);
        Ok(())
    }
}

/// Of three inputs of one shape the one whose tiles come as they come: only one may.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Mask,
    Yes,
    No,
    Nothing,
}

/// `yes` where `mask`, else `no`. All have the shape of the result.
struct ChooseNode<T: Element> {
    mask: Arc<Shared<bool>>,
    yes: Arc<Shared<T>>,
    no: Arc<Shared<T>>,
    grid: ChunkGrid,
}

struct ChooseKernel<T> {
    mask: Box<dyn Kernel<bool>>,
    yes: Box<dyn Kernel<T>>,
    no: Box<dyn Kernel<T>>,
    first: First,
    region: Region,
}

impl<T: Element> ChooseNode<T> {
    fn first(&self) -> First {
        let streams = |kind| kind == Kind::Streams;
        if streams(self.yes.kind()) {
            First::Yes
        } else if streams(self.no.kind()) {
            First::No
        } else if streams(self.mask.kind()) {
            First::Mask
        } else {
            First::Nothing
        }
    }
}

impl<T: Element> Node<T> for ChooseNode<T> {
    fn label(&self) -> &'static str {
        "where"
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        if self.first() == First::Nothing { Kind::Pulls } else { Kind::Streams }
    }

    fn access(&self) -> Access {
        let first = self.followed().into_iter().next();
        let follows = |leader: Option<Leader>| leader.is_some() && leader == first;
        let sides = [&self.yes, &self.no].map(|side| operand_access(side, &self.grid, follows(side.leader())));
        let mask = operand_access(&self.mask, &self.grid, follows(self.mask.leader()));
        sides.into_iter().fold(mask, Access::both)
    }

    fn followed(&self) -> Vec<Leader> {
        [self.yes.leader(), self.no.leader(), self.mask.leader()].into_iter().flatten().collect()
    }

    fn depth(&self) -> u32 {
        self.mask.depth().max(self.yes.depth()).max(self.no.depth()) + 1
    }

    fn is_stored(&self) -> bool {
        self.mask.is_stored() || self.yes.is_stored() || self.no.is_stored()
    }

    fn as_read(&self) -> Option<Arc<Shared<T>>> {
        let shape = self.grid.shape();
        let (yes, no) = (operand_as_read(&self.yes, &shape)?, operand_as_read(&self.no, &shape)?);
        let mask = operand_as_read(&self.mask, &shape)?;
        let grid = yes.grid().clone();
        let far = |other: &ChunkGrid| rechunk::is_far(&grid, other);
        if grid == self.grid || far(no.grid()) || far(mask.grid()) {
            return None;
        }
        Some(Arc::new(Shared::new(Self { mask, yes, no, grid })))
    }

    fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        let first = if compiler.is_following(self.followed().first()) { First::Nothing } else { self.first() };
        let mask = match first {
            First::Mask => compiler.compile(&self.mask, region)?,
            _ => compiler.pulled(&self.mask, region)?,
        };
        let mut side = |node: &Arc<Shared<T>>, own: First| {
            if first == own { compiler.compile(node, region) } else { compiler.pulled(node, region) }
        };
        let (yes, no) = (side(&self.yes, First::Yes)?, side(&self.no, First::No)?);
        Ok(Box::new(ChooseKernel { mask, yes, no, first, region: region.clone() }))
    }
}

fn choose<T: Copy>(mask: &[bool], yes: &[T], no: &[T], out: &mut [T]) {
    for (((out, &mask), &yes), &no) in out.iter_mut().zip(mask).zip(yes).zip(no) {
        *out = if mask { yes } else { no };
    }
}

impl<T: Element> Kernel<T> for ChooseKernel<T> {
    fn workspace(&self) -> u64 {
        let inputs = [self.mask.workspace(), self.yes.workspace(), self.no.workspace()];
        // Pulled one after the other, or while the first streams.
        let inputs =
            if self.first == First::Nothing { inputs.into_iter().max().unwrap_or(0) } else { inputs.into_iter().sum() };
        inputs + tile_bytes::<bool>(tile_of(&self.region)) + 3 * tile_bytes::<T>(tile_of(&self.region))
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        if self.first == First::Nothing {
            return stream_by_pulling(self, &self.region, scope, visit);
        }
        let tile = tile_of(&self.region);
        let mut mask = scope.context.scratch::<bool>(tile)?;
        let mut sides = (scope.context.scratch::<T>(tile)?, scope.context.scratch::<T>(tile)?);
        let mut out = scope.context.scratch::<T>(tile)?;
        if self.first == First::Mask {
            return self.mask.stream(scope, &mut |tile, mask| {
                let len = mask.len();
                let (yes, no) = (&mut sides.0.as_mut_slice()[..len], &mut sides.1.as_mut_slice()[..len]);
                self.yes.pull(scope, tile, yes)?;
                self.no.pull(scope, tile, no)?;
                let out = &mut out.as_mut_slice()[..len];
                choose(mask, yes, no, out);
                visit(tile, out)
            });
        }
        let (leader, other) = if self.first == First::Yes { (&self.yes, &self.no) } else { (&self.no, &self.yes) };
        leader.stream(scope, &mut |tile, values| {
            let len = values.len();
            let (mask, pulled) = (&mut mask.as_mut_slice()[..len], &mut sides.0.as_mut_slice()[..len]);
            self.mask.pull(scope, tile, mask)?;
            other.pull(scope, tile, pulled)?;
            let out = &mut out.as_mut_slice()[..len];
            if self.first == First::Yes {
                choose(mask, values, pulled, out);
            } else {
                choose(mask, pulled, values, out);
            }
            visit(tile, out)
        })
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        let mut mask = scope.context.scratch::<bool>(tile.len())?;
        let mut no = scope.context.scratch::<T>(tile.len())?;
        self.mask.pull(scope, tile, mask.as_mut_slice())?;
        self.yes.pull(scope, tile, out)?;
        self.no.pull(scope, tile, no.as_mut_slice())?;
        for ((out, &mask), &no) in out.iter_mut().zip(mask.as_slice()).zip(no.as_slice()) {
            if !mask {
                *out = no;
            }
        }
        Ok(())
    }
}

impl<T: Element> Array<T> {
    /// The array repeated to `shape`, along axes that it lacks in front, or where its length is 1. NumPy's `broadcast_to`.
    ///
    /// Along repeated axes chunks are of chosen length: blocks of at most about 64 MiB.
    ///
    /// ```
    /// use thermocline::{Array, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let row = Array::<i64>::arange(0, 3, 1, [2]);
    /// assert_eq!(session.compute(&row.broadcast_to(&[2, 3]))?, thermocline::ndarray::arr2(&[[0, 1, 2], [0, 1, 2]]).into_dyn());
    /// assert!(row.broadcast_to(&[2, 4]).checked().is_err());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn broadcast_to(&self, shape: &[usize]) -> Self {
        let location = Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        let own = self.shape();
        let size = shape.iter().try_fold(size_of::<T>(), |size, &length| size.checked_mul(length));
        if broadcast_shape(&own, shape).as_deref() != Some(shape) || size.is_none_or(|size| size > isize::MAX as usize)
        {
            let problem = format!("shape {own:?} of {} can't be broadcast to {shape:?}", T::DTYPE);
            return Self::failed(Error::operation("broadcast_to", location, problem));
        }
        let lacking = shape.len() - own.len();
        let repeated = |axis: usize| axis < lacking || (own[axis - lacking] == 1 && shape[axis] != 1);
        let lengths = |axis: usize| self.chunks().lengths(axis - lacking).to_vec();
        let axes = (0..shape.len()).map(|axis| if repeated(axis) { None } else { Some(lengths(axis)) }).collect();
        match chunks::chosen(axes, &ChunkGrid::single(shape), size_of::<T>()) {
            Ok(grid) => self.repeated_to(&grid),
            Err(problem) => Self::failed(Error::operation("broadcast_to", location, problem)),
        }
    }

    /// The array broadcast to the shape of `grid`, in its chunks.
    fn repeated_to(&self, grid: &ChunkGrid) -> Self {
        if self.shape() == grid.shape() {
            return self.clone();
        }
        Self::of(BroadcastNode { input: self.node.clone(), grid: grid.clone() })
    }
}

impl Array<bool> {
    /// `yes` where it is true, else `no`: arrays, that are broadcast, or scalars. NumPy's `where`.
    ///
    /// ```
    /// use thermocline::{Array, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::arange(-2.0, 3.0, 1.0, [3]);
    /// let positive = x.greater(0.0).where_(&x, f64::NAN);
    /// assert_eq!(session.compute(&positive.nansum(..))?[[]], 3.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn where_<T: Element>(&self, yes: impl Operand<T>, no: impl Operand<T>) -> Array<T> {
        let location = Location::caller();
        match (yes.side(), no.side()) {
            (Side::Scalar(yes), Side::Scalar(no)) => {
                self.map_labelled("where", move |mask| if mask { yes } else { no })
            }
            (Side::Array(yes), Side::Scalar(no)) => {
                self.choose_from("where", &yes, location, move |mask, yes| if mask { yes } else { no })
            }
            (Side::Scalar(yes), Side::Array(no)) => {
                self.choose_from("where", &no, location, move |mask, no| if mask { yes } else { no })
            }
            (Side::Array(yes), Side::Array(no)) => self.choose(&yes, &no, location),
        }
    }

    fn choose_from<T: Element>(
        &self,
        label: &'static str,
        values: &Array<T>,
        location: &'static Location<'static>,
        function: impl Fn(bool, T) -> T + Send + Sync + 'static,
    ) -> Array<T> {
        self.zip_with(label, values, location, function)
    }

    fn choose<T: Element>(&self, yes: &Array<T>, no: &Array<T>, location: &'static Location<'static>) -> Array<T> {
        if let Some(error) = self.failure.as_ref().or(yes.failure.as_ref()).or(no.failure.as_ref()) {
            return Array::failed(error.clone());
        }
        let shapes = (self.shape(), yes.shape(), no.shape());
        let Some(shape) = broadcast_shape(&shapes.1, &shapes.2).and_then(|both| broadcast_shape(&both, &shapes.0))
        else {
            let problem = format!(
                "shapes {:?} of bool, {:?} and {:?} of {} can't be broadcast together",
                shapes.0,
                shapes.1,
                shapes.2,
                T::DTYPE
            );
            return Array::failed(Error::operation("where", location, problem));
        };
        let sides = broadcast_shape(&shapes.1, &shapes.2).unwrap_or_default();
        let grid = broadcast_grid(&shape, &broadcast_grid(&sides, yes.chunks(), no.chunks()), self.chunks());
        Array::of(ChooseNode {
            mask: self.repeated_to(&grid).node,
            yes: yes.repeated_to(&grid).node,
            no: no.repeated_to(&grid).node,
            grid,
        })
    }
}
