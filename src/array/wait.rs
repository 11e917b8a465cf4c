//! Arrays that are waited for, and that wait.

use std::sync::Arc;

use super::Array;
use super::blocks::{Built, block_key};
use super::grid::ChunkGrid;
use super::node::{Kind, Node, Shared, materialised};
use crate::chunk::{Block, Chunk, Element};
use crate::delayed::{Awaited, Barrier, HeldBack, Waiting, sealed};
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task, TaskContext};
use crate::session::Persist;

impl<T: Element> Awaited for Array<T> {
    fn awaited_keys(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        self.build_chunks(layers)
    }
}

impl<T: Element> sealed::Sealed for Array<T> {}

impl<T: Element> Waiting for Array<T> {
    fn waiting_for(self, barrier: &Barrier) -> Self {
        self.behind(barrier, When::Seen)
    }

    fn held_back(self, by: &mut HeldBack) -> Self {
        self.behind(by.barrier(), When::Made)
    }
}

impl<T: Element> Array<T> {
    fn behind(self, barrier: &Barrier, when: When) -> Self {
        if self.failure.is_some() {
            return self;
        }
        Self::of(WaitingNode { input: self.node.clone(), barrier: barrier.clone(), when })
    }
}

/// Before what the barrier has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Before anything is done for the array.
    Made,
    /// Before anybody sees it.
    Seen,
}

/// Blocks that are not there before a barrier is.
struct WaitingNode<T: Element> {
    input: Arc<Shared<T>>,
    barrier: Barrier,
    when: When,
}

impl<T: Element> Node<T> for WaitingNode<T> {
    fn label(&self) -> &'static str {
        "wait_on"
    }

    fn grid(&self) -> &ChunkGrid {
        self.input.grid()
    }

    fn kind(&self) -> Kind {
        Kind::Blocks
    }

    fn build(&self, layers: &mut Layers) -> Result<Built> {
        let barrier = self.barrier.build(layers)?;
        if self.when == When::Seen {
            let built = materialised(&self.input, layers)?;
            return Ok(copied::<T>(&built, &barrier, layers));
        }
        let (built, waits) = layers.after(&barrier, |layers| {
            let built = materialised(&self.input, layers)?;
            let waits = (0..built.grid.blocks()).all(|block| layers.holds_back(&built.key(block)));
            Ok((built, waits))
        })?;
        // What a session keeps is there already.
        if waits { Ok((*built).clone()) } else { Ok(copied::<T>(&built, &barrier, layers)) }
    }
}

/// Copies of blocks, made once a barrier is there.
fn copied<T: Element>(built: &Built, barrier: &Key, layers: &mut Layers) -> Built {
    let name = layers.name("wait_on");
    for number in 0..built.grid.blocks() {
        let shape = built.grid.block(number).shape;
        let bytes = Block::<T>::charge(shape.iter().product());
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let mut out = context.unwritten::<T>(&shape)?;
            out.as_mut_slice().copy_from_slice(chunks[0].get::<Block<T>>()?.as_slice());
            Ok(Chunk::new(out.freeze()))
        };
        let key = block_key(&name, &built.grid.coordinates(number));
        let task = Task::new(key, [built.key(number), barrier.clone()], Arc::new(run));
        layers.add(task.output(Size::Exact(bytes)).spillable());
    }
    Built::new(name, built.grid.clone())
}
