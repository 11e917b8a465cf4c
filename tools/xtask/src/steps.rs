//! What the commands run, as data, and the runner.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::cmake::Cmake;
use crate::peers::{ANSWERS, Peers, TIMING};
use crate::python;

/// What a step calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Cargo,
    /// Python, with what it needs to compare with the peers.
    Peers {
        which: &'static Peers,
        /// What a person types to have the same.
        alone: &'static str,
    },
    /// A script of the project's.
    Script {
        path: &'static str,
        alone: &'static str,
    },
}

/// One call of a tool.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    name: &'static str,
    tool: Tool,
    arguments: Vec<String>,
    environment: Vec<(&'static str, &'static str)>,
}

impl Step {
    pub(crate) fn new<const N: usize>(name: &'static str, arguments: [&str; N]) -> Self {
        let arguments = arguments.map(str::to_owned).to_vec();
        Self { name, tool: Tool::Cargo, arguments, environment: Vec::new() }
    }

    fn peers<const N: usize>(tool: Tool, name: &'static str, arguments: [&str; N]) -> Self {
        Self { tool, ..Self::new(name, arguments) }
    }

    pub(crate) fn and(mut self, more: &[String]) -> Self {
        self.arguments.extend_from_slice(more);
        self
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    fn command(&self, cmake: &Cmake) -> Result<Command, String> {
        let mut command = match self.tool {
            Tool::Cargo => Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))),
            Tool::Peers { which, .. } => which.python()?,
            Tool::Script { path, .. } => {
                let mut command = Command::new("bash");
                command.arg(python::workspace().join(path));
                command
            }
        };
        command.args(&self.arguments).envs(self.environment.iter().copied());
        cmake.set_up(&mut command);
        Ok(command)
    }

    /// Makes this process the step's: signals and exit codes are then its own. Gives the reason where that fails.
    pub(crate) fn take_over(&self, cmake: &Cmake) -> String {
        let failed = |mut command: Command| {
            let error = command.exec();
            failed_start(&command, &error)
        };
        self.command(cmake).map_or_else(|problem| problem, failed)
    }

    fn command_line(&self) -> String {
        match self.tool {
            Tool::Cargo => format!("cargo xtask cargo {}", self.arguments.join(" ")),
            Tool::Peers { alone, .. } | Tool::Script { alone, .. } => alone.into(),
        }
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
        Step::new("without features", ["clippy", "-p", "thermocline", "--no-default-features", "--", "-D", "warnings"]),
        Step::new("without tables", ["clippy", "-p", "bench", "--no-default-features", "--", "-D", "warnings"]),
        // They are built without features, which a change to the library forgets easily.
        models(),
    ];
    if all {
        steps.push(valgrind());
        steps.extend(answers(&[]));
        steps.extend(checked_timing());
        steps.push(tests.with("THERMOCLINE_TEST_ALL", "1"));
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

/// The reader of scratch frames, fed with damaged ones, under valgrind.
pub(crate) fn valgrind() -> Step {
    let runner = "target.'cfg(unix)'.runner='valgrind --quiet --error-exitcode=9'";
    let test = ["test", "-p", "thermocline", "--no-default-features", "--lib", "spill::mutations"];
    Step::new("valgrind", ["--config", runner]).and(&test.map(str::to_owned)).with("THERMOCLINE_TEST_MUTATIONS", "300")
}

/// Reports, as a browser shows them.
pub(crate) fn report_check() -> Step {
    let test = ["test", "-p", "thermocline", "--all-features", "--test", "it", "report::"];
    Step::new("report-check", test)
}

/// The spilling tests in a virtual machine with persistent memory.
pub(crate) fn pmem_vm() -> Step {
    let tool = Tool::Script { path: "tools/pmem-vm/run.sh", alone: "cargo xtask pmem-vm" };
    Step { tool, ..Step::new("pmem-vm", [in_target("pmem-vm").as_str()]) }
}

/// Builds the bench tool.
pub(crate) fn build(release: bool) -> Step {
    let step = Step::new("build", ["build", "-p", "bench"]);
    if release { step.and(&["--release".into()]) } else { step }
}

/// Builds what `bench` needs for these arguments.
pub(crate) fn build_for(arguments: &[String]) -> Step {
    build(true).and(&features_for(arguments))
}

/// Runs `bench`, built for these arguments.
pub(crate) fn bench(arguments: &[String]) -> Step {
    let run = Step::new("bench", ["run", "--quiet", "--release", "-p", "bench"]);
    run.and(&features_for(arguments)).and(&["--".into()]).and(arguments)
}

/// Without polars, unless the arguments ask for tables.
fn features_for(arguments: &[String]) -> Vec<String> {
    let tables = arguments.iter().any(|argument| argument == "query" || argument.starts_with("flights-"));
    if tables { Vec::new() } else { vec!["--no-default-features".into()] }
}

/// The comparison with `NumPy` and xarray. What they lack is found out before anything is built.
pub(crate) fn answers(options: &[String]) -> Vec<Step> {
    let tool = Tool::Peers { which: &ANSWERS, alone: "cargo xtask peers --answers" };
    let arguments = ["-m", "answers", "--programs", &in_target("debug"), "--work", &in_target("peers")];
    vec![
        Step::peers(tool, "peers", ["-m", "answers", "--versions"]),
        Step::new("build", ["build", "-p", "bench", "-p", "peers"]),
        Step::peers(tool, "answers", arguments).and(options),
    ]
}

/// The comparison of seconds and memory.
pub(crate) fn timing(options: &[String]) -> Vec<Step> {
    let mut steps = timed("cargo xtask peers", true, options);
    if options.iter().any(|option| option == "--help" || option == "-h") {
        // The first step is the one that knows the options.
        steps.truncate(1);
    }
    steps
}

/// Whether the programs of that comparison run and agree, on tiny data.
fn checked_timing() -> Vec<Step> {
    timed("cargo xtask peers --check", false, &["--check".into()])
}

fn timed(alone: &'static str, release: bool, options: &[String]) -> Vec<Step> {
    let tool = Tool::Peers { which: &TIMING, alone };
    let bench = in_target(if release { "release" } else { "debug" }) + "/bench";
    vec![
        // Wrong options are found out before anything is built.
        Step::peers(tool, "peers", ["-m", "timing", "--versions"]).and(options),
        build(release),
        Step::peers(tool, "timing", ["-m", "timing", "--bench", &bench, "--work", &in_target("peers")]).and(options),
    ]
}

fn in_target(name: &str) -> String {
    python::target_folder().join(name).to_string_lossy().into_owned()
}

fn failed_start(command: &Command, error: &io::Error) -> String {
    format!("can't start {}: {error}", command.get_program().display())
}

/// Runs the steps until one fails.
pub(crate) fn run(steps: &[Step], cmake: &Cmake) -> ExitCode {
    for step in steps {
        if steps.len() > 1 {
            println!("xtask: {}", step.name);
        }
        let mut command = match step.command(cmake) {
            Ok(command) => command,
            Err(problem) => {
                eprintln!("xtask: {problem}");
                return ExitCode::FAILURE;
            }
        };
        match command.status() {
            Ok(status) if status.success() => continue,
            Ok(_) => {}
            Err(error) => eprintln!("xtask: {}: {}", step.name, failed_start(&command, &error)),
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
        assert_eq!(steps[5].name, "models");
        let all = test(true);
        let long: Vec<_> = all.iter().map(|step| step.name).skip(6).collect();
        assert_eq!(long, ["valgrind", "peers", "build", "answers", "peers", "build", "timing", "tests"]);
        assert_eq!(all[13].environment, [("THERMOCLINE_TEST_ALL", "1")]);
    }

    #[test]
    fn a_failed_step_can_be_run_alone() {
        let step = Step::new("formatting", ["fmt"]).and(&["--all".into()]);
        assert_eq!(step.command_line(), "cargo xtask cargo fmt --all");
        assert_eq!(answers(&[])[2].command_line(), "cargo xtask peers --answers");
        assert_eq!(checked_timing()[2].command_line(), "cargo xtask peers --check");
        assert_eq!(timing(&["mean".into()])[2].command_line(), "cargo xtask peers");
        assert_eq!(timing(&["--help".into()]).len(), 1);
        assert_eq!(pmem_vm().command_line(), "cargo xtask pmem-vm");
    }

    #[test]
    fn polars_is_built_for_who_asks_for_tables() {
        let built_for = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|&argument| argument.into()).collect();
            let (build, run) = (build_for(&arguments).arguments, bench(&arguments).arguments);
            let without = build.contains(&"--no-default-features".into());
            let end = run.iter().position(|argument| argument == "--").unwrap();
            assert_eq!(run[..end].contains(&"--no-default-features".into()), without);
            assert_eq!(run[end + 1..], arguments);
            !without
        };
        assert!(!built_for(&[]) && !built_for(&["run", "mean", "--dir", "ocean"]));
        assert!(built_for(&["query", "--csv", "a.csv"]) && built_for(&["run", "flights-sort"]));
    }
}
