//! Variables of netCDF-4 and other HDF5 files.
//!
//! [`open`] looks at one file, [`open_many`] at a series whose arrays follow each other along the first axis. Both
//! only look: values are read block by block, when something is computed from them.
//!
//! Values are unpacked as the CF conventions say, and as xarray does by default: what equals `_FillValue` or
//! `missing_value` is NaN, the rest is multiplied by `scale_factor` and shifted by `add_offset`, in `f64`, then
//! rounded to the type asked for. `_Unsigned` is honoured. Where an attribute is absent, nothing is done in its
//! place; `valid_min`, `valid_max` and `valid_range` are ignored. Elements that were never written have HDF5's own
//! fill value.
//!
//! Integers can be asked for only where they lose nothing: no scale, no offset, no missing values, and a type that
//! holds every stored value. [`mask_and_scale(false)`](Dataset::mask_and_scale) gives the stored numbers.
//!
//! ```
//! use thermocline::array::Source;
//! use thermocline::io::netcdf;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("sst.nc");
//! # let file = hdf5::File::create(&path)?;
//! # let sst = file.new_dataset::<i16>().shape([2, 3]).create("sst")?;
//! # sst.write_raw(&[100_i16, 200, -999, 0, 1, 2])?;
//! # sst.new_attr::<i16>().create("_FillValue")?.write_scalar(&-999_i16)?;
//! # sst.new_attr::<f64>().create("scale_factor")?.write_scalar(&0.01)?;
//! # drop(sst);
//! # file.close()?;
//! let data = netcdf::open(&path)?;
//! println!("{data}"); // names, types, shapes
//! let sst = data.variable::<f32>("sst")?;
//! assert_eq!(sst.shape(), [2, 3]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cf;
mod dataset;
mod dimensions;
mod many;

pub use super::hdf5::{ReadPath, Real, Variable};
pub use dataset::{Dataset, VariableInfo, open};
pub use many::{Files, ManyDatasets, open_many};
