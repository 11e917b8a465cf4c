//! Ctrl-C, and worse: nothing may be left behind.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Child;

use crate::support::{bench, is_empty, poll, read_json, run, scratch, signal, start, wait};

/// A file that a process has open in `folder`, and that holds bytes: something was spilled.
fn spilled(process: u32, folder: &Path) -> Option<fs::Metadata> {
    let open = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    let in_folder = |path: &Path| fs::read_link(path).is_ok_and(|target| target.starts_with(folder));
    let mut paths = open.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| in_folder(path));
    paths.find_map(|path| fs::metadata(path).ok().filter(|about| about.is_file() && about.blocks() > 0))
}

/// A run that has to spill, once it has begun to; it would go on for some time.
fn spilling(scratch: &Path, json: &Path) -> Child {
    let mut command = bench();
    command.args(["run", "spilling", "--size", "1GiB", "--memory-limit", "64MiB", "--threads", "2", "--scratch"]);
    let mut child = start(command.arg(scratch).arg("--json").arg(json));
    let about = poll(&mut child, |process| spilled(process, scratch));
    // The file has no name: whatever becomes of the process, the kernel takes back its blocks.
    assert_eq!(about.nlink(), 0);
    child
}

#[test]
fn ctrl_c_cancels_the_run_and_leaves_no_scratch() {
    let (scratch, other) = (scratch(), tempfile::tempdir().unwrap());
    let json = other.path().join("figures.json");
    let child = spilling(scratch.path(), &json);
    signal(&child, "INT");
    let ended = wait(child);
    assert_eq!((ended.code, ended.out.as_str()), (Some(130), ""), "{ended:?}");
    assert!(ended.complaint().contains("cancelled"), "{ended:?}");
    let figures = read_json(&json);
    assert_eq!(figures["outcome"], "cancelled");
    assert!(figures["tasks"].as_u64() > Some(0) && figures["result_sha256"].is_null(), "{figures}");
    assert!(is_empty(scratch.path()));
}

#[test]
fn a_killed_run_leaves_no_scratch() {
    let (scratch, other) = (scratch(), tempfile::tempdir().unwrap());
    let json = other.path().join("figures.json");
    // Figures of an earlier run must not be taken for those of the one that was killed.
    fs::write(&json, "{}").unwrap();
    let child = spilling(scratch.path(), &json);
    signal(&child, "KILL");
    assert_eq!(wait(child).code, None);
    assert!(is_empty(scratch.path()));
    assert_eq!(fs::read(&json).unwrap(), b"");
}

const YEAR: &str = "sst.day.mean.1990.v2.nc";

/// A generation that has begun its file.
fn generating(folder: &Path) -> Child {
    let mut child = start(bench().args(["generate", "--years", "1990", "--days", "5", "--dir"]).arg(folder));
    let partial = folder.join(format!("{YEAR}.partial"));
    poll(&mut child, |_| partial.exists().then_some(()));
    assert!(!folder.join(YEAR).exists());
    child
}

#[test]
fn a_killed_generation_leaves_no_file_that_could_be_taken_for_one_and_is_done_again() {
    let (folder, other) = (scratch(), scratch());
    let child = generating(folder.path());
    signal(&child, "KILL");
    assert_eq!(wait(child).code, None);
    assert!(!folder.path().join(YEAR).exists());
    let none = run(bench().args(["run", "mean", "--dir"]).arg(folder.path()));
    assert!(none.code == Some(1) && none.complaint().contains("no sst*.nc there"), "{none:?}");
    let generate = |dir: &Path| {
        let made = run(bench().args(["generate", "--years", "1990", "--days", "5", "--dir"]).arg(dir));
        assert_eq!((made.code, made.err.as_str()), (Some(0), ""), "{made:?}");
        assert_eq!(fs::read_dir(dir).unwrap().count(), 1);
        (fs::read(dir.join(YEAR)).unwrap(), made.out)
    };
    let (again, at_once) = (generate(folder.path()), generate(other.path()));
    assert!(again.0 == at_once.0);
    assert!(again.1.contains("made 5 days in 1 file"), "{}", again.1);
    assert!(generate(folder.path()).1.contains("1 file as wanted already"));
}

#[test]
fn ctrl_c_ends_a_generation_and_takes_the_begun_file_away() {
    let folder = scratch();
    let child = generating(folder.path());
    signal(&child, "INT");
    let ended = wait(child);
    assert_eq!((ended.code, ended.out.as_str()), (Some(130), ""), "{ended:?}");
    assert!(ended.complaint().contains("interrupted"), "{ended:?}");
    assert!(is_empty(folder.path()));
}
