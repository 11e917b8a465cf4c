//! The progress bar: tasks, rate of input, bytes spilled. Silent where there is no terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use thermocline::{ByteSize, Event, Observer};

/// An observer that draws.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    read: AtomicU64,
    spilled: AtomicU64,
}

impl Progress {
    pub(crate) fn new(silent: bool) -> Arc<Self> {
        let bar = if silent { ProgressBar::hidden() } else { ProgressBar::no_length() };
        if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {pos}/{len} tasks  {msg}") {
            bar.set_style(style);
        }
        Arc::new(Self { bar, read: AtomicU64::new(0), spilled: AtomicU64::new(0) })
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self) {
        let read = self.read.load(Ordering::Relaxed);
        let rate = read as f64 / self.bar.elapsed().as_secs_f64().max(0.001) / 1e6;
        let spilled = ByteSize::new(self.spilled.load(Ordering::Relaxed));
        self.bar.set_message(format!("{} read, {rate:.0} MB/s, {spilled} spilled", ByteSize::new(read)));
    }
}

impl Observer for Progress {
    fn on_event(&self, event: &Event<'_>) {
        match event {
            Event::RunStarted { tasks, .. } => {
                self.bar.set_length(*tasks as u64);
                self.bar.set_position(0);
            }
            Event::TaskFinished { .. } => {
                self.bar.inc(1);
                self.show();
            }
            Event::Read { stored, .. } => {
                self.read.fetch_add(*stored, Ordering::Relaxed);
            }
            Event::Spilled { bytes, .. } => {
                self.spilled.fetch_add(*bytes, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}
