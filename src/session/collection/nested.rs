//! Collections of collections: what computing them gives is nested alike.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use super::{Collection, Kept, Persist};
use crate::chunk::{Chunk, Encoded, Value};
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task};

impl<C: Collection + ?Sized> Collection for &C {
    type Output = C::Output;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        (**self).build(layers)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output> {
        (**self).finish(chunks)
    }
}

impl<C: Collection> Collection for [C] {
    type Output = Vec<C::Output>;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        build_parts(self, layers)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output> {
        finish_parts(self, chunks).collect()
    }
}

impl<C: Collection> Collection for Vec<C> {
    type Output = Vec<C::Output>;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        build_parts(self, layers)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output> {
        finish_parts(self, chunks).collect()
    }
}

impl<C: Collection> Collection for Option<C> {
    type Output = Option<C::Output>;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        build_parts(self, layers)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output> {
        finish_parts(self, chunks).next().transpose()
    }
}

impl<K: Ord + Clone, C: Collection> Collection for BTreeMap<K, C> {
    type Output = BTreeMap<K, C::Output>;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        build_parts(self.values(), layers)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output> {
        self.keys().cloned().zip(finish_parts(self.values(), chunks)).map(|(key, part)| Ok((key, part?))).collect()
    }
}

impl<K: Eq + Hash + Clone, C: Collection, S: BuildHasher + Default> Collection for HashMap<K, C, S> {
    type Output = HashMap<K, C::Output, S>;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        build_parts(self.values(), layers)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output> {
        self.keys().cloned().zip(finish_parts(self.values(), chunks)).map(|(key, part)| Ok((key, part?))).collect()
    }
}

impl<C: Persist> Persist for Vec<C> {
    fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        chunks_of_parts(self, layers)
    }

    fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self> {
        self.iter().map(|part| part.with_kept(chunks)).collect()
    }
}

impl<C: Persist> Persist for Option<C> {
    fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        chunks_of_parts(self, layers)
    }

    fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self> {
        self.as_ref().map(|part| part.with_kept(chunks)).transpose()
    }
}

impl<K: Ord + Clone, C: Persist> Persist for BTreeMap<K, C> {
    fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        chunks_of_parts(self.values(), layers)
    }

    fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self> {
        self.iter().map(|(key, part)| Ok((key.clone(), part.with_kept(chunks)?))).collect()
    }
}

impl<K: Eq + Hash + Clone, C: Persist, S: BuildHasher + Default> Persist for HashMap<K, C, S> {
    fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        chunks_of_parts(self.values(), layers)
    }

    fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self> {
        self.iter().map(|(key, part)| Ok((key.clone(), part.with_kept(chunks)?))).collect()
    }
}

fn chunks_of_parts<'a, C: Persist + 'a>(
    parts: impl IntoIterator<Item = &'a C>,
    layers: &mut Layers,
) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    parts.into_iter().try_for_each(|part| part.build_chunks(layers).map(|mut own| keys.append(&mut own)))?;
    Ok(keys)
}

macro_rules! tuples {
    ($($name:ident . $place:tt),+) => {
        impl<$($name: Collection),+> Collection for ($($name,)+) {
            type Output = ($($name::Output,)+);

            fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
                let mut keys = Vec::new();
                $(build_part(&self.$place, layers, &mut keys)?;)+
                Ok(keys)
            }

            fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output> {
                let mut chunks = chunks.into_iter();
                Ok(($(self.$place.finish(take_counted(&mut chunks)?)?,)+))
            }
        }

        impl<$($name: Persist),+> Persist for ($($name,)+) {
            fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
                let mut keys = Vec::new();
                $(keys.append(&mut self.$place.build_chunks(layers)?);)+
                Ok(keys)
            }

            fn with_kept(&self, chunks: &mut dyn Iterator<Item = Kept>) -> Result<Self> {
                Ok(($(self.$place.with_kept(chunks)?,)+))
            }
        }
    };
}

tuples!(A.0);
tuples!(A.0, B.1);
tuples!(A.0, B.1, C.2);
tuples!(A.0, B.1, C.2, D.3);
tuples!(A.0, B.1, C.2, D.3, E.4);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5, G.6);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7);

/// How many of the chunks that follow belong together.
struct Count(usize);

impl Value for Count {
    fn unmetered_bytes(&self) -> u64 {
        0
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        None
    }
}

fn build_parts<'a, C: Collection + 'a>(
    parts: impl IntoIterator<Item = &'a C>,
    layers: &mut Layers,
) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    parts.into_iter().try_for_each(|part| build_part(part, layers, &mut keys))?;
    Ok(keys)
}

/// How many keys are whose has to be known at the end: a task of no effect parts them.
fn build_part<C: Collection + ?Sized>(part: &C, layers: &mut Layers, keys: &mut Vec<Key>) -> Result<()> {
    layers.expect_several();
    let own = part.build(layers)?;
    let (key, count) = (Key::new(layers.name("part")), own.len());
    let task = Task::new(key.clone(), [], Arc::new(move |_, _| Ok(Chunk::new(Count(count)))));
    layers.add(task.output(Size::Exact(0)));
    keys.push(key);
    keys.extend(own);
    Ok(())
}

fn finish_parts<'a, C: Collection + 'a>(
    parts: impl IntoIterator<Item = &'a C>,
    chunks: Vec<Chunk>,
) -> impl Iterator<Item = Result<C::Output>> {
    let mut chunks = chunks.into_iter();
    parts.into_iter().map(move |part| part.finish(take_counted(&mut chunks)?))
}

fn take_counted(chunks: &mut impl Iterator<Item = Chunk>) -> Result<Vec<Chunk>> {
    let count = match chunks.next() {
        Some(chunk) => chunk.get::<Count>()?.0,
        None => 0,
    };
    Ok(chunks.take(count).collect())
}
