//! Lines over years, months of years, and days of the year.

use thermocline::io::netcdf::{Calendar, Coordinate, DateTime};
use thermocline::ndarray::ArrayD;

use super::said::Said;
use super::{is_global, years};
use crate::cli::Workload;
use crate::error::Result;
use crate::input::Input;
use crate::plot::{Line, step};

/// The most labels below a line.
const MOST_TICKS: f64 = 12.0;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The line of `values`, one for each label of the first of `coordinates`.
pub(super) fn line(
    workload: Workload,
    input: &Input,
    coordinates: &[Coordinate],
    values: &ArrayD<f32>,
) -> Result<Line> {
    let times = input.times(workload)?;
    let groups = coordinates.iter().find(|known| known.dimension().is_some());
    let labels = groups.map(Coordinate::values).unwrap_or_default();
    let (places, ticks) = match workload {
        Workload::Monthly => {
            let units = times.time_units()?;
            let month = |&label: &f64| {
                units.decode(label).map_or(f64::NAN, |first| (first.year() * 12 + i64::from(first.month()) - 1) as f64)
            };
            let places: Vec<f64> = labels.iter().map(month).collect();
            let ticks = months(&places);
            (places, ticks)
        }
        Workload::Climatology => (labels.to_vec(), days(times.time_units()?.calendar(), labels)),
        _ => (labels.to_vec(), whole_years(labels)),
    };
    let said = Said::of(&input.field);
    Ok(Line {
        title: said.title(workload, is_global(input), years(input)),
        legend: said.legend(workload),
        points: places.into_iter().zip(values.iter().map(|&value| f64::from(value))).collect(),
        ticks,
    })
}

fn ends(places: &[f64]) -> (f64, f64) {
    let known = places.iter().copied().filter(|place| place.is_finite());
    known.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), place| (low.min(place), high.max(place)))
}

/// Years, as many as fit.
fn whole_years(places: &[f64]) -> Vec<(f64, String)> {
    let (first, last) = ends(places);
    let step = step((last - first) / MOST_TICKS).max(1.0);
    multiples(first, last, step).map(|year| (year, format!("{year:.0}"))).collect()
}

/// The first months of years; of two years or less, months. A place is a month's number: twelve times the year, and the
/// months since January.
fn months(places: &[f64]) -> Vec<(f64, String)> {
    let (first, last) = ends(places);
    let apart = (last - first) / MOST_TICKS;
    if last - first < 24.0 {
        let step = [1.0, 2.0].into_iter().find(|&step| step >= apart).unwrap_or(3.0);
        let label = |month: f64| format!("{:04.0}-{:02.0}", (month / 12.0).floor(), month.rem_euclid(12.0) + 1.0);
        return multiples(first, last, step).map(|month| (month, label(month))).collect();
    }
    let step = 12.0 * step(apart / 12.0).max(1.0);
    multiples(first, last, step).map(|month| (month, format!("{:.0}", month / 12.0))).collect()
}

/// The first days of months, by their number in the year. Where there is a 366th day, they are those of a leap year.
fn days(calendar: Calendar, places: &[f64]) -> Vec<(f64, String)> {
    let (first, last) = ends(places);
    let year = if last > 365.0 { 2000 } else { 2001 };
    let day = |month: u8| DateTime::new(calendar, year, month, 1).map(|first| f64::from(first.day_of_year()));
    let all = (1..).zip(MONTHS).filter_map(|(month, name)| Some((day(month)?, name.to_owned())));
    all.filter(|(day, _)| (first..=last).contains(day)).collect()
}

fn multiples(first: f64, last: f64, step: f64) -> impl Iterator<Item = f64> {
    // Without a label there is no first and no last.
    let (from, to) = if first <= last { ((first / step).ceil() as i64, (last / step).floor() as i64) } else { (0, -1) };
    (from..=to).map(move |count| count as f64 * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: Vec<(f64, String)>) -> String {
        ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_dates_that_one_would_choose() {
        let range = |first: i32, last: i32| (first..=last).map(f64::from).collect::<Vec<_>>();
        assert_eq!(labels(whole_years(&range(1981, 1984))), "1981 1982 1983 1984");
        assert_eq!(labels(whole_years(&range(1981, 2015))), "1985 1990 1995 2000 2005 2010 2015");
        assert_eq!(labels(whole_years(&[1981.0])), "1981");
        let january = 12 * 1981;
        assert_eq!(labels(months(&range(january, january + 5))), "1981-01 1981-02 1981-03 1981-04 1981-05 1981-06");
        assert_eq!(
            labels(months(&range(january + 10, january + 23))),
            "1981-11 1982-01 1982-03 1982-05 1982-07 1982-09 1982-11"
        );
        assert_eq!(labels(months(&range(january, january + 47))), "1981 1982 1983 1984");
        assert_eq!(labels(months(&range(january, january + 35 * 12 - 1))), "1985 1990 1995 2000 2005 2010 2015");
        assert_eq!(months(&range(january, january + 47))[1].0, f64::from(january + 12));
        assert_eq!(labels(whole_years(&[])), "");
    }

    #[test]
    fn months_begin_where_the_calendar_has_them() {
        let all = |last: i32| (1..=last).map(f64::from).collect::<Vec<_>>();
        let march = |calendar, last| days(calendar, &all(last))[2].clone();
        assert_eq!(march(Calendar::Standard, 366), (61.0, "Mar".to_owned()));
        assert_eq!(march(Calendar::NoLeap, 365), (60.0, "Mar".to_owned()));
        assert_eq!(march(Calendar::Day360, 360), (61.0, "Mar".to_owned()));
        assert_eq!(labels(days(Calendar::Standard, &all(80))), "Jan Feb Mar");
    }
}
