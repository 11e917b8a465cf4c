//! What thermocline is compared with, from `PyPI`, and the programs in `tools/peers` that compare.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::python::{install, output_of, target_folder, workspace};

/// Programs that compare, and what they need.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Peers {
    /// In words.
    names: &'static str,
    /// The environment, in `target/`.
    environment: &'static str,
    /// The versions, pinned.
    requirements: &'static str,
    /// What finds out whether they work.
    imports: &'static str,
}

/// To compare answers with. Each kind of comparison has an environment of its own: this one is soon installed.
pub(crate) static ANSWERS: Peers = Peers {
    names: "NumPy, xarray, Dask, netCDF4 and h5py",
    environment: "peers-venv",
    requirements: "tools/peers/answers/requirements.txt",
    imports: "import cftime, dask, h5py, hdf5plugin, netCDF4, numpy, xarray",
};

/// To compare seconds and memory with.
pub(crate) static TIMING: Peers = Peers {
    names: "Dask, xarray and what they recommend, polars and DuckDB",
    environment: "peers-timing-venv",
    requirements: "tools/peers/timing/requirements.txt",
    imports: "import bottleneck, dask.dataframe, distributed, duckdb, flox, h5netcdf, netCDF4, polars, pyarrow, xarray",
};

impl Peers {
    /// Python with the peers and the programs that compare with them: from an earlier run if they work and are those of
    /// today, else installed.
    pub(crate) fn python(&self) -> Result<Command, String> {
        let place = target_folder().join(self.environment);
        let requirements = workspace().join(self.requirements);
        let wanted =
            fs::read_to_string(&requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
        let record = place.join("requirements.txt");
        if fs::read_to_string(&record).is_ok_and(|installed| installed == wanted)
            && let Some(python) = self.working(&place)
        {
            return Ok(python);
        }
        let Self { names, environment, .. } = self;
        eprintln!("xtask: installing {names} for this project alone, in target/{environment}");
        let python =
            install(&place, &[OsStr::new("-r"), requirements.as_os_str()], || self.working(&place)).map_err(|why| {
                format!("pip could not install {names}: python3 3.11 or newer, venv and a network needed ({why})")
            })?;
        fs::write(&record, wanted).map_err(|error| format!("{}: {error}", record.display()))?;
        Ok(python)
    }

    /// The interpreter, if it has the peers.
    fn working(&self, place: &Path) -> Option<Command> {
        let own = place.join("bin/python3");
        // What `pip --target` installed is for the machine's interpreter.
        let (program, packages) =
            if own.exists() { (own.as_path(), None) } else { (Path::new("python3"), Some(place)) };
        let path = env::join_paths(packages.into_iter().chain([&*workspace().join("tools/peers")])).ok()?;
        let python = || {
            let mut command = Command::new(program);
            command.env("PYTHONPATH", &path).env("PYTHONDONTWRITEBYTECODE", "1");
            command
        };
        output_of(python().args(["-c", self.imports])).ok()?;
        Some(python())
    }
}
