//! Where an array's values come from.

use std::fmt;

use super::grid::{ChunkGrid, Region};
use super::packed::Packed;
use super::strided::copy_tile;
use crate::chunk::Element;
use crate::error::Result;
use crate::graph::TaskContext;

/// The most elements a tile has: small enough that it and what is computed from it stay in a core's own cache.
pub const TILE: usize = 16 << 10;

/// Takes a tile: its box, and its values in C order.
pub(super) type Visit<'a, T> = dyn FnMut(&Region, &[T]) -> Result<()> + 'a;

/// Values that are made or read block by block: files, generators.
///
/// The one method that must be written is [`fold_tiles`](Self::fold_tiles), which hands out a region's values as
/// they come off the decoder, so that a reduction over them needs no block at all (invariant P2).
///
/// Implementors promise: the same values at every call, in the same tiles and order (invariant D1), whatever
/// the number of threads; any box within the shape can be asked for.
///
/// ```
/// use thermocline::array::{ChunkGrid, Region, Source, TILE};
/// use thermocline::graph::TaskContext;
/// use thermocline::{Array, Result, Session};
///
/// /// The square of each index.
/// #[derive(Debug)]
/// struct Squares([usize; 1]);
///
/// impl Source for Squares {
///     type Item = u64;
///
///     fn name(&self) -> &str {
///         "squares"
///     }
///
///     fn shape(&self) -> &[usize] {
///         &self.0
///     }
///
///     fn grid(&self) -> ChunkGrid {
///         ChunkGrid::regular(&self.0, &[100_000])
///     }
///
///     fn workspace(&self, _: &Region) -> u64 {
///         0 // the tile is a local of 16 KiB
///     }
///
///     fn fold_tiles(
///         &self,
///         _: &TaskContext<'_>,
///         region: &Region,
///         visit: &mut dyn FnMut(&Region, &[u64]) -> Result<()>,
///     ) -> Result<()> {
///         let end = region.start[0] + region.shape[0];
///         for start in (region.start[0]..end).step_by(2048) {
///             let length = 2048.min(end - start);
///             let tile: [u64; 2048] = std::array::from_fn(|at| ((start + at) as u64).pow(2));
///             visit(&Region::new([start], [length]), &tile[..length])?;
///         }
///         Ok(())
///     }
/// }
///
/// assert!(2048 <= TILE);
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let squares = Array::from_source(Squares([1_000_000]));
/// assert_eq!(squares.chunks().blocks(), 10);
/// assert_eq!(session.compute(&squares.sum(..))?[[]], 333_332_833_333_500_000);
/// # Ok::<(), thermocline::Error>(())
/// ```
pub trait Source: Send + Sync + fmt::Debug {
    /// The type of the values.
    type Item: Element;

    /// A short name for tasks and displays, e.g. the variable's.
    fn name(&self) -> &str;

    /// The array's shape.
    fn shape(&self) -> &[usize];

    /// The chunks in which it is best read.
    fn grid(&self) -> ChunkGrid;

    /// The lengths of the boxes that have to be read whole, e.g. of the chunks of a file; 1 along axes that can be cut
    /// anywhere. Blocks that cut units are read with all that they cut, so that rechunking decides by this whether to
    /// read as the new chunks want it. The default is a chunk of the [grid](Self::grid).
    fn unit(&self) -> Vec<usize> {
        self.grid().longest()
    }

    /// Bytes that reading `region` takes from the task's grant, as [`charge`](crate::chunk::charge) counts them.
    fn workspace(&self, region: &Region) -> u64;

    /// The numbers that the values are stored as, where those take less room: what only moves is then moved as stored. None
    /// by default.
    fn packed(&self) -> Option<Packed<Self::Item>> {
        None
    }

    /// The stored bytes that reading `region` takes, for plans: those of whole units. 0 by default, as for what is made.
    /// Reductions fold what is stored as it is read, whatever chunks were asked for.
    fn reads(&self, region: &Region) -> u64 {
        let _ = region;
        0
    }

    /// Visits `region` in tiles of at most [`TILE`] elements: boxes in the array's coordinates, each element of
    /// the region in exactly one of them, values in C order.
    ///
    /// # Errors
    /// What reading fails with, or what `visit` returns.
    #[expect(clippy::type_complexity, reason = "implementors read it here")]
    fn fold_tiles(
        &self,
        context: &TaskContext<'_>,
        region: &Region,
        visit: &mut dyn FnMut(&Region, &[Self::Item]) -> Result<()>,
    ) -> Result<()>;

    /// Reads `region` into `out`, in C order.
    ///
    /// # Errors
    /// As [`fold_tiles`](Self::fold_tiles).
    fn read_block(&self, context: &TaskContext<'_>, region: &Region, out: &mut [Self::Item]) -> Result<()> {
        self.fold_tiles(context, region, &mut |tile, values| {
            copy_tile(&tile.relative_to(&region.start), values, &region.shape, out);
            Ok(())
        })
    }
}
