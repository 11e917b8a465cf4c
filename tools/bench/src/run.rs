//! Runs a workload and reports what it took.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use thermocline::ndarray::ArrayD;
use thermocline::{Array, Builder, Config, Plan, Session};

use crate::cli::{Run, Workload};
use crate::error::{BenchError, Result};
use crate::input::Input;
use crate::interrupt::Interrupt;
use crate::labels;
use crate::plot::Png;
use crate::print;
use crate::progress::Progress;
use crate::random::Random;
use crate::report::{Json, Report, peak_rss};

/// What the thread that works tells the one that waits.
#[derive(Debug)]
struct Account {
    report: Mutex<Report>,
    progress: Progress,
}

/// A session of what was said on the command line; the rest is up to the environment and the defaults.
fn builder(run: &Run) -> Builder {
    let mut builder = Session::builder();
    if let Some(limit) = run.memory_limit {
        builder = builder.memory_limit(limit);
    }
    if let Some(threads) = run.threads {
        builder = builder.threads(threads);
    }
    if let Some(scratch) = &run.scratch {
        builder = builder.scratch(scratch);
    }
    builder
}

/// What a workload makes of the values.
fn lazy(workload: Workload, x: &Array<f32>) -> Array<f32> {
    match workload {
        Workload::AnomalyStd => (x - &x.nanmean(0)).nanstd(0),
        _ => x.nanmean(0),
    }
}

/// States what a workload would need; also as JSON, with what is only known after a run left out.
pub(crate) fn plan(run: &Run, interrupt: &Interrupt) -> Result<()> {
    let json = run.json.as_deref().map(Json::create).transpose()?;
    let mut report = Report::new(run.workload.name());
    let planned = {
        let run = run.clone();
        interrupt.guard(move || planned(&run), |_| ())
    };
    if let Ok((plan, config)) = &planned {
        report.planned(plan);
        report.tasks = Some(plan.tasks() as u64);
        report.memory_limit_bytes = Some(config.memory_limit().bytes());
        report.threads = Some(config.threads());
    }
    report.ended(planned.as_ref().err());
    let written = json.map_or(Ok(()), |json| json.write(&report));
    let (plan, _) = planned?;
    written?;
    let refused = plan.floor() > plan.memory_limit();
    let advice = if refused { "\nthe limit is below the floor: this would be refused" } else { "" };
    print(&format!("{plan}{advice}\n"))
}

fn planned(run: &Run) -> Result<(Plan, Config)> {
    let session = builder(run).build()?;
    let plan = match run.workload {
        Workload::Spilling => session.plan_persist(&Array::from_source(Random::new(run.size.bytes())))?,
        workload => session.plan(&lazy(workload, &Input::open(run)?.values))?,
    };
    Ok((plan, session.config().clone()))
}

/// What is left to be drawn of a run.
#[derive(Debug)]
struct Drawable {
    input: Input,
    values: ArrayD<f32>,
}

/// Runs a workload; prints the table, and writes the JSON whatever happens. Then draws the map, if it is wanted.
pub(crate) fn run(run: &Run, interrupt: &Interrupt) -> Result<()> {
    if run.plot.is_some() && run.workload == Workload::Spilling {
        return Err(BenchError::Usage("--plot: there is nothing to draw of spilling".into()));
    }
    let json = run.json.as_deref().map(Json::create).transpose()?;
    let png = run.plot.as_deref().map(Png::open).transpose()?;
    let session = builder(run).build();
    let account = Arc::new(Account {
        report: Mutex::new(Report::new(run.workload.name())),
        progress: Progress::new(run.no_progress),
    });
    let outcome = session.map_err(BenchError::from).and_then(|session| {
        let outcome = measure(run, &session, &account, interrupt)?;
        Ok((session, outcome))
    });
    account.progress.finish();
    let mut report = account.report.lock().clone();
    report.peak_rss_bytes = peak_rss();
    report.ended(outcome.as_ref().err());
    let written = json.map_or(Ok(()), |json| json.write(&report));
    let (session, result) = outcome?;
    written?;
    print(&report.table())?;
    let (Some(png), Some(result)) = (png, result) else { return Ok(()) };
    draw(session, run.workload, result, png, interrupt)
}

fn draw(session: Session, workload: Workload, result: Drawable, png: Png, interrupt: &Interrupt) -> Result<()> {
    let path = png.path().display().to_string();
    let work = move || png.write(&labels::map(&session, workload, &result.input, result.values)?);
    interrupt.guard(work, |_| ())?;
    print(&format!("{:<12} {path}\n", "map"))
}

fn measure(run: &Run, session: &Session, account: &Arc<Account>, interrupt: &Interrupt) -> Result<Option<Drawable>> {
    {
        let mut report = account.report.lock();
        report.memory_limit_bytes = Some(session.config().memory_limit().bytes());
        report.threads = Some(session.config().threads());
    }
    let work = {
        let (run, session, account) = (run.clone(), session.clone(), account.clone());
        move || match run.workload {
            Workload::Spilling => spilling(&run, &session, &account),
            _ => ocean(&run, &session, &account),
        }
    };
    let outcome = interrupt.guard(work, |end| {
        account.progress.show(&session.stats());
        if end {
            // Again at each tick: the work may begin another run.
            session.cancel();
        }
    });
    account.report.lock().did(&session.stats());
    outcome
}

impl Account {
    /// Takes down what a run is going to need.
    fn planned(&self, plan: thermocline::Result<Plan>) -> Result<()> {
        let plan = plan?;
        self.report.lock().planned(&plan);
        self.progress.expect(plan.tasks());
        Ok(())
    }
}

fn ocean(run: &Run, session: &Session, account: &Account) -> Result<Option<Drawable>> {
    let start = Instant::now();
    let input = Input::open(run)?;
    account.report.lock().logical_bytes = Some((input.values.size() * size_of::<f32>()) as u64);
    let lazy = lazy(run.workload, &input.values);
    if run.plot.is_some() {
        labels::plane(&lazy.shape())?;
    }
    account.planned(session.plan(&lazy))?;
    let result = session.compute(&lazy);
    account.report.lock().wall_s = Some(start.elapsed().as_secs_f64());
    let values = result?;
    account.report.lock().describe(&values);
    Ok(run.plot.is_some().then_some(Drawable { input, values }))
}

fn spilling(run: &Run, session: &Session, account: &Account) -> Result<Option<Drawable>> {
    let source = Random::new(run.size.bytes());
    account.report.lock().logical_bytes = Some(run.size.bytes());
    let expected = source.sum();
    let start = Instant::now();
    let x = Array::from_source(source);
    account.planned(session.plan_persist(&x))?;
    let kept = session.persist(&x)?;
    for _ in 0..2 {
        let sum = kept.sum(..);
        account.planned(session.plan(&sum))?;
        let sum = session.compute(&sum)?;
        account.report.lock().wall_s = Some(start.elapsed().as_secs_f64());
        let found = sum.first().copied().unwrap_or(f64::NAN);
        // A sum in another order differs by rounding alone.
        if (found - expected).abs() > 1e-9 * expected.abs() {
            return Err(BenchError::WrongSum { found, expected });
        }
        account.report.lock().describe(&sum);
    }
    Ok(None)
}
