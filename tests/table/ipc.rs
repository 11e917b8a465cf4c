//! Arrow IPC: record batches and columns; files that don't agree, and damaged ones.

use std::path::{Path, PathBuf};

use polars::prelude::*;
use thermocline::DataFrame;
use thermocline::dataframe::polars;
use thermocline::io::table::{IpcCompression, read_ipc, write_ipc};

use crate::hostile::survives;
use crate::support::{PolarsFrame, assert_same, frame, session};

fn write(folder: &Path, whole: &PolarsFrame, partitions: usize, compression: IpcCompression) -> Vec<PathBuf> {
    let table = DataFrame::from_polars(whole.clone(), partitions);
    let written = session(1, "256MiB").compute(&write_ipc(&table, folder).compression(compression)).unwrap();
    written.files().iter().map(|file| file.path().to_owned()).collect()
}

#[test]
fn columns_that_are_not_wanted_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let whole = frame(20_000, 4);
    for (number, compression) in [IpcCompression::None, IpcCompression::Zstd].into_iter().enumerate() {
        let files = write(&folder.path().join(number.to_string()), &whole, 4, compression);
        let table = read_ipc(files).open().unwrap();
        assert_eq!(table.partitions(), 4);
        let session = session(2, "128MiB");
        let names = [col("n"), col("key")];
        let found = session.compute(&table.select(&names)).unwrap();
        assert_same(&found, &whole.clone().lazy().select(&names).collect().unwrap());
        let some = session.stats().input_bytes;
        assert_same(&session.compute(&table).unwrap(), &whole);
        let all = session.stats().input_bytes - some;
        assert!(some > 0 && 2 * some < all, "{some} of {all}");
    }
}

#[test]
fn record_batches_are_partitions() {
    let folder = tempfile::tempdir().unwrap();
    let whole = frame(1000, 2);
    let path = folder.path().join("batches.arrow");
    let mut pieces = whole.slice(0, 100);
    for piece in 1..10 {
        pieces.vstack_mut(&whole.slice(piece * 100, 100)).unwrap();
    }
    // polars writes a batch for each of its chunks.
    let file = std::fs::File::create(&path).unwrap();
    polars_io::SerWriter::finish(&mut polars_io::ipc::IpcWriter::new(file), &mut pieces).unwrap();
    for (size, partitions) in [("1B", 10), ("1GiB", 1)] {
        let table = read_ipc(&path).partition_size(size.parse().unwrap()).open().unwrap();
        assert_eq!(table.partitions(), partitions);
        assert_same(&session(2, "64MiB").compute(&table).unwrap(), &whole);
    }
}

#[test]
fn categories_and_nested_columns_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let whole = frame(500, 2).lazy();
    let whole =
        whole.with_columns([col("key").cast(DataType::from_categories(Categories::global())).alias("category")]);
    let lists = whole.clone().group_by_stable([col("key")]).agg([col("n"), col("text").first()]).collect().unwrap();
    let whole = whole.collect().unwrap();
    for (name, frame) in [("categories", whole), ("lists", lists)] {
        let files = write(&folder.path().join(name), &frame, 3, IpcCompression::Lz4);
        let found = session(2, "64MiB").compute(&read_ipc(files).open().unwrap()).unwrap();
        assert!(found.equals_missing(&frame), "{found} {frame}");
    }
}

#[test]
fn files_that_do_not_agree_are_both_named() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(&folder.path().join("one"), &df!["x" => [1_i64]].unwrap(), 1, IpcCompression::None);
    let second = write(&folder.path().join("two"), &df!["x" => ["a"]].unwrap(), 1, IpcCompression::None);
    let error = read_ipc([&first[0], &second[0]]).open().unwrap_err().to_string();
    assert!(error.contains("one/part-00000.arrow") && error.contains("two/part-00000.arrow"), "{error}");
}

#[test]
fn damaged_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    for (number, compression) in
        [IpcCompression::None, IpcCompression::Lz4, IpcCompression::Zstd].into_iter().enumerate()
    {
        let files = write(&folder.path().join(number.to_string()), &frame(200, 3), 1, compression);
        survives(&files[0], 200, |path| read_ipc(path).open());
    }
    let lists = frame(100, 3).lazy().group_by_stable([col("key")]).agg([col("n"), col("text")]).collect().unwrap();
    let files = write(&folder.path().join("lists"), &lists, 1, IpcCompression::None);
    survives(&files[0], 200, |path| read_ipc(path).open());
    for text in ["", "ARROW1", "what?", "\0\0\0\0ARROW1", "\x7f\x7f\x7f\x7fARROW1"] {
        let path = folder.path().join("short.arrow");
        std::fs::write(&path, text).unwrap();
        let error = read_ipc(&path).open().unwrap_err().to_string();
        assert!(error.contains("short.arrow"), "{error}");
    }
}
