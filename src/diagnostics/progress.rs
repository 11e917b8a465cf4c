//! A progress bar for programs: tasks, rate, time left, what is in memory and what went to scratch.
//!
//! The bar looks at the session's counters ten times a second, on a thread of its own: tasks don't wait for it, and there is
//! nothing for it to do at each of them.

use std::io::{self, Write};
use std::sync::{Arc, Weak};
use std::thread::Thread;
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;

use crate::event::{Event, Observer};
use crate::stats::{Gauge, Stats};
use crate::units::ByteSize;

/// Between two looks at the counters.
const TICK: Duration = Duration::from_millis(100);

/// The message is cut where the terminal is narrow.
const TEMPLATE: &str = "{elapsed} [{bar:10}] {pos}/{len} tasks, {wide_msg}";

/// Shows how far a session's runs are, on standard error; shows nothing where that is no terminal.
///
/// The bar is there while something runs. What else is written to the terminal meanwhile would be drawn over: write it
/// through [`writer`](Self::writer), e.g. what a subscriber of `tracing` writes.
///
/// ```
/// use std::io::Write;
/// use std::sync::Arc;
/// use thermocline::diagnostics::progress::Progress;
/// use thermocline::{Array, Session};
///
/// let progress = Arc::new(Progress::new());
/// let session = Session::builder().memory_limit("64MiB".parse()?).observer(progress.clone()).build()?;
/// let writer = progress.writer();
/// // With tracing-subscriber: tracing_subscriber::fmt().with_writer(move || writer.clone()).init();
/// writeln!(writer.clone(), "summing")?; // stands above the bar
/// session.compute(&Array::<f64>::ones(&[100, 100], [10, 100]).sum(..))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Progress(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bar: ProgressBar,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    gauge: Option<Gauge>,
    /// Runs under way.
    runs: u32,
    /// Tasks of the runs since the bar appeared.
    expected: u64,
    /// What had been done before that.
    before: u64,
    ticker: Option<Thread>,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// A bar on standard error, for one session's builder.
    #[must_use]
    pub fn new() -> Self {
        Self::on(ProgressDrawTarget::stderr())
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(Arc::new(Inner { bar, state: Mutex::default() }))
    }

    /// Takes the bar away while `write` writes to the terminal.
    pub fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        self.0.bar.suspend(write)
    }

    /// Standard error, above the bar.
    #[must_use]
    pub fn writer(&self) -> ProgressWriter {
        ProgressWriter(self.0.bar.clone())
    }
}

/// Writes to standard error above a [`Progress`] bar. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ProgressWriter(ProgressBar);

impl Write for ProgressWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl Observer for Progress {
    fn on_event(&self, event: &Event<'_>) {
        match event {
            Event::SessionStarted { gauge, .. } => self.0.state.lock().gauge = Some((*gauge).clone()),
            Event::RunStarted { graph, .. } => Inner::began(&self.0, graph.calls() as u64),
            Event::RunFinished { .. } => self.0.ended(),
            Event::SessionFinished => {
                // It finds nothing to be done, and ends.
                let ticker = self.0.state.lock().ticker.take();
                ticker.iter().for_each(Thread::unpark);
            }
            _ => {}
        }
    }
}

impl Inner {
    fn began(this: &Arc<Self>, tasks: u64) {
        let mut state = this.state.lock();
        if state.runs == 0 {
            state.expected = 0;
            state.before = state.gauge.as_ref().map_or(0, |gauge| gauge.read().tasks);
            this.bar.reset();
        }
        state.runs += 1;
        state.expected += tasks;
        match &state.ticker {
            Some(ticker) => ticker.unpark(),
            None if this.bar.is_hidden() => {}
            None => {
                let inner = Arc::downgrade(this);
                let thread =
                    std::thread::Builder::new().name("thermocline-bar".into()).spawn(move || keep_drawing(&inner));
                // Without it there is no bar.
                state.ticker = thread.ok().map(|handle| handle.thread().clone());
            }
        }
    }

    fn ended(&self) {
        let mut state = self.state.lock();
        state.runs = state.runs.saturating_sub(1);
        if state.runs == 0 {
            self.bar.finish_and_clear();
        }
    }

    /// Draws what has been done, if anything runs. Whether it does; nothing where there is no session any more.
    fn draw(&self) -> Option<bool> {
        let state = self.state.lock();
        state.ticker.as_ref()?;
        let stats = state.gauge.as_ref()?.read();
        if state.runs > 0 {
            self.bar.set_length(state.expected);
            self.bar.set_position(stats.tasks.saturating_sub(state.before));
            let message = message(&stats, state.before, self.bar.elapsed(), self.bar.eta());
            self.bar.set_message(message);
        }
        Some(state.runs > 0)
    }
}

/// The life of the thread that draws.
fn keep_drawing(inner: &Weak<Inner>) {
    // Nothing is drawn for what is over at once.
    std::thread::park_timeout(TICK);
    loop {
        let drawn = inner.upgrade().and_then(|inner| inner.draw());
        match drawn {
            Some(true) => std::thread::park_timeout(TICK),
            Some(false) => std::thread::park_timeout(10 * TICK),
            None => return,
        }
    }
}

/// What stands behind the number of tasks.
fn message(stats: &Stats, before: u64, elapsed: Duration, left: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    let rate = (stats.tasks.saturating_sub(before)) as f64 / seconds;
    let left = HumanDuration(left);
    let (resident, spilled) = (short(stats.charged_bytes), short(stats.spilled_bytes));
    format!("{rate:.0}/s, {left:#} left, {resident} resident, {spilled} spilled")
}

/// A size without what stands behind its point: it changes all the time.
fn short(bytes: u64) -> String {
    let text = ByteSize::new(bytes).to_string();
    match (text.split_once('.'), text.rsplit_once(' ')) {
        (Some((whole, _)), Some((_, unit))) => format!("{whole} {unit}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use indicatif::TermLike;

    use super::*;
    use crate::chunk::Chunk;
    use crate::config::{Config, Overrides};
    use crate::event::RunId;
    use crate::graph::{Graph, Key, Task};

    /// A terminal that remembers what was written to it.
    #[derive(Clone, Debug, Default)]
    struct Paper(Arc<Mutex<String>>);

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            100
        }

        fn move_cursor_up(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _n: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            self.write_str("\r")
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A session begins a run of four tasks, of which three get done.
    fn begun(progress: &Progress) {
        let config = Config::new(Overrides::default()).unwrap();
        let tasks = (0..4).map(|at| Task::new(Key::indexed("t", [at]), [], Arc::new(|_, _| Ok(Chunk::new(())))));
        let graph = Graph::new(tasks).unwrap();
        let looks = AtomicU64::new(0);
        let gauge = Gauge::new(move || {
            let tasks = 3 * looks.fetch_add(1, Ordering::Relaxed).min(1);
            Stats { tasks, charged_bytes: 5 << 20, ..Stats::default() }
        });
        progress.on_event(&Event::SessionStarted { config: &config, gauge: &gauge });
        let (run, order) = (RunId::new(1), graph.order());
        let (graph, order) = (&graph, &order);
        let started = Event::RunStarted { run, graph, order, stated_peak: 0, floor: 0, expected_spill: 0 };
        progress.on_event(&started);
    }

    #[test]
    fn a_bar_tells_tasks_rate_time_left_and_bytes_and_goes() {
        let paper = Paper::default();
        let progress = Progress::on(ProgressDrawTarget::term_like(Box::new(paper.clone())));
        begun(&progress);
        assert_eq!(progress.0.draw(), Some(true));
        progress.0.bar.force_draw();
        let text = paper.0.lock().clone();
        assert!(text.contains("] 3/4 tasks, ") && text.contains(" left, 5 MiB resident, 0 B spilled"), "{text:?}");
        progress.on_event(&Event::RunFinished { run: RunId::new(1), error: None });
        let after = paper.0.lock()[text.len()..].to_owned();
        assert!(after.contains('\r') && !after.contains("tasks"), "it is taken away: {after:?}");
        assert_eq!(progress.0.draw(), Some(false));
    }

    #[test]
    fn nothing_is_drawn_where_there_is_no_terminal() {
        let progress = Progress::on(ProgressDrawTarget::hidden());
        begun(&progress);
        assert_eq!(progress.0.draw(), None, "nor is there a thread");
    }

    #[test]
    fn a_rate_is_of_the_tasks_since_the_bar_appeared() {
        let stats = Stats { tasks: 140, charged_bytes: 3 << 20, spilled_bytes: 1 << 30, ..Stats::default() };
        let said = message(&stats, 100, Duration::from_secs(2), Duration::from_secs(65));
        assert_eq!(said, "20/s, 65s left, 3 MiB resident, 1 GiB spilled");
        assert_eq!((short(290_450_000), short(17)), ("276 MiB".into(), "17 B".into()));
    }
}
