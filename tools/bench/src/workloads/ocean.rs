//! What is computed of sea-surface temperatures, or of any other variable of netCDF files.

use std::time::Instant;

use thermocline::{Array, Plan, Session};

use super::Drawable;
use crate::account::Account;
use crate::cli::{Run, Workload};
use crate::error::Result;
use crate::input::Input;
use crate::labels;

/// What a workload makes of the values.
fn lazy(workload: Workload, x: &Array<f32>) -> Array<f32> {
    match workload {
        Workload::AnomalyStd => (x - &x.nanmean(0)).nanstd(0),
        _ => x.nanmean(0),
    }
}

pub(super) fn plan(run: &Run, session: &Session) -> Result<Plan> {
    Ok(session.plan(&lazy(run.workload, &Input::open(run)?.values))?)
}

pub(super) fn work(run: &Run, session: &Session, account: &Account) -> Result<Option<Drawable>> {
    let start = Instant::now();
    let input = Input::open(run)?;
    account.values((input.values.size() * size_of::<f32>()) as u64);
    let lazy = lazy(run.workload, &input.values);
    if run.plot.is_some() {
        labels::plane(&lazy.shape())?;
    }
    account.planned(&session.plan(&lazy)?);
    let result = session.compute(&lazy);
    account.took(start);
    let values = result?;
    account.results(std::slice::from_ref(&values));
    Ok(run.plot.is_some().then_some(Drawable { input, values }))
}
