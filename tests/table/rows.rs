//! Row by row.

use polars::prelude::*;
use thermocline::DataFrame;
use thermocline::dataframe::polars;

use crate::support::{check, frame, session};

#[test]
fn chains_are_what_polars_makes_of_the_whole() {
    check(
        1000,
        |table| {
            let table = table.filter(col("n").gt(lit(-100))).with_columns([(col("x") * lit(2.0)).alias("twice")]);
            table.drop(["time"]).rename([("key", "origin")]).drop_nulls(["origin"]).fill_null(lit(0))
        },
        |frame| {
            let frame = frame.filter(col("n").gt(lit(-100))).with_columns([(col("x") * lit(2.0)).alias("twice")]);
            let frame = frame.drop(by_name(["time"], true, false)).rename(["key"], ["origin"], true);
            frame.filter(col("origin").is_not_null()).fill_null(lit(0))
        },
        &[],
    );
}

#[test]
fn strings_times_and_types() {
    let exprs = [
        col("text").str().len_chars().alias("length"),
        col("time").dt().month().alias("month"),
        col("n").cast(DataType::Float64).sqrt().alias("root"),
        col("text").str().contains(lit("1$"), true).alias("ends_with_1"),
    ];
    check(500, |table| table.select(&exprs), |frame| frame.select(&exprs), &[]);
    check(
        500,
        |table| table.cast([("n", DataType::Int64), ("many", DataType::String)]),
        |frame| frame.with_columns([col("n").cast(DataType::Int64), col("many").cast(DataType::String)]),
        &[],
    );
    let some = Series::new("".into(), [3_i64, 5, 7]);
    let theirs = some.clone();
    check(
        500,
        move |table| table.is_in("many", some.clone()),
        move |frame| frame.filter(col("many").is_in(lit(theirs.clone()).implode(true), false)),
        &[],
    );
}

#[test]
fn what_is_impossible_says_where_and_why() {
    let table = DataFrame::from_polars(frame(10, 1), 2);
    let session = session(1, "64MiB");
    let error = |table: DataFrame| session.compute(&table).unwrap_err().to_string();
    let missing = error(table.select([col("speed")]));
    assert!(missing.contains("select at tests/table/rows.rs") && missing.contains("speed"), "{missing}");
    for looks_further in [col("x").sum(), col("x") - col("x").mean(), col("x").shift(lit(1)), col("x").cum_sum(false)] {
        let error = error(table.with_columns([looks_further.alias("y")]));
        assert!(error.contains("more than one row"), "{error}");
    }
    let error_of_filter = error(table.filter(col("n")));
    assert!(error_of_filter.contains("filter"), "{error_of_filter}");
    let literal = error(table.select([lit(1)]));
    assert!(literal.contains("no column"), "{literal}");
    // What comes behind keeps the first error.
    let later = error(table.select([col("speed")]).filter(col("y").gt(lit(1))).drop(["z"]));
    assert!(later.contains("speed"), "{later}");
}

#[test]
fn a_column_that_nobody_wants_is_not_counted_with_rows() {
    let table = DataFrame::from_polars(frame(100, 1), 4);
    let count = session(2, "64MiB").compute(&table.agg([len()])).unwrap();
    assert_eq!(count.column("len").unwrap().u32().unwrap().get(0), Some(100));
}

#[test]
fn a_step_of_which_nothing_comes_needs_no_column() {
    check(
        300,
        |table| {
            let steps = table.with_columns([(col("x") * lit(2.0)).alias("twice")]).cast([("many", DataType::String)]);
            steps.select([col("key"), col("n")])
        },
        |frame| frame.select([col("key"), col("n")]),
        &[],
    );
    let positive = || col("n").gt(lit(0));
    check(300, |table| table.filter(positive()).agg([len()]), |frame| frame.filter(positive()).select([len()]), &[]);
}
