//! Tables in files: CSV, Parquet, JSON lines and Arrow IPC.
//!
//! Reading opens files enough to know columns, types and how to cut them into partitions; rows are read when they are needed,
//! each partition by one task, and of each partition the columns that are needed.

mod csv;
mod input;
mod ipc;
mod ndjson;
mod parquet;
mod write;

pub use csv::{BadRows, CsvReader, SkippedRows, read_csv};
pub use input::Paths;
pub use ipc::{IpcReader, read_ipc};
pub use ndjson::{NdjsonReader, read_ndjson};
pub use parquet::{ParquetReader, read_parquet};
pub use write::{
    IpcCompression, ParquetCompression, WriteCsv, WriteIpc, WriteParquet, Written, WrittenFile, write_csv, write_ipc,
    write_parquet,
};
