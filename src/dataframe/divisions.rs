//! Between which keys the rows of each partition lie.

use polars::prelude::{AnyValue, Column};

/// Rows are sorted by a column; what its values are at the borders of partitions.
///
/// Partition `i` has the rows from `borders[i - 1]` (itself included) up to `borders[i]` (not included); the first partition
/// begins with the least, the last ends with the greatest. Null keys lie in the first partition, NaN is the greatest.
///
/// ```
/// use polars::prelude::df;
/// use thermocline::DataFrame;
/// # use thermocline::dataframe::polars;
///
/// let table = DataFrame::from_polars(df!["day" => [3, 1, 2]]?, 2).set_index("day");
/// let divisions = table.divisions().unwrap();
/// assert_eq!((divisions.by(), divisions.borders().len()), ("day", 0)); // one partition, so there is no border
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Divisions {
    pub(super) borders: Vec<AnyValue<'static>>,
    /// The borders as polars has them.
    pub(super) values: Column,
}

impl Divisions {
    /// Those at `values` of the column of that name; None where one of them can't be told.
    pub(super) fn new(values: &Column) -> Option<Self> {
        let borders = (0..values.len()).map(|border| Some(values.get(border).ok()?.into_static()));
        Some(Self { borders: borders.collect::<Option<_>>()?, values: values.clone() })
    }

    /// Of the partitions from `first` on, `count` of them.
    pub(super) fn of_partitions(&self, first: usize, count: usize) -> Option<Self> {
        Self::new(&self.values.slice(first as i64, count.saturating_sub(1)))
    }

    /// The column by which rows are sorted.
    #[must_use]
    pub fn by(&self) -> &str {
        self.values.name()
    }

    /// The least key of each partition but the first.
    #[must_use]
    pub fn borders(&self) -> &[AnyValue<'static>] {
        &self.borders
    }
}
