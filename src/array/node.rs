//! The expression behind an array, and how a block of it is evaluated.
//!
//! A [`Node`] is one operation. To evaluate a box of it, it is *compiled* for that box into a [`Kernel`]; whoever compiles
//! it puts the kernel into a task. A kernel gives its values in one of two ways:
//!
//! - it *streams* them: tile by tile as they come off a decoder, in a fixed order (**P2**, **D1**). Only what a
//!   [`Source`](super::Source) is at the bottom of must stream.
//! - it is *pulled*: asked for any tile. Blocks that are in memory, scalars, and elementwise operations on those can be.
//!
//! An elementwise operation on a stream streams: it pulls its other operands at each tile. So a chain of operations on
//! a source, and the reduction behind it, is one task that reads its input once and needs no block. Of two operands that
//! both stream, the second is materialised: made into blocks by tasks of its own.

use std::any::Any;
use std::sync::Arc;

use super::grid::{ChunkGrid, Region};
use super::source::{TILE, Visit};
use super::strided::{copy_region, copy_tile, strides};
use crate::chunk::{Block, Chunk, Element, charge};
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task, TaskContext};

/// What a kernel finds when it runs: the task's context, and the chunks of all the task's inputs.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) context: &'a TaskContext<'a>,
    pub(super) chunks: &'a [Chunk],
}

/// Evaluates one box of an array.
pub(super) trait Kernel<T: Element>: Send + Sync {
    /// The most bytes it draws from the grant at once.
    fn workspace(&self) -> u64;

    /// Gives all tiles of its box, each element once.
    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()>;

    /// Gives the values of `tile`, a box of at most [`TILE`] elements within its own.
    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()>;
}

/// An operation of an expression.
pub(super) trait Node<T: Element>: Send + Sync + 'static {
    fn label(&self) -> &str;

    fn grid(&self) -> &ChunkGrid;

    fn kind(&self) -> Kind;

    /// What it takes to evaluate a box that is none of its blocks.
    fn access(&self) -> Access {
        match self.kind() {
            Kind::Streams => Access::Units(self.grid().longest()),
            Kind::Pulls | Kind::Blocks => Access::Chunks,
        }
    }

    /// Where its kernels stream: the lengths of the boxes that they have to read whole, 1 along axes that can be cut anywhere.
    fn unit(&self) -> Vec<usize> {
        match self.access() {
            Access::Any => vec![1; self.grid().ndim()],
            Access::Units(unit) => unit,
            Access::Chunks => self.grid().longest(),
        }
    }

    /// A kernel for `region`. Tasks that it needs are added to `layers`, their keys to `needs`.
    fn compile(&self, layers: &mut Layers, region: &Region, needs: &mut Vec<Key>) -> Result<Box<dyn Kernel<T>>> {
        Ok(Box::new(compile_blocks(&self.build(layers)?, region, needs)))
    }

    /// Makes its blocks by tasks. The default fills a block from the kernel.
    fn build(&self, layers: &mut Layers) -> Result<Built> {
        build_from_kernels(self, layers)
    }
}

/// How a node is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its kernels stream.
    Streams,
    /// Its kernels can be pulled.
    Pulls,
    /// Tasks make its blocks.
    Blocks,
}

/// What it takes to evaluate any box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// No more than the box has.
    Any,
    /// Reading all units, boxes of these lengths, that it meets.
    Units(Vec<usize>),
    /// Having all chunks that it meets, which tasks make.
    Chunks,
}

impl Access {
    /// What it takes to evaluate boxes of two arrays of one shape.
    pub(super) fn both(self, other: Self) -> Self {
        match (self, other) {
            (Self::Chunks, _) | (_, Self::Chunks) => Self::Chunks,
            (Self::Any, other) | (other, Self::Any) => other,
            (Self::Units(a), Self::Units(b)) => Self::Units(a.into_iter().zip(b).map(|(a, b)| a.max(b)).collect()),
        }
    }
}

/// Blocks that tasks make.
#[derive(Clone, Debug)]
pub(super) struct Built {
    pub(super) name: Arc<str>,
    pub(super) grid: ChunkGrid,
}

impl Built {
    pub(super) fn key(&self, block: usize) -> Key {
        block_key(&self.name, &self.grid.coordinates(block))
    }
}

pub(super) fn block_key(name: &Arc<str>, coordinates: &[usize]) -> Key {
    Key::indexed(name.clone(), coordinates.iter().map(|&at| at as u32))
}

/// A node that has been shared: its address is its identity.
pub(super) struct Shared<T: Element>(pub(super) Box<dyn Node<T>>);

/// The blocks of `node`, built once in these layers.
pub(super) fn materialised<T: Element>(node: &Arc<Shared<T>>, layers: &mut Layers) -> Result<Arc<Built>> {
    let expression: Arc<dyn Any + Send + Sync> = node.clone();
    if let Some(built) = layers.find::<Built>(&expression) {
        return Ok(built);
    }
    let built = Arc::new(node.0.build(layers)?);
    layers.remember(expression, built.clone());
    Ok(built)
}

/// A kernel for `region` of `node`.
pub(super) fn compile<T: Element>(
    node: &Arc<Shared<T>>,
    layers: &mut Layers,
    region: &Region,
    needs: &mut Vec<Key>,
) -> Result<Box<dyn Kernel<T>>> {
    match node.0.kind() {
        Kind::Blocks => Ok(Box::new(compile_blocks(&*materialised(node, layers)?, region, needs))),
        Kind::Streams | Kind::Pulls => node.0.compile(layers, region, needs),
    }
}

/// A kernel for `region` of `node`, that can be pulled: where the node streams, its blocks are made first.
pub(super) fn compile_pulled<T: Element>(
    node: &Arc<Shared<T>>,
    layers: &mut Layers,
    region: &Region,
    needs: &mut Vec<Key>,
) -> Result<Box<dyn Kernel<T>>> {
    match node.0.kind() {
        Kind::Pulls => node.0.compile(layers, region, needs),
        Kind::Streams | Kind::Blocks => Ok(Box::new(compile_blocks(&*materialised(node, layers)?, region, needs))),
    }
}

pub(super) fn build_from_kernels<T: Element, N: Node<T> + ?Sized>(node: &N, layers: &mut Layers) -> Result<Built> {
    let name = layers.name(node.label());
    let grid = node.grid().clone();
    for block in 0..grid.blocks() {
        let region = grid.block(block);
        let mut needs = Vec::new();
        let kernel = node.compile(layers, &region, &mut needs)?;
        let workspace = kernel.workspace();
        let output = Block::<T>::charge(region.len());
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let mut out = context.block::<T>(&region.shape)?;
            let values = out.as_mut_slice();
            kernel.stream(Scope { context, chunks }, &mut |tile, tile_values| {
                copy_tile(&tile.relative_to(&region.start), tile_values, &region.shape, values);
                Ok(())
            })?;
            values.iter_mut().for_each(|value| *value = value.canonical());
            Ok(Chunk::new(out.freeze()))
        };
        let key = block_key(&name, &grid.coordinates(block));
        // What is read or made from nothing comes out the same once more (D1); whether that pays is measured.
        let task = Task::new(key, needs, Arc::new(run)).output(Size::Exact(output)).workspace(workspace);
        layers.add(task.spillable().cheap_to_redo());
    }
    Ok(Built { name, grid })
}

/// Cuts `region` into tiles of whole rows, as many as fit.
pub(super) fn for_each_tile(region: &Region, mut visit: impl FnMut(&Region) -> Result<()>) -> Result<()> {
    if region.is_empty() {
        return Ok(());
    }
    let axes = region.shape.len();
    let mut shape = vec![1; axes];
    let mut room = TILE;
    for axis in (0..axes).rev() {
        shape[axis] = region.shape[axis].min(room).max(1);
        room /= shape[axis];
    }
    let tiles = ChunkGrid::regular(&region.shape, &shape);
    for tile in 0..tiles.blocks() {
        let mut tile = tiles.block(tile);
        tile.start.iter_mut().zip(&region.start).for_each(|(at, origin)| *at += origin);
        visit(&tile)?;
    }
    Ok(())
}

/// Streams a kernel that can be pulled.
pub(super) fn stream_by_pulling<T: Element>(
    kernel: &(impl Kernel<T> + ?Sized),
    region: &Region,
    scope: Scope<'_>,
    visit: &mut Visit<'_, T>,
) -> Result<()> {
    let mut buffer = scope.context.scratch::<T>(region.len().min(TILE))?;
    for_each_tile(region, |tile| {
        let out = &mut buffer.as_mut_slice()[..tile.len()];
        kernel.pull(scope, tile, out)?;
        visit(tile, out)
    })
}

/// The charge of a buffer of one tile.
pub(super) fn tile_bytes<T: Element>() -> u64 {
    charge((TILE * size_of::<T>()) as u64)
}

/// Reads from blocks in memory.
pub(super) struct BlocksKernel {
    region: Region,
    /// The box of each block, and its place among the task's inputs.
    blocks: Vec<(Region, usize)>,
}

/// A kernel for `region` of blocks that tasks make.
pub(super) fn compile_blocks(built: &Built, region: &Region, needs: &mut Vec<Key>) -> BlocksKernel {
    let first: Vec<usize> = (0..region.start.len()).map(|axis| built.grid.chunk_at(axis, region.start[axis])).collect();
    let counts: Vec<usize> = (0..region.start.len())
        .map(|axis| {
            let last = (region.start[axis] + region.shape[axis]).saturating_sub(1).max(region.start[axis]);
            built.grid.chunk_at(axis, last) + 1 - first[axis]
        })
        .collect();
    let near = ChunkGrid::new(counts.iter().map(|&count| vec![1; count]).collect());
    let mut blocks = Vec::new();
    for number in 0..near.blocks() {
        let coordinates: Vec<usize> =
            near.coordinates(number).iter().zip(&first).map(|(at, first)| at + first).collect();
        let key = block_key(&built.name, &coordinates);
        let place = needs.iter().position(|need| *need == key).unwrap_or_else(|| {
            needs.push(key);
            needs.len() - 1
        });
        blocks.push((built.grid.region(&coordinates), place));
    }
    BlocksKernel { region: region.clone(), blocks }
}

impl<T: Element> Kernel<T> for BlocksKernel {
    fn workspace(&self) -> u64 {
        tile_bytes::<T>()
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        stream_by_pulling(self, &self.region, scope, visit)
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        for (region, place) in &self.blocks {
            if tile.start.is_empty() {
                out.copy_from_slice(scope.chunks[*place].get::<Block<T>>()?.as_slice());
            } else if let Some(part) = tile.intersect(region) {
                let block = scope.chunks[*place].get::<Block<T>>()?.as_slice();
                copy_between(block, region, out, tile, &part);
            }
        }
        Ok(())
    }
}

/// Copies the box `part` from one array's box to another's.
pub(super) fn copy_between<T: Copy>(from: &[T], from_box: &Region, to: &mut [T], to_box: &Region, part: &Region) {
    if part.shape == to_box.shape {
        copy_region(&part.relative_to(&from_box.start), from, &from_box.shape, to);
        return;
    }
    let offset = |whole: &Region| -> usize {
        let part = part.relative_to(&whole.start);
        part.start.iter().zip(strides(&whole.shape)).map(|(at, stride)| at * stride).sum()
    };
    let (from_offset, to_offset) = (offset(from_box), offset(to_box));
    super::strided::for_each_run(&part.shape, &strides(&from_box.shape), &strides(&to_box.shape), |a, b, len| {
        to[to_offset + b..to_offset + b + len].copy_from_slice(&from[from_offset + a..from_offset + a + len]);
    });
}
