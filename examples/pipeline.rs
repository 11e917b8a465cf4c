//! The pipeline of the talk: load files, clean each, analyse the sequence, store the result.
//!
//! In Python, with Dask:
//!
//! ```python
//! loaded = [delayed(load)(i) for i in filenames]
//! cleaned = [delayed(clean)(i) for i in loaded]
//! analysis = delayed(analyze)(cleaned)
//! stored = delayed(store)(analysis)
//! stored.compute()
//! ```

use std::fs;
use std::io;
use std::num::ParseFloatError;
use std::path::{Path, PathBuf};

use thermocline::{Session, delayed};

fn load(file: &Path) -> io::Result<String> {
    fs::read_to_string(file)
}

fn clean(text: &str) -> Result<Vec<f64>, ParseFloatError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::parse).collect()
}

fn analyze(sequence: Vec<&Vec<f64>>) -> Vec<f64> {
    sequence.iter().map(|values| values.iter().sum::<f64>() / values.len() as f64).collect()
}

fn store(means: &[f64], file: &Path) -> io::Result<usize> {
    let lines: Vec<String> = means.iter().map(f64::to_string).collect();
    fs::write(file, lines.join("\n") + "\n")?;
    Ok(means.len())
}

/// Means of the numbers in each of `files`, into `result`.
fn means(session: &Session, files: &[PathBuf], result: &Path) -> thermocline::Result<usize> {
    // What is large goes to scratch between the stages, when memory is short.
    let loaded: Vec<_> = files.iter().map(|file| delayed!(load(file.as_path())?).spillable()).collect();
    let cleaned: Vec<_> = loaded.iter().map(|text| delayed!(clean(text)?).spillable()).collect();
    let analysis = delayed!(analyze(cleaned));
    let stored = delayed!(store(analysis, result)?);
    println!("{}", session.plan(&stored)?);
    session.compute(&stored)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let files: Vec<PathBuf> = (0..20).map(|day| folder.path().join(format!("myfile.{day}.data"))).collect();
    for (day, file) in files.iter().enumerate() {
        let lines: Vec<String> = (0..1000).map(|at| format!("{}", day as f64 + f64::from(at % 10))).collect();
        fs::write(file, format!("# day {day}\n{}", lines.join("\n")))?;
    }
    let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    let result = folder.path().join("means");
    println!("means of {} files", means(&session, &files, &result)?);
    assert!(fs::read_to_string(&result)?.starts_with("4.5\n5.5\n"));

    // A file that holds something else ends the run, with the parser's own error.
    fs::write(&files[7], "12.5\ntwelve\n")?;
    let Err(error) = means(&session, &files, &result) else { return Err("it was no number".into()) };
    println!("{error}");
    let thermocline::Error::Task { source, .. } = error else { return Err("another error".into()) };
    assert!(source.downcast_ref::<ParseFloatError>().is_some());
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
