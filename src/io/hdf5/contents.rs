//! Which data sets a file has, and opening one of them without leaving the file.

use std::path::Path;

use ::hdf5::{Dataset, File, Group, IndexType, IterationOrder, LinkType};

use super::file::refused;
use crate::error::{Error, Result};

/// Groups nested deeper are left out: a hostile file may hold itself.
const DEEPEST: usize = 16;

/// Links beyond so many are left out.
const MOST_LINKS: usize = 1 << 16;

/// A data set in a file.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its name, with the groups that hold it: `forecast/sst`.
    pub(crate) name: String,
    /// The data set.
    pub(crate) dataset: Dataset,
}

/// The data sets of `file`, in order of their names. Links are not followed, and what can't be opened is left out.
pub(crate) fn walk(file: &File) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut links = 0;
    walk_group(file, "", DEEPEST, &mut links, &mut entries);
    entries
}

fn walk_group(group: &Group, prefix: &str, depth: usize, links: &mut usize, entries: &mut Vec<Entry>) {
    let mut names = Vec::new();
    // A group that breaks half way still has what came before.
    drop(group.find_link(IndexType::Name, IterationOrder::Increasing, |name, link| {
        *links += 1;
        if link.link_type == LinkType::Hard {
            names.push(name.to_owned());
        }
        Ok((*links >= MOST_LINKS).then_some(()))
    }));
    for name in names {
        let path = format!("{prefix}{name}");
        if let Ok(dataset) = group.dataset(&name) {
            entries.push(Entry { name: path, dataset });
        } else if depth > 0
            && *links < MOST_LINKS
            && let Ok(inner) = group.group(&name)
        {
            walk_group(&inner, &format!("{path}/"), depth - 1, links, entries);
        }
    }
}

/// Opens the data set `name` of `file`, which is at `path`.
pub(crate) fn open_dataset(file: &File, path: &Path, name: &str) -> Result<Option<Dataset>> {
    let said = |error: ::hdf5::Error| refused(path, &format!("variable {name} can't be opened"), &error);
    let mut parts = name.split('/').filter(|part| !part.is_empty()).peekable();
    let mut group: Group = file.as_group().map_err(said)?;
    while let Some(part) = parts.next() {
        match link_type(&group, part).map_err(said)? {
            None => return Ok(None),
            Some(LinkType::Hard) => {}
            // The library would follow it silently, out of the file if the link says so.
            Some(_) => {
                return Err(Error::file(path, format!("variable {name} is behind a link: open what it links to")));
            }
        }
        if parts.peek().is_some() {
            group = group.group(part).map_err(said)?;
        }
    }
    file.dataset(name).map(Some).map_err(said)
}

fn link_type(group: &Group, name: &str) -> ::hdf5::Result<Option<LinkType>> {
    group.find_link(
        IndexType::Name,
        IterationOrder::Native,
        |found, link| Ok((found == name).then_some(link.link_type)),
    )
}
