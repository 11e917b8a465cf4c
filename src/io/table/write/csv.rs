//! CSV: one file, or one for each partition.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, PolarsError};
use polars_io::SerWriter;
use polars_io::csv::write::CsvWriter;

use super::Written;
use super::csv_file;
use super::parts::{Format, Parts};
use crate::chunk::Chunk;
use crate::dataframe::DataFrame;
use crate::error::Result;
use crate::graph::{Key, Layers};
use crate::session::Collection;

/// A table as the CSV file `path`, with a header and all rows in their order: computing that writes it, in the place of what
/// is there. Numbers are written so that they are read as what they were.
///
/// ```
/// use polars::prelude::df;
/// use thermocline::io::table::write_csv;
/// use thermocline::{DataFrame, Session};
/// # use thermocline::dataframe::polars;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("delays.csv");
/// let table = DataFrame::from_polars(df!["origin" => ["JFK", "E, WR"], "delay" => [Some(0.1), None]]?, 2);
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let written = session.compute(&write_csv(&table, &path).null_value("NA"))?;
/// assert_eq!(std::fs::read_to_string(&path)?, "origin,delay\nJFK,0.1\n\"E, WR\",NA\n");
/// assert_eq!(written.rows(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When computed: [`Error::File`](crate::Error::File) and [`Error::FileIo`](crate::Error::FileIo) where the path can't be
/// written or a column is no text (lists, structs), before anything has run; where the disk is full these are what a task
/// failed with.
pub fn write_csv(table: &DataFrame, path: impl AsRef<Path>) -> WriteCsv {
    let options = Csv { has_header: true, separator: b',', null_value: String::new() };
    WriteCsv { table: table.clone(), path: path.as_ref().to_owned(), partitioned: false, overwrite: false, options }
}

/// A table on its way to CSV: lazy, until a session computes it. Made by [`write_csv`].
#[derive(Clone, Debug)]
#[must_use]
pub struct WriteCsv {
    table: DataFrame,
    path: PathBuf,
    partitioned: bool,
    overwrite: bool,
    options: Csv,
}

impl WriteCsv {
    /// Whether there is one file for each partition, `part-00000.csv` and so on: the path is then that of a folder, which is
    /// made if it is not there.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::io::table::write_csv;
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// # let place = tempfile::tempdir()?;
    /// # let folder = place.path().join("numbers");
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// session.compute(&write_csv(&table, &folder).partitioned(true))?;
    /// assert_eq!(std::fs::read_to_string(folder.join("part-00001.csv"))?, "x\n2\n3\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// Whether files of an earlier run may be in the folder, which are then replaced, or removed where they are more. By
    /// default they are an error. One file is always replaced.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Whether the names of columns come first (the default).
    pub fn header(mut self, has_header: bool) -> Self {
        self.options.has_header = has_header;
        self
    }

    /// What stands between values: a comma, unless another is named.
    pub fn separator(mut self, separator: u8) -> Self {
        self.options.separator = separator;
        self
    }

    /// What is written for null: nothing, unless it is named. An empty string is `""`.
    pub fn null_value(mut self, value: impl Into<String>) -> Self {
        self.options.null_value = value.into();
        self
    }

    fn parts(&self) -> Parts {
        Parts { table: self.table.clone(), folder: self.path.clone(), overwrite: self.overwrite }
    }
}

impl Collection for WriteCsv {
    type Output = Written;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        let options = Arc::new(self.options.clone());
        if self.partitioned {
            return self.parts().build(layers, options);
        }
        csv_file::build(&self.table, &self.path, options, layers)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Written> {
        if self.partitioned { Parts::finish(&chunks) } else { csv_file::finish(&chunks) }
    }
}

/// How CSV is written.
#[derive(Clone, Debug)]
pub(super) struct Csv {
    pub(super) has_header: bool,
    pub(super) separator: u8,
    pub(super) null_value: String,
}

impl Csv {
    /// Writes the rows of a frame, with or without names before them.
    pub(super) fn write_rows(
        &self,
        frame: &mut PolarsFrame,
        has_header: bool,
        out: &mut dyn Write,
    ) -> Result<(), PolarsError> {
        let writer = CsvWriter::new(out).include_header(has_header).with_separator(self.separator);
        writer.with_null_value(self.null_value.as_str().into()).n_threads(1).finish(frame)
    }
}

impl Format for Csv {
    fn label(&self) -> &'static str {
        "write_csv"
    }

    fn extension(&self) -> &'static str {
        "csv"
    }

    fn write(&self, frame: &mut PolarsFrame, out: &mut dyn Write) -> Result<(), PolarsError> {
        self.write_rows(frame, self.has_header, out)
    }

    fn workspace(&self, _: u64) -> u64 {
        // A thousand rows at a time.
        1 << 20
    }
}
