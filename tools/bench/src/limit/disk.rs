//! What the disk under a folder does by itself: positioned writes that are synced at the end, then cold reads.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::Instant;

use rustix::fs::{Advice, fadvise};

/// One read or write.
const PIECE: usize = 1 << 20;

/// Bytes a second, written and read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rates {
    pub(crate) write: f64,
    pub(crate) read: f64,
}

/// Writes about `bytes` bytes that nothing makes smaller to a file in `folder` that has no name, in one thread; then reads
/// them with two.
pub(crate) fn rates(folder: &Path, bytes: usize) -> io::Result<Rates> {
    let pieces = bytes.div_ceil(PIECE).max(1);
    let (file, piece) = (tempfile::tempfile_in(folder)?, noise(PIECE));
    let start = Instant::now();
    (0..pieces).try_for_each(|at| file.write_all_at(&piece, (at * PIECE) as u64))?;
    file.sync_data()?;
    let write = start.elapsed().as_secs_f64();
    fadvise(&file, 0, None, Advice::DontNeed)?;
    let start = Instant::now();
    let half = pieces.div_ceil(2);
    let parts = [0..half, half..pieces];
    let read: io::Result<Vec<()>> = thread::scope(|scope| {
        let readers = parts.map(|pieces| scope.spawn(|| pieces.into_iter().try_for_each(|at| read(&file, at))));
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap_or_else(|_| Err(io::Error::other("a reader panicked"))))
            .collect()
    });
    read?;
    let (bytes, read) = ((pieces * PIECE) as f64, start.elapsed().as_secs_f64());
    Ok(Rates { write: bytes / write, read: bytes / read })
}

fn read(file: &File, piece: usize) -> io::Result<()> {
    let mut bytes = vec![0; PIECE];
    file.read_exact_at(&mut bytes, (piece * PIECE) as u64)?;
    // Somebody has to look at them.
    std::hint::black_box(bytes.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte)));
    Ok(())
}

/// Bytes that nothing makes smaller: xorshift (Marsaglia: Xorshift RNGs, 2003).
pub(crate) fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..bytes / 8).flat_map(|_| next().to_le_bytes()).collect()
}
