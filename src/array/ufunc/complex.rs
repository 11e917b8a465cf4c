//! Functions of complex numbers, in f64, with NumPy's branch cuts (C99's, Annex G).
//!
//! The inverse functions are Kahan's (*Branch cuts for complex elementary functions, or much ado about nothing's sign bit*,
//! 1987): accurate everywhere, and a signed zero chooses the side of a cut. What is infinite or NaN comes out infinite or
//! NaN as in NumPy; of an infinite number with an undefined part that part is left to arithmetic.

use num_complex::Complex;
use std::f64::consts::{FRAC_PI_2, LN_2, LN_10};

type C = Complex<f64>;

/// `i z`.
fn turned(z: C) -> C {
    C::new(-z.im, z.re)
}

/// `-i z`.
fn turned_back(z: C) -> C {
    C::new(z.im, -z.re)
}

/// `size * turn`, where the sine or cosine `turn` of zero keeps out a `size` that is infinite.
fn product(size: f64, turn: f64) -> f64 {
    if turn == 0.0 { turn * 1.0_f64.copysign(size) } else { size * turn }
}

/// `a / b`, scaled so that `|b|^2` neither overflows nor vanishes (Smith, *Algorithm 116: complex division*, 1962).
pub(in super::super) fn divide(a: C, b: C) -> C {
    if b.re.abs() >= b.im.abs() {
        if b.re == 0.0 && b.im == 0.0 {
            return C::new(a.re / b.re.abs(), a.im / b.re.abs());
        }
        let ratio = b.im / b.re;
        let scale = 1.0 / (b.re + b.im * ratio);
        C::new((a.re + a.im * ratio) * scale, (a.im - a.re * ratio) * scale)
    } else {
        let ratio = b.re / b.im;
        let scale = 1.0 / (b.im + b.re * ratio);
        C::new((a.re * ratio + a.im) * scale, (a.im * ratio - a.re) * scale)
    }
}

/// What `exp` can take without overflow, about.
const LARGEST_EXPONENT: f64 = 709.0;

/// `factor * e^(re + i im)` for a large `re`: in two steps, because the size may be too large and the parts not.
fn large_exp(re: f64, im: f64, factor: f64) -> C {
    let (sin, cos) = im.sin_cos();
    let half = (re / 2.0).exp();
    C::new(product(half, product(half, cos) * factor), product(half, product(half, sin) * factor))
}

pub(super) fn exp(z: C) -> C {
    if z.re.is_infinite() && !z.im.is_finite() {
        return if z.re > 0.0 { C::new(z.re, f64::NAN) } else { C::new(0.0, 0.0) };
    }
    if z.re > LARGEST_EXPONENT {
        return large_exp(z.re, z.im, 1.0);
    }
    let (size, (sin, cos)) = (z.re.exp(), z.im.sin_cos());
    C::new(product(size, cos), product(size, sin))
}

pub(super) fn exp2(z: C) -> C {
    exp(z * LN_2)
}

/// `e^z - 1`, from `cos y - 1 = -2 sin^2(y / 2)`.
pub(super) fn expm1(z: C) -> C {
    let half = (z.im / 2.0).sin();
    C::new(z.re.exp_m1() * z.im.cos() - 2.0 * half * half, z.re.exp() * z.im.sin())
}

/// `ln |z|` without cancellation near the unit circle: `|z|^2 - 1 = (x - 1)(x + 1) + y^2`.
fn log_abs(z: C) -> f64 {
    let (x, y) = (z.re.abs().max(z.im.abs()), z.re.abs().min(z.im.abs()));
    if x == f64::INFINITY {
        x
    } else if z.re.is_nan() || z.im.is_nan() {
        f64::NAN
    } else if (0.5..=2.0).contains(&x) {
        ((x - 1.0) * (x + 1.0) + y * y).ln_1p() / 2.0
    } else if x > f64::MAX / 2.0 {
        (x / 2.0).hypot(y / 2.0).ln() + LN_2
    } else if x < f64::MIN_POSITIVE {
        // Where numbers have fewer bits.
        (x * 2.0_f64.powi(54)).hypot(y * 2.0_f64.powi(54)).ln() - 54.0 * LN_2
    } else {
        x.hypot(y).ln()
    }
}

pub(super) fn log(z: C) -> C {
    C::new(log_abs(z), z.im.atan2(z.re))
}

pub(super) fn log2(z: C) -> C {
    log(z) / LN_2
}

pub(super) fn log10(z: C) -> C {
    log(z) / LN_10
}

/// `ln(1 + z)`, from `|1 + z|^2 - 1 = x (2 + x) + y^2`.
pub(super) fn log1p(z: C) -> C {
    let one_more = C::new(1.0 + z.re, z.im);
    let re = if z.re.abs() < 0.5 && z.im.abs() < 0.5 {
        (z.re * (2.0 + z.re) + z.im * z.im).ln_1p() / 2.0
    } else {
        log_abs(one_more)
    };
    C::new(re, one_more.im.atan2(one_more.re))
}

/// The root with a real part that is not negative.
pub(super) fn sqrt(z: C) -> C {
    if z.re == 0.0 && z.im == 0.0 {
        return C::new(0.0, z.im);
    }
    if z.im.is_infinite() {
        return C::new(f64::INFINITY, z.im);
    }
    // Scaled so that the hypotenuse does not overflow, nor lose bits below the least normal number.
    let size = z.re.abs().max(z.im.abs());
    let (scale, root) = if size > f64::MAX / 4.0 {
        (0.25, 2.0)
    } else if size < f64::MIN_POSITIVE * 2.0 {
        (2.0_f64.powi(54), 2.0_f64.powi(-27))
    } else {
        (1.0, 1.0)
    };
    let (re, im) = (z.re * scale, z.im * scale);
    let half = f64::midpoint(re.abs(), re.hypot(im)).sqrt();
    let other = im.abs() / (2.0 * half);
    let (a, b) = if re >= 0.0 { (half, other) } else { (other, half) };
    C::new(a * root, (b * root).copysign(im))
}

pub(super) fn sin(z: C) -> C {
    turned_back(sinh(turned(z)))
}

pub(super) fn cos(z: C) -> C {
    cosh(turned(z))
}

pub(super) fn tan(z: C) -> C {
    turned_back(tanh(turned(z)))
}

pub(super) fn sinh(z: C) -> C {
    if z.re.is_infinite() && !z.im.is_finite() {
        return C::new(z.re, f64::NAN);
    }
    if z.re.abs() > LARGEST_EXPONENT {
        let large = large_exp(z.re.abs(), z.im, 0.5);
        return C::new(large.re * z.re.signum(), large.im);
    }
    let (sin, cos) = z.im.sin_cos();
    C::new(product(z.re.sinh(), cos), product(z.re.cosh(), sin))
}

pub(super) fn cosh(z: C) -> C {
    if z.re.is_infinite() && !z.im.is_finite() {
        return C::new(f64::INFINITY, f64::NAN);
    }
    if z.re.abs() > LARGEST_EXPONENT {
        let large = large_exp(z.re.abs(), z.im, 0.5);
        return C::new(large.re, large.im * z.re.signum());
    }
    let (sin, cos) = z.im.sin_cos();
    C::new(product(z.re.cosh(), cos), product(z.re.sinh(), sin))
}

pub(super) fn tanh(z: C) -> C {
    if z.re.abs() > 22.0 {
        // Beyond, the real part is one in f64.
        let (sin, cos) = z.im.sin_cos();
        let left = if z.re.is_infinite() { 0.0 } else { 4.0 * sin * cos * (-2.0 * z.re.abs()).exp() };
        return C::new(if left.is_nan() { left } else { 1.0_f64.copysign(z.re) }, left);
    }
    let t = z.im.tan();
    let beta = 1.0 + t * t;
    let s = z.re.sinh();
    let rho = (1.0 + s * s).sqrt();
    if t.is_infinite() {
        return C::new(rho / s, 1.0 / t);
    }
    C::new(beta * rho * s, t) / (1.0 + beta * s * s)
}

/// Whether `|z|` is so large that products of roots of `1 - z` overflow, and that `1 +- z` is `z`.
fn is_huge(z: C) -> bool {
    z.re.abs() > 1e150 || z.im.abs() > 1e150
}

/// The roots of `1 - z` and `1 + z`.
fn roots(z: C) -> (C, C) {
    (sqrt(C::new(1.0 - z.re, -z.im)), sqrt(C::new(1.0 + z.re, z.im)))
}

pub(super) fn arcsin(z: C) -> C {
    if is_huge(z) {
        return C::new(z.re.atan2(z.im.abs()), (log_abs(z) + LN_2).copysign(z.im));
    }
    let (less, more) = roots(z);
    C::new(z.re.atan2((less * more).re), libm::asinh((less.conj() * more).im))
}

pub(super) fn arccos(z: C) -> C {
    if is_huge(z) {
        return C::new(z.im.abs().atan2(z.re), -(log_abs(z) + LN_2).copysign(z.im));
    }
    let (less, more) = roots(z);
    C::new(2.0 * less.re.atan2(more.re), libm::asinh((more.conj() * less).im))
}

pub(super) fn arctan(z: C) -> C {
    turned_back(arctanh(turned(z)))
}

pub(super) fn arcsinh(z: C) -> C {
    turned_back(arcsin(turned(z)))
}

pub(super) fn arccosh(z: C) -> C {
    if is_huge(z) {
        return C::new(log_abs(z) + LN_2, z.im.atan2(z.re));
    }
    let (less, more) = (sqrt(C::new(z.re - 1.0, z.im)), sqrt(C::new(z.re + 1.0, z.im)));
    C::new(libm::asinh((less.conj() * more).re), 2.0 * less.im.atan2(more.re))
}

pub(super) fn arctanh(z: C) -> C {
    // Below, squares do not overflow; its inverse is less than half a unit of the last place of one.
    let large = f64::MAX.sqrt() / 4.0;
    let side = 1.0_f64.copysign(z.re);
    let (x, y) = (z.re * side, -z.im * side);
    let (re, im) = if x.is_infinite() || y.is_infinite() {
        (0.0, if y.is_nan() { y } else { FRAC_PI_2.copysign(y) })
    } else if x > large || y.abs() > large {
        let size = x.hypot(y);
        (x / size / size, FRAC_PI_2.copysign(y))
    } else if x == 1.0 {
        let re = ((4.0 + y * y).sqrt().sqrt() / y.abs().sqrt()).ln();
        (re, f64::midpoint(FRAC_PI_2, (y.abs() / 2.0).atan()).copysign(y))
    } else {
        let near = y.abs() + 1.0 / large;
        let apart = 1.0 - x;
        let re = (4.0 * x / (apart * apart + near * near)).ln_1p() / 4.0;
        (re, (2.0 * y).atan2(apart * (1.0 + x) - near * near) / 2.0)
    };
    C::new(re * side, -im * side)
}

/// `base` to the power of `exponent`: by multiplication for small whole exponents.
pub(in super::super) fn power(base: C, exponent: C) -> C {
    if exponent.re == 0.0 && exponent.im == 0.0 {
        return C::new(1.0, 0.0);
    }
    if base.re == 0.0 && base.im == 0.0 {
        return if exponent.re > 0.0 { C::new(0.0, 0.0) } else { C::new(f64::NAN, f64::NAN) };
    }
    if exponent.im == 0.0 && exponent.re.fract() == 0.0 && exponent.re.abs() < 100.0 {
        let power = base.powu(exponent.re.abs() as u32);
        return if exponent.re < 0.0 { divide(C::new(1.0, 0.0), power) } else { power };
    }
    exp(exponent * log(base))
}

/// The number of size 1 in the same direction; zero for zero.
pub(in super::super) fn sign(z: C) -> C {
    if z.re == 0.0 && z.im == 0.0 {
        return C::new(0.0, 0.0);
    }
    match (z.re.is_infinite(), z.im.is_infinite()) {
        (false, false) => {
            // So that neither the square nor the hypotenuse overflows, or is too small for all bits.
            let near = z / z.re.abs().max(z.im.abs());
            near / near.re.hypot(near.im)
        }
        (true, false) => C::new(1.0_f64.copysign(z.re), 0.0),
        (false, true) => C::new(0.0, 1.0_f64.copysign(z.im)),
        (true, true) => C::new(f64::NAN, f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn assert_close(found: C, expected: (f64, f64), what: &str) {
        let close = |a: f64, b: f64| {
            (a - b).abs() <= 4.0 * f64::EPSILON * b.abs() && a.is_sign_negative() == b.is_sign_negative()
        };
        assert!(close(found.re, expected.0) && close(found.im, expected.1), "{what}: {found} for {expected:?}");
    }

    /// What NumPy 2.4 gives.
    #[test]
    fn a_signed_zero_chooses_the_side_of_a_cut() {
        let z = C::new;
        let root = 1.316_957_896_924_816_6;
        assert_close(sqrt(z(-4.0, -0.0)), (0.0, -2.0), "sqrt");
        assert_close(log(z(-1.0, -0.0)), (0.0, -PI), "log");
        assert_close(arcsin(z(2.0, 0.0)), (FRAC_PI_2, root), "arcsin above");
        assert_close(arcsin(z(2.0, -0.0)), (FRAC_PI_2, -root), "arcsin below");
        assert_close(arccos(z(2.0, 0.0)), (0.0, -root), "arccos");
        assert_close(arcsinh(z(0.0, -2.0)), (root, -FRAC_PI_2), "arcsinh");
        assert_close(arccosh(z(0.5, 0.0)), (0.0, 1.047_197_551_196_597_6), "arccosh");
        assert_close(arctanh(z(2.0, 0.0)), (0.549_306_144_334_054_9, FRAC_PI_2), "arctanh");
        assert_close(arctan(z(0.0, 2.0)), (FRAC_PI_2, 0.549_306_144_334_054_9), "arctan");
    }

    /// What NumPy 2.4 gives.
    #[test]
    fn huge_and_infinite_numbers_neither_overflow_nor_vanish_on_the_way() {
        let z = C::new;
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_close(divide(z(1e300, 1e300), z(2e300, 0.0)), (0.5, 0.5), "divide");
        assert_close(divide(z(1.0, 0.0), z(1e-300, -1e-300)), (5e299, 5e299), "divide by little");
        assert_eq!(divide(z(1.0, 0.0), z(0.0, 0.0)).re, inf, "divide by zero");
        assert_close(power(z(1e100, 0.0), z(-2.0, 0.0)), (1e-200, 0.0), "power");
        assert_eq!(power(z(0.0, 0.0), z(1.0, 1.0)), z(0.0, 0.0), "power of zero");
        assert_close(exp(z(709.9, 0.8)), (1.408_324_374_786_655_5e308, 1.450_065_077_114_188_2e308), "exp");
        assert_close(sinh(z(-710.0, 0.5)), (-9.802_574_250_689_393e307, 5.355_170_720_030_244e307), "sinh");
        assert_eq!(exp(z(inf, 0.0)), z(inf, 0.0), "exp");
        assert_eq!(exp(z(-inf, nan)), z(0.0, 0.0), "exp of nothing");
        assert!(cosh(z(inf, inf)).re.is_infinite() && sin(z(nan, inf)).im.is_infinite());
        assert_eq!(tanh(z(-inf, inf)), z(-1.0, 0.0), "tanh");
        assert_close(log(z(f64::MAX, f64::MAX)), (710.129_286_483_663_9, PI / 4.0), "log");
        assert!(log(z(nan, 0.0)).re.is_nan() && log(z(nan, -inf)).re == inf);
        assert_close(arcsin(z(1e308, -1e308)), (PI / 4.0, -710.235_929_413_005_9), "arcsin");
        assert_close(arccos(z(-1e308, 0.0)), (PI, -709.889_355_822_725_9), "arccos");
        assert_close(arccosh(z(-1e308, 1e308)), (710.235_929_413_005_9, PI * 0.75), "arccosh");
        assert_close(arctanh(z(inf, -1.0)), (0.0, -FRAC_PI_2), "arctanh");
        assert_close(arctanh(z(1.0, 5e-324)), (372.566_609_550_970_6, PI / 4.0), "arctanh near its pole");
    }

    /// What NumPy 2.4 gives, or more accurate where it says so.
    #[test]
    fn small_and_large_numbers_keep_their_digits() {
        let z = C::new;
        assert_close(expm1(z(1e-20, 1e-20)), (1e-20, 1e-20), "expm1");
        assert_close(log1p(z(1e-20, 1e-20)), (1e-20, 1e-20), "log1p, where NumPy's real part is lost");
        assert_close(tanh(z(300.0, 1.0)), (1.0, 4.819_997_531_428_953e-261), "tanh");
        assert_close(tan(z(1.0, 300.0)), (4.819_997_531_428_953e-261, 1.0), "tan");
        assert_close(log2(z(8.0, 1.0)), (3.011_183_906_514_227, 0.179_406_333_942_386_8), "log2");
        assert_close(exp2(z(1.0, 1.0)), (1.538_477_802_727_944_2, 1.277_922_552_627_269_5), "exp2");
        assert_close(sqrt(z(1e308, 1e308)), (1.098_684_113_467_81e154, 4.550_898_605_622_274e153), "sqrt");
        assert_close(arcsin(z(1e-20, 1e-20)), (1e-20, 1e-20), "arcsin");
        assert_close(power(z(2.0, 1.0), z(3.0, 0.0)), (2.0, 11.0), "power");
        assert!(power(z(0.0, 0.0), z(0.0, 1.0)).re.is_nan());
    }
}
