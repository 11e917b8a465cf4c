//! Parquet: row groups, columns and filters; files that don't agree, and damaged ones.

use std::path::Path;

use polars::prelude::*;
use thermocline::dataframe::polars;
use thermocline::io::table::{read_parquet, write_parquet};
use thermocline::{DataFrame, Error};

use crate::hostile::survives;
use crate::support::{PolarsFrame, assert_same, frame, session};

/// Writes `whole` as one file of row groups of so many rows.
fn write(folder: &Path, whole: &PolarsFrame, rows: usize) -> std::path::PathBuf {
    let table = DataFrame::from_polars(whole.clone(), 1);
    session(1, "256MiB").compute(&write_parquet(&table, folder).row_group_rows(rows)).unwrap();
    folder.join("part-00000.parquet")
}

#[test]
fn row_groups_are_gathered_to_partitions() {
    let folder = tempfile::tempdir().unwrap();
    let whole = frame(10_000, 4);
    let path = write(&folder.path().join("a"), &whole, 500);
    let counts = ["1B", "50KiB", "1GiB"].map(|size| {
        let table = read_parquet(&path).partition_size(size.parse().unwrap()).open().unwrap();
        assert_same(&session(2, "128MiB").compute(&table).unwrap(), &whole);
        table.partitions()
    });
    assert!(counts[0] == 20 && counts[1] > 1 && counts[1] < 20 && counts[2] == 1, "{counts:?}");
}

#[test]
fn columns_and_filters_read_less() {
    let folder = tempfile::tempdir().unwrap();
    let mut whole = frame(20_000, 4);
    whole.with_column(Column::new("id".into(), (0..20_000_i64).collect::<Vec<_>>())).unwrap();
    let path = write(&folder.path().join("a"), &whole, 1000);
    let table = read_parquet(&path).partition_size("1B".parse().unwrap()).open().unwrap();
    let session = session(2, "128MiB");
    let read = |table: &DataFrame| {
        let before = session.stats().input_bytes;
        let found = session.compute(table).unwrap();
        (found, session.stats().input_bytes - before)
    };
    let (found, all) = read(&table);
    assert_same(&found, &whole);
    let names = ["n", "x"].map(col);
    let (found, two) = read(&table.select(&names));
    assert_same(&found, &whole.clone().lazy().select(&names).collect().unwrap());
    assert!(2 * two < all, "{two} of {all}");
    for (filter, share) in [
        (col("id").lt(lit(1500)), 8),
        (col("id").gt(lit(18_500)).and(col("n").gt(lit(0))), 8),
        (col("id").eq(lit(7)).or(col("id").eq(lit(19_999))), 8),
        (col("id").is_in(lit(Series::new("".into(), [3_i64, 10_500])).implode(true), false), 8),
        (col("x").lt(lit(-400.0)), 1000),
        (col("x").gt(lit(100_000.0)), 0),
        (col("key").gt(lit("m")), 0),
        ((col("id") % lit(2)).eq(lit(0)), 0),
    ] {
        let (found, some) = read(&table.filter(filter.clone()));
        assert_same(&found, &whole.clone().lazy().filter(filter.clone()).collect().unwrap());
        assert!(share == 0 || share * some < all, "{filter}: {some} of {all}");
    }
}

#[test]
fn what_is_not_a_number_is_not_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let x: Vec<f64> = (0..1000).map(|row| if row == 700 { f64::NAN } else { f64::from(row % 100) }).collect();
    let whole = df!["x" => x].unwrap();
    let path = write(&folder.path().join("a"), &whole, 100);
    let table = read_parquet(&path).partition_size("1B".parse().unwrap()).open().unwrap();
    for filter in [col("x").gt(lit(1e6)), col("x").neq(lit(5.0)), col("x").gt_eq(lit(99.0)), col("x").is_nan()] {
        let expected = whole.clone().lazy().filter(filter.clone()).collect().unwrap();
        assert_same(&session(2, "64MiB").compute(&table.filter(filter)).unwrap(), &expected);
        assert!(expected.height() > 0);
    }
}

#[test]
fn files_that_do_not_agree_are_both_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = |name: &str, other: PolarsFrame| {
        let first = write(&folder.path().join(format!("{name}1")), &df!["x" => [1_i64], "y" => ["a"]].unwrap(), 10);
        let second = write(&folder.path().join(format!("{name}2")), &other, 10);
        let error = read_parquet([&first, &second]).open().unwrap_err();
        assert!(matches!(error, Error::File { .. }));
        let text = error.to_string();
        assert!(text.contains(&format!("{name}1")) && text.contains(&format!("{name}2")), "{text}");
        text
    };
    assert!(error("type", df!["x" => [1.5], "y" => ["a"]].unwrap()).contains("\"x\" is f64 in it, and i64 there"));
    assert!(error("missing", df!["x" => [1_i64]].unwrap()).contains("no \"y\""));
    assert!(error("more", df!["x" => [1_i64], "y" => ["a"], "z" => [1]].unwrap()).contains("also has \"z\""));
    // Another order is none of these.
    let first = write(&folder.path().join("order1"), &df!["x" => [1_i64], "y" => ["a"]].unwrap(), 10);
    let second = write(&folder.path().join("order2"), &df!["y" => ["b"], "x" => [2_i64]].unwrap(), 10);
    let both = session(1, "64MiB").compute(&read_parquet([first, second]).open().unwrap()).unwrap();
    assert_same(&both, &df!["x" => [1_i64, 2], "y" => ["a", "b"]].unwrap());
}

#[test]
fn files_without_rows_have_columns() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = frame(10, 1).clear();
    let path = write(&folder.path().join("a"), &nothing, 10);
    let table = read_parquet(&path).open().unwrap();
    assert_eq!(table.schema(), nothing.schema());
    assert_eq!(session(1, "64MiB").compute(&table).unwrap().height(), 0);
}

#[test]
fn a_file_that_has_changed_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("a"), &frame(100, 1), 10);
    let table = read_parquet(&path).open().unwrap();
    std::fs::write(&path, std::fs::read(&path).unwrap().repeat(2)).unwrap();
    let error = session(1, "64MiB").compute(&table).unwrap_err().to_string();
    assert!(error.contains("changed"), "{error}");
}

#[test]
fn damaged_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let small = frame(200, 3);
    let path = write(&folder.path().join("a"), &small, 60);
    survives(&path, 300, |path| read_parquet(path).partition_size("1B".parse().unwrap()).open());
    let lists = small.lazy().group_by_stable([col("key")]).agg([col("n"), col("text")]).collect().unwrap();
    let path = write(&folder.path().join("b"), &lists, 2);
    survives(&path, 200, |path| read_parquet(path).open());
    for text in [&b""[..], b"PAR1", b"what?", b"PAR1\0\0\0\0PAR1", b"PAR1\x7f\xff\xff\xffPAR1"] {
        let path = folder.path().join("short.parquet");
        std::fs::write(&path, text).unwrap();
        let error = read_parquet(&path).open().unwrap_err().to_string();
        assert!(error.contains("short.parquet"), "{error}");
    }
}
