//! One workload at many limits, down to its floor and a byte below: what the limit promises, as a table.

use thermocline::ByteSize;

use crate::cli::Run;
use crate::error::{BenchError, Result};
use crate::interrupt::Interrupt;
use crate::print;
use crate::report::{Json, Outcome, Report, reset_peak_rss};
use crate::run;

/// What a process may have resident beside what is charged to the limit, and what a thread may.
const BESIDE: u64 = 64 << 20;
const BESIDE_A_THREAD: u64 = 2 << 20;

/// A limit to run at.
struct Limit {
    name: &'static str,
    bytes: u64,
}

/// Runs a workload at all its limits, prints a line for each, and writes the figures of all as JSON.
///
/// # Errors
/// [`BenchError::Promise`] where a run did not keep what the limit promises.
pub(crate) fn outcomes(options: &Run, interrupt: &Interrupt) -> Result<()> {
    if options.settings.memory_limit.is_some()
        || options.plot.is_some()
        || options.out.is_some()
        || options.csv_out.is_some()
    {
        let problem =
            "--memory-limit, --plot, --out, --csv-out: outcomes chooses the limits, and draws and writes nothing";
        return Err(BenchError::Usage(problem.into()));
    }
    let json = options.json.as_deref().map(Json::create).transpose()?;
    print(HEAD)?;
    let mut reports: Vec<Report> = Vec::new();
    let outcome = all(options, interrupt, &mut reports);
    json.map_or(Ok(()), |json| json.write(&reports))?;
    outcome
}

fn all(options: &Run, interrupt: &Interrupt, reports: &mut Vec<Report>) -> Result<()> {
    let plan = {
        let options = options.clone();
        interrupt.guard(move || run::planned(&options), |_| ())?.0
    };
    let run_at = |limit: &Limit, reports: &mut Vec<Report>| -> Result<Report> {
        let report = at(limit, options, interrupt)?;
        print(&line(limit, &report))?;
        reports.push(report.clone());
        Ok(report)
    };
    let ample = run_at(&Limit { name: "2", bytes: 2 * plan.working_set().bytes() }, reports)?;
    kept(&ample, &ample)?;
    // A workload may be several runs; what all of them need is only known once they have been begun.
    let (working_set, floor) = (ample.working_set_bytes.unwrap_or(0), ample.floor_bytes.unwrap_or(0));
    let shares = [("1", 1), ("1/2", 2), ("1/4", 4)].map(|(name, of)| Limit { name, bytes: working_set / of });
    let above = shares.into_iter().filter(|limit| limit.bytes > floor);
    for limit in above.chain([Limit { name: "floor", bytes: floor }]) {
        kept(&run_at(&limit, reports)?, &ample)?;
    }
    refused(&run_at(&Limit { name: "below", bytes: plan.floor().bytes().saturating_sub(1) }, reports)?)
}

/// One run. That it fails is in the report.
fn at(limit: &Limit, options: &Run, interrupt: &Interrupt) -> Result<Report> {
    let mut options = options.clone();
    options.settings.memory_limit = Some(ByteSize::new(limit.bytes).into());
    reset_peak_rss()?;
    let (report, outcome) = run::once(&options, interrupt, Vec::new());
    match outcome {
        Err(error) if report.outcome != Outcome::MemoryLimit => Err(error),
        _ => Ok(report),
    }
}

fn bound(report: &Report) -> u64 {
    let threads = report.threads.unwrap_or(1) as u64;
    report.memory_limit_bytes.unwrap_or(0) + BESIDE + BESIDE_A_THREAD * threads
}

/// Whether a run came to the same as the `ample` one, within its limit.
fn kept(report: &Report, ample: &Report) -> Result<()> {
    let limit = ByteSize::new(report.memory_limit_bytes.unwrap_or(0));
    let broken = |what: String| Err(BenchError::Promise(format!("at {limit} {what}")));
    if report.outcome != Outcome::Ok {
        return broken(report.error.clone().unwrap_or_default());
    }
    if report.result_sha256 != ample.result_sha256 {
        return broken("the result has other bits".into());
    }
    if report.ledger_peak_bytes > report.stated_peak_bytes || report.stated_peak_bytes > report.memory_limit_bytes {
        return broken(format!("{} were charged", size(report.ledger_peak_bytes)));
    }
    if report.peak_rss_bytes > Some(bound(report)) {
        let (found, most) = (size(report.peak_rss_bytes), ByteSize::new(bound(report)));
        return broken(format!("{found} were resident, of {most} at most"));
    }
    Ok(())
}

/// Whether a run below the floor was refused before it had begun.
fn refused(report: &Report) -> Result<()> {
    if report.outcome == Outcome::MemoryLimit && report.tasks == Some(0) {
        return Ok(());
    }
    Err(BenchError::Promise(format!(
        "{} is below the floor, but was not refused at once",
        size(report.memory_limit_bytes)
    )))
}

const HEAD: &str = "share    limit        outcome        time  ledger peak  peak RSS     spilled      expected     \
    reloaded     expected     sha256\n";

fn line(limit: &Limit, report: &Report) -> String {
    let outcome = match report.outcome {
        Outcome::MemoryLimit => "memory-limit",
        _ => "ok",
    };
    let time = report.wall_s.map_or_else(String::new, |wall| format!("{wall:.2} s"));
    let sizes = [
        report.ledger_peak_bytes,
        report.peak_rss_bytes,
        report.spilled_bytes,
        report.expected_spilled_bytes,
        report.reloaded_bytes,
        report.expected_reloaded_bytes,
    ];
    let sizes: String = sizes.into_iter().map(|bytes| format!("{:<13}", size(bytes))).collect();
    let bits = report.result_sha256.as_deref().map_or("", |sha256| &sha256[..12]);
    let own = ByteSize::new(limit.bytes).to_string();
    format!("{:<8} {own:<12} {outcome:<12} {time:>7}  {sizes}{bits}\n", limit.name)
}

fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "?".to_owned(), |bytes| ByteSize::new(bytes).to_string())
}
