//! Tells the tests what this machine has, so that those that need more are reported as ignored, not as passed: the real data
//! files, a browser, a user who may not do everything, user namespaces to mount small filesystems in, loop devices and the tools to
//! make filesystems on them.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

fn main() {
    println!("cargo:rerun-if-env-changed=THERMOCLINE_TEST_DATA");
    tell("real_data", env::var_os("THERMOCLINE_TEST_DATA").is_some());
    tell("browser", works("chromium --version"));
    tell("unprivileged", works("test \"$(id -u)\" != 0"));
    tell("user_namespaces", works("unshare -Urm mount -t tmpfs none /mnt"));
    tell("loop_ext4", mounts("mkfs.ext4 -q", 8 << 20));
    tell("loop_xfs", mounts("mkfs.xfs -q", 320 << 20));
}

fn tell(name: &str, holds: bool) {
    println!("cargo:rustc-check-cfg=cfg({name})");
    if holds {
        println!("cargo:rustc-cfg={name}");
    }
}

/// Whether a filesystem that `tool` makes in a file of so many bytes can be mounted, where nobody else sees it.
fn mounts(tool: &str, bytes: u64) -> bool {
    let Some(out) = env::var_os("OUT_DIR") else { return false };
    let image = Path::new(&out).join("filesystem");
    let sparse = std::fs::File::create(&image).and_then(|file| file.set_len(bytes));
    let path = image.display();
    let outcome = sparse.is_ok() && works(&format!("{tool} '{path}' && unshare -m mount -o loop '{path}' /mnt"));
    let _no_matter = std::fs::remove_file(&image);
    outcome
}

fn works(command: &str) -> bool {
    let path = format!("{}:/usr/sbin:/sbin", env::var("PATH").unwrap_or_default());
    let status = Command::new("sh")
        .args(["-c", command])
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}
