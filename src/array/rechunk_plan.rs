//! By which grids an array is rechunked.
//!
//! Where an old block meets many new ones and a new one many old ones, each pair exchanges a piece. With pieces of a few
//! bytes the pieces cost more than the data: columns of a matrix to its rows is an element a piece. So the exchange takes
//! place between larger blocks: old blocks are united first, as far as pieces need it, and new ones are cut at the end
//! out of larger ones. Three passes over the data where one is not enough; the first and the last are local: they read
//! neighbours and need no more memory than one such block.
//!
//! The grids depend on shapes, chunks and the size of an element alone (**D1**). The idea of intermediate grids is
//! Dask's (`dask.array.rechunk`); bounding the size of pieces, where Dask bounds the number of tasks, keeps it to one
//! exchange at any size.

use super::grid::ChunkGrid;

/// Pieces of about so many bytes are worth their while: writing and reading one costs as much as its bytes.
const PIECE: usize = 256 << 10;

/// So many pieces a block are never too many.
const FEW: usize = 4;

/// The grids to go by from `old` to `new`, `new` the last. Elements have `item` bytes.
pub(super) fn stages(old: &ChunkGrid, new: &ChunkGrid, item: usize) -> Vec<ChunkGrid> {
    let elements = old.shape().iter().product::<usize>();
    let mut limit = old.largest_block().max(new.largest_block()).max(1);
    let (mut from, mut to) = (old.clone(), new.clone());
    while !worth_their_while(&from, &to, item) {
        (from, to) = (united(old, new, limit), united(new, old, limit));
        if limit >= elements {
            break;
        }
        limit *= 2;
    }
    let mut stages = vec![from, to, new.clone()];
    stages.dedup();
    if stages[0] == *old && stages.len() > 1 {
        stages.remove(0);
    }
    stages
}

fn worth_their_while(from: &ChunkGrid, to: &ChunkGrid, item: usize) -> bool {
    let pieces = pieces(from, to);
    let bytes = from.shape().iter().product::<usize>().saturating_mul(item);
    pieces <= FEW.saturating_mul(from.blocks() + to.blocks()) || bytes / pieces.max(1) >= PIECE
}

/// How many pairs of blocks meet.
fn pieces(from: &ChunkGrid, to: &ChunkGrid) -> usize {
    let axis = |axis: usize| {
        let mut bounds: Vec<usize> = ends(from.lengths(axis)).chain(ends(to.lengths(axis))).collect();
        bounds.sort_unstable();
        bounds.dedup();
        bounds.len()
    };
    (0..from.ndim()).map(axis).fold(1, usize::saturating_mul)
}

fn ends(lengths: &[usize]) -> impl Iterator<Item = usize> {
    lengths.iter().scan(0, |end, length| {
        *end += length;
        Some(*end)
    })
}

/// `grid` with neighbours united towards the chunks of `other`, in blocks of at most `limit` elements or as large as they
/// are. The last axes first, so that rows are long.
fn united(grid: &ChunkGrid, other: &ChunkGrid, limit: usize) -> ChunkGrid {
    let longest = |grid: &ChunkGrid, axis: usize| grid.lengths(axis).iter().copied().max().unwrap_or(0).max(1);
    let mut block: usize = (0..grid.ndim()).map(|axis| longest(grid, axis)).product();
    let mut axes: Vec<Vec<usize>> = (0..grid.ndim()).map(|axis| grid.lengths(axis).to_vec()).collect();
    for axis in (0..grid.ndim()).rev() {
        let own = longest(grid, axis);
        let most = longest(other, axis).min(own.saturating_mul(limit / block));
        if most > own {
            axes[axis] = unite(grid.lengths(axis), most);
            block = block / own * axes[axis].iter().copied().max().unwrap_or(own);
        }
    }
    ChunkGrid::new(axes)
}

/// Neighbours united to at most `most`.
fn unite(lengths: &[usize], most: usize) -> Vec<usize> {
    let mut united: Vec<usize> = Vec::new();
    for &length in lengths {
        match united.last_mut() {
            Some(last) if *last + length <= most => *last += length,
            _ => united.push(length),
        }
    }
    united
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pieces_are_exchanged_at_once() {
        let columns = ChunkGrid::regular(&[30_000, 30_000], &[30_000, 279]);
        let rows = ChunkGrid::regular(&[30_000, 30_000], &[279, 30_000]);
        assert_eq!(stages(&columns, &rows, 8), [rows]);
        let (ten, fifteen) = (ChunkGrid::regular(&[100], &[10]), ChunkGrid::regular(&[100], &[15]));
        assert_eq!(stages(&ten, &fifteen, 8), [fifteen]);
        assert_eq!(stages(&ten, &ten, 8), [ten]);
    }

    #[test]
    fn single_columns_become_rows_by_way_of_panels_and_bands() {
        for side in [100, 4096, 30_000] {
            let columns = ChunkGrid::regular(&[side, side], &[side, 1]);
            let rows = ChunkGrid::regular(&[side, side], &[1, side]);
            let stages = stages(&columns, &rows, 8);
            let [panels, bands, last] = &stages[..] else { panic!("{stages:?}") };
            assert_eq!((panels.counts()[0], bands.counts()[1], last), (1, 1, &rows));
            assert!(worth_their_while(panels, bands, 8));
            // No larger than pieces need.
            let needed = (side * side * PIECE / 8).isqrt().max(side);
            assert!(panels.largest_block() <= 2 * needed && bands.largest_block() <= 2 * needed, "{stages:?}");
        }
    }

    #[test]
    fn days_become_series() {
        let shape = [12_000, 720, 1440];
        let (days, series) =
            (ChunkGrid::regular(&shape, &[1, 720, 1440]), ChunkGrid::regular(&shape, &[12_000, 30, 30]));
        let stages = stages(&days, &series, 4);
        assert!(stages.len() <= 3 && *stages.last().unwrap() == series);
        let mut from = days;
        for to in stages {
            assert!(worth_their_while(&from, &to, 4), "{from:?} {to:?}");
            assert!(to.largest_block() * 4 <= 256 << 20, "{to:?}");
            from = to;
        }
    }

    #[test]
    fn empty_axes_are_no_trouble() {
        let (old, new) = (ChunkGrid::regular(&[0, 5], &[1, 1]), ChunkGrid::regular(&[0, 5], &[1, 5]));
        assert_eq!(stages(&old, &new, 8), [new]);
    }
}
