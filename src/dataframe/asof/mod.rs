//! Joins with the nearest key: the last quote before each trade.
//!
//! Both sides are sorted. A small right side is broadcast. A large one is cut where the partitions of the left side end:
//!
//! ```text
//! left:  the first and last key of each partition ──> bounds
//! right: each row to the first partition of the left that ends no earlier ──> rows 0, rows 1, …
//! before 1 = the last of rows 0, before 2 = the last of (before 1, rows 1), …      of each of the `by` keys
//! after 0 = the first of (rows 1, after 1), …
//! left partition i, joined with (before i, rows i, after i)
//! ```
//!
//! So each partition meets its own rows of the right side, and the nearest beyond its borders.

mod neighbours;
mod node;

use std::panic::Location;

use polars::prelude::{AsOfOptions, AsofStrategy, JoinArgs, JoinType, PlSmallStr, Scalar};

use super::DataFrame;
use node::AsofNode;

/// How to join with the nearest key.
///
/// ```
/// use polars::prelude::{AsofStrategy, df};
/// use thermocline::dataframe::{AsofOptions, polars};
/// use thermocline::{DataFrame, Session};
///
/// let trades = df!["time" => [1, 5, 9], "stock" => ["a", "b", "a"]]?;
/// let quotes = df!["time" => [0, 6, 8], "stock" => ["a", "b", "a"], "bid" => [1.0, 2.0, 3.0]]?;
/// let (trades, quotes) = (DataFrame::from_polars(trades, 2), DataFrame::from_polars(quotes, 1));
/// let options = AsofOptions::new(AsofStrategy::Nearest).by(["stock"], ["stock"]).tolerance(1.0);
/// let joined = trades.join_asof(&quotes, "time", "time", options);
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let bids = session.compute(&joined)?.column("bid")?.f64()?.iter().collect::<Vec<_>>();
/// assert_eq!(bids, [Some(1.0), Some(2.0), Some(3.0)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AsofOptions {
    strategy: AsofStrategy,
    by: Option<(Vec<PlSmallStr>, Vec<PlSmallStr>)>,
    tolerance: Option<f64>,
    within: Option<PlSmallStr>,
    suffix: Option<PlSmallStr>,
    broadcast: Option<bool>,
}

impl AsofOptions {
    /// Looks for the last key that is no greater (backward), for the first that is no less (forward), or for the nearest.
    pub fn new(strategy: AsofStrategy) -> Self {
        Self { strategy, by: None, tolerance: None, within: None, suffix: None, broadcast: None }
    }

    /// Columns of the left and the right side that have to be equal.
    pub fn by<L: AsRef<str>, R: AsRef<str>>(
        mut self,
        left: impl IntoIterator<Item = L>,
        right: impl IntoIterator<Item = R>,
    ) -> Self {
        let left = left.into_iter().map(|name| name.as_ref().into()).collect();
        self.by = Some((left, right.into_iter().map(|name| name.as_ref().into()).collect()));
        self
    }

    /// How far a key may be from the other, for keys that are numbers.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// How far a key may be from the other, for keys that are times: `"1d6h"`, `"5m"`.
    pub fn within(mut self, duration: &str) -> Self {
        self.within = Some(duration.into());
        self
    }

    /// What is added to the name of a column of the right side that the left side has, too. `_right`, unless said.
    pub fn suffix(mut self, suffix: &str) -> Self {
        self.suffix = Some(suffix.into());
        self
    }

    /// Whether the whole right side is there for each partition of the left. Unless said, it is up to 32 MiB.
    pub fn broadcast(mut self, broadcast: bool) -> Self {
        self.broadcast = Some(broadcast);
        self
    }

    /// The same in polars' terms. Whether keys are sorted is checked apart.
    fn args(&self) -> JoinArgs {
        let (left_by, right_by) = self.by.clone().unzip();
        let options = AsOfOptions {
            strategy: self.strategy,
            tolerance: self.tolerance.map(Scalar::from),
            tolerance_str: self.within.clone(),
            left_by,
            right_by,
            allow_eq: true,
            check_sortedness: false,
        };
        JoinArgs::new(JoinType::AsOf(Box::new(options))).with_suffix(self.suffix.clone())
    }
}

impl From<AsofStrategy> for AsofOptions {
    fn from(strategy: AsofStrategy) -> Self {
        Self::new(strategy)
    }
}

impl DataFrame {
    /// Each row of this table, the left side, beside the row of `right` whose key is nearest: pandas' `merge_asof`. Null where
    /// there is none. Names and types are as polars has them.
    ///
    /// Both tables are sorted by their keys, which are numbers or times; where one is not, the run ends with an error. Of
    /// equal keys, the last row is taken, going forward the first. Rows and partitions are those of the left side.
    ///
    /// Impossible where a column is not there, or the keys of both sides have no common type.
    ///
    /// ```
    /// use polars::prelude::{AsofStrategy, df};
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let trades = DataFrame::from_polars(df!["time" => [1, 5, 9]]?, 2);
    /// let quotes = DataFrame::from_polars(df!["time" => [2, 4, 9], "bid" => [1.5, 2.5, 3.5]]?, 2);
    /// let joined = trades.join_asof(&quotes, "time", "time", AsofStrategy::Backward);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let expected = df!["time" => [1, 5, 9], "bid" => [None, Some(2.5), Some(3.5)]]?;
    /// assert!(session.compute(&joined)?.equals_missing(&expected));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn join_asof(&self, right: &Self, left_on: &str, right_on: &str, options: impl Into<AsofOptions>) -> Self {
        let (location, options) = (Location::caller(), options.into());
        if let Some(error) = self.failure.as_ref().or(right.failure.as_ref()) {
            return Self::failed(error.clone());
        }
        match AsofNode::new(self.node().clone(), right.node().clone(), (left_on, right_on), &options) {
            Ok(node) => Self::of(node),
            Err(problem) => self.fail("join_asof", location, problem),
        }
    }
}
