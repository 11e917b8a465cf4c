//! Every operation element by element against a plain loop: a line each.

use ndarray::{ArrayD, IxDyn};
use thermocline::array::Tolerance;
use thermocline::{Array, Complex, Error, ndarray};

use crate::operands::{Bench, Sample, indices};
use crate::support::session;

type C64 = Complex<f64>;
type C32 = Complex<f32>;

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

#[test]
fn functions_of_floats() {
    let mut bench = Bench::new(1);
    check_unary::<f64, f64>(
        &mut bench,
        &[
            ("exp", |x| x.exp(), f64::exp),
            ("exp2", |x| x.exp2(), |x| 2_f64.powf(x)),
            ("expm1", |x| x.expm1(), f64::exp_m1),
            ("log", |x| x.log(), f64::ln),
            ("log2", |x| x.log2(), |x| x.ln() / std::f64::consts::LN_2),
            ("log10", |x| x.log10(), |x| x.ln() / std::f64::consts::LN_10),
            ("log1p", |x| x.log1p(), f64::ln_1p),
            ("sqrt", |x| x.sqrt(), f64::sqrt),
            ("cbrt", |x| x.cbrt(), |x| x.abs().powf(1.0 / 3.0).copysign(x)),
            ("square", |x| x.square(), |x| x * x),
            ("reciprocal", |x| x.reciprocal(), |x| 1.0 / x),
            ("sin", |x| x.sin(), f64::sin),
            ("cos", |x| x.cos(), f64::cos),
            ("tan", |x| x.tan(), f64::tan),
            ("arcsin", |x| x.arcsin(), f64::asin),
            ("arccos", |x| x.arccos(), f64::acos),
            ("arctan", |x| x.arctan(), f64::atan),
            ("sinh", |x| x.sinh(), f64::sinh),
            ("cosh", |x| x.cosh(), f64::cosh),
            ("tanh", |x| x.tanh(), f64::tanh),
            ("arcsinh", |x| x.arcsinh(), f64::asinh),
            ("arccosh", |x| x.arccosh(), f64::acosh),
            ("arctanh", |x| x.arctanh(), f64::atanh),
            ("degrees", |x| x.degrees(), |x| x * (180.0 / std::f64::consts::PI)),
            ("radians", |x| x.radians(), |x| x * (std::f64::consts::PI / 180.0)),
            ("floor", |x| x.floor(), f64::floor),
            ("ceil", |x| x.ceil(), f64::ceil),
            ("trunc", |x| x.trunc(), f64::trunc),
            ("rint", |x| x.rint(), f64::round_ties_even),
            ("round", |x| x.round(0), f64::round_ties_even),
            ("round 2", |x| x.round(2), |x| (x * 100.0).round_ties_even() / 100.0),
            ("round -1", |x| x.round(-1), |x| (x / 10.0).round_ties_even() * 10.0),
            ("abs", |x| x.abs(), f64::abs),
            (
                "sign",
                |x| x.sign(),
                |x| {
                    if x > 0.0 {
                        1.0
                    } else if x < 0.0 {
                        -1.0
                    } else {
                        x
                    }
                },
            ),
            ("negative", |x| -x, |x| 0.0 - x),
            ("nan_to_num", |x| x.nan_to_num(), |x| if x.is_nan() { 0.0 } else { x.clamp(f64::MIN, f64::MAX) }),
            (
                "nan_to_num_with",
                |x| x.nan_to_num_with(1.0, 2.0, 3.0),
                |x| match x {
                    f64::INFINITY => 2.0,
                    f64::NEG_INFINITY => 3.0,
                    x if x.is_nan() => 1.0,
                    x => x,
                },
            ),
            ("real", |x| x.real(), |x| x),
            ("imag", |x| x.imag(), |_| 0.0),
            ("conj", |x| x.conj(), |x| x),
            ("angle", |x| x.angle(), |x| 0_f64.atan2(x)),
            ("clip", |x| x.clip(-1.0, 2.0), |x| if x.is_nan() { x } else { x.clamp(-1.0, 2.0) }),
            (
                "chain",
                |x| (x.sin().square() + &x.cos().square()).sqrt(),
                |x| if x.is_finite() { 1.0 } else { f64::NAN },
            ),
        ],
    );
    check_unary::<f32, f32>(
        &mut bench,
        &[
            ("exp", |x| x.exp(), |x| f64::from(x).exp() as f32),
            ("log1p", |x| x.log1p(), |x| f64::from(x).ln_1p() as f32),
            ("sqrt", |x| x.sqrt(), |x| f64::from(x).sqrt() as f32),
            ("sin", |x| x.sin(), |x| f64::from(x).sin() as f32),
            ("arccosh", |x| x.arccosh(), |x| f64::from(x).acosh() as f32),
            ("arctanh", |x| x.arctanh(), |x| f64::from(x).atanh() as f32),
            ("arcsinh", |x| x.arcsinh(), |x| f64::from(x).asinh() as f32),
            ("cbrt", |x| x.cbrt(), |x| f64::from(x).cbrt() as f32),
            ("degrees", |x| x.degrees(), |x| f64::from(x).to_degrees() as f32),
            ("rint", |x| x.rint(), f32::round_ties_even),
            ("round 2", |x| x.round(2), |x| (x * 100.0).round_ties_even() / 100.0),
            ("sign", |x| x.sign(), |x| if x == 0.0 { 0.0 } else { x.signum() }),
            ("nan_to_num", |x| x.nan_to_num(), |x| if x.is_nan() { 0.0 } else { x.clamp(f32::MIN, f32::MAX) }),
        ],
    );
    bench.assert_at_rest();
}

#[test]
fn questions_about_values() {
    let mut bench = Bench::new(2);
    check_unary::<f64, bool>(
        &mut bench,
        &[
            ("isnan", |x| x.isnan(), f64::is_nan),
            ("isfinite", |x| x.isfinite(), f64::is_finite),
            ("isinf", |x| x.isinf(), f64::is_infinite),
            ("signbit", |x| x.signbit(), |x| x.is_sign_negative() && !x.is_nan()),
            ("logical_not", |x| x.logical_not(), |x| x == 0.0),
        ],
    );
    check_unary::<C32, bool>(
        &mut bench,
        &[
            ("isnan", |x| x.isnan(), |x| x.re.is_nan() || x.im.is_nan()),
            ("isfinite", |x| x.isfinite(), |x| x.re.is_finite() && x.im.is_finite()),
            ("isinf", |x| x.isinf(), |_| false),
            ("logical_not", |x| x.logical_not(), |x| x == C32::new(0.0, 0.0)),
        ],
    );
    check_unary::<i32, bool>(
        &mut bench,
        &[
            ("isnan", |x| x.isnan(), |_| false),
            ("isfinite", |x| x.isfinite(), |_| true),
            ("signbit", |x| x.signbit(), |x| x < 0),
            ("where of scalars", |x| x.less(3).where_(false, true), |x| x >= 3),
        ],
    );
}

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
}

#[test]
fn functions_of_complex_numbers() {
    let mut bench = Bench::new(4);
    check_unary::<C64, C64>(
        &mut bench,
        &[
            ("exp", |x| x.exp(), |x| C64::from_polar(x.re.exp(), x.im)),
            ("exp2", |x| x.exp2(), |x| C64::from_polar(x.re.exp2(), x.im * 2_f64.ln())),
            ("expm1", |x| x.expm1(), |x| C64::from_polar(x.re.exp(), x.im) - 1.0),
            ("log", |x| x.log(), C64::ln),
            ("log2", |x| x.log2(), |x| x.ln() / 2_f64.ln()),
            ("log10", |x| x.log10(), |x| x.ln() / 10_f64.ln()),
            ("log1p", |x| x.log1p(), |x| (x + 1.0).ln()),
            ("sqrt", |x| x.sqrt(), |x| x.sqrt()),
            ("square", |x| x.square(), |x| x * x),
            ("reciprocal", |x| x.reciprocal(), |x| x.conj() / x.norm_sqr()),
            ("sin", |x| x.sin(), C64::sin),
            ("cos", |x| x.cos(), C64::cos),
            ("tan", |x| x.tan(), |x| x.sin() / x.cos()),
            ("sinh", |x| x.sinh(), C64::sinh),
            ("cosh", |x| x.cosh(), C64::cosh),
            ("tanh", |x| x.tanh(), |x| x.sinh() / x.cosh()),
            ("sin(arcsin)", |x| x.arcsin().sin(), |x| x),
            ("cos(arccos)", |x| x.arccos().cos(), |x| x),
            ("tan(arctan)", |x| x.arctan().tan(), |x| x),
            ("sinh(arcsinh)", |x| x.arcsinh().sinh(), |x| x),
            ("cosh(arccosh)", |x| x.arccosh().cosh(), |x| x),
            ("arcsin", |x| x.arcsin(), C64::asin),
            ("arccos", |x| x.arccos(), C64::acos),
            ("arcsinh", |x| x.arcsinh(), C64::asinh),
            ("sign", |x| x.sign(), |x| if x == C64::new(0.0, 0.0) { x } else { x / x.norm() }),
            ("conj", |x| x.conj(), |x| C64::new(x.re, -x.im)),
            ("nan_to_num", |x| x.nan_to_num(), |x| C64::new(if x.re.is_nan() { 0.0 } else { x.re }, x.im)),
        ],
    );
    check_unary::<C32, f32>(
        &mut bench,
        &[
            ("abs", |x| x.abs(), |x| x.norm_sqr().sqrt()),
            ("angle", |x| x.angle(), |x| x.im.atan2(x.re)),
            ("real", |x| x.real(), |x| x.re),
            ("imag", |x| x.imag(), |x| x.im),
        ],
    );
}

#[test]
fn two_floats() {
    let mut bench = Bench::new(5);
    check_binary::<f64, f64>(
        &mut bench,
        &[
            binary!(maximum, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }),
            binary!(minimum, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }),
            binary!(fmax, f64::max),
            binary!(fmin, f64::min),
            binary!(power, f64::powf),
            binary!(hypot, |a, b| if a.is_infinite() || b.is_infinite() {
                f64::INFINITY
            } else {
                (a * a + b * b).sqrt()
            }),
            binary!(arctan2, f64::atan2),
            binary!(copysign, |a, b| if b.is_sign_negative() { -a.abs() } else { a.abs() }),
            binary!(fmod, |a, b| a % b),
            binary!(remainder, remainder),
            binary!(floor_divide, floor_divide),
            binary!(divide, |a, b| a / b),
            ("add", |x, y| x + y, |x, y| x + y, |a, b| a + b),
            ("subtract", |x, y| x - y, |x, y| x - y, |a, b| a - b),
            ("multiply", |x, y| x * y, |x, y| x * y, |a, b| a * b),
            ("/", |x, y| x / y, |x, y| x / y, |a, b| a / b),
            (
                "clip by arrays",
                |x, y| x.clip(&(y - 1.0), y),
                |x, y| x.clip(y - 1.0, y),
                |a, b| {
                    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b - 1.0).min(b) }
                },
            ),
            (
                "where",
                |x, y| x.greater(0.0).where_(x, y),
                |x, y| x.greater(0.0).where_(x, y),
                |a, b| if a > 0.0 { a } else { b },
            ),
            (
                "where of a mask",
                |x, y| x.isnan().where_(-1.0, y),
                |x, y| x.isnan().where_(-1.0, y),
                |a, b| if a.is_nan() { -1.0 } else { b },
            ),
            (
                "where of three",
                |x, y| y.less(x).where_(x, y),
                |x, y| x.greater(y).where_(x, y),
                |a, b| if b < a { a } else { b },
            ),
        ],
    );
    check_binary::<f32, f32>(
        &mut bench,
        &[
            binary!(maximum, |a, b| if a.is_nan() || b.is_nan() { f32::NAN } else { a.max(b) }),
            binary!(hypot, |a, b| f64::from(a).hypot(b.into()) as f32),
            binary!(power, |a, b| f64::from(a).powf(b.into()) as f32),
            binary!(remainder, |a, b| remainder(a.into(), b.into()) as f32),
        ],
    );
}

/// NumPy's: of the divisor's sign.
fn remainder(a: f64, b: f64) -> f64 {
    let left = a % b;
    if left != 0.0 && (left < 0.0) != (b < 0.0) { left + b } else { left }
}

/// NumPy's: whole, but for infinities.
fn floor_divide(a: f64, b: f64) -> f64 {
    match (a.is_infinite(), b.is_infinite()) {
        _ if b == 0.0 => a / b,
        (true, _) => f64::NAN,
        (false, true) if a.is_nan() => a,
        (false, true) => f64::from(i8::from(a == 0.0 || (a < 0.0) == (b < 0.0)) - 1),
        (false, false) => ((a - remainder(a, b)) / b).round(),
    }
}

#[test]
fn comparisons_and_logic() {
    let mut bench = Bench::new(6);
    check_binary::<f64, bool>(
        &mut bench,
        &[
            binary!(equal, |a, b| a == b),
            binary!(not_equal, |a, b| a != b),
            binary!(less, |a, b| a < b),
            binary!(less_equal, |a, b| a <= b),
            binary!(greater, |a, b| a > b),
            binary!(greater_equal, |a, b| a >= b),
            binary!(logical_and, |a, b| a != 0.0 && b != 0.0),
            binary!(logical_or, |a, b| a != 0.0 || b != 0.0),
            binary!(logical_xor, |a, b| (a != 0.0) != (b != 0.0)),
            (
                "isclose",
                |x, y| x.isclose(y, Tolerance::default()),
                |x, y| x.isclose(y, Tolerance::default()),
                |a, b| a == b || (b.is_finite() && (a - b).abs() <= 1e-8 + 1e-5 * b.abs()),
            ),
            (
                "isclose, NaN to NaN",
                |x, y| x.isclose(y, Tolerance { relative: 0.0, absolute: 1.0, equal_nan: true }),
                |x, y| x.isclose(y, Tolerance { relative: 0.0, absolute: 1.0, equal_nan: true }),
                |a, b| a == b || (a.is_nan() && b.is_nan()) || (b.is_finite() && (a - b).abs() <= 1.0),
            ),
        ],
    );
    check_binary::<C64, bool>(
        &mut bench,
        &[
            binary!(equal, |a, b| a == b),
            binary!(logical_or, |a, b| a != C64::new(0.0, 0.0) || b != C64::new(0.0, 0.0)),
            (
                "isclose",
                |x, y| x.isclose(y, Tolerance { absolute: 3.0, ..Tolerance::default() }),
                |x, y| x.isclose(y, Tolerance { absolute: 3.0, ..Tolerance::default() }),
                |a, b| (a - b).norm() <= 3.0 + 1e-5 * b.norm(),
            ),
        ],
    );
    check_binary::<bool, bool>(
        &mut bench,
        &[
            binary!(equal, |a, b| a == b),
            binary!(less, |a, b| !a && b),
            binary!(maximum, |a, b| a || b),
            binary!(logical_xor, |a, b| a != b),
            ("&", |x, y| x & y, |x, y| x & y, |a, b| a && b),
            ("|", |x, y| x | y, |x, y| x | y, |a, b| a || b),
            ("^", |x, y| x ^ y, |x, y| x ^ y, |a, b| a != b),
        ],
    );
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
    check_binary::<C64, C64>(
        &mut bench,
        &[
            ("*", |x, y| x * y, |x, y| x * y, |a, b| a * b),
            // NumPy divides both parts by zero.
            binary!(divide, |a, b| if b == C64::new(0.0, 0.0) { a / 0.0 } else { a * b.conj() / b.norm_sqr() }),
            (
                "power 3",
                |x, y| x.power(C64::new(3.0, 0.0)) + y,
                |x, y| x.power(C64::new(3.0, 0.0)) + y,
                |a, b| a * a * a + b,
            ),
            (
                "power",
                |x, y| (x.abs().map(|size| C64::new(size + 0.5, 0.0))).power(y),
                |x, y| (x.abs().map(|size| C64::new(size + 0.5, 0.0))).power(y),
                |a, b| if b == C64::new(0.0, 0.0) { b + 1.0 } else { (b * (a.norm() + 0.5).ln()).exp() },
            ),
        ],
    );
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
            matches!(error, Error::Operation { .. }) && text.starts_with(name) && text.contains("ufuncs.rs"),
            "{text}"
        );
        assert!(text.contains("[3, 5]"), "{text}");
    }
    let n = Array::<i32>::arange(-1, 3, 1, [2]);
    assert!(matches!(n.power(-2).checked(), Err(Error::Operation { .. })));
    let error = session.compute(&Array::from(2).power(&n)).unwrap_err().to_string();
    assert!(error.contains("power at") && error.contains("ufuncs.rs") && error.contains("negative"), "{error}");
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
