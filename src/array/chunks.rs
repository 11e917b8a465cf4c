//! Chunks, as a user asks for them.

use super::grid::ChunkGrid;

/// About how many bytes a chunk has whose length is left to the library.
pub(super) const AUTO_BYTES: usize = 64 << 20;

/// The length of an array's chunks along one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkLength {
    /// So many elements; the last chunk as short as it must be.
    Of(usize),
    /// The length of each chunk.
    Each(Vec<usize>),
    /// One chunk.
    Whole,
    /// As they are.
    Same,
    /// So that a block has about 64 MiB: with several such axes, about as long along each.
    Auto,
}

/// What stands for a chunk's length: a number (-1 for the whole axis), `"auto"`, `"same"`, a list, a [`ChunkLength`].
pub trait ToChunkLength {
    /// The length.
    ///
    /// # Errors
    /// Where it is none: what was found, and what is accepted.
    fn to_chunk_length(&self) -> Result<ChunkLength, String>;
}

impl ToChunkLength for ChunkLength {
    fn to_chunk_length(&self) -> Result<ChunkLength, String> {
        Ok(self.clone())
    }
}

impl ToChunkLength for usize {
    fn to_chunk_length(&self) -> Result<ChunkLength, String> {
        Ok(ChunkLength::Of(*self))
    }
}

impl ToChunkLength for i32 {
    fn to_chunk_length(&self) -> Result<ChunkLength, String> {
        i64::from(*self).to_chunk_length()
    }
}

impl ToChunkLength for i64 {
    fn to_chunk_length(&self) -> Result<ChunkLength, String> {
        match usize::try_from(*self) {
            Ok(length) => Ok(ChunkLength::Of(length)),
            Err(_) if *self == -1 => Ok(ChunkLength::Whole),
            Err(_) => Err(format!("a chunk length of {self}: expected 1 or more, or -1 for the whole axis")),
        }
    }
}

impl ToChunkLength for &str {
    fn to_chunk_length(&self) -> Result<ChunkLength, String> {
        match *self {
            "auto" => Ok(ChunkLength::Auto),
            "same" => Ok(ChunkLength::Same),
            other => Err(format!("a chunk length of {other:?}: expected a number, \"auto\" or \"same\"")),
        }
    }
}

impl ToChunkLength for Vec<usize> {
    fn to_chunk_length(&self) -> Result<ChunkLength, String> {
        Ok(ChunkLength::Each(self.clone()))
    }
}

/// Chunk lengths for all axes: a list or a tuple, an element an axis; one length for every axis; or a [`ChunkGrid`].
///
/// ```
/// use thermocline::Array;
/// use thermocline::array::ChunkLength;
///
/// let x = Array::<f32>::from_fn(&[1000, 200], &[10, 200], |at| at[1] as f32);
/// assert_eq!(x.rechunk([100, -1]).chunks().counts(), [10, 1]);
/// assert_eq!(x.rechunk((-1, "auto")).chunks().counts(), [1, 1]);
/// assert_eq!(x.rechunk((ChunkLength::Same, vec![150, 50])).chunks().lengths(1), [150, 50]);
/// assert_eq!(x.rechunk("auto").chunks().blocks(), 1);
/// ```
pub trait Chunking {
    /// A length for each of `ndim` axes.
    ///
    /// # Errors
    /// Where they are not lengths, or not as many as axes.
    fn lengths(&self, ndim: usize) -> Result<Vec<ChunkLength>, String>;
}

fn of_list<'a, L: ToChunkLength + 'a>(list: &'a [L], ndim: usize) -> Result<Vec<ChunkLength>, String> {
    let lengths: Vec<ChunkLength> = list.iter().map(L::to_chunk_length).collect::<Result<_, _>>()?;
    counted(lengths, ndim)
}

fn counted(lengths: Vec<ChunkLength>, ndim: usize) -> Result<Vec<ChunkLength>, String> {
    if lengths.len() == ndim {
        return Ok(lengths);
    }
    Err(format!("{} chunk lengths for {ndim} dimensions: expected one for each axis", lengths.len()))
}

impl<L: ToChunkLength> Chunking for &[L] {
    fn lengths(&self, ndim: usize) -> Result<Vec<ChunkLength>, String> {
        of_list(self, ndim)
    }
}

impl<L: ToChunkLength, const N: usize> Chunking for [L; N] {
    fn lengths(&self, ndim: usize) -> Result<Vec<ChunkLength>, String> {
        of_list(self, ndim)
    }
}

impl<L: ToChunkLength, const N: usize> Chunking for &[L; N] {
    fn lengths(&self, ndim: usize) -> Result<Vec<ChunkLength>, String> {
        of_list(&self[..], ndim)
    }
}

impl<L: ToChunkLength> Chunking for &Vec<L> {
    fn lengths(&self, ndim: usize) -> Result<Vec<ChunkLength>, String> {
        of_list(self, ndim)
    }
}

macro_rules! for_every_axis {
    ($($t:ty),+) => {$(
        impl Chunking for $t {
            fn lengths(&self, ndim: usize) -> Result<Vec<ChunkLength>, String> {
                Ok(vec![self.to_chunk_length()?; ndim])
            }
        }
    )+};
}

for_every_axis!(usize, i32, &str, ChunkLength);

macro_rules! tuples {
    ($($name:ident . $place:tt),+) => {
        impl<$($name: ToChunkLength),+> Chunking for ($($name,)+) {
            fn lengths(&self, ndim: usize) -> Result<Vec<ChunkLength>, String> {
                counted(vec![$(self.$place.to_chunk_length()?),+], ndim)
            }
        }
    };
}

tuples!(A.0);
tuples!(A.0, B.1);
tuples!(A.0, B.1, C.2);
tuples!(A.0, B.1, C.2, D.3);
tuples!(A.0, B.1, C.2, D.3, E.4);

impl Chunking for &ChunkGrid {
    fn lengths(&self, ndim: usize) -> Result<Vec<ChunkLength>, String> {
        counted((0..self.ndim()).map(|axis| ChunkLength::Each(ChunkGrid::lengths(self, axis).to_vec())).collect(), ndim)
    }
}

/// The grid of an array of elements of `item` bytes that is in chunks of `grid` now.
pub(super) fn resolve(chunks: &impl Chunking, grid: &ChunkGrid, item: usize) -> Result<ChunkGrid, String> {
    let shape = grid.shape();
    let mut axes: Vec<Option<Vec<usize>>> = Vec::with_capacity(shape.len());
    for (axis, wanted) in chunks.lengths(shape.len())?.into_iter().enumerate() {
        let length = shape[axis];
        axes.push(match wanted {
            ChunkLength::Of(0) => {
                return Err(format!("chunks of 0 along axis {axis} of shape {shape:?}: expected 1 or more"));
            }
            ChunkLength::Of(chunk) if length.div_ceil(chunk) > MOST_CHUNKS => return Err(too_many(&shape)),
            ChunkLength::Of(chunk) => Some(regular(length, chunk)),
            ChunkLength::Each(lengths) => Some(listed(lengths, length, axis)?),
            ChunkLength::Whole => Some(vec![length]),
            ChunkLength::Same => Some(grid.lengths(axis).to_vec()),
            ChunkLength::Auto => None,
        });
    }
    chosen(axes, grid, item)
}

/// More chunks than this are a mistake: a graph has a task for each at least.
const MOST_CHUNKS: usize = 1 << 26;

fn too_many(shape: &[usize]) -> String {
    format!("more than {MOST_CHUNKS} chunks of an array of shape {shape:?}: use longer ones")
}

/// The lengths along the axes that are `None` chosen, as [`auto`] does; refused where there would be too many chunks.
pub(super) fn chosen(axes: Vec<Option<Vec<usize>>>, grid: &ChunkGrid, item: usize) -> Result<ChunkGrid, String> {
    let shape = grid.shape();
    // At least so many: along each axis its chunks, or together as many as their bytes need.
    let mut axes_of = axes.iter().zip(&shape);
    let least = axes_of.try_fold((1_usize, item), |(chunks, bytes), (lengths, &length)| match lengths {
        Some(lengths) => Some((chunks.checked_mul(lengths.len().max(1))?, bytes)),
        None => Some((chunks, bytes.checked_mul(length.max(1))?)),
    });
    let least = least.and_then(|(chunks, bytes)| chunks.checked_mul((bytes / AUTO_BYTES).max(1)));
    if least.is_none_or(|chunks| chunks > MOST_CHUNKS) {
        return Err(too_many(&shape));
    }
    Ok(auto(axes, grid, item, AUTO_BYTES))
}

fn listed(lengths: Vec<usize>, length: usize, axis: usize) -> Result<Vec<usize>, String> {
    let sum = lengths.iter().try_fold(0_usize, |sum, &chunk| sum.checked_add(chunk));
    if sum != Some(length) || (length > 0 && lengths.contains(&0)) {
        return Err(format!(
            "chunks of {lengths:?} along axis {axis}: expected lengths of 1 or more that add up to {length}"
        ));
    }
    Ok(if length == 0 { vec![0] } else { lengths })
}

fn regular(length: usize, chunk: usize) -> Vec<usize> {
    let chunk = chunk.clamp(1, length.max(1));
    (0..length).step_by(chunk).map(|start| chunk.min(length - start)).collect()
}

/// Chooses the lengths along the axes that are `None`, so that the largest block has at most about `bytes`: about the same
/// along each, whole numbers of the present chunks where these are shorter.
pub(super) fn auto(axes: Vec<Option<Vec<usize>>>, grid: &ChunkGrid, item: usize, bytes: usize) -> ChunkGrid {
    let shape = grid.shape();
    let fixed: usize = axes.iter().flatten().map(|lengths| lengths.iter().copied().max().unwrap_or(0).max(1)).product();
    let mut room = (bytes / item / fixed).max(1) as f64;
    let mut open: Vec<usize> = (0..axes.len()).filter(|&axis| axes[axis].is_none()).collect();
    // The shortest first: what it does not take is for the others.
    open.sort_by_key(|&axis| shape[axis]);
    let mut chosen = axes;
    for (place, &axis) in open.iter().enumerate() {
        let share = room.powf(1.0 / (open.len() - place) as f64);
        // A hair more, as roots are rounded.
        let most = ((share * (1.0 + 1e-9)) as usize).clamp(1, shape[axis].max(1));
        let lengths = balanced(shape[axis], most, grid.lengths(axis)[0]);
        room /= lengths.first().copied().unwrap_or(1).max(1) as f64;
        chosen[axis] = Some(lengths);
    }
    ChunkGrid::new(chosen.into_iter().flatten().collect())
}

/// Chunks of at most `most`: a multiple of `unit` if that is shorter, else all about as long.
fn balanced(length: usize, most: usize, unit: usize) -> Vec<usize> {
    if most >= length {
        return vec![length];
    }
    if unit > 0 && unit <= most {
        return regular(length, most / unit * unit);
    }
    let count = length.div_ceil(most);
    regular(length, length.div_ceil(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(of: impl Chunking, grid: &ChunkGrid) -> Vec<usize> {
        let found = resolve(&of, grid, 8).unwrap();
        (0..found.ndim()).map(|axis| found.lengths(axis)[0]).collect()
    }

    #[test]
    fn lengths_that_are_left_open_fill_a_block() {
        let grid = ChunkGrid::regular(&[30_000, 30_000], &[30_000, 300]);
        assert_eq!(chunks(("auto", -1), &grid), [278, 30_000]);
        let block: usize = chunks("auto", &grid).iter().product();
        assert!((AUTO_BYTES / 10..AUTO_BYTES / 8 + 1).contains(&block), "{block}");
        // The short axis is whole; the long one takes the rest, in whole chunks of what there is.
        let grid = ChunkGrid::regular(&[1_000_000, 10], &[1000, 10]);
        assert_eq!(chunks("auto", &grid), [838_000, 10]);
        assert_eq!(chunks(("auto", "same"), &ChunkGrid::regular(&[0, 3], &[1, 2])), [0, 2]);
    }

    #[test]
    fn what_is_no_chunk_length_is_refused() {
        let grid = ChunkGrid::regular(&[10, 4], &[4, 4]);
        let problem = |of: Result<ChunkGrid, String>| of.unwrap_err();
        assert!(problem(resolve(&[0, 1], &grid, 8)).contains("chunks of 0 along axis 0"));
        assert!(problem(resolve(&[-2, 1], &grid, 8)).contains("-2"));
        assert!(problem(resolve(&[1, 1, 1], &grid, 8)).contains("3 chunk lengths for 2 dimensions"));
        assert!(problem(resolve(&(1, "all"), &grid, 8)).contains("\"all\""));
        assert!(problem(resolve(&(vec![4, 7], 4), &grid, 8)).contains("add up to 10"));
        assert!(problem(resolve(&(vec![10, 0], 4), &grid, 8)).contains("[10, 0]"));
        let long = ChunkGrid::single(&[1 << 40, 1 << 19]);
        for many in [resolve(&(1, -1), &long, 1), resolve(&"auto", &long, 8), resolve(&[1 << 20, 1], &long, 1)] {
            assert!(problem(many).contains("more than 67108864 chunks"));
        }
    }
}
