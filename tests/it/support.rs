//! What the tests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thermocline::chunk::{Block, BlockMut, Chunk};
use thermocline::graph::{Key, Size, Task, TaskContext};
use thermocline::{Error, Event, Observer, Session};

pub(crate) use crate::random::Random;

/// A scratch folder of its own on a real disk, and a builder that uses it.
pub(crate) fn builder() -> (tempfile::TempDir, thermocline::Builder) {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let builder = Session::builder().scratch(folder.path().to_str().unwrap());
    (folder, builder)
}

/// A session of so many bytes and threads.
pub(crate) fn session(limit: u64, threads: usize) -> (tempfile::TempDir, Session) {
    let (folder, builder) = builder();
    let limit = limit.to_string().parse().unwrap();
    (folder, builder.memory_limit(limit).threads(threads).build().unwrap())
}

/// After a run nothing may be left on the ledger nor on scratch (M6).
pub(crate) fn assert_at_rest(session: &Session) {
    let stats = session.stats();
    assert_eq!((stats.charged_bytes, stats.scratch_bytes), (0, 0), "{stats:?}");
}

/// What the numbers of a task's output start from: a function of its key and of all its inputs.
pub(crate) fn mix(seed: u64, inputs: &[&[u64]]) -> u64 {
    inputs
        .iter()
        .flat_map(|input| input.iter())
        .fold(seed, |state, &word| (state ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17))
}

/// The numbers of an output of `len` words.
pub(crate) fn words(start: u64, len: usize) -> impl Iterator<Item = u64> {
    (0..len as u64).map(move |at| start.wrapping_add(at.wrapping_mul(0x9e37_79b9)))
}

/// A task that makes `len` words from its inputs.
pub(crate) fn word_task(key: Key, needs: Vec<Key>, seed: u64, len: usize, workspace: u64) -> Task {
    let run = move |context: &TaskContext<'_>, inputs: &[Chunk]| {
        let scratch = context.buffer(workspace as usize)?;
        let inputs =
            inputs.iter().map(|chunk| Ok(chunk.get::<Block<u64>>()?.as_slice())).collect::<Result<Vec<_>, Error>>()?;
        let mut out: BlockMut<u64> = context.block(&[len])?;
        for (place, word) in out.as_mut_slice().iter_mut().zip(words(mix(seed, &inputs), len)) {
            *place = word;
        }
        drop(scratch);
        Ok(Chunk::new(out.freeze()))
    };
    Task::new(key, needs, Arc::new(run))
        .output(Size::Exact(8 * len as u64))
        .workspace(thermocline::chunk::charge(workspace))
}

/// Counts events.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) spilled: AtomicU64,
    pub(crate) reloaded: AtomicU64,
}

impl Observer for Counts {
    fn on_event(&self, event: &Event<'_>) {
        match event {
            Event::Spilled { bytes, .. } => self.spilled.fetch_add(*bytes, Ordering::SeqCst),
            Event::Reloaded { bytes, .. } => self.reloaded.fetch_add(*bytes, Ordering::SeqCst),
            _ => 0,
        };
    }
}

/// Whether the long tests are wanted: `cargo xtask test --all`.
pub(crate) fn all() -> bool {
    std::env::var_os("THERMOCLINE_TEST_ALL").is_some()
}

/// A file of the real data.
#[cfg(feature = "hdf5")]
pub(crate) fn data(path: &str) -> std::path::PathBuf {
    std::path::PathBuf::from(std::env::var_os("THERMOCLINE_TEST_DATA").unwrap()).join(path)
}

/// An HDF5 file opened to be read as the library under test opens it: in one process a file can't be open with locking
/// and without at the same time.
#[cfg(feature = "hdf5")]
pub(crate) fn open_hdf5(path: impl AsRef<std::path::Path>) -> hdf5::File {
    hdf5::File::with_options().with_fapl(|access| access.file_locking(false)).open(path).unwrap()
}
