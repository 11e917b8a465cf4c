//! Runs a workload and reports what it took.

use std::sync::Arc;
use std::time::Instant;

use thermocline::io::netcdf;
use thermocline::{Array, Builder, Plan, Session};

use crate::cli::{Run, Workload};
use crate::error::{BenchError, Result};
use crate::interrupt;
use crate::progress::Progress;
use crate::random::Random;
use crate::report::{Report, peak_rss};

/// The sources of a run, as one array.
fn input(run: &Run) -> Result<Array<f32>> {
    let patterns: Vec<String> = match &run.dir {
        Some(dir) => vec![format!("{}/sst*.nc", dir.display())],
        None => run.files.clone(),
    };
    if patterns.is_empty() {
        return Err(BenchError::Usage("say what to read: --files or --dir".into()));
    }
    let mut arrays = Vec::new();
    for pattern in &patterns {
        let files = netcdf::open_many(pattern.as_str())?;
        let name = match &run.var {
            Some(name) => name.clone(),
            None => variable(files.variables())?,
        };
        arrays.push(files.array::<f32>(&name)?);
    }
    let whole = if arrays.len() == 1 { arrays.remove(0) } else { Array::concatenate(&arrays, 0) };
    let whole = if run.chunks.is_empty() { whole } else { whole.rechunk(&run.chunks) };
    Ok(whole.checked()?)
}

/// `sst`, else the only variable of three or more dimensions.
fn variable(variables: &[netcdf::VariableInfo]) -> Result<String> {
    if variables.iter().any(|variable| variable.name == "sst") {
        return Ok("sst".into());
    }
    let large: Vec<&str> =
        variables.iter().filter(|variable| variable.shape.len() >= 3).map(|variable| variable.name.as_str()).collect();
    match large[..] {
        [one] => Ok(one.to_owned()),
        _ => Err(BenchError::Usage(format!("say which variable with --var: there are {}", large.join(", ")))),
    }
}

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

/// States what a workload would need.
pub(crate) fn plan(run: &Run) -> Result<()> {
    let session = builder(run).build()?;
    let plan = match run.workload {
        Workload::Spilling => session.plan_persist(&Array::from_source(Random::new(run.size.bytes())))?,
        _ => session.plan(&lazy(run, &input(run)?))?,
    };
    println!("{plan}");
    Ok(())
}

fn lazy(run: &Run, x: &Array<f32>) -> Array<f32> {
    match run.workload {
        Workload::AnomalyStd => (x - &x.nanmean(0)).nanstd(0),
        _ => x.nanmean(0),
    }
}

/// Runs a workload; prints the table, and writes the JSON whatever happens.
pub(crate) fn run(run: &Run) -> Result<()> {
    let mut report = Report { workload: run.workload.name().into(), ..Report::default() };
    let progress = Progress::new(run.no_progress);
    let outcome = measure(run, &mut report, &progress);
    progress.finish();
    report.peak_rss_bytes = peak_rss();
    report.outcome = match &outcome {
        Ok(()) => "ok",
        Err(error) if error.is_cancelled() => "cancelled",
        Err(BenchError::Library(thermocline::Error::MemoryLimit { .. })) => "memory-limit",
        Err(_) => "error",
    }
    .into();
    report.error = outcome.as_ref().err().map(BenchError::line);
    if let Some(path) = &run.json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| BenchError::file(path, error.to_string()))?;
        std::fs::write(path, text + "\n").map_err(BenchError::io(path, "writing"))?;
    }
    outcome?;
    print!("{}", report.table());
    Ok(())
}

fn measure(run: &Run, report: &mut Report, progress: &Arc<Progress>) -> Result<()> {
    let session = builder(run).observer(progress.clone()).build()?;
    report.memory_limit_bytes = Some(session.config().memory_limit().bytes());
    report.threads = Some(session.config().threads());
    interrupt::cancels(&session);
    let start = Instant::now();
    let outcome = match run.workload {
        Workload::Spilling => spilling(run, &session, report),
        _ => ocean(run, &session, report),
    };
    report.wall_s = Some(start.elapsed().as_secs_f64());
    let stats = session.stats();
    report.ledger_peak_bytes = Some(stats.ledger_peak_bytes);
    report.spilled_bytes = Some(stats.spilled_bytes);
    report.reloaded_bytes = Some(stats.reloaded_bytes);
    report.redone_tasks = Some(stats.redone_tasks);
    report.scratch_peak_bytes = Some(stats.scratch_peak_bytes);
    report.tasks = Some(stats.tasks);
    report.input_bytes = Some(stats.input_bytes);
    outcome
}

fn stated(report: &mut Report, plan: &Plan) {
    report.stated_peak_bytes = report.stated_peak_bytes.max(Some(plan.stated_peak().bytes()));
    report.floor_bytes = report.floor_bytes.max(Some(plan.floor().bytes()));
}

fn ocean(run: &Run, session: &Session, report: &mut Report) -> Result<()> {
    let x = input(run)?;
    report.logical_bytes = Some((x.size() * size_of::<f32>()) as u64);
    let result = lazy(run, &x);
    stated(report, &session.plan(&result)?);
    let result = session.compute(&result)?;
    report.describe(&result, "float32", |value| value.to_le_bytes().to_vec());
    Ok(())
}

fn spilling(run: &Run, session: &Session, report: &mut Report) -> Result<()> {
    let source = Random::new(run.size.bytes());
    report.logical_bytes = Some(run.size.bytes());
    let expected = source.sum();
    let x = Array::from_source(source);
    stated(report, &session.plan_persist(&x)?);
    let kept = session.persist(&x)?;
    for _ in 0..2 {
        let sum = kept.sum(..);
        stated(report, &session.plan(&sum)?);
        let sum = session.compute(&sum)?;
        let found = sum.iter().next().copied().unwrap_or(f64::NAN);
        if (found - expected).abs() > 1e-9 * expected.abs() {
            return Err(BenchError::Usage(format!("the sum is {found}, expected {expected}: this is a bug")));
        }
        report.describe(&sum, "float64", |value| value.to_le_bytes().to_vec());
    }
    Ok(())
}
