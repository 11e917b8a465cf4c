//! What the page's script draws, as JSON: lists of numbers, one entry a span.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Report, micros};
use crate::diagnostics::picture::{Colour, ColourBy, caption, colours};
use crate::diagnostics::profile::{Kind, Span};
use crate::event::Label;

/// Layers of all runs, numbered as the page's spans name them.
struct Layers {
    list: Vec<Value>,
    /// Where the layers of each run begin.
    starts: HashMap<u32, u32>,
}

impl Layers {
    fn new(report: &Report) -> Self {
        let mut layers = Self { list: Vec::new(), starts: HashMap::new() };
        for run in &report.recording.runs {
            layers.starts.insert(run.number, layers.list.len() as u32);
            let own = run.layers.iter().enumerate();
            layers.list.extend(own.map(|(at, layer)| json!([layer.name, Colour::of_layer(at).hex(), run.number])));
        }
        layers
    }

    fn number(&self, span: &Span) -> u32 {
        self.starts.get(&span.run).map_or(0, |start| start + span.layer)
    }
}

/// All of it.
pub(super) fn data(report: &Report) -> Value {
    let recording = &report.recording;
    let layers = Layers::new(report);
    let busy = recording.busy.iter().map(|(worker, busy)| {
        let (width, shares) = busy.shares();
        let shares: Vec<u32> = shares.into_iter().map(|share| (share * 100.0).round().min(100.0) as u32).collect();
        json!({"worker": worker, "width": micros(width), "shares": shares})
    });
    let runs = recording.runs.iter().map(|run| {
        let end = run.end().map_or(recording.length, |end| end.at);
        json!({"run": run.number, "start": micros(run.started), "end": micros(end), "peak": run.promise.stated_peak})
    });
    json!({
        "length": micros(recording.length),
        "limit": recording.limit,
        "threads": recording.threads,
        "sampled": (recording.tasks.0.len() as u64) < recording.tasks.1,
        "tasks": spans(&recording.tasks.0, &layers),
        "others": spans(&recording.others.0, &layers),
        "busy": busy.collect::<Vec<_>>(),
        "runs": runs.collect::<Vec<_>>(),
        "samples": samples(report),
        "pictures": pictures(report),
        "layers": layers.list,
    })
}

/// Columns, so that names stand once. Times are whole microseconds, but for spans of less than one.
fn spans(spans: &[Span], layers: &Layers) -> Value {
    let column = |value: &dyn Fn(&Span) -> Value| -> Value { spans.iter().map(value).collect() };
    let kind = |span: &Span| match span.kind {
        Kind::Task { ok: true } => 0,
        Kind::Task { ok: false } => 1,
        Kind::Spill => 2,
        Kind::Reload { .. } => 3,
        Kind::Redo => 4,
        Kind::WaitMemory => 5,
        Kind::WaitInputs => 6,
    };
    let place = |span: &Span| {
        let layer = span.name.as_deref().unwrap_or("");
        Label { layer, index: &span.index }.to_string()
    };
    json!({
        "kind": column(&|span| kind(span).into()),
        "worker": column(&|span| span.worker.map_or(-1, i64::from).into()),
        "start": column(&|span| rounded(micros(span.start))),
        "elapsed": column(&|span| rounded(micros(span.elapsed))),
        "layer": column(&|span| layers.number(span).into()),
        "place": column(&|span| place(span).into()),
        "bytes": column(&|span| span.bytes.into()),
        "stored": column(&|span| span.stored.into()),
    })
}

/// To a tenth; a whole number without its fraction.
fn rounded(value: f64) -> Value {
    let tenths = (value * 10.0).round() as u64;
    if tenths.is_multiple_of(10) { (tenths / 10).into() } else { (tenths as f64 / 10.0).into() }
}

fn samples(report: &Report) -> Value {
    let samples = &report.recording.samples;
    let column = |value: &dyn Fn(&crate::diagnostics::profile::Sample) -> u64| -> Vec<u64> {
        samples.iter().map(value).collect()
    };
    json!({
        "at": samples.iter().map(|sample| rounded(micros(sample.at))).collect::<Vec<_>>(),
        "charged": column(&|sample| sample.stats.charged_bytes),
        "resident": column(&|sample| sample.rss.unwrap_or(0)),
        "scratch": column(&|sample| sample.stats.scratch_bytes),
        "spilled": column(&|sample| sample.stats.spilled_bytes),
        "reloaded": column(&|sample| sample.stats.reloaded_bytes),
        "read": column(&|sample| sample.stats.input_bytes),
    })
}

/// The colours of each picture's nodes, by what they may say, with the letters' colours.
fn pictures(report: &Report) -> Value {
    let picture = |run: &crate::diagnostics::profile::RunInfo| {
        let sketch = run.sketch.as_ref()?;
        let mut by_name = serde_json::Map::new();
        for by in ColourBy::ALL {
            let fill = |colour: &Colour| json!([colour.hex(), if colour.is_light() { "#000" } else { "#fff" }]);
            let fills: Vec<Value> = colours(sketch, by).iter().map(fill).collect();
            by_name.insert(by.name().to_owned(), json!({"caption": caption(sketch, by), "fills": fills}));
        }
        Some((run.number.to_string(), Value::Object(by_name)))
    };
    report.recording.runs.iter().filter_map(|run| picture(run)).collect::<serde_json::Map<_, _>>().into()
}
