//! `cargo xtask …`: what a fresh machine needs to build, test and try the project, in one command each.
//!
//! Depends on the standard library alone, so that it builds at once.

mod cmake;
mod peers;
mod python;
mod steps;

use std::process::ExitCode;

use cmake::Cmake;
use steps::Step;

const USAGE: &str = "\
usage: cargo xtask <command>

  test [--all]       run all checks and tests; --all adds the long ones
  models             check the scheduler's protocols in every interleaving of a few threads
  valgrind           read damaged scratch frames under valgrind
  report-check       open reports in headless Chromium, if it is there
  pmem-vm            run the spilling tests on persistent memory, in a virtual machine that is emulated in software;
                     QEMU and a kernel are fetched with apt-get and unpacked in target/
  peers --answers    compare the answers to thousands of cases with NumPy's and xarray's, which it installs in target/;
                     --seed N for other cases, --only TEXT for those that have it in their name
  peers [WORKLOAD…]  time bench and what Dask and xarray make of the same, in turn, and compare their memory and answers;
                     --check for whether all run on tiny data, --help for the rest
  build [--release]  build the bench tool
  bench [ARGS]       build bench and run it; alone, it runs the main job on data that it makes. Built without tables, which
                     take longer to build than all else together, where ARGS ask for none
  cargo ARGS         run cargo with what the build needs set up";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    };
    let job = match (command.as_str(), rest) {
        ("help" | "--help" | "-h", _) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        ("test", []) => Job::Steps(steps::test(false)),
        ("test", [all]) if all == "--all" => Job::Steps(steps::test(true)),
        ("peers", [answers, rest @ ..]) if answers == "--answers" => Job::Steps(steps::answers(rest)),
        ("peers", rest) => Job::Steps(steps::timing(rest)),
        ("valgrind", []) => Job::Steps(vec![steps::valgrind()]),
        ("report-check", []) => Job::Steps(vec![steps::report_check()]),
        ("pmem-vm", []) => Job::Steps(vec![steps::pmem_vm()]),
        ("models", []) => Job::Steps(vec![steps::models()]),
        ("build", []) => Job::Steps(vec![steps::build(false)]),
        ("build", [release]) if release == "--release" => Job::Steps(vec![steps::build(true)]),
        ("bench", rest) => Job::Bench(rest),
        ("cargo", rest) => Job::Cargo(rest),
        _ => {
            eprintln!("xtask: no such command: {}\n\n{USAGE}", arguments.join(" "));
            return ExitCode::from(2);
        }
    };
    cmake::prepare().and_then(|cmake| do_job(&job, &cmake)).unwrap_or_else(|problem| {
        eprintln!("xtask: {problem}");
        ExitCode::FAILURE
    })
}

/// What a command comes to.
enum Job<'a> {
    Steps(Vec<Step>),
    /// Built first, with cargo's own progress: the first time takes minutes.
    Bench(&'a [String]),
    Cargo(&'a [String]),
}

fn do_job(job: &Job<'_>, cmake: &Cmake) -> Result<ExitCode, String> {
    match job {
        Job::Steps(steps) => Ok(steps::run(steps, cmake)),
        Job::Bench(arguments) => {
            let code = steps::run(&[steps::build_for(arguments)], cmake);
            if code != ExitCode::SUCCESS {
                return Ok(code);
            }
            Err(steps::bench(arguments).take_over(cmake))
        }
        Job::Cargo(arguments) => Err(Step::new("cargo", []).and(arguments).take_over(cmake)),
    }
}
