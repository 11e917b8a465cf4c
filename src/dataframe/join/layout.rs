//! Into which buckets both sides are shuffled, and which of them are split.
//!
//! A bucket has all rows of its keys, of both sides. One whose rows on one side are many more than a bucket's share, as a
//! sample of that side shows, is *split*: these rows go to several partitions, by where they are in their table, and each meets
//! the bucket's rows of the other side.
//!
//! ```text
//! left:   bucket 0    bucket 1, split in 3: rows 1/3  2/3  3/3    bucket 2
//! right:  bucket 0    bucket 1 ──────────────┴────────┴────┘      bucket 2
//! ```
//!
//! Rows of the side that is not split, which have no partner in one part, may have one in another. Where a join has such rows,
//! each part takes only those that have a partner in it; one more partition has those that have none in any.

use std::sync::Arc;

use polars::prelude::DataFrame as PolarsFrame;

use super::keys::{On, Side};
use crate::chunk::CodeError;
use crate::dataframe::estimate::Estimate;
use crate::dataframe::shuffle::{Place, hash_places};

/// A bucket that a sample has seen so few rows of is not called heavy for it.
const FEW: f64 = 30.0;

/// One bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bucket {
    /// The side that is split, if one is, and in how many parts.
    pub(super) split: Option<(Side, usize)>,
}

impl Bucket {
    /// Into how many parts the rows of a side go.
    pub(super) fn parts(self, side: Side) -> usize {
        match self.split {
            Some((split, parts)) if split == side => parts,
            _ => 1,
        }
    }
}

/// About how much of a side is in each bucket.
struct Shares {
    bytes: Vec<f64>,
    /// Rows of the sample.
    seen: Vec<f64>,
}

impl Shares {
    fn new(on: &On, side: Side, estimate: &Estimate, bytes: f64, buckets: usize) -> Self {
        let sample = estimate.sample.as_ref().filter(|sample| sample.height() > 0);
        let places = sample.and_then(|sample| hash_places(on.keys(side, sample).ok()?, buckets).ok());
        let mut seen = vec![0.0; buckets];
        let Some(places) = places else { return Self { bytes: vec![bytes / buckets as f64; buckets], seen } };
        for &place in &places {
            seen[place as usize] += 1.0;
        }
        let per_row = bytes / places.len() as f64;
        Self { bytes: seen.iter().map(|rows| rows * per_row).collect(), seen }
    }
}

/// The buckets of a join whose sides take about `bytes` bytes. `may_split` says which sides may be.
pub(super) fn buckets(
    on: &On,
    sides: [(Side, &Estimate, f64); 2],
    may_split: impl Fn(Side) -> bool,
    count: usize,
) -> Arc<[Bucket]> {
    let share = (sides[0].2 + sides[1].2) / count as f64;
    let shares = sides.map(|(side, estimate, bytes)| (side, Shares::new(on, side, estimate, bytes, count)));
    let bucket = |bucket: usize| {
        let heavy = shares.iter().filter(|(side, shares)| {
            may_split(*side) && shares.bytes[bucket] > 2.0 * share && shares.seen[bucket] >= FEW
        });
        let heaviest = heavy.max_by(|(_, a), (_, b)| a.bytes[bucket].total_cmp(&b.bytes[bucket]));
        Bucket { split: heaviest.map(|(side, shares)| (*side, (shares.bytes[bucket] / share).ceil() as usize)) }
    };
    (0..count).map(bucket).collect()
}

/// Where rows of a side go, whose table has so many partitions: to the parts of the first bucket, of the next, and so on.
pub(super) fn place(on: Arc<On>, side: Side, buckets: Arc<[Bucket]>, partitions: usize) -> Place {
    let mut starts = Vec::with_capacity(buckets.len());
    let mut next = 0;
    for bucket in &*buckets {
        starts.push(next);
        next += bucket.parts(side);
    }
    Arc::new(move |frame: &PolarsFrame, _, number| {
        let mut places = hash_places(on.keys(side, frame)?, buckets.len())?;
        let rows = places.len();
        for (row, place) in places.iter_mut().enumerate() {
            let bucket = *place as usize;
            // A part has rows that are near each other in the table, so that parts are in its order.
            let part = (number * rows + row) * buckets[bucket].parts(side) / (partitions * rows);
            *place = (starts[bucket] + part) as u32;
        }
        Ok::<_, CodeError>(places)
    })
}
