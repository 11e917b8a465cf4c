//! What scratch costs, as measured: whether it pays to make a chunk again rather than to store it.
//!
//! A decision by time never changes a result, only how long it takes (**D1**).

use std::time::Duration;

/// Nanoseconds a MiB before anything was measured: a disk that writes 300 MB/s and reads 1 GB/s.
const WRITE: u64 = 3_500_000;
const READ: u64 = 1_000_000;

/// Shorter transfers say more of system calls than of the disk.
const LEAST: u64 = 256 << 10;

const MIB: u64 = 1 << 20;

/// Nanoseconds a MiB, each an average in which the latest transfer has a weight of a quarter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    write: u64,
    read: u64,
}

impl Default for Rates {
    fn default() -> Self {
        Self { write: WRITE, read: READ }
    }
}

impl Rates {
    pub(crate) fn wrote(&mut self, bytes: u64, elapsed: Duration) {
        learn(&mut self.write, bytes, elapsed);
    }

    pub(crate) fn read(&mut self, bytes: u64, elapsed: Duration) {
        learn(&mut self.read, bytes, elapsed);
    }

    /// What it takes to write `bytes` and to read them again.
    pub(crate) fn round_trip(&self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes) * u128::from(self.write + self.read) / u128::from(MIB);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

fn learn(rate: &mut u64, bytes: u64, elapsed: Duration) {
    if bytes >= LEAST {
        let nanos = elapsed.as_nanos() * u128::from(MIB) / u128::from(bytes);
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        *rate = rate.saturating_mul(3).saturating_add(nanos) / 4;
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
