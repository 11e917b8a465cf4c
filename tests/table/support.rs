//! What the tests of tables share: sessions, random frames, comparisons.

use std::collections::HashSet;

use polars::prelude::*;
use thermocline::dataframe::polars;
use thermocline::graph::{Layers, TaskId};
use thermocline::{Collection, DataFrame, Session};

/// A session with so many threads and a limit, e.g. `64MiB`.
pub(crate) fn session(threads: usize, limit: &str) -> Session {
    Session::builder().threads(threads).memory_limit(limit.parse().unwrap()).build().unwrap()
}

/// What the tasks that make `table` are called, without their numbers.
pub(crate) fn labels(table: &DataFrame) -> HashSet<String> {
    let mut layers = Layers::new();
    let keys = table.build(&mut layers).unwrap();
    let graph = layers.into_graph().unwrap();
    let (mut labels, mut seen) = (HashSet::new(), HashSet::new());
    let mut stack: Vec<TaskId> = keys.iter().map(|key| graph.require(key).unwrap()).collect();
    while let Some(task) = stack.pop() {
        if seen.insert(task.index()) {
            let label = graph.key(task).name().trim_end_matches(|end: char| end.is_ascii_digit() || end == '-');
            labels.insert(label.to_owned());
            stack.extend(graph.dependencies(task));
        }
    }
    labels
}

/// Numbers that look random, the same each time.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// A frame of so many rows: a key of few values, one of many, a time, numbers and strings with nulls among them.
pub(crate) fn frame(rows: usize, seed: u64) -> PolarsFrame {
    let mut numbers = Numbers::new(seed);
    let key = (0..rows).map(|_| ["ewr", "jfk", "lga", "a long name of an airport"][numbers.below(4)]);
    let key: StringChunked = key.map(|name| (numbers_null(name)).then_some(name)).collect();
    let many: Vec<i64> = (0..rows).map(|_| numbers.below(rows / 3 + 1) as i64).collect();
    let x: Float64Chunked =
        (0..rows).map(|_| (numbers.below(10) > 0).then(|| numbers.below(10_000) as f64 / 8.0 - 300.0)).collect();
    let n: Int32Chunked =
        (0..rows).map(|_| (numbers.below(20) > 0).then(|| numbers.below(1000) as i32 - 500)).collect();
    let text: Vec<String> = (0..rows).map(|_| format!("text of number {}", numbers.below(50))).collect();
    let time: Vec<i64> = (0..rows)
        .scan(1_000_000, |time, _| {
            *time += numbers.below(90_000) as i64;
            Some(*time * 1000)
        })
        .collect();
    let time = Int64Chunked::from_vec("time".into(), time).into_datetime(TimeUnit::Microseconds, None);
    PolarsFrame::new(
        rows,
        vec![
            key.with_name("key".into()).into_column(),
            Column::new("many".into(), many),
            x.with_name("x".into()).into_column(),
            n.with_name("n".into()).into_column(),
            Column::new("text".into(), text),
            time.into_column(),
        ],
    )
    .unwrap()
}

/// One name is rare enough to be missing.
fn numbers_null(name: &str) -> bool {
    name != "lga"
}

pub(crate) use polars::prelude::DataFrame as PolarsFrame;

/// Both have the same columns, types and rows, in the same order; floats to a part in 10^12.
#[track_caller]
pub(crate) fn assert_same(found: &PolarsFrame, expected: &PolarsFrame) {
    assert_eq!(found.schema(), expected.schema());
    assert_eq!(found.height(), expected.height(), "rows: {found} {expected}");
    for (found, expected) in found.columns().iter().zip(expected.columns()) {
        let (found, expected) = (found.as_materialized_series().rechunk(), expected.as_materialized_series().rechunk());
        if let (Ok(found), Ok(expected)) = (found.f64(), expected.f64()) {
            for (row, (found, expected)) in found.iter().zip(expected.iter()).enumerate() {
                let close = match (found, expected) {
                    (Some(a), Some(b)) => {
                        a == b || (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1e-3) || a.is_nan() && b.is_nan()
                    }
                    (a, b) => a.is_none() && b.is_none(),
                };
                assert!(close, "row {row}: {found:?}, expected {expected:?}");
            }
        } else {
            assert!(found.equals_missing(&expected), "{found}, expected {expected}");
        }
    }
}

/// The same, whatever the order of rows: sorted by all of `keys` first.
#[track_caller]
pub(crate) fn assert_same_rows(found: &PolarsFrame, expected: &PolarsFrame, keys: &[&str]) {
    let options = SortMultipleOptions::default().with_maintain_order(true);
    let sorted = |frame: &PolarsFrame| frame.sort(keys.iter().copied(), options.clone()).unwrap();
    assert_same(&sorted(found), &sorted(expected));
}

/// At several numbers of partitions, threads and limits: what `ours` makes is what `theirs` makes of the whole, and the same
/// bits every time.
#[track_caller]
pub(crate) fn check(
    rows: usize,
    ours: impl Fn(&DataFrame) -> DataFrame,
    theirs: impl Fn(LazyFrame) -> LazyFrame,
    keys: &[&str],
) {
    for (seed, partitions) in [(1, 1), (2, 3), (3, 17)] {
        let whole = frame(rows, seed);
        let expected = theirs(whole.clone().lazy()).collect().unwrap();
        let table = ours(&DataFrame::from_polars(whole, partitions));
        let mut first: Option<PolarsFrame> = None;
        for (threads, limit) in [(1, "64MiB"), (3, "256MiB")] {
            let found = session(threads, limit).compute(&table).unwrap();
            if keys.is_empty() {
                assert_same(&found, &expected);
            } else {
                assert_same_rows(&found, &expected, keys);
            }
            match &first {
                Some(first) => assert!(first.equals_missing(&found), "{partitions} partitions, {threads} threads"),
                None => first = Some(found),
            }
        }
    }
}
