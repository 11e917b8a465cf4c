//! Functions of complex numbers.

use thermocline::Complex;

use super::{check_binary, check_unary};
use crate::operands::Bench;

type C64 = Complex<f64>;
type C32 = Complex<f32>;

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
    bench.finish();
}

#[test]
fn two_complex_numbers() {
    let mut bench = Bench::new(9);
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
    bench.finish();
}
