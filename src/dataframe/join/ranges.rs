//! Joins of a table that is sorted by a key: its partitions stay as they are, and rows of the other side go to those that have
//! the same keys.
//!
//! ```text
//! left:   partition 0, keys up to 10    partition 1, keys up to 20    …       (as it is)
//! right ── shuffled at 10, 20, … ──> rows of partition 0, rows of partition 1, …
//! ```
//!
//! Where both sides have the same divisions, nothing is shuffled.

use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, Expr, PlSmallStr};

use super::keys::{On, Side};
use crate::chunk::CodeError;
use crate::dataframe::node::Shared;
use crate::dataframe::shuffle::Place;
use crate::dataframe::sort::{Border, SortKeys, places};

/// Of the other side, so many times the rows of an even partition may go to one, at the most.
const UNEVEN: usize = 3;

/// Ranges of a key that both sides are cut into.
#[derive(Clone)]
pub(super) struct Ranges {
    /// The number of the key.
    key: usize,
    borders: Arc<[Border]>,
    /// The sides whose partitions are these ranges.
    in_place: [bool; 2],
}

impl Ranges {
    /// Those of the divisions of a side, the larger one if both have some. None where neither is divided by a key, or the
    /// sample of the other side shows that it would be cut very unevenly.
    pub(super) fn new(sides: [(Side, &Shared, u64); 2], on: &On) -> Option<Self> {
        let [first, second] = sides;
        let sides = if first.2 >= second.2 { [first, second] } else { [second, first] };
        let (side, (key, borders)) =
            sides.iter().find_map(|&(side, table, _)| Some((side, divided(side, table, on)?)))?;
        let is_in_place = |(other, table, _): (Side, &Shared, u64)| {
            other == side || divided(other, table, on).is_some_and(|found| found == (key, borders.clone()))
        };
        let ranges = Self { key, in_place: [first, second].map(is_in_place), borders: borders.into() };
        let others = sides.iter().filter(|(other, ..)| !ranges.is_in_place(*other));
        let mut cut = others.map(|&(other, table, _)| ranges.cuts_evenly(other, table, on));
        cut.all(|is_even| is_even).then_some(ranges)
    }

    pub(super) fn partitions(&self) -> usize {
        self.borders.len() + 1
    }

    pub(super) fn is_in_place(&self, side: Side) -> bool {
        self.in_place[usize::from(side == Side::Right)]
    }

    /// Where rows of a side go.
    pub(super) fn place(&self, on: Arc<On>, side: Side) -> Place {
        let ranges = self.clone();
        Arc::new(move |frame, _, partition| ranges.places(&on, side, frame, partition))
    }

    fn places(&self, on: &On, side: Side, frame: &PolarsFrame, partition: usize) -> Result<Vec<u32>, CodeError> {
        Ok(places(&encoder(self.key), &self.borders, &on.keys(side, frame)?, partition)?)
    }

    fn cuts_evenly(&self, side: Side, table: &Shared, on: &On) -> bool {
        let Some(sample) = &table.estimate().sample else { return true };
        let Ok(places) = self.places(on, side, sample, 0) else { return true };
        let mut counts = vec![0; self.partitions()];
        for &place in &places {
            counts[place as usize] += 1;
        }
        counts.into_iter().max().unwrap_or(0) <= UNEVEN * places.len().div_ceil(self.partitions())
    }
}

/// Compares a key among the [keys](On::keys) of a side.
fn encoder(key: usize) -> SortKeys {
    SortKeys::ascending([PlSmallStr::from_string(key.to_string())])
}

/// The key that a side is divided by, and where; if it is by one, in the type in which keys are compared.
fn divided(side: Side, table: &Shared, on: &On) -> Option<(usize, Vec<Border>)> {
    let divisions = table.divisions().filter(|divisions| !divisions.borders().is_empty())?;
    let is_by = |key: &Expr| matches!(key, Expr::Column(name) if name == divisions.by());
    let key = on.of(side).iter().position(is_by)?;
    if on.types().get(key) != Some(divisions.values.dtype()) {
        return None;
    }
    let values = divisions.values.clone().with_name(key.to_string().into());
    let encoded = encoder(key).encode(&values.into_frame()).ok()?;
    Some((key, encoded.values_iter().map(Border::before).collect()))
}
