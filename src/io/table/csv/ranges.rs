//! How files are cut.

use super::super::input::InputFile;
use super::Options;
use super::head::Head;
use super::scan::row_starts;
use crate::error::Result;

/// More partitions than this are taken for a mistake.
const MOST: u64 = 4 << 20;

/// A partition: part of a file.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub(super) file: usize,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) cut: Cut,
}

/// What is known of the ends of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Rows begin there.
    AtRows,
    /// The rows that begin there or behind it belong to it. Each line is a row.
    Anywhere,
    /// The file is compressed: it is the whole.
    Compressed,
}

/// Cuts files; `quoted` says whether rows may go over line ends.
pub(super) fn cut(files: &[InputFile], heads: &[Head], options: &Options, quoted: bool) -> Result<Vec<Range>> {
    let mut ranges = Vec::new();
    for (number, (file, head)) in files.iter().zip(heads).enumerate() {
        if head.is_compressed {
            ranges.push(Range { file: number, start: 0, end: file.bytes, cut: Cut::Compressed });
            continue;
        }
        let rows = file.bytes - head.rows_at;
        let count = rows.div_ceil(options.partition);
        if ranges.len() as u64 + count > MOST {
            return Err(file.problem(format!("more than {MOST} partitions: take larger ones")));
        }
        // Of equal length, the last one as well.
        let border = |place: u64| head.rows_at + (u128::from(rows) * u128::from(place) / u128::from(count)) as u64;
        let cuts: Vec<u64> = (0..=count).filter(|_| count > 0).map(border).collect();
        let quote = options.quote.filter(|_| quoted && count > 1);
        let (cuts, kind) = match quote {
            Some(quote) => {
                (exact(row_starts(file, &cuts, quote, options.comment.as_deref())?, file.bytes), Cut::AtRows)
            }
            None => (cuts, if count > 1 { Cut::Anywhere } else { Cut::AtRows }),
        };
        let pairs = cuts.windows(2).filter(|pair| pair[0] < pair[1]);
        ranges.extend(pairs.map(|pair| Range { file: number, start: pair[0], end: pair[1], cut: kind }));
    }
    Ok(ranges)
}

/// The last cut is the file's end.
fn exact(mut starts: Vec<u64>, end: u64) -> Vec<u64> {
    if let Some(last) = starts.last_mut() {
        *last = end;
    }
    starts
}
