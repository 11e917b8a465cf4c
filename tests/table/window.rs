//! What a row has of others, across the borders of partitions.

use polars::prelude::*;
use polars::series::ops::NullBehavior;
use thermocline::DataFrame;
use thermocline::dataframe::polars;

use crate::support::{assert_same, check, frame, session};

/// Many partitions have no row, several neighbours have few.
fn sparse() -> Expr {
    col("many")
        .lt(lit(12))
        .or(col("time").lt(lit(3_000_000_000_i64).cast(DataType::Datetime(TimeUnit::Microseconds, None))))
}

#[test]
fn rows_are_shifted_over_borders() {
    for n in [0, 1, -1, 5, -70, 400, -5000] {
        check(300, |table| table.shift(n), |frame| frame.select([all().as_expr().shift(lit(n))]), &[]);
        check(
            300,
            |table| table.filter(sparse()).shift(n),
            |frame| frame.filter(sparse()).select([all().as_expr().shift(lit(n))]),
            &[],
        );
    }
}

#[test]
fn differences_and_changes_look_back_and_ahead() {
    for n in [1, -2, 40] {
        check(
            300,
            |table| table.diff(["x", "time"], n),
            |frame| frame.with_columns([cols(["x", "time"]).as_expr().diff(lit(n), NullBehavior::Ignore)]),
            &[],
        );
        check(
            300,
            |table| table.pct_change(["x"], n).select([col("x")]),
            |frame| frame.select([col("x") / col("x").shift(lit(n)) - lit(1.0)]),
            &[],
        );
    }
}

#[test]
fn windows_of_polars_look_over_borders() {
    let window =
        |size, least| RollingOptionsFixedWindow { window_size: size, min_periods: least, ..Default::default() };
    let centered = RollingOptionsFixedWindow { center: true, ..window(7, 2) };
    let exprs = [
        col("x").rolling_sum(window(10, 3)).alias("sum"),
        col("x").rolling_mean(window(30, 30)).alias("mean"),
        col("n").rolling_min(window(25, 1)).alias("min"),
        col("x").rolling_max(centered).alias("max"),
        (col("n") - col("n").shift(lit(-3))).alias("ahead"),
    ];
    check(500, |table| table.map_overlap(29, 3, &exprs), |frame| frame.with_columns(&exprs), &[]);
    // Of what is not wanted, nothing is made.
    check(
        500,
        |table| table.map_overlap(29, 3, &exprs).select([col("key"), col("min")]),
        |frame| frame.with_columns(&exprs).select([col("key"), col("min")]),
        &[],
    );
}

/// Aggregations of windows.
fn of_windows() -> Vec<Expr> {
    vec![
        col("x").sum().alias("sum"),
        col("x").mean().alias("mean"),
        col("n").min().alias("min"),
        col("x").max().alias("max"),
        col("n").cast(DataType::Float64).std(1).alias("std"),
        col("text").n_unique().alias("texts"),
        col("x").median().alias("median"),
        (col("x").first() + col("n").last().cast(DataType::Float64)).alias("ends"),
    ]
}

#[test]
fn any_aggregation_of_the_last_rows() {
    for rows in [1, 2, 17, 200] {
        let theirs = |frame: LazyFrame| {
            let frame = frame.with_row_index("row", None).with_columns([col("row").cast(DataType::Int64)]);
            let period = Duration::parse(&format!("{rows}i"));
            let window = |expr: Expr| expr.rolling(col("row"), period, -period, ClosedWindow::Right);
            frame.with_columns(of_windows().into_iter().map(window).collect::<Vec<_>>()).drop(by_name(
                ["row"],
                true,
                false,
            ))
        };
        check(300, |table| table.rolling(rows, of_windows()), theirs, &[]);
        check(
            300,
            |table| table.filter(sparse()).rolling(rows, of_windows()),
            |frame| theirs(frame.filter(sparse())),
            &[],
        );
    }
}

#[test]
fn any_aggregation_of_the_last_while() {
    // Times to the minute, so that some are equal, also over borders.
    let minutes = col("time").dt().truncate(lit("5m"));
    for period in ["1m", "3h", "1d", "1mo"] {
        let theirs = |frame: LazyFrame| {
            let period = Duration::parse(period);
            let window = |expr: Expr| expr.rolling(col("time"), period, -period, ClosedWindow::Right);
            frame.with_columns(of_windows().into_iter().map(window).collect::<Vec<_>>())
        };
        let with_minutes = |frame: LazyFrame| frame.with_columns([minutes.clone()]);
        check(
            400,
            |table| table.with_columns([minutes.clone()]).rolling_by("time", period, of_windows()),
            |frame| theirs(with_minutes(frame)),
            &[],
        );
        check(
            400,
            |table| table.with_columns([minutes.clone()]).filter(sparse()).rolling_by("time", period, of_windows()),
            |frame| theirs(with_minutes(frame).filter(sparse())),
            &[],
        );
    }
    // Of one time, of days, of numbers.
    for (time, period) in [
        (lit(5_i64), "3i"),
        (col("time").cast(DataType::Date), "2d"),
        (col("time").cast(DataType::Int64) / lit(86_400_000_000_i64), "7i"),
    ] {
        let timed = [time.alias("when")];
        let duration = Duration::parse(period);
        let window = |expr: Expr| expr.rolling(col("when"), duration, -duration, ClosedWindow::Right);
        check(
            200,
            |table| table.map_overlap(0, 0, &timed).rolling_by("when", period, [col("x").sum().alias("sum"), len()]),
            |frame| frame.with_columns(&timed).with_columns([window(col("x").sum().alias("sum")), window(len())]),
            &[],
        );
    }
}

#[test]
fn cumulative_values_go_on_over_borders() {
    let exprs = [
        col("x").cum_sum(false).alias("sum"),
        col("n").cum_sum(false).alias("sum_n"),
        (col("n").cast(DataType::Int8)).cum_max(false).alias("max_i8"),
        col("x").cum_min(false).alias("min"),
        (lit(1.0) + col("x") / lit(1e9)).cum_prod(false).alias("product"),
        col("key").cum_count(false).alias("keys"),
        (col("n").gt(lit(0))).cum_sum(false).alias("positive"),
        (col("x").cum_sum(false) / col("x").cum_count(false) - col("x")).alias("from_mean"),
        col("n").cum_sum(false),
    ];
    let exprs = exprs.map(|expr| expr);
    let i8 = [col("n") % lit(100)];
    check(
        500,
        |table| table.with_columns(&i8).cumulative(&exprs),
        |frame| frame.with_columns(&i8).with_columns(&exprs),
        &[],
    );
    check(
        500,
        |table| table.with_columns(&i8).filter(sparse()).cumulative(&exprs),
        |frame| frame.with_columns(&i8).filter(sparse()).with_columns(&exprs),
        &[],
    );
    let nans = [when(col("n").lt(lit(0))).then(lit(f64::NAN)).otherwise(col("x")).alias("x")];
    let extremes = [col("x").cum_min(false).alias("min"), col("x").cum_max(false).alias("max")];
    check(
        300,
        |table| table.with_columns(&nans).cumulative(&extremes),
        |frame| frame.with_columns(&nans).with_columns(&extremes),
        &[],
    );
}

#[test]
fn times_are_resampled() {
    let answers = [col("x").sum().alias("sum"), len(), col("time").max().alias("last")];
    for every in ["1h", "15m", "1d", "1mo"] {
        let theirs = |frame: LazyFrame| {
            let options = DynamicGroupOptions {
                index_column: "time".into(),
                every: Duration::parse(every),
                period: Duration::parse(every),
                offset: Duration::parse("0ns"),
                ..Default::default()
            };
            frame.with_columns([col("time").alias("when")]).group_by_dynamic(col("time"), [], options).agg([
                col("x").sum().alias("sum"),
                len(),
                col("when").max().alias("last"),
            ])
        };
        check(700, |table| table.resample("time", every).agg(&answers), theirs, &[]);
        check(
            700,
            |table| {
                table
                    .sort(["x"], SortMultipleOptions::default())
                    .resample("time", every)
                    .empty_periods(true)
                    .agg(&answers)
            },
            |frame| {
                theirs(frame)
                    .collect()
                    .unwrap()
                    .upsample::<[PlSmallStr; 0]>([], "time", Duration::parse(every))
                    .unwrap()
                    .lazy()
            },
            &[],
        );
    }
}

#[test]
fn rows_are_partitioned_anew_in_their_order() {
    for partitions in [1, 2, 5, 17, 40] {
        check(200, |table| table.repartition(partitions), |frame| frame, &[]);
        check(200, |table| table.repartition(partitions).select([col("n")]), |frame| frame.select([col("n")]), &[]);
    }
    let borders = Series::new("".into(), [-100_i32, 0, 7, 300]);
    let options = SortMultipleOptions::default().with_maintain_order(true);
    check(
        300,
        |table| {
            let table = table.repartition_by("n", &borders);
            assert_eq!(table.partitions(), 5);
            table
        },
        |frame| frame.sort(["n"], options.clone()),
        &[],
    );
    let table = DataFrame::from_polars(frame(500, 3), 4).repartition_by("n", &borders);
    let merged = table.repartition(2);
    let border: i32 = merged.divisions().unwrap().borders()[0].extract().unwrap();
    assert_eq!(border, 0);
    let found = session(1, "64MiB").compute(&merged.between("n", ..0)).unwrap();
    let sorted = frame(500, 3).sort(["n"], options).unwrap();
    assert_same(&found, &sorted.lazy().filter(col("n").lt(lit(0))).collect().unwrap());
}

#[test]
fn windows_of_tables_larger_than_memory_spill() {
    let whole = frame(400_000, 4);
    // Back from the end, then on from the beginning: all partitions are there in between.
    let totals = [col("x").cum_sum(false).alias("total")];
    let table = DataFrame::from_polars(whole.clone(), 40).repartition(60).shift(-3).cumulative(&totals);
    let windows = table.rolling(4, [col("x").max().alias("highest")]);
    let period = Duration::parse("4i");
    let expected = whole.lazy().select([all().as_expr().shift(lit(-3))]).with_columns(&totals);
    let expected = expected.with_row_index("row", None).with_columns([col("row").cast(DataType::Int64)]);
    let highest = col("x").max().alias("highest").rolling(col("row"), period, -period, ClosedWindow::Right);
    let answers = [
        col("total").sum(),
        col("highest").sum(),
        col("text").max(),
        col("key").count(),
        col("many").sum(),
        col("n").sum(),
        col("time").max(),
    ];
    let expected = expected.with_columns([highest]).select(&answers).collect().unwrap();
    let session = session(2, "16MiB");
    assert_same(&session.compute(&windows.agg(&answers)).unwrap(), &expected);
    assert!(session.stats().spilled_bytes > 0, "{:?}", session.stats());
}

#[test]
fn what_is_impossible_says_where_and_why() {
    let table = DataFrame::from_polars(frame(100, 1), 3);
    let session = session(1, "64MiB");
    let error = |table: DataFrame| session.compute(&table).unwrap_err().to_string();
    let found = error(table.rolling(0, [col("x").sum()]));
    assert!(found.contains("rolling at tests/table/window.rs") && found.contains("0 rows"), "{found}");
    assert!(error(table.rolling_by("key", "1h", [len()])).contains("times, dates or integers"));
    assert!(error(table.rolling_by("time", "5i", [len()])).contains("no period"));
    assert!(error(table.rolling_by("time", "soon", [len()])).contains("rolling_by at"));
    let unsorted = error(table.sort(["x"], SortMultipleOptions::default()).rolling_by("time", "1h", [len()]));
    assert!(unsorted.contains("sorted"), "{unsorted}");
    assert!(error(table.cumulative([col("x").cum_sum(true)])).contains("from the end"));
    assert!(error(table.cumulative([col("x").cum_sum(false) - col("x").mean()])).contains("another way"));
    assert!(error(table.map_overlap(1, 0, [col("speed")])).contains("map_overlap at tests/table/window.rs"));
    assert!(error(table.resample("key", "1h").agg([len()])).contains("only times and dates"));
    assert!(error(table.resample("time", "0h").agg([len()])).contains("no period"));
    assert!(error(table.repartition(0)).contains("0 partitions"));
    assert!(error(table.repartition_by("n", &Series::new("".into(), [2, 1]))).contains("not ascending"));
    assert!(error(table.repartition_by("n", &Series::new("".into(), ["a"]))).contains("repartition_by at"));
}

/// Rows that are not sorted over a border only are found there.
#[test]
fn an_unsorted_border_is_an_error() {
    let table = DataFrame::from_polars(df!["time" => [5_i64, 6, 1, 2]].unwrap(), 2);
    let error = session(1, "64MiB").compute(&table.rolling_by("time", "2i", [len()])).unwrap_err().to_string();
    assert!(error.contains("sorted"), "{error}");
}
