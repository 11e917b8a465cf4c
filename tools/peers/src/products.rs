//! Products of matrices, and their like.

use thermocline::array::TensorAxes;

use crate::case::Step;
use crate::value::{Value, array, on};

pub(crate) fn apply(step: &Step, operands: &[&Value]) -> Option<Value> {
    let [x, y] = operands else { return None };
    Some(match &step.name[..] {
        "matmul" => on!(all x, y, |a, b| a.matmul(&array(b))),
        "dot" => on!(all x, y, |a, b| a.dot(&array(b))),
        "outer" => on!(all x, y, |a, b| a.outer(&array(b))),
        "tensordot" => on!(all x, y, |a, b| a.tensordot(&array(b), step.need::<Summed>("axes"))),
        _ => return None,
    })
}

/// How many of the last and first axes are summed over; or which of either.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Summed {
    Many(usize),
    Named(Vec<i32>, Vec<i32>),
}

impl TensorAxes for Summed {
    fn pairs(&self, left: usize, right: usize) -> (Vec<i32>, Vec<i32>) {
        match self {
            Self::Many(many) => many.pairs(left, right),
            Self::Named(a, b) => (&a[..], &b[..]).pairs(left, right),
        }
    }
}
