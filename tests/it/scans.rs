//! Running sums and products, against plain loops.

use ndarray::{ArrayD, Axis};
use thermocline::array::ChunkGrid;
use thermocline::{Array, Complex, ndarray};

use crate::lab::{Kind, Lab, any_lazy, dense, lazy, shape};
use crate::random::Random;

/// Each lane along an axis, folded as it goes.
fn running<T: Copy, U: Copy + Default>(
    values: &ArrayD<T>,
    axis: usize,
    first: U,
    next: impl Fn(U, T) -> U,
) -> ArrayD<U> {
    let mut out = ArrayD::from_elem(values.raw_dim(), U::default());
    for (values, mut out) in values.lanes(Axis(axis)).into_iter().zip(out.lanes_mut(Axis(axis))) {
        let mut state = first;
        for (&value, out) in values.iter().zip(&mut out) {
            state = next(state, value);
            *out = state;
        }
    }
    out
}

#[test]
fn running_values_are_those_of_a_loop() {
    let mut lab = Lab::default();
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let random = &mut random;
        let ndim = 1 + random.below(4);
        let shape = shape(random, ndim, 8);
        let axis = random.below(ndim);
        let named = axis as i32 - ndim as i32;
        let what = format!("seed {seed}: along {axis} of {shape:?}");
        // Eighths add up exactly in any order.
        let values: ArrayD<f64> = dense(random, &shape);
        let x = any_lazy(random, &values);
        lab.check(random, &x.cumsum(named), &running(&values, axis, 0.0, |a, b| a + b), &what);
        let skipping = |a: f64, b: f64| if b.is_nan() { a } else { a + b };
        lab.check(random, &x.nancumsum(named), &running(&values, axis, 0.0, skipping), &what);
        // And so do factors that are powers of two.
        let factors = values.mapv(|value| if value.is_nan() { value } else { 2_f64.powi(value as i32 % 3) });
        let x = any_lazy(random, &factors);
        lab.check(random, &x.cumprod(named), &running(&factors, axis, 1.0, |a, b| a * b), &what);
        let skipping = |a: f64, b: f64| if b.is_nan() { a } else { a * b };
        lab.check(random, &x.nancumprod(named), &running(&factors, axis, 1.0, skipping), &what);
        let bytes: ArrayD<i8> = dense(random, &shape);
        let x = any_lazy(random, &bytes);
        lab.check(random, &x.cumsum(named), &running(&bytes, axis, 0, |a: i64, b| a + i64::from(b)), &what);
        let product = running(&bytes, axis, 1, |a: i64, b| a.wrapping_mul(i64::from(b)));
        lab.check(random, &x.cumprod(named), &product, &what);
        let truths: ArrayD<bool> = dense(random, &shape);
        let counts = running(&truths, axis, 0, |a: i64, b| a + i64::from(b));
        let x = any_lazy(random, &truths);
        lab.check(random, &x.cumsum(named), &counts, &what);
        let complex: ArrayD<Complex<f32>> = dense(random, &shape);
        let sums = running(&complex, axis, Complex::new(0.0, 0.0), |a, b| a + b);
        let x = any_lazy(random, &complex);
        lab.check(random, &x.cumsum(named), &sums, &what);
    }
}

#[test]
fn floats_of_single_precision_are_summed_in_double() {
    let mut random = Random::new(2);
    let values = ArrayD::from_elem(vec![100_000], 0.1_f32);
    let x = lazy(&values, &ChunkGrid::regular(&[100_000], &[1000]), Kind::Source);
    let found = Lab::default().values(&mut random, &x.cumsum(0), "tenths");
    let expected = (f64::from(0.1_f32) * 100_000.0) as f32;
    assert_eq!(found[[99_999]], expected);
}

#[test]
fn running_sums_of_large_arrays_are_spilled() {
    let mut random = Random::new(4);
    let values: ArrayD<i64> = dense(&mut random, &[80, 4000]);
    let x = lazy(&values, &ChunkGrid::regular(&[80, 4000], &[8, 2000]), Kind::Blocks);
    let sums = x.cumsum(0);
    // The last is needed first.
    let array = &sums - &sums.index_axis(0, -1);
    let expected = running(&values, 0, 0, |a: i64, b| a + b);
    let expected = &expected - &expected.index_axis(Axis(0), 79);
    let mut lab = Lab::default();
    for _ in 0..3 {
        lab.check(&mut random, &array, &expected, "spilling");
    }
    assert!(lab.spilled > 0);
}

#[test]
fn an_axis_that_is_not_there_is_named() {
    let x = Array::<f32>::from_fn(&[4, 6], &[2, 3], |at| at[0] as f32);
    let error = x.cumsum(2).checked().unwrap_err().to_string();
    for part in ["cumsum at tests/it/scans.rs:", "axis 2", "[4, 6]", "float32"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(x.nancumprod(-3).checked().unwrap_err().to_string().contains("nancumprod"));
}
