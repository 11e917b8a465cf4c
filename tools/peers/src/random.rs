//! Random arrays: the last of `streams` that a generator makes from a seed.

use thermocline::array::random::Generator;
use thermocline::array::ufunc::Side;

use crate::case::Step;
use crate::value::Value;

pub(crate) fn apply(step: &Step, operands: &[&Value]) -> Option<Value> {
    let [x, y] = operands else { return None };
    macro_rules! of {
        ($function:ident: $($variant:ident)+) => {
            match (x, y) {
                $((&&Value::$variant(Side::Scalar(x)), &&Value::$variant(Side::Scalar(y))) => {
                    let (shape, chunks) = (step.need::<Vec<usize>>("shape"), step.need::<Vec<i64>>("chunks"));
                    let mut generator = Generator::new(step.need("seed"));
                    for _ in 1..step.need("streams") {
                        drop(generator.$function(x, y, &shape, &chunks));
                    }
                    Value::from(generator.$function(x, y, &shape, &chunks))
                })+
                _ => return None,
            }
        };
    }
    Some(match &step.name[..] {
        "uniform" => of!(uniform: F32 F64),
        "normal" => of!(normal: F32 F64),
        "integers" => of!(integers: I8 I16 I32 I64 U8 U16 U32 U64),
        _ => return None,
    })
}
