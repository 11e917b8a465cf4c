//! Aggregations: through trees and shuffles.

use polars::prelude::*;
use thermocline::DataFrame;
use thermocline::dataframe::polars;

use crate::support::{assert_same, check, frame, session};

fn decomposable() -> Vec<Expr> {
    vec![
        col("x").sum().alias("sum"),
        col("x").mean().alias("mean"),
        col("n").mean().alias("mean_n"),
        col("x").count().alias("count"),
        len().alias("len"),
        col("x").min().alias("min"),
        col("text").max().alias("max"),
        col("x").std(1).alias("std"),
        col("n").var(0).alias("var"),
        col("n").first().alias("first"),
        col("x").last().alias("last"),
        (col("x").sum() / col("n").count()).alias("ratio"),
        (col("x") * lit(2.0)).filter(col("n").gt(lit(0))).sum().alias("positive"),
    ]
}

#[test]
fn few_groups_are_merged() {
    let ours = |table: &DataFrame| table.group_by([col("key")]).agg(decomposable());
    check(3000, ours, |frame| frame.group_by_stable([col("key")]).agg(decomposable()), &[]);
}

#[test]
fn many_groups_and_several_keys() {
    let keys = [col("key"), col("many") % lit(300)];
    let ours = |table: &DataFrame| table.group_by(&keys).agg(decomposable());
    check(3000, ours, |frame| frame.group_by_stable(&keys).agg(decomposable()), &["key", "many"]);
}

#[test]
fn all_rows_are_one_group() {
    check(1000, |table| table.agg(decomposable()), |frame| frame.select(decomposable()), &[]);
    let all = [col("x").median().alias("median"), col("text").n_unique().alias("texts")];
    check(1000, |table| table.agg(&all), |frame| frame.select(&all), &[]);
}

#[test]
fn what_needs_all_rows_of_a_group_gets_them() {
    let aggregations = [
        col("x").median().alias("median"),
        col("x").quantile(lit(0.9), QuantileMethod::Linear).alias("quantile"),
        col("text").n_unique().alias("texts"),
        (col("x") - col("x").mean()).pow(lit(2)).sum().alias("squares"),
        col("n").sort(SortOptions::default()).first().alias("least"),
    ];
    let ours = |table: &DataFrame| table.group_by([col("key")]).agg(&aggregations);
    check(3000, ours, |frame| frame.group_by_stable([col("key")]).agg(&aggregations), &["key"]);
}

#[test]
fn partitions_without_rows_count_for_nothing() {
    let table = DataFrame::from_polars(frame(100, 5), 10)
        .filter(col("time").lt(lit(2_000_000_000_i64).cast(DataType::Datetime(TimeUnit::Microseconds, None))));
    let session = session(2, "64MiB");
    let rows = session.compute(&table).unwrap();
    assert!(rows.height() < 50, "{rows}");
    let expected = rows.clone().lazy().select(decomposable()).collect().unwrap();
    assert_same(&session.compute(&table.agg(decomposable())).unwrap(), &expected);
    let none = table.filter(lit(false).or(col("n").gt(lit(10_000))));
    let expected = rows.clear().lazy().select(decomposable()).collect().unwrap();
    assert_same(&session.compute(&none.agg(decomposable())).unwrap(), &expected);
    assert_eq!(session.compute(&none.group_by([col("key")]).agg(decomposable())).unwrap().height(), 0);
}
