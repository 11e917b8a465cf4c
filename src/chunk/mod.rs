//! Values that tasks make: erased, counted, and able to go to scratch and back.
//!
//! A [`Chunk`] is any `Send + Sync` value, shared by its readers. The executor knows two things of it: how many
//! bytes it adds to the ledger, and whether it can be [encoded](Value::encode) as bytes to be spilled.
//!
//! **M1, charges belong to allocations.** The memory of a [`Buffer`] carries its own [`Charge`] on the ledger:
//! taken before the memory, given back when the last reference to the allocation is dropped, counted once
//! however many chunks refer to it. [`charge`] is the one function that says what an allocation of `n` bytes
//! costs; plan, grants and ledger all use it.
//!
//! **M5, accounting is RAII.** A [`Charge`] is recorded on its owner as soon as the account has granted it, and
//! every early return gives it back.

mod block;
mod buffer;
mod element;
mod encoded;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

pub use block::{Block, BlockMut};
pub(crate) use buffer::ForeignBytes;
pub use buffer::{Buffer, BufferMut, Spare};
#[cfg(any(feature = "hdf5", test))]
pub(crate) use element::bytes_of;
#[cfg(feature = "hdf5")]
pub(crate) use element::copy_bytes;
pub use element::{DType, Element};
pub(crate) use element::{Elements, Pieces};
pub use encoded::{CodeError, Decode, Encoded, ReadBack, WriteOut};

use crate::error::{Error, Result};

/// Allocations of at least this many bytes are mappings of their own, given back with `munmap`: all that are larger than
/// what tasks work with at a time (128 KiB). Of smaller ones the C library keeps what is between those in use, and a run of
/// ten thousands of them would stay larger than the ledger.
pub(crate) const MAPPED_FROM: u64 = 160 << 10;

/// The unit of huge pages.
pub(crate) const HUGE_PAGE: u64 = 2 << 20;

/// What an allocation of `bytes` bytes is charged: rounded up as it is allocated. To a cache line; to whole pages from
/// 160 KiB on, where it gets a mapping of its own; to whole huge pages (2 MiB) where that adds an eighth at the most.
///
/// A fresh page costs the system more than a microsecond, so that filling memory is half as fast as taking it; huge
/// pages cost a tenth of that.
///
/// ```
/// use thermocline::chunk::charge;
///
/// assert_eq!((charge(0), charge(1), charge(65)), (0, 64, 128));
/// assert_eq!(charge(300_000), 74 * 4096);
/// assert_eq!(charge(2_000_000), 2 << 20);
/// ```
#[must_use]
pub fn charge(bytes: u64) -> u64 {
    let unit = if bytes >= MAPPED_FROM { 4096 } else { 64 };
    let bytes = bytes.div_ceil(unit).saturating_mul(unit);
    let huge = bytes.div_ceil(HUGE_PAGE).saturating_mul(HUGE_PAGE);
    if huge - bytes <= bytes / 8 { huge } else { bytes }
}

/// Who is owed the bytes of a [`Charge`].
pub trait Account: Send + Sync {
    /// Takes `bytes` back.
    fn release(&self, bytes: u64);

    /// Keeps memory that nobody uses any more, and its charge with it; or gives it back, to be freed and released. The
    /// default keeps nothing.
    fn keep(&self, spare: Spare) -> Option<Spare> {
        Some(spare)
    }
}

/// Bytes charged to an account, given back on drop.
pub struct Charge {
    account: Arc<dyn Account>,
    bytes: u64,
}

impl Charge {
    /// Records `bytes` that `account` has already granted.
    #[must_use]
    pub fn new(account: Arc<dyn Account>, bytes: u64) -> Self {
        Self { account, bytes }
    }

    /// The bytes charged.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Offers the memory that was charged to the account, which has the charge too where it keeps that.
    fn offer(&mut self, spare: Spare) {
        match self.account.keep(spare) {
            // Freed before its bytes are given back.
            Some(refused) => drop(refused),
            None => self.bytes = 0,
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.release(self.bytes);
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Charge({} B)", self.bytes)
    }
}

/// Grants charges, e.g. from the grant of a running task.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use thermocline::Result;
/// use thermocline::chunk::{Account, Allocator, BlockMut, Charge, charge};
///
/// /// Counts what is held, and grants everything.
/// #[derive(Clone, Default)]
/// struct Counter(Arc<AtomicU64>);
///
/// impl Account for Counter {
///     fn release(&self, bytes: u64) {
///         self.0.fetch_sub(bytes, Ordering::Relaxed);
///     }
/// }
///
/// impl Allocator for Counter {
///     fn reserve(&self, bytes: u64) -> Result<Charge> {
///         let bytes = charge(bytes);
///         self.0.fetch_add(bytes, Ordering::Relaxed);
///         Ok(Charge::new(Arc::new(self.clone()), bytes))
///     }
/// }
///
/// let counter = Counter::default();
/// let block = BlockMut::<f64>::zeroed(&[10], &counter)?.freeze();
/// let same = block.clone();
/// drop(block);
/// assert_eq!(counter.0.load(Ordering::Relaxed), 128); // 80 bytes are two cache lines, counted once
/// drop(same);
/// assert_eq!(counter.0.load(Ordering::Relaxed), 0);
/// # Ok::<(), thermocline::Error>(())
/// ```
pub trait Allocator {
    /// Takes `bytes` (as [`charge`] rounds them) from what was granted.
    ///
    /// # Errors
    /// [`Error::Overdrawn`] where less is left.
    fn reserve(&self, bytes: u64) -> Result<Charge>;

    /// Memory of exactly `bytes` that was kept, if there is any: for a buffer whose bytes are reserved next. The default
    /// has none.
    fn spare(&self, bytes: u64) -> Option<Spare> {
        let _ = bytes;
        None
    }
}

/// Grants everything, charges nobody: for memory outside a session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmetered;

impl Account for Unmetered {
    fn release(&self, _bytes: u64) {}
}

impl Allocator for Unmetered {
    fn reserve(&self, bytes: u64) -> Result<Charge> {
        Ok(Charge::new(Arc::new(Self), charge(bytes)))
    }
}

/// What a [`Chunk`] may hold.
pub trait Value: Any + Send + Sync {
    /// Bytes of memory that no [`Buffer`] charges: those the chunk itself is charged for.
    fn unmetered_bytes(&self) -> u64;

    /// The value as bytes, if it can be spilled. Buffers, or its unmetered bytes, are the memory it frees by that.
    fn encode(&self) -> Option<Encoded<'_>>;

    /// What it is, in a word or two, for the message of a task that failed with it: `float64 [100, 200]`.
    fn describe(&self) -> Option<String> {
        None
    }
}

/// A shared value of any type: what a task gives and gets.
///
/// ```
/// use thermocline::chunk::{Block, Chunk, Unmetered};
/// use thermocline::ndarray::arr1;
///
/// let chunk = Chunk::new(Block::adopt(arr1(&[1.0, 2.0]).into_dyn(), &Unmetered)?);
/// assert_eq!(chunk.get::<Block<f64>>()?.as_slice(), [1.0, 2.0]);
/// println!("{}", chunk.get::<Block<f32>>().unwrap_err()); // what it is, and what was expected
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone)]
pub struct Chunk {
    value: Arc<dyn Value>,
    type_name: &'static str,
}

impl Chunk {
    /// Wraps `value`.
    #[must_use]
    pub fn new<V: Value>(value: V) -> Self {
        Self { value: Arc::new(value), type_name: std::any::type_name::<V>() }
    }

    /// The value, if it is a `V`.
    ///
    /// # Errors
    /// [`Error::ChunkType`] where it is not.
    pub fn get<V: Value>(&self) -> Result<&V> {
        let value: &dyn Any = &*self.value;
        value.downcast_ref().ok_or(Error::ChunkType { found: self.type_name, expected: std::any::type_name::<V>() })
    }

    /// The value itself, if it is a `V` and nobody else has it.
    ///
    /// # Errors
    /// The chunk as it was, where it is not, or somebody has.
    pub(crate) fn into_value<V: Value>(self) -> Result<V, Self> {
        let Self { value, type_name } = self;
        let erased: &dyn Any = &*value;
        if !erased.is::<V>() || Arc::strong_count(&value) > 1 {
            return Err(Self { value, type_name });
        }
        let any: Arc<dyn Any + Send + Sync> = value;
        let whole = any.downcast::<V>().unwrap_or_else(|_| unreachable!("its type was looked at"));
        Arc::try_unwrap(whole).map_err(|value| Self { value, type_name })
    }

    /// The value itself.
    pub(crate) fn value(&self) -> &dyn Value {
        &*self.value
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chunk({})", self.type_name)
    }
}

/// The empty value: what a task gives that works by its effect.
impl Value for () {
    fn unmetered_bytes(&self) -> u64 {
        0
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        None
    }
}

/// Drops `items` one by one; a destructor that panics does not stop the others (D3). The panic hook has printed its
/// message; there is nobody to return it to.
pub(crate) fn contained<T>(items: impl IntoIterator<Item = T>) {
    for item in items {
        drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(item))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_are_rounded_as_memory_is_allocated() {
        assert_eq!(charge(0), 0);
        assert_eq!(charge(1), 64);
        assert_eq!(charge(64), 64);
        assert_eq!(charge(MAPPED_FROM - 1), MAPPED_FROM);
        assert_eq!(charge(MAPPED_FROM + 1), MAPPED_FROM + 4096);
        assert_eq!(charge(2_073_600), HUGE_PAGE);
        assert_eq!(charge(HUGE_PAGE + 1), HUGE_PAGE + 4096);
        assert_eq!(charge(16 * HUGE_PAGE + 1), 17 * HUGE_PAGE);
        assert_eq!(charge(u64::MAX), u64::MAX);
        let mut last = 0;
        for bytes in (0..10 * HUGE_PAGE).step_by(1000) {
            let charged = charge(bytes);
            assert!(charged >= bytes.max(last) && charge(charged) == charged, "{bytes}");
            last = charged;
        }
    }

    #[test]
    fn a_chunk_tells_what_it_holds() {
        let error = Chunk::new(()).get::<Block<f32>>().unwrap_err().to_string();
        assert!(error.contains("()") && error.contains("f32"), "{error}");
    }
}
