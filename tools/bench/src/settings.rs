//! What a session is told on the command line; the rest is up to the environment and the defaults.

use std::sync::Arc;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use thermocline::{Amount, Builder, Observer, Session, TierSpec};

use crate::error::Result;

/// The settings of a session.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Settings {
    /// The bytes that are never exceeded, e.g. 4GiB
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory_limit: Option<Amount>,
    /// Worker threads
    #[arg(long, value_name = "N", value_parser = threads())]
    pub(crate) threads: Option<usize>,
    /// Where to spill: folders with commas between, e.g. /mnt/fast:100GiB,/mnt/large
    #[arg(long, value_name = "SPEC", value_parser = scratch)]
    pub(crate) scratch: Option<String>,
}

impl Settings {
    /// A session with them.
    pub(crate) fn session(&self) -> Result<Session> {
        self.session_with(Vec::new())
    }

    /// A session with them, whose observers are told.
    pub(crate) fn session_with(&self, observers: Vec<Arc<dyn Observer>>) -> Result<Session> {
        let mut builder = observers.into_iter().fold(Session::builder(), Builder::observer);
        if let Some(limit) = self.memory_limit {
            builder = builder.memory_limit(limit);
        }
        if let Some(threads) = self.threads {
            builder = builder.threads(threads);
        }
        if let Some(scratch) = &self.scratch {
            builder = builder.scratch(scratch);
        }
        Ok(builder.build()?)
    }
}

/// More than any machine has, and fewer than would exhaust one by mistake.
fn threads() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=4096)
}

/// Checks a list of tiers; the library parses it once more.
fn scratch(text: &str) -> std::result::Result<String, thermocline::Error> {
    text.split(',').map(|tier| tier.trim().parse()).collect::<std::result::Result<Vec<TierSpec>, _>>()?;
    Ok(text.to_owned())
}
