//! What scratch takes, as measured. A decision by time never changes a result, only how long it takes (**D1**).

use std::time::Duration;

/// Shorter transfers say more of system calls than of the disk.
const LEAST: u64 = 256 << 10;

const MIB: u64 = 1 << 20;

/// Nanoseconds a MiB: an average in which the latest transfer has a weight of a quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace(u64);

impl Pace {
    /// A disk that writes 300 MB/s: what is assumed before anything was measured.
    pub(crate) const WRITE: Self = Self(3_500_000);

    /// A disk that reads 1 GB/s.
    pub(crate) const READ: Self = Self(1_000_000);

    pub(crate) fn learn(&mut self, bytes: u64, elapsed: Duration) {
        if bytes >= LEAST {
            let nanos = elapsed.as_nanos() * u128::from(MIB) / u128::from(bytes);
            let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
            self.0 = self.0.saturating_mul(3).saturating_add(nanos) / 4;
        }
    }

    /// What `bytes` take.
    pub(crate) fn of(self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes) * u128::from(self.0) / u128::from(MIB);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The paces of the disk itself: stored bytes, without packing and unpacking.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disk {
    pub(super) write: Pace,
    pub(super) read: Pace,
}

impl Default for Disk {
    fn default() -> Self {
        Self { write: Pace::WRITE, read: Pace::READ }
    }
}

impl Disk {
    /// What it takes to write `bytes` and to read them again.
    pub(super) fn round_trip(&self, bytes: u64) -> Duration {
        self.write.of(bytes).saturating_add(self.read.of(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_learned_from_long_transfers() {
        let mut pace = Pace::READ;
        pace.learn(LEAST - 1, Duration::from_secs(100));
        assert_eq!(pace, Pace::READ);
        for _ in 0..40 {
            pace.learn(1 << 30, Duration::from_secs(10));
        }
        assert!(pace.of(1 << 30).abs_diff(Duration::from_secs(10)) < Duration::from_millis(100), "{pace:?}");
        pace.learn(1 << 30, Duration::MAX);
        assert_eq!(pace.of(u64::MAX), Duration::from_nanos(u64::MAX));
    }
}
