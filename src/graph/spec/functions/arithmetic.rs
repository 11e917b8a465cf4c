//! Sums, differences, products and signs.

use super::super::datum::{ITEM_BYTES, LIST_BYTES, text_bytes};
use super::{Made, Number, Pair, Room, integer, number, pair};
use crate::graph::spec::{Datum, Failure};

pub(super) fn inc(_: &Room<'_>, arguments: &[Datum]) -> Made {
    match number(arguments, 0)? {
        Number::Int(value) => integer(value.checked_add(1)),
        Number::Float(value) => Ok(Datum::Float(value + 1.0)),
    }
}

pub(super) fn dec(_: &Room<'_>, arguments: &[Datum]) -> Made {
    match number(arguments, 0)? {
        Number::Int(value) => integer(value.checked_sub(1)),
        Number::Float(value) => Ok(Datum::Float(value - 1.0)),
    }
}

pub(super) fn neg(_: &Room<'_>, arguments: &[Datum]) -> Made {
    match number(arguments, 0)? {
        Number::Int(value) => integer(value.checked_neg()),
        Number::Float(value) => Ok(Datum::Float(-value)),
    }
}

pub(super) fn abs(_: &Room<'_>, arguments: &[Datum]) -> Made {
    match number(arguments, 0)? {
        Number::Int(value) => integer(value.checked_abs()),
        Number::Float(value) => Ok(Datum::Float(value.abs())),
    }
}

pub(super) fn sub(_: &Room<'_>, arguments: &[Datum]) -> Made {
    match pair(arguments)? {
        Pair::Ints(x, y) => integer(x.checked_sub(y)),
        Pair::Floats(x, y) => Ok(Datum::Float(x - y)),
    }
}

pub(super) fn add(room: &Room<'_>, arguments: &[Datum]) -> Made {
    match (&arguments[0], &arguments[1]) {
        (Datum::Text(_), Datum::Text(_)) | (Datum::List(_), Datum::List(_)) => joined(room, arguments),
        (Datum::Text(_), other) => Err(Failure::argument(2, other, "a string, as argument 1 is one")),
        (Datum::List(_), other) => Err(Failure::argument(2, other, "a list, as argument 1 is one")),
        _ => match pair(arguments)? {
            Pair::Ints(x, y) => integer(x.checked_add(y)),
            Pair::Floats(x, y) => Ok(Datum::Float(x + y)),
        },
    }
}

/// Texts, or lists, one after the other: as the first is, so must be the others.
pub(super) fn joined(room: &Room<'_>, parts: &[Datum]) -> Made {
    let bytes = parts.iter().map(Datum::bytes).fold(ITEM_BYTES + LIST_BYTES, u64::saturating_add);
    room.claim(bytes)?;
    let wrong = |at: usize, expected| Failure::argument(at + 1, &parts[at], expected);
    match &parts[0] {
        Datum::Text(_) => {
            let mut text = String::new();
            for (at, part) in parts.iter().enumerate() {
                let Datum::Text(part) = part else { return Err(wrong(at, "a string, as argument 1 is one")) };
                text.push_str(part);
            }
            Ok(Datum::from(text))
        }
        Datum::List(_) => {
            let mut list = Vec::new();
            for (at, part) in parts.iter().enumerate() {
                let Datum::List(part) = part else { return Err(wrong(at, "a list, as argument 1 is one")) };
                list.extend_from_slice(part);
            }
            Ok(Datum::list(list))
        }
        _ => Err(wrong(0, "a list or a string")),
    }
}

pub(super) fn mul(room: &Room<'_>, arguments: &[Datum]) -> Made {
    let sequence = |at: usize| matches!(&arguments[at], Datum::Text(_) | Datum::List(_));
    if sequence(0) || sequence(1) {
        let times = usize::from(sequence(0));
        return match Number::of(&arguments[times]) {
            Some(Number::Int(count)) => repeated(room, &arguments[1 - times], count),
            _ => Err(Failure::argument(times + 1, &arguments[times], "an integer: how often the other is repeated")),
        };
    }
    match pair(arguments)? {
        Pair::Ints(x, y) => integer(x.checked_mul(y)),
        Pair::Floats(x, y) => Ok(Datum::Float(x * y)),
    }
}

/// A text, or a list, so many times; none of it for negative numbers.
fn repeated(room: &Room<'_>, value: &Datum, count: i64) -> Made {
    let count = u64::try_from(count).unwrap_or(0);
    match value {
        Datum::Text(text) => {
            room.claim(text_bytes((text.len() as u64).saturating_mul(count)).saturating_add(ITEM_BYTES))?;
            // Nothing, however often, is nothing.
            Ok(if text.is_empty() { value.clone() } else { Datum::from(text.repeat(count as usize)) })
        }
        Datum::List(items) => {
            let each = items.iter().map(Datum::bytes).fold(0, u64::saturating_add);
            room.claim(each.saturating_mul(count).saturating_add(ITEM_BYTES + LIST_BYTES))?;
            let times = if items.is_empty() { 0 } else { count };
            Ok(Datum::list((0..times).flat_map(|_| items.iter().cloned())))
        }
        _ => Err(Failure::argument(1, value, "a list or a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call_with, check};
    use crate::graph::spec::Datum;

    #[test]
    fn python_agrees() {
        check(&[
            ("inc", "[41]", Ok("42")),
            ("inc", "[1.5]", Ok("2.5")),
            ("inc", "[true]", Ok("2")),
            ("inc", "[9223372036854775807]", Err("no 64-bit integer")),
            ("inc", "[\"a\"]", Err("argument 1 is string \"a\", expected a number")),
            ("inc", "[null]", Err("argument 1 is null, expected a number")),
            ("dec", "[-9223372036854775808]", Err("no 64-bit integer")),
            ("dec", "[0.5]", Ok("-0.5")),
            ("neg", "[-9223372036854775808]", Err("no 64-bit integer")),
            ("neg", "[0.0]", Ok("-0.0")),
            ("neg", "[true]", Ok("-1")),
            ("abs", "[-9223372036854775808]", Err("no 64-bit integer")),
            ("abs", "[-2.5]", Ok("2.5")),
            ("abs", "[false]", Ok("0")),
            ("add", "[1, 2.5]", Ok("3.5")),
            ("add", "[true, true]", Ok("2")),
            ("add", "[9223372036854775807, 1]", Err("no 64-bit integer")),
            ("add", "[9223372036854775807, 1.0]", Ok("9.223372036854776e+18")),
            ("add", "[\"a\", \"b\"]", Ok("\"ab\"")),
            ("add", "[[1], [\"x\", []]]", Ok("[1, \"x\", []]")),
            ("add", "[\"a\", 1]", Err("argument 2 is integer 1, expected a string")),
            ("add", "[1, \"a\"]", Err("argument 2 is string \"a\", expected a number")),
            ("add", "[[1], null]", Err("argument 2 is null, expected a list")),
            ("add", "[{}, {}]", Err("argument 1 is map {}, expected a number")),
            ("sub", "[1, 3]", Ok("-2")),
            ("sub", "[1e308, -1e308]", Ok("Infinity")),
            ("sub", "[-9223372036854775808, 1]", Err("no 64-bit integer")),
            ("sub", "[[1], [1]]", Err("argument 1 is list [1], expected a number")),
            ("mul", "[4611686018427387904, 2]", Err("no 64-bit integer")),
            ("mul", "[-4611686018427387904, 2]", Ok("-9223372036854775808")),
            ("mul", "[0.1, 3]", Ok("0.30000000000000004")),
            ("mul", "[\"ab\", 3]", Ok("\"ababab\"")),
            ("mul", "[3, \"ab\"]", Ok("\"ababab\"")),
            ("mul", "[\"ab\", true]", Ok("\"ab\"")),
            ("mul", "[\"ab\", -1]", Ok("\"\"")),
            ("mul", "[[1, 2], 2]", Ok("[1, 2, 1, 2]")),
            ("mul", "[0, [1, 2]]", Ok("[]")),
            ("mul", "[\"ab\", 1.0]", Err("argument 2 is float 1.0, expected an integer")),
            ("mul", "[\"a\", \"b\"]", Err("argument 2 is string \"b\", expected an integer")),
            ("mul", "[[1], [1]]", Err("argument 2 is list [1], expected an integer")),
        ]);
    }

    #[test]
    fn what_would_be_too_large_is_not_made() {
        check(&[
            ("mul", "[\"a\", 1000000000000]", Err("more than the memory limit of 1 MiB")),
            ("mul", "[\"a\", 9223372036854775807]", Err("more than the memory limit of 1 MiB")),
            ("mul", "[[1, 2], 9223372036854775807]", Err("more than the memory limit of 1 MiB")),
            ("mul", "[[], 9223372036854775807]", Ok("[]")),
            ("mul", "[\"\", 9223372036854775807]", Ok("\"\"")),
        ]);
        let text = Datum::from("x".repeat(600_000));
        let error = call_with("add", &[text.clone(), text]).unwrap_err();
        assert!(error.contains("1.14 MiB"), "{error}");
    }
}
