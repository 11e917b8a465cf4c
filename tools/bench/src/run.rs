//! Runs a workload and reports what it took.

use std::sync::Arc;

use thermocline::{Config, Observer, Plan, Session};

use crate::account::Account;
use crate::cli::{Run, Workload};
use crate::error::{BenchError, Result};
use crate::interrupt::Interrupt;
use crate::labels;
use crate::plot::Png;
use crate::print;
use crate::profiled::Profiled;
use crate::progress::Shown;
use crate::report::{Json, Report, peak_rss};
use crate::workloads::{self, Drawable, made};

/// States what a workload would need; also as JSON, with what is only known after a run left out.
pub(crate) fn plan(run: &Run, interrupt: &Interrupt) -> Result<()> {
    let json = run.json.as_deref().map(Json::create).transpose()?;
    let mut report = Report::new(&run.workload.name());
    let planned = {
        let run = run.clone();
        interrupt.guard(move || planned(&run), |_| ())
    };
    if let Ok((plan, config)) = &planned {
        report.planned(plan);
        report.tasks = Some(plan.tasks() as u64);
        report.configured(config);
    }
    report.ended(planned.as_ref().err());
    let written = json.map_or(Ok(()), |json| json.write(&report));
    let (plan, _) = planned?;
    written?;
    let refused = plan.floor() > plan.memory_limit();
    let advice = if refused { "\nthe limit is below the floor: this would be refused" } else { "" };
    print(&format!("{plan}{advice}\n"))
}

/// What a workload would need, in a session of what settings.
pub(crate) fn planned(run: &Run) -> Result<(Plan, Config)> {
    let session = run.settings.session()?;
    Ok((workloads::plan(run, &session)?, session.config().clone()))
}

/// Runs a workload, and nothing else. The figures, and what came of it.
pub(crate) fn once(
    run: &Run,
    interrupt: &Interrupt,
    mut observers: Vec<Arc<dyn Observer>>,
) -> (Report, Result<(Session, Option<Drawable>)>) {
    let shown = Shown::new(run.no_progress, run.live);
    observers.extend(shown.observer());
    let session = run.settings.session_with(observers);
    let mut report = Report::new(&run.workload.name());
    if let Ok(session) = &session {
        report.configured(session.config());
    }
    let account = Arc::new(Account::new(report, shown));
    let outcome = session.and_then(|session| {
        let outcome = measure(run, &session, &account, interrupt)?;
        Ok((session, outcome))
    });
    let mut report = account.finish();
    report.peak_rss_bytes = peak_rss();
    report.ended(outcome.as_ref().err());
    (report, outcome)
}

/// Runs a workload; prints the table, and writes the JSON whatever happens. Then draws the picture, if it is wanted.
pub(crate) fn run(run: &Run, interrupt: &Interrupt) -> Result<()> {
    let table = run.workload.is_of_tables();
    if run.plot.is_some() && (made::has(run.workload) || table) {
        return Err(BenchError::Usage(format!("--plot: there is nothing to draw of {}", run.workload.name())));
    }
    if run.out.is_some() && table {
        return Err(BenchError::Usage(format!("--out: {} makes a table: use --csv-out", run.workload.name())));
    }
    if run.out.is_some() && made::has(run.workload) {
        return Err(BenchError::Usage(format!("--out: {} makes nothing to be written", run.workload.name())));
    }
    let json = run.json.as_deref().map(Json::create).transpose()?;
    let png = run.plot.as_deref().map(Png::open).transpose()?;
    let profiled = run.report.as_deref().map(Profiled::create).transpose()?;
    let observers = profiled.iter().map(Profiled::observer).collect();
    let (report, outcome) = once(run, interrupt, observers);
    let written = json.map_or(Ok(()), |json| json.write(&report));
    let written = written.and(profiled.map_or(Ok(()), |profiled| profiled.write(run, outcome.as_ref().err())));
    let (session, result) = outcome?;
    written?;
    print(&report.table())?;
    if let Some(out) = run.out.as_ref().or(run.csv_out.as_ref()) {
        print(&format!("{:<12} {}\n", "file", out.display()))?;
    }
    if let Some(path) = &run.report {
        print(&format!("{:<12} {}\n", "report", path.display()))?;
    }
    let (Some(png), Some(result)) = (png, result) else { return Ok(()) };
    draw(&session, run.workload, result, png, interrupt)
}

fn draw(session: &Session, workload: Workload, result: Drawable, png: Png, interrupt: &Interrupt) -> Result<()> {
    let path = png.path().display().to_string();
    let work = {
        let session = session.clone();
        move || {
            let picture = labels::picture(&session, workload, result)?;
            png.write(&picture)?;
            Ok(picture.name())
        }
    };
    let name = interrupt.guard(work, |end| {
        if end {
            session.cancel();
        }
    })?;
    print(&format!("{name:<12} {path}\n"))
}

fn measure(run: &Run, session: &Session, account: &Arc<Account>, interrupt: &Interrupt) -> Result<Option<Drawable>> {
    let work = {
        let (run, session, account) = (run.clone(), session.clone(), account.clone());
        move || workloads::work(&run, &session, &account)
    };
    let outcome = interrupt.guard(work, |end| {
        account.show();
        if end {
            // Again at each tick: the work may begin another run.
            session.cancel();
        }
    });
    account.did(&session.stats());
    outcome
}
