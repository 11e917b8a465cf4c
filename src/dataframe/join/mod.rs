//! Joins: one side broadcast where it is small, both shuffled by their keys else.
//!
//! ```text
//! right, gathered ──┬─> left partition 0 joined ── …        (right is small; or the other way round)
//!                   └─> left partition 1 joined ── …
//! left  ── shuffled by key ──> bucket j ──┬─> joined ── …   (both are large)
//! right ── shuffled by key ──> bucket j ──┘
//! left, sorted by a key ── partition i ───┬─> joined ── …   (its divisions are known; or those of the right one)
//! right ── shuffled to its ranges ────────┘
//! ```
//!
//! Which of them is taken is decided from estimates of both sides; each is right for any input. A bucket that a sample shows to
//! be heavy is [split](layout). polars joins what meets.

mod estimate;
mod keys;
mod layout;
mod node;
mod ranges;

use std::panic::Location;

use polars::prelude::{Expr, JoinArgs, JoinCoalesce, JoinType, MaintainOrderJoin, PlSmallStr};

use super::DataFrame;
use node::JoinNode;

/// Which rows a join has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// Each pair of rows whose keys are equal.
    Inner,
    /// Those, and the rows of the left side that have no partner.
    Left,
    /// Those, and the rows of the right side that have no partner.
    Right,
    /// Those, and the rows of either side that have no partner.
    Full,
    /// The rows of the left side that have a partner, once.
    Semi,
    /// The rows of the left side that have none.
    Anti,
    /// Each pair of rows; there are no keys.
    Cross,
}

/// How rows of both sides are brought together. What a join has doesn't depend on it; the order of its rows does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum JoinWay {
    /// As estimates say. Where both sides have the same [divisions](DataFrame::divisions) by a key, partitions meet as they are.
    /// Else a side of up to 32 MiB is broadcast where the kind of join allows it, the right one rather than the left one. Else,
    /// if a side has divisions by a key, its partitions stay where they are, and the other side is shuffled to their ranges.
    /// Else both are shuffled.
    #[default]
    Auto,
    /// Each partition of the left side meets the whole right side. Not for right and full joins.
    BroadcastRight,
    /// The whole left side meets each partition of the right side. For inner, right and cross joins.
    BroadcastLeft,
    /// Both sides are shuffled by their keys, into so many buckets. Not for cross joins.
    Shuffle(usize),
}

/// How to join: a [`JoinKind`], and what else there is to say.
///
/// ```
/// use polars::prelude::{col, df};
/// use thermocline::dataframe::{JoinKind, JoinOptions, polars};
/// use thermocline::{DataFrame, Session};
///
/// let left = DataFrame::from_polars(df!["key" => [Some(1), None], "x" => [1.0, 2.0]]?, 2);
/// let right = DataFrame::from_polars(df!["key" => [None, Some(3)], "x" => [5.0, 6.0]]?, 1);
/// let options = JoinOptions::new(JoinKind::Full).suffix("_of_right").nulls_equal(true).coalesce(true);
/// let joined = left.join(&right, [col("key")], [col("key")], options);
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let expected = df![
///     "key" => [Some(1), None, Some(3)],
///     "x" => [Some(1.0), Some(2.0), None],
///     "x_of_right" => [None, Some(5.0), Some(6.0)],
/// ]?;
/// assert!(session.compute(&joined)?.equals_missing(&expected));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct JoinOptions {
    kind: JoinKind,
    suffix: Option<PlSmallStr>,
    nulls_equal: bool,
    coalesce: Option<bool>,
    way: JoinWay,
}

impl JoinOptions {
    /// A join of this kind.
    pub fn new(kind: JoinKind) -> Self {
        Self { kind, suffix: None, nulls_equal: false, coalesce: None, way: JoinWay::Auto }
    }

    /// What is added to the name of a column of the right side that the left side has, too. `_right`, unless said.
    pub fn suffix(mut self, suffix: &str) -> Self {
        self.suffix = Some(suffix.into());
        self
    }

    /// Whether null is a key like any other. Unless said, a row with a null among its keys has no partner.
    pub fn nulls_equal(mut self, equal: bool) -> Self {
        self.nulls_equal = equal;
        self
    }

    /// Whether the keys of both sides become one column, under the name they have on the left side (in a right join, on the
    /// right). Unless said, they do, except in a full join. Keys that are expressions are never columns of the result.
    pub fn coalesce(mut self, coalesce: bool) -> Self {
        self.coalesce = Some(coalesce);
        self
    }

    /// How rows are brought together.
    pub fn way(mut self, way: JoinWay) -> Self {
        self.way = way;
        self
    }

    /// The same in polars' terms.
    fn args(&self) -> JoinArgs {
        let how = match self.kind {
            JoinKind::Inner => JoinType::Inner,
            JoinKind::Left => JoinType::Left,
            JoinKind::Right => JoinType::Right,
            JoinKind::Full => JoinType::Full,
            JoinKind::Semi => JoinType::Semi,
            JoinKind::Anti => JoinType::Anti,
            JoinKind::Cross => JoinType::Cross,
        };
        let mut args = JoinArgs::new(how).with_suffix(self.suffix.clone());
        args.nulls_equal = self.nulls_equal;
        args.coalesce = match self.coalesce {
            None => JoinCoalesce::JoinSpecific,
            Some(true) => JoinCoalesce::CoalesceColumns,
            Some(false) => JoinCoalesce::KeepColumns,
        };
        args.maintain_order = match self.kind {
            JoinKind::Right => MaintainOrderJoin::RightLeft,
            _ => MaintainOrderJoin::LeftRight,
        };
        args
    }
}

impl From<JoinKind> for JoinOptions {
    fn from(kind: JoinKind) -> Self {
        Self::new(kind)
    }
}

impl DataFrame {
    /// Rows of this table, the left side, beside the rows of `right` that have the same keys: columns, or expressions of a row,
    /// as many on each side. Names and types are as polars has them.
    ///
    /// **Order.** In each partition, rows are in the order of the left side, those of one row of it in the order of the right;
    /// in a right join the other way round. Rows of the other side that have no partner come last. Where the right side is
    /// broadcast, as small ones are, partitions are those of the left side; where the left one is, those of the right side;
    /// behind a shuffle rows are in the order of their keys' hashes, by partition; where a side is sorted by a key, and shuffles
    /// the other, partitions are its.
    ///
    /// **Skew.** Where a sample shows that some keys have very many rows, these are spread over several partitions.
    ///
    /// Impossible where a key is not there, the keys of both sides have no common type (numbers are made wider, nothing else is
    /// cast), an expression looks at more than its own row, two columns would have the same name, or the way that was asked for
    /// is not one for this kind.
    ///
    /// ```
    /// use polars::prelude::{col, df};
    /// use thermocline::dataframe::{JoinKind, polars};
    /// use thermocline::{DataFrame, Session};
    ///
    /// let flights = df!["origin" => ["JFK", "EWR", "JFK"], "delay" => [7.0, 2.0, 3.0]]?;
    /// let airports = df!["code" => ["JFK", "LGA"], "name" => ["Kennedy", "La Guardia"]]?;
    /// let flights = DataFrame::from_polars(flights, 2);
    /// let airports = DataFrame::from_polars(airports, 1);
    /// let named = flights.join(&airports, [col("origin")], [col("code")], JoinKind::Left);
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let expected = df![
    ///     "origin" => ["JFK", "EWR", "JFK"],
    ///     "delay" => [7.0, 2.0, 3.0],
    ///     "name" => [Some("Kennedy"), None, Some("Kennedy")],
    /// ]?;
    /// assert!(session.compute(&named)?.equals_missing(&expected));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn join(
        &self,
        right: &Self,
        left_on: impl AsRef<[Expr]>,
        right_on: impl AsRef<[Expr]>,
        options: impl Into<JoinOptions>,
    ) -> Self {
        let (location, options) = (Location::caller(), options.into());
        if let Some(error) = self.failure.as_ref().or(right.failure.as_ref()) {
            return Self::failed(error.clone());
        }
        let on = (left_on.as_ref().to_vec(), right_on.as_ref().to_vec());
        match JoinNode::new(self.node().clone(), right.node().clone(), on, &options) {
            Ok(node) => Self::of(node),
            Err(problem) => self.fail("join", location, problem),
        }
    }

    /// Each row beside each row of `right`. A column of `right` whose name is there already is called `name_right`.
    ///
    /// Rows are in the order of this table in each partition. Impossible where two columns would have the same name.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let sizes = DataFrame::from_polars(df!["size" => ["S", "L"]]?, 2);
    /// let colours = DataFrame::from_polars(df!["colour" => ["red", "blue"]]?, 1);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let expected = df!["size" => ["S", "S", "L", "L"], "colour" => ["red", "blue", "red", "blue"]]?;
    /// assert_eq!(session.compute(&sizes.cross_join(&colours))?, expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn cross_join(&self, right: &Self) -> Self {
        self.join(right, Vec::new(), Vec::new(), JoinKind::Cross)
    }
}
