//! The page. What it says stands in it as text and tables; its script draws what changes with the pointer.

use std::fmt::Write;
use std::time::Duration;

use super::page;
use super::{Report, unix_seconds};
use crate::diagnostics::escape::xml;
use crate::diagnostics::picture::{Colour, ColourBy, caption, svg_without_legend};
use crate::diagnostics::profile::{RunInfo, Totals};
use crate::units::ByteSize;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Nothing is loaded from anywhere, and the browser is told to refuse it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The whole page. Writing to a string does not fail.
pub(super) fn html(report: &Report) -> String {
    let title = xml(&report.title);
    let data = page::data(report).to_string().replace('<', "\\u003c");
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n\
         <p id=\"created\" data-unix=\"{}\">profile of a thermocline session</p>\n</header>\n<main>\n",
        unix_seconds(report.recording.created),
    );
    failures(&mut out, report);
    tiles(&mut out, report);
    stream(&mut out, report);
    layers(&mut out, report);
    pictures(&mut out, report);
    runs(&mut out, report);
    facts(&mut out, report);
    let _infallible = writeln!(
        out,
        "</main>\n<div id=\"tip\" role=\"tooltip\" hidden></div>\n\
         <script type=\"application/json\" id=\"data\">{data}</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>"
    );
    out
}

/// What failed, of what, and for what.
fn failures(out: &mut String, report: &Report) {
    for run in &report.recording.runs {
        let Some(failure) = run.end().and_then(|end| end.failure) else { continue };
        let of = if report.recording.runs.len() > 1 { format!("Run {}", run.number) } else { "The run".to_owned() };
        let _infallible = writeln!(out, "<section class=\"failure\"><h2>{of} failed</h2>");
        if let Some(task) = &failure.task {
            let _infallible = writeln!(out, "<p>Task <code>{}</code>:</p>", xml(task));
        }
        let _infallible = writeln!(out, "<pre>{}</pre>", xml(&failure.message));
        if !failure.inputs.is_empty() {
            out.push_str("<h3>What it was given</h3>\n<ul>\n");
            for input in &failure.inputs {
                let what = input.what.as_deref().map(|what| format!("{}, ", xml(what))).unwrap_or_default();
                let _infallible = writeln!(out, "<li><code>{}</code>: {what}{}</li>", xml(&input.key), input.bytes);
            }
            let more = failure.input_count.saturating_sub(failure.inputs.len());
            if more > 0 {
                let _infallible = writeln!(out, "<li>and {more} more</li>");
            }
            out.push_str("</ul>\n");
        }
        if !failure.needed_by.is_empty() {
            let chain: Vec<String> =
                failure.needed_by.iter().map(|key| format!("<li><code>{}</code></li>", xml(key))).collect();
            let _infallible = writeln!(out, "<h3>What needed it</h3>\n<ol>{}</ol>", chain.concat());
        }
        out.push_str("</section>\n");
    }
    let told = report.recording.runs.iter().any(|run| run.end().is_some_and(|end| end.failure.is_some()));
    if let Some(message) = report.failure.as_ref().filter(|_| !told) {
        let message = xml(message);
        let _infallible =
            writeln!(out, "<section class=\"failure\"><h2>It failed</h2>\n<pre>{message}</pre>\n</section>");
    }
    if !report.recording.troubles.is_empty() {
        out.push_str("<section class=\"failure\"><h2>Scratch failed</h2>\n<ul>\n");
        for (at, message) in &report.recording.troubles {
            let _infallible = writeln!(out, "<li>after {}: {}</li>", duration(*at), xml(message));
        }
        out.push_str("</ul></section>\n");
    }
}

/// The figures.
fn tiles(out: &mut String, report: &Report) {
    let recording = &report.recording;
    let stats = &recording.stats;
    let size = |bytes: u64| ByteSize::new(bytes).to_string();
    let stated = recording.runs.iter().map(|run| run.promise.stated_peak).max().unwrap_or(0);
    let floor = recording.runs.iter().map(|run| run.promise.floor).max().unwrap_or(0);
    let resident = recording.samples.iter().filter_map(|sample| sample.rss).max().unwrap_or(0);
    let busy: Duration = recording.busy.iter().map(|(_, busy)| busy.total()).sum();
    let running = running(report);
    let share = 100.0 * busy.as_secs_f64() / (running.as_secs_f64() * recording.threads.max(1) as f64).max(1e-9);
    let tiles = [
        ("time in runs", duration(running), counted(recording.runs.len() as u64, "run")),
        ("tasks", grouped(stats.tasks), format!("{} made again", grouped(stats.redone_tasks))),
        ("workers", recording.threads.to_string(), format!("busy {:.0} % of the time", share.min(100.0))),
        ("memory limit", size(recording.limit), format!("stated peak {}, floor {}", size(stated), size(floor))),
        ("ledger peak", size(stats.ledger_peak_bytes), format!("process {}", size(resident))),
        ("to scratch", size(stats.spilled_bytes), format!("back {}", size(stats.reloaded_bytes))),
        ("read", size(stats.input_bytes), format!("{} through HDF5", size(stats.library_bytes))),
    ];
    out.push_str("<section class=\"tiles\" aria-label=\"figures\">\n");
    for (name, value, more) in tiles {
        let _infallible = writeln!(out, "<div><span>{name}</span><strong>{value}</strong><small>{more}</small></div>");
    }
    out.push_str("</section>\n");
}

/// For how long runs were under way: where they overlap, once.
fn running(report: &Report) -> Duration {
    let mut spans: Vec<(Duration, Duration)> = Vec::new();
    for run in &report.recording.runs {
        spans.push((run.started, run.end().map_or(report.recording.length, |end| end.at)));
    }
    spans.sort_unstable();
    let mut total = Duration::ZERO;
    let mut until = Duration::ZERO;
    for (start, end) in spans {
        total += end.saturating_sub(start.max(until));
        until = until.max(end);
    }
    total
}

/// The drawings, which the script fills.
fn stream(out: &mut String, report: &Report) {
    let (kept, seen) = (report.recording.tasks.0.len() as u64, report.recording.tasks.1);
    let (kept_others, seen_others) = (report.recording.others.0.len() as u64, report.recording.others.1);
    let mut sampled = String::new();
    if kept < seen || kept_others < seen_others {
        let _infallible = writeln!(
            sampled,
            "<p class=\"sampled\">Sampled: {} of {} tasks and {} of {} spills, reloads and waits are drawn, evenly from \
             first to last. The grey ground of a worker's row is how busy it was, of all its tasks; the sums of the \
             layers are of all, too.</p>",
            grouped(kept),
            grouped(seen),
            grouped(kept_others),
            grouped(seen_others),
        );
    }
    if report.recording.runs_left_out > 0 {
        let left_out = report.recording.runs_left_out;
        let _infallible = writeln!(sampled, "<p class=\"sampled\">{left_out} later runs are not in this report.</p>");
    }
    let _infallible = writeln!(
        out,
        "<section id=\"time\">\n<h2>What was done when</h2>\n{sampled}<div class=\"controls\">\
         <button type=\"button\" data-zoom=\"in\" aria-label=\"zoom in\">+</button>\
         <button type=\"button\" data-zoom=\"out\" aria-label=\"zoom out\">−</button>\
         <button type=\"button\" data-zoom=\"all\">all</button>\
         <span class=\"hint\">drag to move; pinch, Ctrl and wheel, or + and − to zoom; rest on a task to read it</span></div>\n\
         <canvas id=\"stream\" tabindex=\"0\" role=\"img\" aria-label=\"tasks of each worker over time\"></canvas>\n\
         <div id=\"legend\" class=\"legend\"></div>\n\
         <h3>Memory</h3>\n<canvas id=\"memory\" role=\"img\" aria-label=\"memory over time, with limit and stated peak\">\
         </canvas>\n<div id=\"memory-legend\" class=\"legend\"></div>\n\
         <h3>Rates</h3>\n<canvas id=\"rates\" role=\"img\" aria-label=\"bytes a second to scratch, back, and read\">\
         </canvas>\n<div id=\"rates-legend\" class=\"legend\"></div>\n</section>"
    );
}

/// The table of layers. Each cell has its number for sorting.
fn layers(out: &mut String, report: &Report) {
    const HEADS: [&str; 13] = [
        "layer",
        "run",
        "tasks",
        "time",
        "mean",
        "longest",
        "output",
        "spills",
        "spilled",
        "reloads",
        "reloaded",
        "made again",
        "waited",
    ];
    out.push_str("<section><h2>Layers</h2>\n<div class=\"scroll\"><table id=\"layers\"><thead><tr>");
    for head in HEADS {
        let _infallible = write!(out, "<th scope=\"col\"><button type=\"button\">{head}</button></th>");
    }
    out.push_str("</tr></thead><tbody>\n");
    for run in &report.recording.runs {
        let none = Vec::new();
        let totals = report.recording.totals.get(&run.number).unwrap_or(&none);
        for (at, layer) in run.layers.iter().enumerate() {
            let totals = totals.get(at).copied().unwrap_or_default();
            row(out, run, at, (&layer.name, layer.tasks), &totals);
        }
    }
    out.push_str("</tbody></table></div></section>\n");
}

fn row(out: &mut String, run: &RunInfo, at: usize, (name, tasks): (&str, u64), totals: &Totals) {
    let _infallible = write!(
        out,
        "<tr><th scope=\"row\"><i class=\"swatch\" style=\"background:{}\"></i>{}</th>",
        Colour::of_layer(at).hex(),
        xml(name),
    );
    let mut cell = |number: f64, text: String| {
        let _infallible = write!(out, "<td data-n=\"{number}\">{text}</td>");
    };
    let time = |time: Duration| (time.as_secs_f64(), duration(time));
    let size = |bytes: u64| (bytes as f64, if bytes == 0 { "–".to_owned() } else { ByteSize::new(bytes).to_string() });
    let count = |count: u64| (count as f64, if count == 0 { "–".to_owned() } else { grouped(count) });
    let all = totals.done + totals.failed;
    let done = match (all == tasks, totals.failed) {
        (true, 0) => grouped(tasks),
        (_, 0) => format!("{} of {}", grouped(all), grouped(tasks)),
        (_, failed) => format!("{} of {}, {failed} failed", grouped(all), grouped(tasks)),
    };
    let mean = totals.time.checked_div(u32::try_from(all).unwrap_or(u32::MAX)).unwrap_or_default();
    let cells = [
        (f64::from(run.number), run.number.to_string()),
        (all as f64, done),
        time(totals.time),
        time(mean),
        time(totals.longest),
        size(totals.bytes),
        count(totals.spills),
        size(totals.spilled),
        count(totals.reloads),
        size(totals.reloaded),
        count(totals.redone),
        time(totals.waited_memory + totals.waited_inputs),
    ];
    cells.into_iter().for_each(|(number, text)| cell(number, text));
    out.push_str("</tr>\n");
}

/// The graphs.
fn pictures(out: &mut String, report: &Report) {
    let drawn: Vec<_> = report.recording.runs.iter().filter_map(|run| Some((run, run.sketch.as_ref()?))).collect();
    if drawn.is_empty() {
        return;
    }
    out.push_str(
        "<section id=\"graphs\"><h2>Graphs</h2>\n<div class=\"controls\"><label>coloured by <select id=\"colour\">",
    );
    for by in ColourBy::ALL {
        let chosen = if by == ColourBy::Layer { " selected" } else { "" };
        let _infallible = write!(out, "<option{chosen}>{}</option>", by.name());
    }
    out.push_str(
        "</select></label><button type=\"button\" data-scale=\"1.5\" aria-label=\"enlarge graphs\">+</button>\
         <button type=\"button\" data-scale=\"0.667\" aria-label=\"shrink graphs\">−</button></div>\n",
    );
    for (at, (run, sketch)) in drawn.iter().enumerate() {
        let open = if at == 0 { " open" } else { "" };
        let _infallible = writeln!(
            out,
            "<details class=\"graph\" data-run=\"{}\"{open}><summary>run {}: <span class=\"caption\">{}</span></summary>\n\
             <div class=\"scroll\">{}</div></details>",
            run.number,
            run.number,
            xml(&caption(sketch, ColourBy::Layer)),
            svg_without_legend(sketch, ColourBy::Layer),
        );
    }
    let (drawn, runs) = (drawn.len(), report.recording.runs.len());
    if drawn < runs {
        let _infallible =
            writeln!(out, "<p class=\"sampled\">The graphs of the first {drawn} of {runs} runs are drawn.</p>");
    }
    out.push_str("</section>\n");
}

/// The table of runs.
fn runs(out: &mut String, report: &Report) {
    out.push_str(
        "<section><h2>Runs</h2>\n<div class=\"scroll\"><table><thead><tr><th>run</th><th>began after</th><th>took</th>\
         <th>tasks</th><th>stated peak</th><th>floor</th><th>expected spill</th><th>ended</th></tr></thead><tbody>\n",
    );
    for run in &report.recording.runs {
        let end = run.end();
        let took = end.as_ref().map_or_else(|| "–".to_owned(), |end| duration(end.at.saturating_sub(run.started)));
        let ended = match end.map(|end| end.failure) {
            None => "under way",
            Some(None) => "well",
            Some(Some(_)) => "failed",
        };
        let size = ByteSize::new;
        let promise = &run.promise;
        let _infallible = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{took}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{ended}</td></tr>",
            run.number,
            duration(run.started),
            grouped(run.tasks as u64),
            size(promise.stated_peak),
            size(promise.floor),
            size(promise.expected_spill),
        );
    }
    out.push_str("</tbody></table></div></section>\n");
}

/// Settings and machine.
fn facts(out: &mut String, report: &Report) {
    let machine = report.machine.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    for (name, facts) in [("Settings", report.settings()), ("Machine", machine)] {
        let _infallible = write!(out, "<section class=\"facts\"><h2>{name}</h2>\n<dl>");
        for (name, value) in facts {
            let _infallible = write!(out, "<dt>{}</dt><dd>{}</dd>", xml(&name), xml(&value));
        }
        out.push_str("</dl></section>\n");
    }
}

/// A time as people read it.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        _ if time.is_zero() => "–".to_owned(),
        _ if seconds >= 3600.0 => format!("{:.0} h {:02.0} min", (seconds / 3600.0).floor(), (seconds % 3600.0) / 60.0),
        _ if seconds >= 100.0 => format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), seconds % 60.0),
        _ if seconds >= 1.0 => format!("{seconds:.2} s"),
        _ if seconds >= 1e-3 => format!("{:.1} ms", seconds * 1e3),
        _ => format!("{:.1} µs", seconds * 1e6),
    }
}

fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A number with spaces between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut out = digits[..first].to_owned();
    for group in digits.as_bytes()[first..].chunks(3) {
        if !out.is_empty() {
            out.push('\u{202f}');
        }
        out.extend(group.iter().map(|&digit| char::from(digit)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_are_readable() {
        let times = [0, 1_500, 2_500_000, 3_210_000_000, 125_000_000_000, 7_260_000_000_000].map(Duration::from_nanos);
        let expected = ["–", "1.5 µs", "2.5 ms", "3.21 s", "2 min 05 s", "2 h 01 min"];
        assert_eq!(times.map(duration), expected);
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
    }
}
