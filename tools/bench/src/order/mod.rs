//! Orders recorded task graphs, and counts what one worker holds that follows the order.
//!
//! The order is the library's, by [`Graph::order`]: no sizes are known, so outputs are counted. The count here is made anew
//! from the order, by the rule of the recorded figures: just before each task runs, without its own output; an output is
//! held from when its task ran until the last task that needs it ran, and not at all where none does.

mod graphs;
mod lists;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use graphs::{Graphs, Recorded};
use lists::Lists;
use serde::Serialize;
use thermocline::Error;
use thermocline::chunk::Chunk;
use thermocline::graph::{Graph, Key, Task, TaskFn};

use crate::cli::Order;
use crate::error::{BenchError, Result};
use crate::interrupt::Interrupt;
use crate::print;

/// As many letters of a name as the table has room for.
const NAME: usize = 44;

/// As many tasks of a cycle as a message has room for.
const CYCLE: usize = 12;

/// What is told of a graph to other programs, which rely on the names.
#[derive(Debug, Serialize)]
struct Line<'a> {
    name: &'a str,
    tasks: usize,
    /// The most outputs held at once.
    pressure: usize,
    dask_max_pressure: Option<u64>,
    /// For the order alone, not for building the graph.
    seconds: f64,
    /// When each task runs, by its number: 0 is first.
    order: &'a [u32],
}

/// How many graphs hold less than with Dask's order, as much, and more.
#[derive(Debug, Default)]
struct Summary {
    graphs: usize,
    tasks: usize,
    seconds: f64,
    below: usize,
    equal: usize,
    above: usize,
}

/// Orders the graphs of all files.
pub(crate) fn order(options: &Order, interrupt: &Interrupt) -> Result<()> {
    let (options, flag) = (options.clone(), interrupt.clone());
    // A graph's order can't be interrupted, so Ctrl-C may leave it behind.
    interrupt.guard(move || order_all(&options, &flag), |_| ())
}

fn order_all(options: &Order, interrupt: &Interrupt) -> Result<()> {
    let mut json = match &options.json {
        Some(path) => Some(JsonLines::create(path, &options.files)?),
        None => None,
    };
    print(&format!("{:<NAME$} {:>9} {:>9} {:>9} {:>9}\n", "name", "tasks", "pressure", "Dask's", "seconds"))?;
    let mut summary = Summary::default();
    for path in &options.files {
        let mut graphs = Graphs::open(path)?;
        while let Some(recorded) = graphs.next()? {
            if interrupt.flag().load(Ordering::SeqCst) {
                return Err(BenchError::Cancelled);
            }
            let (order, seconds) = order_one(&recorded.dependencies).map_err(|problem| graphs.error(problem))?;
            let line = line(&recorded, &order, seconds);
            summary.add(&line);
            print(&line.row())?;
            if let Some(json) = &mut json {
                json.write(&line)?;
            }
        }
    }
    if let Some(json) = json {
        json.finish()?;
    }
    print(&format!("{}\n", summary.sentence()))
}

/// The place of each task in the library's order, and how long that took to find.
fn order_one(needs: &Lists) -> Result<(Vec<u32>, f64), String> {
    let name: Arc<str> = "task".into();
    let run: TaskFn = Arc::new(|_, _| Ok(Chunk::new(())));
    let key = |task: u32| Key::indexed(name.clone(), [task]);
    let task = |at: u32| Task::new(key(at), needs.get(at as usize).iter().map(|&need| key(need)), run.clone());
    let graph = Graph::new((0..needs.len() as u32).map(task)).map_err(|error| match error {
        Error::Cycle { keys } => describe_cycle(&keys),
        other => other.to_string(),
    })?;
    let start = Instant::now();
    let order = graph.order();
    let seconds = start.elapsed().as_secs_f64();
    let mut places = vec![0; needs.len()];
    for (place, task) in order.sequence().iter().enumerate() {
        places[task.index()] = place as u32;
    }
    Ok((places, seconds))
}

fn describe_cycle(keys: &[String]) -> String {
    let (shown, rest) = keys.split_at(keys.len().min(CYCLE));
    let rest = if rest.is_empty() { String::new() } else { format!(" -> … ({} tasks in all)", keys.len() - 1) };
    format!("the tasks need each other in a cycle: {}{rest}; expected none", shown.join(" -> "))
}

fn line<'a>(recorded: &'a Recorded, order: &'a [u32], seconds: f64) -> Line<'a> {
    Line {
        name: &recorded.name,
        tasks: order.len(),
        pressure: pressure(&recorded.dependencies, order),
        dask_max_pressure: recorded.dask_max_pressure,
        seconds,
        order,
    }
}

/// The most outputs held at once where each task runs at its place.
fn pressure(needs: &Lists, places: &[u32]) -> usize {
    let mut sequence = vec![0; places.len()];
    places.iter().enumerate().for_each(|(task, &place)| sequence[place as usize] = task);
    let mut readers = vec![0_u32; places.len()];
    needs.items().iter().for_each(|&need| readers[need as usize] += 1);
    let (mut held, mut most) = (0_usize, 0);
    for task in sequence {
        most = most.max(held);
        held += usize::from(readers[task] > 0);
        for &need in needs.get(task) {
            readers[need as usize] -= 1;
            held -= usize::from(readers[need as usize] == 0);
        }
    }
    most
}

impl Line<'_> {
    fn row(&self) -> String {
        let dask = self.dask_max_pressure.map_or_else(|| "-".to_owned(), |pressure| pressure.to_string());
        let (tasks, pressure) = (self.tasks, self.pressure);
        format!("{:<NAME$} {tasks:>9} {pressure:>9} {dask:>9} {:>9.3}\n", shortened(self.name), self.seconds)
    }
}

/// A name as a terminal may be shown it.
fn shortened(name: &str) -> String {
    let mut letters = name.chars().flat_map(char::escape_debug);
    let mut shown: String = letters.by_ref().take(NAME).collect();
    if letters.next().is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

impl Summary {
    fn add(&mut self, line: &Line<'_>) {
        self.graphs += 1;
        self.tasks += line.tasks;
        self.seconds += line.seconds;
        if let Some(dask) = line.dask_max_pressure {
            let counter = match (line.pressure as u64).cmp(&dask) {
                std::cmp::Ordering::Less => &mut self.below,
                std::cmp::Ordering::Equal => &mut self.equal,
                std::cmp::Ordering::Greater => &mut self.above,
            };
            *counter += 1;
        }
    }

    fn sentence(&self) -> String {
        let Self { graphs, tasks, seconds, below, equal, above } = self;
        let compared = below + equal + above;
        let rest = if compared == *graphs { String::new() } else { format!(", {} without", graphs - compared) };
        format!(
            "{graphs} graphs, {tasks} tasks, {seconds:.3} s: {below} below Dask's pressure, {equal} equal, {above} above{rest}"
        )
    }
}

/// The file that the lines are written to.
struct JsonLines {
    path: PathBuf,
    file: BufWriter<File>,
}

impl JsonLines {
    /// Opened before anything is ordered; it must not be one of the `inputs`, which would then be empty.
    fn create(path: &Path, inputs: &[PathBuf]) -> Result<Self> {
        let identity = |path: &Path| fs::metadata(path).ok().map(|data| (data.dev(), data.ino()));
        if let Some(own) = identity(path)
            && inputs.iter().any(|input| identity(input) == Some(own))
        {
            let problem = format!("--json {}: this is one of the files to be read; name another", path.display());
            return Err(BenchError::Usage(problem));
        }
        let file = File::create(path).map_err(BenchError::io(path, "creating the file"))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    fn write(&mut self, line: &Line<'_>) -> Result<()> {
        serde_json::to_writer(&mut self.file, line)
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(self.file))
            .map_err(BenchError::io(&self.path, "writing"))
    }

    fn finish(mut self) -> Result<()> {
        self.file.flush().map_err(BenchError::io(&self.path, "writing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_follows_the_rule() {
        // 2 reads 0 and 1, 3 reads 2 and 0; 4 is read by nobody.
        let needs = Lists::of(&[&[], &[], &[0, 1], &[0, 2], &[]]);
        assert_eq!(pressure(&needs, &[0, 1, 2, 3, 4]), 2);
        // As late as can be told: before 3, both 0 and 2 are held, with 1 gone.
        assert_eq!(pressure(&needs, &[1, 2, 3, 4, 0]), 2);
        assert_eq!(pressure(&Lists::of(&[&[], &[], &[], &[0, 1, 2]]), &[0, 1, 2, 3]), 3);
        assert_eq!(pressure(&Lists::of(&[]), &[]), 0);
    }

    #[test]
    fn names_are_shown_without_what_a_terminal_obeys() {
        assert_eq!(shortened("mean\u{1b}[2J\n"), "mean\\u{1b}[2J\\n");
        let long = "é".repeat(1000);
        assert_eq!(shortened(&long).chars().count(), NAME);
        assert!(shortened(&long).ends_with('…') && !shortened(&long[..2 * NAME]).ends_with('…'));
    }

    #[test]
    fn a_long_cycle_is_shortened() {
        let keys = |count: u32| (0..=count).map(|at| format!("task({})", at % count)).collect::<Vec<_>>();
        let text = describe_cycle(&keys(2));
        assert!(text.contains("cycle: task(0) -> task(1) -> task(0); expected none"), "{text}");
        let text = describe_cycle(&keys(1000));
        assert!(text.contains("task(11) -> … (1000 tasks in all)"), "{text}");
    }
}
