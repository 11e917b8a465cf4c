//! Ctrl-C: the first ends the work under way, in good order; the second ends the process at once.
//!
//! Work that may take long runs on a thread of its own, while the main thread waits for it and looks at the flag that
//! the signal sets. Work that can be ended is told to; work that does not end in time is left behind, so that a library
//! busy with something that can't be ended (opening thousands of files, planning millions of tasks) holds nobody up.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use crate::error::{BenchError, Result};

/// The exit code of a process that Ctrl-C ended.
const EXIT: u8 = 130;

/// How often the main thread looks.
const TICK: Duration = Duration::from_millis(100);

/// How long work may take to end once it is told to.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether Ctrl-C was pressed.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        let pressed = Arc::new(AtomicBool::new(false));
        // The order matters: at the first signal this one finds the flag still unset.
        signal_hook::flag::register_conditional_shutdown(SIGINT, i32::from(EXIT), pressed.clone())?;
        signal_hook::flag::register(SIGINT, pressed.clone())?;
        Ok(Self(pressed))
    }

    /// The flag.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.0
    }

    fn pressed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Does `work` on a thread of its own. Meanwhile `tick` is called again and again; it is told whether the work
    /// should end.
    ///
    /// # Errors
    /// What the work fails with; [`BenchError::Cancelled`] where it was left behind.
    pub(crate) fn guard<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
        mut tick: impl FnMut(bool),
    ) -> Result<T> {
        let (sender, receiver) = channel();
        let name = "bench-work".to_owned();
        let worker = thread::Builder::new().name(name).spawn(move || {
            // Nobody listens any more where the work was left behind.
            drop(sender.send(work()));
        });
        let worker = worker.map_err(|source| thermocline::Error::Thread { source: Arc::new(source) })?;
        let mut pressed_since = None;
        loop {
            match receiver.recv_timeout(TICK) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Disconnected) => {
                    // The work has panicked; so do we.
                    return match worker.join() {
                        Ok(()) => Err(BenchError::Cancelled),
                        Err(panic) => std::panic::resume_unwind(panic),
                    };
                }
                Err(RecvTimeoutError::Timeout) => tick(self.pressed()),
            }
            if self.pressed() && pressed_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                return Err(BenchError::Cancelled);
            }
        }
    }

    /// Ends the process after Ctrl-C. Where work was left behind, the clean-up of libraries that it still uses must not
    /// run beneath it.
    pub(crate) fn exit(&self) -> ExitCode {
        if self.pressed() {
            signal_hook::low_level::exit(i32::from(EXIT));
        }
        ExitCode::from(EXIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet() -> Interrupt {
        Interrupt(Arc::new(AtomicBool::new(false)))
    }

    #[test]
    fn work_that_can_be_ended_is_told_to_end() {
        let interrupt = quiet();
        let (sender, receiver) = channel();
        interrupt.0.store(true, Ordering::SeqCst);
        let outcome = interrupt.guard(
            move || receiver.recv().map_err(|_| BenchError::Usage("not told".into())),
            |end| {
                if end {
                    let _received_once = sender.send(7);
                }
            },
        );
        assert_eq!(outcome.unwrap(), 7);
    }

    #[test]
    fn a_panic_of_the_work_is_passed_on() {
        let guarded = || quiet().guard(|| -> Result<()> { panic!("boom") }, |_| ());
        let panic = std::panic::catch_unwind(guarded).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"boom"));
    }
}
