//! Blocked algorithms on data larger than memory, within a stated memory limit.

pub mod array;
pub mod chunk;
mod config;
mod error;
mod event;
pub mod graph;
#[cfg(feature = "hdf5")]
pub mod io;
mod memory;
mod scheduler;
mod session;
mod spill;
mod units;

pub use array::Array;
pub use config::{Compression, Config, Eviction, Origin, TierSpec};
pub use error::{Error, Result, UserError};
pub use event::{Event, Observer};
pub use ndarray;
pub use num_complex::Complex;
pub use scheduler::{Plan, Stats};
pub use session::{Builder, Collection, Kept, Persist, Run, Session};
pub use units::{Amount, ByteSize};

const _: () = assert!(usize::BITS == 64, "thermocline needs a 64-bit machine");
#[cfg(not(target_os = "linux"))]
compile_error!("thermocline runs on Linux only: its scratch files need fallocate and O_TMPFILE");
