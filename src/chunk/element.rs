//! The types an array may hold, and their bytes.
//!
//! One of the few files with `unsafe`: views of elements as bytes and back. All elements are plain numbers
//! without padding or pointers. Every one but `bool` is valid for every bit pattern.

use std::fmt;

use num_complex::Complex;

/// The type of an array's elements, by NumPy's names.
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

/// The elements that `bytes` are.
///
/// # Panics
/// Where the bytes are not aligned for `T`, or no whole number of elements.
pub(crate) fn elements_of<T: Element>(bytes: &[u8]) -> &[T] {
    check_cast::<T>(bytes);
    // SAFETY: length and alignment were checked. Every bit pattern is a value where `ANY_BITS`; where not (bool),
    // `check_cast` has looked at each byte.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<T>()) }
}

/// The elements that `bytes` are, to be written.
///
/// # Panics
/// As [`elements_of`].
pub(crate) fn elements_of_mut<T: Element>(bytes: &mut [u8]) -> &mut [T] {
    check_cast::<T>(bytes);
    // SAFETY: as in `elements_of`; what is written through the slice are whole elements, so bytes stay bytes.
    unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len() / size_of::<T>()) }
}

fn check_cast<T: Element>(bytes: &[u8]) {
    assert!(bytes.len().is_multiple_of(size_of::<T>()), "{} bytes are no whole number of {}", bytes.len(), T::DTYPE);
    assert!(bytes.as_ptr().addr().is_multiple_of(align_of::<T>()), "misaligned {}", T::DTYPE);
    assert!(T::ANY_BITS || bytes.iter().all(|&byte| byte <= 1), "a byte that is no {}", T::DTYPE);
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn bytes_go_there_and_back() {
        let values = [1.5_f64, -0.0, f64::NAN];
        let back: &[f64] = elements_of(bytes_of(&values));
        assert_eq!(back[0].to_bits(), values[0].to_bits());
        assert!(back[1].is_sign_negative() && back[2].is_nan());
    }

    #[test]
    #[should_panic(expected = "no bool")]
    fn a_bool_is_zero_or_one() {
        elements_of::<bool>(&[0, 1, 2]);
    }

    #[test]
    fn nan_has_one_form() {
        let odd = f32::from_bits(0xffc0_1234);
        assert_eq!(odd.canonical().to_bits(), f32::NAN.to_bits());
        assert!(Element::is_nan(Complex::new(0.0, odd)));
    }
}
