//! Names that somebody may have meant.

use super::Registry;

/// That there is no function `name`, and which was meant, or which there are.
pub(super) fn unknown_function(name: &str, registry: &Registry) -> String {
    /// As many names as a message has room for.
    const ROOM: usize = 30;
    let known = registry.names();
    let told = match similar(name, registry) {
        Some(meant) => format!("did you mean {meant}?"),
        None if known.is_empty() => "the registry has none".to_owned(),
        None => {
            let more = if known.len() > ROOM { ", …" } else { "" };
            format!("expected one of {}{more}", known[..known.len().min(ROOM)].join(", "))
        }
    };
    format!("there is no function {}; {told}", shortened(name))
}

/// A name with what a message has room for.
pub(super) fn shortened(name: &str) -> String {
    const ROOM: usize = 40;
    let mut shown: String = name.chars().take(ROOM).flat_map(char::escape_debug).collect();
    if name.chars().nth(ROOM).is_some() {
        shown.push('…');
    }
    shown
}

/// The registered name that is one slip from `name`, or two where it is long.
pub(super) fn similar<'a>(name: &str, registry: &'a Registry) -> Option<&'a str> {
    /// No function has a longer name.
    const LONGEST: usize = 64;
    let letters: Vec<char> = name.chars().take(LONGEST + 1).collect();
    if letters.len() > LONGEST || letters.len() < 3 {
        return None;
    }
    let slips = if letters.len() < 6 { 1 } else { 2 };
    let near = registry.names().into_iter().map(|known| (distance(&letters, known), known));
    near.filter(|(distance, _)| *distance <= slips).min().map(|(_, known)| known)
}

/// How many letters have to be added, taken away or exchanged, or neighbours swapped (optimal string alignment: Damerau 1964,
/// Wagner and Fischer 1974).
fn distance(name: &[char], known: &str) -> usize {
    let known: Vec<char> = known.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=name.len()).collect();
    for (row, letter) in known.iter().enumerate() {
        let mut current = vec![row + 1];
        for at in 0..name.len() {
            let exchanged = above[at] + usize::from(name[at] != *letter);
            let mut least = exchanged.min(above[at + 1] + 1).min(current[at] + 1);
            if at > 0 && row > 0 && name[at] == known[row - 1] && name[at - 1] == *letter {
                least = least.min(before[at - 1] + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
    }
    above[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        let count = |name: &str, known| distance(&name.chars().collect::<Vec<_>>(), known);
        assert_eq!((count("kitten", "sitting"), count("", "abc"), count("abc", ""), count("mul", "mul")), (3, 3, 3, 0));
    }

    #[test]
    fn what_was_meant_is_found() {
        let registry = Registry::standard();
        assert_eq!((similar("incc", &registry), similar("icn", &registry)), (Some("inc"), Some("inc")));
        assert_eq!(similar("flordv", &registry), Some("floordiv"));
        assert_eq!((similar("hello", &registry), similar("x", &registry)), (None, None));
        assert_eq!(similar(&"inc".repeat(1000), &registry), None);
    }
}
