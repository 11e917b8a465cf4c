//! Memory that knows what it costs.
//!
//! A [`BufferMut`] has one owner and is written; [frozen](BufferMut::freeze), it is a [`Buffer`], shared and read.
//! From 160 KiB on, memory is a private anonymous mapping of its own: it comes as zero pages and goes back to the
//! system at once, where a general allocator would keep it (glibc keeps freed blocks of 20 MB), and resident
//! memory would no longer be what the ledger says. Where it is charged as whole huge pages, it lies on their
//! boundaries, and the system is advised to use them. Smaller memory is from the heap, aligned to a cache line.
//!
//! The system clears each page of a fresh mapping. So a mapping that is dropped is first offered to the account that paid
//! for it, as [`Spare`] memory, which may keep it, charged, for the next buffer of its size.
//!
//! A buffer may also be foreign: a `Vec` that a user's function returned, or the mapping of an extent of scratch
//! that is used in place. Both are charged like the others for as long as they live.

use std::fmt;
use std::io;
use std::sync::Arc;

use memmap2::{Advice, MmapMut};

use super::{Allocator, Charge, HUGE_PAGE, MAPPED_FROM, charge};
use crate::error::{Error, Result};
use crate::units::ByteSize;

/// A cache line: the unit and the alignment of small buffers.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Where writable bytes live.
enum Memory {
    /// In a mapping, from an offset on.
    Mapped(MmapMut, usize),
    Heap(Box<[Line]>),
}

impl Memory {
    fn zeroed(len: usize) -> io::Result<Self> {
        if (len as u64) < MAPPED_FROM {
            return Ok(Self::Heap(vec![Line([0; 64]); len.div_ceil(64)].into_boxed_slice()));
        }
        let charged = charge(len as u64);
        if !charged.is_multiple_of(HUGE_PAGE) {
            return MmapMut::map_anon(usize::try_from(charged).unwrap_or(usize::MAX)).map(|map| Self::Mapped(map, 0));
        }
        // A mapping begins at any page. What is before and behind the huge pages is never touched, so it is no memory.
        let map = MmapMut::map_anon(usize::try_from(charged.saturating_add(HUGE_PAGE)).unwrap_or(usize::MAX))?;
        let offset = map.as_ptr().align_offset(HUGE_PAGE as usize);
        // All of it, so that mappings side by side are one to the system, which counts them. A system without huge
        // pages refuses; then they are small.
        drop(map.advise(Advice::HugePage));
        Ok(Self::Mapped(map, offset))
    }

    fn as_ptr(&self) -> *const u8 {
        match self {
            Self::Mapped(map, offset) => map[*offset..].as_ptr(),
            Self::Heap(lines) => lines.as_ptr().cast(),
        }
    }

    fn as_mut_ptr(&mut self) -> *mut u8 {
        match self {
            Self::Mapped(map, offset) => map[*offset..].as_mut_ptr(),
            Self::Heap(lines) => lines.as_mut_ptr().cast(),
        }
    }
}

/// Memory that no buffer uses, and that is charged still: kept by an [`Account`](super::Account) for the next buffer of
/// its size.
pub struct Spare {
    memory: Memory,
    bytes: u64,
}

impl Spare {
    /// The bytes that it is charged.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// No memory at all, for so many bytes.
    #[cfg(all(test, shuttle))]
    pub(crate) fn none(bytes: u64) -> Self {
        Self { memory: Memory::Heap(Box::default()), bytes }
    }
}

impl fmt::Debug for Spare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spare({} B)", self.bytes)
    }
}

/// Memory of one owner, to be written and then [frozen](Self::freeze).
pub struct BufferMut {
    // Dropped before the charge: bytes are given back to the ledger only once they are given back to the system.
    memory: Memory,
    len: usize,
    /// Whether it had another owner before.
    used: bool,
    charge: Charge,
}

impl Drop for BufferMut {
    fn drop(&mut self) {
        let bytes = self.charge.bytes();
        if let Memory::Mapped(..) = self.memory {
            let memory = std::mem::replace(&mut self.memory, Memory::Heap(Box::default()));
            self.charge.offer(Spare { memory, bytes });
        }
    }
}

impl BufferMut {
    /// `len` zero bytes, charged to `allocator`.
    ///
    /// # Errors
    /// [`Error::Overdrawn`] where the allocator has less left; [`Error::OutOfMemory`] where the system has.
    pub fn zeroed(len: usize, allocator: &(impl Allocator + ?Sized)) -> Result<Self> {
        let mut buffer = Self::unwritten(len, allocator)?;
        if buffer.used {
            buffer.as_mut_slice().fill(0);
        }
        Ok(buffer)
    }

    /// `len` arbitrary bytes, those of an earlier buffer or zeros, charged to `allocator`: to be written before they are
    /// read. What is filled as a whole need not be cleared before.
    ///
    /// # Errors
    /// As [`zeroed`](Self::zeroed).
    pub(crate) fn unwritten(len: usize, allocator: &(impl Allocator + ?Sized)) -> Result<Self> {
        let bytes = charge(len as u64);
        // Before its bytes are reserved: the account may give up what else it keeps for them.
        let spare = if bytes < MAPPED_FROM { None } else { allocator.spare(bytes) };
        let charge = allocator.reserve(bytes)?;
        let used = spare.is_some();
        let memory = match spare {
            Some(spare) => spare.memory,
            None => Memory::zeroed(len)
                .map_err(|source| Error::OutOfMemory { asked: ByteSize::new(len as u64), source: Arc::new(source) })?,
        };
        Ok(Self { memory, len, used, charge })
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `memory` has at least `len` initialised bytes (it starts zeroed), and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr(), self.len) }
    }

    /// The bytes, to be written.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and `&mut self` is the only access.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_mut_ptr(), self.len) }
    }

    /// Makes it shared and read-only. Costs nothing.
    #[must_use]
    pub fn freeze(self) -> Buffer {
        Buffer { inner: Arc::new(Inner::Owned(self)) }
    }
}

impl fmt::Debug for BufferMut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BufferMut({} B)", self.len)
    }
}

/// Bytes that live elsewhere: a mapped extent of scratch, or a foreign vector.
pub(crate) trait ForeignBytes: Send + Sync {
    /// The bytes: the same ones at each call.
    fn bytes(&self) -> &[u8];
}

enum Inner {
    Owned(BufferMut),
    Foreign { bytes: Box<dyn ForeignBytes>, charge: Charge },
}

/// Shared, read-only memory; charged until its last clone is dropped.
#[derive(Clone)]
pub struct Buffer {
    inner: Arc<Inner>,
}

impl Buffer {
    /// Shares `bytes`, which `charge` has paid for.
    pub(crate) fn foreign(bytes: Box<dyn ForeignBytes>, charge: Charge) -> Self {
        Self { inner: Arc::new(Inner::Foreign { bytes, charge }) }
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match &*self.inner {
            Inner::Owned(buffer) => buffer.as_slice(),
            Inner::Foreign { bytes, .. } => bytes.bytes(),
        }
    }

    /// The bytes charged for it.
    #[must_use]
    pub fn charged(&self) -> u64 {
        match &*self.inner {
            Inner::Owned(buffer) => buffer.charge.bytes(),
            Inner::Foreign { charge, .. } => charge.bytes(),
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} B)", self.as_slice().len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::chunk::Account;

    #[derive(Default)]
    struct Count(Arc<Counter>);

    #[derive(Default)]
    struct Counter(AtomicU64);

    impl Account for Counter {
        fn release(&self, bytes: u64) {
            self.0.fetch_sub(bytes, Ordering::SeqCst);
        }
    }

    impl Allocator for Count {
        fn reserve(&self, bytes: u64) -> Result<Charge> {
            self.0.0.fetch_add(bytes, Ordering::SeqCst);
            Ok(Charge::new(self.0.clone(), bytes))
        }
    }

    #[test]
    fn memory_is_zeroed_aligned_and_charged_once_until_the_last_clone_goes() {
        for len in [0, 1, 100, (160 << 10) - 1, 160 << 10, (1 << 20) + 3, (2 << 20) - 9, (2 << 20) + 9] {
            let count = Count::default();
            let mut buffer = BufferMut::zeroed(len, &count).unwrap();
            assert!(buffer.as_slice().iter().all(|&byte| byte == 0));
            assert_eq!(buffer.as_slice().as_ptr().addr() % 64, 0);
            buffer.as_mut_slice().fill(7);
            let shared = buffer.freeze();
            let clone = shared.clone();
            assert_eq!(count.0.0.load(Ordering::SeqCst), charge(len as u64));
            drop(shared);
            assert!(clone.as_slice().iter().all(|&byte| byte == 7));
            assert_eq!(clone.as_slice().len(), len);
            assert_eq!(clone.charged(), charge(len as u64));
            drop(clone);
            assert_eq!(count.0.0.load(Ordering::SeqCst), 0);
        }
    }

    #[test]
    fn an_absurd_size_is_an_error_and_its_charge_goes_back() {
        let count = Count::default();
        let error = BufferMut::zeroed(1 << 60, &count).unwrap_err().to_string();
        assert!(error.contains("refused"), "{error}");
        assert_eq!(count.0.0.load(Ordering::SeqCst), 0);
    }
}
