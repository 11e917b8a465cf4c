//! Reading from blocks that tasks make.

use std::sync::Arc;

use smallvec::SmallVec;

use super::grid::{ChunkGrid, Region};
use super::kernel::{Kernel, Scope, stream_by_pulling, tile_bytes, tile_of};
use super::source::Visit;
use super::tiles::{copy_between, run_in};
use crate::chunk::{Block, Element};
use crate::error::Result;
use crate::graph::Key;

/// Blocks that tasks make.
#[derive(Clone, Debug)]
pub(super) struct Built {
    pub(super) grid: ChunkGrid,
    keys: Keys,
}

/// What blocks are called.
#[derive(Clone, Debug)]
enum Keys {
    /// A name, and their coordinates.
    Named(Arc<str>),
    /// As in other blocks, which lie one after the other along an axis: each with the number of its first there.
    Joined(usize, Arc<[(usize, Arc<Built>)]>),
}

impl Built {
    pub(super) fn new(name: Arc<str>, grid: ChunkGrid) -> Self {
        Self { grid, keys: Keys::Named(name) }
    }

    /// The blocks of `parts` one after the other along `axis`: they stay what they are. Off the axis all have the same
    /// chunks.
    pub(super) fn joined(parts: impl IntoIterator<Item = Arc<Self>>, axis: usize, grid: ChunkGrid) -> Self {
        let mut next = 0;
        let parts = parts.into_iter().map(|part| {
            let first = next;
            next += part.grid.lengths(axis).len();
            (first, part)
        });
        Self { keys: Keys::Joined(axis, parts.collect()), grid }
    }

    /// The key of a block by its number in C order.
    pub(super) fn key(&self, block: usize) -> Key {
        self.key_at(&self.grid.coordinates(block))
    }

    pub(super) fn key_at(&self, coordinates: &[usize]) -> Key {
        match &self.keys {
            Keys::Named(name) => block_key(name, coordinates),
            Keys::Joined(axis, parts) => {
                let (first, part) = &parts[parts.partition_point(|(first, _)| *first <= coordinates[*axis]) - 1];
                let mut own = SmallVec::<[usize; 6]>::from_slice(coordinates);
                own[*axis] -= first;
                part.key_at(&own)
            }
        }
    }
}

pub(super) fn block_key(name: &Arc<str>, coordinates: &[usize]) -> Key {
    Key::indexed(name.clone(), coordinates.iter().map(|&at| at as u32))
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
        let key = built.key_at(&coordinates);
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
        tile_bytes::<T>(tile_of(&self.region))
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        stream_by_pulling(self, &self.region, scope, visit)
    }

    fn is_at_hand(&self) -> bool {
        true
    }

    fn lend<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Option<&'a [T]>> {
        let around = self.blocks.iter().find(|(region, _)| region.contains(tile));
        let Some((place, run)) = around.and_then(|(region, place)| Some((place, run_in(tile, region)?))) else {
            return Ok(None);
        };
        Ok(Some(&scope.chunks[*place].get::<Block<T>>()?.as_slice()[run]))
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
