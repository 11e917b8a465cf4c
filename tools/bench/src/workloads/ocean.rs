//! What is computed of sea-surface temperatures, or of any other variable of netCDF files, by its labels.
//!
//! Results that are one map or one line are computed at once. A stack of maps (a climatology has 366) may be larger than
//! memory: it is persisted, so that it may go to scratch, and read map by map.

use std::time::Instant;

use thermocline::io::netcdf::{AttributeValue, Coordinate, Field, FieldGroups, Store, TimePart};
use thermocline::{Plan, Session};

use super::{Drawable, Output};
use crate::account::Account;
use crate::cli::{Run, Workload};
use crate::error::Result;
use crate::input::Input;
use crate::labels;
use crate::report::Description;

/// About how many bytes of a stack are read at once.
const SLAB: usize = 32 << 20;

/// What a workload makes of the input.
pub(crate) fn lazy(workload: Workload, input: &Input) -> Result<Field<f32>> {
    let (x, along) = (&input.field, input.along());
    let by = |x: &Field<f32>, part: TimePart| -> Result<FieldGroups<f32>> {
        Ok(x.group_by(input.times(workload)?.name(), part))
    };
    Ok(match workload {
        Workload::AnomalyStd => (x - &x.mean(along)).std(along),
        Workload::TimeMedian => x.median(along),
        Workload::Monthly => area_mean(input, &by(x, TimePart::YearMonth)?.mean(), along),
        Workload::Climatology => by(x, TimePart::DayOfYear)?.mean(),
        Workload::Anomaly => by(&by(x, TimePart::DayOfYear)?.anomaly().map(f32::abs), TimePart::Year)?.mean(),
        Workload::Trend => trend(input)?,
        _ => x.mean(along),
    })
}

/// The mean over all dimensions but `kept` of what is there, each cell by its area: that goes with the cosine of its
/// latitude. All cells are alike where nothing tells the latitude along a dimension.
pub(crate) fn area_mean(input: &Input, x: &Field<f32>, kept: &str) -> Field<f32> {
    let others: Vec<&str> = x.dimensions().iter().map(String::as_str).filter(|&own| own != kept).collect();
    let weights = input.latitudes().filter(|known| known.dimension().is_some_and(|own| others.contains(&own)));
    match weights {
        _ if others.is_empty() => x.clone(),
        Some(latitudes) => {
            let area = latitudes.to_field().map(|degrees| degrees.to_radians().cos());
            x.weighted_mean(&others[..], &area)
        }
        None => x.mean(&others[..]),
    }
}

/// The slope of the least-squares line, a year.
fn trend(input: &Input) -> Result<Field<f32>> {
    let times = input.times(Workload::Trend)?;
    let calendar = times.time_units()?.calendar();
    // The mean of 400 years, in which Gregorian leap years repeat.
    let days: u32 = (1600..2000).map(|year| u32::from(calendar.days_in_year(year))).sum();
    let year = f64::from(days) / 400.0 * 86_400e6;
    let years = times.times()?.into_iter().map(|time| time.map_or(f64::NAN, |time| time.micros() as f64 / year));
    let years = Coordinate::new("years", years.collect::<Vec<_>>()).along(times.dimension().unwrap_or_default());
    Ok(input.field.clone().with_coordinate(years).slope("years"))
}

/// Whether a workload's result is a stack of maps.
fn is_stack(workload: Workload) -> bool {
    matches!(workload, Workload::Climatology | Workload::Anomaly)
}

pub(super) fn plan(run: &Run, session: &Session) -> Result<Plan> {
    let lazy = lazy(run.workload, &Input::open(run)?)?;
    Ok(if is_stack(run.workload) { session.plan_persist(&lazy)? } else { session.plan(&lazy)? })
}

pub(super) fn once(run: &Run, session: &Session) -> Result<()> {
    let lazy = lazy(run.workload, &Input::open(run)?)?.checked()?;
    if is_stack(run.workload) {
        session.persist(&lazy).map(drop)?;
    } else {
        session.compute(&lazy).map(drop)?;
    }
    Ok(())
}

pub(super) fn work(run: &Run, session: &Session, account: &Account) -> Result<Option<Drawable>> {
    let start = Instant::now();
    let input = Input::open(run)?;
    account.values((input.field.array().size() * size_of::<f32>()) as u64);
    let lazy = lazy(run.workload, &input)?.checked()?;
    if run.workload == Workload::Monthly {
        let by_area = "cells by the cosine of their latitude";
        account.weights(if input.latitudes().is_some() { by_area } else { "all cells alike: no axis has latitudes" });
    }
    if run.plot.is_some() && !labels::is_line(run.workload) {
        labels::plane(&lazy.shape())?;
    }
    // Found out before anything runs whether it can be written.
    let stores: Vec<Store<f32>> = store(&lazy, run).map(Store::checked).into_iter().collect::<Result<_, _>>()?;
    let output = if is_stack(run.workload) {
        account.planned(&session.plan_persist(&lazy)?);
        let kept = session.persist(&lazy);
        account.took(start);
        let kept = kept?;
        account.described(describe(&kept, session, account)?);
        if let Some(store) = store(&kept, run) {
            account.planned(&session.plan(&store)?);
            session.compute(&store)?;
            account.took(start);
        }
        Output::Kept(kept)
    } else {
        // In one run: what both need is made once.
        let wanted = (&lazy, &stores[..]);
        account.planned(&session.plan(wanted)?);
        let computed = session.compute(wanted);
        account.took(start);
        let (values, _) = computed?;
        account.results(std::slice::from_ref(&values));
        Output::Whole(lazy, values)
    };
    Ok(run.plot.is_some().then_some(Drawable { input, output }))
}

/// What writes a result to the file that is wanted.
fn store(result: &Field<f32>, run: &Run) -> Option<Store<f32>> {
    let source = format!("thermocline bench run {}", run.workload.name());
    let out = run.out.as_deref()?;
    Some(result.store(out).file_attribute("source", AttributeValue::Text(source)))
}

/// Describes a persisted result, a few maps at a time.
fn describe(kept: &Field<f32>, session: &Session, account: &Account) -> Result<Description> {
    let mut description = Description::default();
    let shape = kept.shape();
    let row = shape[1..].iter().product::<usize>().max(1) * size_of::<f32>();
    let rows = (SLAB / row).max(1);
    for from in (0..shape[0]).step_by(rows) {
        let slab = kept.isel(&kept.dimensions()[0], from as isize..(from + rows).min(shape[0]) as isize);
        account.planned(&session.plan(&slab)?);
        description.add(&session.compute(&slab)?);
    }
    Ok(description.shaped(shape))
}

#[cfg(test)]
mod tests;
