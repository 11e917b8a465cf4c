//! Looking at runs: pictures of their graphs, what they did when, and how far they are.
//!
//! - [`picture`]: a task graph as DOT; with the feature `picture` as SVG.
//! - `profile` (feature `report`): records what a session does, and when.
//! - `report` (feature `report`): a page, a trace or lines of JSON, made of a profile.

#[cfg(feature = "picture")]
mod escape;
pub mod picture;
#[cfg(feature = "report")]
pub mod profile;
#[cfg(feature = "report")]
pub mod report;
