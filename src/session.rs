//! Sessions: a memory limit, threads and scratch, and what runs on them.

mod collection;

use std::sync::Arc;

pub use collection::{Collection, Kept, Persist};

use crate::chunk::Chunk;
use crate::config::{Compression, Config, Eviction, Overrides, TierSpec};
use crate::error::{Error, Result};
use crate::event::{Observer, Observers};
use crate::graph::spec::{Datum, Prepared, Registry, Spec, Wanted};
use crate::graph::{Graph, Key, Layers};
use crate::scheduler::{Keep, Plan, Results, Running, Scheduler};
use crate::spill::TierStatus;
use crate::stats::Stats;
use crate::units::Amount;

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
    /// Several are kept at once as a tuple, a list or a map of them: what they share is done once.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// # let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// # let x = Array::<f64>::from_fn(&[100], &[10], |at| at[0] as f64);
    /// let (low, high) = session.persist(&(x.less(50.0), vec![x.sqrt(), x.square()]))?;
    /// assert_eq!(session.compute((low.any(..), high[1].max(..)))?.1[[]], 9801.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    pub fn persist<C: Persist>(&self, collection: &C) -> Result<C> {
        let (graph, wanted) = built(|layers| collection.build_chunks(layers))?;
        match self.inner.scheduler.submit(&graph, &wanted, Keep::Hold)?.wait()? {
            Results::Held(held) => collection.with_kept(&mut held.into_iter().map(Kept::new)),
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

    /// The values of wanted keys of a graph that is written down, with functions from `registry`: of one key, or a list
    /// that is nested as `wanted` is.
    ///
    /// ```
    /// use thermocline::graph::Key;
    /// use thermocline::graph::spec::{Datum, Registry};
    /// use thermocline::{Error, Session, graph};
    ///
    /// let session = Session::builder().memory_limit("16MiB".parse()?).build()?;
    /// let registry = Registry::standard();
    /// let spec = graph! { a = 1, x = inc(a), y = add(x, "text"), z = neg(y) };
    /// assert_eq!(session.get(&spec, &registry, "x")?, Datum::from(2));
    /// assert_eq!(session.get(&spec, &registry, [vec!["x"], vec!["a", "x"]])?.to_string(), "[[2], [1, 2]]");
    /// let error = session.get(&spec, &registry, Key::new("z")).unwrap_err();
    /// let place = "task y failed (of x: integer 2, 24 B; needed by z): ";
    /// let problem = r#"y: add: argument 2 is string "text", expected a number"#;
    /// assert_eq!(error.to_string(), format!("{place}{problem}"));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Prepared::new`], before anything runs; as [`compute`](Self::compute). What a function fails with is the source
    /// of an [`Error::Task`]: an [`Error::Spec`].
    pub fn get(&self, spec: &Spec, registry: &Registry, wanted: impl Into<Wanted>) -> Result<Datum> {
        let prepared = Prepared::new(spec, registry, wanted, self.config().memory_limit())?;
        prepared.answer(&self.run(prepared.graph(), prepared.keys())?)
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
