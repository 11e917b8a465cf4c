//! Arrays made from nothing, or like another.

use thermocline::Array;
use thermocline::array::ufunc::Side;

use crate::case::Step;
use crate::value::{Value, on};

pub(crate) fn apply(step: &Step, operands: &[&Value]) -> Option<Value> {
    match operands {
        [] => from_nothing(step),
        [x] => like(step, x),
        [x, y] => of_two(step, x, y),
        [x, y, z] => of_three(step, x, y, z),
        _ => None,
    }
}

/// `$body` with `T` the type that the option `dtype` names.
macro_rules! of_type {
    ($step:expr, $t:ident => $body:expr; $($name:literal $type:ty),+) => {
        match &$step.need::<String>("dtype")[..] {
            $($name => {
                type $t = $type;
                Value::from($body)
            })+
            _ => return None,
        }
    };
    ($step:expr, $t:ident => $body:expr) => {
        of_type!($step, $t => $body; "int8" i8, "int16" i16, "int32" i32, "int64" i64, "uint8" u8, "uint16" u16,
            "uint32" u32, "uint64" u64, "float32" f32, "float64" f64, "complex64" thermocline::Complex<f32>,
            "complex128" thermocline::Complex<f64>)
    };
}

/// `$body` of scalars of one type.
macro_rules! of_scalars {
    ($x:expr, |$a:ident| $body:expr; $($variant:ident)+) => {
        match $x {
            $(&Value::$variant(Side::Scalar($a)) => Value::from($body),)+
            _ => return None,
        }
    };
    ($x:expr, $y:expr, |$a:ident, $b:ident| $body:expr; $($variant:ident)+) => {
        match ($x, $y) {
            $((&Value::$variant(Side::Scalar($a)), &Value::$variant(Side::Scalar($b))) => Value::from($body),)+
            _ => return None,
        }
    };
    ($x:expr, $y:expr, $z:expr, |$a:ident, $b:ident, $c:ident| $body:expr; $($variant:ident)+) => {
        match ($x, $y, $z) {
            $((
                &Value::$variant(Side::Scalar($a)),
                &Value::$variant(Side::Scalar($b)),
                &Value::$variant(Side::Scalar($c)),
            ) => Value::from($body),)+
            _ => return None,
        }
    };
}

fn from_nothing(step: &Step) -> Option<Value> {
    let shape = || step.need::<Vec<usize>>("shape");
    let chunks = &step.need::<Vec<i64>>("chunks");
    Some(match &step.name[..] {
        "zeros" => of_type!(step, T => Array::<T>::zeros(&shape(), chunks)),
        "ones" => of_type!(step, T => Array::<T>::ones(&shape(), chunks)),
        "eye" => of_type!(step, T => Array::<T>::eye(step.need("rows"), step.need("columns"), step.need("k"), chunks)),
        "identity" => of_type!(step, T => Array::<T>::identity(step.need("rows"), chunks)),
        _ => return None,
    })
}

fn like(step: &Step, x: &Value) -> Option<Value> {
    Some(match &step.name[..] {
        "zeros_like" => on!(all x, |a| a.zeros_like()),
        "ones_like" => on!(arithmetic x, |a| a.ones_like()),
        "full" => {
            let (shape, chunks) = (step.need::<Vec<usize>>("shape"), step.need::<Vec<i64>>("chunks"));
            of_scalars!(x, |value| Array::full(&shape, value, &chunks);
                Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 C64 C128)
        }
        _ => return None,
    })
}

fn of_two(step: &Step, x: &Value, y: &Value) -> Option<Value> {
    Some(match &step.name[..] {
        "full_like" => full_like(x, y)?,
        "linspace" => {
            let (count, chunks) = (step.need("count"), &step.need::<Vec<i64>>("chunks"));
            if step.option("endpoint").unwrap_or(true) {
                of_scalars!(x, y, |start, stop| Array::linspace(start, stop, count, chunks); F32 F64)
            } else {
                of_scalars!(x, y, |start, stop| Array::linspace_open(start, stop, count, chunks); F32 F64)
            }
        }
        _ => return None,
    })
}

fn full_like(x: &Value, value: &Value) -> Option<Value> {
    macro_rules! like {
        ($($variant:ident)+) => {
            match (x, value) {
                $((Value::$variant(Side::Array(a)), Value::$variant(Side::Scalar(value))) => {
                    Value::from(a.full_like(*value))
                })+
                _ => return None,
            }
        };
    }
    Some(like!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 C64 C128))
}

fn of_three(step: &Step, start: &Value, stop: &Value, by: &Value) -> Option<Value> {
    (step.name == "arange").then_some(())?;
    let chunks = &step.need::<Vec<i64>>("chunks");
    Some(of_scalars!(start, stop, by, |start, stop, by| Array::arange(start, stop, by, chunks);
        I8 I16 I32 I64 U8 U16 U32 U64 F32 F64))
}
