//! CSV files: cut anywhere, they are the rows that polars reads at once.

use std::path::Path;

use polars::io::SerReader;
use polars::io::csv::read::CsvReadOptions;
use polars::prelude::*;
use thermocline::dataframe::polars;
use thermocline::io::table::{SkippedRows, read_csv};

use crate::support::{Numbers, assert_same, session};

/// What polars makes of a whole file.
fn whole(path: &Path, change: impl Fn(CsvReadOptions) -> CsvReadOptions) -> DataFrame {
    let options = change(CsvReadOptions::default());
    options.try_into_reader_with_file_path(Some(path.into())).unwrap().finish().unwrap()
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Rows with quotes, separators and line ends in them, in either style of line ends.
fn quirky(rows: usize, seed: u64, end: &str) -> String {
    let mut numbers = Numbers::new(seed);
    let mut text = format!("number,text,{}{end}", if seed.is_multiple_of(2) { "value" } else { "\"the, value\"" });
    for row in 0..rows {
        let quirk = match numbers.below(8) {
            0 => "\"a, b\"".to_owned(),
            1 => format!("\"two{end}lines\""),
            2 => "\"she said \"\"no\"\"\"".to_owned(),
            3 => String::new(),
            4 => "\"\"\"\"".to_owned(),
            5 => format!("\"{}\"", "\n,".repeat(numbers.below(40))),
            _ => format!("plain {}", numbers.below(100)),
        };
        let value = numbers.below(1000) as f64 / 16.0;
        text.extend([format!("{row},{quirk},{value}{end}")]);
    }
    if seed.is_multiple_of(3) {
        text.truncate(text.len() - end.len());
    }
    text
}

#[test]
fn cut_anywhere_rows_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..6 {
        let end = if seed < 3 { "\n" } else { "\r\n" };
        let path = write(folder.path(), "quirky.csv", quirky(400, seed, end));
        let expected = whole(&path, |options| options);
        for size in ["7B", "100B", "1000B", "1MiB"] {
            let table = read_csv(&path).partition_size(size.parse().unwrap()).open().unwrap();
            assert!(size == "1MiB" || table.partitions() > 5);
            let found = session(2, "64MiB").compute(&table).unwrap();
            assert_same(&found, &expected);
        }
    }
}

#[test]
fn several_files_are_one_table_and_columns_are_picked() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |file: usize| {
        (0..100).map(move |row| format!("{},{},2013-01-{:02}\n", file * 100 + row, row as f64 / 2.0, row % 28 + 1))
    };
    for file in 0..3 {
        write(folder.path(), &format!("{file}.csv"), "id,half,day\n".to_owned() + &rows(file).collect::<String>());
    }
    let table = read_csv(format!("{}/*.csv", folder.path().display()))
        .dates(true)
        .partition_size("200B".parse().unwrap())
        .open()
        .unwrap();
    let types: Vec<DataType> = table.schema().iter_values().cloned().collect();
    assert_eq!(types, [DataType::Int64, DataType::Float64, DataType::Date]);
    let session = session(2, "64MiB");
    let found = session
        .compute(&table.agg([col("id").sum(), col("half").max(), len().alias("rows"), col("day").min()]))
        .unwrap();
    let day = Series::new("day".into(), [15_706]).cast(&DataType::Date).unwrap();
    let mut expected = df!["id" => [44_850_i64], "half" => [49.5], "rows" => [300_u32]].unwrap();
    expected.with_column(day.into_column()).unwrap();
    assert_same(&found, &expected);
}

#[test]
fn nulls_comments_and_headers() {
    let folder = tempfile::tempdir().unwrap();
    let text = "made by a logger\n# a \"comment\ntime;delay\n1;NA\n# another\n2;3,5\n;\n4\n";
    let path = write(folder.path(), "a.csv", text);
    let reader = || read_csv(&path).skip_lines(1).comment("#").separator(b';').null_values(["NA"]).decimal_comma(true);
    let expected =
        df!["time" => [Some(1_i64), Some(2), None, Some(4)], "delay" => [None, Some(3.5), None, None]].unwrap();
    for size in ["3B", "1MiB"] {
        let table = reader().partition_size(size.parse().unwrap()).open().unwrap();
        assert_same(&session(1, "64MiB").compute(&table).unwrap(), &expected);
    }
    let path = write(folder.path(), "b.csv", "1,2\n3,4\n");
    let table = read_csv(&path).header(false).open().unwrap();
    assert_same(
        &session(1, "64MiB").compute(&table).unwrap(),
        &df!["column_1" => [1_i64, 3], "column_2" => [2_i64, 4]].unwrap(),
    );
}

#[test]
fn types_widen_over_all_that_is_sampled() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.csv", "x,y,z\n1,,NA\n2,,NA\n");
    write(folder.path(), "b.csv", "x,y,z\n1.5,7,NA\n2,8,NA\n");
    let table = read_csv(format!("{}/*.csv", folder.path().display())).null_values(["NA"]).open().unwrap();
    let types: Vec<DataType> = table.schema().iter_values().cloned().collect();
    assert_eq!(types, [DataType::Float64, DataType::Int64, DataType::String]);
}

#[test]
fn a_bad_row_is_named_or_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("id,delay\n");
    let row = |row: u32| if row == 3210 { "3210,late\n".to_owned() } else { format!("{row},{}\n", row % 60) };
    text.extend((0..5000).map(row));
    let path = write(folder.path(), "a.csv", text);
    let reader = || read_csv(&path).dtypes([("delay", DataType::Int64)]).partition_size("4KiB".parse().unwrap());
    let session = session(2, "64MiB");
    let error = session.compute(&reader().open().unwrap()).unwrap_err().to_string();
    assert!(error.contains("a.csv") && error.contains("line 3212") && error.contains("\"late\""), "{error}");
    let skipped = SkippedRows::default();
    let table = reader().skip_bad_rows(&skipped).open().unwrap();
    assert_eq!(session.compute(&table).unwrap().height(), 4999);
    assert_eq!(skipped.count(), 1);
    // Nobody looks at that column: nobody minds.
    let ids = session.compute(&reader().open().unwrap().agg([col("id").sum()])).unwrap();
    assert_same(&ids, &df!["id" => [(0..5000_i64).sum::<i64>()]].unwrap());
}

#[test]
fn rows_with_too_many_values_are_bad_unless_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.csv", "a,b\n1,2\n3,4,5\n6\n");
    let session = session(1, "64MiB");
    let error = session.compute(&read_csv(&path).open().unwrap()).unwrap_err().to_string();
    assert!(error.contains("line 3"), "{error}");
    let cut = session.compute(&read_csv(&path).truncate_ragged(true).open().unwrap()).unwrap();
    assert_same(&cut, &df!["a" => [1_i64, 3, 6], "b" => [Some(2_i64), Some(4), None]].unwrap());
}

#[test]
fn files_that_are_no_table_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = |result: thermocline::Result<thermocline::DataFrame>| result.unwrap_err().to_string();
    assert!(error(read_csv(folder.path().join("none.csv")).open()).contains("none.csv"));
    assert!(
        error(read_csv(format!("{}/*.csv", folder.path().display())).open()).contains("no file has a name like that")
    );
    let empty = write(folder.path(), "empty.csv", "");
    assert!(error(read_csv(&empty).open()).contains("it is empty"));
    let header = write(folder.path(), "header.csv", "a,b\n");
    let table = read_csv(&header).open().unwrap();
    let found = session(1, "64MiB").compute(&table).unwrap();
    assert_eq!((found.height(), found.width()), (0, 2));
    let other = write(folder.path(), "other.csv", "a,c\n1,2\n");
    let error_of_two = error(read_csv([&header, &other]).open());
    assert!(
        error_of_two.contains("other.csv") && error_of_two.contains("\"c\"") && error_of_two.contains("header.csv"),
        "{error_of_two}"
    );
    let latin = write(folder.path(), "latin.csv", b"name\ncaf\xe9\n");
    let found = session(1, "64MiB").compute(&read_csv(&latin).open().unwrap()).unwrap_err().to_string();
    assert!(found.contains("UTF-8") && found.contains("latin.csv"), "{found}");
    let found = session(1, "64MiB").compute(&read_csv(&latin).lossy(true).open().unwrap()).unwrap();
    assert_same(&found, &df!["name" => ["caf\u{fffd}"]].unwrap());
    let changed = write(folder.path(), "changed.csv", "a\n1\n");
    let table = read_csv(&changed).open().unwrap();
    std::fs::write(&changed, "a\n1\n2\n").unwrap();
    assert!(session(1, "64MiB").compute(&table).unwrap_err().to_string().contains("changed"));
}

#[test]
fn quotes_that_no_sample_has_are_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("id,text\n");
    let row = |row: u32| if row == 70_000 { format!("{row},\"two\nlines\"\n") } else { format!("{row},plain\n") };
    text.extend((0..200_000).map(row));
    let path = write(folder.path(), "a.csv", text);
    let reader = || read_csv(&path).partition_size("100KiB".parse().unwrap());
    let session = session(2, "64MiB");
    let error = session.compute(&reader().open().unwrap()).unwrap_err().to_string();
    assert!(error.contains("quoted_lines(true)"), "{error}");
    let found = session.compute(&reader().quoted_lines(true).open().unwrap()).unwrap();
    assert_same(&found, &whole(&path, |options| options));
}

#[test]
fn compressed_files_are_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    // `gzip` of "a,b\n1,x\n2,y\n".
    let packed: &[u8] = &[
        0x1f, 0x8b, 0x8, 0x0, 0x0, 0x0, 0x0, 0x0, 0x2, 0x3, 0x4b, 0xd4, 0x49, 0xe2, 0x32, 0xd4, 0xa9, 0xe0, 0x32, 0xd2,
        0xa9, 0xe4, 0x2, 0x0, 0xc2, 0x96, 0x7e, 0x9d, 0xc, 0x0, 0x0, 0x0,
    ];
    let path = write(folder.path(), "a.csv.gz", packed);
    match read_csv(&path).open() {
        Ok(table) => {
            let found = session(1, "64MiB").compute(&table).unwrap();
            assert_same(&found, &df!["a" => [1_i64, 2], "b" => ["x", "y"]].unwrap());
        }
        Err(error) => panic!("{error}"),
    }
}
