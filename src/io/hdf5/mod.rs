//! HDF5 files as they are: every data set that holds numbers, unscaled.
//!
//! [`open`] looks at a [`File`]; [`netcdf`](super::netcdf) has the same numbers with what attributes say of them.
//!
//! Read directly are the filters deflate, shuffle, fletcher32, LZF, LZ4, Zstandard, bzip2, bitshuffle and Blosc (version 1),
//! of numbers in any order of bytes, however the chunks are found; nbit, scaleoffset, numbers of odd precision, compact and
//! virtual data sets through the HDF5 library. Of other filters (szip, zfp, Blosc 2, …) the error says the name.
//!
//! # How numbers come out of files
//!
//! The HDF5 library opens files, reads attributes and lists where the chunks of a variable lie. All of that happens
//! under its one global lock, once, when a variable is opened. What is then read while a task runs goes one of two
//! ways, and [`ReadPath`] says which:
//!
//! ```text
//!            file.rs: is it HDF5? which variables?      (library, locked)
//!            dtype.rs, filters.rs, index.rs: what is stored, how and where
//!                     |                                  |
//!              known to us                          anything else
//!                     v                                  v
//!   direct.rs: pread, check, decode             library.rs: H5Dread
//!      (calling thread, no lock)                 (one thread at a time)
//!                     |                                  |
//!                     +------> tiles.rs, convert.rs <----+
//! ```
//!
//! **H1** Both ways end in the same conversion, so they agree to the bit (invariant D1).
//!
//! **H2** Nothing in a file is believed: chunk addresses, sizes and shapes are checked against the file's size before
//! memory is asked for, and a compressed stream is decoded to as many bytes as the chunk has, no more.
//!
//! **H3** Buffers come from the task's grant: for the chunks of one call, one stored chunk, one decoded chunk, one between
//! two filters where there are, a staging buffer and a tile; what codecs take for themselves is reserved. `Source::workspace`
//! counts the same buffers with the same functions. What it does not count is libdeflate's decoder, one per call, of about
//! 12 KB.
//!
//! **H4** A file whose size, time or identity changed since it was opened, or that is gone, is an error, not other values.
//! That is looked at before a block is read and after.
//!
//! **H5** What varies in length is read without the library (`heap.rs`), and no reference is followed: a damaged
//! global heap would keep the library, and its lock, busy for ever.
//!
//! **H6** What the library inflates was inflated within bounds before (`guard.rs`). It runs no plugins and follows no
//! reference out of a file's folder, unless that is allowed (`trust.rs`, `neighbours.rs`).
//!
//! # How numbers go into files
//!
//! `output.rs` makes a file and what it says of its variables, in the library. Chunks come to it compressed: the library
//! is told where in the variable they are and puts their bytes at the end of the file, so its lock is held for a write,
//! not for a compression.
//!
//! `unsafe` is in `raw.rs` alone.

mod attribute;
mod codec;
mod contents;
mod convert;
mod data_file;
mod descriptors;
mod direct;
mod dtype;
mod file;
mod filters;
mod guard;
mod half;
mod heap;
mod index;
mod layout;
mod library;
mod neighbours;
mod output;
mod raw;
mod storage;
mod tiles;
mod trust;
mod value;
mod variable;

pub(super) use attribute::AttributeReader;
pub(super) use contents::{Contents, open_dataset, walk};
pub(super) use convert::{Conversion, Scalar, Valid};
pub(super) use descriptors::Descriptors;
pub(super) use dtype::{Detected, Number, detect};
pub(super) use file::{Input, refused};
pub(super) use heap::Heaps;
pub(super) use output::{NewVariable, Output, exact};
pub(super) use raw::address;
pub(super) use storage::{NOTHING, Storage, filter_names, no_number};
pub(super) use variable::Shape;

pub use contents::Unread;
pub use convert::Real;
pub use data_file::{DatasetInfo, File, open};
pub use value::AttributeValue;
pub(super) use variable::{Bits, with_bits};
pub use variable::{ReadPath, Variable};
