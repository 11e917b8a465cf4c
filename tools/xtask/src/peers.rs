//! `NumPy`, xarray and netCDF4, to compare with, and the programs in `tools/peers` that do.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::python::{install, output_of, target_folder, workspace};

/// The versions, pinned.
const REQUIREMENTS: &str = "tools/peers/answers/requirements.txt";

/// What finds out whether they work.
const IMPORTS: &str = "import cftime, netCDF4, numpy, xarray";

/// Python with the peers and the programs that compare with them. The peers are in `target/peers-venv`: from an earlier run
/// if they work and are those of today, else installed.
pub(crate) fn python() -> Result<Command, String> {
    let place = target_folder().join("peers-venv");
    let requirements = workspace().join(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let record = place.join("requirements.txt");
    if fs::read_to_string(&record).is_ok_and(|installed| installed == wanted)
        && let Some(python) = working(&place)
    {
        return Ok(python);
    }
    eprintln!("xtask: installing NumPy, xarray and netCDF4 for this project alone, in target/peers-venv");
    let python = install(&place, &[OsStr::new("-r"), requirements.as_os_str()], || working(&place)).map_err(|why| {
        format!(
            "pip could not install NumPy, xarray and netCDF4: python3 3.11 or newer, venv and a network needed ({why})"
        )
    })?;
    fs::write(&record, wanted).map_err(|error| format!("{}: {error}", record.display()))?;
    Ok(python)
}

/// The interpreter, if it has the peers.
fn working(place: &Path) -> Option<Command> {
    let own = place.join("bin/python3");
    // What `pip --target` installed is for the machine's interpreter.
    let (program, packages) = if own.exists() { (own.as_path(), None) } else { (Path::new("python3"), Some(place)) };
    let path = env::join_paths(packages.into_iter().chain([&*workspace().join("tools/peers")])).ok()?;
    let python = || {
        let mut command = Command::new(program);
        command.env("PYTHONPATH", &path).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    output_of(python().args(["-c", IMPORTS])).ok()?;
    Some(python())
}
