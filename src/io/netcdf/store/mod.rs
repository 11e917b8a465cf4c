//! Writing a field to a netCDF-4 file.
//!
//! ```text
//!   the field's tasks -> block 0 -> encode 0 (shuffle, deflate) -> write 0
//!                        block 1 -> encode 1 ---------------------> write 1 -> ... -> finish: fsync, rename
//! ```
//!
//! Blocks are encoded by whatever thread is free, and written one after the other, in their order: so the bytes of the file
//! don't depend on the number of threads, nor on the limit. Encoded chunks that wait for their turn may go to scratch.

mod encode;
mod header;
mod pack;
mod target;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use pack::PackAs;

use self::encode::Encoder;
use self::header::{Axis, Header, scalars};
use self::pack::Packing;
use self::target::Writer;
use super::attributes::Attributes;
use super::field::Field;
use crate::array::{Array, Cast, ChunkGrid, Chunking, Region};
use crate::chunk::{Block, Chunk, DType, Element, copy_bytes};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::graph::{Key, Layers, Size, Task, TaskContext};
use crate::io::hdf5::{AttributeValue, Scalar, exact};
use crate::io::target::Target;
use crate::session::{Collection, Persist};
use crate::units::ByteSize;

/// HDF5 has no larger chunks.
const LARGEST_CHUNK: usize = (1 << 32) - 1;

/// The level of compression where nothing else is said: higher ones are slower, and hardly smaller on floats.
const LEVEL: u8 = 4;

/// The highest level, as elsewhere.
const HIGHEST_LEVEL: u8 = 9;

/// A field on its way to a file: lazy, until a session computes it.
///
/// It is written beside its place and moved there when it is whole: what was there stays until then, and for good where
/// the run fails or is cancelled.
///
/// ```
/// use thermocline::io::netcdf::{self, Coordinate, Field};
/// use thermocline::{Array, Session};
///
/// # let folder = tempfile::tempdir()?;
/// # let (mean_nc, sst_nc) = (folder.path().join("mean.nc"), folder.path().join("sst.nc"));
/// let values = Array::<f32>::from_fn(&[4, 3], &[2, 3], |at| (at[0] * 10 + at[1]) as f32 / 4.0);
/// let time = Coordinate::new("time", [0.0, 1.0, 2.0, 3.0]).with_attribute("units", "days since 2004-02-28");
/// let sst = Field::new("sst", values, ["time", "lat"])
///     .with_coordinate(time)
///     .with_coordinate(Coordinate::new("lat", [-30.0, 0.0, 30.0]));
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let packed = sst.store(&sst_nc).pack::<i16>(0.25, 0.0).unlimited("time").chunks((1, 3));
/// // One run writes both, and makes the values once.
/// session.compute((sst.mean("time").store(&mean_nc), packed))?;
///
/// let read = netcdf::open(&sst_nc)?;
/// assert!(read.dimensions()[0].unlimited);
/// let sst: Field<f32> = read.field("sst")?;
/// assert_eq!(sst.coordinate("time").unwrap().times()?[1].unwrap().to_string(), "2004-02-29");
/// assert_eq!(session.compute(&sst)?[[3, 2]], 8.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Store<T: Element> {
    field: Field<T>,
    path: PathBuf,
    level: u8,
    unlimited: Vec<String>,
    fill: Option<f64>,
    packing: Option<Packing<T>>,
    attributes: Attributes,
}

impl<T: Element> Clone for Store<T> {
    fn clone(&self) -> Self {
        Self {
            field: self.field.clone(),
            path: self.path.clone(),
            level: self.level,
            unlimited: self.unlimited.clone(),
            fill: self.fill,
            packing: self.packing.clone(),
            attributes: self.attributes.clone(),
        }
    }
}

/// `Store(sst (time: 12, lat: 720) to "out.nc")`
impl<T: Element> std::fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (dimensions, shape) = (self.field.dimensions(), self.field.shape());
        let axes = super::dataset::described(dimensions, &shape);
        write!(f, "Store({} {axes} to {:?})", self.field.name(), self.path)
    }
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    path: PathBuf,
    size: ByteSize,
}

impl Stored {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length.
    #[must_use]
    pub fn size(&self) -> ByteSize {
        self.size
    }
}

impl<T: Element> Field<T> {
    /// This field as a netCDF-4 file at `path`, with its coordinates and attributes: computing that writes it, in the place
    /// of what is there.
    ///
    /// The chunks of the file are those of the field, shuffled and deflated by all threads. NaN is `_FillValue`, as xarray
    /// writes it. Dimensions without labels have their lengths. bools are bytes that xarray takes for bools; complex numbers
    /// have no type in netCDF. Attributes that name other variables (`bounds`, `grid_mapping`, …) are left out, as those
    /// are not in the file.
    ///
    /// ```
    /// use thermocline::io::netcdf::{self, Field};
    /// use thermocline::{Array, Error, Session};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Field::new("x", Array::<f64>::arange(0.0, 8.0, 1.0, [4]), ["cell"]);
    /// let stored = session.compute(x.store(folder.join("x.nc")))?;
    /// println!("{}: {}", stored.path().display(), stored.size());
    /// assert_eq!(session.compute(&netcdf::open(stored.path())?.array::<f64>("x")?)?[[7]], 7.0);
    ///
    /// let error = session.compute(x.store(folder.join("missing/x.nc"))).unwrap_err(); // before anything has run
    /// assert!(matches!(error, Error::File { .. }), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When computed: [`Error::File`] and [`Error::FileIo`] where the path can't be written, before anything has run; where
    /// the disk is full these are what a task failed with.
    pub fn store(&self, path: impl AsRef<Path>) -> Store<T> {
        Store {
            field: self.clone(),
            path: path.as_ref().to_owned(),
            level: LEVEL,
            unlimited: Vec::new(),
            fill: None,
            packing: None,
            attributes: Attributes::default(),
        }
    }
}

impl<T: Element> Store<T> {
    /// Sets the chunks of the file: see [`Array::rechunk`]. By default they are the field's own.
    #[track_caller]
    pub fn chunks(mut self, chunks: impl Chunking) -> Self {
        self.field = self.field.rechunk(chunks);
        self
    }

    /// Sets how hard to deflate, from 1 to 9; 0 is not at all, and without a shuffle. 4 by default.
    pub fn compression(mut self, level: u8) -> Self {
        self.level = level;
        self
    }

    /// Lets a dimension grow: others may append to the file.
    pub fn unlimited(mut self, dimension: impl Into<String>) -> Self {
        self.unlimited.push(dimension.into());
        self
    }

    /// Writes `value` for NaN, and says so in `_FillValue`. By default that is the field's own attribute, else NaN; of
    /// integers it is said only.
    pub fn fill_value(mut self, value: f64) -> Self {
        self.fill = Some(value);
        self
    }

    /// Stores integers, of which readers make `integer * scale_factor + add_offset`: values are rounded to the nearest of
    /// these. NaN is the [fill value](Self::fill_value), by default the least signed and the greatest unsigned integer.
    ///
    /// A value that no integer is near is an error, never another value.
    ///
    /// ```
    /// use thermocline::io::netcdf::Field;
    /// use thermocline::{Array, Session};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("x.nc");
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Field::new("x", [0.5, f64::NAN, 327.0].into_iter().collect::<Array<f64>>(), ["cell"]);
    /// assert!(session.compute(x.store(&path).pack::<i16>(0.01, 0.0)).is_ok());
    /// let error = session.compute(x.store(&path).pack::<i8>(0.01, 0.0)).unwrap_err();
    /// assert!(error.to_string().contains("327 packed as int8"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pack<P: PackAs>(mut self, scale_factor: f64, add_offset: f64) -> Self
    where
        T: Cast<f64>,
    {
        self.packing = Some(Packing::new::<P>(scale_factor, add_offset));
        self
    }

    /// Gives the file an attribute, e.g. a title; `Conventions` is `CF-1.8` unless said.
    pub fn file_attribute(mut self, name: impl Into<String>, value: AttributeValue) -> Self {
        self.attributes.set(name, value);
        self
    }

    /// Itself, if it can be written as far as that can be told without doing it: whether there is the folder, whether it
    /// may be written to, whether names are names.
    ///
    /// ```
    /// # use thermocline::{Array, io::netcdf::Field};
    /// # let folder = tempfile::tempdir()?;
    /// let x = Field::new("x", Array::<f64>::zeros(&[8], "auto"), ["cell"]);
    /// let error = x.store(folder.path()).checked().unwrap_err();
    /// assert!(error.to_string().contains("it is a folder"), "{error}");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Field::store`].
    pub fn checked(self) -> Result<Self> {
        let field = self.field.clone().checked()?;
        Target::check(&self.path)?;
        let dtype = self.packing.as_ref().map_or(T::DTYPE, |packing| packing.dtype);
        self.header(dtype, uniform(field.array().chunks()), &field)?;
        Ok(self)
    }

    /// What stands for a missing value.
    fn fill(&self, dtype: DType) -> Option<Scalar> {
        let said = self.fill.map(Scalar::Float);
        if let Some(packing) = &self.packing {
            return said.or(Some(Scalar::Float(packing.missing())));
        }
        let own = || scalars(self.field.attributes().get("_FillValue")?)?.first().copied();
        let own = || own().filter(|&fill| exact(dtype, fill).is_some());
        let float = matches!(dtype, DType::Float32 | DType::Float64);
        said.or_else(own).or(float.then_some(Scalar::Float(f64::NAN)))
    }

    /// What the file says beside the values; `chunk` are the lengths of a stored chunk.
    fn header(&self, dtype: DType, chunk: Vec<usize>, field: &Field<T>) -> Result<Header> {
        let refuse = |problem: String| Err(Error::file(&self.path, problem));
        if matches!(dtype, DType::Complex64 | DType::Complex128) {
            return refuse("complex numbers have no type in netCDF: store their real and imaginary parts".into());
        }
        if let Some(Packing { scale, offset, .. }) = self.packing.as_ref().filter(|packing| !packing.is_valid()) {
            let problem = "expected finite numbers, and no scale of zero";
            return refuse(format!("packing with scale {scale} and offset {offset}: {problem}"));
        }
        if self.level > HIGHEST_LEVEL {
            return refuse(format!("compression {}: expected 0 to {HIGHEST_LEVEL}", self.level));
        }
        if let Some(unknown) = self.unlimited.iter().find(|name| !field.dimensions().contains(name)) {
            return refuse(format!("unlimited dimension {unknown}: the field has {}", field.dimensions().join(", ")));
        }
        let bytes = chunk.iter().try_fold(dtype.size(), |bytes, &length| bytes.checked_mul(length));
        if bytes.is_none_or(|bytes| bytes > LARGEST_CHUNK) {
            return refuse(format!(
                "chunks {chunk:?} of {dtype} have 4 GiB or more: ask for smaller ones with chunks(…)"
            ));
        }
        let axis = |(name, length): (&String, usize)| {
            let grows = self.unlimited.contains(name);
            Axis { name: name.clone(), length, grows }
        };
        let shape = field.shape();
        let grows = !self.unlimited.is_empty();
        let is_chunked = !chunk.is_empty() && (grows || !shape.contains(&0));
        let header = Header {
            name: field.name().to_owned(),
            dtype,
            axes: field.dimensions().iter().zip(shape).map(axis).collect(),
            chunk: is_chunked.then_some(chunk),
            level: (self.level > 0 && is_chunked).then_some(self.level),
            fill: self.fill(dtype),
            packed: self.packing.as_ref().map(|packing| [packing.scale, packing.offset]),
            coordinates: field.coordinates().to_vec(),
            attributes: field.attributes().clone(),
            of_file: self.attributes.clone(),
        };
        header.check(&self.path)?;
        Ok(header)
    }

    /// Adds the tasks that write `array`, the values as they are stored.
    fn add<S: Element>(&self, layers: &mut Layers, field: &Field<T>, array: &Array<S>) -> Result<Vec<Key>> {
        let target = Target::check(&self.path)?;
        let chunk = uniform(array.chunks());
        let header = self.header(S::DTYPE, chunk.clone(), field)?;
        let regular = ChunkGrid::regular(&array.shape(), &chunk);
        let array = if *array.chunks() == regular { array.clone() } else { array.rechunk(&chunk[..]).checked()? };
        let missing = header.fill.filter(|fill| !fill.to_f64().is_nan()).and_then(|fill| exact(S::DTYPE, fill));
        let missing = missing.filter(|_| matches!(S::DTYPE, DType::Float32 | DType::Float64)).map(|bytes| {
            let mut value = [S::default()];
            copy_bytes(&bytes, &mut value);
            value[0]
        });
        let encoder = Encoder { chunk, missing, level: header.level };
        let chunked = header.chunk.is_some();
        let file = Key::new(layers.name("file"));
        let begin = move |_: &TaskContext<'_>, _: &[Chunk]| {
            Ok(Chunk::new(Writer::begin(&target, |output| header.write(output))?))
        };
        layers.add(Task::new(file.clone(), [], Arc::new(begin)).output(Size::Exact(0)));
        if array.size() == 0 {
            return Ok(vec![file]);
        }
        let last = write_blocks(layers, &array, &file, &encoder, chunked)?;
        Ok(vec![file, last])
    }
}

/// The lengths of the chunks of a file: all are alike there, but for what is cut off at the ends.
fn uniform(grid: &ChunkGrid) -> Vec<usize> {
    grid.longest().into_iter().map(|length| length.max(1)).collect()
}

/// Adds the tasks that encode and write each block. The last of them, which needs all others.
fn write_blocks<S: Element>(
    layers: &mut Layers,
    array: &Array<S>,
    file: &Key,
    encoder: &Encoder<S>,
    chunked: bool,
) -> Result<Key> {
    let blocks = array.build_chunks(layers)?;
    let (encode, write) = (layers.name("encode"), layers.name("write"));
    let mut last = file.clone();
    for (number, block) in blocks.into_iter().enumerate() {
        let region = array.chunks().block(number);
        let [encoded, written] = [&encode, &write].map(|name| place(name, array.chunks(), number));
        layers.add(encode_task(encoded.clone(), block, region.clone(), encoder));
        let offset: Option<Vec<u64>> = chunked.then(|| region.start.iter().map(|&at| at as u64).collect());
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let bytes = chunks[1].get::<Block<u8>>()?.as_slice();
            chunks[0].get::<Writer>()?.write(offset.as_deref(), bytes)?;
            context.report(&Event::Written { stored: bytes.len() as u64 });
            Ok(Chunk::new(()))
        };
        let needs = [file.clone(), encoded, last];
        layers.add(Task::new(written.clone(), needs, Arc::new(run)).output(Size::Exact(0)));
        last = written;
    }
    Ok(last)
}

fn place(layer: &Arc<str>, grid: &ChunkGrid, number: usize) -> Key {
    Key::indexed(layer.clone(), grid.coordinates(number).into_iter().map(|at| at as u32))
}

fn encode_task<S: Element>(key: Key, block: Key, region: Region, encoder: &Encoder<S>) -> Task {
    let (output, workspace) = (encoder.output(), encoder.workspace(&region));
    let encoder = encoder.clone();
    let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
        Ok(Chunk::new(encoder.encode(context, &region, chunks[0].get::<Block<S>>()?.as_slice())?))
    };
    Task::new(key, [block], Arc::new(run)).output(Size::Exact(output)).workspace(workspace).spillable()
}

impl<T: Element> Collection for Store<T> {
    type Output = Stored;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        let field = self.field.clone().checked()?;
        let Some(packing) = &self.packing else { return self.add(layers, &field, field.array()) };
        let missing = self.fill(packing.dtype).map_or(0.0, Scalar::to_f64);
        match packing.dtype {
            DType::Int8 => self.add(layers, &field, &packing.pack::<i8>(field.array(), missing)),
            DType::Int16 => self.add(layers, &field, &packing.pack::<i16>(field.array(), missing)),
            DType::Int32 => self.add(layers, &field, &packing.pack::<i32>(field.array(), missing)),
            DType::UInt8 => self.add(layers, &field, &packing.pack::<u8>(field.array(), missing)),
            DType::UInt16 => self.add(layers, &field, &packing.pack::<u16>(field.array(), missing)),
            _ => self.add(layers, &field, &packing.pack::<u32>(field.array(), missing)),
        }
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Stored> {
        let Some(file) = chunks.first() else { return Err(Error::Cancelled) };
        let (path, length) = file.get::<Writer>()?.finish()?;
        Ok(Stored { path, size: ByteSize::new(length) })
    }
}
