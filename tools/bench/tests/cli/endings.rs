//! How runs end: with which code, with which words, with which figures.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::{bench, bytes, ocean, ocean_file, run, run_with_json};

/// The contract, word for word.
const KEYS: &str = "workload outcome error wall_s peak_rss_bytes ledger_peak_bytes stated_peak_bytes floor_bytes \
    working_set_bytes memory_limit_bytes expected_input_bytes expected_spilled_bytes expected_reloaded_bytes spilled_bytes reloaded_bytes redone_tasks scratch_peak_bytes tasks threads input_bytes \
    logical_bytes result_shape result_dtype result_mean result_moment result_valid result_sha256";

#[track_caller]
fn assert_keys(figures: &Value) {
    let mut found: Vec<&str> = figures.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected: Vec<&str> = KEYS.split_whitespace().collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn success_is_a_table_and_every_figure() {
    let (ended, figures) = run_with_json(
        bench().args(["run", "mean", "--memory-limit", "256MiB", "--threads", "2", "--dir"]).arg(ocean()),
    );
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    for word in ["workload", "time", "tasks", "all of it directly", "stated peak", "floor", "peak RSS", "result"] {
        assert!(ended.out.contains(word), "no {word} in {}", ended.out);
    }
    assert_keys(&figures);
    let nulls: Vec<_> = figures.as_object().unwrap().iter().filter(|(_, value)| value.is_null()).collect();
    assert_eq!(nulls, [(&"error".to_owned(), &Value::Null)]);
    assert_eq!(figures["outcome"], "ok");
    let (ledger, stated) = (bytes(&figures, "ledger_peak_bytes"), bytes(&figures, "stated_peak_bytes"));
    assert!(0 < ledger && ledger <= stated && stated <= 256 << 20, "{figures}");
    assert!(bytes(&figures, "floor_bytes") <= stated);
    // The bound on memory outside the ledger: 64 MiB, and 2 MiB a thread.
    assert!(bytes(&figures, "peak_rss_bytes") <= (256 + 64 + 2 * 2) << 20, "{figures}");
}

#[test]
fn below_the_floor_it_fails_before_it_runs_and_still_states_the_floor() {
    let (ended, figures) = run_with_json(bench().args(["run", "mean", "--memory-limit", "1MiB", "--dir"]).arg(ocean()));
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.complaint().contains("memory limit of 1 MiB is too small"), "{ended:?}");
    assert_keys(&figures);
    assert_eq!(figures["outcome"], "memory-limit");
    assert!(ended.complaint().ends_with(figures["error"].as_str().unwrap()));
    assert!(bytes(&figures, "floor_bytes") > 1 << 20 && figures["stated_peak_bytes"].is_u64());
    assert_eq!((bytes(&figures, "tasks"), bytes(&figures, "input_bytes")), (0, 0));
    assert!(figures["result_sha256"].is_null());
}

#[test]
fn bad_input_is_one_line_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("text.nc"), "no netCDF\n").unwrap();
    fs::write(path("empty.nc"), "").unwrap();
    let whole = fs::read(ocean_file()).unwrap();
    fs::write(path("cut.nc"), &whole[..whole.len() / 2]).unwrap();
    fs::create_dir(path("folder.nc")).unwrap();
    for (file, words) in [
        ("absent.nc", "no such file"),
        ("absent*.nc", "none matches"),
        ("text.nc", "does not begin as"),
        ("empty.nc", "empty.nc"),
        ("cut.nc", "truncated"),
        ("folder.nc", "folder.nc"),
    ] {
        let (ended, figures) = run_with_json(bench().args(["run", "mean", "--files", &path(file)]));
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        let complaint = ended.complaint();
        assert!(complaint.contains(&path(file)) && complaint.contains(words), "{file}: {complaint}");
        assert_keys(&figures);
        assert_eq!((&figures["outcome"], &figures["wall_s"]), (&"error".into(), &Value::Null), "{figures}");
        assert!(complaint.ends_with(figures["error"].as_str().unwrap()), "{figures}");
    }
    let absent = run(bench().args(["run", "mean", "--var", "salt", "--dir"]).arg(ocean()));
    assert_eq!(absent.code, Some(1));
    assert!(absent.complaint().contains("no variable salt; there are: lat, lon, sst, time"), "{absent:?}");
    let nowhere = run(bench().args(["run", "mean", "--dir", &path("nowhere")]));
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.complaint().contains(&path("nowhere")), "{nowhere:?}");
}

#[test]
fn wrong_usage_is_code_2() {
    let dir = ocean().to_str().unwrap();
    for line in [
        vec!["fly"],
        vec!["run"],
        vec!["run", "nothing", "--dir", dir],
        vec!["run", "mean"],
        vec!["run", "mean", "--dir", dir, "--files", "a.nc"],
        vec!["run", "mean", "--dir", dir, "--dir", dir],
        vec!["run", "mean", "--dir", dir, "--threads", "0"],
        vec!["run", "mean", "--dir", dir, "--threads", "2", "--threads", "2"],
        vec!["run", "mean", "--dir", dir, "--memory-limit", "much"],
        vec!["run", "mean", "--dir", dir, "--chunks", "0,720,1440"],
        vec!["run", "mean", "--dir", dir, "--chunks", "24,720"],
        vec!["run", "mean", "--dir", dir, "--chunks", "1,1,1"],
        vec!["run", "mean", "--dir", dir, "--chunks", "many"],
        vec!["run", "mean", "--dir", dir, "--scratch", ""],
        vec!["run", "mean", "--files", "[.nc"],
        vec!["run", "spilling", "--size", "large"],
        vec!["plan"],
        vec!["generate"],
        vec!["generate", "--dir", dir, "--years", "2015-1981"],
        vec!["generate", "--dir", dir, "--years", "1981-1981", "--days", "366"],
        vec!["generate", "--dir", dir, "--dtype", "f8"],
        vec!["limit", "--dir", dir, "--threads", "0"],
    ] {
        let ended = run(bench().args(&line));
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{line:?}: {ended:?}");
        assert!(!ended.err.is_empty(), "{line:?}");
    }
    let environment = run(bench().args(["run", "mean", "--dir", dir]).env("THERMOCLINE_THREADS", "many"));
    assert_eq!(environment.code, Some(2));
    assert!(environment.complaint().contains("THERMOCLINE_THREADS"), "{environment:?}");
}

#[test]
fn a_file_for_the_figures_that_cannot_be_made_is_found_out_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("nowhere/figures.json");
    // The workload would take long; the input is never looked for.
    let ended = run(bench().args(["run", "spilling", "--size", "64GiB", "--json"]).arg(&place));
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.complaint().contains(place.to_str().unwrap()), "{ended:?}");
}

#[test]
fn a_scratch_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let ended = run(bench().args(["run", "spilling", "--size", "1MiB", "--scratch"]).arg(&file));
    assert_eq!(ended.code, Some(1));
    assert!(ended.complaint().contains(file.to_str().unwrap()), "{ended:?}");
    // One that is not there yet is made.
    let new = folder.path().join("new/scratch");
    let ended = run(bench().args(["run", "spilling", "--size", "1MiB", "--scratch"]).arg(&new));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(new.is_dir() && fs::metadata(&new).unwrap().permissions().mode() & 0o700 == 0o700);
}

#[test]
fn nobody_reading_the_table_is_no_failure() {
    let bench = env!("CARGO_BIN_EXE_bench");
    let ended =
        run(std::process::Command::new("sh").arg("-c").arg(format!("'{bench}' list | true; '{bench}' list >&-")));
    assert_eq!(ended.err, "", "{ended:?}");
}
