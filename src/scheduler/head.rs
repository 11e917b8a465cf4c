//! How far an ample run has come: which tasks are done, and the least that is not.
//!
//! Whoever finishes a task sets its bit, then moves the head over all bits that are set. No finished task is forgotten
//! behind a head that stands still: of two threads, one that sets bit `h` and one that finds it unset while the head is
//! at `h`, either the second reads after the first has written (and moves on), or the first, which reads the head after it
//! has written, finds it at `h` and moves it itself. All of these are `SeqCst`, so one of the two orders holds.

use crate::sync::{AtomicU32, AtomicU64, Ordering};

#[derive(Debug)]
pub(super) struct Head {
    done: Box<[AtomicU64]>,
    least: AtomicU32,
    tasks: u32,
}

impl Head {
    pub(super) fn new(tasks: u32) -> Self {
        let done = (0..tasks.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Self { done, least: AtomicU32::new(0), tasks }
    }

    /// The rank of the least unfinished task; the number of tasks where all are done.
    pub(super) fn rank(&self) -> u32 {
        self.least.load(Ordering::SeqCst)
    }

    /// Whether all tasks are done.
    pub(super) fn is_at_end(&self) -> bool {
        self.rank() == self.tasks
    }

    fn is_done(&self, rank: u32) -> bool {
        self.done[rank as usize / 64].load(Ordering::SeqCst) & 1 << (rank % 64) != 0
    }

    /// The task at `rank` is done. Calls `reached` with each rank that becomes the head by this call.
    pub(super) fn finish(&self, rank: u32, mut reached: impl FnMut(u32)) {
        self.done[rank as usize / 64].fetch_or(1 << (rank % 64), Ordering::SeqCst);
        loop {
            let head = self.rank();
            if head == self.tasks || !self.is_done(head) {
                return;
            }
            let next = head + 1;
            if self.least.compare_exchange(head, next, Ordering::SeqCst, Ordering::SeqCst).is_ok() && next < self.tasks
            {
                reached(next);
            }
        }
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn the_head_waits_for_the_least_and_then_jumps() {
        let head = Head::new(130);
        let mut reached = Vec::new();
        for rank in (1..130).rev() {
            head.finish(rank, |rank| reached.push(rank));
        }
        assert_eq!((head.rank(), reached.len()), (0, 0));
        head.finish(0, |rank| reached.push(rank));
        assert!(head.is_at_end());
        assert!(reached.into_iter().eq(1..130));
        assert!(Head::new(0).is_at_end());
    }
}

#[cfg(all(test, shuttle))]
mod models {
    use shuttle::sync::Arc;
    use shuttle::sync::atomic::AtomicU64 as Counter;
    use shuttle::thread;
    use shuttle::{check_dfs, check_random};

    use super::super::word::{OUTPUT, WORKSPACE, Word};
    use super::*;

    fn finish(head: &Head, rank: u32, reached: &Counter) {
        head.finish(rank, |rank| {
            reached.fetch_add(1 << (8 * rank), Ordering::SeqCst);
        });
    }

    #[test]
    fn of_two_that_finish_none_is_forgotten() {
        let model = || {
            let (head, reached) = (Arc::new(Head::new(2)), Arc::new(Counter::new(0)));
            let first = {
                let (head, reached) = (head.clone(), reached.clone());
                thread::spawn(move || finish(&head, 0, &reached))
            };
            finish(&head, 1, &reached);
            first.join().unwrap();
            assert!(head.is_at_end());
            assert_eq!(reached.load(Ordering::SeqCst), 1 << 8);
        };
        check_dfs(model, None);
    }

    /// Three threads have too many interleavings to try all.
    #[test]
    fn of_three_that_finish_none_is_forgotten() {
        let model = || {
            let (head, reached) = (Arc::new(Head::new(4)), Arc::new(Counter::new(0)));
            let threads: Vec<_> = [[3, 0], [2, 1]]
                .into_iter()
                .map(|ranks| {
                    let (head, reached) = (head.clone(), reached.clone());
                    thread::spawn(move || ranks.into_iter().for_each(|rank| finish(&head, rank, &reached)))
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert!(head.is_at_end());
            assert_eq!(reached.load(Ordering::SeqCst), 1 << 8 | 1 << 16 | 1 << 24);
        };
        check_random(model, 20_000);
    }

    /// A task is granted ahead of the head while the head comes to it: its bytes leave the budget exactly once.
    #[test]
    fn premature_bytes_are_taken_out_once() {
        check_dfs(
            || {
                let (head, word) = (Arc::new(Head::new(2)), Arc::new(Word::new(0)));
                let premature = Arc::new(Counter::new(0));
                let discount = |word: &Word, premature: &Counter, parts: u32| {
                    let parts = word.discount(parts);
                    let bytes = u64::from(parts & OUTPUT != 0) * 5 + u64::from(parts & WORKSPACE != 0) * 3;
                    premature.fetch_sub(bytes, Ordering::SeqCst);
                };
                let before = {
                    let (head, word, premature) = (head.clone(), word.clone(), premature.clone());
                    thread::spawn(move || head.finish(0, |_| discount(&word, &premature, OUTPUT | WORKSPACE)))
                };
                // As `Ample::grant` and `Ample::complete`, for the task at rank 1.
                if head.rank() != 1 {
                    premature.fetch_add(8, Ordering::SeqCst);
                    word.count();
                    if head.rank() >= 1 {
                        discount(&word, &premature, OUTPUT | WORKSPACE);
                    }
                }
                discount(&word, &premature, WORKSPACE);
                before.join().unwrap();
                assert_eq!(premature.load(Ordering::SeqCst), 0);
            },
            None,
        );
    }
}
