//! An array as a collection: what a session makes of it.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use parking_lot::RwLock;

use super::Array;
use super::blocks::block_key;
use super::compile::{Program, deep};
use super::grid::Region;
use super::kernel::Scope;
use super::leaf::KeptNode;
use super::node::{Kind, Shared, materialised};
use super::strided::{for_each_run, strides};
use super::tiles::copy_canonical;
use crate::chunk::{Block, Charge, Chunk, Element, Encoded, Pieces, Value};
use crate::error::{Error, Result};
use crate::graph::{Key, Layers, Size, Task, TaskContext};
use crate::session::{Collection, Kept, Persist};

/// The result in the making. It can't be spilled, as it is to be handed over; its charge leaves the ledger with it.
///
/// Tasks put their values into it at the same time: what is made of blocks block by block, as these are done; what kernels
/// evaluate, tile by tile, so that there is no block of it.
struct Destination<T> {
    /// Locked as a whole only to be handed over.
    values: RwLock<Pieces<T>>,
    shape: Vec<usize>,
    _charge: Charge,
}

impl<T: Element> Destination<T> {
    /// Puts the values of `tile` to their places, by `copy`.
    fn put(&self, tile: &Region, values: &[T], copy: impl Fn(&[T], &mut [T])) {
        let pieces = self.values.read();
        let to = strides(&self.shape);
        let offset: usize = tile.start.iter().zip(&to).map(|(start, stride)| start * stride).sum();
        for_each_run(&tile.shape, &strides(&tile.shape), &to, |from, to, len| {
            pieces.write(offset + to, &values[from..from + len], &copy);
        });
    }
}

impl<T: Element> Value for Destination<T> {
    fn unmetered_bytes(&self) -> u64 {
        // Charged as it was made.
        0
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        None
    }
}

impl<T: Element> Collection for Array<T> {
    type Output = ArrayD<T>;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        let shape = self.shape();
        let bytes = Block::<T>::charge(self.size());
        let result = Key::new(layers.name("result"));
        let make = move |context: &TaskContext<'_>, _: &[Chunk]| {
            let charge = context.allocator().reserve(bytes)?;
            let values = RwLock::new(Pieces::zeroed(shape.iter().product()));
            Ok(Chunk::new(Destination::<T> { values, shape: shape.clone(), _charge: charge }))
        };
        layers.add(Task::new(result.clone(), [], Arc::new(make)).output(Size::Exact(bytes)));
        // What another collection may want as blocks is made into blocks, once.
        let tasks = if self.node.kind() == Kind::Blocks || layers.are_of_several() {
            store_blocks(&self.node, layers, &result)?
        } else {
            deep(|| evaluate_into(&self.node, layers, &result))?
        };
        Ok([vec![result], tasks].concat())
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<ArrayD<T>> {
        let Some(result) = chunks.first() else { return Err(Error::Cancelled) };
        let destination = result.get::<Destination<T>>()?;
        let values = std::mem::replace(&mut *destination.values.write(), Pieces::zeroed(0)).into_vec();
        ArrayD::from_shape_vec(IxDyn(&destination.shape), values)
            .map_err(|_| Error::ChunkType { found: "a result that was taken", expected: "a result" })
    }
}

/// Adds tasks that store the blocks of `node` into the result.
fn store_blocks<T: Element>(node: &Arc<Shared<T>>, layers: &mut Layers, result: &Key) -> Result<Vec<Key>> {
    let built = materialised(node, layers)?;
    let store = layers.name("store");
    let mut keys = Vec::new();
    for block in 0..built.grid.blocks() {
        let region = built.grid.block(block);
        let run = move |_: &TaskContext<'_>, chunks: &[Chunk]| {
            let block = chunks[1].get::<Block<T>>()?;
            chunks[0]
                .get::<Destination<T>>()?
                .put(&region, block.as_slice(), |values, out| out.copy_from_slice(values));
            Ok(Chunk::new(()))
        };
        let key = block_key(&store, &built.grid.coordinates(block));
        let needs = [result.clone(), built.key(block)];
        layers.add(Task::new(key.clone(), needs, Arc::new(run)).output(Size::Exact(0)));
        keys.push(key);
    }
    Ok(keys)
}

/// Adds tasks that evaluate the blocks of `node` into the result.
fn evaluate_into<T: Element>(node: &Arc<Shared<T>>, layers: &mut Layers, result: &Key) -> Result<Vec<Key>> {
    let name = layers.name(node.label());
    let grid = node.grid().clone();
    let mut keys = Vec::new();
    for block in 0..grid.blocks() {
        let mut needs = vec![result.clone()];
        let program = Program::of_node(node, layers, &grid.block(block), &mut needs)?;
        let workspace = program.workspace();
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let destination = chunks[0].get::<Destination<T>>()?;
            program.stream(Scope::new(context, chunks), &mut |tile, values| {
                destination.put(tile, values, copy_canonical);
                Ok(())
            })?;
            Ok(Chunk::new(()))
        };
        let key = block_key(&name, &grid.coordinates(block));
        layers.add(Task::new(key.clone(), needs, Arc::new(run)).output(Size::Exact(0)).workspace(workspace));
        keys.push(key);
    }
    Ok(keys)
}

impl<T: Element> Persist for Array<T> {
    fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        let built = materialised(&self.node, layers)?;
        Ok((0..built.grid.blocks()).map(|block| built.key(block)).collect())
    }

    fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self> {
        let grid = self.chunks().clone();
        let chunks: Vec<Kept> = chunks.take(grid.blocks()).collect();
        if chunks.len() < grid.blocks() { Err(Error::Cancelled) } else { Ok(Self::of(KeptNode { chunks, grid })) }
    }
}
