//! What is shown of a run: `--report` and `--live`.

use std::fs;

use serde_json::Value;

use crate::support::{bench, run};

const SPILLING: [&str; 8] = ["run", "spilling", "--size", "64MiB", "--memory-limit", "40MiB", "--threads", "2"];

#[test]
fn a_report_is_a_page_a_trace_or_lines_as_its_name_says() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| {
        let path = folder.path().join(name);
        let ended = run(bench().args(SPILLING).arg("--report").arg(&path));
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
        assert!(ended.out.ends_with(&format!("report       {}\n", path.display())), "{}", ended.out);
        fs::read_to_string(path).unwrap()
    };
    let page = read("report.html");
    assert!(page.starts_with("<!doctype html>") && page.contains("<h1>bench run spilling</h1>"));
    assert!(page.contains("<dt>size</dt><dd>64 MiB</dd>") && page.contains("40 MiB (builder)"));
    let trace: Value = serde_json::from_str(&read("report.json")).unwrap();
    assert!(trace["traceEvents"].as_array().unwrap().iter().any(|event| event["cat"] == "spill"));
    let lines = read("report.jsonl");
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["type"], &first["memory_limit"]), (&"session".into(), &(40 << 20).into()));
    assert!(lines.lines().count() as u64 > first["tasks"].as_u64().unwrap());
}

#[test]
fn a_report_is_written_of_a_run_that_fails_and_its_file_found_out_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let line = ["run", "swap_axes", "--size", "64MiB", "--memory-limit", "1MiB", "--report"];
    let ended = run(bench().args(line).arg(&path));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.complaint().contains("too small"), "{ended:?}");
    let page = fs::read_to_string(&path).unwrap();
    assert!(page.contains("<h2>It failed</h2>") && page.contains("memory limit of 1 MiB is too small"), "{page}");
    let nowhere = folder.path().join("nowhere/report.html");
    let ended = run(bench().args(SPILLING).arg("--report").arg(&nowhere));
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.complaint().contains(nowhere.to_str().unwrap()), "{ended:?}");
}

#[test]
fn a_live_view_without_a_terminal_is_plain_lines_and_a_summary() {
    let ended = run(bench().args(SPILLING).arg("--live"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.starts_with("workload     spilling\n"), "{}", ended.out);
    assert!(!ended.err.contains('\u{1b}'), "{:?}", ended.err);
    assert!(ended.err.contains(" tasks in 00:00:") && ended.err.contains("memory   "), "{}", ended.err);
    let ended = run(bench().args(SPILLING).args(["--live", "--no-progress"]));
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
