//! A `CMake` that is new enough for HDF5: the one that is there, else the wheel in a virtual environment of its own.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest that HDF5 2 accepts.
const NEEDED: (u32, u32) = (3, 26);

const HELP: &str = "CMake 3.26 or newer is needed and could not be had: install cmake, or python3 with its venv module";

/// Where it is; `None` where cargo's own build scripts find it on the PATH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cmake(Option<PathBuf>);

impl Cmake {
    /// Tells a build where it is.
    pub(crate) fn set_up(&self, command: &mut Command) {
        if let Some(path) = &self.0 {
            command.env("CMAKE", path);
        }
    }
}

/// Finds or installs what the build needs.
pub(crate) fn prepare() -> Result<Cmake, String> {
    find_compiler()?;
    if let Some(named) = env::var_os("CMAKE") {
        return match version_of(&named) {
            Some(version) if version >= NEEDED => Ok(Cmake(Some(named.into()))),
            _ => Err(format!("CMAKE is {}: expected a CMake of version 3.26 or newer", named.display())),
        };
    }
    if version_of(OsStr::new("cmake")).is_some_and(|version| version >= NEEDED) {
        return Ok(Cmake(None));
    }
    install(&target_folder()).map(|path| Cmake(Some(path)))
}

fn find_compiler() -> Result<(), String> {
    let named = env::var("CC").ok();
    let candidates = named.as_deref().into_iter().chain(["cc", "gcc", "clang"]);
    let runs = |compiler: &str| output_of(Command::new(compiler).arg("--version")).is_some();
    if candidates.into_iter().any(runs) { Ok(()) } else { Err("no C compiler found: install gcc or clang".into()) }
}

fn target_folder() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}

/// The wheel, in `target/cmake-venv`: from an earlier run if it works, else made anew.
fn install(target: &Path) -> Result<PathBuf, String> {
    let place = target.join("cmake-venv");
    let candidates = [place.join("bin/cmake"), place.join("cmake/data/bin/cmake")];
    let working = || {
        let found =
            candidates.iter().find(|path| version_of(path.as_os_str()).is_some_and(|version| version >= NEEDED));
        found.and_then(|path| path.canonicalize().ok())
    };
    if let Some(path) = working() {
        return Ok(path);
    }
    eprintln!("xtask: no CMake 3.26 or newer on the PATH: installing one for this project, in target/cmake-venv");
    for install in [with_venv, with_target] {
        // What an interrupted run left behind is of no use.
        let _not_there = fs::remove_dir_all(&place);
        install(&place);
        if let Some(path) = working() {
            return Ok(path);
        }
    }
    Err(HELP.into())
}

const WHEEL: &str = "cmake>=3.26,<5";

fn with_venv(place: &Path) {
    let made = output_of(Command::new("python3").args(["-m", "venv"]).arg(place));
    if made.is_some() {
        output_of(Command::new(place.join("bin/python3")).args(["-m", "pip", "install", "--quiet", WHEEL]));
    }
}

/// Debian leaves `ensurepip` out: pip may be there although venv is not.
fn with_target(place: &Path) {
    output_of(Command::new("python3").args(["-m", "pip", "install", "--quiet", "--target"]).arg(place).arg(WHEEL));
}

fn version_of(program: &OsStr) -> Option<(u32, u32)> {
    parse_version(&output_of(Command::new(program).arg("--version"))?)
}

/// What a program prints, if it succeeds.
fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let version = text.lines().next()?.split_whitespace().last()?;
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("cmake version 3.25.1\n\nCMake suite"), Some((3, 25)));
        assert_eq!(parse_version("cmake version 4.1.0-rc1"), Some((4, 1)));
        assert_eq!(parse_version("cmake"), None);
        assert_eq!(parse_version(""), None);
        assert!((3, 25) < NEEDED && (4, 0) > NEEDED);
    }

    #[test]
    fn an_earlier_installation_is_used_if_it_works() {
        let target = env::temp_dir().join(format!("xtask-{}", std::process::id()));
        let bin = target.join("cmake-venv/bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("cmake"), "#!/bin/sh\necho cmake version 3.31.2\n").unwrap();
        fs::set_permissions(bin.join("cmake"), fs::Permissions::from_mode(0o755)).unwrap();
        let found = install(&target).unwrap();
        assert_eq!(version_of(found.as_os_str()), Some((3, 31)));
        fs::remove_dir_all(&target).unwrap();
    }
}
