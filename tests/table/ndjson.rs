//! JSON lines: cut anywhere, they are the rows that polars reads at once; bad lines are told.

use std::path::{Path, PathBuf};

use polars::prelude::*;
use thermocline::dataframe::polars;
use thermocline::io::table::read_ndjson;

use crate::hostile::survives;
use crate::support::{Numbers, assert_same, session};

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Lines with braces and escapes in strings, missing keys, nulls, and blank lines among them.
fn quirky(rows: usize, seed: u64) -> String {
    let mut numbers = Numbers::new(seed);
    (0..rows)
        .map(|row| {
            let text = ["plain", "{\\\"a\\\": [", "two\\nlines", "", "ünicöde \\u00e9"][numbers.below(5)];
            let mut line = format!("{{\"id\": {row}, \"text\": \"{text}\"");
            match numbers.below(4) {
                0 => line += ", \"x\": null",
                1 => {}
                _ => line.extend([", \"x\": ", &numbers.below(1000).to_string(), ".5"]),
            }
            line += "}";
            line + ["\n", "\r\n", "\n\n"][numbers.below(3)]
        })
        .collect()
}

fn schema() -> Schema {
    [("id", DataType::Int64), ("text", DataType::String), ("x", DataType::Float64)]
        .into_iter()
        .map(|(name, dtype)| (name.into(), dtype))
        .collect()
}

#[test]
fn cut_anywhere_rows_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..4 {
        let mut text = quirky(300, seed);
        if seed == 1 {
            text.truncate(text.trim_end().len());
        }
        if seed == 2 {
            text.insert(0, '\u{feff}');
        }
        let path = write(folder.path(), "quirky.jsonl", &text);
        let plain = text.trim_start_matches('\u{feff}').as_bytes();
        let expected = polars_io::ndjson::core::parse_ndjson(plain, None, &schema(), false).unwrap();
        for size in ["7B", "100B", "1000B", "1MiB"] {
            let table = read_ndjson(&path).partition_size(size.parse().unwrap()).open().unwrap();
            assert_eq!(**table.schema(), schema());
            assert!(size == "1MiB" || table.partitions() > 5);
            assert_same(&session(2, "64MiB").compute(&table).unwrap(), &expected);
            let some = session(2, "64MiB").compute(&table.select([col("x")]).filter(col("x").gt(lit(500.0)))).unwrap();
            let theirs = expected.clone().lazy().select([col("x")]).filter(col("x").gt(lit(500.0))).collect().unwrap();
            assert_same(&some, &theirs);
        }
    }
}

#[test]
fn types_are_given_or_found_all_over() {
    let folder = tempfile::tempdir().unwrap();
    let a = write(folder.path(), "a.jsonl", "{\"x\": 1, \"never\": null}\n{\"x\": 2, \"when\": \"2013-01-01\"}\n");
    let b =
        write(folder.path(), "b.jsonl", "{\"x\": 2.5, \"tags\": [\"a\", \"b\"], \"at\": {\"lat\": 1.0, \"lon\": 2}}\n");
    let table = read_ndjson([&a, &b]).open().unwrap();
    let types: Vec<(&str, &DataType)> = table.schema().iter().map(|(name, dtype)| (name.as_str(), dtype)).collect();
    assert_eq!(types[0], ("x", &DataType::Float64));
    assert_eq!(types[1], ("never", &DataType::String));
    let session = session(2, "64MiB");
    let found = session.compute(&table).unwrap();
    assert_eq!(found.height(), 3);
    assert_eq!(found.column("x").unwrap().f64().unwrap().to_vec(), [Some(1.0), Some(2.0), Some(2.5)]);
    let given: Schema = [("when".into(), DataType::Date), ("x".into(), DataType::Float32)].into_iter().collect();
    let found = session.compute(&read_ndjson([&a, &b]).schema(given).open().unwrap()).unwrap();
    assert_eq!(found.column("when").unwrap().null_count(), 2);
    assert_eq!(found.get_column_names(), ["when", "x"]);
    assert_eq!(
        session.stats().input_bytes,
        2 * (std::fs::metadata(a).unwrap().len() + std::fs::metadata(b).unwrap().len())
    );
}

#[test]
fn bad_lines_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<String> = (0..3000).map(|row| format!("{{\"x\": {row}}}")).collect();
    lines[2345] = "{\"x\": \"many\"}".into();
    let path = write(folder.path(), "bad.jsonl", lines.join("\n"));
    let error = |path: &Path| {
        let table = read_ndjson(path).dtypes([("x", DataType::Int64)]).partition_size("3KiB".parse().unwrap()).open();
        table.and_then(|table| session(2, "64MiB").compute(&table)).unwrap_err().to_string()
    };
    let wrong = error(&path);
    assert!(wrong.contains("bad.jsonl: line 2346") && wrong.contains("many"), "{wrong}");
    for (bad, said) in
        [("{\"x\": 1", "line 7"), ("[1, 2]", "line 7"), ("what?", "line 7"), (&"[".repeat(100_000), "nested deeper")]
    {
        let mut lines = lines[..20].to_vec();
        lines[6] = bad.into();
        let error = error(&write(folder.path(), "bad.jsonl", lines.join("\n")));
        assert!(error.contains("bad.jsonl") && error.contains(said), "{}", &error[..error.len().min(300)]);
    }
    let empty = write(folder.path(), "empty.jsonl", "\n \n");
    assert!(read_ndjson(&empty).open().unwrap_err().to_string().contains("give a schema"));
    let none = read_ndjson(&empty).schema(schema()).open().unwrap();
    assert_eq!(session(1, "64MiB").compute(&none).unwrap().shape(), (0, 3));
}

#[test]
fn damaged_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.jsonl", quirky(60, 1));
    survives(&path, 300, |path| read_ndjson(path).partition_size("300B".parse().unwrap()).open());
}
