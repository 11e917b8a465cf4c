//! What scheduling a task costs: graphs of a million trivial tasks with charged outputs, the ledger and an observer on.
//!
//! `cargo bench --bench dispatch [-- TASKS]` prints, for each shape of graph and number of threads, the median
//! nanoseconds a task, beside the cost of an empty `rayon::spawn` in the same run; and, with the preparation of the graph,
//! what a run without observers takes, and how many times as long one is with an observer that counts, with one that
//! ignores all it is told, and with none once more. These take turns: the ratios are medians of those of each round, and
//! the last is what 1 may look like.

#![allow(clippy::unwrap_used, reason = "a benchmark that can't run should stop")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use thermocline::chunk::{Charge, Chunk, Encoded, Value};
use thermocline::graph::{Graph, Key, Size, Task, TaskContext};
use thermocline::{Event, Observer, Session};

const RUNS: usize = 5;
const OUTPUT: u64 = 64;

/// A value that is charged for a cache line and has nothing in it.
struct Line(#[expect(dead_code, reason = "held for the ledger")] Charge);

impl Value for Line {
    fn unmetered_bytes(&self) -> u64 {
        0
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        None
    }
}

/// Counts tasks, and takes the time from a run's admission to its end.
#[derive(Debug, Default)]
struct Watch {
    tasks: AtomicU64,
    started: Mutex<Option<Instant>>,
    seconds: Mutex<f64>,
}

impl Observer for Watch {
    fn on_event(&self, event: &Event<'_>) {
        match event {
            Event::RunStarted { .. } => *self.started.lock().unwrap() = Some(Instant::now()),
            Event::TaskFinished { .. } => drop(self.tasks.fetch_add(1, Ordering::Relaxed)),
            Event::RunFinished { .. } => {
                let started = self.started.lock().unwrap().take().unwrap();
                *self.seconds.lock().unwrap() = started.elapsed().as_secs_f64();
            }
            _ => {}
        }
    }
}

/// What telling costs by itself.
#[derive(Debug)]
struct Ignore;

impl Observer for Ignore {
    fn on_event(&self, _: &Event<'_>) {}
}

fn key(at: usize) -> Key {
    Key::indexed("t", [at as u32])
}

fn graph(tasks: usize, needs: impl Fn(usize) -> Vec<usize>) -> Graph {
    let name: Arc<str> = "t".into();
    let run: thermocline::graph::TaskFn =
        Arc::new(|context: &TaskContext<'_>, _: &[Chunk]| Ok(Chunk::new(Line(context.allocator().reserve(OUTPUT)?))));
    let task = |at: usize| {
        let needs = needs(at).into_iter().map(|need| Key::indexed(name.clone(), [need as u32]));
        Task::new(Key::indexed(name.clone(), [at as u32]), needs, run.clone()).output(Size::Exact(OUTPUT))
    };
    Graph::new((0..tasks).map(task)).unwrap()
}

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn shapes(tasks: usize) -> Vec<(&'static str, Graph, Vec<Key>)> {
    // A tree of two children, leaves last; and a graph in which each task needs up to three of the hundred before it.
    let tree = |at: usize| [2 * at + 1, 2 * at + 2].into_iter().filter(|&child| child < tasks).collect();
    let recent = |at: usize| -> Vec<usize> {
        let mut state = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let count = if at == 0 { 0 } else { random(&mut state) % 4 };
        (0..count).map(|_| at - 1 - random(&mut state) as usize % at.min(100)).collect()
    };
    let mut read = vec![false; tasks];
    (0..tasks).flat_map(recent).for_each(|need| read[need] = true);
    let sinks = (0..tasks).filter(|&at| !read[at]).map(key).collect();
    vec![
        ("wide", graph(tasks, |_| Vec::new()), (0..tasks).map(key).collect()),
        ("chain", graph(tasks, |at| at.checked_sub(1).into_iter().collect()), vec![key(tasks - 1)]),
        ("tree", graph(tasks, tree), vec![key(0)]),
        ("random", graph(tasks, recent), sinks),
    ]
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn rayon_spawn(tasks: usize, threads: usize) -> f64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let once = || {
        let start = Instant::now();
        pool.scope(|scope| (0..tasks).for_each(|_| scope.spawn(|_| ())));
        start.elapsed().as_secs_f64()
    };
    median((0..RUNS).map(|_| once()).collect())
}

fn session(threads: usize, observer: Option<Arc<dyn Observer>>) -> Session {
    let builder = Session::builder().memory_limit("8GiB".parse().unwrap()).threads(threads);
    observer.into_iter().fold(builder, thermocline::Builder::observer).build().unwrap()
}

/// Nanoseconds a task inside of a run that is counted, and with the preparation of the graph of one that nobody watches;
/// how many times as long the others are.
fn measure(threads: usize, graph: &Graph, wanted: &[Key]) -> (f64, f64, [f64; 3]) {
    let watch = Arc::new(Watch::default());
    let unwatched = session(threads, None);
    let others =
        [session(threads, Some(watch.clone())), session(threads, Some(Arc::new(Ignore))), session(threads, None)];
    let timed = |session: &Session| {
        let start = Instant::now();
        drop(session.run(graph, wanted).unwrap());
        start.elapsed().as_secs_f64()
    };
    let (mut inside, mut alone, mut ratios) = (Vec::new(), Vec::new(), [(); 3].map(|()| Vec::new()));
    // The first round is for nothing: it finds memory that no other had.
    for round in 0..=RUNS {
        let own = timed(&unwatched);
        let seconds = others.each_ref().map(timed);
        if round > 0 {
            alone.push(own);
            inside.push(*watch.seconds.lock().unwrap());
            ratios.iter_mut().zip(seconds).for_each(|(ratios, seconds)| ratios.push(seconds / own));
        }
    }
    assert_eq!(watch.tasks.load(Ordering::Relaxed), ((RUNS + 1) * graph.len()) as u64);
    (median(inside), median(alone), ratios.map(median))
}

fn main() {
    // Cargo passes --bench; a number is ours.
    let tasks = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    println!("{tasks} tasks, median of {RUNS}; nanoseconds a task");
    let shapes = shapes(tasks);
    for threads in [1, 2, 64] {
        let reference = rayon_spawn(tasks, threads);
        let per_task = |seconds: f64| seconds * 1e9 / tasks as f64;
        println!("{threads:>3} threads  rayon  {:>7.0}", per_task(reference));
        for (name, graph, wanted) in &shapes {
            let (inside, alone, [counted, ignored, again]) = measure(threads, graph, wanted);
            println!(
                "{threads:>3} threads  {name:<6} {:>7.0}  {:>5.1} x rayon, unobserved with preparation {:>7.0}; times that: \
                 counted {counted:.3}, ignored {ignored:.3}, unobserved again {again:.3}",
                per_task(inside),
                inside / reference,
                per_task(alone)
            );
        }
    }
}
