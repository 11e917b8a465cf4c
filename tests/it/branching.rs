//! Expressions that branch and meet again, and deep ones: each value is made once, each source read once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{ArrayD, Axis, Zip};
use thermocline::array::ChunkGrid;
use thermocline::{Array, Session, ndarray};

use crate::lab::{Kind, Lab, any_lazy, dense, lazy};
use crate::sources::Numbers;
use crate::support::{Random, assert_at_rest, session};

/// The numbers from 0 on, row by row, and how many were handed out.
fn counted() -> (Array<f64>, Arc<AtomicUsize>) {
    let numbers = Numbers::new(ChunkGrid::regular(&[40, 50], &[10, 50]), |at| (at[0] * 50 + at[1]) as f64);
    let read = numbers.read();
    (Array::from_source(numbers), read)
}

fn ample() -> (tempfile::TempDir, Session) {
    session(1 << 30, 2)
}

#[test]
fn a_source_that_several_operands_come_from_is_read_once() {
    let (_folder, session) = ample();
    let (x, read) = counted();
    let doubled = &x * 2.0;
    let cases: Vec<(&str, Array<f64>, f64)> = vec![
        ("where(x, y)", x.less(1000.0).where_(&x, &(&x + 1.0)), (0..2000).map(|at| at as f64).sum::<f64>() + 1000.0),
        ("where(x, 0)", x.less(10.0).where_(&x, 0.0), 45.0),
        ("x * x", &x * &x, (0..2000).map(|at| f64::from(at * at)).sum()),
        ("2x - x", &doubled - &x, (0..2000).map(f64::from).sum()),
        ("x - mean + x", (&x - &x.map(|_| 3.0)) + &doubled, (0..2000).map(|at| f64::from(3 * at - 3)).sum()),
        ("flipped", (&doubled - &x).flip(0).power(&(&x * 0.0 + 1.0)), (0..2000).map(f64::from).sum()),
    ];
    for (name, array, expected) in cases {
        let again = if name == "flipped" { 2 } else { 1 };
        for total in [array.sum(..), array.rechunk(&[40, 50]).sum(..)] {
            read.store(0, Ordering::SeqCst);
            assert_eq!(session.compute(&total).unwrap()[[]], expected, "{name}");
            // What is flipped leads a stream of its own, so that the other operand is another one.
            assert_eq!(read.load(Ordering::SeqCst), again * 2000, "{name}");
        }
        if again == 1 {
            let tasks = |array: &Array<f64>| session.plan(&array.sum(..)).unwrap().tasks();
            assert_eq!(tasks(&array), tasks(&x), "{name}: no block is made");
        }
    }
}

#[test]
fn an_expression_that_branches_at_each_step_takes_as_long_as_it_has_steps() {
    let (_folder, session) = ample();
    let values: ArrayD<f64> = dense(&mut Random::new(2), &[30, 30]);
    let chunks = ChunkGrid::regular(&[30, 30], &[10, 15]);
    for kind in [Kind::Source, Kind::Memory, Kind::Blocks] {
        let start = lazy(&values, &chunks, kind);
        let (mut x, mut expected) = (start.clone(), values.clone());
        for _ in 0..300 {
            let other = &x * 0.5;
            x = x.less(&other).where_(&other, &x) + &x * 0.25;
            expected.mapv_inplace(|x| (if x < x * 0.5 { x * 0.5 } else { x }) + x * 0.25);
        }
        let found = session.compute(&x).unwrap();
        assert!(Zip::from(&found).and(&expected).all(|a, b| a == b || (a.is_nan() && b.is_nan())), "{kind:?}");
        let (mut x, mut expected) = (start, values.clone());
        for _ in 0..40 {
            x = (&x.transpose() - &x.flip(0)) * 0.5;
            let mut flipped = expected.clone();
            flipped.invert_axis(Axis(0));
            expected = (&expected.t() - &flipped) * 0.5;
        }
        let found = session.compute(&x).unwrap();
        assert!(Zip::from(&found).and(&expected).all(|a, b| a == b || (a.is_nan() && b.is_nan())), "{kind:?}");
        assert_at_rest(&session);
    }
}

#[test]
fn an_expression_may_be_thousands_of_operations_deep() {
    let (_folder, session) = ample();
    for x in [Array::<i64>::arange(0, 10, 1, [4]), Array::<i64>::arange(0, 10, 1, [4]).map_blocks(|x, _| x.to_owned())]
    {
        let mut deep = x;
        for step in 0..20_000_i64 {
            deep = deep + (step % 3);
        }
        let sum = session.compute(&deep.sum(..)).unwrap()[[]];
        assert_eq!(sum, 45 + 10 * (0..20_000).map(|step| step % 3).sum::<i64>());
        drop(deep);
    }
}

/// One more array of a family of the same shape, and the same by a plain loop.
fn step(random: &mut Random, known: &[(Array<f64>, ArrayD<f64>)]) -> (Array<f64>, ArrayD<f64>) {
    let (a, dense_a) = &known[random.below(known.len())];
    let (b, dense_b) = &known[random.below(known.len())];
    let (c, dense_c) = &known[random.below(known.len())];
    let less = |x: f64, y: f64| x < y;
    match random.below(9) {
        0 => ((a + b) * 0.5, (dense_a + dense_b) * 0.5),
        1 => (a - b, dense_a - dense_b),
        2 => (
            a.maximum(b),
            Zip::from(dense_a).and(dense_b).map_collect(|&a, &b| if a.is_nan() || a > b { a } else { b }),
        ),
        3 => {
            let chosen = Zip::from(dense_a).and(dense_b).and(dense_c);
            (a.less(b).where_(b, c), chosen.map_collect(|&a, &b, &c| if less(a, b) { b } else { c }))
        }
        4 => (a.less(0.0).where_(a, 1.0), dense_a.mapv(|a| if less(a, 0.0) { a } else { 1.0 })),
        5 => (a.transpose(), dense_a.t().to_owned()),
        6 => {
            let mut flipped = dense_a.clone();
            flipped.invert_axis(Axis(1));
            (a.flip(1), flipped)
        }
        7 => (a - &b.max(0), dense_a - &column_maxima(dense_b)),
        _ => (a.rechunk(&[1 + random.below(9), 1 + random.below(9)]), dense_a.clone()),
    }
}

fn column_maxima(dense: &ArrayD<f64>) -> ArrayD<f64> {
    dense.fold_axis(Axis(0), f64::NEG_INFINITY, |&most, &x| if most.is_nan() || most > x { most } else { x })
}

#[test]
fn random_expressions_have_the_values_of_plain_loops() {
    let mut lab = Lab::default();
    for seed in 0..60 {
        let random = &mut Random::new(seed);
        // Every tenth is large enough to be spilled at its floor, in chunks that are not too many.
        let large = seed % 10 == 0;
        let side = if large { 150 } else { 1 + random.below(40) };
        let mut known: Vec<(Array<f64>, ArrayD<f64>)> = (0..=random.below(3))
            .map(|_| {
                let values: ArrayD<f64> = dense(random, &[side, side]);
                let chunks = ChunkGrid::regular(&[side, side], &[50, 30]);
                (if large { lazy(&values, &chunks, Kind::Blocks) } else { any_lazy(random, &values) }, values)
            })
            .collect();
        for _ in 0..=random.below(25) {
            let next = step(random, &known);
            known.push(next);
        }
        let (array, expected) = known.pop().unwrap();
        // By blocks, which can be spilled: what kernels evaluate into the result can't.
        let array = if large { array.rechunk(&[40, 70]) } else { array };
        lab.check(random, &array, &expected, &format!("seed {seed}"));
        let sums = lab.values(random, &array.nansum(0), &format!("sums, seed {seed}"));
        for (at, found) in sums.iter().enumerate() {
            let column = expected.index_axis(Axis(1), at);
            let exact: f64 = column.iter().filter(|x| !x.is_nan()).sum();
            assert!(
                (found - exact).abs()
                    <= 1e-9 * column.iter().filter(|x| !x.is_nan()).map(|x| x.abs()).sum::<f64>().max(1.0)
            );
        }
    }
    assert!(lab.spilled > 0, "some spill at their floors");
}

/// A sum of functions of `x`, each a tile of its own, added in pairs of pairs.
fn tree(x: &Array<f64>, depth: u32, number: u32) -> Array<f64> {
    if depth == 0 {
        let factor = f64::from(number);
        return x.map(move |value| (value * factor).sin());
    }
    tree(x, depth - 1, 2 * number) + tree(x, depth - 1, 2 * number + 1)
}

#[test]
fn a_tree_of_sums_keeps_to_its_workspace_and_has_the_same_bits_wherever_it_is_evaluated() {
    let (_folder, session) = ample();
    let in_memory =
        Array::from_ndarray(ArrayD::from_shape_fn(vec![70, 50], |at| (at[0] * 50 + at[1]) as f64), &[20, 50]);
    let streamed = counted().0;
    for x in [&in_memory, &streamed] {
        let sum = tree(x, 8, 1);
        // Into the result at once, by blocks, and in another order of tiles.
        let whole = session.compute(&sum).unwrap();
        let (blocks, again) = session.compute((&sum, &sum.rechunk(&[7, 11]))).unwrap();
        assert!(whole == blocks && whole == again);
        let mut level: Vec<f64> = (256..512).map(|factor| (51.0 * f64::from(factor)).sin()).collect();
        while level.len() > 1 {
            level = level.chunks(2).map(|pair| pair[0] + pair[1]).collect();
        }
        assert_eq!(whole[[1, 1]].to_bits(), level[0].to_bits());
    }
    assert_at_rest(&session);
}
