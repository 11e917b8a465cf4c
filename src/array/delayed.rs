//! Blocks as delayed values, and arrays made of delayed values.

use std::panic::Location;
use std::sync::Arc;

use ndarray::{ArrayViewD, Dimension};

use super::Array;
use super::blocks::{Built, block_key};
use super::chunks::Chunking;
use super::creation::grid;
use super::grid::ChunkGrid;
use super::node::{Kind, Node, materialised};
use crate::chunk::{Block, Chunk, CodeError, Element};
use crate::delayed::Delayed;
use crate::error::{Error, Result};
use crate::graph::{Layers, Size, Task, TaskContext};

/// A value that may be a block of an array: an array of `ndarray`, of any number of dimensions; a [`Block`].
pub trait BlockValues: Send + Sync + 'static {
    /// The type of its elements.
    type Item: Element;

    /// Its elements.
    fn elements(&self) -> ArrayViewD<'_, Self::Item>;
}

impl<T: Element, D: Dimension + 'static> BlockValues for ndarray::Array<T, D> {
    type Item = T;

    fn elements(&self) -> ArrayViewD<'_, T> {
        self.view().into_dyn()
    }
}

impl<T: Element> BlockValues for Block<T> {
    type Item = T;

    fn elements(&self) -> ArrayViewD<'_, T> {
        self.view()
    }
}

impl<T: Element> Array<T> {
    /// Its blocks as delayed values, in C order of their places: `x.chunks().blocks()` of them.
    ///
    /// An impossible array has one, whose computation fails as the array's does.
    ///
    /// ```
    /// use thermocline::chunk::Block;
    /// use thermocline::{Array, Session, delayed};
    ///
    /// fn largest(block: &Block<f64>) -> f64 { block.as_slice().iter().copied().fold(f64::MIN, f64::max) }
    ///
    /// let x = Array::<f64>::from_fn(&[4, 6], &[2, 3], |at| (at[0] * 6 + at[1]) as f64);
    /// let maxima: Vec<_> = x.to_delayed().iter().map(|block| delayed!(largest(block))).collect();
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&maxima)?, [8.0, 11.0, 20.0, 23.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn to_delayed(&self) -> Vec<Delayed<Block<T>>> {
        if let Some(error) = &self.failure {
            let error = error.clone();
            return vec![Delayed::of_tasks("block", move |_| Err(error.clone()))];
        }
        let block = |number| {
            let node = self.node.clone();
            Delayed::of_tasks("block", move |layers| Ok(materialised(&node, layers)?.key(number)))
        };
        (0..self.chunks().blocks()).map(block).collect()
    }

    /// An array of `shape` in `chunks` whose blocks are delayed values, in C order of their places. They are copied where
    /// they are needed; a value whose shape is not its block's ends the run with an error.
    ///
    /// Impossible where there are not as many values as blocks.
    ///
    /// ```
    /// use thermocline::ndarray::Array2;
    /// use thermocline::{Array, Session, delayed};
    ///
    /// fn read(day: i64) -> Array2<f32> { Array2::from_elem((10, 20), day as f32) } // of a format of your own
    ///
    /// let days: Vec<_> = (0..30).map(|day| delayed!(read(day)).size_hint(800)).collect();
    /// let x = Array::from_delayed(&[300, 20], [10, 20], &days);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&x.mean(..))?[[]], 14.5);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn from_delayed<V: BlockValues<Item = T>>(
        shape: &[usize],
        chunks: impl Chunking,
        values: &[Delayed<V>],
    ) -> Self {
        let location = Location::caller();
        let grid = match grid("from_delayed", shape, &chunks, size_of::<T>(), location) {
            Ok(grid) => grid,
            Err(error) => return Self::failed(error),
        };
        if grid.blocks() != values.len() {
            let problem = format!("{} values for {} blocks of shape {shape:?}", values.len(), grid.blocks());
            return Self::failed(Error::operation("from_delayed", location, problem));
        }
        Self::of(DelayedNode { values: values.to_vec(), grid })
    }
}

/// An array of delayed blocks.
struct DelayedNode<V> {
    values: Vec<Delayed<V>>,
    grid: ChunkGrid,
}

impl<V: BlockValues> Node<V::Item> for DelayedNode<V> {
    fn label(&self) -> &'static str {
        "from_delayed"
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        Kind::Blocks
    }

    fn build(&self, layers: &mut Layers) -> Result<Built> {
        let name = layers.name("from_delayed");
        for (number, value) in self.values.iter().enumerate() {
            let (needs, read) = value.build_parts(layers)?;
            let shape = self.grid.block(number).shape;
            let bytes = Block::<V::Item>::charge(shape.iter().product());
            let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
                copy_block(context, read(&chunks[0])?.elements(), &shape)
            };
            let key = block_key(&name, &self.grid.coordinates(number));
            layers.add(Task::new(key, needs, Arc::new(run)).output(Size::Exact(bytes)).spillable());
        }
        Ok(Built::new(name, self.grid.clone()))
    }
}

fn copy_block<T: Element>(
    context: &TaskContext<'_>,
    elements: ArrayViewD<'_, T>,
    shape: &[usize],
) -> Result<Chunk, CodeError> {
    if elements.shape() != shape {
        return Err(format!("the value has shape {:?}, its block has {shape:?}", elements.shape()).into());
    }
    let mut block = context.block::<T>(shape)?;
    block.view_mut().assign(&elements);
    Ok(Chunk::new(block.freeze()))
}
