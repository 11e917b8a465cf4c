//! The same bytes at any number of threads, the same file again after a cut, and an honest look at the disk.

use std::fs;
use std::path::Path;

use super::*;

fn make(dir: &Path, threads: usize) -> Summary {
    let request = Request { dir: dir.into(), years: 2001..=2002, days: Some(3), dtype: Dtype::I2, seed: 1, threads };
    let todo = prepare(&request).unwrap();
    generate(&request, &todo, &AtomicBool::new(false), &|_| ()).unwrap()
}

fn only_file(dir: &Path) -> Vec<u8> {
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "nc"));
    assert_eq!(files.len(), 1, "{files:?}");
    fs::read(&files[0]).unwrap()
}

#[test]
fn files_are_the_same_at_any_number_of_threads_and_are_kept() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let summary = make(a.path(), 1);
    assert_eq!((summary.days, summary.written), (3, 1));
    let bytes_a_value = summary.stored_bytes as f64 / (3 * CELLS) as f64;
    assert!((0.75..1.05).contains(&bytes_a_value), "{bytes_a_value}");
    make(b.path(), 3);
    assert!(only_file(a.path()) == only_file(b.path()));
    let again = make(a.path(), 2);
    assert_eq!((again.kept, again.written), (1, 0));
}

#[test]
fn too_little_space_is_said_before_anything_is_written() {
    let error = check_space(10 << 30, 1 << 30, Path::new("/data")).unwrap_err().line();
    assert!(error.contains("/data") && error.contains("10 GiB") && error.contains("1 GiB"), "{error}");
    assert!(check_space(1, 1, Path::new("/data")).is_ok());
}
