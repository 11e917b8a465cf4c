//! Which files a run reads, which variable of theirs, and what its labels say of it.

use std::fs;
use std::path::{Path, PathBuf};

use thermocline::Array;
use thermocline::io::netcdf::{self, Coordinate, DateTime, Field, VariableInfo};

use crate::cli::{Run, Workload};
use crate::error::{BenchError, Result};

/// More chunks than this are a slip of the keyboard: their tasks would fill the memory before anything was read.
const MOST_CHUNKS: usize = 1 << 20;

/// What a run reads.
#[derive(Debug)]
pub(crate) struct Input {
    /// The variable of all files, one after the other, with its labels.
    pub(crate) field: Field<f32>,
    /// The coordinate that tells the times, if one does.
    times: Option<Coordinate>,
}

impl Input {
    /// Looks at the files that `run` names: at the first year alone where the workload is about one.
    pub(crate) fn open(run: &Run) -> Result<Self> {
        if run.size.is_some() || run.data.is_some() {
            let problem = format!("--size, --data: {} reads files: use --dir or --files", run.workload.name());
            return Err(BenchError::Usage(problem));
        }
        let mut paths = paths(run)?;
        let one_year = run.workload == Workload::YearMean;
        if one_year {
            paths.truncate(1);
        }
        keep(&paths, run.out.as_deref(), "--out")?;
        let files = netcdf::open_many(&paths[..])?;
        let variable = match &run.var {
            Some(name) => name.clone(),
            None => default_variable(files.variables())?,
        };
        let mut field = files.field::<f32>(&variable)?;
        if field.shape().is_empty() {
            return Err(BenchError::Usage(format!("variable {variable} is a single number: name another with --var")));
        }
        check_chunks(&run.chunks, &field.shape())?;
        if !run.chunks.is_empty() {
            field = field.rechunk(&run.chunks[..]).checked()?;
        }
        let times = files.time_name().and_then(|name| field.coordinate(name)).cloned();
        let input = Self { field, times };
        if one_year { input.first_year() } else { Ok(input) }
    }

    #[cfg(test)]
    pub(crate) fn of(field: Field<f32>, times: Option<Coordinate>) -> Self {
        Self { field, times }
    }

    /// The part that is in the year of the first time; all of it where there are no times.
    fn first_year(self) -> Result<Self> {
        let (Some(times), Some((first, _))) = (&self.times, self.span()) else { return Ok(self) };
        let field = self.field.sel(times.name(), &*format!("{:04}", first.year())).checked()?;
        let times = field.coordinate(times.name()).cloned();
        Ok(Self { field, times })
    }

    /// The coordinate that tells the times.
    ///
    /// # Errors
    /// Where nothing does, so that `workload` makes no sense.
    pub(crate) fn times(&self, workload: Workload) -> Result<&Coordinate> {
        self.times.as_ref().ok_or_else(|| {
            BenchError::Usage(format!(
                "{} needs the times of {}, which has none: no coordinate of it has units such as \"days since 1800-01-01\"",
                workload.name(),
                self.field.name()
            ))
        })
    }

    /// The dimension that is reduced: that of the times, else the first.
    pub(crate) fn along(&self) -> &str {
        let times = self.times.as_ref().and_then(Coordinate::dimension);
        times.or(self.field.dimensions().first().map(String::as_str)).unwrap_or_default()
    }

    /// The first and the last time, if there are times.
    pub(crate) fn span(&self) -> Option<(DateTime, DateTime)> {
        let times = || self.times.as_ref()?.times().ok().map(|times| times.into_iter().flatten());
        let first = times()?.min_by_key(|time| time.micros())?;
        Some((first, times()?.max_by_key(|time| time.micros())?))
    }

    /// The latitudes along a dimension, if there are some.
    pub(crate) fn latitudes(&self) -> Option<&Coordinate> {
        self.field.coordinates().iter().find(|known| known.is_latitude() && known.dimension().is_some())
    }
}

/// The same values in chunks of these lengths; as they are where there are none.
pub(crate) fn rechunked(whole: Array<f32>, chunks: &[usize]) -> Result<Array<f32>> {
    check_chunks(chunks, &whole.shape())?;
    if chunks.is_empty() { Ok(whole) } else { Ok(whole.rechunk(chunks).checked()?) }
}

/// The files, in the order in which they follow each other.
fn paths(run: &Run) -> Result<Vec<PathBuf>> {
    if let Some(dir) = &run.dir {
        return series(dir);
    }
    if run.files.is_empty() {
        return Err(BenchError::Usage("say what to read: --files FILE... or --dir FOLDER".into()));
    }
    let mut paths = Vec::new();
    for pattern in &run.files {
        paths.extend(matches(pattern)?);
    }
    Ok(paths)
}

/// Whether `out`, which `flag` names, is none of the files that are read: it would take its place.
pub(crate) fn keep(paths: &[PathBuf], out: Option<&Path>, flag: &str) -> Result<()> {
    let Some(Ok(out)) = out.map(Path::canonicalize) else { return Ok(()) };
    let is_read = paths.iter().any(|path| path.canonicalize().is_ok_and(|path| path == out));
    if is_read {
        Err(BenchError::Usage(format!("{flag} {}: it is one of the files that are read", out.display())))
    } else {
        Ok(())
    }
}

/// The `sst*.nc` of a folder, in the order of their names.
pub(crate) fn series(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).map_err(BenchError::io(dir, "reading the folder"))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(BenchError::io(dir, "reading the folder"))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("sst") && name.ends_with(".nc") {
            paths.push(entry.path());
        }
    }
    if paths.is_empty() {
        let advice = "no sst*.nc there: make some with `bench generate --dir`, or name others with --files";
        return Err(BenchError::file(dir, advice));
    }
    paths.sort();
    Ok(paths)
}

/// The file of this name, else those that match it as a pattern, in the order of their names.
pub(crate) fn matches(pattern: &str) -> Result<Vec<PathBuf>> {
    let literal = PathBuf::from(pattern);
    if literal.exists() {
        return Ok(vec![literal]);
    }
    let found = glob::glob(pattern).map_err(|error| BenchError::Usage(format!("{pattern}: no pattern: {error}")))?;
    let mut paths = Vec::new();
    for path in found {
        paths.push(path.map_err(|error| {
            let path = error.path().to_owned();
            BenchError::Io { path, operation: "reading the folder", source: error.into() }
        })?);
    }
    if paths.is_empty() {
        return Err(BenchError::file(pattern, "there is no such file, and none matches it as a pattern"));
    }
    paths.sort();
    Ok(paths)
}

/// `sst`, else the only variable of three or more dimensions, else the only one of these that is a temperature of the sea's
/// surface. Bounds of cells are none.
fn default_variable(variables: &[VariableInfo]) -> Result<String> {
    if variables.iter().any(|variable| variable.name == "sst") {
        return Ok("sst".into());
    }
    let bounds = |variable: &VariableInfo| {
        let names = |other: &VariableInfo| other.attributes.text("bounds") == Some(&variable.name);
        variables.iter().any(names)
    };
    let large: Vec<&VariableInfo> =
        variables.iter().filter(|variable| variable.shape.len() >= 3 && !bounds(variable)).collect();
    let of_the_sea = |variable: &&&VariableInfo| {
        let name = variable.attributes.text("standard_name").unwrap_or_default();
        name.starts_with("sea_surface_") && name.ends_with("temperature")
    };
    let temperatures: Vec<&VariableInfo> = large.iter().filter(of_the_sea).copied().collect();
    let list = |of: &[&VariableInfo]| of.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    match (&large[..], &temperatures[..]) {
        ([one], _) | (_, [one]) => Ok(one.name.clone()),
        ([], _) if variables.is_empty() => Err(BenchError::Usage("the file has no variable that holds numbers".into())),
        ([], _) => Err(BenchError::Usage(format!(
            "no variable has three or more dimensions; say which one is meant with --var: {}",
            list(&variables.iter().collect::<Vec<_>>())
        ))),
        _ => Err(BenchError::Usage(format!("say which variable is meant with --var: {}", list(&large)))),
    }
}

fn check_chunks(chunks: &[usize], shape: &[usize]) -> Result<()> {
    if chunks.is_empty() {
        return Ok(());
    }
    if chunks.len() != shape.len() {
        let problem =
            format!("--chunks has {} lengths, but the array {shape:?} has {} axes", chunks.len(), shape.len());
        return Err(BenchError::Usage(problem));
    }
    let counts = shape.iter().zip(chunks).map(|(&length, &chunk)| length.div_ceil(chunk).max(1));
    match counts.fold(1_usize, usize::saturating_mul) {
        0..=MOST_CHUNKS => Ok(()),
        count => Err(BenchError::Usage(format!(
            "--chunks cuts the array {shape:?} into {count} chunks: ask for larger ones, {MOST_CHUNKS} in all at most"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_that_are_too_many_or_do_not_fit_are_refused() {
        let refused = |chunks: &[usize]| check_chunks(chunks, &[12_783, 720, 1440]).unwrap_err().line();
        assert!(refused(&[24, 720]).contains("has 2 lengths, but the array [12783, 720, 1440] has 3 axes"));
        assert!(refused(&[1, 1, 1]).contains("13253414400 chunks"));
        assert!(check_chunks(&[24, 720, 1440], &[12_783, 720, 1440]).is_ok());
        assert!(check_chunks(&[usize::MAX, 1 << 40, 1440], &[1, 720, 1440]).is_ok());
        assert!(check_chunks(&[1, 1], &[usize::MAX, usize::MAX]).is_err());
    }

    #[test]
    fn a_name_that_looks_like_a_pattern_is_a_name_first() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("a[1].nc");
        fs::write(&odd, "").unwrap();
        assert_eq!(matches(odd.to_str().unwrap()).unwrap(), std::slice::from_ref(&odd));
        fs::rename(&odd, folder.path().join("a1.nc")).unwrap();
        assert_eq!(matches(odd.to_str().unwrap()).unwrap(), [folder.path().join("a1.nc")]);
        fs::remove_file(folder.path().join("a1.nc")).unwrap();
        let error = matches(odd.to_str().unwrap()).unwrap_err().line();
        assert!(error.contains("a[1].nc: there is no such file"), "{error}");
    }

    #[test]
    fn a_folder_gives_its_series_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["sst.day.mean.1982.v2.nc", "sst.day.mean.1981.v2.nc", "sst.txt", "air.nc", "sst.nc.partial"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<_> = series(folder.path()).unwrap();
        let names: Vec<_> = names.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["sst.day.mean.1981.v2.nc", "sst.day.mean.1982.v2.nc"]);
    }
}
