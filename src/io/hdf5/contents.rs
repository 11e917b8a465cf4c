//! Which data sets a file has, and opening one of them without leaving the file.
//!
//! A data set has as many names as hard links lead to it. A group is entered once, under the first of its names: files
//! whose groups hold each other would have names without end.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use ::hdf5::{Dataset, File, Group, IndexType, IterationOrder, LinkType};

use super::file::refused;
use super::raw;
use crate::error::{Error, Result};

/// Groups nested deeper are left out.
const DEEPEST: usize = 200;

/// Links beyond so many are left out.
const MOST_LINKS: usize = 1 << 16;

/// Something in a file that is neither a data set that holds numbers nor a group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unread {
    /// Its name, with the groups that hold it.
    pub name: String,
    /// Why it is not read, in words.
    pub reason: String,
    /// Whether it may hold numbers all the same: ones that are too large to be read, or whatever is behind damage.
    pub perhaps_numbers: bool,
}

impl Unread {
    /// Something that holds no numbers.
    pub(crate) fn something(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { name: name.into(), reason: reason.into(), perhaps_numbers: false }
    }

    /// Something that holds numbers, or that can't be looked at.
    pub(crate) fn perhaps(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { name: name.into(), reason: reason.into(), perhaps_numbers: true }
    }
}

/// `alias: it is a soft link, which is not followed`
impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

/// What a file has, each in order of the names.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// The names of the data sets, with the groups that hold them: `forecast/sst`. None is kept open: there may be many.
    pub(crate) datasets: Vec<String>,
    /// The names of the groups.
    pub(crate) groups: Vec<String>,
    /// What is neither, or can't be opened.
    pub(crate) others: Vec<Unread>,
    links: usize,
    /// The groups that were entered, by the address of their headers.
    entered: HashMap<u64, String>,
}

/// Looks at all that is in `file`. Links are not followed.
pub(crate) fn walk(file: &File) -> Contents {
    let mut contents = Contents::default();
    if let Ok(root) = raw::address(file) {
        contents.entered.insert(root, String::new());
    }
    contents.add_group(file, "", DEEPEST);
    contents
}

impl Contents {
    fn leave(&mut self, name: impl Into<String>, reason: impl Into<String>) {
        self.others.push(Unread::something(name, reason));
    }

    fn lose(&mut self, name: impl Into<String>, reason: impl Into<String>) {
        self.others.push(Unread::perhaps(name, reason));
    }

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
            Ok(Some(())) => self.lose(name, format!("the file has more than {MOST_LINKS} links")),
            Err(error) => self.lose(name, format!("it can't be listed to its end: {error}")),
        }
    }

    fn add(&mut self, group: &Group, path: String, name: &str, link: LinkType, depth: usize) {
        if link != LinkType::Hard {
            let kind = if link == LinkType::Soft { "a soft" } else { "an external" };
            return self.leave(path, format!("it is {kind} link, which is not followed"));
        }
        let Err(error) = group.dataset(name) else { return self.datasets.push(path) };
        match group.group(name) {
            Ok(inner) => self.enter(&inner, path, depth),
            Err(_) if group.committed_datatype(name).is_ok() => self.leave(path, "it is a type, which has no values"),
            Err(_) => self.lose(path, format!("it can't be opened: {error}")),
        }
    }

    fn enter(&mut self, group: &Group, path: String, depth: usize) {
        if depth == 0 {
            return self.lose(path, format!("it is nested more than {DEEPEST} deep"));
        }
        if self.links >= MOST_LINKS {
            return self.lose(path, format!("the file has more than {MOST_LINKS} links"));
        }
        match raw::address(group) {
            Err(error) => return self.lose(path, format!("it can't be told from others: {error}")),
            Ok(address) => {
                if let Some(first) = self.entered.get(&address) {
                    return self.leave(path, format!("it is the group /{first} once more"));
                }
                self.entered.insert(address, path.clone());
            }
        }
        self.groups.push(path.clone());
        self.add_group(group, &format!("{path}/"), depth - 1);
    }
}

/// Opens the data set `name` of `file`, which is at `path`.
pub(crate) fn open_dataset(file: &File, path: &Path, name: &str) -> Result<Option<Dataset>> {
    let said = |error: ::hdf5::Error| refused(path, &format!("variable {name} can't be opened"), &error);
    let mut parts = name.split('/').filter(|part| !part.is_empty()).peekable();
    let mut group: Group = file.as_group().map_err(said)?;
    while let Some(part) = parts.next() {
        match raw::is_hard_link(&group, part).map_err(said)? {
            None => return Ok(None),
            Some(true) => {}
            // The library would follow it silently, out of the file if the link says so.
            Some(false) => {
                return Err(Error::file(path, format!("variable {name} is behind a link: open what it links to")));
            }
        }
        if parts.peek().is_some() {
            group = group.group(part).map_err(said)?;
        }
    }
    file.dataset(name).map(Some).map_err(said)
}
