//! First, last, largest and random rows, and how many there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::prelude::*;
use thermocline::DataFrame;
use thermocline::dataframe::polars;

use crate::support::{assert_same, check, frame, session};

#[test]
fn first_and_last_rows() {
    for rows in [0, 1, 100, 700, 5000] {
        check(1000, |table| table.head(rows), |frame| frame.limit(rows as IdxSize), &[]);
        check(1000, |table| table.tail(rows), |frame| frame.tail(rows as IdxSize), &[]);
        let few = || col("n").gt(lit(450));
        check(
            1000,
            |table| table.filter(few()).head(rows).select([col("n")]),
            |frame| frame.filter(few()).limit(rows as IdxSize).select([col("n")]),
            &[],
        );
    }
}

#[test]
fn partitions_behind_the_first_rows_are_not_made() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let table = DataFrame::from_polars(frame(1000, 1), 50).map_partitions(move |frame| {
        count.fetch_add(usize::from(frame.height() > 0), Ordering::Relaxed);
        Ok(frame)
    });
    let session = session(2, "64MiB");
    assert_same(&session.compute(&table.head(5)).unwrap(), &frame(1000, 1).head(Some(5)));
    assert_eq!(made.swap(0, Ordering::Relaxed), 1);
    assert_same(&session.compute(&table.tail(50)).unwrap(), &frame(1000, 1).tail(Some(50)));
    assert_eq!(made.load(Ordering::Relaxed), 9, "the last partition, then a wave of eight");
}

#[test]
fn largest_and_smallest_rows() {
    let sorted = |frame: LazyFrame, by: &[&str], descending: bool, rows: usize| {
        let options = SortMultipleOptions::new()
            .with_maintain_order(true)
            .with_nulls_last(true)
            .with_order_descending(descending);
        frame.sort(by.iter().map(ToString::to_string).collect::<Vec<_>>(), options).limit(rows as IdxSize)
    };
    for rows in [0, 1, 30, 400, 2000] {
        for by in [&["n"][..], &["key", "x"], &["text", "n", "x"]] {
            check(1000, |table| table.nlargest(rows, by), |frame| sorted(frame, by, true, rows), &[]);
            check(1000, |table| table.nsmallest(rows, by), |frame| sorted(frame, by, false, rows), &[]);
        }
    }
    check(
        1000,
        |table| table.nlargest(9, ["x"]).select([col("time")]),
        |frame| sorted(frame, &["x"], true, 9).select([col("time")]),
        &[],
    );
}

#[test]
fn samples_are_the_same_each_time_and_have_their_share() {
    let whole = frame(20_000, 3);
    let table = DataFrame::from_polars(whole.clone(), 7);
    let some = session(1, "64MiB").compute(&table.sample(0.25, 9)).unwrap();
    assert_same(&session(3, "256MiB").compute(&table.sample(0.25, 9)).unwrap(), &some);
    // Five standard deviations of a binomial distribution.
    assert!(some.height().abs_diff(5000) < 5 * 62, "{}", some.height());
    let other = session(1, "64MiB").compute(&table.sample(0.25, 10)).unwrap();
    assert!(!other.equals_missing(&some));
    // Rows, in their order: times grow.
    let times = some.column("time").unwrap().as_materialized_series().to_physical_repr().into_owned();
    assert!(times.i64().unwrap().into_no_null_iter().is_sorted());
    let columns = session(1, "64MiB").compute(&table.sample(0.25, 9).select([col("text")])).unwrap();
    assert_same(&columns, &some.select(["text"]).unwrap());
    assert_same(&session(1, "64MiB").compute(&table.sample(1.0, 1)).unwrap(), &whole);
    assert_eq!(session(1, "64MiB").compute(&table.sample(0.0, 1)).unwrap().height(), 0);
    let error = session(1, "64MiB").compute(&table.sample(1.5, 1)).unwrap_err().to_string();
    assert!(error.contains("sample at tests/table/ends.rs") && error.contains("1.5"), "{error}");
}

#[test]
fn rows_are_counted() {
    let session = session(2, "64MiB");
    for partitions in [1, 9] {
        let table = DataFrame::from_polars(frame(1000, 4), partitions);
        assert_eq!(session.compute(table.len()).unwrap(), 1000);
        let some = frame(1000, 4).lazy().filter(col("n").gt(lit(0))).collect().unwrap();
        assert_eq!(session.compute(table.filter(col("n").gt(lit(0))).len()).unwrap(), some.height() as u64);
    }
    assert!(session.compute(DataFrame::from_polars(frame(10, 1), 1).select([col("speed")]).len()).is_err());
}

#[test]
fn functions_of_partitions() {
    let table = DataFrame::from_polars(frame(1000, 5), 6);
    let session = session(2, "64MiB");
    let first = table.map_partitions(|frame| frame.lazy().select([col("n").sum(), col("key").first()]).collect());
    let found = session.compute(&first).unwrap();
    assert_eq!(found.height(), 6);
    let total = session.compute(&first.agg([col("n").sum()])).unwrap();
    assert_same(&total, &frame(1000, 5).lazy().select([col("n").sum()]).collect().unwrap());
    let fails = table.map_partitions(|_| Err(PolarsError::NoData("no such luck".into())));
    let error = session.compute(&fails).unwrap_err().to_string();
    assert!(error.contains("map_partitions at tests/table/ends.rs") && error.contains("no such luck"), "{error}");
    let schema = Schema::from_iter([("n".into(), DataType::Int64)]);
    let other = table.map_partitions_as(schema.into(), |frame| frame.select(["n"]));
    let error = format!("{:?}", session.compute(&other).unwrap_err());
    assert!(error.contains("instead of"), "{error}");
}
