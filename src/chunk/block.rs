//! One block of an array: a shape and its elements in C order.

use std::fmt;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, IxDyn};

use super::buffer::ForeignBytes;
use super::element::{Elements, bytes_of};
use super::{Allocator, Buffer, BufferMut, Chunk, DType, Element, Encoded, Value, charge};
use crate::error::{Error, Result};

/// A block that is being filled. Elements are in C order and start as zero.
///
/// ```
/// use thermocline::chunk::{BlockMut, Unmetered};
///
/// let mut block = BlockMut::<f64>::zeroed(&[2, 3], &Unmetered)?;
/// block.as_mut_slice()[0] = 1.0;
/// block.view_mut()[[1, 2]] = 6.0;
/// let block = block.freeze(); // shared from here on
/// assert_eq!(block.as_slice(), [1.0, 0.0, 0.0, 0.0, 0.0, 6.0]);
/// assert_eq!((block.shape(), block.view().sum()), (&[2, 3][..], 7.0));
/// # Ok::<(), thermocline::Error>(())
/// ```
pub struct BlockMut<T> {
    shape: Vec<usize>,
    elements: Elements<BufferMut, T>,
}

impl<T: Element> BlockMut<T> {
    /// A block of zeros, charged to `allocator`.
    ///
    /// # Errors
    /// As [`BufferMut::zeroed`].
    pub fn zeroed(shape: &[usize], allocator: &(impl Allocator + ?Sized)) -> Result<Self> {
        Ok(Self { shape: shape.to_vec(), elements: Elements::zeroed(shape.iter().product(), allocator)? })
    }

    /// A block of arbitrary values, charged to `allocator`: to be written before they are read.
    pub(crate) fn unwritten(shape: &[usize], allocator: &(impl Allocator + ?Sized)) -> Result<Self> {
        Ok(Self { shape: shape.to_vec(), elements: Elements::unwritten(shape.iter().product(), allocator)? })
    }

    /// The elements in C order.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        self.elements.as_slice()
    }

    /// The elements in C order, to be written.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.elements.as_mut_slice()
    }

    /// A view to be written.
    ///
    /// # Panics
    /// Never: the buffer has the shape's size.
    #[must_use]
    pub fn view_mut(&mut self) -> ArrayViewMutD<'_, T> {
        let shape = IxDyn(&self.shape);
        ArrayViewMutD::from_shape(shape, self.elements.as_mut_slice()).expect("sized by the shape")
    }

    /// Makes it shared and read-only.
    #[must_use]
    pub fn freeze(self) -> Block<T> {
        Block { shape: self.shape.into(), elements: self.elements.freeze() }
    }
}

impl<T: Element> fmt::Debug for BlockMut<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlockMut<{}>{:?}", T::DTYPE, self.shape)
    }
}

/// A block of an array: shared, read-only, elements in C order.
#[derive(Clone)]
pub struct Block<T> {
    shape: Arc<[usize]>,
    elements: Elements<Buffer, T>,
}

impl<T: Element> Block<T> {
    /// What a block of `len` elements is charged.
    #[must_use]
    pub fn charge(len: usize) -> u64 {
        charge((len as u64).saturating_mul(size_of::<T>() as u64))
    }

    /// Adopts an array that foreign code made. It is copied only where it is not in C order.
    ///
    /// # Errors
    /// [`Error::Overdrawn`](crate::Error::Overdrawn) where the allocator has less left.
    pub fn adopt(array: ArrayD<T>, allocator: &(impl Allocator + ?Sized)) -> Result<Self> {
        let shape = array.shape().into();
        let array = if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() };
        let (items, offset) = array.into_raw_vec_and_offset();
        let charge = allocator.reserve(Self::charge(items.capacity()))?;
        let items = Items { items, offset: offset.unwrap_or(0) };
        Self::from_buffer(shape, Buffer::foreign(Box::new(items), charge))
    }

    fn from_buffer(shape: Arc<[usize]>, buffer: Buffer) -> Result<Self> {
        let elements = Elements::new(buffer);
        let elements =
            elements.ok_or(Error::ChunkType { found: "bytes that are no elements", expected: T::DTYPE.name() })?;
        Ok(Self { shape, elements })
    }

    /// Its shape.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements in C order.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        let len: usize = self.shape.iter().product();
        &self.elements.as_slice()[..len]
    }

    /// A view.
    ///
    /// # Panics
    /// Never: the buffer has the shape's size.
    #[must_use]
    pub fn view(&self) -> ArrayViewD<'_, T> {
        ArrayViewD::from_shape(IxDyn(&self.shape), self.as_slice()).expect("sized by the shape")
    }
}

impl<T: Element> Value for Block<T> {
    fn unmetered_bytes(&self) -> u64 {
        0
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        let shape = self.shape.clone();
        Some(Encoded::Memory {
            bytes: bytes_of(self.as_slice()),
            item_size: item_size(T::DTYPE),
            in_place: T::ANY_BITS,
            decode: Arc::new(move |buffer| Ok(Chunk::new(Self::from_buffer(shape.clone(), buffer)?))),
        })
    }

    fn describe(&self) -> Option<String> {
        Some(format!("{} {:?}", T::DTYPE, self.shape))
    }
}

/// The unit of byte shuffling: a complex number is two reals.
fn item_size(dtype: DType) -> usize {
    match dtype {
        DType::Complex64 | DType::Complex128 => dtype.size() / 2,
        _ => dtype.size(),
    }
}

impl<T: Element> fmt::Debug for Block<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Block<{}>{:?}", T::DTYPE, self.shape)
    }
}

/// A foreign vector, from `offset` on.
struct Items<T> {
    items: Vec<T>,
    offset: usize,
}

impl<T: Element> ForeignBytes for Items<T> {
    fn bytes(&self) -> &[u8] {
        bytes_of(&self.items[self.offset..])
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::chunk::Unmetered;

    #[test]
    fn a_block_is_filled_shared_and_encoded() {
        let mut block = BlockMut::<i16>::zeroed(&[2, 3], &Unmetered).unwrap();
        block.view_mut().assign(&array![[1_i16, 2, 3], [4, 5, 6]].into_dyn());
        let block = block.freeze();
        let Some(Encoded::Memory { bytes, item_size, decode, .. }) = block.encode() else {
            panic!("a block has memory")
        };
        assert_eq!((bytes.len(), item_size), (12, 2));
        let mut copy = BufferMut::zeroed(12, &Unmetered).unwrap();
        copy.as_mut_slice().copy_from_slice(bytes);
        let back = decode(copy.freeze()).unwrap();
        assert_eq!(back.get::<Block<i16>>().unwrap().view(), array![[1, 2, 3], [4, 5, 6]].into_dyn());
    }

    #[test]
    fn adopted_arrays_keep_their_order() {
        let fortran = Array2::from_shape_fn((3, 4), |(i, j)| (i * 4 + j) as f64).reversed_axes();
        let expected = fortran.clone().into_dyn();
        let block = Block::adopt(fortran.into_dyn(), &Unmetered).unwrap();
        assert_eq!(block.view(), expected);
        let sliced = Array2::from_shape_fn((4, 4), |(i, j)| i * 4 + j).mapv(|x| x as u32);
        let sliced = sliced.slice_move(ndarray::s![1.., ..]).into_dyn();
        assert_eq!(Block::adopt(sliced.clone(), &Unmetered).unwrap().view(), sliced);
    }
}
