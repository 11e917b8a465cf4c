//! Which number type a data set holds.

use ::hdf5::Datatype;

use super::raw::{self, Class};
use crate::chunk::DType;

/// A type of stored numbers, in this machine's byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
}

/// Evaluates an expression with a type's name bound to the Rust type that a [`Number`] stands for.
macro_rules! with_number {
    ($number:expr, $S:ident => $body:expr) => {
        with_number!(@ $number, $S, $body, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64)
    };
    (@ $number:expr, $S:ident, $body:expr, $($name:ident $t:ty),+) => {
        match $number {
            $($crate::io::hdf5::dtype::Number::$name => {
                type $S = $t;
                $body
            })+
        }
    };
}
pub(super) use with_number;

impl Number {
    /// Bytes of one.
    pub(crate) fn size(self) -> usize {
        with_number!(self, S => size_of::<S>())
    }

    /// Its name at run time.
    pub(crate) fn dtype(self) -> DType {
        with_number!(self, S => <S as crate::chunk::Element>::DTYPE)
    }

    /// Whether it is an integer.
    pub(crate) fn is_integer(self) -> bool {
        !matches!(self, Self::F32 | Self::F64)
    }

    /// The same bits as an unsigned integer, or as a signed one; floats stay.
    pub(crate) fn with_sign(self, signed: bool) -> Self {
        match (self, signed) {
            (Self::I8 | Self::U8, true) => Self::I8,
            (Self::I16 | Self::U16, true) => Self::I16,
            (Self::I32 | Self::U32, true) => Self::I32,
            (Self::I64 | Self::U64, true) => Self::I64,
            (Self::I8 | Self::U8, false) => Self::U8,
            (Self::I16 | Self::U16, false) => Self::U16,
            (Self::I32 | Self::U32, false) => Self::U32,
            (Self::I64 | Self::U64, false) => Self::U64,
            (Self::F32 | Self::F64, _) => self,
        }
    }

    fn all() -> [Self; 10] {
        use Number::{F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
        [I8, I16, I32, I64, U8, U16, U32, U64, F32, F64]
    }

    /// The library's description of it.
    pub(super) fn native(self) -> ::hdf5::Result<Datatype> {
        with_number!(self, S => Datatype::from_type::<S>())
    }

    /// The smallest that holds integers of `size` bytes.
    fn integer(size: usize, signed: bool) -> Option<Self> {
        let number = match size {
            1 => Self::I8,
            2 => Self::I16,
            3 | 4 => Self::I32,
            5..=8 => Self::I64,
            _ => return None,
        };
        Some(number.with_sign(signed))
    }
}

/// What a data set's type is to us.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Detected {
    /// Stored as this machine has it in memory.
    Exact(Number),
    /// Numbers in another form, which the library converts to these.
    Foreign(Number),
    /// No numbers, or none that fit. What they are.
    Unsupported(String),
}

/// Compares with `H5Tequal`, because a descriptor does not tell byte order, precision or offset.
pub(crate) fn detect(dtype: &Datatype) -> Detected {
    let equal = |number: &Number| with_number!(*number, S => dtype.is::<S>());
    if let Some(number) = Number::all().into_iter().find(equal) {
        return Detected::Exact(number);
    }
    let foreign = match (raw::class(dtype), dtype.size()) {
        (Class::Integer { signed }, size) => Number::integer(size, signed),
        (Class::Float, 1..=4) => Some(Number::F32),
        (Class::Float, 5..=8) => Some(Number::F64),
        _ => None,
    };
    foreign.map_or_else(|| Detected::Unsupported(dtype.to_string()), Detected::Foreign)
}
