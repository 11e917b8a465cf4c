//! The same values in other chunks.
//!
//! What lies beneath decides how:
//!
//! - Where any box can be evaluated (arrays in memory, functions of the index), or a source reads the new blocks without
//!   reading much twice, nothing is done: the new blocks are evaluated as they are asked for (**P2**).
//! - Else blocks are exchanged, of the numbers that the values are [stored](super::Packed) as where those are smaller, by the grids that the [plan](super::rechunk_plan) gives. A new block that lies within few
//!   old ones copies from these. Otherwise each old block is cut into pieces, a task each, and each new block is put
//!   together from its pieces. Pieces are copies: an old block goes as soon as it is cut, and each piece is evicted to
//!   scratch and comes back for its one reader by itself. So no task needs more than two blocks of memory, whatever the
//!   size of the array.
//!
//! A block is cut whole while it is there: a token, a task without effect, needs all of its pieces, and who needs one of
//! them needs the token too. A depth-first order then finishes the cutting of one block before it begins the next.

use std::sync::Arc;

use super::blocks::Built;
use super::chunks::Chunking;
use super::compile::{Compiler, Program};
use super::gather::{Recipe, add_block_task, fill, place_of};
use super::grid::{ChunkGrid, Region};
use super::kernel::{Kernel, Scope};
use super::node::{Access, Kind, Leader, Node, Shared, materialised};
use super::packed::Packed;
use super::tiles::copy_between;
use super::{Array, chunks, rechunk_plan};
use crate::chunk::{Block, Chunk, Element};
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task, TaskContext};

/// A new block that meets at most so many times its own elements copies from the old blocks themselves.
const DIRECT: usize = 2;

/// An operand whose blocks a block of the result meets at more than so many times its own elements is rechunked first.
const MISALIGNED: f64 = 4.0;

/// A source may be read so many times over rather than be made into blocks.
const READ_TWICE: f64 = 2.0;

pub(super) struct RechunkNode<T: Element> {
    input: Arc<Shared<T>>,
    grid: ChunkGrid,
    by: By<T>,
}

/// How boxes are come by.
enum By<T: Element> {
    /// They are evaluated by the input as they are asked for.
    Asking,
    /// Blocks are exchanged.
    Exchange,
    /// Blocks of the numbers that the values are stored as are exchanged: those numbers in the new chunks, and their values.
    ExchangeOfStored(Packed<T>, Arc<Shared<T>>),
}

impl<T: Element> RechunkNode<T> {
    pub(super) fn new(input: Arc<Shared<T>>, grid: ChunkGrid) -> Self {
        let through = match input.access() {
            Access::Any => true,
            Access::Units(unit) => read_times(&grid, &unit) <= READ_TWICE,
            Access::Chunks => false,
        };
        let by = if through {
            By::Asking
        } else if let Some(packed) = input.packed() {
            let packed = packed.in_grid(&grid);
            By::ExchangeOfStored(packed.clone(), packed.values())
        } else {
            By::Exchange
        };
        Self { input, grid, by }
    }

    /// Whose boxes are its own.
    fn asked(&self) -> Option<&Arc<Shared<T>>> {
        match &self.by {
            By::Asking => Some(&self.input),
            By::Exchange => None,
            By::ExchangeOfStored(_, values) => Some(values),
        }
    }
}

/// How often the blocks of `grid` read an array on average that is read in whole units.
fn read_times(grid: &ChunkGrid, unit: &[usize]) -> f64 {
    let axis = |axis: usize| {
        let unit = unit[axis].max(1);
        let length: usize = grid.lengths(axis).iter().sum();
        let mut start = 0;
        let mut read = 0;
        for &chunk in grid.lengths(axis) {
            let end = start + chunk;
            read += (end.div_ceil(unit) * unit).min(length).saturating_sub(start / unit * unit);
            start = end;
        }
        if length == 0 { 1.0 } else { read as f64 / length as f64 }
    };
    (0..grid.ndim()).map(axis).product()
}

/// How many times its own elements a block of `grid` meets on average in whole blocks of `old`.
fn blocks_times(grid: &ChunkGrid, old: &ChunkGrid) -> f64 {
    let axis = |axis: usize| {
        let length: usize = grid.lengths(axis).iter().sum();
        let (mut start, mut met) = (0, 0);
        for &chunk in grid.lengths(axis) {
            let (first, last) = (old.chunk_at(axis, start), old.chunk_at(axis, (start + chunk).saturating_sub(1)));
            met += old.lengths(axis)[first..=last].iter().sum::<usize>();
            start += chunk;
        }
        if length == 0 { 1.0 } else { met as f64 / length as f64 }
    };
    (0..grid.ndim()).map(axis).product()
}

/// Whether a block of `grid` needs many blocks of `old` at once.
pub(super) fn is_far(grid: &ChunkGrid, old: &ChunkGrid) -> bool {
    blocks_times(grid, old) > MISALIGNED
}

impl<T: Element> Node<T> for RechunkNode<T> {
    fn label(&self) -> &'static str {
        "rechunk"
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        self.asked().map_or(Kind::Blocks, |asked| asked.kind())
    }

    fn access(&self) -> Access {
        self.asked().map_or(Access::Chunks, |asked| asked.access())
    }

    fn unit(&self) -> Vec<usize> {
        self.asked().map_or_else(|| self.grid.longest(), |asked| asked.unit())
    }

    fn followed(&self) -> Vec<Leader> {
        self.asked().and_then(Shared::leader).into_iter().collect()
    }

    fn depth(&self) -> u32 {
        self.asked().map_or(0, |asked| asked.depth() + 1)
    }

    fn is_stored(&self) -> bool {
        self.input.is_stored()
    }

    fn as_read(&self) -> Option<Arc<Shared<T>>> {
        let exchanged = !matches!(self.by, By::Asking) && self.input.kind() != Kind::Blocks;
        exchanged.then(|| self.input.clone())
    }

    fn packed(&self) -> Option<Packed<T>> {
        match &self.by {
            By::Asking => Some(self.input.packed()?.in_grid(&self.grid)),
            By::Exchange => None,
            By::ExchangeOfStored(packed, _) => Some(packed.clone()),
        }
    }

    fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        match self.asked() {
            Some(asked) => compiler.compile(asked, region),
            None => unreachable!("what is exchanged is made of blocks"),
        }
    }

    fn build(&self, layers: &mut Layers) -> Result<Built> {
        let mut old = match self.input.kind() {
            Kind::Pulls => Old::Evaluated(&self.input),
            // Read once.
            Kind::Streams | Kind::Blocks => Old::Made(materialised(&self.input, layers)?),
        };
        for grid in rechunk_plan::stages(self.input.grid(), &self.grid, size_of::<T>()) {
            old = Old::Made(Arc::new(exchange(layers, &old, &grid)?));
        }
        match old {
            Old::Made(built) => Ok(Built::clone(&built)),
            Old::Evaluated(input) => Ok(Built::clone(&*materialised(input, layers)?)),
        }
    }
}

/// The blocks to be exchanged.
enum Old<'a, T: Element> {
    /// Tasks make them.
    Made(Arc<Built>),
    /// Boxes of them are evaluated by whoever wants them.
    Evaluated(&'a Arc<Shared<T>>),
}

impl<T: Element> Old<'_, T> {
    fn grid(&self) -> &ChunkGrid {
        match self {
            Self::Made(built) => &built.grid,
            Self::Evaluated(node) => node.grid(),
        }
    }

    /// How a task gets `region`, which lies within the blocks of `met`.
    fn recipe(&self, layers: &mut Layers, region: &Region, met: &[Met], needs: &mut Vec<Key>) -> Result<Recipe<T>> {
        match self {
            Self::Made(built) => {
                let parts = met
                    .iter()
                    .map(|met| Part {
                        place: place_of(built.key(met.block), needs),
                        holds: built.grid.block(met.block),
                        part: met.part.clone(),
                    })
                    .collect();
                Ok(put_together(region.clone(), parts))
            }
            Self::Evaluated(node) => {
                let program = Program::compile(node, layers, region, needs)?;
                let (region, workspace) = (region.clone(), program.workspace());
                let make = move |scope: Scope<'_>, out: &mut [T]| fill(&program, scope, &region, out);
                Ok(Recipe { workspace, make: Box::new(make) })
            }
        }
    }
}

/// An old block that a new one meets, and where.
struct Met {
    block: usize,
    part: Region,
}

/// The old blocks that `region` meets, in C order.
fn met(grid: &ChunkGrid, region: &Region) -> Vec<Met> {
    if region.is_empty() {
        return Vec::new();
    }
    let first: Vec<usize> = (0..grid.ndim()).map(|axis| grid.chunk_at(axis, region.start[axis])).collect();
    let counts = (0..grid.ndim()).map(|axis| {
        let last = grid.chunk_at(axis, region.start[axis] + region.shape[axis] - 1);
        vec![1; last + 1 - first[axis]]
    });
    let near = ChunkGrid::new(counts.collect());
    let block = |number: usize| {
        let at: Vec<usize> = near.coordinates(number).iter().zip(&first).map(|(at, first)| at + first).collect();
        let part = grid.region(&at).intersect(region)?;
        Some(Met { block: grid.number(&at), part })
    };
    (0..near.blocks()).filter_map(block).collect()
}

/// A chunk that holds a box, and the part of it that is wanted.
struct Part {
    place: usize,
    holds: Region,
    part: Region,
}

/// Copies parts to their places in `region`.
fn put_together<T: Element>(region: Region, parts: Vec<Part>) -> Recipe<T> {
    let make = move |scope: Scope<'_>, out: &mut [T]| {
        for Part { place, holds, part } in &parts {
            let values = scope.chunks[*place].get::<Block<T>>()?.as_slice();
            if region.start.is_empty() {
                out.copy_from_slice(values);
            } else {
                copy_between(values, holds, out, &region, part);
            }
        }
        Ok(())
    };
    Recipe { workspace: 0, make: Box::new(make) }
}

/// Adds the tasks that make the blocks of `grid` out of `old` ones.
fn exchange<T: Element>(layers: &mut Layers, old: &Old<'_, T>, grid: &ChunkGrid) -> Result<Built> {
    let built = Built::new(layers.name("rechunk"), grid.clone());
    let mut cuts = Cuts { pieces: layers.name("piece"), tokens: layers.name("cut"), of: Vec::new(), count: 0 };
    cuts.of.resize_with(old.grid().blocks(), Vec::new);
    for block in 0..grid.blocks() {
        let region = grid.block(block);
        let met = met(old.grid(), &region);
        let mut needs = Vec::new();
        let reads: usize = met.iter().map(|met| old.grid().block(met.block).len()).sum();
        let recipe = if reads <= DIRECT * region.len() || met.len() <= 1 {
            old.recipe(layers, &region, &met, &mut needs)?
        } else {
            let mut parts = Vec::with_capacity(met.len());
            for met in met {
                parts.push(cuts.piece(layers, old, met, &mut needs)?);
            }
            put_together(region.clone(), parts)
        };
        add_block_task(layers, built.key(block), needs, region.shape, recipe);
    }
    cuts.add_tokens(layers);
    Ok(built)
}

/// The pieces into which old blocks are cut.
struct Cuts {
    pieces: Arc<str>,
    tokens: Arc<str>,
    /// The pieces of each old block.
    of: Vec<Vec<Key>>,
    count: u32,
}

impl Cuts {
    /// Adds the task that cuts out a piece. Who needs it needs the token of its block too.
    fn piece<T: Element>(
        &mut self,
        layers: &mut Layers,
        old: &Old<'_, T>,
        met: Met,
        needs: &mut Vec<Key>,
    ) -> Result<Part> {
        let key = Key::indexed(self.pieces.clone(), [self.count]);
        self.count += 1;
        let (block, part) = (met.block, met.part.clone());
        let mut inputs = Vec::new();
        let recipe = old.recipe(layers, &part, &[met], &mut inputs)?;
        add_block_task(layers, key.clone(), inputs, part.shape.clone(), recipe);
        self.of[block].push(key.clone());
        needs.push(key);
        let place = needs.len() - 1;
        needs.push(self.token(block));
        Ok(Part { place, holds: part.clone(), part })
    }

    fn token(&self, block: usize) -> Key {
        Key::indexed(self.tokens.clone(), [block as u32])
    }

    fn add_tokens(&mut self, layers: &mut Layers) {
        for (block, pieces) in std::mem::take(&mut self.of).into_iter().enumerate() {
            if !pieces.is_empty() {
                let done = |_: &TaskContext<'_>, _: &[Chunk]| Ok(Chunk::new(()));
                layers.add(Task::new(self.token(block), pieces, Arc::new(done)).output(Size::Exact(0)));
            }
        }
    }
}

impl<T: Element> Array<T> {
    /// The same values in other chunks: a length for each axis, the last chunks along it as short as they must be; -1 for
    /// the whole axis, `"auto"` for blocks of about 64 MiB, `"same"` for an axis as it is. See [`Chunking`].
    ///
    /// Where the values come from tasks, blocks are cut into pieces and put together again, in stages where pieces would
    /// be tiny: about two blocks of memory are needed, and scratch for what does not fit. A source that can read the new
    /// blocks as well as its own just does so.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[100, 100], &[100, 1], |at| (at[0] * 100 + at[1]) as i64);
    /// let rows = x.rechunk((1, -1));
    /// assert_eq!(rows.chunks().counts(), [100, 1]);
    /// assert_eq!(session.compute(&rows)?[[7, 42]], 742);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where the lengths are not ones of this array.
    #[track_caller]
    #[must_use]
    pub fn rechunk(&self, chunks: impl Chunking) -> Self {
        let location = std::panic::Location::caller();
        if self.failure.is_some() {
            return self.clone();
        }
        match chunks::resolve(&chunks, self.chunks(), size_of::<T>()) {
            Ok(grid) => self.in_grid(&grid),
            Err(problem) => self.refused("rechunk", location, &problem),
        }
    }

    /// For an operation that goes by the chunks of `grid`, of the same shape: rechunked where a block of that grid would
    /// otherwise need many of this array's at once.
    pub(super) fn aligned(&self, grid: &ChunkGrid) -> Self {
        let far = self.node.access() == Access::Chunks && is_far(grid, self.chunks());
        if far { self.in_grid(grid) } else { self.clone() }
    }

    /// The same values in the chunks of `grid`, of the same shape.
    pub(super) fn in_grid(&self, grid: &ChunkGrid) -> Self {
        if self.failure.is_some() || self.chunks() == grid {
            return self.clone();
        }
        Self::of(RechunkNode::new(self.node.clone(), grid.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_units_are_read_as_often_as_blocks_meet_them() {
        let grid = |chunk: usize| ChunkGrid::regular(&[120, 6], &[chunk, 6]);
        assert_eq!(read_times(&grid(24), &[1, 6]), 1.0);
        assert_eq!(read_times(&grid(24), &[24, 4]), 1.0);
        assert_eq!(read_times(&grid(12), &[24, 6]), 2.0);
        assert_eq!(read_times(&grid(1), &[120, 6]), 120.0);
        assert_eq!(read_times(&ChunkGrid::regular(&[0], &[1]), &[5]), 1.0);
    }
}
