//! What scratch costs, as measured: whether it pays to make a chunk again rather than to store it.
//!
//! A decision by time never changes a result, only how long it takes (**D1**).

use std::time::Duration;

use crate::spill::Pace;

/// What chunks take to go to scratch and to come back, by their bytes in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    write: Pace,
    read: Pace,
}

impl Default for Rates {
    fn default() -> Self {
        Self { write: Pace::WRITE, read: Pace::READ }
    }
}

impl Rates {
    pub(crate) fn wrote(&mut self, bytes: u64, elapsed: Duration) {
        self.write.learn(bytes, elapsed);
    }

    pub(crate) fn read(&mut self, bytes: u64, elapsed: Duration) {
        self.read.learn(bytes, elapsed);
    }

    /// What it takes to write `bytes` and to read them again.
    pub(crate) fn round_trip(&self, bytes: u64) -> Duration {
        self.write.of(bytes).saturating_add(self.read.of(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_disk_is_noticed() {
        let mut rates = Rates::default();
        let before = rates.round_trip(1 << 30);
        for _ in 0..20 {
            rates.wrote(1 << 30, Duration::from_secs(100));
            rates.wrote(100, Duration::from_secs(100));
            rates.read(1 << 30, Duration::from_secs(10));
        }
        assert!(before < Duration::from_secs(5));
        let after = rates.round_trip(1 << 30);
        assert!(after > Duration::from_secs(100) && after < Duration::from_secs(111), "{after:?}");
        rates.wrote(1 << 30, Duration::MAX);
        assert!(rates.round_trip(u64::MAX) > after);
    }
}
