//! Joins whose sides don't fit.

use polars::prelude::*;
use thermocline::DataFrame;
use thermocline::dataframe::{JoinKind, JoinOptions, JoinWay, polars};

use crate::support::{PolarsFrame, assert_same_rows, frame, session};

/// Sides of about 20 MB.
fn sides() -> (PolarsFrame, PolarsFrame) {
    let right = frame(250_000, 5).lazy().select([col("many"), col("x").alias("y"), col("text").alias("words")]);
    (frame(250_000, 4), right.collect().unwrap())
}

#[test]
fn sides_larger_than_memory_are_joined_as_in_memory() {
    let (left, right) = sides();
    let tables = (DataFrame::from_polars(left.clone(), 20), DataFrame::from_polars(right.clone(), 20));
    for (kind, how) in [(JoinKind::Inner, JoinType::Inner), (JoinKind::Full, JoinType::Full)] {
        let options = JoinOptions::new(kind).way(JoinWay::Shuffle(24));
        let joined = tables.0.join(&tables.1, [col("many")], [col("many")], options);
        let answers =
            [len().alias("rows"), col("y").count().alias("valid"), col("n").sum().alias("sum"), col("words").max()];
        let summed = joined.group_by([col("key")]).agg(&answers);
        let expected = left.clone().lazy().join(right.clone().lazy(), [col("many")], [col("many")], JoinArgs::new(how));
        let expected = expected.group_by([col("key")]).agg(&answers).collect().unwrap();
        for (threads, limit) in [(1, "16MiB"), (2, "16MiB"), (2, "1GiB")] {
            let session = session(threads, limit);
            assert_same_rows(&session.compute(&summed).unwrap(), &expected, &["key"]);
            assert_eq!(
                session.stats().spilled_bytes > 0,
                limit == "16MiB",
                "{kind:?}: {:?}",
                session.stats().spilled_bytes
            );
        }
    }
}

#[test]
fn one_key_with_most_rows_fits() {
    let (left, right) = sides();
    // A bucket of this key has 9 of 10 rows: more than fit.
    let heavy =
        left.lazy().with_columns([when((col("n") % lit(10)).eq(lit(0))).then(col("many")).otherwise(lit(-1_i64))]);
    let left = heavy.collect().unwrap();
    let is_first = int_range(lit(0), len(), 1, DataType::Int64).eq(lit(0));
    let partner = when(is_first).then(lit(-1_i64)).otherwise(col("many")).alias("many");
    let right = right.lazy().with_columns([partner]).collect().unwrap();
    let tables = (DataFrame::from_polars(left.clone(), 20), DataFrame::from_polars(right.clone(), 20));
    let options = JoinOptions::new(JoinKind::Left).way(JoinWay::Shuffle(24));
    let joined = tables.0.join(&tables.1, [col("many")], [col("many")], options);
    let answers = [len().alias("rows"), col("y").sum().alias("sum")];
    let summed = joined.group_by([col("words")]).agg(&answers);
    let expected = left.lazy().join(right.lazy(), [col("many")], [col("many")], JoinArgs::new(JoinType::Left));
    let expected = expected.group_by([col("words")]).agg(&answers).collect().unwrap();
    let session = session(2, "10MiB");
    assert_same_rows(&session.compute(&summed).unwrap(), &expected, &["words"]);
    let stats = session.stats();
    assert!(stats.spilled_bytes > 0, "{stats:?}");
    assert!(stats.ledger_peak_bytes <= (10 << 20) + stats.overrun_bytes, "{stats:?}");
}
