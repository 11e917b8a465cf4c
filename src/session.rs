//! Sessions: a memory limit, threads and scratch, and what runs on them.

use std::sync::Arc;

use crate::chunk::Chunk;
use crate::config::{Compression, Config, Eviction, Overrides, TierSpec};
use crate::error::{Error, Result};
use crate::event::{Observer, Observers};
use crate::graph::{Graph, Key, Layers, Task};
use crate::scheduler::{Held, Keep, Plan, Results, Running, Scheduler, Stats};
use crate::spill::TierStatus;
use crate::units::Amount;

/// Something lazy that a session can compute: it builds tasks, and makes its result of the wanted ones' chunks.
///
/// Tuples and slices of collections are collections: what they share is done once.
///
/// ```
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x = Array::<f64>::from_fn(&[1000], &[100], |at| at[0] as f64);
/// let (mean, parts) = session.compute((x.mean(..), vec![x.min(..), x.max(..)]))?; // each value is made once
/// assert_eq!((mean[[]], parts[0][[]], parts[1][[]]), (499.5, 0.0, 999.0));
/// # Ok::<(), thermocline::Error>(())
/// ```
pub trait Collection {
    /// What computing it gives.
    type Output;

    /// Adds its tasks to `layers`. Gives the keys of the tasks whose chunks [`finish`](Self::finish) wants.
    ///
    /// # Errors
    /// Where an operation that it was made of is impossible.
    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>>;

    /// Makes the result from the wanted chunks, in the order of their keys.
    ///
    /// # Errors
    /// Where a chunk is not what it should be.
    fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output>;
}

/// A collection whose chunks a session can keep.
pub trait Persist: Collection + Sized {
    /// Adds its tasks to `layers`. Gives the keys of its chunks.
    ///
    /// # Errors
    /// As [`Collection::build`].
    fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>>;

    /// The same collection, made of chunks that a session keeps, in the order of their keys.
    ///
    /// # Errors
    /// Where their number is not what it should be.
    fn with_kept(&self, chunks: Vec<Kept>) -> Result<Self>;
}

/// A chunk that a session keeps, in memory or on scratch, until its last handle goes or the session ends.
///
/// ```
/// use thermocline::chunk::{Block, Chunk};
/// use thermocline::graph::{Key, Layers};
/// use thermocline::{Array, Collection, Kept, Persist, Result, Session};
///
/// /// A total whose one chunk may be kept.
/// struct Total(Array<f64>, Option<Kept>);
///
/// impl Collection for Total {
///     type Output = f64;
///
///     fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
///         self.build_chunks(layers)
///     }
///
///     fn finish(&self, chunks: Vec<Chunk>) -> Result<f64> {
///         Ok(chunks[0].get::<Block<f64>>()?.as_slice()[0])
///     }
/// }
///
/// impl Persist for Total {
///     fn build_chunks(&self, layers: &mut Layers) -> Result<Vec<Key>> {
///         let Some(kept) = &self.1 else { return self.0.sum(..).build_chunks(layers) };
///         let key = Key::new(layers.name("total"));
///         layers.add(kept.task(key.clone()));
///         Ok(vec![key])
///     }
///
///     fn with_kept(&self, mut chunks: Vec<Kept>) -> Result<Self> {
///         Ok(Self(self.0.clone(), chunks.pop()))
///     }
/// }
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let total = session.persist(&Total(Array::arange(0.0, 100.0, 1.0, [10]), None))?;
/// assert_eq!(session.compute(&total)?, 4950.0); // nothing is summed again
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Kept(Arc<Held>);

impl Kept {
    /// The task that stands for it in a graph.
    #[must_use]
    pub fn task(&self, key: Key) -> Task {
        Task::held(key, self.0.clone(), self.0.bytes(), !self.0.is_stuck())
    }

    /// Its bytes while it is in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes()
    }
}

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
        // How many keys are whose has to be known at the end: a task of no effect parts them.
        let mut keys = Vec::new();
        if self.len() > 1 {
            layers.expect_several();
        }
        for collection in self {
            let own = collection.build(layers)?;
            keys.push(count_task(layers, own.len()));
            keys.extend(own);
        }
        Ok(keys)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output> {
        let mut chunks = chunks.into_iter();
        self.iter().map(|collection| collection.finish(take_counted(&mut chunks)?)).collect()
    }
}

impl<C: Collection> Collection for Vec<C> {
    type Output = Vec<C::Output>;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        self.as_slice().build(layers)
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output> {
        self.as_slice().finish(chunks)
    }
}

macro_rules! tuples {
    ($($name:ident . $place:tt),+) => {
        impl<$($name: Collection),+> Collection for ($($name,)+) {
            type Output = ($($name::Output,)+);

            fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
                let mut keys = Vec::new();
                layers.expect_several();
                $(
                    let own = self.$place.build(layers)?;
                    keys.push(count_task(layers, own.len()));
                    keys.extend(own);
                )+
                Ok(keys)
            }

            fn finish(&self, chunks: Vec<Chunk>) -> Result<Self::Output> {
                let mut chunks = chunks.into_iter();
                Ok(($(self.$place.finish(take_counted(&mut chunks)?)?,)+))
            }
        }
    };
}

tuples!(A.0, B.1);
tuples!(A.0, B.1, C.2);
tuples!(A.0, B.1, C.2, D.3);
tuples!(A.0, B.1, C.2, D.3, E.4);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5);

/// How many of the chunks that follow belong together.
struct Count(usize);

impl crate::chunk::Value for Count {
    fn unmetered_bytes(&self) -> u64 {
        0
    }

    fn encode(&self) -> Option<crate::chunk::Encoded<'_>> {
        None
    }
}

fn count_task(layers: &mut Layers, count: usize) -> Key {
    let key = Key::new(layers.name("part"));
    layers.add(
        Task::new(key.clone(), [], Arc::new(move |_, _| Ok(Chunk::new(Count(count)))))
            .output(crate::graph::Size::Exact(0)),
    );
    key
}

fn take_counted(chunks: &mut impl Iterator<Item = Chunk>) -> Result<Vec<Chunk>> {
    let count = match chunks.next() {
        Some(chunk) => chunk.get::<Count>()?.0,
        None => 0,
    };
    Ok(chunks.take(count).collect())
}

/// How a [`Session`] is made. What is not said comes from `THERMOCLINE_*`, else from the defaults.
///
/// ```
/// use thermocline::{Compression, Eviction, Session};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().display();
/// let session = Session::builder()
///     .memory_limit("64MiB".parse()?)
///     .threads(2)
///     .scratch(format!("{path}:1GiB"))
///     .compression(Compression::None)
///     .eviction(Eviction::NextUse)
///     .in_place(true)
///     .build()?;
/// let config = session.config();
/// assert_eq!((config.memory_limit().bytes(), config.threads(), config.scratch().len()), (64 << 20, 2, 1));
///
/// let error = Session::builder().memory_limit("64MiB".parse()?).threads(0).build().unwrap_err();
/// assert!(matches!(error, thermocline::Error::Config { .. }), "{error}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Builder {
    overrides: Overrides,
    scratch: Option<String>,
    observers: Observers,
}

impl Builder {
    /// The bytes that are never exceeded, or a share of what is available. Default: 60 % of that.
    #[must_use]
    pub fn memory_limit(mut self, limit: Amount) -> Self {
        self.overrides.memory_limit = Some(limit);
        self
    }

    /// The number of worker threads. Default: that of the cores.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.overrides.threads = Some(threads);
        self
    }

    /// Where to spill: folders with commas between, filled in this order, each `path[:capacity][:kind]`, e.g.
    /// `"/mnt/pmem:dax,/mnt/fast:100GiB,/mnt/large"`. Default: `thermocline` in `$XDG_CACHE_HOME`, else `/var/tmp`. See
    /// [`guide::scratch`](crate::guide::scratch).
    #[must_use]
    pub fn scratch(mut self, tiers: impl Into<String>) -> Self {
        self.scratch = Some(tiers.into());
        self
    }

    /// How spilled chunks are compressed.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.overrides.compression = Some(compression);
        self
    }

    /// Which chunk is evicted first.
    #[must_use]
    pub fn eviction(mut self, eviction: Eviction) -> Self {
        self.overrides.eviction = Some(eviction);
        self
    }

    /// Whether uncompressed spilled chunks are mapped where they lie, rather than read back.
    #[must_use]
    pub fn in_place(mut self, in_place: bool) -> Self {
        self.overrides.in_place = Some(in_place);
        self
    }

    /// Adds somebody to be told of what happens.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use thermocline::{Array, Event, Observer, Session};
    ///
    /// #[derive(Default)]
    /// struct Spilled(AtomicU64);
    ///
    /// impl Observer for Spilled {
    ///     fn on_event(&self, event: &Event<'_>) {
    ///         if let Event::Spilled { bytes, .. } = event {
    ///             self.0.fetch_add(*bytes, Ordering::Relaxed);
    ///         }
    ///     }
    /// }
    ///
    /// let spilled = Arc::new(Spilled::default());
    /// let session = Session::builder().memory_limit("64MiB".parse()?).observer(spilled.clone()).build()?;
    /// session.compute(&Array::<f64>::ones(&[100, 100], [10, 100]).sum(..))?;
    /// assert_eq!(spilled.0.load(Ordering::Relaxed), 0); // it fits
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.add(observer);
        self
    }

    /// Starts the session.
    ///
    /// # Errors
    /// [`Error::Config`] for a setting that is not accepted, wherever it came from; [`Error::Scratch`] where a scratch
    /// folder can't be used; [`Error::MemoryLimit`] where one in RAM takes more than the limit; [`Error::Thread`].
    pub fn build(mut self) -> Result<Session> {
        if let Some(tiers) = &self.scratch {
            let tiers = tiers.split(',').map(|tier| tier.trim().parse()).collect::<Result<Vec<TierSpec>>>()?;
            self.overrides.scratch = Some(tiers);
        }
        let config = Config::new(self.overrides)?;
        let scheduler = Scheduler::start(&config, self.observers)?;
        Ok(Session { inner: Arc::new(Inner { config, scheduler }) })
    }
}

#[derive(Debug)]
struct Inner {
    config: Config,
    scheduler: Scheduler,
}

/// Threads, a memory limit and scratch. Cheap to clone; it ends with its last clone.
///
/// ```
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).threads(2).build()?;
/// let x = Array::<f64>::from_fn(&[1000, 1000], &[100, 1000], |at| (at[0] * 1000 + at[1]) as f64);
/// let (sum, max) = session.compute(&(x.sum(..), x.max(..)))?;
/// assert_eq!(sum.into_iter().collect::<Vec<_>>(), [499_999_500_000.0]);
/// assert_eq!(max.into_iter().collect::<Vec<_>>(), [999_999.0]);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    inner: Arc<Inner>,
}

impl Session {
    /// A builder that says nothing yet.
    ///
    /// ```
    /// use thermocline::Session;
    ///
    /// let session = Session::builder().memory_limit("25%".parse()?).threads(2).build()?;
    /// assert_eq!(session.config().threads(), 2);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A session from the environment and the defaults.
    ///
    /// ```
    /// use thermocline::{Array, Session};
    ///
    /// let session = Session::new()?; // THERMOCLINE_MEMORY_LIMIT, THERMOCLINE_THREADS and so on, if they are set
    /// assert_eq!(session.compute(&Array::<i64>::arange(0, 10, 1, "auto").sum(..))?[[]], 45);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Its settings.
    ///
    /// ```
    /// use thermocline::Session;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).threads(2).build()?;
    /// assert_eq!(session.config().memory_limit().to_string(), "64 MiB");
    /// println!("{}", session.config().describe()); // each setting, and where it came from
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The places of its scratch, in order: what they lie on, and how much of them is used.
    ///
    /// ```
    /// use thermocline::Session;
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// for tier in session.tiers() {
    ///     println!("{tier}"); // e.g. /var/tmp: disk, 0 B of 45 GiB used, 45 GiB left
    /// }
    /// assert_eq!(session.tiers().len(), session.config().scratch().len());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn tiers(&self) -> Vec<TierStatus> {
        self.inner.scheduler.tiers()
    }

    /// Computes a collection, or several at once.
    ///
    /// ```
    /// use thermocline::{Array, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::arange(0.0, 5.0, 1.0, [2]);
    /// let (least, mean) = session.compute((&x.min(..), &x.mean(..)))?; // x is gone through once
    /// assert_eq!((least[[]], mean[[]]), (0.0, 2.0));
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of an impossible operation; [`Error::MemoryLimit`] below the floor, before anything has run;
    /// [`Error::Nested`] from inside a task; what the first failing task failed with; see [`Error`].
    pub fn compute<C: Collection>(&self, collection: C) -> Result<C::Output> {
        self.submit(collection)?.wait()
    }

    /// Begins to compute a collection.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let sum = Array::<i64>::arange(0, 100, 1, [10]).sum(..);
    /// let run = session.submit(&sum)?;
    /// // Other work, meanwhile.
    /// assert_eq!(run.wait()?[[]], 4950);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`compute`](Self::compute), for what is found before anything has run.
    pub fn submit<C: Collection>(&self, collection: C) -> Result<Run<C>> {
        let (graph, wanted) = built(|layers| collection.build(layers))?;
        let running = self.inner.scheduler.submit(&graph, &wanted, Keep::HandOver)?;
        Ok(Run { collection, running, _session: self.clone() })
    }

    /// Computes a collection and keeps its chunks, in memory or on scratch, for what is computed from it later.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = session.persist(&Array::<f64>::from_fn(&[100], &[10], |at| at[0] as f64))?;
    /// assert_eq!(session.compute(&x.sum(..))?.into_iter().next(), Some(4950.0));
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    pub fn persist<C: Persist>(&self, collection: &C) -> Result<C> {
        let (graph, wanted) = built(|layers| collection.build_chunks(layers))?;
        match self.inner.scheduler.submit(&graph, &wanted, Keep::Hold)?.wait()? {
            Results::Held(held) => collection.with_kept(held.into_iter().map(Kept).collect()),
            Results::Chunks(_) => Err(Error::Cancelled),
        }
    }

    /// What computing a collection would need, without doing it.
    ///
    /// ```
    /// use thermocline::{Array, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).threads(1).build()?;
    /// let x = Array::<f64>::ones(&[4000, 1000], [1000, 1000]);
    /// let plan = session.plan(&(&x - &x.mean(0)))?;
    /// assert!(plan.floor() <= plan.memory_limit()); // it can run
    /// assert_eq!(session.stats().tasks, 0); // and has not
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of an impossible operation.
    pub fn plan<C: Collection>(&self, collection: C) -> Result<Plan> {
        let (graph, wanted) = built(|layers| collection.build(layers))?;
        self.inner.scheduler.plan(&graph, &wanted, Keep::HandOver)
    }

    /// What persisting a collection would need, without doing it.
    ///
    /// ```
    /// use thermocline::{Array, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).threads(1).build()?;
    /// let x = Array::<f64>::ones(&[16_000, 1000], [1000, 1000]); // 122 MiB
    /// let plan = session.plan_persist(&x)?;
    /// assert!(plan.expected_spill().bytes() > 0); // what is kept does not fit, and goes to scratch
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of an impossible operation.
    pub fn plan_persist<C: Persist>(&self, collection: &C) -> Result<Plan> {
        let (graph, wanted) = built(|layers| collection.build_chunks(layers))?;
        self.inner.scheduler.plan(&graph, &wanted, Keep::Hold)
    }

    /// Runs a graph, and gives the chunks of the `wanted` tasks.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use thermocline::chunk::{Block, Chunk};
    /// use thermocline::graph::{Graph, Key, Size, Task};
    /// use thermocline::ndarray::arr0;
    /// use thermocline::Session;
    ///
    /// let a = Task::new("a", [], Arc::new(|context, _| Ok(Chunk::new(context.adopt(arr0(20_i64).into_dyn())?))));
    /// let twice = Task::new("twice", [Key::new("a")], Arc::new(|context, inputs| {
    ///     let value = inputs[0].get::<Block<i64>>()?.as_slice()[0];
    ///     Ok(Chunk::new(context.adopt(arr0(value * 2 + 2).into_dyn())?))
    /// }));
    /// let graph = Graph::new([a.output(Size::Exact(64)), twice.output(Size::Exact(64))])?;
    /// let session = Session::builder().memory_limit("16MiB".parse()?).build()?;
    /// let chunks = session.run(&graph, &[Key::new("twice")])?;
    /// assert_eq!(chunks[0].get::<Block<i64>>()?.as_slice(), [42]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    pub fn run(&self, graph: &Graph, wanted: &[Key]) -> Result<Vec<Chunk>> {
        chunks_of(self.inner.scheduler.submit(graph, wanted, Keep::HandOver)?.wait()?)
    }

    /// What running a graph would need, without doing it.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use thermocline::Session;
    /// use thermocline::chunk::{Block, Chunk};
    /// use thermocline::graph::{Graph, Key, Size, Task};
    /// use thermocline::ndarray::arr0;
    ///
    /// let one = Task::new("one", [], Arc::new(|context, _| Ok(Chunk::new(context.adopt(arr0(1_i64).into_dyn())?))));
    /// let graph = Graph::new([one.output(Size::Exact(64))])?;
    /// let session = Session::builder().memory_limit("16MiB".parse()?).build()?;
    /// assert_eq!(session.plan_graph(&graph, &[Key::new("one")])?.tasks(), 1);
    /// assert!(session.plan_graph(&graph, &[Key::new("two")]).is_err()); // there is no such task
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownKey`].
    pub fn plan_graph(&self, graph: &Graph, wanted: &[Key]) -> Result<Plan> {
        self.inner.scheduler.plan(graph, wanted, Keep::HandOver)
    }

    /// Ends all runs; they fail with [`Error::Cancelled`] once what is under way has ended.
    ///
    /// ```
    /// use thermocline::{Array, Error, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).threads(1).build()?;
    /// let slow = Array::<f64>::from_fn(&[64], &[1], |at| {
    ///     std::thread::sleep(std::time::Duration::from_millis(20));
    ///     at[0] as f64
    /// });
    /// let run = session.submit(slow.sum(..))?;
    /// session.cancel();
    /// assert!(matches!(run.wait(), Err(Error::Cancelled)));
    /// assert_eq!(session.compute(&Array::<f64>::ones(&[3], "auto").sum(..))?[[]], 3.0); // it goes on
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    pub fn cancel(&self) {
        self.inner.scheduler.cancel();
    }

    /// What it has done and holds.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// session.compute(&Array::<f64>::ones(&[100, 100], [10, 100]).sum(..))?;
    /// println!("{:?}", session.stats());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.scheduler.stats()
    }
}

fn built(build: impl FnOnce(&mut Layers) -> Result<Vec<Key>>) -> Result<(Graph, Vec<Key>)> {
    let mut layers = Layers::new();
    let wanted = build(&mut layers)?;
    Ok((layers.into_graph()?, wanted))
}

fn chunks_of(results: Results) -> Result<Vec<Chunk>> {
    match results {
        Results::Chunks(chunks) => Ok(chunks),
        Results::Held(_) => Err(Error::Cancelled),
    }
}

/// A computation under way. Dropping it cancels it.
///
/// ```
/// use thermocline::{Array, Error, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).threads(1).build()?;
/// let slow = Array::<f64>::from_fn(&[64], &[1], |at| {
///     std::thread::sleep(std::time::Duration::from_millis(20));
///     at[0] as f64
/// });
/// let run = session.submit(slow.sum(..))?;
/// assert!(!run.is_finished());
/// run.cancel(); // the block under way is made; the others are not
/// assert!(matches!(run.wait(), Err(Error::Cancelled)));
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Debug)]
pub struct Run<C: Collection> {
    collection: C,
    running: Running,
    // The session lives as long as its runs.
    _session: Session,
}

impl<C: Collection> Run<C> {
    /// Waits for the result.
    ///
    /// # Errors
    /// As [`Session::compute`].
    pub fn wait(self) -> Result<C::Output> {
        self.collection.finish(chunks_of(self.running.wait()?)?)
    }

    /// Ends it; what is under way is finished first. [`wait`](Self::wait) then fails with [`Error::Cancelled`].
    pub fn cancel(&self) {
        self.running.cancel();
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.running.is_over()
    }
}
