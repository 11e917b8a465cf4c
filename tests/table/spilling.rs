//! Partitions that don't fit go to scratch, and come back the same.

use polars::prelude::*;
use thermocline::dataframe::polars;
use thermocline::{Collection, Compression, DataFrame, Session};

use crate::support::{assert_same, assert_same_rows, frame, session};

/// About 30 MB of rows.
const ROWS: usize = 400_000;

#[test]
fn a_shuffle_larger_than_memory_is_what_it_is_in_memory() {
    let whole = frame(2 * ROWS, 3);
    let table = DataFrame::from_polars(whole.clone(), 40);
    let answers = [col("x").median().alias("median"), col("text").last().alias("text"), col("key").first()];
    let medians = table.group_by([col("many")]).agg(&answers);
    let expected = whole.lazy().group_by_stable([col("many")]).agg(&answers).collect().unwrap();
    let mut spilled = Vec::new();
    for (threads, limit) in [(1, "38MiB"), (2, "38MiB"), (2, "1GiB")] {
        let session = session(threads, limit);
        let run = session.run_of(&medians);
        spilled.push(run.1);
        assert_same_rows(&run.0, &expected, &["many"]);
    }
    assert!(spilled[0] > 0 && spilled[1] > 0, "{spilled:?}");
    assert_eq!(spilled[2], 0);
}

trait RunOf {
    fn run_of<C: Collection>(&self, collection: &C) -> (C::Output, u64);
}

impl RunOf for Session {
    fn run_of<C: Collection>(&self, collection: &C) -> (C::Output, u64) {
        let before = self.stats().spilled_bytes;
        let output = self.compute(collection).unwrap();
        (output, self.stats().spilled_bytes - before)
    }
}

#[test]
fn partitions_come_back_whatever_they_hold_and_are_used_where_they_lie() {
    let whole = frame(ROWS, 4);
    let kept = [
        col("key").cast(DataType::from_categories(Categories::global())).alias("category"),
        as_struct(vec![col("n"), col("text")]).alias("both"),
        concat_list([col("n"), col("n") + lit(1)]).unwrap().alias("list"),
        col("x").gt(lit(0)).alias("positive"),
        lit(NULL).alias("nothing"),
        col("time").dt().date().alias("day"),
        col("*"),
    ];
    let expected = whole.clone().lazy().select(&kept).collect().unwrap();
    let table = DataFrame::from_polars(whole, 40).select(&kept);
    for compression in [Compression::None, Compression::Lz4] {
        let builder = Session::builder().threads(2).memory_limit("24MiB".parse().unwrap()).compression(compression);
        let session = builder.build().unwrap();
        let kept = session.persist(&table).unwrap();
        let big = Session::builder().threads(2).memory_limit("2GiB".parse().unwrap()).build().unwrap();
        let k2 = big.persist(&table).unwrap();
        let c = big.stats().charged_bytes;
        let f2 = big.persist(&k2.filter(col("n").eq(lit(77)))).unwrap();
        eprintln!("kept {c} filtered {}", big.stats().charged_bytes - c);
        eprintln!("{}", big.plan(&k2.filter(col("n").eq(lit(77)))).unwrap());
        let f2 = big.compute(&f2).unwrap();
        for c in f2.columns() {
            eprintln!("{} {} {}", c.name(), c.dtype(), c.as_materialized_series().estimated_size());
        }
        let filtered = session.compute(&kept.filter(col("n").eq(lit(77)))).unwrap();
        assert_same(&filtered, &expected.clone().lazy().filter(col("n").eq(lit(77))).collect().unwrap());
        let stats = session.stats();
        assert!(stats.spilled_bytes > 10 << 20, "{stats:?}");
        assert_eq!(stats.in_place_bytes > 0, compression == Compression::None, "{stats:?}");
        drop(kept);
        assert_eq!(session.stats().charged_bytes, 0);
    }
}
