//! Dataframes out of core: a lazy table of many polars frames.
//!
//! As Dask's dataframe is many pandas frames, a [`DataFrame`] is many [polars](https://pola.rs) frames, its *partitions*.
//! What is to be done with it is recorded; a [`Session`](crate::Session) then plans, orders, budgets and spills it as it does
//! arrays and delayed calls. polars does the work inside of a partition, on the thread of the task that asks it.
//!
//! ```
//! use polars::prelude::{col, df};
//! use thermocline::dataframe::polars;
//! use thermocline::{DataFrame, Session};
//!
//! let flights = df!["origin" => ["JFK", "EWR", "JFK"], "delay" => [7.0, 2.0, 3.0]]?;
//! let flights = DataFrame::from_polars(flights, 2);
//! let late = flights.filter(col("delay").gt(2.5));
//! let mean = late.group_by([col("origin")]).agg([col("delay").mean()]);
//!
//! let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
//! let mean = session.compute(&mean)?;
//! assert_eq!(mean, df!["origin" => ["JFK"], "delay" => [5.0]]?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Expressions are polars'** and mean what they mean there, of the whole table: where an operation goes row by row, an
//! expression that looks at other rows is an error; in aggregations any will do. [`polars`] is re-exported, in the version
//! that is used here: it is exempt from semantic versioning.
//!
//! **Errors** in names, types and expressions are found when an operation is written: polars types it against the schema.
//! They are told when the table is computed, with the place where it was written.
//!
//! **What comes out is the same** at any number of threads and any memory limit: how a table is cut, and whether it is grouped
//! or joined through a shuffle, depends on the data and what was asked for, nothing else. Rows keep the order of partitions and
//! of rows in them, wherever an operation's own documentation doesn't say another.
//!
//! **Memory.** A partition is charged what its columns take. How large it will be is estimated from a sample of the source and
//! learned from the first ones; where it becomes larger than that, the excess is recorded as an overrun and repaid before
//! anything else is granted. Partitions spill as Arrow IPC, and are used where they lie on scratch when they come back.

mod alone;
mod asof;
mod between;
mod compute;
mod concat;
mod convert;
mod describe;
mod divisions;
mod estimate;
mod frame;
mod group_by;
mod head;
mod join;
mod len;
mod map_partitions;
mod node;
mod pivot;
mod quantiles;
mod repartition;
mod rows;
mod sample;
mod select;
mod shuffle;
mod sink;
mod sort;
mod source;
mod stored;
mod tasks;
mod top;
mod unique;
mod window;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

pub use ::polars;
use ::polars::prelude::{Schema, SchemaRef};

pub(crate) use alone::alone;
pub use asof::AsofOptions;
pub use convert::{ArrayColumn, ColumnElement, Lengths};
pub use divisions::Divisions;
pub(crate) use estimate::{Estimate, SAMPLE_ROWS, empty, thinned};
pub use group_by::GroupBy;
pub use join::{JoinKind, JoinOptions, JoinWay};
pub use len::Len;
use node::{Node, Shared};
pub(crate) use sink::Sink;
pub(crate) use source::{ReadCost, TableSource};
pub use window::Resample;

use crate::error::Error;

/// A lazy table of polars frames. Cheap to clone. See the [module](self).
#[derive(Clone)]
pub struct DataFrame {
    node: Arc<Shared>,
    /// The impossible operation that it was made of, if it was.
    failure: Option<Error>,
}

impl DataFrame {
    fn of(node: impl Node) -> Self {
        Self { node: Shared::new(node), failure: None }
    }

    fn node(&self) -> &Arc<Shared> {
        &self.node
    }

    /// What becomes of an operation on it that is impossible; or of any, if it is impossible itself.
    fn fail(&self, operation: &'static str, location: &'static Location<'static>, problem: impl Into<String>) -> Self {
        let error = self.failure.clone().unwrap_or_else(|| Error::operation(operation, location, problem));
        Self::failed(error)
    }

    fn failed(error: Error) -> Self {
        let node = FailedNode { schema: Arc::new(Schema::default()) };
        Self { failure: Some(error), ..Self::of(node) }
    }

    /// The names and types of its columns.
    ///
    /// ```
    /// use polars::prelude::{DataType, col, df};
    /// use thermocline::DataFrame;
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3]]?, 1);
    /// let halves = table.with_columns([(col("x") / 2.0.into()).alias("half")]);
    /// assert_eq!(halves.schema().get("half"), Some(&DataType::Float64));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        self.node.schema()
    }

    /// The number of frames that it is made of.
    #[must_use]
    pub fn partitions(&self) -> usize {
        self.node.partitions()
    }

    /// Between which keys the rows of each partition lie, where that is known: behind a sort.
    #[must_use]
    pub fn divisions(&self) -> Option<&Divisions> {
        self.node.divisions()
    }
}

impl fmt::Debug for DataFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataFrame({}, {} partitions, {:?})", self.node.label(), self.partitions(), self.schema())
    }
}

/// What an impossible operation leaves.
struct FailedNode {
    schema: SchemaRef,
}

impl Node for FailedNode {
    fn label(&self) -> &'static str {
        "failed"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        0
    }

    fn estimate(&self) -> Estimate {
        Estimate::unseen(0.0)
    }
}
