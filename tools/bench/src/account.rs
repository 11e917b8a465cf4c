//! What the thread that works tells the one that waits.

use std::time::Instant;

use parking_lot::Mutex;
use thermocline::ndarray::ArrayD;
use thermocline::{Plan, Stats};

use crate::progress::Shown;
use crate::report::{Description, Number, Report};

/// The figures of a run so far, and how far it is.
#[derive(Debug)]
pub(crate) struct Account {
    report: Mutex<Report>,
    shown: Shown,
}

impl Account {
    pub(crate) fn new(report: Report, shown: Shown) -> Self {
        Self { report: Mutex::new(report), shown }
    }

    /// Takes down how many bytes of values there are to be worked on.
    pub(crate) fn values(&self, bytes: u64) {
        self.report.lock().logical_bytes = Some(bytes);
    }

    /// Takes down how many bytes of CSV there are to be worked on.
    #[cfg(feature = "tables")]
    pub(crate) fn csv(&self, bytes: u64) {
        let mut report = self.report.lock();
        (report.logical_bytes, report.is_csv) = (Some(bytes), true);
    }

    /// Takes down how the cells of a mean over the area are weighed.
    pub(crate) fn weights(&self, weights: &'static str) {
        self.report.lock().weights = Some(weights);
    }

    /// Takes down what a run is going to need.
    pub(crate) fn planned(&self, plan: &Plan) {
        self.report.lock().planned(plan);
    }

    /// Takes down the time since the work began: again after each part of it, also after one that failed.
    pub(crate) fn took(&self, start: Instant) {
        self.report.lock().wall_s = Some(start.elapsed().as_secs_f64());
    }

    /// Describes what came out.
    pub(crate) fn results<T: Number>(&self, results: &[ArrayD<T>]) {
        self.described(Description::of(results));
    }

    /// As [`results`](Self::results), of what was described part by part.
    pub(crate) fn described(&self, description: Description) {
        self.report.lock().described(description);
    }

    /// Shows how far it is.
    pub(crate) fn show(&self) {
        self.shown.tick();
    }

    /// Takes down what a session did.
    pub(crate) fn did(&self, stats: &Stats) {
        self.report.lock().did(stats);
    }

    /// The figures, when all is done.
    pub(crate) fn finish(&self) -> Report {
        self.shown.finish();
        self.report.lock().clone()
    }
}
