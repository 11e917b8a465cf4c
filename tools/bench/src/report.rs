//! What a run took: as JSON for programs, as a table for people.

use serde::Serialize;
use sha2::{Digest, Sha256};
use thermocline::ByteSize;
use thermocline::ndarray::ArrayD;

/// The figures of a run. Other programs rely on the names; what is not known is null.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) workload: String,
    pub(crate) outcome: String,
    pub(crate) error: Option<String>,
    pub(crate) wall_s: Option<f64>,
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) ledger_peak_bytes: Option<u64>,
    pub(crate) stated_peak_bytes: Option<u64>,
    pub(crate) floor_bytes: Option<u64>,
    pub(crate) memory_limit_bytes: Option<u64>,
    pub(crate) spilled_bytes: Option<u64>,
    pub(crate) reloaded_bytes: Option<u64>,
    pub(crate) redone_tasks: Option<u64>,
    pub(crate) scratch_peak_bytes: Option<u64>,
    pub(crate) tasks: Option<u64>,
    pub(crate) threads: Option<usize>,
    pub(crate) input_bytes: Option<u64>,
    pub(crate) logical_bytes: Option<u64>,
    pub(crate) result_shape: Option<Vec<usize>>,
    pub(crate) result_dtype: Option<String>,
    pub(crate) result_mean: Option<f64>,
    pub(crate) result_valid: Option<usize>,
    pub(crate) result_sha256: Option<String>,
}

impl Report {
    /// Describes a result: NaN is missing.
    pub(crate) fn describe<T: Into<f64> + Copy>(
        &mut self,
        result: &ArrayD<T>,
        dtype: &str,
        bytes: impl Fn(T) -> Vec<u8>,
    ) {
        let valid = || result.iter().map(|&value| value.into()).filter(|value: &f64| !value.is_nan());
        let mut hash = Sha256::new();
        // In C order, little-endian; the library's NaN are canonical.
        result.iter().for_each(|&value| hash.update(bytes(value)));
        let count = valid().count();
        self.result_shape = Some(result.shape().to_vec());
        self.result_dtype = Some(dtype.to_owned());
        self.result_valid = Some(count);
        self.result_mean = (count > 0).then(|| valid().sum::<f64>() / count as f64);
        self.result_sha256 = Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let size = |bytes: Option<u64>| bytes.map_or_else(|| "?".to_owned(), |bytes| ByteSize::new(bytes).to_string());
        let mut lines = vec![("workload", self.workload.clone()), ("outcome", self.outcome.clone())];
        if let Some(wall) = self.wall_s {
            let rate = self.logical_bytes.map_or(0.0, |bytes| bytes as f64 / wall / 1e9);
            lines.push(("time", format!("{wall:.2} s, {rate:.2} GB/s")));
        }
        lines.push(("input", format!("{} stored, {} in memory", size(self.input_bytes), size(self.logical_bytes))));
        lines.push(("tasks", self.tasks.map_or_else(String::new, |tasks| tasks.to_string())));
        lines.push(("stated peak", format!("{} of {}", size(self.stated_peak_bytes), size(self.memory_limit_bytes))));
        lines.push(("ledger peak", size(self.ledger_peak_bytes)));
        lines.push(("peak RSS", size(self.peak_rss_bytes)));
        lines.push(("floor", size(self.floor_bytes)));
        lines.push(("spilled", format!("{}, reloaded {}", size(self.spilled_bytes), size(self.reloaded_bytes))));
        if let (Some(shape), Some(valid), Some(mean)) = (&self.result_shape, self.result_valid, self.result_mean) {
            lines.push(("result", format!("{shape:?}, {valid} valid, mean {mean:.6}")));
        }
        lines.iter().map(|(name, value)| format!("{name:<12} {value}\n")).collect()
    }
}

/// The most memory that this process had resident.
pub(crate) fn peak_rss() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use thermocline::ndarray::arr1;

    #[test]
    fn the_keys_are_those_that_others_rely_on() {
        let json = serde_json::to_value(Report::default()).unwrap();
        let mut keys: Vec<&String> = json.as_object().unwrap().keys().collect();
        keys.sort();
        let mut expected: Vec<&str> = "workload outcome error wall_s peak_rss_bytes ledger_peak_bytes \
            stated_peak_bytes floor_bytes memory_limit_bytes spilled_bytes reloaded_bytes redone_tasks \
            scratch_peak_bytes tasks threads input_bytes logical_bytes result_shape result_dtype result_mean \
            result_valid result_sha256"
            .split_whitespace()
            .collect();
        expected.sort_unstable();
        assert_eq!(keys, expected);
    }

    #[test]
    fn a_result_is_hashed_as_its_bytes() {
        let mut report = Report::default();
        report.describe(&arr1(&[1.0_f32, f32::NAN]).into_dyn(), "float32", |value| value.to_le_bytes().to_vec());
        assert_eq!((report.result_valid, report.result_mean), (Some(1), Some(1.0)));
        let expected = Sha256::digest([0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f]);
        let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(report.result_sha256, Some(expected));
    }
}
