//! Which files: patterns and lists.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Which files a series has.
///
/// ```
/// use thermocline::io::netcdf::Files;
///
/// assert_eq!(Files::from("sst.*.nc"), Files::Pattern("sst.*.nc".into()));
/// assert_eq!(Files::from(vec!["b.nc", "a.nc"]), Files::List(vec!["b.nc".into(), "a.nc".into()]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Files {
    /// Those that match a pattern with `*`, `?`, `[…]` and `**`, in order of their names.
    Pattern(String),
    /// These, in this order.
    List(Vec<PathBuf>),
}

impl From<&str> for Files {
    fn from(pattern: &str) -> Self {
        Self::Pattern(pattern.to_owned())
    }
}

impl From<String> for Files {
    fn from(pattern: String) -> Self {
        Self::Pattern(pattern)
    }
}

impl<P: AsRef<Path>> From<Vec<P>> for Files {
    fn from(paths: Vec<P>) -> Self {
        Self::from(&paths[..])
    }
}

impl<P: AsRef<Path>> From<&[P]> for Files {
    fn from(paths: &[P]) -> Self {
        Self::List(paths.iter().map(|path| path.as_ref().to_owned()).collect())
    }
}

impl<P: AsRef<Path>, const N: usize> From<[P; N]> for Files {
    fn from(paths: [P; N]) -> Self {
        Self::from(&paths[..])
    }
}

impl Files {
    /// Their paths, at least one.
    pub(super) fn paths(self) -> Result<Vec<PathBuf>> {
        let pattern = match self {
            Self::List(paths) if paths.is_empty() => return Err(Error::file("", "the list of files is empty")),
            Self::List(paths) => return Ok(paths),
            Self::Pattern(pattern) => pattern,
        };
        let matches = glob::glob(&pattern).map_err(|error| Error::file(&pattern, format!("no pattern: {error}")))?;
        let paths = matches.map(|found| {
            found.map_err(|error| Error::file_io(error.path(), "read", std::io::Error::from(error.error().kind())))
        });
        let mut paths: Vec<PathBuf> = paths.collect::<Result<_>>()?;
        if paths.is_empty() {
            return Err(Error::file(&pattern, "no file matches this pattern"));
        }
        paths.sort();
        Ok(paths)
    }
}
