//! Parquet files as one table.
//!
//! **Partitions** are row groups, so many of a file that they have [about 32 MiB](ParquetReader::partition_size) when they are
//! not compressed; one that is larger is a partition. Of each, the columns that are needed are read, and those row groups that
//! may have a row for which a filter holds: the file's statistics say which.
//!
//! **Sizes in a file are not believed**: what it says of its footer, columns and pages is compared with what there is before
//! anything is allocated.

mod columns;
mod footer;
mod skip;
mod source;
mod thrift;

use super::input::{Paths, find};
use crate::dataframe::DataFrame;
use crate::error::Result;
use crate::units::ByteSize;

/// Bytes of a partition, unless others are asked for.
const PARTITION: u64 = 32 << 20;

/// Begins to read Parquet files: a path, a pattern as `flights_*.parquet`, or a list of them. Their rows come in the order of
/// the files; of a pattern, in the order of their names. All must have the same columns, of the same types.
///
/// ```
/// use polars::prelude::{col, df, lit};
/// use thermocline::io::table::{read_parquet, write_parquet};
/// use thermocline::{DataFrame, Session};
/// # use thermocline::dataframe::polars;
///
/// # let place = tempfile::tempdir()?;
/// # let folder = place.path().join("numbers");
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let numbers = DataFrame::from_polars(df!["x" => (0..1000).collect::<Vec<i64>>()]?, 4);
/// session.compute(&write_parquet(&numbers, &folder))?;
///
/// let table = read_parquet(format!("{}/*.parquet", folder.display())).open()?;
/// assert_eq!(table.partitions(), 4);
/// // Three of the files have no such number: only the fourth is read.
/// let last = table.filter(col("x").gt_eq(lit(998)));
/// assert_eq!(session.compute(&last)?, df!["x" => [998_i64, 999]]?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn read_parquet<P: Paths>(paths: P) -> ParquetReader<P> {
    ParquetReader { paths, partition: PARTITION }
}

/// How Parquet files are read. Made by [`read_parquet`], ended by [`open`](Self::open).
#[derive(Clone, Debug)]
pub struct ParquetReader<P> {
    paths: P,
    partition: u64,
}

impl<P: Paths> ParquetReader<P> {
    /// About how many bytes the row groups of a partition have when they are not compressed: 32 MiB, unless another size is
    /// given.
    #[must_use]
    pub fn partition_size(mut self, bytes: ByteSize) -> Self {
        self.partition = bytes.bytes().max(1);
        self
    }

    /// Opens the files: reads what their footers say, and a few rows.
    ///
    /// # Errors
    /// [`Error::FileIo`](crate::Error::FileIo) where a file can't be read; [`Error::File`](crate::Error::File) where there is
    /// none, where one is no Parquet file or a damaged one, or has other columns than the first.
    pub fn open(self) -> Result<DataFrame> {
        let files = find(&self.paths)?;
        Ok(DataFrame::from_source(source::ParquetSource::open(files, self.partition)?))
    }
}
