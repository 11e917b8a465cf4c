//! The workloads over an ocean: the same bits at any limit, what is spilled, what is drawn.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::pictures::read;
use crate::sea::{self, DAYS, LATITUDES, LONGITUDES, packed, sea};
use crate::support::{bench, bytes, figures, is_empty, ocean, run, scratch};

const ALL: [&str; 8] =
    ["mean", "year-mean", "monthly", "climatology", "anomaly", "anomaly-std", "time-median", "trend"];

fn measured(folder: &Path, workload: &str, more: &[&str]) -> Value {
    figures(bench().args(["run", workload, "--dir"]).arg(folder).args(more))
}

#[test]
fn every_workload_has_the_same_bits_at_any_limit_and_number_of_threads() {
    let (folder, scratch) = (tempfile::tempdir().unwrap(), scratch());
    sea(folder.path());
    for workload in ALL {
        let with = |limit: &str, threads: &str| {
            let flags = ["--memory-limit", limit, "--threads", threads, "--chunks", "24,48,96", "--scratch"];
            let mut flags = flags.to_vec();
            flags.push(scratch.path().to_str().unwrap());
            measured(folder.path(), workload, &flags)
        };
        let ample = with("1GiB", "2");
        let tight = bytes(&ample, "floor_bytes").max(3 << 20);
        for other in [with(&tight.to_string(), "1"), with(&tight.to_string(), "4"), with("64MiB", "3")] {
            assert_eq!(other["result_sha256"], ample["result_sha256"], "{workload}");
            let (peak, limit) = (bytes(&other, "ledger_peak_bytes"), bytes(&other, "memory_limit_bytes"));
            assert!(peak <= limit, "{workload}: {other}");
        }
        assert_eq!((&ample["workload"], &ample["result_dtype"]), (&json!(workload), &json!("float32")));
        let read = bytes(&ample, "input_bytes");
        assert!(read > 0 && bytes(&ample, "expected_input_bytes") == read, "the plan says what is read: {ample}");
        assert!(bytes(&ample, "logical_bytes") > 0 && ample["wall_s"].as_f64() > Some(0.0), "{ample}");
        assert!(is_empty(scratch.path()));
    }
}

#[test]
fn a_median_over_time_spills_what_does_not_fit_and_is_exact() {
    let (folder, scratch) = (tempfile::tempdir().unwrap(), scratch());
    sea(folder.path());
    let flags = ["--memory-limit", "6MiB", "--threads", "2", "--chunks", "24,48,96", "--scratch"];
    let found = measured(folder.path(), "time-median", &[&flags[..], &[scratch.path().to_str().unwrap()]].concat());
    // All values have to be there before the first median is: most of them on scratch.
    assert!(bytes(&found, "spilled_bytes") > 3 << 20 && bytes(&found, "reloaded_bytes") > 3 << 20, "{found}");
    assert!(bytes(&found, "ledger_peak_bytes") <= 6 << 20);
    let (mut hash, mut valid) = (Sha256::new(), 0);
    for cell in 0..LATITUDES * LONGITUDES {
        let series = (0..DAYS).filter_map(|day| packed(day, cell / LONGITUDES, cell % LONGITUDES));
        let mut series: Vec<f32> = series.map(|packed| (f64::from(packed) * 0.01) as f32).collect();
        series.sort_by(f32::total_cmp);
        let middle = |at: usize| series.get(at).map_or(f64::NAN, |&value| f64::from(value));
        let median = f64::midpoint(middle(series.len().saturating_sub(1) / 2), middle(series.len() / 2)) as f32;
        valid += u64::from(!median.is_nan());
        hash.update(if median.is_nan() { f32::NAN } else { median }.to_le_bytes());
    }
    let expected: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((found["result_sha256"].as_str(), bytes(&found, "result_valid")), (Some(&*expected), valid));
    assert!(is_empty(scratch.path()));
}

#[test]
fn shapes_and_means_are_those_of_years_months_and_days() {
    let folder = tempfile::tempdir().unwrap();
    sea(folder.path());
    let (rows, columns) = (LATITUDES, LONGITUDES);
    for (workload, shape) in [
        ("monthly", json!([36])),
        ("climatology", json!([366, rows, columns])),
        ("anomaly", json!([3, rows, columns])),
        ("trend", json!([rows, columns])),
    ] {
        assert_eq!(measured(folder.path(), workload, &[])["result_shape"], shape, "{workload}");
    }
    // The first year of a folder is what the first file has; of one file with several, the first of these.
    let first = measured(folder.path(), "year-mean", &[]);
    assert_eq!(bytes(&first, "logical_bytes"), (365 * rows * columns * 4) as u64);
    let (mut sum, mut cells) = (0.0, 0);
    for cell in 0..rows * columns {
        let valid: Vec<f64> =
            (0..365).filter_map(|day| packed(day, cell / columns, cell % columns)).map(f64::from).collect();
        if !valid.is_empty() {
            (sum, cells) = (sum + 0.01 * valid.iter().sum::<f64>() / valid.len() as f64, cells + 1);
        }
    }
    assert_eq!(bytes(&first, "result_valid"), cells);
    assert!((first["result_mean"].as_f64().unwrap() - sum / cells as f64).abs() < 1e-5, "{first}");
    let alone = figures(bench().args(["run", "mean", "--files"]).arg(sea::path(folder.path(), 2003)));
    assert_eq!(alone["result_sha256"], first["result_sha256"]);
    // Of three days of a year, all.
    let days = measured(ocean(), "year-mean", &["--memory-limit", "512MiB"]);
    let mean = measured(ocean(), "mean", &["--memory-limit", "512MiB"]);
    assert_eq!(days["result_sha256"], mean["result_sha256"]);
}

#[test]
fn lines_and_maps_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    sea(folder.path());
    let blue = |pixels: &[[u8; 3]]| pixels.iter().filter(|&&pixel| pixel == [33, 102, 172]).count();
    for workload in ALL {
        let picture = folder.path().join(format!("{workload}.png"));
        let mut command = bench();
        command.args(["run", workload, "--memory-limit", "256MiB", "--dir"]).arg(folder.path());
        let ended = run(command.arg("--plot").arg(&picture));
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
        let line = ["monthly", "climatology", "anomaly"].contains(&workload);
        let told = format!("{:<12} {}\n", if line { "line" } else { "map" }, picture.display());
        assert!(ended.out.ends_with(&told), "{}", ended.out);
        let (_, _, pixels) = read(&picture);
        assert_eq!(blue(&pixels) > 500, line, "{workload}: {}", blue(&pixels));
    }
}

#[test]
fn what_makes_no_sense_is_said_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("bare.nc");
    let values = thermocline::ndarray::Array3::from_elem((4, 2, 3), 1.0_f32);
    hdf5::File::create(&bare).unwrap().new_dataset_builder().with_data(&values).create("sst").unwrap();
    let picture = folder.path().join("line.png");
    for workload in ["monthly", "climatology", "anomaly", "trend"] {
        let ended = run(bench().args(["run", workload, "--files"]).arg(&bare).arg("--plot").arg(&picture));
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        let complaint = ended.complaint();
        assert!(complaint.contains(&format!("{workload} needs the times of sst")), "{complaint}");
        assert!(complaint.contains("days since"), "{complaint}");
    }
    assert!(!picture.exists());
    for workload in ["mean", "year-mean", "anomaly-std", "time-median"] {
        assert_eq!(figures(bench().args(["run", workload, "--files"]).arg(&bare))["result_valid"], 6, "{workload}");
    }
    // A plan needs no less.
    let ended = run(bench().args(["plan", "trend", "--files"]).arg(&bare));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let single = folder.path().join("single.nc");
    hdf5::File::create(&single).unwrap().new_dataset::<f32>().create("sst").unwrap().write_scalar(&1.0_f32).unwrap();
    let ended = run(bench().args(["run", "mean", "--files"]).arg(&single));
    assert!(ended.code == Some(2) && ended.complaint().contains("single number"), "{ended:?}");
}

#[test]
fn every_workload_has_a_plan_and_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    sea(folder.path());
    let list = run(bench().arg("list")).out;
    for workload in ALL {
        let planned = figures(bench().args(["plan", workload, "--dir"]).arg(folder.path()));
        assert!(bytes(&planned, "floor_bytes") > 0 && planned["wall_s"].is_null(), "{planned}");
        assert!(list.lines().any(|line| line.split_whitespace().next() == Some(workload)), "{list}");
    }
    fs::remove_dir_all(folder.path()).unwrap();
}

/// A file with these variables of 2 x 2 x 3 cells, each with a number in all of them and a text attribute.
fn labelled(path: &Path, variables: &[(&str, f32, &str, &str)]) {
    let file = hdf5::File::create(path).unwrap();
    for (name, value, attribute, text) in variables {
        let values = thermocline::ndarray::Array3::from_elem((2, 2, 3), *value);
        let variable = file.new_dataset_builder().with_data(&values).create(*name).unwrap();
        let text = hdf5::types::FixedAscii::<64>::from_ascii(text).unwrap();
        variable.new_attr::<hdf5::types::FixedAscii<64>>().create(*attribute).unwrap().write_scalar(&text).unwrap();
    }
}

/// The variable is known by what it is, where its name says nothing, and bounds of cells are no candidates.
#[test]
fn the_temperature_of_the_sea_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    let mean = || figures(bench().args(["run", "mean", "--files"]).arg(&path))["result_mean"].as_f64();
    let (tos, corners) = (("tos", 3.0, "bounds", "corners"), ("corners", 4.0, "units", "degrees_north"));
    labelled(&path, &[tos, corners]);
    assert_eq!(mean(), Some(3.0));
    labelled(&path, &[tos, corners, ("analysed_sst", 5.0, "standard_name", "sea_surface_foundation_temperature")]);
    assert_eq!(mean(), Some(5.0));
}
