//! Keys as texts: Dask's tuples, and names.

use crate::graph::Key;

/// The key that a text in JSON means: `('x', 0, 1)`, in either quotes, is an indexed key; any other text is a name.
///
/// ```
/// use thermocline::graph::Key;
/// use thermocline::graph::spec::parse_key;
///
/// assert_eq!(parse_key("('x', 0, 1)"), Key::indexed("x", [0, 1]));
/// assert_eq!(parse_key("x(0, 1)"), Key::new("x(0, 1)"));
/// ```
#[must_use]
pub fn parse_key(text: &str) -> Key {
    indexed(text).unwrap_or_else(|| Key::new(text))
}

fn indexed(text: &str) -> Option<Key> {
    let inside = text.trim().strip_prefix('(')?.strip_suffix(')')?.trim_start();
    let quote = inside.chars().next().filter(|letter| matches!(letter, '\'' | '"'))?;
    let mut name = String::new();
    let mut letters = inside[1..].chars();
    loop {
        match letters.next()? {
            letter if letter == quote => break,
            '\\' => name.push(letters.next().filter(|letter| matches!(letter, '\'' | '"' | '\\'))?),
            letter => name.push(letter),
        }
    }
    let rest = letters.as_str().trim_start().strip_prefix(',')?;
    let rest = rest.trim_end().strip_suffix(',').unwrap_or(rest);
    let index = rest.split(',').map(|number| parse_index(number.trim())).collect::<Option<Vec<u32>>>()?;
    Some(Key::indexed(name, index))
}

/// A number without a sign.
fn parse_index(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The text that [`parse_key`] reads as `key`, if there is one: a name may look as an indexed key does.
///
/// ```
/// use thermocline::graph::Key;
/// use thermocline::graph::spec::key_text;
///
/// assert_eq!(key_text(&Key::indexed("x", [0, 1])).as_deref(), Some("('x', 0, 1)"));
/// assert_eq!(key_text(&Key::new("('x', 0, 1)")), None);
/// ```
#[must_use]
pub fn key_text(key: &Key) -> Option<String> {
    let text = if key.index().is_empty() {
        key.name().to_owned()
    } else {
        let name = key.name().replace('\\', "\\\\").replace('\'', "\\'");
        let index: String = key.index().iter().map(|at| format!(", {at}")).collect();
        format!("('{name}'{index})")
    };
    (parse_key(&text) == *key).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_tuples_are_indexed_keys() {
        for text in ["('x', 0, 1)", "(\"x\",0,1)", " ( 'x' , 0, 1, ) ", "('x',0,1)"] {
            assert_eq!(parse_key(text), Key::indexed("x", [0, 1]), "{text}");
        }
        assert_eq!(parse_key(r"('it\'s', 3)"), Key::indexed("it's", [3]));
        for name in ["", "x", "('x')", "('x',)", "(x, 0)", "('x', -1)", "('x', +1)", "('x', 4294967296)", "('x', 'y')"]
        {
            assert_eq!(parse_key(name), Key::new(name));
        }
        for name in
            ["('x', 0", "'x', 0)", "('x', 0.5)", "('x\", 0)", r"('\n', 0)", "('x', )", "('x' 0)", "(", "()", "('"]
        {
            assert_eq!(parse_key(name), Key::new(name));
        }
    }

    #[test]
    fn keys_are_written_as_they_are_read() {
        for key in [Key::new("x"), Key::indexed("x", [0, 1]), Key::indexed(r#"it's \ "this""#, [7]), Key::new("é(0)")]
        {
            assert_eq!(parse_key(&key_text(&key).unwrap()), key);
        }
        assert_eq!(key_text(&Key::indexed("x", [0, 1])).unwrap(), "('x', 0, 1)");
        assert_eq!(key_text(&Key::new("('x', 0)")), None);
    }
}
