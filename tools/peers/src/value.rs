//! Arrays and scalars whose type is known at run time, and how a table of operations reaches the typed ones inside.

use thermocline::array::ufunc::Side;
use thermocline::chunk::{DType, Element};
use thermocline::{Array, Complex, Session};

use crate::case::{Input, Outcome};

/// Elements as little-endian bytes.
pub(crate) trait Raw: Element {
    fn read(bytes: &[u8]) -> Self;
    fn write(self, bytes: &mut Vec<u8>);
}

macro_rules! raw_numbers {
    ($($t:ty),+) => {$(
        impl Raw for $t {
            fn read(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$t>()];
                own.copy_from_slice(bytes);
                Self::from_le_bytes(own)
            }
            fn write(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
        }
    )+};
}

raw_numbers!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl Raw for bool {
    fn read(bytes: &[u8]) -> Self {
        bytes != [0]
    }
    fn write(self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(self));
    }
}

macro_rules! raw_complex {
    ($($part:ty),+) => {$(
        impl Raw for Complex<$part> {
            fn read(bytes: &[u8]) -> Self {
                let (re, im) = bytes.split_at(size_of::<$part>());
                Self::new(Raw::read(re), Raw::read(im))
            }
            fn write(self, bytes: &mut Vec<u8>) {
                self.re.write(bytes);
                self.im.write(bytes);
            }
        }
    )+};
}

raw_complex!(f32, f64);

/// What a session made of an array.
#[derive(PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

/// The array that a side is, a scalar without axes.
pub(crate) fn array<T: Element>(side: &Side<T>) -> Array<T> {
    match side {
        Side::Array(array) => array.clone(),
        Side::Scalar(scalar) => Array::from(*scalar),
    }
}

/// The scalar that a side is.
pub(crate) fn scalar<T: Element>(side: &Side<T>) -> Option<T> {
    match side {
        Side::Array(_) => None,
        Side::Scalar(scalar) => Some(*scalar),
    }
}

fn read<T: Raw>(input: &Input, bytes: &[u8]) -> Side<T> {
    let count: usize = input.shape.iter().product();
    let own = &bytes[input.offset..input.offset + count * size_of::<T>()];
    let values: Vec<T> = own.chunks_exact(size_of::<T>()).map(T::read).collect();
    if input.scalar {
        return Side::Scalar(values[0]);
    }
    #[expect(clippy::unwrap_used, reason = "as many values as the shape has were read")]
    let values = ndarray::ArrayD::from_shape_vec(&input.shape[..], values).unwrap();
    Side::Array(Array::from_ndarray(values, &input.chunks))
}

fn compute<T: Raw>(array: &Array<T>, session: &Session) -> Result<Answer, Outcome> {
    let values = session.compute(array)?;
    let mut bytes = Vec::with_capacity(values.len() * size_of::<T>());
    values.iter().for_each(|value| value.write(&mut bytes));
    Ok(Answer { dtype: T::DTYPE, shape: values.shape().to_vec(), bytes })
}

macro_rules! values {
    ($($variant:ident $t:ty;)+) => {
        /// An array or a scalar of any type.
        #[derive(Clone)]
        pub(crate) enum Value {
            $($variant(Side<$t>),)+
        }

        impl Value {
            /// An input of a case.
            pub(crate) fn read(input: &Input, bytes: &[u8]) -> Result<Self, Outcome> {
                match &input.dtype[..] {
                    $(name if name == <$t as Element>::DTYPE.name() => Ok(Self::$variant(read(input, bytes))),)+
                    other => Err(Outcome::Broken(format!("no type of an array: {other}"))),
                }
            }

            /// Its values.
            pub(crate) fn compute(&self, session: &Session) -> Result<Answer, Outcome> {
                match self {
                    $(Self::$variant(side) => compute(&array(side), session),)+
                }
            }

            /// Itself, or the error that it carries.
            pub(crate) fn checked(self) -> Result<Self, Outcome> {
                match &self {
                    $(Self::$variant(Side::Array(array)) => drop(array.clone().checked()?),)+
                    _ => {}
                }
                Ok(self)
            }
        }

        $(
            impl From<Array<$t>> for Value {
                fn from(array: Array<$t>) -> Self {
                    Self::$variant(Side::Array(array))
                }
            }
        )+
    };
}

values! {
    Bool bool;
    I8 i8;
    I16 i16;
    I32 i32;
    I64 i64;
    U8 u8;
    U16 u16;
    U32 u32;
    U64 u64;
    F32 f32;
    F64 f64;
    C64 Complex<f32>;
    C128 Complex<f64>;
}

/// `on!(class x, |a| body)`: `body` with `a` the array in the value `x`; with `(class x, y, |a, b| body)`, `b` is the side
/// in `y`, of the same type. Returns `None` from the function around it where the type is not of the class.
///
/// `reals` are bools, integers and floats; `numbers` the same without bools; `floats` are complex ones, too.
macro_rules! on {
    (all $($rest:tt)+) => { on!(@ [Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 C64 C128] $($rest)+) };
    (arithmetic $($rest:tt)+) => { on!(@ [I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 C64 C128] $($rest)+) };
    (reals $($rest:tt)+) => { on!(@ [Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64] $($rest)+) };
    (numbers $($rest:tt)+) => { on!(@ [I8 I16 I32 I64 U8 U16 U32 U64 F32 F64] $($rest)+) };
    (bits $($rest:tt)+) => { on!(@ [Bool I8 I16 I32 I64 U8 U16 U32 U64] $($rest)+) };
    (integers $($rest:tt)+) => { on!(@ [I8 I16 I32 I64 U8 U16 U32 U64] $($rest)+) };
    (floats $($rest:tt)+) => { on!(@ [F32 F64 C64 C128] $($rest)+) };
    (real_floats $($rest:tt)+) => { on!(@ [F32 F64] $($rest)+) };
    (complex $($rest:tt)+) => { on!(@ [C64 C128] $($rest)+) };
    (@ [$($variant:ident)+] $x:expr, |$a:ident| $body:expr) => {
        match $x {
            $($crate::value::Value::$variant(side) => {
                let $a = $crate::value::array(side);
                $crate::value::Value::from($body)
            })+
            #[allow(unreachable_patterns, reason = "a class may be all types")]
            _ => return None,
        }
    };
    (@ [$($variant:ident)+] $x:expr, $y:expr, |$a:ident, $b:ident| $body:expr) => {
        match ($x, $y) {
            $(($crate::value::Value::$variant(side), $crate::value::Value::$variant($b)) => {
                let $a = $crate::value::array(side);
                $crate::value::Value::from($body)
            })+
            _ => return None,
        }
    };
}
pub(crate) use on;
