//! What the commands run, as data, and the runner.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::cmake::Cmake;

/// One call of cargo.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    name: &'static str,
    arguments: Vec<String>,
    environment: Vec<(&'static str, &'static str)>,
}

impl Step {
    pub(crate) fn new<const N: usize>(name: &'static str, arguments: [&str; N]) -> Self {
        Self { name, arguments: arguments.map(str::to_owned).to_vec(), environment: Vec::new() }
    }

    pub(crate) fn and(mut self, more: &[String]) -> Self {
        self.arguments.extend_from_slice(more);
        self
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    fn command(&self, cmake: &Cmake) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
        command.args(&self.arguments).envs(self.environment.iter().copied());
        cmake.set_up(&mut command);
        command
    }

    /// Makes this process the step's: signals and exit codes are then its own. Gives the reason where that fails.
    pub(crate) fn take_over(&self, cmake: &Cmake) -> String {
        format!("can't start cargo: {}", self.command(cmake).exec())
    }

    fn command_line(&self) -> String {
        format!("cargo xtask cargo {}", self.arguments.join(" "))
    }
}

/// The checks, the tests last: their summary closes the output.
pub(crate) fn test(all: bool) -> Vec<Step> {
    let tests = Step::new("tests", ["test", "--workspace", "--all-features"]);
    let mut steps = vec![
        Step::new("formatting", ["fmt", "--all", "--check"]),
        Step::new("lints", ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]),
        Step::new("documentation", ["doc", "--workspace", "--no-deps", "--all-features"])
            .with("RUSTDOCFLAGS", "-D warnings"),
        Step::new("without features", ["check", "-p", "thermocline", "--no-default-features"]),
    ];
    if all {
        steps.extend([models(), tests.with("THERMOCLINE_TEST_ALL", "1")]);
    } else {
        steps.push(tests);
    }
    steps
}

/// The models of what threads do to each other: stand-ins for atomics and locks take the place of the real ones, so they
/// are built apart.
pub(crate) fn models() -> Step {
    Step::new("models", ["test", "-p", "thermocline", "--no-default-features", "--lib", "models::"])
        .with("RUSTFLAGS", "--cfg shuttle")
        .with("CARGO_TARGET_DIR", "target/models")
}

/// Builds the bench tool.
pub(crate) fn build(release: bool) -> Step {
    let step = Step::new("build", ["build", "-p", "bench"]);
    if release { step.and(&["--release".into()]) } else { step }
}

/// Runs the steps until one fails.
pub(crate) fn run(steps: &[Step], cmake: &Cmake) -> ExitCode {
    for step in steps {
        if steps.len() > 1 {
            println!("xtask: {}", step.name);
        }
        match step.command(cmake).status() {
            Ok(status) if status.success() => continue,
            Ok(_) => {}
            Err(error) => eprintln!("xtask: {}: can't start cargo: {error}", step.name),
        }
        eprintln!("xtask: {} failed; alone: {}", step.name, step.command_line());
        if matches!(step.arguments.first().map(String::as_str), Some("fmt" | "clippy")) {
            eprintln!("xtask: if it is not installed: rustup component add rustfmt clippy");
        }
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_come_last_and_warnings_are_denied() {
        let steps = test(false);
        assert_eq!(steps.last().map(|step| step.name), Some("tests"));
        assert!(steps[1].arguments.ends_with(&["-D".into(), "warnings".into()]));
        assert_eq!(steps[2].environment, [("RUSTDOCFLAGS", "-D warnings")]);
        assert!(steps[4].environment.is_empty());
        let all = test(true);
        assert_eq!(all.iter().map(|step| step.name).skip(4).collect::<Vec<_>>(), ["models", "tests"]);
        assert_eq!(all[5].environment, [("THERMOCLINE_TEST_ALL", "1")]);
    }

    #[test]
    fn a_failed_step_can_be_run_alone() {
        let step = Step::new("formatting", ["fmt"]).and(&["--all".into()]);
        assert_eq!(step.command_line(), "cargo xtask cargo fmt --all");
    }
}
