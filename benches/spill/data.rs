//! Values to be spilled, and a task in whose way they are.

use std::fmt;
use std::sync::Arc;

use thermocline::array::{ChunkGrid, Region, Source, TILE};
use thermocline::chunk::{Chunk, Element};
use thermocline::graph::{Graph, Key, Size, Task, TaskContext};
use thermocline::{Result, Session};

/// `SplitMix64` (Steele, Lea and Flood 2014) of a number.
pub(crate) fn scrambled(at: usize) -> u64 {
    let mut z = (at as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Uniform in 0..1, as bits of an f32.
pub(crate) fn random(elements: usize) -> Vec<f32> {
    (0..elements).map(|at| (scrambled(at) >> 40) as f32 / (1 << 24) as f32).collect()
}

/// As sea temperatures are stored: steps of 0.01, warm in the middle and cold at both ends of a row, small eddies.
pub(crate) fn ocean(elements: usize) -> Vec<f32> {
    const ROW: usize = 1440;
    let value = |at: usize| {
        let (row, column) = ((at / ROW) as f32, (at % ROW) as f32);
        let warm = 27.0 * (row / 720.0 * std::f32::consts::PI).sin().abs();
        let eddies = 1.5 * (column / 17.0).sin() * (row / 11.0).cos();
        let weather = (scrambled(at) >> 59) as f32 * 0.01;
        ((warm + eddies + weather) * 100.0).round() * 0.01
    };
    (0..elements).map(value).collect()
}

/// An array each of whose chunks is a copy of the same values: made as fast as they can be copied.
pub(crate) struct Copies<T> {
    values: Arc<[T]>,
    shape: [usize; 1],
}

impl<T: Element> Copies<T> {
    pub(crate) fn new(values: Vec<T>, chunks: usize) -> Self {
        Self { shape: [values.len() * chunks], values: values.into() }
    }
}

impl<T> fmt::Debug for Copies<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Copies({:?})", self.shape)
    }
}

impl<T: Element> Source for Copies<T> {
    type Item = T;

    fn name(&self) -> &'static str {
        "copies"
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn grid(&self) -> ChunkGrid {
        ChunkGrid::regular(&self.shape, &[self.values.len()])
    }

    fn workspace(&self, _: &Region) -> u64 {
        0
    }

    fn fold_tiles(
        &self,
        _: &TaskContext<'_>,
        region: &Region,
        visit: &mut dyn FnMut(&Region, &[T]) -> Result<()>,
    ) -> Result<()> {
        let end = region.start[0] + region.shape[0];
        let mut at = region.start[0];
        while at < end {
            let within = at % self.values.len();
            let length = TILE.min(end - at).min(self.values.len() - within);
            visit(&Region::new([at], [length]), &self.values[within..within + length])?;
            at += length;
        }
        Ok(())
    }
}

/// A matrix of f64, uniform in 0..1, in chunks of whole columns: each a function of its place.
#[derive(Debug)]
pub(crate) struct Columns {
    shape: [usize; 2],
    wide: usize,
}

impl Columns {
    pub(crate) fn new(side: usize, wide: usize) -> Self {
        Self { shape: [side; 2], wide }
    }
}

impl Source for Columns {
    type Item = f64;

    fn name(&self) -> &'static str {
        "columns"
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn grid(&self) -> ChunkGrid {
        ChunkGrid::regular(&self.shape, &[self.shape[0], self.wide])
    }

    fn workspace(&self, _: &Region) -> u64 {
        (TILE * 8) as u64
    }

    fn fold_tiles(
        &self,
        context: &TaskContext<'_>,
        region: &Region,
        visit: &mut dyn FnMut(&Region, &[f64]) -> Result<()>,
    ) -> Result<()> {
        let mut tile = context.block::<f64>(&[TILE])?;
        for row in region.start[0]..region.start[0] + region.shape[0] {
            for column in (0..region.shape[1]).step_by(TILE) {
                let (from, length) = (region.start[1] + column, TILE.min(region.shape[1] - column));
                let values = &mut tile.as_mut_slice()[..length];
                for (at, out) in values.iter_mut().enumerate() {
                    *out = (scrambled(row * self.shape[1] + from + at) >> 11) as f64 / (1_u64 << 53) as f64;
                }
                visit(&Region::new([row, from], [1, length]), values)?;
            }
        }
        Ok(())
    }
}

/// Runs a task that needs `bytes` of memory and does nothing: what is in its way is written to scratch, while all workers
/// are idle.
pub(crate) fn make_way(session: &Session, bytes: u64) {
    let run: thermocline::graph::TaskFn = Arc::new(|_: &TaskContext<'_>, _: &[Chunk]| Ok(Chunk::new(())));
    let task = Task::new(Key::new("large"), Vec::new(), run).output(Size::Exact(0)).workspace(bytes);
    let graph = Graph::new([task]).unwrap();
    drop(session.run(&graph, &[Key::new("large")]).unwrap());
}
