//! Texts out of files, set in columns.

/// Columns of a line.
const LINE: usize = 118;

/// The fewest columns for a text beside its name.
const NARROWEST: usize = 40;

/// Lines of one text; what is longer is cut.
const LINES: usize = 8;

/// A name that takes more columns puts its text on the next line.
pub(super) const WIDEST_NAME: usize = 32;

/// A text without line breaks, and without what a terminal would act on; control characters are shown as such.
pub(crate) fn clean(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' | '\r' | '\t' => ' ',
        // Those that turn the direction of writing are no control characters to Rust.
        letter if letter.is_control() => '\u{fffd}',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(shown).collect()
}

/// A name in a column of `width`, `indent` from the left, and a text beside it, over as many lines as it takes.
pub(super) fn pair(indent: usize, width: usize, name: &str, text: &str) -> String {
    let hang = indent + width + 2;
    let (lines, left) = wrapped(text, LINE.saturating_sub(hang).max(NARROWEST));
    let wide = name.chars().count() > width;
    let mut shown = format!("{:indent$}{name:<width$}", "");
    for (at, line) in lines.iter().enumerate() {
        let gap = if at == 0 && !wide { "  ".to_owned() } else { format!("\n{:hang$}", "") };
        shown.push_str(&gap);
        shown.push_str(line);
    }
    if left > 0 {
        let more = format!("\n{:hang$}… and {left} more characters", "");
        shown.push_str(&more);
    }
    shown.truncate(shown.trim_end().len());
    shown.push('\n');
    shown
}

/// The first lines of a text, broken between words where it can be, and how many characters are left.
fn wrapped(text: &str, width: usize) -> (Vec<String>, usize) {
    // What is cut is not looked at, however long it is.
    let most = width * LINES;
    let letters: Vec<char> = clean(&text.chars().take(most).collect::<String>()).chars().collect();
    let mut lines = Vec::new();
    let mut rest = &letters[..];
    while !rest.is_empty() && lines.len() < LINES {
        let fits = rest.len().min(width);
        let space = rest[..fits].iter().rposition(|&letter| letter == ' ').filter(|&place| place > 0);
        let end = if fits == rest.len() { fits } else { space.unwrap_or(fits) };
        let line: String = rest[..end].iter().collect();
        lines.push(line.trim_end().to_owned());
        let spaces = rest[end..].iter().take_while(|&&letter| letter == ' ').count();
        rest = &rest[end + spaces..];
    }
    let cut = text.chars().skip(most).count();
    (lines, rest.len() + cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_not_shown() {
        assert_eq!(clean("a\u{1b}[31mb\u{7f}\u{202e}c\r\nd\te"), "a\u{fffd}[31mb\u{fffd}\u{fffd}c  d e");
        assert_eq!(clean("Temperatur in °C, ζ"), "Temperatur in °C, ζ");
    }

    #[test]
    fn names_are_a_column_and_long_texts_hang_beside_it() {
        assert_eq!(pair(2, 5, "units", "degC"), "  units  degC\n");
        assert_eq!(pair(2, 5, "empty", ""), "  empty\n");
        assert_eq!(pair(2, 3, "wider", "degC"), "  wider\n       degC\n");
        let long = "word ".repeat(60);
        let shown = pair(2, 4, "note", &long);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("  note  word word") && lines[1].starts_with("        word"), "{shown}");
        assert!(lines.iter().all(|line| line.len() <= LINE && line.ends_with("word")), "{shown}");
        assert_eq!(shown.matches("word").count(), 60);
    }

    #[test]
    fn very_long_texts_are_cut_and_it_is_said_how_much() {
        let shown = pair(2, 4, "note", &"x".repeat(100_000));
        let kept = shown.matches('x').count();
        assert_eq!(shown.lines().count(), LINES + 1);
        assert!(shown.ends_with(&format!("… and {} more characters\n", 100_000 - kept)), "{shown}");
    }
}
