//! Operations element by element.

use thermocline::array::Tolerance;
use thermocline::array::ufunc::Side;

use crate::case::Step;
use crate::value::{Value, on};

pub(crate) fn apply(step: &Step, operands: &[&Value]) -> Option<Value> {
    match operands {
        [x] => of_one(step, x),
        [x, y] => of_two(step, x, y),
        [x, y, z] => of_three(step, x, y, z),
        _ => None,
    }
}

fn of_one(step: &Step, x: &Value) -> Option<Value> {
    Some(match &step.name[..] {
        "negative" => on!(arithmetic x, |a| -a),
        "abs" => on!(arithmetic x, |a| a.abs()),
        "sign" => on!(arithmetic x, |a| a.sign()),
        "square" => on!(arithmetic x, |a| a.square()),
        "reciprocal" => on!(arithmetic x, |a| a.reciprocal()),
        "real" => on!(arithmetic x, |a| a.real()),
        "imag" => on!(arithmetic x, |a| a.imag()),
        "conj" => on!(arithmetic x, |a| a.conj()),
        "exp" => on!(all x, |a| a.exp()),
        "exp2" => on!(all x, |a| a.exp2()),
        "expm1" => on!(all x, |a| a.expm1()),
        "log" => on!(all x, |a| a.log()),
        "log2" => on!(all x, |a| a.log2()),
        "log10" => on!(all x, |a| a.log10()),
        "log1p" => on!(all x, |a| a.log1p()),
        "sqrt" => on!(all x, |a| a.sqrt()),
        "sin" => on!(all x, |a| a.sin()),
        "cos" => on!(all x, |a| a.cos()),
        "tan" => on!(all x, |a| a.tan()),
        "arcsin" => on!(all x, |a| a.arcsin()),
        "arccos" => on!(all x, |a| a.arccos()),
        "arctan" => on!(all x, |a| a.arctan()),
        "sinh" => on!(all x, |a| a.sinh()),
        "cosh" => on!(all x, |a| a.cosh()),
        "tanh" => on!(all x, |a| a.tanh()),
        "arcsinh" => on!(all x, |a| a.arcsinh()),
        "arccosh" => on!(all x, |a| a.arccosh()),
        "arctanh" => on!(all x, |a| a.arctanh()),
        "angle" => on!(all x, |a| a.angle()),
        "cbrt" => on!(reals x, |a| a.cbrt()),
        "degrees" => on!(reals x, |a| a.degrees()),
        "radians" => on!(reals x, |a| a.radians()),
        "signbit" => on!(reals x, |a| a.signbit()),
        "isnan" => on!(all x, |a| a.isnan()),
        "isfinite" => on!(all x, |a| a.isfinite()),
        "isinf" => on!(all x, |a| a.isinf()),
        "floor" => on!(real_floats x, |a| a.floor()),
        "ceil" => on!(real_floats x, |a| a.ceil()),
        "trunc" => on!(real_floats x, |a| a.trunc()),
        "rint" => on!(real_floats x, |a| a.rint()),
        "round" => on!(numbers x, |a| a.round(step.need("decimals"))),
        "nan_to_num" => on!(floats x, |a| a.nan_to_num()),
        "logical_not" => on!(all x, |a| a.logical_not()),
        "invert" => on!(bits x, |a| !a),
        "broadcast_to" => on!(all x, |a| a.broadcast_to(&step.need::<Vec<usize>>("shape"))),
        "astype" => return cast(step, x),
        _ => return None,
    })
}

/// `a + b` and its like: an array, or a scalar on either side.
macro_rules! operator {
    ($x:expr, $y:expr, $operator:tt: $($variant:ident)+) => {
        match ($x, $y) {
            $(
                (Value::$variant(Side::Array(a)), Value::$variant(Side::Array(b))) => Value::from(a $operator b),
                (Value::$variant(Side::Array(a)), Value::$variant(Side::Scalar(b))) => Value::from(a $operator *b),
                (Value::$variant(Side::Scalar(a)), Value::$variant(Side::Array(b))) => Value::from(*a $operator b),
            )+
            _ => return None,
        }
    };
    ($x:expr, $y:expr, $operator:tt) => {
        operator!($x, $y, $operator: I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 C64 C128)
    };
}

fn of_two(step: &Step, x: &Value, y: &Value) -> Option<Value> {
    Some(match &step.name[..] {
        "add" => operator!(x, y, +),
        "subtract" => operator!(x, y, -),
        "multiply" => operator!(x, y, *),
        "/" => operator!(x, y, /),
        "divide" => on!(all x, y, |a, b| a.divide(b.clone())),
        "power" => on!(arithmetic x, y, |a, b| a.power(b.clone())),
        "floor_divide" => on!(numbers x, y, |a, b| a.floor_divide(b.clone())),
        "remainder" => on!(numbers x, y, |a, b| a.remainder(b.clone())),
        "fmod" => on!(numbers x, y, |a, b| a.fmod(b.clone())),
        "maximum" => on!(reals x, y, |a, b| a.maximum(b.clone())),
        "minimum" => on!(reals x, y, |a, b| a.minimum(b.clone())),
        "fmax" => on!(reals x, y, |a, b| a.fmax(b.clone())),
        "fmin" => on!(reals x, y, |a, b| a.fmin(b.clone())),
        "hypot" => on!(reals x, y, |a, b| a.hypot(b.clone())),
        "arctan2" => on!(reals x, y, |a, b| a.arctan2(b.clone())),
        "copysign" => on!(reals x, y, |a, b| a.copysign(b.clone())),
        "equal" => on!(all x, y, |a, b| a.equal(b.clone())),
        "not_equal" => on!(all x, y, |a, b| a.not_equal(b.clone())),
        "less" => on!(reals x, y, |a, b| a.less(b.clone())),
        "less_equal" => on!(reals x, y, |a, b| a.less_equal(b.clone())),
        "greater" => on!(reals x, y, |a, b| a.greater(b.clone())),
        "greater_equal" => on!(reals x, y, |a, b| a.greater_equal(b.clone())),
        "logical_and" => on!(all x, y, |a, b| a.logical_and(b.clone())),
        "logical_or" => on!(all x, y, |a, b| a.logical_or(b.clone())),
        "logical_xor" => on!(all x, y, |a, b| a.logical_xor(b.clone())),
        "bitwise_and" => on!(bits x, y, |a, b| a.bitwise_and(b.clone())),
        "bitwise_or" => on!(bits x, y, |a, b| a.bitwise_or(b.clone())),
        "bitwise_xor" => on!(bits x, y, |a, b| a.bitwise_xor(b.clone())),
        "left_shift" => on!(integers x, y, |a, b| a.left_shift(b.clone())),
        "right_shift" => on!(integers x, y, |a, b| a.right_shift(b.clone())),
        "isclose" => {
            let equal_nan = step.option("equal_nan").unwrap_or(false);
            on!(all x, y, |a, b| a.isclose(b.clone(), Tolerance { equal_nan, ..Tolerance::default() }))
        }
        _ => return None,
    })
}

macro_rules! of_same_type {
    ($y:expr, $z:expr, |$b:ident, $c:ident| $body:expr; $($variant:ident)+) => {
        match ($y, $z) {
            $((Value::$variant($b), Value::$variant($c)) => Value::from($body),)+
            _ => return None,
        }
    };
}

fn of_three(step: &Step, x: &Value, y: &Value, z: &Value) -> Option<Value> {
    Some(match (&step.name[..], x) {
        ("where", Value::Bool(Side::Array(mask))) => of_same_type!(
            y, z, |b, c| mask.where_(b.clone(), c.clone());
            Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 C64 C128),
        ("clip", _) => clip(x, y, z)?,
        _ => return None,
    })
}

fn clip(x: &Value, y: &Value, z: &Value) -> Option<Value> {
    macro_rules! clip {
        ($($variant:ident)+) => {
            match (x, y, z) {
                $((Value::$variant(Side::Array(a)), Value::$variant(b), Value::$variant(c)) => {
                    Value::from(a.clip(b.clone(), c.clone()))
                })+
                _ => return None,
            }
        };
    }
    Some(clip!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64))
}

fn cast(step: &Step, x: &Value) -> Option<Value> {
    macro_rules! to {
        ($from:ident: $($name:literal $to:ty),+) => {
            match &step.need::<String>("dtype")[..] {
                $($name => Value::from(on!($from x, |a| a.astype::<$to>())),)+
                _ => return None,
            }
        };
    }
    let real = !matches!(x, Value::C64(_) | Value::C128(_));
    Some(if real {
        to!(reals: "bool" bool, "int8" i8, "int16" i16, "int32" i32, "int64" i64, "uint8" u8, "uint16" u16, "uint32" u32,
            "uint64" u64, "float32" f32, "float64" f64, "complex64" thermocline::Complex<f32>,
            "complex128" thermocline::Complex<f64>)
    } else {
        to!(complex: "bool" bool, "complex64" thermocline::Complex<f32>, "complex128" thermocline::Complex<f64>)
    })
}
