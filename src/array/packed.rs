//! Values that take less room as they are stored.
//!
//! A file may hold 16-bit integers that stand for floats of 32 bits, a factor and an offset away. Where such values only
//! move, from chunks of days to chunks of whole series, the stored numbers move in their place: half as much is held in
//! memory, written to scratch and read back. Each is unpacked where its value is first asked for, as reading would have
//! unpacked it: the bits are the same.

use std::fmt;
use std::sync::Arc;

use super::Array;
use super::elementwise::MapNode;
use super::function::{MapFn, map_tile};
use super::grid::ChunkGrid;
use super::node::Shared;
use super::permute::PermuteNode;
use super::pick::PickNode;
use super::picks::Picks;
use super::source::Source;
use crate::chunk::Element;

/// The stored numbers of a [`Source`], and how they become its values. Returned by [`Source::packed`].
///
/// ```
/// use thermocline::array::{ChunkGrid, Packed, Region, Source};
/// use thermocline::graph::TaskContext;
/// use thermocline::{Array, Result, Session};
///
/// /// Stored tenths.
/// #[derive(Debug)]
/// struct Tenths(Vec<i16>);
///
/// impl Source for Tenths {
///     type Item = i16;
///     fn name(&self) -> &str {
///         "tenths"
///     }
///     fn shape(&self) -> &[usize] {
///         &[4, 1000]
///     }
///     fn grid(&self) -> ChunkGrid {
///         ChunkGrid::regular(self.shape(), &[1, 1000])
///     }
///     fn workspace(&self, _: &Region) -> u64 {
///         0
///     }
///     fn fold_tiles(
///         &self,
///         _: &TaskContext<'_>,
///         region: &Region,
///         visit: &mut dyn FnMut(&Region, &[i16]) -> Result<()>,
///     ) -> Result<()> {
///         for row in region.start[0]..region.start[0] + region.shape[0] {
///             let (from, len) = (region.start[1], region.shape[1]);
///             visit(&Region::new([row, from], [1, len]), &self.0[row * 1000 + from..][..len])?;
///         }
///         Ok(())
///     }
/// }
///
/// /// Stored tenths, as what they mean.
/// #[derive(Debug)]
/// struct Means(Vec<i16>);
///
/// impl Source for Means {
///     type Item = f64;
///     # fn name(&self) -> &str { "means" }
///     # fn shape(&self) -> &[usize] { &[4, 1000] }
///     # fn grid(&self) -> ChunkGrid { ChunkGrid::regular(self.shape(), &[1, 1000]) }
///     # fn workspace(&self, _: &Region) -> u64 { 8000 }
///     # fn fold_tiles(
///     #     &self,
///     #     _: &TaskContext<'_>,
///     #     region: &Region,
///     #     visit: &mut dyn FnMut(&Region, &[f64]) -> Result<()>,
///     # ) -> Result<()> {
///     #     for row in region.start[0]..region.start[0] + region.shape[0] {
///     #         let (from, len) = (region.start[1], region.shape[1]);
///     #         let values: Vec<f64> = self.0[row * 1000 + from..][..len].iter().map(|&x| f64::from(x) / 10.0).collect();
///     #         visit(&Region::new([row, from], [1, len]), &values)?;
///     #     }
///     #     Ok(())
///     # }
///     // ... and all else, by the values
///     fn packed(&self) -> Option<Packed<f64>> {
///         let unpack = |stored: &[i16], values: &mut [f64]| {
///             values.iter_mut().zip(stored).for_each(|(value, &stored)| *value = f64::from(stored) / 10.0);
///         };
///         Some(Packed::new(Tenths(self.0.clone()), unpack))
///     }
/// }
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x = Array::from_source(Means((0..4000).collect()));
/// let columns = x.rechunk(&[4, 10]); // tenths move
/// assert_eq!(session.compute(&columns)?[[3, 999]], 399.9);
/// # Ok::<(), thermocline::Error>(())
/// ```
pub struct Packed<T: Element>(Arc<dyn Moves<T>>);

impl<T: Element> Clone for Packed<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Element> Packed<T> {
    /// The numbers of `stored`, and the function that makes values of them, each of its own number: slices of one length.
    ///
    /// `stored` has the shape of the source that it is the packed form of.
    pub fn new<S: Element>(
        stored: impl Source<Item = S> + 'static,
        unpack: impl Fn(&[S], &mut [T]) + Send + Sync + 'static,
    ) -> Self {
        Self::of(Array::from_source(stored), map_tile(unpack))
    }

    fn of<S: Element>(stored: Array<S>, unpack: MapFn<S, T>) -> Self {
        Self(Arc::new(Stored { stored, unpack }))
    }

    /// The values.
    pub(super) fn values(&self) -> Arc<Shared<T>> {
        self.0.values()
    }

    /// In the chunks of `grid`.
    pub(super) fn in_grid(&self, grid: &ChunkGrid) -> Self {
        self.0.in_grid(grid)
    }

    pub(super) fn picked(&self, label: &'static str, picks: &[Picks]) -> Self {
        self.0.picked(label, picks)
    }

    pub(super) fn permuted(&self, label: &'static str, axes: &[Option<usize>]) -> Self {
        self.0.permuted(label, axes)
    }
}

impl<T: Element> fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Packed(..)")
    }
}

/// What can be done to stored numbers of any type.
trait Moves<T: Element>: Send + Sync {
    fn values(&self) -> Arc<Shared<T>>;
    fn in_grid(&self, grid: &ChunkGrid) -> Packed<T>;
    fn picked(&self, label: &'static str, picks: &[Picks]) -> Packed<T>;
    fn permuted(&self, label: &'static str, axes: &[Option<usize>]) -> Packed<T>;
}

struct Stored<S: Element, T> {
    stored: Array<S>,
    unpack: MapFn<S, T>,
}

impl<S: Element, T: Element> Moves<T> for Stored<S, T> {
    fn values(&self) -> Arc<Shared<T>> {
        let (input, function) = (self.stored.node.clone(), self.unpack.clone());
        Arc::new(Shared::new(MapNode { label: "unpack", input, function }))
    }

    fn in_grid(&self, grid: &ChunkGrid) -> Packed<T> {
        Packed::of(self.stored.in_grid(grid), self.unpack.clone())
    }

    fn picked(&self, label: &'static str, picks: &[Picks]) -> Packed<T> {
        let node = PickNode::new(label, self.stored.node.clone(), picks.to_vec());
        Packed::of(Array::of(node), self.unpack.clone())
    }

    fn permuted(&self, label: &'static str, axes: &[Option<usize>]) -> Packed<T> {
        let node = PermuteNode::new(label, self.stored.node.clone(), axes.to_vec());
        Packed::of(Array::of(node), self.unpack.clone())
    }
}
