//! Operations on the places of values: parts, joins, axes, chunks.

use thermocline::Array;
use thermocline::array::ufunc::Side;
use thermocline::array::{Pad, Slice};

use crate::case::Step;
use crate::value::{Value, array, on, scalar};

pub(crate) fn apply(step: &Step, operands: &[&Value]) -> Option<Value> {
    let found = match operands {
        [x] => of_one(step, x),
        [x, fill] => padded(step, x, fill),
        [x, mask, fill] => masked(step, x, mask, fill),
        _ => None,
    };
    found.or_else(|| of_several(step, operands))
}

fn of_one(step: &Step, x: &Value) -> Option<Value> {
    let axes = &step.axes();
    Some(match &step.name[..] {
        "slice" => on!(all x, |a| a.slice(&slices(step))),
        "rechunk" => on!(all x, |a| a.rechunk(&step.need::<Vec<i64>>("chunks"))),
        "transpose" => on!(all x, |a| a.transpose()),
        "permute_axes" => on!(all x, |a| a.permute_axes(&step.need::<Vec<i32>>("axes"))),
        "swapaxes" => on!(all x, |a| a.swapaxes(step.need("axis1"), step.need("axis2"))),
        "moveaxis" => on!(all x, |a| a.moveaxis(step.need("source"), step.need("destination"))),
        "expand_dims" => on!(all x, |a| a.expand_dims(step.need("axis"))),
        "squeeze" => on!(all x, |a| a.squeeze(axes)),
        "atleast_nd" => on!(all x, |a| a.atleast_nd(step.need("ndim"))),
        "reshape" => on!(all x, |a| a.reshape(&step.need::<Vec<isize>>("shape"))),
        "ravel" => on!(all x, |a| a.ravel()),
        "flatten" => on!(all x, |a| a.flatten()),
        "flip" => on!(all x, |a| a.flip(axes)),
        "roll" => on!(all x, |a| a.roll(step.need("shift"), step.need("axis"))),
        "repeat" => on!(all x, |a| a.repeat(step.need("repeats"), step.need("axis"))),
        "tile" => on!(all x, |a| a.tile(&step.need::<Vec<usize>>("reps"))),
        "take" => on!(all x, |a| a.take(&step.need::<Vec<isize>>("indices"), step.need("axis"))),
        "index_axis" => on!(all x, |a| a.index_axis(step.need("axis"), step.need("index"))),
        "pad" => on!(all x, |a| a.pad(&widths(step), pad(step)?)),
        _ => return None,
    })
}

fn slices(step: &Step) -> Vec<Slice> {
    let slices: Vec<(Option<isize>, Option<isize>, isize)> = step.need("slices");
    slices.into_iter().map(|(start, stop, step)| Slice::new(start, stop, step)).collect()
}

fn widths(step: &Step) -> Vec<(usize, usize)> {
    step.need("pad_width")
}

/// What is padded with, where it is not a value.
fn pad<T>(step: &Step) -> Option<Pad<T>> {
    Some(match &step.need::<String>("mode")[..] {
        "edge" => Pad::Edge,
        "reflect" => Pad::Reflect,
        "symmetric" => Pad::Symmetric,
        "wrap" => Pad::Wrap,
        _ => return None,
    })
}

fn padded(step: &Step, x: &Value, fill: &Value) -> Option<Value> {
    (step.name == "pad").then_some(())?;
    Some(on!(all x, fill, |a, fill| a.pad(&widths(step), Pad::Constant(scalar(fill)?))))
}

fn masked(step: &Step, x: &Value, mask: &Value, fill: &Value) -> Option<Value> {
    (step.name == "masked").then_some(())?;
    let Value::Bool(Side::Array(mask)) = mask else { return None };
    Some(on!(all x, fill, |a, fill| a.masked(mask, scalar(fill)?)))
}

/// The arrays in `operands`, which are all of the type of the first.
macro_rules! join {
    ($operands:expr, |$list:ident| $body:expr; $($variant:ident)+) => {
        match $operands.first()? {
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
    ($operands:expr, |$list:ident| $body:expr) => {
        join!($operands, |$list| $body; Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 C64 C128)
    };
}

fn of_several(step: &Step, operands: &[&Value]) -> Option<Value> {
    Some(match &step.name[..] {
        "concatenate" => join!(operands, |list| Array::concatenate(&list, step.need("axis"))),
        "stack" => join!(operands, |list| Array::stack(&list, step.need("axis"))),
        "hstack" => join!(operands, |list| Array::hstack(&list)),
        "vstack" => join!(operands, |list| Array::vstack(&list)),
        _ => return None,
    })
}
