//! Tables for people.

use std::fmt::Write as _;

use polars::prelude::{AnyValue, DataFrame as PolarsFrame};

/// Wider values are cut.
const WIDEST: usize = 40;

/// The rows of a frame in columns: numbers to the right, missing values as `-`.
pub(crate) fn show(frame: &PolarsFrame) -> String {
    let columns: Vec<(Vec<String>, bool)> = frame
        .columns()
        .iter()
        .map(|column| {
            let values =
                (0..column.len()).map(|row| column.get(row).map_or_else(|_| "?".to_owned(), |value| text(&value)));
            let texts = std::iter::once(column.name().to_string()).chain(values).map(|text| cut(&text)).collect();
            (texts, column.dtype().is_numeric())
        })
        .collect();
    let mut out = String::new();
    for row in 0..=frame.height() {
        let mut line = String::new();
        for (texts, to_the_right) in &columns {
            let width = texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
            let value = &texts[row];
            // Writing to a string does not fail.
            let _infallible =
                if *to_the_right { write!(line, "{value:>width$}  ") } else { write!(line, "{value:<width$}  ") };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn text(value: &AnyValue<'_>) -> String {
    match value {
        AnyValue::Null => "-".to_owned(),
        AnyValue::Float64(number) if number.is_finite() => rounded(*number),
        AnyValue::Float32(number) if number.is_finite() => rounded(f64::from(*number)),
        AnyValue::String(text) => (*text).to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        other => other.to_string(),
    }
}

/// With six digits behind the point, where that is not nothing.
fn rounded(number: f64) -> String {
    if number != 0.0 && number.abs() < 1e-4 { format!("{number:e}") } else { format!("{number:.6}") }
}

/// A value in one line, that is not too wide.
fn cut(text: &str) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    if text.chars().count() <= WIDEST {
        return text;
    }
    text.chars().take(WIDEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    #[test]
    fn columns_are_aligned_and_missing_values_are_seen() {
        let frame = df!["origin" => ["JFK", "a name\nthat goes on for longer than a column is wide"],
            "mean" => [Some(12.112_159_3), None], "rows" => [7, 111_279]];
        let expected = "\
origin                                         mean    rows
JFK                                       12.112159       7
a name that goes on for longer than a c…          -  111279
";
        assert_eq!(show(&frame.unwrap()), expected);
    }
}
