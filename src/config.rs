//! Settings: defaults, then `THERMOCLINE_*`, then what the builder was given.
//!
//! The environment is read once, when a session is built; a bad value is an error that names the variable, the value
//! and what is accepted. [`Config::describe`] prints each setting and where it came from.

mod tier;

use std::fmt;
use std::str::FromStr;

pub(crate) use self::tier::is_ram;
pub use self::tier::{TierKind, TierSpec};
use self::tier::{Tiers, default_scratch};
use crate::error::{Error, Result};
use crate::units::{Amount, ByteSize};

/// The share of the available memory that is the default limit.
const DEFAULT_SHARE: f64 = 0.6;

/// Where a setting came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A `THERMOCLINE_*` variable.
    Environment,
    /// The session's builder.
    Builder,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::Builder => "builder",
        })
    }
}

/// How spilled chunks are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// LZ4 where a sample says that it pays, raw otherwise.
    #[default]
    Auto,
    /// Always LZ4.
    Lz4,
    /// Never.
    None,
}

impl FromStr for Compression {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "lz4" => Ok(Self::Lz4),
            "none" => Ok(Self::None),
            _ => Err("auto, lz4 or none"),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Auto => "auto",
            Self::Lz4 => "lz4",
            Self::None => "none",
        })
    }
}

/// Which chunk is evicted first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Eviction {
    /// The one whose next reader comes last in the order.
    #[default]
    NextUse,
    /// The one that was used longest ago; for comparison.
    Lru,
}

impl FromStr for Eviction {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "next-use" => Ok(Self::NextUse),
            "lru" => Ok(Self::Lru),
            _ => Err("next-use or lru"),
        }
    }
}

impl fmt::Display for Eviction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NextUse => "next-use",
            Self::Lru => "lru",
        })
    }
}

/// A value and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// What a builder was told; anything else is up to the environment and the defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) memory_limit: Option<Amount>,
    pub(crate) threads: Option<usize>,
    pub(crate) scratch: Option<Vec<TierSpec>>,
    pub(crate) compression: Option<Compression>,
    pub(crate) eviction: Option<Eviction>,
    pub(crate) in_place: Option<bool>,
}

/// The settings of a session.
///
/// ```
/// use thermocline::Session;
///
/// let session = Session::builder().memory_limit("1GiB".parse()?).threads(2).build()?;
/// println!("{}", session.config().describe());
/// assert_eq!(session.config().memory_limit().bytes(), 1 << 30);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    memory_limit: Setting<ByteSize>,
    threads: Setting<usize>,
    scratch: Setting<Vec<TierSpec>>,
    compression: Setting<Compression>,
    eviction: Setting<Eviction>,
    in_place: Setting<bool>,
}

/// How variables are looked up: the process's environment, or a test's.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Config {
    /// The settings from the environment and `overrides`.
    pub(crate) fn new(overrides: Overrides) -> Result<Self> {
        Self::resolve(overrides, &|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    fn resolve(overrides: Overrides, lookup: Lookup<'_>) -> Result<Self> {
        let limit =
            pick(overrides.memory_limit, "MEMORY_LIMIT", lookup, "e.g. 4GiB, 60% or a number of bytes", || {
                Amount::Share(DEFAULT_SHARE)
            })?;
        let limit_bytes = match limit.value {
            Amount::Bytes(size) => size,
            share @ Amount::Share(_) => share.of(available_memory()?),
        };
        let threads = pick(overrides.threads, "THREADS", lookup, "a number of threads, at least 1", || {
            std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
        })?;
        if threads.value == 0 || threads.value > MOST_THREADS {
            return Err(Error::Config {
                setting: match threads.origin {
                    Origin::Environment => "THERMOCLINE_THREADS".into(),
                    _ => "threads".into(),
                },
                found: threads.value.to_string(),
                expected: format!("a number of threads from 1 to {MOST_THREADS}"),
            });
        }
        let scratch = pick(
            overrides.scratch.map(Tiers),
            "SCRATCH",
            lookup,
            "folders with commas between, each with a capacity and a kind if wanted, e.g. /mnt/pmem:dax,/mnt/fast:100GiB,/mnt/large",
            || Tiers(vec![default_scratch(lookup)]),
        )?;
        Ok(Self {
            memory_limit: Setting { value: limit_bytes, origin: limit.origin },
            threads,
            scratch: Setting { value: scratch.value.0, origin: scratch.origin },
            compression: pick(overrides.compression, "COMPRESSION", lookup, "auto, lz4 or none", Compression::default)?,
            eviction: pick(overrides.eviction, "EVICTION", lookup, "next-use or lru", Eviction::default)?,
            in_place: pick(overrides.in_place.map(Switch), "IN_PLACE", lookup, "on or off", || Switch(true))
                .map(|setting| Setting { value: setting.value.0, origin: setting.origin })?,
        })
    }

    /// The bytes that are never exceeded.
    #[must_use]
    pub fn memory_limit(&self) -> ByteSize {
        self.memory_limit.value
    }

    /// The number of worker threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.value
    }

    /// The places for scratch, tried in order.
    #[must_use]
    pub fn scratch(&self) -> &[TierSpec] {
        &self.scratch.value
    }

    /// How spilled chunks are compressed.
    #[must_use]
    pub fn compression(&self) -> Compression {
        self.compression.value
    }

    /// Which chunk is evicted first.
    #[must_use]
    pub fn eviction(&self) -> Eviction {
        self.eviction.value
    }

    /// Whether uncompressed chunks are used where they lie on scratch.
    #[must_use]
    pub fn in_place(&self) -> bool {
        self.in_place.value
    }

    /// Each setting, its value, and where it came from, a line each.
    ///
    /// ```
    /// use thermocline::{Compression, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).compression(Compression::Lz4).build()?;
    /// let settings = session.config().describe();
    /// assert!(settings.starts_with("memory limit  64 MiB (builder)\nthreads"), "{settings}");
    /// assert!(settings.contains("compression   lz4 (builder)"), "{settings}");
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn describe(&self) -> String {
        let line = |(name, value, origin): &(&str, String, Origin)| format!("{name:<13} {value} ({origin})");
        self.settings().iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Each setting's name, its value, and where it came from.
    pub(crate) fn settings(&self) -> [(&'static str, String, Origin); 6] {
        let scratch: Vec<String> = self.scratch.value.iter().map(ToString::to_string).collect();
        [
            ("memory limit", self.memory_limit.value.to_string(), self.memory_limit.origin),
            ("threads", self.threads.value.to_string(), self.threads.origin),
            ("scratch", scratch.join(","), self.scratch.origin),
            ("compression", self.compression.value.to_string(), self.compression.origin),
            ("eviction", self.eviction.value.to_string(), self.eviction.origin),
            ("in place", if self.in_place.value { "on" } else { "off" }.into(), self.in_place.origin),
        ]
    }
}

/// More threads than any machine has, and fewer than would exhaust one by mistake.
const MOST_THREADS: usize = 4096;

/// `on` or `off`.
struct Switch(bool);

impl FromStr for Switch {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "on" | "1" | "true" => Ok(Self(true)),
            "off" | "0" | "false" => Ok(Self(false)),
            _ => Err(()),
        }
    }
}

/// Whether `THERMOCLINE_{name}` is on; off where nothing is said.
#[cfg(feature = "hdf5")]
pub(crate) fn switch(name: &str) -> Result<bool> {
    let lookup = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    pick(None, name, &lookup, "on or off", || Switch(false)).map(|setting| setting.value.0)
}

/// The override, else the variable, else the default.
fn pick<T: FromStr>(
    given: Option<T>,
    name: &str,
    lookup: Lookup<'_>,
    expected: &str,
    default: impl FnOnce() -> T,
) -> Result<Setting<T>> {
    if let Some(value) = given {
        return Ok(Setting { value, origin: Origin::Builder });
    }
    let name = format!("THERMOCLINE_{name}");
    let Some(text) = lookup(&name) else { return Ok(Setting { value: default(), origin: Origin::Default }) };
    match text.parse() {
        Ok(value) => Ok(Setting { value, origin: Origin::Environment }),
        Err(_) => Err(Error::Config { setting: name, found: text, expected: expected.into() }),
    }
}

/// What is left of the addresses that this process may have (`ulimit -v`), if that is bounded.
fn address_space() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(pages * rustix::param::page_size() as u64).max(1))
}

/// What this process may use: the machine's available memory, or less where a cgroup or its own limits allow less.
fn available_memory() -> Result<ByteSize> {
    let unknown = |problem: &dyn fmt::Display| Error::Config {
        setting: "memory limit".into(),
        found: format!("a share of an unknown amount ({problem})"),
        expected: "a number of bytes, e.g. 4GiB, in THERMOCLINE_MEMORY_LIMIT or from the builder".into(),
    };
    let mut system = sysinfo::System::new().map_err(|error| unknown(&error))?;
    system.refresh_memory();
    let machine = system.available_memory();
    let cgroup = system.cgroup_limits().map(|limits| limits.free_memory);
    let limits = [cgroup, address_space()];
    match limits.into_iter().flatten().fold(machine, u64::min) {
        0 => Err(unknown(&"the system reports none")),
        available => Ok(ByteSize::new(available)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)], overrides: Overrides) -> Result<Config> {
        Config::resolve(overrides, &|name| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_builder_beats_the_environment_beats_the_default() {
        let config = from(&[], Overrides::default()).unwrap();
        assert!(config.memory_limit().bytes() > 0 && config.threads() > 0);
        assert!(config.describe().lines().all(|line| line.ends_with("(default)")), "{}", config.describe());
        let variables = [
            ("THERMOCLINE_MEMORY_LIMIT", "4GiB"),
            ("THERMOCLINE_THREADS", "3"),
            ("THERMOCLINE_SCRATCH", "/a:1GiB, /b"),
            ("THERMOCLINE_COMPRESSION", "lz4"),
            ("THERMOCLINE_EVICTION", "lru"),
            ("THERMOCLINE_IN_PLACE", "off"),
        ];
        let overrides = Overrides { threads: Some(5), ..Overrides::default() };
        let config = from(&variables, overrides).unwrap();
        assert_eq!((config.memory_limit().bytes(), config.threads()), (4 << 30, 5));
        assert_eq!(config.scratch().len(), 2);
        assert_eq!(
            (config.compression(), config.eviction(), config.in_place()),
            (Compression::Lz4, Eviction::Lru, false)
        );
        assert!(config.describe().contains("memory limit  4 GiB (environment)"), "{}", config.describe());
        assert!(config.describe().contains("threads       5 (builder)"), "{}", config.describe());
    }

    #[test]
    fn a_bad_value_is_named_with_what_is_accepted() {
        for (name, value, expected) in [
            ("THERMOCLINE_MEMORY_LIMIT", "lots", "4GiB"),
            ("THERMOCLINE_THREADS", "-1", "number of threads"),
            ("THERMOCLINE_THREADS", "0", "from 1 to"),
            ("THERMOCLINE_SCRATCH", "/a:much", "folders"),
            ("THERMOCLINE_SCRATCH", "", "folders"),
            ("THERMOCLINE_COMPRESSION", "zip", "auto, lz4 or none"),
            ("THERMOCLINE_EVICTION", "fifo", "next-use or lru"),
            ("THERMOCLINE_IN_PLACE", "maybe", "on or off"),
        ] {
            let error = from(&[(name, value)], Overrides::default()).unwrap_err().to_string();
            assert!(
                error.contains(name) && error.contains(&format!("{value:?}")) && error.contains(expected),
                "{error}"
            );
        }
    }
}
