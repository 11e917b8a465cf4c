//! Functions of complex numbers, in f64, with NumPy's branch cuts (C99's, Annex G).
//!
//! The inverse functions are Kahan's (*Branch cuts for complex elementary functions, or much ado about nothing's sign bit*,
//! 1987): accurate everywhere, and a signed zero chooses the side of a cut. Infinities go through them as plain arithmetic
//! takes them.

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

pub(super) fn exp(z: C) -> C {
    z.exp()
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
    if (0.5..=2.0).contains(&x) { ((x - 1.0) * (x + 1.0) + y * y).ln_1p() / 2.0 } else { x.hypot(y).ln() }
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
    C::new(z.re.sin() * z.im.cosh(), z.re.cos() * z.im.sinh())
}

pub(super) fn cos(z: C) -> C {
    C::new(z.re.cos() * z.im.cosh(), -(z.re.sin() * z.im.sinh()))
}

pub(super) fn tan(z: C) -> C {
    turned_back(tanh(turned(z)))
}

pub(super) fn sinh(z: C) -> C {
    C::new(z.re.sinh() * z.im.cos(), z.re.cosh() * z.im.sin())
}

pub(super) fn cosh(z: C) -> C {
    C::new(z.re.cosh() * z.im.cos(), z.re.sinh() * z.im.sin())
}

pub(super) fn tanh(z: C) -> C {
    if z.re.abs() > 22.0 {
        // Beyond, the real part is one in f64.
        let left = 4.0 * z.im.sin() * z.im.cos() * (-2.0 * z.re.abs()).exp();
        return C::new(1.0_f64.copysign(z.re), left);
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

/// The roots of `1 - z` and `1 + z`.
fn roots(z: C) -> (C, C) {
    (sqrt(C::new(1.0 - z.re, -z.im)), sqrt(C::new(1.0 + z.re, z.im)))
}

pub(super) fn arcsin(z: C) -> C {
    let (less, more) = roots(z);
    C::new(z.re.atan2((less * more).re), libm::asinh((less.conj() * more).im))
}

pub(super) fn arccos(z: C) -> C {
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
    let (less, more) = (sqrt(C::new(z.re - 1.0, z.im)), sqrt(C::new(z.re + 1.0, z.im)));
    C::new(libm::asinh((less.conj() * more).re), 2.0 * less.im.atan2(more.re))
}

pub(super) fn arctanh(z: C) -> C {
    // Below, squares do not overflow; its inverse is less than half a unit of the last place of one.
    let large = f64::MAX.sqrt() / 4.0;
    let side = 1.0_f64.copysign(z.re);
    let (x, y) = (z.re * side, -z.im * side);
    let near = y.abs() + 1.0 / large;
    let (re, im) = if x > large || y.abs() > large {
        let size = x.hypot(y);
        (x / size / size, FRAC_PI_2.copysign(y))
    } else if x == 1.0 {
        let re = ((4.0 + y * y).sqrt().sqrt() / near.sqrt()).ln();
        (re, f64::midpoint(FRAC_PI_2, (near / 2.0).atan()).copysign(y))
    } else {
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
        let is_zero = exponent.re > 0.0 && exponent.im == 0.0;
        return if is_zero { base * 0.0 } else { C::new(f64::NAN, f64::NAN) };
    }
    if exponent.im == 0.0 && exponent.re.fract() == 0.0 && exponent.re.abs() < 100.0 {
        return base.powi(exponent.re as i32);
    }
    exp(exponent * log(base))
}

/// The number of size 1 in the same direction; zero for zero.
pub(in super::super) fn sign(z: C) -> C {
    if z.re == 0.0 && z.im == 0.0 {
        return C::new(0.0, 0.0);
    }
    match (z.re.is_infinite(), z.im.is_infinite()) {
        (false, false) => z / z.re.hypot(z.im),
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
