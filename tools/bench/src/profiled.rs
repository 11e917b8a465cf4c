//! `--report`: what was done when, in a file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thermocline::Observer;
use thermocline::diagnostics::profile::Profile;

use crate::cli::Run;
use crate::error::{BenchError, Result};

/// A profile on its way to a file, which is opened before anything runs.
pub(crate) struct Profiled {
    path: PathBuf,
    file: File,
    profile: Arc<Profile>,
}

impl Profiled {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).map_err(BenchError::io(path, "creating the file"))?;
        Ok(Self { path: path.to_owned(), file, profile: Arc::new(Profile::new()) })
    }

    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        self.profile.clone()
    }

    /// Writes what `run` did, as the file's name says.
    pub(crate) fn write(self, run: &Run, error: Option<&BenchError>) -> Result<()> {
        let mut report = self.profile.report().title(format!("bench run {}", run.workload.name()));
        if let Some(error) = error {
            report = report.failure(error.line());
        }
        for (name, value) in described(run) {
            report = report.setting(name, value);
        }
        let mut out = BufWriter::new(&self.file);
        let written = match self.path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => report.write_chrome_trace(&mut out),
            Some("jsonl") => report.write_json_lines(&mut out),
            _ => out.write_all(report.html().as_bytes()),
        };
        written.and_then(|()| out.flush()).map_err(BenchError::io(&self.path, "writing"))
    }
}

/// What was said on the command line beside the session's settings.
fn described(run: &Run) -> Vec<(&'static str, String)> {
    let list = |lengths: &[usize]| lengths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut said = Vec::new();
    if let Some(dir) = &run.dir {
        said.push(("folder", dir.display().to_string()));
    }
    if !run.files.is_empty() {
        said.push(("files", run.files.join(" ")));
    }
    if !run.csv.is_empty() {
        said.push(("CSV", run.csv.join(" ")));
    }
    if let Some(variable) = &run.var {
        said.push(("variable", variable.clone()));
    }
    if !run.chunks.is_empty() {
        said.push(("chunks", list(&run.chunks)));
    }
    if let Some(size) = run.size {
        said.push(("size", size.to_string()));
    }
    said
}
