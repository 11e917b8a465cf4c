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

/// What a file has, each in order of the names.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// The data sets.
    pub(crate) datasets: Vec<Entry>,
    /// The names of the groups.
    pub(crate) groups: Vec<String>,
    /// The names of what is neither, or can't be opened, and why.
    pub(crate) others: Vec<(String, String)>,
    links: usize,
}

/// Looks at all that is in `file`. Links are not followed.
pub(crate) fn walk(file: &File) -> Contents {
    let mut contents = Contents::default();
    contents.add_group(file, "", DEEPEST);
    contents
}

impl Contents {
    fn add_group(&mut self, group: &Group, prefix: &str, depth: usize) {
        let mut found = Vec::new();
        // A group that breaks half way still has what came before.
        let listed = group.find_link(IndexType::Name, IterationOrder::Increasing, |name, link| {
            self.links += 1;
            found.push((format!("{prefix}{name}"), name.to_owned(), link.link_type));
            Ok((self.links >= MOST_LINKS).then_some(()))
        });
        for (path, name, link) in found {
            self.add(group, path, &name, link, depth);
        }
        let name = prefix.trim_end_matches('/');
        match listed {
            Ok(None) => {}
            Ok(Some(())) => self.others.push((name.to_owned(), format!("the file has more than {MOST_LINKS} links"))),
            Err(error) => self.others.push((name.to_owned(), format!("it can't be listed to its end: {error}"))),
        }
    }

    fn add(&mut self, group: &Group, path: String, name: &str, link: LinkType, depth: usize) {
        if link != LinkType::Hard {
            let kind = if link == LinkType::Soft { "a soft" } else { "an external" };
            return self.others.push((path, format!("it is {kind} link, which is not followed")));
        }
        let error = match group.dataset(name) {
            Ok(dataset) => return self.datasets.push(Entry { name: path, dataset }),
            Err(error) => error,
        };
        match group.group(name) {
            Ok(_) if depth == 0 => self.others.push((path, format!("it is nested more than {DEEPEST} deep"))),
            Ok(_) if self.links >= MOST_LINKS => {
                self.others.push((path, format!("the file has more than {MOST_LINKS} links")));
            }
            Ok(inner) => {
                self.groups.push(path.clone());
                self.add_group(&inner, &format!("{path}/"), depth - 1);
            }
            Err(_) if group.committed_datatype(name).is_ok() => {
                self.others.push((path, "it is a type, which has no values".into()));
            }
            Err(_) => self.others.push((path, format!("it can't be opened: {error}"))),
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
