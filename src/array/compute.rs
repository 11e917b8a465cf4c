//! An array as a collection: what a session makes of it.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use parking_lot::Mutex;

use super::Array;
use super::blocks::block_key;
use super::grid::Region;
use super::leaf::KeptNode;
use super::node::materialised;
use super::strided::copy_tile;
use crate::chunk::{Block, Charge, Chunk, Element, Encoded, Value};
use crate::error::{Error, Result};
use crate::graph::{Key, Layers, Size, Task, TaskContext};
use crate::session::{Collection, Kept, Persist};

/// The result in the making: blocks are stored into it as they are done. It can't be spilled, as it is to be handed over;
/// its charge leaves the ledger with it.
struct Destination<T> {
    values: Mutex<Vec<T>>,
    shape: Vec<usize>,
    _charge: Charge,
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
        let built = materialised(&self.node, layers)?;
        let shape = self.shape();
        let bytes = Block::<T>::charge(self.size());
        let result = Key::new(layers.name("result"));
        let make = move |context: &TaskContext<'_>, _: &[Chunk]| {
            let charge = context.allocator().reserve(bytes)?;
            let values = vec![T::default(); shape.iter().product()];
            Ok(Chunk::new(Destination { values: Mutex::new(values), shape: shape.clone(), _charge: charge }))
        };
        layers.add(Task::new(result.clone(), [], Arc::new(make)).output(Size::Exact(bytes)));
        let store = layers.name("store");
        let mut wanted = vec![result.clone()];
        for block in 0..built.grid.blocks() {
            let region = built.grid.block(block);
            let key = block_key(&store, &built.grid.coordinates(block));
            let run = move |_: &TaskContext<'_>, chunks: &[Chunk]| store_block::<T>(&region, chunks);
            let needs = [result.clone(), built.key(block)];
            layers.add(Task::new(key.clone(), needs, Arc::new(run)).output(Size::Exact(0)));
            wanted.push(key);
        }
        Ok(wanted)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<ArrayD<T>> {
        let Some(result) = chunks.first() else { return Err(Error::Cancelled) };
        let destination = result.get::<Destination<T>>()?;
        let values = std::mem::take(&mut *destination.values.lock());
        ArrayD::from_shape_vec(IxDyn(&destination.shape), values)
            .map_err(|_| Error::ChunkType { found: "a result that was taken", expected: "a result" })
    }
}

fn store_block<T: Element>(
    region: &Region,
    chunks: &[Chunk],
) -> Result<Chunk, Box<dyn std::error::Error + Send + Sync>> {
    let destination = chunks[0].get::<Destination<T>>()?;
    let block = chunks[1].get::<Block<T>>()?;
    copy_tile(region, block.as_slice(), &destination.shape, &mut destination.values.lock());
    Ok(Chunk::new(()))
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
