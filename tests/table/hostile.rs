//! Files that were damaged: an error or a table, never a panic.

use std::path::Path;

use thermocline::{DataFrame, Result};

use crate::support::{Numbers, session};

/// A damaged copy of `bytes`: cut off, bytes overwritten, or a piece moved. Damage near the end is likelier: there is what
/// files say of themselves.
pub(crate) fn damaged(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    let len = bytes.len();
    let place = |numbers: &mut Numbers| {
        if numbers.below(2) == 0 { numbers.below(len) } else { len - 1 - numbers.below(len.min(2000)) }
    };
    match numbers.below(8) {
        0 => damaged.truncate(numbers.below(len)),
        1 => {
            let (from, to, count) = (place(numbers), place(numbers), numbers.below(64));
            let piece = bytes[from..(from + count).min(len)].to_vec();
            damaged.splice(to..(to + count).min(len), piece);
        }
        2 => {
            let at = place(numbers);
            damaged[at..(at + 8).min(len)].fill(0xff);
        }
        _ => {
            for _ in 0..=numbers.below(4) {
                let at = place(numbers);
                damaged[at] =
                    if numbers.below(2) == 0 { damaged[at] ^ (1 << numbers.below(8)) } else { numbers.next() as u8 };
            }
        }
    }
    damaged
}

/// Reads `cases` damaged copies of the file `path` by `open`. What can't be read names the file, and is no panic.
pub(crate) fn survives(path: &Path, cases: u64, open: impl Fn(&Path) -> Result<DataFrame>) {
    let bytes = std::fs::read(path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("damaged");
    let session = session(2, "256MiB");
    let (mut read, mut refused) = (0, 0);
    for seed in 0..cases {
        let mut numbers = Numbers::new(seed + 1);
        std::fs::write(&copy, damaged(&bytes, &mut numbers)).unwrap();
        match open(&copy).and_then(|table| session.compute(&table)) {
            Ok(_) => read += 1,
            Err(thermocline::Error::Panic { message, .. }) => panic!("case {seed}: {message}"),
            Err(thermocline::Error::MemoryLimit { .. } | thermocline::Error::Overdrawn { .. }) => refused += 1,
            Err(error) => {
                assert!(error.to_string().contains("damaged"), "case {seed}: {error}");
                refused += 1;
            }
        }
    }
    assert!(read > 0 && refused > cases / 10, "{read} read, {refused} refused");
}
