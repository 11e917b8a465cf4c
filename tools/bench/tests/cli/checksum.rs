//! `bench checksum`: the same bytes that others find, and that no file does it harm.

use std::fs;
use std::path::Path;

use hdf5::File;
use hdf5::types::VarLenUnicode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Ended, bench, run};

fn sha256(bytes: impl IntoIterator<Item = u8>) -> String {
    let bytes: Vec<u8> = bytes.into_iter().collect();
    Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is told of a file, and how the command ended.
fn checksum(path: &Path, more: &[&str]) -> (Value, Ended) {
    let json = path.with_extension("json");
    let ended = run(bench().arg("checksum").arg(path).args(more).arg("--json").arg(&json));
    (serde_json::from_slice(&fs::read(json).unwrap()).unwrap(), ended)
}

/// Numbers of several types and layouts, and what is no number.
fn mixed(path: &Path) {
    let file = File::create(path).unwrap();
    let deep = file.create_group("forecast").unwrap().create_group("hourly").unwrap();
    let sst: Vec<i16> = (0..60_000).map(|at| (at * 7 % 1000) as i16 - 500).collect();
    let packed = deep.new_dataset::<i16>().chunk([7, 11, 13]).shuffle().deflate(4).shape([60, 25, 40]);
    packed.create("sst").unwrap().write_raw(&sst).unwrap();
    let nan = f64::from_bits(0x7ff8_0000_dead_beef);
    file.new_dataset::<f64>().shape(3).create("nan").unwrap().write_raw(&[1.0, nan, -0.0]).unwrap();
    file.new_dataset::<bool>().shape(2).create("truth").unwrap().write_raw(&[true, false]).unwrap();
    file.new_dataset::<u8>().create("one").unwrap().write_scalar(&200_u8).unwrap();
    file.new_dataset::<i32>().chunk(4).shape(0..).create("none").unwrap();
    file.new_dataset::<VarLenUnicode>().shape(2).create("names").unwrap();
    file.link_soft("/nan", "alias").unwrap();
}

#[test]
fn every_data_set_of_numbers_is_hashed_as_it_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    mixed(&path);
    let nan = [1.0, f64::from_bits(0x7ff8_0000_dead_beef), -0.0].map(f64::to_le_bytes).concat();
    let sst = (0..60_000).flat_map(|at| ((at * 7 % 1000) as i16 - 500).to_le_bytes());
    let line = |name: &str, shape: Value, dtype: &str, sha256: String, path: &str| json!({"name": name, "shape": shape, "dtype": dtype, "sha256": sha256, "error": null, "path": path});
    let expected = |path: &str| {
        json!([
            line("/forecast/hourly/sst", json!([60, 25, 40]), "<i2", sha256(sst.clone()), path),
            line("/nan", json!([3]), "<f8", sha256(nan.clone()), path),
            line("/none", json!([0]), "<i4", sha256([]), path),
            line("/one", json!([]), "|u1", sha256([200]), path),
            line("/truth", json!([2]), "|b1", sha256([1, 0]), path),
        ])
    };
    let (told, ended) = checksum(&path, &[]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(told["variables"], expected("direct"));
    let hash = sha256(nan.clone());
    assert!(ended.out.lines().any(|line| line == format!("{hash} <f8 [3] direct /nan")), "{ended:?}");
    assert_eq!(checksum(&path, &["--library"]).0["variables"], expected("library"));
    // Pieces that cut chunks, with and without room for all.
    for limit in ["64MiB", "800KiB", "400KiB"] {
        let (told, ended) = checksum(&path, &["--memory-limit", limit, "--threads", "2"]);
        assert_eq!((told["variables"][0].clone(), ended.code), (expected("direct")[0].clone(), Some(0)), "{limit}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error_beside_what_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    mixed(&path);
    let (told, ended) = checksum(&path, &["names", "/one", "alias", "/gone"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.complaint().contains("a.h5: 3 of 4 can't be read"), "{ended:?}");
    let of = |at: usize, field: &str| told["variables"][at][field].as_str().unwrap_or_default().to_owned();
    for (at, name, words) in [(0, "/names", "only integers"), (2, "/alias", "soft link"), (3, "/gone", "no such")] {
        assert_eq!((of(at, "name"), told["variables"][at]["sha256"].clone()), (name.to_owned(), Value::Null));
        assert!(of(at, "error").contains(words), "{told}");
    }
    assert_eq!((of(1, "name"), of(1, "sha256")), ("/one".to_owned(), sha256([200])));
    assert_eq!(ended.out.lines().count(), 4);

    fs::write(&path, "no data").unwrap();
    let (told, ended) = checksum(&path, &[]);
    assert!(ended.code == Some(1) && ended.complaint().contains("does not begin as"), "{ended:?}");
    assert!(told["error"].as_str().unwrap().contains("a.h5") && told["variables"] == json!([]), "{told}");
    assert_eq!(run(bench().arg("checksum")).code, Some(2));
}

/// HDF5 stores nothing for what was never written.
#[test]
fn a_tiny_file_that_claims_to_be_huge_is_not_hashed_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let file = File::create(&path).unwrap();
    file.new_dataset::<f32>().shape([1 << 20, 1 << 20]).create("huge").unwrap();
    file.new_dataset::<u8>().chunk(1 << 16).shape(40 << 20).fill_value(7_u8).create("large").unwrap();
    file.close().unwrap();
    let (told, ended) = checksum(&path, &["--memory-limit", "8MiB"]);
    assert_eq!(ended.code, Some(1));
    let [huge, large] = [0, 1].map(|at| told["variables"][at].clone());
    assert!(huge["error"].as_str().unwrap().contains("--sparse") && huge["sha256"].is_null(), "{huge}");
    assert_eq!(large["sha256"], sha256(vec![7; 40 << 20]));
}

#[test]
fn empty_data_spaces_have_no_values_and_no_shape() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let file = File::create(&path).unwrap();
    file.new_dataset::<f32>().shape(hdf5::Extents::Null).create("nothing").unwrap();
    file.close().unwrap();
    let (told, ended) = checksum(&path, &[]);
    let nothing = &told["variables"][0];
    assert_eq!(ended.code, Some(0));
    assert_eq!((&nothing["shape"], &nothing["path"], &nothing["error"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!(nothing["sha256"], sha256([]));
}

/// What a file may have the process do is up to the environment.
#[test]
fn references_to_other_folders_are_followed_where_that_is_allowed() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("inner");
    fs::create_dir(&folder).unwrap();
    fs::write(outer.path().join("values.raw"), [7; 40]).unwrap();
    let path = folder.join("a.h5");
    let file = File::create(&path).unwrap();
    file.new_dataset::<i32>().shape(10).external("../values.raw", 0, 40).create("x").unwrap();
    file.close().unwrap();
    let with = |name: &str, value: &str| run(bench().arg("checksum").arg(&path).env(name, value));
    let ended = checksum(&path, &[]).1;
    assert!(ended.code == Some(1) && ended.out.contains("THERMOCLINE_HDF5_OUTSIDE=on"), "{ended:?}");
    let ended = with("THERMOCLINE_HDF5_OUTSIDE", "on");
    assert!(ended.code == Some(0) && ended.out.starts_with(&sha256([7; 40])), "{ended:?}");
    for name in ["THERMOCLINE_HDF5_OUTSIDE", "THERMOCLINE_HDF5_PLUGINS"] {
        let ended = with(name, "perhaps");
        assert!(ended.code == Some(2) && ended.complaint().contains(name), "{ended:?}");
    }
    assert_eq!(with("THERMOCLINE_HDF5_PLUGINS", "off").code, Some(1));
}
