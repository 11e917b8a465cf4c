//! One year's file, in the layout of OISST.
//!
//! **W1.** The file has its name with `.partial` behind it until it is complete and on the disk; what goes wrong
//! before leaves nothing with the final name, and removes the partial file if the process lives to do so.
//! **W2.** The bytes are a function of year, days, type and seed: fixed settings of the library, no timestamps,
//! chunks written in order by one thread.

use std::fs;
use std::path::{Path, PathBuf};

use hdf5::dataset::DatasetBuilder;
use hdf5::file::LibraryVersion;
use hdf5::plist::file_create::{AttrCreationOrder, LinkCreationOrder};
use hdf5::types::{FloatSize, IntSize, TypeDescriptor};
use hdf5::{Dataset, Extent, File, H5Type, Location};

use super::encode::{FLOAT_FILL, LEVEL};
use super::field::{FILL, LATITUDES, LONGITUDES, SCALE, latitude, longitude};
use super::raw;
use crate::cli::Dtype;
use crate::error::{BenchError, Result};

/// Changed when the same parameters would give other bytes.
const FORMAT: i32 = 1;
/// The attributes by which files of this program are known.
const FORMAT_ATTRIBUTE: &str = "generator_format";
const SEED_ATTRIBUTE: &str = "generator_seed";

/// One year of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct YearFile {
    /// The final name.
    pub(crate) path: PathBuf,
    /// Days from 1800-01-01 to its first.
    pub(crate) first_day: i64,
    /// Days in it.
    pub(crate) days: usize,
}

impl YearFile {
    /// The file's name until it is complete.
    pub(crate) fn partial(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".partial");
        name.into()
    }
}

/// What is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Nothing.
    Nothing,
    /// A complete file of the same parameters.
    Same,
    /// A file of this program, of other parameters.
    Other,
}

/// What is at the place of `year`.
///
/// # Errors
/// Where there is something that this program did not make.
pub(crate) fn existing(year: &YearFile, dtype: Dtype, seed: u64) -> Result<Existing> {
    match fs::symlink_metadata(&year.path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Existing::Nothing),
        Err(error) => return Err(BenchError::io(&year.path, "stat")(error)),
        Ok(_) => {}
    }
    let foreign = |_: hdf5::Error| {
        BenchError::file(
            &year.path,
            "is there already, and not made by this program: move it away, or name another folder with --dir",
        )
    };
    let describe = || -> hdf5::Result<Existing> {
        let file = File::with_options().with_fapl(|access| access.file_locking(false)).open(&year.path)?;
        let format: i32 = file.attr(FORMAT_ATTRIBUTE)?.read_raw()?.first().copied().unwrap_or(0);
        let made_of: u64 = file.attr(SEED_ATTRIBUTE)?.read_raw()?.first().copied().unwrap_or(0);
        let variable = file.dataset("sst")?;
        let found = (format, made_of, variable.shape(), variable.dtype()?.to_descriptor()?);
        let wanted = (FORMAT, seed, vec![year.days, LATITUDES, LONGITUDES], descriptor(dtype));
        Ok(if found == wanted { Existing::Same } else { Existing::Other })
    };
    describe().map_err(foreign)
}

fn descriptor(dtype: Dtype) -> TypeDescriptor {
    match dtype {
        Dtype::I2 => TypeDescriptor::Integer(IntSize::U2),
        Dtype::F4 => TypeDescriptor::Float(FloatSize::U4),
    }
}

/// A year that is being written.
pub(crate) struct Writer {
    year: YearFile,
    partial: PathBuf,
    /// Gone once the file is closed.
    open: Option<(File, Dataset)>,
    next: u64,
}

impl Writer {
    /// Begins the file, over what an interrupted run may have left.
    pub(crate) fn create(year: YearFile, dtype: Dtype, seed: u64) -> Result<Self> {
        let partial = year.partial();
        let made = make(&partial, &year, dtype, seed);
        // Owned from here on, so that a failure removes the partial file.
        let mut writer = Self { year, partial, open: None, next: 0 };
        writer.open = Some(made.map_err(BenchError::hdf5(&writer.partial, "creating the file"))?);
        Ok(writer)
    }

    /// Appends the stored bytes of the next day.
    pub(crate) fn append(&mut self, stored: &[u8]) -> Result<()> {
        if let Some((_, variable)) = &self.open {
            raw::write_chunk(variable, &[self.next, 0, 0], stored)
                .map_err(BenchError::hdf5(&self.partial, "writing a day (is the disk full?)"))?;
        }
        self.next += 1;
        Ok(())
    }

    /// Closes the file and gives it its name.
    pub(crate) fn finish(mut self) -> Result<()> {
        if self.next != self.year.days as u64 {
            let problem = format!("has {} days, not {}: this is a mistake in the program", self.next, self.year.days);
            return Err(BenchError::file(&self.partial, problem));
        }
        if let Some((file, variable)) = self.open.take() {
            drop(variable);
            let closed = file.flush().and_then(|()| file.close());
            closed.map_err(BenchError::hdf5(&self.partial, "closing the file (is the disk full?)"))?;
        }
        let synced = fs::File::open(&self.partial).and_then(|file| file.sync_all());
        synced.map_err(BenchError::io(&self.partial, "fsync"))?;
        fs::rename(&self.partial, &self.year.path).map_err(BenchError::io(&self.partial, "rename"))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.open.take());
        // Gone already where the year is finished.
        drop(fs::remove_file(&self.partial));
    }
}

/// Creates the file with everything but the days' values.
fn make(path: &Path, year: &YearFile, dtype: Dtype, seed: u64) -> hdf5::Result<(File, Dataset)> {
    let file = File::with_options()
        .with_fapl(|access| access.libver_bounds(LibraryVersion::V18, LibraryVersion::V18))
        .with_fcpl(|create| {
            create
                .obj_track_times(false)
                .link_creation_order(LinkCreationOrder::Indexed)
                .attr_creation_order(AttrCreationOrder::Indexed)
        })
        .create(path)?;
    for (name, text) in [
        ("Conventions", "CF-1.8"),
        ("title", "Synthetic daily sea surface temperature in the layout of NOAA OISST v2"),
        ("source", "thermocline bench generate: made up, no observations"),
    ] {
        raw::text_attribute(&file, name, text)?;
    }
    number(&file, FORMAT_ATTRIBUTE, FORMAT)?;
    number(&file, SEED_ATTRIBUTE, seed)?;
    let time = time(&file, year)?;
    let lat = coordinate(&file, "lat", 1, &(0..LATITUDES).map(latitude).collect::<Vec<_>>())?;
    let lon = coordinate(&file, "lon", 2, &(0..LONGITUDES).map(longitude).collect::<Vec<_>>())?;
    let variable = variable(&file, year.days, dtype)?;
    raw::attach_scales(&variable, &[time, lat, lon])?;
    Ok((file, variable))
}

/// A builder for data sets without timestamps.
fn builder(file: &File) -> DatasetBuilder {
    file.new_dataset_builder()
        .with_dcpl(|create| create.obj_track_times(false).attr_creation_order(AttrCreationOrder::Indexed))
}

fn time(file: &File, year: &YearFile) -> hdf5::Result<Dataset> {
    let days: Vec<f64> = (0..year.days).map(|day| (year.first_day + day as i64) as f64).collect();
    let time = builder(file).empty::<f64>().chunk(366).shape(Extent::resizable(days.len())).create("time")?;
    time.write_raw(&days)?;
    raw::make_scale(&time, "time")?;
    dimension_id(&time, 0)?;
    for (name, text) in [
        ("long_name", "Time"),
        ("standard_name", "time"),
        ("units", "days since 1800-01-01 00:00:00"),
        ("calendar", "standard"),
        ("axis", "T"),
        ("delta_t", "0000-00-01 00:00:00"),
        ("avg_period", "0000-00-01 00:00:00"),
    ] {
        raw::text_attribute(&time, name, text)?;
    }
    Ok(time)
}

fn coordinate(file: &File, name: &str, dimension: i32, values: &[f32]) -> hdf5::Result<Dataset> {
    let coordinate = builder(file).empty::<f32>().shape(values.len()).create(name)?;
    coordinate.write_raw(values)?;
    raw::make_scale(&coordinate, name)?;
    dimension_id(&coordinate, dimension)?;
    let (long, units, axis) = match name {
        "lat" => ("latitude", "degrees_north", "Y"),
        _ => ("longitude", "degrees_east", "X"),
    };
    for (name, text) in [("long_name", long), ("standard_name", long), ("units", units), ("axis", axis)] {
        raw::text_attribute(&coordinate, name, text)?;
    }
    Ok(coordinate)
}

fn variable(file: &File, days: usize, dtype: Dtype) -> hdf5::Result<Dataset> {
    let create = |builder: DatasetBuilder| builder.chunk((1, LATITUDES, LONGITUDES)).shuffle().deflate(LEVEL);
    let shape = (Extent::resizable(days), LATITUDES, LONGITUDES);
    let variable = match dtype {
        Dtype::I2 => create(builder(file)).fill_value(FILL).empty::<i16>().shape(shape).create("sst")?,
        Dtype::F4 => create(builder(file)).fill_value(FLOAT_FILL).empty::<f32>().shape(shape).create("sst")?,
    };
    for (name, text) in [
        ("long_name", "Daily Sea Surface Temperature"),
        ("standard_name", "sea_surface_temperature"),
        ("units", "degC"),
        ("cell_methods", "time: mean"),
        ("dataset", "Synthetic"),
        ("statistic", "Mean"),
    ] {
        raw::text_attribute(&variable, name, text)?;
    }
    match dtype {
        Dtype::I2 => {
            number(&variable, "_FillValue", FILL)?;
            number(&variable, "scale_factor", SCALE)?;
            number(&variable, "add_offset", 0.0_f32)?;
        }
        Dtype::F4 => number(&variable, "_FillValue", FLOAT_FILL)?,
    }
    Ok(variable)
}

/// Which of the file's dimensions a scale is, so that they keep their order.
fn dimension_id(scale: &Dataset, id: i32) -> hdf5::Result<()> {
    scale.new_attr::<i32>().create("_Netcdf4Dimid")?.write_scalar(&id)
}

/// A numeric attribute of one element, as netCDF writes them.
fn number<T: H5Type + Copy>(location: &Location, name: &str, value: T) -> hdf5::Result<()> {
    location.new_attr::<T>().shape(1).create(name)?.write_raw(&[value])
}
