//! `--live`: workers, layers, memory and disk, once a second. Where standard error is no terminal, a line a second.
//!
//! It writes plain lines and takes them back, nothing else: the cursor stays visible and the screen is the user's, so that a
//! terminal is as it was whenever the process ends.

mod screen;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use console::Term;
use parking_lot::Mutex;
use thermocline::{Observer, Stats};

use self::screen::Now;
use self::watch::Watch;

/// Between two frames.
const INTERVAL: Duration = Duration::from_secs(1);

/// The view.
pub(crate) struct Live {
    watch: Arc<Watch>,
    term: Term,
    since: Instant,
    drawn: Mutex<Drawn>,
}

/// What was drawn last.
#[derive(Debug)]
struct Drawn {
    at: Instant,
    stats: Stats,
    lines: usize,
}

impl Live {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        // The first frame comes soon.
        let at = now.checked_sub(INTERVAL * 7 / 10).unwrap_or(now);
        let drawn = Mutex::new(Drawn { at, stats: Stats::default(), lines: 0 });
        Self { watch: Arc::default(), term: Term::buffered_stderr(), since: now, drawn }
    }

    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        self.watch.clone()
    }

    /// Draws a frame, if it is time.
    pub(crate) fn tick(&self) {
        let mut drawn = self.drawn.lock();
        if drawn.at.elapsed() < INTERVAL {
            return;
        }
        let known = self.watch.known();
        let Some(now) = self.now(&known, &mut drawn) else { return };
        let (lines, columns) = self.term.size();
        if self.term.is_term() {
            let frame = screen::frame(&known, &now, usize::from(columns).saturating_sub(1), usize::from(lines));
            self.put(&mut drawn, &frame);
        } else {
            // That nobody reads on is no failure of the run.
            let _closed = self.term.write_line(&screen::line(&known, &now)).and_then(|()| self.term.flush());
        }
    }

    /// Takes the view away, and leaves a summary.
    pub(crate) fn finish(&self) {
        let mut drawn = self.drawn.lock();
        let known = self.watch.known();
        let Some(now) = self.now(&known, &mut drawn) else { return };
        let columns = if self.term.is_term() { usize::from(self.term.size().1).saturating_sub(1) } else { 100 };
        let summary = screen::summary(&known, &now, columns);
        self.put(&mut drawn, &summary);
    }

    fn now(&self, known: &watch::Known, drawn: &mut Drawn) -> Option<Now> {
        let stats = known.gauge.as_ref()?.read();
        let seconds = drawn.at.elapsed().as_secs_f64().max(1e-3);
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        let before = drawn.stats;
        let rates = [
            rate(stats.spilled_bytes, before.spilled_bytes),
            rate(stats.reloaded_bytes, before.reloaded_bytes),
            rate(stats.input_bytes, before.input_bytes),
            rate(stats.tasks, before.tasks),
        ];
        (drawn.at, drawn.stats) = (Instant::now(), stats);
        Some(Now { elapsed: self.since.elapsed(), stats, rates, resident: crate::report::resident() })
    }

    /// Puts lines in the place of those that were there.
    fn put(&self, drawn: &mut Drawn, lines: &[String]) {
        // A terminal that went away is no failure of the run.
        let _gone = self.term.clear_last_lines(drawn.lines);
        for line in lines {
            let _gone = self.term.write_line(line);
        }
        let _gone = self.term.flush();
        drawn.lines = lines.len();
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}
