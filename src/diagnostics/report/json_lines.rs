//! A profile as JSON, an object a line.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Report, micros};
use crate::diagnostics::profile::{End, Kind, RunInfo, Sample, Span, Totals};

/// Writes a line for the session, then for each run, layer, span and sample.
pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let recording = &report.recording;
    line(out, &session(report))?;
    for run in &recording.runs {
        line(out, &of_run(run))?;
        let none = Vec::new();
        let totals = recording.totals.get(&run.number).unwrap_or(&none);
        for (at, layer) in run.layers.iter().enumerate() {
            let totals = totals.get(at).copied().unwrap_or_default();
            line(out, &of_layer(run.number, &layer.name, layer.tasks, &totals))?;
        }
    }
    for span in recording.tasks.0.iter().chain(&recording.others.0) {
        line(out, &of_span(span, report.layer(span)))?;
    }
    for sample in &recording.samples {
        line(out, &of_sample(sample))?;
    }
    for (at, message) in &recording.troubles {
        line(out, &json!({"type": "scratch-failed", "at_us": micros(*at), "message": message}))?;
    }
    Ok(())
}

fn line(out: &mut impl Write, value: &Value) -> io::Result<()> {
    writeln!(out, "{value}")
}

fn session(report: &Report) -> Value {
    let recording = &report.recording;
    let settings: serde_json::Map<String, Value> =
        report.settings().into_iter().map(|(name, value)| (name, value.into())).collect();
    let machine: serde_json::Map<String, Value> =
        report.machine.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
    json!({
        "type": "session",
        "title": report.title,
        "created_unix_s": super::unix_seconds(recording.created),
        "length_us": micros(recording.length),
        "memory_limit": recording.limit,
        "threads": recording.threads,
        "ledger_peak": recording.stats.ledger_peak_bytes,
        "spilled": recording.stats.spilled_bytes,
        "reloaded": recording.stats.reloaded_bytes,
        "read": recording.stats.input_bytes,
        "tasks": recording.tasks.1,
        "tasks_kept": recording.tasks.0.len(),
        "others": recording.others.1,
        "others_kept": recording.others.0.len(),
        "runs_left_out": recording.runs_left_out,
        "failure": report.failure,
        "settings": settings,
        "machine": machine,
    })
}

pub(super) fn of_run(run: &RunInfo) -> Value {
    let end = run.end();
    json!({
        "type": "run",
        "run": run.number,
        "start_us": micros(run.started),
        "end_us": end.as_ref().map(|end| micros(end.at)),
        "tasks": run.tasks,
        "stated_peak": run.promise.stated_peak,
        "floor": run.promise.floor,
        "expected_spill": run.promise.expected_spill,
        "failure": failure(end.as_ref()),
    })
}

/// Why a run failed: what failed, of what, for what.
fn failure(end: Option<&End>) -> Value {
    let Some(failure) = end.and_then(|end| end.failure.as_ref()) else { return Value::Null };
    let inputs: Vec<Value> = failure
        .inputs
        .iter()
        .map(|input| json!({"key": input.key, "what": input.what, "bytes": input.bytes.bytes()}))
        .collect();
    json!({
        "message": failure.message,
        "task": failure.task,
        "inputs": inputs,
        "input_count": failure.input_count,
        "needed_by": failure.needed_by,
    })
}

pub(super) fn of_layer(run: u32, name: &str, tasks: u64, totals: &Totals) -> Value {
    json!({
        "type": "layer",
        "run": run,
        "layer": name,
        "tasks": tasks,
        "done": totals.done,
        "failed": totals.failed,
        "time_us": micros(totals.time),
        "longest_us": micros(totals.longest),
        "bytes": totals.bytes,
        "waited_memory_us": micros(totals.waited_memory),
        "waited_inputs_us": micros(totals.waited_inputs),
        "spills": totals.spills,
        "spilled": totals.spilled,
        "reloads": totals.reloads,
        "reloaded": totals.reloaded,
        "redone": totals.redone,
    })
}

fn of_span(span: &Span, layer: &str) -> Value {
    let mut value = json!({
        "type": span.kind.name(),
        "run": span.run,
        "key": span.key(layer),
        "worker": span.worker,
        "start_us": micros(span.start),
        "duration_us": micros(span.elapsed),
    });
    match span.kind {
        Kind::Task { ok } => {
            value["bytes"] = span.bytes.into();
            value["ok"] = ok.into();
        }
        Kind::Spill => {
            value["bytes"] = span.bytes.into();
            value["stored"] = span.stored.into();
        }
        Kind::Reload { in_place } => {
            value["bytes"] = span.bytes.into();
            value["stored"] = span.stored.into();
            value["in_place"] = in_place.into();
        }
        Kind::Redo | Kind::WaitMemory | Kind::WaitInputs => {}
    }
    value
}

fn of_sample(sample: &Sample) -> Value {
    json!({
        "type": "memory",
        "at_us": micros(sample.at),
        "charged": sample.stats.charged_bytes,
        "resident": sample.rss,
        "scratch": sample.stats.scratch_bytes,
        "spilled": sample.stats.spilled_bytes,
        "reloaded": sample.stats.reloaded_bytes,
        "read": sample.stats.input_bytes,
        "tasks": sample.stats.tasks,
    })
}
