//! The other side of an operation: an array, or a scalar.

use super::super::Array;
use crate::chunk::Element;

/// What an operation on an array takes as its other side: `&array`, `array`, or a scalar of the same type.
///
/// ```
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x = Array::<f64>::from_fn(&[4], &[2], |at| at[0] as f64);
/// let y = x.maximum(2.0).minimum(&x.square());
/// assert_eq!(session.compute(&y)?.into_raw_vec_and_offset().0, [0.0, 1.0, 2.0, 3.0]);
/// # Ok::<(), thermocline::Error>(())
/// ```
pub trait Operand<T: Element> {
    /// Itself, as one of the two.
    fn side(self) -> Side<T>;
}

/// An array or a scalar.
#[derive(Clone, Debug)]
pub enum Side<T: Element> {
    /// An array, that is broadcast.
    Array(Array<T>),
    /// A scalar.
    Scalar(T),
}

impl<T: Element> Operand<T> for T {
    fn side(self) -> Side<T> {
        Side::Scalar(self)
    }
}

impl<T: Element> Operand<T> for Array<T> {
    fn side(self) -> Side<T> {
        Side::Array(self)
    }
}

impl<T: Element> Operand<T> for &Array<T> {
    fn side(self) -> Side<T> {
        Side::Array(self.clone())
    }
}

/// A scalar as an array without axes: `Array::from(2.0).power(&x)`.
impl<T: Element> From<T> for Array<T> {
    fn from(value: T) -> Self {
        Self::full(&[], value, "auto")
    }
}

impl<T: Element> Operand<T> for Side<T> {
    fn side(self) -> Self {
        self
    }
}
