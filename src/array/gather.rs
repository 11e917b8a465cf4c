//! Boxes in one piece, and nodes whose blocks are made of such.
//!
//! Some operations need a whole box of their input at once: a user's function of a block, a sort, a matrix product. A
//! [`Gather`] is how a task comes by it: where the box is a block that another task makes, that block itself, without a
//! copy; else the values are put into a block of the task's own, which is part of its declared workspace (**M1**).

use std::ops::Deref;
use std::sync::Arc;

use super::blocks::Built;
use super::compile::Program;
use super::grid::{ChunkGrid, Region};
use super::kernel::Scope;
use super::node::{Kind, Node, Shared, materialised};
use super::strided::copy_tile;
use crate::chunk::{Block, Chunk, Element};
use crate::error::Result;
use crate::graph::{Key, Layers, Scratch, Size, Task, TaskContext};

/// Fills `out`, in C order, with the box `region` that `program` was compiled for.
pub(super) fn fill<T: Element>(program: &Program<T>, scope: Scope<'_>, region: &Region, out: &mut [T]) -> Result<()> {
    program.stream(scope, &mut |tile, values| {
        copy_tile(&tile.relative_to(&region.start), values, &region.shape, out);
        Ok(())
    })
}

/// How a task comes by the values of a box, in C order and in one piece.
pub(super) struct Gather<T> {
    region: Region,
    from: From<T>,
}

enum From<T> {
    /// The box is a block that another task makes: the place of its chunk among the task's inputs.
    Block(usize),
    Program(Program<T>),
}

impl<T: Element> Gather<T> {
    /// For `region` of `node`, evaluated by the task itself as far as `node` can be.
    pub(super) fn compile(
        node: &Arc<Shared<T>>,
        layers: &mut Layers,
        region: &Region,
        needs: &mut Vec<Key>,
    ) -> Result<Self> {
        if node.kind() == Kind::Blocks {
            return Ok(Self::of_blocks(&*materialised(node, layers)?, region, needs));
        }
        let program = Program::compile(node, layers, region, needs)?;
        Ok(Self { region: region.clone(), from: From::Program(program) })
    }

    /// For `region` of blocks that tasks make.
    pub(super) fn of_blocks(built: &Built, region: &Region, needs: &mut Vec<Key>) -> Self {
        let from = if let Some(coordinates) = whole_block(built, region) {
            From::Block(place_of(built.key_at(&coordinates), needs))
        } else {
            From::Program(Program::of_blocks(built, region, needs))
        };
        Self { region: region.clone(), from }
    }

    pub(super) fn region(&self) -> &Region {
        &self.region
    }

    /// The most bytes that it draws from the grant at once, those of the values included.
    pub(super) fn workspace(&self) -> u64 {
        match &self.from {
            From::Block(_) => 0,
            From::Program(program) => program.workspace() + Block::<T>::charge(self.region.len()),
        }
    }

    /// The values.
    pub(super) fn values<'a>(&self, scope: Scope<'a>) -> Result<Values<'a, T>> {
        match &self.from {
            From::Block(place) => Ok(Values::Shared(scope.chunks[*place].get::<Block<T>>()?.as_slice())),
            From::Program(program) => {
                let mut block = scope.context.scratch::<T>(self.region.len())?;
                fill(program, scope, &self.region, block.as_mut_slice())?;
                Ok(Values::Own(block))
            }
        }
    }
}

/// The place of `key` among a task's inputs, where it is put if it isn't there.
pub(super) fn place_of(key: Key, needs: &mut Vec<Key>) -> usize {
    needs.iter().position(|need| *need == key).unwrap_or_else(|| {
        needs.push(key);
        needs.len() - 1
    })
}

/// The coordinates of the block that `region` is, if it is one.
fn whole_block(built: &Built, region: &Region) -> Option<Vec<usize>> {
    let axes = 0..region.start.len();
    let coordinates: Vec<usize> = axes.map(|axis| built.grid.chunk_at(axis, region.start[axis])).collect();
    (built.grid.region(&coordinates) == *region).then_some(coordinates)
}

/// Values in C order: a block of another task's, or one of this task's own.
pub(super) enum Values<'a, T> {
    Shared(&'a [T]),
    Own(Scratch<'a, T>),
}

impl<T: Element> Deref for Values<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Shared(values) => values,
            Self::Own(block) => block.as_slice(),
        }
    }
}

/// Fills a block, in C order.
pub(super) type Make<T> = Box<dyn Fn(Scope<'_>, &mut [T]) -> Result<()> + Send + Sync>;

/// What one task does: bytes of workspace, and how it fills its block.
pub(super) struct Recipe<T> {
    pub(super) workspace: u64,
    pub(super) make: Make<T>,
}

/// Writes the recipe for a box of the result. Tasks that it needs are added to the layers, their keys to the list.
pub(super) type Prepare<T> =
    Box<dyn Fn(&mut Layers, &[usize], &Region, &mut Vec<Key>) -> Result<Recipe<T>> + Send + Sync>;

/// An array whose blocks are made by a task each, by a recipe of its own.
pub(super) struct BlockNode<T> {
    pub(super) label: &'static str,
    pub(super) grid: ChunkGrid,
    /// Called with the block's coordinates and its box.
    pub(super) prepare: Prepare<T>,
}

impl<T: Element> Node<T> for BlockNode<T> {
    fn label(&self) -> &str {
        self.label
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        Kind::Blocks
    }

    fn build(&self, layers: &mut Layers) -> Result<Built> {
        let built = Built::new(layers.name(self.label), self.grid.clone());
        for block in 0..self.grid.blocks() {
            let coordinates = self.grid.coordinates(block);
            let region = self.grid.region(&coordinates);
            let mut needs = Vec::new();
            let recipe = (self.prepare)(layers, &coordinates, &region, &mut needs)?;
            add_block_task(layers, built.key(block), needs, region.shape, recipe);
        }
        Ok(built)
    }
}

/// Adds the task that makes a block of `shape` by `recipe`.
pub(super) fn add_block_task<T: Element>(
    layers: &mut Layers,
    key: Key,
    needs: Vec<Key>,
    shape: Vec<usize>,
    recipe: Recipe<T>,
) {
    let output = Block::<T>::charge(shape.iter().product());
    let make = recipe.make;
    let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
        let mut out = context.block::<T>(&shape)?;
        let values = out.as_mut_slice();
        make(Scope::new(context, chunks), values)?;
        values.iter_mut().for_each(|value| *value = value.canonical());
        Ok(Chunk::new(out.freeze()))
    };
    let task = Task::new(key, needs, Arc::new(run)).output(Size::Exact(output)).workspace(recipe.workspace);
    layers.add(task.spillable());
}
