//! What a run reports while it goes on, and to whom.
//!
//! Every layer may report an [`Event`]; whoever implements [`Observer`] is told. Observers are called by the
//! worker and I/O threads, outside of all locks, so a slow observer slows its thread and nothing else. An
//! observer that panics is the same as one that returned: the run goes on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::error::Error;
use crate::graph::{Graph, Order, TaskId};
use crate::stats::Gauge;

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

/// The number of a run in its session; later runs have larger ones.
///
/// ```
/// use thermocline::RunId;
///
/// assert_eq!(RunId::new(3).to_string(), "run 3");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(u32);

impl RunId {
    /// Run number `number`.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {}", self.0)
    }
}

/// Something that happened in a session. Byte counts are bytes in memory, unless `stored` is said. Tasks are named by their
/// run, by their place in its graph (`id`), and by their key (`task`).
///
/// A run's `RunStarted` comes before all else of it. What happens to one task comes in the order of its life, but for
/// `TaskQueued`, which may come late; that of different tasks is told by several threads at once.
///
/// ```
/// use std::time::Duration;
/// use thermocline::graph::TaskId;
/// use thermocline::{Event, Label, RunId};
///
/// fn line(event: &Event<'_>) -> Option<String> {
///     match event {
///         Event::TaskFinished { task, elapsed, ok: true, .. } => Some(format!("{task} took {elapsed:?}")),
///         Event::Spilled { task, bytes, stored, .. } => Some(format!("{task}: {bytes} bytes to scratch, as {stored}")),
///         _ => None, // there may be more
///     }
/// }
///
/// let finished = Event::TaskFinished {
///     run: RunId::new(1),
///     id: TaskId::new(7),
///     task: Label { layer: "mean-3", index: &[0, 2] },
///     worker: 1,
///     elapsed: Duration::from_millis(5),
///     bytes: 4096,
///     ok: true,
/// };
/// assert_eq!(line(&finished).as_deref(), Some("mean-3(0, 2) took 5ms"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A session's threads have started.
    SessionStarted {
        /// Its settings.
        config: &'a Config,
        /// Reads its counters, for as long as anybody wants to.
        gauge: &'a Gauge,
    },
    /// A run was admitted and begins.
    RunStarted {
        /// Which.
        run: RunId,
        /// Its tasks after culling. A clone of it keeps the tasks' functions, and chunks that the session keeps, for as
        /// long as it lives.
        graph: &'a Graph,
        /// The order in which one worker would run them.
        order: &'a Order,
        /// The stated peak in bytes.
        stated_peak: u64,
        /// The least limit at which it can be done, in bytes.
        floor: u64,
        /// What the workers would have to spill, in bytes.
        expected_spill: u64,
    },
    /// A task is ready, and has to wait for memory.
    TaskQueued {
        /// Its run.
        run: RunId,
        /// Its place in the run's graph.
        id: TaskId,
        /// Which.
        task: Label<'a>,
    },
    /// A task was granted its memory and begins. Told by the worker's own thread.
    TaskStarted {
        /// Its run.
        run: RunId,
        /// Its place in the run's graph.
        id: TaskId,
        /// Which.
        task: Label<'a>,
        /// The worker's number.
        worker: usize,
    },
    /// A task that has started waited for inputs that other workers were bringing back from scratch.
    InputsAwaited {
        /// Its run.
        run: RunId,
        /// Its place in the run's graph.
        id: TaskId,
        /// Which.
        task: Label<'a>,
        /// The worker's number.
        worker: usize,
        /// How long.
        elapsed: Duration,
    },
    /// A task ended, well or not. Told by the worker's own thread.
    TaskFinished {
        /// Its run.
        run: RunId,
        /// Its place in the run's graph.
        id: TaskId,
        /// Which.
        task: Label<'a>,
        /// The worker's number.
        worker: usize,
        /// How long it took, loading its inputs included.
        elapsed: Duration,
        /// What its output holds of the memory that it was granted; nothing for what it shares with its inputs.
        bytes: u64,
        /// Whether it succeeded.
        ok: bool,
    },
    /// A task took more than its size was estimated to be. Nothing else is granted until the excess is repaid.
    Overrun {
        /// Its run.
        run: RunId,
        /// Its place in the run's graph.
        id: TaskId,
        /// Which.
        task: Label<'a>,
        /// By how many bytes.
        bytes: u64,
    },
    /// A chunk was written to scratch, by the thread that does nothing else.
    Spilled {
        /// The run that made it; it may have ended, where the session keeps the chunk.
        run: RunId,
        /// The place in that run's graph of the task that made it.
        id: TaskId,
        /// The task that made it.
        task: Label<'a>,
        /// Its bytes in memory.
        bytes: u64,
        /// Its bytes on scratch.
        stored: u64,
        /// How long that took, other chunks being written meanwhile.
        elapsed: Duration,
    },
    /// A chunk came back from scratch.
    Reloaded {
        /// The run that wants it.
        run: RunId,
        /// The place in that run's graph of the task whose chunk it is.
        id: TaskId,
        /// The task whose chunk it is.
        task: Label<'a>,
        /// The task that wants it.
        reader: Label<'a>,
        /// The number of the worker that brought it back.
        worker: usize,
        /// Its bytes in memory.
        bytes: u64,
        /// Its bytes on scratch.
        stored: u64,
        /// Whether it is used where it lies, from a mapping, rather than copied.
        in_place: bool,
        /// How long that took.
        elapsed: Duration,
    },
    /// Scratch did not take a chunk, or did not give it back. The run goes on if it can: the chunk stays in memory, is
    /// written elsewhere, or is made again.
    ScratchFailed {
        /// Why.
        error: &'a Error,
    },
    /// A chunk was made again: it had been dropped rather than written, or scratch did not give it back.
    Redone {
        /// The run that wants it.
        run: RunId,
        /// The place in that run's graph of the task whose chunk it is.
        id: TaskId,
        /// The task whose chunk it is.
        task: Label<'a>,
        /// The number of the worker that made it again.
        worker: usize,
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
    /// The run ended, and nothing of it is left in memory but its results.
    RunFinished {
        /// Which.
        run: RunId,
        /// Why it failed, if it did.
        error: Option<&'a Error>,
    },
    /// The session's threads have ended.
    SessionFinished,
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
