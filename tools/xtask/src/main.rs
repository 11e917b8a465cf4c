//! `cargo xtask …`: what a fresh machine needs to build, test and try the project, in one command each.
//!
//! Depends on the standard library alone, so that it builds at once.

mod cmake;
mod steps;

use std::process::ExitCode;

use steps::Step;

const USAGE: &str = "\
usage: cargo xtask <command>

  test [--all]       run all checks and tests; --all adds the long ones
  models             check the scheduler's protocols in every interleaving of a few threads
  build [--release]  build the bench tool
  bench [ARGS]       build bench and run it; alone, it runs the main job on data that it makes
  cargo ARGS         run cargo with what the build needs set up";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    };
    let steps = match (command.as_str(), rest) {
        ("help" | "--help" | "-h", _) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        ("test", []) => steps::test(false),
        ("test", [all]) if all == "--all" => steps::test(true),
        ("models", []) => vec![steps::models()],
        ("build", []) => vec![Step::new("build", ["build", "-p", "bench"])],
        ("build", [release]) if release == "--release" => {
            vec![Step::new("build", ["build", "-p", "bench", "--release"])]
        }
        ("bench", rest) => {
            vec![Step::new("bench", ["run", "--quiet", "--release", "-p", "bench", "--"]).and(rest)]
        }
        ("cargo", rest) => vec![Step::new("cargo", []).and(rest)],
        _ => {
            eprintln!("xtask: no such command: {}\n\n{USAGE}", arguments.join(" "));
            return ExitCode::from(2);
        }
    };
    let quiet = command == "bench" || command == "cargo";
    match cmake::prepare().map(|cmake| steps::run(&steps, &cmake, quiet)) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}
