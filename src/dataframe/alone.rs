//! Calling polars from a worker, on that worker alone.
//!
//! polars has a pool of threads of its own, as large as the machine. Tasks are what runs in parallel here, and their memory is
//! what was granted to them; so while one calls polars, what would go to that pool runs on the task's own thread. It also has
//! the order of additions not depend on the number of threads (**D1**).

use polars_async::executor::ALLOW_RAYON_THREADS;

/// Calls `work` without polars' own threads.
pub(crate) fn alone<R>(work: impl FnOnce() -> R) -> R {
    /// What it was before, also where `work` panics.
    struct Before(bool);

    impl Drop for Before {
        fn drop(&mut self) {
            ALLOW_RAYON_THREADS.set(self.0);
        }
    }

    let _before = Before(ALLOW_RAYON_THREADS.replace(false));
    work()
}
