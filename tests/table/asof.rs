//! Joins with the nearest key against polars' of the whole frames.

use polars::prelude::*;
use thermocline::DataFrame;
use thermocline::dataframe::{AsofOptions, polars};

use crate::support::{Numbers, PolarsFrame, assert_same, session};

const STRATEGIES: [AsofStrategy; 3] = [AsofStrategy::Backward, AsofStrategy::Forward, AsofStrategy::Nearest];

/// Sorted times, many of them equal, with a few nulls in front.
fn times(rows: usize, end: usize, seed: u64, side: &str) -> PolarsFrame {
    let mut numbers = Numbers::new(seed);
    let mut times: Vec<Option<i64>> = (0..rows).map(|_| Some(numbers.below(end) as i64)).collect();
    times[..rows / 50].fill(None);
    times.sort_unstable();
    let names = (0..rows).map(|_| ["a", "b", "c", "rare"].get(numbers.below(40).min(numbers.below(5))).copied());
    let names: StringChunked = names.collect();
    let number: Vec<u32> = (0..rows as u32).collect();
    PolarsFrame::new(
        rows,
        vec![
            Column::new("time".into(), times),
            names.with_name("name".into()).into_column(),
            Column::new("number".into(), number),
            Column::new(side.into(), (0..rows).map(|row| row as f64 / 8.0).collect::<Vec<_>>()),
        ],
    )
    .unwrap()
}

fn theirs(left: &PolarsFrame, right: &PolarsFrame, options: AsOfOptions) -> PolarsFrame {
    let how = JoinArgs::new(JoinType::AsOf(Box::new(options)));
    left.clone().lazy().join(right.clone().lazy(), [col("time")], [col("time")], how).collect().unwrap()
}

#[track_caller]
fn check_asof(left: &PolarsFrame, right: &PolarsFrame, options: &AsofOptions, expected: &PolarsFrame) {
    for (partitions, broadcast) in [((1, 1), true), ((6, 4), true), ((1, 3), false), ((6, 4), false), ((13, 29), false)]
    {
        let tables =
            (DataFrame::from_polars(left.clone(), partitions.0), DataFrame::from_polars(right.clone(), partitions.1));
        let joined = tables.0.join_asof(&tables.1, "time", "time", options.clone().broadcast(broadcast));
        for (threads, limit) in [(1, "64MiB"), (3, "256MiB")] {
            assert_same(&session(threads, limit).compute(&joined).unwrap(), expected);
        }
    }
}

#[test]
fn the_nearest_key_is_found_across_borders() {
    // Few keys on the right, so that partners are partitions away; few keys on the left; many equal ones.
    for (left, right, end) in [(500, 40, 1000), (60, 700, 1000), (400, 300, 50)] {
        let (left, right) = (times(left, end, 1, "x"), times(right, end, 2, "y"));
        for strategy in STRATEGIES {
            let options = AsOfOptions { strategy, allow_eq: true, ..AsOfOptions::default() };
            check_asof(&left, &right, &AsofOptions::new(strategy), &theirs(&left, &right, options.clone()));
            let near = AsOfOptions { tolerance: Some(Scalar::from(3_i64)), ..options };
            check_asof(&left, &right, &AsofOptions::new(strategy).tolerance(3.0), &theirs(&left, &right, near));
        }
    }
}

#[test]
fn of_each_group_by_itself() {
    for (left, right, end) in [(500, 60, 1000), (60, 700, 1000), (400, 300, 50)] {
        let (left, right) = (times(left, end, 3, "x"), times(right, end, 4, "y"));
        for strategy in STRATEGIES {
            let by = Some(vec!["name".into()]);
            let options =
                AsOfOptions { strategy, allow_eq: true, left_by: by.clone(), right_by: by, ..AsOfOptions::default() };
            let ours = AsofOptions::new(strategy).by(["name"], ["name"]);
            check_asof(&left, &right, &ours, &theirs(&left, &right, options));
        }
    }
}

#[test]
fn times_within_a_duration_and_columns_that_are_wanted() {
    let datetime = col("time").cast(DataType::Datetime(TimeUnit::Microseconds, None));
    let of = |frame: PolarsFrame| frame.lazy().with_columns([datetime.clone()]).collect().unwrap();
    let (left, right) = (of(times(300, 1_000_000, 5, "x")), of(times(200, 1_000_000, 6, "y")));
    let options = AsOfOptions { allow_eq: true, tolerance_str: Some("2ms".into()), ..AsOfOptions::default() };
    let expected = theirs(&left, &right, options);
    let ours = AsofOptions::new(AsofStrategy::Backward).within("2ms");
    check_asof(&left, &right, &ours, &expected);
    let tables = (DataFrame::from_polars(left, 5), DataFrame::from_polars(right, 7));
    let session = session(2, "64MiB");
    for broadcast in [true, false] {
        let joined = tables.0.join_asof(&tables.1, "time", "time", ours.clone().broadcast(broadcast));
        for names in [["number_right", "x"], ["y", "name"], ["time", "name_right"]] {
            let found = session.compute(&joined.select(names.map(col))).unwrap();
            assert_same(&found, &expected.select(names).unwrap());
        }
        assert_eq!(session.compute(joined.len()).unwrap(), 300);
    }
}

#[test]
fn what_is_not_sorted_or_fits_not_says_so() {
    let session = session(1, "64MiB");
    let left = df!["time" => [1, 2, 3, 4], "name" => ["a", "b", "a", "b"]].unwrap();
    let mixed = df!["time" => [3, 4, 1, 2]].unwrap();
    let (left, mixed) = (DataFrame::from_polars(left, 2), DataFrame::from_polars(mixed, 2));
    let error = |joined: DataFrame| session.compute(&joined).unwrap_err().to_string();
    for broadcast in [true, false] {
        let options = || AsofOptions::new(AsofStrategy::Backward).broadcast(broadcast);
        let right = error(left.join_asof(
            &DataFrame::from_polars(df!["time" => [3, 1, 2]].unwrap(), 1),
            "time",
            "time",
            options(),
        ));
        assert!(right.contains("the right side is not sorted"), "{right}");
        let whole = error(DataFrame::from_polars(df!["time" => [3, 1]].unwrap(), 1).join_asof(
            &left,
            "time",
            "time",
            options(),
        ));
        assert!(whole.contains("the left side is not sorted"), "{whole}");
    }
    let borders =
        error(mixed.join_asof(&left, "time", "time", AsofOptions::new(AsofStrategy::Backward).broadcast(false)));
    assert!(borders.contains("the left side is not sorted"), "{borders}");
    let missing = error(left.join_asof(&left, "hour", "time", AsofStrategy::Forward));
    assert!(missing.contains("join_asof at tests/table/asof.rs") && missing.contains("hour"), "{missing}");
    let text = error(left.join_asof(&left, "name", "name", AsofStrategy::Forward));
    assert!(text.contains("numbers or times"), "{text}");
    let within = error(left.join_asof(&left, "time", "time", AsofOptions::new(AsofStrategy::Forward).within("1d")));
    assert!(within.contains("tolerance"), "{within}");
}

#[test]
fn a_right_side_larger_than_memory() {
    let (left, right) = (times(300_000, 1 << 40, 7, "x"), times(600_000, 1 << 40, 8, "y"));
    let options = AsOfOptions { strategy: AsofStrategy::Nearest, allow_eq: true, ..AsOfOptions::default() };
    let sums = [col("y").sum().alias("y"), col("number_right").cast(DataType::UInt64).sum(), len().alias("rows")];
    let expected = theirs(&left, &right, options).lazy().select(&sums).collect().unwrap();
    let tables = (DataFrame::from_polars(left, 12), DataFrame::from_polars(right, 20));
    let joined =
        tables.0.join_asof(&tables.1, "time", "time", AsofOptions::new(AsofStrategy::Nearest).broadcast(false));
    let session = session(2, "8MiB");
    assert_same(&session.compute(&joined.agg(&sums)).unwrap(), &expected);
    assert!(session.stats().spilled_bytes > 0);
}
