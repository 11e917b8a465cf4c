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
    make(b.path(), 4);
    assert!(only_file(a.path()) == only_file(b.path()));
    let again = make(a.path(), 2);
    assert_eq!((again.kept, again.written), (1, 0));
}

#[test]
fn too_little_space_is_said_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_owned();
    let request = Request { dir, years: 1981..=2015, days: None, dtype: Dtype::I2, seed: 0, threads: 1 };
    // 35 years: 12,783 days of a MiB each.
    let error = prepare_on(&request, |_| Ok(10 << 30)).unwrap_err().line();
    assert!(
        error.contains("12.34 GiB needed, 10 GiB free") && error.contains(folder.path().to_str().unwrap()),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(prepare_on(&request, |_| Ok(13 << 30)).unwrap().days(), 12_783);
    // What an interrupted run left will be written over.
    let partial = fs::File::create(folder.path().join("sst.day.mean.1981.v2.nc.partial")).unwrap();
    partial.set_len(3 << 30).unwrap();
    assert!(prepare_on(&request, |_| Ok(10 << 30)).is_ok());
}

#[test]
fn days_are_counted_in_all_from_the_first_year_on() {
    let request =
        |days| Request { dir: "data".into(), years: 1999..=2001, days, dtype: Dtype::I2, seed: 0, threads: 1 };
    let lengths = |days| years(&request(days)).unwrap().iter().map(|year| year.days).collect::<Vec<_>>();
    assert_eq!(lengths(None), [365, 366, 365]);
    assert_eq!(lengths(Some(1)), [1]);
    assert_eq!(lengths(Some(365)), [365]);
    assert_eq!(lengths(Some(740)), [365, 366, 9]);
    let error = years(&request(Some(1097))).unwrap_err().line();
    assert!(error.contains("--days is 1097") && error.contains("1 to 1096 days"), "{error}");
}

#[test]
fn a_file_of_somebody_else_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sst.day.mean.1981.v2.nc");
    fs::write(&path, "precious").unwrap();
    let dir = folder.path().to_owned();
    let request = Request { dir, years: 1981..=1981, days: Some(1), dtype: Dtype::I2, seed: 0, threads: 1 };
    let error = prepare(&request).unwrap_err().line();
    assert!(error.contains("not made by this program"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}
