//! Arrays whose values are made where they are needed.

use std::ops::Range;
use std::sync::Arc;

use super::super::compile::Compiler;
use super::super::grid::{ChunkGrid, Region};
use super::super::kernel::{Kernel, Scope, stream_by_pulling, tile_bytes, tile_of};
use super::super::node::{Kind, Node};
use super::super::source::Visit;
use crate::chunk::Element;
use crate::error::Result;

/// Makes the values of a tile; the same ones however the array is cut into tiles (**D1**).
type Fill<T> = Arc<dyn Fn(&Region, &mut [T]) + Send + Sync>;

/// Values that a function makes, tile by tile.
pub(in super::super) struct GeneratedNode<T> {
    pub(in super::super) label: &'static str,
    pub(in super::super) fill: Fill<T>,
    pub(in super::super) grid: ChunkGrid,
}

struct GeneratedKernel<T> {
    fill: Fill<T>,
    region: Region,
}

impl<T: Element> Node<T> for GeneratedNode<T> {
    fn label(&self) -> &'static str {
        self.label
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        Kind::Pulls
    }

    fn compile(&self, _: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        Ok(Box::new(GeneratedKernel { fill: self.fill.clone(), region: region.clone() }))
    }
}

impl<T: Element> Kernel<T> for GeneratedKernel<T> {
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
        (self.fill)(tile, out);
        Ok(())
    }
}

/// Calls `visit` for each row of `tile`, the run along its last axis: with the index of its first element, and the place of
/// its values among the tile's.
pub(in super::super) fn for_each_row(tile: &Region, mut visit: impl FnMut(&[usize], Range<usize>)) {
    let mut at = tile.start.clone();
    let length = tile.shape.last().copied().unwrap_or(1);
    if length == 0 {
        return;
    }
    for row in 0..tile.len() / length {
        visit(&at, row * length..(row + 1) * length);
        for axis in (0..at.len().saturating_sub(1)).rev() {
            at[axis] += 1;
            if at[axis] < tile.start[axis] + tile.shape[axis] {
                break;
            }
            at[axis] = tile.start[axis];
        }
    }
}
