//! Each workload against plain loops over three years of days, one of them leap.

use thermocline::ndarray::{Array3, ArrayD, Axis, IxDyn};
use thermocline::{Array, Session};

use super::*;

const LATITUDES: [f64; 4] = [-60.0, -10.0, 20.0, 75.0];
const LONGITUDES: usize = 5;
const DAYS: usize = 1096;

/// Year, month and day of the year of each day from 2003 on.
fn dates() -> Vec<(i32, usize, usize)> {
    let mut dates = Vec::new();
    for (year, february) in [(2003, 28), (2004, 29), (2005, 28)] {
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let days = months.iter().enumerate().flat_map(|(month, &days)| (0..days).map(move |_| month + 1));
        dates.extend(days.enumerate().map(|(day, month)| (year, month, day + 1)));
    }
    assert_eq!(dates.len(), DAYS);
    dates
}

/// Seasons, weather and a trend. Of the first cell there is nothing, of the second one day; elsewhere a tenth is missing.
fn value(day: usize, lat: usize, lon: usize) -> f32 {
    let random = ((day * 20 + lat * 5 + lon) as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    match (lat, lon) {
        (0, 0) => return f32::NAN,
        (0, 1) if day != 500 => return f32::NAN,
        (0, 1) => {}
        _ if random % 10 == 3 => return f32::NAN,
        _ => {}
    }
    let season = (day as f64 / 365.25 * std::f64::consts::TAU).sin() * (lat as f64 - 1.5);
    (280.0 + 5.0 * season + 0.001 * (lon * day) as f64 + random as f64 / 1e7) as f32
}

fn dense() -> Array3<f32> {
    Array3::from_shape_fn((DAYS, 4, LONGITUDES), |(day, lat, lon)| value(day, lat, lon))
}

fn input() -> Input {
    let days = (0..DAYS).map(|day| day as f64 + 0.5).collect::<Vec<_>>();
    let time = Coordinate::new("time", days).with_attribute("units", "days since 2003-01-01");
    let lat = Coordinate::new("lat", LATITUDES).with_attribute("units", "degrees_north");
    let array = Array::from_fn(&[DAYS, 4, LONGITUDES], &[100, 4, LONGITUDES], |at| value(at[0], at[1], at[2]));
    let field = Field::new("sst", array, ["time", "lat", "lon"]).with_coordinate(time.clone()).with_coordinate(lat);
    Input::of(field, Some(time))
}

/// The mean of what is there; NaN of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for value in values.filter(|value| !value.is_nan()) {
        (sum, count) = (sum + value, count + 1);
    }
    sum / f64::from(count)
}

#[track_caller]
fn assert_is(workload: Workload, input: &Input, expected: &ArrayD<f64>) {
    let folder = tempfile::tempdir().unwrap();
    let scratch = folder.path().to_str().unwrap();
    let session =
        Session::builder().memory_limit("64MiB".parse().unwrap()).threads(2).scratch(scratch).build().unwrap();
    let found = session.compute(&lazy(workload, input).unwrap()).unwrap();
    assert_eq!(found.shape(), expected.shape());
    for (at, expected) in expected.indexed_iter() {
        let found = f64::from(found[&at]);
        let near = (found - expected).abs() <= 2e-7 * expected.abs().max(1.0);
        assert!(near || (found.is_nan() && expected.is_nan()), "{workload:?} {at:?}: {found} for {expected}");
    }
}

/// A row for each of `groups`, of each cell the mean of the days in it.
fn grouped(values: &ArrayD<f64>, groups: &[usize]) -> ArrayD<f64> {
    let count = groups.iter().max().map_or(0, |last| last + 1);
    ArrayD::from_shape_fn(IxDyn(&[count, 4, LONGITUDES]), |at| {
        mean((0..DAYS).filter(|&day| groups[day] == at[0]).map(|day| values[[day, at[1], at[2]]]))
    })
}

fn numbers(of: impl Fn((i32, usize, usize)) -> usize) -> Vec<usize> {
    dates().into_iter().map(of).collect()
}

#[test]
fn means_and_medians_are_over_what_is_there() {
    let (input, all) = (input(), dense().mapv(f64::from).into_dyn());
    assert_is(Workload::Mean, &input, &all.map_axis(Axis(0), |lane| mean(lane.iter().copied())));
    let deviation = all.map_axis(Axis(0), |lane| {
        let middle = mean(lane.iter().copied());
        // As the workload rounds: what is subtracted is a float of 32 bits, and so is the difference.
        let apart = || lane.iter().map(|&value| f64::from(value as f32 - middle as f32));
        let centre = mean(apart());
        mean(apart().map(|value| (value - centre).powi(2))).sqrt()
    });
    assert_is(Workload::AnomalyStd, &input, &deviation);
    let median = all.map_axis(Axis(0), |lane| {
        let mut valid: Vec<f64> = lane.iter().copied().filter(|value| !value.is_nan()).collect();
        valid.sort_by(f64::total_cmp);
        let middle = |at: usize| valid.get(at).copied().unwrap_or(f64::NAN);
        f64::midpoint(middle(valid.len().saturating_sub(1) / 2), middle(valid.len() / 2))
    });
    assert_is(Workload::TimeMedian, &input, &median);
}

#[test]
fn months_are_averaged_by_cell_and_then_by_area() {
    let months = numbers(|(year, month, _)| (year as usize - 2003) * 12 + month - 1);
    let maps = grouped(&dense().mapv(f64::from).into_dyn(), &months);
    let lines: Vec<f64> = maps
        .outer_iter()
        .map(|map| {
            let (mut sum, mut area) = (0.0, 0.0);
            for (at, &value) in map.indexed_iter().filter(|(_, value)| !value.is_nan()) {
                let weight = LATITUDES[at[0]].to_radians().cos();
                (sum, area) = (sum + weight * value, area + weight);
            }
            sum / area
        })
        .collect();
    assert_eq!(lines.len(), 36);
    assert_is(Workload::Monthly, &input(), &ArrayD::from_shape_vec(IxDyn(&[36]), lines).unwrap());
    // Without latitudes all cells are alike.
    let bare = Field::new("sst", input().field.array().clone(), ["time", "y", "x"]);
    let time = input().field.coordinate("time").unwrap().clone();
    let bare = Input::of(bare.with_coordinate(time.clone()), Some(time));
    let alike: Vec<f64> = maps.outer_iter().map(|map| mean(map.iter().copied())).collect();
    assert_is(Workload::Monthly, &bare, &ArrayD::from_shape_vec(IxDyn(&[36]), alike).unwrap());
}

#[test]
fn anomalies_are_from_the_day_of_the_year() {
    let all = dense().mapv(f64::from).into_dyn();
    let days = numbers(|(_, _, day)| day - 1);
    let climatology = grouped(&all, &days);
    assert_eq!(climatology.shape()[0], 366);
    assert_is(Workload::Climatology, &input(), &climatology);
    let apart = ArrayD::from_shape_fn(all.raw_dim(), |at| {
        f64::from((all[&at] as f32 - climatology[[days[at[0]], at[1], at[2]]] as f32).abs())
    });
    assert_is(Workload::Anomaly, &input(), &grouped(&apart, &numbers(|(year, _, _)| year as usize - 2003)));
}

#[test]
fn a_trend_is_the_slope_a_year() {
    let slopes = dense().mapv(f64::from).into_dyn().map_axis(Axis(0), |lane| {
        let valid = || lane.iter().enumerate().filter(|(_, value)| !value.is_nan());
        let year = |day: usize| day as f64 / 365.2425;
        let (time, centre) = (mean(valid().map(|(day, _)| year(day))), mean(valid().map(|(_, &value)| value)));
        let products: f64 = valid().map(|(day, &value)| (year(day) - time) * (value - centre)).sum();
        products / valid().map(|(day, _)| (year(day) - time).powi(2)).sum::<f64>()
    });
    // Of one day there is no slope.
    assert!(slopes[[0, 1]].is_nan() && slopes[[1, 4]] > 1.0);
    assert_is(Workload::Trend, &input(), &slopes);
}

#[test]
fn what_has_no_times_is_refused_where_they_are_needed() {
    let bare = Input::of(Field::new("x", Array::ones(&[4, 2], "auto"), ["a", "b"]), None);
    for workload in [Workload::Monthly, Workload::Climatology, Workload::Anomaly, Workload::Trend] {
        let error = lazy(workload, &bare).unwrap_err();
        assert!(error.is_usage() && error.line().contains("needs the times of x"), "{}", error.line());
    }
    assert_eq!(lazy(Workload::Mean, &bare).unwrap().dimensions(), ["b"]);
}
