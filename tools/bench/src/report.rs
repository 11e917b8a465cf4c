//! What a run took: as JSON for programs, as a table for people.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use thermocline::ndarray::ArrayD;
use thermocline::{ByteSize, Config, Error, Plan, Stats};

use crate::error::{BenchError, Result};

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Ok,
    MemoryLimit,
    #[default]
    Error,
    Cancelled,
}

impl Outcome {
    fn of(error: Option<&BenchError>) -> Self {
        match error {
            None => Self::Ok,
            Some(error) if error.is_cancelled() => Self::Cancelled,
            Some(BenchError::Library(Error::MemoryLimit { .. })) => Self::MemoryLimit,
            Some(_) => Self::Error,
        }
    }
}

/// The figures of a run. Other programs rely on the names; what is not known is null.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) workload: String,
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<String>,
    pub(crate) wall_s: Option<f64>,
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) ledger_peak_bytes: Option<u64>,
    pub(crate) stated_peak_bytes: Option<u64>,
    pub(crate) floor_bytes: Option<u64>,
    pub(crate) working_set_bytes: Option<u64>,
    pub(crate) memory_limit_bytes: Option<u64>,
    pub(crate) expected_input_bytes: Option<u64>,
    pub(crate) expected_spilled_bytes: Option<u64>,
    pub(crate) expected_reloaded_bytes: Option<u64>,
    pub(crate) spilled_bytes: Option<u64>,
    pub(crate) reloaded_bytes: Option<u64>,
    pub(crate) redone_tasks: Option<u64>,
    pub(crate) scratch_peak_bytes: Option<u64>,
    pub(crate) tasks: Option<u64>,
    pub(crate) threads: Option<usize>,
    pub(crate) input_bytes: Option<u64>,
    pub(crate) logical_bytes: Option<u64>,
    pub(crate) result_shape: Option<Vec<usize>>,
    pub(crate) result_dtype: Option<&'static str>,
    pub(crate) result_mean: Option<f64>,
    /// The mean of values times their places in C order, as parts of the whole: values in wrong places change it.
    pub(crate) result_moment: Option<f64>,
    pub(crate) result_valid: Option<usize>,
    pub(crate) result_sha256: Option<String>,
    /// Of the input, what was read through the HDF5 library: for the table alone.
    #[serde(skip)]
    pub(crate) library_bytes: u64,
    /// Whether the input is text: for the table alone.
    #[serde(skip)]
    pub(crate) is_csv: bool,
    /// How the cells of a mean over the area were weighed: for the table alone.
    #[serde(skip)]
    pub(crate) weights: Option<&'static str>,
}

/// An element type of results.
pub(crate) trait Number: Copy + Into<f64> {
    const DTYPE: &'static str;

    /// Appends its bytes, least first; one and the same NaN for all.
    fn append_to(self, bytes: &mut Vec<u8>);
}

macro_rules! number {
    ($($name:ident $dtype:literal),+) => {$(
        impl Number for $name {
            const DTYPE: &'static str = $dtype;

            fn append_to(self, bytes: &mut Vec<u8>) {
                let canonical = if self.is_nan() { Self::NAN } else { self };
                bytes.extend_from_slice(&canonical.to_le_bytes());
            }
        }
    )+};
}

number!(f32 "float32", f64 "float64");

/// So many bytes are hashed at once: a call for each number would take longer than the hash.
const HASHED: usize = 16 << 10;

/// What is told of a result, of which parts may come one after the other: NaN is missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Description {
    hash: Sha256,
    shape: Vec<usize>,
    dtype: Option<&'static str>,
    valid: usize,
    sum: f64,
    /// How many there were, missing ones with them.
    count: usize,
    /// The sum of values times their indices.
    moment: f64,
}

impl Description {
    /// Of some results, all of one shape; of several as if they were stacked.
    pub(crate) fn of<T: Number>(results: &[ArrayD<T>]) -> Self {
        let mut description = Self::default();
        results.iter().for_each(|result| description.add(result));
        let each = results.first().map_or(&[][..], ArrayD::shape);
        let several = (results.len() > 1).then_some(results.len());
        description.shaped(several.into_iter().chain(each.iter().copied()).collect())
    }

    /// Goes on with the next part, in C order.
    pub(crate) fn add<T: Number>(&mut self, part: &ArrayD<T>) {
        self.dtype = Some(T::DTYPE);
        let mut bytes = Vec::with_capacity(HASHED + size_of::<f64>());
        // In C order, whatever the layout.
        for &value in part {
            value.append_to(&mut bytes);
            if bytes.len() >= HASHED {
                self.hash.update(&bytes);
                bytes.clear();
            }
            let value: f64 = value.into();
            if !value.is_nan() {
                self.valid += 1;
                self.sum += value;
                self.moment += value * self.count as f64;
            }
            self.count += 1;
        }
        self.hash.update(&bytes);
    }

    /// Of a table: rows and columns, how many values are not missing, their sum, and the sum of values times their places.
    #[cfg(feature = "tables")]
    pub(crate) fn of_table(hash: Sha256, shape: [usize; 2], valid: usize, sum: f64, moment: f64) -> Self {
        let count = shape.iter().product();
        Self { hash, shape: shape.into(), dtype: Some("table"), valid, sum, count, moment }
    }

    /// The shape of all parts together.
    pub(crate) fn shaped(mut self, shape: Vec<usize>) -> Self {
        self.shape = shape;
        self
    }
}

impl Report {
    pub(crate) fn new(workload: &str) -> Self {
        Self { workload: workload.to_owned(), ..Self::default() }
    }

    /// What a session has to work with.
    pub(crate) fn configured(&mut self, config: &Config) {
        self.memory_limit_bytes = Some(config.memory_limit().bytes());
        self.threads = Some(config.threads());
    }

    /// What a plan states. Of several runs, the largest need and all of the traffic.
    pub(crate) fn planned(&mut self, plan: &Plan) {
        self.stated_peak_bytes = self.stated_peak_bytes.max(Some(plan.stated_peak().bytes()));
        self.floor_bytes = self.floor_bytes.max(Some(plan.floor().bytes()));
        self.working_set_bytes = self.working_set_bytes.max(Some(plan.working_set().bytes()));
        let add = |sum: &mut Option<u64>, more: ByteSize| *sum = Some(sum.unwrap_or(0) + more.bytes());
        add(&mut self.expected_input_bytes, plan.expected_read());
        add(&mut self.expected_spilled_bytes, plan.expected_spill());
        add(&mut self.expected_reloaded_bytes, plan.expected_reload());
    }

    /// What a session did.
    pub(crate) fn did(&mut self, stats: &Stats) {
        self.ledger_peak_bytes = Some(stats.ledger_peak_bytes);
        self.spilled_bytes = Some(stats.spilled_bytes);
        self.reloaded_bytes = Some(stats.reloaded_bytes);
        self.redone_tasks = Some(stats.redone_tasks);
        self.scratch_peak_bytes = Some(stats.scratch_peak_bytes);
        self.tasks = Some(stats.tasks);
        self.input_bytes = Some(stats.input_bytes);
        self.library_bytes = stats.library_bytes;
    }

    /// Takes down what came out.
    pub(crate) fn described(&mut self, description: Description) {
        let Description { hash, shape, dtype, valid, sum, count, moment } = description;
        self.result_shape = Some(shape);
        self.result_dtype = dtype;
        self.result_valid = Some(valid);
        self.result_mean = (valid > 0).then(|| sum / valid as f64);
        self.result_moment = (valid > 0).then(|| moment / valid as f64 / count as f64);
        self.result_sha256 = Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
    }

    /// Takes down how it ended.
    pub(crate) fn ended(&mut self, error: Option<&BenchError>) {
        self.outcome = Outcome::of(error);
        self.error = error.map(BenchError::line);
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let mut table = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a string does not fail.
            let _infallible = writeln!(table, "{name:<12} {value}");
        };
        line("workload", self.workload.clone());
        if let Some(wall) = self.wall_s {
            let rate = self.logical_bytes.unwrap_or(0) as f64 / wall.max(1e-9) / 1e9;
            let what = if self.is_csv { "CSV" } else { "values" };
            line("time", format!("{wall:.2} s, {rate:.2} GB/s of {what}"));
        }
        let threads = self.threads.unwrap_or(0);
        line("tasks", format!("{} on {threads} thread{}", count(self.tasks), if threads == 1 { "" } else { "s" }));
        line("input", self.input());
        line("memory limit", size(self.memory_limit_bytes));
        line("stated peak", format!("{}, floor {}", size(self.stated_peak_bytes), size(self.floor_bytes)));
        line("ledger peak", format!("{}, peak RSS {}", size(self.ledger_peak_bytes), size(self.peak_rss_bytes)));
        line("spilled", self.scratch());
        if let Some(weights) = self.weights {
            line("weights", weights.to_owned());
        }
        if let (Some(shape), Some(valid), Some(dtype)) = (&self.result_shape, self.result_valid, self.result_dtype) {
            let mean = self.result_mean.map_or_else(String::new, |mean| format!(", mean {mean:.6}"));
            line("result", format!("{dtype} {shape:?}, {valid} valid{mean}"));
        }
        if let Some(sha256) = &self.result_sha256 {
            line("sha256", sha256.clone());
        }
        table
    }

    /// What was read, and which way.
    fn input(&self) -> String {
        let Some(read) = self.input_bytes.filter(|&read| read > 0) else {
            return format!("none: {} made up", size(self.logical_bytes));
        };
        if self.is_csv {
            return format!("{} read, of {} of CSV", ByteSize::new(read), size(self.logical_bytes));
        }
        let way = match self.library_bytes {
            0 => "all of it directly".to_owned(),
            all if all >= read => "all of it through the HDF5 library".to_owned(),
            some => {
                let share = 100.0 * some as f64 / read as f64;
                format!("{:.0} % directly, {share:.0} % through the HDF5 library", 100.0 - share)
            }
        };
        format!("{} stored, {} as float32; {way}", ByteSize::new(read), size(self.logical_bytes))
    }

    fn scratch(&self) -> String {
        if self.spilled_bytes == Some(0) {
            return "nothing".to_owned();
        }
        let (spilled, reloaded) = (size(self.spilled_bytes), size(self.reloaded_bytes));
        format!("{spilled}, reloaded {reloaded}, {} on scratch at most", size(self.scratch_peak_bytes))
    }
}

fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "?".to_owned(), |bytes| ByteSize::new(bytes).to_string())
}

fn count(number: Option<u64>) -> String {
    number.map_or_else(|| "?".to_owned(), |number| number.to_string())
}

/// The file that a report is written to: opened before anything runs, so that hours of work don't end in a folder that
/// can't be written, and so that an earlier run's figures are not taken for this one's.
#[derive(Debug)]
pub(crate) struct Json {
    path: PathBuf,
    file: File,
}

impl Json {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).map_err(BenchError::io(path, "creating the file"))?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(crate) fn write(mut self, report: &impl Serialize) -> Result<()> {
        let text =
            serde_json::to_string_pretty(report).map_err(|error| BenchError::file(&self.path, error.to_string()))?;
        writeln!(self.file, "{text}").map_err(BenchError::io(&self.path, "writing"))
    }
}

/// The most memory that this process had resident.
pub(crate) fn peak_rss() -> Option<u64> {
    status("VmHWM:")
}

fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The memory that this process has resident now.
pub(crate) fn resident() -> Option<u64> {
    status("VmRSS:")
}

/// Forgets that peak: from now on it is what is resident now, or more.
pub(crate) fn reset_peak_rss() -> Result<()> {
    let path = Path::new("/proc/self/clear_refs");
    std::fs::write(path, "5").map_err(BenchError::io(path, "writing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use thermocline::ndarray::arr1;

    #[test]
    fn a_result_is_hashed_as_its_bytes_with_one_nan_for_all() {
        let odd_nan = f32::from_bits(0xffc0_1234);
        let mut report = Report::default();
        report.described(Description::of(&[arr1(&[1.0_f32, odd_nan]).into_dyn()]));
        assert_eq!((report.result_valid, report.result_mean), (Some(1), Some(1.0)));
        let expected = Sha256::digest([0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f]);
        let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(report.result_sha256, Some(expected));
    }

    #[test]
    fn values_in_other_places_have_another_moment() {
        let moment = |parts: &[ArrayD<f32>]| {
            let mut report = Report::default();
            report.described(Description::of(parts));
            report.result_moment.unwrap()
        };
        let part = |values: &[f32]| arr1(values).into_dyn();
        // (1 * 0 + 4 * 2 + 2 * 3) / 4 places / 3 values.
        assert_eq!(moment(&[part(&[1.0, f32::NAN]), part(&[4.0, 2.0])]), 14.0 / 12.0);
        assert_eq!(moment(&[part(&[1.0, f32::NAN]), part(&[2.0, 4.0])]), 16.0 / 12.0);
    }

    #[test]
    fn a_transposed_result_is_hashed_in_c_order() {
        let rows = arr1(&[0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0]).into_shape_with_order((2, 3)).unwrap();
        let columns = rows.t().as_standard_layout().into_owned();
        let hash = |array: ArrayD<f32>| {
            let mut report = Report::default();
            report.described(Description::of(&[array]));
            report.result_sha256
        };
        assert_eq!(hash(rows.clone().reversed_axes().into_dyn()), hash(columns.into_dyn()));
    }

    #[test]
    fn the_table_says_which_way_the_input_was_read() {
        let mut report = Report { input_bytes: Some(1000), ..Report::default() };
        assert!(report.table().contains("all of it directly"), "{}", report.table());
        report.library_bytes = 250;
        assert!(report.table().contains("75 % directly, 25 % through the HDF5 library"), "{}", report.table());
        report.library_bytes = 1000;
        assert!(report.table().contains("all of it through the HDF5 library"), "{}", report.table());
    }
}
