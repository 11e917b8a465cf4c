//! What a run will need, from the order and the sizes, before any of it runs.
//!
//! Terms, for a graph in its order. The *head* `h` is the least unfinished task; tasks after it are *premature*. `F` is
//! the fixed charge: the graph, the scheduler's tables, one I/O lane's staging. `Live(h)` are the outputs of tasks before
//! `h` that are results or have a reader at or after `h`.
//!
//! - **Working set** `F + S` with `S = max over h of bytes(Live(h)) + out(h) + ws(h)`: what one worker holds without
//!   evicting anything.
//! - **Premature budget** `B = (p - 1) max(1 MiB, k max over i of (out(i) + ws(i)))`: what `p` workers may hold ahead of the
//!   head. Tasks ahead of it are granted only within `B`. Where tasks are small a share of 1 MiB lets workers run ahead
//!   further: two small tasks each would have them wait for each other all the time. `k` is 2 where memory is scarce, and
//!   up to 16 as far as half of what the limit leaves beside the working set allows: with 2, eight workers and more are
//!   idle half of the time on many graphs, waiting for the head; with 16 on most hardly ever, while they hold a tenth to a
//!   half more (see the figures in `simulator.rs`).
//! - **Stated peak** `P = min(L, F + S + B)`. It holds because an unreleased chunk made before `h` has a reader at or after
//!   `h` or is a result, so it is in `Live(h)`; all else is the head's own need, or counted in `B`. Chunks that the session
//!   holds for other runs are added: they may be resident too.
//! - **Floor** `max over h of G(h)`, `G(h) = F + max over j >= h of (U(j) + inputs(j) + out(j) + ws(j))`, where inputs are
//!   distinct and all charged, with staging for loading them, and `U(j)` are the bytes of `Live(j)` that can neither be
//!   evicted nor are inputs of `j`. One byte less and the run is refused. It does not depend on the number of threads, and
//!   assumes that scratch can take what is evicted, uncompressed.
//!
//! - **Traffic**, where the working set does not fit: what the workers evict, all at once as far as that adds no more than a
//!   [quarter](WORTH_WORKERS) to what one would ([`forecast`](super::forecast)).
//!
//! Figures are exact where all sizes are; [`Plan::exact`] says so.

use std::fmt;

use smallvec::SmallVec;

use super::forecast::Residence;
use crate::chunk::charge;
use crate::graph::{Graph, Order, Size, TaskId, Work};
use crate::spill::STAGING;
use crate::units::ByteSize;

/// `k` in the premature budget at the least: each worker but one may run a task and keep the output of another.
const PREMATURE_TASKS: u64 = 2;

/// `k` at the most, where the limit has room.
const MOST_PREMATURE_TASKS: u64 = 16;

/// The scheduler's own tables, per task: those of an ample run, which are the larger ones.
const TABLES_PER_TASK: u64 = super::ample::TABLES_PER_TASK as u64;

/// `B` is at least this much for each worker but one, so that workers don't wait for each other where tasks are small.
const LEAST_PREMATURE: u64 = 1 << 20;

/// That several workers find room at once may add one part in so many to what goes to scratch and comes back.
const WORTH_WORKERS: u64 = 4;

/// What a run will need.
///
/// ```
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).threads(1).build()?;
/// let x = Array::<f64>::from_fn(&[1000, 1000], &[100, 1000], |at| at[0] as f64);
/// let plan = session.plan(&x.sum(..))?;
/// assert!(plan.floor() <= plan.stated_peak());
/// println!("{plan}");
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    tasks: usize,
    fixed: u64,
    live_peak: u64,
    premature: u64,
    held: u64,
    floor: u64,
    floor_task: String,
    limit: u64,
    exact: bool,
    reads: u64,
    traffic: Traffic,
}

impl Plan {
    /// The number of tasks.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// The most bytes that will be charged at any instant.
    #[must_use]
    pub fn stated_peak(&self) -> ByteSize {
        ByteSize::new(self.ample().min(self.limit))
    }

    /// The least limit at which the run can be done.
    #[must_use]
    pub fn floor(&self) -> ByteSize {
        ByteSize::new(self.floor)
    }

    /// What one worker holds at most if nothing is evicted.
    #[must_use]
    pub fn working_set(&self) -> ByteSize {
        ByteSize::new(self.fixed.saturating_add(self.live_peak))
    }

    /// The stored bytes that tasks say they read from files, each once; what is made again reads again.
    #[must_use]
    pub fn expected_read(&self) -> ByteSize {
        ByteSize::new(self.reads)
    }

    /// The bytes that the workers, in this order, would have to spill under the session's limit; 0 where all fits.
    #[must_use]
    pub fn expected_spill(&self) -> ByteSize {
        ByteSize::new(self.traffic.spilled)
    }

    /// The bytes that would then come back from scratch.
    #[must_use]
    pub fn expected_reload(&self) -> ByteSize {
        ByteSize::new(self.traffic.reloaded)
    }

    /// The bytes that would be made again, because that costs less.
    #[must_use]
    pub fn expected_redo(&self) -> ByteSize {
        ByteSize::new(self.traffic.redone)
    }

    /// The session's limit.
    #[must_use]
    pub fn memory_limit(&self) -> ByteSize {
        ByteSize::new(self.limit)
    }

    /// Whether all sizes are exact. Where some are estimates, so are the figures.
    #[must_use]
    pub fn exact(&self) -> bool {
        self.exact
    }

    /// The key of the task that sets the floor.
    #[must_use]
    pub fn floor_task(&self) -> &str {
        &self.floor_task
    }

    /// Bytes that the session held when the plan was made.
    pub(super) fn held(&self) -> u64 {
        self.held
    }

    /// What would be the stated peak without a limit; no bound where sizes are estimates.
    pub(super) fn unbounded_peak(&self) -> u64 {
        if self.exact { self.ample() } else { u64::MAX }
    }

    fn ample(&self) -> u64 {
        self.fixed.saturating_add(self.live_peak).saturating_add(self.premature).saturating_add(self.held)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = if self.exact { "" } else { " (about: some sizes are estimates)" };
        writeln!(f, "tasks           {}", self.tasks)?;
        writeln!(f, "stated peak     {}{about}", self.stated_peak())?;
        writeln!(f, "floor           {}{about}, set by {}", self.floor(), self.floor_task)?;
        writeln!(f, "working set     {}{about}", self.working_set())?;
        writeln!(f, "memory limit    {}", self.memory_limit())?;
        let (spill, reload, redo) = (self.expected_spill(), self.expected_reload(), self.expected_redo());
        writeln!(f, "expected read   {}", self.expected_read())?;
        write!(f, "expected spill  {spill}, reload {reload}, redo {redo}")
    }
}

/// Bytes in memory of what the workers would evict, and have again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) spilled: u64,
    pub(super) reloaded: u64,
    pub(super) redone: u64,
}

impl Traffic {
    fn bytes(self) -> u64 {
        self.spilled.saturating_add(self.reloaded).saturating_add(self.redone)
    }
}

/// The plan, and the parts of it that the run goes by.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) plan: Plan,
    /// What the run charges for itself: `F` without what the session has charged.
    pub(super) fixed: u64,
    /// `B`.
    pub(super) premature: u64,
    /// `p - 1`.
    others: u64,
    /// `G(h)` by place in the order.
    pub(super) floor_from: Vec<u64>,
    /// Which outputs the replay evicts, by task; empty where it evicts none.
    pub(super) evicted: Vec<bool>,
}

/// `B` for `others` workers beside one, and a largest task of `largest` bytes, where the limit leaves `spare` bytes beside
/// the working set.
fn premature(others: u64, largest: u64, spare: u64) -> u64 {
    let share = |tasks: u64| others.saturating_mul(largest.saturating_mul(tasks).max(LEAST_PREMATURE));
    // Half of it stays for other runs.
    share(PREMATURE_TASKS).max(share(MOST_PREMATURE_TASKS).min(spare / 2))
}

impl Budget {
    /// A task whose size was an estimate took `bytes`: others like it must be able to run ahead of the head.
    pub(super) fn learn(&mut self, bytes: u64) {
        self.premature = self.premature.max(premature(self.others, bytes, 0));
    }
}

/// What the session brings in: its limit, workers, fixed bytes of its own, and chunks that it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) limit: u64,
    pub(super) threads: usize,
    /// Fixed bytes that the session has charged for itself.
    pub(super) session: u64,
    pub(super) held: u64,
    /// The tasks that stand for chunks which it holds, and where these are.
    pub(super) chunks: &'a [(TaskId, Residence)],
}

/// Bytes of a task's output as the ledger will count them.
pub(super) fn output_bytes(graph: &Graph, task: TaskId) -> u64 {
    charge(graph.cost(task).output.bytes())
}

/// Distinct inputs of `task`.
pub(super) fn inputs(graph: &Graph, task: TaskId) -> SmallVec<[TaskId; 8]> {
    let mut inputs: SmallVec<[TaskId; 8]> = graph.dependencies(task).collect();
    if graph.names_inputs_twice() {
        inputs.sort_unstable();
        inputs.dedup();
    }
    inputs
}

/// What each task's output is to the run.
#[derive(Debug)]
pub(super) struct Roles {
    /// Whether it is a result.
    pub(super) wanted: Vec<bool>,
    /// Whether it may be evicted. Results that are to be handed over may not: they must be in memory at the end.
    pub(super) evictable: Vec<bool>,
    /// Whether it may be made again: cheap roots, but for results.
    pub(super) redoable: Vec<bool>,
}

impl Roles {
    pub(super) fn new(graph: &Graph, wanted: &[TaskId], hand_over: bool) -> Self {
        let mut is_wanted = vec![false; graph.len()];
        wanted.iter().for_each(|task| is_wanted[task.index()] = true);
        let is_root = |task| matches!(graph.work(task), Work::Call(_)) && graph.dependencies(task).len() == 0;
        let redo = |task: TaskId| graph.cost(task).cheap_to_redo && is_root(task) && !is_wanted[task.index()];
        let redoable: Vec<bool> = graph.tasks().map(redo).collect();
        let stays = |task: TaskId| is_wanted[task.index()] && hand_over;
        let evict = |task: TaskId| (graph.cost(task).spillable || redoable[task.index()]) && !stays(task);
        Self { evictable: graph.tasks().map(evict).collect(), wanted: is_wanted, redoable }
    }
}

/// What a task draws on its own account: output, workspace, staging where an input may have to be loaded, and what the
/// largest redo of an input draws.
pub(super) fn own_bytes(graph: &Graph, roles: &Roles, task: TaskId) -> u64 {
    if matches!(graph.work(task), Work::Held(_)) {
        return 0;
    }
    let (mut loads, mut redo) = (false, 0);
    for input in graph.dependencies(task) {
        loads |= roles.evictable[input.index()] && graph.cost(input).spillable;
        if roles.redoable[input.index()] {
            redo = redo.max(graph.cost(input).workspace);
        }
    }
    let staging = if loads { STAGING } else { 0 };
    let own = output_bytes(graph, task).saturating_add(graph.cost(task).workspace);
    own.saturating_add(staging).saturating_add(redo)
}

/// Replays the order with the sizes.
pub(super) fn budget(graph: &Graph, order: &Order, roles: &Roles, setting: Setting<'_>) -> Budget {
    let own = charge(graph.own_bytes() + graph.len() as u64 * TABLES_PER_TASK) + STAGING;
    let fixed = own.saturating_add(setting.session);
    let mut replay = Replay::new(graph, roles);
    let mut needs = Vec::with_capacity(graph.len());
    let (mut live_peak, mut largest) = (0, 0_u64);
    for &task in order.sequence() {
        let step = replay.step(task);
        live_peak = live_peak.max(step.held);
        needs.push(step.floor);
        largest = largest.max(step.own);
    }
    let floor_place = (0..needs.len()).max_by_key(|&place| (needs[place], std::cmp::Reverse(place)));
    let mut floor_from = needs;
    let mut most = 0;
    for need in floor_from.iter_mut().rev() {
        most = most.max(need.saturating_add(fixed));
        *need = most;
    }
    let others = setting.threads as u64 - 1;
    let taken = fixed.saturating_add(live_peak).saturating_add(setting.held);
    let premature = premature(others, largest, setting.limit.saturating_sub(taken));
    let mut plan = Plan {
        tasks: graph.len(),
        fixed,
        live_peak,
        premature,
        held: setting.held,
        floor: most.max(fixed),
        floor_task: floor_place.map_or_else(String::new, |place| graph.key(order.sequence()[place]).to_string()),
        limit: setting.limit,
        exact: graph.tasks().all(|task| matches!(graph.cost(task).output, Size::Exact(_))),
        reads: graph.tasks().map(|task| graph.cost(task).reads).sum(),
        traffic: Traffic::default(),
    };
    let mut evicted = Vec::new();
    let fits = plan.working_set().bytes().saturating_add(setting.held) <= setting.limit;
    if !fits || setting.chunks.iter().any(|&(_, residence)| residence == Residence::Scratch) {
        let room = setting.limit.saturating_sub(fixed);
        let forecast = |workers| super::forecast::traffic(graph, order, roles, room, workers, setting.chunks);
        let (alone, left) = forecast(1);
        let most = alone.bytes().saturating_add(alone.bytes() / WORTH_WORKERS);
        let fewer = |&workers: &usize| Some(workers / 2).filter(|&workers| workers > 1);
        let several = std::iter::successors(Some(setting.threads).filter(|&workers| workers > 1), fewer);
        let together = several.map(forecast).find(|(traffic, _)| traffic.bytes() <= most);
        (plan.traffic, evicted) = together.unwrap_or((alone, left));
    }
    Budget { plan, fixed: own, premature, others, floor_from, evicted }
}

/// One worker, going through the order without evicting.
struct Replay<'a> {
    graph: &'a Graph,
    roles: &'a Roles,
    readers: Vec<u32>,
    live: u64,
    /// Bytes of `live` that can't be evicted.
    stuck: u64,
}

struct Step {
    /// `bytes(Live(h)) + out(h) + ws(h)`.
    held: u64,
    /// `U(h) + inputs(h) + out(h) + ws(h)`.
    floor: u64,
    /// `out(h) + ws(h)`.
    own: u64,
}

impl<'a> Replay<'a> {
    fn new(graph: &'a Graph, roles: &'a Roles) -> Self {
        let readers = graph.tasks().map(|task| graph.dependents(task).len() as u32).collect();
        Self { graph, roles, readers, live: 0, stuck: 0 }
    }

    fn step(&mut self, task: TaskId) -> Step {
        let own = own_bytes(self.graph, self.roles, task);
        let inputs = inputs(self.graph, task);
        let (mut input_bytes, mut stuck_inputs) = (0_u64, 0);
        for &input in &inputs {
            let bytes = output_bytes(self.graph, input);
            input_bytes = input_bytes.saturating_add(bytes);
            if !self.roles.evictable[input.index()] && self.made_here(input).is_some() {
                stuck_inputs += bytes;
            }
        }
        // Chunks that the session holds are counted once, as held; only a reader needs them in memory.
        let step = Step {
            held: self.live.saturating_add(own),
            floor: (self.stuck - stuck_inputs).saturating_add(input_bytes).saturating_add(own),
            own,
        };
        if self.roles.wanted[task.index()] || self.readers[task.index()] > 0 {
            self.add(task);
        }
        for &input in &inputs {
            self.readers[input.index()] -= 1;
            if self.readers[input.index()] == 0 && !self.roles.wanted[input.index()] {
                self.remove(input);
            }
        }
        step
    }

    fn add(&mut self, task: TaskId) {
        if let Some(bytes) = self.made_here(task) {
            self.live = self.live.saturating_add(bytes);
            if !self.roles.evictable[task.index()] {
                self.stuck = self.stuck.saturating_add(bytes);
            }
        }
    }

    fn remove(&mut self, task: TaskId) {
        if let Some(bytes) = self.made_here(task) {
            self.live -= bytes;
            if !self.roles.evictable[task.index()] {
                self.stuck -= bytes;
            }
        }
    }

    /// Bytes of a task's output, unless the session holds it already.
    fn made_here(&self, task: TaskId) -> Option<u64> {
        (!matches!(self.graph.work(task), Work::Held(_))).then(|| output_bytes(self.graph, task))
    }
}
