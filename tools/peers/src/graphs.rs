//! Graphs that are written down as JSON: `answers --graphs LIST FOLDER`. `answers/graphs.py` has Dask's answers.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;
use thermocline::graph::spec::{Datum, Registry, Spec, Wanted, parse_key};
use thermocline::{Error, Result, Session};

/// A line of the list: a graph, as a text, and the keys that are wanted of it.
#[derive(Debug, Deserialize)]
struct Line {
    graph: String,
    wanted: Json,
}

/// Runs the graphs of a list, and writes a line for each to `graphs.jsonl`: `{"value": …}`, or `{"error": …}`.
pub(crate) fn run(session: &Session, list: &Path, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(File::create(folder.join("graphs.jsonl"))?);
    let registry = Registry::standard();
    for line in BufReader::new(File::open(list)?).lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let answer = catch_unwind(AssertUnwindSafe(|| answer(session, &registry, &line)));
        match answer {
            Ok(Ok(value)) => writeln!(out, "{{\"value\": {value}}}")?,
            Ok(Err(error)) => writeln!(out, "{}", serde_json::json!({ "error": error.to_string() }))?,
            Err(_) => writeln!(out, "{}", serde_json::json!({ "problem": "panic" }))?,
        }
        // What hangs or crashes is the one after the last line.
        out.flush()?;
    }
    Ok(())
}

fn answer(session: &Session, registry: &Registry, line: &Line) -> Result<Datum> {
    let spec = Spec::from_json(&line.graph, registry)?;
    // What is written is read as the same.
    if Spec::from_json(&spec.to_json()?, registry)?.to_string() != spec.to_string() {
        return Err(Error::UnknownKey { key: "the graph is another once it was written".into() });
    }
    session.get(&spec, registry, wanted(&line.wanted))
}

fn wanted(keys: &Json) -> Wanted {
    match keys {
        Json::Array(many) => Wanted::from(many.iter().map(wanted).collect::<Vec<_>>()),
        one => Wanted::One(parse_key(one.as_str().unwrap_or_default())),
    }
}
