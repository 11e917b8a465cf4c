//! Files made of a profile: a page for people, a trace for other viewers, lines for programs.

mod html;
mod json_lines;
mod machine;
mod page;
mod trace;

use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::diagnostics::profile::{Recording, Span};

/// What a [`Profile`](crate::diagnostics::profile::Profile) has taken down, to be written.
///
/// ```
/// use std::sync::Arc;
/// use thermocline::diagnostics::profile::Profile;
/// use thermocline::{Array, Session};
///
/// let profile = Arc::new(Profile::new());
/// let session = Session::builder().memory_limit("64MiB".parse()?).observer(profile.clone()).build()?;
/// session.compute(&Array::<f64>::ones(&[400, 100], [100, 100]).sum(..))?;
/// let report = profile.report().title("A sum").setting("rows", "400");
/// let mut lines = Vec::new();
/// report.write_json_lines(&mut lines)?;
/// assert!(String::from_utf8(lines)?.lines().any(|line| line.contains("\"type\":\"task\"")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Report {
    recording: Recording,
    title: String,
    more: Vec<(String, String)>,
    failure: Option<String>,
    machine: Vec<(&'static str, String)>,
}

impl Report {
    pub(crate) fn new(recording: Recording) -> Self {
        Self {
            recording,
            title: "thermocline".to_owned(),
            more: Vec::new(),
            failure: None,
            machine: machine::machine(),
        }
    }

    /// Sets its title.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds a setting of the program's own, to be shown with the session's.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.more.push((name.into(), value.into()));
        self
    }

    /// Says why the program failed: shown where no run tells, e.g. where one was refused.
    ///
    /// ```
    /// use thermocline::diagnostics::profile::Profile;
    ///
    /// let html = Profile::new().report().failure("the limit is below the floor").html();
    /// assert!(html.contains("<pre>the limit is below the floor</pre>"));
    /// ```
    pub fn failure(mut self, message: impl Into<String>) -> Self {
        self.failure = Some(message.into());
        self
    }

    /// As one page of HTML that needs nothing else: what each worker did when, memory beside limit and stated peak, rates
    /// of spilling and reading, the graphs, the layers, the settings, the machine, and why runs failed.
    #[must_use]
    pub fn html(&self) -> String {
        html::html(self)
    }

    /// In the format of Chrome's trace viewer, for <https://ui.perfetto.dev>: tasks, reloads and waits by worker, writes to
    /// scratch, memory.
    ///
    /// # Errors
    /// What `out` fails with.
    pub fn write_chrome_trace(&self, mut out: impl Write) -> io::Result<()> {
        trace::write(self, &mut out)
    }

    /// As JSON, an object a line: its `type` is `session`, `run`, `layer`, `task`, `spill`, `reload`, `redo`,
    /// `wait-memory`, `wait-inputs`, `memory` or `scratch-failed`. Times are microseconds (`_us`) since the profile was
    /// made, sizes bytes.
    ///
    /// # Errors
    /// What `out` fails with.
    pub fn write_json_lines(&self, mut out: impl Write) -> io::Result<()> {
        json_lines::write(self, &mut out)
    }

    /// The name of a span's layer.
    fn layer(&self, span: &Span) -> &str {
        let run = self.recording.runs.iter().rfind(|run| run.number == span.run);
        run.and_then(|run| run.layers.get(span.layer as usize)).map_or("", |layer| &layer.name)
    }

    /// The session's settings, then the program's.
    fn settings(&self) -> Vec<(String, String)> {
        let own = |(name, value, origin): &(&str, String, crate::config::Origin)| {
            ((*name).to_owned(), format!("{value} ({origin})"))
        };
        self.recording.settings.iter().map(own).chain(self.more.iter().cloned()).collect()
    }
}

/// Whole microseconds and parts of one.
fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
