//! A file in the making.
//!
//! The bytes of a file are a function of what is written, and in which order: versions are fixed, and no times are kept.

use std::path::Path;

use ::hdf5::dataset::DatasetBuilder;
use ::hdf5::file::LibraryVersion;
use ::hdf5::plist::file_create::{AttrCreationOrder, LinkCreationOrder};
use ::hdf5::types::VarLenUnicode;
use ::hdf5::{Dataset, Extent, File, H5Type, Location, Result};

use super::convert::Scalar;
use super::raw;
use super::value::AttributeValue;
use crate::chunk::DType;

/// A number of the type that it is to be stored as.
pub(crate) trait Exact: H5Type + Copy {
    /// The number, if this type has it; floats round.
    fn of(number: Scalar) -> Option<Self>;
}

macro_rules! exact {
    (integers $($t:ty),+; floats $($f:ty),+) => {
        $(impl Exact for $t {
            fn of(number: Scalar) -> Option<Self> {
                match number {
                    Scalar::Signed(value) => value.try_into().ok(),
                    Scalar::Unsigned(value) => value.try_into().ok(),
                    Scalar::Float(value) => Some(value as $t).filter(|&rounded| rounded as f64 == value),
                }
            }
        })+
        $(impl Exact for $f {
            fn of(number: Scalar) -> Option<Self> {
                Some(number.to_f64() as $f)
            }
        })+
    };
}
exact!(integers i8, i16, i32, i64, u8, u16, u32, u64; floats f32, f64);

/// Runs `$body` with `$t` the type that numbers of `$dtype` are stored as; bools are bytes. Nothing, of complex numbers.
macro_rules! with_stored {
    ($dtype:expr, $t:ident => $body:expr) => {
        with_stored!(@ $dtype, $t => $body;
            (Bool | DType::Int8) i8, Int16 i16, Int32 i32, Int64 i64, UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64,
            Float32 f32, Float64 f64)
    };
    (@ $dtype:expr, $t:ident => $body:expr; (Bool | DType::Int8) i8, $($name:ident $own:ty),+) => {
        match $dtype {
            DType::Bool | DType::Int8 => { type $t = i8; Some($body) }
            $(DType::$name => { type $t = $own; Some($body) })+
            DType::Complex64 | DType::Complex128 => None,
        }
    };
}

/// The bytes of a number of this type, if it has the number.
pub(crate) fn exact(dtype: DType, number: Scalar) -> Option<Vec<u8>> {
    with_stored!(dtype, T => <T as Exact>::of(number).map(|value| value.to_ne_bytes().to_vec())).flatten()
}

/// A variable to be made.
pub(crate) struct NewVariable<'a> {
    pub(crate) name: &'a str,
    pub(crate) dtype: DType,
    /// The length of each axis, and whether it can grow.
    pub(crate) axes: &'a [(usize, bool)],
    /// The lengths of its chunks; none where it is stored in one piece.
    pub(crate) chunk: Option<&'a [usize]>,
    /// Whether chunks are shuffled and deflated.
    pub(crate) deflate: Option<u8>,
    pub(crate) fill: Option<Scalar>,
}

/// A file in the making.
pub(crate) struct Output {
    file: File,
}

impl Output {
    /// Makes an empty file at `path`, in the place of what is there.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = File::with_options()
            // Nobody else knows of the file, and many network file systems have no locks.
            .with_fapl(|access| access.libver_bounds(LibraryVersion::V18, LibraryVersion::V18).file_locking(false))
            .with_fcpl(|create| {
                create
                    .obj_track_times(false)
                    .link_creation_order(LinkCreationOrder::Indexed)
                    .attr_creation_order(AttrCreationOrder::Indexed)
            })
            .create(path)?;
        Ok(Self { file })
    }

    /// Makes a variable, without values.
    pub(crate) fn variable(&self, new: &NewVariable<'_>) -> Result<Dataset> {
        let made = with_stored!(new.dtype, T => self.typed::<T>(new));
        made.unwrap_or_else(|| Err("complex numbers have no type in netCDF".into()))
    }

    fn typed<T: Exact>(&self, new: &NewVariable<'_>) -> Result<Dataset> {
        let mut builder = self.builder();
        if let Some(chunk) = new.chunk {
            builder = builder.chunk(chunk);
            if let Some(level) = new.deflate {
                builder = if size_of::<T>() > 1 { builder.shuffle() } else { builder }.deflate(level);
            }
        }
        if let Some(fill) = new.fill.and_then(T::of) {
            builder = builder.fill_value(fill);
        }
        let extent = |&(length, grows): &(usize, bool)| Extent::new(length, if grows { None } else { Some(length) });
        let shape: Vec<Extent> = new.axes.iter().map(extent).collect();
        builder.empty::<T>().shape(shape).create(new.name)
    }

    /// A builder for data sets without times.
    fn builder(&self) -> DatasetBuilder {
        self.file
            .new_dataset_builder()
            .with_dcpl(|create| create.obj_track_times(false).attr_creation_order(AttrCreationOrder::Indexed))
    }

    /// The file itself, as what attributes are given to.
    pub(crate) fn root(&self) -> &Location {
        &self.file
    }

    /// Makes `scale` the scale of dimension number `number` of the file; `name` is what it calls itself.
    pub(crate) fn make_scale(scale: &Dataset, name: &str, number: usize) -> Result<()> {
        raw::write_text(scale, "CLASS", "DIMENSION_SCALE")?;
        raw::write_text(scale, "NAME", name)?;
        scale.new_attr::<i32>().create("_Netcdf4Dimid")?.write_scalar(&(number as i32))
    }

    /// Gives each axis of `dataset` its scale.
    pub(crate) fn attach(dataset: &Dataset, scales: &[&Dataset]) -> Result<()> {
        if scales.is_empty() { Ok(()) } else { raw::write_dimension_list(dataset, scales) }
    }

    /// Says which axes have a scale.
    pub(crate) fn attached(scale: &Dataset, users: &[(&Dataset, usize)]) -> Result<()> {
        if users.is_empty() { Ok(()) } else { raw::write_reference_list(scale, users) }
    }

    /// Gives `location` an attribute. Integers have 4 bytes where that is enough.
    pub(crate) fn attribute(location: &Location, name: &str, value: &AttributeValue) -> Result<()> {
        match value {
            AttributeValue::Text(text) => raw::write_text(location, name, text),
            AttributeValue::Texts(texts) => {
                let texts = texts.iter().map(|text| text.parse::<VarLenUnicode>());
                let texts = texts.collect::<std::result::Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
                numbers(location, name, &texts)
            }
            AttributeValue::Integers(values) => {
                let short: Option<Vec<i32>> = values.iter().map(|&value| value.try_into().ok()).collect();
                short.map_or_else(|| numbers(location, name, values), |short| numbers(location, name, &short))
            }
            AttributeValue::Unsigned(values) => {
                let short: Option<Vec<u32>> = values.iter().map(|&value| value.try_into().ok()).collect();
                short.map_or_else(|| numbers(location, name, values), |short| numbers(location, name, &short))
            }
            AttributeValue::Float32(values) => numbers(location, name, values),
            AttributeValue::Float64(values) => numbers(location, name, values),
            AttributeValue::Other(_) => Ok(()),
        }
    }

    /// Gives `location` numbers of this type as an attribute; nothing where the type doesn't have them.
    pub(crate) fn typed_attribute(location: &Location, name: &str, dtype: DType, values: &[Scalar]) -> Result<()> {
        let written = with_stored!(dtype, T => {
            let typed: Option<Vec<T>> = values.iter().map(|&value| <T as Exact>::of(value)).collect();
            typed.map_or(Ok(()), |typed| numbers(location, name, &typed))
        });
        written.unwrap_or(Ok(()))
    }

    /// Writes the chunk that begins at `offset`, as the filters left it.
    pub(crate) fn write_chunk(variable: &Dataset, offset: &[u64], bytes: &[u8]) -> Result<()> {
        raw::write_chunk(variable, offset, bytes)
    }

    /// Writes all values of a variable that is stored in one piece.
    pub(crate) fn write_whole(variable: &Dataset, bytes: &[u8]) -> Result<()> {
        raw::write_whole(variable, bytes)
    }

    /// Has the library write all that it still holds, and closes the file.
    pub(crate) fn close(self) -> Result<()> {
        self.file.flush()?;
        self.file.close()
    }
}

/// A list of values as an attribute.
fn numbers<T: H5Type>(location: &Location, name: &str, values: &[T]) -> Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    location.new_attr::<T>().shape(values.len()).create(name)?.write_raw(values)
}
