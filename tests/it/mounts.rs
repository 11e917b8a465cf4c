//! Small filesystems of its own for a test, which is run again for that, in a process of its own: what it mounts nobody else
//! sees, and it goes with the process.
//!
//! `build.rs` finds out which of them this machine allows. Where one is not, its tests are reported as ignored.

use std::path::Path;
use std::process::Command;

/// Where the process that was started for it finds its filesystem.
const MOUNTED: &str = "THERMOCLINE_TEST_MOUNTED";

/// A filesystem.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Filesystem {
    /// Of so many MiB.
    Tmpfs(u32),
    /// Its upper layer on a disk.
    Overlay,
    /// Its upper layer on a tmpfs of 64 MiB.
    OverlayInRam,
    /// On a loop device of so many MiB, made with these options.
    Ext4(u32, &'static str),
    /// On a loop device.
    Xfs,
}

impl Filesystem {
    /// How it is mounted on `$folder/at`.
    fn script(self) -> (&'static str, String) {
        // A user who may mount nothing may do so among filesystems that are his alone.
        let (alone, root) = ("unshare -Urm", "unshare -m");
        let overlay = |before: &str| {
            format!(
                "{before} mkdir $folder/a/low $folder/a/up $folder/a/work; \
                 mount -t overlay -o userxattr,lowerdir=$folder/a/low,upperdir=$folder/a/up,workdir=$folder/a/work \
                 overlay $folder/at"
            )
        };
        let on_loop = |size: u32, make: &str| {
            format!("truncate -s {size}M $folder/image; {make} $folder/image; mount -o loop $folder/image $folder/at")
        };
        match self {
            Self::Tmpfs(size) => (alone, format!("mount -t tmpfs -o size={size}m none $folder/at")),
            Self::Overlay => (alone, overlay("")),
            Self::OverlayInRam => (alone, overlay("mount -t tmpfs -o size=64m none $folder/a;")),
            Self::Ext4(size, options) => (root, on_loop(size, &format!("mkfs.ext4 -q {options}"))),
            Self::Xfs => (root, on_loop(320, "mkfs.xfs -q")),
        }
    }
}

/// Runs `test`, whose full name is `name`, with a folder on that filesystem.
pub(crate) fn on(filesystem: Filesystem, name: &str, test: impl FnOnce(&Path)) {
    let wanted = format!("{filesystem:?}:");
    if let Ok(told) = std::env::var(MOUNTED) {
        // Tests with several filesystems come by here for each of them.
        if let Some(place) = told.strip_prefix(&wanted) {
            test(Path::new(place));
        }
        return;
    }
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let (unshare, mount) = filesystem.script();
    let script = format!("set -e; mkdir $folder/at $folder/a; {mount}; exec \"$0\" --exact {name} --nocapture");
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", &format!("exec {unshare} sh -c '{script}' \"$0\"")])
        .arg(std::env::current_exe().unwrap())
        .env("PATH", path)
        .env("folder", folder.path())
        .env(MOUNTED, format!("{wanted}{}", folder.path().join("at").display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "on {filesystem:?}: {said}");
}
