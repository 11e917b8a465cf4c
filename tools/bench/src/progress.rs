//! The progress bar: tasks, rate, resident and spilled bytes. Silent where there is no terminal.
//!
//! It looks at the session's counters now and then; the run does not wait for it.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use thermocline::{ByteSize, Stats};

/// A bar that is drawn on standard error.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Tasks of all runs that are known so far.
    expected: AtomicU64,
}

impl Progress {
    pub(crate) fn new(silent: bool) -> Self {
        // Hidden also where standard error is no terminal.
        let bar = if silent { ProgressBar::hidden() } else { ProgressBar::no_length() };
        let style = ProgressStyle::with_template("{elapsed_precise} [{wide_bar}] {pos}/{len} tasks, {msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, expected: AtomicU64::new(0) }
    }

    /// So many tasks more are to be done.
    pub(crate) fn expect(&self, tasks: usize) {
        self.expected.fetch_add(tasks as u64, Ordering::Relaxed);
    }

    /// Draws what has been done.
    pub(crate) fn show(&self, stats: &Stats) {
        let expected = self.expected.load(Ordering::Relaxed);
        if expected > 0 {
            self.bar.set_length(expected);
        }
        self.bar.set_position(stats.tasks);
        self.bar.set_message(message(stats, self.bar.elapsed().as_secs_f64()));
    }

    /// Takes it away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// What stands behind the bar, `seconds` after the start.
fn message(stats: &Stats, seconds: f64) -> String {
    let seconds = seconds.max(0.001);
    let rate = if stats.input_bytes > 0 {
        format!("{:.0} MB/s", stats.input_bytes as f64 / seconds / 1e6)
    } else {
        format!("{:.0}/s", stats.tasks as f64 / seconds)
    };
    format!("{rate}, {} resident, {} spilled", ByteSize::new(stats.charged_bytes), ByteSize::new(stats.spilled_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_tells_rate_resident_and_spilled_bytes() {
        let mut stats = Stats::default();
        stats.tasks = 40;
        stats.charged_bytes = 3 << 20;
        stats.spilled_bytes = 1 << 30;
        assert_eq!(message(&stats, 2.0), "20/s, 3 MiB resident, 1 GiB spilled");
        stats.input_bytes = 500_000_000;
        assert_eq!(message(&stats, 2.0), "250 MB/s, 3 MiB resident, 1 GiB spilled");
    }
}
