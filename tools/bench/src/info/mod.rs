//! `bench info`: what a file holds, and which way it would be read.
//!
//! Nothing in a file is trusted: it is looked at through the library, which checks what it is told; texts are shown without
//! what a terminal would act on, and cut where they are long.

mod text;

use std::path::{Path, PathBuf};

use thermocline::ByteSize;
use thermocline::io::netcdf::{self, Attributes, Dataset, VariableInfo};

pub(crate) use self::text::clean;
use self::text::pair;
use crate::error::{BenchError, Result};
use crate::interrupt::Interrupt;
use crate::print;

/// More of a kind are counted, not shown.
const MOST: usize = 1000;

/// A coordinate with more labels is not read for its first and last.
const MOST_LABELS: usize = 1 << 20;

/// Shows what the file at `path` holds.
pub(crate) fn info(path: PathBuf, interrupt: &Interrupt) -> Result<()> {
    let shown = interrupt.guard(move || show(&path), |_| ())?;
    print(&shown)
}

fn show(path: &Path) -> Result<String> {
    let size = std::fs::metadata(path).map_err(BenchError::io(path, "opening"))?.len();
    let file = netcdf::open(path)?;
    let mut shown = vec![format!("{}, {}\n", path.display(), ByteSize::new(size))];
    dimensions(&mut shown, &file);
    let coordinates: Vec<&VariableInfo> = file.coordinates().collect();
    let others: Vec<&VariableInfo> = file.data_variables().collect();
    variables(&mut shown, "coordinates", &coordinates, &file);
    variables(&mut shown, "variables", &others, &file);
    let groups: Vec<(&str, String)> = file.groups().iter().map(|name| (name.as_str(), String::new())).collect();
    section(&mut shown, "groups", &groups);
    let unread: Vec<(&str, String)> =
        file.unread().iter().map(|other| (place(&other.name), other.reason.clone())).collect();
    section(&mut shown, "not read", &unread);
    section(&mut shown, "attributes", &attributes(file.attributes()));
    if shown.len() == 1 {
        shown.push("\nnothing is in it: no variables, no groups, no attributes\n".into());
    }
    Ok(shown.concat())
}

/// A name; that of the root, which has none, is a slash.
fn place(name: &str) -> &str {
    if name.is_empty() { "/" } else { name }
}

/// A title, and names with what is said of them, if there are some.
fn section(shown: &mut Vec<String>, title: &str, pairs: &[(&str, String)]) {
    if pairs.is_empty() {
        return;
    }
    shown.push(format!("\n{title}\n"));
    listed(shown, 2, pairs);
}

fn listed(shown: &mut Vec<String>, indent: usize, pairs: &[(&str, String)]) {
    let names: Vec<String> = pairs.iter().take(MOST).map(|(name, _)| clean(name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(text::WIDEST_NAME);
    for (name, (_, value)) in names.iter().zip(pairs) {
        shown.push(pair(indent, width, name, value));
    }
    if pairs.len() > MOST {
        shown.push(format!("{:indent$}and {} more\n", "", pairs.len() - MOST));
    }
}

fn dimensions(shown: &mut Vec<String>, file: &Dataset) {
    let length = |length: usize, unlimited: bool| format!("{length}{}", if unlimited { " (unlimited)" } else { "" });
    let all = file.dimensions().iter().map(|known| (known.name.as_str(), length(known.length, known.unlimited)));
    section(shown, "dimensions", &all.collect::<Vec<_>>());
}

fn variables(shown: &mut Vec<String>, title: &str, variables: &[&VariableInfo], file: &Dataset) {
    if variables.is_empty() {
        return;
    }
    shown.push(format!("\n{title}\n"));
    for (at, variable) in variables.iter().take(MOST).enumerate() {
        let gap = if at > 0 { "\n" } else { "" };
        shown.push(format!("{gap}  {}\n", clean(&headline(variable))));
        let mut pairs = vec![("stored", stored(variable)), ("read", read(variable, file))];
        if variable.is_dimension_coordinate() && variable.shape[0] <= MOST_LABELS {
            pairs.push(("labels", labels(variable, file)));
        }
        pairs.extend(attributes(&variable.attributes));
        listed(shown, 4, &pairs);
    }
    if variables.len() > MOST {
        shown.push(format!("\n  and {} more\n", variables.len() - MOST));
    }
}

/// `float32 sst (time: 12, lat: 720, lon: 1440), 47.46 MiB`
fn headline(variable: &VariableInfo) -> String {
    let item = variable.dtype.size() as u64;
    let bytes = variable.shape.iter().fold(item, |bytes, &length| bytes.saturating_mul(length as u64));
    format!("{variable}, {}", ByteSize::new(bytes))
}

fn stored(variable: &VariableInfo) -> String {
    let by = |lengths: &[usize]| lengths.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
    let layout =
        variable.chunks.as_ref().map_or("in one piece".to_owned(), |chunks| format!("chunks of {}", by(chunks)));
    std::iter::once(layout).chain(variable.filters.iter().cloned()).collect::<Vec<_>>().join(", ")
}

/// Which way its values are read, or why they are not.
fn read(variable: &VariableInfo, file: &Dataset) -> String {
    // Whatever the numbers are, f64 is what they can be asked for as.
    file.variable::<f64>(&variable.name)
        .map_or_else(|error| format!("not: {error}"), |found| found.read_path().to_string())
}

/// The first and the last labels, times as dates.
fn labels(variable: &VariableInfo, file: &Dataset) -> String {
    match file.coordinate(&variable.name) {
        Ok(labels) => {
            let shown = labels.to_string();
            // Its name, and its dimension in parentheses, stand above.
            shown.split_once(") ").map_or_else(String::new, |(_, labels)| labels.to_owned())
        }
        Err(error) => format!("not read: {error}"),
    }
}

fn attributes(attributes: &Attributes) -> Vec<(&str, String)> {
    attributes.iter().map(|(name, value)| (name, value.to_string())).collect()
}
