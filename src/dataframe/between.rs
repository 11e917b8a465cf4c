//! Rows whose value lies in a range: of what is sorted by it, some partitions.

use std::ops::{Bound, RangeBounds};
use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{Expr, IntoLazy, Literal, PolarsResult, SchemaRef, col};

use super::DataFrame;
use super::alone::alone;
use super::divisions::Divisions;
use super::estimate::Estimate;
use super::node::{Node, Part, Shared, Wanted};
use crate::error::Result;
use crate::graph::Layers;

impl DataFrame {
    /// The rows whose value in `column` lies in `range`. Where it is known [between which values](Self::divisions) of it the
    /// rows of each partition lie, other partitions are not made.
    ///
    /// Impossible where the column is not there, or can't be compared with such values.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["day" => [3, 1, 2, 5]]?, 2).set_index("day");
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.between("day", 2..5))?, df!["day" => [2, 3]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    #[doc(alias = "loc")]
    pub fn between<T: Literal + Clone>(&self, column: &str, range: impl RangeBounds<T>) -> Self {
        if !self.schema().contains(column) {
            return self.fail("between", Location::caller(), format!("there is no column {column:?}"));
        }
        let range = Between {
            from: range.start_bound().map(|value| value.clone().lit()),
            to: range.end_bound().map(|value| value.clone().lit()),
        };
        let rows = match self.divisions().filter(|divisions| divisions.by() == column) {
            // A range that can't be compared is found by the filter, which tells where.
            Some(divisions) => range.partitions(divisions).map_or_else(|_| self.clone(), |picked| self.picked(&picked)),
            None => self.clone(),
        };
        match range.predicate(column) {
            Some(predicate) => rows.filter(predicate),
            None => rows,
        }
    }

    /// The partitions `picked`, which are neighbours.
    fn picked(&self, picked: &std::ops::Range<usize>) -> Self {
        if self.failure.is_some() || picked.len() == self.partitions() {
            return self.clone();
        }
        let divisions = self.divisions().and_then(|divisions| divisions.of_partitions(picked.start, picked.len()));
        Self::of(PickNode { input: self.node().clone(), picked: picked.clone(), divisions })
    }
}

/// A range of values, as expressions.
struct Between {
    from: Bound<Expr>,
    to: Bound<Expr>,
}

impl Between {
    fn predicate(&self, column: &str) -> Option<Expr> {
        let from = match self.from.clone() {
            Bound::Included(value) => Some(col(column).gt_eq(value)),
            Bound::Excluded(value) => Some(col(column).gt(value)),
            Bound::Unbounded => None,
        };
        from.into_iter().chain(self.is_before_end(column)).reduce(Expr::and)
    }

    /// Whether a value lies before the end.
    fn is_before_end(&self, column: &str) -> Option<Expr> {
        match self.to.clone() {
            Bound::Included(value) => Some(col(column).lt_eq(value)),
            Bound::Excluded(value) => Some(col(column).lt(value)),
            Bound::Unbounded => None,
        }
    }

    /// The partitions in which there may be rows; one at least.
    fn partitions(&self, divisions: &Divisions) -> PolarsResult<std::ops::Range<usize>> {
        let column = divisions.by();
        let borders = divisions.values.clone().into_frame().lazy();
        let count = |holds: Option<Expr>, otherwise: usize| -> PolarsResult<usize> {
            match holds {
                None => Ok(otherwise),
                Some(holds) => Ok(alone(|| borders.clone().filter(holds).collect())?.height()),
            }
        };
        let all = divisions.borders.len();
        let before = match self.from.clone() {
            // A partition whose end is not behind the first value has none.
            Bound::Included(value) | Bound::Excluded(value) => Some(col(column).lt_eq(value)),
            Bound::Unbounded => None,
        };
        let first = count(before, 0)?;
        let last = count(self.is_before_end(column), all)?;
        Ok(first..last.max(first) + 1)
    }
}

/// Some of the partitions of a table.
struct PickNode {
    input: Arc<Shared>,
    picked: std::ops::Range<usize>,
    divisions: Option<Divisions>,
}

impl Node for PickNode {
    fn label(&self) -> &'static str {
        "between"
    }

    fn schema(&self) -> &SchemaRef {
        self.input.schema()
    }

    fn partitions(&self) -> usize {
        self.picked.len()
    }

    /// That of all partitions: the filter behind says how many rows are left.
    fn estimate(&self) -> Estimate {
        self.input.estimate().clone()
    }

    fn divisions(&self) -> Option<&Divisions> {
        self.divisions.as_ref()
    }

    fn parts(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        Ok(Some(self.input.parts(layers, wanted)?.drain(self.picked.clone()).collect()))
    }
}
