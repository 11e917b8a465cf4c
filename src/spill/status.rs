//! What users are told of the places of scratch.

use std::fmt;
use std::path::PathBuf;

use super::tier::Tier;
use crate::config::TierKind;
use crate::units::ByteSize;

/// A place of a session's scratch, as it is now.
///
/// ```
/// use thermocline::Session;
///
/// # let folder = tempfile::tempdir_in("/var/tmp")?;
/// # let path = folder.path().display();
/// let session = Session::builder().memory_limit("64MiB".parse()?).scratch(format!("{path}:1GiB")).build()?;
/// let tiers = session.tiers();
/// assert_eq!((tiers.len(), tiers[0].capacity.bytes(), tiers[0].used.bytes()), (1, 1 << 30, 0));
/// println!("{}", tiers[0]); // e.g. /var/tmp/x: disk, 0 B of 1 GiB used, 1 GiB left
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TierStatus {
    /// The folder.
    pub path: PathBuf,
    /// What it lies on.
    pub kind: TierKind,
    /// The most bytes that are used there.
    pub capacity: ByteSize,
    /// The bytes that are used.
    pub used: ByteSize,
    /// The bytes that may still be used: what the capacity leaves, and what is free.
    pub left: ByteSize,
    /// Why nothing is written there at present: a call failed, and nothing was given back or begun since.
    pub closed: Option<String>,
}

impl TierStatus {
    pub(super) fn of(tier: &Tier) -> Self {
        Self {
            path: tier.path().to_owned(),
            kind: tier.kind(),
            capacity: ByteSize::new(tier.capacity()),
            used: ByteSize::new(tier.used()),
            left: ByteSize::new(tier.left()),
            closed: tier.closed().map(|error| error.to_string()),
        }
    }
}

impl fmt::Display for TierStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, kind, capacity, used, left, closed } = self;
        write!(f, "{}: {kind}, {used} of {capacity} used, {left} left", path.display())?;
        closed.as_ref().map_or(Ok(()), |reason| write!(f, "; closed: {reason}"))
    }
}
