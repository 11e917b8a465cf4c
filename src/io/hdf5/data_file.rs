//! A file as HDF5 has it: every data set that holds numbers, as they are stored.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ::hdf5::Dataset;

use super::contents::{Unread, open_dataset, walk};
use super::convert::{Conversion, Real};
use super::descriptors::Descriptors;
use super::dtype::{Detected, Number, detect, is_number, is_truth};
use super::file::{Input, refused};
use super::storage::{NOTHING, Storage, filter_names, no_number};
use super::variable::{Shape, Variable};
use crate::array::Array;
use crate::chunk::DType;
use crate::error::{Error, Result};
use crate::units::ByteSize;

/// Bytes of a block in memory, unless others are asked for.
const BLOCK: u64 = 96 << 20;

/// What a data set that holds numbers is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatasetInfo {
    /// Its name, from the root on: `/forecast/sst`.
    pub name: String,
    /// Its shape; none where it holds nothing at all, not even one value (a null data space).
    pub shape: Option<Vec<usize>>,
    /// The type that holds its numbers: theirs, but for floats of 16 bits.
    pub dtype: DType,
    /// The shape of its chunks in the file; none where it is stored in one piece.
    pub chunks: Option<Vec<usize>>,
    /// The filters that its chunks went through, in their order.
    pub filters: Vec<String>,
    code: &'static str,
}

impl DatasetInfo {
    /// The type of its stored numbers as NumPy writes it, the least byte first: `<i2`, `|u1`, `<f4`; `<f2` for floats of
    /// 16 bits and `|b1` for truth values as `h5py` stores them. Enumerations are the integers that they are stored as,
    /// bit fields are integers without a sign.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Bytes of a stored number, once it is decoded.
    #[must_use]
    pub fn item_size(&self) -> usize {
        if self.code == Number::F16.code() { Number::F16.size() } else { self.dtype.size() }
    }
}

/// `<i2 /forecast/sst [12, 720, 1440]`
impl fmt::Display for DatasetInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.code, self.name)?;
        match &self.shape {
            Some(shape) => write!(f, "{shape:?}"),
            None => f.write_str("null"),
        }
    }
}

/// An HDF5 file, and its data sets as they are stored: nothing is masked, scaled, padded or left out because of an
/// attribute. For files with labels and missing values there is [`netcdf`](crate::io::netcdf).
///
/// As there, no file is held open but by a cache, and one that changes after this looked at it is an error.
///
/// ```
/// use thermocline::io::hdf5;
/// use thermocline::io::hdf5::ReadPath;
/// use thermocline::{Array, Session};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.h5");
/// # let file = ::hdf5::File::create(&path)?;
/// # let group = file.create_group("forecast")?;
/// # group.new_dataset::<i16>().shape([2, 3]).create("sst")?.write_raw(&[100_i16, 200, -999, 0, 1, 2])?;
/// # file.new_dataset::<f32>().shape([2]).create("weights")?.write_raw(&[0.5_f32, f32::NAN])?;
/// # file.link_soft("/forecast/sst", "alias")?;
/// # drop(group);
/// # file.close()?;
/// let file = hdf5::open(&path)?;
/// assert_eq!(file.datasets().iter().map(ToString::to_string).collect::<Vec<_>>(), [
///     "<i2 /forecast/sst [2, 3]",
///     "<f4 /weights [2]",
/// ]);
/// assert_eq!(file.unread()[0].to_string(), "/alias: it is a soft link, which is not followed");
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let sst: Array<i16> = file.array("/forecast/sst")?;
/// assert_eq!(session.compute(&sst.min(..))?[[]], -999);
/// let weights = file.clone().block_size("8B".parse()?).bits::<u32>("weights")?; // not even NaN is changed
/// assert_eq!(weights.read_path(), ReadPath::Direct);
/// assert_eq!(session.compute(&Array::from_source(weights))?[[0]], 0.5_f32.to_bits());
/// assert!(file.direct(false).bits::<u64>("weights").is_err()); // they are floats of 4 bytes
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct File {
    input: Arc<Input>,
    datasets: Arc<[DatasetInfo]>,
    unread: Arc<[Unread]>,
    block: u64,
    direct: bool,
}

/// Looks at the HDF5 file at `path`.
///
/// [`File`] has an example.
///
/// # Errors
/// [`Error::FileIo`] where it can't be opened, [`Error::File`] where it is something else, or damaged.
pub fn open(path: impl AsRef<Path>) -> Result<File> {
    let input = Input::new(path.as_ref(), Arc::new(Descriptors::default()))?;
    let library = input.library()?;
    let contents = walk(&library);
    let rooted = |name: &str| format!("/{name}");
    let mut unread: Vec<Unread> =
        contents.others.into_iter().map(|other| Unread { name: rooted(&other.name), ..other }).collect();
    let mut datasets = Vec::new();
    for name in &contents.datasets {
        match library.dataset(name).and_then(|dataset| look(rooted(name), &dataset)) {
            Ok(Ok(found)) => datasets.push(found),
            Ok(Err(other)) => unread.push(other),
            Err(error) => unread.push(Unread::perhaps(rooted(name), format!("it can't be looked at: {error}"))),
        }
    }
    let input = Arc::new(input);
    Ok(File { input, datasets: datasets.into(), unread: unread.into(), block: BLOCK, direct: true })
}

/// What a data set is, or what it holds instead of numbers.
fn look(name: String, dataset: &Dataset) -> ::hdf5::Result<Result<DatasetInfo, Unread>> {
    let stored = dataset.dtype()?;
    let number = match detect(&stored) {
        Detected::Exact(number) | Detected::Swapped(number) | Detected::Foreign(number) => number,
        Detected::Unsupported(found) => {
            let unread = if is_number(&stored) { Unread::perhaps } else { Unread::something };
            return Ok(Err(unread(name, no_number(&found))));
        }
    };
    let code = if is_truth(&stored) { "|b1" } else { number.code() };
    let space = dataset.space()?;
    let shape = (!space.is_null()).then(|| space.shape());
    let properties = dataset.create_plist()?;
    let (chunks, filters) = (properties.get_chunk()?, filter_names(&properties)?);
    Ok(Ok(DatasetInfo { name, shape, dtype: number.dtype(), chunks, filters, code }))
}

impl File {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.input.path()
    }

    /// The data sets that hold numbers, of all groups: group by group, in order of the names. One that has several names
    /// is there under each, but for those of a group that has several.
    #[must_use]
    pub fn datasets(&self) -> &[DatasetInfo] {
        &self.datasets
    }

    /// What else the file holds, but groups, and why it is not read: texts and compounds, links, damage.
    #[must_use]
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// Sets the bytes that a block has in memory, about: 96 MiB by default. A block has one storage chunk at least.
    #[must_use]
    pub fn block_size(mut self, size: ByteSize) -> Self {
        self.block = size.bytes().max(1);
        self
    }

    /// Whether bytes may be read directly (the default), or always through the HDF5 library. The values are the same;
    /// this is for comparing the two.
    #[must_use]
    pub fn direct(mut self, on: bool) -> Self {
        self.direct = on;
        self
    }

    /// The data set `name`, its numbers as `T`.
    ///
    /// # Errors
    /// [`Error::File`] where there is no such data set, where it doesn't hold numbers, where `T` can't hold them without
    /// loss, or where the file is damaged.
    pub fn variable<T: Real>(&self, name: &str) -> Result<Variable<T>> {
        self.read_as(name, Ok)
    }

    /// The data set `name`, its stored numbers bit by bit, as integers without a sign that have as many bytes. Those of
    /// another byte order or of fewer bits than bytes are first converted to this machine's.
    ///
    /// # Errors
    /// [`Error::File`] where numbers have another size than `T` has or `T` has a sign; else as
    /// [`variable`](Self::variable).
    pub fn bits<T: Real>(&self, name: &str) -> Result<Variable<T>> {
        self.read_as(name, |number| {
            let bits = [Number::U8, Number::U16, Number::U32, Number::U64];
            let bits = bits.into_iter().find(|bits| bits.size() == number.size() && bits.dtype() == T::DTYPE);
            bits.ok_or_else(|| format!("its numbers ({}) are not of as many bits as {}", number.code(), T::DTYPE))
        })
    }

    /// The data set `name` as a lazy array.
    ///
    /// # Errors
    /// As [`variable`](Self::variable).
    pub fn array<T: Real>(&self, name: &str) -> Result<Array<T>> {
        Ok(Array::from_source(self.variable(name)?))
    }

    fn read_as<T: Real>(
        &self,
        name: &str,
        taken_as: impl FnOnce(Number) -> Result<Number, String>,
    ) -> Result<Variable<T>> {
        let name = name.trim_start_matches('/');
        let path = self.path();
        let refuse = |problem: String| Error::file(path, format!("variable {name}: {problem}"));
        let file = self.input.library()?;
        let dataset =
            open_dataset(&file, path, name)?.ok_or_else(|| refuse("there is no such data set in the file".into()))?;
        let space =
            dataset.space().map_err(|error| refused(path, &format!("variable {name} can't be read"), &error))?;
        if space.is_null() {
            return Err(refuse(NOTHING.into()));
        }
        let storage = Arc::new(Storage::of(&self.input, &dataset, name, self.direct)?);
        let conversion = Conversion::plain(taken_as(storage.number()).map_err(refuse)?);
        let dimensions = (0..space.ndim()).map(|axis| format!("dim_{axis}")).collect();
        let shape = Shape { lengths: space.shape(), dimensions };
        Variable::new(name, self.input.clone(), storage, shape, conversion, self.block)
    }
}
