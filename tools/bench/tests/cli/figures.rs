//! What is computed, at any limit and number of threads, and what is told of it.

use hdf5::File;
use thermocline::ndarray::Array3;

use crate::support::{DAYS, bench, bytes, figures, is_empty, ocean, ocean_file, run, run_with_json, scratch};

/// Mean and number of the cells that have a mean over time, by a plain loop.
fn expected_mean() -> (f64, u64) {
    let packed: Array3<i16> = File::open(ocean_file()).unwrap().dataset("sst").unwrap().read().unwrap();
    let (mut sum, mut cells) = (0.0, 0_u32);
    for series in packed.lanes(thermocline::ndarray::Axis(0)) {
        let valid: Vec<f64> = series.iter().filter(|&&value| value != 32767).map(|&value| f64::from(value)).collect();
        if !valid.is_empty() {
            sum += valid.iter().sum::<f64>() * 0.01 / valid.len() as f64;
            cells += 1;
        }
    }
    (sum / f64::from(cells), u64::from(cells))
}

#[test]
fn the_mean_has_the_same_bits_at_any_limit_and_number_of_threads() {
    let mut hashes = Vec::new();
    for limit in ["256MiB", "4GiB"] {
        for threads in ["1", "2", "4"] {
            let mut command = bench();
            command.args(["run", "mean", "--memory-limit", limit, "--threads", threads, "--chunks", "1,720,1440"]);
            let figures = figures(command.arg("--dir").arg(ocean()));
            assert_eq!(figures["threads"].to_string(), threads);
            hashes.push(figures["result_sha256"].as_str().unwrap().to_owned());
            if hashes.len() == 1 {
                let (mean, cells) = expected_mean();
                assert!((figures["result_mean"].as_f64().unwrap() - mean).abs() < 1e-5, "{mean}: {figures}");
                assert_eq!(bytes(&figures, "result_valid"), cells);
                assert_eq!(figures["result_shape"], serde_json::json!([720, 1440]));
                assert_eq!(figures["result_dtype"], "float32");
                assert_eq!(bytes(&figures, "logical_bytes"), (DAYS * 720 * 1440 * 4) as u64);
                let stored = std::fs::metadata(ocean_file()).unwrap().len();
                let read = bytes(&figures, "input_bytes");
                assert!(stored - 64 * 1024 < read && read < stored, "{read} of {stored}");
            }
        }
    }
    assert!(hashes.iter().all(|hash| *hash == hashes[0] && hash.len() == 64), "{hashes:?}");
}

#[test]
fn the_anomaly_has_the_same_bits_where_it_must_spill() {
    let anomaly = |limit: &str, threads: &str| {
        let scratch = scratch();
        let mut command = bench();
        command.args(["run", "anomaly-std", "--memory-limit", limit, "--threads", threads, "--dir"]).arg(ocean());
        let figures = figures(command.arg("--scratch").arg(scratch.path()));
        assert!(is_empty(scratch.path()));
        figures
    };
    let (ample, tight) = (anomaly("1GiB", "2"), anomaly("64MiB", "1"));
    assert_eq!(bytes(&ample, "spilled_bytes"), 0);
    assert_eq!(ample["result_sha256"], tight["result_sha256"]);
    for figures in [ample, tight] {
        assert!(bytes(&figures, "ledger_peak_bytes") <= bytes(&figures, "stated_peak_bytes"), "{figures}");
        assert!(bytes(&figures, "stated_peak_bytes") <= bytes(&figures, "memory_limit_bytes"), "{figures}");
    }
}

#[test]
fn what_does_not_fit_is_spilled_and_reloaded_and_summed_right() {
    let scratch = scratch();
    let size: u64 = 96 << 20;
    let mut command = bench();
    command.args(["run", "spilling", "--size", &size.to_string(), "--memory-limit", "40MiB", "--threads", "2"]);
    let figures = figures(command.arg("--scratch").arg(scratch.path()));
    // A chunk may be in memory at the end of a pass: the rest had to go and to come back.
    for key in ["spilled_bytes", "reloaded_bytes", "scratch_peak_bytes"] {
        assert!(bytes(&figures, key) >= size - (40 << 20), "{key}: {figures}");
    }
    assert!(bytes(&figures, "ledger_peak_bytes") <= 40 << 20);
    assert_eq!((bytes(&figures, "logical_bytes"), bytes(&figures, "input_bytes")), (size, 0));
    // The mean of uniform numbers is a half, within six standard errors.
    let count = (size / 8) as f64;
    let sum = figures["result_mean"].as_f64().unwrap();
    assert!((sum / count - 0.5).abs() < 6.0 / (12.0 * count).sqrt(), "{sum}");
    assert_eq!(figures["result_shape"], serde_json::json!([]));
    assert!(is_empty(scratch.path()));
}

#[test]
fn flags_beat_the_environment_and_what_is_not_said_is_left_to_it() {
    let command = || {
        let mut command = bench();
        command.args(["run", "mean", "--dir"]).arg(ocean());
        command.env("THERMOCLINE_THREADS", "3").env("THERMOCLINE_MEMORY_LIMIT", "300MiB");
        command
    };
    let both = |figures: &serde_json::Value| (bytes(figures, "threads"), bytes(figures, "memory_limit_bytes"));
    assert_eq!(both(&figures(&mut command())), (3, 300 << 20));
    assert_eq!(both(&figures(command().args(["--threads", "1"]))), (1, 300 << 20));
    assert_eq!(both(&figures(command().args(["--memory-limit", "200MiB"]))), (3, 200 << 20));
}

#[test]
fn a_plan_states_what_is_needed_and_runs_nothing() {
    let scratch = scratch();
    let scratch = scratch.path().join("scratch");
    let plan = |line: &[&str]| {
        let ended = run(bench().arg("plan").args(line).arg("--scratch").arg(&scratch));
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
        for word in ["tasks", "stated peak", "floor", "memory limit", "expected spill"] {
            assert!(ended.out.lines().any(|line| line.starts_with(word)), "no {word} in {}", ended.out);
        }
        assert!(is_empty(&scratch));
        ended.out
    };
    let ocean = ocean().to_str().unwrap();
    let stated = figures(bench().args(["plan", "mean", "--dir", ocean, "--memory-limit", "1GiB", "--threads", "2"]));
    assert_eq!((bytes(&stated, "memory_limit_bytes"), bytes(&stated, "threads")), (1 << 30, 2));
    assert!(bytes(&stated, "floor_bytes") <= bytes(&stated, "stated_peak_bytes") && bytes(&stated, "tasks") > 0);
    assert!(stated["wall_s"].is_null() && stated["result_sha256"].is_null(), "{stated}");
    assert!(plan(&["mean", "--dir", ocean, "--memory-limit", "1GiB"]).contains("expected spill  0 B"));
    assert!(plan(&["anomaly-std", "--dir", ocean, "--memory-limit", "1MiB"]).contains("below the floor"));
    // Far more than could be made in the time of a test.
    let large = plan(&["spilling", "--size", "1TiB", "--memory-limit", "1GiB"]);
    assert!(large.contains("expected spill  1023") && large.contains("tasks           32768"), "{large}");
}

#[test]
fn the_workloads_are_listed() {
    let ended = run(bench().arg("list"));
    assert_eq!(ended.code, Some(0));
    for (workload, words) in [
        ("mean ", "over time"),
        ("anomaly-std ", "over time"),
        ("spilling ", "n = size / 8"),
        ("swap_axes ", "n x n f64, n = sqrt(size / 8)"),
        ("anom_mean ", "size / 8 / 131072 times of 131072 f64"),
    ] {
        let found = ended.out.lines().any(|line| line.starts_with(workload) && line.contains(words));
        assert!(found, "{workload}: {}", ended.out);
    }
}

#[test]
fn the_bare_loop_is_timed_in_turn_with_the_library() {
    let (ended, figures) = run_with_json(
        bench().args(["limit", "--rounds", "1", "--threads", "2", "--chunks", "2,360,360", "--dir"]).arg(ocean()),
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for line in ["i16 sums and counts    2 threads, 3 days: ", "to f32, folded in f64  2 threads, 3 days: "] {
        assert!(ended.out.contains(line), "{ended:?}");
    }
    assert_eq!((bytes(&figures, "days"), bytes(&figures, "rounds")), (DAYS as u64, 1));
    for time in ["integers", "floats", "mean", "mean_to_floats", "mean_to_integers"] {
        assert!(figures[time]["wall_s"].as_f64().unwrap() > 0.0, "{figures}");
    }
}

#[test]
fn a_workload_is_compared_with_what_its_bytes_need() {
    let limit = |workload: &str, memory_limit: &str| {
        let scratch = scratch();
        let mut command = bench();
        command.args(["limit", workload, "--rounds", "1", "--threads", "1", "--memory-limit", memory_limit, "--dir"]);
        let (ended, figures) = run_with_json(command.arg(ocean()).arg("--scratch").arg(scratch.path()));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(is_empty(scratch.path()));
        (ended, figures)
    };
    let time = |figures: &serde_json::Value, name: &str| figures[name].as_f64().unwrap();
    // Read twice: for the mean, and for what is compared with it.
    let (ended, figures) = limit("anomaly-std", "1GiB");
    assert_eq!(bytes(&figures, "input_bytes"), 2 * bytes(&figures, "stored_bytes"), "{figures}");
    assert!(ended.out.contains("read 2.00 times") && ended.out.contains("spilled          nothing"), "{}", ended.out);
    let (ended, figures) = limit("climatology", "24MiB");
    assert!(bytes(&figures, "spilled_bytes") > 0, "{figures}");
    let needed = time(&figures, "decode_s") + time(&figures, "spill_s") + time(&figures, "reload_s");
    assert!((time(&figures, "needed_s") / needed - 1.0).abs() < 1e-9, "{figures}");
    assert!((time(&figures, "wall_s") / needed / time(&figures, "ratio") - 1.0).abs() < 1e-9, "{figures}");
    assert!(ended.out.contains("times as long, median of 1 rounds"), "{}", ended.out);
    let refused = crate::support::run(bench().args(["limit", "transpose", "--dir"]).arg(ocean()));
    assert_eq!(refused.code, Some(2), "{refused:?}");
}
