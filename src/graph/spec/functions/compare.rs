//! Least, greatest, sorted: by Python's order, in which values of different kinds have no place.

use std::cmp::Ordering;

use super::super::datum::ITEM_BYTES;
use super::{Made, Number, Room, items};
use crate::graph::spec::{Datum, Failure, deep};

pub(super) fn min(room: &Room<'_>, arguments: &[Datum]) -> Made {
    outermost(room, arguments, less)
}

pub(super) fn max(room: &Room<'_>, arguments: &[Datum]) -> Made {
    outermost(room, arguments, |new, best| less(best, new))
}

/// Of several arguments, or of the items of one: the first that none beats.
fn outermost(room: &Room<'_>, arguments: &[Datum], beats: impl Fn(&Datum, &Datum) -> Result<bool, Failure>) -> Made {
    let inside;
    let values = match arguments {
        [Datum::List(items)] => &**items,
        [_] => {
            inside = items(room, arguments, 0)?;
            &inside[..]
        }
        _ => arguments,
    };
    let Some((first, rest)) = values.split_first() else {
        return Err(Failure::new("argument 1 has no items, expected at least one"));
    };
    let mut best = first;
    for value in rest {
        if beats(value, best)? {
            best = value;
        }
    }
    Ok(best.clone())
}

/// The items of its argument as a list, least first; those that are equal stay in order.
pub(super) fn sorted(room: &Room<'_>, arguments: &[Datum]) -> Made {
    let mut values = items(room, arguments, 0)?;
    if values.iter().any(|value| matches!(value, Datum::Float(value) if value.is_nan())) {
        return Err(Failure::new("argument 1 has a NaN in it, which has no place in an order"));
    }
    // Merging takes as much again.
    room.claim(values.len() as u64 * ITEM_BYTES)?;
    let mut failure = None;
    values.sort_by(|x, y| {
        order(x, y).unwrap_or_else(|found| {
            failure.get_or_insert(found);
            Ordering::Equal
        })
    });
    failure.map_or_else(|| Ok(Datum::list(values)), Err)
}

/// Whether `x` is before `y`.
fn less(x: &Datum, y: &Datum) -> Result<bool, Failure> {
    Ok(partial(x, y)? == Some(Ordering::Less))
}

/// The order of what is to be sorted: what is neither less nor greater counts as equal.
fn order(x: &Datum, y: &Datum) -> Result<Ordering, Failure> {
    Ok(partial(x, y)?.unwrap_or(Ordering::Equal))
}

/// How two values compare, if they do: NaN does not, to anything.
///
/// # Errors
/// Where they are of different kinds.
fn partial(x: &Datum, y: &Datum) -> Result<Option<Ordering>, Failure> {
    match (x, y) {
        (Datum::Text(x), Datum::Text(y)) => Ok(Some(x.cmp(y))),
        (Datum::List(x), Datum::List(y)) => {
            for (x, y) in x.iter().zip(y.iter()) {
                if !deep(|| equal(x, y)) {
                    return deep(|| partial(x, y));
                }
            }
            Ok(Some(x.len().cmp(&y.len())))
        }
        _ => match (Number::of(x), Number::of(y)) {
            (Some(x), Some(y)) => Ok(compare_numbers(x, y)),
            _ => Err(Failure::new(format!("{} and {} have no order", x.describe(), y.describe()))),
        },
    }
}

/// Whether two values are equal, as Python has it: numbers by what they are worth.
fn equal(x: &Datum, y: &Datum) -> bool {
    match (x, y) {
        (Datum::List(x), Datum::List(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| deep(|| equal(x, y)))
        }
        (Datum::Map(x), Datum::Map(y)) => {
            let of = |key: &str| y.iter().find(|(other, _)| **other == *key).map(|(_, value)| value);
            x.len() == y.len() && x.iter().all(|(key, value)| of(key).is_some_and(|other| deep(|| equal(value, other))))
        }
        _ => match (Number::of(x), Number::of(y)) {
            (Some(x), Some(y)) => compare_numbers(x, y) == Some(Ordering::Equal),
            _ => x == y,
        },
    }
}

/// Exactly: an integer is not rounded to be compared with a float.
fn compare_numbers(x: Number, y: Number) -> Option<Ordering> {
    match (x, y) {
        (Number::Int(x), Number::Int(y)) => Some(x.cmp(&y)),
        (Number::Float(x), Number::Float(y)) => x.partial_cmp(&y),
        (Number::Int(x), Number::Float(y)) => compare_with_float(x, y),
        (Number::Float(x), Number::Int(y)) => compare_with_float(y, x).map(Ordering::reverse),
    }
}

fn compare_with_float(x: i64, y: f64) -> Option<Ordering> {
    /// 2^63: the least float above all integers.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if y.is_nan() {
        None
    } else if y >= BEYOND {
        Some(Ordering::Less)
    } else if y < -BEYOND {
        Some(Ordering::Greater)
    } else {
        // The whole part fits; of equal ones, the fraction decides.
        let whole = y.trunc();
        Some(x.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&y).unwrap_or(Ordering::Equal)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call_with, check};
    use super::*;

    #[test]
    fn python_agrees() {
        check(&[
            ("min", "[3, 1, 2]", Ok("1")),
            ("min", "[[3, 1, 2]]", Ok("1")),
            ("min", "[1, 1.0]", Ok("1")),
            ("min", "[1.0, true]", Ok("1.0")),
            ("max", "[1, 1.0]", Ok("1")),
            ("max", "[\"abc\"]", Ok("\"c\"")),
            ("max", "[\"b\", \"abc\"]", Ok("\"b\"")),
            ("max", "[[\"é\", \"z\"]]", Ok("\"é\"")),
            ("max", "[{\"a\": 2, \"b\": 1}]", Ok("\"b\"")),
            ("max", "[[1, 2], [1, 3]]", Ok("[1, 3]")),
            ("max", "[[1, 2], [1]]", Ok("[1, 2]")),
            ("min", "[[1, \"a\"], [2, 3]]", Ok("[1, \"a\"]")),
            ("min", "[[1, \"a\"], [1, 3]]", Err("have no order")),
            ("min", "[[null, 2], [null, 1]]", Ok("[null, 1]")),
            ("min", "[null, 1]", Err("integer 1 and null have no order")),
            ("min", "[1, \"a\"]", Err("string \"a\" and integer 1 have no order")),
            ("min", "[[]]", Err("argument 1 has no items")),
            ("min", "[\"\"]", Err("argument 1 has no items")),
            ("min", "[5]", Err("argument 1 is integer 5, expected a list")),
            ("min", "[null]", Err("argument 1 is null, expected a list")),
            ("min", "[[null]]", Ok("null")),
            ("max", "[9007199254740993, 9007199254740992.0]", Ok("9007199254740993")),
            ("max", "[9007199254740992.0, 9007199254740993]", Ok("9007199254740993")),
            ("max", "[9223372036854775807, 9223372036854775808.0]", Ok("9.223372036854776e+18")),
            ("min", "[-9223372036854775808, -9223372036854775808.0]", Ok("-9223372036854775808")),
            ("min", "[-1, -1.5]", Ok("-1.5")),
            ("sorted", "[[3, 1.5, true, 2]]", Ok("[true, 1.5, 2, 3]")),
            ("sorted", "[[1.0, 1, true]]", Ok("[1.0, 1, true]")),
            ("sorted", "[\"hello\"]", Ok("[\"e\", \"h\", \"l\", \"l\", \"o\"]")),
            ("sorted", "[[[2], [1, 5], []]]", Ok("[[], [1, 5], [2]]")),
            ("sorted", "[{\"b\": 1, \"a\": 2}]", Ok("[\"a\", \"b\"]")),
            ("sorted", "[[1, \"a\"]]", Err("have no order")),
            ("sorted", "[[{}, {}]]", Err("map {} and map {} have no order")),
            ("sorted", "[[null]]", Ok("[null]")),
            ("sorted", "[[]]", Ok("[]")),
            ("sorted", "[1]", Err("argument 1 is integer 1, expected a list")),
        ]);
    }

    #[test]
    fn nan_compares_with_nothing() {
        let (nan, one) = (Datum::from(f64::NAN), Datum::from(1));
        assert_eq!(call_with("min", &[nan.clone(), one.clone()]).unwrap().to_string(), "NaN");
        assert_eq!(call_with("min", &[one.clone(), nan.clone()]).unwrap().to_string(), "1");
        assert!(call_with("sorted", &[Datum::list([one, nan.clone()])]).unwrap_err().contains("NaN"));
        // Within lists NaN is no order either; sorting ends, whatever it gives.
        let lists: Vec<Datum> = (0..100).map(|at| Datum::list([nan.clone(), Datum::from(100 - at)])).collect();
        assert!(call_with("sorted", &[Datum::list(lists)]).is_ok());
    }

    #[test]
    fn maps_are_equal_in_any_order() {
        let [x, y] = [r#"{"a": 1, "b": 2}"#, r#"{"b": 2.0, "a": true}"#].map(|text| Datum::from_json(text).unwrap());
        assert!(equal(&x, &y) && !equal(&x, &Datum::from_json("{}").unwrap()));
    }
}
