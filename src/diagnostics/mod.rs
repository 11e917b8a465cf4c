//! Looking at runs: pictures of their graphs, what they did when, and how far they are.
//!
//! - [`picture`]: a task graph as DOT; with the feature `picture` as SVG.
//! - `progress` (feature `progress`): a bar in the terminal.
//! - `profile` (feature `report`): records what a session does, and when.
//! - `report` (feature `report`): a page, a trace or lines of JSON, made of a profile.
//!
//! Programs that use `tracing` find a span `run` for each run (at the level of information) and in it spans `task`, `reload`
//! and `redo`, and apart from them `spill` (at the level of debugging), with keys and bytes; the end of a run and trouble
//! with scratch are events. Where no subscriber listens each costs a look at an atomic.

#[cfg(feature = "picture")]
mod escape;
pub mod picture;
#[cfg(feature = "report")]
pub mod profile;
#[cfg(feature = "progress")]
pub mod progress;
#[cfg(feature = "report")]
pub mod report;
