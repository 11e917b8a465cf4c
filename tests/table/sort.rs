//! Sorting: keys of all kinds, through shuffles that spill.

use polars::prelude::*;
use thermocline::dataframe::polars;
use thermocline::{DataFrame, Session};

use crate::support::{Numbers, PolarsFrame, assert_same, check, frame, labels, session};

/// Rows of about 3 KB, so that these few make several partitions: keys of all kinds, and their number.
const ROWS: usize = 40_000;

fn wide(seed: u64) -> PolarsFrame {
    let mut numbers = Numbers::new(seed);
    let rows = 0..ROWS;
    let float = |number: usize| match number {
        0..50 => f64::NAN,
        50..100 => -0.0,
        100..150 => 0.0,
        150..160 => f64::NEG_INFINITY,
        _ => number as f64 - 3000.0,
    };
    let padding = "p".repeat(3000);
    let nullable: Int32Chunked =
        rows.clone().map(|_| (numbers.below(4) > 0).then(|| numbers.below(3) as i32)).collect();
    let few: StringChunked =
        rows.clone().map(|_| Some(["a", "a longer one of three", "b"][numbers.below(3)])).collect();
    let columns = vec![
        Column::new("number".into(), rows.clone().map(|row| row as u32).collect::<Vec<_>>()),
        nullable.with_name("nullable".into()).into_column(),
        few.with_name("few".into()).into_column(),
        Column::new("float".into(), rows.clone().map(|_| float(numbers.below(6000))).collect::<Vec<_>>()),
        Column::new("many".into(), rows.clone().map(|_| numbers.next() as i64 / 1000).collect::<Vec<_>>()),
        Column::new("constant".into(), vec![7_i8; ROWS]),
        Column::new("reversed".into(), rows.clone().map(|row| -(row as i64 / 3)).collect::<Vec<_>>()),
        Column::new("in_runs".into(), rows.clone().map(|row| (row / 9000) as i64).collect::<Vec<_>>()),
        Column::new("padding".into(), rows.map(|row| format!("{row}{padding}")).collect::<Vec<_>>()),
    ];
    PolarsFrame::new(ROWS, columns).unwrap()
}

/// Ascending or descending, nulls first or last.
fn options(descending: &[bool], nulls_last: &[bool]) -> SortMultipleOptions {
    SortMultipleOptions::default()
        .with_order_descending_multi(descending.iter().copied())
        .with_nulls_last_multi(nulls_last.iter().copied())
        .with_maintain_order(true)
}

#[test]
fn all_kinds_of_keys_are_sorted_as_polars_sorts_them() {
    let whole = wide(5);
    let session = session(2, "112MiB");
    let cases: [(&[&str], &[bool], &[bool]); 12] = [
        (&["many"], &[false], &[false]),
        (&["many"], &[true], &[false]),
        (&["nullable"], &[false], &[false]),
        (&["nullable"], &[true], &[true]),
        (&["nullable"], &[true], &[false]),
        (&["few"], &[false], &[false]),
        (&["float"], &[false], &[false]),
        (&["float"], &[true], &[true]),
        (&["constant"], &[false], &[false]),
        (&["reversed"], &[false], &[false]),
        (&["in_runs"], &[false], &[false]),
        (&["few", "nullable", "float"], &[true, false, true], &[false, true, false]),
    ];
    for (by, descending, nulls_last) in cases {
        let table = DataFrame::from_polars(whole.clone(), 7).sort(by, options(descending, nulls_last));
        assert!(table.partitions() > 2, "{table:?}");
        // Without the padding, so that comparing takes less; it is sorted with the rest where it is a key.
        let kept = by.iter().map(|name| col(*name)).chain([col("number")]).collect::<Vec<_>>();
        let kept: Vec<Expr> = kept.into_iter().chain([col("padding").str().len_bytes().alias("length")]).collect();
        let found = session.compute(&table.select(&kept)).unwrap();
        let expected =
            whole.clone().lazy().sort(by.to_vec(), options(descending, nulls_last)).select(&kept).collect().unwrap();
        assert_same(&found, &expected);
    }
    assert!(session.stats().spilled_bytes > 0, "{:?}", session.stats());
}

#[test]
fn what_a_sort_needs_at_the_least_does_not_grow_with_the_table() {
    let session = session(2, "4GiB");
    let floor = |partitions: usize| {
        let rows = wide(4).lazy().select([col("number"), col("many")]).collect().unwrap();
        let tables = vec![DataFrame::from_polars(rows, 1); partitions];
        let sorted = DataFrame::concat(&tables).sort(["many"], options(&[false], &[false]));
        session.plan(&sorted.agg([col("number").last(), col("many").last()])).unwrap().floor().bytes()
    };
    // From 90 MB to 360 MB, in partitions that are twice as large.
    assert!(floor(800) < 5 * floor(200) / 2, "{} {}", floor(200), floor(800));
}

/// The rows of each partition.
fn lengths(session: &Session, table: &DataFrame) -> Vec<usize> {
    let chunked = session.compute(&table.select([col("number")])).unwrap();
    let column = chunked.column("number").unwrap().as_materialized_series();
    column.chunks().iter().map(|chunk| chunk.len()).filter(|&length| length > 0).collect()
}

#[test]
fn partitions_are_even_whatever_the_key() {
    let table = DataFrame::from_polars(wide(6), 5);
    let session = session(2, "1GiB");
    for by in ["many", "few", "nullable", "constant", "reversed", "in_runs", "float"] {
        let sorted = table.sort([by], options(&[false], &[false]));
        let lengths = lengths(&session, &sorted);
        let even = ROWS / sorted.partitions();
        assert!(*lengths.iter().max().unwrap() < 2 * even, "{by}: {lengths:?}");
        assert!(lengths.len() > 2, "{by}: {lengths:?}");
    }
}

#[test]
fn what_is_indexed_keeps_ties_together_and_knows_where_they_are() {
    let whole = wide(7);
    // A third of the rows are one partition, where there are three values.
    let session = session(2, "144MiB");
    for by in ["many", "reversed", "in_runs", "nullable", "few", "float"] {
        let table = DataFrame::from_polars(whole.clone(), 6).set_index(by);
        let kept = [col(by), col("number"), col("padding").str().len_bytes()];
        let expected = whole.clone().lazy().sort([by], options(&[false], &[false])).select(&kept).collect().unwrap();
        let found = session.compute(&table.select(&kept)).unwrap();
        assert_same(&found, &expected);
        let divisions = table.divisions().unwrap();
        assert_eq!(divisions.by(), by);
        assert_eq!(divisions.borders().len() + 1, table.partitions());
        let column = found.column(by).unwrap().as_materialized_series();
        let mut at = 0;
        let lengths = lengths(&session, &table.select([col("number")]));
        assert_eq!(lengths.len(), table.partitions(), "{by}");
        for (border, length) in divisions.borders().iter().zip(lengths) {
            at += length;
            assert_eq!(column.get(at).unwrap(), *border, "{by}");
            assert_ne!(column.get(at - 1).unwrap(), *border, "{by}");
        }
    }
    assert!(session.stats().spilled_bytes > 0, "{:?}", session.stats());
}

#[test]
fn ranges_of_what_is_indexed_make_only_their_partitions() {
    let whole = wide(8);
    let session = session(2, "64MiB");
    let table = DataFrame::from_polars(whole.clone(), 6).set_index("reversed");
    let borders: Vec<i64> =
        table.divisions().unwrap().borders().iter().map(|border| border.extract().unwrap()).collect();
    let ranges = [
        (borders[0], borders[0] + 1),
        (-20_000, 1),
        (-5, 100),
        (borders[0] - 1, borders[1]),
        (5, 9),
        (-90_000, -80_000),
    ];
    for (from, to) in ranges {
        let some = table.between("reversed", from..to);
        let predicate = col("reversed").gt_eq(lit(from)).and(col("reversed").lt(lit(to)));
        let expected = whole.clone().lazy().filter(predicate).sort(["reversed"], options(&[false], &[false]));
        let found = session.compute(&some.select([col("number"), col("reversed")])).unwrap();
        assert_same(&found, &expected.select([col("number"), col("reversed")]).collect().unwrap());
        assert_eq!(some.divisions().unwrap().borders().len() + 1, some.partitions());
    }
    assert_eq!(table.between("reversed", borders[0]..=borders[0]).partitions(), 1);
    assert_eq!(table.between("reversed", borders[0] - 1..borders[0]).partitions(), 1);
    assert_eq!(table.between("reversed", borders[0] - 1..=borders[0]).partitions(), 2);
    assert_eq!(table.between("reversed", ..borders[1]).partitions(), 2);
    assert_eq!(table.between("reversed", borders[1]..).partitions(), table.partitions() - 2);
    assert_eq!(table.between::<i64>("reversed", ..).partitions(), table.partitions());
    // By another column, or of what isn't sorted, it is a filter.
    let found = session.compute(&table.between("many", ..0_i64).agg([len()])).unwrap();
    let expected = whole.lazy().filter(col("many").lt(lit(0))).select([len()]).collect().unwrap();
    assert_same(&found, &expected);
}

#[test]
fn what_was_not_sampled_is_sampled_in_the_run() {
    let mut numbers = Numbers::new(3);
    let rows = 420_000;
    let key: Vec<i64> = (0..rows).map(|row| if row % 3 == 0 { 1 << 62 } else { numbers.next() as i64 }).collect();
    let key = Column::new("key".into(), key);
    let copies = (0..22).map(|number| key.clone().with_name(format!("copy_{number}").into()));
    let columns: Vec<Column> = std::iter::once(key.clone()).chain(copies).collect();
    let whole = PolarsFrame::new(rows, columns).unwrap();
    // Nothing is known beforehand of what is cumulated.
    let number = [col("key").cum_count(false).alias("number")];
    let table = DataFrame::from_polars(whole.clone(), 9).cumulative(&number);
    let all = (0..22).map(|number| col(format!("copy_{number}"))).reduce(Expr::xor).unwrap();
    let kept = [col("key"), col("number"), all.alias("all")];
    let session = session(2, "88MiB");
    for (by, descending) in [(&["key"][..], &[true][..]), (&["key", "number"], &[false, true])] {
        let sorted = table.sort(by, options(descending, &[false]));
        assert!(sorted.partitions() > 2, "{sorted:?}");
        // All columns are sorted, few are kept.
        let found = session.compute(&sorted.select(&kept)).unwrap();
        let lengths: Vec<usize> = found.columns()[0].as_materialized_series().chunk_lengths().collect();
        assert!(*lengths.iter().max().unwrap() < rows * 3 / 2 / sorted.partitions(), "{lengths:?}");
        let expected = whole.clone().lazy().with_columns(&number).sort(by.to_vec(), options(descending, &[false]));
        assert_same(&found, &expected.select(&kept).collect().unwrap());
    }
    assert!(session.stats().spilled_bytes > 0, "{:?}", session.stats());
    assert!(table.set_index("key").divisions().is_none());
}

#[test]
fn groups_by_what_is_indexed_stay_where_they_are() {
    let whole = wide(9);
    let session = session(2, "64MiB");
    let table = DataFrame::from_polars(whole.clone(), 6).set_index("reversed");
    let answers =
        [col("many").median().alias("median"), col("number").sort(SortOptions::default()).last().alias("last")];
    for keys in [vec![col("reversed")], vec![col("few"), col("reversed")]] {
        let groups = table.group_by(&keys).agg(&answers);
        assert_eq!(groups.partitions(), table.partitions());
        assert_eq!(groups.divisions().unwrap().borders(), table.divisions().unwrap().borders());
        let expected = whole.clone().lazy().sort(["reversed"], options(&[false], &[false]));
        let expected = expected.group_by_stable(&keys).agg(&answers).collect().unwrap();
        assert_same(&session.compute(&groups).unwrap(), &expected);
        let made = labels(&groups);
        assert!(made.contains("sort_split") && !made.contains("group_by_split"), "{made:?}");
    }
}

#[test]
fn small_tables_are_sorted_at_any_partitioning() {
    for (by, descending) in [("x", false), ("text", true), ("key", false), ("time", true)] {
        check(
            1000,
            |table| table.sort([by], options(&[descending], &[true])).select([col(by), col("many")]),
            |frame| frame.sort([by], options(&[descending], &[true])).select([col(by), col("many")]),
            &[],
        );
    }
    let categories =
        |frame: LazyFrame| frame.with_columns([col("text").cast(DataType::from_categories(Categories::global()))]);
    check(
        500,
        |table| {
            table
                .cast([("text", DataType::from_categories(Categories::global()))])
                .sort(["text", "n"], options(&[false], &[false]))
                .cast([("text", DataType::String)])
        },
        |frame| {
            categories(frame)
                .sort(["text", "n"], options(&[false], &[false]))
                .with_columns([col("text").cast(DataType::String)])
        },
        &[],
    );
}

#[test]
fn impossible_sorts_say_why() {
    let table = DataFrame::from_polars(frame(10, 1), 2);
    let session = session(1, "64MiB");
    let error = |table: DataFrame| session.compute(&table).unwrap_err().to_string();
    let missing = error(table.sort(["speed"], SortMultipleOptions::default()));
    assert!(missing.contains("sort at tests/table/sort.rs") && missing.contains("speed"), "{missing}");
    assert!(error(table.sort(["x"], options(&[true, false], &[false]))).contains("2 times"));
    assert!(error(table.sort([""; 0], SortMultipleOptions::default())).contains("no column"));
    assert!(error(table.set_index("speed")).contains("set_index at tests/table/sort.rs"));
    assert!(error(table.between("speed", 1..2)).contains("between at tests/table/sort.rs"));
}
