//! What is known of a run: its layers, its picture, its end.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

use crate::diagnostics::picture::GraphSketch;
use crate::error::{Error, TaskInput};
use crate::graph::{Graph, Order};

/// So many layers have a line of their own; the tasks of all others share one.
const MOST_LAYERS: usize = 300;

/// More tasks than this are drawn layer by layer.
const MOST_NODES: usize = 200;

/// The line of what is left over.
const OTHERS: &str = "(other layers)";

/// What a run says when it begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promise {
    pub(crate) stated_peak: u64,
    pub(crate) floor: u64,
    pub(crate) expected_spill: u64,
}

/// A layer of a run.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) name: String,
    /// The tasks that it has.
    pub(crate) tasks: u64,
}

/// A run.
#[derive(Debug)]
pub(crate) struct RunInfo {
    pub(crate) number: u32,
    pub(crate) started: Duration,
    pub(crate) tasks: usize,
    pub(crate) promise: Promise,
    pub(crate) layers: Vec<Layer>,
    numbers: HashMap<Box<str>, u32>,
    /// The number of the line of what is left over.
    others: Option<u32>,
    /// Its picture, of the first runs.
    pub(crate) sketch: Option<GraphSketch>,
    pub(super) end: Mutex<Option<End>>,
}

/// How a run ended, and when.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) at: Duration,
    pub(crate) failure: Option<Failure>,
}

/// Why a run failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// The task that failed, if one did.
    pub(crate) task: Option<String>,
    pub(crate) inputs: Vec<TaskInput>,
    pub(crate) input_count: usize,
    /// Nearest first.
    pub(crate) needed_by: Vec<String>,
}

impl Failure {
    pub(super) fn of(error: &Error) -> Self {
        let mut failure =
            Self { message: error.to_string(), task: None, inputs: Vec::new(), input_count: 0, needed_by: Vec::new() };
        if let Error::Task { key, inputs, input_count, needed_by, .. }
        | Error::Panic { key, inputs, input_count, needed_by, .. } = error
        {
            failure.task = Some(key.clone());
            (failure.inputs, failure.input_count) = (inputs.clone(), *input_count);
            failure.needed_by.clone_from(needed_by);
            failure.message = match error {
                Error::Task { source, .. } => source.to_string(),
                Error::Panic { message, .. } => format!("panicked: {message}"),
                other => other.to_string(),
            };
        }
        failure
    }
}

impl RunInfo {
    pub(super) fn new(number: u32, started: Duration, graph: &Graph, promise: Promise) -> Self {
        let mut run = Self {
            number,
            started,
            tasks: graph.len(),
            promise,
            layers: Vec::new(),
            numbers: HashMap::new(),
            others: None,
            sketch: None,
            end: Mutex::default(),
        };
        // Tasks of a layer stand beside each other.
        let mut last: Option<(&str, u32)> = None;
        for task in graph.tasks() {
            let name = graph.key(task).name();
            let number = match last {
                Some((known, number)) if known == name => number,
                _ => run.enter(name),
            };
            last = Some((name, number));
            run.layers[number as usize].tasks += 1;
        }
        run
    }

    /// With its picture.
    pub(super) fn drawn(mut self, graph: &Graph, order: &Order) -> Self {
        self.sketch = Some(GraphSketch::new(graph, order, MOST_NODES));
        self
    }

    fn enter(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let next = self.layers.len() as u32;
        if let Some(others) = self.others {
            return others;
        }
        let full = self.layers.len() + 1 == MOST_LAYERS;
        if full {
            self.others = Some(next);
        } else {
            self.numbers.insert(name.into(), next);
        }
        self.layers.push(Layer { name: if full { OTHERS } else { name }.to_owned(), tasks: 0 });
        next
    }

    /// The number of the layer `name`, and whether that has a line of its own.
    pub(super) fn layer(&self, name: &str) -> (u32, bool) {
        match (self.numbers.get(name), self.others) {
            (Some(&number), _) => (number, true),
            (None, others) => (others.unwrap_or(0), false),
        }
    }

    /// How it ended, if it has.
    pub(crate) fn end(&self) -> Option<End> {
        self.end.lock().clone()
    }
}
