//! From parts to tasks, and from their chunks to parts.

use std::sync::Arc;

use polars::prelude::SchemaRef;

use super::compute::concat;
use super::frame::Frame;
use super::node::{Make, Part};
use crate::chunk::CodeError;
use crate::error::Result;
use crate::graph::{Key, Layers};

/// So many partial results are merged at once.
pub(super) const FAN_IN: usize = 8;

/// A task for each part. Their keys.
pub(super) fn add_tasks(layers: &mut Layers, label: &str, parts: Vec<Part>) -> Vec<Key> {
    let name = layers.name(label);
    let add = |(number, part): (usize, Part)| {
        let key = Key::indexed(name.clone(), [number as u32]);
        layers.add(part.task(key.clone()));
        key
    };
    parts.into_iter().enumerate().map(add).collect()
}

/// The rows of the chunks `keys`, one after the other.
pub(super) fn gathered(keys: &[Key], schema: SchemaRef, bytes: u64) -> Part {
    let make: Make = Arc::new(move |_, chunks| {
        let frames = chunks.iter().map(Frame::of).collect::<Result<_>>()?;
        Ok::<_, CodeError>(concat(frames, &schema)?)
    });
    Part { needs: keys.to_vec(), make, workspace: 0, reads: 0, bytes }
}
