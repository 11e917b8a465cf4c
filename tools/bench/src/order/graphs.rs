//! Reads files of recorded graphs: a JSON object a line. Nothing in them is trusted.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::lists::Lists;
use crate::error::{BenchError, Result};

/// The longest line that is read.
const MOST_BYTES: u64 = 256 << 20;

/// A recorded graph. Other fields than these are passed over.
#[derive(Debug, Deserialize)]
#[serde(expecting = "a graph: an object with name and dependencies")]
pub(super) struct Recorded {
    pub(super) name: String,
    /// If it is said, as many as there are lists of dependencies.
    tasks: Option<u64>,
    /// The numbers of the tasks that each task needs.
    pub(super) dependencies: Lists,
    /// The most outputs that Dask's order holds at once, where that is known.
    pub(super) dask_max_pressure: Option<u64>,
}

/// The graphs of one file.
#[derive(Debug)]
pub(super) struct Graphs {
    path: PathBuf,
    file: BufReader<File>,
    /// The line that was read last, and its number.
    text: Vec<u8>,
    line: u64,
    /// Names, each with its line: what is told of a graph could else be of another.
    names: HashMap<String, u64>,
}

impl Graphs {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(BenchError::io(path, "opening the file"))?;
        let file = BufReader::new(file);
        Ok(Self { path: path.to_owned(), file, text: Vec::new(), line: 0, names: HashMap::new() })
    }

    /// The next graph. Lines of blanks are passed over.
    pub(super) fn next(&mut self) -> Result<Option<Recorded>> {
        loop {
            self.text.clear();
            let read = (&mut self.file).take(MOST_BYTES + 1).read_until(b'\n', &mut self.text);
            if read.map_err(BenchError::io(&self.path, "reading"))? == 0 {
                return if self.names.is_empty() { Err(self.empty()) } else { Ok(None) };
            }
            self.line += 1;
            if self.text.len() as u64 > MOST_BYTES {
                return Err(self.error(format!("longer than {MOST_BYTES} bytes, expected at most so many")));
            }
            if !self.text.trim_ascii().is_empty() {
                return self.parse().map(Some);
            }
        }
    }

    fn empty(&self) -> BenchError {
        BenchError::file(&self.path, "no graph in it, expected a JSON object a line")
    }

    /// What is wrong with the line that was read last.
    pub(super) fn error(&self, problem: impl Into<String>) -> BenchError {
        BenchError::Line { path: self.path.clone(), line: self.line, problem: problem.into() }
    }

    fn parse(&mut self) -> Result<Recorded> {
        let recorded: Recorded =
            serde_json::from_slice(self.text.trim_ascii_end()).map_err(|error| self.error(describe(&error)))?;
        let lists = recorded.dependencies.len();
        if let Some(tasks) = recorded.tasks.filter(|&tasks| tasks != lists as u64) {
            let problem = format!("tasks is {tasks}, but dependencies has {lists} lists, expected one for each task");
            return Err(self.error(problem));
        }
        if let Some(problem) = recorded.dependencies.problem() {
            return Err(self.error(problem));
        }
        if let Some(before) = self.names.insert(recorded.name.clone(), self.line) {
            let name = super::shortened(&recorded.name);
            return Err(self.error(format!("the name {name} was that of line {before}, expected a name of its own")));
        }
        Ok(recorded)
    }
}

/// What the parser says, with the column alone: to it each line is the first. What it quotes of the line is shown without
/// what a terminal obeys.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
    let plain = |letter: char| if letter.is_control() { '?' } else { letter };
    format!("column {}: {}", error.column(), problem.chars().map(plain).take(200).collect::<String>())
}
