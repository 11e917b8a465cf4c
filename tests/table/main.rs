//! Dataframes: every operation against polars on the whole frame.
#![cfg(feature = "dataframe")]
#![allow(clippy::unwrap_used, missing_docs)]

mod asof;
mod concat;
mod convert;
mod csv;
mod ends;
mod exact;
mod flights;
mod group_by;
mod hostile;
mod ipc;
mod join;
mod join_spilling;
mod ndjson;
mod parquet;
mod rows;
mod sort;
mod spilling;
mod support;
mod values;
mod window;
mod write;
