//! Functions of lists, texts and maps.

use super::super::datum::{ITEM_BYTES, LIST_BYTES};
use super::arithmetic::joined;
use super::{Made, Number, Room, arithmetic, items};
use crate::graph::spec::{Datum, Failure};

pub(super) fn len(_: &Room<'_>, arguments: &[Datum]) -> Made {
    match &arguments[0] {
        Datum::Text(text) => Ok(Datum::Int(text.chars().count() as i64)),
        Datum::List(items) => Ok(Datum::Int(items.len() as i64)),
        Datum::Map(entries) => Ok(Datum::Int(entries.len() as i64)),
        other => Err(Failure::argument(1, other, "a list, a string or a map")),
    }
}

/// From the first on; once one is a float, the errors of rounding are summed up, too, and added last (Neumaier 1974).
pub(super) fn sum(room: &Room<'_>, arguments: &[Datum]) -> Made {
    let inside;
    let values = if let Datum::List(items) = &arguments[0] {
        items
    } else {
        inside = items(room, arguments, 0)?;
        &inside[..]
    };
    let mut total = Datum::Int(0);
    for (at, value) in values.iter().enumerate() {
        total = arithmetic::add(room, &[total, value.clone()]).map_err(|failure| match Number::of(value) {
            Some(_) => failure,
            None => Failure::new(format!("item {at} of argument 1 is {}, expected a number", value.describe())),
        })?;
        if let Datum::Float(first) = total {
            return sum_of_floats(first, &values[at + 1..], at + 1);
        }
    }
    Ok(total)
}

fn sum_of_floats(first: f64, values: &[Datum], from: usize) -> Made {
    let (mut total, mut errors) = (first, 0.0_f64);
    for (at, value) in values.iter().enumerate() {
        let Some(number) = Number::of(value) else {
            let at = from + at;
            return Err(Failure::new(format!("item {at} of argument 1 is {}, expected a number", value.describe())));
        };
        let x = number.to_f64();
        let next = total + x;
        errors += if total.abs() >= x.abs() { (total - next) + x } else { (x - next) + total };
        total = next;
    }
    Ok(Datum::Float(if errors != 0.0 && errors.is_finite() { total + errors } else { total }))
}

/// `range(stop)`, `range(start, stop)`, `range(start, stop, step)`.
pub(super) fn range(room: &Room<'_>, arguments: &[Datum]) -> Made {
    let mut numbers = Vec::with_capacity(3);
    for (at, argument) in arguments.iter().enumerate() {
        match Number::of(argument) {
            Some(Number::Int(value)) => numbers.push(value),
            _ => return Err(Failure::argument(at + 1, argument, "an integer")),
        }
    }
    let (start, stop, step) = match numbers[..] {
        [start, stop, step] => (start, stop, step),
        [start, stop] => (start, stop, 1),
        _ => (0, numbers[0], 1),
    };
    if step == 0 {
        return Err(Failure::new("argument 3 is 0, expected another step"));
    }
    let span = if step > 0 { i128::from(stop) - i128::from(start) } else { i128::from(start) - i128::from(stop) };
    let stride = u128::from(step.unsigned_abs());
    let count = if span > 0 { (span as u128).div_ceil(stride) } else { 0 };
    let bytes = count.saturating_mul(u128::from(ITEM_BYTES)).saturating_add(u128::from(ITEM_BYTES + LIST_BYTES));
    room.claim(u64::try_from(bytes).unwrap_or(u64::MAX))?;
    // The last one is between start and stop: no product leaves i128, and every sum is an i64.
    Ok(Datum::list((0..count).map(|at| Datum::Int((i128::from(start) + at as i128 * i128::from(step)) as i64))))
}

/// The items of a list, the letters of a text, the keys of a map, as a list; an empty one without an argument.
pub(super) fn list(room: &Room<'_>, arguments: &[Datum]) -> Made {
    match arguments {
        [] => Ok(Datum::list([])),
        [Datum::List(_)] => Ok(arguments[0].clone()),
        _ => Ok(Datum::list(items(room, arguments, 0)?)),
    }
}

/// Lists, or texts, one after the other: several, or the items of one list. None are an empty list.
pub(super) fn concat(room: &Room<'_>, arguments: &[Datum]) -> Made {
    let parts = match arguments {
        [Datum::List(parts)] => parts,
        [other] => return Err(Failure::argument(1, other, "a list of lists or of strings")),
        _ => arguments,
    };
    if parts.is_empty() { Ok(Datum::list([])) } else { joined(room, parts) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn python_agrees() {
        check(&[
            ("len", "[\"héé\"]", Ok("3")),
            ("len", "[[1, [2, 3]]]", Ok("2")),
            ("len", "[{\"a\": 1}]", Ok("1")),
            ("len", "[5]", Err("argument 1 is integer 5, expected a list")),
            ("sum", "[[]]", Ok("0")),
            ("sum", "[\"\"]", Ok("0")),
            ("sum", "[{}]", Ok("0")),
            ("sum", "[[1, 2, true]]", Ok("4")),
            ("sum", "[[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]]", Ok("1.0")),
            ("sum", "[[1e100, 1.0, -1e100]]", Ok("1.0")),
            ("sum", "[[1, 1e100, 1.0, -1e100]]", Ok("1.0")),
            ("sum", "[[1e308, 1e308, -1e308]]", Ok("Infinity")),
            ("sum", "[[-0.0]]", Ok("0.0")),
            ("sum", "[[9223372036854775807, 1]]", Err("no 64-bit integer")),
            ("sum", "[[9223372036854775807, 1.0]]", Ok("9.223372036854776e+18")),
            ("sum", "[[1, \"a\"]]", Err("item 1 of argument 1 is string \"a\", expected a number")),
            ("sum", "[[1.0, null]]", Err("item 1 of argument 1 is null, expected a number")),
            ("sum", "[[[1]]]", Err("item 0 of argument 1 is list [1], expected a number")),
            ("sum", "[\"abc\"]", Err("item 0 of argument 1 is string \"a\"")),
            ("sum", "[3]", Err("argument 1 is integer 3, expected a list")),
            ("range", "[3]", Ok("[0, 1, 2]")),
            ("range", "[-3]", Ok("[]")),
            ("range", "[2, 5]", Ok("[2, 3, 4]")),
            ("range", "[5, 0, -2]", Ok("[5, 3, 1]")),
            ("range", "[0, 7, 3]", Ok("[0, 3, 6]")),
            ("range", "[true, 3]", Ok("[1, 2]")),
            ("range", "[0, 1, 0]", Err("argument 3 is 0")),
            ("range", "[1.0]", Err("argument 1 is float 1.0, expected an integer")),
            ("range", "[1, null]", Err("argument 2 is null, expected an integer")),
            (
                "range",
                "[-9223372036854775808, 9223372036854775807, 9223372036854775807]",
                Ok("[-9223372036854775808, -1, 9223372036854775806]"),
            ),
            (
                "range",
                "[9223372036854775807, -9223372036854775808, -9223372036854775808]",
                Ok("[9223372036854775807, -1]"),
            ),
            ("list", "[]", Ok("[]")),
            ("list", "[\"ab\"]", Ok("[\"a\", \"b\"]")),
            ("list", "[[1]]", Ok("[1]")),
            ("list", "[{\"a\": 1, \"b\": 2}]", Ok("[\"a\", \"b\"]")),
            ("list", "[1]", Err("argument 1 is integer 1, expected a list")),
            ("concat", "[]", Ok("[]")),
            ("concat", "[[1], [2], []]", Ok("[1, 2]")),
            ("concat", "[[[1], [[2]], []]]", Ok("[1, [2]]")),
            ("concat", "[\"a\", \"b\"]", Ok("\"ab\"")),
            ("concat", "[[\"a\", \"b\"]]", Ok("\"ab\"")),
            ("concat", "[[]]", Ok("[]")),
            ("concat", "[[1], \"a\"]", Err("argument 2 is string \"a\", expected a list")),
            ("concat", "[1, 2]", Err("argument 1 is integer 1, expected a list or a string")),
            ("concat", "[\"abc\"]", Err("argument 1 is string \"abc\", expected a list")),
        ]);
    }

    #[test]
    fn what_would_be_too_large_is_not_made() {
        check(&[
            ("range", "[1000000000000]", Err("the value would take 21.83 TiB, more than the memory limit of 1 MiB")),
            ("range", "[-9223372036854775808, 9223372036854775807]", Err("more than the memory limit of 1 MiB")),
        ]);
    }
}
