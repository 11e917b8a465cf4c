//! Random numbers as a source: each a function of its place and nothing else.

use thermocline::Result;
use thermocline::array::{ChunkGrid, Region, Source, TILE};
use thermocline::chunk::charge;
use thermocline::graph::TaskContext;

/// Bytes of a chunk.
const CHUNK: usize = 32 << 20;

/// Uniform in 0..1.
#[derive(Debug)]
pub(crate) struct Random {
    shape: [usize; 1],
}

impl Random {
    /// So many bytes of f64.
    pub(crate) fn new(bytes: u64) -> Self {
        Self { shape: [(bytes / 8).max(1) as usize] }
    }

    pub(crate) fn at(index: usize) -> f64 {
        // SplitMix64 (Steele, Lea and Flood 2014) of the index.
        let mut z = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The sum of all, to check against.
    pub(crate) fn sum(&self) -> f64 {
        (0..self.shape[0]).map(Self::at).sum()
    }
}

impl Source for Random {
    type Item = f64;

    fn name(&self) -> &'static str {
        "random"
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn grid(&self) -> ChunkGrid {
        ChunkGrid::regular(&self.shape, &[CHUNK / 8])
    }

    fn workspace(&self, _: &Region) -> u64 {
        charge((TILE * 8) as u64)
    }

    fn fold_tiles(
        &self,
        context: &TaskContext<'_>,
        region: &Region,
        visit: &mut dyn FnMut(&Region, &[f64]) -> Result<()>,
    ) -> Result<()> {
        let mut values = context.block::<f64>(&[TILE])?;
        let end = region.start[0] + region.shape[0];
        for start in (region.start[0]..end).step_by(TILE) {
            let len = TILE.min(end - start);
            let values = &mut values.as_mut_slice()[..len];
            values.iter_mut().enumerate().for_each(|(at, value)| *value = Self::at(start + at));
            visit(&Region::new([start], [len]), values)?;
        }
        Ok(())
    }
}
