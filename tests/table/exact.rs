//! Quantiles and distinct values of groups that are larger than a task should have.

use polars::prelude::*;
use thermocline::DataFrame;
use thermocline::dataframe::polars;

use crate::support::{Numbers, PolarsFrame, assert_same, session};

/// The largest group has about 50 MB: keys are long.
const ROWS: usize = 40_000;

fn long_keys(seed: u64) -> PolarsFrame {
    let mut numbers = Numbers::new(seed);
    let rest = "k".repeat(3000);
    let names = ["a", "b", "c"].map(|name| format!("{name}{rest}"));
    // One key is rare, some are null, those of one have no value.
    let key = |numbers: &mut Numbers| match numbers.below(1000) {
        0..4 => Some("rare"),
        4..300 => None,
        300..310 => Some("no value"),
        number => Some(&*names[(number % 5).saturating_sub(2)]),
    };
    let keys: Vec<Option<&str>> = (0..ROWS).map(|_| key(&mut numbers)).collect();
    let mut with_values = |value: &mut dyn FnMut(usize) -> Option<f64>| -> Float64Chunked {
        let values = keys.iter().map(|key| if *key == Some("no value") { None } else { value(numbers.below(5000)) });
        values.collect()
    };
    let x = with_values(&mut |number| (number > 300).then(|| number as f64 / 8.0 - 100.0));
    let nan = with_values(&mut |number| Some(if number % 3 == 0 { f64::NAN } else { number as f64 }));
    let few = with_values(&mut |number| (number % 5 > 0).then_some((number % 3) as f64));
    let sorted: Vec<i64> = (0..ROWS as i64).map(|row| row / 7).collect();
    PolarsFrame::new(
        ROWS,
        vec![
            StringChunked::from_iter_options("key".into(), keys.iter().copied()).into_column(),
            x.with_name("x".into()).into_column(),
            nan.with_name("nan".into()).into_column(),
            few.with_name("few".into()).into_column(),
            Column::new("sorted".into(), sorted),
        ],
    )
    .unwrap()
}

fn quantiles(of: &str) -> Vec<Expr> {
    use QuantileMethod::{Higher, Linear, Lower, Midpoint, Nearest};
    let methods =
        [("linear", Linear), ("nearest", Nearest), ("lower", Lower), ("higher", Higher), ("midpoint", Midpoint)];
    let each = |(name, method)| {
        [0.0, 0.25, 0.9, 1.0].map(|at| col(of).quantile(lit(at), method).alias(format!("{of}_{name}_{at}")))
    };
    methods.into_iter().flat_map(each).chain([col(of).median().alias(format!("{of}_median"))]).collect()
}

fn others() -> Vec<Expr> {
    vec![
        col("x").n_unique().alias("xs"),
        col("few").n_unique().alias("fews"),
        col("nan").n_unique().alias("nans"),
        col("x").mean().alias("mean"),
        (col("x").median() - col("x").mean() + col("few").n_unique().cast(DataType::Float64)).alias("skew"),
        (col("x") * lit(2.0)).filter(col("sorted").gt(lit(3000))).median().alias("late"),
        col("few").cast(DataType::Float32).median().alias("single"),
        col("sorted").last().alias("last"),
        len(),
    ]
}

/// `aggregations` of `whole` by `keys` in ways that spill, and as polars makes them.
fn compared(whole: &PolarsFrame, keys: &[Expr], aggregations: &[Expr]) {
    let table = DataFrame::from_polars(whole.clone(), 9);
    let (ours, expected) = if keys.is_empty() {
        (table.agg(aggregations), whole.clone().lazy().select(aggregations))
    } else {
        (table.group_by(keys).agg(aggregations), whole.clone().lazy().group_by_stable(keys).agg(aggregations))
    };

    let expected = expected.collect().unwrap();
    let mut first: Option<PolarsFrame> = None;
    for (threads, limit) in [(1, "112MiB"), (2, "1GiB")] {
        let session = session(threads, limit);
        let plan = session.plan(&ours).unwrap().to_string();
        let found = session.compute(&ours).unwrap();
        assert_same(&found, &expected);
        // Without keys there is little to sort.
        assert_eq!(session.stats().spilled_bytes > 0, limit == "112MiB" && !keys.is_empty(), "{plan}");
        match &first {
            Some(first) => assert!(first.equals_missing(&found)),
            None => first = Some(found),
        }
    }
}

#[test]
fn quantiles_of_large_groups_are_polars() {
    let whole = long_keys(1);
    compared(&whole, &[col("key")], &quantiles("x"));
    let of_others = ["nan", "few", "sorted"].iter().flat_map(|of| quantiles(of)).collect::<Vec<_>>();
    compared(&whole, &[col("key")], &of_others);
}

#[test]
fn distinct_values_and_mixtures_are_polars() {
    let whole = long_keys(2);
    compared(&whole, &[col("key")], &others());
    compared(
        &whole,
        &[col("key"), col("few").is_null().alias("other")],
        &[col("x").median(), col("few").n_unique().alias("fews")],
    );
}

#[test]
fn of_the_whole_table() {
    let whole = long_keys(3);
    let with_key = [vec![col("key").n_unique().alias("keys")], others(), quantiles("x"), quantiles("nan")].concat();
    compared(&whole, &[], &with_key);
}

#[test]
fn of_no_rows_at_all() {
    let none = DataFrame::from_polars(long_keys(4), 3).filter(col("sorted").lt(lit(0)));
    let answers = [col("x").median(), col("key").n_unique(), len()];
    let found = session(1, "256MiB").compute(&none.agg(&answers)).unwrap();
    let expected = long_keys(4).clear().lazy().select(&answers).collect().unwrap();
    assert_same(&found, &expected);
}
