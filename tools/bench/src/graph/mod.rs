//! Runs a graph of tasks that is written down as JSON, and tells the values of its keys as JSON.
//!
//! How the graph is read, and which functions there are, is the library's: [`thermocline::graph::spec`]. Floats that JSON
//! lacks are told as Python's `json` does: `NaN`, `Infinity`, `-Infinity`.

mod file;

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;

use thermocline::diagnostics::picture::{ColourBy, Picture};
use thermocline::graph::Key;
use thermocline::graph::spec::{Datum, Prepared, Registry, Spec, Wanted, key_text, parse_key};

use crate::cli::Graph;
use crate::error::{BenchError, Result};
use crate::interrupt::Interrupt;
use crate::print;

/// Runs the graph.
pub(crate) fn graph(options: &Graph, interrupt: &Interrupt) -> Result<()> {
    let (session, options) = (options.settings.session()?, options.clone());
    let running = session.clone();
    let answer = interrupt.guard(
        move || {
            let target = |option, path: &Option<PathBuf>| {
                path.as_deref().map(|path| file::target(option, path, &options.file)).transpose()
            };
            let (svg, json) = (target("--svg", &options.svg)?, target("--json", &options.json)?);
            let registry = Registry::standard();
            let spec = read(&options, &registry)?;
            let keys = wanted(&options, &spec)?;
            let limit = running.config().memory_limit();
            let prepared = Prepared::new(&spec, &registry, Wanted::from(keys.clone()), limit)?;
            if options.keys.is_none() && prepared.graph().len() < spec.len() {
                // Keys that no leaf needs, and that are no leaves, need each other.
                let all = spec.keys().cloned().collect::<Vec<_>>();
                Prepared::new(&spec, &registry, Wanted::from(all), limit)?;
            }
            if let Some(svg) = svg {
                file::write(&svg, &Picture::of(prepared.graph()).colour(ColourBy::Order).svg())?;
            }
            let chunks = running.run(prepared.graph(), prepared.keys())?;
            let values = chunks.iter().map(|chunk| chunk.get::<Datum>().cloned()).collect::<Result<_, _>>()?;
            Ok((json, Answer { keys, values }))
        },
        |pressed| {
            if pressed {
                session.cancel();
            }
        },
    );
    match answer? {
        (Some(target), answer) => file::write(&target, &answer),
        (None, answer) => print(&answer),
    }
}

fn read(options: &Graph, registry: &Registry) -> Result<Spec> {
    let text = file::read(&options.file)?;
    let read = Spec::from_json_with_warnings(&text, registry);
    let (spec, warnings) = read.map_err(|error| BenchError::file(&options.file, error.to_string()))?;
    for warning in warnings {
        eprintln!("bench: {}: {warning}", options.file.display());
    }
    Ok(spec)
}

/// The keys whose values are wanted, each once, in the order in which they were named.
fn wanted(options: &Graph, spec: &Spec) -> Result<Vec<Key>> {
    let Some(text) = &options.keys else { return Ok(spec.leaves()) };
    let (mut keys, mut seen) = (Vec::new(), HashSet::new());
    for key in split(text).map(|part| parse_key(part.trim())) {
        if !spec.contains(&key) {
            let file = options.file.display();
            return Err(BenchError::Usage(format!("--keys {text}: {file} has no key {key}{}", described(spec))));
        }
        if seen.insert(key.clone()) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// The first keys of a graph, for who named another.
fn described(spec: &Spec) -> String {
    const ROOM: usize = 8;
    if spec.is_empty() {
        return ", nor any other".to_owned();
    }
    let shown: Vec<String> = spec.keys().take(ROOM).map(ToString::to_string).collect();
    format!("; it has {}{}", shown.join(", "), if spec.len() > ROOM { ", …" } else { "" })
}

/// The parts between commas that are not in brackets.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut level = 0_usize;
    text.split(move |letter| {
        match letter {
            '(' => level += 1,
            ')' => level = level.saturating_sub(1),
            _ => {}
        }
        letter == ',' && level == 0
    })
}

/// Keys and their values, as a JSON object in a line.
struct Answer {
    keys: Vec<Key>,
    values: Vec<Datum>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (key, value)) in self.keys.iter().zip(&self.values).enumerate() {
            let key = Datum::from(key_text(key).unwrap_or_else(|| key.to_string()));
            write!(f, "{}{key}: {value}", if at == 0 { "" } else { ", " })?;
        }
        f.write_str("}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_split_outside_of_brackets() {
        let parts: Vec<&str> = split("a,('x', 0, 1),b(2,3)").collect();
        assert_eq!(parts, ["a", "('x', 0, 1)", "b(2,3)"]);
        assert_eq!(split("a)),(b").count(), 2);
    }
}
