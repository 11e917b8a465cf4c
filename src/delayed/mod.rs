//! Delayed calls: hand-written pipelines of functions, as one more way to build a task graph.
//!
//! A [`Delayed<T>`] stands for the value of a call that has not been made yet. It may be an argument of further calls, by
//! itself or in lists, tuples, options and maps; a [`Session`](crate::Session) computes any of them, or several in any nesting, within
//! its memory limit, in parallel where they don't need each other.
//!
//! The pipeline of Jim Crist's talk (load files, clean each, analyse the sequence, store the result):
//!
//! ```
//! use thermocline::{Session, delayed};
//!
//! # mod work {
//! # pub fn load(file: &str) -> Result<String, std::io::Error> { Ok(format!(" contents of {file} ")) }
//! # pub fn clean(data: &str) -> String { data.trim().to_owned() }
//! # pub fn analyze(sequence: Vec<&String>) -> usize { sequence.iter().map(|data| data.len()).sum() }
//! # pub fn store(result: usize) -> String { format!("{result} letters") }
//! # }
//! # use work::*;
//! let files = ["myfile.a.data", "myfile.b.data", "myfile.c.data"];
//! let loaded: Vec<_> = files.iter().map(|file| delayed!(load(*file)?).spillable()).collect();
//! let cleaned: Vec<_> = loaded.iter().map(|data| delayed!(clean(data)).spillable()).collect();
//! let results = delayed!(analyze(cleaned));
//! let stored = delayed!(store(results));
//!
//! let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
//! assert_eq!(session.compute(&stored)?, "75 letters");
//! # Ok::<(), thermocline::Error>(())
//! ```
//!
//! **Loops and recursion** build calls like any other code: what is delayed is cheap, and may be needed by many. A value
//! that is not there yet can't decide an `if`. Decide inside of a call, or compute the value first:
//!
//! ```
//! use thermocline::{Delayed, Session, delayed};
//!
//! fn larger(x: i64, y: i64) -> i64 { if x > y { x } else { y } } // decided when both are there
//!
//! /// By pairs, pairs of pairs and so on.
//! fn largest(mut numbers: Vec<Delayed<i64>>) -> Delayed<i64> {
//!     if numbers.len() == 1 {
//!         return numbers.remove(0);
//!     }
//!     let right = numbers.split_off(numbers.len() / 2);
//!     delayed!(larger(largest(numbers), largest(right)))
//! }
//!
//! let squares = (-7..3).map(|x| delayed!((|x: i64| x * x)(x))).collect();
//! let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
//! let top = session.compute(largest(squares))?;
//! assert_eq!(top, 49);
//! if top > 40 { /* more calls */ }
//! # Ok::<(), thermocline::Error>(())
//! ```
//!
//! **What runs once.** A delayed value is made once in a run, however many need it. Two calls that are written twice are
//! two calls; those that are said to be [`pure`](Delayed::pure) are one, if they call the same function with the same
//! arguments.
//!
//! **Memory.** Every value is charged while somebody needs it: its own size, what strings, vectors and arrays of numbers
//! have on the heap, or what [`measured`](Delayed::measured) says. How large it will be is not known before it is there: a
//! [`size_hint`](Delayed::size_hint) lets the plan tell, and without one the scheduler learns from the first calls of the same
//! name. A value that can be written to scratch says so by [`spillable`](Delayed::spillable) (through serde) or
//! [`spillable_by`](Delayed::spillable_by); all others stay in memory until they are not needed any more.
//!
//! **Order beyond arguments.** [`bind`], [`wait_on`] and [`checkpoint`] have calls, and blocks of arrays, wait for others whose
//! values they don't take.
//!
//! Blocks of an [`Array`](crate::Array) become delayed values by [`Array::to_delayed`](crate::Array::to_delayed), and an array is
//! made of them by [`Array::from_delayed`](crate::Array::from_delayed).

mod argument;
mod call;
mod collection;
mod measure;
mod node;
mod value;
mod wait;

use std::any::Any;
use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use argument::{Argument, Held, Takes, value};
pub use call::Callable;
pub use collection::{Lend, Lent};
use node::{Node, Origin};
use value::{Made, Manner};
pub(crate) use wait::sealed;
pub use wait::{Awaited, Barrier, HeldBack, Waiting, bind, checkpoint, wait_on};

use crate::chunk::{Chunk, CodeError, Value};
use crate::error::Result;
use crate::graph::{Key, Layers};

/// How a value is found in what its task gave.
pub(crate) type Reader<T> = Arc<dyn for<'a> Fn(&'a Chunk) -> Result<&'a T> + Send + Sync>;

/// The value of a call that has not been made yet. Cheap to clone.
///
/// ```
/// use thermocline::{Session, delayed};
///
/// fn word_count(text: &str) -> usize { text.split_whitespace().count() }
/// fn total(counts: Vec<usize>) -> usize { counts.into_iter().sum() }
///
/// let counts: Vec<_> = ["a b c", "d e", ""].into_iter().map(|text| delayed!(word_count(text))).collect();
/// let total = delayed!(total(&counts));
/// let session = Session::builder().memory_limit("64MiB".parse()?).threads(2).build()?;
/// assert_eq!(session.compute((counts, total))?, (vec![3, 2, 0], 5)); // each text is gone through once
/// # Ok::<(), thermocline::Error>(())
/// ```
pub struct Delayed<T> {
    node: Arc<Node>,
    read: Reader<T>,
    /// Which part of the node's value it is; 0 for the whole.
    part: usize,
    /// What has to be done before anybody sees it.
    barrier: Option<Arc<Node>>,
}

impl<T> Clone for Delayed<T> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone(), read: self.read.clone(), part: self.part, barrier: self.barrier.clone() }
    }
}

impl<T> fmt::Debug for Delayed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delayed<{}> of {:?}", std::any::type_name::<T>(), self.node)
    }
}

fn reader_of_made<T: Send + Sync + 'static>() -> Reader<T> {
    Arc::new(|chunk| Ok(&chunk.get::<Made<T>>()?.value))
}

impl<T: Send + Sync + 'static> Delayed<T> {
    fn new(node: Arc<Node>, read: Reader<T>) -> Self {
        Self { node, read, part: 0, barrier: None }
    }

    /// The value that a task of another collection makes: `add` adds what is needed for it, and gives its key.
    pub(crate) fn of_tasks(label: &str, add: impl Fn(&mut Layers) -> Result<Key> + Send + Sync + 'static) -> Self
    where
        T: Value,
    {
        Self::in_tasks(label, add, Arc::new(Chunk::get::<T>))
    }

    /// The value that `read` finds in what a task of another collection makes.
    pub(crate) fn in_tasks(
        label: &str,
        add: impl Fn(&mut Layers) -> Result<Key> + Send + Sync + 'static,
        read: Reader<T>,
    ) -> Self {
        Self::new(Arc::new(Node::new(label, Origin::Tasks(Arc::new(add)), Vec::new())), read)
    }

    /// About how many bytes its value takes, where that is said.
    #[cfg(feature = "dataframe")]
    pub(crate) fn hinted(&self) -> Option<u64> {
        Some(self.node.size_hint).filter(|&bytes| bytes > 0)
    }

    /// Its key, and how it is found in that task's value. What it waits for is needed as well.
    pub(crate) fn build_parts(&self, layers: &mut Layers) -> Result<(Vec<Key>, Reader<T>)> {
        let mut keys = vec![self.node.build(layers)?];
        if let Some(barrier) = &self.barrier {
            keys.push(barrier.build(layers)?);
        }
        Ok((keys, self.read.clone()))
    }

    fn edited(mut self, edit: impl FnOnce(&mut Node)) -> Self {
        edit(Arc::make_mut(&mut self.node));
        self
    }

    fn with_manner(self, change: impl FnOnce(Manner<T>) -> Manner<T>) -> Self {
        self.edited(|node| {
            if let Origin::Call { manner, .. } = &mut node.origin
                && let Some(present) = manner.downcast_ref::<Manner<T>>()
            {
                *manner = Arc::new(change(present.clone())) as Arc<dyn Any + Send + Sync>;
            }
        })
    }

    /// Names its task, in place of the function's name. Tasks of one name are one layer.
    ///
    /// As all that is said of a call, it is said before the value is needed by others, of the whole value of a call: a clone
    /// that is needed already stays as it was.
    ///
    /// ```
    /// use thermocline::{Error, Session, delayed};
    ///
    /// let wrong = delayed!((|| Err::<i64, _>("no luck"))()?).named("draw");
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&wrong).unwrap_err().to_string(), "task draw-1(0) failed: no luck");
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        self.edited(|node| node.label = name.into())
    }

    /// About how many bytes of memory its value will take. The plan counts on it; what a value really takes is found out
    /// when it is there, and is held against the limit either way.
    ///
    /// ```
    /// use thermocline::{Session, delayed};
    ///
    /// let large = delayed!((|| vec![1_u8; 10 << 20])()).size_hint(10 << 20);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert!(session.plan(&large)?.stated_peak().bytes() >= 10 << 20);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn size_hint(self, bytes: u64) -> Self {
        self.edited(|node| node.size_hint = crate::chunk::charge(bytes))
    }

    /// Bytes that its function uses while it runs, and has given back when it returns.
    #[must_use]
    pub fn workspace(self, bytes: u64) -> Self {
        self.edited(|node| node.workspace = bytes)
    }

    /// Says that calling its function again gives the same value, in little time. Where it takes no delayed arguments, its
    /// value may then be dropped rather than written to scratch.
    #[must_use]
    pub fn cheap_to_redo(self) -> Self {
        self.edited(|node| node.cheap_to_redo = true)
    }

    /// Says that the call has no effect but its value, which its arguments decide: in one run it is the same as other pure
    /// calls of the same function with the same arguments, and is made once.
    ///
    /// Arguments are the same if they are equal numbers, texts or paths; the same delayed value, or pure calls that are the
    /// same; the same `Arc`, e.g. clones of one [`value`]; lists, tuples, options and maps of what is the same. Maps have
    /// keys that are integers, `bool`, `char`, `Duration`, texts or paths. A function that carries something in it, two
    /// `Arc`s of equal values, and maps of other keys make a call one of its own.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use thermocline::{Session, delayed};
    ///
    /// static CALLS: AtomicUsize = AtomicUsize::new(0);
    ///
    /// fn slow_square(x: i64) -> i64 {
    ///     CALLS.fetch_add(1, Ordering::Relaxed);
    ///     x * x
    /// }
    ///
    /// let squares: Vec<_> = [3, 4, 3, 3].into_iter().map(|x| delayed!(slow_square(x)).pure()).collect();
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&squares)?, [9, 16, 9, 9]);
    /// assert_eq!(CALLS.load(Ordering::Relaxed), 2);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn pure(self) -> Self {
        self.edited(|node| node.is_pure = true)
    }

    /// How many bytes of memory a value takes, with all that it has on the heap. Needed where the value is more than numbers,
    /// strings and vectors or arrays of these, and doesn't go through serde.
    ///
    /// ```
    /// use thermocline::{Session, delayed};
    ///
    /// struct Table { columns: Vec<(String, Vec<f32>)> }
    ///
    /// fn table(rows: usize) -> Table { Table { columns: vec![("sst".into(), vec![0.5; rows])] } }
    ///
    /// let bytes = |table: &Table| table.columns.iter().map(|(name, values)| (name.len() + 4 * values.len()) as u64).sum();
    /// let table = delayed!(table(1_000_000)).measured(bytes);
    /// let sum = delayed!((|table: &Table| table.columns[0].1.iter().sum::<f32>())(table));
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&sum)?, 500_000.0);
    /// assert!(session.stats().ledger_peak_bytes >= 4_000_000);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn measured(self, bytes: impl Fn(&T) -> u64 + Send + Sync + 'static) -> Self {
        self.with_manner(|manner| manner.measured(bytes))
    }

    /// Lets its value go to scratch when memory is short, through serde, as `MessagePack`. Where nothing else is
    /// [said](Self::measured), it is taken to need as much memory as it does there, or as much as is known to be on its heap.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use thermocline::{Session, delayed};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Station { name: String, temperatures: Vec<f32> }
    ///
    /// fn station(number: usize) -> Station {
    ///     Station { name: format!("station {number}"), temperatures: vec![number as f32; 1 << 20] } // 4 MiB
    /// }
    ///
    /// fn warmest(stations: Vec<&f32>) -> f32 { stations.into_iter().copied().fold(f32::MIN, f32::max) }
    ///
    /// let stations: Vec<_> = (0..16).map(|number| delayed!(station(number)).spillable().size_hint(5 << 20)).collect();
    /// let names = stations.iter().map(|it| delayed!((|it: &Station| it.name.clone())(it))).collect::<Vec<_>>();
    /// let last = delayed!((|names: Vec<&String>| names[names.len() - 1].clone())(names));
    /// // Each station is needed again once all names are known: by then most are on scratch.
    /// let highest = stations.iter().map(|it| delayed!((|it: &Station, _: &String| it.temperatures[0])(it, &last)));
    /// let session = Session::builder().memory_limit("32MiB".parse()?).threads(2).build()?;
    /// assert_eq!(session.compute(delayed!(warmest(highest.collect::<Vec<_>>())))?, 15.0);
    /// assert!(session.stats().spilled_bytes > 0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn spillable(self) -> Self
    where
        T: Serialize + DeserializeOwned,
    {
        self.with_manner(Manner::of_serde).edited(|node| node.spillable = true)
    }

    /// Lets its value go to scratch when memory is short, as `write` writes it; `read` makes it again. Nothing but what
    /// `write` wrote is ever read.
    ///
    /// ```
    /// use std::io;
    /// use thermocline::{Session, delayed};
    ///
    /// struct Mask(Vec<bool>);
    ///
    /// let mask = delayed!((|| Mask(vec![true, false, true]))())
    ///     .measured(|mask| mask.0.len() as u64)
    ///     .spillable_by(
    ///         |mask, out| Ok(mask.0.iter().try_for_each(|&bit| out.write_all(&[u8::from(bit)]))?),
    ///         |from| {
    ///             let mut bytes = Vec::new();
    ///             from.read_to_end(&mut bytes)?;
    ///             Ok(Mask(bytes.into_iter().map(|byte| byte == 1).collect()))
    ///         },
    ///     );
    /// let count = delayed!((|mask: &Mask| mask.0.iter().filter(|&&bit| bit).count())(mask));
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&count)?, 2);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn spillable_by(
        self,
        write: impl Fn(&T, &mut dyn Write) -> Result<(), CodeError> + Send + Sync + 'static,
        read: impl Fn(&mut dyn Read) -> Result<T, CodeError> + Send + Sync + 'static,
    ) -> Self {
        self.with_manner(|manner| manner.coded(write, read)).edited(|node| node.spillable = true)
    }

    /// A part of its value, e.g. one of several outputs. Nothing is copied: the whole stays in memory, or goes to scratch,
    /// as long as a part of it is needed.
    ///
    /// ```
    /// use thermocline::{Session, delayed};
    ///
    /// struct Fit { slope: f64, residuals: Vec<f64> }
    ///
    /// let fit = delayed!((|| Fit { slope: 0.5, residuals: vec![0.25, -0.25] })());
    /// let slope = fit.part(|fit| &fit.slope);
    /// let worst = delayed!((|all: &[f64]| all.iter().copied().fold(0.0, f64::max))(fit.part(|fit| &fit.residuals)));
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute((slope, worst))?, (0.5, 0.25));
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn part<U: Send + Sync + 'static>(
        &self,
        part: impl for<'a> Fn(&'a T) -> &'a U + Send + Sync + 'static,
    ) -> Delayed<U> {
        let read = self.read.clone();
        Delayed {
            node: self.node.clone(),
            read: Arc::new(move |chunk| Ok(part(read(chunk)?))),
            part: next_part(),
            barrier: self.barrier.clone(),
        }
    }
}

/// A number that no other part has: what picks it can't be compared.
fn next_part() -> usize {
    static PARTS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
    PARTS.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

macro_rules! split {
    ($($name:ident . $place:tt),+) => {
        impl<$($name: Send + Sync + 'static),+> Delayed<($($name,)+)> {
            /// The outputs of a call that returns a tuple, each by itself, as [`part`](Self::part)s.
            ///
            /// ```
            /// use thermocline::{Session, delayed};
            ///
            /// fn divide(x: i64, y: i64) -> (i64, i64) { (x / y, x % y) }
            ///
            /// let (quotient, remainder) = delayed!(divide(17, 5)).split();
            /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
            /// assert_eq!(session.compute((remainder, quotient))?, (2, 3));
            /// # Ok::<(), thermocline::Error>(())
            /// ```
            #[must_use]
            pub fn split(&self) -> ($(Delayed<$name>,)+) {
                ($(self.part(|whole| &whole.$place),)+)
            }
        }
    };
}

split!(A.0, B.1);
split!(A.0, B.1, C.2);
split!(A.0, B.1, C.2, D.3);
split!(A.0, B.1, C.2, D.3, E.4);
split!(A.0, B.1, C.2, D.3, E.4, F.5);
split!(A.0, B.1, C.2, D.3, E.4, F.5, G.6);
split!(A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7);
