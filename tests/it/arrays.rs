//! Arrays against ndarray and plain loops, at several chunkings, limits and numbers of threads.

use ndarray::{ArrayD, Axis, IxDyn};
use thermocline::array::{ChunkGrid, Slice, keepdims};
use thermocline::{Array, Error, Session, ndarray};

use crate::sources::Numbers;
use crate::support::{Random, assert_at_rest, session};

fn number(shape: &[usize], at: &[usize]) -> f64 {
    let flat = at.iter().zip(shape).fold(0, |flat, (&at, &len)| flat * len + at) as u64;
    match flat % 7 {
        3 => f64::NAN,
        _ => (Random::new(flat).next() % 1000) as f64 / 8.0 - 60.0,
    }
}

fn dense(shape: &[usize]) -> ArrayD<f64> {
    ArrayD::from_shape_fn(IxDyn(shape), |at| {
        let at: Vec<usize> = (0..shape.len()).map(|axis| at[axis]).collect();
        number(shape, &at)
    })
}

fn numbers(shape: &[usize], chunk: &[usize]) -> Numbers<f64> {
    let own = shape.to_vec();
    Numbers::new(ChunkGrid::regular(shape, chunk), move |at| number(&own, at))
}

fn source(shape: &[usize], chunk: &[usize]) -> Array<f64> {
    Array::from_source(numbers(shape, chunk))
}

fn assert_close(found: &ArrayD<f64>, expected: &ArrayD<f64>, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * b.abs().max(1.0), "{what}: {a} for {b}");
    }
}

type Oracle = Box<dyn Fn(&[f64]) -> f64>;
type Reduce = fn(&Array<f64>, i32) -> Array<f64>;

#[test]
fn reductions_agree_with_plain_loops_along_every_axis() {
    let (_folder, session) = session(64 << 20, 3);
    let mean = |lane: &[f64]| lane.iter().sum::<f64>() / lane.len() as f64;
    let var = move |lane: &[f64]| lane.iter().map(|x| (x - mean(lane)).powi(2)).sum::<f64>() / lane.len() as f64;
    let valid = |lane: &[f64]| -> Vec<f64> { lane.iter().copied().filter(|x| !x.is_nan()).collect() };
    let extreme = |lane: &[f64], greatest: bool| {
        lane.iter().copied().reduce(|a, b| if greatest == (b > a) { b } else { a }).unwrap_or(f64::NAN)
    };
    let cases: Vec<(&str, Reduce, Oracle)> = vec![
        ("sum", |x, axis| x.sum(axis), Box::new(|lane| lane.iter().sum())),
        ("nansum", |x, axis| x.nansum(axis), Box::new(move |lane| valid(lane).iter().sum())),
        ("mean", |x, axis| x.mean(axis), Box::new(mean)),
        ("nanmean", |x, axis| x.nanmean(axis), Box::new(move |lane| mean(&valid(lane)))),
        ("nanmin", |x, axis| x.nanmin(axis), Box::new(move |lane| extreme(&valid(lane), false))),
        ("nanmax", |x, axis| x.nanmax(axis), Box::new(move |lane| extreme(&valid(lane), true))),
        (
            "min",
            |x, axis| x.min(axis),
            Box::new(move |lane| if lane.iter().any(|x| x.is_nan()) { f64::NAN } else { extreme(lane, false) }),
        ),
        ("var", |x, axis| x.var(axis), Box::new(var)),
        ("nanvar", |x, axis| x.nanvar(axis), Box::new(move |lane| var(&valid(lane)))),
        ("nanstd", |x, axis| x.nanstd(axis), Box::new(move |lane| var(&valid(lane)).sqrt())),
        ("count", |x, axis| x.count(axis).astype(), Box::new(move |lane| valid(lane).len() as f64)),
    ];
    let shape = [7, 5, 9];
    let expected = dense(&shape);
    for chunk in [[7, 5, 9], [3, 5, 4], [2, 2, 2]] {
        let x = source(&shape, &chunk);
        for (name, reduce, oracle) in &cases {
            for axis in 0..3 {
                let lanes = expected.map_axis(Axis(axis), |lane| oracle(&lane.to_vec()));
                let found = session.compute(&reduce(&x, axis as i32)).unwrap();
                assert_close(&found, &lanes, &format!("{name} over {axis} in chunks {chunk:?}"));
            }
        }
    }
    assert_at_rest(&session);
}

#[test]
fn elementwise_operations_broadcast_and_fuse() {
    let (_folder, session) = session(64 << 20, 2);
    let shape = [6, 4, 10];
    let x = source(&shape, &[2, 4, 5]);
    let row = Array::from_ndarray(dense(&[4, 1]), &[3, 1]);
    let lazy = (2.0 * (&x - &x.nanmean(0)) / 3.0 + &row).map(f64::abs) - &x;
    let dense_x = dense(&shape);
    let mean = dense_x.map_axis(Axis(0), |lane| {
        let valid: Vec<f64> = lane.iter().copied().filter(|x| !x.is_nan()).collect();
        valid.iter().sum::<f64>() / valid.len() as f64
    });
    let expected = (2.0 * (&dense_x - &mean) / 3.0 + dense(&[4, 1])).mapv(f64::abs) - &dense_x;
    assert_close(&session.compute(&lazy).unwrap(), &expected, "chain");
    assert_at_rest(&session);
}

#[test]
fn slices_follow_numpy_on_sources_and_on_blocks() {
    let (_folder, session) = session(64 << 20, 2);
    let mut random = Random::new(7);
    let shape = [11, 6];
    for round in 0..200 {
        let x = match round % 3 {
            0 => source(&shape, &[4, 3]),
            1 => Array::from_ndarray(dense(&shape), &[5, 6]),
            _ => source(&shape, &[4, 3]) + &Array::from_ndarray(dense(&shape), &[5, 6]) * 0.0,
        };
        let mut pick = |length: usize| {
            let bound = |random: &mut Random| random.below(2 * length + 5) as isize - length as isize - 2;
            let (start, stop) = (bound(&mut random), bound(&mut random));
            let step = [1, 1, 2, 3, -1, -2, -5][random.below(7)];
            (start, stop, step)
        };
        let (a, b) = (pick(shape[0]), pick(shape[1]));
        let indices = |(start, stop, step): (isize, isize, isize), length: isize| -> Vec<usize> {
            let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
            let place = |at: isize| (if at < 0 { at + length } else { at }).clamp(low, high);
            let (mut at, stop) = (place(start), place(stop));
            let mut list = Vec::new();
            while (step > 0 && at < stop) || (step < 0 && at > stop) {
                list.push(at as usize);
                at += step;
            }
            list
        };
        let slice = |(start, stop, step)| Slice::new(Some(start), Some(stop), step);
        let mut whole = dense(&shape);
        if round % 3 == 2 {
            whole = &whole + &(&whole * 0.0);
        }
        let expected = whole.select(Axis(0), &indices(a, 11)).select(Axis(1), &indices(b, 6));
        let found = session.compute(&x.slice(&[slice(a), slice(b)])).unwrap();
        assert_close(&found, &expected, &format!("round {round}: {a:?} {b:?}"));
    }
}

/// The blocks of a whole are those of its parts, and a kept axis is part of what a reduction makes: no task copies them.
#[test]
fn blocks_are_not_copied_to_lie_side_by_side() {
    let (_folder, session) = session(64 << 20, 2);
    let (a, b) = (source(&[4, 6], &[2, 3]), source(&[4, 6], &[4, 2]));
    let rows = [a.nansum(keepdims(0)), b.nansum(keepdims(0)).rechunk(&[1, 3]), a.take(&[3], 0)];
    let joined = Array::concatenate(&rows, 0);
    let tasks = |array: &Array<f64>| session.plan_persist(array).unwrap().tasks();
    assert_eq!(tasks(&joined), rows.iter().map(tasks).sum::<usize>());
    assert_eq!(tasks(&rows[0]), 2);
    let kept = session.persist(&joined).unwrap();
    let (x, y) = (dense(&[4, 6]), session.compute(&kept).unwrap());
    let sums = x.map(|value| if value.is_nan() { 0.0 } else { *value }).sum_axis(Axis(0));
    assert_close(&y.index_axis(Axis(0), 1).to_owned(), &sums, "the second");
    assert_eq!(y.index_axis(Axis(0), 0), y.index_axis(Axis(0), 1));
    assert_close(&y.index_axis(Axis(0), 2).to_owned(), &x.index_axis(Axis(0), 3).to_owned(), "the last");
    // The same blocks twice.
    let twice = session.persist(&Array::concatenate(&[kept.clone(), kept.clone()], 1)).unwrap();
    let expected = ndarray::concatenate(Axis(1), &[y.view(), y.view()]).unwrap();
    assert_close(&session.compute(&twice).unwrap(), &expected, "twice");
    drop((kept, twice));
    assert_at_rest(&session);
}

#[test]
fn concatenation_and_rechunking_keep_the_values() {
    let (_folder, session) = session(64 << 20, 2);
    let (a, b) = (source(&[3, 5], &[2, 5]), Array::from_ndarray(dense(&[4, 5]), &[3, 2]));
    let joined = Array::concatenate(&[a.clone(), b.clone()], 0);
    let expected = ndarray::concatenate(Axis(0), &[dense(&[3, 5]).view(), dense(&[4, 5]).view()]).unwrap();
    assert_close(&session.compute(&joined).unwrap(), &expected, "joined");
    assert_close(&session.compute(&joined.rechunk(&[7, 1])).unwrap(), &expected, "rechunked");
    let kept = session.persist(&joined.rechunk(&[2, 2])).unwrap();
    assert_close(&session.compute(&kept.rechunk(&[7, 3])).unwrap(), &expected, "persisted");
    let both = session.compute((&kept.nansum(..), &joined.nansum(..))).unwrap();
    assert_close(&both.0, &both.1, "sums");
    drop(kept);
    assert_at_rest(&session);
    let error = Array::concatenate(&[a, source(&[3, 6], &[3, 6])], 0).checked().unwrap_err().to_string();
    assert!(error.contains("[3, 5]") && error.contains("[3, 6]") && error.contains("arrays.rs"), "{error}");
}

#[test]
fn impossible_operations_name_shapes_and_the_line() {
    let (_folder, session) = session(16 << 20, 1);
    let x = source(&[3, 5], &[2, 5]);
    let wrong = &x + &source(&[4, 5], &[4, 5]);
    let error = session.compute(&wrong.sum(..)).unwrap_err().to_string();
    assert!(error.contains("add") && error.contains("[3, 5]") && error.contains("[4, 5]"), "{error}");
    assert!(error.contains("arrays.rs"), "{error}");
    assert!(matches!(session.plan(&x.sum(2)), Err(Error::Operation { .. })));
    assert!(x.slice(&[Slice::all().step(0)]).checked().is_err());
    assert!(source(&[0, 3], &[1, 3]).min(0).checked().is_err());
    assert_eq!(session.compute(&source(&[0, 3], &[1, 3]).sum(0)).unwrap().into_raw_vec_and_offset().0, [0.0; 3]);
}

#[test]
fn a_source_that_breaks_its_contract_is_an_error() {
    let (_folder, session) = session(16 << 20, 1);
    let x = Array::from_source(numbers(&[64, 125, 40], &[8, 125, 40]).tile(usize::MAX));
    let error = session.compute(&x.sum(..)).unwrap_err().to_string();
    assert!(error.contains("source numbers") && error.contains("20000 values"), "{error}");
}

#[test]
fn results_have_the_same_bits_at_any_limit_and_number_of_threads() {
    let x = source(&[64, 300, 40], &[8, 40, 40]);
    let result = (&x - &x.nanmean(0)).nanstd(0);
    let bits = |session: &Session, array: &Array<f64>| -> Vec<u64> {
        session.compute(array).unwrap().iter().map(|value| value.to_bits()).collect()
    };
    let (_folder, ample) = session(1 << 30, 1);
    let floor = ample.plan(&result).unwrap().floor().bytes();
    let expected = bits(&ample, &result);
    for (limit, threads) in [(floor, 1), (floor, 4), (floor * 2, 2), (1 << 30, 4)] {
        let (_folder, session) = session(limit, threads);
        assert_eq!(bits(&session, &result), expected, "{limit} bytes, {threads} threads");
        assert!(session.stats().ledger_peak_bytes <= limit);
        assert_at_rest(&session);
    }
}

#[test]
fn a_persisted_array_is_spilled_and_summed_right() {
    let (_folder, session) = session(32 << 20, 2);
    let x = Array::<f64>::from_fn(&[80, 1 << 17], &[1, 1 << 17], |at| (at[0] * 3 + at[1] % 5) as f64);
    let kept = session.persist(&x).unwrap();
    for _ in 0..2 {
        let sum = session.compute(&kept.sum(..)).unwrap();
        let expected: f64 = (0..80).map(|i| f64::from(i * 3 * (1 << 17))).sum::<f64>()
            + 80.0 * (0..1 << 17).map(|j| f64::from(j % 5)).sum::<f64>();
        assert!((sum[[]] - expected).abs() < 1e-3, "{sum} for {expected}");
    }
    let stats = session.stats();
    assert!(stats.spilled_bytes > 40 << 20 && stats.reloaded_bytes > 40 << 20, "{stats:?}");
    assert!(stats.ledger_peak_bytes <= 32 << 20);
    drop(kept);
    assert_at_rest(&session);
}
