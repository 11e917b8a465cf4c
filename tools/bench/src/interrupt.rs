//! Ctrl-C: the first cancels what runs, the second ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use thermocline::Session;

/// Whether Ctrl-C was pressed.
pub(crate) static INTERRUPTED: AtomicBool = AtomicBool::new(false);

static SESSION: Mutex<Option<Session>> = Mutex::new(None);

/// The exit code of a process that Ctrl-C ended.
pub(crate) const EXIT: u8 = 130;

/// Listens.
pub(crate) fn listen() {
    let listening = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(EXIT));
        }
        if let Some(session) = &*SESSION.lock().unwrap_or_else(PoisonError::into_inner) {
            session.cancel();
        }
    });
    if let Err(error) = listening {
        eprintln!("bench: Ctrl-C will end the process at once: {error}");
    }
}

/// From now on the first Ctrl-C cancels the runs of `session`.
pub(crate) fn cancels(session: &Session) {
    *SESSION.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
}
