//! What calls are given: values, delayed values, and lists, tuples, options and maps of these.

mod keys;
mod nested;
mod plain;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::node::Node;
use super::{Delayed, Reader};
use crate::chunk::Chunk;
use crate::error::{Error, Result};

/// An argument of a [call](super::Delayed::call), as it is written, for a parameter of the type `Parameter`. By this the type
/// of a number that is written without one is that of the parameter.
///
/// | argument | parameter |
/// | --- | --- |
/// | `Delayed<T>` | `&T`; `T`, where it can be copied |
/// | `Delayed<String>`, `Delayed<Vec<T>>`, `Delayed<PathBuf>` | `&str`, `&[T]`, `&Path`, too |
/// | numbers, `bool`, `char`, `Duration` | the same |
/// | `&str`, `String` | `&str` |
/// | `PathBuf`, `&Path` | `&Path` |
/// | `Arc<T>`, [`value(x)`](value) for any other `x` | `&T` |
/// | `Vec<A>`, `&[A]`, `[A; N]` | `Vec<…>` |
/// | tuples of up to eight, `Option<A>` | the same of these |
/// | `BTreeMap<K, A>`, `HashMap<K, A>` | `BTreeMap<&K, …>`, `HashMap<&K, …>` |
///
/// A reference to any of them is the same as a clone. It is for the types of this table; other types are wrapped in
/// [`value`], and structs that have delayed fields are taken apart into tuples.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no argument for a parameter of type `{Parameter}`",
    note = "a `Delayed<T>` is an argument for a `&T`, a list of them for a `Vec<&T>`; see `thermocline::delayed::Argument`"
)]
pub trait Argument<Parameter>: sealed::Sealed {
    /// The argument as a call keeps it.
    type Held: Held;

    /// Takes note of what is needed for it.
    #[doc(hidden)]
    fn hold(self, needs: &mut Needs) -> Self::Held;
}

/// An argument as a call keeps it, and as a function sees it.
pub trait Held: Send + Sync + 'static {
    /// As a function sees it.
    type View<'a>;

    /// Finds it among the values that the call needs.
    #[doc(hidden)]
    fn view<'a>(&'a self, inputs: &mut Inputs<'a>) -> Result<Self::View<'a>>;
}

/// A function that has these parameters.
pub trait Takes<Parameters> {}

mod sealed {
    pub trait Sealed {}
}

/// What a call needs, in the order of its arguments; and what tells its arguments from others.
#[doc(hidden)]
#[derive(Default)]
pub struct Needs {
    nodes: Vec<Arc<Node>>,
    /// `None` where an argument can't be told from others.
    token: Option<Box<Xxh3>>,
    untold: bool,
}

impl std::fmt::Debug for Needs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Needs({})", self.nodes.len())
    }
}

impl Needs {
    fn node(&mut self, node: Arc<Node>) {
        // What is not pure is known by its address, for as long as it is needed.
        let known = if node.is_pure { node.token } else { None };
        self.tell(b'd', &known.unwrap_or(Arc::as_ptr(&node).addr() as u128).to_ne_bytes());
        self.nodes.push(node);
    }

    /// Adds to the token. `kind` and the length keep arguments apart that look alike.
    fn tell(&mut self, kind: u8, bytes: &[u8]) {
        let token = self.token.get_or_insert_default();
        token.update(&[kind]);
        token.update(&(bytes.len() as u64).to_ne_bytes());
        token.update(bytes);
    }

    /// A map of so many entries follows: keys, each with what it stands for.
    fn map<K>(&mut self, len: usize) {
        self.tell(b'{', &(len as u64).to_ne_bytes());
        self.tell(b'k', std::any::type_name::<K>().as_bytes());
    }

    /// A key of a map; `None` where it can't be told from others.
    fn key(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.tell(b':', bytes),
            None => self.untold = true,
        }
    }

    /// The nodes; and the token of a call of `function` with these arguments, where all can be told from others.
    pub(super) fn finish(mut self, function: &str) -> (Vec<Arc<Node>>, Option<u128>) {
        self.tell(b'f', function.as_bytes());
        let token = self.token.filter(|_| !self.untold).map(|token| token.digest128());
        (self.nodes, token)
    }
}

/// The values that a call needs, one after the other.
#[doc(hidden)]
#[derive(Debug)]
pub struct Inputs<'a> {
    chunks: std::slice::Iter<'a, Chunk>,
}

impl<'a> Inputs<'a> {
    pub(super) fn new(chunks: &'a [Chunk]) -> Self {
        Self { chunks: chunks.iter() }
    }

    fn next(&mut self) -> Result<&'a Chunk> {
        self.chunks.next().ok_or(Error::ChunkType { found: "nothing", expected: "a value" })
    }
}

/// A delayed value that a call needs.
pub struct Slot<T: ?Sized> {
    read: Reader<T>,
    waits: bool,
}

impl<T: ?Sized> std::fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slot")
    }
}

impl<T: Send + Sync + ?Sized + 'static> Held for Slot<T> {
    type View<'a> = &'a T;

    fn view<'a>(&'a self, inputs: &mut Inputs<'a>) -> Result<&'a T> {
        let chunk = inputs.next()?;
        if self.waits {
            inputs.next()?;
        }
        (self.read)(chunk)
    }
}

impl<T> sealed::Sealed for Delayed<T> {}

impl<T> Delayed<T> {
    /// As an argument that is seen as `read` finds it.
    fn hold_as<U: ?Sized>(self, needs: &mut Needs, read: impl FnOnce(Reader<T>) -> Reader<U>) -> Slot<U> {
        needs.node(self.node);
        // Two parts of one value are two arguments.
        needs.tell(b'p', &self.part.to_ne_bytes());
        let waits = self.barrier.is_some();
        self.barrier.into_iter().for_each(|barrier| needs.node(barrier));
        Slot { read: read(self.read), waits }
    }
}

impl<T: Send + Sync + 'static> Argument<&T> for Delayed<T> {
    type Held = Slot<T>;

    fn hold(self, needs: &mut Needs) -> Slot<T> {
        self.hold_as(needs, |read| read)
    }
}

/// A delayed value that a call needs a copy of.
#[derive(Debug)]
pub struct Copied<T>(Slot<T>);

impl<T: Copy + Send + Sync + 'static> Held for Copied<T> {
    type View<'a> = T;

    fn view<'a>(&'a self, inputs: &mut Inputs<'a>) -> Result<T> {
        self.0.view(inputs).copied()
    }
}

impl<T: Copy + Send + Sync + 'static> Argument<T> for Delayed<T> {
    type Held = Copied<T>;

    fn hold(self, needs: &mut Needs) -> Copied<T> {
        Copied(self.hold_as(needs, |read| read))
    }
}

impl Argument<&str> for Delayed<String> {
    type Held = Slot<str>;

    fn hold(self, needs: &mut Needs) -> Slot<str> {
        self.hold_as(needs, |read| Arc::new(move |chunk| read(chunk).map(String::as_str)))
    }
}

impl<T: Send + Sync + 'static> Argument<&[T]> for Delayed<Vec<T>> {
    type Held = Slot<[T]>;

    fn hold(self, needs: &mut Needs) -> Slot<[T]> {
        self.hold_as(needs, |read| Arc::new(move |chunk| read(chunk).map(Vec::as_slice)))
    }
}

impl Argument<&Path> for Delayed<PathBuf> {
    type Held = Slot<Path>;

    fn hold(self, needs: &mut Needs) -> Slot<Path> {
        self.hold_as(needs, |read| Arc::new(move |chunk| read(chunk).map(PathBuf::as_path)))
    }
}

impl<A: sealed::Sealed> sealed::Sealed for &A {}

impl<P, A: Argument<P> + Clone> Argument<P> for &A {
    type Held = A::Held;

    fn hold(self, needs: &mut Needs) -> A::Held {
        self.clone().hold(needs)
    }
}

/// Any value as an argument, which a function sees as `&T`.
///
/// ```
/// use thermocline::delayed::value;
/// use thermocline::{Session, delayed};
///
/// struct Limits { low: f64, high: f64 }
///
/// fn inside(values: Vec<&f64>, limits: &Limits) -> usize {
///     values.iter().filter(|&&&value| limits.low <= value && value < limits.high).count()
/// }
///
/// fn half(x: i64) -> f64 { x as f64 / 2.0 }
///
/// let halves: Vec<_> = (0..10).map(|x| delayed!(half(x))).collect();
/// let count = delayed!(inside(halves, value(Limits { low: 1.0, high: 3.0 })));
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// assert_eq!(session.compute(&count)?, 4);
/// # Ok::<(), thermocline::Error>(())
/// ```
pub fn value<T: Send + Sync + 'static>(value: T) -> Arc<T> {
    Arc::new(value)
}

impl<T> sealed::Sealed for Arc<T> {}

impl<T: Send + Sync + 'static> Argument<&T> for Arc<T> {
    type Held = Self;

    fn hold(self, needs: &mut Needs) -> Self {
        // It is known by its address, which nothing else has for as long as the call holds it.
        needs.tell(b'a', &Self::as_ptr(&self).addr().to_ne_bytes());
        self
    }
}

impl<T: Send + Sync + 'static> Held for Arc<T> {
    type View<'a> = &'a T;

    fn view<'a>(&'a self, _: &mut Inputs<'a>) -> Result<&'a T> {
        Ok(self)
    }
}
