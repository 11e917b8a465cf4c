//! Products of arrays, against plain loops over indices. All sums are exact, so that their order does not matter.

use ndarray::{ArrayD, IxDyn};
use thermocline::array::{ChunkGrid, Product};
use thermocline::{Array, Complex, ndarray};

use crate::lab::{Kind, Lab, Sample, any_lazy, dense, lazy};
use crate::support::{Random, assert_at_rest, session};

/// Sums and products, as the library defines them.
trait Number: Sample + Product {
    fn add_product(self, a: Self, b: Self) -> Self;
}

macro_rules! exact {
    ($($t:ty),+) => {$(
        impl Number for $t {
            fn add_product(self, a: Self, b: Self) -> Self { self + a * b }
        }
    )+};
}

exact!(f32, f64, Complex<f32>, Complex<f64>);

impl Number for i64 {
    fn add_product(self, a: Self, b: Self) -> Self {
        self + a * b
    }
}

impl Number for i8 {
    fn add_product(self, a: Self, b: Self) -> Self {
        self.wrapping_add(a.wrapping_mul(b))
    }
}

impl Number for bool {
    fn add_product(self, a: Self, b: Self) -> Self {
        self || (a && b)
    }
}

fn index(at: &IxDyn) -> Vec<usize> {
    (0..ndarray::Dimension::ndim(at)).map(|axis| at[axis]).collect()
}

/// The sum over pairs of axes: this array's others, then the other's.
fn tensordot<T: Number>(a: &ArrayD<T>, b: &ArrayD<T>, pairs: &[(usize, usize)]) -> ArrayD<T> {
    let own = |shape: &[usize], summed: Vec<usize>| -> Vec<usize> {
        (0..shape.len()).filter(|axis| !summed.contains(axis)).collect()
    };
    let (left, right) = (
        own(a.shape(), pairs.iter().map(|pair| pair.0).collect()),
        own(b.shape(), pairs.iter().map(|pair| pair.1).collect()),
    );
    let lengths = |shape: &[usize], axes: &[usize]| -> Vec<usize> { axes.iter().map(|&axis| shape[axis]).collect() };
    let shape = [lengths(a.shape(), &left), lengths(b.shape(), &right)].concat();
    let summed: Vec<usize> = pairs.iter().map(|pair| a.shape()[pair.0]).collect();
    let inner = ArrayD::<u8>::zeros(IxDyn(&summed));
    ArrayD::from_shape_fn(IxDyn(&shape), |at| {
        let at = index(&at);
        let (mut i, mut j) = (vec![0; a.ndim()], vec![0; b.ndim()]);
        left.iter().zip(&at).for_each(|(&axis, &at)| i[axis] = at);
        right.iter().zip(&at[left.len()..]).for_each(|(&axis, &at)| j[axis] = at);
        inner.indexed_iter().fold(T::default(), |sum, (k, _)| {
            for (pair, at) in pairs.iter().zip(index(&k)) {
                (i[pair.0], j[pair.1]) = (at, at);
            }
            sum.add_product(a[IxDyn(&i)], b[IxDyn(&j)])
        })
    })
}

fn random_products<T: Number>(seeds: std::ops::Range<u64>) {
    let mut lab = Lab::default();
    for seed in seeds {
        let mut random = Random::new(seed);
        let random = &mut random;
        let length = |random: &mut Random| if random.one_in(20) { 0 } else { 1 + random.below(7) };
        // Any axes summed over, in any order.
        let summed: Vec<usize> = (0..random.below(3)).map(|_| length(random)).collect();
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (place, &length) in summed.iter().enumerate() {
            left.insert(random.below(left.len() + 1), (length, Some(place)));
            right.insert(random.below(right.len() + 1), (length, Some(place)));
        }
        for _ in 0..random.below(3) {
            left.insert(random.below(left.len() + 1), (length(random), None));
            right.insert(random.below(right.len() + 1), (length(random), None));
        }
        let shape = |axes: &[(usize, Option<usize>)]| -> Vec<usize> { axes.iter().map(|axis| axis.0).collect() };
        let (a, b): (ArrayD<T>, ArrayD<T>) = (dense(random, &shape(&left)), dense(random, &shape(&right)));
        let (x, y) = (any_lazy(random, &a), any_lazy(random, &b));
        let place = |axes: &[(usize, Option<usize>)], number: usize| {
            axes.iter().position(|axis| axis.1 == Some(number)).unwrap()
        };
        let pairs: Vec<(usize, usize)> =
            (0..summed.len()).map(|number| (place(&left, number), place(&right, number))).collect();
        let named: (Vec<i32>, Vec<i32>) = pairs.iter().map(|&(a, b)| (a as i32, b as i32 - b_dim(&right))).unzip();
        let what = format!("seed {seed}: {left:?} {right:?}");
        let product = x.tensordot(&y, (&named.0[..], &named.1[..]));
        lab.check(random, &product, &tensordot(&a, &b, &pairs), &what);
        let flat = (a.flatten().to_owned().into_dyn(), b.flatten().to_owned().into_dyn());
        lab.check(random, &x.outer(&y), &tensordot(&flat.0, &flat.1, &[]), &format!("outer {what}"));
    }
}

fn b_dim(axes: &[(usize, Option<usize>)]) -> i32 {
    axes.len() as i32
}

#[test]
fn sums_of_products_over_any_axes() {
    random_products::<f64>(0..30);
    random_products::<i64>(30..40);
    random_products::<Complex<f64>>(40..50);
    random_products::<bool>(50..60);
    random_products::<i8>(60..65);
}

/// The product of two stacks of matrices, broadcast.
#[expect(clippy::many_single_char_names, reason = "matrices and their sizes are called so in every book")]
fn matmul<T: Number>(a: &ArrayD<T>, b: &ArrayD<T>, batch: &[usize]) -> ArrayD<T> {
    let (m, k, n) = (a.shape()[a.ndim() - 2], a.shape()[a.ndim() - 1], b.shape()[b.ndim() - 1]);
    ArrayD::from_shape_fn(IxDyn(&[batch, &[m, n]].concat()), |at| {
        let at = index(&at);
        let own = |array: &ArrayD<T>, last: [usize; 2]| {
            let lacking = batch.len() + 2 - array.ndim();
            let mut own: Vec<usize> =
                (0..array.ndim() - 2).map(|axis| at[lacking + axis].min(array.shape()[axis] - 1)).collect();
            own.extend(last);
            array[IxDyn(&own)]
        };
        let (row, column) = (at[batch.len()], at[batch.len() + 1]);
        (0..k).fold(T::default(), |sum, k| sum.add_product(own(a, [row, k]), own(b, [k, column])))
    })
}

#[expect(clippy::many_single_char_names, reason = "matrices and their sizes are called so in every book")]
fn random_matmuls<T: Number>(seeds: std::ops::Range<u64>) {
    let mut lab = Lab::default();
    for seed in seeds {
        let mut random = Random::new(seed);
        let random = &mut random;
        let batch: Vec<usize> = (0..random.below(3)).map(|_| 1 + random.below(4)).collect();
        let (m, k, n) = (1 + random.below(9), random.below(9), 1 + random.below(9));
        let mut operand = |last: [usize; 2]| {
            // Some axes of length 1, some missing.
            let mut own: Vec<usize> = batch.iter().map(|&len| if random.one_in(3) { 1 } else { len }).collect();
            own.drain(..random.below(own.len() + 1));
            let values: ArrayD<T> = dense(random, &[&own[..], &last].concat());
            let array = any_lazy(random, &values);
            (values, array)
        };
        let ((a, x), (b, y)) = (operand([m, k]), operand([k, n]));
        let broadcast: Vec<usize> = (0..batch.len().min(a.ndim().max(b.ndim()) - 2))
            .map(|from_end| {
                let of = |array: &ArrayD<T>| {
                    (array.ndim() >= 3 + from_end).then(|| array.shape()[array.ndim() - 3 - from_end])
                };
                of(&a).unwrap_or(1).max(of(&b).unwrap_or(1))
            })
            .rev()
            .collect();
        let what = format!("seed {seed}: {:?} {:?}", a.shape(), b.shape());
        lab.check(random, &x.matmul(&y), &matmul(&a, &b, &broadcast), &what);
        if a.ndim() == 2 && b.ndim() == 2 {
            lab.check(random, &x.dot(&y), &matmul(&a, &b, &[]), &what);
            // Turned operands, as views of blocks.
            lab.check(random, &y.transpose().dot(&x.transpose()), &matmul(&a, &b, &[]).t().to_owned(), &what);
        }
        if k > 0 {
            // Vectors: a row, a column, and both.
            let (row, column) = (x.reshape(&[-1]), y.reshape(&[-1]));
            let (dense_row, dense_column) = (a.flatten().to_owned().into_dyn(), b.flatten().to_owned().into_dyn());
            if b.ndim() == 2 && a.len() == k {
                lab.check(random, &row.matmul(&y), &tensordot(&dense_row, &b, &[(0, 0)]), &what);
            }
            if a.ndim() == 2 && b.len() == k {
                lab.check(random, &x.matmul(&column), &tensordot(&a, &dense_column, &[(1, 0)]), &what);
                lab.check(random, &x.dot(&column), &tensordot(&a, &dense_column, &[(1, 0)]), &what);
            }
            lab.check(random, &row.dot(&row), &tensordot(&dense_row, &dense_row, &[(0, 0)]), &what);
        }
    }
}

#[test]
fn stacks_of_matrices_are_multiplied() {
    random_matmuls::<f64>(0..40);
    random_matmuls::<f32>(40..60);
    random_matmuls::<Complex<f32>>(60..70);
    random_matmuls::<i64>(70..80);
}

#[test]
fn dot_of_more_dimensions_sums_the_last_and_the_last_but_one() {
    let mut random = Random::new(11);
    let (a, b): (ArrayD<i64>, ArrayD<i64>) = (dense(&mut random, &[2, 3, 4]), dense(&mut random, &[5, 4, 6]));
    let product = any_lazy(&mut random, &a).dot(&any_lazy(&mut random, &b));
    Lab::default().check(&mut random, &product, &tensordot(&a, &b, &[(2, 1)]), "dot");
    let twice = any_lazy(&mut random, &a).tensordot(&any_lazy(&mut random, &a.clone().permuted_axes(vec![1, 2, 0])), 2);
    Lab::default().check(
        &mut random,
        &twice,
        &tensordot(&a, &a.view().permuted_axes(vec![1, 2, 0]).to_owned(), &[(1, 0), (2, 1)]),
        "two axes",
    );
}

#[test]
fn a_large_product_is_made_within_little_memory() {
    let side = 600;
    let a = Array::<f64>::from_fn(&[side, side], &[100, 100], |at| ((at[0] * 7 + at[1] * 3) % 16) as f64)
        .map_blocks(|block, _| block.to_owned());
    let product = a.dot(&a.transpose());
    let (_folder, ample) = session(1 << 30, 1);
    let floor = ample.plan(&product.sum(..)).unwrap().floor().bytes();
    let matrix = (side * side * 8) as u64;
    assert!(floor < 2 * matrix, "{floor} of {matrix}");
    let (_folder, session) = session(floor, 2);
    // The sum of all elements of a aT is the sum of squares of column sums.
    let columns: f64 = (0..side).map(|j| (0..side).map(|i| ((i * 7 + j * 3) % 16) as f64).sum::<f64>().powi(2)).sum();
    assert_eq!(session.compute(&product.sum(..)).unwrap()[[]], columns);
    assert!(session.stats().spilled_bytes > 0, "{:?}", session.stats());
    assert_at_rest(&session);
}

#[test]
fn impossible_products_name_shapes_and_line() {
    let x = Array::<f32>::from_fn(&[4, 6], &[2, 3], |at| at[0] as f32);
    let scalar = Array::<f32>::from_fn(&[], &[], |_| 1.0);
    let stack = |length: usize| Array::<f32>::from_fn(&[length, 4, 6], &[1, 2, 3], |_| 1.0);
    for (array, parts) in [
        (x.matmul(&x), ["matmul", "6 columns and 4 rows", "[4, 6] and [4, 6] of float32"]),
        (x.matmul(&scalar), ["matmul", "no dimension", "[4, 6] and []"]),
        (stack(2).matmul(&stack(3)), ["matmul", "can't be broadcast", "[2, 4, 6] and [3, 4, 6]"]),
        (x.dot(&x), ["dot", "lengths 6 and 4", "[4, 6]"]),
        (x.tensordot(&x, 3), ["tensordot", "axis 2", "[4, 6]"]),
        (x.tensordot(&x, ([0, 0], [0, 1])), ["tensordot", "named twice", "[4, 6]"]),
        (x.tensordot(&x, (&[0][..], &[0, 1][..])), ["tensordot", "as many of either", "[4, 6]"]),
    ] {
        let error = array.checked().unwrap_err().to_string();
        assert!(error.contains("tests/it/linalg.rs:") && parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let lazy = lazy(&ArrayD::<f64>::zeros(vec![2, 0]), &ChunkGrid::regular(&[2, 0], &[1, 1]), Kind::Blocks);
    let (_folder, session) = session(16 << 20, 1);
    assert_eq!(session.compute(&lazy.dot(&lazy.transpose())).unwrap(), ArrayD::<f64>::zeros(vec![2, 2]));
}
