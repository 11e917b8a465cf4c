//! What is known of a session while it runs: told by its events.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use thermocline::graph::{Graph, Order};
use thermocline::{Event, Gauge, Observer, RunId};

/// A layer of the present runs.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) name: String,
    pub(crate) tasks: u64,
    pub(crate) done: u64,
    /// Time in its tasks, of all workers.
    pub(crate) time: Duration,
}

/// What a worker does.
#[derive(Clone, Debug)]
pub(crate) struct Doing {
    pub(crate) task: String,
    pub(crate) since: Instant,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) gauge: Option<Gauge>,
    pub(crate) limit: u64,
    pub(crate) stated_peak: u64,
    /// Runs that have begun, and those that have ended.
    pub(crate) runs: [u32; 2],
    /// Tasks of all runs.
    pub(crate) tasks: u64,
    pub(crate) workers: Vec<Option<Doing>>,
    pub(crate) layers: Vec<Layer>,
    /// Where the layers of each run are.
    pub(super) places: HashMap<RunId, HashMap<String, usize>>,
    /// Tasks that wait for memory.
    pub(crate) waiting: u64,
    pub(super) queued: HashSet<(RunId, usize)>,
}

/// Keeps what the events tell.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Known>);

impl Watch {
    pub(crate) fn known(&self) -> Known {
        self.0.lock().clone()
    }
}

impl Observer for Watch {
    fn on_event(&self, event: &Event<'_>) {
        let mut known = self.0.lock();
        match event {
            Event::SessionStarted { config, gauge } => {
                known.gauge = Some((*gauge).clone());
                known.limit = config.memory_limit().bytes();
                known.workers = vec![None; config.threads()];
            }
            Event::RunStarted { run, graph, order, stated_peak, .. } => {
                known.stated_peak = *stated_peak;
                known.began(*run, graph, order);
            }
            Event::TaskQueued { run, id, .. } => {
                known.queued.insert((*run, id.index()));
            }
            Event::TaskStarted { run, id, task, worker } => {
                known.queued.remove(&(*run, id.index()));
                let doing = Doing { task: task.to_string(), since: Instant::now() };
                if let Some(place) = known.workers.get_mut(*worker) {
                    *place = Some(doing);
                }
            }
            Event::TaskFinished { run, id, task, worker, elapsed, .. } => {
                // Where it was told to wait after it had begun.
                known.queued.remove(&(*run, id.index()));
                if let Some(place) = known.workers.get_mut(*worker) {
                    *place = None;
                }
                let place = known.places.get(run).and_then(|layers| layers.get(task.layer)).copied();
                if let Some(layer) = place.and_then(|place| known.layers.get_mut(place)) {
                    layer.done += 1;
                    layer.time += *elapsed;
                }
            }
            Event::RunFinished { run, .. } => {
                known.runs[1] += 1;
                known.queued.retain(|(queued, _)| queued != run);
            }
            _ => {}
        }
        known.waiting = known.queued.len() as u64;
    }
}

impl Known {
    fn began(&mut self, run: RunId, graph: &Graph, order: &Order) {
        self.runs[0] += 1;
        self.tasks += graph.len() as u64;
        let places = self.places.entry(run).or_default();
        for &task in order.sequence() {
            let name = graph.key(task).name();
            let place = places.get(name).copied().unwrap_or_else(|| {
                self.layers.push(Layer { name: name.to_owned(), tasks: 0, done: 0, time: Duration::ZERO });
                places.insert(name.to_owned(), self.layers.len() - 1);
                self.layers.len() - 1
            });
            self.layers[place].tasks += 1;
        }
    }
}
