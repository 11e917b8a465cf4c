//! Times: calendars, moments, and how files count them.

mod calendar;
mod date;
mod span;
mod units;

pub use calendar::Calendar;
pub use date::{DateTime, Season};
pub(super) use span::Span;
pub use units::TimeUnits;
