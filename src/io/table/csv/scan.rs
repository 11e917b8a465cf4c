//! Where rows begin, in files whose rows may go over line ends.

use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::super::input::InputFile;
use crate::error::Result;

/// Bytes that are looked at at a time.
const BUFFER: usize = 1 << 20;

/// Moves each of `cuts` (ascending, the first where rows begin) to where the next row begins.
pub(super) fn row_starts(file: &InputFile, cuts: &[u64], quote: u8, comment: Option<&str>) -> Result<Vec<u64>> {
    match comment {
        // Quotes in comments don't count, and which lines are comments depends on all before them.
        Some(comment) => one_by_one(file, cuts, quote, comment.as_bytes()),
        None => by_parity(file, cuts, quote),
    }
}

/// By counting quotes between cuts, all at once; whether a cut is inside of quotes is then known.
fn by_parity(file: &InputFile, cuts: &[u64], quote: u8) -> Result<Vec<u64>> {
    let next = AtomicUsize::new(0);
    let odd = Mutex::new(vec![false; cuts.len()]);
    let failure = Mutex::new(None);
    let count = || {
        let counted = (|| {
            let opened = file.open()?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let (Some(&start), Some(&end)) = (cuts.get(number), cuts.get(number + 1)) else { return Ok(()) };
                odd.lock()[number] = count_quotes(file, &opened, start..end, quote)? % 2 == 1;
            }
        })();
        if let Err(error) = counted {
            *failure.lock() = Some(error);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(cuts.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(count);
        }
    });
    if let Some(error) = failure.into_inner() {
        return Err(error);
    }
    let opened = file.open()?;
    let (mut inside, mut starts) = (false, Vec::with_capacity(cuts.len()));
    for (&cut, odd) in cuts.iter().zip(odd.into_inner()) {
        // The first cut is a start; the others may be in the middle of a row.
        let start = if starts.is_empty() { cut } else { next_row(file, &opened, cut, inside, quote)? };
        starts.push(start);
        inside ^= odd;
    }
    Ok(starts)
}

fn count_quotes(file: &InputFile, opened: &File, range: std::ops::Range<u64>, quote: u8) -> Result<usize> {
    let mut count = 0;
    let mut at = range.start;
    while at < range.end {
        let bytes = file.read(opened, at, (range.end - at).min(BUFFER as u64))?;
        if bytes.is_empty() {
            break;
        }
        count += memchr::memchr_iter(quote, &bytes).count();
        at += bytes.len() as u64;
    }
    Ok(count)
}

/// Where the first row begins at `cut` or behind it; `inside` says whether `cut` is inside of quotes.
fn next_row(file: &InputFile, opened: &File, cut: u64, mut inside: bool, quote: u8) -> Result<u64> {
    if !inside && cut > 0 && file.read(opened, cut - 1, 1)? == b"\n" {
        return Ok(cut);
    }
    let mut at = cut;
    loop {
        let bytes = file.read(opened, at, 64 << 10)?;
        if bytes.is_empty() {
            return Ok(file.bytes);
        }
        for place in memchr::memchr2_iter(quote, b'\n', &bytes) {
            if bytes[place] == quote {
                inside = !inside;
            } else if !inside {
                return Ok(at + place as u64 + 1);
            }
        }
        at += bytes.len() as u64;
    }
}

/// From the first row to the last.
fn one_by_one(file: &InputFile, cuts: &[u64], quote: u8, comment: &[u8]) -> Result<Vec<u64>> {
    let opened = file.open()?;
    let mut starts: Vec<u64> = cuts.iter().take(1).copied().collect();
    let mut row = Row { inside: false, matched: Some(0), is_comment: false };
    let mut at = cuts.first().copied().unwrap_or(0);
    while starts.len() < cuts.len() {
        let bytes = file.read(&opened, at, BUFFER as u64)?;
        if bytes.is_empty() {
            starts.resize(cuts.len(), file.bytes);
        }
        for byte in bytes {
            at += 1;
            if row.ends(byte, quote, comment) {
                while starts.len() < cuts.len() && cuts[starts.len()] <= at {
                    starts.push(at);
                }
            }
        }
    }
    Ok(starts)
}

/// Where in a row, or a comment, one is.
struct Row {
    inside: bool,
    /// So many bytes of the line are those of the comment's beginning; None where the line is none.
    matched: Option<usize>,
    is_comment: bool,
}

impl Row {
    /// Whether the row ends with this byte.
    fn ends(&mut self, byte: u8, quote: u8, comment: &[u8]) -> bool {
        if byte == b'\n' && !self.inside {
            *self = Self { inside: false, matched: Some(0), is_comment: false };
            return true;
        }
        self.matched = self.matched.filter(|&matched| comment.get(matched) == Some(&byte)).map(|matched| matched + 1);
        self.is_comment |= self.matched == Some(comment.len());
        if byte == quote && !self.is_comment {
            self.inside = !self.inside;
        }
        false
    }
}
