//! What a session computes, and what it keeps.

mod nested;

use std::sync::Arc;

use crate::chunk::Chunk;
use crate::error::Result;
use crate::graph::{Key, Layers, Task};
use crate::scheduler::Held;

/// Something lazy that a session can compute: it builds tasks, and makes its result of the wanted ones' chunks.
///
/// Tuples, lists, maps and options of collections are collections: what they share is done once.
///
/// ```
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x = Array::<f64>::from_fn(&[1000], &[100], |at| at[0] as f64);
/// let (mean, parts) = session.compute((x.mean(..), vec![x.min(..), x.max(..)]))?; // each value is made once
/// assert_eq!((mean[[]], parts[0][[]], parts[1][[]]), (499.5, 0.0, 999.0));
/// # Ok::<(), thermocline::Error>(())
/// ```
pub trait Collection {
    /// What computing it gives.
    type Output;

    /// Adds its tasks to `layers`. Gives the keys of the tasks whose chunks [`finish`](Self::finish) wants.
    ///
    /// # Errors
    /// Where an operation that it was made of is impossible.
    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>>;

    /// Makes the result from the wanted chunks, in the order of their keys.
    ///
    /// # Errors
    /// Where a chunk is not what it should be.
    fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output>;
}

/// A collection whose chunks a session can keep. Tuples, lists, maps and options of such are, too.
pub trait Persist: Collection + Sized {
    /// Adds its tasks to `layers`. Gives the keys of its chunks.
    ///
    /// # Errors
    /// As [`Collection::build`].
    fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>>;

    /// The same collection, made of chunks that a session keeps: it takes as many as it gave keys, in their order.
    ///
    /// # Errors
    /// Where there are fewer.
    fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self>;
}

/// A chunk that a session keeps, in memory or on scratch, until its last handle goes or the session ends.
///
/// ```
/// use thermocline::chunk::{Block, Chunk};
/// use thermocline::graph::{Key, Layers};
/// use thermocline::{Array, Collection, Kept, Persist, Result, Session};
///
/// /// A total whose one chunk may be kept.
/// struct Total(Array<f64>, Option<Kept>);
///
/// impl Collection for Total {
///     type Output = f64;
///
///     fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
///         self.build_chunks(layers)
///     }
///
///     fn finish(&self, chunks: Vec<Chunk>) -> Result<f64> {
///         Ok(chunks[0].get::<Block<f64>>()?.as_slice()[0])
///     }
/// }
///
/// impl Persist for Total {
///     fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
///         let Some(kept) = &self.1 else { return self.0.sum(..).build_chunks(layers) };
///         let key = Key::new(layers.name("total"));
///         layers.add(kept.task(key.clone()));
///         Ok(vec![key])
///     }
///
///     fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self> {
///         Ok(Self(self.0.clone(), chunks.next()))
///     }
/// }
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let total = session.persist(&Total(Array::arange(0.0, 100.0, 1.0, [10]), None))?;
/// assert_eq!(session.compute(&total)?, 4950.0); // nothing is summed again
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Kept(Arc<Held>);

impl Kept {
    pub(super) fn new(held: Arc<Held>) -> Self {
        Self(held)
    }

    /// The task that stands for it in a graph.
    #[must_use]
    pub fn task(&self, key: Key) -> Task {
        Task::held(key, self.0.clone(), self.0.bytes(), !self.0.is_stuck())
    }

    /// Its bytes while it is in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes()
    }
}
