//! The contract of the `bench` command, seen from outside: exit codes, messages, figures, files.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing should fail")]

mod checksum;
mod endings;
mod figures;
#[cfg(feature = "tables")]
mod flights;
mod generated;
mod graphs;
mod hostile;
mod info;
mod inputs;
mod interrupts;
mod observed;
mod orders;
mod outcomes;
mod pictures;
#[cfg(feature = "tables")]
mod queries;
mod sea;
mod support;
mod workloads;
mod written;
