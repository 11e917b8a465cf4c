//! Powers.

use super::{Made, Pair, Room, integer, pair};
use crate::graph::spec::{Datum, Failure};

/// An integer of an integer and one that is not negative; a float of all other numbers.
pub(super) fn pow(_: &Room<'_>, arguments: &[Datum]) -> Made {
    match pair(arguments)? {
        Pair::Ints(x, y) if y >= 0 => integer(int_power(x, y)),
        Pair::Ints(x, y) => float_power(x as f64, y as f64),
        Pair::Floats(x, y) => float_power(x, y),
    }
}

/// By squaring; the few bases whose powers fit for ever are known.
fn int_power(x: i64, y: i64) -> Option<i64> {
    match x {
        0 | 1 => Some(if y == 0 { 1 } else { x }),
        -1 => Some(if y % 2 == 0 { 1 } else { -1 }),
        _ => x.checked_pow(u32::try_from(y).ok()?),
    }
}

fn float_power(x: f64, y: f64) -> Made {
    if x == 0.0 && y < 0.0 && y.is_finite() {
        return Err(Failure::new("division by zero: zero to a negative power"));
    }
    if x < 0.0 && x.is_finite() && y.is_finite() && y.fract() != 0.0 {
        return Err(Failure::new("the result is a complex number, which is not offered"));
    }
    let power = x.powf(y);
    if power.is_infinite() && x.is_finite() && y.is_finite() {
        return Err(Failure::new("the result is larger than any float"));
    }
    Ok(Datum::Float(power))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call_with, check};
    use crate::graph::spec::Datum;

    #[test]
    fn python_agrees() {
        let endless = call_with("pow", &[Datum::from(0), Datum::from(f64::NEG_INFINITY)]).unwrap();
        assert_eq!(endless, Datum::from(f64::INFINITY));
        check(&[
            ("pow", "[2, 10]", Ok("1024")),
            ("pow", "[-2, 63]", Ok("-9223372036854775808")),
            ("pow", "[2, 63]", Err("no 64-bit integer")),
            ("pow", "[1000000000, 1000000000]", Err("no 64-bit integer")),
            ("pow", "[2, 9223372036854775807]", Err("no 64-bit integer")),
            ("pow", "[-1, 9223372036854775807]", Ok("-1")),
            ("pow", "[1, 9223372036854775807]", Ok("1")),
            ("pow", "[0, 9223372036854775807]", Ok("0")),
            ("pow", "[0, 0]", Ok("1")),
            ("pow", "[true, false]", Ok("1")),
            ("pow", "[2, -1]", Ok("0.5")),
            ("pow", "[0, -1]", Err("division by zero")),
            ("pow", "[0.0, -1]", Err("division by zero")),
            ("pow", "[2.0, 3]", Ok("8.0")),
            ("pow", "[-8, 0.5]", Err("complex")),
            ("pow", "[-8.0, 3.0]", Ok("-512.0")),
            ("pow", "[10.0, 400]", Err("larger than any float")),
            ("pow", "[10.0, -400]", Ok("0.0")),
            ("pow", "[\"a\", 2]", Err("argument 1 is string \"a\"")),
        ]);
    }

    #[test]
    fn infinities_are_raised_as_in_python() {
        let of = |x: f64, y: f64| call_with("pow", &[Datum::from(x), Datum::from(y)]).unwrap().to_string();
        assert_eq!(of(f64::INFINITY, 2.0), "Infinity");
        assert_eq!(of(2.0, f64::INFINITY), "Infinity");
        assert_eq!(of(0.5, f64::INFINITY), "0.0");
        assert_eq!(of(-2.0, f64::INFINITY), "Infinity");
        assert_eq!(of(f64::NEG_INFINITY, 0.5), "Infinity");
        assert_eq!(of(f64::NAN, 0.0), "1.0");
        assert_eq!(of(1.0, f64::NAN), "1.0");
        assert_eq!(of(-1.0, f64::NAN), "NaN");
    }
}
