//! What the library promises, seen from outside: a module a behaviour.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing should fail")]

mod api_table;
mod arrays;
mod bits;
mod branching;
mod creation;
mod dax;
mod delayed;
mod eviction;
mod executor;
mod families;
mod faults;
mod floor;
mod groups;
#[cfg(feature = "hdf5")]
mod hdf5_conformance;
#[cfg(feature = "hdf5")]
mod hdf5_filters;
#[cfg(feature = "hdf5")]
mod hdf5_traps;
#[cfg(feature = "hdf5")]
mod hostile_files;
mod hostile_graphs;
mod impossible;
mod lab;
mod layering;
mod linalg;
mod map_blocks;
#[cfg(feature = "picture")]
mod markup;
mod mounts;
#[cfg(feature = "hdf5")]
mod ncfile;
#[cfg(feature = "hdf5")]
mod netcdf_fields;
#[cfg(feature = "hdf5")]
mod netcdf_files;
#[cfg(feature = "hdf5")]
mod netcdf_groups;
#[cfg(feature = "hdf5")]
mod netcdf_series;
#[cfg(feature = "hdf5")]
mod netcdf_traps;
mod observing;
#[cfg(feature = "hdf5")]
mod ocean;
mod operands;
mod order;
mod order_families;
mod overlap;
mod pictures;
mod pressure;
mod quantiles;
mod random;
mod random_graphs;
mod random_numbers;
mod rechunk;
mod reductions;
#[cfg(feature = "report")]
mod report;
mod scans;
mod sources;
mod specification;
mod specification_graphs;
mod storage;
#[cfg(feature = "hdf5")]
mod store;
mod structure;
mod support;
mod tracing;
mod ufuncs;
mod waiting;
