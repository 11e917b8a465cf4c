//! A box of a data set as an array of its own, read as it comes off the decoder.

use std::sync::Arc;

use thermocline::Result;
use thermocline::array::{ChunkGrid, Region, Source};
use thermocline::graph::TaskContext;

/// What `region` has of a source, in one block.
#[derive(Debug)]
pub(super) struct Window<S> {
    source: Arc<S>,
    region: Region,
}

impl<S: Source> Window<S> {
    pub(super) fn new(source: Arc<S>, region: Region) -> Self {
        Self { source, region }
    }

    fn inside(&self, region: &Region) -> Region {
        let start = region.start.iter().zip(&self.region.start).map(|(at, origin)| at + origin);
        Region::new(start.collect::<Vec<_>>(), region.shape.clone())
    }
}

impl<S: Source> Source for Window<S> {
    type Item = S::Item;

    fn name(&self) -> &str {
        self.source.name()
    }

    fn shape(&self) -> &[usize] {
        &self.region.shape
    }

    fn grid(&self) -> ChunkGrid {
        ChunkGrid::regular(&self.region.shape, &self.region.shape)
    }

    fn workspace(&self, region: &Region) -> u64 {
        self.source.workspace(&self.inside(region))
    }

    fn reads(&self, region: &Region) -> u64 {
        self.source.reads(&self.inside(region))
    }

    fn fold_tiles(
        &self,
        context: &TaskContext<'_>,
        region: &Region,
        visit: &mut dyn FnMut(&Region, &[Self::Item]) -> Result<()>,
    ) -> Result<()> {
        self.source.fold_tiles(context, &self.inside(region), &mut |tile, values| {
            visit(&tile.relative_to(&self.region.start), values)
        })
    }
}
