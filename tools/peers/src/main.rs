//! `answers CASES FOLDER`: what thermocline makes of cases that Python wrote.
//!
//! `CASES` is a JSON list; the bytes of its arrays are in `inputs.bin` beside it. For each case a line of JSON goes to
//! `FOLDER/answers.jsonl`, with an error, or with the type, the shape and the place in `FOLDER/answers.bin` of the
//! result. All numbers are little-endian. The program in `tools/peers/answers` writes the cases, runs this, and compares.
//!
//! `answers --write FOLDER` writes netCDF files, for others to read. `answers --graphs LIST FOLDER` runs graphs of tasks that
//! are written down, and writes the values to `FOLDER/graphs.jsonl`.
//!
//! Each case is computed by one thread and by several, in small memory and in ample; the bits must be the same.

mod along;
mod case;
mod creation;
mod elementwise;
mod fields;
mod graphs;
mod overlap;
mod products;
mod random;
mod reductions;
mod structure;
mod value;
mod written;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use case::{Case, Outcome, Step};
use serde_json::json;
use thermocline::Session;
use value::{Answer, Value};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let outcome = match &arguments[..] {
        [option, folder] if option.as_os_str() == "--write" => write(folder),
        [option, list, folder] if option.as_os_str() == "--graphs" => run_graphs(list, folder),
        [cases, folder] => run(cases, folder),
        _ => {
            eprintln!("usage: answers CASES FOLDER, answers --write FOLDER, or answers --graphs LIST FOLDER");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("answers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cases: &Path, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let list: Vec<Case> = serde_json::from_reader(std::io::BufReader::new(File::open(cases)?))?;
    let bytes = std::fs::read(cases.with_file_name("inputs.bin"))?;
    let scratch = tempfile::tempdir_in(folder)?;
    let sessions = [(1, "320MiB"), (3, "1GiB")].map(|(threads, limit)| session(scratch.path(), threads, limit));
    let [one, several] = sessions;
    let (one, several) = (one?, several?);
    let mut lines = BufWriter::new(File::create(folder.join("answers.jsonl"))?);
    let mut values = BufWriter::new(File::create(folder.join("answers.bin"))?);
    let (mut offset, mut open) = (0, fields::Open::new());
    // A panic is an answer; where it was is in its message.
    std::panic::set_hook(Box::new(|_| ()));
    for case in &list {
        let answer = catch_unwind(AssertUnwindSafe(|| answer(case, &bytes, &mut open, [&one, &several])));
        let answer = answer.unwrap_or_else(|_| Err(Outcome::Broken("panic".into())));
        let line = match &answer {
            Ok(answer) => json!({
                "id": case.id, "dtype": answer.dtype.name(), "shape": answer.shape, "offset": offset,
            }),
            Err(outcome) => json!({ "id": case.id, outcome.kind(): outcome.to_string() }),
        };
        writeln!(lines, "{line}")?;
        // What hangs or crashes is the one after the last line.
        lines.flush()?;
        if let Ok(answer) = answer {
            values.write_all(&answer.bytes)?;
            offset += answer.bytes.len();
        }
    }
    values.flush()?;
    Ok(())
}

fn write(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let scratch = tempfile::tempdir_in(folder)?;
    Ok(written::write(&session(scratch.path(), 3, "320MiB")?, folder)?)
}

fn run_graphs(list: &Path, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let scratch = tempfile::tempdir_in(folder)?;
    graphs::run(&session(scratch.path(), 3, "320MiB")?, list, folder)
}

fn session(scratch: &Path, threads: usize, limit: &str) -> thermocline::Result<Session> {
    let scratch = scratch.to_string_lossy().into_owned();
    Session::builder().memory_limit(limit.parse()?).threads(threads).scratch(scratch).build()
}

fn answer(
    case: &Case,
    bytes: &[u8],
    open: &mut fields::Open,
    [one, several]: [&Session; 2],
) -> Result<Answer, Outcome> {
    let result = match &case.variable {
        Some(variable) => fields::value(variable, &case.steps, open)?,
        None => of_arrays(case, bytes)?,
    };
    let answer = result.compute(one)?;
    if answer == result.compute(several)? {
        Ok(answer)
    } else {
        Err(Outcome::Broken("other bits by three threads than by one".into()))
    }
}

fn of_arrays(case: &Case, bytes: &[u8]) -> Result<Value, Outcome> {
    let inputs = case.inputs.iter().map(|input| Value::read(input, bytes));
    let mut values: Vec<Value> = inputs.collect::<Result<_, _>>()?;
    for step in &case.steps {
        values.push(apply(step, &values)?);
    }
    values.pop().ok_or_else(|| Outcome::Broken("a case without steps".into()))
}

/// The result of a step, from the first of the tables that has it.
fn apply(step: &Step, values: &[Value]) -> Result<Value, Outcome> {
    let operands: Vec<&Value> = step.on.iter().map(|&at| &values[at]).collect();
    let tables = [
        elementwise::apply,
        reductions::apply,
        structure::apply,
        along::apply,
        products::apply,
        overlap::apply,
        random::apply,
        creation::apply,
    ];
    let found = tables.iter().find_map(|table| table(step, &operands));
    found.ok_or_else(|| Outcome::not_offered(step))?.checked()
}
