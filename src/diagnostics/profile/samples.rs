//! Memory and counters over time.

use std::time::Duration;

use crate::stats::Stats;

/// Between two samples at first. Where that gives too many every second one goes, and they are taken half as often.
const INTERVAL: Duration = Duration::from_millis(10);

/// So many are kept.
const MOST: usize = 4096;

/// What a session held at an instant, and had done by then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Since the profile was made.
    pub(crate) at: Duration,
    pub(crate) stats: Stats,
    /// The resident memory of the process, where the system tells.
    pub(crate) rss: Option<u64>,
}

impl Sample {
    pub(super) fn take(at: Duration, stats: Stats) -> Self {
        Self { at, stats, rss: resident_bytes() }
    }
}

/// Samples at even distances.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    list: Vec<Sample>,
    interval: Duration,
}

impl Default for Samples {
    fn default() -> Self {
        Self { list: Vec::new(), interval: INTERVAL }
    }
}

impl Samples {
    pub(super) fn push(&mut self, sample: Sample) {
        if self.list.len() == MOST {
            // What was highest stays to be seen.
            let merged = |pair: &[Sample]| {
                let mut last = pair[pair.len() - 1];
                last.rss = pair.iter().filter_map(|sample| sample.rss).max();
                last.stats.charged_bytes = pair.iter().map(|sample| sample.stats.charged_bytes).max().unwrap_or(0);
                last
            };
            self.list = self.list.chunks(2).map(merged).collect();
            self.interval *= 2;
        }
        self.list.push(sample);
    }

    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    pub(super) fn list(&self) -> &[Sample] {
        &self.list
    }
}

/// The resident memory of this process.
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stay_few_and_keep_the_highest() {
        let mut samples = Samples::default();
        for number in 0..5000_u64 {
            let charged_bytes = if number == 1234 { 77 } else { 1 };
            let stats = Stats { charged_bytes, ..Stats::default() };
            samples.push(Sample { at: Duration::from_millis(number), stats, rss: Some(number) });
        }
        assert_eq!(samples.list().len(), MOST / 2 + 5000 - MOST);
        assert_eq!(samples.interval(), 2 * INTERVAL);
        assert_eq!(samples.list().iter().filter(|sample| sample.stats.charged_bytes == 77).count(), 1);
        assert_eq!(samples.list().last().unwrap().rss, Some(4999));
    }

    #[test]
    fn this_process_has_memory() {
        assert!(resident_bytes().unwrap() > 1 << 20);
    }
}
