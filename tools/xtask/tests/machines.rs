//! What `cargo xtask` does on machines that have less than it needs: each a PATH of stand-ins.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing should fail")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A machine with these programs and no others.
struct Machine {
    folder: tempfile::TempDir,
}

/// Says what it was called with, and what a build would need to know.
const CARGO: &str = r#"echo "cargo $* [CMAKE=$CMAKE] [$CMAKE_GENERATOR] [$(command -v ninja)]""#;

const NEW_CMAKE: &str = "echo cmake version 4.1.2";

/// Installs as pip does: into the environment it stands in, or the folder it is told of.
const PYTHON: &str = r#"
case "$*" in
"-m venv "*)
  mkdir -p "$3/bin" && cp "$0" "$3/bin/python3" ;;
"-m pip install "*)
  place=$(dirname "$0")
  [ "$5" = --disable-pip-version-check ] || exit 3
  if [ "$6" = --target ]; then place=$7/bin; mkdir -p "$place"; fi
  for wheel in "$@"; do
    name=${wheel%%>*}
    if [ "$name" != "$wheel" ]; then
      printf '#!/bin/sh\necho %s version 4.1.2\n' "$name" > "$place/$name" && chmod +x "$place/$name"
    fi
  done ;;
*) exit 2 ;;
esac"#;

impl Machine {
    fn with(programs: &[(&str, &str)]) -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(machine.bin()).unwrap();
        for name in ["sh", "mkdir", "cp", "chmod", "dirname", "echo", "printf"] {
            let found =
                ["/bin", "/usr/bin"].iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
            symlink(found.unwrap(), machine.bin().join(name)).unwrap();
        }
        for (name, script) in programs.iter().chain(&[("cargo", CARGO)]) {
            let path = machine.bin().join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        machine
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    fn installed(&self, name: &str) -> String {
        self.folder.path().canonicalize().unwrap().join("target/cmake-venv/bin").join(name).display().to_string()
    }

    fn xtask(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.env_clear().args(arguments).env("PATH", self.bin()).env("CARGO", self.bin().join("cargo"));
        command.env("CARGO_TARGET_DIR", self.folder.path().join("target")).envs(environment.iter().copied());
        command.output().unwrap()
    }

    /// What cargo was called with.
    #[track_caller]
    fn builds(&self, environment: &[(&str, &str)]) -> String {
        let output = self.xtask(&["cargo", "check"], environment);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The one line that says why not.
    #[track_caller]
    fn refuses(&self, environment: &[(&str, &str)]) -> String {
        let output = self.xtask(&["build", "--release"], environment);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        let last = said.lines().last().unwrap().to_owned();
        assert!(said.lines().all(|line| line.starts_with("xtask: ")), "{said}");
        last
    }
}

#[test]
fn a_machine_that_has_everything_is_left_as_it_is() {
    let machine = Machine::with(&[("cc", ""), ("make", ""), ("cmake", NEW_CMAKE)]);
    assert_eq!(machine.builds(&[]), "cargo check [CMAKE=] [] []");
    assert_eq!(machine.builds(&[("CMAKE", "")]), "cargo check [CMAKE=cmake] [] []");
    assert!(!machine.folder.path().join("target").exists());
}

#[test]
fn a_cmake_that_is_named_is_used_if_it_is_new_enough() {
    let machine = Machine::with(&[("cc", ""), ("make", ""), ("mine", NEW_CMAKE), ("old", "echo cmake version 3.25.1")]);
    assert_eq!(machine.builds(&[("CMAKE", "mine")]), "cargo check [CMAKE=mine] [] []");
    for wrong in ["old", "/nowhere/cmake", "make"] {
        let said = machine.refuses(&[("CMAKE", wrong)]);
        assert!(said.starts_with(&format!("xtask: CMAKE is {wrong}, which is no CMake of version 3.26")), "{said}");
    }
}

#[test]
fn cmake_is_installed_where_there_is_none_or_an_old_one() {
    for cmake in [None, Some(("cmake", "echo cmake version 3.25.1"))] {
        let programs: Vec<_> = [("cc", ""), ("make", ""), ("python3", PYTHON)].into_iter().chain(cmake).collect();
        let machine = Machine::with(&programs);
        let expected = format!("cargo check [CMAKE={}] [] []", machine.installed("cmake"));
        assert_eq!(machine.builds(&[]), expected);
        // The next time it is there already: python is not asked.
        fs::write(machine.bin().join("python3"), "#!/bin/sh\nexit 1\n").unwrap();
        assert_eq!(machine.builds(&[]), expected);
        // What an interrupted installation left is done again.
        fs::write(machine.installed("cmake"), "#!/bin/sh\nexit 1\n").unwrap();
        fs::write(machine.bin().join("python3"), format!("#!/bin/sh\n{PYTHON}\n")).unwrap();
        assert_eq!(machine.builds(&[]), expected);
    }
}

#[test]
fn ninja_stands_in_for_make() {
    let machine = Machine::with(&[("cc", ""), ("python3", PYTHON)]);
    let (cmake, ninja) = (machine.installed("cmake"), machine.installed("ninja"));
    assert_eq!(machine.builds(&[]), format!("cargo check [CMAKE={cmake}] [Ninja] [{ninja}]"));
    let machine = Machine::with(&[("cc", ""), ("cmake", NEW_CMAKE), ("ninja", "")]);
    let own = machine.bin().join("ninja");
    assert_eq!(machine.builds(&[]), format!("cargo check [CMAKE=] [Ninja] [{}]", own.display()));
    // Who names a generator knows better.
    assert!(machine.builds(&[("CMAKE_GENERATOR", "Mine")]).contains("[Mine]"));
}

#[test]
fn where_venv_is_missing_pip_does_without() {
    let script = format!("[ \"$2\" = venv ] && {{ echo no ensurepip >&2; exit 1; }}\n{PYTHON}");
    let machine = Machine::with(&[("cc", ""), ("make", ""), ("python3", &script)]);
    assert_eq!(machine.builds(&[]), format!("cargo check [CMAKE={}] [] []", machine.installed("cmake")));
}

#[test]
fn one_line_says_what_to_install() {
    let machine = Machine::with(&[("python3", PYTHON)]);
    assert_eq!(machine.refuses(&[]), "xtask: no C compiler found: install gcc or clang");
    let machine = Machine::with(&[("cc", ""), ("make", "")]);
    let said = machine.refuses(&[]);
    assert!(said.contains("CMake 3.26 or newer needed") && said.contains("python3 with venv and pip"), "{said}");
    let offline = "echo 'WARNING: Retrying' >&2; echo 'ERROR: No matching distribution found' >&2; exit 1";
    let machine = Machine::with(&[("cc", ""), ("python3", offline)]);
    let said = machine.refuses(&[]);
    assert!(said.contains("CMake 3.26 or newer and make or Ninja needed"), "{said}");
    assert!(said.ends_with("(python3: ERROR: No matching distribution found)"), "{said}");
}

#[test]
fn exit_codes_are_those_of_the_program() {
    let machine = Machine::with(&[("cc", ""), ("make", ""), ("cmake", NEW_CMAKE)]);
    let code = |arguments: &[&str], cargo: &str| {
        let script = machine.bin().join("mine");
        fs::write(&script, format!("#!/bin/sh\n{cargo}\n")).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        machine.xtask(arguments, &[("CARGO", script.to_str().unwrap())]).status.code()
    };
    assert_eq!(code(&["bench", "run"], "[ \"$1\" = build ] || exit 130"), Some(130));
    assert_eq!(code(&["cargo", "check"], "exit 101"), Some(101));
    assert_eq!(code(&["bench"], "exit 101"), Some(1));
    assert_eq!(code(&["test"], "[ \"$1\" = fmt ] || exit 101"), Some(1));
}

#[test]
fn the_tools_are_built_and_run_by_their_commands() {
    let machine = Machine::with(&[("cc", ""), ("make", ""), ("cmake", NEW_CMAKE)]);
    let called = |arguments: &[&str]| {
        let output = machine.xtask(arguments, &[]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(called(&["build", "--release"]).contains("cargo build -p bench --release "));
    assert!(called(&["build"]).contains("cargo build -p bench ["));
    let bench = called(&["bench", "run", "mean", "--dir", "d"]);
    let (built, ran) = bench.split_once('\n').unwrap();
    assert!(built.starts_with("cargo build -p bench --release --no-default-features "), "{bench}");
    let run = "cargo run --quiet --release -p bench --no-default-features -- run mean --dir d ";
    assert!(ran.starts_with(run), "{bench}");
    let query = called(&["bench", "query", "--csv", "a.csv"]);
    let (built, ran) = query.split_once('\n').unwrap();
    assert!(built.starts_with("cargo build -p bench --release ["), "{query}");
    assert!(ran.starts_with("cargo run --quiet --release -p bench -- query --csv a.csv "), "{query}");
    let steps = called(&["test"]);
    assert_eq!(steps.lines().filter(|line| line.starts_with("cargo ")).count(), 7);
    assert!(steps.lines().last().unwrap().starts_with("cargo test --workspace --all-features"), "{steps}");
    assert_eq!(machine.xtask(&["fly"], &[]).status.code(), Some(2));
}

#[test]
fn the_peers_are_installed_or_one_line_says_why_not() {
    let tools = [("cc", ""), ("make", ""), ("cmake", NEW_CMAKE)];
    let offline = r#"[ "$2" = venv ] && { mkdir -p "$3/bin"; cp "$0" "$3/bin/python3"; exit; }
echo 'ERROR: No matching distribution found for numpy' >&2; exit 1"#;
    let machine = Machine::with(&[&tools[..], &[("python3", offline)]].concat());
    let output = machine.xtask(&["peers", "--answers"], &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.lines().last().unwrap().ends_with("ERROR: No matching distribution found for numpy)"), "{said}");
    // Nothing was built in vain.
    assert!(!String::from_utf8(output.stdout).unwrap().contains("cargo build"));

    let online = r#"[ "$2" = venv ] && mkdir -p "$3/bin" && cp "$0" "$3/bin/python3"
echo "python $* [$PYTHONPATH]""#;
    let machine = Machine::with(&[&tools[..], &[("python3", online)]].concat());
    let output = machine.xtask(&["peers", "--answers", "--only", "nanmean"], &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("cargo build -p bench -p peers"), "{said}");
    let compared = said.lines().last().unwrap();
    assert!(compared.starts_with("python -m answers --programs ") && compared.contains("--only nanmean ["), "{said}");
    assert!(compared.ends_with("tools/peers]"), "{said}");

    // Seconds are those of the release build; what these peers need is apart, and installed when it is first asked for.
    let output = machine.xtask(&["peers", "mean", "--rounds", "1"], &[]);
    let (said, installing) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && said.contains("cargo build -p bench --release"), "{said}");
    let timed = said.lines().last().unwrap();
    assert!(timed.starts_with("python -m timing --bench ") && timed.contains("release/bench --work "), "{said}");
    assert!(timed.contains(" mean --rounds 1 ["), "{said}");
    assert!(installing.contains("installing Dask") && installing.contains("target/peers-timing-venv"), "{installing}");
    assert_eq!(machine.xtask(&["peers", "mean"], &[]).stderr, b"");
}
