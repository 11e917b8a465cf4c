//! Counters of a session, for users and for those who watch it.

use std::fmt;
use std::sync::Arc;

/// What a session has done and holds: counts since it was built, in bytes where not said otherwise.
///
/// ```
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x = session.persist(&Array::<f64>::ones(&[1000, 100], [100, 100]))?;
/// let stats = session.stats();
/// assert!(stats.tasks >= 10 && stats.charged_bytes >= 800_000);
/// assert!(stats.ledger_peak_bytes <= session.config().memory_limit().bytes());
/// drop(x); // what was kept goes with its last handle
/// assert_eq!(session.stats().charged_bytes, 0);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The number of tasks that have run.
    pub tasks: u64,
    /// Bytes in memory of the chunks that were written to scratch.
    pub spilled_bytes: u64,
    /// Bytes in memory of the chunks that came back from scratch.
    pub reloaded_bytes: u64,
    /// Of these, the bytes that are used where they lie on scratch, from a mapping: nothing was copied.
    pub in_place_bytes: u64,
    /// Bytes in memory of the chunks that the system was told to read from scratch before they were loaded.
    pub prefetched_bytes: u64,
    /// The number of tasks that were done again: rather than spilled, or for a chunk that scratch did not give back.
    pub redone_tasks: u64,
    /// How often scratch did not take a chunk, or did not give it back. The run went on, if it could.
    pub scratch_failures: u64,
    /// Bytes of input that were read, as they are stored.
    pub input_bytes: u64,
    /// Of these, the bytes that went through a foreign library, not directly.
    pub library_bytes: u64,
    /// Bytes on the ledger now.
    pub charged_bytes: u64,
    /// The most bytes that were on the ledger at once.
    pub ledger_peak_bytes: u64,
    /// Bytes of buffers that got the memory of others, which had just been given back.
    pub reused_bytes: u64,
    /// Bytes that tasks took beyond what they were estimated to.
    pub overrun_bytes: u64,
    /// Bytes on scratch now.
    pub scratch_bytes: u64,
    /// The most bytes that were on scratch at once.
    pub scratch_peak_bytes: u64,
}

/// Reads a session's counters at any time, also after its end: what watches a session has this, and nothing else of it. Cheap
/// to clone.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use thermocline::{Array, Event, Gauge, Observer, Session};
///
/// #[derive(Default)]
/// struct Watch(Mutex<Option<Gauge>>);
///
/// impl Observer for Watch {
///     fn on_event(&self, event: &Event<'_>) {
///         if let Event::SessionStarted { gauge, .. } = event {
///             *self.0.lock().unwrap() = Some((*gauge).clone());
///         }
///     }
/// }
///
/// let watch = Arc::new(Watch::default());
/// let session = Session::builder().memory_limit("64MiB".parse()?).observer(watch.clone()).build()?;
/// session.compute(&Array::<f64>::ones(&[100], [10]).sum(..))?;
/// let gauge = watch.0.lock().unwrap().clone().unwrap();
/// assert_eq!(gauge.read(), session.stats());
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone)]
pub struct Gauge(Arc<dyn Fn() -> Stats + Send + Sync>);

impl Gauge {
    pub(crate) fn new(read: impl Fn() -> Stats + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The counters as they are now.
    #[must_use]
    pub fn read(&self) -> Stats {
        (self.0)()
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gauge({:?})", self.read())
    }
}
