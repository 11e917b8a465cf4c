//! What the memory limit promises of every workload on made-up numbers: at 2, 1, 1/2 and 1/4 of its working set and at
//! its floor the same bits, under the limit; below the floor nothing is begun.

use serde_json::Value;

use crate::support::{bench, bytes, is_empty, run, run_with_json, scratch};

/// What a process may have resident beside the limit, and what each thread may.
const BESIDE: u64 = 64 << 20;
const BESIDE_A_THREAD: u64 = 2 << 20;

/// More than the bound allows beside most of the limits: who holds all of it is found out.
const SIZE: &str = "96MiB";

/// Runs a workload at all its limits, and checks what was written down of each run.
#[track_caller]
fn check(workload: &str, size: &str, spills: bool) {
    for threads in [1, 2] {
        let scratch = scratch();
        let mut command = bench();
        command.args(["outcomes", workload, "--size", size, "--threads", &threads.to_string(), "--scratch"]);
        let (ended, reports) = run_with_json(command.arg(scratch.path()));
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
        assert!(is_empty(scratch.path()));
        let reports = reports.as_array().unwrap();
        assert_eq!(ended.out.lines().count(), 1 + reports.len(), "{ended:?}");
        let (below, kept) = reports.split_last().unwrap();
        // Where nothing is kept, the working set is the floor.
        assert!(kept.len() >= 2, "{ended:?}");
        assert!(kept.windows(2).all(|pair| limit(&pair[0]) > limit(&pair[1])));
        for report in kept {
            check_kept(report, &kept[0], threads);
        }
        let tightest = &kept[kept.len() - 1];
        assert_eq!(limit(tightest), bytes(tightest, "floor_bytes"));
        assert_eq!(bytes(&kept[0], "spilled_bytes"), 0);
        assert!(!spills || bytes(tightest, "spilled_bytes") > limit(tightest), "{tightest}");
        assert_eq!((&below["outcome"], bytes(below, "tasks")), (&"memory-limit".into(), 0));
        assert!(bytes(below, "floor_bytes") == limit(below) + 1 && bytes(below, "spilled_bytes") == 0, "{below}");
    }
}

fn limit(report: &Value) -> u64 {
    bytes(report, "memory_limit_bytes")
}

#[track_caller]
fn check_kept(report: &Value, ample: &Value, threads: u64) {
    assert_eq!((&report["outcome"], bytes(report, "threads")), (&"ok".into(), threads));
    assert_eq!(report["result_sha256"].as_str().map(str::len), Some(64));
    assert_eq!(report["result_sha256"], ample["result_sha256"]);
    let (ledger, stated) = (bytes(report, "ledger_peak_bytes"), bytes(report, "stated_peak_bytes"));
    assert!(ledger <= stated && stated <= limit(report), "{report}");
    assert!(bytes(report, "peak_rss_bytes") <= limit(report) + BESIDE + BESIDE_A_THREAD * threads, "{report}");
}

macro_rules! outcomes {
    ($($name:ident: $workload:literal, $size:expr, $spills:literal);+ $(;)?) => {$(
        #[test]
        fn $name() {
            check($workload, $size, $spills);
        }
    )+};
}

outcomes! {
    spilling_is_monotone: "spilling", SIZE, true;
    centering_is_monotone: "centering", SIZE, false;
    sum_residuals_is_monotone: "sum_residuals", SIZE, false;
    transpose_is_monotone: "transpose", SIZE, false;
    swap_axes_is_monotone: "swap_axes", SIZE, true;
    tiles_to_rows_is_monotone: "tiles_to_rows", SIZE, true;
    // As many multiplications as bytes to the power of 3/2.
    dot_is_monotone: "dot", "8MiB", false;
    double_diff_is_monotone: "double_diff", SIZE, false;
    filter_then_average_is_monotone: "filter_then_average", SIZE, false;
    map_overlap_is_monotone: "map_overlap", SIZE, true;
    anom_mean_is_monotone: "anom_mean", SIZE, true;
    quadratic_mean_is_monotone: "quadratic_mean", SIZE, false;
}

#[test]
fn compressible_numbers_take_less_scratch_and_sum_to_the_same_at_any_limit() {
    let stored = |data: &str| {
        let scratch = scratch();
        let mut command = bench();
        command.env("THERMOCLINE_COMPRESSION", "lz4");
        command.args(["run", "spilling", "--size", "48MiB", "--memory-limit", "12MiB", "--threads", "1"]);
        let (ended, report) = run_with_json(command.args(["--data", data, "--scratch"]).arg(scratch.path()));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        bytes(&report, "scratch_peak_bytes") as f64 / bytes(&report, "spilled_bytes") as f64
    };
    let (random, compressible) = (stored("random"), stored("compressible"));
    assert!((0.38..0.48).contains(&compressible), "{compressible}");
    // A chunk may be in memory while the others are on scratch.
    assert!(random > 0.8, "{random}");
}

#[test]
fn wrong_usage_is_code_2() {
    for line in [
        "outcomes spilling --memory-limit 1GiB",
        "outcomes spilling --plot map.png",
        "run spilling --size 1MiB --dir ocean",
        "run spilling --size 1MiB --var sst",
        "run spilling --size 100",
        "run spilling --data other",
        "run transpose --size 1MiB --chunks 10",
        "run transpose --size 1GiB --chunks 1,1",
        "run transpose --plot map.png",
        "run mean --dir ocean --size 1MiB",
        "plan mean --dir ocean --data random",
    ] {
        let ended = run(bench().args(line.split(' ')));
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{line}: {ended:?}");
        assert!(!ended.err.is_empty(), "{line}");
    }
}

#[test]
fn chunks_are_as_the_command_line_has_them() {
    let (ended, report) = run_with_json(bench().args(["plan", "spilling", "--size", "8MiB", "--chunks", "65536"]));
    // A task a chunk.
    assert_eq!((ended.code, bytes(&report, "tasks")), (Some(0), 16), "{ended:?}");
}

/// Chunks that a task had just read for the last time still counted when the next task was granted its memory, so that
/// others were evicted for nothing: half as many bytes again went to scratch and came back.
#[test]
fn one_worker_brings_back_what_the_plan_expects() {
    for (workload, limit) in [("anom_mean", "16500KiB"), ("swap_axes", "27MiB")] {
        let scratch = scratch();
        let mut command = bench();
        command.args(["run", workload, "--size", SIZE, "--threads", "1", "--memory-limit", limit, "--scratch"]);
        let (ended, report) = run_with_json(command.arg(scratch.path()));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let (expected, reloaded) = (bytes(&report, "expected_reloaded_bytes"), bytes(&report, "reloaded_bytes"));
        assert!(expected > 0 && reloaded <= expected + expected / 16, "{workload}: {report}");
    }
}
