//! Functions of floats, and questions about values.

use thermocline::Complex;

use super::{check_binary, check_unary};
use crate::operands::Bench;

type C32 = Complex<f32>;

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
    bench.finish();
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
    bench.finish();
}

/// NumPy's: of the divisor's sign.
pub(super) fn remainder(a: f64, b: f64) -> f64 {
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
