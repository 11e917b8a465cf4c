//! The source of the tests: numbers by their index, as a reader of files would hand them out.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{ArrayD, IxDyn};
use thermocline::array::{ChunkGrid, Region, Source};
use thermocline::chunk::Element;
use thermocline::graph::TaskContext;
use thermocline::{Error, ndarray};

type Value<T> = Arc<dyn Fn(&[usize]) -> T + Send + Sync>;

/// Values that are a function of their index, in tiles cut along the first axis: two a region at least.
pub(crate) struct Numbers<T> {
    shape: Vec<usize>,
    grid: ChunkGrid,
    unit: Vec<usize>,
    tile: usize,
    value: Value<T>,
    read: Arc<AtomicUsize>,
}

impl<T: Element> Numbers<T> {
    pub(crate) fn new(grid: ChunkGrid, value: impl Fn(&[usize]) -> T + Send + Sync + 'static) -> Self {
        let shape: Vec<usize> = (0..grid.ndim()).map(|axis| grid.lengths(axis).iter().sum()).collect();
        Self { unit: vec![1; shape.len()], shape, grid, tile: 1 << 12, value: Arc::new(value), read: Arc::default() }
    }

    /// The values of an array in memory.
    pub(crate) fn of(values: &ArrayD<T>, grid: &ChunkGrid) -> Self {
        let values = values.clone();
        Self::new(grid.clone(), move |at| values[IxDyn(at)])
    }

    /// Has boxes read whole.
    pub(crate) fn unit(mut self, unit: &[usize]) -> Self {
        self.unit = unit.to_vec();
        self
    }

    /// Has tiles of up to so many elements, be they more than the contract allows.
    pub(crate) fn tile(mut self, most: usize) -> Self {
        self.tile = most;
        self
    }

    /// The elements read up to now, with all of the boxes that they are in.
    pub(crate) fn read(&self) -> Arc<AtomicUsize> {
        self.read.clone()
    }

    fn count(&self, region: &Region) {
        let along = |axis: usize| {
            let (unit, end) = (self.unit[axis], region.start[axis] + region.shape[axis]);
            (end.div_ceil(unit) * unit).min(self.shape[axis]) - region.start[axis] / unit * unit
        };
        self.read.fetch_add((0..self.shape.len()).map(along).product(), Ordering::SeqCst);
    }
}

impl<T> fmt::Debug for Numbers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Numbers({:?} in {:?})", self.shape, self.grid)
    }
}

impl<T: Element> Source for Numbers<T> {
    type Item = T;

    fn name(&self) -> &'static str {
        "numbers"
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn grid(&self) -> ChunkGrid {
        self.grid.clone()
    }

    fn unit(&self) -> Vec<usize> {
        self.unit.clone()
    }

    fn workspace(&self, _: &Region) -> u64 {
        0
    }

    fn reads(&self, region: &Region) -> u64 {
        (region.len() * size_of::<T>()) as u64
    }

    fn fold_tiles(
        &self,
        _: &TaskContext<'_>,
        region: &Region,
        visit: &mut dyn FnMut(&Region, &[T]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.count(region);
        let length = region.shape.first().copied().unwrap_or(1);
        let row: usize = region.shape.iter().skip(1).product();
        let rows = (self.tile / row.max(1)).min(length.div_ceil(2)).max(1);
        for start in (0..length).step_by(rows) {
            let mut tile = region.clone();
            if let Some(first) = tile.shape.first_mut() {
                *first = rows.min(length - start);
                tile.start[0] += start;
            }
            let place = |at: Vec<usize>| at.iter().zip(&tile.start).map(|(at, start)| at + start).collect::<Vec<_>>();
            let values: Vec<T> = indices(&tile.shape).map(|at| (self.value)(&place(at))).collect();
            visit(&tile, &values)?;
        }
        Ok(())
    }
}

/// All indices of an array of `shape`, in C order.
pub(crate) fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let ones = ChunkGrid::new(shape.iter().map(|&length| vec![1; length]).collect());
    let count = if shape.contains(&0) { 0 } else { ones.blocks() };
    (0..count).map(move |flat| ones.coordinates(flat))
}
