//! Python's functions, as far as values go: what [`Registry::standard`] has.
//!
//! Each is a function of its arguments, as many as its arity says, and of the room for what it makes: whatever is as large
//! as an argument says, or larger than any of them, is claimed before it is made.

mod arithmetic;
mod compare;
mod divide;
mod power;
mod sequences;
mod text;

use std::sync::Arc;

use super::registry::{Arity, Body, Room};
use super::{Datum, Failure, Registry};

/// What a function has: see [`Body`].
type Made = Result<Datum, Failure>;

/// All functions.
pub(super) fn standard() -> Registry {
    let mut registry = Registry::new();
    let mut add = |name: &str, arity: Arity, function: fn(&Room<'_>, &[Datum]) -> Made| {
        let body: Arc<Body> = Arc::new(function);
        registry.insert(name, arity, body);
    };
    let (one, two) = (Arity::from(1), Arity::from(2));
    add("identity", one, |_, arguments| Ok(arguments[0].clone()));
    add("inc", one, arithmetic::inc);
    add("dec", one, arithmetic::dec);
    add("neg", one, arithmetic::neg);
    add("abs", one, arithmetic::abs);
    add("add", two, arithmetic::add);
    add("sub", two, arithmetic::sub);
    add("mul", two, arithmetic::mul);
    add("div", two, divide::div);
    add("floordiv", two, divide::floordiv);
    add("mod", two, divide::modulo);
    add("pow", two, power::pow);
    add("min", Arity::from(1..), compare::min);
    add("max", Arity::from(1..), compare::max);
    add("sorted", one, compare::sorted);
    add("sum", one, sequences::sum);
    add("len", one, sequences::len);
    add("range", Arity::from(1..=3), sequences::range);
    add("list", Arity::from(0..=1), sequences::list);
    add("concat", Arity::from(0..), sequences::concat);
    add("str", Arity::from(0..=1), text::str);
    registry
}

/// A number, with booleans as integers.
#[derive(Clone, Copy, Debug)]
enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    fn of(value: &Datum) -> Option<Self> {
        match value {
            Datum::Bool(value) => Some(Self::Int(i64::from(*value))),
            Datum::Int(value) => Some(Self::Int(*value)),
            Datum::Float(value) => Some(Self::Float(*value)),
            _ => None,
        }
    }

    fn to_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// Argument number `at`, from 0 on, which has to be a number.
fn number(arguments: &[Datum], at: usize) -> Result<Number, Failure> {
    Number::of(&arguments[at]).ok_or_else(|| Failure::argument(at + 1, &arguments[at], "a number"))
}

/// Two numbers: integers if both are.
#[derive(Clone, Copy, Debug)]
enum Pair {
    Ints(i64, i64),
    Floats(f64, f64),
}

fn pair(arguments: &[Datum]) -> Result<Pair, Failure> {
    Ok(match (number(arguments, 0)?, number(arguments, 1)?) {
        (Number::Int(x), Number::Int(y)) => Pair::Ints(x, y),
        (x, y) => Pair::Floats(x.to_f64(), y.to_f64()),
    })
}

/// An integer that is no overflow.
fn integer(value: Option<i64>) -> Made {
    value.map(Datum::Int).ok_or_else(|| Failure::new("the result is no 64-bit integer: give it floats"))
}

/// Argument number `at`, from 0 on, which has to be something with items: those of a list, the letters of a text, the keys
/// of a map.
fn items(room: &Room<'_>, arguments: &[Datum], at: usize) -> Result<Vec<Datum>, Failure> {
    let value = &arguments[at];
    let count = match value {
        Datum::List(items) => items.len(),
        Datum::Text(text) => text.chars().count(),
        Datum::Map(entries) => entries.len(),
        _ => return Err(Failure::argument(at + 1, value, "a list, a string or a map")),
    };
    // A letter is a text of its own.
    let of_letters = if matches!(value, Datum::Text(_)) { LETTER_BYTES } else { 0 };
    room.claim((count as u64).saturating_mul(super::datum::ITEM_BYTES + of_letters))?;
    Ok(match value {
        Datum::List(items) => items.to_vec(),
        Datum::Text(text) => text.chars().map(|letter| Datum::from(&*letter.encode_utf8(&mut [0; 4]))).collect(),
        Datum::Map(entries) => entries.iter().map(|(key, _)| Datum::Text(key.clone())).collect(),
        _ => Vec::new(),
    })
}

/// What a letter takes beside its item, at most.
const LETTER_BYTES: u64 = 24;

/// What the tests of the functions share.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Unmetered;
    use crate::units::ByteSize;

    /// What a function makes of arguments in JSON.
    pub(super) fn call(name: &str, arguments: &str) -> Result<Datum, String> {
        let Datum::List(arguments) = Datum::from_json(arguments).unwrap() else { panic!("{arguments} is no list") };
        call_with(name, &arguments)
    }

    pub(super) fn call_with(name: &str, arguments: &[Datum]) -> Result<Datum, String> {
        let room = Room::new(ByteSize::new(1 << 20), &Unmetered);
        standard().get(name).unwrap().call(&room, arguments).map_err(|failure| failure.to_string())
    }

    /// A table of functions, arguments and Python's results, or parts of messages.
    pub(super) fn check(table: &[(&str, &str, Result<&str, &str>)]) {
        for (name, arguments, expected) in table {
            match (call(name, arguments), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.to_string(), *expected, "{name} {arguments}"),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{name} {arguments}: {found}"),
                (found, _) => panic!("{name} {arguments} is {found:?}, expected {expected:?}"),
            }
        }
    }

    #[test]
    fn the_table_of_functions_is_whole() {
        let names = [
            "abs", "add", "concat", "dec", "div", "floordiv", "identity", "inc", "len", "list", "max", "min", "mod",
            "mul", "neg", "pow", "range", "sorted", "str", "sub", "sum",
        ];
        assert_eq!(standard().names(), names);
        let table = include_str!("../registry.rs");
        assert!(names.iter().all(|name| table.contains(&format!("`{name}`"))));
    }

    #[test]
    fn arguments_are_counted() {
        check(&[
            ("inc", "[]", Err("0 arguments given, expected 1 argument")),
            ("add", "[1]", Err("1 argument given, expected 2 arguments")),
            ("range", "[1, 2, 3, 4]", Err("4 arguments given, expected 1 to 3 arguments")),
            ("max", "[]", Err("0 arguments given, expected at least 1 argument")),
            ("identity", "[{\"a\": [1]}]", Ok("{\"a\": [1]}")),
        ]);
    }
}
