//! What the disk under the scratch folder does by itself: `dd`, and the loops that `bench limit` has for it.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::fs::{MemfdFlags, memfd_create};

#[path = "../../tools/bench/src/limit/disk.rs"]
mod loops;

pub(crate) use loops::Rates;
use loops::noise;

/// One write to what `dd` reads.
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

    /// Bytes a second of the loops, the best of several tries.
    pub(crate) fn rates(&self) -> Rates {
        let best =
            |best: Rates, next: Rates| Rates { write: best.write.max(next.write), read: best.read.max(next.read) };
        (0..TRIES).map(|_| loops::rates(&self.folder, self.bytes).unwrap()).fold(Rates::default(), best)
    }
}
