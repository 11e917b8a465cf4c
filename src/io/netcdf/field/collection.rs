//! A field as a collection: a session makes an array of it.

use ndarray::ArrayD;

use super::Field;
use crate::chunk::{Chunk, Element};
use crate::error::Result;
use crate::graph::{Key, Layers};
use crate::session::{Collection, Kept, Persist};

impl<T: Element> Collection for Field<T> {
    type Output = ArrayD<T>;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        self.array.build(layers)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<ArrayD<T>> {
        self.array.finish(chunks)
    }
}

impl<T: Element> Persist for Field<T> {
    fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        self.array.build_chunks(layers)
    }

    fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self> {
        Ok(self.with_array(self.array.with_kept(chunks)?))
    }
}
