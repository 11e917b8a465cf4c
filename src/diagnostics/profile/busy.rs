//! How busy a worker was, over time: exact, however many tasks there were.

use std::time::Duration;

/// So many bins at most; then each two become one.
const BINS: usize = 1024;

/// Busy time by bins of equal width.
#[derive(Clone, Debug)]
pub(crate) struct Busy {
    width: Duration,
    bins: Vec<Duration>,
}

impl Default for Busy {
    fn default() -> Self {
        Self { width: Duration::from_millis(1), bins: Vec::new() }
    }
}

impl Busy {
    /// It was busy from `start` on for `elapsed`.
    pub(super) fn add(&mut self, start: Duration, elapsed: Duration) {
        let end = start + elapsed;
        while end.div_duration_f64(self.width) >= BINS as f64 {
            self.widen();
        }
        let first = start.div_duration_f64(self.width) as usize;
        let last = end.div_duration_f64(self.width) as usize;
        if self.bins.len() <= last {
            self.bins.resize(last + 1, Duration::ZERO);
        }
        for bin in first..=last {
            let from = start.max(self.width * bin as u32);
            let to = end.min(self.width * (bin as u32 + 1));
            self.bins[bin] += to.saturating_sub(from);
        }
    }

    fn widen(&mut self) {
        self.width *= 2;
        self.bins = self.bins.chunks(2).map(|pair| pair.iter().sum()).collect();
    }

    /// The width of a bin, and the share of each in which it was busy.
    pub(crate) fn shares(&self) -> (Duration, Vec<f64>) {
        (self.width, self.bins.iter().map(|busy| busy.div_duration_f64(self.width)).collect())
    }

    /// In all.
    pub(crate) fn total(&self) -> Duration {
        self.bins.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_shared_out_among_the_bins_it_covers() {
        let ms = Duration::from_millis;
        let mut busy = Busy::default();
        busy.add(Duration::from_micros(500), ms(2));
        assert_eq!(busy.shares(), (ms(1), vec![0.5, 1.0, 0.5]));
        busy.add(ms(1500), ms(500));
        let (width, shares) = busy.shares();
        assert_eq!((width, shares.len()), (ms(2), 1001));
        assert!((shares[0] - 0.75).abs() < 1e-9 && (shares[750] - 1.0).abs() < 1e-9, "{:?}", &shares[749..753]);
        assert_eq!(busy.total(), ms(502));
    }
}
