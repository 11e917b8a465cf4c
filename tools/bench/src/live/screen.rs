//! What the live view shows, as lines of text.

use std::fmt::Write;
use std::time::Duration;

use thermocline::{ByteSize, Stats};

use super::watch::{Known, Layer};

/// So many workers have a line of their own.
const MOST_WORKERS: usize = 8;

/// What is shown beside what the events tell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Now {
    pub(crate) elapsed: Duration,
    pub(crate) stats: Stats,
    /// Bytes a second to scratch, back, and read, and tasks a second.
    pub(crate) rates: [f64; 4],
    /// The resident memory of the process.
    pub(crate) resident: Option<u64>,
}

/// The lines of a view of so many columns and lines; none is longer.
pub(crate) fn frame(known: &Known, now: &Now, columns: usize, lines: usize) -> Vec<String> {
    let mut out = head(known, now, columns);
    out.extend(workers(known));
    // One for what is left out, one for the line below the last.
    let left = lines.saturating_sub(out.len() + 2);
    out.extend(layers(&known.layers, columns, left));
    out.truncate(lines.saturating_sub(1));
    out.into_iter().map(|line| cut(&line, columns)).collect()
}

/// What stays when all is done.
pub(crate) fn summary(known: &Known, now: &Now, columns: usize) -> Vec<String> {
    let stats = &now.stats;
    let size = ByteSize::new;
    let mut out = vec![
        format!("{} in {}, {}", counted(stats.tasks, "task"), clock(now.elapsed), counted(known.runs[0].into(), "run")),
        format!("memory   {} at most, of {}", size(stats.ledger_peak_bytes), size(known.limit)),
        format!("scratch  {} out, {} back", size(stats.spilled_bytes), size(stats.reloaded_bytes)),
    ];
    let mut layers: Vec<&Layer> = known.layers.iter().filter(|layer| layer.done > 0).collect();
    layers.sort_by_key(|layer| std::cmp::Reverse(layer.time));
    let width = name_width(layers.iter().copied().take(10), columns);
    for layer in layers.iter().take(10) {
        out.push(format!(
            "{:<width$}  {:>13}  {:.2} s",
            cut(&layer.name, width),
            counted(layer.done, "task"),
            layer.time.as_secs_f64()
        ));
    }
    if layers.len() > 10 {
        out.push(format!("and {} more layers", layers.len() - 10));
    }
    out.into_iter().map(|line| cut(&line, columns)).collect()
}

/// One line, for where there is no terminal.
pub(crate) fn line(known: &Known, now: &Now) -> String {
    let [out, back, read, tasks] = now.rates;
    let stats = &now.stats;
    format!(
        "{} {}/{} tasks, {tasks:.0}/s, {} of {} charged, {} resident, {} on scratch, out {}, back {}, read {}, {} waiting",
        clock(now.elapsed),
        stats.tasks,
        known.tasks,
        ByteSize::new(stats.charged_bytes),
        ByteSize::new(known.limit),
        now.resident.map_or_else(|| "?".to_owned(), |bytes| ByteSize::new(bytes).to_string()),
        ByteSize::new(stats.scratch_bytes),
        rate(out),
        rate(back),
        rate(read),
        known.waiting,
    )
}

fn head(known: &Known, now: &Now, columns: usize) -> Vec<String> {
    let stats = &now.stats;
    let [out, back, read, tasks] = now.rates;
    let size = ByteSize::new;
    let left = known.tasks.saturating_sub(stats.tasks) as f64;
    let average = stats.tasks as f64 / now.elapsed.as_secs_f64().max(0.001);
    let until = if average > 0.0 { clock(Duration::from_secs_f64((left / average).min(1e9))) } else { "?".to_owned() };
    let bar = columns.saturating_sub(10).min(60);
    let mut memory = vec![format!("{} of {}", size(stats.charged_bytes), size(known.limit))];
    memory.extend(now.resident.map(|bytes| format!("process {}", size(bytes))));
    memory.push(format!("stated peak {}", size(known.stated_peak)));
    let disk = [("out", out), ("back", back), ("read", read)].map(|(name, bytes)| format!("{name} {}", rate(bytes)));
    let mut lines = vec![
        format!("{}  {}/{} tasks  {tasks:.0}/s  {until} left", clock(now.elapsed), stats.tasks, known.tasks),
        format!("tasks    {}", gauge(stats.tasks, known.tasks, None, bar)),
        format!("memory   {}", gauge(stats.charged_bytes, known.limit, Some(known.stated_peak), bar)),
    ];
    lines.extend(wrapped("", &memory, columns));
    lines.extend(wrapped("scratch", &[&[size(stats.scratch_bytes).to_string()], &disk[..]].concat(), columns));
    let verb = if known.waiting == 1 { "waits" } else { "wait" };
    lines.push(format!("waiting  {} {verb} for memory", counted(known.waiting, "task")));
    lines
}

/// A name and what there is to say of it, in as many lines as that takes.
fn wrapped(name: &str, parts: &[String], columns: usize) -> Vec<String> {
    let (mut lines, mut line, mut is_new) = (Vec::new(), format!("{name:<9}"), true);
    for part in parts {
        if !is_new && line.chars().count() + 2 + part.chars().count() > columns {
            lines.push(std::mem::replace(&mut line, format!("{:<9}", "")));
            is_new = true;
        }
        line.push_str(if is_new { "" } else { ", " });
        line.push_str(part);
        is_new = false;
    }
    lines.push(line);
    lines
}

/// A bar of so many columns, with a mark at `mark`.
fn gauge(value: u64, most: u64, mark: Option<u64>, columns: usize) -> String {
    let inner = columns.saturating_sub(2).max(1);
    let place = |value: u64| (value as f64 / most.max(1) as f64 * inner as f64).round().min(inner as f64) as usize;
    let full = place(value);
    let mark = mark.map(|mark| place(mark).saturating_sub(1));
    let cell = |at: usize| match at < full {
        _ if Some(at) == mark => '|',
        true => '=',
        false => ' ',
    };
    format!("[{}]", (0..inner).map(cell).collect::<String>())
}

fn workers(known: &Known) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, doing) in known.workers.iter().enumerate().take(MOST_WORKERS) {
        let mut line = format!("worker {number:<2}");
        let _infallible = match doing {
            Some(doing) => write!(line, "{:>6.1} s  {}", doing.since.elapsed().as_secs_f64(), doing.task),
            None => write!(line, "{:>8}", "idle"),
        };
        lines.push(line);
    }
    if known.workers.len() > MOST_WORKERS {
        let others = &known.workers[MOST_WORKERS..];
        let busy = others.iter().filter(|doing| doing.is_some()).count();
        lines.push(format!("and {} more workers, {busy} of them busy", others.len()));
    }
    lines
}

/// Layers that are not done; of those that are, as many as there is room for.
fn layers(layers: &[Layer], columns: usize, most: usize) -> Vec<String> {
    let is_done = |layer: &Layer| layer.done >= layer.tasks;
    let mut shown: Vec<usize> = (0..layers.len()).filter(|&at| !is_done(&layers[at])).collect();
    let hidden = shown.len().saturating_sub(most);
    shown.truncate(most);
    let room = most - shown.len();
    shown.extend((0..layers.len()).rev().filter(|&at| is_done(&layers[at])).take(room));
    shown.sort_unstable();
    let width = name_width(shown.iter().map(|&at| &layers[at]), columns);
    let line = |layer: &Layer| {
        let count = format!("{}/{}", layer.done, layer.tasks);
        let bar = columns.saturating_sub(width + 18).min(30);
        let bar = if bar < 6 { String::new() } else { gauge(layer.done, layer.tasks, None, bar) };
        format!("{:<width$}  {count:>13}  {bar}", cut(&layer.name, width))
    };
    let mut lines: Vec<String> = shown.iter().map(|&at| line(&layers[at])).collect();
    if hidden > 0 {
        lines.push(format!("and {hidden} more layers"));
    }
    lines
}

fn name_width<'a>(layers: impl Iterator<Item = &'a Layer>, columns: usize) -> usize {
    layers.map(|layer| layer.name.chars().count()).max().unwrap_or(0).clamp(6, (columns / 2).max(6))
}

/// Without control characters, which names may have, and no longer than that.
fn cut(text: &str, columns: usize) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(columns).collect()
}

fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn rate(bytes: f64) -> String {
    format!("{}/s", ByteSize::new(bytes as u64))
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let layer = |name: &str, tasks, done| Layer { name: name.into(), tasks, done, time: Duration::from_secs(done) };
        Known {
            limit: 128 << 20,
            stated_peak: 64 << 20,
            runs: [1, 0],
            tasks: 100,
            workers: vec![None; 10],
            layers: vec![layer("load-1", 50, 50), layer("mean\u{1b}[2J-2", 40, 10), layer("sum-3", 10, 0)],
            waiting: 3,
            ..Known::default()
        }
    }

    fn now() -> Now {
        let mut stats = Stats::default();
        (stats.tasks, stats.charged_bytes, stats.spilled_bytes) = (60, 32 << 20, 1 << 30);
        let rates = [2.0 * 1024.0 * 1024.0, 0.0, 0.0, 15.0];
        Now { elapsed: Duration::from_secs(4), stats, rates, resident: Some(40 << 20) }
    }

    #[test]
    fn a_frame_tells_workers_layers_memory_and_rates() {
        let frame = frame(&known(), &now(), 80, 30).join("\n");
        for part in [
            "00:00:04  60/100 tasks  15/s  00:00:02 left",
            "32 MiB of 128 MiB, process 40 MiB, stated peak 64 MiB",
            "out 2 MiB/s",
            "3 tasks wait for memory",
            "and 2 more workers, 0 of them busy",
            "10/40  [=",
        ] {
            assert!(frame.contains(part), "{part} in\n{frame}");
        }
        assert!(!frame.contains('\u{1b}'), "names stay names");
    }

    #[test]
    fn a_frame_fits_its_terminal() {
        for (columns, lines) in [(80, 20), (30, 40), (12, 40), (200, 22), (60, 5)] {
            let frame = frame(&known(), &now(), columns, lines);
            assert!(frame.iter().all(|line| line.chars().count() <= columns), "{frame:#?}");
            assert!(frame.len() < lines, "{} of {lines}", frame.len());
        }
        assert!(frame(&known(), &now(), 80, 18).last().unwrap().contains("more layers"));
    }

    #[test]
    fn a_gauge_is_full_at_most() {
        assert_eq!(gauge(5, 10, Some(8), 12), "[=====  |  ]");
        assert_eq!((gauge(30, 10, None, 6), gauge(0, 0, None, 5)), ("[====]".into(), "[   ]".into()));
    }

    #[test]
    fn what_stays_are_the_sums() {
        let summary = summary(&known(), &now(), 80).join("\n");
        assert!(summary.starts_with("60 tasks in 00:00:04, 1 run\n") && summary.contains("1 GiB out"), "{summary}");
        assert!(summary.contains("load-1") && !summary.contains("sum-3"), "{summary}");
    }
}
