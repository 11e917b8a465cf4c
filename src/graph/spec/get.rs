//! What is asked of a graph, and what it takes to give it.

use std::collections::{HashMap, HashSet};

use super::{Datum, Registry, Spec, deep, evaluate, optimize};
use crate::chunk::Chunk;
use crate::error::{Error, Result};
use crate::graph::{Graph, Key};
use crate::units::ByteSize;

/// Keys that are asked for: one, or many, nested as the answer is to be.
///
/// ```
/// use thermocline::graph::Key;
/// use thermocline::graph::spec::Wanted;
///
/// let nested = Wanted::from([Wanted::from("x"), Wanted::from(["y", "z"])]);
/// assert_eq!(nested.keys().len(), 3);
/// assert_eq!(Wanted::from(Key::indexed("x", [0])).keys(), [Key::indexed("x", [0])]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The value of a key.
    One(Key),
    /// A list of what they stand for.
    Many(Vec<Wanted>),
}

impl Wanted {
    /// All keys that it names, in order; one may be there twice.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        let (mut keys, mut stack) = (Vec::new(), vec![self]);
        while let Some(wanted) = stack.pop() {
            match wanted {
                Self::One(key) => keys.push(key.clone()),
                Self::Many(many) => stack.extend(many.iter().rev()),
            }
        }
        keys
    }

    /// The values in the order of [`keys`](Self::keys), nested as they are.
    fn answer(&self, values: &mut impl Iterator<Item = Datum>) -> Datum {
        match self {
            Self::One(_) => values.next().unwrap_or(Datum::Null),
            Self::Many(many) => Datum::list(many.iter().map(|each| deep(|| each.answer(values))).collect::<Vec<_>>()),
        }
    }
}

impl From<&str> for Wanted {
    fn from(name: &str) -> Self {
        Self::One(name.into())
    }
}

impl From<Key> for Wanted {
    fn from(key: Key) -> Self {
        Self::One(key)
    }
}

impl<T: Into<Wanted>, const N: usize> From<[T; N]> for Wanted {
    fn from(many: [T; N]) -> Self {
        Self::Many(many.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Wanted>> From<Vec<T>> for Wanted {
    fn from(many: Vec<T>) -> Self {
        Self::Many(many.into_iter().map(Into::into).collect())
    }
}

/// A graph of tasks made from a [`Spec`], for some keys: what [`Session::get`](crate::Session::get) runs.
///
/// ```
/// use thermocline::graph::spec::{Datum, Prepared, Registry};
/// use thermocline::{Session, graph};
///
/// let session = Session::builder().memory_limit("16MiB".parse()?).build()?;
/// let spec = graph! { a = 1, x = inc(a), y = dec(a) };
/// let prepared = Prepared::new(&spec, &Registry::standard(), "x", "1MiB".parse()?)?;
/// println!("{}", session.plan_graph(prepared.graph(), prepared.keys())?);
/// let chunks = session.run(prepared.graph(), prepared.keys())?;
/// assert_eq!((prepared.graph().len(), prepared.answer(&chunks)?), (2, Datum::from(2))); // without y
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Prepared {
    graph: Graph,
    keys: Vec<Key>,
    wanted: Wanted,
}

impl Prepared {
    /// The tasks that `wanted` needs, with functions from `registry`; no value that one of them makes may be larger than
    /// `limit`.
    ///
    /// # Errors
    /// What [`Spec::check`] has to say; [`Error::UnknownKey`] of a wanted key; [`Error::MissingDependency`],
    /// [`Error::Cycle`]; [`Error::Spec`] where a function is unknown, or is given another number of arguments than it takes.
    pub fn new(spec: &Spec, registry: &Registry, wanted: impl Into<Wanted>, limit: ByteSize) -> Result<Self> {
        let wanted = wanted.into();
        let keys = wanted.keys();
        let spec = optimize::cull(spec, keys.iter().cloned())?;
        let tasks = spec.iter().map(|(key, expr)| evaluate::task(key, expr, registry, limit));
        let graph = Graph::new(tasks.collect::<Result<Vec<_>>>()?)?;
        let mut seen = HashSet::new();
        let distinct = keys.iter().filter(|key| seen.insert(*key)).cloned().collect();
        Ok(Self { graph, keys: distinct, wanted })
    }

    /// The tasks.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The wanted keys, each once.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The answer, from the chunks of [`keys`](Self::keys).
    ///
    /// # Errors
    /// [`Error::ChunkType`] where they are those of another graph; [`Error::UnknownKey`] where there are too few.
    pub fn answer(&self, chunks: &[Chunk]) -> Result<Datum> {
        let chunks: HashMap<&Key, &Chunk> = self.keys.iter().zip(chunks).collect();
        let of = |key: &Key| {
            let chunk = chunks.get(key).ok_or_else(|| Error::UnknownKey { key: key.to_string() })?;
            chunk.get::<Datum>().cloned()
        };
        let values = self.wanted.keys().iter().map(of).collect::<Result<Vec<_>>>()?;
        Ok(self.wanted.answer(&mut values.into_iter()))
    }
}
