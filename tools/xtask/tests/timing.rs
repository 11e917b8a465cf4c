//! The tests of the programs that compare seconds and memory with those of peers: of the parts that need no peers.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing should fail")]

use std::path::Path;
use std::process::Command;

#[test]
fn what_watches_and_compares_the_peers_passes_its_own_tests() {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers");
    let mut python = Command::new("python3");
    python.args(["-m", "unittest", "discover", "-t", ".", "-s", "timing/tests"]).current_dir(peers);
    let output = python.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("Ran 0 tests"), "{said}");
}
