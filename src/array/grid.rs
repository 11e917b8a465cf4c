//! How an array is cut into chunks, and boxes within it.

use std::fmt;
use std::sync::Arc;

/// A box of an array: where it starts and how long it is along each axis, in elements.
///
/// ```
/// use thermocline::array::Region;
///
/// let tropics = Region::new([0, 20], [12, 20]);
/// assert_eq!((tropics.len(), tropics.is_empty()), (240, false));
/// assert!(Region::whole(&[12, 60]).contains(&tropics));
///
/// let block = Region::new([6, 30], [6, 30]);
/// let both = tropics.intersect(&block).unwrap();
/// assert_eq!(both, Region::new([6, 30], [6, 10]));
/// assert_eq!(both.relative_to(&block.start), Region::new([0, 0], [6, 10])); // where it is in the block
/// assert!(tropics.intersect(&Region::new([0, 40], [12, 20])).is_none()); // they touch
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// The first index along each axis.
    pub start: Vec<usize>,
    /// The length along each axis.
    pub shape: Vec<usize>,
}

impl Region {
    /// The box of `shape` at `start`.
    #[must_use]
    pub fn new(start: impl Into<Vec<usize>>, shape: impl Into<Vec<usize>>) -> Self {
        Self { start: start.into(), shape: shape.into() }
    }

    /// The whole of an array of `shape`.
    #[must_use]
    pub fn whole(shape: &[usize]) -> Self {
        Self { start: vec![0; shape.len()], shape: shape.to_vec() }
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// The elements in both, if there are any.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let mut both =
            Self { start: Vec::with_capacity(self.start.len()), shape: Vec::with_capacity(self.start.len()) };
        for axis in 0..self.start.len() {
            let start = self.start[axis].max(other.start[axis]);
            let end = (self.start[axis] + self.shape[axis]).min(other.start[axis] + other.shape[axis]);
            if start >= end {
                return None;
            }
            both.start.push(start);
            both.shape.push(end - start);
        }
        Some(both)
    }

    /// Whether all of `other` lies in it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.start.len() == other.start.len()
            && (0..self.start.len()).all(|axis| {
                other.start[axis] >= self.start[axis]
                    && other.start[axis] + other.shape[axis] <= self.start[axis] + self.shape[axis]
            })
    }

    /// The same box, its start counted from `origin`.
    ///
    /// # Panics
    /// In debug builds, where it starts before `origin`.
    #[must_use]
    pub fn relative_to(&self, origin: &[usize]) -> Self {
        let start: Vec<usize> = self.start.iter().zip(origin).map(|(start, origin)| start - origin).collect();
        Self { start, shape: self.shape.clone() }
    }
}

/// The lengths of an array's chunks along each axis.
///
/// ```
/// use thermocline::array::ChunkGrid;
///
/// let grid = ChunkGrid::regular(&[10, 4], &[4, 4]);
/// assert_eq!(grid.lengths(0), [4, 4, 2]);
/// assert_eq!(grid.blocks(), 3);
/// assert_eq!(grid.block(2).start, [8, 0]);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ChunkGrid {
    axes: Vec<Arc<[usize]>>,
    // Where each chunk starts, and the end: derived from `axes`.
    starts: Vec<Arc<[usize]>>,
}

impl ChunkGrid {
    /// A grid of the given chunk lengths along each axis. An axis of length 0 has one chunk of length 0.
    ///
    /// ```
    /// use thermocline::array::{ChunkGrid, Region};
    ///
    /// let grid = ChunkGrid::new(vec![vec![3, 1, 2], vec![4, 4]]);
    /// assert_eq!((grid.ndim(), grid.shape(), grid.counts(), grid.blocks()), (2, vec![6, 8], vec![3, 2], 6));
    /// assert_eq!((grid.coordinates(3), grid.number(&[1, 1])), (vec![1, 1], 3)); // in C order
    /// assert_eq!(grid.region(&[1, 1]), Region::new([3, 4], [1, 4]));
    /// assert_eq!(grid.block(3), grid.region(&[1, 1]));
    /// assert_eq!(grid.largest_block(), 12);
    /// assert_eq!(ChunkGrid::single(&[6, 8]).blocks(), 1);
    /// ```
    #[must_use]
    pub fn new(axes: Vec<Vec<usize>>) -> Self {
        let axes: Vec<Arc<[usize]>> =
            axes.into_iter().map(|lengths| if lengths.is_empty() { Arc::from([0]) } else { lengths.into() }).collect();
        let starts = axes.iter().map(|lengths| starts_of(lengths)).collect();
        Self { axes, starts }
    }

    /// Chunks of `chunk` along each axis, the last ones as short as they must be.
    ///
    /// # Panics
    /// Where `chunk` has another number of axes than `shape`.
    #[must_use]
    pub fn regular(shape: &[usize], chunk: &[usize]) -> Self {
        assert_eq!(shape.len(), chunk.len(), "a chunk length for each axis");
        let axis = |(&length, &chunk): (&usize, &usize)| {
            let chunk = chunk.clamp(1, length.max(1));
            (0..length).step_by(chunk).map(|start| chunk.min(length - start)).collect()
        };
        Self::new(shape.iter().zip(chunk).map(axis).collect())
    }

    /// One chunk that is the whole array.
    #[must_use]
    pub fn single(shape: &[usize]) -> Self {
        Self::new(shape.iter().map(|&length| vec![length]).collect())
    }

    /// The number of axes.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.axes.len()
    }

    /// The array's shape.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|lengths| lengths.iter().sum()).collect()
    }

    /// The chunk lengths along `axis`.
    ///
    /// # Panics
    /// Where there is no such axis.
    #[must_use]
    pub fn lengths(&self, axis: usize) -> &[usize] {
        &self.axes[axis]
    }

    /// The number of chunks along each axis.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        self.axes.iter().map(|lengths| lengths.len()).collect()
    }

    /// The number of blocks.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.axes.iter().map(|lengths| lengths.len()).product()
    }

    /// The coordinates of block number `block`, counted in C order.
    #[must_use]
    pub fn coordinates(&self, block: usize) -> Vec<usize> {
        let mut rest = block;
        let mut coordinates = vec![0; self.ndim()];
        for axis in (0..self.ndim()).rev() {
            let count = self.axes[axis].len();
            coordinates[axis] = rest % count;
            rest /= count;
        }
        coordinates
    }

    /// The number of the block at `coordinates`.
    #[must_use]
    pub fn number(&self, coordinates: &[usize]) -> usize {
        coordinates.iter().zip(&self.axes).fold(0, |number, (&at, lengths)| number * lengths.len() + at)
    }

    /// The box of the block at `coordinates`.
    #[must_use]
    pub fn region(&self, coordinates: &[usize]) -> Region {
        Region {
            start: coordinates.iter().zip(&self.starts).map(|(&at, starts)| starts[at]).collect(),
            shape: coordinates.iter().zip(&self.axes).map(|(&at, lengths)| lengths[at]).collect(),
        }
    }

    /// The box of block number `block`.
    #[must_use]
    pub fn block(&self, block: usize) -> Region {
        self.region(&self.coordinates(block))
    }

    /// The chunk along `axis` that holds index `at`.
    pub(crate) fn chunk_at(&self, axis: usize, at: usize) -> usize {
        self.starts[axis].partition_point(|&start| start <= at).saturating_sub(1).min(self.axes[axis].len() - 1)
    }

    /// The longest chunk along each axis.
    pub(crate) fn longest(&self) -> Vec<usize> {
        self.axes.iter().map(|lengths| lengths.iter().copied().max().unwrap_or(0)).collect()
    }

    /// The elements of the largest block.
    #[must_use]
    pub fn largest_block(&self) -> usize {
        self.longest().iter().product()
    }
}

fn starts_of(lengths: &[usize]) -> Arc<[usize]> {
    let mut at = 0;
    std::iter::once(0)
        .chain(lengths.iter().map(|length| {
            at += length;
            at
        }))
        .collect()
}

impl fmt::Debug for ChunkGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.axes).finish()
    }
}

/// `(24, 720, 1440)`, or with `(24 x 15, 5)` along an axis of unequal chunks.
impl fmt::Display for ChunkGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axis = |lengths: &Arc<[usize]>| {
            let (first, last) = (lengths[0], lengths[lengths.len() - 1]);
            let regular = lengths[..lengths.len() - 1].iter().all(|&length| length == first);
            if lengths.len() == 1 || (regular && last == first) {
                first.to_string()
            } else if regular && last < first {
                format!("{first}..{last}")
            } else {
                format!("{}..{} varying", lengths.iter().min().unwrap_or(&0), lengths.iter().max().unwrap_or(&0))
            }
        };
        write!(f, "({})", self.axes.iter().map(axis).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_the_array_once() {
        let grid = ChunkGrid::new(vec![vec![3, 1, 2], vec![4], vec![1, 1]]);
        let mut seen = [0; 6 * 4 * 2];
        for block in 0..grid.blocks() {
            let region = grid.block(block);
            assert_eq!(grid.number(&grid.coordinates(block)), block);
            for i in 0..region.shape[0] {
                for j in 0..region.shape[1] {
                    for k in 0..region.shape[2] {
                        seen[((region.start[0] + i) * 4 + region.start[1] + j) * 2 + region.start[2] + k] += 1;
                    }
                }
            }
        }
        assert!(seen.iter().all(|&times| times == 1));
        assert_eq!((0..6).map(|at| grid.chunk_at(0, at)).collect::<Vec<_>>(), [0, 0, 0, 1, 2, 2]);
    }

    #[test]
    fn an_empty_axis_has_one_empty_chunk() {
        let grid = ChunkGrid::regular(&[0, 3], &[2, 2]);
        assert_eq!((grid.blocks(), grid.shape()), (2, vec![0, 3]));
        assert!(grid.block(0).is_empty());
    }

    #[test]
    fn boxes_intersect() {
        let a = Region::new([0, 2], [5, 5]);
        assert_eq!(a.intersect(&Region::new([3, 0], [9, 3])), Some(Region::new([3, 2], [2, 1])));
        assert_eq!(a.intersect(&Region::new([5, 2], [1, 1])), None);
    }
}
