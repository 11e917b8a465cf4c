//! Memory that was just given back, for the next buffer of its size.
//!
//! The system clears each page that it hands out, which takes about as long as filling it. Tasks of one kind make buffers
//! of one size again and again, so some that were dropped are kept. They stay charged. The pool is open while a run is under
//! way. Where chunks have to be evicted nothing is left beside them for long: there a grant takes over what is kept, as part
//! of what it is charged. While it waits for room that part stays: the grant would need its bytes again.
//!
//! **No lost wake-up.** Who finds no room drains the pool before it waits, but for what would be part of its grant: it then
//! says that it waits, tries once more, and sleeps. Memory that is put into the pool after that try is followed by a look at
//! who waits, as each release is. Who else finds no room meanwhile takes that part, too.

use crate::sync::{AtomicU32, Mutex, Ordering};

/// Memory, each with its bytes.
type Kept<S> = Vec<(u64, S)>;

/// Memory of type `S`, by bytes.
#[derive(Debug)]
pub(super) struct Pool<S> {
    /// How many are kept at most; 0 while it is closed.
    most: AtomicU32,
    /// How many are kept, for readers without the lock.
    count: AtomicU32,
    /// The oldest first.
    kept: Mutex<Vec<(u64, S)>>,
}

impl<S> Default for Pool<S> {
    fn default() -> Self {
        Self { most: AtomicU32::new(0), count: AtomicU32::new(0), kept: Mutex::default() }
    }
}

impl<S> Pool<S> {
    pub(super) fn open(&self, most: u32) {
        self.most.store(most, Ordering::SeqCst);
    }

    /// Keeps nothing from now on. Gives what was kept.
    pub(super) fn close(&self) -> Vec<(u64, S)> {
        self.most.store(0, Ordering::SeqCst);
        self.take_all()
    }

    /// Keeps `memory`; the oldest goes for it where it is full. Gives it back where the pool is closed.
    pub(super) fn put(&self, bytes: u64, memory: S) -> Result<Option<(u64, S)>, S> {
        if self.most.load(Ordering::SeqCst) == 0 {
            return Err(memory);
        }
        let mut kept = self.kept.lock();
        // Under the lock: what is put after it was closed would stay.
        let most = self.most.load(Ordering::SeqCst) as usize;
        if most == 0 {
            return Err(memory);
        }
        let displaced = if kept.len() < most { None } else { Some(kept.remove(0)) };
        kept.push((bytes, memory));
        self.count.store(kept.len() as u32, Ordering::SeqCst);
        Ok(displaced)
    }

    /// The newest of exactly `bytes`.
    pub(super) fn take(&self, bytes: u64) -> Option<S> {
        if self.count.load(Ordering::SeqCst) == 0 {
            return None;
        }
        let mut kept = self.kept.lock();
        let at = kept.iter().rposition(|(own, _)| *own == bytes)?;
        let (_, memory) = kept.remove(at);
        self.count.store(kept.len() as u32, Ordering::SeqCst);
        Some(memory)
    }

    /// Takes what becomes part of a grant of `bytes`, if `charge` has the grant, of which so many bytes are paid: the newest
    /// first, as far as it is no more than the grant. Where it does not, that stays, as giving it up would not help; the rest
    /// is to be given up.
    pub(super) fn grant(&self, bytes: u64, charge: impl FnOnce(u64) -> bool) -> Result<Kept<S>, Kept<S>> {
        let mut kept = self.kept.lock();
        let (mut part, mut others, mut left) = (Vec::new(), Vec::new(), bytes);
        for (own, memory) in kept.drain(..).rev() {
            let fits = own <= left;
            left -= if fits { own } else { 0 };
            if fits { &mut part } else { &mut others }.push((own, memory));
        }
        let granted = charge(bytes - left);
        let (stay, go) = if granted { (others, part) } else { (part, others) };
        kept.extend(stay.into_iter().rev());
        self.count.store(kept.len() as u32, Ordering::SeqCst);
        if granted { Ok(go) } else { Err(go) }
    }

    /// The bytes that would be paid of a grant of `bytes`.
    pub(super) fn paid(&self, bytes: u64) -> u64 {
        let pay = |left: u64, (own, _): &(u64, S)| left - if *own <= left { *own } else { 0 };
        bytes - self.kept.lock().iter().rev().fold(bytes, pay)
    }

    /// All that is kept.
    pub(super) fn drain(&self) -> Vec<(u64, S)> {
        if self.count.load(Ordering::SeqCst) == 0 { Vec::new() } else { self.take_all() }
    }

    fn take_all(&self) -> Vec<(u64, S)> {
        let mut kept = self.kept.lock();
        self.count.store(0, Ordering::SeqCst);
        std::mem::take(&mut *kept)
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_a_size_is_taken_and_the_oldest_goes() {
        let pool = Pool::default();
        assert_eq!(pool.put(10, 'a'), Err('a'));
        pool.open(3);
        for (bytes, memory) in [(10, 'a'), (20, 'b'), (10, 'c')] {
            assert_eq!(pool.put(bytes, memory), Ok(None));
        }
        assert_eq!(pool.put(30, 'd'), Ok(Some((10, 'a'))));
        assert_eq!((pool.take(10), pool.take(10), pool.take(25)), (Some('c'), None, None));
        for (bytes, memory) in [(10, 'f'), (20, 'g')] {
            assert!(pool.put(bytes, memory).is_ok());
        }
        // Kept are 30 d, 10 f, 20 g.
        assert_eq!((pool.paid(35), pool.paid(29), pool.paid(9)), (30, 20, 0));
        assert_eq!(pool.grant(35, |paid| paid == 30), Ok(vec![(20, 'g'), (10, 'f')]));
        assert_eq!(pool.grant(29, |paid| paid == 0), Ok(vec![]));
        // What it refuses stays as far as it would be part of it.
        for (bytes, memory) in [(20, 'b'), (10, 'h')] {
            assert!(pool.put(bytes, memory).is_ok());
        }
        assert_eq!(pool.grant(29, |paid| paid != 10), Err(vec![(20, 'b'), (30, 'd')]));
        assert_eq!(pool.close(), [(10, 'h')]);
        assert_eq!(pool.put(10, 'e'), Err('e'));
        assert!(pool.drain().is_empty());
    }
}
