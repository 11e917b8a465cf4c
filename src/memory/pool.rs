//! Memory that was just given back, for the next buffer of its size.
//!
//! The system clears each page that it hands out, which takes about as long as filling it. Tasks of one kind make buffers
//! of one size again and again, so some that were dropped are kept. They stay charged. The pool is open while a run is under
//! way. Where chunks have to be evicted nothing is left beside them for long: there a grant takes over what is kept, as part
//! of what it is charged.
//!
//! **No lost wake-up.** Who finds no room drains the pool before it waits: it then says that it waits, tries once more, and
//! sleeps. Memory that is put into the pool after that try is followed by a look at who waits, as each release is.

use crate::sync::{AtomicU32, Mutex, Ordering};

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

    /// What is kept, the newest first, as far as it is no more than `bytes` together.
    pub(super) fn take_within(&self, bytes: u64) -> Vec<(u64, S)> {
        if self.count.load(Ordering::SeqCst) == 0 {
            return Vec::new();
        }
        let mut kept = self.kept.lock();
        let (mut taken, mut left) = (Vec::new(), bytes);
        for at in (0..kept.len()).rev() {
            if kept[at].0 <= left {
                left -= kept[at].0;
                taken.push(kept.remove(at));
            }
        }
        self.count.store(kept.len() as u32, Ordering::SeqCst);
        taken
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
            drop(pool.put(bytes, memory));
        }
        // Kept are 30 d, 10 f, 20 g.
        assert_eq!(pool.take_within(35), [(20, 'g'), (10, 'f')]);
        assert_eq!(pool.take_within(29), []);
        pool.put(20, 'b').unwrap();
        assert_eq!(pool.close(), [(30, 'd'), (20, 'b')]);
        assert_eq!(pool.put(10, 'e'), Err('e'));
        assert!(pool.drain().is_empty());
    }
}
