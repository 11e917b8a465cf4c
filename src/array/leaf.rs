//! Where expressions end: sources, arrays in memory, functions of the index, chunks that a session keeps.

use std::sync::Arc;

use ndarray::ArrayD;

use super::blocks::{Built, block_key};
use super::compile::Compiler;
use super::grid::{ChunkGrid, Region};
use super::kernel::{Kernel, Scope, stream_by_pulling, tile_bytes, tile_of};
use super::node::{Access, Kind, Node};
use super::packed::Packed;
use super::source::{Source, TILE, Visit};
use super::strided::copy_region;
use super::tiles::run_in;
use crate::chunk::Element;
use crate::error::{Error, Result};
use crate::graph::Layers;
use crate::session::Kept;

/// The value at an index.
type Function<T> = Arc<dyn Fn(&[usize]) -> T + Send + Sync>;

/// A source.
pub(super) struct SourceNode<T: Element> {
    pub(super) source: Arc<dyn Source<Item = T>>,
    pub(super) grid: ChunkGrid,
}

struct SourceKernel<T: Element> {
    source: Arc<dyn Source<Item = T>>,
    region: Region,
}

impl<T: Element> Node<T> for SourceNode<T> {
    fn label(&self) -> &str {
        self.source.name()
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        Kind::Streams
    }

    fn access(&self) -> Access {
        Access::Units(self.source.unit())
    }

    fn is_stored(&self) -> bool {
        self.source.reads(&self.grid.block(0)) > 0
    }

    fn packed(&self) -> Option<Packed<T>> {
        self.source.packed()
    }

    fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        compiler.reads(self.source.reads(region));
        Ok(Box::new(SourceKernel { source: self.source.clone(), region: region.clone() }))
    }
}

impl<T: Element> Kernel<T> for SourceKernel<T> {
    fn workspace(&self) -> u64 {
        self.source.workspace(&self.region)
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        self.source.fold_tiles(scope.context, &self.region, &mut |tile, values| {
            if values.len() > TILE || values.len() != tile.len() || !self.region.contains(tile) {
                let problem = format!("a tile {tile:?} with {} values, asked for {:?}", values.len(), self.region);
                return Err(Error::Source { name: self.source.name().into(), problem });
            }
            visit(tile, values)
        })
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        self.source.read_block(scope.context, tile, out)
    }
}

/// An array in the user's memory.
#[derive(Clone)]
pub(super) struct MemoryNode<T> {
    pub(super) array: Arc<ArrayD<T>>,
    pub(super) grid: ChunkGrid,
}

struct MemoryKernel<T> {
    array: Arc<ArrayD<T>>,
    region: Region,
}

impl<T: Element> Node<T> for MemoryNode<T> {
    fn label(&self) -> &'static str {
        "array"
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        Kind::Pulls
    }

    fn access(&self) -> Access {
        Access::Any
    }

    fn compile(&self, _: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        Ok(Box::new(MemoryKernel { array: self.array.clone(), region: region.clone() }))
    }
}

impl<T> MemoryKernel<T> {
    fn values(&self) -> &[T] {
        // Put into C order when the node was made.
        self.array.as_slice().unwrap_or_default()
    }
}

impl<T: Element> Kernel<T> for MemoryKernel<T> {
    fn workspace(&self) -> u64 {
        tile_bytes::<T>(tile_of(&self.region))
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        stream_by_pulling(self, &self.region, scope, visit)
    }

    fn pull(&self, _: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        copy_region(tile, self.values(), self.array.shape(), out);
        Ok(())
    }

    fn is_at_hand(&self) -> bool {
        true
    }

    fn lend<'a>(&'a self, _: Scope<'a>, tile: &Region) -> Result<Option<&'a [T]>> {
        Ok(run_in(tile, &Region::whole(self.array.shape())).map(|run| &self.values()[run]))
    }
}

/// A function of the index.
pub(super) struct FunctionNode<T> {
    pub(super) function: Function<T>,
    pub(super) grid: ChunkGrid,
}

struct FunctionKernel<T> {
    function: Function<T>,
    region: Region,
}

impl<T: Element> Node<T> for FunctionNode<T> {
    fn label(&self) -> &'static str {
        "from_fn"
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        Kind::Pulls
    }

    fn access(&self) -> Access {
        Access::Any
    }

    fn compile(&self, _: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        Ok(Box::new(FunctionKernel { function: self.function.clone(), region: region.clone() }))
    }
}

impl<T: Element> Kernel<T> for FunctionKernel<T> {
    fn workspace(&self) -> u64 {
        tile_bytes::<T>(tile_of(&self.region))
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        stream_by_pulling(self, &self.region, scope, visit)
    }

    fn is_at_hand(&self) -> bool {
        true
    }

    fn pull(&self, _: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        let mut at = tile.start.clone();
        for value in out {
            *value = (self.function)(&at);
            for axis in (0..at.len()).rev() {
                at[axis] += 1;
                if at[axis] < tile.start[axis] + tile.shape[axis] {
                    break;
                }
                at[axis] = tile.start[axis];
            }
        }
        Ok(())
    }
}

/// Chunks that a session keeps.
pub(super) struct KeptNode {
    pub(super) chunks: Vec<Kept>,
    pub(super) grid: ChunkGrid,
}

impl<T: Element> Node<T> for KeptNode {
    fn label(&self) -> &'static str {
        "persisted"
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        Kind::Blocks
    }

    fn build(&self, layers: &mut Layers) -> Result<Built> {
        let name = layers.name("persisted");
        for (block, kept) in self.chunks.iter().enumerate() {
            layers.add(kept.task(block_key(&name, &self.grid.coordinates(block))));
        }
        Ok(Built::new(name, self.grid.clone()))
    }
}

/// An impossible operation, whose error comes out when it is to be computed.
pub(super) struct FailedNode {
    pub(super) error: Error,
    pub(super) grid: ChunkGrid,
}

impl<T: Element> Node<T> for FailedNode {
    fn label(&self) -> &'static str {
        "failed"
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        Kind::Pulls
    }

    fn access(&self) -> Access {
        Access::Any
    }

    fn compile(&self, _: &mut Compiler<'_>, _: &Region) -> Result<Box<dyn Kernel<T>>> {
        Err(self.error.clone())
    }
}
