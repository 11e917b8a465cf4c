//! Writing tables to files.
//!
//! ```text
//! one file a partition:   partition i ── written to a file of another name ──┐
//!                         partition k ── …                                  ──┴─> all are given their names
//!
//! one CSV file:           partition 0 -> text 0 ──> appended 0
//!                         partition 1 -> text 1 ──────────────> appended 1 -> … -> it is given its name
//! ```
//!
//! Reading a partition, what is done with it row by row, and writing it are one task. A file has its name when it is whole
//! and on the disk; what goes wrong before, or is cancelled, leaves what was there as it was, and nothing beside it.

mod csv;
mod csv_file;
mod folder;
mod ipc;
mod parquet;
mod parts;

use std::path::{Path, PathBuf};

pub use csv::{WriteCsv, write_csv};
pub use ipc::{IpcCompression, WriteIpc, write_ipc};
pub use parquet::{ParquetCompression, WriteParquet, write_parquet};

use crate::units::ByteSize;

/// The files that a table was written to, in the order of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    files: Vec<WrittenFile>,
}

impl Written {
    /// The files, in the order of the rows.
    #[must_use]
    pub fn files(&self) -> &[WrittenFile] {
        &self.files
    }

    /// The number of rows in all of them.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Their length in all.
    #[must_use]
    pub fn size(&self) -> ByteSize {
        ByteSize::new(self.files.iter().map(|file| file.bytes).sum())
    }
}

/// A file with rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    path: PathBuf,
    rows: u64,
    bytes: u64,
}

impl WrittenFile {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of its rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Its length.
    #[must_use]
    pub fn size(&self) -> ByteSize {
        ByteSize::new(self.bytes)
    }
}
