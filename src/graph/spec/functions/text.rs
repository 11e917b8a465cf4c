//! Values as Python's texts.

use std::fmt::Write;

use super::{Made, Room};
use crate::graph::spec::write::float;
use crate::graph::spec::{Datum, deep};

/// What Python's `str` gives: a text itself, and of all else what `repr` gives; an empty one without an argument.
pub(super) fn str(room: &Room<'_>, arguments: &[Datum]) -> Made {
    let value = match arguments {
        [] => return Ok(Datum::from("")),
        [Datum::Text(_), ..] => return Ok(arguments[0].clone()),
        [value, ..] => value,
    };
    // A letter may become ten (`\U0001f600`), and no other value has more letters than it takes bytes.
    room.claim(most_letters(value))?;
    let mut out = String::new();
    repr(value, &mut out);
    Ok(Datum::from(out))
}

/// More than the bytes of a value's text.
fn most_letters(value: &Datum) -> u64 {
    match value {
        Datum::Text(text) => (text.len() as u64).saturating_mul(10).saturating_add(2),
        Datum::List(items) => {
            let each = items.iter().map(|item| deep(|| most_letters(item)).saturating_add(2));
            each.fold(2, u64::saturating_add)
        }
        Datum::Map(entries) => {
            let of = |key: &str, item| deep(|| most_letters(item)).saturating_add(10 * key.len() as u64 + 6);
            entries.iter().map(|(key, item)| of(key, item)).fold(2, u64::saturating_add)
        }
        _ => 25,
    }
}

fn repr(value: &Datum, out: &mut String) {
    match value {
        Datum::Null => out.push_str("None"),
        Datum::Bool(value) => out.push_str(if *value { "True" } else { "False" }),
        Datum::Int(value) => out.push_str(&value.to_string()),
        Datum::Float(value) => out.push_str(&float(*value)),
        Datum::Text(text) => repr_text(text, out),
        Datum::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                deep(|| repr(item, out));
            }
            out.push(']');
        }
        Datum::Map(entries) => {
            out.push('{');
            for (at, (key, item)) in entries.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                repr_text(key, out);
                out.push_str(": ");
                deep(|| repr(item, out));
            }
            out.push('}');
        }
    }
}

/// In single quotes, but for a text that has those and no double ones; what is not printable, escaped.
fn repr_text(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            _ if letter == quote => out.extend(['\\', quote]),
            _ if is_printable(letter) => out.push(letter),
            _ => escape(letter, out),
        }
    }
    out.push(quote);
}

fn escape(letter: char, out: &mut String) {
    // A string takes all that is written to it.
    let _ = match u32::from(letter) {
        code @ ..=0xff => write!(out, "\\x{code:02x}"),
        code @ ..=0xffff => write!(out, "\\u{code:04x}"),
        code => write!(out, "\\U{code:08x}"),
    };
}

/// Whether a letter is shown as it is. Rust knows that of its own escapes, of another version of Unicode than some
/// Python's; a letter that combines with the one before is shown after one.
fn is_printable(letter: char) -> bool {
    if letter.is_ascii() {
        return !letter.is_ascii_control();
    }
    let mut pair = [0; 5];
    pair[0] = b'a';
    let len = letter.encode_utf8(&mut pair[1..]).len();
    std::str::from_utf8(&pair[..=len]).is_ok_and(|text| text.escape_debug().count() == 2)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call_with, check};
    use crate::graph::spec::Datum;

    #[test]
    fn python_agrees() {
        for (value, expected) in [
            ("null", "None"),
            ("true", "True"),
            ("-12", "-12"),
            ("1e16", "1e+16"),
            ("0.1", "0.1"),
            ("\"it's\"", "it's"),
            ("[]", "[]"),
            ("[1, 2.0, \"a\", null, [false]]", "[1, 2.0, 'a', None, [False]]"),
            (r#"["it's"]"#, r#"["it's"]"#),
            (r#"["say \"it's\""]"#, r#"['say "it\'s"']"#),
            (
                r#"["\n\r\t\\\u0000\u007f\u0085é\u2028😀\u0301\ue000\u00a0\u00ad"]"#,
                "['\\n\\r\\t\\\\\\x00\\x7f\\x85é\\u2028😀\u{301}\\ue000\\xa0\\xad']",
            ),
            (r#"{"a": [1], "b": {}}"#, "{'a': [1], 'b': {}}"),
        ] {
            let found = call_with("str", &[Datum::from_json(value).unwrap()]).unwrap();
            assert_eq!(found, Datum::from(expected), "{value}");
        }
        let floats = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Datum::from);
        assert_eq!(call_with("str", &[Datum::list(floats)]).unwrap(), Datum::from("[nan, inf, -inf]"));
    }

    #[test]
    fn nothing_is_an_empty_text() {
        check(&[("str", "[]", Ok("\"\"")), ("str", "[1, 2]", Err("2 arguments given, expected 0 to 1 arguments"))]);
    }

    #[test]
    fn a_text_is_counted_before_it_is_written() {
        let list = Datum::from(vec![Datum::from("\u{10ffff}".repeat(30_000))]);
        assert!(call_with("str", &[list]).unwrap_err().contains("more than the memory limit"));
        check(&[("str", "[\"as it is\"]", Ok("\"as it is\""))]);
    }
}
