//! The number of rows.

use std::sync::Arc;

use polars::prelude::df;

use super::DataFrame;
use super::frame::Frame;
use super::node::Wanted;
use super::tasks::add_tasks;
use crate::chunk::Chunk;
use crate::error::{Error, Result};
use crate::graph::{Key, Layers};
use crate::session::Collection;

impl DataFrame {
    /// The number of rows, to be computed.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::dataframe::polars;
    /// use thermocline::{DataFrame, Session};
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(table.len())?, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn len(&self) -> Len {
        Len(self.clone())
    }
}

/// The number of rows of a table: made by [`DataFrame::len`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Len(DataFrame);

impl Collection for Len {
    type Output = u64;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        if let Some(error) = &self.0.failure {
            return Err(error.clone());
        }
        let schema = self.0.schema();
        let parts = self.0.node().parts(layers, &Wanted::columns_of(schema, |_| false))?;
        let counted = parts.into_iter().map(|part| part.then(0, |frame| Ok(df!["rows" => [frame.height() as u64]]?)));
        Ok(add_tasks(layers, "len", counted.collect()))
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<u64> {
        let told = |error: polars::error::PolarsError| Error::Code { operation: "read from", source: Arc::new(error) };
        let rows = |chunk: &Chunk| {
            let rows = Frame::of(chunk)?;
            rows.column("rows").and_then(|rows| rows.u64()?.get(0).ok_or_else(none)).map_err(told)
        };
        chunks.iter().map(rows).sum()
    }
}

fn none() -> polars::error::PolarsError {
    polars::error::PolarsError::NoData("a count without a value".into())
}
