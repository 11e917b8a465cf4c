//! Bitwise logic and shifts of integers; on bools it is logic. The operators `& | ^ !` do the same.

use std::ops::{BitAnd, BitOr, BitXor, Not, Shl, Shr};
use std::panic::Location;

use super::super::Array;
use super::super::reducer::Real;
use super::Operand;
use crate::chunk::Element;

macro_rules! bitwise {
    ($($name:ident, $doc:literal, $trait:ident::$method:ident;)+) => {$(
        impl<T: Element + $trait<Output = T>> Array<T> {
            #[doc = concat!($doc, " NumPy's `", stringify!($name), "`.")]
            #[track_caller]
            #[must_use]
            pub fn $name(&self, other: impl Operand<T>) -> Self {
                self.with(stringify!($name), other, Location::caller(), $trait::$method)
            }
        }

        impl<T: Element + $trait<Output = T>, O: Operand<T>> $trait<O> for &Array<T> {
            type Output = Array<T>;

            #[track_caller]
            fn $method(self, other: O) -> Array<T> {
                self.$name(other)
            }
        }

        impl<T: Element + $trait<Output = T>, O: Operand<T>> $trait<O> for Array<T> {
            type Output = Array<T>;

            #[track_caller]
            fn $method(self, other: O) -> Array<T> {
                self.$name(other)
            }
        }
    )+};
}

bitwise! {
    bitwise_and, "The bits that both have; on bools, and.", BitAnd::bitand;
    bitwise_or, "The bits that either has; on bools, or.", BitOr::bitor;
    bitwise_xor, "The bits that one has and the other has not; on bools, exclusive or.", BitXor::bitxor;
}

impl<T: Element + Not<Output = T>> Array<T> {
    /// Each bit inverted; on bools, not. NumPy's `invert`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let n: Array<u8> = [0b1100, 0b1010].into_iter().collect();
    /// assert_eq!(session.compute(&n.invert())?.into_raw_vec_and_offset().0, [0b1111_0011, 0b1111_0101]);
    /// assert_eq!(session.compute(&n.bitwise_and(6))?.into_raw_vec_and_offset().0, [4, 2]);
    /// assert_eq!(session.compute(&n.bitwise_or(6))?.into_raw_vec_and_offset().0, [14, 14]);
    /// assert_eq!(session.compute(&n.bitwise_xor(6))?.into_raw_vec_and_offset().0, [10, 12]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn invert(&self) -> Self {
        self.map_labelled("invert", |value| !value)
    }
}

impl<T: Element + Not<Output = T>> Not for &Array<T> {
    type Output = Array<T>;

    fn not(self) -> Array<T> {
        self.invert()
    }
}

impl<T: Element + Not<Output = T>> Not for Array<T> {
    type Output = Array<T>;

    fn not(self) -> Array<T> {
        self.invert()
    }
}

/// `count` as a shift of `T`, where it is one: at least 0, less than the bits there are.
fn shift<T: Real>(count: T) -> Option<u32> {
    let count = count.to_f64();
    (0.0..(size_of::<T>() * 8) as f64).contains(&count).then_some(count as u32)
}

impl<T: Real + Shl<u32, Output = T> + Shr<u32, Output = T> + Not<Output = T>> Array<T> {
    /// The bits moved to the left; zero where by more than there are, or by a negative count. NumPy's `left_shift`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let n: Array<u8> = [0b1100, 0b1010].into_iter().collect();
    /// assert_eq!(session.compute(&n.left_shift(5))?.into_raw_vec_and_offset().0, [128, 64]);
    /// assert_eq!(session.compute(&n.left_shift(8))?.into_raw_vec_and_offset().0, [0, 0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn left_shift(&self, other: impl Operand<T>) -> Self {
        self.with("left_shift", other, Location::caller(), |value, count| {
            shift(count).map_or_else(T::default, |count| value << count)
        })
    }

    /// The bits moved to the right, copies of the sign coming in; zero or -1 where by more than there are, or by a negative
    /// count. NumPy's `right_shift`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let n: Array<u8> = [0b1100, 0b1010].into_iter().collect();
    /// assert_eq!(session.compute(&n.right_shift(2))?.into_raw_vec_and_offset().0, [3, 2]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn right_shift(&self, other: impl Operand<T>) -> Self {
        self.with("right_shift", other, Location::caller(), |value, count| match shift(count) {
            Some(count) => value >> count,
            None if value < T::default() => !T::default(),
            None => T::default(),
        })
    }
}
