//! From polars frames, delayed values and arrays, and to them.

mod arrays;
mod delayed;
mod element;

use polars::prelude::{DataFrame as PolarsFrame, Expr, PlSmallStr, SchemaRef};

use super::DataFrame;
pub use arrays::{ArrayColumn, Lengths};
pub use element::ColumnElement;

use super::estimate::Estimate;
use super::source::{ReadCost, TableSource};
use crate::chunk::CodeError;
use crate::graph::TaskContext;

impl DataFrame {
    /// The rows of a frame in memory, in so many partitions of about equal length (at least one). The frame is not copied,
    /// and not counted: it belongs to the caller.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let frame = df!["x" => [1, 2, 3, 4, 5]]?;
    /// let table = DataFrame::from_polars(frame.clone(), 3);
    /// assert_eq!(table.partitions(), 3);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table)?, frame);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn from_polars(frame: PolarsFrame, partitions: usize) -> Self {
        let (rows, count) = (frame.height(), partitions.max(1));
        let border = |partition| rows * partition / count;
        let part = |partition| {
            let start = border(partition);
            frame.slice(start as i64, border(partition + 1) - start)
        };
        let partitions = (0..count).map(part).collect();
        Self::from_source(InMemory { schema: frame.schema().clone(), estimate: Estimate::of_whole(&frame), partitions })
    }
}

/// Frames that the caller has.
struct InMemory {
    schema: SchemaRef,
    estimate: Estimate,
    partitions: Vec<PolarsFrame>,
}

impl TableSource for InMemory {
    fn label(&self) -> &'static str {
        "from_polars"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.partitions.len()
    }

    fn estimate(&self) -> Estimate {
        self.estimate.clone()
    }

    fn cost(&self, _: usize, _: &[PlSmallStr]) -> ReadCost {
        ReadCost::default()
    }

    fn read(
        &self,
        _: &TaskContext<'_>,
        partition: usize,
        columns: &[PlSmallStr],
        _: Option<&Expr>,
    ) -> Result<PolarsFrame, CodeError> {
        Ok(self.partitions[partition].select(columns.iter().cloned())?)
    }
}
