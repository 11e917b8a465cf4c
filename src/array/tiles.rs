//! Boxes cut into tiles, and copies between boxes.

use super::grid::{ChunkGrid, Region};
use super::source::TILE;
use super::strided::{copy_region, for_each_run, strides};
use crate::error::Result;

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
    for_each_run(&part.shape, &strides(&from_box.shape), &strides(&to_box.shape), |a, b, len| {
        to[to_offset + b..to_offset + b + len].copy_from_slice(&from[from_offset + a..from_offset + a + len]);
    });
}
