//! What the tests share: running the command, and the small ocean that they run it on.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Days of the small ocean.
pub(crate) const DAYS: usize = 3;

/// The command, without what this process's environment would tell it.
pub(crate) fn bench() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("THERMOCLINE_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// How the command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Its one line on standard error.
    #[track_caller]
    pub(crate) fn complaint(&self) -> &str {
        let line = self.err.strip_suffix('\n').unwrap_or_default();
        assert!(line.starts_with("bench: ") && !line.contains('\n') && !line.ends_with(": "), "{self:?}");
        line
    }
}

pub(crate) fn run(command: &mut Command) -> Ended {
    Ended::of(command.output().unwrap())
}

/// Starts a command whose output is to be waited for.
pub(crate) fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(crate) fn wait(child: Child) -> Ended {
    Ended::of(child.wait_with_output().unwrap())
}

/// Waits until `seen`, told the process's number, gives something, for as long as the process lives.
pub(crate) fn poll<T>(child: &mut Child, mut seen: impl FnMut(u32) -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = seen(child.id()) {
            return found;
        }
        if child.try_wait().unwrap().is_some() || start.elapsed() > Duration::from_mins(1) {
            drop(child.kill());
            panic!("the command ended too soon, or did not begin");
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// Sends a signal by its name.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", child.id())).status().unwrap();
    assert!(sent.success());
}

/// Runs a command that writes figures, and reads them.
pub(crate) fn run_with_json(command: &mut Command) -> (Ended, Value) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("figures.json");
    let ended = run(command.arg("--json").arg(&path));
    let figures = read_json(&path);
    (ended, figures)
}

pub(crate) fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The figures of a command that must succeed.
#[track_caller]
pub(crate) fn figures(command: &mut Command) -> Value {
    let (ended, figures) = run_with_json(command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    figures
}

#[track_caller]
pub(crate) fn bytes(figures: &Value, key: &str) -> u64 {
    figures[key].as_u64().unwrap_or_else(|| panic!("{key} is {}", figures[key]))
}

/// A folder with a few days of made-up ocean; made once for all tests, and kept for the next run of them.
pub(crate) fn ocean() -> &'static Path {
    static OCEAN: OnceLock<PathBuf> = OnceLock::new();
    OCEAN.get_or_init(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = home.join("bench-ocean");
        // Test runners may run each test in a process of its own; one makes the files, the others wait.
        let lock = File::create(home.join("bench-ocean.lock")).unwrap();
        lock.lock().unwrap();
        let days = DAYS.to_string();
        let made = run(bench().args(["generate", "--years", "1981-1981", "--days", &days, "--dir"]).arg(&folder));
        assert_eq!(made.code, Some(0), "{made:?}");
        folder
    })
}

pub(crate) fn ocean_file() -> PathBuf {
    ocean().join("sst.day.mean.1981.v2.nc")
}

/// A scratch folder on a real disk.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Whether nothing is left in a folder; it need not be there.
pub(crate) fn is_empty(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}
