//! Packages from `PyPI`, in environments of the project's own under `target/`.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn target_folder() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// Makes the environment `place` anew, with what `wanted` tells pip to install. `find` is what is to be there then.
///
/// # Errors
/// Why it could not be, in a line.
pub(crate) fn install<T, W: AsRef<OsStr>>(
    place: &Path,
    wanted: &[W],
    find: impl Fn() -> Option<T>,
) -> Result<T, String> {
    let mut problem = String::new();
    for install in [with_venv, with_target] {
        // What an interrupted run left behind is of no use.
        let _not_there = fs::remove_dir_all(place);
        match install(place, wanted) {
            Ok(()) => match find() {
                Some(found) => return Ok(found),
                None => problem = "what pip installed does not run here".into(),
            },
            // The first way's failure tells more: the second is for where there is no venv module.
            Err(why) if problem.is_empty() => problem = why,
            Err(_) => {}
        }
    }
    Err(problem)
}

fn with_venv<W: AsRef<OsStr>>(place: &Path, wanted: &[W]) -> Result<(), String> {
    output_of(Command::new("python3").args(["-m", "venv"]).arg(place))?;
    output_of(pip(&place.join("bin/python3")).args(wanted)).map(drop)
}

/// Debian leaves `ensurepip` out: pip may be there although venv is not.
fn with_target<W: AsRef<OsStr>>(place: &Path, wanted: &[W]) -> Result<(), String> {
    output_of(pip(Path::new("python3")).arg("--target").arg(place).args(wanted)).map(drop)
}

/// Where there is no network it gives up soon.
fn pip(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    for (name, value) in [("PIP_RETRIES", "1"), ("PIP_TIMEOUT", "20")] {
        if env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    command
}

/// What a program prints, if it succeeds; else its last words.
pub(crate) fn output_of(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let said = text(&output.stderr) + &text(&output.stdout);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("failed").trim();
    Err(format!("{program}: {last}"))
}
