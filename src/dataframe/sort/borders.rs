//! Where a sorted table is cut into partitions: at quantiles of a sample.
//!
//! A *border* is the least key of a partition, and, where many rows have that key, the first of them that belongs there: by
//! the partition it comes from and its row there. So a column of three values makes as many even partitions as any other, and
//! rows that are equal keep their order. Borders decide how even partitions are, never whether the order is right.

use polars::prelude::{DataFrame as PolarsFrame, PolarsResult};

use super::keys::SortKeys;

/// A row by what it is sorted by: its key, the partition it comes from, its number there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Border {
    key: Box<[u8]>,
    partition: u32,
    row: u32,
}

/// A row of a sample.
#[derive(Clone, Debug)]
pub(super) struct Sampled {
    place: Border,
    /// So many rows it stands for.
    weight: f64,
    /// Its number in the sample.
    pub(super) number: u32,
}

/// Whether rows of one key may be cut apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ties {
    Cut,
    Together,
}

/// A key is cut apart where it has more than this share of a partition.
const HEAVY: f64 = 0.25;

/// A sample is taken where the largest partition has about so many times the rows of an even one, at the most.
const UNEVEN: f64 = 3.0;

/// The rows of a sample that comes from all over a table of `rows` rows in `partitions` partitions, in their order.
pub(super) fn sampled(
    keys: &SortKeys,
    sample: &PolarsFrame,
    rows: f64,
    partitions: usize,
) -> PolarsResult<Vec<Sampled>> {
    let weight = rows / sample.height().max(1) as f64;
    let length = rows / partitions.max(1) as f64;
    let place = |row: usize| {
        let at = (row as f64 + 0.5) * weight;
        let partition = (at / length).floor();
        (partition as u32, (at - partition * length) as u32)
    };
    marked(keys, sample, weight, place)
}

/// At most `count` rows of partition `partition`.
pub(super) fn sampled_partition(
    keys: &SortKeys,
    frame: &PolarsFrame,
    partition: usize,
    count: usize,
) -> PolarsResult<Vec<Sampled>> {
    let step = frame.height().div_ceil(count.max(1)).max(1);
    let columns = keys.by.iter().map(|name| frame.column(name)?.gather_every(step, step / 2));
    let columns = columns.collect::<PolarsResult<Vec<_>>>()?;
    let taken = columns.first().map_or(0, polars::prelude::Column::len);
    let sample = PolarsFrame::new(taken, columns)?;
    let weight = frame.height() as f64 / taken.max(1) as f64;
    marked(keys, &sample, weight, |row| (partition as u32, (row * step + step / 2) as u32))
}

fn marked(
    keys: &SortKeys,
    sample: &PolarsFrame,
    weight: f64,
    place: impl Fn(usize) -> (u32, u32),
) -> PolarsResult<Vec<Sampled>> {
    let encoded = keys.encode(sample)?;
    let mark = |(number, key): (usize, &[u8])| {
        let (partition, row) = place(number);
        Sampled { place: Border { key: key.into(), partition, row }, weight, number: number as u32 }
    };
    Ok(encoded.values_iter().enumerate().map(mark).collect())
}

/// Borders of about `into` even partitions of what `sample` stands for, each with the number of its row in the sample.
/// None where a key is cut apart are said to be so by [`keeps_ties`].
pub(super) fn borders(mut sample: Vec<Sampled>, into: usize, ties: Ties) -> Vec<(Border, u32)> {
    sample.sort_unstable_by(|one, other| one.place.cmp(&other.place));
    let even = sample.iter().map(|row| row.weight).sum::<f64>() / into as f64;
    let mut found: Vec<(Border, u32)> = Vec::with_capacity(into);
    let (mut next, mut before) = (1, 0.0);
    for equal in sample.chunk_by(|one, other| one.place.key == other.place.key) {
        let heavy = ties == Ties::Cut && equal.iter().map(|row| row.weight).sum::<f64>() > HEAVY * even;
        let start = before;
        for (at, row) in equal.iter().enumerate() {
            before += row.weight;
            if next >= into || before <= next as f64 * even {
                continue;
            }
            while next < into && before > next as f64 * even {
                next += 1;
            }
            let mut border = row.place.clone();
            if !heavy || at == 0 {
                (border.partition, border.row) = (0, 0);
            }
            // Before the first key there is nothing.
            let is_first = start == 0.0 && (border.partition, border.row) == (0, 0);
            if !is_first && found.last().is_none_or(|(last, _)| *last < border) {
                found.push((border, row.number));
            }
        }
    }
    found
}

/// Whether no border cuts rows of one key apart.
pub(super) fn keeps_ties<'a>(mut borders: impl Iterator<Item = &'a Border>) -> bool {
    borders.all(|border| (border.partition, border.row) == (0, 0))
}

/// Whether borders of one half of `sample`, whose rows are in the order of the table, cut the other half evenly. They don't
/// where the sample comes from a few places, and what is near is alike.
pub(super) fn is_even(sample: &[Sampled], into: usize) -> bool {
    /// So many stretches: each shorter than what is read of one place.
    const STRETCHES: usize = 64;
    let stretch = sample.len().div_ceil(STRETCHES).max(1);
    let half = |which: usize| {
        let stretches = sample.chunks(stretch).enumerate().filter(move |(number, _)| number % 2 == which);
        stretches.flat_map(|(_, rows)| rows)
    };
    let borders: Vec<Border> =
        borders(half(0).cloned().collect(), into, Ties::Cut).into_iter().map(|(border, _)| border).collect();
    let mut counts = vec![0_usize; borders.len() + 1];
    let mut all = 0;
    for row in half(1) {
        counts[borders.partition_point(|border| *border <= row.place)] += 1;
        all += 1;
    }
    let most = counts.into_iter().max().unwrap_or(0);
    most as f64 <= UNEVEN * all as f64 / into as f64
}

/// The partition of each row of `frame`, which is partition `partition` of the input.
pub(in super::super) fn places(
    keys: &SortKeys,
    borders: &[Border],
    frame: &PolarsFrame,
    partition: usize,
) -> PolarsResult<Vec<u32>> {
    let encoded = keys.encode(frame)?;
    let place = |(row, key): (usize, &[u8])| {
        let row = (key, partition as u32, row as u32);
        borders.partition_point(|border| (&*border.key, border.partition, border.row) <= row) as u32
    };
    Ok(encoded.values_iter().enumerate().map(place).collect())
}

impl Border {
    /// Before all rows whose key is `key`.
    pub(in super::super) fn before(key: &[u8]) -> Self {
        Self { key: key.into(), partition: 0, row: 0 }
    }
}
