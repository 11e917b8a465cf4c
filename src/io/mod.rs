//! Files in, as [`Source`](crate::array::Source)s: arrays on disk that are read block by block.

pub mod hdf5;
pub mod netcdf;
