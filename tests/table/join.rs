//! Joins, of each kind and in each way, against polars' of the whole frames.

use polars::prelude::*;
use thermocline::DataFrame;
use thermocline::dataframe::{Divisions, JoinKind, JoinOptions, JoinWay, polars};

use crate::support::{Numbers, PolarsFrame, assert_same, assert_same_rows, frame, labels, session};

const KINDS: [(JoinKind, JoinType); 6] = [
    (JoinKind::Inner, JoinType::Inner),
    (JoinKind::Left, JoinType::Left),
    (JoinKind::Right, JoinType::Right),
    (JoinKind::Full, JoinType::Full),
    (JoinKind::Semi, JoinType::Semi),
    (JoinKind::Anti, JoinType::Anti),
];

/// The ways in which a join of the kind can be made.
fn ways(kind: JoinKind) -> Vec<JoinWay> {
    let mut ways = vec![JoinWay::Auto, JoinWay::Shuffle(1), JoinWay::Shuffle(7)];
    if !matches!(kind, JoinKind::Right | JoinKind::Full) {
        ways.push(JoinWay::BroadcastRight);
    }
    if matches!(kind, JoinKind::Inner | JoinKind::Right) {
        ways.push(JoinWay::BroadcastLeft);
    }
    ways
}

/// Rows with names of their own and some that `frame` has, keys that it has and others, in another type.
fn partners(rows: usize, seed: u64) -> PolarsFrame {
    let mut numbers = Numbers::new(seed);
    let many: Int32Chunked =
        (0..rows).map(|_| (numbers.below(15) > 0).then(|| numbers.below(rows / 2 + 1) as i32)).collect();
    let key: StringChunked = (0..rows).map(|_| ["ewr", "jfk", "lga", "ord"].get(numbers.below(5)).copied()).collect();
    let x: Vec<f32> = (0..rows).map(|_| numbers.below(1000) as f32).collect();
    let width: Vec<u16> = (0..rows).map(|_| numbers.below(1000) as u16).collect();
    PolarsFrame::new(
        rows,
        vec![
            many.with_name("many".into()).into_column(),
            Column::new("x".into(), x),
            key.with_name("origin".into()).into_column(),
            Column::new("width".into(), width),
        ],
    )
    .unwrap()
}

fn all_columns(frame: &PolarsFrame) -> Vec<String> {
    frame.get_column_names_owned().into_iter().map(|name| name.to_string()).collect()
}

/// Joins of what is sorted by a key, in partitions that begin at these where there are some. Which sides are shuffled.
#[track_caller]
fn check_divided(borders: [Option<&[i64]>; 2], kinds: &[(JoinKind, JoinType)], shuffled: [bool; 2]) {
    let wide = col("many").cast(DataType::Int64);
    let sides = [frame(900, 8), partners(700, 9).lazy().with_columns([wide]).collect().unwrap()];
    let table = |side: usize| {
        let table = DataFrame::from_polars(sides[side].clone(), 4);
        borders[side].map_or(table.clone(), |at| table.repartition_by("many", &Series::new("".into(), at)))
    };
    let (on, session) = ([col("many")], session(2, "64MiB"));
    for &(kind, ref how) in kinds {
        for nulls_equal in [false, true] {
            let mut args = JoinArgs::new(how.clone());
            args.nulls_equal = nulls_equal;
            let [left, right] = sides.clone().map(IntoLazy::lazy);
            let expected = left.join(right, &on, &on, args).collect().unwrap();
            let joined = table(0).join(&table(1), &on, &on, JoinOptions::new(kind).nulls_equal(nulls_equal));
            let found = session.compute(&joined).unwrap();
            let columns = all_columns(&expected);
            assert_same_rows(&found, &expected, &columns.iter().map(String::as_str).collect::<Vec<_>>());
            let made = labels(&joined);
            let splits = ["join_left_split", "join_right_split"].map(|label| made.contains(label));
            assert_eq!(splits, shuffled, "{kind:?}: {made:?}");
            let in_order = !shuffled[0] && !matches!(kind, JoinKind::Right | JoinKind::Full);
            assert_eq!(joined.divisions().map(Divisions::by), in_order.then_some("many"), "{kind:?}");
            let many = found.column("many").unwrap().as_materialized_series();
            assert!(!in_order || many.is_sorted(SortOptions::default()).unwrap(), "{kind:?}: {many}");
        }
    }
}

#[test]
fn what_is_divided_alike_is_joined_where_it_is() {
    let borders: &[i64] = &[-3, 100, 101, 290];
    check_divided([Some(borders), Some(borders)], &KINDS, [false, false]);
}

#[test]
fn what_is_divided_by_a_key_stays_where_it_is() {
    let full = &KINDS[3..4];
    check_divided([Some(&[100, 200]), None], full, [false, true]);
    check_divided([None, Some(&[100, 200])], full, [true, false]);
    check_divided([Some(&[100, 200]), Some(&[100, 201])], full, [false, true]);
}

#[test]
fn ranges_that_would_be_very_uneven_are_not_taken() {
    // Nearly all keys of the other side lie in one of five partitions.
    check_divided([Some(&[290, 292, 294, 296]), None], &KINDS[3..4], [true, true]);
}

/// Joins in every way, at several numbers of partitions, threads and limits.
#[track_caller]
fn check_join(
    left: &PolarsFrame,
    right: &PolarsFrame,
    on: (&[Expr], &[Expr]),
    (kind, how): (JoinKind, JoinType),
    (ours, theirs): (impl Fn(JoinOptions) -> JoinOptions, impl Fn(JoinArgs) -> JoinArgs),
) {
    let expected =
        left.clone().lazy().join(right.clone().lazy(), on.0, on.1, theirs(JoinArgs::new(how))).collect().unwrap();
    let columns = all_columns(&expected);
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    for (way, partitions) in ways(kind).into_iter().flat_map(|way| [(way, (5, 3)), (way, (1, 13))]) {
        let tables =
            (DataFrame::from_polars(left.clone(), partitions.0), DataFrame::from_polars(right.clone(), partitions.1));
        let joined = tables.0.join(&tables.1, on.0, on.1, ours(JoinOptions::new(kind).way(way)));
        let mut first: Option<PolarsFrame> = None;
        for (threads, limit) in [(1, "64MiB"), (3, "256MiB")] {
            let found = session(threads, limit).compute(&joined).unwrap();
            assert_eq!(found.schema(), expected.schema(), "{kind:?} {way:?}");
            assert_same_rows(&found, &expected, &columns);
            assert!(first.as_ref().is_none_or(|first| first.equals_missing(&found)), "{kind:?} {way:?}");
            first = Some(found);
        }
    }
}

#[test]
fn every_kind_in_every_way() {
    let (left, right) = (frame(600, 1), partners(400, 2));
    for kind in KINDS {
        check_join(&left, &right, (&[col("many")], &[col("many")]), kind, (|ours| ours, |theirs| theirs));
    }
}

#[test]
fn several_keys_of_other_names_and_types() {
    let (left, right) = (frame(600, 3), partners(400, 4));
    let on: (&[Expr], &[Expr]) = (&[col("key"), col("many")], &[col("origin"), col("many")]);
    for kind in KINDS {
        check_join(&left, &right, on, kind.clone(), (|ours| ours, |theirs| theirs));
        let equal = |mut theirs: JoinArgs| {
            theirs.nulls_equal = true;
            theirs.with_suffix(Some("_2".into()))
        };
        check_join(&left, &right, on, kind, (|ours: JoinOptions| ours.nulls_equal(true).suffix("_2"), equal));
    }
}

#[test]
fn keys_are_coalesced_or_kept_as_asked() {
    let (left, right) = (frame(300, 5), partners(200, 6));
    let on: (&[Expr], &[Expr]) = (&[col("key"), col("many")], &[col("origin"), col("many")]);
    for kind in &KINDS[..4] {
        let as_one = |theirs: JoinArgs| theirs.with_coalesce(JoinCoalesce::CoalesceColumns);
        check_join(&left, &right, on, kind.clone(), (|ours: JoinOptions| ours.coalesce(true), as_one));
        let apart = |theirs: JoinArgs| theirs.with_coalesce(JoinCoalesce::KeepColumns);
        check_join(&left, &right, on, kind.clone(), (|ours: JoinOptions| ours.coalesce(false), apart));
    }
}

#[test]
fn keys_may_be_expressions() {
    let (left, right) = (frame(300, 7), partners(200, 8));
    let on: (&[Expr], &[Expr]) =
        (&[col("many") % lit(50), col("key")], &[col("width").cast(DataType::Int64) % lit(60), col("origin")]);
    for kind in KINDS {
        check_join(&left, &right, on, kind, (|ours| ours, |theirs| theirs));
    }
}

#[test]
fn one_key_has_most_rows() {
    // A bucket of one key is split; rows on either side without a partner are there once.
    let rows = 4000;
    let mut numbers = Numbers::new(9);
    let heavy = |numbers: &mut Numbers| if numbers.below(10) < 9 { Some(7) } else { Some(numbers.below(50) as i64) };
    let key: Int64Chunked = (0..rows).map(|row| if row % 11 == 0 { None } else { heavy(&mut numbers) }).collect();
    let n: Vec<i32> = (0..rows).map(|row| row as i32).collect();
    let long =
        PolarsFrame::new(rows, vec![key.with_name("key".into()).into_column(), Column::new("n".into(), n)]).unwrap();
    let few =
        df!["key" => [Some(7_i64), Some(7), Some(3), Some(99), None, Some(100)], "m" => [1, 2, 3, 4, 5, 6]].unwrap();
    for kind in KINDS {
        check_join(&long, &few, (&[col("key")], &[col("key")]), kind.clone(), (|ours| ours, |theirs| theirs));
        check_join(&few, &long, (&[col("key")], &[col("key")]), kind, (|ours| ours, |theirs| theirs));
    }
    let (long, few) = (DataFrame::from_polars(long, 4), DataFrame::from_polars(few, 1));
    let shuffled = |kind| {
        long.join(&few, [col("key")], [col("key")], JoinOptions::new(kind).way(JoinWay::Shuffle(8))).partitions()
    };
    assert!(shuffled(JoinKind::Inner) > 8 + 5, "the heavy bucket is split: {}", shuffled(JoinKind::Inner));
    assert_eq!(shuffled(JoinKind::Full), shuffled(JoinKind::Inner) + 1);
}

#[test]
fn rows_are_in_the_order_of_the_left_side() {
    let (left, right) = (frame(500, 10), partners(300, 11));
    let tables = (DataFrame::from_polars(left.clone(), 7), DataFrame::from_polars(right.clone(), 3));
    for (kind, how) in [(JoinKind::Inner, JoinType::Inner), (JoinKind::Left, JoinType::Left)] {
        let mut args = JoinArgs::new(how);
        args.maintain_order = MaintainOrderJoin::LeftRight;
        let expected =
            left.clone().lazy().join(right.clone().lazy(), [col("many")], [col("many")], args).collect().unwrap();
        let joined = tables.0.join(&tables.1, [col("many")], [col("many")], kind);
        assert_same(&session(2, "64MiB").compute(&joined).unwrap(), &expected);
    }
}

#[test]
fn only_columns_that_are_wanted_go_through() {
    let (left, right) = (frame(400, 12), partners(300, 13));
    let tables = (DataFrame::from_polars(left.clone(), 5), DataFrame::from_polars(right.clone(), 3));
    let by = [col("many")];
    let (left, right) = (left.lazy(), right.lazy());
    for (kind, how) in &KINDS[..4] {
        for way in ways(*kind) {
            let joined = tables.0.join(&tables.1, &by, &by, JoinOptions::new(*kind).way(way));
            let expected = left.clone().join(right.clone(), &by, &by, JoinArgs::new(how.clone()));
            for names in [["x_right", "n"], ["width", "x"], ["origin", "x_right"], ["many", "text"]] {
                let columns = names.map(col);
                let found = session(2, "64MiB").compute(&joined.select(&columns)).unwrap();
                let expected = expected.clone().select(&columns).collect().unwrap();
                assert_same_rows(&found, &expected, &names);
            }
            let count = session(2, "64MiB").compute(&joined.agg([len()])).unwrap();
            assert_same(&count, &expected.select([len()]).collect().unwrap());
        }
    }
}

#[test]
fn the_kinds_of_equal_floats_categories_and_times() {
    let floats = (df!["k" => [0.0, -0.0, f64::NAN, 1.5]].unwrap(), df!["k" => [-0.0, f64::NAN, 2.0]].unwrap());
    let names = (df!["k" => ["b", "a", "c", "a"]].unwrap(), df!["k" => ["a", "z", "b"]].unwrap());
    let to = |frame: &PolarsFrame, dtype: &DataType| {
        frame.clone().lazy().select([col("k").cast(dtype.clone())]).collect().unwrap()
    };
    let categories = DataType::from_categories(Categories::global());
    let names = (to(&names.0, &categories), to(&names.1, &categories));
    let times = (df!["k" => [1_i64, 5, 9]].unwrap(), df!["k" => [5_i64, 1, 1]].unwrap());
    let datetime = DataType::Datetime(TimeUnit::Microseconds, None);
    let times = (to(&times.0, &datetime), to(&times.1, &datetime));
    for (left, right) in [floats, names, times] {
        for kind in KINDS {
            check_join(&left, &right, (&[col("k")], &[col("k")]), kind, (|ours| ours, |theirs| theirs));
        }
    }
}

#[test]
fn sides_without_rows() {
    let (left, right) = (frame(50, 14), partners(40, 15));
    for kind in KINDS {
        check_join(
            &left.clear(),
            &right,
            (&[col("many")], &[col("many")]),
            kind.clone(),
            (|ours| ours, |theirs| theirs),
        );
        check_join(&left, &right.clear(), (&[col("many")], &[col("many")]), kind, (|ours| ours, |theirs| theirs));
    }
}

#[test]
fn each_row_meets_each() {
    let (left, right) = (frame(60, 16), partners(31, 17));
    let expected = left.clone().lazy().cross_join(right.clone().lazy(), None).collect().unwrap();
    for (way, partitions) in [(JoinWay::Auto, 5), (JoinWay::BroadcastRight, 1), (JoinWay::Auto, 1)] {
        let tables = (DataFrame::from_polars(left.clone(), partitions), DataFrame::from_polars(right.clone(), 4));
        let pairs = tables.0.join(&tables.1, Vec::new(), Vec::new(), JoinOptions::new(JoinKind::Cross).way(way));
        assert_same(&session(2, "64MiB").compute(&pairs).unwrap(), &expected);
        let count = session(2, "64MiB").compute(&tables.0.cross_join(&tables.1).agg([len()])).unwrap();
        assert_eq!(count.column("len").unwrap().u32().unwrap().get(0), Some(60 * 31));
    }
}

#[test]
fn what_joins_is_read_once_for_two_readers() {
    let (left, right) = (frame(300, 18), partners(200, 19));
    let tables = (DataFrame::from_polars(left, 4), DataFrame::from_polars(right, 3));
    let joined = tables.0.join(
        &tables.1,
        [col("many")],
        [col("many")],
        JoinOptions::from(JoinKind::Inner).way(JoinWay::Shuffle(4)),
    );
    let session = session(2, "64MiB");
    let (sum, all) = session.compute((joined.agg([col("n").sum()]), &joined)).unwrap();
    let expected = all.lazy().select([col("n").sum()]).collect().unwrap();
    assert_same(&sum, &expected);
}

#[test]
fn what_cannot_be_joined_says_why() {
    let tables = (DataFrame::from_polars(frame(10, 1), 2), DataFrame::from_polars(partners(10, 1), 2));
    let session = session(1, "64MiB");
    let error = |left_on: &[Expr], right_on: &[Expr], options: JoinOptions| {
        session.compute(&tables.0.join(&tables.1, left_on, right_on, options)).unwrap_err().to_string()
    };
    let inner = || JoinOptions::new(JoinKind::Inner);
    let missing = error(&[col("speed")], &[col("many")], inner());
    assert!(missing.contains("join at tests/table/join.rs") && missing.contains("speed"), "{missing}");
    let types = error(&[col("key")], &[col("many")], inner());
    assert!(types.contains("str") && types.contains("i32"), "{types}");
    let number = error(&[col("key"), col("many")], &[col("many")], inner());
    assert!(number.contains("left: 2, right:1"), "{number}");
    let none = error(&[], &[], inner());
    assert!(none.contains("expected join keys"), "{none}");
    let rows = error(&[col("many").shift(lit(1))], &[col("many")], inner());
    assert!(rows.contains("elementwise"), "{rows}");
    let literal = error(&[lit(1)], &[col("many")], inner());
    assert!(literal.contains("without a column"), "{literal}");
    let way = error(&[col("many")], &[col("many")], JoinOptions::new(JoinKind::Full).way(JoinWay::BroadcastRight));
    assert!(way.contains("no way"), "{way}");
    let twice = error(&[col("many")], &[col("many")], inner().suffix(""));
    assert!(twice.contains('x'), "{twice}");
}
