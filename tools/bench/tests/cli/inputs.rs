//! Which files and which variable are read.

use std::path::{Path, PathBuf};

use hdf5::File;
use thermocline::ndarray::Array3;

use crate::support::{bench, bytes, figures, run};

/// A file with variables of 2 x 2 x 3 cells, each filled with its number.
fn file(folder: &Path, name: &str, variables: &[(&str, f32)]) -> PathBuf {
    let path = folder.join(name);
    let file = File::create(&path).unwrap();
    for &(variable, value) in variables {
        let values = Array3::from_elem((2, 2, 3), value);
        file.new_dataset_builder().with_data(&values).create(variable).unwrap();
    }
    path
}

fn mean(figures: &serde_json::Value) -> f64 {
    figures["result_mean"].as_f64().unwrap()
}

#[test]
fn patterns_are_expanded_and_may_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in [("a1.nc", 1.0), ("a2.nc", 2.0), ("b1.nc", 6.0)] {
        file(folder.path(), name, &[("sst", value)]);
    }
    let pattern = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (files, expected) in [
        (vec!["--files", "a*.nc"], 1.5),
        (vec!["--files", "a*.nc", "--files", "b?.nc"], 3.0),
        (vec!["--files", "a[12].nc", "b1.nc"], 3.0),
        (vec!["--files", "b1.nc", "--files", "a2.nc"], 4.0),
    ] {
        let files = files.iter().map(|word| if word.starts_with("--") { (*word).to_owned() } else { pattern(word) });
        let figures = figures(bench().args(["run", "mean"]).args(files));
        assert_eq!(mean(&figures), expected);
        assert_eq!(figures["result_shape"], serde_json::json!([2, 3]));
    }
}

#[test]
fn a_folder_gives_its_sst_files_in_the_order_of_their_names() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "sst.2.nc", &[("sst", 2.0)]);
    file(folder.path(), "sst.1.nc", &[("sst", 1.0)]);
    file(folder.path(), "air.nc", &[("sst", 100.0)]);
    let figures = figures(bench().args(["run", "mean", "--dir"]).arg(folder.path()));
    assert_eq!((mean(&figures), bytes(&figures, "logical_bytes")), (1.5, 2 * 2 * 2 * 3 * 4));
    // The first file sets the shape, so the complaint is about the last.
    let odd = folder.path().join("sst.0.nc");
    let values = Array3::from_elem((2, 4, 3), 0.0_f32);
    File::create(&odd).unwrap().new_dataset_builder().with_data(&values).create("sst").unwrap();
    let ended = run(bench().args(["run", "mean", "--dir"]).arg(folder.path()));
    assert_eq!(ended.code, Some(1));
    let complaint = ended.complaint();
    assert!(complaint.contains("sst.1.nc: variable sst") && complaint.contains("sst.0.nc"), "{complaint}");
}

#[test]
fn the_variable_is_sst_else_the_only_large_one_else_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mean_of = |path: &Path| mean(&figures(bench().args(["run", "mean", "--files"]).arg(path)));
    assert_eq!(mean_of(&file(folder.path(), "1.nc", &[("air", 9.0), ("sst", 4.0)])), 4.0);
    let one = file(folder.path(), "2.nc", &[("tos", 5.0)]);
    let series = vec![0.0; 7];
    File::append(&one).unwrap().new_dataset_builder().with_data(&series).create("aaa").unwrap();
    assert_eq!(mean_of(&one), 5.0);
    let two = file(folder.path(), "3.nc", &[("salt", 3.0), ("tos", 5.0)]);
    let ended = run(bench().args(["run", "mean", "--files"]).arg(&two));
    assert_eq!(ended.code, Some(2));
    let complaint = ended.complaint();
    assert!(complaint.contains("--var") && complaint.contains("salt") && complaint.contains("tos"), "{complaint}");
    let told = figures(bench().args(["run", "mean", "--var", "salt", "--files"]).arg(&two));
    assert_eq!(mean(&told), 3.0);
    let none = folder.path().join("4.nc");
    File::create(&none).unwrap().new_dataset_builder().with_data(&series).create("depth").unwrap();
    let ended = run(bench().args(["run", "mean", "--files"]).arg(&none));
    assert!(ended.code == Some(2) && ended.complaint().contains("depth"), "{ended:?}");
}
