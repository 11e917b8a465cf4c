//! A `CMake` that is new enough for HDF5, and something for it to drive: what is there, else wheels in a virtual
//! environment of the project's own.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python::{install, output_of, target_folder};

/// The oldest that HDF5 2 accepts.
const NEEDED: (u32, u32) = (3, 26);

const CMAKE_WHEEL: &str = "cmake>=3.26,<5";

const NINJA_WHEEL: &str = "ninja>=1.11";

/// What a build is to be told of the tools that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cmake {
    environment: Vec<(&'static str, OsString)>,
}

impl Cmake {
    /// Tells a build.
    pub(crate) fn set_up(&self, command: &mut Command) {
        command.envs(self.environment.iter().cloned());
    }
}

/// Finds or installs what the build needs.
pub(crate) fn prepare() -> Result<Cmake, String> {
    find_compiler()?;
    let named = env::var_os("CMAKE").filter(|named| !named.is_empty());
    if let Some(named) = &named
        && !is_new_enough(named)
    {
        let named = named.display();
        return Err(format!("CMAKE is {named}, which is no CMake of version 3.26 or newer: name another, or unset it"));
    }
    let install_cmake = named.is_none() && !is_new_enough(OsStr::new("cmake"));
    let ninja_instead = env::var_os("CMAKE_GENERATOR").is_none() && !["make", "gmake"].iter().any(|name| runs(name));
    let install_ninja = ninja_instead && !runs("ninja");
    let mut found = Cmake::default();
    if install_cmake || install_ninja {
        let wheels = [install_cmake.then_some(CMAKE_WHEEL), install_ninja.then_some(NINJA_WHEEL)];
        let venv = Venv::with(&target_folder(), &wheels.into_iter().flatten().collect::<Vec<_>>())?;
        if let Some(cmake) = venv.cmake.filter(|_| install_cmake) {
            found.environment.push(("CMAKE", cmake.into()));
        }
        if let Some(ninja) = venv.ninja.filter(|_| install_ninja) {
            found.environment.push(("PATH", on_path(&ninja)?));
        }
    }
    if ninja_instead {
        found.environment.push(("CMAKE_GENERATOR", "Ninja".into()));
    }
    if !install_cmake && named.is_none() && env::var_os("CMAKE").is_some() {
        // Set to nothing: cargo's build scripts would try to run that.
        found.environment.push(("CMAKE", "cmake".into()));
    }
    Ok(found)
}

fn find_compiler() -> Result<(), String> {
    let named = env::var("CC").ok();
    let mut candidates = named.as_deref().into_iter().chain(["cc", "gcc", "clang"]);
    if candidates.any(runs) { Ok(()) } else { Err("no C compiler found: install gcc or clang".into()) }
}

fn runs(program: &str) -> bool {
    output_of(Command::new(program).arg("--version")).is_ok()
}

fn is_new_enough(cmake: &OsStr) -> bool {
    output_of(Command::new(cmake).arg("--version"))
        .is_ok_and(|said| parse_version(&said).is_some_and(|version| version >= NEEDED))
}

/// The PATH with a program's folder before all others.
fn on_path(program: &Path) -> Result<OsString, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = program.parent().map(Path::to_owned).into_iter().chain(env::split_paths(&path));
    env::join_paths(folders).map_err(|error| format!("{} can't be on a PATH: {error}", program.display()))
}

/// Working programs of the project's virtual environment.
struct Venv {
    cmake: Option<PathBuf>,
    ninja: Option<PathBuf>,
}

impl Venv {
    /// `target/cmake-venv` with `wheels`: from an earlier run if it has them, else made anew.
    fn with(target: &Path, wheels: &[&str]) -> Result<Self, String> {
        let place = target.join("cmake-venv");
        let found = Self::at(&place);
        if found.has(wheels) {
            return Ok(found);
        }
        eprintln!("xtask: installing {} for this project alone, in target/cmake-venv", names(wheels));
        let problem = match install(&place, wheels, || Some(Self::at(&place)).filter(|venv| venv.has(wheels))) {
            Ok(venv) => return Ok(venv),
            Err(problem) => problem,
        };
        let names = names(wheels);
        Err(format!(
            "{names} needed, and pip could not install {}: install {names}, or python3 with venv and pip \
             (Debian: python3-venv) ({problem})",
            if wheels.len() == 1 { "it" } else { "them" },
        ))
    }

    fn at(place: &Path) -> Self {
        let working = |name: &str, works: &dyn Fn(&Path) -> bool| {
            // With `pip --target` the scripts in bin don't find their modules; the program itself does without.
            let candidates = [place.join("bin").join(name), place.join(name).join("data/bin").join(name)];
            candidates.iter().find(|path| works(path)).and_then(|path| path.canonicalize().ok())
        };
        Self {
            cmake: working("cmake", &|path| is_new_enough(path.as_os_str())),
            ninja: working("ninja", &|path| output_of(Command::new(path).arg("--version")).is_ok()),
        }
    }

    fn has(&self, wheels: &[&str]) -> bool {
        let wanted = |wheel| wheels.contains(&wheel);
        (self.cmake.is_some() || !wanted(CMAKE_WHEEL)) && (self.ninja.is_some() || !wanted(NINJA_WHEEL))
    }
}

fn names(wheels: &[&str]) -> String {
    let name = |wheel: &&str| if *wheel == CMAKE_WHEEL { "CMake 3.26 or newer" } else { "make or Ninja" };
    wheels.iter().map(name).collect::<Vec<_>>().join(" and ")
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let version = text.lines().next()?.split_whitespace().last()?;
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("cmake version 3.25.1\n\nCMake suite"), Some((3, 25)));
        assert_eq!(parse_version("cmake version 4.1.0-rc1"), Some((4, 1)));
        assert_eq!(parse_version("cmake"), None);
        assert_eq!(parse_version(""), None);
        assert!((3, 25) < NEEDED && (4, 0) > NEEDED);
    }
}
