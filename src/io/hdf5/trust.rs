//! What a file may have this process do beyond reading it: run filters that are loaded as plugins, read files of other
//! folders. Neither, unless the environment says so: whoever made a file is not whoever opens it.
//!
//! The HDF5 library has one state of plugins for all of a process, so it is settled before the first file is opened.

use std::sync::OnceLock;

use super::raw;
use crate::config::switch;
use crate::error::Result;

/// What is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trust {
    /// Loading plugins.
    pub(super) plugins: bool,
    /// Following a file's references out of its folder.
    pub(super) outside: bool,
}

/// What `THERMOCLINE_HDF5_PLUGINS` and `THERMOCLINE_HDF5_OUTSIDE` allow.
pub(super) fn trust() -> Result<Trust> {
    static TRUST: OnceLock<Result<Trust>> = OnceLock::new();
    TRUST
        .get_or_init(|| {
            let trust = Trust { plugins: switch("HDF5_PLUGINS")?, outside: switch("HDF5_OUTSIDE")? };
            if !trust.plugins {
                raw::disable_plugins();
            }
            Ok(trust)
        })
        .clone()
}
