//! Medians, quantiles, sorted lanes, against sorted vectors and the definitions of Hyndman and Fan.

use ndarray::{ArrayD, Axis, IxDyn};
use thermocline::array::{ChunkGrid, Method, keepdims};
use thermocline::{Array, ndarray};

use crate::lab::{Kind, Lab, any_lazy, dense, lazy, shape};
use crate::support::{Random, session};

/// The quantile of sorted values, by its definition.
fn quantile(sorted: &[f64], q: f64, method: Method) -> f64 {
    let n = sorted.len();
    // Order statistics, counted from 1.
    let x = |rank: f64| sorted[(rank as isize).clamp(1, n as isize) as usize - 1];
    let nq = n as f64 * q;
    let from_one = |h: f64| {
        let (low, part) = (h.floor(), h - h.floor());
        if part == 0.0 { x(low) } else { x(low) + part * (x(low + 1.0) - x(low)) }
    };
    let between = |alpha: f64, beta: f64| from_one(alpha + q * (n as f64 + 1.0 - alpha - beta));
    let linear = 1.0 + (n as f64 - 1.0) * q;
    match method {
        Method::Lower => x(linear.floor()),
        Method::Higher => x(linear.ceil()),
        Method::Midpoint => f64::midpoint(x(linear.floor()), x(linear.ceil())),
        Method::Nearest => {
            // Ties to the even index, counted from 0.
            let (low, part) = ((linear - 1.0).floor(), linear.fract());
            let up = part > 0.5 || (part == 0.5 && low % 2.0 == 1.0);
            x(low + 1.0 + f64::from(u8::from(up)))
        }
        Method::InvertedCdf => x(nq.ceil().max(1.0)),
        Method::AveragedInvertedCdf if nq.fract() == 0.0 => f64::midpoint(x(nq.max(1.0)), x(nq + 1.0)),
        Method::AveragedInvertedCdf => x(nq.ceil()),
        Method::ClosestObservation => x(nq.round_ties_even()),
        Method::InterpolatedInvertedCdf => between(0.0, 1.0),
        Method::Hazen => between(0.5, 0.5),
        Method::Weibull => between(0.0, 0.0),
        Method::MedianUnbiased => between(1.0 / 3.0, 1.0 / 3.0),
        Method::NormalUnbiased => between(0.375, 0.375),
        _ => from_one(linear),
    }
}

const METHODS: [Method; 13] = [
    Method::Linear,
    Method::Lower,
    Method::Higher,
    Method::Midpoint,
    Method::Nearest,
    Method::InvertedCdf,
    Method::AveragedInvertedCdf,
    Method::ClosestObservation,
    Method::InterpolatedInvertedCdf,
    Method::Hazen,
    Method::Weibull,
    Method::MedianUnbiased,
    Method::NormalUnbiased,
];

/// Quantiles of each lane, over the axes that are true.
fn expected(values: &ArrayD<f64>, along: &[bool], q: f64, method: Method, skip: bool) -> ArrayD<f64> {
    let kept: Vec<usize> = (0..along.len()).filter(|&axis| !along[axis]).collect();
    let shape: Vec<usize> = kept.iter().map(|&axis| values.len_of(Axis(axis))).collect();
    ArrayD::from_shape_fn(IxDyn(&shape), |at| {
        let mut lane = values.view();
        for (place, &axis) in kept.iter().enumerate() {
            lane.slice_axis_inplace(Axis(axis), ndarray::Slice::from(at[place]..=at[place]));
        }
        let mut sorted: Vec<f64> = lane.iter().copied().filter(|value| !value.is_nan()).collect();
        if sorted.is_empty() || (sorted.len() < lane.len() && !skip) {
            return f64::NAN;
        }
        sorted.sort_by(f64::total_cmp);
        quantile(&sorted, q, method)
    })
}

fn assert_close(found: &ArrayD<f64>, expected: &ArrayD<f64>, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * b.abs().max(1.0), "{what}: {a} for {b}");
    }
}

fn random_axes(random: &mut Random, ndim: usize) -> (Vec<i32>, Vec<bool>) {
    let along: Vec<bool> = (0..ndim).map(|_| random.one_in(2)).collect();
    ((0..ndim as i32).filter(|&axis| along[axis as usize]).collect(), along)
}

#[test]
fn quantiles_are_those_of_sorted_lanes() {
    let mut lab = Lab::default();
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let random = &mut random;
        let ndim = random.below(4);
        let shape = shape(random, ndim, 9);
        let values: ArrayD<f64> = dense(random, &shape);
        let x = any_lazy(random, &values);
        let (axes, along) = random_axes(random, ndim);
        let axes = &axes[..];
        let what = format!("seed {seed}: over {axes:?} of {shape:?}");
        let method = METHODS[seed as usize % METHODS.len()];
        // Sixteenths are exact, so that ties are ties.
        let q = random.below(17) as f64 / 16.0;
        let found = lab.values(random, &x.nanquantile_by(q, axes, method), &what);
        assert_close(&found, &expected(&values, &along, q, method, true), &format!("{what}: {method:?} {q}"));
        let found = lab.values(random, &x.quantile_by(q, axes, method), &what);
        assert_close(&found, &expected(&values, &along, q, method, false), &format!("{what}: {method:?} {q}"));
        let found = lab.values(random, &x.quantile(q, axes), &what);
        assert_close(&found, &expected(&values, &along, q, Method::Linear, false), &what);
        let median = expected(&values, &along, 0.5, Method::Linear, false);
        assert_close(&lab.values(random, &x.median(axes), &what), &median, &what);
        let found = lab.values(random, &x.nanmedian(keepdims(axes)), &what);
        let kept: Vec<usize> = shape.iter().zip(&along).map(|(&len, &along)| if along { 1 } else { len }).collect();
        let median = expected(&values, &along, 0.5, Method::Linear, true);
        assert_close(&found, &median.to_shape(kept).unwrap().to_owned(), &what);
    }
}

#[test]
fn several_quantiles_come_first() {
    let mut lab = Lab::default();
    let mut random = Random::new(8);
    let values: ArrayD<f64> = dense(&mut random, &[40, 3, 7]);
    let x = lazy(&values, &ChunkGrid::regular(&[40, 3, 7], &[11, 2, 4]), Kind::Source);
    let many: Vec<f64> = (0..=20).map(|at| f64::from(at) / 20.0).collect();
    let found = lab.values(&mut random, &x.nanquantile(&many[..], (0, 2)), "21 quantiles");
    for (number, &q) in many.iter().enumerate() {
        let one = expected(&values, &[true, false, true], q, Method::Linear, true);
        assert_close(&found.index_axis(Axis(0), number).to_owned(), &one, &format!("{q}"));
    }
    let found = lab.values(&mut random, &x.nanpercentile([10.0, 90.0], 0), "percentiles");
    assert_eq!(found.shape(), [2, 3, 7]);
    let one = expected(&values, &[true, false, false], 0.9, Method::Linear, true);
    assert_close(&found.index_axis(Axis(0), 1).to_owned(), &one, "90 percent");
}

#[test]
fn integers_have_quantiles_in_f64() {
    let mut lab = Lab::default();
    let mut random = Random::new(9);
    let values: ArrayD<u16> = dense(&mut random, &[9, 5]);
    let floats = values.mapv(f64::from);
    let x = any_lazy(&mut random, &values);
    let found = lab.values(&mut random, &x.percentile(30.0, 0), "u16");
    assert_close(&found, &expected(&floats, &[true, false], 0.3, Method::Linear, false), "u16");
    let infinite = lazy(&ArrayD::from_elem(vec![4], f32::INFINITY), &ChunkGrid::single(&[4]), Kind::Memory);
    assert_eq!(lab.values(&mut random, &infinite.quantile(0.4, 0), "infinite")[[]], f32::INFINITY);
    assert_eq!(lab.values(&mut random, &infinite.median(0), "infinite")[[]], f32::INFINITY);
}

#[test]
fn a_median_of_more_than_a_block_is_counted() {
    // 68 MB of f32, all different, in an order that visits all of them: the ranks are known.
    let length = (1 << 24) + (1 << 20) + 3;
    let x = Array::<f32>::from_fn(&[length], &[1 << 20], move |at| {
        let place = (at[0] as u64 * 7_919_777) % length as u64;
        (place as f32) - 8_000_000.0
    });
    let (_folder, session) = session(64 << 20, 2);
    let plan = session.plan(&x.median(0)).unwrap();
    assert!(plan.floor().bytes() < 16 << 20, "{plan}");
    let middle = (length / 2) as f32 - 8_000_000.0;
    assert_eq!(session.compute(&x.median(0)).unwrap()[[]], middle);
}

#[test]
fn series_of_a_large_array_are_rechunked_through_scratch() {
    let mut random = Random::new(3);
    let values: ArrayD<f64> = dense(&mut random, &[256, 150, 100]);
    let x = lazy(&values, &ChunkGrid::regular(&[256, 150, 100], &[1, 150, 100]), Kind::Source);
    // Less than the array and its result: what is kept of it has to go to scratch.
    let (_folder, session) = session(20 << 20, 2);
    let kept = session.persist(&x).unwrap();
    let found = session.compute(&kept.rechunk(&[256, 15, 100]).nanmedian(0)).unwrap();
    assert_close(&found, &expected(&values, &[true, false, false], 0.5, Method::Linear, true), "series");
    let stats = session.stats();
    assert!(stats.spilled_bytes > 2 << 20 && stats.reloaded_bytes > 2 << 20, "{stats:?}");
    assert!(stats.ledger_peak_bytes <= 20 << 20, "{stats:?}");
}

#[test]
fn lanes_are_sorted_and_their_ends_chosen() {
    let mut lab = Lab::default();
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let random = &mut random;
        let ndim = 1 + random.below(3);
        let shape = shape(random, ndim, 9);
        let axis = random.below(ndim);
        let named = axis as i32 - ndim as i32;
        let what = format!("seed {seed}: along {axis} of {shape:?}");
        let values: ArrayD<f64> = dense(random, &shape);
        let x = any_lazy(random, &values);
        let sorted = |values: &ArrayD<f64>, count: usize, greatest: bool| {
            let mut lanes = values.clone();
            for mut lane in lanes.lanes_mut(Axis(axis)) {
                let mut own: Vec<f64> = lane.to_vec();
                own.sort_by(|a, b| if greatest { b.total_cmp(a) } else { a.total_cmp(b) });
                lane.iter_mut().zip(own).for_each(|(place, value)| *place = value);
            }
            lanes.slice_axis_inplace(Axis(axis), ndarray::Slice::from(0..count.min(shape[axis])));
            lanes
        };
        lab.check(random, &x.sort(named), &sorted(&values, usize::MAX, false), &what);
        let k = random.below(6);
        lab.check(random, &x.topk(k as isize, named), &sorted(&values, k, true), &what);
        let least = if k == 0 { sorted(&values, 0, false) } else { sorted(&values, k, false) };
        lab.check(random, &x.topk(-(k as isize), named), &least, &what);
        let truths: ArrayD<bool> = dense(random, &shape);
        let mut expected = truths.clone();
        for mut lane in expected.lanes_mut(Axis(axis)) {
            let count = lane.iter().filter(|&&truth| truth).count();
            let length = lane.len();
            lane.iter_mut().enumerate().for_each(|(at, truth)| *truth = at >= length - count);
        }
        let x = any_lazy(random, &truths);
        lab.check(random, &x.sort(named), &expected, &what);
    }
}

#[test]
fn impossible_questions_are_named() {
    let x = Array::<f32>::from_fn(&[4, 6], &[2, 3], |at| at[0] as f32);
    for (error, parts) in [
        (x.quantile(1.5, 0).checked().unwrap_err(), ["quantile", "1.5 is not between 0 and 1", "[4, 6]"]),
        (x.quantile([0.5, f64::NAN], 0).checked().unwrap_err(), ["quantile", "NaN is not between 0 and 1", "float32"]),
        (
            x.percentile(101.0, ..).checked().unwrap_err(),
            ["percentile", "101 is not between 0 and 100", "quantiles.rs"],
        ),
        (x.median(2).checked().unwrap_err(), ["median", "axis 2", "[4, 6]"]),
        (x.sort(-3).checked().unwrap_err(), ["sort", "axis -3", "[4, 6]"]),
        (x.topk(1, 5).checked().unwrap_err(), ["topk", "axis 5", "[4, 6]"]),
    ] {
        let error = error.to_string();
        assert!(error.contains("tests/it/quantiles.rs:") && parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let (_folder, session) = session(16 << 20, 1);
    let none = Array::<f32>::from_fn(&[0, 2], &[1, 2], |_| 0.0);
    assert!(session.compute(&none.median(0)).unwrap().iter().all(|value| value.is_nan()));
}
