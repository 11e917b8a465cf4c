//! Groups of rows, against plain loops.

use thermocline::array::{ChunkGrid, Grouped};
use thermocline::ndarray::{ArrayD, IxDyn};
use thermocline::{Array, Error, Session};

use crate::lab::{Kind, Lab, any_lazy, lazy};
use crate::support::{Random, assert_at_rest, session};

fn close(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

/// `of` the values of each group, lane by lane.
fn oracle(
    x: &ArrayD<f64>,
    axis: usize,
    groups: &[Option<usize>],
    count: usize,
    of: &dyn Fn(&[f64]) -> f64,
) -> ArrayD<f64> {
    let mut shape = x.shape().to_vec();
    shape[axis] = count;
    ArrayD::from_shape_fn(IxDyn(&shape), |at| {
        let lane = (0..groups.len()).filter(|&row| groups[row] == Some(at[axis])).map(|row| {
            let mut from = at.clone();
            from[axis] = row;
            x[from]
        });
        of(&lane.collect::<Vec<_>>())
    })
}

fn assert_same(lab: &mut Lab, random: &mut Random, found: &Array<f64>, expected: &ArrayD<f64>, what: &str) {
    let found = lab.values(random, found, what);
    assert_eq!(found.shape(), expected.shape(), "{what}");
    assert!(found.iter().zip(expected).all(|(a, b)| close(*a, *b)), "{what}: {found} for {expected}");
}

fn value(at: &[usize]) -> f64 {
    let mixed = at.iter().fold(7, |mixed, &at| (mixed * 31 + at) % 1009);
    if mixed % 6 == 1 { f64::NAN } else { mixed as f64 / 8.0 - 50.0 }
}

type Reduce = fn(&Grouped<f64>) -> Array<f64>;
type Oracle = Box<dyn Fn(&[f64]) -> f64>;

fn cases() -> Vec<(&'static str, Reduce, Oracle)> {
    let valid = |lane: &[f64]| lane.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<f64>>();
    let mean = |lane: &[f64]| lane.iter().sum::<f64>() / lane.len() as f64;
    let var =
        move |lane: &[f64]| lane.iter().map(|value| (value - mean(lane)).powi(2)).sum::<f64>() / lane.len() as f64;
    let least = |lane: &[f64]| lane.iter().copied().reduce(f64::min).unwrap_or(f64::NAN);
    let greatest = |lane: &[f64]| lane.iter().copied().reduce(f64::max).unwrap_or(f64::NAN);
    let strict = |lane: &[f64], of: f64| if lane.iter().any(|value| value.is_nan()) { f64::NAN } else { of };
    vec![
        ("sum", |x| x.sum(), Box::new(|lane| lane.iter().sum())),
        ("nansum", |x| x.nansum(), Box::new(move |lane| valid(lane).iter().sum())),
        ("mean", |x| x.mean(), Box::new(mean)),
        ("nanmean", |x| x.nanmean(), Box::new(move |lane| mean(&valid(lane)))),
        ("min", |x| x.min(), Box::new(move |lane| strict(lane, least(lane)))),
        ("max", |x| x.max(), Box::new(move |lane| strict(lane, greatest(lane)))),
        ("nanmin", |x| x.nanmin(), Box::new(move |lane| least(&valid(lane)))),
        ("nanmax", |x| x.nanmax(), Box::new(move |lane| greatest(&valid(lane)))),
        ("var", |x| x.var(), Box::new(var)),
        ("std", |x| x.std(), Box::new(move |lane| var(lane).sqrt())),
        ("nanvar", |x| x.nanvar(), Box::new(move |lane| var(&valid(lane)))),
        ("nanstd", |x| x.nanstd(), Box::new(move |lane| var(&valid(lane)).sqrt())),
        ("count", |x| x.count().astype(), Box::new(move |lane| valid(lane).len() as f64)),
    ]
}

#[test]
fn groups_agree_with_plain_loops_at_any_chunking() {
    let (mut lab, mut random) = (Lab::default(), Random::new(11));
    for round in 0..14 {
        // The last ones don't fit where memory is tight.
        let large = round >= 12;
        let small = [1 + random.below(14), 1 + random.below(9), 1 + random.below(4)];
        let shape = if large { [24, 512, 8] } else { small };
        let chunk = shape.map(|length| 1 + random.below(length));
        let axis = random.below(3);
        let count = 1 + random.below(shape[axis].min(4));
        // Each group has a row at least.
        let groups: Vec<Option<usize>> = (0..shape[axis])
            .map(
                |row| {
                    if row < count { Some(row) } else { Some(random.below(count + 1)).filter(|&group| group < count) }
                },
            )
            .collect();
        let dense = ArrayD::from_shape_fn(IxDyn(&shape), |at| value(&[at[0], at[1], at[2]]));
        let x = if large {
            lazy(&dense, &ChunkGrid::regular(&shape, &[2, 512, 8]), Kind::Blocks).rechunk((-1, 32, -1))
        } else {
            any_lazy(&mut random, &dense).rechunk(&chunk)
        };
        let grouped = x.group_by(axis as i32, &groups);
        for (name, reduce, of) in cases() {
            let what = format!("{name} of {groups:?} along {axis} of {shape:?} in chunks of {chunk:?}");
            assert_same(&mut lab, &mut random, &reduce(&grouped), &oracle(&dense, axis, &groups, count, &of), &what);
        }
    }
    assert!(lab.spilled > 0, "nothing was spilled");
}

#[test]
fn what_groups_have_goes_back_to_their_rows() {
    let (mut lab, mut random) = (Lab::default(), Random::new(12));
    let shape = [11, 6];
    let dense = ArrayD::from_shape_fn(IxDyn(&shape), |at| value(&[at[0], at[1]]));
    for (axis, count) in [(0, 3), (1, 2)] {
        let groups: Vec<Option<usize>> = (0..shape[axis]).map(|row| Some((row * row) % count)).collect();
        let x = Array::from_fn(&shape, &[4, 5], value);
        let grouped = x.group_by(axis as i32, &groups);
        let mean = grouped.nanmean();
        let expected = ArrayD::from_shape_fn(IxDyn(&shape), |at| {
            let lane = |row: &usize| if axis == 0 { dense[[*row, at[1]]] } else { dense[[at[0], *row]] };
            let own = groups[at[axis]];
            let valid: Vec<f64> = (0..shape[axis])
                .filter(|&row| groups[row] == own)
                .map(|row| lane(&row))
                .filter(|x| !x.is_nan())
                .collect();
            dense[&at] - valid.iter().sum::<f64>() / valid.len() as f64
        });
        assert_same(&mut lab, &mut random, &(&grouped - &mean), &expected, "subtract");
        let back = &grouped * &(&mean * 0.0 + 2.0);
        assert_same(&mut lab, &mut random, &(&back / &(&x * 0.0 + 2.0)), &(&dense * 1.0), "multiply and divide");
    }
}

#[test]
fn the_bits_are_the_same_at_the_floor_and_what_does_not_fit_is_spilled() {
    let shape = [60, 1 << 15];
    let x = Array::from_fn(&shape, &[5, 1 << 15], value);
    let groups: Vec<Option<usize>> = (0..60).map(|row| Some(row * 7 % 12)).collect();
    let anomaly = |x: &Array<f64>| {
        let grouped = x.group_by(0, &groups);
        (&grouped - &grouped.nanmean()).nanstd(0)
    };
    let bits = |session: &Session, x: &Array<f64>| -> Vec<u64> {
        session.compute(&anomaly(x)).unwrap().iter().map(|value| value.to_bits()).collect()
    };
    let (_folder, ample) = session(1 << 30, 4);
    let expected = bits(&ample, &x);
    let floor = ample.plan(&anomaly(&x)).unwrap().floor().bytes();
    for (limit, threads) in [(floor, 1), (floor, 3), (2 * floor, 2)] {
        let (_folder, session) = session(limit, threads);
        assert_eq!(bits(&session, &x), expected, "{limit} bytes, {threads} threads");
        assert!(session.stats().ledger_peak_bytes <= limit);
        assert_at_rest(&session);
    }
    // Chunks in memory, three times as many as fit.
    let (_folder, tight) = session(8 << 20, 2);
    let kept = tight.persist(&x).unwrap();
    assert_eq!(bits(&tight, &kept), expected);
    assert!(tight.stats().spilled_bytes > 6 << 20, "{:?}", tight.stats());
    drop(kept);
    assert_at_rest(&tight);
}

#[test]
fn impossible_groups_name_shapes_and_the_line() {
    let (_folder, session) = session(16 << 20, 1);
    let x = Array::from_fn(&[4, 2], &[4, 2], value);
    let says = |wrong: Array<f64>, part: &str| {
        let error = session.compute(&wrong).unwrap_err();
        assert!(matches!(error, Error::Operation { .. }), "{error}");
        assert!(error.to_string().contains(part) && error.to_string().contains("groups.rs:"), "{error}");
    };
    says(x.group_by(0, &[Some(0)]).nanmean(), "1 rows of groups for axis 0 of shape [4, 2]");
    says(x.group_by(2, &[Some(0)]).nanmean(), "axis 2");
    says(x.group_by(1, &[Some(0), Some(9)]).nanmean(), "group 9 is beyond");
    says(x.group_by(1, &[None, None]).nanmean(), "no row");
    let some = x.group_by(0, &[Some(0), None, Some(1), Some(0)]);
    assert_eq!(some.nanmean().shape(), [2, 2]);
    says(&some - &some.nanmean(), "in no group");
    let all = x.group_by(0, &[Some(0), Some(0), Some(1), Some(1)]);
    says(&all - &x, "2 groups along axis 0");
    // A group without rows has a sum, but no least value.
    let gap = x.group_by(0, &[Some(0), Some(2), Some(0), Some(2)]);
    assert_eq!(session.compute(&gap.nansum()).unwrap()[[1, 0]], 0.0);
    assert!(session.compute(&gap.nanmin()).is_err());
}
