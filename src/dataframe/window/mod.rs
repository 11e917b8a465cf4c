//! What a row has of other rows: windows, shifts, cumulative values.

mod cumulative;
mod overlap;
mod resample;
mod rolling;
mod shift;

pub(super) use overlap::copied;
pub use resample::Resample;
