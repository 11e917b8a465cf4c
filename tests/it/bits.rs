//! The same bits at any limit and any number of threads (**D1**), with numbers whose sum depends on the order in which
//! they are added.

use ndarray::ArrayD;
use thermocline::{Array, Session, ndarray};

use crate::support::{Random, assert_at_rest, session};

/// 4.5 MiB in tiles of 72 KiB.
const SIDE: usize = 768;
const TILE: usize = 96;

/// Numbers of either sign, of very different size: whatever is added first decides what is lost.
fn number(row: usize, column: usize) -> f64 {
    let mut random = Random::new((row * SIDE + column) as u64);
    let digits = random.next() as i64 as f64;
    digits * 10_f64.powi(random.below(20) as i32)
}

/// Made by tasks: what does not fit has to go to scratch.
fn matrix() -> Array<f64> {
    let numbers = Array::from_fn(&[SIDE, SIDE], &[TILE, TILE], |at| number(at[0], at[1]));
    numbers.map_blocks(|block, _| block.to_owned())
}

/// Several folds in one run: with a broadcast, over blocks that were exchanged, over products, one by one.
fn folds() -> Vec<Array<f64>> {
    let x = matrix();
    vec![
        (&x - &x.mean(0)).sum(..),
        x.rechunk((40, -1)).sum(0),
        (&x * 1e-30).matmul(&x.transpose()).sum(1),
        x.sum(1).cumsum(0),
        x.transpose().var(0),
    ]
}

fn bits(results: &[ArrayD<f64>]) -> Vec<u64> {
    results.iter().flatten().map(|value| value.to_bits()).collect()
}

fn computed(session: &Session) -> Vec<u64> {
    let results = session.compute(folds()).unwrap();
    assert!(results.iter().flatten().all(|value| value.is_finite()));
    bits(&results)
}

#[test]
fn the_sum_of_these_numbers_depends_on_the_order() {
    let rows: Vec<f64> = (0..SIDE).map(|row| (0..SIDE).map(|column| number(row, column)).sum()).collect();
    let (down, up): (f64, f64) = (rows.iter().sum(), rows.iter().rev().sum());
    assert_ne!(down.to_bits(), up.to_bits());
    // The library's own fold, too: of the same chunks in another order.
    let (_folder, session) = session(1 << 30, 1);
    let x = matrix();
    let sums = session.compute(vec![x.sum(..), x.flip(0).sum(..), x.flip(1).sum(..)]).unwrap();
    let sums = bits(&sums);
    assert!(sums[0] != sums[1] && sums[0] != sums[2], "{sums:?}");
}

#[test]
fn every_limit_and_number_of_threads_gives_the_same_bits() {
    let (_folder, ample) = session(1 << 30, 1);
    let plan = ample.plan(folds()).unwrap();
    let (floor, working_set) = (plan.floor().bytes(), plan.working_set().bytes());
    assert!(floor < working_set / 2, "{plan}");
    let expected = computed(&ample);
    assert_eq!(ample.stats().spilled_bytes, 0);
    let between = |share: u64| floor + (working_set - floor) * share / 8;
    for limit in [floor, floor + 1, between(1), between(2), between(4), working_set, 2 * working_set] {
        for threads in 1..=8 {
            let (_folder, session) = session(limit, threads);
            assert!(computed(&session) == expected, "other bits at {limit} bytes on {threads} threads");
            let stats = session.stats();
            assert!(stats.ledger_peak_bytes <= limit, "{stats:?}");
            assert!(limit > between(1) || stats.spilled_bytes + stats.redone_tasks > 0, "{limit}: {stats:?}");
            assert_at_rest(&session);
        }
    }
}
