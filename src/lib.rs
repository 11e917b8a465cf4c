//! Blocked algorithms on data larger than memory, within a stated memory limit.
//!
//! A [`Session`] has threads, a memory limit and scratch. An [`Array`] is lazy: the session plans it, and computes it
//! within the limit. With the feature `dataframe` there are tables of polars frames. Underneath everything is a
//! [graph](mod@graph) of tasks. The [`guide`] has a chapter for each topic; lists lead from NumPy,
//! xarray and Dask to the names of [`array`](mod@array#from-numpy-xarray-and-dask) and of `io::netcdf`.
//!
//! ```
//! use thermocline::{Array, Session};
//!
//! let session = Session::builder().memory_limit("64MiB".parse()?).threads(2).build()?;
//! let x = Array::<f64>::from_fn(&[400, 300], &[100, 300], |at| (at[0] * at[1]) as f64);
//! let spread = (&x - &x.mean(0)).std(0);
//! println!("{}", session.plan(&spread)?);
//! assert_eq!(session.compute(&spread)?.shape(), [300]);
//! # Ok::<(), thermocline::Error>(())
//! ```

pub mod array;
pub mod chunk;
mod config;
#[cfg(feature = "dataframe")]
pub mod dataframe;
pub mod delayed;
pub mod diagnostics;
mod error;
mod event;
pub mod graph;
pub mod guide;
#[cfg(any(feature = "dataframe", feature = "hdf5"))]
pub mod io;
mod memory;
mod scheduler;
mod session;
pub mod simd;
mod spill;
mod stats;
mod sync;
mod trace;
mod units;

pub use array::Array;
pub use config::{Compression, Config, Eviction, Origin, TierKind, TierSpec};
#[cfg(feature = "dataframe")]
pub use dataframe::DataFrame;
pub use delayed::Delayed;
pub use error::{Error, Result, TaskInput, UserError};
pub use event::{Event, Label, Observer, RunId};
pub use ndarray;
pub use num_complex::Complex;
pub use scheduler::Plan;
pub use session::{Builder, Collection, Kept, Persist, Run, Session};
pub use spill::TierStatus;
pub use stats::{Gauge, Stats};
pub use units::{Amount, ByteSize};

const _: () = assert!(usize::BITS == 64, "thermocline needs a 64-bit machine");
#[cfg(not(target_os = "linux"))]
compile_error!("thermocline runs on Linux only: its scratch files need fallocate and O_TMPFILE");

/// The README's example is compiled with the tests.
#[cfg(all(doctest, feature = "hdf5"))]
#[doc = include_str!("../README.md")]
struct Readme;
