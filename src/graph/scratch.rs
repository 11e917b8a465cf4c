//! Workspace that a task uses again and again.
//!
//! A task that reads many pieces needs the same buffers for each. Fresh memory is dear: the system clears every page,
//! which takes longer than reading into it. So what a [`Scratch`] leaves is kept by its task, and given to the next
//! that is charged the same. It stays charged to the grant (M1); as soon as the grant has too little left for
//! anything else the task asks for, all that is kept is given back. So a task never takes more than the most it uses
//! at once.

use std::cell::RefCell;
use std::fmt;

use crate::chunk::{BufferMut, Element, Elements};
use crate::error::Result;

/// So many buffers are kept.
const MOST: usize = 64;

/// The buffers that a task keeps, each with its charge.
#[derive(Default)]
pub(super) struct Parked(RefCell<Vec<(u64, BufferMut)>>);

impl Parked {
    /// A buffer that is charged `charge`.
    fn take(&self, charge: u64) -> Option<BufferMut> {
        let mut kept = self.0.borrow_mut();
        let at = kept.iter().rposition(|(own, _)| *own == charge)?;
        Some(kept.swap_remove(at).1)
    }

    fn keep(&self, charge: u64, buffer: BufferMut) {
        let mut kept = self.0.borrow_mut();
        if kept.len() == MOST {
            kept.remove(0);
        }
        kept.push((charge, buffer));
    }

    /// Gives all back. Whether there was any.
    pub(super) fn clear(&self) -> bool {
        !std::mem::take(&mut *self.0.borrow_mut()).is_empty()
    }

    /// `len` elements, made by `fresh` (a buffer of so many bytes) unless one is kept.
    pub(super) fn scratch<T: Element>(
        &self,
        len: usize,
        fresh: impl FnOnce(usize) -> Result<BufferMut>,
    ) -> Result<Scratch<'_, T>> {
        let charge = crate::chunk::charge((len as u64).saturating_mul(size_of::<T>() as u64));
        let mut buffer = match self.take(charge) {
            Some(buffer) => buffer,
            None => fresh(usize::try_from(charge).unwrap_or(usize::MAX))?,
        };
        if !T::ANY_BITS {
            buffer.as_mut_slice().fill(0);
        }
        // Any bytes, or zeros: there are no others.
        let elements = Elements::new(buffer);
        Ok(Scratch { elements, charge, len, parked: self })
    }
}

/// Elements whose values are arbitrary until they are written, out of a task's grant. Made by
/// [`TaskContext::scratch`](super::TaskContext::scratch).
pub struct Scratch<'a, T> {
    // Taken when dropped.
    elements: Option<Elements<BufferMut, T>>,
    charge: u64,
    len: usize,
    parked: &'a Parked,
}

impl<T: Element> Scratch<'_, T> {
    /// The elements.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        self.elements.as_ref().map_or(&[], |elements| &elements.as_slice()[..self.len])
    }

    /// The elements, to be written.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.elements.as_mut().map_or(&mut [], |elements| &mut elements.as_mut_slice()[..self.len])
    }
}

impl<T> Drop for Scratch<'_, T> {
    fn drop(&mut self) {
        if let Some(elements) = self.elements.take() {
            self.parked.keep(self.charge, elements.into_owner());
        }
    }
}

impl<T> fmt::Debug for Scratch<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scratch({} elements)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::super::{Key, TaskContext};
    use crate::chunk::{Account, Allocator, Charge};
    use crate::error::{Error, Result};
    use crate::units::ByteSize;

    /// What is left of a grant.
    struct Left(AtomicU64);

    impl Account for Left {
        fn release(&self, bytes: u64) {
            self.0.fetch_add(bytes, Ordering::SeqCst);
        }
    }

    struct Grant(Arc<Left>);

    impl Allocator for Grant {
        fn reserve(&self, bytes: u64) -> Result<Charge> {
            let left = self.0.0.load(Ordering::SeqCst);
            let Some(rest) = left.checked_sub(bytes) else {
                let [asked, left] = [bytes, left].map(ByteSize::new);
                return Err(Error::Overdrawn { key: "t".into(), asked, granted: left, left });
            };
            self.0.0.store(rest, Ordering::SeqCst);
            Ok(Charge::new(self.0.clone(), bytes))
        }
    }

    #[test]
    fn what_is_kept_is_used_again_and_given_back_when_something_else_needs_it() {
        let grant = Grant(Arc::new(Left(AtomicU64::new(1000 * 64))));
        let key = Key::new("t");
        let context = TaskContext::new(&key, &grant, &|_| {});
        let left = || grant.0.0.load(Ordering::SeqCst) / 64;

        let mut first = context.scratch::<u32>(1600).unwrap();
        first.as_mut_slice().fill(7);
        drop(first);
        // The same memory, as it was left.
        let again = context.scratch::<u16>(3190).unwrap();
        assert!(again.as_slice().iter().step_by(2).all(|&half| half == 7));
        assert_eq!(left(), 900);
        // One more beside it is fresh.
        let other = context.scratch::<u32>(1600).unwrap();
        assert_eq!((other.as_slice(), left()), (&[0; 1600][..], 800));
        drop((again, other));
        // A bool can't be left as a number.
        assert!(context.scratch::<bool>(6400).unwrap().as_slice().iter().all(|&bit| !bit));

        // 200 of 1000 lines are kept, so 900 can be had only without them.
        assert_eq!(left(), 800);
        let large = context.buffer(900 * 64).unwrap();
        assert_eq!(left(), 100);
        assert!(context.scratch::<u8>(101 * 64).is_err());
        drop(large);
        drop(context);
        assert_eq!(left(), 1000);
    }
}
