//! Which number type a data set holds.

use ::hdf5::Datatype;

use super::raw::{self, Class, Order};
use crate::chunk::{DType, Element};

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
    F16,
    F32,
    F64,
}

/// Evaluates an expression with a type's name bound to the Rust type that a [`Number`] stands for.
macro_rules! with_number {
    ($number:expr, $S:ident => $body:expr) => {
        with_number!(@ $number, $S, $body, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F16 crate::io::hdf5::half::Half, F32 f32, F64 f64)
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

    /// Its name at run time; of half floats, which no array holds, that of the smallest floats that hold them.
    pub(crate) fn dtype(self) -> DType {
        match self {
            Self::I8 => i8::DTYPE,
            Self::I16 => i16::DTYPE,
            Self::I32 => i32::DTYPE,
            Self::I64 => i64::DTYPE,
            Self::U8 => u8::DTYPE,
            Self::U16 => u16::DTYPE,
            Self::U32 => u32::DTYPE,
            Self::U64 => u64::DTYPE,
            Self::F16 | Self::F32 => f32::DTYPE,
            Self::F64 => f64::DTYPE,
        }
    }

    /// Its name as NumPy's files and type strings have it, the least byte first: `<f4`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::I8 => "|i1",
            Self::I16 => "<i2",
            Self::I32 => "<i4",
            Self::I64 => "<i8",
            Self::U8 => "|u1",
            Self::U16 => "<u2",
            Self::U32 => "<u4",
            Self::U64 => "<u8",
            Self::F16 => "<f2",
            Self::F32 => "<f4",
            Self::F64 => "<f8",
        }
    }

    /// Whether it is an integer.
    pub(crate) fn is_integer(self) -> bool {
        !matches!(self, Self::F16 | Self::F32 | Self::F64)
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
            (Self::F16 | Self::F32 | Self::F64, _) => self,
        }
    }

    fn all() -> [Self; 11] {
        use Number::{F16, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
        [I8, I16, I32, I64, U8, U16, U32, U64, F16, F32, F64]
    }

    /// The library's description of it.
    pub(super) fn native(self) -> ::hdf5::Result<Datatype> {
        match self {
            Self::I8 => Datatype::from_type::<i8>(),
            Self::I16 => Datatype::from_type::<i16>(),
            Self::I32 => Datatype::from_type::<i32>(),
            Self::I64 => Datatype::from_type::<i64>(),
            Self::U8 => Datatype::from_type::<u8>(),
            Self::U16 => Datatype::from_type::<u16>(),
            Self::U32 => Datatype::from_type::<u32>(),
            Self::U64 => Datatype::from_type::<u64>(),
            Self::F16 => raw::half(),
            Self::F32 => Datatype::from_type::<f32>(),
            Self::F64 => Datatype::from_type::<f64>(),
        }
    }

    /// What the library makes of `stored` elements on the way to these: bits are bits to it, no numbers.
    pub(super) fn in_memory(self, stored: &Datatype) -> ::hdf5::Result<Datatype> {
        if raw::class(stored) == Class::Bits { raw::bits(self.size()) } else { self.native() }
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
    /// The same with its bytes the other way round.
    Swapped(Number),
    /// Numbers in another form, which the library converts to these.
    Foreign(Number),
    /// No numbers, or none that fit. What they are.
    Unsupported(String),
}

/// Compares with `H5Tequal`, because a descriptor does not tell byte order, precision or offset. Of an enumeration its
/// integers count, and bit fields are integers without a sign: as in `h5py` and netCDF.
pub(crate) fn detect(dtype: &Datatype) -> Detected {
    let Ok(numbers) = raw::numbers_of(dtype) else { return Detected::Unsupported(dtype.to_string()) };
    let (class, size) = (raw::class(&numbers), numbers.size());
    let equal = |number: &Number, order: Order| {
        let native = if class == Class::Bits { raw::bits(number.size()) } else { number.native() };
        native.and_then(|native| raw::ordered(&native, order)).is_ok_and(|native| native == numbers)
    };
    let candidates = || Number::all().into_iter().filter(|number| number.size() == size);
    let of_class = |number: &Number| match class {
        Class::Bits => number.is_integer() && number.with_sign(false) == *number,
        _ => true,
    };
    for (order, detected) in [(Order::Native, Detected::Exact as fn(_) -> _), (Order::Swapped, Detected::Swapped)] {
        if let Some(number) = candidates().filter(of_class).find(|number| equal(number, order)) {
            return detected(number);
        }
    }
    let foreign = match (class, size) {
        (Class::Integer { signed }, size) => Number::integer(size, signed),
        (Class::Bits, size) => Number::integer(size, false),
        (Class::Float, 1..=4) => Some(Number::F32),
        (Class::Float, 5..=8) => Some(Number::F64),
        _ => None,
    };
    foreign.map_or_else(|| Detected::Unsupported(dtype.to_string()), Detected::Foreign)
}

/// Whether `dtype` is that of numbers of any size.
pub(crate) fn is_number(dtype: &Datatype) -> bool {
    matches!(raw::class(dtype), Class::Integer { .. } | Class::Float | Class::Bits)
}

/// Whether `dtype` is what `h5py` keeps truth values in: an enumeration of FALSE and TRUE in bytes.
pub(crate) fn is_truth(dtype: &Datatype) -> bool {
    use ::hdf5::types::TypeDescriptor;
    matches!(dtype.to_descriptor(), Ok(TypeDescriptor::Boolean))
}
