//! The rows with the largest and the smallest values: of each partition, then of those together.

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, PlSmallStr, PolarsResult, SchemaRef, SortMultipleOptions};

use super::DataFrame;
use super::alone::alone;
use super::estimate::Estimate;
use super::node::{Node, Shared, Wanted};
use super::tasks::{FAN_IN, add_tasks, gathered};
use crate::error::Result;
use crate::graph::{Key, Layers};

impl DataFrame {
    /// The `rows` rows with the largest values in the columns `by`, the largest first, in one partition. The first column
    /// decides, the next where it is equal; of rows where all are equal, those that come first. Null is less than any value.
    ///
    /// Impossible where no column is named, or one is not there.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["x" => [3, 9, 5, 7], "n" => [1, 2, 3, 4]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.nlargest(2, ["x"]))?, df!["x" => [9, 7], "n" => [2, 4]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn nlargest(&self, rows: usize, by: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.top("nlargest", rows, by, true)
    }

    /// The `rows` rows with the smallest values in the columns `by`, the smallest first, in one partition. As
    /// [`nlargest`](Self::nlargest); null is greater than any value.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["x" => [Some(3), None, Some(5), Some(1)]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.nsmallest(2, ["x"]))?, df!["x" => [1, 3]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn nsmallest(&self, rows: usize, by: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.top("nsmallest", rows, by, false)
    }

    #[track_caller]
    fn top(
        &self,
        label: &'static str,
        rows: usize,
        by: impl IntoIterator<Item = impl AsRef<str>>,
        descending: bool,
    ) -> Self {
        let by: Vec<PlSmallStr> = by.into_iter().map(|column| column.as_ref().into()).collect();
        let problem = match by.iter().find(|name| !self.schema().contains(name)) {
            Some(name) => Some(format!("there is no column {name:?}")),
            None => by.is_empty().then(|| "no column is named".to_owned()),
        };
        match problem {
            Some(problem) => self.fail(label, Location::caller(), problem),
            None => {
                Self::of(TopNode { input: self.node().clone(), label, top: Arc::new(Top { rows, by, descending }) })
            }
        }
    }
}

/// Which rows.
struct Top {
    rows: usize,
    by: Vec<PlSmallStr>,
    descending: bool,
}

impl Top {
    fn of(&self, frame: &PolarsFrame) -> PolarsResult<PolarsFrame> {
        let options = SortMultipleOptions::new().with_order_descending(self.descending).with_nulls_last(true);
        let sorted =
            frame.sort(self.by.iter().cloned(), options.with_maintain_order(true).with_multithreaded(false))?;
        Ok(sorted.head(Some(self.rows)))
    }
}

struct TopNode {
    input: Arc<Shared>,
    label: &'static str,
    top: Arc<Top>,
}

impl Node for TopNode {
    fn label(&self) -> &'static str {
        self.label
    }

    fn schema(&self) -> &SchemaRef {
        self.input.schema()
    }

    fn partitions(&self) -> usize {
        1
    }

    fn estimate(&self) -> Estimate {
        let Estimate { rows, sample } = self.input.estimate();
        let sample = sample.as_ref().and_then(|sample| alone(|| self.top.of(sample)).ok());
        Estimate { rows: rows.min(self.top.rows as f64), sample }
    }

    fn build(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Vec<Key>> {
        let schema = self.schema();
        let wanted = Wanted::columns_of(schema, |name| wanted.has(name) || self.top.by.contains(name));
        let bytes = self.estimate().bytes(schema, &wanted);
        let columns = wanted.of(schema);
        let of_top = |part: super::node::Part| {
            let (top, bytes) = (self.top.clone(), bytes.min(part.bytes));
            part.then(bytes, move |frame| Ok(top.of(&frame)?))
        };
        let parts = self.input.parts(layers, &wanted)?;
        let mut keys = add_tasks(layers, &format!("{}_partial", self.label), parts.into_iter().map(of_top).collect());
        while keys.len() > 1 {
            let merged =
                keys.chunks(FAN_IN).map(|keys| of_top(gathered(keys, columns.clone(), bytes * keys.len() as u64)));
            keys = add_tasks(layers, self.label, merged.collect());
        }
        if keys.is_empty() {
            keys = add_tasks(layers, self.label, vec![gathered(&[], columns, 0)]);
        }
        Ok(keys)
    }
}
