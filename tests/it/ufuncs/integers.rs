//! Functions of integers and bools, which wrap as NumPy's do.

use ndarray::IxDyn;
use thermocline::{Array, ndarray};

use super::{check_binary, check_unary};
use crate::operands::Bench;
use crate::sources::indices;
use crate::support::session;

#[test]
fn functions_of_integers_and_bools() {
    let mut bench = Bench::new(3);
    check_unary::<i16, f64>(
        &mut bench,
        &[
            ("exp", |x| x.exp(), |x| f64::from(x).exp()),
            ("sqrt", |x| x.sqrt(), |x| f64::from(x).sqrt()),
            ("cbrt", |x| x.cbrt(), |x| f64::from(x).cbrt()),
            ("radians", |x| x.radians(), |x| f64::from(x).to_radians()),
            ("angle", |x| x.angle(), |x| if x < 0 { std::f64::consts::PI } else { 0.0 }),
        ],
    );
    check_unary::<bool, f64>(
        &mut bench,
        &[("exp", |x| x.exp(), |x| if x { std::f64::consts::E } else { 1.0 }), ("cbrt", |x| x.cbrt(), |x| x.into())],
    );
    check_unary::<bool, bool>(
        &mut bench,
        &[
            ("invert", |x| !x, |x| !x),
            ("logical_not", |x| x.logical_not(), |x| !x),
            ("isnan", |x| x.isnan(), |_| false),
        ],
    );
    check_unary::<i8, i8>(
        &mut bench,
        &[
            ("abs", |x| x.abs(), |x| x.unsigned_abs() as i8),
            ("sign", |x| x.sign(), |x| i8::from(x > 0) - i8::from(x < 0)),
            ("square", |x| x.square(), |x| (i32::from(x) * i32::from(x)) as i8),
            ("reciprocal", |x| x.reciprocal(), |x| if matches!(x, 1 | -1) { x } else { 0 }),
            ("negative", |x| -x, |x| (-i32::from(x)) as i8),
            ("invert", |x| x.invert(), |x| -1 - x),
            ("round", |x| x.round(3), |x| x),
            ("round -1", |x| x.round(-1), |x| ((f64::from(x) / 10.0).round_ties_even() * 10.0) as i64 as i8),
            ("round -40", |x| x.round(-40), |_| 0),
            ("conj", |x| x.conj(), |x| x),
        ],
    );
    check_unary::<u64, u64>(
        &mut bench,
        &[
            ("abs", |x| x.abs(), |x| x),
            ("sign", |x| x.sign(), |x| u64::from(x > 0)),
            ("negative", |x| -x, |x| (u128::from(u64::MAX) + 1 - u128::from(x)) as u64),
            ("imag", |x| x.imag(), |_| 0),
        ],
    );
    bench.finish();
}

#[test]
fn two_integers() {
    let mut bench = Bench::new(7);
    check_binary::<i64, i64>(
        &mut bench,
        &[
            binary!(maximum, i64::max),
            binary!(fmin, i64::min),
            binary!(floor_divide, |a, b| if b == 0 {
                0
            } else {
                ((i128::from(a) - modulo(a.into(), b.into())) / i128::from(b)) as i64
            }),
            binary!(remainder, |a, b| if b == 0 { 0 } else { modulo(a.into(), b.into()) as i64 }),
            binary!(fmod, |a, b| if b == 0 { 0 } else { (i128::from(a) % i128::from(b)) as i64 }),
            binary!(bitwise_and, |a, b| a & b),
            binary!(bitwise_or, |a, b| a | b),
            binary!(bitwise_xor, |a, b| a ^ b),
            ("clip", |x, y| x.clip(y, 5), |x, y| x.clip(y, 5), |a, b| a.max(b).min(5)),
            ("+", |x, y| x + y, |x, y| x + y, |a, b| (i128::from(a) + i128::from(b)) as i64),
            ("*", |x, y| x * y, |x, y| x * y, |a, b| (i128::from(a) * i128::from(b)) as i64),
        ],
    );
    check_binary::<u64, f64>(
        &mut bench,
        &[binary!(divide, |a, b| a as f64 / b as f64), binary!(hypot, |a, b| (a as f64).hypot(b as f64))],
    );
    check_binary::<bool, f64>(&mut bench, &[binary!(divide, |a, b| f64::from(a) / f64::from(b))]);
    bench.finish();
}

/// What is left of the quotient rounded down.
fn modulo(a: i128, b: i128) -> i128 {
    ((a % b) + b) % b
}

/// Both operands through all their values, against arithmetic in 64 bits.
#[test]
fn all_pairs_of_8_bits() {
    let (_folder, session) = session(64 << 20, 2);
    let a = Array::<i8>::from_fn(&[256, 1], &[100, 1], |at| at[0] as u8 as i8);
    let b = Array::<i8>::from_fn(&[256], &[90], |at| at[0] as u8 as i8);
    let check = |name: &str, lazy: &Array<i8>, of_two: fn(i64, i64) -> i64| {
        let found = session.compute(lazy).unwrap();
        assert_eq!(found.shape(), [256, 256]);
        for at in indices(&[256, 256]) {
            let (x, y) = (i64::from(at[0] as u8 as i8), i64::from(at[1] as u8 as i8));
            assert_eq!(found[IxDyn(&at)], of_two(x, y) as i8, "{name} of {x} and {y}");
        }
    };
    check("floor_divide", &a.floor_divide(&b), |x, y| if y == 0 { 0 } else { (x as f64 / y as f64).floor() as i64 });
    check("remainder", &a.remainder(&b), |x, y| if y == 0 { 0 } else { modulo(x.into(), y.into()) as i64 });
    check("fmod", &a.fmod(&b), |x, y| if y == 0 { 0 } else { x % y });
    check("/", &(&a / &b), |x, y| if y == 0 { 0 } else { x / y });
    check("power", &a.power(&b.abs().maximum(0)), |x, y| {
        (0..y.abs()).fold(1, |power, _| if y == -128 { 1 } else { i64::from((power * x) as i8) })
    });
    check("left_shift", &a.left_shift(&b), |x, y| if (0..8).contains(&y) { x << y } else { 0 });
    check("right_shift", &a.right_shift(&b), |x, y| if (0..8).contains(&y) { x >> y } else { -i64::from(x < 0) });
    let unsigned = a.astype::<u8>().left_shift(&b.astype::<u8>()).astype::<i8>();
    check("left_shift of u8", &unsigned, |x, y| if (0..8).contains(&y) { i64::from(x as u8) << y } else { 0 });
}
