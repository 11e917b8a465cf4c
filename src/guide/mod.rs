//! Chapters for users: what to know before the first large run.
//!
//! - [`chunks`]: what a chunk is, and how large it should be.
//! - [`moving`]: parts, axes, shapes, and other chunks.
//! - [`lanes`]: running sums, order statistics, products of matrices.
//! - [`blocks`]: functions of one's own.
//! - `tables`, with the feature `dataframe`: dataframes of polars frames.
//! - [`graphs`]: tasks by hand, by macro and as JSON.
//! - [`memory`]: what a limit means, and what a plan says.
//! - [`scratch`]: where blocks go that memory does not hold, and what happens when that place fails.
//! - [`observing`]: progress, profiles, pictures, spans: what a run does, and why it is slow.
//! - [`environment`]: settings from outside.
//!
//! Other chapters stand where their names are: [`ufunc`](crate::array::ufunc) for operations element by element and
//! their types, [`reductions`](crate::array::reductions), [`creation`](crate::array::creation),
//! [`random`](crate::array::random), [`Grouped`](crate::array::Grouped) for groups, and with the feature `hdf5`
//! `io::netcdf` for files (read and written), labels, times and climatologies.

#[doc = include_str!("chunks.md")]
pub mod chunks {}

#[doc = include_str!("moving.md")]
pub mod moving {}

#[doc = include_str!("lanes.md")]
pub mod lanes {}

#[doc = include_str!("blocks.md")]
pub mod blocks {}

#[cfg(feature = "dataframe")]
#[doc = include_str!("tables.md")]
pub mod tables {}

#[doc = include_str!("graphs.md")]
pub mod graphs {}

#[doc = include_str!("memory.md")]
pub mod memory {}

#[doc = include_str!("scratch.md")]
pub mod scratch {}

#[doc = include_str!("observing.md")]
pub mod observing {}

#[doc = include_str!("environment.md")]
pub mod environment {}
