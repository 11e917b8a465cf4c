//! Broadcasting, the edges of types, impossible operations, and operands that are on scratch.

use ndarray::{ArrayD, IxDyn};
use thermocline::array::Tolerance;
use thermocline::{Array, Error, ndarray};

use super::broadcast;
use super::floats::remainder;
use crate::operands::Bench;
use crate::support::session;

#[test]
fn broadcasting_to_a_shape() {
    let mut bench = Bench::new(8);
    for _ in 0..40 {
        bench.turn();
        let shape = bench.shape();
        let partner = bench.partner(&shape);
        let x = bench.operand::<i32>(&partner);
        bench.assert_is(&x.lazy.broadcast_to(&shape), &broadcast(&x.dense, &shape), &"broadcast_to");
    }
    // More than fits in memory, in chunks that do.
    let wide = Array::<f32>::arange(0.0, 1000.0, 1.0, [1000]).broadcast_to(&[1 << 20, 1000]);
    assert!(wide.chunks().largest_block() <= 16 << 20 && wide.chunks().blocks() < 100, "{wide}");
    assert!(wide.broadcast_to(&[1, 1000]).checked().is_err());
}

#[test]
fn impossible_operations_say_what_and_where() {
    let (_folder, session) = session(16 << 20, 1);
    let x = Array::<f64>::zeros(&[3, 5], [2, 5]);
    let y = Array::<f64>::zeros(&[4, 5], [4, 5]);
    let mask = Array::<bool>::zeros(&[2], [2]);
    let cases = [
        ("maximum", x.maximum(&y).checked().unwrap_err()),
        ("clip", x.clip(&y, 1.0).checked().unwrap_err()),
        ("isclose", x.isclose(&y, Tolerance::default()).checked().unwrap_err()),
        ("less", x.less(&y).where_(1, 2).checked().unwrap_err()),
        ("where", mask.where_(&x, &x).checked().unwrap_err()),
        ("where", x.isnan().where_(&x, &y).checked().unwrap_err()),
        ("broadcast_to", x.broadcast_to(&[3, 6]).checked().unwrap_err()),
        ("bitwise_and", (mask.broadcast_to(&[2, 2]) & x.isnan()).checked().unwrap_err()),
    ];
    for (name, error) in cases {
        let text = error.to_string();
        assert!(
            matches!(error, Error::Operation { .. }) && text.starts_with(name) && text.contains("edges.rs"),
            "{text}"
        );
        assert!(text.contains("[3, 5]"), "{text}");
    }
    let n = Array::<i32>::arange(-1, 3, 1, [2]);
    assert!(matches!(n.power(-2).checked(), Err(Error::Operation { .. })));
    let error = session.compute(&Array::from(2).power(&n)).unwrap_err().to_string();
    assert!(error.contains("power at") && error.contains("edges.rs") && error.contains("negative"), "{error}");
    assert_eq!(session.compute(&Array::from(2).power(&n.maximum(0))).unwrap(), ndarray::arr1(&[1, 1, 2, 4]).into_dyn());
}

/// What NumPy 2.4 gives at the edges of floats.
#[test]
fn edges_are_numpys() {
    let (_folder, session) = session(16 << 20, 1);
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let check = |name: &str, lazy: &Array<f64>, expected: &[f64]| {
        let found = session.compute(lazy).unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!(found == expected || (found.is_nan() && expected.is_nan()), "{name}: {found} for {expected}");
            assert_eq!(found.is_sign_negative(), expected.is_sign_negative(), "{name}: {found} for {expected}");
        }
        assert_eq!(found.len(), expected.len());
    };
    let x = Array::from_iter([1.0, -1.0, 0.0, inf, 5.0, -5.0, 1.0, -1.0, 1.0, -4.0, 4.0]);
    let y = Array::from_iter([0.0, 0.0, 0.0, 2.0, inf, inf, nan, -0.5, -inf, 2.0, -2.0]);
    check("floor_divide", &x.floor_divide(&y), &[inf, -inf, nan, nan, 0.0, -1.0, nan, 2.0, -1.0, -2.0, -2.0]);
    check("remainder", &x.remainder(&y), &[nan, nan, nan, nan, 5.0, inf, nan, -0.0, -inf, 0.0, -0.0]);
    let halves = Array::from_iter([0.5, 1.5, 2.5, -0.5, 1e308]);
    check("round", &halves.round(0), &[0.0, 2.0, 2.0, -0.0, 1e308]);
    check("round, where NumPy's scaling overflows", &halves.round(5), &[0.5, 1.5, 2.5, -0.5, 1e308]);
    check("round beyond all digits", &halves.round(400), &[0.5, 1.5, 2.5, -0.5, 1e308]);
    check("round before all digits", &halves.round(-400), &[0.0, 0.0, 0.0, -0.0, 0.0]);
    check("clip with the bounds crossed", &Array::from_iter([1.0, nan]).clip(2.0, 1.0), &[1.0, nan]);
    check("clip with a bound of NaN", &Array::from_iter([1.0, 2.0]).clip(nan, 3.0), &[nan, nan]);
    check("hypot", &Array::from_iter([inf]).hypot(nan), &[inf]);
    check("power", &Array::from_iter([0.0, nan, -8.0]).power(0.0), &[1.0, 1.0, 1.0]);
    check("divide", &Array::from_iter([1, 2, 0]).divide(&Array::from_iter([0, 4, 0])), &[inf, 0.5, nan]);
}

/// A name, an operation on whole arrays, and what it is of two values.
type Whole = (&'static str, fn(&Array<f64>, &Array<f64>) -> Array<f64>, fn(f64, f64) -> f64);

/// Operands of twice the limit, and everything between them: their blocks must go to scratch and come back.
#[test]
fn operations_on_spilled_operands() {
    let (_folder, session) = session(8 << 20, 2);
    let shape = [14, 1 << 16];
    let value = |at: &[usize]| ((at[0] * 31 + at[1] * 7) % 1000) as f64 / 8.0 - 60.0;
    let x = session.persist(&Array::from_fn(&shape, &[1, 1 << 16], value)).unwrap();
    let y = session.persist(&Array::from_fn(&shape, &[5, 1 << 15], move |at| value(&[at[1], at[0]]))).unwrap();
    let dense_x = ArrayD::from_shape_fn(IxDyn(&shape), |at| value(&[at[0], at[1]]));
    let dense_y = ArrayD::from_shape_fn(IxDyn(&shape), |at| value(&[at[1], at[0]]));
    let table: [Whole; 5] = [
        ("hypot", |x, y| x.hypot(y), f64::hypot),
        ("where", |x, y| x.less(y).where_(x, y), f64::min),
        ("where with a scalar", |x, y| y.greater(0.0).where_(x, 3.0), |x, y| if y > 0.0 { x } else { 3.0 }),
        ("chain", |x, y| (x.square() + &y.square()).sqrt().maximum(x), |x, y| (x * x + y * y).sqrt().max(x)),
        ("remainder", |x, y| x.remainder(&(y.abs() + 1.0)), |x, y| remainder(x, y.abs() + 1.0)),
    ];
    for (name, lazy, of_two) in table {
        let before = session.stats();
        let sums = session.compute(&lazy(&x, &y).sum(1)).unwrap();
        for (row, sum) in sums.iter().enumerate() {
            let expected: f64 = (0..shape[1]).map(|at| of_two(dense_x[[row, at]], dense_y[[row, at]])).sum();
            assert!((sum - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{name}: {sum} for {expected}");
        }
        let after = session.stats();
        assert!(after.reloaded_bytes > before.reloaded_bytes + (2 << 20), "{name}: {after:?}");
        assert!(after.spilled_bytes > 0 && after.ledger_peak_bytes <= 8 << 20, "{name}: {after:?}");
    }
    drop((x, y));
    crate::support::assert_at_rest(&session);
}
