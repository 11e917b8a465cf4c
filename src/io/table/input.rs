//! Files that tables are read from: found, and found again as they were.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use polars::prelude::Schema;

use crate::dataframe::alone;
use crate::error::{Error, Result};

/// Parts of files that say that they have more bytes than this, stored or not, are not believed.
pub(super) const MOST_BYTES: u64 = 1 << 40;

/// A file as it was when it was first looked at. One that has changed since is an error: its rows were counted on (**D1**).
#[derive(Clone, Debug)]
pub(super) struct InputFile {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    modified: (i64, i64),
}

impl InputFile {
    pub(super) fn new(path: &Path) -> Result<Self> {
        let told = |source| file_io(path, "opening it", source);
        let file = File::open(path).map_err(told)?;
        let metadata = file.metadata().map_err(told)?;
        if !metadata.is_file() {
            return Err(problem(path, "it is no file"));
        }
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Ok(Self { path: path.to_owned(), bytes: metadata.len(), modified })
    }

    /// Opens it, if it is still what it was.
    pub(super) fn open(&self) -> Result<File> {
        let file = File::open(&self.path).map_err(|source| file_io(&self.path, "opening it", source))?;
        let metadata = file.metadata().map_err(|source| file_io(&self.path, "looking at it", source))?;
        if (metadata.len(), (metadata.mtime(), metadata.mtime_nsec())) != (self.bytes, self.modified) {
            return Err(problem(&self.path, "it has changed since it was opened: read it again"));
        }
        Ok(file)
    }

    /// Fills `out` with its bytes from `at` on.
    pub(super) fn read_exact(&self, file: &File, at: u64, out: &mut [u8]) -> Result<()> {
        file.read_exact_at(out, at).map_err(|source| file_io(&self.path, "reading it", source))
    }

    /// At most `bytes` bytes from `at` on.
    pub(super) fn read(&self, file: &File, at: u64, bytes: u64) -> Result<Vec<u8>> {
        let mut out = vec![0; bytes.min(self.bytes.saturating_sub(at)) as usize];
        self.read_exact(file, at, &mut out)?;
        Ok(out)
    }

    /// Where the first line begins at `at` or behind it; lines begin at `first`.
    pub(super) fn line_at(&self, opened: &File, at: u64, first: u64) -> Result<u64> {
        if at <= first || at >= self.bytes {
            return Ok(at.clamp(first.min(self.bytes), self.bytes));
        }
        let mut from = at - 1;
        loop {
            let bytes = self.read(opened, from, 4096)?;
            if bytes.is_empty() {
                return Ok(self.bytes);
            }
            if let Some(end) = memchr::memchr(b'\n', &bytes) {
                return Ok(from + end as u64 + 1);
            }
            from += bytes.len() as u64;
        }
    }

    /// The number of the line that begins at `at`, from 1.
    pub(super) fn line_number(&self, opened: &File, at: u64) -> Result<u64> {
        let (mut line, mut from) = (1, 0);
        while from < at {
            let bytes = self.read(opened, from, (at - from).min(1 << 20))?;
            if bytes.is_empty() {
                break;
            }
            line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
            from += bytes.len() as u64;
        }
        Ok(line)
    }

    /// What `parse` makes of it, on this thread alone. Its failure is the file's, and so is its panic: a parser may be wrong
    /// about a file that is damaged.
    pub(super) fn parsed<T, E: fmt::Display>(&self, parse: impl FnOnce() -> Result<T, E>) -> Result<T> {
        match catch_unwind(AssertUnwindSafe(|| alone(parse))) {
            Ok(parsed) => parsed.map_err(|error| self.problem(error.to_string())),
            Err(_) => Err(self.problem("it is damaged: who reads its format did not get through it")),
        }
    }

    /// What is wrong with it.
    pub(super) fn problem(&self, problem: impl Into<String>) -> Error {
        self::problem(&self.path, problem)
    }
}

fn file_io(path: &Path, operation: &'static str, source: io::Error) -> Error {
    Error::FileIo { path: path.to_owned(), operation, source: std::sync::Arc::new(source) }
}

pub(super) fn problem(path: &Path, problem: impl Into<String>) -> Error {
    Error::File { path: path.to_owned(), problem: problem.into() }
}

/// Whether `other` has the columns of `first`, of the same types. Their order may be another.
pub(super) fn check_schema(first: &InputFile, expected: &Schema, other: &InputFile, found: &Schema) -> Result<()> {
    let told = |difference: String| {
        Err(other
            .problem(format!("its columns are not those of {}: {difference}. Read them apart", first.path.display())))
    };
    for (name, dtype) in expected.iter() {
        match found.get(name) {
            None => return told(format!("it has no {name:?}")),
            Some(present) if present != dtype => {
                return told(format!("{name:?} is {present} in it, and {dtype} there"));
            }
            Some(_) => {}
        }
    }
    match found.iter_names().find(|name| !expected.contains(name)) {
        Some(added) => told(format!("it also has {added:?}")),
        None => Ok(()),
    }
}

/// What names input files: a path, a pattern (`flights_*.csv`), or a list of those.
pub trait Paths {
    /// Each, as it was written.
    fn patterns(&self) -> Vec<PathBuf>;
}

macro_rules! one_path {
    ($($path:ty),*) => {
        $(impl Paths for $path {
            fn patterns(&self) -> Vec<PathBuf> {
                vec![PathBuf::from(self)]
            }
        })*
    };
}

one_path!(&str, &String, String, &Path, &PathBuf, PathBuf);

impl<P: AsRef<Path>> Paths for &[P] {
    fn patterns(&self) -> Vec<PathBuf> {
        self.iter().map(|path| path.as_ref().to_owned()).collect()
    }
}

impl<P: AsRef<Path>> Paths for &Vec<P> {
    fn patterns(&self) -> Vec<PathBuf> {
        self.as_slice().patterns()
    }
}

impl<P: AsRef<Path>> Paths for Vec<P> {
    fn patterns(&self) -> Vec<PathBuf> {
        self.as_slice().patterns()
    }
}

impl<P: AsRef<Path>, const N: usize> Paths for [P; N] {
    fn patterns(&self) -> Vec<PathBuf> {
        self.as_slice().patterns()
    }
}

/// The files that `paths` name: of a pattern in the order of their names.
pub(super) fn find(paths: &impl Paths) -> Result<Vec<InputFile>> {
    let mut files = Vec::new();
    for pattern in paths.patterns() {
        // A file whose own name looks like a pattern is itself.
        if pattern.exists() {
            files.push(InputFile::new(&pattern)?);
            continue;
        }
        let text = pattern.to_str().ok_or_else(|| problem(&pattern, "no such file, and no pattern in UTF-8"))?;
        if !text.contains(['*', '?', '[']) {
            return Err(file_io(&pattern, "opening it", io::ErrorKind::NotFound.into()));
        }
        let found = glob::glob(text).map_err(|error| problem(&pattern, format!("no pattern: {error}")))?;
        let before = files.len();
        for path in found {
            let path = path.map_err(|error| {
                file_io(error.path(), "looking for files in it", io::ErrorKind::PermissionDenied.into())
            })?;
            if path.is_file() {
                files.push(InputFile::new(&path)?);
            }
        }
        if files.len() == before {
            return Err(problem(&pattern, "no file has a name like that"));
        }
    }
    if files.is_empty() {
        return Err(problem(Path::new(""), "no file was named: name at least one"));
    }
    Ok(files)
}
