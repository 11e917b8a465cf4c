//! How near a workload comes to what its bytes need: each stored byte that it reads at the rate of the bare decoder, each
//! byte that it spills or reloads at the rate of the disk.
//!
//! A round times, in turn: the [decoder](Decoded) over all files, the workload, and the disk under the first scratch folder,
//! with as many bytes as were spilled (between 256 MiB and 1 GiB, and only where some were). What is read, spilled and
//! reloaded is what the session counted. A workload may read files more than once: that is part of what it needs. The
//! ratio is the median of the rounds' own. Decoding, writing and reading may go on at the same time, so that a ratio may be
//! below one. Before the first round all files are read once, into the system's cache.

use std::fmt::Write as _;
use std::time::Instant;

use serde::Serialize;
use thermocline::{ByteSize, Session, Stats};

use super::bare::{self, Day, Decoded};
use super::disk::{Rates, rates};
use super::median;
use crate::cli::Limit;
use crate::error::{BenchError, Result};
use crate::input::series;
use crate::workloads;

/// The fewest and the most bytes that the disk is tried with.
const LEAST: u64 = 256 << 20;
const MOST: u64 = 1 << 30;

/// One round, or the medians of all.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Round {
    /// Seconds that the workload took.
    wall_s: f64,
    /// Seconds that its bytes need: the sum of the three below.
    needed_s: f64,
    decode_s: f64,
    spill_s: f64,
    reload_s: f64,
    ratio: f64,
    /// Stored bytes a second, of the decoder.
    decoded_per_s: f64,
    /// Bytes a second, of the disk; 0 where it was not tried.
    written_per_s: f64,
    read_per_s: f64,
    input_bytes: u64,
    spilled_bytes: u64,
    reloaded_bytes: u64,
}

/// The medians. Other programs may rely on the names.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    workload: String,
    threads: usize,
    memory_limit_bytes: u64,
    days: usize,
    stored_bytes: u64,
    rounds: usize,
    #[serde(flatten)]
    median: Round,
}

/// Times the decoder, the workload and the disk. Each run has a session with the settings of `session`.
pub(super) fn measure(options: &Limit, session: &Session) -> Result<Figures> {
    let days = bare::days_of(&series(&options.dir)?)?;
    bare::fold::<Decoded>(&days, session.config().threads())?;
    let rounds = (0..options.rounds).map(|_| round(options, &days, session)).collect::<Result<Vec<_>>>()?;
    Ok(Figures {
        workload: options.workload.name(),
        threads: session.config().threads(),
        memory_limit_bytes: session.config().memory_limit().bytes(),
        days: days.len(),
        stored_bytes: bare::stored_bytes(&days),
        rounds: rounds.len(),
        median: medians(&rounds),
    })
}

fn round(options: &Limit, days: &[Day], session: &Session) -> Result<Round> {
    let start = Instant::now();
    bare::fold::<Decoded>(days, session.config().threads())?;
    let decoded_per_s = bare::stored_bytes(days) as f64 / start.elapsed().as_secs_f64();
    let before = session.stats();
    let start = Instant::now();
    workloads::once(&options.run(), session)?;
    let wall_s = start.elapsed().as_secs_f64();
    let did = Did::between(&before, &session.stats());
    let rates = if did.spilled + did.reloaded > 0 { disk(session, did.spilled)? } else { Rates::default() };
    Ok(Round::new(wall_s, decoded_per_s, did, rates))
}

/// What the disk does with about as many bytes as were `spilled`.
fn disk(session: &Session, spilled: u64) -> Result<Rates> {
    let Some(tier) = session.config().scratch().first() else { return Ok(Rates::default()) };
    let folder = &tier.path;
    rates(folder, spilled.clamp(LEAST, MOST) as usize).map_err(BenchError::io(folder, "trying how fast the disk is in"))
}

/// What a run read, spilled and reloaded.
#[derive(Clone, Copy)]
struct Did {
    input: u64,
    spilled: u64,
    reloaded: u64,
}

impl Did {
    fn between(before: &Stats, after: &Stats) -> Self {
        Self {
            input: after.input_bytes - before.input_bytes,
            spilled: after.spilled_bytes - before.spilled_bytes,
            reloaded: after.reloaded_bytes - before.reloaded_bytes,
        }
    }
}

impl Round {
    fn new(wall_s: f64, decoded_per_s: f64, did: Did, disk: Rates) -> Self {
        let at = |bytes: u64, rate: f64| if bytes == 0 { 0.0 } else { bytes as f64 / rate };
        let decode_s = at(did.input, decoded_per_s);
        let (spill_s, reload_s) = (at(did.spilled, disk.write), at(did.reloaded, disk.read));
        let needed_s = decode_s + spill_s + reload_s;
        Self {
            wall_s,
            needed_s,
            decode_s,
            spill_s,
            reload_s,
            ratio: wall_s / needed_s,
            decoded_per_s,
            written_per_s: disk.write,
            read_per_s: disk.read,
            input_bytes: did.input,
            spilled_bytes: did.spilled,
            reloaded_bytes: did.reloaded,
        }
    }
}

/// The median of each figure.
fn medians(rounds: &[Round]) -> Round {
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    let bytes = |figure: fn(&Round) -> u64| median(rounds.iter().map(|round| figure(round) as f64)) as u64;
    Round {
        wall_s: of(|round| round.wall_s),
        needed_s: of(|round| round.needed_s),
        decode_s: of(|round| round.decode_s),
        spill_s: of(|round| round.spill_s),
        reload_s: of(|round| round.reload_s),
        ratio: of(|round| round.ratio),
        decoded_per_s: of(|round| round.decoded_per_s),
        written_per_s: of(|round| round.written_per_s),
        read_per_s: of(|round| round.read_per_s),
        input_bytes: bytes(|round| round.input_bytes),
        spilled_bytes: bytes(|round| round.spilled_bytes),
        reloaded_bytes: bytes(|round| round.reloaded_bytes),
    }
}

impl Figures {
    pub(super) fn table(&self) -> String {
        let Round { wall_s, needed_s, decode_s, spill_s, reload_s, ratio, .. } = self.median;
        let rate = |per_s: f64| ByteSize::new(per_s as u64);
        let limit = ByteSize::new(self.memory_limit_bytes);
        let mut table = format!("{}: {} threads, {} days, limit {limit}\n", self.workload, self.threads, self.days);
        let passes = self.median.input_bytes as f64 / self.stored_bytes as f64;
        let read = format!("read {passes:.2} times");
        for (name, bytes, seconds, per_s) in [
            (&*read, self.median.input_bytes, decode_s, self.median.decoded_per_s),
            ("spilled", self.median.spilled_bytes, spill_s, self.median.written_per_s),
            ("reloaded", self.median.reloaded_bytes, reload_s, self.median.read_per_s),
        ] {
            let line = match bytes {
                0 => format!("{name:<16} nothing"),
                _ => {
                    format!("{name:<16} {:<11} {seconds:>8.3} s at {}/s", ByteSize::new(bytes).to_string(), rate(per_s))
                }
            };
            // Writing to a string does not fail.
            let _infallible = writeln!(table, "{line}");
        }
        table
            + &format!("{:<28} {needed_s:>8.3} s\n{:<28} {wall_s:>8.3} s\n", "its bytes need", "it took")
            + &format!("{ratio:.3} times as long, median of {} rounds\n", self.rounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_need_what_the_decoder_and_the_disk_take_for_them() {
        let did = Did { input: 1000, spilled: 300, reloaded: 200 };
        let round = Round::new(9.0, 500.0, did, Rates { write: 100.0, read: 200.0 });
        assert_eq!((round.decode_s, round.spill_s, round.reload_s), (2.0, 3.0, 1.0));
        assert_eq!((round.needed_s, round.ratio), (6.0, 1.5));
        let read = Did { spilled: 0, reloaded: 0, ..did };
        assert_eq!(Round::new(3.0, 500.0, read, Rates::default()).ratio, 1.5);
    }
}
