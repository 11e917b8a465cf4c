//! What is known of one task of an ample run, in one word, and how it changes.
//!
//! ```text
//!   bits 0..28   distinct inputs that are not done
//!   bit  28      OUTPUT     its output is counted in the premature budget
//!   bit  29      WORKSPACE  so is its workspace
//!   bit  30      CLAIMED    a worker has it, or it waits for room
//! ```
//!
//! Each change is one atomic operation whose result tells the caller whether it was the one to make it: of all who
//! finish an input one finds the task ready, of all who claim it one gets it, and of those who may take its bytes out of
//! the premature budget (its own end, the release of its output, the head that reaches it) each byte is taken out by one.

use crate::sync::{AtomicU32, Ordering};

const MISSING: u32 = (1 << 28) - 1;

/// Its output is counted in the premature budget.
pub(super) const OUTPUT: u32 = 1 << 28;

/// Its workspace is counted in the premature budget.
pub(super) const WORKSPACE: u32 = 1 << 29;

const CLAIMED: u32 = 1 << 30;

/// The most inputs that a task can have.
pub(super) const MOST_INPUTS: u32 = MISSING;

#[derive(Debug)]
pub(super) struct Word(AtomicU32);

impl Word {
    /// A task that misses `missing` inputs.
    pub(super) fn new(missing: u32) -> Self {
        debug_assert!(missing <= MOST_INPUTS, "the graph was checked");
        Self(AtomicU32::new(missing))
    }

    /// One input less is missing. Whether it was the last.
    pub(super) fn input_done(&self) -> bool {
        self.0.fetch_sub(1, Ordering::SeqCst) & MISSING == 1
    }

    /// Claims the task: true for one caller, once nothing is missing.
    pub(super) fn claim(&self) -> bool {
        // Nothing else changes the word of a task that is ready and not claimed.
        self.0.compare_exchange(0, CLAIMED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Its bytes are counted in the premature budget from now on.
    pub(super) fn count(&self) {
        self.0.fetch_or(OUTPUT | WORKSPACE, Ordering::SeqCst);
    }

    /// Takes `parts` out of the premature budget. Which of them were in it.
    pub(super) fn discount(&self, parts: u32) -> u32 {
        // Most tasks are not counted: a load is cheaper.
        if self.0.load(Ordering::SeqCst) & parts == 0 {
            return 0;
        }
        self.0.fetch_and(!parts, Ordering::SeqCst) & parts
    }
}

#[cfg(all(test, shuttle))]
mod models {
    use shuttle::check_dfs;
    use shuttle::sync::Arc;
    use shuttle::sync::atomic::AtomicU32 as Counter;
    use shuttle::thread;

    use super::*;

    #[test]
    fn a_task_is_made_ready_once_and_claimed_once() {
        check_dfs(
            || {
                let (word, ready, claims) =
                    (Arc::new(Word::new(2)), Arc::new(Counter::new(0)), Arc::new(Counter::new(0)));
                let worker = || {
                    let (word, ready, claims) = (word.clone(), ready.clone(), claims.clone());
                    move || {
                        if word.input_done() {
                            ready.fetch_add(1, Ordering::SeqCst);
                        }
                        // A hint may be found by anybody, also by one that is too early.
                        if word.claim() {
                            claims.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                };
                let other = thread::spawn(worker());
                worker()();
                other.join().unwrap();
                assert_eq!((ready.load(Ordering::SeqCst), claims.load(Ordering::SeqCst)), (1, 1));
            },
            None,
        );
    }
}
