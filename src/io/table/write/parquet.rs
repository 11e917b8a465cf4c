//! Parquet files, one for each partition.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, PolarsError};
use polars_io::parquet::write::{ParquetCompression as Codec, ParquetWriter};

use super::Written;
use super::parts::{Format, Parts};
use crate::chunk::Chunk;
use crate::dataframe::DataFrame;
use crate::error::Result;
use crate::graph::{Key, Layers};
use crate::session::Collection;

/// A table as Parquet files in `folder`, `part-00000.parquet` and so on, one for each partition: computing that writes them.
/// The folder is made if it is not there; the one that it is in must be.
///
/// ```
/// use polars::prelude::df;
/// use thermocline::io::table::{read_parquet, write_parquet};
/// use thermocline::{DataFrame, Session};
/// # use thermocline::dataframe::polars;
///
/// # let place = tempfile::tempdir()?;
/// # let folder = place.path().join("flights");
/// let table = DataFrame::from_polars(df!["origin" => ["JFK", "EWR", "LGA"], "delay" => [2.5, -1.0, 7.0]]?, 2);
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let written = session.compute(&write_parquet(&table, &folder))?;
/// assert_eq!(written.files()[0].path(), folder.join("part-00000.parquet"));
/// assert_eq!((written.files().len(), written.rows()), (2, 3));
///
/// let again = read_parquet(format!("{}/*.parquet", folder.display())).open()?;
/// assert_eq!(session.compute(&again)?, session.compute(&table)?);
///
/// let error = session.compute(&write_parquet(&table, &folder)).unwrap_err(); // before anything has run
/// assert!(error.to_string().contains("overwrite"), "{error}");
/// session.compute(&write_parquet(&table, &folder).overwrite(true))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When computed: [`Error::File`](crate::Error::File) and [`Error::FileIo`](crate::Error::FileIo) where the folder can't be
/// written to or has such files already, before anything has run; where the disk is full these are what a task failed with.
pub fn write_parquet(table: &DataFrame, folder: impl AsRef<Path>) -> WriteParquet {
    let parts = Parts::new(table, folder.as_ref().to_owned());
    WriteParquet { parts, compression: ParquetCompression::Zstd, row_group_rows: None }
}

/// A table on its way to Parquet files: lazy, until a session computes it. Made by [`write_parquet`].
#[derive(Clone, Debug)]
#[must_use]
pub struct WriteParquet {
    parts: Parts,
    compression: ParquetCompression,
    row_group_rows: Option<usize>,
}

/// How pages of Parquet files are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParquetCompression {
    /// Not at all.
    None,
    /// Quick, and read by everybody.
    Snappy,
    /// Quick.
    Lz4,
    /// Slow; for readers that know nothing newer.
    Gzip,
    /// Small files, quickly read.
    #[default]
    Zstd,
}

impl WriteParquet {
    /// Whether files of an earlier run may be there, which are then replaced, or removed where they are more. By default they
    /// are an error.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.parts.overwrite = overwrite;
        self
    }

    /// How pages are compressed: by zstd, unless said.
    pub fn compression(mut self, compression: ParquetCompression) -> Self {
        self.compression = compression;
        self
    }

    /// How many rows a row group has at the most: 262,144, unless said. At least one.
    pub fn row_group_rows(mut self, rows: usize) -> Self {
        self.row_group_rows = Some(rows.max(1));
        self
    }
}

impl Collection for WriteParquet {
    type Output = Written;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        let format = Parquet { compression: self.compression, row_group_rows: self.row_group_rows };
        self.parts.build(layers, Arc::new(format))
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Written> {
        Parts::finish(&chunks)
    }
}

struct Parquet {
    compression: ParquetCompression,
    row_group_rows: Option<usize>,
}

impl Format for Parquet {
    fn label(&self) -> &'static str {
        "write_parquet"
    }

    fn extension(&self) -> &'static str {
        "parquet"
    }

    fn write(&self, frame: &mut PolarsFrame, out: &mut dyn Write) -> Result<(), PolarsError> {
        let codec = match self.compression {
            ParquetCompression::None => Codec::Uncompressed,
            ParquetCompression::Snappy => Codec::Snappy,
            ParquetCompression::Lz4 => Codec::Lz4Raw,
            ParquetCompression::Gzip => Codec::Gzip(None),
            ParquetCompression::Zstd => Codec::Zstd(None),
        };
        let writer = ParquetWriter::new(out).with_compression(codec).with_row_group_size(self.row_group_rows);
        writer.set_parallel(false).finish(frame).map(drop)
    }

    fn workspace(&self, bytes: u64) -> u64 {
        // The frame in row groups, and the pages of one of them.
        2 * bytes
    }
}
