//! A variable of several files, as one source.
//!
//! Blocks may span files: a series of daily files is read in blocks of many days, as a file of a year is. Where blocks
//! end depends on shapes, chunks and the block size asked for, on nothing else (**D1**).

use std::fmt;

use super::dataset::described;
use crate::array::{ChunkGrid, Packed, Region, Source};
use crate::error::{Error, Result};
use crate::graph::TaskContext;
use crate::io::hdf5::{Bits, Real, Variable, with_bits};

/// Variables with the same axes, one after the other along the first.
pub(super) struct Joined<T> {
    parts: Vec<Variable<T>>,
    /// Where each part starts, and the end.
    starts: Vec<usize>,
    shape: Vec<usize>,
    grid: ChunkGrid,
    /// The largest unit of all parts: asked for often, of thousands of files.
    unit: Vec<usize>,
}

impl<T: Real> Joined<T> {
    /// Joins `parts`, at least one, in blocks of about `block` bytes.
    pub(super) fn new(parts: Vec<Variable<T>>, block: u64) -> Result<Self> {
        let first = &parts[0];
        parts.iter().try_for_each(|next| check(first, next))?;
        let mut starts = vec![0];
        for part in &parts {
            starts.push(starts[starts.len() - 1] + part.shape()[0]);
        }
        let mut shape = first.shape().to_vec();
        shape[0] = starts[parts.len()];
        let row: usize = shape[1..].iter().product();
        let rows = (block / (row.max(1) * size_of::<T>()) as u64) as usize;
        let mut axes: Vec<Vec<usize>> = (0..shape.len()).map(|axis| first.grid().lengths(axis).to_vec()).collect();
        axes[0] = lengths(parts.iter().flat_map(|part| part.grid().lengths(0).to_vec()), rows);
        let grid = ChunkGrid::new(axes);
        let largest = |a: Vec<usize>, b: Vec<usize>| a.into_iter().zip(b).map(|(a, b)| a.max(b)).collect();
        let unit = parts.iter().map(Source::unit).reduce(largest).unwrap_or_default();
        Ok(Self { parts, starts, shape, grid, unit })
    }

    /// The stored numbers of all parts.
    fn as_stored<S: Bits>(&self) -> Joined<S> {
        let Self { parts, starts, shape, grid, unit } = self;
        let parts = parts.iter().map(Variable::as_stored).collect();
        Joined { parts, starts: starts.clone(), shape: shape.clone(), grid: grid.clone(), unit: unit.clone() }
    }

    /// What `region` has of each part: where the part starts, and the region in the part's coordinates.
    fn pieces<'a>(&'a self, region: &'a Region) -> impl Iterator<Item = (usize, &'a Variable<T>, Region)> {
        let (start, end) = (region.start[0], region.start[0] + region.shape[0]);
        let first = self.starts.partition_point(|&at| at <= start).saturating_sub(1);
        let parts = self.parts.iter().zip(self.starts.windows(2)).skip(first);
        parts.take_while(move |(_, ends)| ends[0] < end).filter_map(move |(part, ends)| {
            let (from, to) = (start.max(ends[0]), end.min(ends[1]));
            let mut own = region.clone();
            (own.start[0], own.shape[0]) = (from - ends[0], to.saturating_sub(from));
            (to > from).then_some((ends[0], part, own))
        })
    }
}

/// Chunk lengths along the first axis: neighbours together, as long as they have at most `rows` rows.
fn lengths(parts: impl Iterator<Item = usize>, rows: usize) -> Vec<usize> {
    let mut lengths: Vec<usize> = Vec::new();
    for next in parts.filter(|&length| length > 0) {
        match lengths.last_mut() {
            Some(last) if *last + next <= rows => *last += next,
            _ => lengths.push(next),
        }
    }
    lengths
}

impl<T: Real> Source for Joined<T> {
    type Item = T;

    fn name(&self) -> &str {
        self.parts[0].name()
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

    fn packed(&self) -> Option<Packed<T>> {
        let first = &self.parts[0];
        // A file may have a scale of its own.
        if !self.parts.iter().all(|part| part.packs_as(first)) {
            return None;
        }
        let (stored, value) = (first.stored_size(), size_of::<T>());
        with_bits!(stored, value, S => Packed::new(self.as_stored::<S>(), first.packing::<S>()))
    }

    fn workspace(&self, region: &Region) -> u64 {
        self.pieces(region).map(|(_, part, own)| part.workspace(&own)).max().unwrap_or(0)
    }

    fn reads(&self, region: &Region) -> u64 {
        self.pieces(region).map(|(_, part, own)| part.reads(&own)).sum()
    }

    fn fold_tiles(
        &self,
        context: &TaskContext<'_>,
        region: &Region,
        visit: &mut dyn FnMut(&Region, &[T]) -> Result<()>,
    ) -> Result<()> {
        let mut moved = region.clone();
        for (start, part, own) in self.pieces(region) {
            part.fold_tiles(context, &own, &mut |tile, values| {
                moved.start.copy_from_slice(&tile.start);
                moved.shape.copy_from_slice(&tile.shape);
                moved.start[0] += start;
                visit(&moved, values)
            })?;
        }
        Ok(())
    }
}

impl<T: Real> fmt::Debug for Joined<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} files, {:?}", self.name(), self.parts.len(), self.shape)
    }
}

/// Whether `next` can follow `first` along the first axis.
fn check<T: Real>(first: &Variable<T>, next: &Variable<T>) -> Result<()> {
    let name = first.name();
    if next.shape().is_empty() {
        return Err(Error::file(next.path(), format!("variable {name} is a single number: there is no axis to join")));
    }
    let count = first.shape().len();
    let same = next.shape().len() == count
        && next.shape()[1..] == first.shape()[1..]
        && next.dimensions() == first.dimensions();
    if same {
        return Ok(());
    }
    let advice = if next.shape().len() == count {
        "only the first axis may differ in length"
    } else {
        "files of one kind only can be joined: open each kind alone"
    };
    let first_axes = described(first.dimensions(), first.shape());
    Err(Error::file(
        next.path(),
        format!(
            "variable {name} is {}, but in {} it is {first_axes}: {advice}",
            described(next.dimensions(), next.shape()),
            first.path().display(),
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_neighbours_share_a_block() {
        assert_eq!(lengths([1; 10].into_iter(), 4), [4, 4, 2]);
        assert_eq!(lengths([24, 24, 7, 24, 0, 24, 3].into_iter(), 24), [24, 24, 7, 24, 24, 3]);
        assert_eq!(lengths([5, 5].into_iter(), 0), [5, 5]);
        assert_eq!(lengths([].into_iter(), 4), [0; 0]);
    }
}
