//! Reductions over axes.
//!
//! The blocks behind each block of the result are cut into groups of about [`GROUP`] bytes. A task folds the tiles of a
//! group into lanes as they come off the decoder (**P2**); further tasks merge lanes, [`FAN_IN`] at a time, in a fixed
//! tree; the last one finishes. Groups and tree depend on shape, chunks and type alone (**D1**).

use std::sync::Arc;

use super::grid::{ChunkGrid, Region};
use super::node::{Built, Kernel, Kind, Node, Scope, Shared, block_key, compile};
use super::reducer::Reducer;
use super::source::Visit;
use super::strided::strides;
use crate::chunk::{Block, BlockMut, Chunk, Element};
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task, TaskContext};

/// About how many bytes of values one task folds.
const GROUP: usize = 256 << 20;

/// How many partial results one task merges.
const FAN_IN: usize = 4;

/// A reduction of `input` over `axes`.
pub(super) struct ReduceNode<T: Element, R> {
    pub(super) label: &'static str,
    pub(super) input: Arc<Shared<T>>,
    pub(super) reducer: R,
    /// Whether each axis of the input is reduced.
    pub(super) reduced: Vec<bool>,
    pub(super) grid: ChunkGrid,
}

/// Where the lanes of a box of the result are.
#[derive(Clone)]
struct Target {
    /// The box of the result in the input's coordinates; reduced axes are 0..1.
    region: Region,
    reduced: Vec<bool>,
    len: usize,
}

impl<T: Element, R: Reducer<T>> Node<R::Out> for ReduceNode<T, R> {
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
            let target = self.target(&coordinates);
            let mut keys = Vec::new();
            for group in self.groups(layers, &coordinates)? {
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
            let shape = self.grid.region(&coordinates).shape;
            layers.add(self.finish_task(block_key(&name, &coordinates), keys, &target, shape));
        }
        Ok(Built { name, grid: self.grid.clone() })
    }
}

/// What one task folds.
struct Group<T> {
    kernels: Vec<Box<dyn Kernel<T>>>,
    needs: Vec<Key>,
    elements: usize,
}

impl<T: Element, R: Reducer<T>> ReduceNode<T, R> {
    fn lane_charge(target: &Target) -> u64 {
        Block::<R::Lane>::charge(target.len * R::LANES)
    }

    fn target(&self, coordinates: &[usize]) -> Target {
        let kept = self.grid.region(coordinates);
        let mut axes = kept.start.iter().zip(&kept.shape);
        let axis = |&reduced: &bool| if reduced { (0, 1) } else { axes.next().map_or((0, 1), |(&at, &len)| (at, len)) };
        let (start, shape): (Vec<usize>, Vec<usize>) = self.reduced.iter().map(axis).unzip();
        let region = Region { start, shape };
        Target { len: region.len(), region, reduced: self.reduced.clone() }
    }

    /// The blocks of the input behind a block of the result, a group a task.
    fn groups(&self, layers: &mut Layers, coordinates: &[usize]) -> Result<Vec<Group<T>>> {
        let input = self.input.0.grid();
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
            && (last.elements + region.len()) * size_of::<T>() <= GROUP
        {
            let mut needs = last.needs.clone();
            let kernel = compile(&self.input, layers, region, &mut needs)?;
            if needs.len() == last.needs.len() {
                last.kernels.push(kernel);
                last.elements += region.len();
                return Ok(());
            }
        }
        let mut needs = Vec::new();
        let kernel = compile(&self.input, layers, region, &mut needs)?;
        groups.push(Group { kernels: vec![kernel], needs, elements: region.len() });
        Ok(())
    }

    fn fold_task(&self, key: Key, group: Group<T>, target: &Target) -> Task {
        let workspace = group.kernels.iter().map(|kernel| kernel.workspace()).max().unwrap_or(0);
        let (reducer, kernels, owned) = (self.reducer.clone(), group.kernels, target.clone());
        let len = target.len * R::LANES;
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let mut lanes: BlockMut<R::Lane> = context.block(&[len])?;
            start_lanes::<T, R>(&reducer, lanes.as_mut_slice());
            let values = lanes.as_mut_slice();
            let mut visit = |tile: &Region, tile_values: &[T]| {
                fold_tile(&reducer, &owned, tile, tile_values, values);
                Ok(())
            };
            let visit: &mut Visit<'_, T> = &mut visit;
            for kernel in &kernels {
                kernel.stream(Scope { context, chunks }, visit)?;
            }
            Ok(Chunk::new(lanes.freeze()))
        };
        Task::new(key, group.needs, Arc::new(run))
            .output(Size::Exact(Self::lane_charge(target)))
            .workspace(workspace)
            .spillable()
    }

    fn merge_task(&self, key: Key, needs: Vec<Key>, target: &Target) -> Task {
        let (reducer, len) = (self.reducer.clone(), target.len * R::LANES);
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            Ok(Chunk::new(merged::<T, R>(&reducer, context, chunks, len)?.freeze()))
        };
        Task::new(key, needs, Arc::new(run)).output(Size::Exact(Self::lane_charge(target))).spillable()
    }

    fn finish_task(&self, key: Key, needs: Vec<Key>, target: &Target, shape: Vec<usize>) -> Task {
        let (reducer, len, count) = (self.reducer.clone(), target.len * R::LANES, target.len);
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let lanes = merged::<T, R>(&reducer, context, chunks, len)?;
            let lanes = lanes.as_slice();
            let mut out = context.block::<R::Out>(&shape)?;
            for (at, value) in out.as_mut_slice().iter_mut().enumerate() {
                *value = reducer.finish(lanes_at::<T, R>(lanes, count, at)).canonical();
            }
            Ok(Chunk::new(out.freeze()))
        };
        Task::new(key, needs, Arc::new(run))
            .output(Size::Exact(Block::<R::Out>::charge(count)))
            .workspace(Self::lane_charge(target))
            .spillable()
    }
}

fn start_lanes<T: Element, R: Reducer<T>>(reducer: &R, lanes: &mut [R::Lane]) {
    let start = reducer.start();
    let len = (lanes.len() / R::LANES).max(1);
    for (lane, start) in lanes.chunks_mut(len).zip(start) {
        lane.fill(start);
    }
}

fn merged<T: Element, R: Reducer<T>>(
    reducer: &R,
    context: &TaskContext<'_>,
    chunks: &[Chunk],
    len: usize,
) -> Result<BlockMut<R::Lane>> {
    let mut lanes: BlockMut<R::Lane> = context.block(&[len])?;
    start_lanes::<T, R>(reducer, lanes.as_mut_slice());
    let count = len / R::LANES;
    for chunk in chunks {
        let other = chunk.get::<Block<R::Lane>>()?.as_slice();
        let (a, b, c) = split::<T, R>(lanes.as_mut_slice(), count);
        let mut none = [R::Lane::default(); 2];
        let [no_b, no_c] = &mut none;
        for (at, first) in a.iter_mut().enumerate() {
            let second = b.get_mut(at).unwrap_or(no_b);
            let third = c.get_mut(at).unwrap_or(no_c);
            reducer.merge([first, second, third], lanes_at::<T, R>(other, count, at));
        }
    }
    Ok(lanes)
}

fn lanes_at<T: Element, R: Reducer<T>>(lanes: &[R::Lane], count: usize, at: usize) -> [R::Lane; 3] {
    let lane = |number: usize| if number < R::LANES { lanes[number * count + at] } else { R::Lane::default() };
    [lane(0), lane(1), lane(2)]
}

type Split<'a, L> = (&'a mut [L], &'a mut [L], &'a mut [L]);

/// The lanes, those that the reducer lacks empty.
fn split<T: Element, R: Reducer<T>>(lanes: &mut [R::Lane], count: usize) -> Split<'_, R::Lane> {
    let (first, rest) = lanes.split_at_mut(count);
    let (second, rest) = rest.split_at_mut(if R::LANES > 1 { count } else { 0 });
    let third = if R::LANES > 2 { rest } else { &mut [] };
    (first, second, third)
}

/// Folds a tile into the lanes of the result's box.
fn fold_tile<T: Element, R: Reducer<T>>(
    reducer: &R,
    target: &Target,
    tile: &Region,
    values: &[T],
    lanes: &mut [R::Lane],
) {
    let (first, second, third) = split::<T, R>(lanes, target.len);
    let own = strides(&target.region.shape);
    let axes = tile.shape.len();
    // Inner axes that are all reduced, or all kept and whole, are one run.
    let stride = |axis: usize| if target.reduced[axis] { 0 } else { own[axis] };
    let (mut run, mut outer) = (1, axes);
    let reduced_run = axes > 0 && target.reduced[axes - 1];
    while outer > 0 {
        let axis = outer - 1;
        let joins = if reduced_run { target.reduced[axis] } else { !target.reduced[axis] && stride(axis) == run };
        if !joins {
            break;
        }
        run *= tile.shape[axis];
        outer -= 1;
        if !reduced_run && tile.shape[axis] != target.region.shape[axis] {
            break;
        }
    }
    let rows = ChunkGrid::new(tile.shape[..outer].iter().map(|&len| vec![1; len]).collect());
    let base: usize = (0..axes)
        .map(|axis| if target.reduced[axis] { 0 } else { (tile.start[axis] - target.region.start[axis]) * own[axis] })
        .sum();
    let mut none = [R::Lane::default(); 2];
    let [no_second, no_third] = &mut none;
    for (row, values) in values.chunks(run.max(1)).enumerate() {
        let at: usize =
            base + rows.coordinates(row).iter().enumerate().map(|(axis, at)| at * stride(axis)).sum::<usize>();
        if reduced_run {
            let mut state = [first[at], R::Lane::default(), R::Lane::default()];
            if R::LANES > 1 {
                state[1] = second[at];
            }
            if R::LANES > 2 {
                state[2] = third[at];
            }
            for &value in values {
                let [a, b, c] = &mut state;
                reducer.fold([a, b, c], value);
            }
            first[at] = state[0];
            if R::LANES > 1 {
                second[at] = state[1];
            }
            if R::LANES > 2 {
                third[at] = state[2];
            }
            continue;
        }
        let first = &mut first[at..at + values.len()];
        match R::LANES {
            1 => {
                for (a, &value) in first.iter_mut().zip(values) {
                    reducer.fold([a, no_second, no_third], value);
                }
            }
            2 => {
                let second = &mut second[at..at + values.len()];
                for ((a, b), &value) in first.iter_mut().zip(second).zip(values) {
                    reducer.fold([a, b, no_third], value);
                }
            }
            _ => {
                let second = &mut second[at..at + values.len()];
                let third = &mut third[at..at + values.len()];
                for (((a, b), c), &value) in first.iter_mut().zip(second).zip(third).zip(values) {
                    reducer.fold([a, b, c], value);
                }
            }
        }
    }
}
