//! Workloads on series of times: what is computed, and what has to come out.

use thermocline::Array;

use super::Input;
use super::expected::{Expected, add, for_each_row};

/// The day of a year that a time is: years have 365 days, and there are eight of them at least, or they are shorter.
fn days(times: usize) -> Vec<Option<usize>> {
    let year = (times / 8).clamp(1, 365);
    (0..times).map(|time| Some(time % year)).collect()
}

pub(super) fn anom_mean(input: &Input) -> Vec<Array<f64>> {
    let groups = input.x().group_by(0, &days(input.x.rows()));
    vec![(&groups - &groups.mean()).mean(0)]
}

pub(super) fn anom_mean_expected(Input { x, .. }: &Input) -> Expected {
    Expected::cancelling(vec![0.0; x.columns()], 1.0)
}

pub(super) fn quadratic_mean(input: &Input) -> Vec<Array<f64>> {
    let (u, v) = (input.x(), input.y());
    vec![u.square().mean(0), v.square().mean(0), (&u * &v).mean(0)]
}

pub(super) fn quadratic_mean_expected(Input { x: u, y: v }: &Input) -> Expected {
    let mut sums = vec![vec![0.0; u.columns()]; 3];
    let mut other = vec![0.0; v.columns()];
    for_each_row(u, |at, row| {
        v.fill(at, 0, &mut other);
        add(&mut sums[0], row.iter().map(|u| u * u));
        add(&mut sums[1], other.iter().map(|v| v * v));
        add(&mut sums[2], row.iter().zip(&other).map(|(u, v)| u * v));
    });
    let times = u.rows() as f64;
    Expected::new(sums.into_iter().flatten().map(|sum| sum / times).collect())
}
