//! A profile in the format of Chrome's trace viewer, which Perfetto opens, too.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Report, micros};
use crate::diagnostics::profile::{Kind, Sample, Span};

/// The number of the row of the thread that writes to scratch: behind those of the workers.
fn scratch_row(report: &Report) -> u32 {
    let workers = report.recording.busy.last().map_or(0, |&(worker, _)| worker + 1);
    workers.max(report.recording.threads as u32)
}

/// Writes one object with all events. Times are microseconds.
pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let scratch = scratch_row(report);
    write!(out, "{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")?;
    write!(out, "{}", named("process_name", 0, &report.title))?;
    for worker in 0..scratch {
        write!(out, ",\n{}", named("thread_name", worker, &format!("worker {worker}")))?;
    }
    write!(out, ",\n{}", named("thread_name", scratch, "writing to scratch"))?;
    for span in report.recording.tasks.0.iter().chain(&report.recording.others.0) {
        write!(out, ",\n{}", of_span(span, report.layer(span), scratch))?;
    }
    for sample in &report.recording.samples {
        write!(out, ",\n{}", of_sample(sample))?;
    }
    writeln!(out, "]}}")
}

fn named(what: &str, row: u32, name: &str) -> Value {
    json!({"ph": "M", "name": what, "pid": 1, "tid": row, "args": {"name": name}})
}

fn of_span(span: &Span, layer: &str, scratch: u32) -> String {
    let key = span.key(layer);
    let name = match span.kind {
        Kind::Task { .. } => key.clone(),
        other => format!("{} {key}", other.name()),
    };
    let row = span.worker.unwrap_or(scratch);
    let args = json!({"key": key, "run": span.run, "bytes": span.bytes, "stored": span.stored});
    let mut event = json!({"ph": "X", "name": name, "cat": span.kind.name(), "pid": 1, "tid": row, "args": args});
    event["ts"] = micros(span.start).into();
    // Several writes are under way at a time, and a worker does other things while one of its tasks waits for memory.
    if !matches!(span.kind, Kind::Spill | Kind::WaitMemory) {
        event["dur"] = micros(span.elapsed).into();
        return event.to_string();
    }
    event["ph"] = "b".into();
    event["id"] = format!("{}-{}-{}", span.run, key, span.start.as_nanos()).into();
    let begin = event.to_string();
    event["ph"] = "e".into();
    event["ts"] = micros(span.end()).into();
    format!("{begin},\n{event}")
}

fn of_sample(sample: &Sample) -> Value {
    json!({
        "ph": "C", "name": "memory", "pid": 1, "ts": micros(sample.at),
        "args": {
            "charged": sample.stats.charged_bytes,
            "resident": sample.rss.unwrap_or(0),
            "scratch": sample.stats.scratch_bytes,
        },
    })
}
