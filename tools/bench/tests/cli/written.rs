//! Results as netCDF files, and what is left where they can't be written.

use std::fs;
use std::path::Path;
use std::process::Command;

use thermocline::Session;
use thermocline::io::netcdf::{self, Field};

use crate::support::{DAYS, bench, ocean, run, run_with_json};

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_map_and_a_stack_of_maps_are_written_with_their_coordinates() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.nc");
    let session = Session::builder().memory_limit("256MiB".parse().unwrap()).build().unwrap();
    for (workload, dimensions) in [
        ("mean", vec![("lat", 720), ("lon", 1440)]),
        ("monthly", vec![("time", 1)]),
        ("climatology", vec![("dayofyear", DAYS), ("lat", 720), ("lon", 1440)]),
    ] {
        let mut command = bench();
        command.args(["run", workload, "--memory-limit", "256MiB", "--threads", "2", "--dir"]).arg(ocean());
        let (ended, figures) = run_with_json(command.arg("--out").arg(&out));
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
        assert!(ended.out.ends_with(&format!("file         {}\n", out.display())), "{}", ended.out);
        let written = netcdf::open(&out).unwrap();
        let sst: Field<f32> = written.field("sst").unwrap();
        assert_eq!(sst.dimensions().len(), dimensions.len());
        for (axis, (name, length)) in dimensions.into_iter().enumerate() {
            assert_eq!(
                (sst.shape()[axis], sst.coordinate(&sst.dimensions()[axis]).is_some()),
                (length, true),
                "{name}"
            );
        }
        assert_eq!(written.attributes().text("source"), Some(&*format!("thermocline bench run {workload}")));
        let values = session.compute(&sst).unwrap();
        let known = values.iter().filter(|value| !value.is_nan()).count() as u64;
        assert!(known > 0 && figures["result_valid"].as_u64() == Some(known), "{figures}");
        assert_eq!(names(folder.path()), ["out.nc"]);
    }
}

#[test]
fn a_target_that_cannot_be_written_is_found_out_first() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (out, problem) in [(here.join("no/out.nc"), "there is no folder"), (here.to_owned(), "it is a folder")] {
        let ended = run(bench().args(["run", "mean", "--dir"]).arg(ocean()).arg("--out").arg(&out));
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.complaint().contains(problem) && ended.complaint().contains(out.to_str().unwrap()), "{ended:?}");
    }
    let input = fs::read_dir(ocean()).unwrap().next().unwrap().unwrap().path();
    let ended = run(bench().args(["run", "mean", "--dir"]).arg(ocean()).arg("--out").arg(&input));
    assert!(ended.code == Some(2) && ended.complaint().contains("one of the files that are read"), "{ended:?}");
    let ended = run(bench().args(["run", "spilling", "--size", "1MiB", "--out", "x.nc"]).current_dir(here));
    assert!(ended.code == Some(2) && ended.complaint().contains("--out"), "{ended:?}");
    assert!(names(here).is_empty());
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.nc");
    fs::write(&out, "old").unwrap();
    // Files may have 64 KiB; a signal would end the program.
    let limited = "trap '' XFSZ; ulimit -f 128; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", limited, "sh"]).arg(bench().get_program());
    command.args(["run", "mean", "--memory-limit", "256MiB", "--threads", "2", "--dir"]).arg(ocean());
    let ended = run(command.arg("--out").arg(&out));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("out.nc: it can't be written: ") && !ended.err.contains("infinite loop"), "{ended:?}");
    assert_eq!((fs::read_to_string(&out).unwrap(), names(folder.path())), ("old".into(), vec!["out.nc".into()]));
}
