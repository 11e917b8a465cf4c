//! Other files that a data set is made of: raw values (external storage), and data sets of other files (virtual ones).
//!
//! The library would follow any path, look in the process's working folder, and take what is not there for fill values. So
//! these files must be there, beside the file or below, links to elsewhere seen through; unless
//! [trusted](super::trust). What they refer to is held to the same.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ::hdf5::Dataset;
use ::hdf5::plist::DatasetCreate;
use ::hdf5::plist::dataset_create::Layout as Kind;

use super::contents::open_dataset;
use super::file::Input;
use super::guard::Guard;
use super::layout::Layout;
use super::raw;
use super::storage::check_chunk;
use super::trust::Trust;
use crate::error::Result;
use crate::graph::TaskContext;

/// Virtual data sets of virtual data sets are followed so deep.
const DEEPEST: usize = 8;

/// A data set is made of at most so many others.
const MOST: usize = 1 << 14;

/// Checks the files that hold raw values of a data set of `bytes` bytes.
pub(super) fn check_external(
    input: &Input,
    properties: &DatasetCreate,
    bytes: u64,
    trust: Trust,
) -> Result<(), String> {
    let said = |error: ::hdf5::Error| format!("it can't be read: {error}");
    let mut left = bytes;
    for file in properties.get_external().map_err(said)? {
        let place = neighbour(input.path(), &file.name, trust)?;
        let found = place.metadata().map_err(|error| format!("{} can't be read: {error}", place.display()))?.len();
        // All that is left may be in the last one.
        let wanted = (file.size as u64).min(left);
        if found.saturating_sub(file.offset as u64) < wanted {
            return Err(format!("{} has {found} B, too few for {wanted} B at {}", place.display(), file.offset));
        }
        left -= wanted;
    }
    Ok(())
}

/// Where the file `name` of the file at `path` is, if it is a neighbour.
fn neighbour(path: &Path, name: &str, trust: Trust) -> Result<PathBuf, String> {
    let outside = || {
        let advice = "not followed unless THERMOCLINE_HDF5_OUTSIDE=on";
        format!("it is stored in {name}, which is outside of its folder: {advice}")
    };
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside && !trust.outside {
        return Err(outside());
    }
    let folder = folder(path);
    let place = folder.join(name);
    if !place.is_file() {
        return Err(format!("it is stored in {}, which is not there", place.display()));
    }
    let below = || Some(place.canonicalize().ok()?.starts_with(folder.canonicalize().ok()?));
    if !trust.outside && below() != Some(true) {
        return Err(outside());
    }
    Ok(place)
}

/// The data sets that a virtual one is made of, as far as the library inflates them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    guards: Vec<(Arc<Input>, Guard)>,
    checked: Arc<OnceLock<Result<()>>>,
}

/// What is looked at to find them.
struct Search {
    trust: Trust,
    guards: Vec<(Arc<Input>, Guard)>,
    seen: HashSet<Place>,
    /// The one that is looked at, and those that are made of it.
    above: Vec<Place>,
}

/// A data set: its file and its name.
type Place = (PathBuf, String);

fn place(path: &Path, name: &str) -> Place {
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (path.canonicalize().unwrap_or_else(|_| path.to_owned()), parts.join("/"))
}

impl Sources {
    /// Those of the data set `name`, which `properties` are of; none where it is not virtual.
    pub(super) fn of(input: &Input, properties: &DatasetCreate, name: &str, trust: Trust) -> Result<Self, String> {
        let above = vec![place(input.path(), name)];
        let mut search = Search { trust, guards: Vec::new(), seen: HashSet::new(), above };
        search.add_all(input, properties)?;
        Ok(Self { guards: search.guards, checked: Arc::default() })
    }

    /// Bytes that [`check`](Self::check) takes.
    pub(super) fn workspace(&self) -> u64 {
        self.guards.iter().map(|(_, guard)| guard.workspace_of_large()).max().unwrap_or(0)
    }

    /// Checks, once, the chunks of all sources that could expand to much.
    pub(super) fn check(&self, context: &TaskContext<'_>) -> Result<()> {
        let check = || self.guards.iter().try_for_each(|(input, guard)| guard.check_large(input, context));
        self.checked.get_or_init(check).clone()
    }
}

impl Search {
    fn add_all(&mut self, input: &Input, properties: &DatasetCreate) -> Result<(), String> {
        let said = |error: ::hdf5::Error| format!("it can't be read: {error}");
        if properties.get_layout().map_err(said)? != Kind::Virtual {
            return Ok(());
        }
        if self.above.len() > DEEPEST {
            return Err(format!("it is made of data sets that are made of others, more than {DEEPEST} deep"));
        }
        for (file, dataset) in raw::virtual_sources(properties).map_err(said)? {
            let pattern = numbered(&file) || numbered(&dataset);
            for number in 0.. {
                let (file, dataset) = (named(&file, number), named(&dataset, number));
                let there = self.add(input, &file, &dataset, pattern);
                let there = there.map_err(|problem| format!("{file}: {problem}"))?;
                // The first that is not there ends those of a pattern.
                if !there || !pattern {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Looks at the data set `name` of `file`. Whether it is there, if it `may_lack`.
    fn add(&mut self, input: &Input, file: &str, name: &str, may_lack: bool) -> Result<bool, String> {
        let path = match file {
            "." => input.path().to_owned(),
            _ if may_lack && !folder(input.path()).join(file).exists() => return Ok(false),
            _ => neighbour(input.path(), file, self.trust)?,
        };
        let place = place(&path, name);
        if self.above.contains(&place) {
            return Err("it is made of itself".into());
        }
        if !self.seen.insert(place.clone()) {
            return Ok(true);
        }
        if self.seen.len() > MOST {
            return Err(format!("it is made of more than {MOST} others"));
        }
        let told = |error: crate::error::Error| error.to_string();
        let source = Arc::new(input.beside(&path).map_err(told)?);
        let library = source.library().map_err(told)?;
        match open_dataset(&library, &path, name).map_err(told)? {
            Some(dataset) => {
                self.above.push(place);
                self.look(&source, &dataset, name)?;
                self.above.pop();
                Ok(true)
            }
            None if may_lack => Ok(false),
            None => Err(format!("there is no data set {name}")),
        }
    }

    fn look(&mut self, source: &Arc<Input>, dataset: &Dataset, name: &str) -> Result<(), String> {
        let said = |error: ::hdf5::Error| format!("it can't be read: {error}");
        let properties = dataset.create_plist().map_err(said)?;
        check_external(source, &properties, 0, self.trust)?;
        if let Some(chunk) = properties.get_chunk().map_err(said)? {
            let item = dataset.dtype().map_err(said)?.size();
            let layout = Layout { extent: dataset.shape(), chunk, item };
            check_chunk(&layout.chunk, &layout.extent, item)?;
            if let Some(guard) = Guard::of(source, dataset, &properties, name, &layout)? {
                self.guards.push((source.clone(), guard));
            }
        }
        self.add_all(source, &properties)
    }
}

/// The folder of the file at `path`.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether a name is a pattern, which stands for as many as there are.
fn numbered(name: &str) -> bool {
    name.replace("%%", "").contains("%b")
}

/// The name that a pattern stands for: `%b` is a number, and two percent signs are one.
fn named(pattern: &str, number: usize) -> String {
    let parts = pattern.split("%%").map(|part| part.replace("%b", &number.to_string()));
    parts.collect::<Vec<_>>().join("%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_numbers_and_percent_signs() {
        assert!(numbered("part-%b.h5") && !numbered("100%%b") && !numbered("part"));
        assert_eq!((named("part-%b.h5", 12), named("100%%b", 3)), ("part-12.h5".to_owned(), "100%b".to_owned()));
    }

    #[test]
    fn a_file_without_a_folder_is_in_this_one() {
        assert_eq!((folder(Path::new("a.h5")), folder(Path::new("b/a.h5"))), (Path::new("."), Path::new("b")));
    }
}
