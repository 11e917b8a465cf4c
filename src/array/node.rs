//! The expression behind an array.
//!
//! A [`Node`] is one operation. To evaluate a box of it, it is [compiled](super::compile) for that box into a
//! [`Kernel`]; whoever has it compiled puts that into a task.
//!
//! An elementwise operation on a stream streams: it *follows* the node that leads, and pulls its other operands at each
//! tile. So a chain of operations on a source, and the reduction behind it, is one task that reads its input once and
//! needs no block. An expression that branches, `x.less(0).where_(&x, &y)`, still reads `x` once: what follows the same
//! leader is evaluated from the same tile. Of two operands that follow different leaders, the second is materialised:
//! made into blocks by tasks of its own.
//!
//! Nodes are evaluated inside of one another only [so deep](DEEPEST); an operation above that works on blocks. What a
//! node is made of is looked at when it is made: an expression may branch at each step and be thousands of steps deep.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use super::blocks::{Built, block_key};
use super::compile::{Compiler, Program, deep};
use super::grid::{ChunkGrid, Region};
use super::kernel::{Kernel, Scope};
use super::packed::Packed;
use crate::chunk::{Block, Chunk, Element};
use crate::error::Result;
use crate::graph::{Layers, Size, Task, TaskContext};

/// So deep kernels are nested, an operation that moves values counted as [`TURN`]: each level has buffers of its own.
const DEEPEST: u32 = 32;

/// The depth of an operation whose input is asked for other boxes than itself. Where such a one branches, each level may
/// ask for twice as many, so there must be few in each other.
pub(super) const TURN: u32 = 8;

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

    /// What its operands follow, as far as they stream tiles that are its own; the first is what it follows itself. None
    /// where it doesn't stream, or leads.
    fn followed(&self) -> Vec<Leader> {
        Vec::new()
    }

    /// How deep its kernels are nested; 0 for what has no input, and for blocks.
    fn depth(&self) -> u32 {
        0
    }

    /// Whether its values are read from storage, rather than made.
    fn is_stored(&self) -> bool {
        false
    }

    /// The same values in the chunks that the sources behind are read in, where this node has them in others that can't be
    /// read without reading much again. For who takes values in any chunks: reductions.
    fn as_read(&self) -> Option<Arc<Shared<T>>> {
        None
    }

    /// Its values as they are stored, where that takes less room and it only moves them.
    fn packed(&self) -> Option<Packed<T>> {
        None
    }

    /// The axis along which its blocks are those of other nodes, one after the other, and these nodes, where it is so.
    fn parts(&self) -> Option<(usize, Vec<Arc<Shared<T>>>)> {
        None
    }

    /// A kernel for `region`, of nodes that stream or can be pulled.
    fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        let _ = (compiler, region);
        unreachable!("{} is made of blocks", self.label())
    }

    /// Makes its blocks by tasks, of nodes that are made of blocks.
    fn build(&self, layers: &mut Layers) -> Result<Built> {
        let _ = layers;
        unreachable!("{} is evaluated by kernels", self.label())
    }
}

/// What a node says of itself whose kernel gives a tile for each tile of its one `input`.
macro_rules! as_its_input {
    () => {
        fn kind(&self) -> Kind {
            if self.input.kind() == Kind::Streams { Kind::Streams } else { Kind::Pulls }
        }

        fn access(&self) -> Access {
            self.input.access()
        }

        fn unit(&self) -> Vec<usize> {
            self.input.unit()
        }

        fn followed(&self) -> Vec<Leader> {
            self.input.leader().into_iter().collect()
        }

        fn depth(&self) -> u32 {
            self.input.depth() + 1
        }
    };
}

pub(super) use as_its_input;

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

/// A node whose tiles come as they come, and others follow: sources, and what moves the values of a stream. Known by its
/// address.
#[derive(Clone)]
pub(super) struct Leader(pub(super) Arc<dyn super::compile::Lead>);

impl Leader {
    /// Whether it is `node`.
    pub(super) fn is<T: Element>(&self, node: &Arc<Shared<T>>) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.0), Arc::as_ptr(node))
    }
}

impl PartialEq for Leader {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.0), Arc::as_ptr(&other.0))
    }
}

/// A node that has been shared, and what is known of it: its address is its identity.
pub(super) struct Shared<T: Element> {
    /// Taken when it is dropped.
    node: Option<Box<dyn Node<T>>>,
    grid: ChunkGrid,
    kind: Kind,
    access: Access,
    depth: u32,
    follows: Option<Leader>,
    branches: bool,
    is_stored: bool,
    /// Found out once: an expression that branches would be gone through by each of its paths.
    as_read: OnceLock<Option<Arc<Self>>>,
    /// Made once, so that who moves them shares the blocks that they are read into.
    packed: OnceLock<Option<Packed<T>>>,
}

impl<T: Element> Shared<T> {
    pub(super) fn new(node: impl Node<T>) -> Self {
        let (grid, kind, depth) = (node.grid().clone(), node.kind(), node.depth());
        let (kind, access) = if depth > DEEPEST { (Kind::Blocks, Access::Chunks) } else { (kind, node.access()) };
        let followed = if kind == Kind::Streams { node.followed() } else { Vec::new() };
        let branches = followed.iter().skip(1).any(|other| *other == followed[0]);
        let follows = followed.into_iter().next();
        let depth = if kind == Kind::Blocks { 0 } else { depth };
        let is_stored = kind == Kind::Streams && node.is_stored();
        let (as_read, packed) = (OnceLock::new(), OnceLock::new());
        Self { node: Some(Box::new(node)), grid, kind, access, depth, follows, branches, is_stored, as_read, packed }
    }

    fn node(&self) -> &dyn Node<T> {
        self.node.as_deref().unwrap_or_else(|| unreachable!("a node that is being dropped is not used"))
    }

    pub(super) fn label(&self) -> &str {
        self.node().label()
    }

    pub(super) fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn access(&self) -> Access {
        self.access.clone()
    }

    pub(super) fn unit(&self) -> Vec<usize> {
        if self.kind == Kind::Blocks { self.grid.longest() } else { self.node().unit() }
    }

    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    /// The same values in the chunks that they are read in, where they are read and these are others.
    pub(super) fn streamed(&self) -> Option<Arc<Self>> {
        // What is made is made into the chunks that were asked for: to make it does not take a whole chunk of a file.
        self.as_read().filter(|read| read.is_stored)
    }

    /// The same values in the chunks that they have without rechunking, where these are others.
    pub(super) fn as_read(&self) -> Option<Arc<Self>> {
        // What lies too deep is made of blocks, as far as anyone above is concerned.
        let find = || if self.depth == 0 && self.node().depth() > 0 { None } else { self.node().as_read() };
        self.as_read.get_or_init(find).clone()
    }

    /// Whether its values are read from storage, rather than made.
    pub(super) fn is_stored(&self) -> bool {
        self.is_stored
    }

    /// Its values as they are stored, where that takes less room.
    pub(super) fn packed(&self) -> Option<&Packed<T>> {
        self.packed.get_or_init(|| self.node().packed()).as_ref()
    }

    /// Whether more than one of its operands follows what it follows.
    pub(super) fn branches(&self) -> bool {
        self.branches
    }

    /// What its tiles follow; itself, where it leads; nothing, where it doesn't stream.
    pub(super) fn leader(self: &Arc<Self>) -> Option<Leader> {
        let itself = || (self.kind == Kind::Streams).then(|| Leader(self.clone()));
        self.follows.clone().or_else(itself)
    }

    /// A kernel of the node itself, whatever it counts as.
    pub(super) fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        self.node().compile(compiler, region)
    }
}

impl<T: Element> Drop for Shared<T> {
    /// The end of a long chain would end its inputs inside of each other.
    fn drop(&mut self) {
        let node = self.node.take();
        deep(|| drop(node));
    }
}

/// The blocks of `node`, built once in these layers.
pub(super) fn materialised<T: Element>(node: &Arc<Shared<T>>, layers: &mut Layers) -> Result<Arc<Built>> {
    let expression: Arc<dyn Any + Send + Sync> = node.clone();
    if let Some(built) = layers.find::<Built>(&expression) {
        return Ok(built);
    }
    // What the task that asks for it has read so far is not of the tasks that are made here.
    let outer = layers.reads();
    layers.unread(0);
    let built = deep(|| {
        if let Some((axis, parts)) = node.node().parts() {
            let parts = parts.iter().map(|part| materialised(part, layers)).collect::<Result<Vec<_>>>()?;
            return Ok(Built::joined(parts, axis, node.grid().clone()));
        }
        match node.node().kind() {
            Kind::Blocks => node.node().build(layers),
            Kind::Streams | Kind::Pulls => build_from_kernels(node, layers),
        }
    });
    layers.unread(outer);
    let built = Arc::new(built?);
    layers.remember(expression, built.clone());
    Ok(built)
}

fn build_from_kernels<T: Element>(node: &Arc<Shared<T>>, layers: &mut Layers) -> Result<Built> {
    let name = layers.name(node.label());
    let grid = node.grid().clone();
    for block in 0..grid.blocks() {
        let region = grid.block(block);
        let mut needs = Vec::new();
        let program = Program::of_node(node, layers, &region, &mut needs)?;
        let workspace = program.workspace();
        let output = Block::<T>::charge(region.len());
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let mut out = context.unwritten::<T>(&region.shape)?;
            program.fill(Scope::new(context, chunks), &region, out.as_mut_slice())?;
            Ok(Chunk::new(out.freeze()))
        };
        let key = block_key(&name, &grid.coordinates(block));
        // What is read or made from nothing comes out the same once more (D1); whether that pays is measured.
        let task = Task::new(key, needs, Arc::new(run)).output(Size::Exact(output)).workspace(workspace);
        layers.add(task.spillable().cheap_to_redo());
    }
    Ok(Built::new(name, grid))
}
