//! How large the arrays of a workload are, and in which chunks they come.
//!
//! Chunks have some tens of MiB, and small arrays several chunks nevertheless: else there would be nothing to schedule.

use crate::error::{BenchError, Result};

/// Elements of a large chunk: 32 MiB of f64.
pub(super) const CHUNK: usize = 4 << 20;

/// More chunks than this are a slip of the keyboard: their tasks would fill the memory before anything was computed.
const MOST_CHUNKS: usize = 1 << 20;

/// The shape of a workload's arrays, as a function of the bytes of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One axis.
    Line,
    /// n by n, in square chunks.
    Tiles,
    /// n by n, in chunks of whole columns.
    Columns,
    /// Times by cells, at most so many cells, in chunks of so many times.
    Series { cells: usize, times: usize },
}

impl Shape {
    /// In words, for `bench list`.
    pub(super) fn formula(self) -> String {
        match self {
            Self::Line => "n f64, n = size / 8".to_owned(),
            Self::Tiles => "n x n f64, n = sqrt(size / 8), in tiles".to_owned(),
            Self::Columns => "n x n f64, n = sqrt(size / 8), in whole columns".to_owned(),
            Self::Series { cells, times } => format!("size / 8 / {cells} times of {cells} f64, {times} a chunk"),
        }
    }

    /// Shape and chunks of an array of about `bytes`.
    pub(super) fn of(self, bytes: u64) -> (Vec<usize>, Vec<usize>) {
        let elements = (bytes / 8).max(1) as usize;
        let side = elements.isqrt();
        match self {
            Self::Line => (vec![elements], vec![elements.div_ceil(8).min(CHUNK)]),
            Self::Tiles => (vec![side; 2], vec![side.div_ceil(6).min(CHUNK.isqrt()); 2]),
            Self::Columns => (vec![side; 2], vec![side, columns(side, 2 * CHUNK)]),
            Self::Series { cells, times } => {
                let cells = cells.min(elements.div_ceil(8));
                let length = elements / cells;
                (vec![length, cells], vec![length.div_ceil(8).min(times), cells])
            }
        }
    }

    /// The same, with the chunk lengths of the command line, if there are any.
    ///
    /// # Errors
    /// Where the lengths are not ones of such an array, or chunks are too many.
    pub(super) fn chunked(self, bytes: u64, lengths: &[usize]) -> Result<(Vec<usize>, Vec<usize>)> {
        let (shape, chunk) = self.of(bytes);
        if lengths.is_empty() {
            return Ok((shape, chunk));
        }
        if lengths.len() != shape.len() {
            let problem = format!("--chunks {lengths:?}: the array has shape {shape:?}, expected one length an axis");
            return Err(BenchError::Usage(problem));
        }
        let chunk: Vec<usize> = lengths.iter().zip(&shape).map(|(&length, &whole)| length.min(whole)).collect();
        let counts = shape.iter().zip(&chunk).map(|(whole, length)| whole.div_ceil(*length));
        let count = counts.fold(1, usize::saturating_mul);
        if count > MOST_CHUNKS {
            let problem = format!("--chunks {lengths:?} cuts {shape:?} into {count} chunks: use longer ones");
            return Err(BenchError::Usage(problem));
        }
        Ok((shape, chunk))
    }
}

/// How many columns of a matrix of `side` rows make a chunk of at most `most` elements; a small matrix has 8 such chunks
/// if chunks twice as large are allowed, 16 if not.
pub(super) fn columns(side: usize, most: usize) -> usize {
    side.div_ceil(16 * CHUNK / most).min(most / side.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Shape; 4] = [Shape::Line, Shape::Tiles, Shape::Columns, Shape::Series { cells: 1 << 16, times: 64 }];

    #[test]
    fn arrays_have_the_size_that_was_asked_for_in_several_chunks_of_bounded_size() {
        for shape in ALL {
            for bytes in [48 << 20, 1 << 30, 7_200_000_000, 1 << 40] {
                let (whole, chunk) = shape.of(bytes);
                let size = 8 * whole.iter().product::<usize>() as u64;
                assert!(size <= bytes && bytes - size < bytes / 50, "{shape:?} {bytes}: {whole:?}");
                let count: usize = whole.iter().zip(&chunk).map(|(whole, length)| whole.div_ceil(*length)).product();
                assert!(count >= 8, "{shape:?} {bytes}: {chunk:?}");
                assert!(chunk.iter().product::<usize>() <= 8 << 20, "{shape:?} {bytes}: {chunk:?}");
            }
            for bytes in 0..200 {
                let (whole, chunk) = shape.of(bytes);
                assert!(!whole.contains(&0) && !chunk.contains(&0), "{shape:?} {bytes}: {whole:?} {chunk:?}");
            }
        }
    }

    #[test]
    fn chunks_are_as_wanted_or_refused() {
        assert_eq!(Shape::Tiles.chunked(80_000, &[7, 1000]).unwrap(), (vec![100, 100], vec![7, 100]));
        assert!(Shape::Tiles.chunked(80_000, &[7]).unwrap_err().is_usage());
        assert!(Shape::Line.chunked(1 << 40, &[1]).unwrap_err().is_usage());
    }
}
