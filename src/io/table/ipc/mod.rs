//! Arrow IPC files as one table.
//!
//! **Partitions** are record batches, so many of a file that they have [about 32 MiB](IpcReader::partition_size); one that is
//! larger is a partition. Of each, the columns that are needed are read.
//!
//! **Sizes in a file are not believed**: what it says of its batches and their buffers is compared with what there is before
//! anything is allocated.

mod batch;
mod footer;
mod source;

use super::input::{Paths, find};
use crate::dataframe::DataFrame;
use crate::error::Result;
use crate::units::ByteSize;

/// Bytes of a partition, unless others are asked for.
const PARTITION: u64 = 32 << 20;

/// Begins to read Arrow IPC files (Feather, version 2): a path, a pattern as `flights_*.arrow`, or a list of them. Their rows
/// come in the order of the files; of a pattern, in the order of their names. All must have the same columns, of the same
/// types.
///
/// ```
/// use polars::prelude::df;
/// use thermocline::io::table::{read_ipc, write_ipc};
/// use thermocline::{DataFrame, Session};
/// # use thermocline::dataframe::polars;
///
/// # let place = tempfile::tempdir()?;
/// # let folder = place.path().join("numbers");
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let numbers = df!["x" => [1, 2, 3], "y" => ["a", "b", "c"]]?;
/// session.compute(&write_ipc(&DataFrame::from_polars(numbers.clone(), 2), &folder))?;
///
/// let table = read_ipc([folder.join("part-00000.arrow"), folder.join("part-00001.arrow")]).open()?;
/// assert_eq!(session.compute(&table)?, numbers);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn read_ipc<P: Paths>(paths: P) -> IpcReader<P> {
    IpcReader { paths, partition: PARTITION }
}

/// How Arrow IPC files are read. Made by [`read_ipc`], ended by [`open`](Self::open).
#[derive(Clone, Debug)]
pub struct IpcReader<P> {
    paths: P,
    partition: u64,
}

impl<P: Paths> IpcReader<P> {
    /// About how many bytes the record batches of a partition have when they are not compressed: 32 MiB, unless another size
    /// is given.
    #[must_use]
    pub fn partition_size(mut self, bytes: ByteSize) -> Self {
        self.partition = bytes.bytes().max(1);
        self
    }

    /// Opens the files: reads what they say of their record batches, dictionaries, and a few rows.
    ///
    /// # Errors
    /// [`Error::FileIo`](crate::Error::FileIo) where a file can't be read; [`Error::File`](crate::Error::File) where there is
    /// none, where one is no Arrow IPC file or a damaged one, or has other columns than the first.
    pub fn open(self) -> Result<DataFrame> {
        let files = find(&self.paths)?;
        Ok(DataFrame::from_source(source::IpcSource::open(files, self.partition)?))
    }
}
