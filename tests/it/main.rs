//! What the library promises, seen from outside: a module a behaviour.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing should fail")]

mod arrays;
mod executor;
mod lab;
mod map_blocks;
#[cfg(feature = "hdf5")]
mod ocean;
mod random_graphs;
mod support;
