//! Where scratch may lie: folders with capacities, and what is known of the filesystems under them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustix::fs::{Access, access, statfs};

use crate::error::{Error, Result};
use crate::units::ByteSize;

/// What a scratch folder lies on.
///
/// It is found out; who says it has it checked, as far as that can be done.
///
/// ```
/// use thermocline::TierKind;
///
/// let kind: TierKind = "dax".parse()?;
/// assert_eq!((kind, kind.to_string().as_str()), (TierKind::Dax, "dax"));
/// # Ok::<(), &'static str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TierKind {
    /// A disk, or something like it, behind the page cache.
    Disk,
    /// The machine's memory by another name, such as a tmpfs: its capacity is charged to the memory limit.
    Ram,
    /// Persistent memory, mounted so that files are used where they lie (`-o dax`): no page cache, no copies.
    Dax,
}

impl FromStr for TierKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "disk" => Ok(Self::Disk),
            "ram" => Ok(Self::Ram),
            "dax" => Ok(Self::Dax),
            _ => Err("disk, ram or dax"),
        }
    }
}

impl fmt::Display for TierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Disk => "disk",
            Self::Ram => "ram",
            Self::Dax => "dax",
        })
    }
}

/// A place for scratch: `path[:capacity][:kind]`, e.g. `/mnt/nvme/scratch:200GiB` or `/mnt/pmem:dax`.
///
/// ```
/// use thermocline::{TierKind, TierSpec};
///
/// let tier: TierSpec = "/mnt/nvme:200GiB".parse()?;
/// assert_eq!(tier.capacity.map(|size| size.bytes()), Some(200 << 30));
/// let tier: TierSpec = "/mnt/pmem:dax".parse()?;
/// assert_eq!((tier.capacity, tier.kind), (None, Some(TierKind::Dax)));
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierSpec {
    /// The folder. It is made, for its owner alone, if it is not there.
    pub path: PathBuf,
    /// The most bytes to use there. Default: 90 % of what is free.
    pub capacity: Option<ByteSize>,
    /// What it has to lie on. Default: what it is found to.
    pub kind: Option<TierKind>,
}

impl TierSpec {
    /// A folder of which nothing else is said.
    ///
    /// ```
    /// use thermocline::TierSpec;
    ///
    /// assert_eq!(TierSpec::new("/mnt/nvme").to_string(), "/mnt/nvme");
    /// ```
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), capacity: None, kind: None }
    }
}

impl FromStr for TierSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::Config {
            setting: "scratch".into(),
            found: text.into(),
            expected:
                "a folder, folder:capacity or folder:capacity:kind, e.g. /mnt/nvme:200GiB; kinds are disk, ram, dax"
                    .into(),
        };
        let (rest, kind) = match text.rsplit_once(':').map(|(rest, kind)| (rest, kind.parse())) {
            Some((rest, Ok(kind))) => (rest, Some(kind)),
            _ => (text, None),
        };
        let (path, capacity) = match rest.rsplit_once(':') {
            Some((path, capacity)) => (path, Some(capacity.parse().map_err(|_| bad())?)),
            None => (rest, None),
        };
        if path.is_empty() { Err(bad()) } else { Ok(Self { path: path.into(), capacity, kind }) }
    }
}

impl fmt::Display for TierSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        self.capacity.map_or(Ok(()), |capacity| write!(f, ":{capacity}"))?;
        self.kind.map_or(Ok(()), |kind| write!(f, ":{kind}"))
    }
}

/// A list of tiers, commas between.
pub(super) struct Tiers(pub(super) Vec<TierSpec>);

impl FromStr for Tiers {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.split(',').map(|tier| tier.trim().parse()).collect::<Result<_>>().map(Self)
    }
}

/// The magic numbers (`statfs(2)`) of what is RAM by another name: tmpfs, ramfs, hugetlbfs.
const RAM: [i64; 3] = [0x0102_1994, 0x8584_58f6, 0x9584_58f6];

/// An overlay is what its upper layer is, as far as that can be seen from here.
const OVERLAY: i64 = 0x794c_7630;

/// Whether `path` lies in RAM.
pub(crate) fn is_ram(path: &Path) -> bool {
    let Ok(about) = statfs(path) else { return false };
    if about.f_type == OVERLAY {
        return upper_layer(path).is_some_and(|upper| statfs(upper).is_ok_and(|about| RAM.contains(&about.f_type)));
    }
    RAM.contains(&about.f_type)
}

/// The folder that takes what is written to the overlay on which `path` lies. In a container it mostly can't be seen.
fn upper_layer(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    // Of mounts on one place the last one is seen.
    let (mut deepest, mut found) = (0, None);
    for line in mounts.lines() {
        let (place, options) = (line.split(' ').nth(4)?, line.rsplit(' ').next()?);
        let place = Path::new(place);
        let depth = place.components().count();
        if path.starts_with(place) && depth >= deepest {
            let upper = options.split(',').find_map(|option| option.strip_prefix("upperdir="));
            (deepest, found) = (depth, upper.map(PathBuf::from));
        }
    }
    found
}

/// The user's cache folder, else `/var/tmp`; never one in RAM.
pub(super) fn default_scratch(lookup: &dyn Fn(&str) -> Option<String>) -> TierSpec {
    let cache = lookup("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let may_write = |path: &PathBuf| access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    let usable = |path: &PathBuf| path.is_dir() && !is_ram(path) && may_write(path);
    TierSpec::new(cache.filter(usable).map_or_else(|| "/var/tmp".into(), |cache| cache.join("thermocline")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_written_as_they_are_read() {
        for text in ["/a", "/a:1 GiB", "/a:dax", "/a:512 B:ram", "/with:colon:4 GiB:disk", "/a:disk:2 KiB"] {
            let tier: TierSpec = text.parse().unwrap();
            assert_eq!(tier.to_string(), text);
        }
        // A folder whose name has a colon is told from a capacity by giving one.
        assert_eq!("/a:b:1GiB".parse::<TierSpec>().unwrap().path, Path::new("/a:b"));
        for text in ["", ":1GiB", "/a:", "/a:much", "/a:1GiB:tape", "/a:dax:dax", ":dax"] {
            let error = text.parse::<TierSpec>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains("kinds are"), "{error}");
        }
    }

    #[test]
    fn the_default_is_never_in_ram() {
        let cache = tempfile::tempdir_in("/var/tmp").unwrap();
        let at = |path: &str| default_scratch(&|name| (name == "XDG_CACHE_HOME").then(|| path.to_owned())).path;
        assert_eq!(at(cache.path().to_str().unwrap()), cache.path().join("thermocline"));
        for unusable in ["relative", "/nowhere/to/be/found", ""] {
            assert_eq!(at(unusable), Path::new("/var/tmp"), "{unusable}");
        }
        if is_ram(Path::new("/dev/shm")) {
            assert_eq!(at("/dev/shm"), Path::new("/var/tmp"));
        }
        assert_eq!(default_scratch(&|_| None).path, Path::new("/var/tmp"));
    }
}
