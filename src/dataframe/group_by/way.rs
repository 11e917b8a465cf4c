//! Which way groups are made, by what a sample says of them.

use polars::prelude::{Expr, IntoLazy, len};

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
    let counts = sample.clone().lazy().group_by_stable(keys).agg([len().alias("__len")]).collect();
    let Ok(counts) = counts.and_then(|counts| Ok(counts.column("__len")?.u32()?.clone())) else { return unknown };
    let (seen, rows) = (counts.len() as f64, sample.height() as f64);
    let once = counts.iter().filter(|&count| count == Some(1)).count() as f64;
    let most = counts.iter().flatten().max().unwrap_or(0);
    // The guaranteed-error estimator of Charikar, Chaudhuri, Motwani and Narasayya (2000): what was seen once stands for more.
    let more = (estimate.rows / rows).max(1.0).sqrt();
    Sizes { groups: (seen - once + more * once).min(estimate.rows), largest: f64::from(most) / rows }
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
