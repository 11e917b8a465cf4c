//! The library's way: `H5Dread` of one piece after the other, under its lock. Correct for whatever it knows, slower.

use ::hdf5::Dataset;
use ::hdf5::plist::DatasetCreate;
use ::hdf5::plist::dataset_create::Layout as Kind;

use super::contents::open_dataset;
use super::convert::Real;
use super::file::{Input, refused};
use super::guard::Guard;
use super::layout::{Layout, Part};
use super::neighbours::{Sources, check_external};
use super::raw;
use super::storage::{Storage, missing_filters};
use super::tiles::{Piece, Sink, Stored};
use super::trust::trust;
use crate::array::Region;
use crate::chunk::charge;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::graph::TaskContext;

/// Beside the buffers for a chunk, the library has caches of its own: 1 MiB for chunks, and some for metadata.
const CACHES: u64 = 4 << 20;

/// What is known of a data set that the library reads.
#[derive(Clone, Debug)]
pub(super) struct Foreign {
    name: String,
    reason: String,
    /// Bytes of a chunk in memory, 0 where there are none.
    chunk: u64,
    /// Stored bytes and bytes in memory of the whole data set, to tell how much of the file a piece is.
    stored: u64,
    whole: u64,
    /// Its chunks, if the library inflates them.
    guard: Option<Guard>,
    /// The data sets that it is made of.
    sources: Sources,
}

impl Foreign {
    /// What is stored of so many bytes of elements, as if all were stored alike.
    pub(super) fn share(&self, bytes: usize) -> u64 {
        (u128::from(self.stored) * bytes as u128 / u128::from(self.whole)) as u64
    }

    /// Checks that the library can read `dataset`, and that it would stay in its folder.
    pub(super) fn new(
        input: &Input,
        dataset: &Dataset,
        properties: &DatasetCreate,
        name: &str,
        reason: String,
        layout: &Layout,
    ) -> Result<Self, String> {
        let said = |error: ::hdf5::Error| format!("it can't be read: {error}");
        let missing = missing_filters(properties).map_err(said)?;
        if !missing.is_empty() {
            let missing = missing.join(", ");
            let advice = "rewrite the file, e.g. with `h5repack -f SHUF -f GZIP=4`, or, if you trust it and have the \
                          filter as a plugin of the HDF5 library, set THERMOCLINE_HDF5_PLUGINS=on";
            return Err(format!("it went through a filter that is not built in ({missing}): {advice}"));
        }
        let trust = trust().map_err(|error| error.to_string())?;
        let (kind, item) = (properties.get_layout().map_err(said)?, layout.item as u64);
        check_external(input, properties, layout.extent.iter().product::<usize>() as u64 * item, trust)?;
        let sources = Sources::of(input, properties, name, trust)?;
        let guard = if kind == Kind::Chunked { Guard::of(input, dataset, properties, name, layout)? } else { None };
        let bytes = |shape: &[usize]| shape.iter().product::<usize>() as u64 * layout.item as u64;
        let chunk = if kind == Kind::Chunked { bytes(&layout.chunk) } else { 0 };
        let (stored, whole) = (dataset.storage_size(), bytes(&layout.extent).max(1));
        Ok(Self { name: name.to_owned(), reason, chunk, stored, whole, guard, sources })
    }

    /// Why the library reads it.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// Bytes that the library takes for itself: a chunk as stored, a chunk in memory, its caches.
    fn hidden(&self) -> u64 {
        charge(self.chunk.saturating_mul(2).saturating_add(CACHES))
    }

    /// Bytes that reading `region` takes.
    pub(super) fn workspace(&self, layout: &Layout, region: &Region) -> u64 {
        let (bytes, pieces) = needs(layout, region);
        let guard = self.guard.as_ref().map_or(0, |guard| guard.workspace(region)).max(self.sources.workspace());
        charge(bytes as u64).saturating_mul(pieces as u64).saturating_add(self.hidden()).saturating_add(guard)
    }
}

/// The buffers that reading a region needs: bytes of one, and how many.
fn needs(layout: &Layout, region: &Region) -> (usize, usize) {
    let along = layout.chunk.iter().zip(&region.shape).map(|(chunk, wanted)| chunk.min(wanted));
    let mut pieces = 0;
    // The closure does not fail.
    drop(layout.batches(region, |_, parts| {
        pieces = pieces.max(parts.len());
        Ok(())
    }));
    (along.product::<usize>() * layout.item, pieces)
}

/// Hands `region` to `sink`, batch by batch: the same ones that the direct way has (**D1**).
pub(super) fn read<T: Real>(
    storage: &Storage,
    foreign: &Foreign,
    input: &Input,
    context: &TaskContext<'_>,
    region: &Region,
    sink: &mut Sink<'_, T>,
) -> Result<()> {
    let (path, layout) = (input.path(), &storage.layout);
    let said = |error: ::hdf5::Error| refused(path, &format!("variable {} can't be read", foreign.name), &error);
    let _hidden = context.allocator().reserve(foreign.hidden())?;
    let (bytes, pieces) = needs(layout, region);
    let mut buffers = (0..pieces).map(|_| context.scratch::<u8>(bytes)).collect::<Result<Vec<_>>>()?;
    foreign.sources.check(context)?;
    let file = input.library()?;
    if open_dataset(&file, path, &foreign.name)?.is_none() {
        return Err(Error::file(path, format!("variable {} is gone", foreign.name)));
    }
    let dataset = raw::open_beside(&file, &foreign.name).map_err(said)?;
    let native = dataset.dtype().and_then(|stored| storage.number.in_memory(&stored)).map_err(said)?;
    layout.batches(region, |batch, parts| {
        let mut pieces = Vec::with_capacity(parts.len());
        for (Part { region: part, .. }, buffer) in parts.iter().zip(&mut buffers) {
            let bytes = &mut buffer.as_mut_slice()[..part.len() * layout.item];
            if let Some(guard) = &foreign.guard {
                guard.check(input, context, part)?;
            }
            // Elements that were never written and have no fill value are left as they are.
            bytes.fill(0);
            raw::read_box(&dataset, &native, &part.start, &part.shape, bytes).map_err(said)?;
            context.report(&Event::Read { stored: foreign.share(bytes.len()), direct: false });
            let stored =
                Stored { origin: &part.start, shape: &part.shape, bytes, first: 0, shuffled: false, swapped: false };
            pieces.push(Piece { region: part, stored: Some(stored) });
        }
        sink.batch(batch, &pieces)
    })?;
    input.check_unchanged()
}
