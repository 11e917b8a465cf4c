//! Every operation element by element against a plain loop: a line each.

use ndarray::{ArrayD, IxDyn};
use thermocline::{Array, ndarray};

use crate::operands::{Bench, Sample};

/// A name, the operation, and what it is of one value.
type Unary<T, U> = (&'static str, fn(&Array<T>) -> Array<U>, fn(T) -> U);

fn check_unary<T: Sample, U: Sample>(bench: &mut Bench, table: &[Unary<T, U>]) {
    for (name, lazy, of_one) in table {
        for _ in 0..12 {
            bench.turn();
            let shape = bench.shape();
            let x = bench.operand::<T>(&shape);
            bench.assert_is(&lazy(&x.lazy), &x.dense.mapv(of_one), &format!("{name} of {}", T::DTYPE));
        }
    }
}

/// A name, the operation with an array, the one with a scalar, and what it is of two values.
type Binary<T, U> = (&'static str, fn(&Array<T>, &Array<T>) -> Array<U>, fn(&Array<T>, T) -> Array<U>, fn(T, T) -> U);

/// A binary operation as a line of a table: both forms from one name.
macro_rules! binary {
    ($name:ident, $of_two:expr) => {
        (stringify!($name), |x, y| x.$name(y), |x, y| x.$name(y), $of_two)
    };
}

fn broadcast<T: Sample>(dense: &ArrayD<T>, shape: &[usize]) -> ArrayD<T> {
    dense.broadcast(IxDyn(shape)).unwrap().to_owned()
}

fn check_binary<T: Sample, U: Sample>(bench: &mut Bench, table: &[Binary<T, U>]) {
    for (name, arrays, scalar, of_two) in table {
        for round in 0..12 {
            bench.turn();
            let shape = bench.shape();
            let mut pair = (shape.clone(), bench.partner(&shape));
            if round % 2 == 1 {
                pair = (pair.1, pair.0);
            }
            let (x, y) = (bench.operand::<T>(&pair.0), bench.operand::<T>(&pair.1));
            let expected: Vec<U> = broadcast(&x.dense, &shape)
                .iter()
                .zip(&broadcast(&y.dense, &shape))
                .map(|(&x, &y)| of_two(x, y))
                .collect();
            let expected = ArrayD::from_shape_vec(IxDyn(&shape), expected).unwrap();
            bench.assert_is(&arrays(&x.lazy, &y.lazy), &expected, &format!("{name} of {}", T::DTYPE));
            let right = T::sample(&mut bench.random);
            let expected = x.dense.mapv(|x| of_two(x, right));
            bench.assert_is(&scalar(&x.lazy, right), &expected, &format!("{name} of {} and {right}", T::DTYPE));
        }
    }
}

mod comparisons;
mod complex;
mod edges;
mod floats;
mod integers;
