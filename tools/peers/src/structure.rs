//! Operations on the places of values: parts, joins, chunks.

use thermocline::Array;
use thermocline::array::Slice;

use crate::case::Step;
use crate::value::{Value, array, on};

pub(crate) fn apply(step: &Step, operands: &[&Value]) -> Option<Value> {
    match operands {
        [x] => of_one(step, x),
        [_, _, ..] => of_several(step, operands),
        [] => None,
    }
}

fn of_one(step: &Step, x: &Value) -> Option<Value> {
    Some(match &step.name[..] {
        "slice" => on!(all x, |a| a.slice(&slices(step))),
        "rechunk" => on!(all x, |a| a.rechunk(&step.need::<Vec<i64>>("chunks"))),
        _ => return None,
    })
}

fn slices(step: &Step) -> Vec<Slice> {
    let slices: Vec<(Option<isize>, Option<isize>, isize)> = step.need("slices");
    slices.into_iter().map(|(start, stop, step)| Slice::new(start, stop, step)).collect()
}

/// The arrays in `operands`, which are all of the type of the first.
macro_rules! join {
    ($operands:expr, |$list:ident| $body:expr; $($variant:ident)+) => {
        match $operands[0] {
            $(Value::$variant(_) => {
                let $list = $operands.iter().map(|value| match value {
                    Value::$variant(side) => Some(array(side)),
                    _ => None,
                });
                let $list: Vec<Array<_>> = $list.collect::<Option<_>>()?;
                Value::from($body)
            })+
        }
    };
}

fn of_several(step: &Step, operands: &[&Value]) -> Option<Value> {
    Some(match &step.name[..] {
        "concatenate" => join!(operands, |list| Array::concatenate(&list, step.need("axis"));
            Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 C64 C128),
        _ => return None,
    })
}
