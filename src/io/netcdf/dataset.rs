//! One file or a series of files, and their variables.

use std::path::Path;
use std::sync::Arc;

use super::attributes::Attributes;
use super::coordinate::Coordinate;
use super::dimensions::{Dimension, base};
use super::field::Field;
use super::files::Files;
use super::joined::Joined;
use super::look::{Look, VariableInfo};
use super::options::Options;
use super::series::{Gap, Overlap, Series, time_axis};
use super::unit_names;
use crate::array::{Array, Source};
use crate::error::{Error, Result};
use crate::io::hdf5::{Real, Unread, Variable};
use crate::units::ByteSize;

/// A netCDF-4 or HDF5 file, or a series of them whose variables follow each other along one dimension.
///
/// No descriptor is held open but those of a cache of 64, which is filled as blocks are read. A file that changes after
/// this looked at it is an error then.
///
/// [`field`](Self::field) gives a variable with its labels, [`array`](Self::array) its values alone.
///
/// ```
/// use thermocline::io::netcdf::{self, Field};
/// use thermocline::{Array, Session};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sst.nc");
/// # let file = hdf5::File::create(&path)?;
/// # let text = |object: &hdf5::Location, name: &str, text: &str| {
/// #     let text: hdf5::types::VarLenUnicode = text.parse().unwrap();
/// #     object.new_attr::<hdf5::types::VarLenUnicode>().create(name)?.write_scalar(&text)
/// # };
/// # text(&file, "title", "Daily means")?;
/// # let time = file.new_dataset::<f64>().shape([3]).create("time")?;
/// # time.write_raw(&[0.0, 1.0, 2.0])?;
/// # text(&time, "CLASS", "DIMENSION_SCALE")?;
/// # text(&time, "units", "days since 2004-02-28")?;
/// # let sst = file.new_dataset::<i16>().shape([3]).create("sst")?;
/// # sst.write_raw(&[100_i16, 9000, -999])?;
/// # sst.new_attr::<i16>().create("_FillValue")?.write_scalar(&-999_i16)?;
/// # sst.new_attr::<i16>().create("valid_max")?.write_scalar(&4500_i16)?;
/// # sst.new_attr::<f64>().create("scale_factor")?.write_scalar(&0.01)?;
/// # drop((time, sst));
/// # file.close()?;
/// let data = netcdf::open(&path)?;
/// assert_eq!((data.path(), data.paths().len()), (path.as_path(), 1));
/// assert_eq!(data.dimensions()[0].to_string(), "time: 3");
/// assert_eq!(data.data_variables().map(ToString::to_string).collect::<Vec<_>>(), ["int16 sst (time: 3)"]);
/// assert_eq!(data.coordinates().map(ToString::to_string).collect::<Vec<_>>(), ["float64 time (time: 3)"]);
/// assert_eq!((data.variables().len(), data.groups().len(), data.unread().len()), (2, 0, 0));
/// assert_eq!((data.attributes().text("title"), data.time_name()), (Some("Daily means"), Some("time")));
/// assert_eq!(data.coordinate("time")?.times()?[1].unwrap().to_string(), "2004-02-29");
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let sst: Field<f32> = data.field("sst")?;
/// assert_eq!(session.compute(&sst.max("time"))?[[]], 90.0); // -999 stands for nothing
/// let valid: Array<f32> = data.clone().valid_range(true).array("sst")?;
/// assert_eq!(session.compute(&valid.nanmax(..))?[[]], 1.0); // and so does what is above `valid_max`
/// let stored: Array<i16> = data.clone().mask_and_scale(false).array("sst")?;
/// assert_eq!(session.compute(&stored)?.into_raw_vec_and_offset().0, [100, 9000, -999]);
///
/// assert!(data.array::<i16>("sst").is_err()); // unpacked, they are no integers
/// println!("{}", data.array::<f32>("sea").unwrap_err()); // and there are `sst` and `time` only
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dataset {
    series: Arc<Series>,
    look: Arc<Look>,
    options: Options,
}

/// Looks at the netCDF-4 or HDF5 file at `path`.
///
/// ```
/// use thermocline::Error;
/// use thermocline::io::netcdf;
///
/// # let folder = tempfile::tempdir()?;
/// # let [missing, other] = ["missing.nc", "notes.txt"].map(|name| folder.path().join(name));
/// # std::fs::write(&other, "no data")?;
/// assert!(matches!(netcdf::open(&missing), Err(Error::FileIo { .. })));
/// assert!(matches!(netcdf::open(&other), Err(Error::File { .. })));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// [`Error::FileIo`] where it can't be opened, [`Error::File`] where it is something else, or damaged.
pub fn open(path: impl AsRef<Path>) -> Result<Dataset> {
    Dataset::of(&[path.as_ref().to_owned()])
}

/// Looks at the files that match a pattern, or at those of a list, as one series.
///
/// They are joined along the dimension that has times, and sorted by them; where no file has times, along the dimension
/// that can grow, else along the first one of the variable asked for, in order of their names or as they are listed.
/// Variables without that dimension are those of the first file. Stored types, scales, offsets, fill values, and the
/// moment that times are counted from may differ from file to file.
///
/// Whether the files fit together is checked when a variable is [asked for](Dataset::array), so that it can be said
/// before what may differ: overlapping times, units, labels of the other dimensions. Gaps are
/// [reported](Dataset::gaps) to whoever asks.
///
/// ```no_run
/// use thermocline::io::netcdf;
///
/// let days = netcdf::open_many("data/sst.day.mean.*.nc")?;
/// let two = netcdf::open_many(["a.nc", "b.nc"])?;
/// # Ok::<(), thermocline::Error>(())
/// ```
///
/// # Errors
/// [`Error::File`] where no file matches, or one is something else, or has no times while the first has; [`Error::FileIo`]
/// where one can't be opened.
pub fn open_many(files: impl Into<Files>) -> Result<Dataset> {
    Dataset::of(&files.into().paths()?)
}

impl Dataset {
    fn of(paths: &[std::path::PathBuf]) -> Result<Self> {
        let (series, mut look) = Series::open(paths)?;
        if let (Some(joined), Some(length)) = (&series.joined, series.length()) {
            look.stretch(joined, length);
        }
        Ok(Self { series: Arc::new(series), look: Arc::new(look), options: Options::default() })
    }

    /// The file; of a series the first.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.series.first().path()
    }

    /// The files, in their order.
    #[must_use]
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.series.parts.iter().map(|part| part.member.path())
    }

    /// The dimensions, with their lengths; of a series, the one that it is joined along has that of all files together.
    #[must_use]
    pub fn dimensions(&self) -> &[Dimension] {
        &self.look.dimensions
    }

    /// The variables that hold numbers, in order of their names.
    #[must_use]
    pub fn variables(&self) -> &[VariableInfo] {
        &self.look.variables
    }

    /// The variables that are coordinates: named as their one dimension, or in another variable's attribute `coordinates`.
    pub fn coordinates(&self) -> impl Iterator<Item = &VariableInfo> {
        self.look.variables.iter().filter(|variable| self.look.is_coordinate(variable))
    }

    /// The other variables.
    pub fn data_variables(&self) -> impl Iterator<Item = &VariableInfo> {
        self.look.variables.iter().filter(|variable| !self.look.is_coordinate(variable))
    }

    /// The names of the groups, each with those that hold it: `forecast/hourly`.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.look.groups
    }

    /// What the file holds beside variables and groups, and why it is not read: texts and compounds, links, damage.
    #[must_use]
    pub fn unread(&self) -> &[Unread] {
        &self.look.unread
    }

    /// The attributes of the file; of a series, of the file that was named first.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.look.attributes
    }

    /// Whether values are unpacked (the default), or given as they are stored.
    #[must_use]
    pub fn mask_and_scale(mut self, on: bool) -> Self {
        self.options.mask_and_scale = on;
        self
    }

    /// Whether values outside of `valid_range`, or of `valid_min` and `valid_max`, are missing: off by default, as in
    /// xarray; netCDF4 for Python does so.
    #[must_use]
    pub fn valid_range(mut self, on: bool) -> Self {
        self.options.valid_range = on;
        self
    }

    /// Sets the bytes that a block has in memory, about: 96 MiB by default. A block has one storage chunk at least.
    #[must_use]
    pub fn block_size(mut self, size: ByteSize) -> Self {
        self.options.block = size.bytes().max(1);
        self
    }

    /// Whether bytes may be read directly (the default), or always through the HDF5 library. The values are the same;
    /// this is for comparing the two.
    #[must_use]
    pub fn direct(mut self, on: bool) -> Self {
        self.options.direct = on;
        self
    }

    /// Whether the times of two files may overlap: their values follow each other all the same.
    #[must_use]
    pub fn allow_overlaps(mut self, on: bool) -> Self {
        self.options.allow.overlaps = on;
        self
    }

    /// Whether a variable may have other units in another file: its values are not converted.
    ///
    /// ```
    /// use thermocline::Array;
    /// use thermocline::io::netcdf;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let write = |name: &str, units: &str, lat: f64| {
    /// #     let path = folder.path().join(name);
    /// #     let file = hdf5::File::create(&path)?;
    /// #     let text = |object: &hdf5::Location, name: &str, text: &str| {
    /// #         let text: hdf5::types::VarLenUnicode = text.parse().unwrap();
    /// #         object.new_attr::<hdf5::types::VarLenUnicode>().create(name)?.write_scalar(&text)
    /// #     };
    /// #     let labels = file.new_dataset::<f64>().shape([3]).create("lat")?;
    /// #     labels.write_raw(&[lat, 1.0, 2.0])?;
    /// #     text(&labels, "CLASS", "DIMENSION_SCALE")?;
    /// #     let time = file.new_dataset::<f64>().shape([2]).create("time")?;
    /// #     time.write_raw(if name == "a.nc" { &[0.0, 1.0] } else { &[2.0, 3.0] })?;
    /// #     text(&time, "CLASS", "DIMENSION_SCALE")?;
    /// #     text(&time, "units", "days since 2004-01-01")?;
    /// #     let sst = file.new_dataset::<f32>().shape([2, 3]).create("sst")?;
    /// #     sst.write_raw(&[0.0_f32; 6])?;
    /// #     text(&sst, "units", units)?;
    /// #     drop((labels, time, sst));
    /// #     file.close()?;
    /// #     Ok::<_, hdf5::Error>(path)
    /// # };
    /// # let [a, b] = [write("a.nc", "degC", 0.0)?, write("b.nc", "K", 0.5)?];
    /// let days = netcdf::open_many([a, b])?; // in degC and in K, from latitude 0.0 and from 0.5
    /// println!("{}", days.array::<f32>("sst").unwrap_err());
    /// let days = days.allow_other_units(true);
    /// assert!(days.array::<f32>("sst").is_err()); // labels still differ
    /// let days = days.allow_other_labels(true);
    /// let sst: Array<f32> = days.array("sst")?;
    /// assert_eq!(sst.shape(), [4, 3]);
    /// assert_eq!(days.coordinate("lat")?.values(), [0.0, 1.0, 2.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn allow_other_units(mut self, on: bool) -> Self {
        self.options.allow.other_units = on;
        self
    }

    /// Whether labels along dimensions that files are not joined along may differ: those of the first file are taken.
    #[must_use]
    pub fn allow_other_labels(mut self, on: bool) -> Self {
        self.options.allow.other_labels = on;
        self
    }

    /// Holes in the times of a series, longer than one and a half times the usual distance; none where there are no times.
    ///
    /// ```
    /// use thermocline::Array;
    /// use thermocline::io::netcdf;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let write = |name: &str, days: [f64; 3]| {
    /// #     let file = hdf5::File::create(folder.path().join(name))?;
    /// #     let text = |object: &hdf5::Location, name: &str, text: &str| {
    /// #         let text: hdf5::types::VarLenUnicode = text.parse().unwrap();
    /// #         object.new_attr::<hdf5::types::VarLenUnicode>().create(name)?.write_scalar(&text)
    /// #     };
    /// #     let time = file.new_dataset::<f64>().shape([3]).create("time")?;
    /// #     time.write_raw(&days)?;
    /// #     text(&time, "CLASS", "DIMENSION_SCALE")?;
    /// #     text(&time, "units", "days since 2004-01-01")?;
    /// #     file.new_dataset::<f32>().shape([3]).create("sst")?.write_raw(&[0.0_f32; 3])?;
    /// #     drop(time);
    /// #     file.close()
    /// # };
    /// # write("a.nc", [0.0, 1.0, 2.0])?;
    /// # write("b.nc", [6.0, 7.0, 8.0])?;
    /// # write("c.nc", [8.0, 9.0, 10.0])?;
    /// let [a, b, c] = ["a.nc", "b.nc", "c.nc"].map(|name| folder.path().join(name));
    /// let days = netcdf::open_many([&a, &b])?; // 1 to 3 January, and 7 to 9
    /// let gap = &days.gaps()[0];
    /// assert_eq!((gap.last.day(), gap.next.day()), (3, 7));
    /// assert_eq!(gap.files, [a, b.clone()]);
    /// assert!(days.overlaps().is_empty());
    ///
    /// let days = netcdf::open_many([b, c])?; // both have the 9th
    /// assert_eq!(days.overlaps()[0].next.to_string(), "2004-01-09");
    /// assert!(days.array::<f32>("sst").is_err());
    /// let sst: Array<f32> = days.allow_overlaps(true).array("sst")?;
    /// assert_eq!(sst.shape(), [6]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        self.series.gaps()
    }

    /// Files of a series whose times overlap, two by two.
    ///
    /// [`gaps`](Self::gaps) has an example. Asking for a variable of such files is an error, unless it is
    /// [allowed](Self::allow_overlaps).
    #[must_use]
    pub fn overlaps(&self) -> Vec<Overlap> {
        self.series.overlaps()
    }

    /// The name of the coordinate that tells the time, if there is one: a list of numbers with units such as
    /// `days since 1800-01-01`.
    #[must_use]
    pub fn time_name(&self) -> Option<&str> {
        let of_file = || time_axis(&self.look).map(|(variable, _)| variable.name.as_str());
        self.series.time_name().or_else(of_file)
    }

    /// The variable `name`, its values as `T`; of a series, that of the first file.
    ///
    /// ```
    /// use thermocline::Array;
    /// use thermocline::array::Source;
    /// use thermocline::io::netcdf::{self, ReadPath, Variable};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("sst.nc");
    /// # let file = hdf5::File::create(&path)?;
    /// # file.new_dataset::<i16>().shape([4, 3]).create("sst")?.write_raw(&[7_i16; 12])?;
    /// # file.close()?;
    /// let data = netcdf::open(&path)?;
    /// let sst: Variable<i16> = data.variable("sst")?;
    /// assert_eq!((sst.name(), sst.shape(), sst.path()), ("sst", &[4, 3][..], path.as_path()));
    /// assert_eq!(sst.read_path(), ReadPath::Direct);
    /// let slow: Variable<i16> = data.clone().direct(false).variable("sst")?;
    /// println!("{}", slow.read_path()); // and why
    /// let small = data.clone().block_size("8B".parse()?).variable::<i16>("sst")?;
    /// assert!(small.grid().blocks() > sst.grid().blocks());
    /// assert_eq!(Array::from_source(sst).shape(), [4, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`] where there is no such variable (the error lists those that there are), where it doesn't hold
    /// numbers, where `T` can't hold them without loss, or where the file is damaged.
    pub fn variable<T: Real>(&self, name: &str) -> Result<Variable<T>> {
        self.series.first().variable(name, self.options).map(|(variable, _)| variable)
    }

    /// The variable `name` as a lazy array.
    ///
    /// # Errors
    /// As [`variable`](Self::variable). Of a series also where two files don't fit together, which it names: other
    /// dimensions, or lengths along any but the first; overlapping times, other units, other labels, each unless it is
    /// allowed.
    pub fn array<T: Real>(&self, name: &str) -> Result<Array<T>> {
        Ok(Array::from_shared_source(self.source(name)?))
    }

    /// The variable `name` with its labels and attributes. Of unpacked values these are without what is true of the stored
    /// numbers only: `scale_factor`, `add_offset`, `_FillValue`, ….
    ///
    /// Its coordinates are those of its dimensions, and those that its attribute `coordinates` names, as far as they are
    /// lists of labels along one dimension, or single ones.
    ///
    /// # Errors
    /// As [`array`](Self::array); [`Error::File`] where a coordinate is damaged.
    pub fn field<T: Real>(&self, name: &str) -> Result<Field<T>> {
        let array = self.array(name)?;
        let Some(info) = self.look.variable(name) else {
            return Err(Error::file(self.path(), format!("variable {name} can't be looked at")));
        };
        let own = info.attributes.clone();
        let attributes = if self.options.mask_and_scale { own.unpacked() } else { own };
        let mut field = Field::new(base(name), array, info.dimensions.iter().cloned()).with_attributes(attributes);
        for coordinate in self.look.coordinates_of(info) {
            if let Some(labels) = self.labels(coordinate)? {
                field = field.with_coordinate(labels);
            }
        }
        field.checked()
    }

    /// The labels that a variable holds, if they are labels.
    fn labels(&self, info: &VariableInfo) -> Result<Option<Coordinate>> {
        if self.series.joins(&info.dimensions) {
            return self.series.joined_coordinate(&info.name);
        }
        Coordinate::read(&self.series.first().opened()?, &info.name)
    }

    /// The variable `name` as a source of blocks.
    ///
    /// # Errors
    /// As [`array`](Self::array).
    pub fn source<T: Real>(&self, name: &str) -> Result<Arc<dyn Source<Item = T>>> {
        let first: Variable<T> = self.variable(name)?;
        if !self.series.joins(first.dimensions()) {
            return Ok(Arc::new(first));
        }
        if let Some(joined) = self.series.joined.as_ref().filter(|&joined| *joined != first.dimensions()[0]) {
            let axes = described(first.dimensions(), first.shape());
            let problem =
                format!("variable {name} is {axes}: files are joined along {joined}, which is not its first axis");
            return Err(Error::file(first.path(), problem));
        }
        let mut parts = Vec::with_capacity(self.series.parts.len());
        let mut units = None;
        for part in &self.series.parts {
            let (next, own) = part.member.variable(name, self.options)?;
            if !self.options.allow.other_units {
                let units: &Option<String> = units.get_or_insert_with(|| own.clone());
                check_units(parts.first().unwrap_or(&next), units.as_deref(), &next, own.as_deref())?;
            }
            parts.push(next);
        }
        // Axes first: what else differs follows from them.
        let joined = Joined::new(parts, self.options.block)?;
        self.check_fit()?;
        Ok(Arc::new(joined))
    }

    /// Whether the times of the files, and their labels, fit together.
    fn check_fit(&self) -> Result<()> {
        if !self.options.allow.overlaps
            && let Some(Overlap { last, next, files: [first, second] }) = self.overlaps().first()
        {
            let problem = format!(
                "it begins at {next}, but {} ends at {last}: their times overlap; allow_overlaps(true) joins them all the same",
                first.display()
            );
            return Err(Error::file(second, problem));
        }
        if self.options.allow.other_labels {
            return Ok(());
        }
        let other = self.series.parts.iter().find_map(|part| Some((part.member.path(), part.other_labels.as_ref()?)));
        other.map_or(Ok(()), |(path, problem)| {
            let advice = "allow_other_labels(true) takes those of the first file";
            Err(Error::file(path, format!("its labels are others: {problem}; {advice}")))
        })
    }

    /// The coordinate `name`: of a series, the labels of all files where it is along the dimension that they are joined
    /// along.
    ///
    /// # Errors
    /// As [`variable`](Self::variable); [`Error::File`] where it is no list of numbers, or has millions of them.
    pub fn coordinate(&self, name: &str) -> Result<Coordinate> {
        let first = self.series.first();
        let found = match self.look.variable(name) {
            Some(info) => self.labels(info)?,
            None => Coordinate::read(&first.opened()?, name)?,
        };
        found.ok_or_else(|| Error::file(first.path(), format!("variable {name} is no list of labels")))
    }
}

/// `(time: 12, lat: 720)`
pub(super) fn described(dimensions: &[String], shape: &[usize]) -> String {
    let axes = dimensions.iter().zip(shape).map(|(name, length)| format!("{name}: {length}"));
    format!("({})", axes.collect::<Vec<_>>().join(", "))
}

fn check_units<T: Real>(
    first: &Variable<T>,
    units: Option<&str>,
    next: &Variable<T>,
    other: Option<&str>,
) -> Result<()> {
    if unit_names::same(units, other) {
        return Ok(());
    }
    let shown = |units: Option<&str>| units.map_or("no units".to_owned(), |units| format!("units {units:?}"));
    let problem = format!(
        "variable {} has {}, but in {} it has {}: allow_other_units(true) joins them as they are",
        first.name(),
        shown(other),
        first.path().display(),
        shown(units)
    );
    Err(Error::file(next.path(), problem))
}
