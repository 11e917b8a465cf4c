//! A variable of a file, as a source of blocks.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::convert::{Conversion, Real};
use super::dtype::Number;
use super::file::Input;
use super::storage::Storage;
use super::tiles::Sink;
use crate::array::{ChunkGrid, Packed, Region, Source};
use crate::chunk::{Element, bytes_of};
use crate::error::{Error, Result};
use crate::graph::TaskContext;

/// A grid of more blocks is refused: it would be larger than what it describes.
const MOST_BLOCKS: usize = 1 << 22;

/// Stored numbers, bit by bit.
pub(crate) trait Bits: Real {
    /// The type of a stored number of that size whose values are its bits.
    const NUMBER: Number;
}

macro_rules! bits {
    ($($t:ident is $number:ident),+) => {$(
        impl Bits for $t {
            const NUMBER: Number = Number::$number;
        }
    )+};
}
bits!(u8 is U8, u16 is U16, u32 is U32);

/// Some expression, with a type's name bound to the [`Bits`] of as many bytes as a stored number has; none where that is no
/// less than a value has.
macro_rules! with_bits {
    ($stored:expr, $value:expr, $S:ident => $packed:expr) => {
        match $stored {
            stored if stored >= $value => None,
            1 => with_bits!(@ u8, $S, $packed),
            2 => with_bits!(@ u16, $S, $packed),
            4 => with_bits!(@ u32, $S, $packed),
            _ => None,
        }
    };
    (@ $t:ident, $S:ident, $packed:expr) => {{
        type $S = $t;
        Some($packed)
    }};
}
pub(crate) use with_bits;

/// How a variable's bytes are read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadPath {
    /// By this library: in parallel, outside of HDF5's lock.
    Direct,
    /// By the HDF5 library: correct, but one thread at a time.
    Library {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for ReadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Library { reason } => write!(f, "through the HDF5 library: {reason}"),
        }
    }
}

/// The shape of a variable as its dimensions have it, and their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// At least the stored extent; what is beyond that is fill.
    pub(crate) lengths: Vec<usize>,
    /// A name for each axis.
    pub(crate) dimensions: Vec<String>,
}

/// A variable of one file, whose values are read as `T`.
///
/// A [`Source`]: blocks are made of whole storage chunks, about 96 MiB each unless another size was
/// [asked for](crate::io::netcdf::Dataset::block_size). Reading one takes, from its task's grant, one stored
/// chunk, as many inflated chunks that follow each other along the first axis as make 8 MiB, and a tile; beside that,
/// libdeflate's decoder has about 12 KB per call.
pub struct Variable<T> {
    name: String,
    shape: Shape,
    grid: ChunkGrid,
    conversion: Conversion,
    storage: Arc<Storage>,
    input: Arc<Input>,
    element: PhantomData<fn() -> T>,
}

impl<T: Real> Variable<T> {
    /// Variable `name` of `input`, in blocks of about `block` bytes.
    pub(crate) fn new(
        name: &str,
        input: Arc<Input>,
        storage: Arc<Storage>,
        shape: Shape,
        conversion: Conversion,
        block: u64,
    ) -> Result<Self> {
        let refuse = |problem: String| Error::file(input.path(), format!("variable {name}: {problem}"));
        if let Some(problem) = conversion.refuses::<T>() {
            return Err(refuse(problem));
        }
        let unit = unit(&storage, &shape);
        let elements = (block / size_of::<T>() as u64).clamp(1, usize::MAX as u64) as usize;
        let grid = grid(&shape.lengths, &unit, elements).map_err(refuse)?;
        Ok(Self { name: name.to_owned(), shape, grid, conversion, storage, input, element: PhantomData })
    }

    /// The names of its dimensions.
    #[must_use]
    pub fn dimensions(&self) -> &[String] {
        &self.shape.dimensions
    }

    /// How its bytes are read.
    #[must_use]
    pub fn read_path(&self) -> ReadPath {
        self.storage.foreign().map_or(ReadPath::Direct, |reason| ReadPath::Library { reason: reason.to_owned() })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        self.input.path()
    }

    /// Whether its stored numbers are those of `other`, and mean the same.
    pub(crate) fn packs_as(&self, other: &Self) -> bool {
        self.conversion == other.conversion
    }

    /// The size of a stored number, and what makes values of such.
    pub(crate) fn packing<S: Element>(&self) -> impl Fn(&[S], &mut [T]) + Send + Sync + use<S, T> {
        let conversion = self.conversion.clone();
        move |stored, values| conversion.convert(bytes_of(stored), values)
    }

    /// Bytes of a stored number.
    pub(crate) fn stored_size(&self) -> usize {
        self.conversion.stored.size()
    }

    /// Its stored numbers, of as many bytes as an `S`, bit by bit.
    pub(crate) fn as_stored<S: Bits>(&self) -> Variable<S> {
        let Self { name, shape, grid, storage, input, .. } = self;
        Variable {
            name: name.clone(),
            shape: shape.clone(),
            grid: grid.clone(),
            conversion: Conversion::plain(S::NUMBER),
            storage: storage.clone(),
            input: input.clone(),
            element: PhantomData,
        }
    }

    /// What is stored of `region`.
    fn stored(&self, region: &Region) -> Option<Region> {
        Region::whole(&self.storage.layout.extent).intersect(region).filter(|stored| !stored.is_empty())
    }

    fn check(&self, region: &Region) -> Result<()> {
        let axes = region.start.iter().zip(&region.shape).zip(&self.shape.lengths);
        let within = |((start, length), whole): ((&usize, &usize), &usize)| start.saturating_add(*length) <= *whole;
        let count = self.shape.lengths.len();
        if region.start.len() == count && region.shape.len() == count && axes.into_iter().all(within) {
            return Ok(());
        }
        let (name, lengths) = (&self.name, &self.shape.lengths);
        Err(Error::file(self.input.path(), format!("variable {name} of shape {lengths:?} has no {region:?}")))
    }
}

impl<T: Real> Source for Variable<T> {
    type Item = T;

    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> &[usize] {
        &self.shape.lengths
    }

    fn grid(&self) -> ChunkGrid {
        self.grid.clone()
    }

    fn unit(&self) -> Vec<usize> {
        unit(&self.storage, &self.shape)
    }

    fn packed(&self) -> Option<Packed<T>> {
        with_bits!(self.stored_size(), size_of::<T>(), S => Packed::new(self.as_stored::<S>(), self.packing::<S>()))
    }

    fn workspace(&self, region: &Region) -> u64 {
        if region.is_empty() || self.check(region).is_err() {
            return 0;
        }
        let stored = self.stored(region).map_or(0, |stored| self.storage.workspace(&stored));
        stored.saturating_add(Sink::<T>::workspace(&self.conversion, region.len()))
    }

    fn reads(&self, region: &Region) -> u64 {
        if region.is_empty() || self.check(region).is_err() {
            return 0;
        }
        self.stored(region).map_or(0, |stored| self.storage.reads(&stored))
    }

    fn fold_tiles(
        &self,
        context: &TaskContext<'_>,
        region: &Region,
        visit: &mut dyn FnMut(&Region, &[T]) -> Result<()>,
    ) -> Result<()> {
        self.check(region)?;
        if region.is_empty() {
            return Ok(());
        }
        let mut sink = Sink::new(context, &self.conversion, &self.storage.fill, region.len(), visit)?;
        if let Some(stored) = self.stored(region) {
            self.storage.read(&self.input, context, &stored, &mut sink)?;
        }
        for beyond in beyond(region, &self.storage.layout.extent) {
            sink.fill(&beyond)?;
        }
        Ok(())
    }
}

impl<T> fmt::Debug for Variable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable")
            .field("name", &self.name)
            .field("file", &self.input)
            .field("shape", &self.shape)
            .field("stored", &self.conversion.stored)
            .finish_non_exhaustive()
    }
}

/// What `region` has beyond `extent`, in boxes.
fn beyond(region: &Region, extent: &[usize]) -> Vec<Region> {
    let mut rest = region.clone();
    let mut boxes = Vec::new();
    for axis in 0..extent.len() {
        let (start, end) = (rest.start[axis], rest.start[axis] + rest.shape[axis]);
        let cut = extent[axis].clamp(start, end);
        if cut < end {
            let mut outside = rest.clone();
            (outside.start[axis], outside.shape[axis]) = (cut, end - cut);
            boxes.push(outside);
        }
        rest.shape[axis] = cut - start;
    }
    boxes.retain(|outside| !outside.is_empty());
    boxes
}

/// The box that has to be read whole.
fn unit(storage: &Storage, shape: &Shape) -> Vec<usize> {
    if storage.whole_chunks { storage.layout.chunk.clone() } else { vec![1; shape.lengths.len()] }
}

/// Blocks of whole `unit`s and about `elements` elements, grown along the last axis first.
fn grid(shape: &[usize], unit: &[usize], elements: usize) -> Result<ChunkGrid, String> {
    let mut block: Vec<usize> = unit.iter().zip(shape).map(|(unit, &length)| *unit.min(&length.max(1))).collect();
    for axis in (0..shape.len()).rev() {
        let room = elements / block.iter().product::<usize>();
        block[axis] = block[axis].saturating_mul(room.max(1)).min(shape[axis].max(1));
        if block[axis] < shape[axis] {
            break;
        }
    }
    let counts = shape.iter().zip(&block).map(|(length, block)| length.div_ceil(*block));
    let blocks = counts.fold(1_usize, |blocks, count| blocks.saturating_mul(count.max(1)));
    if blocks > MOST_BLOCKS {
        return Err(format!("its shape {shape:?} would be {blocks} blocks of {block:?}: ask for larger blocks"));
    }
    Ok(ChunkGrid::regular(shape, &block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_whole_chunks_of_about_the_size_asked_for() {
        let elements = (96 << 20) / 4;
        let days = grid(&[1461, 720, 1440], &[1, 720, 1440], elements).unwrap();
        assert_eq!((days.lengths(0)[0], days.counts()), (24, vec![61, 1, 1]));
        let columns = grid(&[1461, 720, 1440], &[1461, 10, 10], elements).unwrap();
        assert_eq!(columns.block(0).shape, [1461, 10, 1440]);
        let large = grid(&[10, 5000, 5000], &[10, 5000, 5000], 1000).unwrap();
        assert_eq!(large.blocks(), 1);
        assert!(grid(&[1 << 60], &[1], elements).is_err());
        assert_eq!(grid(&[], &[], elements).unwrap().blocks(), 1);
        assert_eq!(grid(&[0, 4], &[2, 2], elements).unwrap().blocks(), 1);
    }

    #[test]
    fn what_is_beyond_the_extent_is_in_disjoint_boxes() {
        let region = Region::new([1, 1], [4, 4]);
        assert_eq!(beyond(&region, &[3, 4]), [Region::new([3, 1], [2, 4]), Region::new([1, 4], [2, 1])]);
        assert_eq!(beyond(&region, &[0, 9]), std::slice::from_ref(&region));
        assert!(beyond(&region, &[5, 5]).is_empty());
    }
}
