//! Observers are told of everything that happens, in an order that makes sense, by name.

use std::sync::{Arc, Mutex};

use thermocline::chunk::{Block, Chunk, charge};
use thermocline::graph::{Graph, Key, Size, Task, TaskContext};
use thermocline::{Error, Event, Observer, Session};

use crate::pressure::passes;
use crate::support::{builder, session, word_task};

/// Writes down what it is told, a line each.
#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

impl Observer for Log {
    fn on_event(&self, event: &Event<'_>) {
        let line = match event {
            Event::SessionStarted { config, .. } => format!("session of {}", config.threads()),
            Event::RunStarted { run, graph, order, stated_peak, floor, .. } => {
                assert_eq!(order.sequence().len(), graph.len());
                assert!(floor <= stated_peak);
                format!("{run} of {}", graph.len())
            }
            Event::TaskQueued { run, id, task } => format!("{run} queued {task} {}", id.index()),
            Event::TaskStarted { run, id, task, worker } => format!("{run} started {task} {} on {worker}", id.index()),
            Event::TaskFinished { run, task, bytes, ok, .. } => format!("{run} finished {task} {bytes} {ok}"),
            Event::Spilled { run, task, bytes, .. } => format!("{run} spilled {task} {bytes}"),
            Event::Reloaded { run, task, reader, bytes, .. } => format!("{run} reloaded {task} for {reader} {bytes}"),
            Event::RunFinished { run, error } => format!("{run} ended {}", error.is_none()),
            Event::SessionFinished => "over".to_owned(),
            _ => return,
        };
        self.0.lock().unwrap().push(line);
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn having(&self, word: &str) -> Vec<String> {
        self.lines().into_iter().filter(|line| line.contains(word)).collect()
    }
}

/// Panics at whatever it is told.
struct Panicking;

impl Observer for Panicking {
    fn on_event(&self, _event: &Event<'_>) {
        panic!("not again");
    }
}

#[test]
fn a_session_and_its_runs_are_told_from_first_to_last() {
    let (log, second) = (Arc::new(Log::default()), Arc::new(Log::default()));
    let builder = Session::builder().memory_limit("64MiB".parse().unwrap()).threads(1);
    let observers: [Arc<dyn Observer>; 3] = [log.clone(), Arc::new(Panicking), second.clone()];
    let session = observers.into_iter().fold(builder, thermocline::Builder::observer).build().unwrap();
    let chain = |names: [&'static str; 2]| {
        let a = word_task(Key::new(names[0]), Vec::new(), 1, 8, 0);
        let b = word_task(Key::new(names[1]), vec![Key::new(names[0])], 2, 8, 0);
        Graph::new([a, b]).unwrap()
    };
    session.run(&chain(["a", "b"]), &[Key::new("b")]).unwrap();
    session.run(&chain(["c", "d"]), &[Key::new("d")]).unwrap();
    drop(session);
    let run = |number: u32, [a, b]: [&str; 2]| {
        let task = |name: &str, id: usize| {
            [format!("run {number} started {name} {id} on 0"), format!("run {number} finished {name} 64 true")]
        };
        let mut lines = vec![format!("run {number} of 2")];
        lines.extend(task(a, 0));
        lines.extend(task(b, 1));
        lines.push(format!("run {number} ended true"));
        lines
    };
    let mut expected = vec!["session of 1".to_owned()];
    expected.extend(run(1, ["a", "b"]));
    expected.extend(run(2, ["c", "d"]));
    expected.push("over".to_owned());
    assert_eq!(log.lines(), expected);
    assert_eq!(second.lines(), expected);
}

/// A session of two workers with half of what `graph` would take.
fn pressed(graph: &Graph, wanted: &[Key], log: &Arc<Log>) -> (tempfile::TempDir, Session) {
    let plan = session(1 << 32, 2).1.plan_graph(graph, wanted).unwrap();
    let limit = u64::midpoint(plan.floor().bytes(), plan.working_set().bytes());
    let (folder, builder) = builder();
    let limit = limit.to_string().parse().unwrap();
    (folder, builder.memory_limit(limit).threads(2).observer(log.clone()).build().unwrap())
}

#[test]
fn spills_and_reloads_are_told_by_name() {
    let (graph, wanted) = passes(20, 2);
    let log = Arc::new(Log::default());
    let (_folder, session) = pressed(&graph, &wanted, &log);
    drop(session.run(&graph, &wanted).unwrap());
    let stats = session.stats();
    let sum = |lines: &[String]| -> u64 {
        lines.iter().map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    };
    let (spilled, reloaded) = (log.having("spilled"), log.having("reloaded"));
    assert!(stats.spilled_bytes > 0 && stats.reloaded_bytes > 0, "{stats:?}");
    assert_eq!((sum(&spilled), sum(&reloaded)), (stats.spilled_bytes, stats.reloaded_bytes));
    for line in &spilled {
        assert!(line.starts_with("run 1 spilled x(") || line.starts_with("run 1 spilled pass("), "{line}");
    }
    for line in &reloaded {
        assert!(line.contains(" for pass("), "{line}");
    }
}

#[test]
fn a_task_that_waits_for_memory_is_told_and_starts_once() {
    let (graph, wanted) = passes(20, 2);
    let log = Arc::new(Log::default());
    let (_folder, session) = pressed(&graph, &wanted, &log);
    drop(session.run(&graph, &wanted).unwrap());
    let queued = log.having("queued");
    assert!(!queued.is_empty());
    for line in &queued {
        let task = line.strip_prefix("run 1 queued ").unwrap();
        assert_eq!(log.having(&format!("started {task} on")).len(), 1, "{line}");
    }
    assert_eq!(log.having("started").len(), graph.len());
}

#[test]
fn a_failed_task_tells_what_it_was_given_and_what_needed_it() {
    // Sizes that are estimates take the other way through the scheduler: both tell the same.
    for size in [Size::Exact(charge(160)), Size::Estimated(charge(160))] {
        let log = Arc::new(Log::default());
        let builder = Session::builder().memory_limit("64MiB".parse().unwrap()).threads(1);
        let session = builder.observer(log.clone()).build().unwrap();
        let load = |at: u32| {
            let run = |context: &TaskContext<'_>, _: &[Chunk]| Ok(Chunk::new(context.block::<f64>(&[4, 5])?.freeze()));
            Task::new(Key::indexed("load", [at]), [], Arc::new(run)).output(size)
        };
        let needs = (0..5).map(|at| Key::indexed("load", [at]));
        let bad = Task::new(
            "bad",
            needs,
            Arc::new(|_, inputs| {
                inputs[0].get::<Block<f32>>()?;
                Ok(Chunk::new(()))
            }),
        );
        let top = Task::new("top", [Key::new("bad")], Arc::new(|_, _| Ok(Chunk::new(()))));
        let graph = Graph::new((0..5).map(load).chain([bad, top])).unwrap();
        let error = session.run(&graph, &[Key::new("top")]).unwrap_err();
        let Error::Task { key, inputs, input_count, needed_by, .. } = &error else { panic!("{error}") };
        assert_eq!((key.as_str(), inputs.len(), *input_count, needed_by.join(" ")), ("bad", 5, 5, "top".to_owned()));
        assert_eq!(inputs[4].to_string(), "load(4): float64 [4, 5], 160 B");
        let start = "task bad failed (of load(0): float64 [4, 5], 160 B; load(1): float64 [4, 5], 160 B; \
                     load(2): float64 [4, 5], 160 B, and 2 more; needed by top): ";
        assert!(error.to_string().starts_with(start), "{error}");
        assert_eq!(log.having("ended"), ["run 1 ended false"]);
        assert_eq!(log.having("finished bad"), ["run 1 finished bad 0 false"]);
    }
}
