//! Scratch on real filesystems: small ones that are soon full, such as can't do everything, and disks in disguise.

use std::path::Path;

use rustix::fs::statvfs;
use thermocline::{Array, Compression, Error, Session, Stats, TierKind};

use crate::mounts::{Filesystem, on};
use crate::support::assert_at_rest;

/// Bytes of a chunk.
const CHUNK: u64 = 1 << 20;
const CHUNKS: usize = 40;

/// A session with room for some of the chunks.
fn session(scratch: &str) -> Session {
    let builder = Session::builder().memory_limit("16MiB".parse().unwrap()).threads(2);
    builder.scratch(scratch).compression(Compression::None).build().unwrap()
}

fn numbers() -> Array<f64> {
    let width = CHUNK as usize / 8;
    Array::from_fn(&[CHUNKS, width], &[1, width], move |at| (at[0] * width + at[1]) as f64)
}

/// Keeps all chunks, most of them on scratch, and reads them again. Gives what happened, or the error.
fn keep_and_read(session: &Session) -> Result<Stats, Error> {
    let kept = session.persist(&numbers())?;
    let count = CHUNKS as f64 * (CHUNK / 8) as f64;
    assert_eq!(session.compute(&kept.sum(..))?[[]], (count - 1.0) * count / 2.0);
    drop(kept);
    Ok(session.stats())
}

fn free(folder: &Path) -> u64 {
    let about = statvfs(folder).unwrap();
    about.f_bfree * about.f_frsize
}

/// All goes to scratch and comes back, its blocks are given back at once, and nothing is left.
fn assert_works(folder: &Path, scratch: &str, in_place: bool, kind: TierKind) {
    let before = free(folder);
    let session = session(scratch);
    assert_eq!(session.tiers()[0].kind, kind);
    let stats = keep_and_read(&session).unwrap();
    assert!(stats.spilled_bytes > 20 * CHUNK && stats.reloaded_bytes > 20 * CHUNK, "{stats:?}");
    assert_eq!(stats.in_place_bytes, if in_place { stats.reloaded_bytes } else { 0 }, "{stats:?}");
    assert_at_rest(&session);
    // But for what a filesystem keeps to itself.
    let kept = || before.saturating_sub(free(folder));
    assert!(kept() < 2 * CHUNK, "{} bytes are not given back", kept());
    drop(session);
    assert!(kept() < CHUNK, "{} bytes are left", kept());
    assert!(std::fs::read_dir(folder).unwrap().all(|entry| entry.unwrap().file_name() == "lost+found"));
}

/// A disk that is full before all is on it: the error names the tier, what was asked and what was left; nothing is lost, and
/// with another tier behind it the run goes on.
fn assert_full(folder: &Path, scratch: &str) {
    let full = session(scratch);
    // A tmpfs is charged.
    let charged = full.stats().charged_bytes;
    let assert_at_rest = |session: &Session| {
        let stats = session.stats();
        assert_eq!((stats.charged_bytes, stats.scratch_bytes), (charged, 0), "{stats:?}");
    };
    let error = keep_and_read(&full).unwrap_err();
    let Error::ScratchFull { path, asked, left } = &error else { panic!("{error}") };
    assert!(path == folder && asked.bytes() > CHUNK && left.bytes() < 2 * CHUNK, "{error}");
    assert!(full.stats().spilled_bytes > 2 * CHUNK, "{:?}", full.stats());
    assert_at_rest(&full);
    let room = full.compute(&numbers().sum(..)).unwrap();
    assert!(room[[]] > 0.0, "the session stays usable");
    let more = tempfile::tempdir_in("/var/tmp").unwrap();
    let session = session(&format!("{scratch},{}", more.path().display()));
    keep_and_read(&session).unwrap();
    assert_at_rest(&session);
}

#[test]
#[cfg_attr(not(user_namespaces), ignore = "needs user namespaces")]
fn a_full_tmpfs() {
    on(Filesystem::Tmpfs(8), "storage::a_full_tmpfs", |folder| {
        // A capacity that the limit can pay for, and the tmpfs has not got.
        let bytes = 4 << 20;
        let filler = std::fs::File::create(folder.join("filler")).unwrap();
        rustix::fs::fallocate(&filler, rustix::fs::FallocateFlags::empty(), 0, bytes).unwrap();
        assert_full(folder, &format!("{}:6MiB", folder.display()));
    });
}

#[test]
#[cfg_attr(not(user_namespaces), ignore = "needs user namespaces")]
fn a_tmpfs_is_paid_for_by_the_limit() {
    on(Filesystem::Tmpfs(64), "storage::a_tmpfs_is_paid_for_by_the_limit", |folder| {
        let build = |limit: &str, capacity: &str| {
            let scratch = format!("{}{capacity}", folder.display());
            Session::builder().memory_limit(limit.parse().unwrap()).threads(2).scratch(scratch).build()
        };
        let error = build("16MiB", "").unwrap_err().to_string();
        assert!(error.contains("capacity"), "{error}");
        let error = build("16MiB", ":32MiB").unwrap_err();
        assert!(matches!(error, Error::MemoryLimit { .. }), "{error}");
        let session = build("64MiB", ":48MiB").unwrap();
        assert_eq!(session.stats().charged_bytes, 48 << 20);
        let stats = keep_and_read(&session).unwrap();
        assert!(stats.spilled_bytes > 20 * CHUNK && stats.ledger_peak_bytes <= 64 << 20, "{stats:?}");
    });
}

#[test]
#[cfg_attr(not(user_namespaces), ignore = "needs user namespaces")]
fn an_overlay_is_what_its_upper_layer_is() {
    let name = "storage::an_overlay_is_what_its_upper_layer_is";
    on(Filesystem::Overlay, name, |folder| {
        let session = session(&folder.display().to_string());
        assert_eq!(session.tiers()[0].kind, TierKind::Disk);
        let stats = keep_and_read(&session).unwrap();
        assert!(stats.spilled_bytes > 20 * CHUNK && stats.in_place_bytes == stats.reloaded_bytes, "{stats:?}");
        assert_at_rest(&session);
        drop(session);
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    });
    on(Filesystem::OverlayInRam, name, |folder| {
        let refused = Session::builder().scratch(folder.display().to_string()).build().unwrap_err();
        assert!(refused.to_string().contains("RAM"), "{refused}");
    });
}

#[test]
#[cfg_attr(not(loop_ext4), ignore = "needs root, loop devices and mkfs.ext4")]
fn ext4() {
    on(Filesystem::Ext4(96, ""), "storage::ext4", |folder| {
        assert_works(folder, &folder.display().to_string(), true, TierKind::Disk);
    });
}

#[test]
#[cfg_attr(not(loop_xfs), ignore = "needs root, loop devices and mkfs.xfs")]
fn xfs() {
    on(Filesystem::Xfs, "storage::xfs", |folder| {
        assert_works(folder, &folder.display().to_string(), true, TierKind::Disk);
    });
}

/// As ext3 was: it keeps no blocks, so a mapping might find the disk full. Frames are read.
#[test]
#[cfg_attr(not(loop_ext4), ignore = "needs root, loop devices and mkfs.ext4")]
fn a_filesystem_without_fallocate() {
    on(Filesystem::Ext4(96, "-O ^extents,^64bit"), "storage::a_filesystem_without_fallocate", |folder| {
        let file = tempfile::tempfile_in(folder).unwrap();
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, 4096).unwrap_err();
        assert_works(folder, &folder.display().to_string(), false, TierKind::Disk);
    });
}

#[test]
#[cfg_attr(not(loop_ext4), ignore = "needs root, loop devices and mkfs.ext4")]
fn a_full_disk() {
    let name = "storage::a_full_disk";
    // With and without `fallocate`: found when blocks are asked for, and when they are written.
    for options in ["", "-O ^extents,^64bit"] {
        on(Filesystem::Ext4(16, options), name, |folder| {
            assert_full(folder, &format!("{}:1GiB", folder.display()));
        });
    }
}

/// The default capacity leaves a tenth of what is free to others.
#[test]
#[cfg_attr(not(loop_ext4), ignore = "needs root, loop devices and mkfs.ext4")]
fn the_default_capacity_leaves_room() {
    on(Filesystem::Ext4(32, ""), "storage::the_default_capacity_leaves_room", |folder| {
        let about = statvfs(folder).unwrap();
        let free = about.f_bavail * about.f_frsize;
        let session = session(&folder.display().to_string());
        let capacity = session.tiers()[0].capacity.bytes();
        assert!(capacity > free / 100 * 89 && capacity < free / 100 * 91, "{capacity} of {free}");
        assert!(matches!(keep_and_read(&session), Err(Error::ScratchFull { .. })));
        assert!(session.stats().scratch_peak_bytes <= capacity, "{:?}", session.stats());
    });
}
