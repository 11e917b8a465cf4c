//! Processes that are killed while they spill, and several at once on one folder.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::{Bench, Redo, expected, place};
use crate::config::TierSpec;
use crate::spill::faults::{Call, Fault, Faults};
use crate::spill::{Naming, Stores};

/// The folder and the way of making files that a child is to use.
const CHILD: &str = "THERMOCLINE_TEST_CHILD";

fn stores(naming: Naming) -> Stores {
    Faults::new().stores(naming)
}

/// A process that ends with this.
struct Process {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it ended well.
    fn wait(&mut self) -> bool {
        self.said.by_ref().for_each(drop);
        self.child.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_before = self.child.kill();
        let _ended_before = self.child.wait();
    }
}

/// Another process, running the test `name` in which it finds itself to be a child; it has printed `word` when this
/// returns.
fn child(name: &str, naming: Naming, folder: &Path, word: &str) -> Process {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("scheduler::trouble::killed::{name}"), "--nocapture"])
        .env(CHILD, format!("{naming:?}:{}", folder.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut process = Process { child, said };
    assert!(process.said.by_ref().map_while(Result::ok).any(|line| line == word), "the child did not get there");
    process
}

/// What a child was told.
fn orders() -> Option<(Naming, TierSpec)> {
    let text = std::env::var(CHILD).ok()?;
    let (naming, folder) = text.split_once(':')?;
    let naming = [Naming::Nameless, Naming::Unlinked, Naming::Named].into_iter().find(|n| format!("{n:?}") == naming);
    Some((naming?, TierSpec::new(folder)))
}

fn names(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// `kill -9` once spilling has begun: files without names are gone with the process; named ones with the next session.
#[test]
fn nothing_is_left_of_a_killed_process() {
    if let Some((naming, tier)) = orders() {
        let faults = Faults::new();
        // Then it stands still: it is killed with frames on scratch and one on its way.
        faults.set(Call::Write, 20..21, Fault::Slow(std::time::Duration::from_mins(10)));
        let bench = Bench::new(&[tier], &faults.stores(naming), 4, Redo::Never);
        std::thread::spawn(move || {
            while faults.count(Call::Write) <= 20 {
                std::thread::yield_now();
            }
            println!("\nspilling");
        });
        bench.run().unwrap();
        return;
    }
    for naming in [Naming::Nameless, Naming::Unlinked, Naming::Named] {
        let (folder, tier) = place();
        let mut child = child("nothing_is_left_of_a_killed_process", naming, folder.path(), "spilling");
        let meanwhile = names(folder.path());
        assert_eq!(meanwhile.len(), usize::from(naming == Naming::Named), "{naming:?}: {meanwhile:?}");
        // A session that begins meanwhile leaves the other's files alone.
        let bench = Bench::new(std::slice::from_ref(&tier), &stores(naming), 4, Redo::Never);
        assert!(meanwhile.iter().all(|name| names(folder.path()).contains(name)));
        assert_eq!(bench.run().unwrap(), expected());
        drop(bench);
        child.kill();
        let left = names(folder.path());
        assert_eq!(left.len(), usize::from(naming == Naming::Named), "{naming:?}: {left:?}");
        let next = Bench::new(&[tier], &stores(naming), 4, Redo::Never);
        assert!(!left.iter().any(|name| names(folder.path()).contains(name)), "{naming:?}");
        assert_eq!(next.run().unwrap(), expected());
        next.at_rest();
        drop(next);
        assert_eq!(names(folder.path()).len(), 0, "{naming:?}");
    }
}

/// Two sessions of one process, and one of another, on one folder at the same time.
#[test]
fn sessions_and_processes_share_a_folder() {
    if let Some((naming, tier)) = orders() {
        let bench = Bench::new(&[tier], &stores(naming), 4, Redo::Never);
        println!("\nhere");
        for _ in 0..3 {
            assert_eq!(bench.run().unwrap(), expected());
        }
        return;
    }
    let expected = expected();
    for naming in [Naming::Nameless, Naming::Unlinked, Naming::Named] {
        let (folder, tier) = place();
        let mut child = child("sessions_and_processes_share_a_folder", naming, folder.path(), "here");
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..3 {
                        let bench = Bench::new(std::slice::from_ref(&tier), &stores(naming), 4, Redo::Never);
                        assert_eq!(bench.run().unwrap(), expected, "{naming:?}");
                        let stats = bench.at_rest();
                        assert!(stats.spilled_bytes > 0, "{stats:?}");
                    }
                });
            }
        });
        assert!(child.wait(), "{naming:?}");
        assert_eq!(names(folder.path()).len(), 0, "{naming:?}");
    }
}
