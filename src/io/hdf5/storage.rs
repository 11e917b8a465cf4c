//! How a data set is stored, and which of the two ways reads it.

use ::hdf5::plist::DatasetCreate;
use ::hdf5::plist::dataset_create::{FillTime, Layout as Kind};
use ::hdf5::{Dataset, Datatype};

use super::convert::Real;
use super::dtype::{Detected, Number, detect};
use super::file::Input;
use super::filters::{self, Pipeline};
use super::index::{Contiguous, Index};
use super::layout::{Layout, slab};
use super::library::{self, Foreign};
use super::tiles::Sink;
use super::{direct, file, raw};
use crate::array::Region;
use crate::error::{Error, Result};
use crate::graph::TaskContext;

/// A contiguous data set is read in slabs of at most so many bytes.
const SLAB: usize = 1 << 20;

/// The library reads at most so many bytes at once, even where a chunk has more.
const LARGEST_PIECE: usize = 256 << 20;

/// What is said of a data set without a place for a value.
pub(crate) const NOTHING: &str = "it holds nothing (a null data space)";

/// What is said of a data set of another type than those that are read.
pub(crate) fn no_number(found: &str) -> String {
    format!("it is of type {found}: only integers and floats of up to 8 bytes are read")
}

/// Where the bytes of a data set are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In chunks.
    Chunks(Index, Pipeline),
    /// In one extent.
    Contiguous(Contiguous),
    /// Nowhere: never written.
    Absent,
    /// Where only the library knows.
    Foreign(Foreign),
}

/// A data set as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    pub(super) number: Number,
    /// Whether the file has the bytes of numbers the other way round.
    pub(super) swapped: bool,
    pub(super) layout: Layout,
    pub(super) place: Place,
    /// The element that never written ones are.
    pub(super) fill: Vec<u8>,
    /// Whether chunks have to be read whole, so that blocks should be made of whole ones.
    pub(super) whole_chunks: bool,
}

impl Storage {
    /// Looks at `dataset`, which is variable `name` of `input`. `direct` is whether it may be read directly.
    pub(crate) fn of(input: &Input, dataset: &Dataset, name: &str, direct: bool) -> Result<Self> {
        let said =
            |error: ::hdf5::Error| file::refused(input.path(), &format!("variable {name} can't be read"), &error);
        let refuse = |problem: String| Error::file(input.path(), format!("variable {name}: {problem}"));
        let dtype = dataset.dtype().map_err(said)?;
        let (number, exact, swapped) = match detect(&dtype) {
            Detected::Exact(number) => (number, true, false),
            Detected::Swapped(number) => (number, true, true),
            Detected::Foreign(number) => (number, false, false),
            Detected::Unsupported(found) => {
                return Err(refuse(no_number(&found)));
            }
        };
        let space = dataset.space().map_err(said)?;
        if space.is_null() {
            return Err(refuse(NOTHING.into()));
        }
        let (item, extent) = (number.size(), space.shape());
        let bytes = extent.iter().try_fold(item, |bytes, &length| bytes.checked_mul(length.max(1)));
        bytes
            .filter(|&bytes| isize::try_from(bytes).is_ok())
            .ok_or_else(|| refuse(format!("its shape {extent:?} is absurd")))?;
        let properties = dataset.create_plist().map_err(said)?;
        let fill = fill(&properties, &dtype, number).map_err(said)?;
        let reason = foreign_reason(&properties, exact, direct).map_err(said)?;
        let chunk = properties.get_chunk().map_err(said)?;
        if let Some(chunk) = &chunk {
            check_chunk(chunk, &extent, item).map_err(refuse)?;
        }
        let whole_chunks = chunk.is_some() && properties.has_filters();
        let chunk = chunk.unwrap_or_else(|| slab(&extent, SLAB / item));
        let mut layout = Layout { extent, chunk, item };
        let place = match reason {
            Err(reason) => {
                let foreign = Foreign::new(input, dataset, &properties, name, reason, &layout).map_err(refuse)?;
                layout.chunk = piece(&layout);
                Place::Foreign(foreign)
            }
            Ok(pipeline) => place(input, dataset, &layout, pipeline, said)?.map_err(refuse)?,
        };
        Ok(Self { number, swapped, layout, place, fill, whole_chunks })
    }

    /// The type of its numbers, as they come out of the file.
    pub(crate) fn number(&self) -> Number {
        self.number
    }

    /// Why the library reads it, if it does.
    pub(super) fn foreign(&self) -> Option<&str> {
        if let Place::Foreign(foreign) = &self.place { Some(foreign.reason()) } else { None }
    }

    /// Bytes that reading `region`, which lies within the extent, takes beside those of the sink.
    pub(super) fn workspace(&self, region: &Region) -> u64 {
        match &self.place {
            Place::Absent => 0,
            Place::Foreign(foreign) => foreign.workspace(&self.layout, region),
            _ => direct::workspace(self, region),
        }
    }

    /// Stored bytes that reading `region`, which lies within the extent, takes.
    pub(super) fn reads(&self, region: &Region) -> u64 {
        match &self.place {
            Place::Absent => 0,
            Place::Foreign(foreign) => foreign.share(region.len() * self.layout.item),
            _ => direct::reads(self, region),
        }
    }

    /// Hands `region`, which lies within the extent, to `sink`.
    pub(super) fn read<T: Real>(
        &self,
        input: &Input,
        context: &TaskContext<'_>,
        region: &Region,
        sink: &mut Sink<'_, T>,
    ) -> Result<()> {
        match &self.place {
            Place::Absent => self.layout.batches(region, |batch, _| sink.fill(batch)),
            Place::Foreign(foreign) => library::read(self, foreign, input, context, region, sink),
            _ => direct::read(self, input, context, region, sink),
        }
    }
}

/// The fill value as bytes; zero where it is undefined or never written, as in a buffer that the library leaves alone.
fn fill(properties: &DatasetCreate, stored: &Datatype, number: Number) -> ::hdf5::Result<Vec<u8>> {
    if properties.get_fill_time()? == FillTime::Never {
        return Ok(vec![0; number.size()]);
    }
    raw::fill_value(properties, &number.in_memory(stored)?)
}

/// The filters to undo, or why the library has to read the data set.
fn foreign_reason(properties: &DatasetCreate, exact: bool, direct: bool) -> ::hdf5::Result<Result<Pipeline, String>> {
    let reason = match properties.get_layout()? {
        _ if !direct => "direct reading is switched off",
        _ if !exact => "its numbers are of another precision or form than this machine's",
        Kind::Compact => "its layout is compact",
        Kind::Virtual => "it is virtual",
        Kind::Contiguous if !properties.get_external()?.is_empty() => "it is stored in other files",
        Kind::Contiguous => return Ok(Ok(Pipeline::default())),
        Kind::Chunked => return Pipeline::of(properties),
    };
    Ok(Err(reason.into()))
}

/// Whether chunks can be those of a data set.
pub(super) fn check_chunk(chunk: &[usize], extent: &[usize], item: usize) -> Result<(), String> {
    let bytes = chunk.iter().try_fold(item, |bytes, &length| bytes.checked_mul(length));
    let sound = chunk.len() == extent.len() && bytes.is_some_and(|bytes| (1..=isize::MAX as usize).contains(&bytes));
    if sound { Ok(()) } else { Err(format!("its chunks of {chunk:?} don't fit its shape {extent:?}")) }
}

/// What the library reads at once.
fn piece(layout: &Layout) -> Vec<usize> {
    let chunk: Vec<usize> =
        layout.chunk.iter().zip(&layout.extent).map(|(chunk, &extent)| *chunk.min(&extent.max(1))).collect();
    let fits = chunk.iter().product::<usize>() * layout.item <= LARGEST_PIECE;
    if fits { chunk } else { slab(&chunk, LARGEST_PIECE / layout.item) }
}

/// Where the bytes are that can be read directly.
fn place(
    input: &Input,
    dataset: &Dataset,
    layout: &Layout,
    pipeline: Pipeline,
    said: impl Fn(::hdf5::Error) -> Error,
) -> Result<Result<Place, String>> {
    if dataset.create_plist().map_err(&said)?.get_layout().map_err(&said)? == Kind::Chunked {
        let whole = layout.chunk.iter().product::<usize>() as u64 * layout.item as u64;
        let index = Index::read(dataset, layout, input.size(), |chunk| {
            let skipped = pipeline.skipped(chunk);
            pipeline.steps(skipped).refuses(chunk.stored, whole).map_or(Ok(skipped), Err)
        });
        return Ok(index.map(|index| Place::Chunks(index, pipeline)));
    }
    let bytes = layout.extent.iter().product::<usize>() as u64 * layout.item as u64;
    // The address of what was never written is none, or, behind a user block, nonsense.
    let stored = dataset.storage_size();
    let Some(base) = dataset.offset().filter(|_| stored > 0) else { return Ok(Ok(Place::Absent)) };
    let end = base.checked_add(bytes).filter(|&end| end <= input.size() && bytes <= stored);
    if end.is_none() {
        let size = input.size();
        return Ok(Err(format!("its {bytes} B at address {base} are not within the file's {size} B: it is truncated")));
    }
    Ok(Ok(Place::Contiguous(Contiguous { base })))
}

/// The names of the filters that the chunks went through, in their order.
pub(crate) fn filter_names(properties: &DatasetCreate) -> ::hdf5::Result<Vec<String>> {
    Ok(properties.get_filters()?.iter().map(filters::name).collect())
}

/// The names of the filters that this build of the library lacks.
pub(super) fn missing_filters(properties: &DatasetCreate) -> ::hdf5::Result<Vec<String>> {
    let filters = properties.get_filters()?;
    Ok(filters.iter().filter(|filter| !filter.decode_enabled()).map(filters::name).collect())
}
