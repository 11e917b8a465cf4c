//! Distinct values, how often they are there, what they are like, and columns made of them.

use polars::prelude::*;
use thermocline::DataFrame;
use thermocline::dataframe::polars;

use crate::support::{Numbers, PolarsFrame, assert_same, assert_same_rows, check, frame, session};

#[test]
fn rows_without_their_duplicates() {
    let strategies = [UniqueKeepStrategy::First, UniqueKeepStrategy::Last, UniqueKeepStrategy::None];
    for keep in strategies {
        for columns in [&["key"][..], &["text", "key"], &["many"], &["n", "key"]] {
            let subset = by_name(columns.iter().copied(), true, false);
            check(
                1500,
                |table| table.unique(columns, keep),
                |frame| frame.unique_stable(Some(subset.clone()), keep),
                &["time"],
            );
        }
        let few = [col("key"), col("n") % lit(7)];
        let none: [&str; 0] = [];
        check(
            1500,
            |table| table.select(&few).unique(none, keep),
            |frame| frame.select(&few).unique_stable(None, keep),
            &["key", "n"],
        );
    }
    let error =
        session(1, "64MiB").compute(&DataFrame::from_polars(frame(9, 1), 2).unique(["speed"], UniqueKeepStrategy::Any));
    assert!(error.unwrap_err().to_string().contains("unique at tests/table/values.rs"));
}

#[test]
fn values_are_counted() {
    for column in ["key", "many", "n"] {
        let counted = |frame: LazyFrame| frame.group_by_stable([col(column)]).agg([len().alias("count")]);
        check(1500, |table| table.value_counts(column), counted, &[column]);
    }
}

#[test]
fn quantiles_are_exact() {
    let quantiles = [0.0, 0.1, 0.25, 0.5, 0.9, 0.999, 1.0];
    let expected = |frame: LazyFrame, names: &[&str]| {
        let rows = quantiles.iter().map(|&quantile| {
            let all = names
                .iter()
                .map(|name| col(*name).cast(DataType::Float64).quantile(lit(quantile), QuantileMethod::Linear));
            frame.clone().select([vec![lit(quantile).alias("quantile")], all.collect::<Vec<_>>()].concat())
        });
        concat(rows.collect::<Vec<_>>(), UnionArgs::default()).unwrap()
    };
    for names in [&["x"][..], &["n", "many", "x"]] {
        check(3000, |table| table.quantiles(names, &quantiles), |frame| expected(frame, names), &[]);
    }
    // A column of which no sample is known; one that is empty; and one of almost one value.
    let unseen = |table: &DataFrame| table.map_partitions(Ok).quantiles(["x", "n"], &quantiles);
    check(3000, unseen, |frame| expected(frame, &["x", "n"]), &[]);
    let nothing = |table: &DataFrame| table.filter(col("n").gt(lit(10_000))).quantiles(["x"], &quantiles);
    check(300, nothing, |frame| expected(frame.filter(col("n").gt(lit(10_000))), &["x"]), &[]);
    let same = |n: Expr| when(n.clone().gt(lit(-480))).then(lit(5)).otherwise(n);
    let skewed = |table: &DataFrame| table.with_columns([same(col("n"))]).quantiles(["n"], &quantiles);
    check(3000, skewed, |frame| expected(frame.with_columns([same(col("n"))]), &["n"]), &[]);
}

#[test]
fn quantiles_of_more_than_a_sample() {
    let mut numbers = Numbers::new(5);
    let values: Vec<f64> = (0..200_000).map(|_| (numbers.below(1 << 30) as f64).sqrt()).collect();
    let whole = df!["x" => values].unwrap();
    let table = DataFrame::from_polars(whole.clone(), 30);
    let found = session(2, "24MiB").compute(&table.quantiles(["x"], &[0.01, 0.5, 0.7])).unwrap();
    let x = whole.column("x").unwrap().as_materialized_series();
    let expected =
        [0.01, 0.5, 0.7].map(|quantile| x.f64().unwrap().quantile(quantile, QuantileMethod::Linear).unwrap());
    assert_same(&found, &df!["quantile" => [0.01, 0.5, 0.7], "x" => expected].unwrap());
}

#[test]
fn columns_are_described() {
    let whole = frame(2000, 6).lazy().select([col("x"), col("n"), col("key"), col("time")]).collect().unwrap();
    let found = session(2, "64MiB").compute(&DataFrame::from_polars(whole.clone(), 7).describe()).unwrap();
    let names = found.column("statistic").unwrap().str().unwrap().iter().flatten().collect::<Vec<_>>();
    assert_eq!(names, ["count", "null_count", "mean", "std", "min", "25%", "50%", "75%", "max"]);
    for name in ["x", "n"] {
        let of = || col(name).cast(DataType::Float64);
        let quantile = |quantile: f64| of().quantile(lit(quantile), QuantileMethod::Linear);
        let all = [
            of().count(),
            of().null_count(),
            of().mean(),
            of().std(1),
            of().min(),
            quantile(0.25),
            quantile(0.5),
            quantile(0.75),
            of().max(),
        ];
        let row = whole.clone().lazy().select(
            all.into_iter()
                .enumerate()
                .map(|(at, of)| of.cast(DataType::Float64).alias(at.to_string()))
                .collect::<Vec<_>>(),
        );
        let row = row.collect().unwrap();
        let expected: Vec<Option<f64>> = row.columns().iter().map(|value| value.f64().unwrap().get(0)).collect();
        assert_same(&found.select([name]).unwrap(), &df![name => expected].unwrap());
    }
    let key = found.column("key").unwrap().str().unwrap().iter().collect::<Vec<_>>();
    let nulls = whole.column("key").unwrap().null_count();
    let (count, nulls) = ((2000 - nulls).to_string(), nulls.to_string());
    assert_eq!(key[..2], [Some(&*count), Some(&*nulls)]);
    assert_eq!((key[2], key[4], key[8]), (None, Some("a long name of an airport"), Some("jfk")));
}

/// polars' pivot: what it makes of the rows of each value.
fn pivoted(frame: LazyFrame, values: &[&str], aggregate: fn(Expr) -> Expr) -> LazyFrame {
    let cell = |value: &&str| {
        let rows = col("key").eq_missing(lit(*value));
        when(rows.clone().any(true)).then(aggregate(col("x").filter(rows))).otherwise(lit(NULL)).alias(*value)
    };
    frame.group_by_stable([col("text")]).agg(values.iter().map(cell).collect::<Vec<_>>())
}

#[test]
fn values_become_columns() {
    let found = ["jfk", "ewr", "nowhere"];
    let series = Series::new("".into(), found);
    for aggregate in [Expr::sum as fn(Expr) -> Expr, Expr::mean, Expr::max, Expr::median, Expr::first] {
        check(
            2000,
            |table| table.pivot(["text"], "key", &series, "x", aggregate),
            |frame| pivoted(frame, &found, aggregate),
            &["text"],
        );
    }
    let table = DataFrame::from_polars(frame(500, 7), 4);
    let session = session(2, "64MiB");
    let all = table.pivot_of(&session, ["text"], "key", "x", Expr::sum).unwrap();
    let names: Vec<&str> = all.schema().iter_names().map(PlSmallStr::as_str).collect();
    assert_eq!(names, ["text", "null", "a long name of an airport", "ewr", "jfk"]);
    let sums = session.compute(&all.agg([col("null").sum(), col("jfk").sum()])).unwrap();
    let of = |key: Expr| col("x").filter(col("key").eq_missing(key)).sum();
    let expected =
        frame(500, 7).lazy().select([of(lit(NULL)).alias("null"), of(lit("jfk")).alias("jfk")]).collect().unwrap();
    assert_same(&sums, &expected);
    assert!(table.pivot_of(&session, ["text"], "speed", "x", Expr::sum).unwrap_err().to_string().contains("speed"));
}

#[test]
fn categories_are_grouped_and_joined_by_their_names() {
    let categories = || DataType::from_categories(Categories::global());
    let whole = frame(1500, 8);
    let of = |frame: LazyFrame| {
        frame.with_columns([
            col("key").cast(categories()),
            (col("many") % lit(20)).cast(DataType::String).cast(categories()),
        ])
    };
    let ours = |table: &DataFrame| {
        let many = (col("many") % lit(20)).cast(DataType::String).alias("many");
        table.with_columns([many]).cast([("key", categories()), ("many", categories())])
    };
    let sums = [col("n").sum(), col("x").median(), len().alias("rows")];
    let by = [col("key"), col("many")];
    check(
        1500,
        |table| ours(table).group_by(&by).agg(&sums),
        |frame| of(frame).group_by_stable(&by).agg(&sums),
        &["key", "many"],
    );
    let names: PolarsFrame =
        df!["code" => ["jfk", "lga", "ewr"], "name" => ["Kennedy", "La Guardia", "Newark"]].unwrap();
    let airports = ours(&DataFrame::from_polars(whole.clone(), 3)).select([col("key"), col("n")]);
    let session = session(2, "64MiB");
    for way in [thermocline::dataframe::JoinWay::Auto, thermocline::dataframe::JoinWay::Shuffle(5)] {
        let options = thermocline::dataframe::JoinOptions::new(thermocline::dataframe::JoinKind::Left).way(way);
        let right = DataFrame::from_polars(names.clone(), 2).cast([("code", categories())]);
        let joined = session.compute(&airports.join(&right, [col("key")], [col("code")], options)).unwrap();
        let theirs = names.clone().lazy().with_columns([col("code").cast(categories())]);
        let expected = of(whole.clone().lazy())
            .select([col("key"), col("n")])
            .left_join(theirs, col("key"), col("code"))
            .collect()
            .unwrap();
        assert_same_rows(&joined, &expected, &["key", "n"]);
    }
}
