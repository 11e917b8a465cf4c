//! What a run reports while it goes on, and to whom.
//!
//! Every layer may report an [`Event`]; whoever implements [`Observer`] is told. Observers are called by the
//! worker and I/O threads, outside of all locks, so a slow observer slows its thread and nothing else. An
//! observer that panics is the same as one that returned: the run goes on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;

/// The name of a task: that of its layer, and the place of its block in it. Displayed as the task's key.
///
/// ```
/// use thermocline::Label;
///
/// let label = Label { layer: "mean-3", index: &[0, 2] };
/// assert_eq!(label.to_string(), "mean-3(0, 2)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label<'a> {
    /// The layer's name.
    pub layer: &'a str,
    /// The coordinates of the block.
    pub index: &'a [u32],
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.layer)?;
        if let Some((first, rest)) = self.index.split_first() {
            write!(f, "({first}")?;
            rest.iter().try_for_each(|at| write!(f, ", {at}"))?;
            f.write_str(")")?;
        }
        Ok(())
    }
}

/// Something that happened in a run. Byte counts are bytes in memory, unless `stored` is said.
///
/// ```
/// use std::time::Duration;
/// use thermocline::{Event, Label};
///
/// fn line(event: &Event<'_>) -> Option<String> {
///     match event {
///         Event::TaskFinished { task, elapsed, ok: true, .. } => Some(format!("{task} took {elapsed:?}")),
///         Event::Spilled { bytes, stored } => Some(format!("{bytes} bytes went to scratch, as {stored}")),
///         _ => None, // there may be more
///     }
/// }
///
/// let task = Label { layer: "mean-3", index: &[0, 2] };
/// let finished = Event::TaskFinished { task, worker: 1, elapsed: Duration::from_millis(5), ok: true };
/// assert_eq!(line(&finished).as_deref(), Some("mean-3(0, 2) took 5ms"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A run was admitted and begins.
    RunStarted {
        /// Number of tasks after culling.
        tasks: usize,
        /// The stated peak in bytes.
        stated_peak: u64,
    },
    /// A task was granted its memory and begins.
    TaskStarted {
        /// Which.
        task: Label<'a>,
        /// The worker's number.
        worker: usize,
    },
    /// A task ended, well or not.
    TaskFinished {
        /// Which.
        task: Label<'a>,
        /// The worker's number.
        worker: usize,
        /// How long it took, loading its inputs included.
        elapsed: Duration,
        /// Whether it succeeded.
        ok: bool,
    },
    /// A task took more than its size was estimated to be. Nothing else is granted until the excess is repaid.
    Overrun {
        /// Which.
        task: Label<'a>,
        /// By how many bytes.
        bytes: u64,
    },
    /// A chunk was written to scratch.
    Spilled {
        /// Its bytes in memory.
        bytes: u64,
        /// Its bytes on scratch.
        stored: u64,
    },
    /// A chunk came back from scratch.
    Reloaded {
        /// Its bytes in memory.
        bytes: u64,
        /// Its bytes on scratch.
        stored: u64,
        /// Whether it is used where it lies, from a mapping, rather than copied.
        in_place: bool,
    },
    /// Scratch did not take a chunk, or did not give it back. The run goes on if it can: the chunk stays in memory, is
    /// written elsewhere, or is made again.
    ScratchFailed {
        /// Why.
        error: &'a Error,
    },
    /// A chunk was made again: it had been dropped rather than written, or scratch did not give it back.
    Redone {
        /// Its task.
        task: Label<'a>,
        /// How long that took.
        elapsed: Duration,
    },
    /// Bytes of input were read from files.
    Read {
        /// Bytes as stored in the file.
        stored: u64,
        /// Whether the library's direct path read them, or a foreign library.
        direct: bool,
    },
    /// A chunk was written to a file of results.
    Written {
        /// Its bytes as stored in the file.
        stored: u64,
    },
    /// The run ended.
    RunFinished {
        /// Whether it succeeded.
        ok: bool,
    },
}

/// Is told of the events of a session's runs.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use thermocline::{Event, Observer};
///
/// #[derive(Debug, Default)]
/// struct CountTasks(AtomicUsize);
///
/// impl Observer for CountTasks {
///     fn on_event(&self, event: &Event<'_>) {
///         if let Event::TaskFinished { .. } = event {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// Called at each event, from many threads at once.
    fn on_event(&self, event: &Event<'_>);
}

/// The observers of a session.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, observer: Arc<dyn Observer>) {
        self.0.push(observer);
    }

    /// Tells every observer. A panic inside one is contained.
    pub(crate) fn tell(&self, event: &Event<'_>) {
        for observer in &self.0 {
            let call = std::panic::AssertUnwindSafe(|| observer.on_event(event));
            // The panic hook has already printed its message; the run must not die of its audience.
            drop(std::panic::catch_unwind(call));
        }
    }
}

impl std::fmt::Debug for Observers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Observers({})", self.0.len())
    }
}
