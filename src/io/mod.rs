//! Files in, as [`Source`](crate::array::Source)s: arrays on disk that are read block by block.

#[cfg(feature = "hdf5")]
pub mod hdf5;
#[cfg(feature = "hdf5")]
pub mod netcdf;
#[cfg(feature = "dataframe")]
pub mod table;
#[cfg(any(feature = "hdf5", feature = "dataframe"))]
mod target;
