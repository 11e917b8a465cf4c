//! Division, with Python's signs.

use super::{Made, Pair, Room, integer, pair};
use crate::graph::spec::{Datum, Failure};

fn by_zero() -> Failure {
    Failure::new("division by zero")
}

/// A float, also of integers.
pub(super) fn div(_: &Room<'_>, arguments: &[Datum]) -> Made {
    match pair(arguments)? {
        Pair::Ints(_, 0) => Err(by_zero()),
        Pair::Ints(x, y) => Ok(Datum::Float(quotient(x, y))),
        Pair::Floats(x, y) => float_divisor(y).map(|y| Datum::Float(x / y)),
    }
}

fn float_divisor(y: f64) -> Result<f64, Failure> {
    if y == 0.0 { Err(by_zero()) } else { Ok(y) }
}

/// The float next to `x / y`, which is not the quotient of the floats next to `x` and `y`.
fn quotient(x: i64, y: i64) -> f64 {
    const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
    let (above, below) = (x.unsigned_abs(), y.unsigned_abs());
    if above == 0 || (above <= EXACT && below <= EXACT) {
        return x as f64 / y as f64;
    }
    // At least 64 digits of the quotient; what is left over decides a tie, as one more digit would.
    let shift = u128::from(above).leading_zeros();
    let shifted = u128::from(above) << shift;
    let digits = (shifted / u128::from(below)) | u128::from(!shifted.is_multiple_of(u128::from(below)));
    let size = digits as f64 * 2.0_f64.powi(-(shift as i32));
    if (x < 0) == (y < 0) { size } else { -size }
}

/// The greatest integer that is not above the quotient.
pub(super) fn floordiv(_: &Room<'_>, arguments: &[Datum]) -> Made {
    match pair(arguments)? {
        Pair::Ints(_, 0) => Err(by_zero()),
        Pair::Ints(x, y) => integer(x.checked_div_euclid(y).map(|quotient| {
            // Euclid's remainder is never negative; Python's has the divisor's sign.
            if y < 0 && x.rem_euclid(y) != 0 { quotient - 1 } else { quotient }
        })),
        Pair::Floats(x, y) => float_divisor(y).map(|y| Datum::Float(float_divmod(x, y).0)),
    }
}

/// What is left of that; it has the divisor's sign.
pub(super) fn modulo(_: &Room<'_>, arguments: &[Datum]) -> Made {
    match pair(arguments)? {
        Pair::Ints(_, 0) => Err(by_zero()),
        Pair::Ints(x, y) => {
            let rest = x.wrapping_rem_euclid(y);
            Ok(Datum::Int(if y < 0 && rest != 0 { rest + y } else { rest }))
        }
        Pair::Floats(x, y) => float_divisor(y).map(|y| Datum::Float(float_divmod(x, y).1)),
    }
}

/// Quotient and rest of floats, by the steps of Python's `float.__divmod__`: the rest is exact before its sign is mended,
/// and the quotient, which is a whole number but for rounding, is made one.
fn float_divmod(x: f64, y: f64) -> (f64, f64) {
    let mut rest = x % y;
    let mut quotient = (x - rest) / y;
    if rest == 0.0 {
        rest = 0.0_f64.copysign(y);
    } else if (y < 0.0) != (rest < 0.0) {
        rest += y;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0.0_f64.copysign(x / y), rest);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, rest)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn python_agrees() {
        check(&[
            ("div", "[1, 2]", Ok("0.5")),
            ("div", "[6, 3]", Ok("2.0")),
            ("div", "[1, 0]", Err("division by zero")),
            ("div", "[0, 9007199254740993]", Ok("0.0")),
            ("div", "[0, -9223372036854775808]", Ok("-0.0")),
            ("div", "[1.0, -0.0]", Err("division by zero")),
            ("div", "[1, false]", Err("division by zero")),
            ("div", "[\"a\", 2]", Err("argument 1 is string \"a\", expected a number")),
            ("div", "[9223372036854775807, 9223372036854775806]", Ok("1.0")),
            ("div", "[9007199254740993, 3]", Ok("3002399751580331.0")),
            ("div", "[-9223372036854775808, -1]", Ok("9.223372036854776e+18")),
            ("div", "[9223372036854775807, 3]", Ok("3.0744573456182584e+18")),
            ("div", "[1, -9223372036854775807]", Ok("-1.0842021724855044e-19")),
            ("div", "[9223372036854775295, 2]", Ok("4.6116860184273874e+18")),
            ("floordiv", "[7, 2]", Ok("3")),
            ("floordiv", "[-7, 2]", Ok("-4")),
            ("floordiv", "[7, -2]", Ok("-4")),
            ("floordiv", "[-7, -2]", Ok("3")),
            ("floordiv", "[-8, -2]", Ok("4")),
            ("floordiv", "[8, -2]", Ok("-4")),
            ("floordiv", "[-9223372036854775808, -1]", Err("no 64-bit integer")),
            ("floordiv", "[1, 0]", Err("division by zero")),
            ("floordiv", "[7.5, 2]", Ok("3.0")),
            ("floordiv", "[-7.5, 2]", Ok("-4.0")),
            ("floordiv", "[0.0, -2]", Ok("-0.0")),
            ("floordiv", "[1e308, 1e-10]", Ok("Infinity")),
            ("floordiv", "[1, 0.1]", Ok("9.0")),
            ("mod", "[7, 3]", Ok("1")),
            ("mod", "[-7, 3]", Ok("2")),
            ("mod", "[7, -3]", Ok("-2")),
            ("mod", "[-7, -3]", Ok("-1")),
            ("mod", "[6, -3]", Ok("0")),
            ("mod", "[-9223372036854775808, -1]", Ok("0")),
            ("mod", "[1, 0]", Err("division by zero")),
            ("mod", "[-7.5, 2]", Ok("0.5")),
            ("mod", "[7.5, -2]", Ok("-0.5")),
            ("mod", "[-6.0, 3]", Ok("0.0")),
            ("mod", "[6.0, -3]", Ok("-0.0")),
            ("mod", "[1, 0.1]", Ok("0.09999999999999995")),
            ("mod", "[\"%d\", 1]", Err("argument 1 is string \"%d\", expected a number")),
        ]);
    }

    #[test]
    fn quotient_and_rest_make_up_the_dividend() {
        let ends = [i64::MIN, i64::MIN + 1, -1_000_003, -17, -2, -1, 0, 1, 2, 17, 1_000_003, i64::MAX - 1, i64::MAX];
        let room = Room::new("1KiB".parse().unwrap(), &crate::chunk::Unmetered);
        for x in ends {
            for y in ends.into_iter().filter(|&y| y != 0) {
                let arguments = [Datum::Int(x), Datum::Int(y)];
                let Ok(Datum::Int(rest)) = modulo(&room, &arguments) else { panic!("{x} mod {y}") };
                assert!(
                    rest == 0 || (rest < 0) == (y < 0) && rest.unsigned_abs() < y.unsigned_abs(),
                    "{x} mod {y}: {rest}"
                );
                match floordiv(&room, &arguments) {
                    Ok(Datum::Int(found)) => {
                        assert_eq!(i128::from(found) * i128::from(y) + i128::from(rest), i128::from(x), "{x} // {y}");
                    }
                    _ => assert!(x == i64::MIN && y == -1),
                }
            }
        }
    }

    #[test]
    fn the_nearest_quotient_is_found() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 1
        };
        for _ in 0..100_000 {
            let (x, y) = ((next() >> (next() >> 30 & 63)).max(1), (next() >> (next() >> 30 & 63)).max(1));
            let bits = quotient(x as i64, y as i64).to_bits();
            let away = |bits: u64| distance(x, y, bits);
            // The floats beside it that have the same exponent are no nearer.
            for beside in [bits - 1, bits + 1].into_iter().filter(|beside| beside >> 52 == bits >> 52) {
                assert!(away(bits) <= away(beside), "{x} / {y} is not {}", f64::from_bits(bits));
            }
        }
    }

    /// How far `x / y` is from a float, exactly: in units of `y` times the float's last digit, or of `y` where that is a
    /// whole number. Neither number is larger than 2^117: the float is about the quotient.
    fn distance(x: u64, y: u64, bits: u64) -> u128 {
        let (mantissa, exponent) = (bits & ((1 << 52) - 1) | 1 << 52, (bits >> 52) as i32 - 1075);
        let product = u128::from(mantissa) * u128::from(y);
        if exponent < 0 {
            product.abs_diff(u128::from(x) << -exponent)
        } else {
            (product << exponent).abs_diff(u128::from(x))
        }
    }
}
