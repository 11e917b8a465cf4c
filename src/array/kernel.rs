//! What evaluates a box of an expression inside a task.
//!
//! A [`Kernel`] gives its values in one of two ways:
//!
//! - it *streams* them: tile by tile as they come off a decoder, in a fixed order (**P2**, **D1**). Only what a
//!   [`Source`](super::Source) is at the bottom of must stream.
//! - it is *pulled*: asked for any tile. Blocks that are in memory, scalars, and elementwise operations on those can be.
//!
//! Who pulls a tile either says where it is to be put, or [takes](Kernel::take) it as it is: what lies in memory is lent
//! from there and copied nowhere. A function takes its operands first and then makes room for its result, so of functions
//! that follow one another, however many, no more than two buffers are in use: those that the last function used. Those of
//! arithmetic make no buffers between them: they are the steps of a [`Chain`].
//!
//! Where all that is at the bottom of an expression is [at hand](Kernel::is_at_hand), it is pulled in [strips](STRIP) rather
//! than tiles: a strip goes through the whole expression in the level of cache next to the core, and each function's loop is
//! still long beside the call of it.
//!
//! Values that several kernels of one evaluation pull are put into a [slot](Slots), tile by tile, and made once.

use std::any::Any;
use std::cell::RefCell;
use std::ops::Deref;

use super::chain::Chain;
use super::grid::Region;
use super::source::{TILE, Visit};
use super::tiles::for_each_tile;
use crate::chunk::{BlockMut, Chunk, Element, charge};
use crate::error::Result;
use crate::graph::{Scratch, TaskContext};

/// The most elements of a strip: with a quarter of it, the calls of functions are felt; half of it takes the same time.
pub(super) const STRIP: usize = 4 << 10;

/// What a kernel finds when it runs: the task's context, the chunks of all the task's inputs, and the slots of the
/// evaluation that it is part of.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) context: &'a TaskContext<'a>,
    pub(super) chunks: &'a [Chunk],
    pub(super) slots: &'a Slots,
}

impl<'a> Scope<'a> {
    /// That of a task; each evaluation in it brings slots of its own.
    pub(super) fn new(context: &'a TaskContext<'a>, chunks: &'a [Chunk]) -> Self {
        const NONE: &Slots = &Slots(Vec::new());
        Self { context, chunks, slots: NONE }
    }
}

/// Evaluates one box of an array.
pub(super) trait Kernel<T: Element>: Send + Sync {
    /// The most bytes it draws from the grant at once.
    fn workspace(&self) -> u64;

    /// Gives all tiles of its box, each element once.
    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()>;

    /// Gives the values of `tile`, a box of at most [`TILE`] elements within its own.
    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()>;

    /// Whether it can be pulled, and a small tile takes as little for each element as a large one.
    fn is_at_hand(&self) -> bool {
        false
    }

    /// The values of `tile`, if they lie in memory one after the other.
    fn lend<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Option<&'a [T]>> {
        let _ = (scope, tile);
        Ok(None)
    }

    /// The values of `tile`, wherever they are.
    fn take<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Taken<'a, T>> {
        take_by_pulling(self, scope, tile)
    }

    /// The values of `tile`, as far as they come by steps that can be taken together with those that follow.
    fn chain<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Chain<'a, T>> {
        Ok(Chain::new(self.take(scope, tile)?))
    }
}

/// Takes a tile that is lent, or else pulled.
pub(super) fn take_by_pulling<'a, T: Element>(
    kernel: &'a (impl Kernel<T> + ?Sized),
    scope: Scope<'a>,
    tile: &Region,
) -> Result<Taken<'a, T>> {
    if let Some(values) = kernel.lend(scope, tile)? {
        return Ok(Taken::Lent(values));
    }
    let mut out = scope.context.scratch::<T>(tile.len())?;
    kernel.pull(scope, tile, out.as_mut_slice())?;
    Ok(Taken::Made(out))
}

/// The values of a tile.
pub(super) enum Taken<'a, T: Element> {
    Lent(&'a [T]),
    Made(Scratch<'a, T>),
}

impl<T: Element> Deref for Taken<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Lent(values) => values,
            Self::Made(values) => values.as_slice(),
        }
    }
}

/// Tiles that more than one kernel of an evaluation wants.
pub(super) struct Slots(Vec<RefCell<Option<Slot>>>);

/// Where the tiles of one kernel are put: kernels that run one after the other have one place, but an owner's number of
/// their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) at: usize,
    pub(super) owner: usize,
    /// The most elements that a tile has.
    pub(super) tile: usize,
}

struct Slot {
    owner: usize,
    tile: Region,
    /// A `BlockMut<T>` of at least one tile.
    values: Box<dyn Any>,
}

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).map(|_| RefCell::new(None)).collect())
    }

    /// Copies the values of `tile` to `out`, if they are there.
    pub(super) fn get<T: Element>(&self, place: Place, tile: &Region, out: &mut [T]) -> bool {
        let slot = self.0[place.at].borrow();
        let Some(kept) = slot.as_ref().filter(|kept| kept.owner == place.owner && kept.tile == *tile) else {
            return false;
        };
        let Some(values) = kept.values.downcast_ref::<BlockMut<T>>() else { return false };
        out.copy_from_slice(&values.as_slice()[..out.len()]);
        true
    }

    /// Puts the values of `tile` there, in a buffer that is the task's.
    pub(super) fn put<T: Element>(
        &self,
        context: &TaskContext<'_>,
        place: Place,
        tile: &Region,
        values: &[T],
    ) -> Result<()> {
        let mut slot = self.0[place.at].borrow_mut();
        let fits = |block: &BlockMut<T>| block.as_slice().len() >= place.tile;
        if !slot.as_ref().and_then(|kept| kept.values.downcast_ref()).is_some_and(fits) {
            // The old one goes before there is a new one.
            *slot = None;
            let values = Box::new(context.block::<T>(&[place.tile])?);
            *slot = Some(Slot { owner: place.owner, tile: tile.clone(), values });
        }
        let Some(kept) = &mut *slot else { return Ok(()) };
        if let Some(own) = kept.values.downcast_mut::<BlockMut<T>>() {
            own.as_mut_slice()[..values.len()].copy_from_slice(values);
            kept.owner = place.owner;
            kept.tile.clone_from(tile);
        }
        Ok(())
    }
}

/// Streams a kernel that can be pulled.
pub(super) fn stream_by_pulling<T: Element>(
    kernel: &(impl Kernel<T> + ?Sized),
    region: &Region,
    scope: Scope<'_>,
    visit: &mut Visit<'_, T>,
) -> Result<()> {
    for_each_tile(region, TILE, |tile| visit(tile, &kernel.take(scope, tile)?))
}

/// Streams a kernel that is at hand, and made of others.
pub(super) fn stream_in_strips<T: Element>(
    kernel: &(impl Kernel<T> + ?Sized),
    region: &Region,
    scope: Scope<'_>,
    visit: &mut Visit<'_, T>,
) -> Result<()> {
    for_each_tile(region, STRIP, |strip| visit(strip, &kernel.take(scope, strip)?))
}

/// The most elements that a tile of `region` has.
pub(super) fn tile_of(region: &Region) -> usize {
    region.len().min(TILE)
}

/// The charge of a buffer of a tile of `elements`.
pub(super) fn tile_bytes<T: Element>(elements: usize) -> u64 {
    charge((elements * size_of::<T>()) as u64)
}
