//! What can go wrong in the tool itself, each in one line.

use std::io;
use std::path::{Path, PathBuf};

use thermocline::ByteSize;

/// The tool's result type.
pub(crate) type Result<T, E = BenchError> = std::result::Result<T, E>;

/// Every failure of the tool.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The library failed.
    #[error(transparent)]
    Library(#[from] thermocline::Error),
    /// A system call failed.
    #[error("{}: {operation} failed: {source}", .path.display())]
    Io { path: PathBuf, operation: &'static str, source: io::Error },
    /// The HDF5 library failed.
    #[error("{}: {operation} failed: {source}", .path.display())]
    Hdf5 { path: PathBuf, operation: &'static str, source: hdf5::Error },
    /// A file is not what it should be.
    #[error("{}: {problem}", .path.display())]
    File { path: PathBuf, problem: String },
    /// A line of a file is not what it should be.
    #[error("{}, line {line}: {problem}", .path.display())]
    Line { path: PathBuf, line: u64, problem: String },
    /// The disk is too full for what is to be generated.
    #[error("{}: {needed} needed, {free} free: free some space, or name another folder with --dir", .path.display())]
    NoSpace { path: PathBuf, needed: ByteSize, free: ByteSize },
    /// The command line makes no sense, in a way that only shows later.
    #[error("{0}")]
    Usage(String),
    /// The library is broken.
    #[error("value {at} of the result is {found}, expected {expected}: this is a mistake in the library")]
    WrongResult { at: usize, found: f64, expected: f64 },
    /// The library is broken.
    #[error("the same sum has other bits the second time: this is a mistake in the library")]
    Unstable,
    /// The library is broken, or the bare loop is.
    #[error("the library and the bare loop find different means: one of them is mistaken")]
    WrongMeans,
    /// The library is broken.
    #[error("{0}: this is a mistake in the library")]
    Promise(String),
    /// Ctrl-C.
    #[error("interrupted")]
    Cancelled,
}

impl BenchError {
    pub(crate) fn io(path: impl AsRef<Path>, operation: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.as_ref().to_owned(), operation, source }
    }

    pub(crate) fn hdf5(path: impl AsRef<Path>, operation: &'static str) -> impl FnOnce(hdf5::Error) -> Self {
        move |source| Self::Hdf5 { path: path.as_ref().to_owned(), operation, source }
    }

    pub(crate) fn file(path: impl AsRef<Path>, problem: impl Into<String>) -> Self {
        Self::File { path: path.as_ref().to_owned(), problem: problem.into() }
    }

    /// `wanted` is of tables, which this program was built without.
    pub(crate) fn without_tables(wanted: &str) -> Self {
        Self::Usage(format!(
            "{wanted}: this bench was built without tables: build it with the feature `tables`, as `cargo xtask bench` does \
             where it is asked for it"
        ))
    }

    /// Whether the command line or the environment asked for something that can't be had.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Usage(_) | Self::Library(thermocline::Error::Config { .. }))
    }

    /// Whether the user stopped it.
    pub(crate) fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled | Self::Library(thermocline::Error::Cancelled))
    }

    /// The message in one line, however the libraries below broke theirs.
    pub(crate) fn line(&self) -> String {
        self.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
