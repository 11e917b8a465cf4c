//! How near the library comes to what the hardware can do with the same files.
//!
//! Of `mean` that is what a [bare loop](bare) takes, which decodes and folds: [`mean`]. Other workloads read some files
//! more than once, or put chunks on scratch: [`needs`] compares them with what decoding, writing and reading so many bytes
//! takes by itself.

mod bare;
mod disk;
mod mean;
mod needs;

use serde::Serialize;

use crate::cli::{Limit, Workload};
use crate::error::{BenchError, Result};
use crate::interrupt::Interrupt;
use crate::print;
use crate::report::Json;

/// What one call took, in seconds.
#[derive(Clone, Copy, Debug, Serialize)]
struct Took {
    /// By the clock.
    wall_s: f64,
    /// Of the processors, by all threads.
    cpu_s: f64,
}

/// Measures, and prints the figures.
pub(crate) fn limit(options: &Limit, interrupt: &Interrupt) -> Result<()> {
    if options.workload.is_of_tables() {
        let problem = format!("{} reads no netCDF files: there is no bare loop for it", options.workload.name());
        return Err(BenchError::Usage(problem));
    }
    let json = options.json.as_deref().map(Json::create).transpose()?;
    let session = options.settings.session()?;
    let (options, work) = (options.clone(), session.clone());
    let cancel = |end| {
        if end {
            session.cancel();
        }
    };
    if options.workload == Workload::Mean {
        let figures = interrupt.guard(move || mean::measure(&options, &work), cancel)?;
        json.map_or(Ok(()), |json| json.write(&figures))?;
        return print(&figures.table());
    }
    let figures = interrupt.guard(move || needs::measure(&options, &work), cancel)?;
    json.map_or(Ok(()), |json| json.write(&figures))?;
    print(&figures.table())
}

/// The seconds that this process has had of the processors.
fn processor_time() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The middle of some figures, the lower one of two; NaN of none.
fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = of.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}
