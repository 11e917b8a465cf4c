//! `ls src` is the architecture: a module uses the layers above it in CONTRIBUTING's table, none below, and none beside it
//! but where said here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The layer of each module of `src/`.
const LAYERS: [(&str, u32); 21] = [
    ("error", 0),
    ("units", 0),
    ("config", 0),
    ("stats", 0),
    ("simd", 0),
    ("sync", 0),
    ("chunk", 1),
    ("graph", 1),
    ("event", 1),
    ("trace", 1),
    ("spill", 1),
    ("memory", 2),
    ("scheduler", 3),
    ("diagnostics", 3),
    ("session", 4),
    ("delayed", 5),
    ("array", 5),
    ("dataframe", 5),
    ("io", 6),
    ("guide", 6),
    ("lib", 7),
];

/// Uses within a layer: graphs hold chunks, events name graphs and are what their tasks report, spans are named as events
/// are, arrays are made of delayed blocks, tables of delayed partitions and of arrays. What is at the top (layer 0) knows each other.
const SIDEWAYS: [(&str, &str); 7] = [
    ("graph", "chunk"),
    ("event", "graph"),
    ("graph", "event"),
    ("trace", "event"),
    ("array", "delayed"),
    ("dataframe", "delayed"),
    ("dataframe", "array"),
];

fn layer(module: &str) -> u32 {
    let known = LAYERS.iter().find(|(name, _)| *name == module);
    known.unwrap_or_else(|| panic!("src/{module} has no layer: add it to CONTRIBUTING.md and to this test")).1
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The modules that a source file names as `crate::module`, its comments and doc links left out.
fn uses(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut used = BTreeSet::new();
    for line in code {
        for rest in line.split("crate::").skip(1) {
            let list = rest.strip_prefix('{').map_or(rest, |list| list.split('}').next().unwrap_or(list));
            let words = if rest.starts_with('{') { list.split(',').collect() } else { vec![list] };
            for word in words {
                let name: String = word.trim().chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
                // Types are re-exported at the root: `crate::Error`.
                if name.chars().next().is_some_and(char::is_lowercase) {
                    used.insert(name);
                }
            }
        }
    }
    used
}

#[test]
fn a_module_uses_only_what_is_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&root).unwrap();
        let module = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        for used in uses(&std::fs::read_to_string(&file).unwrap()) {
            if !LAYERS.iter().any(|(name, _)| *name == used) {
                // A macro or a function of the root.
                continue;
            }
            let (own, other) = (layer(&module), layer(&used));
            let beside = own == 0 || SIDEWAYS.contains(&(module.as_str(), used.as_str()));
            if used != module && (other > own || (other == own && !beside)) {
                wrong.push(format!("{} uses {used}", inside.display()));
            }
        }
        // Every module has a layer.
        layer(&module);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn uses_are_found() {
    let text =
        "use crate::{chunk::Chunk, graph};\n// crate::io\nlet x = crate::units::ByteSize::new(1);\nuse crate::Error;";
    assert_eq!(uses(text).into_iter().collect::<Vec<_>>(), ["chunk", "graph", "units"]);
}
