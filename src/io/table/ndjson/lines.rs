//! Lines parsed, and the first one that can't be.

use std::fs::File;

use polars::prelude::{DataFrame as PolarsFrame, PolarsError, Schema};
use polars_io::ndjson::core::parse_ndjson;

use super::super::input::InputFile;
use crate::error::{Error, Result};

/// So deep values are nested at the most: who parses them calls itself at each level.
const DEEPEST: usize = 200;

/// The rows of `bytes`, whole lines that lie at `at` in the file: the columns of `schema`.
pub(super) fn parse(file: &InputFile, opened: &File, at: u64, bytes: &[u8], schema: &Schema) -> Result<PolarsFrame> {
    checked(file, opened, at, bytes, |lines| parse_ndjson(lines, None, schema, false))
}

/// What `parse` makes of whole lines that lie at `at` in the file. Its failure tells the first line that it fails with.
pub(super) fn checked<T>(
    file: &InputFile,
    opened: &File,
    at: u64,
    bytes: &[u8],
    parse: impl Fn(&[u8]) -> Result<T, PolarsError>,
) -> Result<T> {
    let parse = |lines: &[u8]| {
        file.parsed(|| {
            check_depth(lines)?;
            parse(lines).map_err(|error| first_line(&error.to_string()))
        })
    };
    match parse(bytes) {
        Ok(parsed) => Ok(parsed),
        Err(error) => Err(located(file, opened, at, bytes, error, |lines| parse(lines).map(drop))),
    }
}

/// The error of the first line of `bytes` that `parse` fails with; `error` where each by itself can be parsed.
fn located(
    file: &InputFile,
    opened: &File,
    at: u64,
    bytes: &[u8],
    error: Error,
    parse: impl Fn(&[u8]) -> Result<()>,
) -> Error {
    let (mut start, mut end, mut error) = (0, bytes.len(), error);
    while let Some(middle) = middle(&bytes[start..end]) {
        let middle = start + middle;
        match parse(&bytes[start..middle]) {
            Err(earlier) => (end, error) = (middle, earlier),
            Ok(()) => match parse(&bytes[middle..end]) {
                Err(later) => (start, error) = (middle, later),
                Ok(()) => return error,
            },
        }
    }
    let Error::File { problem, .. } = &error else { return error };
    match file.line_number(opened, at + start as u64) {
        Ok(line) => {
            let text = String::from_utf8_lossy(&bytes[start..end]);
            let shown: String = text.trim_end().chars().take(120).collect();
            let dots = if shown.len() < text.trim_end().len() { "…" } else { "" };
            file.problem(format!("line {line}: {problem}: {shown}{dots}"))
        }
        Err(error) => error,
    }
}

/// Where a line begins about in the middle of `bytes`; None where they are one line.
fn middle(bytes: &[u8]) -> Option<usize> {
    let half = bytes.len() / 2;
    let after = memchr::memchr(b'\n', &bytes[half..]).map(|at| half + at + 1).filter(|&at| at < bytes.len());
    after.or_else(|| memchr::memrchr(b'\n', &bytes[..half]).map(|at| at + 1))
}

/// Whether no line has values nested too deep.
fn check_depth(lines: &[u8]) -> Result<(), String> {
    for line in lines.split(|&byte| byte == b'\n') {
        if memchr::memchr2_iter(b'[', b'{', line).count() > DEEPEST && depth(line) > DEEPEST {
            return Err(format!("its values are nested deeper than {DEEPEST} levels"));
        }
    }
    Ok(())
}

fn depth(line: &[u8]) -> usize {
    let (mut depth, mut deepest, mut inside, mut escaped) = (0_usize, 0, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = inside,
            b'"' => inside = !inside,
            _ if inside => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_that_outside_of_strings() {
        assert_eq!(depth(br#"{"a": [1, {"b": "[[[\"[["}]}"#), 3);
        assert!(check_depth("[".repeat(1000).as_bytes()).is_err());
        assert!(check_depth(format!("{{\"a\": \"{}\"}}", "[".repeat(1000)).as_bytes()).is_ok());
    }

    #[test]
    fn lines_are_halved_until_there_is_one() {
        assert_eq!(middle(b"a\nb\n"), Some(2));
        assert_eq!(middle(b"a\nbbbbbbbbbb"), Some(2));
        assert_eq!(middle(b"aaaaaaaaaa\nb"), Some(11));
        assert_eq!(middle(b"abc\n"), None);
        assert_eq!(middle(b""), None);
    }
}
