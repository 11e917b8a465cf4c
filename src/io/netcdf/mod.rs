//! netCDF-4 and other HDF5 files, as the CF conventions have them.
//!
//! [`open`] looks at one file, [`open_many`] at a series of files that follow each other along one dimension. Both only
//! look: values are read block by block, when something is computed from them.
//!
//! ```
//! use thermocline::{Array, Session, io::netcdf};
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
//! println!("{data}"); // dimensions, coordinates, variables, attributes
//! let sst: Array<f32> = data.array("sst")?;
//! let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
//! assert_eq!(session.compute(&sst.nanmean(0))?[[1]], 1.005);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Values
//!
//! Values are unpacked as xarray does by default: what equals `_FillValue` or one of `missing_value` is NaN, the rest is
//! multiplied by `scale_factor` and shifted by `add_offset`, in `f64`, then rounded to the type asked for. `_Unsigned` is
//! honoured, for the fill value, too. Where an attribute is absent, nothing is done in its place. `valid_min`,
//! `valid_max` and `valid_range` are ignored unless [asked for](Dataset::valid_range). Elements that were never written
//! have HDF5's own fill value, and so have those by which a variable is shorter than an unlimited dimension of it.
//!
//! Integers can be asked for only where they lose nothing: no scale, no offset, no missing values, and a type that
//! holds every stored value. [`mask_and_scale(false)`](Dataset::mask_and_scale) gives the stored numbers.
//!
//! # Fields
//!
//! [`Dataset::field`] gives a variable with its labels: a [`Field`], whose axes have names. Parts are selected by label,
//! axes are matched by name, and times are grouped.
//!
//! ```
//! use thermocline::io::netcdf::{Coordinate, Field, TimePart};
//! use thermocline::{Array, Session};
//!
//! # let days = Coordinate::new("time", (0..731).map(f64::from).collect::<Vec<_>>());
//! # let values = Array::<f64>::from_fn(&[731, 2], &[100, 2], |at| (at[0] + at[1]) as f64);
//! # let sst = Field::new("sst", values, ["time", "lat"])
//! #     .with_coordinate(days.with_attribute("units", "days since 2004-01-01"))
//! #     .with_coordinate(Coordinate::new("lat", [-10.0, 10.0]));
//! // let sst: Field<f32> = netcdf::open_many("sst.day.mean.*.nc")?.field("sst")?;
//! let tropics = sst.sel("lat", -23.5..23.5).sel("time", "2004-03".."2005-02");
//! let by_month = tropics.group_by("time", TimePart::Month);
//! let anomaly = &by_month - &by_month.mean();
//! println!("{anomaly}");
//! let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
//! assert_eq!(session.compute(&anomaly.max(..))?[[]], 15.0);
//! # Ok::<(), thermocline::Error>(())
//! ```
//!
//! # Series
//!
//! Files are opened by several threads, sorted by time, and joined. What is stored in which way may differ from file to
//! file; what it means may not: axes, units, and the labels of other dimensions are compared, and times may not overlap.
//! An error names the two files, and what would allow it. Holes in the times are [told](Dataset::gaps). Blocks span
//! files, so that a series of daily files is read as fast as one of yearly ones. At most 64 descriptors are held, and a
//! file whose size or time changed is an error.
//!
//! # Times
//!
//! Labels are numbers until [`Coordinate::times`] is asked for, because files hold times that can't be decoded, and are
//! none the worse for it. All calendars of the CF conventions are known: see [`Calendar`], [`DateTime`], [`TimeUnits`].
//!
//! ```
//! use thermocline::io::netcdf::{Calendar, TimeUnits};
//!
//! let units = TimeUnits::parse("days since 2000-02-28", Some("noleap"))?;
//! assert_eq!(units.decode(1.0).unwrap().to_string(), "2000-03-01");
//! assert_eq!(Calendar::Standard.days_in_year(1582), 355);
//! # Ok::<(), String>(())
//! ```
//!
//! # Writing
//!
//! [`Field::store`] writes a field to a netCDF-4 file, block by block, within the session's limit: xarray and the netCDF
//! library open it. [`Store`] has an example, and what can be chosen.
//!
#![doc = include_str!("xarray.md")]

mod attributes;
mod cf;
mod coordinate;
mod dataset;
mod dimensions;
mod display;
mod field;
mod files;
mod joined;
mod look;
mod member;
mod options;
mod series;
mod store;
mod time;
mod unit_names;

pub use super::hdf5::{AttributeValue, ReadPath, Real, Unread, Variable};
pub use attributes::Attributes;
pub use coordinate::Coordinate;
pub use dataset::{Dataset, open, open_many};
pub use dimensions::Dimension;
pub use field::{Dimensions, Field, FieldGroups, Label, Nearest, Place, TimePart};
pub use files::Files;
pub use look::VariableInfo;
pub use series::{Gap, Overlap};
pub use store::{PackAs, Store, Stored};
pub use time::{Calendar, DateTime, Season, TimeUnits};
