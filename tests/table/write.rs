//! Tables to files and back: they are what was written, and a run that fails leaves nothing.

use std::path::Path;

use polars::prelude::*;
use thermocline::dataframe::polars;
use thermocline::io::table::{
    IpcCompression, ParquetCompression, Written, WrittenFile, read_csv, read_ipc, read_parquet, write_csv, write_ipc,
    write_parquet,
};
use thermocline::{DataFrame, Error, Session};

use crate::support::{Numbers, PolarsFrame, assert_same, frame, session};

/// The names in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn pattern(folder: &Path, extension: &str) -> String {
    format!("{}/*.{extension}", folder.display())
}

/// Columns of many types, with nulls.
fn motley(rows: usize) -> PolarsFrame {
    let mut motley = frame(rows, 7);
    let n = motley.column("n").unwrap().as_materialized_series().clone();
    let categories = DataType::from_categories(Categories::global());
    let more = [
        n.cast(&DataType::Boolean).unwrap().with_name("flag".into()),
        n.cast(&DataType::Date).unwrap().with_name("day".into()),
        n.cast(&DataType::Float32).unwrap().with_name("half".into()),
        n.cast(&DataType::Int16).unwrap().with_name("short".into()),
        motley
            .column("key")
            .unwrap()
            .as_materialized_series()
            .clone()
            .with_name("category".into())
            .cast(&categories)
            .unwrap(),
    ];
    for series in more {
        motley.with_column(series.into_column()).unwrap();
    }
    motley
}

#[test]
fn parquet_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let whole = motley(5000);
    let codecs = [
        ParquetCompression::None,
        ParquetCompression::Snappy,
        ParquetCompression::Lz4,
        ParquetCompression::Gzip,
        ParquetCompression::Zstd,
    ];
    for (number, codec) in codecs.into_iter().enumerate() {
        let table = DataFrame::from_polars(whole.clone(), 1 + 3 * number);
        let path = folder.path().join(number.to_string());
        let written =
            session(2, "128MiB").compute(&write_parquet(&table, &path).compression(codec).row_group_rows(300)).unwrap();
        assert_eq!((written.rows(), written.files().len()), (5000, 1 + 3 * number));
        assert_eq!(names(&path).len(), written.files().len());
        let read = session(2, "128MiB").compute(&read_parquet(pattern(&path, "parquet")).open().unwrap()).unwrap();
        assert_same(&read, &whole);
    }
}

#[test]
fn arrow_ipc_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let whole = motley(3000);
    for (number, codec) in [IpcCompression::None, IpcCompression::Lz4, IpcCompression::Zstd].into_iter().enumerate() {
        let table = DataFrame::from_polars(whole.clone(), 2 + number);
        let path = folder.path().join(number.to_string());
        let written = session(2, "128MiB").compute(&write_ipc(&table, &path).compression(codec)).unwrap();
        assert_eq!(written.files().iter().map(WrittenFile::rows).sum::<u64>(), 3000);
        let read = session(2, "128MiB").compute(&read_ipc(pattern(&path, "arrow")).open().unwrap()).unwrap();
        assert_same(&read, &whole);
    }
}

#[test]
fn csv_is_one_file_in_order_and_the_same_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let whole = frame(20_000, 3).drop("time").unwrap();
    let mut texts = Vec::new();
    for (threads, limit) in [(1, "32MiB"), (4, "256MiB")] {
        let path = folder.path().join("table.csv");
        let table = DataFrame::from_polars(whole.clone(), 40);
        let written = session(threads, limit).compute(&write_csv(&table, &path)).unwrap();
        assert_eq!((written.rows(), written.files()[0].path()), (20_000, &*path));
        let text = std::fs::read(&path).unwrap();
        assert_eq!(written.size().bytes(), text.len() as u64);
        texts.push(text);
    }
    assert!(texts[0] == texts[1]);
    assert_eq!(texts[0].split(|&byte| byte == b'\n').next().unwrap(), b"key,many,x,n,text");
    let types = whole.schema().iter().map(|(name, dtype)| (name.clone(), dtype.clone())).collect::<Vec<_>>();
    let read = read_csv(folder.path().join("table.csv")).dtypes(types).open().unwrap();
    assert_same(&session(2, "128MiB").compute(&read).unwrap(), &whole);
    assert_eq!(names(folder.path()), ["table.csv"]);
}

#[test]
fn floats_and_strings_are_read_from_csv_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let mut numbers = Numbers::new(5);
    let mut floats: Vec<f64> = (0..3000).map(|_| f64::from_bits(numbers.next())).filter(|x| !x.is_nan()).collect();
    floats.extend([
        0.1,
        -0.0,
        5e-324,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e21,
        123_456_789.123_456_78,
        1.0 / 3.0,
    ]);
    let texts: Vec<Option<String>> = (0..floats.len())
        .map(|row| match row % 7 {
            0 => None,
            1 => Some(String::new()),
            2 => Some("a, \"quoted\"\nline".into()),
            3 => Some(" spaces ".into()),
            _ => Some(format!("text {row}")),
        })
        .collect();
    let whole = df!["x" => floats.clone(), "text" => texts].unwrap();
    let table = DataFrame::from_polars(whole.clone(), 7);
    let path = folder.path().join("floats.csv");
    let session = session(2, "64MiB");
    session.compute(&write_csv(&table, &path)).unwrap();
    let types = [("x", DataType::Float64), ("text", DataType::String)];
    let read = session.compute(&read_csv(&path).dtypes(types).quoted_lines(true).open().unwrap()).unwrap();
    let found = read.column("x").unwrap().f64().unwrap();
    for (found, expected) in found.iter().zip(&floats) {
        assert_eq!(found.unwrap().to_bits(), expected.to_bits(), "{expected:e}");
    }
    assert!(read.column("text").unwrap().equals_missing(whole.column("text").unwrap()));
}

#[test]
fn csv_may_be_one_file_a_partition() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parts");
    let table = DataFrame::from_polars(df!["x" => [1, 2, 3, 4]].unwrap(), 2);
    let session = session(2, "64MiB");
    let write = write_csv(&table, &path).partitioned(true).separator(b';').header(false);
    assert_eq!(session.compute(&write).unwrap().rows(), 4);
    assert_eq!(names(&path), ["part-00000.csv", "part-00001.csv"]);
    assert_eq!(std::fs::read_to_string(path.join("part-00001.csv")).unwrap(), "3\n4\n");
    assert!(session.compute(&write).unwrap_err().to_string().contains("overwrite"));
}

#[test]
fn what_is_there_is_kept_unless_it_is_to_be_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(2, "64MiB");
    let write = |rows: usize, partitions| {
        let table = DataFrame::from_polars(df!["x" => vec![1_i64; rows]].unwrap(), partitions);
        write_parquet(&table, folder.path())
    };
    session.compute(&write(100, 5)).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let tasks = session.stats().tasks;
    let error = session.compute(&write(10, 2)).unwrap_err();
    assert!(matches!(error, Error::File { .. }) && error.to_string().contains("5, \"part-00000.parquet\""), "{error}");
    assert_eq!(session.stats().tasks, tasks, "refused before anything ran");
    let written = session.compute(&write(10, 2).overwrite(true)).unwrap();
    assert_eq!(written.rows(), 10);
    assert_eq!(names(folder.path()), ["notes.txt", "part-00000.parquet", "part-00001.parquet"]);
    let read = session.compute(&read_parquet(pattern(folder.path(), "parquet")).open().unwrap()).unwrap();
    assert_eq!(read.height(), 10);
}

/// Writes that fail in the end: one of their partitions has a row that can't be read.
fn failing(folder: &Path, write: impl Fn(&Session, &DataFrame) -> thermocline::Result<Written>) {
    let source = folder.join("bad.csv");
    let rows: String = (0..2000).map(|row| if row == 1900 { "what\n".into() } else { format!("{row}\n") }).collect();
    std::fs::write(&source, format!("x\n{rows}")).unwrap();
    let table =
        read_csv(&source).dtypes([("x", DataType::Int64)]).partition_size("500B".parse().unwrap()).open().unwrap();
    for threads in [1, 4] {
        let error = write(&session(threads, "64MiB"), &table).unwrap_err().to_string();
        assert!(error.contains("line 1902"), "{error}");
    }
}

#[test]
fn a_run_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    failing(folder.path(), |session, table| session.compute(&write_parquet(table, &new)));
    failing(folder.path(), |session, table| session.compute(&write_ipc(table, &new)));
    failing(folder.path(), |session, table| session.compute(&write_csv(table, &new).partitioned(true)));
    assert_eq!(names(folder.path()), ["bad.csv"]);

    let old = folder.path().join("old");
    session(1, "64MiB").compute(&write_parquet(&DataFrame::from_polars(frame(10, 1), 1), &old)).unwrap();
    let before = std::fs::read(old.join("part-00000.parquet")).unwrap();
    failing(folder.path(), |session, table| session.compute(&write_parquet(table, &old).overwrite(true)));
    assert_eq!(names(&old), ["part-00000.parquet"]);
    assert!(std::fs::read(old.join("part-00000.parquet")).unwrap() == before);

    let text = folder.path().join("old.csv");
    std::fs::write(&text, "before").unwrap();
    failing(folder.path(), |session, table| session.compute(&write_csv(table, &text)));
    assert_eq!(std::fs::read_to_string(&text).unwrap(), "before");
    assert_eq!(names(folder.path()), ["bad.csv", "old", "old.csv"]);
}

#[test]
fn places_that_can_not_be_written_are_told_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let table = DataFrame::from_polars(frame(10, 1), 1);
    let session = session(1, "64MiB");
    let missing = folder.path().join("a/b");
    let errors = [
        session.compute(&write_parquet(&table, &file)).unwrap_err(),
        session.compute(&write_parquet(&table, &missing)).unwrap_err(),
        session.compute(&write_csv(&table, &missing)).unwrap_err(),
        session.compute(&write_csv(&table, folder.path())).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::File { .. }), "{error}");
    }
    let lists = table.agg([col("n").implode(true)]);
    let error = session.compute(&write_csv(&lists, folder.path().join("lists.csv"))).unwrap_err().to_string();
    assert!(error.contains("nested"), "{error}");
    assert_eq!(session.stats().tasks, 0);
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn a_table_larger_than_the_limit_is_written_within_it() {
    let folder = tempfile::tempdir().unwrap();
    let whole = frame(150_000, 9);
    let texts = [("16MiB", 4), ("1GiB", 2)].map(|(limit, threads)| {
        let session = session(threads, limit);
        let path = folder.path().join(format!("{limit}.csv"));
        session.compute(&write_csv(&DataFrame::from_polars(whole.clone(), 60), &path)).unwrap();
        assert!(session.stats().ledger_peak_bytes <= session.config().memory_limit().bytes());
        std::fs::read(path).unwrap()
    });
    assert!(texts[0] == texts[1]);
}

#[test]
fn written_bytes_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(2, "64MiB");
    let table = DataFrame::from_polars(frame(1000, 1), 3);
    let written = session.compute(&write_parquet(&table, folder.path().join("a"))).unwrap();
    let read = read_parquet(pattern(&folder.path().join("a"), "parquet")).open().unwrap();
    let before = session.stats().input_bytes;
    session.compute(&read.select([col("n")])).unwrap();
    let one = session.stats().input_bytes - before;
    session.compute(&read).unwrap();
    let all = session.stats().input_bytes - before - one;
    assert!(one > 0 && 2 * one < all && all < written.size().bytes(), "{one} of {all} of {}", written.size());
}
