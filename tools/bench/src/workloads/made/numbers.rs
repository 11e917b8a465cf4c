//! Made-up numbers as a source: each a function of its place and nothing else, so that what is computed of them can be
//! checked by plain loops.

use clap::ValueEnum;
use thermocline::Result;
use thermocline::array::{ChunkGrid, Region, Source, TILE};
use thermocline::chunk::charge;
use thermocline::graph::TaskContext;

/// What made-up numbers look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Data {
    /// Uniform in 0..1: no compression makes them smaller
    #[default]
    Random,
    /// The same, in runs of 3, 3 and 4 equal ones: LZ4 takes them to about 42 %
    Compressible,
}

/// An f64 array of one or two axes, uniform in 0..1. The chunks are made whole, as those of files are read: who wants
/// other chunks has to move values.
#[derive(Debug)]
pub(crate) struct Numbers {
    shape: Vec<usize>,
    chunk: Vec<usize>,
    data: Data,
    /// Other seeds give other numbers.
    seed: u64,
}

impl Numbers {
    pub(crate) fn new(shape: &[usize], chunk: &[usize], data: Data, seed: u64) -> Self {
        Self { shape: shape.to_vec(), chunk: chunk.to_vec(), data, seed }
    }

    /// As a matrix: numbers along one axis are a row.
    pub(crate) fn rows(&self) -> usize {
        self.shape.iter().rev().nth(1).copied().unwrap_or(1)
    }

    pub(crate) fn columns(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// The numbers of a row from a column on.
    pub(crate) fn fill(&self, row: usize, column: usize, out: &mut [f64]) {
        let first = row * self.columns() + column;
        match self.data {
            Data::Random => out.iter_mut().enumerate().for_each(|(at, out)| *out = self.draw(first + at)),
            Data::Compressible => out.iter_mut().enumerate().for_each(|(at, out)| *out = self.draw(run(first + at))),
        }
    }

    /// A whole row.
    pub(crate) fn row(&self, row: usize) -> Vec<f64> {
        let mut values = vec![0.0; self.columns()];
        self.fill(row, 0, &mut values);
        values
    }

    fn draw(&self, index: usize) -> f64 {
        // SplitMix64 (Steele, Lea and Flood 2014) of the index.
        let index = (index as u64).wrapping_add(self.seed << 48);
        let mut z = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The number of the run that an index is in: runs are 3, 3 and 4 long, again and again.
fn run(index: usize) -> usize {
    const RUN: [usize; 10] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2];
    index / 10 * 3 + RUN[index % 10]
}

/// A box as rows and columns: where it starts, and how many there are.
fn as_matrix(region: &Region) -> [(usize, usize); 2] {
    let axis = |axis: usize| (region.start[axis], region.shape[axis]);
    if region.shape.len() == 1 { [(0, 1), axis(0)] } else { [axis(0), axis(1)] }
}

impl Source for Numbers {
    type Item = f64;

    fn name(&self) -> &'static str {
        "numbers"
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn grid(&self) -> ChunkGrid {
        ChunkGrid::regular(&self.shape, &self.chunk)
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
        if region.is_empty() {
            return Ok(());
        }
        let mut values = context.block::<f64>(&[TILE])?;
        let [(top, rows), (left, columns)] = as_matrix(region);
        let wide = columns.min(TILE);
        let high = (TILE / wide).min(rows);
        for row in (0..rows).step_by(high) {
            for column in (0..columns).step_by(wide) {
                let (high, wide) = (high.min(rows - row), wide.min(columns - column));
                let values = &mut values.as_mut_slice()[..high * wide];
                for (at, out) in values.chunks_exact_mut(wide).enumerate() {
                    self.fill(top + row + at, left + column, out);
                }
                let axes = 2 - region.shape.len();
                let start = [top + row, left + column];
                visit(&Region::new(&start[axes..], &[high, wide][axes..]), values)?;
            }
        }
        Ok(())
    }

    fn read_block(&self, _: &TaskContext<'_>, region: &Region, out: &mut [f64]) -> Result<()> {
        let [(top, _), (left, columns)] = as_matrix(region);
        for (row, out) in out.chunks_exact_mut(columns.max(1)).enumerate() {
            self.fill(top + row, left, out);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_3_3_and_4_long() {
        let numbers = Numbers::new(&[3, 7], &[3, 7], Data::Compressible, 1);
        let all: Vec<f64> = (0..3).flat_map(|row| numbers.row(row)).collect();
        let runs: Vec<usize> = all.chunk_by(|a, b| a == b).map(<[f64]>::len).collect();
        assert_eq!(runs, [3, 3, 4, 3, 3, 4, 1]);
        let mut part = [0.0; 2];
        numbers.fill(1, 3, &mut part);
        assert_eq!(part, all[10..12]);
    }

    #[test]
    fn seeds_are_far_apart() {
        let row = |seed| Numbers::new(&[1 << 16], &[1 << 16], Data::Random, seed).row(0);
        let (first, second) = (row(0), row(1));
        let covariance: f64 = first.iter().zip(&second).map(|(a, b)| (a - 0.5) * (b - 0.5)).sum();
        // Six standard errors of a sum of products of uniform numbers.
        assert!(covariance.abs() < 6.0 / 12.0 * f64::from(1 << 16).sqrt(), "{covariance}");
    }
}
