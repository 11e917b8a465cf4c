//! Delayed values as collections: what a session makes of them.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::node::{Node, Origin};
use super::value::Made;
use super::{Delayed, Reader};
use crate::chunk::Chunk;
use crate::error::{Error, Result};
use crate::graph::{Key, Layers};
use crate::session::{Collection, Kept, Persist};

/// The value is moved out where nobody else has it, and cloned where somebody does: where it is computed twice, kept by a
/// session, or part of another. See [`Delayed::lend`] for values that can't be cloned, or shouldn't.
impl<T: Clone + Send + Sync + 'static> Collection for Delayed<T> {
    type Output = T;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        Ok(self.build_parts(layers)?.0)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<T> {
        let chunk = first(chunks)?;
        match chunk.into_value::<Made<T>>() {
            Ok(made) => Ok(made.value),
            Err(chunk) => (self.read)(&chunk).cloned(),
        }
    }
}

fn first(chunks: Vec<Chunk>) -> Result<Chunk> {
    chunks.into_iter().next().ok_or(Error::Cancelled)
}

impl<T: Clone + Send + Sync + 'static> Persist for Delayed<T> {
    fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        self.build(layers)
    }

    fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self> {
        kept(self, chunks)
    }
}

/// `delayed` as a value that a session keeps. What it waited for is there.
fn kept<T>(delayed: &Delayed<T>, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Delayed<T>> {
    let chunk = chunks.next().ok_or(Error::Cancelled)?;
    if delayed.barrier.is_some() {
        chunks.next();
    }
    let node = Node::new(&delayed.node.label, Origin::Kept(chunk), Vec::new());
    Ok(Delayed { node: Arc::new(node), barrier: None, ..delayed.clone() })
}

impl<T: Send + Sync + 'static> Delayed<T> {
    /// The same, to be computed without being moved or cloned: the session gives a [`Lent`], which is a reference to the
    /// value as its task made it.
    ///
    /// ```
    /// use thermocline::{Session, delayed};
    ///
    /// struct Connection(u16); // can't be cloned
    ///
    /// let connection = delayed!((|| Connection(80))());
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(connection.lend())?.0, 80);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn lend(&self) -> Lend<T> {
        Lend(self.clone())
    }
}

/// A delayed value that is computed without being moved or cloned. See [`Delayed::lend`].
#[derive(Clone, Debug)]
pub struct Lend<T>(Delayed<T>);

/// A computed value where its task left it. It derefs to the value.
pub struct Lent<T> {
    chunk: Chunk,
    read: Reader<T>,
}

impl<T: Send + Sync + 'static> Collection for Lend<T> {
    type Output = Lent<T>;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        Ok(self.0.build_parts(layers)?.0)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Lent<T>> {
        let lent = Lent { chunk: first(chunks)?, read: self.0.read.clone() };
        (lent.read)(&lent.chunk)?;
        Ok(lent)
    }
}

impl<T: Send + Sync + 'static> Persist for Lend<T> {
    fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        self.build(layers)
    }

    fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self> {
        kept(&self.0, chunks).map(Self)
    }
}

impl<T> Deref for Lent<T> {
    type Target = T;

    fn deref(&self) -> &T {
        (self.read)(&self.chunk).unwrap_or_else(|_| unreachable!("it was found when it was computed"))
    }
}

impl<T: fmt::Debug> fmt::Debug for Lent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
