//! What the disk under the scratch folder does by itself: `dd`, a loop of synced writes, cold reads.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::fs::{Advice, MemfdFlags, fadvise, memfd_create};

use super::data::noise;

/// One read or write of the loops.
const PIECE: usize = 1 << 20;

/// A folder, and bytes to be written to it that nothing makes smaller.
pub(crate) struct Disk {
    folder: PathBuf,
    /// The bytes as a file in memory, for `dd`.
    source: File,
    bytes: usize,
}

/// So often is each tried: a virtual disk may take several times as long where it was never written before.
const TRIES: usize = 3;

/// Bytes a second, written and read.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rates {
    pub(crate) write: f64,
    pub(crate) read: f64,
}

impl Disk {
    pub(crate) fn new(folder: &Path, bytes: usize) -> Self {
        let piece = noise(PIECE);
        let mut source = File::from(memfd_create("noise", MemfdFlags::CLOEXEC).unwrap());
        (0..bytes / PIECE).for_each(|_| source.write_all(&piece).unwrap());
        Self { folder: folder.to_owned(), source, bytes: bytes / PIECE * PIECE }
    }

    /// Bytes a second of `dd conv=fdatasync`, the best of several tries; `None` where there is no `dd`.
    pub(crate) fn dd(&self) -> Option<f64> {
        (0..TRIES).filter_map(|_| self.dd_once()).max_by(f64::total_cmp)
    }

    fn dd_once(&self) -> Option<f64> {
        let target = self.folder.join("dd");
        let source = format!("if=/proc/{}/fd/{}", std::process::id(), self.source.as_raw_fd());
        let into = format!("of={}", target.display());
        let start = Instant::now();
        let mut command = Command::new("dd");
        command.args([&source, &into, "bs=1M", "conv=fdatasync"]).stderr(Stdio::null());
        let outcome = command.status().ok()?;
        let seconds = start.elapsed().as_secs_f64();
        std::fs::remove_file(target).ok()?;
        outcome.success().then_some(self.bytes as f64 / seconds)
    }

    /// Bytes a second of a loop of positioned writes, synced at its end; then of two threads that read them from the disk.
    /// The best of several tries.
    pub(crate) fn rates(&self) -> Rates {
        let best =
            |best: Rates, next: Rates| Rates { write: best.write.max(next.write), read: best.read.max(next.read) };
        (0..TRIES).map(|_| self.rates_once()).fold(Rates::default(), best)
    }

    fn rates_once(&self) -> Rates {
        let (file, piece) = (tempfile::tempfile_in(&self.folder).unwrap(), noise(PIECE));
        let start = Instant::now();
        (0..self.bytes).step_by(PIECE).for_each(|at| file.write_all_at(&piece, at as u64).unwrap());
        file.sync_data().unwrap();
        let write = self.bytes as f64 / start.elapsed().as_secs_f64();
        fadvise(&file, 0, None, Advice::DontNeed).unwrap();
        let start = Instant::now();
        let half = (self.bytes / PIECE).div_ceil(2) * PIECE;
        std::thread::scope(|scope| {
            for from in [0, half] {
                let (file, to) = (&file, (from + half).min(self.bytes));
                scope.spawn(move || read(file, from, to));
            }
        });
        Rates { write, read: self.bytes as f64 / start.elapsed().as_secs_f64() }
    }
}

fn read(file: &File, from: usize, to: usize) {
    let mut piece = vec![0; PIECE];
    for at in (from..to).step_by(PIECE) {
        file.read_exact_at(&mut piece, at as u64).unwrap();
        // Somebody has to look at them.
        let sum = piece.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
        std::hint::black_box(sum);
    }
}
