//! Many short lists of task numbers, read from JSON into two allocations: no line of a file takes more memory than a few
//! times its own length.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

/// As many tasks as a graph here may have, and as many dependencies: about two gigabytes once they are a graph.
pub(super) const MOST_TASKS: usize = 1 << 22;
pub(super) const MOST_ITEMS: usize = 1 << 24;

/// What each task needs.
#[derive(Debug)]
pub(super) struct Lists {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Default for Lists {
    fn default() -> Self {
        Self { starts: vec![0], items: Vec::new() }
    }
}

impl Lists {
    #[cfg(test)]
    pub(super) fn of(lists: &[&[u32]]) -> Self {
        let mut made = Self::default();
        for list in lists {
            made.items.extend_from_slice(list);
            made.starts.push(made.items.len() as u32);
        }
        made
    }

    /// The number of tasks.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// What one task needs.
    pub(super) fn get(&self, task: usize) -> &[u32] {
        &self.items[self.starts[task] as usize..self.starts[task + 1] as usize]
    }

    /// What all tasks need.
    pub(super) fn items(&self) -> &[u32] {
        &self.items
    }

    /// What is wrong with them as those of a graph: an index that no task has, a task named twice in a list.
    pub(super) fn problem(&self) -> Option<String> {
        let tasks = self.len();
        let mut seen_by = vec![u32::MAX; tasks];
        for task in 0..tasks {
            for &need in self.get(task) {
                let Some(seen_by) = seen_by.get_mut(need as usize) else {
                    return Some(format!("dependencies[{task}] names task {need}, expected 0 to {}", tasks - 1));
                };
                if std::mem::replace(seen_by, task as u32) == task as u32 {
                    return Some(format!("dependencies[{task}] names task {need} twice, expected each once"));
                }
            }
        }
        None
    }
}

impl<'de> serde::Deserialize<'de> for Lists {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Outer)
    }
}

struct Outer;

impl<'de> Visitor<'de> for Outer {
    type Value = Lists;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of lists of task numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut lists: A) -> Result<Lists, A::Error> {
        let mut made = Lists::default();
        while lists.next_element_seed(Inner(&mut made.items))?.is_some() {
            made.starts.push(made.items.len() as u32);
            if made.len() > MOST_TASKS {
                return Err(A::Error::custom(format_args!("more than {MOST_TASKS} tasks, expected at most so many")));
            }
        }
        Ok(made)
    }
}

/// One list, to be added to the others.
struct Inner<'a>(&'a mut Vec<u32>);

impl<'de> DeserializeSeed<'de> for Inner<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Inner<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of task numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(need) = list.next_element()? {
            if self.0.len() == MOST_ITEMS {
                let problem = format_args!("more than {MOST_ITEMS} dependencies, expected at most so many");
                return Err(A::Error::custom(problem));
            }
            self.0.push(need);
        }
        Ok(())
    }
}
