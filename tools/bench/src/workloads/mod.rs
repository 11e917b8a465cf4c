//! The workloads: what each computes, of what.
//!
//! A workload is a plan, for `bench plan`, and the work itself, which tells an [`Account`] what it is going to need
//! before it starts, and what came out.
//!
//! Those on tables need polars, which takes longer to build than all else together: they are there with the feature
//! `tables`.

#[cfg(feature = "tables")]
mod flights;
pub(crate) mod made;
mod ocean;

use thermocline::io::netcdf::Field;
use thermocline::ndarray::ArrayD;
use thermocline::{Plan, Session};

pub(crate) use ocean::area_mean;

use crate::account::Account;
use crate::cli::Run;
use crate::error::{BenchError, Result};
use crate::input::Input;

/// What is left to be drawn of a run.
#[derive(Debug)]
pub(crate) struct Drawable {
    pub(crate) input: Input,
    pub(crate) output: Output,
}

/// What came out of a run.
#[derive(Debug)]
pub(crate) enum Output {
    /// A field and its values.
    Whole(Field<f32>, ArrayD<f32>),
    /// A field that the session keeps.
    Kept(Field<f32>),
}

/// Whether what is said of tables is said to a workload on tables.
fn check(run: &Run) -> Result<()> {
    let tables = !run.csv.is_empty() || run.csv_out.is_some() || run.planes.is_some() || run.airports.is_some();
    if tables && !run.workload.is_of_tables() {
        let problem = format!("--csv, --csv-out, --planes, --airports: {} reads no CSV files", run.workload.name());
        return Err(BenchError::Usage(problem));
    }
    if !cfg!(feature = "tables") && run.workload.is_of_tables() {
        return Err(BenchError::without_tables(&run.workload.name()));
    }
    Ok(())
}

/// States what a workload would need.
pub(crate) fn plan(run: &Run, session: &Session) -> Result<Plan> {
    check(run)?;
    match run.workload {
        workload if made::has(workload) => made::plan(run, session),
        #[cfg(feature = "tables")]
        workload if workload.is_of_tables() => flights::plan(run, session),
        _ => ocean::plan(run, session),
    }
}

/// Does the work, and gives what is to be drawn of it, if that is wanted.
pub(crate) fn work(run: &Run, session: &Session, account: &Account) -> Result<Option<Drawable>> {
    check(run)?;
    if made::has(run.workload) {
        return made::work(run, session, account).map(|()| None);
    }
    #[cfg(feature = "tables")]
    if run.workload.is_of_tables() {
        return flights::work(run, session, account).map(|()| None);
    }
    ocean::work(run, session, account)
}

/// Does the work of a workload that reads files, and nothing with what comes out.
///
/// # Errors
/// [`BenchError::Usage`] where it reads none.
pub(crate) fn once(run: &Run, session: &Session) -> Result<()> {
    if made::has(run.workload) {
        return Err(BenchError::Usage(format!("{} reads no files: there is nothing to decode", run.workload.name())));
    }
    ocean::once(run, session)
}
