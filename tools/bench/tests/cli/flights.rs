//! Flights: made up, and those of New York in 2013; what workloads make of them is what polars makes of the whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use polars::prelude::*;
use serde_json::Value;
use thermocline::Session;
use thermocline::io::table::read_csv;

use crate::support::{bench, bytes, figures, is_empty, read_json, run, scratch};

pub(crate) type PolarsFrame = polars::prelude::DataFrame;

const ALL: [&str; 5] =
    ["flights-mean-delay", "flights-by-airline-month", "flights-join", "flights-sort", "flights-distinct"];

/// A folder of made-up flights; made once for all tests, and kept for the next run of them.
pub(crate) fn flights() -> &'static Path {
    static FLIGHTS: OnceLock<PathBuf> = OnceLock::new();
    FLIGHTS.get_or_init(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = home.join("bench-flights");
        let lock = fs::File::create(home.join("bench-flights.lock")).unwrap();
        lock.lock().unwrap();
        let made =
            run(bench().args(["generate-flights", "--rows", "30k", "--years", "1994-2008", "--dir"]).arg(&folder));
        assert_eq!(made.code, Some(0), "{made:?}");
        folder
    })
}

/// The folder of the real ones.
pub(crate) fn real() -> PathBuf {
    PathBuf::from(std::env::var_os("THERMOCLINE_TEST_DATA").expect("this test runs where the data are")).join("flights")
}

/// A CSV file, or several, as one frame.
pub(crate) fn frame(pattern: &Path) -> PolarsFrame {
    let session = Session::builder().memory_limit("1GiB".parse().unwrap()).build().unwrap();
    session.compute(&read_csv(pattern).null_values(["NA"]).open().unwrap()).unwrap()
}

/// Both have the same columns and values, numbers to a part in 10^12 whatever their types.
#[track_caller]
pub(crate) fn assert_same(found: &PolarsFrame, expected: &PolarsFrame) {
    assert_eq!(found.get_column_names(), expected.get_column_names());
    assert_eq!(found.height(), expected.height(), "{found} {expected}");
    for (found, expected) in found.columns().iter().zip(expected.columns()) {
        if expected.dtype() == &DataType::String {
            let equal = found.cast(&DataType::String).unwrap().equals_missing(expected);
            assert!(equal, "{found:?}, expected {expected:?}");
            continue;
        }
        let [found, expected] = [found, expected].map(|column| column.cast(&DataType::Float64).unwrap());
        for (row, (found, expected)) in found.f64().unwrap().iter().zip(expected.f64().unwrap().iter()).enumerate() {
            let close = match (found, expected) {
                (Some(found), Some(expected)) => (found - expected).abs() <= 1e-12 * expected.abs().max(1e-3),
                (found, expected) => found == expected,
            };
            assert!(close, "row {row}: {found:?}, expected {expected:?}");
        }
    }
}

/// What a workload should make of flights, planes and airports.
fn expected(workload: &str, folder: &Path) -> PolarsFrame {
    let flights = frame(&folder.join("flights_*.csv"));
    let has = |names: [&'static str; 2]| names.into_iter().find(|name| flights.schema().contains(name)).unwrap();
    let name = |asa: &'static str, other: &'static str| col(has([asa, other]));
    let [arrival, departure] = [name("ArrDelay", "arr_delay"), name("DepDelay", "dep_delay")];
    let delays = [arrival.mean().alias("mean_arr_delay"), departure.clone().mean().alias("mean_dep_delay")];
    let (lazy, count) = (flights.clone().lazy(), len().alias("count"));
    let sorted = |keys: Vec<Expr>, lazy: LazyFrame| {
        lazy.sort_by_exprs(keys, SortMultipleOptions::default().with_maintain_order(true)).collect().unwrap()
    };
    match workload {
        "flights-mean-delay" => {
            let keys = vec![name("Origin", "origin")];
            let answers = [delays[1].clone(), departure.count().alias("valid"), count];
            sorted(keys.clone(), lazy.group_by(keys).agg(answers))
        }
        "flights-by-airline-month" => {
            let keys = vec![name("UniqueCarrier", "carrier"), name("Year", "year"), name("Month", "month")];
            sorted(keys.clone(), lazy.group_by(keys).agg([&delays[..], &[count]].concat()))
        }
        "flights-join" => {
            let of = |file: &str, columns: [Expr; 2]| frame(&folder.join(file)).lazy().select(columns);
            let state = if folder.ends_with("flights") { ["faa", "tzone"] } else { ["iata", "state"] };
            let planes = of("planes.csv", [col("tailnum").alias("plane"), col("manufacturer")]);
            let airports = of("airports.csv", [col(state[0]).alias("airport"), col(state[1])]);
            let distance = name("Distance", "distance").mean().alias("mean_distance");
            let joined = lazy.inner_join(planes, name("TailNum", "tailnum"), col("plane"));
            let joined = joined.inner_join(airports, name("Dest", "dest"), col("airport"));
            let keys = vec![col("manufacturer"), col(state[1])];
            sorted(keys.clone(), joined.group_by(keys).agg([&delays[..], &[distance, count]].concat()))
        }
        "flights-sort" => {
            let day = name("DayofMonth", "day");
            let (year, month, carrier) =
                (name("Year", "year"), name("Month", "month"), name("UniqueCarrier", "carrier"));
            sorted(vec![name("Origin", "origin"), carrier, year, month, day, name("FlightNum", "flight")], lazy)
        }
        _ => {
            let keys = vec![name("TailNum", "tailnum"), name("FlightNum", "flight")];
            sorted(keys.clone(), lazy.group_by(keys).agg([count]))
        }
    }
}

/// Every workload's result, as a file, is what polars makes of the whole.
fn check_all(folder: &Path) {
    let out = tempfile::tempdir().unwrap();
    let (file, json) = (out.path().join("result.csv"), out.path().join("figures.json"));
    for workload in ALL {
        let pattern = folder.join("flights_*.csv");
        let mut command = bench();
        command.args(["run", workload, "--memory-limit", "256MiB", "--csv"]).arg(pattern);
        let ended = run(command.arg("--csv-out").arg(&file).arg("--json").arg(&json));
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
        assert!(ended.out.contains("of CSV") && ended.out.contains(&file.display().to_string()), "{}", ended.out);
        let expected = expected(workload, folder);
        assert_same(&frame(&file), &expected);
        let figures = read_json(&json);
        let shape = figures["result_shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize);
        assert_eq!(shape.collect::<Vec<_>>(), [expected.height(), expected.width()]);
        let nulls: usize = expected.columns().iter().map(Column::null_count).sum();
        assert_eq!(
            bytes(&figures, "result_valid") as usize,
            expected.height() * expected.width() - nulls,
            "{workload}"
        );
        assert!(figures["result_sha256"].is_string() && figures["wall_s"].as_f64() > Some(0.0), "{figures}");
        assert_eq!((figures["workload"].as_str(), figures["outcome"].as_str()), (Some(workload), Some("ok")));
    }
}

#[test]
fn made_up_flights_give_what_polars_makes_of_them() {
    check_all(flights());
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn real_flights_give_what_polars_makes_of_them() {
    check_all(&real());
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn real_delays_are_the_known_ones() {
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("delays.csv");
    let mut command = bench();
    command.args(["run", "flights-mean-delay", "--csv"]).arg(real().join("flights_2013_*.csv"));
    let ended = run(command.args(["--null-values", "NA", "--csv-out"]).arg(&file));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0], ["origin", "mean_dep_delay", "valid", "count"]);
    for (line, (origin, mean, valid, count)) in lines[1..].iter().zip([
        ("EWR", 15.107_954, "117596", "120835"),
        ("JFK", 12.112_159, "109416", "111279"),
        ("LGA", 10.346_876, "101509", "104662"),
    ]) {
        assert_eq!((line[0], line[2], line[3]), (origin, valid, count));
        assert!((line[1].parse::<f64>().unwrap() - mean).abs() < 1e-6 && line[1].len() > 12, "{line:?}");
    }
    assert_eq!(lines.len(), 4);
}

#[test]
fn limits_and_threads_change_no_bits() {
    let scratch = scratch();
    for workload in ALL {
        let with = |limit: &str, threads: &str| -> Value {
            let mut command = bench();
            command.args(["run", workload, "--memory-limit", limit, "--threads", threads, "--dir"]).arg(flights());
            figures(command.arg("--scratch").arg(scratch.path()))
        };
        let ample = with("1GiB", "2");
        for other in [with("48MiB", "1"), with("64MiB", "3")] {
            assert_eq!(other["result_sha256"], ample["result_sha256"], "{workload}");
            assert_eq!(other["result_moment"], ample["result_moment"], "{workload}");
        }
        assert!(is_empty(scratch.path()));
    }
}

#[test]
fn every_workload_has_a_plan_and_is_listed() {
    let list = run(bench().arg("list")).out;
    for workload in ALL {
        let planned = figures(bench().args(["plan", workload, "--dir"]).arg(flights()));
        assert!(bytes(&planned, "floor_bytes") > 0 && planned["wall_s"].is_null(), "{planned}");
        assert!(list.lines().any(|line| line.split_whitespace().next() == Some(workload)), "{list}");
    }
}

#[test]
fn a_folder_is_made_once_and_not_over_other_files() {
    let folder = scratch();
    let make = |more: &[&str]| {
        let mut command = bench();
        command.args(["generate-flights", "--rows", "2_000", "--years", "2007-2008"]).args(more);
        run(command.arg("--dir").arg(folder.path()))
    };
    let made = make(&[]);
    assert!(made.code == Some(0) && made.out.contains("made 2000 flights in 4 files"), "{made:?}");
    let first = fs::read(folder.path().join("flights_2008.csv")).unwrap();
    let again = make(&[]);
    assert!(again.out.contains("4 files as wanted already") && !again.out.contains("made"), "{again:?}");
    let other = make(&["--seed", "7"]);
    assert!(other.out.contains("made 2000 flights in 2 files"), "{other:?}");
    assert!(fs::read(folder.path().join("flights_2008.csv")).unwrap() != first);
    fs::write(folder.path().join("flights_2006.csv"), "mine").unwrap();
    let refused = make(&["--years", "2006-2006"]);
    assert_eq!(refused.code, Some(2), "an option twice: {refused:?}");
    let mut command = bench();
    command.args(["generate-flights", "--rows", "2k", "--years", "2006", "--dir"]).arg(folder.path());
    let refused = run(&mut command);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.complaint().contains("flights_2006.csv: is there already"), "{refused:?}");
    let full = run(bench().args(["generate-flights", "--rows", "99999999M", "--dir"]).arg(folder.path().join("new")));
    assert!(full.code == Some(1) && full.complaint().contains("needed"), "{full:?}");
}

#[test]
fn what_makes_no_sense_is_said() {
    let out = tempfile::tempdir().unwrap();
    let csv = flights().join("flights_2008.csv").display().to_string();
    let alone = out.path().join("flights_2008.csv");
    fs::copy(&csv, &alone).unwrap();
    let (alone, odd) = (alone.display().to_string(), out.path().join("odd.csv").display().to_string());
    fs::write(&odd, "a,b\n1,2\n").unwrap();
    for (line, code, said) in [
        (vec!["flights-sort"], 2, "say what to read: --csv"),
        (vec!["flights-sort", "--csv", "/nowhere/*.csv"], 1, "none matches it as a pattern"),
        (vec!["flights-sort", "--csv", &csv, "--csv-out", &csv], 2, "it is one of the files that are read"),
        (vec!["flights-sort", "--csv", &csv, "--out", "a.nc"], 2, "use --csv-out"),
        (vec!["flights-sort", "--csv", &csv, "--plot", "a.png"], 2, "nothing to draw"),
        (vec!["flights-sort", "--files", &csv], 2, "reads CSV files: use --csv"),
        (vec!["flights-join", "--csv", &alone], 1, "planes.csv: no such file: name one with --planes"),
        (vec!["flights-mean-delay", "--csv", &odd], 1, "needs a column Origin or origin, but the columns are a, b"),
        (vec!["mean", "--csv", &csv], 2, "mean reads no CSV files"),
        (vec!["transpose", "--csv-out", "a.csv"], 2, "transpose reads no CSV files"),
    ] {
        let ended = run(bench().arg("run").args(&line));
        assert_eq!((ended.code, ended.out.as_str()), (Some(code), ""), "{line:?}: {ended:?}");
        assert!(ended.complaint().contains(said), "{line:?}: {ended:?}");
    }
    let ended = run(bench().args(["limit", "flights-sort", "--dir"]).arg(flights()));
    assert!(ended.code == Some(2) && ended.complaint().contains("reads no netCDF files"), "{ended:?}");
}
