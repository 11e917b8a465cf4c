//! Tables one after the other.

use polars::prelude::*;
use thermocline::DataFrame;
use thermocline::dataframe::polars;

use crate::support::{assert_same, frame, session};

fn relaxed() -> UnionArgs {
    UnionArgs { to_supertypes: true, ..UnionArgs::default() }
}

#[test]
fn rows_are_in_the_order_of_the_tables() {
    let frames = [frame(300, 1), frame(10, 2).clear(), frame(200, 3)];
    let wide = frames[2].clone().lazy().with_columns([col("n").cast(DataType::Float64)]).collect().unwrap();
    let frames = [frames[0].clone(), frames[1].clone(), wide];
    let expected = concat(frames.clone().map(IntoLazy::lazy), relaxed()).unwrap();
    for partitions in [1, 7] {
        let tables = frames.clone().map(|frame| DataFrame::from_polars(frame, partitions));
        let all = DataFrame::concat(&tables);
        assert_eq!(all.partitions(), 3 * partitions);
        let session = session(2, "64MiB");
        assert_same(&session.compute(&all).unwrap(), &expected.clone().collect().unwrap());
        let some = [col("n"), col("text").str().len_chars().alias("length")];
        let found = session.compute(&all.filter(col("n").gt(lit(0))).select(&some)).unwrap();
        assert_same(&found, &expected.clone().filter(col("n").gt(lit(0))).select(&some).collect().unwrap());
        let sums = [col("x").sum(), len()];
        let found = session.compute(&all.group_by([col("key")]).agg(&sums)).unwrap();
        assert_same(&found, &expected.clone().group_by_stable([col("key")]).agg(&sums).collect().unwrap());
        assert_eq!(session.compute(&all.agg([len()])).unwrap().column("len").unwrap().u32().unwrap().get(0), Some(500));
    }
}

#[test]
fn columns_of_all_tables_or_null() {
    let left = frame(100, 1).lazy().select([col("key"), col("n")]).collect().unwrap();
    let right = frame(50, 2).lazy().select([col("x"), col("n").cast(DataType::Int64), col("time")]).collect().unwrap();
    let expected = concat_lf_diagonal([left.clone().lazy(), right.clone().lazy()], relaxed()).unwrap();
    let all = DataFrame::concat_diagonal([&DataFrame::from_polars(left, 3), &DataFrame::from_polars(right, 2)]);
    let session = session(2, "64MiB");
    assert_same(&session.compute(&all).unwrap(), &expected.clone().collect().unwrap());
    let found = session.compute(&all.select([col("time"), col("x")])).unwrap();
    assert_same(&found, &expected.select([col("time"), col("x")]).collect().unwrap());
}

#[test]
fn what_does_not_fit_together_says_why() {
    let session = session(1, "64MiB");
    let error = |tables: &[DataFrame]| session.compute(&DataFrame::concat(tables)).unwrap_err().to_string();
    let none = error(&[]);
    assert!(none.contains("concat at tests/table/concat.rs") && none.contains("no table"), "{none}");
    let table = DataFrame::from_polars(frame(10, 1), 2);
    let fewer = error(&[table.clone(), table.drop(["x"])]);
    assert!(fewer.contains("concat"), "{fewer}");
    let earlier = error(&[table.clone(), table.drop(["speed"])]);
    assert!(earlier.contains("speed"), "{earlier}");
}
