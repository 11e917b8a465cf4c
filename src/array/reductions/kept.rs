//! Axes of length 1, put into an array: where a reduction keeps its axes.

use std::sync::Arc;

use super::super::grid::{ChunkGrid, Region};
use super::super::node::{Kernel, Kind, Node, Scope, Shared, compile};
use super::super::source::Visit;
use crate::chunk::Element;
use crate::error::Result;
use crate::graph::{Key, Layers};

/// The input with axes of length 1 where `added`.
pub(in super::super) struct KeptAxesNode<T: Element> {
    input: Arc<Shared<T>>,
    added: Vec<bool>,
    grid: ChunkGrid,
}

impl<T: Element> KeptAxesNode<T> {
    /// `input` with an axis of length 1 for each place of `added` that is true; the others are its own axes.
    pub(in super::super) fn new(input: Arc<Shared<T>>, added: Vec<bool>) -> Self {
        let mut own = 0..input.0.grid().ndim();
        let lengths = |&added: &bool| {
            let axis = if added { None } else { own.next() };
            axis.map_or_else(|| vec![1], |axis| input.0.grid().lengths(axis).to_vec())
        };
        let grid = ChunkGrid::new(added.iter().map(lengths).collect());
        Self { input, added, grid }
    }
}

struct KeptAxesKernel<T> {
    input: Box<dyn Kernel<T>>,
    added: Vec<bool>,
}

/// `region` without the axes that were added.
fn without(region: &Region, added: &[bool]) -> Region {
    let own =
        |values: &[usize]| values.iter().zip(added).filter(|(_, added)| !**added).map(|(&value, _)| value).collect();
    Region { start: own(&region.start), shape: own(&region.shape) }
}

/// `region` with the axes that are added.
fn with(region: &Region, added: &[bool]) -> Region {
    let mut own = region.start.iter().zip(&region.shape);
    let axis = |&added: &bool| if added { (0, 1) } else { own.next().map_or((0, 1), |(&start, &len)| (start, len)) };
    let (start, shape) = added.iter().map(axis).unzip::<usize, usize, Vec<_>, Vec<_>>();
    Region { start, shape }
}

impl<T: Element> Node<T> for KeptAxesNode<T> {
    fn label(&self) -> &str {
        self.input.0.label()
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        if self.input.0.kind() == Kind::Streams { Kind::Streams } else { Kind::Pulls }
    }

    fn compile(&self, layers: &mut Layers, region: &Region, needs: &mut Vec<Key>) -> Result<Box<dyn Kernel<T>>> {
        let input = compile(&self.input, layers, &without(region, &self.added), needs)?;
        Ok(Box::new(KeptAxesKernel { input, added: self.added.clone() }))
    }
}

impl<T: Element> Kernel<T> for KeptAxesKernel<T> {
    fn workspace(&self) -> u64 {
        self.input.workspace()
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        self.input.stream(scope, &mut |tile, values| visit(&with(tile, &self.added), values))
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        self.input.pull(scope, &without(tile, &self.added), out)
    }
}
