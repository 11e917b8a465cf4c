//! What can go wrong, each with what was found, what was expected and what to do.
//!
//! One enum serves the whole library. It is cheap to clone, because a lazy collection carries the error of an
//! impossible operation until it is computed.

use std::fmt;
use std::io;
use std::panic::Location;
#[cfg(any(feature = "hdf5", feature = "dataframe"))]
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::units::ByteSize;

/// The library's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any failure of a user's own code.
pub type UserError = Arc<dyn std::error::Error + Send + Sync + 'static>;

/// Everything that can go wrong.
///
/// ```
/// use thermocline::{Array, Error, Session};
///
/// let session = Session::builder().memory_limit("16MiB".parse()?).build()?;
/// let x = Array::<f64>::from_fn(&[8_000_000], &[4_000_000], |at| at[0] as f64); // blocks of 31 MiB
/// let error = session.compute(&x.sort(0)).unwrap_err();
/// assert!(matches!(error, Error::MemoryLimit { .. }), "{error}");
/// assert_eq!(session.stats().tasks, 0); // refused before anything ran
///
/// let error = (&x + &x.slice(&[(1..).into()])).checked().unwrap_err();
/// assert!(matches!(error, Error::Operation { .. }), "{error}");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that should be a number of bytes is not.
    #[error("{found:?} is no amount of memory: expected e.g. 4GiB, 500 MB, 1048576 or, where a share makes sense, 25%")]
    BadSize {
        /// The text.
        found: String,
    },
    /// A setting has a value that is not accepted.
    #[error("{setting} is {found:?}: expected {expected}")]
    Config {
        /// The environment variable, or the builder's method.
        setting: String,
        /// The value.
        found: String,
        /// What is accepted.
        expected: String,
    },
    /// Tasks need each other in a circle.
    #[error("the graph has a cycle: {}", .keys.join(" -> "))]
    Cycle {
        /// The keys along the circle; the first is also the last.
        keys: Vec<String>,
    },
    /// A task needs another that is not in the graph.
    #[error("task {key} needs {dependency}, which is not in the graph: add it, or drop the dependency")]
    MissingDependency {
        /// The task.
        key: String,
        /// What it needs.
        dependency: String,
    },
    /// Two tasks have the same key.
    #[error("key {key} is defined twice in the graph: each task needs a key of its own")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A wanted key is not in the graph.
    #[error("key {key} was asked for, but the graph has no such task")]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// What a key of a graph stands for makes no sense, or can't be evaluated.
    #[error("{key}{}: {problem}", describe_path(.path))]
    Spec {
        /// The key.
        key: String,
        /// Where in it: positions from the outside in, as in its JSON. Arguments of a task count from 1, items of a list from
        /// 0; empty where all of it is meant.
        path: Vec<usize>,
        /// What was found, what was expected.
        problem: String,
        /// What a user's function failed with.
        source: Option<UserError>,
    },
    /// A text is no JSON, or not what is wanted of it.
    #[error("JSON, line {line}, column {column}: {problem}")]
    Json {
        /// The line, from 1 on.
        line: u64,
        /// The byte in that line, from 1 on.
        column: u64,
        /// What was found there, what was expected.
        problem: String,
    },
    /// The work doesn't fit the memory limit, even with everything else spilled.
    #[error(
        "memory limit of {limit} is too small: {task} needs {needed}{}; raise the limit to at least that, or use smaller chunks",
        describe_holders(.holders)
    )]
    MemoryLimit {
        /// What could not go on: a task's key, or the run as a whole.
        task: String,
        /// The bytes it needs, everything that must stay resident included.
        needed: ByteSize,
        /// The limit.
        limit: ByteSize,
        /// The largest holders of memory, largest first.
        holders: Vec<(String, ByteSize)>,
    },
    /// No scratch tier has room for a chunk that must be spilled.
    #[error(
        "scratch {path} is full: asked for {asked}, {left} left; free some space, or name another place in THERMOCLINE_SCRATCH"
    )]
    ScratchFull {
        /// The tier.
        path: PathBuf,
        /// The bytes asked for.
        asked: ByteSize,
        /// The bytes left.
        left: ByteSize,
    },
    /// A spilled frame does not hold what was written.
    #[error(
        "scratch {path} is damaged at offset {offset}: {problem}; the disk or the memory of this machine is not to be trusted"
    )]
    Corrupt {
        /// The tier.
        path: PathBuf,
        /// Where the frame starts.
        offset: u64,
        /// What was wrong.
        problem: String,
    },
    /// A value could not be written to scratch, or made of what had been written, by the code that is to do so.
    #[error(
        "a value could not be {operation} scratch: {source}; its type's code for that (of serde, or of its own) has to give back what it was given"
    )]
    Code {
        /// Which way.
        operation: &'static str,
        /// Its failure.
        source: UserError,
    },
    /// A system call on scratch failed.
    #[error("scratch {path}: {operation} failed: {source}")]
    Scratch {
        /// The tier.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: Arc<io::Error>,
    },
    /// A task failed.
    #[error("task {key} failed{}: {source}", describe_place(.inputs, *.input_count, .needed_by))]
    Task {
        /// The task.
        key: String,
        /// What it was given: the first few.
        inputs: Vec<TaskInput>,
        /// How many inputs it was given.
        input_count: usize,
        /// The tasks that needed it, nearest first.
        needed_by: Vec<String>,
        /// Its failure.
        source: UserError,
    },
    /// A task panicked.
    #[error("task {key} panicked{}: {message}", describe_place(.inputs, *.input_count, .needed_by))]
    Panic {
        /// The task.
        key: String,
        /// What it was given: the first few.
        inputs: Vec<TaskInput>,
        /// How many inputs it was given.
        input_count: usize,
        /// The tasks that needed it, nearest first.
        needed_by: Vec<String>,
        /// The panic's message.
        message: String,
    },
    /// A task asked for more memory than it was granted.
    #[error(
        "task {key} asked for {asked} but has {left} left of its grant of {granted}: its output or workspace is declared too small"
    )]
    Overdrawn {
        /// The task.
        key: String,
        /// The bytes asked for.
        asked: ByteSize,
        /// The bytes left.
        left: ByteSize,
        /// The bytes granted.
        granted: ByteSize,
    },
    /// The operating system gave no memory.
    #[error("the operating system refused {asked} of memory: {source}")]
    OutOfMemory {
        /// The bytes asked for.
        asked: ByteSize,
        /// Why.
        source: Arc<io::Error>,
    },
    /// The run was cancelled.
    #[error("the run was cancelled")]
    Cancelled,
    /// `compute` was called from inside a task.
    #[error(
        "compute was called from inside a task of the same session: return the lazy collection, and compute it outside"
    )]
    Nested,
    /// An operation on arrays is impossible.
    #[error("{operation} at {location}: {problem}")]
    Operation {
        /// The operation's name.
        operation: &'static str,
        /// The caller's file and line.
        location: &'static Location<'static>,
        /// What does not fit, with shapes and types.
        problem: String,
    },
    /// A chunk holds another type than its reader expects.
    #[error("chunk holds {found}, expected {expected}")]
    ChunkType {
        /// The type held.
        found: &'static str,
        /// The type expected.
        expected: &'static str,
    },
    /// A persisted collection belongs to another session.
    #[error("a persisted collection belongs to the session that persisted it: compute it there, or persist it again")]
    ForeignSession,
    /// A file can't be read, or not as what it should be, or can't be written.
    #[error("{}: {problem}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was found, what was expected, what to do.
        problem: String,
    },
    /// A system call on a file that is read or written failed.
    #[error("{}: {operation} failed: {source}", .path.display())]
    FileIo {
        /// The file.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: Arc<io::Error>,
    },
    /// The labels of a coordinate are not what an operation needs.
    #[cfg(feature = "hdf5")]
    #[error("coordinate {coordinate}: {problem}")]
    Coordinate {
        /// Its name.
        coordinate: String,
        /// What was found, what was expected.
        problem: String,
    },
    /// A source breaks its contract.
    #[error("source {name}: {problem}; see the documentation of Source::fold_tiles")]
    Source {
        /// The source's name.
        name: String,
        /// What it did.
        problem: String,
    },
    /// A worker thread could not be started.
    #[error("a worker thread could not be started: {source}")]
    Thread {
        /// Why.
        source: Arc<io::Error>,
    },
}

impl Error {
    /// An [`Error::File`] with `problem`, for `path`.
    #[cfg(any(feature = "hdf5", feature = "dataframe"))]
    pub(crate) fn file(path: impl AsRef<Path>, problem: impl Into<String>) -> Self {
        Self::File { path: path.as_ref().to_owned(), problem: problem.into() }
    }

    /// An [`Error::FileIo`] of `operation` on `path`.
    #[cfg(any(feature = "hdf5", feature = "dataframe"))]
    pub(crate) fn file_io(path: impl AsRef<Path>, operation: &'static str, source: io::Error) -> Self {
        Self::FileIo { path: path.as_ref().to_owned(), operation, source: Arc::new(source) }
    }

    /// An [`Error::Spec`] with `problem`, at `path` in `key`.
    pub(crate) fn spec(key: impl ToString, path: impl IntoIterator<Item = usize>, problem: impl Into<String>) -> Self {
        let path = path.into_iter().collect();
        Self::Spec { key: key.to_string(), path, problem: problem.into(), source: None }
    }

    /// An [`Error::Operation`] at `location`.
    pub(crate) fn operation(
        operation: &'static str,
        location: &'static Location<'static>,
        problem: impl Into<String>,
    ) -> Self {
        Self::Operation { operation, location, problem: problem.into() }
    }
}

/// An input of a task that failed. Displayed as `x(0): float64 [100, 200], 156.25 KiB`.
///
/// ```
/// use thermocline::{ByteSize, TaskInput};
///
/// let what = Some("float64 [100, 200]".to_owned());
/// let input = TaskInput { key: "x(0)".into(), what, bytes: ByteSize::new(160_000) };
/// assert_eq!(input.to_string(), "x(0): float64 [100, 200], 156.25 KiB");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskInput {
    /// The task that made it.
    pub key: String,
    /// What it is, where its type says so: `float64 [100, 200]`.
    pub what: Option<String>,
    /// Its bytes.
    pub bytes: ByteSize,
}

impl fmt::Display for TaskInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.key)?;
        self.what.as_ref().map_or(Ok(()), |what| write!(f, "{what}, "))?;
        self.bytes.fmt(f)
    }
}

/// How many inputs a message names.
const NAMED_INPUTS: usize = 3;

/// What a failed task was given, and what needed it.
fn describe_place(inputs: &[TaskInput], count: usize, needed_by: &[String]) -> String {
    let mut parts = Vec::new();
    if !inputs.is_empty() {
        let named: Vec<String> = inputs.iter().take(NAMED_INPUTS).map(ToString::to_string).collect();
        let more = match count.saturating_sub(named.len()) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        parts.push(format!("of {}{more}", named.join("; ")));
    }
    if !needed_by.is_empty() {
        parts.push(format!("needed by {}", needed_by.join(", needed by ")));
    }
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) }
}

/// Positions as they are written behind a key: `[2][1]`. Of very many, the innermost are told.
pub(crate) fn describe_path(path: &[usize]) -> String {
    const ROOM: usize = 16;
    let (omitted, shown) = path.split_at(path.len().saturating_sub(ROOM));
    let dots = if omitted.is_empty() { "" } else { "[…]" };
    shown.iter().fold(dots.to_owned(), |text, at| format!("{text}[{at}]"))
}

fn describe_holders(holders: &[(String, ByteSize)]) -> String {
    if holders.is_empty() {
        return String::new();
    }
    let list: Vec<String> = holders.iter().map(|(key, size)| format!("{key} {size}")).collect();
    format!(" (largest holders: {})", list.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_first_inputs_and_count_the_others() {
        let input = |at: usize| TaskInput {
            key: format!("a({at})"),
            what: (at == 0).then(|| "float64 [4]".into()),
            bytes: ByteSize::new(32),
        };
        let error = |count: usize, needed_by: &[&str]| {
            let needed_by = needed_by.iter().map(ToString::to_string).collect();
            let source: UserError = Arc::new(Error::Cancelled);
            let inputs = (0..count.min(4)).map(input).collect();
            Error::Task { key: "x".into(), inputs, input_count: count, needed_by, source }.to_string()
        };
        let end = ": the run was cancelled";
        assert_eq!(error(1, &[]), format!("task x failed (of a(0): float64 [4], 32 B){end}"));
        let many = "task x failed (of a(0): float64 [4], 32 B; a(1): 32 B; a(2): 32 B, and 6 more; needed by y)";
        assert_eq!(error(9, &["y"]), format!("{many}{end}"));
    }

    #[test]
    fn long_paths_are_shortened() {
        assert_eq!(Error::spec("x", [2, 0], "wrong").to_string(), "x[2][0]: wrong");
        assert_eq!(Error::spec("x", [], "wrong").to_string(), "x: wrong");
        let text = Error::spec("x", 0..1000, "wrong").to_string();
        assert!(text.starts_with("x[…][984]") && text.ends_with("[999]: wrong"), "{text}");
    }

    #[test]
    fn messages_name_the_chain_and_the_holders() {
        let error = Error::Panic {
            key: "x(0)".into(),
            inputs: Vec::new(),
            input_count: 0,
            needed_by: vec!["y(0)".into(), "z".into()],
            message: "boom".into(),
        };
        assert_eq!(error.to_string(), "task x(0) panicked (needed by y(0), needed by z): boom");
        let error = Error::MemoryLimit {
            task: "x(0)".into(),
            needed: ByteSize::new(2048),
            limit: ByteSize::new(1024),
            holders: vec![("y(1)".into(), ByteSize::new(512))],
        };
        let text = error.to_string();
        assert!(text.contains("largest holders: y(1) 512 B") && text.contains("x(0) needs 2 KiB"), "{text}");
    }
}
