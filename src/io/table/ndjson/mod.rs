//! JSON lines as one table: each line an object, a row.
//!
//! **Partitions** are byte ranges of about [equal length](NdjsonReader::partition_size), cut where a line ends: in JSON no
//! string has a line feed in it.
//!
//! **Columns and types** are found from a sample: the beginning of each partition of some. Keys that no sampled line has are
//! not read; give a [schema](NdjsonReader::schema) where there are such. A key that a line doesn't have is null there. A line
//! that is no object, or has a value that is none of its column's type, ends the run with its file and line.

mod lines;
mod sample;
mod source;

use std::sync::Arc;

use polars::prelude::{DataType, PlSmallStr, Schema};

use super::input::{Paths, find};
use crate::dataframe::DataFrame;
use crate::error::Result;
use crate::units::ByteSize;

/// Bytes of a partition, unless others are asked for.
const PARTITION: u64 = 16 << 20;

/// Begins to read files of JSON lines: a path, a pattern as `events_*.jsonl`, or a list of them. Their rows come in the order
/// of the files; of a pattern, in the order of their names.
///
/// ```
/// use polars::prelude::df;
/// use thermocline::Session;
/// # use thermocline::dataframe::polars;
/// use thermocline::io::table::read_ndjson;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("events.jsonl");
/// std::fs::write(&path, "{\"origin\": \"JFK\", \"delay\": 2}\n{\"origin\": \"LGA\"}\n")?;
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let events = session.compute(&read_ndjson(&path).open()?)?;
/// assert_eq!(events, df!["origin" => ["JFK", "LGA"], "delay" => [Some(2_i64), None]]?);
///
/// std::fs::write(&path, "{\"delay\": 2}\n{\"delay\": \"much\"}\n")?;
/// let numbers = read_ndjson(&path).dtypes([("delay", polars::prelude::DataType::Int64)]).open()?;
/// let error = session.compute(&numbers).unwrap_err().to_string();
/// assert!(error.contains("events.jsonl: line 2"), "{error}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn read_ndjson<P: Paths>(paths: P) -> NdjsonReader<P> {
    NdjsonReader { paths, options: Options { schema: None, types: Vec::new(), partition: PARTITION } }
}

/// How JSON lines are read. Made by [`read_ndjson`], ended by [`open`](Self::open).
#[derive(Clone, Debug)]
pub struct NdjsonReader<P> {
    paths: P,
    options: Options,
}

#[derive(Clone, Debug)]
struct Options {
    schema: Option<Schema>,
    types: Vec<(PlSmallStr, DataType)>,
    partition: u64,
}

impl<P: Paths> NdjsonReader<P> {
    /// The names and types of all columns: nothing is sampled for them, and no other keys are read.
    #[must_use]
    pub fn schema(mut self, schema: Schema) -> Self {
        self.options.schema = Some(schema);
        self
    }

    /// The types of some columns; the others' are found from the sample. A column that the sample doesn't have is added.
    #[must_use]
    pub fn dtypes(mut self, types: impl IntoIterator<Item = (impl Into<PlSmallStr>, DataType)>) -> Self {
        self.options.types = types.into_iter().map(|(name, dtype)| (name.into(), dtype)).collect();
        self
    }

    /// About how many bytes of a file a partition has: 16 MiB, unless another size is given. At least one.
    #[must_use]
    pub fn partition_size(mut self, bytes: ByteSize) -> Self {
        self.options.partition = bytes.bytes().max(1);
        self
    }

    /// Opens the files: finds columns, types, and where to cut.
    ///
    /// # Errors
    /// [`Error::FileIo`](crate::Error::FileIo) where a file can't be read; [`Error::File`](crate::Error::File) where there is
    /// none, where a sampled line is no JSON object, or where there is no line and no [schema](Self::schema).
    pub fn open(self) -> Result<DataFrame> {
        let files = find(&self.paths)?;
        Ok(DataFrame::from_source(source::NdjsonSource::open(files, Arc::new(self.options))?))
    }
}
