//! A dataframe as a collection: what a session makes of it.

use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, SchemaRef};

use super::DataFrame;
use super::alone::alone;
use super::divisions::Divisions;
use super::estimate::{Estimate, empty};
use super::frame::Frame;
use super::node::{Node, Wanted};
use crate::chunk::Chunk;
use crate::error::{Error, Result};
use crate::graph::{Key, Layers};
use crate::session::{Collection, Kept, Persist};

/// Computing gives one frame of all rows. It has a chunk for each partition: `align_chunks` or `rechunk` make it one.
impl Collection for DataFrame {
    type Output = PolarsFrame;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        self.node().chunks(layers, &Wanted::all())
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<PolarsFrame> {
        let frames = chunks.iter().map(Frame::of).collect::<Result<Vec<_>>>()?;
        concat(frames, self.schema()).map_err(|error| Error::Code { operation: "read from", source: Arc::new(error) })
    }
}

/// The rows of `frames` one after the other, columns as in `schema`.
pub(super) fn concat(frames: Vec<PolarsFrame>, schema: &SchemaRef) -> Result<PolarsFrame, polars::error::PolarsError> {
    alone(|| {
        let mut all = empty(schema);
        for frame in frames {
            all.vstack_mut_owned(frame.select(schema.iter_names_cloned())?)?;
        }
        Ok(all)
    })
}

impl Persist for DataFrame {
    fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        self.build(layers)
    }

    fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self> {
        let kept: Vec<Kept> = chunks.take(self.partitions()).collect();
        if kept.len() < self.partitions() {
            return Err(Error::Cancelled);
        }
        let (schema, estimate) = (self.schema().clone(), self.node().estimate().clone());
        Ok(Self::of(KeptNode { kept, schema, estimate, divisions: self.divisions().cloned() }))
    }
}

/// Partitions that a session keeps.
struct KeptNode {
    kept: Vec<Kept>,
    schema: SchemaRef,
    estimate: Estimate,
    divisions: Option<Divisions>,
}

impl Node for KeptNode {
    fn label(&self) -> &'static str {
        "kept"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.kept.len()
    }

    fn estimate(&self) -> Estimate {
        self.estimate.clone()
    }

    fn divisions(&self) -> Option<&Divisions> {
        self.divisions.as_ref()
    }

    fn build(&self, layers: &mut Layers, _: &Wanted) -> Result<Vec<Key>> {
        let add = |kept: &Kept| {
            let key = layers.number("kept");
            layers.add(kept.task(key.clone()));
            key
        };
        Ok(self.kept.iter().map(add).collect())
    }
}
