//! How the C library's allocator gives memory back.
//!
//! The functions of `map_overlap` and its like allocate for themselves, megabytes at a time, and free that soon. glibc
//! raises the size from which on it maps memory by itself as such blocks are freed, keeps what lies below it, and so stays
//! larger than the session's ledger by a few blocks a thread. Naming a size keeps it as it is.

/// From so many bytes on memory goes back to the system as soon as it is freed: as the library's own buffers.
const MAPPED_FROM: i32 = 160 << 10;

/// Has large memory given back at once. To be called before there are threads.
pub(crate) fn give_back_at_once() {
    #[cfg(target_env = "gnu")]
    // SAFETY: `mallopt` may be called at any time; it changes a parameter of the allocator, no memory that is in use. An
    // allocator that refuses goes on as it did.
    let _accepted = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM) };
}
