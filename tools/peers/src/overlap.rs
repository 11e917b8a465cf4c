//! Functions of blocks and of what is around them. Each asks of a value's window only what is there, so that the result
//! depends on the boundary alone, not on the chunks.

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use thermocline::array::{Arithmetic, Boundary, Overlap};
use thermocline::chunk::Element;

use crate::case::Step;
use crate::value::{Value, on, scalar};

pub(crate) fn apply(step: &Step, operands: &[&Value]) -> Option<Value> {
    let (x, fill) = match operands {
        [x] => (*x, None),
        [x, fill] => (*x, Some(*fill)),
        _ => return None,
    };
    if step.name != "window_sum" {
        return None;
    }
    let depth: Vec<usize> = step.need("depth");
    let around = depth.clone();
    Some(match fill {
        None => on!(numbers x, |a| a.map_overlap(overlap(step, &depth, None)?, move |b, _| window_sum(&b, &around))),
        Some(fill) => on!(numbers x, fill, |a, fill| {
            a.map_overlap(overlap(step, &depth, Some(scalar(fill)?))?, move |b, _| window_sum(&b, &around))
        }),
    })
}

/// The boundaries by Dask's names; the constant is an operand.
fn overlap<T: Element>(step: &Step, depth: &[usize], fill: Option<T>) -> Option<Overlap<T>> {
    let boundary = |name: &String| {
        Some(match (&name[..], fill) {
            ("none", _) => Boundary::None,
            ("periodic", _) => Boundary::Periodic,
            ("reflect", _) => Boundary::Reflect,
            ("nearest", _) => Boundary::Nearest,
            ("constant", Some(fill)) => Boundary::Constant(fill),
            _ => return None,
        })
    };
    let boundaries: Vec<_> = step.need::<Vec<String>>("boundaries").iter().map(boundary).collect::<Option<_>>()?;
    Some(Overlap::new(depth).boundaries(&boundaries))
}

/// The sum of what is at most `depth` away along each axis.
fn window_sum<T: Arithmetic>(block: &ArrayViewD<'_, T>, depth: &[usize]) -> ArrayD<T> {
    let shape = block.shape();
    let widths: Vec<usize> = depth.iter().map(|depth| 2 * depth + 1).collect();
    ArrayD::from_shape_fn(shape, |at| {
        let mut sum = T::default();
        for offset in ndarray::indices(&widths[..]) {
            let place = (0..shape.len()).map(|axis| (at[axis] + offset[axis]).checked_sub(depth[axis]));
            let place: Option<Vec<usize>> = place.collect();
            if let Some(&value) = place.and_then(|place| block.get(IxDyn(&place))) {
                sum = T::plus(sum, value);
            }
        }
        sum
    })
}
