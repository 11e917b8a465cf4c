//! Chunks that the HDF5 library inflates: it goes on for as long as a stream does, whatever the chunk should hold.
//!
//! So each is inflated once before, to no more bytes than it may have, and a stream that has more is an error. Other filters
//! of the library take the sizes from their parameters, which are compared with the data set's.

use std::os::unix::fs::FileExt;

use ::hdf5::Dataset;
use ::hdf5::plist::DatasetCreate;
use libdeflater::Decompressor;

use super::file::Input;
use super::filters::{CHECKSUM, Tail, name, unfiltered_edges};
use super::index::{Extent, Index};
use super::layout::Layout;
use super::raw;
use crate::array::Region;
use crate::chunk::charge;
use crate::error::{Error, Result};
use crate::graph::TaskContext;

/// What a chunk may have before it is deflated, beyond its elements: headers of other filters, checksums.
const BEYOND: usize = 64 << 10;

/// A chunk of a virtual data set's source is not looked at if it can't expand to more.
const LARGE: u64 = 64 << 20;

/// What deflate can make of one byte, at the most.
const EXPANSION: u64 = 1032;

/// The filters of the library that take sizes from their parameters, and where those are.
const NBIT: i32 = 5;
const SCALEOFFSET: i32 = 6;
const ELEMENTS: usize = 2;
const ITEM: usize = 4;

/// The chunks of a data set, to be checked before the library reads them.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    name: String,
    layout: Layout,
    index: Index,
    tail: Tail,
}

impl Guard {
    /// What guards the chunked data set `name`; none where nothing is inflated. Its chunks are checked as far as that
    /// takes no reading.
    pub(super) fn of(
        input: &Input,
        dataset: &Dataset,
        properties: &DatasetCreate,
        name: &str,
        layout: &Layout,
    ) -> Result<Option<Self>, String> {
        let said = |error: ::hdf5::Error| format!("it can't be read: {error}");
        check_parameters(dataset, properties, layout)?;
        let (tail, checksum) = (Tail::of(properties).map_err(said)??, Tail::checksum(properties).map_err(said)?);
        let unfiltered_edges = unfiltered_edges(properties).map_err(said)?;
        let index = Index::read(dataset, layout, input.size(), |chunk| {
            if unfiltered_edges && chunk.reaches_beyond {
                return Ok(u32::MAX);
            }
            // The library would read before the start of a chunk too short for its checksum (up to 2.2.0).
            let checked = checksum.is_some_and(|place| place >= 32 || chunk.skipped & (1 << place) == 0);
            let short = checked && chunk.stored < CHECKSUM as u64;
            if short { Err(format!("it has {} B, too few for a checksum", chunk.stored)) } else { Ok(chunk.skipped) }
        })?;
        Ok(tail.map(|tail| Self { name: name.to_owned(), layout: layout.clone(), index, tail }))
    }

    /// What a chunk may expand to.
    fn most(&self) -> usize {
        let whole = self.layout.chunk.iter().product::<usize>() * self.layout.item;
        whole + whole / 8 + BEYOND
    }

    fn needs(&self, stored: u64) -> u64 {
        charge(stored) + 2 * charge(self.most() as u64)
    }

    fn each(&self, region: &Region, mut visit: impl FnMut(Extent) -> Result<()>) -> Result<()> {
        self.layout.batches(region, |_, parts| {
            parts.iter().filter_map(|part| self.index.find(self.layout.number(&part.start))).try_for_each(&mut visit)
        })
    }

    /// Bytes that checking `region` takes.
    pub(super) fn workspace(&self, region: &Region) -> u64 {
        let mut most = 0;
        // The closure does not fail.
        drop(self.each(region, |extent| {
            most = most.max(extent.stored);
            Ok(())
        }));
        self.needs(most)
    }

    /// Checks the chunks that `region` meets.
    pub(super) fn check(&self, input: &Input, context: &TaskContext<'_>, region: &Region) -> Result<()> {
        let mut extents = Vec::new();
        self.each(region, |extent| {
            extents.push(extent);
            Ok(())
        })?;
        self.check_all(input, context, &extents)
    }

    fn large(&self) -> Vec<Extent> {
        let large = |extent: &&Extent| extent.stored.saturating_mul(EXPANSION) > LARGE;
        self.index.extents().iter().filter(large).copied().collect()
    }

    /// Bytes that [`check_large`](Self::check_large) takes.
    pub(super) fn workspace_of_large(&self) -> u64 {
        self.large().iter().map(|extent| self.needs(extent.stored)).max().unwrap_or(0)
    }

    /// Checks all chunks that could expand to much.
    pub(super) fn check_large(&self, input: &Input, context: &TaskContext<'_>) -> Result<()> {
        self.check_all(input, context, &self.large())
    }

    fn check_all(&self, input: &Input, context: &TaskContext<'_>, extents: &[Extent]) -> Result<()> {
        let Some(longest) = extents.iter().map(|extent| extent.stored as usize).max() else { return Ok(()) };
        let file = input.descriptor()?;
        let mut stored = context.scratch::<u8>(longest)?;
        let (mut one, mut other) = (context.scratch::<u8>(self.most())?, context.scratch::<u8>(self.most())?);
        let mut inflater = Decompressor::new();
        for extent in extents {
            let stored = &mut stored.as_mut_slice()[..extent.stored as usize];
            let read = file.read_exact_at(stored, extent.address);
            read.map_err(|source| Error::file_io(input.path(), "pread", source))?;
            let buffers = [one.as_mut_slice(), other.as_mut_slice()];
            self.tail.check(&mut inflater, extent.skipped, stored, buffers).map_err(|problem| {
                let Extent { address, stored, .. } = extent;
                let what = format!("damaged chunk of {stored} B at address {address} of variable {}", self.name);
                Error::file(input.path(), format!("{what}: {problem}"))
            })?;
        }
        Ok(())
    }
}

fn check_parameters(dataset: &Dataset, properties: &DatasetCreate, layout: &Layout) -> Result<(), String> {
    let said = |error: ::hdf5::Error| format!("it can't be read: {error}");
    let elements = layout.chunk.iter().product::<usize>() as u64;
    let item = dataset.dtype().map_err(said)?.size() as u64;
    for (place, filter) in properties.get_filters().map_err(said)?.iter().enumerate() {
        if !matches!(filter.id(), NBIT | SCALEOFFSET) {
            continue;
        }
        let parameters = raw::filter_parameters(properties, place).map_err(said)?;
        let told = |at: usize| parameters.get(at).copied().map(u64::from);
        if told(ELEMENTS) != Some(elements) || told(ITEM) != Some(item) {
            let found = format!("{:?} elements of {:?} B", told(ELEMENTS), told(ITEM));
            let filter = name(filter);
            return Err(format!("its filter {filter} is for chunks of {found}, they have {elements} of {item} B"));
        }
    }
    Ok(())
}
