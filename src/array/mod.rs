//! Blocked n-dimensional arrays.

mod grid;
mod source;
mod strided;

pub use grid::{ChunkGrid, Region};
pub use source::{Source, TILE};
