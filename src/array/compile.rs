//! From an expression to what a task evaluates.
//!
//! A [`Program`] evaluates a box of an expression. While it is compiled, the [`Compiler`] remembers the kernels that are
//! pulled: one that is wanted again is shared, and makes each tile once. So an expression that branches at each step
//! takes as long as it has steps, not as it has paths.
//!
//! Where operands follow the same leader, the leader is streamed once: each of its tiles is put into a slot, and the
//! whole expression above is pulled at that tile.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::blocks::{Built, compile_blocks};
use super::chain::Chain;
use super::grid::Region;
use super::kernel::{Kernel, Place, STRIP, Scope, Slots, Taken, take_by_pulling, tile_bytes, tile_of};
use super::node::{Kind, Leader, Shared, materialised};
use super::source::Visit;
use super::tiles::{for_each_tile, make_canonical, store_tile};
use crate::chunk::Element;
use crate::error::{Error, Result};
use crate::graph::{Key, Layers};

/// Runs `with` on a stack that is large enough for one more level of an expression, however deep that is.
pub(super) fn deep<R>(with: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(128 << 10, 1 << 20, with)
}

/// Evaluates a box of an expression.
pub(super) struct Program<T> {
    kernel: Box<dyn Kernel<T>>,
    slots: usize,
    workspace: u64,
}

impl<T: Element> Program<T> {
    /// For `region` of `node`. Tasks that it needs are added to `layers`, their keys to `needs`.
    pub(super) fn compile(
        node: &Arc<Shared<T>>,
        layers: &mut Layers,
        region: &Region,
        needs: &mut Vec<Key>,
    ) -> Result<Self> {
        let mut compiler = Compiler::new(layers, needs);
        let kernel = compiler.compile(node, region)?;
        Ok(compiler.finish(kernel))
    }

    /// As [`compile`](Self::compile), by the node's own kernel even if others want it as blocks.
    pub(super) fn of_node(
        node: &Arc<Shared<T>>,
        layers: &mut Layers,
        region: &Region,
        needs: &mut Vec<Key>,
    ) -> Result<Self> {
        let mut compiler = Compiler::new(layers, needs);
        let kernel = if node.branches() { compiler.joint(node, region)? } else { node.compile(&mut compiler, region)? };
        Ok(compiler.finish(kernel))
    }

    /// For `region` of blocks that tasks make.
    pub(super) fn of_blocks(built: &Built, region: &Region, needs: &mut Vec<Key>) -> Self {
        let kernel: Box<dyn Kernel<T>> = Box::new(compile_blocks(built, region, needs));
        Self { workspace: kernel.workspace(), kernel, slots: 0 }
    }

    /// The most bytes it draws from the grant at once.
    pub(super) fn workspace(&self) -> u64 {
        self.workspace
    }

    /// Gives all tiles of its box, each element once.
    pub(super) fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        let slots = Slots::new(self.slots);
        self.kernel.stream(Scope { slots: &slots, ..scope }, visit)
    }

    /// Puts all values of its box, `region`, into a block of it, NaN in its canonical form.
    pub(super) fn fill(&self, scope: Scope<'_>, region: &Region, block: &mut [T]) -> Result<()> {
        if !self.kernel.is_at_hand() {
            return self.stream(scope, &mut |tile, values| {
                store_tile(tile, values, region, block);
                Ok(())
            });
        }
        let slots = Slots::new(self.slots);
        let scope = Scope { slots: &slots, ..scope };
        // Strips are whole rows: one follows the other.
        let mut rest = block;
        for_each_tile(region, STRIP, |strip| {
            let (out, after) = std::mem::take(&mut rest).split_at_mut(strip.len());
            rest = after;
            self.kernel.pull(scope, strip, out)?;
            make_canonical(out);
            Ok(())
        })
    }
}

/// The places for tiles that an evaluation has.
#[derive(Default)]
struct Places {
    taken: usize,
    most: usize,
    owners: usize,
    /// The charge of the largest tile.
    largest: u64,
}

impl Places {
    fn take<T: Element>(&mut self, region: &Region) -> Place {
        let place = Place { at: self.taken, owner: self.owners, tile: tile_of(region) };
        self.taken += 1;
        self.owners += 1;
        self.most = self.most.max(self.taken);
        self.largest = self.largest.max(tile_bytes::<T>(place.tile));
        place
    }
}

/// Compiles kernels, and knows those that it has compiled.
pub(super) struct Compiler<'a> {
    layers: &'a mut Layers,
    needs: &'a mut Vec<Key>,
    /// An `Arc<Once<T>>` for the node at an address and a box.
    pulled: HashMap<(usize, Region), Box<dyn Any>>,
    places: Places,
    /// The leader that is being followed, and the slot of its tiles.
    following: Option<(Leader, Place)>,
}

impl<'a> Compiler<'a> {
    fn new(layers: &'a mut Layers, needs: &'a mut Vec<Key>) -> Self {
        Self { layers, needs, pulled: HashMap::new(), places: Places::default(), following: None }
    }

    fn finish<T: Element>(self, kernel: Box<dyn Kernel<T>>) -> Program<T> {
        let Places { most, largest, .. } = self.places;
        let workspace = kernel.workspace() + most as u64 * largest;
        Program { kernel, slots: most, workspace }
    }

    /// Says that a kernel reads so many stored bytes.
    pub(super) fn reads(&mut self, bytes: u64) {
        self.layers.read(bytes);
    }

    /// Compiles kernels that run by themselves, before or after others: these have the same places.
    pub(super) fn in_turn<R>(&mut self, with: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.places.taken;
        let result = with(self);
        self.places.taken = before;
        result
    }

    /// A kernel for `region` of `node`.
    pub(super) fn compile<T: Element>(&mut self, node: &Arc<Shared<T>>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        match node.kind() {
            Kind::Streams if self.follows(node) => self.pulled(node, region),
            Kind::Streams if node.branches() => self.joint(node, region),
            Kind::Streams => deep(|| node.compile(self, region)),
            Kind::Pulls | Kind::Blocks => self.pulled(node, region),
        }
    }

    /// A kernel for `region` of `node`, that can be pulled: where the node streams, and doesn't follow what is followed,
    /// its blocks are made first.
    pub(super) fn pulled<T: Element>(&mut self, node: &Arc<Shared<T>>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        if node.kind() != Kind::Pulls && !self.follows(node) {
            let built = materialised(node, self.layers)?;
            return Ok(Box::new(compile_blocks(&built, region, self.needs)));
        }
        if let Some((leader, place)) = &self.following
            && leader.is(node)
        {
            return Ok(Box::new(Followed { place: *place }));
        }
        let own = (Arc::as_ptr(node).addr(), region.clone());
        if let Some(once) = self.pulled.get(&own).and_then(|known| known.downcast_ref::<Arc<Once<T>>>()) {
            let once = once.clone();
            once.place.get_or_init(|| self.places.take::<T>(region));
            return Ok(Box::new(once));
        }
        let once = Arc::new(Once::new(deep(|| node.compile(self, region))?));
        self.pulled.insert(own, Box::new(once.clone()));
        Ok(Box::new(once))
    }

    /// As [`pulled`](Self::pulled), for boxes that are not those of the result: nothing can be followed there.
    pub(super) fn apart<T: Element>(&mut self, node: &Arc<Shared<T>>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        let following = self.following.take();
        let kernel = self.pulled(node, region);
        self.following = following;
        kernel
    }

    /// Whether `node` follows what is being followed.
    pub(super) fn follows<T: Element>(&self, node: &Arc<Shared<T>>) -> bool {
        self.following.as_ref().is_some_and(|(leader, _)| node.leader().as_ref() == Some(leader))
    }

    /// Whether a leader is being followed: streams are pulled then.
    pub(super) fn is_following(&self, leader: Option<&Leader>) -> bool {
        self.following.as_ref().is_some_and(|(own, _)| Some(own) == leader)
    }

    /// A kernel that streams the leader of `node`, and pulls `node` at each of its tiles.
    fn joint<T: Element>(&mut self, node: &Arc<Shared<T>>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        let Some(leader) = node.leader() else { return self.pulled(node, region) };
        let lead = leader.0.clone().lead(self, region)?;
        let outer = (self.following.replace((leader, lead.place())), std::mem::take(&mut self.pulled));
        let root = deep(|| node.compile(self, region));
        (self.following, self.pulled) = outer;
        Ok(Box::new(Joint { lead, root: root?, tile: tile_of(region) }))
    }
}

/// A node that leads, whatever the type of its values.
pub(super) trait Lead: Send + Sync {
    /// Compiles it for `region`.
    fn lead(self: Arc<Self>, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Led>>;
}

impl<T: Element> Lead for Shared<T> {
    fn lead(self: Arc<Self>, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Led>> {
        let kernel = compiler.compile(&self, region)?;
        Ok(Box::new(Tiles { kernel, place: compiler.places.take::<T>(region) }))
    }
}

/// The kernel of a leader, whatever the type of its values.
pub(super) trait Led: Send + Sync {
    fn workspace(&self) -> u64;

    /// Where its tiles are put.
    fn place(&self) -> Place;

    /// Streams it: calls `visit` for each tile once that is there.
    fn stream(&self, scope: Scope<'_>, visit: &mut dyn FnMut(&Region) -> Result<()>) -> Result<()>;
}

struct Tiles<T> {
    kernel: Box<dyn Kernel<T>>,
    place: Place,
}

impl<T: Element> Led for Tiles<T> {
    fn workspace(&self) -> u64 {
        self.kernel.workspace()
    }

    fn place(&self) -> Place {
        self.place
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut dyn FnMut(&Region) -> Result<()>) -> Result<()> {
        self.kernel.stream(scope, &mut |tile, values| {
            scope.slots.put(scope.context, self.place, tile, values)?;
            visit(tile)
        })
    }
}

/// Streams what leads, and pulls what follows it.
struct Joint<T> {
    lead: Box<dyn Led>,
    root: Box<dyn Kernel<T>>,
    tile: usize,
}

impl<T: Element> Kernel<T> for Joint<T> {
    fn workspace(&self) -> u64 {
        self.lead.workspace() + self.root.workspace() + tile_bytes::<T>(self.tile)
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        let mut out = scope.context.scratch::<T>(self.tile)?;
        self.lead.stream(scope, &mut |tile| {
            let out = &mut out.as_mut_slice()[..tile.len()];
            self.root.pull(scope, tile, out)?;
            visit(tile, out)
        })
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        self.root.pull(scope, tile, out)
    }
}

/// The tile of a leader that is being streamed.
struct Followed {
    place: Place,
}

impl<T: Element> Kernel<T> for Followed {
    fn workspace(&self) -> u64 {
        tile_bytes::<T>(self.place.tile)
    }

    fn stream(&self, _: Scope<'_>, _: &mut Visit<'_, T>) -> Result<()> {
        Err(NOT_THERE)
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        if scope.slots.get(self.place, tile, out) { Ok(()) } else { Err(NOT_THERE) }
    }
}

/// Only the tile that its leader has come to can be pulled of what follows.
const NOT_THERE: Error = Error::ChunkType { found: "another tile", expected: "the leader's" };

/// A kernel that is pulled by one or by several others: by several, it makes each tile once.
struct Once<T> {
    kernel: Box<dyn Kernel<T>>,
    workspace: u64,
    /// Where its tiles are put, if several pull it.
    place: OnceLock<Place>,
}

impl<T: Element> Once<T> {
    fn new(kernel: Box<dyn Kernel<T>>) -> Self {
        let workspace = kernel.workspace();
        Self { kernel, workspace, place: OnceLock::new() }
    }
}

impl<T: Element> Kernel<T> for Arc<Once<T>> {
    fn workspace(&self) -> u64 {
        self.workspace
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        self.kernel.stream(scope, visit)
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        let Some(&place) = self.place.get() else { return self.kernel.pull(scope, tile, out) };
        if scope.slots.get(place, tile, out) {
            return Ok(());
        }
        self.kernel.pull(scope, tile, out)?;
        scope.slots.put(scope.context, place, tile, out)
    }

    fn is_at_hand(&self) -> bool {
        self.kernel.is_at_hand()
    }

    fn lend<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Option<&'a [T]>> {
        self.kernel.lend(scope, tile)
    }

    fn take<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Taken<'a, T>> {
        if self.place.get().is_none() { self.kernel.take(scope, tile) } else { take_by_pulling(self, scope, tile) }
    }

    fn chain<'a>(&'a self, scope: Scope<'a>, tile: &Region) -> Result<Chain<'a, T>> {
        if self.place.get().is_none() {
            self.kernel.chain(scope, tile)
        } else {
            Ok(Chain::new(self.take(scope, tile)?))
        }
    }
}
