//! What ordering a graph takes: seconds a million tasks, on graphs of ten thousand, a hundred thousand and a million.
//!
//! `cargo bench --no-default-features --bench order [-- TASKS... FAMILY]` prints, for each family of graphs, the median of
//! some runs at each size, in seconds that a processor was at work, so that a busy machine does no harm; and the most
//! outputs that the order holds at once. The second line of a family is the same graph with known sizes: bytes are then
//! kept small instead of outputs. Large graphs take linear time; small ones get a bounded effort more.

#![allow(clippy::unwrap_used, reason = "a benchmark that can't run should stop")]

use std::sync::Arc;

use thermocline::chunk::Chunk;
use thermocline::graph::{Graph, Key, Size, Task, TaskFn};

#[path = "../tests/it/families.rs"]
mod families;
#[path = "../tests/it/random.rs"]
mod random;

use families::FAMILIES;

/// How often a graph is ordered: more often where that is quick.
const RUNS: usize = 3;

/// The graph of `needs`; `sized` gives each output some bytes.
fn graph(needs: &[Vec<u32>], sized: bool) -> Graph {
    let name: Arc<str> = "t".into();
    let run: TaskFn = Arc::new(|_, _| Ok(Chunk::new(())));
    let task = |(at, needs): (usize, &Vec<u32>)| {
        let needs = needs.iter().map(|&need| Key::indexed(name.clone(), [need]));
        let task = Task::new(Key::indexed(name.clone(), [at as u32]), needs, run.clone());
        if sized { task.output(Size::Exact(64 << (at % 8))).workspace(100) } else { task }
    };
    Graph::new(needs.iter().enumerate().map(task)).unwrap()
}

/// For how long this thread has been running.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn seconds(graph: &Graph) -> f64 {
    let once = || {
        let start = processor_seconds();
        std::hint::black_box(graph.order());
        processor_seconds() - start
    };
    let mut runs: Vec<f64> = (0..RUNS).map(|_| once()).collect();
    runs.sort_by(f64::total_cmp);
    runs[RUNS / 2]
}

/// The most outputs held at once, counted just before each task runs.
fn pressure(graph: &Graph) -> usize {
    let order = graph.order();
    let mut left: Vec<usize> = (0..graph.len()).map(|_| 0).collect();
    order.sequence().iter().for_each(|&task| left[task.index()] = graph.dependents(task).len());
    let (mut held, mut most) = (0_usize, 0);
    for &task in order.sequence() {
        most = most.max(held);
        held += usize::from(left[task.index()] > 0);
        for need in graph.dependencies(task) {
            left[need.index()] -= 1;
            held -= usize::from(left[need.index()] == 0);
        }
    }
    most
}

fn main() {
    // Cargo passes --bench; numbers are sizes, any other word a part of a family's name.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut sizes: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let only = words.iter().find(|word| word.parse::<usize>().is_err());
    if sizes.is_empty() {
        sizes = vec![10_000, 100_000, 1_000_000];
    }
    println!("seconds a million tasks (and outputs held), median of {RUNS}, at {sizes:?} tasks");
    for (name, family) in FAMILIES.iter().filter(|(name, _)| only.is_none_or(|only| name.contains(only.as_str()))) {
        for sized in [false, true] {
            let per_million = |&size: &usize| {
                let graph = graph(&family(size), sized);
                let per_million = seconds(&graph) * 1e6 / graph.len() as f64;
                let held = if sized { String::new() } else { format!("({})", pressure(&graph)) };
                format!("{per_million:>8.3} {held:<9}")
            };
            let figures: String = sizes.iter().map(per_million).collect();
            println!("{name:<26}{}{figures}", if sized { "bytes  " } else { "outputs" });
        }
    }
}
