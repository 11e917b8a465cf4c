//! What is shown of a run while it goes on, on standard error: nothing, the library's bar, or the live view.

use std::sync::Arc;

use thermocline::Observer;
use thermocline::diagnostics::progress::Progress;

use crate::live::Live;

/// One of them.
#[derive(Debug)]
pub(crate) enum Shown {
    Nothing,
    /// Also where standard error is no terminal: then it is nothing.
    Bar(Arc<Progress>),
    Live(Live),
}

impl Shown {
    pub(crate) fn new(silent: bool, live: bool) -> Self {
        match (silent, live) {
            (_, true) => Self::Live(Live::new()),
            (true, false) => Self::Nothing,
            (false, false) => Self::Bar(Arc::default()),
        }
    }

    /// What is to be told of the session's events.
    pub(crate) fn observer(&self) -> Option<Arc<dyn Observer>> {
        match self {
            Self::Nothing => None,
            Self::Bar(bar) => Some(bar.clone()),
            Self::Live(live) => Some(live.observer()),
        }
    }

    /// Draws, if it is time.
    pub(crate) fn tick(&self) {
        if let Self::Live(live) = self {
            live.tick();
        }
    }

    /// Takes it away.
    pub(crate) fn finish(&self) {
        if let Self::Live(live) = self {
            live.finish();
        }
    }
}
