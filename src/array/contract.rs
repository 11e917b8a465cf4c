//! Sums of products over axes that two arrays share: `dot`, `matmul`, `tensordot`, `outer`.
//!
//! A block of the result is a sum over the blocks along the shared axes, in C order (**D1**): a chain of tasks, each of
//! which adds the product of one block of either operand (or of a few small ones) to what the one before it gave. So a
//! task needs two blocks of operands and two of the result, however long the shared axes are.
//!
//! Within a task the operands are matrices: their axes are gathered into rows and columns, in place where strides allow
//! it, else by a copy in the task's workspace.

use std::sync::Arc;

use super::blocks::Built;
use super::gather::{Gather, Recipe, add_block_task};
use super::grid::{ChunkGrid, Region};
use super::kernel::Scope;
use super::node::{Kind, Node, Shared, materialised};
use super::product::Product;
use super::strided::{copy_strided, strides};
use crate::chunk::Block;
use crate::error::Result;
use crate::graph::{Key, Layers};

/// A task multiplies pairs of blocks of up to so many bytes together.
const GROUP: usize = 16 << 20;

/// What an axis of an operand is to the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Axis of the result, which the other operand has too, or with length 1, or not at all.
    Batch(usize),
    /// Axis of the result that is this operand's alone.
    Own(usize),
    /// The number of the shared axis that is summed over.
    Shared(usize),
}

/// An operand: an array, and what its axes are.
pub(super) struct Operand<T: Product> {
    pub(super) node: Arc<Shared<T>>,
    pub(super) roles: Vec<Role>,
}

/// The sum of products. The axes of either operand that are its own are in order in the result, and so are batches.
pub(super) struct ContractNode<T: Product> {
    pub(super) label: &'static str,
    pub(super) left: Operand<T>,
    pub(super) right: Operand<T>,
    pub(super) grid: ChunkGrid,
    /// The chunks along the shared axes, the same in both operands.
    pub(super) shared: ChunkGrid,
}

impl<T: Product> Operand<T> {
    /// The box that belongs to a box of the result and one of the shared axes.
    fn region(&self, result: &Region, shared: &Region) -> Region {
        let shape = self.node.grid().shape();
        let axis = |(axis, role): (usize, &Role)| match *role {
            Role::Batch(_) if shape[axis] == 1 => (0, 1),
            Role::Batch(at) | Role::Own(at) => (result.start[at], result.shape[at]),
            Role::Shared(at) => (shared.start[at], shared.shape[at]),
        };
        let (start, shape) = self.roles.iter().enumerate().map(axis).unzip();
        Region { start, shape }
    }

    /// The axes of each kind, in the order of the result and of the sum.
    fn axes(&self, kind: impl Fn(Role) -> Option<usize>) -> Vec<usize> {
        let mut axes: Vec<(usize, usize)> =
            self.roles.iter().enumerate().filter_map(|(axis, &role)| Some((kind(role)?, axis))).collect();
        axes.sort_unstable();
        axes.into_iter().map(|(_, axis)| axis).collect()
    }

    /// How a block of `shape` is a stack of matrices, with its own axes as rows or as columns.
    fn layout(&self, shape: &[usize], result: &[usize], own_first: bool) -> Layout {
        let own = self.axes(|role| if let Role::Own(at) = role { Some(at) } else { None });
        let shared = self.axes(|role| if let Role::Shared(at) = role { Some(at) } else { None });
        let batch = self.axes(|role| if let Role::Batch(at) = role { Some(at) } else { None });
        let (rows, columns) = if own_first { (&own, &shared) } else { (&shared, &own) };
        // Batch axes as the result has them: with stride 0 where this operand has length 1, or lacks them.
        let of_batch = |strides: &[usize]| {
            let mut own = vec![0; result.len()];
            for &axis in &batch {
                if let Role::Batch(at) = self.roles[axis]
                    && shape[axis] > 1
                {
                    own[at] = strides[axis];
                }
            }
            own
        };
        let in_place = strides(shape);
        if let (Some(row), Some(column)) = (as_one(shape, &in_place, rows), as_one(shape, &in_place, columns)) {
            let (shape, strides) = ([row.0, column.0], [row.1, column.1]);
            return Layout { shape, strides, batch: of_batch(&in_place), copy: None };
        }
        let order: Vec<usize> = [&batch[..], rows, columns].concat();
        let lengths: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        let steps: Vec<usize> = order.iter().map(|&axis| in_place[axis]).collect();
        let packed = strides(&lengths);
        let mut of_axis = vec![0; shape.len()];
        order.iter().zip(&packed).for_each(|(&axis, &stride)| of_axis[axis] = stride);
        let count = |axes: &[usize]| axes.iter().map(|&axis| shape[axis]).product::<usize>();
        let (rows, columns) = (count(rows), count(columns));
        Layout {
            shape: [rows, columns],
            strides: [columns, 1],
            batch: of_batch(&of_axis),
            copy: Some((lengths, steps)),
        }
    }
}

/// The axes as one: its length and stride, if they follow each other in memory.
fn as_one(shape: &[usize], strides: &[usize], axes: &[usize]) -> Option<(usize, usize)> {
    let mut long = axes.iter().rev().filter(|&&axis| shape[axis] != 1);
    let Some(&last) = long.next() else { return Some((1, 1)) };
    let (mut length, stride) = (shape[last], strides[last]);
    for &axis in long {
        if strides[axis] != stride * length {
            return None;
        }
        length *= shape[axis];
    }
    Some((length, stride))
}

/// A block as a stack of matrices.
#[derive(Clone, Debug)]
struct Layout {
    shape: [usize; 2],
    strides: [usize; 2],
    /// How far it is to the next matrix, along each axis of the result.
    batch: Vec<usize>,
    /// Lengths and strides of the axes, where they have to be copied into another order first.
    copy: Option<(Vec<usize>, Vec<usize>)>,
}

impl Layout {
    fn copied(&self) -> usize {
        self.copy.as_ref().map_or(0, |(lengths, _)| lengths.iter().product())
    }
}

/// A block of an operand on its way into a product.
struct Factor<T> {
    gather: Gather<T>,
    layout: Layout,
}

impl<T: Product> Factor<T> {
    fn workspace(&self) -> u64 {
        self.gather.workspace() + Block::<T>::charge(self.layout.copied())
    }

    /// Calls `with` with the values as `layout` has them.
    fn with<R>(&self, scope: Scope<'_>, with: impl FnOnce(&[T]) -> Result<R>) -> Result<R> {
        let values = self.gather.values(scope)?;
        let Some((lengths, steps)) = &self.layout.copy else { return with(&values) };
        let mut copy = scope.context.scratch::<T>(self.layout.copied())?;
        if self.layout.copied() > 0 {
            copy_strided(&values, steps, lengths, copy.as_mut_slice());
        }
        drop(values);
        with(copy.as_slice())
    }
}

impl<T: Product> Node<T> for ContractNode<T> {
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
        let sums = layers.name("sum");
        for operand in [&self.left, &self.right] {
            // Each block is read for many of the result: it is made once.
            if operand.node.kind() == Kind::Streams {
                materialised(&operand.node, layers)?;
            }
        }
        let mut parts = 0;
        for block in 0..self.grid.blocks() {
            let region = self.grid.block(block);
            let mut before: Option<Key> = None;
            let groups = self.groups(&region);
            for (number, group) in groups.iter().enumerate() {
                let last = number + 1 == groups.len();
                let key = if last { built.key(block) } else { Key::indexed(sums.clone(), [parts]) };
                parts += u32::from(!last);
                self.add_task(layers, key.clone(), &region, group, before.take())?;
                before = Some(key);
            }
        }
        Ok(built)
    }
}

impl<T: Product> ContractNode<T> {
    /// The blocks along the shared axes, a few a task where they are small.
    fn groups(&self, region: &Region) -> Vec<Vec<Region>> {
        let mut groups: Vec<Vec<Region>> = Vec::new();
        let mut bytes = 0;
        for block in 0..self.shared.blocks() {
            let shared = self.shared.block(block);
            let elements = self.left.region(region, &shared).len() + self.right.region(region, &shared).len();
            let own = elements * size_of::<T>();
            match groups.last_mut() {
                Some(last) if bytes + own <= GROUP => {
                    last.push(shared);
                    bytes += own;
                }
                _ => {
                    groups.push(vec![shared]);
                    bytes = own;
                }
            }
        }
        groups
    }

    fn factor(
        operand: &Operand<T>,
        layers: &mut Layers,
        (region, shared): (&Region, &Region),
        own_first: bool,
        needs: &mut Vec<Key>,
    ) -> Result<Factor<T>> {
        let own = operand.region(region, shared);
        let layout = operand.layout(&own.shape, &region.shape, own_first);
        let gather = match operand.node.kind() {
            Kind::Streams => Gather::of_blocks(&*materialised(&operand.node, layers)?, &own, needs),
            Kind::Pulls | Kind::Blocks => Gather::compile(&operand.node, layers, &own, needs)?,
        };
        Ok(Factor { gather, layout })
    }

    /// Adds the task that adds products to what the task `before` gave.
    fn add_task(
        &self,
        layers: &mut Layers,
        key: Key,
        region: &Region,
        group: &[Region],
        before: Option<Key>,
    ) -> Result<()> {
        let mut needs: Vec<Key> = before.into_iter().collect();
        let continues = !needs.is_empty();
        let mut pairs = Vec::with_capacity(group.len());
        let mut workspace = 0;
        for shared in group {
            let left = Self::factor(&self.left, layers, (region, shared), true, &mut needs)?;
            let right = Self::factor(&self.right, layers, (region, shared), false, &mut needs)?;
            let ([m, k], [_, n]) = (left.layout.shape, right.layout.shape);
            let own = left.workspace() + right.workspace() + T::packing(m, k, n);
            workspace = own.max(workspace);
            pairs.push((left, right));
        }
        let batches = self.batches(&region.shape);
        let make = move |scope: Scope<'_>, out: &mut [T]| {
            if continues {
                out.copy_from_slice(scope.chunks[0].get::<Block<T>>()?.as_slice());
            }
            for (left, right) in &pairs {
                left.with(scope, |a| right.with(scope, |b| multiply(scope, &batches, (left, a), (right, b), out)))?;
            }
            Ok(())
        };
        let recipe = Recipe { workspace, make: Box::new(make) };
        add_block_task(layers, key, needs, region.shape.clone(), recipe);
        Ok(())
    }

    /// The lengths of a block of the result along its batch axes; 1 along others.
    fn batches(&self, shape: &[usize]) -> Vec<usize> {
        let mut lengths = vec![1; shape.len()];
        for role in self.left.roles.iter().chain(&self.right.roles) {
            if let Role::Batch(at) = *role {
                lengths[at] = shape[at];
            }
        }
        lengths
    }
}

/// Adds the products of two stacks of matrices to a stack in C order.
#[expect(clippy::many_single_char_names, reason = "matrices and their sizes are called so in every book")]
fn multiply<T: Product>(
    scope: Scope<'_>,
    batches: &[usize],
    (left, a): (&Factor<T>, &[T]),
    (right, b): (&Factor<T>, &[T]),
    out: &mut [T],
) -> Result<()> {
    let ([m, k], [_, n]) = (left.layout.shape, right.layout.shape);
    let strides = [left.layout.strides, right.layout.strides];
    if m == 0 || k == 0 || n == 0 {
        return Ok(());
    }
    // The kernel allocates for itself.
    let _packing = scope.context.allocator().reserve(T::packing(m, k, n))?;
    let stack = ChunkGrid::new(batches.iter().map(|&length| vec![1; length]).collect());
    for (number, out) in out.chunks_exact_mut(m * n).enumerate() {
        let at = stack.coordinates(number);
        let place = |strides: &[usize]| at.iter().zip(strides).map(|(at, stride)| at * stride).sum::<usize>();
        T::multiply(&a[place(&left.layout.batch)..], &b[place(&right.layout.batch)..], out, [m, k, n], strides)?;
    }
    Ok(())
}
