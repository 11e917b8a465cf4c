//! A run that fits: nothing of it is ever evicted, and its tasks take no global lock.
//!
//! Where `F + S + B` (see [`plan`](super::plan)) fits the limit and nothing else is active, a run is *ample*. What a task
//! goes through is then a few atomic operations on words of its own, of its inputs and of its dependents:
//!
//! ```text
//!   claim        Word::claim: one of all who find it (own deque, stolen, root, deferred)
//!   grant        head, or fits B;  ledger charged once, for output and workspace
//!   run          inputs are cloned out of their outputs' cells: all are in memory
//!   complete     output into its cell; inputs with no reader left go; head moves; dependents' words count down
//! ```
//!
//! **What is kept to.** The head may always run; a task ahead of it must fit the premature budget `B`, until the head
//! reaches it or its output goes. Inputs are released before the head moves on, so what the ledger holds is the head's own
//! need, outputs in `Live(head)`, and what `B` counts: at most the stated peak, plus what is being dropped at this
//! instant, for which a grant waits.
//!
//! **Deferred.** A task that was claimed and finds no room waits in a heap by rank; its worker looks elsewhere. Room comes
//! by three events: bytes go back to the ledger, a premature task's bytes leave `B`, the head moves. Each is followed by
//! a look at `waiting`, and by a ring where it is set; who defers sets `waiting` first and looks once more before it
//! sleeps (with the bell's epoch read before that look). In the total order of these `SeqCst` operations either the event
//! comes before the look, which then sees it, or `waiting` comes before the event's look, which then rings. The least
//! deferred task is tried first. No roots are begun while one waits, but the head itself.
//!
//! **No deadlock.** The head is ready, running, or waits here; while it waits, all that is charged beyond its own need is
//! `Live(head)`, `B`, or being dropped; the last goes by itself, so the head is granted in the end.
//!
//! **End.** All tasks done, or the first failure. Workers hold an `Arc` of the run while they look for its tasks; the
//! last to let go ends it, when nobody has anything of it in hand.
//!
//! Runs that do not fit, whose sizes are estimates, or that share the session with others are
//! [`Core`](super::core::Core)'s.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use smallvec::SmallVec;

use super::head::Head;
use super::job::{Failure, Made};
use super::outcome::{Announce, Keep};
use super::plan::{Budget, Roles, inputs, output_bytes};
use super::run::{NewRun, Place, needed_by};
use super::word::{OUTPUT, WORKSPACE, Word};
use crate::chunk::{Charge, Chunk};
use crate::error::Error;
use crate::graph::{Graph, Order, TaskId, Work};
use crate::memory::{Ledger, SlotId};

/// The places of tasks that a finished one has made ready, the most urgent last.
pub(super) type ReadyPlaces = SmallVec<[Place; 4]>;

/// A task's output, while anybody needs it.
#[derive(Debug, Default)]
struct Output {
    chunk: Option<Chunk>,
    /// For values whose memory carries no charge of its own.
    charge: Option<Charge>,
    /// The bytes that it frees when it is encoded, where that was measured: of what the session is to keep.
    encoded: Option<u64>,
    /// Readers that are not done.
    readers: u32,
}

/// What the tables of an ample run take per task.
pub(super) const TABLES_PER_TASK: usize = size_of::<Word>() + size_of::<Mutex<Output>>() + size_of::<u32>() + 1;

/// A run under way.
#[derive(Debug)]
pub(super) struct Ample {
    pub(super) id: u32,
    pub(super) graph: Arc<Graph>,
    pub(super) order: Order,
    pub(super) roles: Roles,
    pub(super) budget: Budget,
    pub(super) wanted: Vec<TaskId>,
    pub(super) keep: Keep,
    pub(super) announce: Arc<Announce>,
    /// Chunks that the session holds, pinned until the end.
    pub(super) pinned: Vec<(TaskId, SlotId)>,
    ledger: Arc<Ledger>,
    words: Box<[Word]>,
    outputs: Box<[Mutex<Output>]>,
    head: Head,
    premature: AtomicU64,
    /// Tasks without inputs, in order, and the next one to be begun.
    roots: Vec<u32>,
    next_root: AtomicUsize,
    deferred: Mutex<BinaryHeap<Reverse<u32>>>,
    /// Whether a task is deferred: for the ledger's hook too.
    waiting: Arc<AtomicBool>,
    stopped: AtomicBool,
    failure: Mutex<Option<Error>>,
}

/// What a finished task leaves to be done.
#[derive(Debug, Default)]
pub(super) struct After {
    pub(super) ready: ReadyPlaces,
    /// To be dropped outside of all locks, each chunk before its charge.
    pub(super) released: SmallVec<[(Option<Chunk>, Option<Charge>); 4]>,
}

impl Ample {
    /// A run of `new`, whose chunks that the session holds are `held`, pinned.
    pub(super) fn new(
        new: NewRun,
        held: Vec<(TaskId, SlotId, Chunk)>,
        ledger: Arc<Ledger>,
        waiting: Arc<AtomicBool>,
    ) -> Self {
        let graph = new.graph;
        let tasks = graph.len();
        let mut missing = graph.distinct_dependency_counts();
        let output = |task: TaskId| Output { readers: graph.dependents(task).len() as u32, ..Output::default() };
        let outputs: Box<[Mutex<Output>]> = graph.tasks().map(|task| Mutex::new(output(task))).collect();
        let head = Head::new(tasks as u32);
        let mut pinned = Vec::with_capacity(held.len());
        for (task, slot, chunk) in held {
            outputs[task.index()].lock().chunk = Some(chunk);
            pinned.push((task, slot));
            for dependent in graph.dependents(task) {
                missing[dependent.index()] -= 1;
            }
            head.finish(new.order.rank(task), |_| ());
        }
        let is_root = |task: TaskId| missing[task.index()] == 0 && matches!(graph.work(task), Work::Call(_));
        let sequence = new.order.sequence().iter().enumerate();
        let roots = sequence.filter(|&(_, &task)| is_root(task)).map(|(rank, _)| rank as u32).collect();
        Self {
            id: new.id,
            words: missing.into_iter().map(Word::new).collect(),
            outputs,
            head,
            roots,
            graph,
            order: new.order,
            roles: new.roles,
            budget: new.budget,
            wanted: new.wanted,
            keep: new.keep,
            announce: new.announce,
            pinned,
            ledger,
            premature: AtomicU64::new(0),
            next_root: AtomicUsize::new(0),
            deferred: Mutex::default(),
            waiting,
            stopped: AtomicBool::new(false),
            failure: Mutex::default(),
        }
    }

    /// Whether no task of it will be begun any more.
    pub(super) fn is_over(&self) -> bool {
        self.stopped.load(Ordering::SeqCst) || self.head.is_at_end()
    }

    /// Stops it with `error`, unless it has failed before.
    pub(super) fn fail(&self, error: Error) {
        self.failure.lock().get_or_insert(error);
        self.stopped.store(true, Ordering::SeqCst);
    }

    pub(super) fn take_failure(&self) -> Option<Error> {
        self.failure.lock().take()
    }

    /// Bytes that granting `task` charges.
    pub(super) fn need(&self, task: TaskId) -> u64 {
        output_bytes(&self.graph, task).saturating_add(self.graph.cost(task).workspace)
    }

    /// A task for a worker: the least deferred, the one of `hint`, else the next root where it `may_begin` one. A root that
    /// comes before the hint in the order is begun first: what is made too early fills the premature budget, and then
    /// keeps back the roots themselves. Where another task comes first, the hint is given back.
    pub(super) fn find(
        &self,
        hint: Option<Place>,
        may_begin: bool,
        cap: u64,
        give_back: impl FnOnce(Place),
    ) -> Option<TaskId> {
        let early = |hint: Place| self.next_root_rank().is_some_and(|root| root < hint.rank());
        let first =
            self.claim_deferred(cap).or_else(|| if hint.is_some_and(early) { self.claim_root(cap) } else { None });
        if first.is_some() {
            hint.map(give_back);
            return first;
        }
        let claimed = hint.and_then(|hint| self.claim(hint.rank(), cap));
        let root = || if may_begin { self.claim_root(cap) } else { None };
        // What was deferred just now is tried once more, after `waiting` has been set.
        claimed.or_else(root).or_else(|| self.claim_deferred(cap))
    }

    /// Claims the task at `rank` and takes its bytes; `None` where another has it, or it has to wait. `cap` is what the
    /// ledger may hold.
    fn claim(&self, rank: u32, cap: u64) -> Option<TaskId> {
        let task = self.order.sequence()[rank as usize];
        if !self.words[task.index()].claim() {
            return None;
        }
        if self.grant(rank, task, cap) {
            return Some(task);
        }
        if self.announce.is_observed() {
            // Before another worker can begin it.
            self.announce.tell_queued(&self.graph, task);
        }
        let mut deferred = self.deferred.lock();
        deferred.push(Reverse(rank));
        // Under the lock, as where it is unset: else a set flag could be left on an empty heap, and roots kept back.
        self.waiting.store(true, Ordering::SeqCst);
        None
    }

    /// The least deferred task, if there is room for it now.
    fn claim_deferred(&self, cap: u64) -> Option<TaskId> {
        if !self.waiting.load(Ordering::SeqCst) {
            return None;
        }
        let mut deferred = self.deferred.lock();
        let &Reverse(rank) = deferred.peek()?;
        let task = self.order.sequence()[rank as usize];
        if !self.grant(rank, task, cap) {
            return None;
        }
        deferred.pop();
        self.waiting.store(!deferred.is_empty(), Ordering::SeqCst);
        Some(task)
    }

    fn next_root_rank(&self) -> Option<u32> {
        self.roots.get(self.next_root.load(Ordering::SeqCst)).copied()
    }

    /// The next root. While a task waits for room, the head alone.
    fn claim_root(&self, cap: u64) -> Option<TaskId> {
        loop {
            let next = self.next_root.load(Ordering::SeqCst);
            let &rank = self.roots.get(next)?;
            if self.waiting.load(Ordering::SeqCst) && rank != self.head.rank() {
                return None;
            }
            let taken = self.next_root.compare_exchange(next, next + 1, Ordering::SeqCst, Ordering::SeqCst);
            if taken.is_ok()
                && let Some(task) = self.claim(rank, cap)
            {
                return Some(task);
            }
        }
    }

    fn grant(&self, rank: u32, task: TaskId, cap: u64) -> bool {
        let need = self.need(task);
        let counted = self.head.rank() != rank;
        if counted {
            let fits = |premature: u64| premature.checked_add(need).filter(|&sum| sum <= self.budget.premature);
            if self.premature.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits).is_err() {
                return false;
            }
            self.words[task.index()].count();
            // The head may have come here before the word said that there is something to discount.
            if self.head.rank() >= rank {
                self.discount(task, OUTPUT | WORKSPACE);
            }
        }
        let charged = self.ledger.try_charge_within(need, cap);
        if !charged && counted {
            self.discount(task, OUTPUT | WORKSPACE);
        }
        charged
    }

    /// Takes parts of a task's bytes out of the premature budget, if they are in it.
    fn discount(&self, task: TaskId, parts: u32) {
        let parts = self.words[task.index()].discount(parts);
        if parts == 0 {
            return;
        }
        let output = if parts & OUTPUT == 0 { 0 } else { output_bytes(&self.graph, task) };
        let workspace = if parts & WORKSPACE == 0 { 0 } else { self.graph.cost(task).workspace };
        self.premature.fetch_sub(output + workspace, Ordering::SeqCst);
    }

    /// The inputs of a granted task, as its function expects them.
    pub(super) fn inputs(&self, task: TaskId) -> SmallVec<[Chunk; 4]> {
        // All are there until their last reader, which this task is at the earliest.
        self.graph.dependencies(task).filter_map(|input| self.outputs[input.index()].lock().chunk.clone()).collect()
    }

    /// A task has ended.
    pub(super) fn complete(&self, task: TaskId, made: Result<Made, Failure>) -> After {
        let mut after = After::default();
        match made {
            Ok(made) => self.keep(task, made, &mut after),
            Err(failure) => {
                self.fail(failure.of(&self.graph, task, needed_by(&self.graph, &self.order, task)));
            }
        }
        self.discount(task, WORKSPACE);
        if self.stopped.load(Ordering::SeqCst) {
            return after;
        }
        for input in inputs(&self.graph, task) {
            self.read(input, &mut after);
        }
        self.head.finish(self.order.rank(task), |rank| {
            self.discount(self.order.sequence()[rank as usize], OUTPUT | WORKSPACE);
        });
        for dependent in self.graph.dependents(task) {
            if self.words[dependent.index()].input_done() {
                after.ready.push(Place::new(self.id, self.order.rank(dependent)));
            }
        }
        after.ready.sort_unstable_by(|a, b| b.cmp(a));
        after
    }

    fn keep(&self, task: TaskId, made: Made, after: &mut After) {
        let mut output = self.outputs[task.index()].lock();
        if output.readers > 0 || self.roles.wanted[task.index()] {
            (output.chunk, output.charge, output.encoded) = (Some(made.chunk), made.charge, made.encoded);
            return;
        }
        drop(output);
        after.released.push((Some(made.chunk), made.charge));
        self.discount(task, OUTPUT);
    }

    /// One reader of an input less.
    fn read(&self, input: TaskId, after: &mut After) {
        let mut output = self.outputs[input.index()].lock();
        output.readers -= 1;
        if output.readers == 0 && !self.roles.wanted[input.index()] {
            after.released.push((output.chunk.take(), output.charge.take()));
            drop(output);
            self.discount(input, OUTPUT);
        }
    }

    /// Whether the session is to keep the output of `task`, and wants to know what it takes on scratch.
    pub(super) fn keeps(&self, task: TaskId) -> bool {
        self.keep == Keep::Hold && self.roles.wanted[task.index()]
    }

    pub(super) fn encoded(&self, task: TaskId) -> Option<u64> {
        self.outputs[task.index()].lock().encoded
    }

    /// What the output of `task` is charged.
    pub(super) fn output_bytes(&self, task: TaskId) -> u64 {
        output_bytes(&self.graph, task)
    }

    /// Takes the output of `task` out, at the end.
    pub(super) fn take_output(&self, task: TaskId) -> (Option<Chunk>, Option<Charge>) {
        let mut output = self.outputs[task.index()].lock();
        (output.chunk.take(), output.charge.take())
    }

    /// The output of `task`, at the end.
    pub(super) fn output(&self, task: TaskId) -> Option<Chunk> {
        self.outputs[task.index()].lock().chunk.clone()
    }
}
