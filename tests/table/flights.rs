//! The real flights out of New York in 2013, with known answers.

use std::path::PathBuf;

use polars::prelude::*;
use thermocline::DataFrame;
use thermocline::dataframe::polars;
use thermocline::io::table::read_csv;

use crate::support::{assert_same, session};

/// The folder of real files, or None, which is said.
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("THERMOCLINE_TEST_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("ignored: THERMOCLINE_TEST_DATA names no folder of real files");
    }
    folder
}

fn flights(size: &str) -> Option<DataFrame> {
    let pattern = data()?.join("flights/flights_2013_*.csv");
    let reader = read_csv(pattern).null_values(["NA"]).partition_size(size.parse().unwrap());
    Some(reader.open().unwrap())
}

#[test]
fn mean_delays_are_the_known_ones() {
    let Some(flights) = flights("300KiB") else { return };
    let answers = [len().alias("rows"), col("dep_delay").count().alias("valid"), col("dep_delay").mean()];
    let found = session(2, "64MiB").compute(&flights.group_by([col("origin")]).agg(&answers)).unwrap();
    let found = found.sort(["origin"], SortMultipleOptions::default()).unwrap();
    let rounded = found.lazy().with_columns([col("dep_delay").round(6, RoundMode::HalfToEven)]).collect().unwrap();
    let expected = df![
        "origin" => ["EWR", "JFK", "LGA"],
        "rows" => [120_835_u32, 111_279, 104_662],
        "valid" => [117_596_u32, 109_416, 101_509],
        "dep_delay" => [15.107_954, 12.112_159, 10.346_876],
    ];
    assert_same(&rounded, &expected.unwrap());
}

#[test]
fn nulls_are_as_many_as_known() {
    let Some(flights) = flights("1MiB") else { return };
    let nulls = [col("dep_time").null_count(), col("air_time").null_count(), len().alias("rows")];
    let found = session(2, "128MiB").compute(&flights.agg(&nulls)).unwrap();
    assert_same(&found, &df!["dep_time" => [8255_u32], "air_time" => [9430_u32], "rows" => [336_776_u32]].unwrap());
}

#[test]
fn the_spectrum_of_csv_reads_as_its_answers() {
    let Some(folder) = data() else { return };
    let mut seen = 0;
    for file in std::fs::read_dir(folder.join("csv/csv-spectrum/csvs")).unwrap() {
        let path = file.unwrap().path();
        let answer = folder.join("csv/csv-spectrum/json").join(path.with_extension("json").file_name().unwrap());
        let answer = std::fs::read_to_string(answer).unwrap();
        // One object, where there is one row.
        let answer = if answer.trim_start().starts_with('[') { answer } else { format!("[{answer}]") };
        let answer: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&answer).unwrap();
        let table = read_csv(&path).sample_rows(1).empty_is_null(false).open().unwrap();
        let strings = table.schema().iter_names().map(|name| (name.as_str(), DataType::String)).collect::<Vec<_>>();
        let table = read_csv(&path).dtypes(strings).empty_is_null(false).open().unwrap();
        let found = session(1, "64MiB").compute(&table).unwrap();
        assert_eq!(found.height(), answer.len(), "{}", path.display());
        for (row, answer) in answer.iter().enumerate() {
            // The answer to one file has another telephone number than the file.
            for (name, value) in answer.iter().filter(|(name, _)| *name != "Contact Phone Number") {
                let column = found.column(name).unwrap().str().unwrap();
                assert_eq!(column.get(row), value.as_str(), "{}, row {row}, column {name}", path.display());
            }
        }
        seen += 1;
    }
    assert_eq!(seen, 12);
    let latin = read_csv(folder.join("csv/foods1_latin1.csv")).open();
    let error = latin.and_then(|table| session(1, "64MiB").compute(&table)).unwrap_err().to_string();
    assert!(error.contains("foods1_latin1.csv") && error.contains("UTF-8"), "{error}");
    assert!(read_csv(folder.join("csv/empty.csv")).open().unwrap_err().to_string().contains("empty"));
    let header = session(1, "64MiB").compute(&read_csv(folder.join("csv/only_header.csv")).open().unwrap()).unwrap();
    assert_eq!(header.height(), 0);
}
