//! Random arrays: the same in any chunks, and distributed as they should be.
//!
//! The seeds are fixed, so the tests always give the same; the bounds are wide enough that all but one in about a million
//! good generators would pass.

use ndarray::ArrayD;
use thermocline::array::Slice;
use thermocline::array::random::Generator;
use thermocline::{Array, Error, Session};

use crate::operands::Bench;
use crate::support::session;

const COUNT: usize = 1 << 18;

#[test]
fn chunks_and_threads_do_not_matter() {
    let mut bench = Bench::new(41);
    for round in 0..30 {
        let shape = bench.shape();
        let make = |chunk: &[usize]| -> (Array<f64>, Array<f32>, Array<i8>) {
            let mut generator = Generator::new(round);
            (
                generator.normal(1.0, 2.0, &shape, chunk),
                generator.uniform(-1.0, 1.0, &shape, chunk),
                generator.integers(-100, 101, &shape, chunk),
            )
        };
        let whole = make(&shape.iter().map(|&length| length.max(1)).collect::<Vec<_>>());
        let expected = bench.session().compute((&whole.0, &whole.1, &whole.2)).unwrap();
        for _ in 0..3 {
            bench.turn();
            let cut = make(&bench.chunk(&shape));
            assert_eq!(bench.session().compute((&cut.0, &cut.1, &cut.2)).unwrap(), expected, "{shape:?} {:?}", cut.0);
        }
        if let Some(&length) = shape.first() {
            let part = [Slice::new(Some(length as isize / 2), None, 1)];
            let found = bench.session().compute(&whole.0.slice(&part)).unwrap();
            let rest = expected.0.slice_axis(ndarray::Axis(0), (length / 2..).into());
            assert_eq!(found, rest, "a part of {shape:?}");
        }
    }
    bench.assert_at_rest();
}

#[test]
fn seeds_and_streams_differ() {
    let (_folder, session) = session(16 << 20, 1);
    let draw = |seed: u64, skip: usize| {
        let mut generator = Generator::new(seed);
        for _ in 0..skip {
            let _: Array<f64> = generator.uniform(0.0, 1.0, &[1], "auto");
        }
        session.compute(&generator.integers::<u64>(0, u64::MAX, &[1000], "auto")).unwrap()
    };
    let all = [draw(0, 0), draw(0, 1), draw(1, 0), draw(1 << 32, 0)];
    for (number, a) in all.iter().enumerate() {
        for b in &all[..number] {
            assert_eq!(a.iter().zip(b).filter(|(a, b)| a == b).count(), 0);
        }
    }
    assert_eq!(draw(7, 2), draw(7, 2));
}

/// How far counts are from equal, in standard deviations of the chi-square distribution.
fn deviation_from_equal(counts: &[usize]) -> f64 {
    let expected = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    let chi_square: f64 = counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum();
    let freedom = (counts.len() - 1) as f64;
    (chi_square - freedom) / (2.0 * freedom).sqrt()
}

/// Mean, variance, skewness and excess kurtosis.
fn moments(values: &[f64]) -> [f64; 4] {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let central = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / count;
    let variance = central(2);
    [mean, variance, central(3) / variance.powf(1.5), central(4) / variance.powi(2) - 3.0]
}

/// Each moment within five standard errors.
fn assert_moments(values: &[f64], expected: [f64; 4], errors: [f64; 4]) {
    let found = moments(values);
    for at in 0..4 {
        let bound = 5.0 * errors[at] / (values.len() as f64).sqrt();
        assert!((found[at] - expected[at]).abs() < bound, "moment {at}: {} for {}", found[at], expected[at]);
    }
}

fn values<T: thermocline::chunk::Element + Into<f64>>(session: &Session, lazy: &Array<T>) -> Vec<f64> {
    let found: ArrayD<T> = session.compute(lazy).unwrap();
    found.iter().map(|&value| value.into()).collect()
}

#[test]
fn uniform_values_are_uniform() {
    let (_folder, session) = session(64 << 20, 2);
    let mut generator = Generator::new(2011);
    let f64s = values(&session, &generator.uniform(0.0_f64, 1.0, &[COUNT], "auto"));
    let f32s = values(&session, &generator.uniform(0.0_f32, 1.0, &[COUNT], "auto"));
    for values in [f64s, f32s] {
        assert!(values.iter().all(|value| (0.0..1.0).contains(value)));
        // Standard errors times the root of the count, from the moments up to the eighth (Kendall and Stuart).
        let errors = [(1.0_f64 / 12.0).sqrt(), (1.0_f64 / 180.0).sqrt(), (72.0_f64 / 35.0).sqrt(), 1.3166_f64.sqrt()];
        assert_moments(&values, [0.5, 1.0 / 12.0, 0.0, -1.2], errors);
        let mut counts = vec![0; 1024];
        values.iter().for_each(|value| counts[(value * 1024.0) as usize] += 1);
        assert!(deviation_from_equal(&counts).abs() < 5.0, "{}", deviation_from_equal(&counts));
        // Neighbours are independent.
        let mut pairs = vec![0; 32 * 32];
        values.chunks(2).for_each(|pair| pairs[(pair[0] * 32.0) as usize * 32 + (pair[1] * 32.0) as usize] += 1);
        assert!(deviation_from_equal(&pairs).abs() < 5.0, "{}", deviation_from_equal(&pairs));
    }
    let one = values(&session, &generator.uniform(3.0_f64, 3.0, &[10], "auto"));
    assert_eq!(one, [3.0; 10]);
    // Rounding does not reach the end that is left out.
    let coarse = values(&session, &generator.uniform(16_777_215.0_f32, 16_777_216.0, &[1000], "auto"));
    assert!(coarse.iter().all(|&value| value == 16_777_215.0));
}

#[test]
fn normal_values_are_normal() {
    let (_folder, session) = session(64 << 20, 2);
    let mut generator = Generator::new(1958);
    let values = values(&session, &generator.normal(0.0_f64, 1.0, &[COUNT], "auto"));
    assert_moments(&values, [0.0, 1.0, 0.0, 0.0], [1.0, 2.0_f64.sqrt(), 6.0_f64.sqrt(), 24.0_f64.sqrt()]);
    // Equally likely intervals: the distribution function of each value is uniform.
    let mut counts = vec![0; 512];
    for value in &values {
        let below = libm::erfc(-value / std::f64::consts::SQRT_2) / 2.0;
        counts[((below * 512.0) as usize).min(511)] += 1;
    }
    assert!(deviation_from_equal(&counts).abs() < 5.0, "{}", deviation_from_equal(&counts));
    // The two values of a pair are independent.
    let mut quadrants = vec![0; 64];
    let octile = |value: f64| ((libm::erfc(-value / std::f64::consts::SQRT_2) * 4.0) as usize).min(7);
    values.chunks(2).for_each(|pair| quadrants[octile(pair[0]) * 8 + octile(pair[1])] += 1);
    assert!(deviation_from_equal(&quadrants).abs() < 5.0, "{}", deviation_from_equal(&quadrants));
    let scaled = session.compute(&generator.normal(10.0_f32, 0.5, &[COUNT], "auto").mean(..)).unwrap()[[]];
    assert!((scaled - 10.0).abs() < 0.01, "{scaled}");
}

#[test]
fn integers_are_equally_likely() {
    let (_folder, session) = session(64 << 20, 2);
    let mut generator = Generator::new(2019);
    let dice = session.compute(&generator.integers(1_u8, 7, &[COUNT], "auto")).unwrap();
    let mut counts = vec![0; 6];
    dice.iter().for_each(|&value| counts[usize::from(value) - 1] += 1);
    assert!(deviation_from_equal(&counts) < 5.0, "{counts:?}");
    let bytes = session.compute(&generator.integers(i8::MIN, i8::MAX, &[COUNT], "auto")).unwrap();
    let mut counts = vec![0; 255];
    bytes.iter().for_each(|&value| counts[(i32::from(value) + 128) as usize] += 1);
    assert!(deviation_from_equal(&counts).abs() < 5.0, "{counts:?}");
    // Three quarters of all 64-bit words: one in four draws is refused, and thirds are equally likely.
    let end = 3_u64 << 62;
    let wide = session.compute(&generator.integers(0, end, &[COUNT], "auto")).unwrap();
    let mut counts = vec![0; 3];
    wide.iter().for_each(|&value| counts[(value >> 62) as usize] += 1);
    assert!(deviation_from_equal(&counts).abs() < 5.0, "{counts:?}");
    let signed = session.compute(&generator.integers(i64::MIN, i64::MAX, &[COUNT], "auto")).unwrap();
    let below = signed.iter().filter(|&&value| value < 0).count();
    assert!((below as f64 - COUNT as f64 / 2.0).abs() < 5.0 * (COUNT as f64).sqrt() / 2.0, "{below}");
}

#[test]
fn impossible_distributions_are_errors() {
    let mut generator = Generator::new(0);
    let errors = [
        generator.uniform(1.0, 0.0, &[2], "auto").checked().err(),
        generator.uniform(0.0, f64::INFINITY, &[2], "auto").checked().err(),
        generator.normal(0.0_f32, -1.0, &[2], "auto").checked().err(),
        generator.normal(f64::NAN, 1.0, &[2], "auto").checked().err(),
        generator.integers(3, 3, &[2], "auto").checked().err().filter(|error| error.to_string().contains("low is 3")),
        generator.integers(0_u8, 3, &[2], [1, 1]).checked().err(),
    ];
    for error in errors {
        let error = error.unwrap();
        assert!(matches!(error, Error::Operation { .. }) && error.to_string().contains("random_numbers.rs"), "{error}");
    }
}
