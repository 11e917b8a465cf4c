//! Reductions over axes.
//!
//! The blocks behind each block of the result are cut into groups of about [`GROUP`] bytes. A task folds the tiles of a
//! group into lanes as they come off the decoder (**P2**); further tasks merge lanes, [`FAN_IN`] at a time, in a fixed
//! tree; the last one finishes. Where there is one group, its task finishes, and no lanes leave it: of a climatology over few
//! years, they are four times what comes out. Groups and tree depend on shape, chunks and type alone (**D1**).

use std::panic::Location;
use std::sync::Arc;

use super::Array;
use super::axes::Axes;
use super::blocks::{Built, block_key};
use super::compile::Program;
use super::fold::{Each, Reduction, Target};
use super::grid::{ChunkGrid, Region};
use super::kernel::Scope;
use super::node::{Kind, Node, Shared};
use super::reducer::Reducer;
use super::source::Visit;
use crate::chunk::{Block, BlockMut, Chunk, Element};
use crate::error::{Error, Result};
use crate::graph::{Key, Layers, Size, Task, TaskContext};

/// About how many bytes of values one task folds, where a value has at most [`LARGEST`].
const GROUP: usize = 256 << 20;

/// Larger values are what is made of smaller ones, or pairs of them.
const LARGEST: usize = 8;

/// How many partial results one task merges.
const FAN_IN: usize = 4;

/// A reduction of `input` over `axes`.
struct ReduceNode<T: Element, R> {
    label: &'static str,
    input: Arc<Shared<T>>,
    reducer: R,
    /// Whether each axis of the input is reduced.
    reduced: Vec<bool>,
    /// Whether the result has the reduced axes, of length 1.
    keep: bool,
    grid: ChunkGrid,
}

impl<T: Element> Array<T> {
    /// `reducer` of the values along `axes`; `empty` is whether it says something of none.
    #[track_caller]
    pub(super) fn reduce<R: Reducer<T>>(
        &self,
        label: &'static str,
        axes: &impl Axes,
        empty: bool,
        reducer: R,
    ) -> Array<R::Out> {
        self.reduce_by(label, axes, empty, Each(reducer))
    }

    /// The same of a whole tile at a time.
    #[track_caller]
    pub(super) fn reduce_by<R: Reduction<T>>(
        &self,
        label: &'static str,
        axes: &impl Axes,
        empty: bool,
        reducer: R,
    ) -> Array<R::Out> {
        if let Some(error) = &self.failure {
            return Array::failed(error.clone());
        }
        let (location, shape) = (Location::caller(), self.shape());
        let fail = |problem: &str| {
            let problem = format!("{problem} (shape {shape:?} of {})", T::DTYPE);
            Array::failed(Error::operation(label, location, problem))
        };
        let reduced = match axes.resolve(self.ndim()) {
            Ok(reduced) => reduced,
            Err(problem) => return fail(&problem),
        };
        if !empty && shape.iter().zip(&reduced).any(|(&length, &reduced)| reduced && length == 0) {
            return fail("there is no value along a reduced axis");
        }
        let keep = axes.are_kept();
        let kept = |whole: &ChunkGrid| {
            let axes = (0..shape.len()).filter(|&axis| keep || !reduced[axis]);
            let lengths = |axis: usize| if reduced[axis] { vec![1] } else { whole.lengths(axis).to_vec() };
            ChunkGrid::new(axes.map(lengths).collect())
        };
        // What is folded is never in any chunks: each of a file is decoded once, whatever chunks were asked for.
        let input = self.node.streamed().unwrap_or_else(|| self.node.clone());
        let grid = kept(input.grid());
        let in_grid = kept(self.chunks());
        Array::of(ReduceNode { label, input, reducer, reduced, keep, grid }).in_grid(&in_grid)
    }
}

impl<T: Element, R: Reduction<T>> Node<R::Out> for ReduceNode<T, R> {
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
        let name = layers.name(self.label);
        let partial = layers.name(&format!("{}-part", self.label));
        let mut parts = 0;
        for block in 0..self.grid.blocks() {
            let coordinates = self.grid.coordinates(block);
            let Region { start, shape } = self.grid.region(&coordinates);
            let target = Target::new(&self.reduced, &Region::new(self.not_reduced(&start), self.not_reduced(&shape)));
            let key = block_key(&name, &coordinates);
            let mut groups = self.groups(layers, &self.not_reduced(&coordinates))?;
            if groups.len() == 1
                && let Some(group) = groups.pop()
            {
                layers.add(self.whole_task(key, group, &target, shape));
                continue;
            }
            let mut keys = Vec::new();
            for group in groups {
                let key = Key::indexed(partial.clone(), [parts]);
                parts += 1;
                layers.add(self.fold_task(key.clone(), group, &target));
                keys.push(key);
            }
            while keys.len() > FAN_IN {
                let mut merged = Vec::new();
                for few in keys.chunks(FAN_IN) {
                    let key = Key::indexed(partial.clone(), [parts]);
                    parts += 1;
                    layers.add(self.merge_task(key.clone(), few.to_vec(), &target));
                    merged.push(key);
                }
                keys = merged;
            }
            layers.add(self.finish_task(key, keys, &target, shape));
        }
        Ok(Built::new(name, self.grid.clone()))
    }
}

/// What one task folds.
struct Group<T> {
    programs: Vec<Program<T>>,
    needs: Vec<Key>,
    elements: usize,
}

impl<T: Element> Group<T> {
    fn workspace(&self) -> u64 {
        self.programs.iter().map(Program::workspace).max().unwrap_or(0)
    }
}

impl<T: Element, R: Reduction<T>> ReduceNode<T, R> {
    fn lane_charge(target: &Target) -> u64 {
        Block::<R::Lane>::charge(target.len() * R::LANES)
    }

    /// What `of` has for the axes that are not reduced, where it has a number for each axis of the result.
    fn not_reduced(&self, of: &[usize]) -> Vec<usize> {
        let dropped = |axis: usize| self.keep && self.reduced[axis];
        (0..of.len()).filter(|&axis| !dropped(axis)).map(|axis| of[axis]).collect()
    }

    /// The blocks of the input behind the block of the result that is at `coordinates` along the axes that are not reduced, a
    /// group a task.
    fn groups(&self, layers: &mut Layers, coordinates: &[usize]) -> Result<Vec<Group<T>>> {
        let input = self.input.grid();
        let mut kept = coordinates.iter();
        let fixed: Vec<Option<usize>> =
            self.reduced.iter().map(|&reduced| if reduced { None } else { kept.next().copied() }).collect();
        let counts = input.counts();
        let among = ChunkGrid::new(
            fixed.iter().zip(&counts).map(|(fixed, &count)| vec![1; if fixed.is_some() { 1 } else { count }]).collect(),
        );
        let mut groups: Vec<Group<T>> = Vec::new();
        for number in 0..among.blocks() {
            let at: Vec<usize> =
                among.coordinates(number).iter().zip(&fixed).map(|(&at, fixed)| fixed.unwrap_or(at)).collect();
            self.add_to_group(layers, &input.region(&at), &mut groups)?;
        }
        Ok(groups)
    }

    /// A block joins the last group if that is not full, and has all the inputs already that the block needs: a group must
    /// not need more chunks in memory than a block.
    fn add_to_group(&self, layers: &mut Layers, region: &Region, groups: &mut Vec<Group<T>>) -> Result<()> {
        if let Some(last) = groups.last_mut()
            && (last.elements + region.len()) * size_of::<T>().min(LARGEST) <= GROUP
        {
            let (mut needs, reads) = (last.needs.clone(), layers.reads());
            let program = Program::compile(&self.input, layers, region, &mut needs)?;
            if needs.len() == last.needs.len() {
                last.programs.push(program);
                last.elements += region.len();
                return Ok(());
            }
            layers.unread(reads);
        }
        let mut needs = Vec::new();
        let program = Program::compile(&self.input, layers, region, &mut needs)?;
        groups.push(Group { programs: vec![program], needs, elements: region.len() });
        Ok(())
    }

    /// Folds the only group of a block, and finishes it: the lanes are this task's own.
    fn whole_task(&self, key: Key, group: Group<T>, target: &Target, shape: Vec<usize>) -> Task {
        let workspace = group.workspace() + Self::lane_charge(target);
        let (reducer, fold) = (self.reducer.clone(), self.fold(group.programs, target));
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            Ok(finished::<T, R>(&reducer, context, fold(context, chunks)?.as_slice(), &shape)?)
        };
        Task::new(key, group.needs, Arc::new(run))
            .output(Size::Exact(Block::<R::Out>::charge(target.len())))
            .workspace(workspace)
            .spillable()
    }

    fn fold_task(&self, key: Key, group: Group<T>, target: &Target) -> Task {
        let workspace = group.workspace();
        let fold = self.fold(group.programs, target);
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| Ok(Chunk::new(fold(context, chunks)?.freeze()));
        Task::new(key, group.needs, Arc::new(run))
            .output(Size::Exact(Self::lane_charge(target)))
            .workspace(workspace)
            .spillable()
    }

    /// Folds the tiles of `programs` into lanes.
    fn fold(
        &self,
        programs: Vec<Program<T>>,
        target: &Target,
    ) -> impl Fn(&TaskContext<'_>, &[Chunk]) -> Result<BlockMut<R::Lane>> + use<T, R> {
        let (reducer, owned, len) = (self.reducer.clone(), target.clone(), target.len() * R::LANES);
        move |context, chunks| {
            let mut lanes: BlockMut<R::Lane> = context.unwritten(&[len])?;
            let values = lanes.as_mut_slice();
            // Lanes are started as tiles come to them first: they are in the cache then.
            let mut started = 0;
            let mut visit = |tile: &Region, tile_values: &[T]| {
                let end = owned.end_of(tile);
                if end > started {
                    reducer.start(values, started..end);
                    started = end;
                }
                reducer.fold_tile(&owned, tile, tile_values, values);
                Ok(())
            };
            let visit: &mut Visit<'_, T> = &mut visit;
            for program in &programs {
                program.stream(Scope::new(context, chunks), visit)?;
            }
            reducer.start(lanes.as_mut_slice(), started..owned.len());
            Ok(lanes)
        }
    }

    fn merge_task(&self, key: Key, needs: Vec<Key>, target: &Target) -> Task {
        let (reducer, len) = (self.reducer.clone(), target.len() * R::LANES);
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            Ok(Chunk::new(merged::<T, R>(&reducer, context, chunks, len)?.freeze()))
        };
        Task::new(key, needs, Arc::new(run)).output(Size::Exact(Self::lane_charge(target))).spillable()
    }

    fn finish_task(&self, key: Key, needs: Vec<Key>, target: &Target, shape: Vec<usize>) -> Task {
        let (reducer, len, count) = (self.reducer.clone(), target.len() * R::LANES, target.len());
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let lanes = merged::<T, R>(&reducer, context, chunks, len)?;
            Ok(finished::<T, R>(&reducer, context, lanes.as_slice(), &shape)?)
        };
        Task::new(key, needs, Arc::new(run))
            .output(Size::Exact(Block::<R::Out>::charge(count)))
            .workspace(Self::lane_charge(target))
            .spillable()
    }
}

/// The lanes of all `chunks`, merged in their order.
fn merged<T: Element, R: Reduction<T>>(
    reducer: &R,
    context: &TaskContext<'_>,
    chunks: &[Chunk],
    len: usize,
) -> Result<BlockMut<R::Lane>> {
    match chunks {
        [] => {
            let mut lanes: BlockMut<R::Lane> = context.unwritten(&[len])?;
            reducer.start(lanes.as_mut_slice(), 0..len / R::LANES);
            Ok(lanes)
        }
        [first, others @ ..] => {
            let mut lanes: BlockMut<R::Lane> = context.unwritten(&[len])?;
            lanes.as_mut_slice().copy_from_slice(first.get::<Block<R::Lane>>()?.as_slice());
            for other in others {
                reducer.merge_all(lanes.as_mut_slice(), other.get::<Block<R::Lane>>()?.as_slice());
            }
            Ok(lanes)
        }
    }
}

/// What comes of `lanes`: a block of `shape`.
fn finished<T: Element, R: Reduction<T>>(
    reducer: &R,
    context: &TaskContext<'_>,
    lanes: &[R::Lane],
    shape: &[usize],
) -> Result<Chunk> {
    let mut out = context.unwritten::<R::Out>(shape)?;
    reducer.finish_all(lanes, out.as_mut_slice());
    Ok(Chunk::new(out.freeze()))
}
