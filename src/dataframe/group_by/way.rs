//! Which way groups are made, by what a sample says of them.

use polars::prelude::{Column, DataFrame as PolarsFrame, Expr, IntoLazy, PolarsResult, col};

use super::super::divisions::Divisions;
use super::super::estimate::Estimate;
use super::super::node::Wanted;
use super::super::shuffle::partitions_for;
use super::GroupNode;

/// How groups are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    /// Partial results merged to one partition.
    Tree,
    /// Partial results shuffled into so many.
    Partials(usize),
    /// Rows shuffled into so many.
    Rows(usize),
    /// Rows as they are: no group is in two partitions.
    InPlace,
    /// Partial results merged to one partition, and what needs all rows of a group by sorting and distinct values.
    Exact,
}

/// What groups are like.
pub(in crate::dataframe) struct Sizes {
    /// About how many there are.
    pub(in crate::dataframe) groups: f64,
    /// The part of all rows that the largest has.
    pub(in crate::dataframe) largest: f64,
}

pub(in crate::dataframe) fn sizes(keys: &[Expr], estimate: &Estimate) -> Sizes {
    if keys.is_empty() {
        return Sizes { groups: 1.0, largest: 1.0 };
    }
    let unknown = Sizes { groups: estimate.rows, largest: 0.0 };
    let Some(sample) = estimate.sample.as_ref().filter(|sample| sample.height() > 0) else { return unknown };
    let Ok(seen) = Seen::new(keys, sample) else { return unknown };
    Sizes { groups: seen.groups(estimate.rows), largest: seen.most / seen.rows }
}

/// A sample is looked at in so many stretches of neighbours: longer than what is read of one place.
const STRETCHES: usize = 16;

/// What a sample has of groups.
#[derive(Debug)]
struct Seen {
    rows: f64,
    groups: f64,
    /// Rows of the largest.
    most: f64,
    /// Groups that are in one stretch, or two that are neighbours.
    near: f64,
    /// Of the others, those that seem to have come up twice.
    twice: f64,
}

impl Seen {
    fn new(keys: &[Expr], sample: &PolarsFrame) -> PolarsResult<Self> {
        let (len, stretch) = ("__len", "__stretch");
        let rows = sample.height();
        let stretches: Vec<u32> = (0..rows).map(|row| (row * STRETCHES / rows) as u32).collect();
        let numbered = sample.hstack(&[Column::new(stretch.into(), stretches)])?.lazy();
        let (first, last) = (col(stretch).min().alias("__first"), col(stretch).max().alias("__last"));
        let groups = numbered.group_by_stable(keys).agg([
            polars::prelude::len().alias(len),
            first,
            last,
            col(stretch).n_unique().alias(stretch),
        ]);
        let groups = groups.collect()?;
        let lengths = groups.column(len)?.u32()?;
        let [first, last] = ["__first", "__last"].map(|name| groups.column(name).and_then(|column| column.u32()));
        let stretches = groups.column(stretch)?.u32()?;
        let mut seen = Self {
            rows: rows as f64,
            groups: groups.height() as f64,
            most: f64::from(lengths.iter().flatten().max().unwrap_or(0)),
            near: 0.0,
            twice: 0.0,
        };
        for ((first, last), stretches) in first?.iter().zip(last?.iter()).zip(stretches.iter()) {
            let (Some(first), Some(last), Some(stretches)) = (first, last, stretches) else { continue };
            // Two places are two to four stretches, as each may reach over a border.
            match last - first {
                0..=1 => seen.near += 1.0,
                _ if stretches <= 3 => seen.twice += 1.0,
                _ => {}
            }
        }
        Ok(seen)
    }

    /// About how many groups there are in so many rows: from how much of what came up in one of the places that were looked at
    /// came up in another (Chao 1987). Low where groups differ much. Rows that are near each other are often alike, so that
    /// places count, not rows; it is high where groups come together for longer than a place is. No sample can have fewer
    /// groups a row than the whole.
    fn groups(&self, rows: f64) -> f64 {
        if rows <= self.rows {
            return self.groups;
        }
        let chao = self.groups + self.near * (self.near - 1.0).max(0.0) / (2.0 * (self.twice + 1.0));
        chao.min(self.groups * rows / self.rows)
    }
}

impl GroupNode {
    /// The way to take, by what groups are like.
    pub(super) fn choose(&self, sizes: &Sizes) -> Way {
        let input = &self.input;
        let into = partitions_for(self.answer_bytes());
        let all = input.estimate().bytes(input.schema(), &Wanted::all());
        let (is_merged, is_exact) = match &self.decomposed {
            None => (false, false),
            Some(decomposed) => (decomposed.exact.is_empty(), !decomposed.exact.is_empty()),
        };
        let largest =
            input.estimate().bytes(input.schema(), &self.wanted(&self.by.aggregations)) as f64 * sizes.largest;
        // A partition's rows seldom meet another of their group there: partial results would be as many.
        let rows = input.estimate().rows / input.partitions().max(1) as f64;
        match (is_merged, self.by.keys.is_empty()) {
            (true, _) if into == 1 => Way::Tree,
            _ if self.is_in_place() => Way::InPlace,
            (true, _) if sizes.groups <= 2.0 * rows => Way::Partials(into),
            (false, _) if is_exact && into == 1 && partitions_for(largest as u64) > 1 => Way::Exact,
            (false, true) => Way::Rows(1),
            _ => Way::Rows(partitions_for(all)),
        }
    }

    /// Whether all rows of a group are in one partition: sorted by a key, all of a value together.
    fn is_in_place(&self) -> bool {
        let by = self.input.divisions().filter(|_| self.input.partitions() > 1).map(Divisions::by);
        by.is_some_and(|by| self.by.keys.iter().any(|key| matches!(key, Expr::Column(name) if name == by)))
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    const ROWS: usize = 16_000;

    /// What is estimated of so many rows, of which `key` says to which group they belong; in a sample of windows of 1000
    /// neighbours.
    fn estimated(rows: usize, key: impl Fn(u64) -> u64) -> f64 {
        let step = rows / 16;
        let keys: Vec<u64> = (0..ROWS).map(|row| key((row / 1000 * step + row % 1000) as u64)).collect();
        let sample = df!["key" => keys].unwrap();
        Seen::new(&[col("key")], &sample).unwrap().groups(rows as f64)
    }

    /// A number that looks random.
    fn mixed(row: u64) -> u64 {
        let row = (row ^ (row >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (row ^ (row >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 16
    }

    #[track_caller]
    fn assert_about(found: f64, groups: f64) {
        assert!(found > groups / 2.0 && found < groups * 2.0, "{found}, expected about {groups}");
    }

    #[test]
    fn groups_of_rows_in_any_order_are_counted_about() {
        for groups in [3, 300, 20_000, 300_000, 5_000_000] {
            assert_about(estimated(20_000_000, |row| mixed(row) % groups), groups as f64);
        }
        assert_about(estimated(20_000_000, |row| row), 20e6);
    }

    #[test]
    fn groups_whose_rows_come_together_are_counted_about() {
        assert_about(estimated(20_000_000, |row| row / 4), 5e6);
        // On one day of 2000 rows, and on any later ones.
        let key = |row: u64| mixed(mixed(((row / 2000) << 20) | (row % 300)) % 1_000_000);
        assert_about(estimated(20_000_000, key), 1e6);
    }

    #[test]
    fn what_was_seen_whole_is_counted() {
        assert!((estimated(ROWS, |row| row % 1234) - 1234.0).abs() < 1e-9);
    }
}
