//! System calls that no safe crate wraps, and mappings. One of the few files with `unsafe`.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::null_mut;

use memmap2::{Advice, Mmap, MmapOptions};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Writes the pages of a range to the disk and waits for them (`sync_file_range`). Scratch wants no durability: this
/// only makes the pages clean, so that they can be dropped.
pub(super) fn sync_range(file: &File, offset: u64, len: u64) -> io::Result<()> {
    let flags = libc::SYNC_FILE_RANGE_WAIT_BEFORE | libc::SYNC_FILE_RANGE_WRITE | libc::SYNC_FILE_RANGE_WAIT_AFTER;
    // SAFETY: the call takes a descriptor, which `file` keeps open, and numbers.
    let outcome = unsafe { libc::sync_file_range(file.as_raw_fd(), offset as i64, len as i64, flags) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Has the system begin to write the pages of a range to the disk, and does not wait for them. Best effort.
pub(super) fn begin_sync(file: &File, offset: u64, len: u64) {
    // SAFETY: as in `sync_range`.
    let _best_effort =
        unsafe { libc::sync_file_range(file.as_raw_fd(), offset as i64, len as i64, libc::SYNC_FILE_RANGE_WRITE) };
}

/// Maps a range read-only and brings its pages in, so that a failing disk is an error here, not a signal later (S2).
pub(super) fn map(file: &File, offset: u64, len: usize) -> io::Result<Mmap> {
    // SAFETY: the file is a segment that only this process has open; an extent is written before it is
    // mapped, and neither written nor punched while a lease on it exists (M3), so the bytes don't change under the
    // slice. A read of a page that the disk fails to bring back later would raise SIGBUS: the documented remainder
    // of S2.
    let map = unsafe { MmapOptions::new().offset(offset).len(len).map(file)? };
    map.advise(Advice::PopulateRead)?;
    Ok(map)
}

/// Whether a mapping can be had that makes what is stored there durable at once (`MAP_SYNC`): of files in persistent
/// memory alone. It need not have any bytes, and none are touched.
pub(super) fn maps_synchronously(file: &File) -> bool {
    const PROBED: usize = 4096;
    let flags = MapFlags::SHARED_VALIDATE | MapFlags::SYNC;
    // SAFETY: the kernel chooses a place where nothing is mapped, so no memory of this process changes; nothing is read
    // or written through the mapping, and it goes before anybody knows of it.
    unsafe {
        let Ok(place) = mmap(null_mut(), PROBED, ProtFlags::READ | ProtFlags::WRITE, flags, file, 0) else {
            return false;
        };
        let _best_effort = munmap(place, PROBED);
    }
    true
}
