//! From and to frames, delayed values and arrays.

use polars::prelude::*;
use thermocline::dataframe::polars;
use thermocline::{Array, DataFrame, Delayed, Error, delayed};

use crate::support::{PolarsFrame, assert_same, assert_same_rows, frame, session};

fn piece(number: usize) -> PolarsFrame {
    frame(1000, 5).slice(number as i64 * 100, 100)
}

fn schema() -> SchemaRef {
    frame(1, 5).schema().clone()
}

#[test]
fn delayed_frames_are_a_table() {
    let whole = frame(1000, 5);
    let pieces: Vec<Delayed<PolarsFrame>> = (0..10).map(|number| delayed!(piece(number))).collect();
    let table = DataFrame::from_delayed(&pieces, schema());
    assert_eq!(table.partitions(), 10);
    let session = session(2, "1GiB");
    assert_same(&session.compute(&table).unwrap(), &whole);
    let sums = [col("x").sum().alias("sum"), len().alias("rows")];
    let found = session.compute(&table.group_by([col("key")]).agg(&sums)).unwrap();
    assert_same_rows(
        &found,
        &whole.clone().lazy().group_by_stable([col("key")]).agg(&sums).collect().unwrap(),
        &["key"],
    );
    let some = table.filter(col("n").gt(lit(0))).select([col("x")]);
    assert_same(
        &session.compute(&some).unwrap(),
        &whole.lazy().filter(col("n").gt(lit(0))).select([col("x")]).collect().unwrap(),
    );
}

#[test]
fn delayed_frames_must_have_the_columns_that_were_said() {
    let session = session(1, "256MiB");
    let other = delayed!((|| df!["x" => [1.5]].unwrap())());
    let schema = Schema::from_iter([("x".into(), DataType::Int64)]);
    let error = session.compute(&DataFrame::from_delayed(&[other], schema.clone())).unwrap_err().to_string();
    assert!(error.contains("x: f64") && error.contains("x: i64"), "{error}");
    let none = session.compute(&DataFrame::from_delayed(&[], schema)).unwrap_err();
    assert!(matches!(none, Error::Operation { .. }) && none.to_string().contains("convert.rs"), "{none}");
}

#[test]
fn partitions_are_delayed_frames() {
    let whole = frame(1000, 2);
    let table = DataFrame::from_polars(whole.clone(), 7).filter(col("n").gt(lit(-200)));
    let expected = whole.lazy().filter(col("n").gt(lit(-200))).collect().unwrap();
    let parts = table.to_delayed();
    assert_eq!(parts.len(), 7);
    let session = session(2, "128MiB");
    let frames = session.compute(&parts).unwrap();
    let mut all = frames[0].clone();
    for frame in &frames[1..] {
        all.vstack_mut(frame).unwrap();
    }
    assert_same(&all, &expected);
    let again = DataFrame::from_delayed(&parts, table.schema().clone());
    assert_same(&session.compute(&again).unwrap(), &expected);
    let failed = table.select([col("speed")]).to_delayed();
    assert!(session.compute(&failed).unwrap_err().to_string().contains("speed"));
}

#[test]
fn arrays_are_columns_and_columns_are_arrays() {
    let x = Array::<f64>::from_fn(&[1000], &[64], |at| (at[0] as f64).sin());
    let n = Array::<i32>::from_fn(&[1000], &[64], |at| at[0] as i32 % 7);
    let flag = n.less(3);
    let table = DataFrame::from_arrays([("x", (&x).into()), ("n", (&n).into()), ("flag", (&flag).into())]);
    let session = session(2, "64MiB");
    let found = session.compute(&table).unwrap();
    let (values, numbers) = (session.compute(&x).unwrap(), session.compute(&n).unwrap());
    let expected = df![
        "x" => values.iter().copied().collect::<Vec<f64>>(),
        "n" => numbers.iter().copied().collect::<Vec<i32>>(),
        "flag" => numbers.iter().map(|&n| n < 3).collect::<Vec<bool>>()
    ];
    assert_same(&found, &expected.unwrap());
    assert_eq!(session.compute(&table.agg([len()])).unwrap().column("len").unwrap().u32().unwrap().get(0), Some(1000));

    let lengths = session.compute(&table.lengths()).unwrap();
    assert_eq!(lengths.iter().sum::<usize>(), 1000);
    assert_eq!(session.compute(&table.to_array::<f64>("x", &lengths)).unwrap(), values);
    assert_eq!(session.compute(&table.to_array::<bool>("flag", &lengths)).unwrap(), session.compute(&flag).unwrap());

    let few = table.filter(col("n").eq(lit(3)).and(col("x").gt(lit(0.99))));
    let lengths = session.compute(&few.lengths()).unwrap();
    assert!(lengths.contains(&0));
    let array = few.to_array::<i32>("n", &lengths);
    let found = session.compute((&few, &array, &array.sum(..))).unwrap();
    assert_eq!(found.1.len(), found.0.height());
    assert!(found.1.iter().all(|&n| n == 3) && found.2[[]] == 3 * found.1.len() as i64);
    let none = table.filter(col("n").gt(lit(100)));
    let lengths = session.compute(&none.lengths()).unwrap();
    assert_eq!(session.compute(&none.to_array::<i32>("n", &lengths)).unwrap().len(), 0);
}

#[test]
fn what_can_not_be_is_told() {
    let session = session(1, "64MiB");
    let x = Array::<f64>::ones(&[10], [4]);
    let error = |table: DataFrame| session.compute(&table).unwrap_err().to_string();
    let chunks = error(DataFrame::from_arrays([("x", (&x).into()), ("y", x.rechunk([5]).into())]));
    assert!(chunks.contains("[5, 5]") && chunks.contains("[4, 4, 2]") && chunks.contains("convert.rs"), "{chunks}");
    assert!(
        error(DataFrame::from_arrays([("x", Array::<f64>::ones(&[2, 2], [2, 2]).into())])).contains("2 dimensions")
    );
    assert!(error(DataFrame::from_arrays([("x", (&x).into()), ("x", (&x).into())])).contains("two columns"));
    assert!(error(DataFrame::from_arrays([("x", (&x + &Array::<f64>::ones(&[3], [3])).into())])).contains("add"));

    let table = DataFrame::from_polars(df!["x" => [Some(1_i64), None, Some(3)]].unwrap(), 2);
    let error = |array: Array<i64>| session.compute(&array).unwrap_err().to_string();
    assert!(error(table.to_array("y", &[1, 2])).contains("no column"));
    assert!(error(table.to_array("x", &[3])).contains("1 lengths for 2 partitions"));
    assert!(error(table.to_array("x", &[1, 2])).contains("nulls"));
    assert!(error(table.fill_null(lit(0)).to_array("x", &[2, 1])).contains("said to have"));
    let floats = session.compute(&table.to_array::<f64>("x", &[1, 2])).unwrap_err().to_string();
    assert!(floats.contains("cast it before"), "{floats}");
}
