//! The types an array may hold, and their bytes.
//!
//! One of the few files with `unsafe`: views of elements as bytes and back, and elements that threads write side
//! by side. All elements are plain numbers without padding or pointers. Every one but `bool` is valid for every bit
//! pattern.

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;

use num_complex::Complex;
use parking_lot::Mutex;

use super::{Allocator, Buffer, BufferMut};
use crate::error::Result;

/// The type of an array's elements, by NumPy's names.
///
/// ```
/// use thermocline::Complex;
/// use thermocline::chunk::{DType, Element};
///
/// assert_eq!((f32::DTYPE, DType::Float32.name(), DType::Float32.size()), (DType::Float32, "float32", 4));
/// assert_eq!(Complex::<f64>::DTYPE.to_string(), "complex128");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it all")]
#[non_exhaustive]
pub enum DType {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float32,
    Float64,
    Complex64,
    Complex128,
}

impl DType {
    /// NumPy's name: `"float32"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::UInt8 => "uint8",
            Self::UInt16 => "uint16",
            Self::UInt32 => "uint32",
            Self::UInt64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Complex64 => "complex64",
            Self::Complex128 => "complex128",
        }
    }

    /// Bytes of one element.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::Int8 | Self::UInt8 => 1,
            Self::Int16 | Self::UInt16 => 2,
            Self::Int32 | Self::UInt32 | Self::Float32 => 4,
            Self::Int64 | Self::UInt64 | Self::Float64 | Self::Complex64 => 8,
            Self::Complex128 => 16,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A type that an array may hold: `f32`, `f64`, `i8` to `i64`, `u8` to `u64`, `bool`, `Complex<f32>`,
/// `Complex<f64>`. Sealed, because chunks are stored and mapped as their bytes.
pub trait Element:
    sealed::Sealed + Copy + Default + PartialEq + fmt::Debug + fmt::Display + Send + Sync + 'static
{
    /// Its name at run time.
    const DTYPE: DType;

    /// Whether every pattern of bits is a value.
    const ANY_BITS: bool = true;

    /// The value, NaN in its one canonical form (invariant D1: equal results have equal bytes).
    #[inline]
    #[must_use]
    fn canonical(self) -> Self {
        self
    }

    /// Whether it is, or holds, a NaN.
    #[inline]
    #[must_use]
    fn is_nan(self) -> bool {
        false
    }
}

macro_rules! elements {
    ($($t:ty => $dtype:ident),+ $(,)?) => {$(
        impl sealed::Sealed for $t {}
        impl Element for $t {
            const DTYPE: DType = DType::$dtype;
        }
    )+};
}

elements! {
    i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64,
    u8 => UInt8, u16 => UInt16, u32 => UInt32, u64 => UInt64,
}

impl sealed::Sealed for bool {}
impl Element for bool {
    const DTYPE: DType = DType::Bool;
    const ANY_BITS: bool = false;
}

macro_rules! floats {
    ($($t:ident => $real:ident, $complex:ident),+ $(,)?) => {$(
        impl sealed::Sealed for $t {}
        impl Element for $t {
            const DTYPE: DType = DType::$real;

            #[inline]
            fn canonical(self) -> Self {
                if self.is_nan() { Self::NAN } else { self }
            }

            #[inline]
            fn is_nan(self) -> bool {
                <$t>::is_nan(self)
            }
        }
        impl sealed::Sealed for Complex<$t> {}
        impl Element for Complex<$t> {
            const DTYPE: DType = DType::$complex;

            #[inline]
            fn canonical(self) -> Self {
                Self::new(self.re.canonical(), self.im.canonical())
            }

            #[inline]
            fn is_nan(self) -> bool {
                self.re.is_nan() || self.im.is_nan()
            }
        }
    )+};
}

floats! { f32 => Float32, Complex64, f64 => Float64, Complex128 }

/// The bytes of `items`.
pub(crate) fn bytes_of<T: Element>(items: &[T]) -> &[u8] {
    // SAFETY: an element has no padding (the trait is sealed over the types above), so all its bytes are
    // initialised, and a byte needs no alignment; the length is that of the same memory.
    unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) }
}

/// Fills `items` with what is in `bytes`, which are as many bytes: numbers, for which any bits will do.
///
/// # Panics
/// Where the lengths differ, or `T` is `bool`.
#[cfg(feature = "hdf5")]
pub(crate) fn copy_bytes<T: Element>(bytes: &[u8], items: &mut [T]) {
    assert!(T::DTYPE != DType::Bool && bytes.len() == size_of_val(items), "bytes that are no such elements");
    // SAFETY: both are as long as the other (checked above), one is borrowed mutably, and every bit pattern is valid for
    // every element type but `bool` (the trait is sealed over the types above).
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), items.as_mut_ptr().cast(), bytes.len()) }
}

/// Memory whose bytes are elements. That is checked once, when it is made: of bools each byte has to be looked at, and a block
/// is looked into for every tile.
#[derive(Clone)]
pub(crate) struct Elements<B, T> {
    owner: B,
    element: PhantomData<T>,
}

/// The owners of memory whose bytes nobody else changes: [`Buffer`] and [`BufferMut`], which are written through their one
/// owner alone, or not at all.
pub(crate) trait Memory {
    /// The bytes: the same memory at each call.
    fn bytes(&self) -> &[u8];
}

impl Memory for Buffer {
    fn bytes(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Memory for BufferMut {
    fn bytes(&self) -> &[u8] {
        self.as_slice()
    }
}

impl<B: Memory, T: Element> Elements<B, T> {
    /// The elements that the bytes of `owner` are; nothing where they are none.
    ///
    /// # Panics
    /// Where the bytes are not aligned for `T`, or no whole number of elements.
    pub(crate) fn new(owner: B) -> Option<Self> {
        let bytes = owner.bytes();
        check_layout::<T>(bytes);
        let valid = T::ANY_BITS || bytes.iter().fold(0, |all, &byte| all | byte) <= 1;
        valid.then_some(Self { owner, element: PhantomData })
    }

    /// The elements.
    pub(crate) fn as_slice(&self) -> &[T] {
        let bytes = self.owner.bytes();
        // SAFETY: length and alignment were checked when `self` was made, of the same memory. Its bytes are values of `T`: they
        // were then, or were zero, which is a value of every element; since then only elements were written to it.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<T>()) }
    }
}

impl<B, T> Elements<B, T> {
    /// The memory.
    pub(crate) fn into_owner(self) -> B {
        self.owner
    }
}

impl<T: Element> Elements<BufferMut, T> {
    /// `len` elements that are zero, charged to `allocator`.
    ///
    /// # Errors
    /// As [`BufferMut::zeroed`].
    pub(crate) fn zeroed(len: usize, allocator: &(impl Allocator + ?Sized)) -> Result<Self> {
        let owner = BufferMut::zeroed(len * size_of::<T>(), allocator)?;
        check_layout::<T>(owner.as_slice());
        Ok(Self { owner, element: PhantomData })
    }

    /// `len` elements, charged to `allocator`: arbitrary ones where any bits are an element, else zero.
    pub(crate) fn unwritten(len: usize, allocator: &(impl Allocator + ?Sized)) -> Result<Self> {
        if !T::ANY_BITS {
            return Self::zeroed(len, allocator);
        }
        let owner = BufferMut::unwritten(len * size_of::<T>(), allocator)?;
        check_layout::<T>(owner.as_slice());
        Ok(Self { owner, element: PhantomData })
    }

    /// The elements, to be written.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        let bytes = self.owner.as_mut_slice();
        // SAFETY: as in `as_slice`; what is written through the slice are whole elements.
        unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len() / size_of::<T>()) }
    }

    /// Makes them shared and read-only.
    pub(crate) fn freeze(self) -> Elements<Buffer, T> {
        Elements { owner: self.owner.freeze(), element: PhantomData }
    }
}

/// Elements that threads write at the same time. Each writes within one piece of them at a time, which it locks: so two may
/// not write where they like, but need not know of each other.
pub(crate) struct Pieces<T> {
    cells: Box<[UnsafeCell<T>]>,
    locks: Box<[Mutex<()>]>,
}

/// So many elements are a piece.
const PIECE: usize = 32 << 10;

// SAFETY: elements are written only while the lock of their piece is held, and read only where no thread can write: they are
// taken out by value.
unsafe impl<T: Element> Sync for Pieces<T> {}

impl<T: Element> Pieces<T> {
    /// `len` elements that are zero.
    pub(crate) fn zeroed(len: usize) -> Self {
        let elements = Box::into_raw(vec![T::default(); len].into_boxed_slice());
        // SAFETY: the pointer comes from a box, and an `UnsafeCell` lies in memory as what is in it.
        let cells = unsafe { Box::from_raw(elements as *mut [UnsafeCell<T>]) };
        Self { cells, locks: (0..len.div_ceil(PIECE)).map(|_| Mutex::new(())).collect() }
    }

    /// Writes `values` to their places from `at` on: `write` gets them in parts, each with where it belongs.
    ///
    /// # Panics
    /// Where there are not so many elements.
    pub(crate) fn write(&self, at: usize, values: &[T], write: impl Fn(&[T], &mut [T])) {
        let (mut from, end) = (at, at + values.len());
        while from < end {
            let to = end.min((from / PIECE + 1) * PIECE);
            let cells = &self.cells[from..to];
            let lock = self.locks[from / PIECE].lock();
            // SAFETY: the elements lie in one piece, whose lock is held for as long as the slice is used; nobody reads or
            // writes any of them without it.
            let part = unsafe { std::slice::from_raw_parts_mut(UnsafeCell::raw_get(cells.as_ptr()), cells.len()) };
            write(&values[from - at..to - at], part);
            drop(lock);
            from = to;
        }
    }

    /// The elements.
    pub(crate) fn into_vec(self) -> Vec<T> {
        let cells = Box::into_raw(self.cells);
        // SAFETY: as in `zeroed`, the other way.
        unsafe { Box::from_raw(cells as *mut [T]) }.into_vec()
    }
}

fn check_layout<T: Element>(bytes: &[u8]) {
    assert!(bytes.len().is_multiple_of(size_of::<T>()), "{} bytes are no whole number of {}", bytes.len(), T::DTYPE);
    assert!(bytes.as_ptr().addr().is_multiple_of(align_of::<T>()), "misaligned {}", T::DTYPE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Unmetered;

    #[test]
    fn sizes_are_those_of_the_types() {
        fn check<T: Element>() {
            assert_eq!(T::DTYPE.size(), size_of::<T>(), "{}", T::DTYPE);
        }
        check::<bool>();
        check::<i16>();
        check::<f32>();
        check::<u64>();
        check::<Complex<f32>>();
        check::<Complex<f64>>();
    }

    fn memory(bytes: &[u8]) -> Buffer {
        let mut buffer = BufferMut::zeroed(bytes.len(), &Unmetered).unwrap();
        buffer.as_mut_slice().copy_from_slice(bytes);
        buffer.freeze()
    }

    #[test]
    fn bytes_go_there_and_back() {
        let values = [1.5_f64, -0.0, f64::NAN];
        let elements = Elements::<_, f64>::new(memory(bytes_of(&values))).unwrap();
        let back = elements.as_slice();
        assert_eq!(back[0].to_bits(), values[0].to_bits());
        assert!(back[1].is_sign_negative() && back[2].is_nan());
    }

    #[test]
    fn a_bool_is_zero_or_one() {
        assert_eq!(Elements::<_, bool>::new(memory(&[0, 1, 1])).unwrap().as_slice(), [false, true, true]);
        assert!(Elements::<_, bool>::new(memory(&[0, 1, 2])).is_none());
        assert!(Elements::<_, u8>::new(memory(&[0, 1, 2])).is_some());
    }

    #[test]
    #[should_panic(expected = "no whole number of int32")]
    fn elements_are_whole() {
        let _ = Elements::<_, i32>::new(memory(&[0; 6]));
    }

    #[test]
    fn elements_are_written_and_shared() {
        let mut elements = Elements::<_, bool>::zeroed(3, &Unmetered).unwrap();
        elements.as_mut_slice()[1] = true;
        let shared = elements.freeze();
        assert_eq!(shared.as_slice(), [false, true, false]);
        assert_eq!(shared.into_owner().as_slice(), [0, 1, 0]);
    }

    #[test]
    fn threads_write_next_to_each_other() {
        let pieces = Pieces::<u32>::zeroed(3 * PIECE + 7);
        let number = |at: usize| at as u32 + 1;
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let pieces = &pieces;
                scope.spawn(move || {
                    let starts = (0..3 * PIECE + 7).step_by(1000).skip(thread).step_by(4);
                    for start in starts {
                        let values: Vec<u32> = (start..(start + 1000).min(3 * PIECE + 7)).map(number).collect();
                        pieces.write(start, &values, |values, out| out.copy_from_slice(values));
                    }
                });
            }
        });
        let values = pieces.into_vec();
        assert!(values.len() == 3 * PIECE + 7 && values.into_iter().enumerate().all(|(at, value)| value == number(at)));
    }

    #[test]
    fn nan_has_one_form() {
        let odd = f32::from_bits(0xffc0_1234);
        assert_eq!(odd.canonical().to_bits(), f32::NAN.to_bits());
        assert!(Element::is_nan(Complex::new(0.0, odd)));
    }
}
