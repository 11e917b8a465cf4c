//! How many outputs an order holds: never more than Dask's order on graphs that Dask recorded, and close to the least
//! possible where that can be found by trying all.

use std::sync::Arc;

use thermocline::chunk::Chunk;
use thermocline::graph::{Graph, Key, Size, Task};

use crate::random::Random;

fn graph_of(needs: &[Vec<u32>], bytes: impl Fn(usize) -> Option<u64>) -> Graph {
    let name: Arc<str> = "t".into();
    let key = |task: u32| Key::indexed(name.clone(), [task]);
    let run: thermocline::graph::TaskFn = Arc::new(|_, _| Ok(Chunk::new(())));
    let task = |(task, needs): (usize, &Vec<u32>)| {
        let made = Task::new(key(task as u32), needs.iter().map(|&need| key(need)), run.clone());
        if let Some(bytes) = bytes(task) { made.output(Size::Exact(bytes)) } else { made }
    };
    Graph::new(needs.iter().enumerate().map(task)).unwrap()
}

fn sequence(graph: &Graph) -> Vec<usize> {
    graph.order().sequence().iter().map(|task| task.index()).collect()
}

/// The order of a graph's tasks, by number.
pub(crate) fn order_of(needs: &[Vec<u32>]) -> Vec<usize> {
    sequence(&graph_of(needs, |_| None))
}

/// The same where sizes are known.
pub(crate) fn order_of_sized(needs: &[Vec<u32>], bytes: impl Fn(usize) -> u64) -> Vec<usize> {
    sequence(&graph_of(needs, |task| Some(bytes(task))))
}

fn distinct(needs: &[Vec<u32>]) -> Vec<Vec<usize>> {
    let sorted = |list: &Vec<u32>| {
        let mut list: Vec<usize> = list.iter().map(|&need| need as usize).collect();
        list.sort_unstable();
        list.dedup();
        list
    };
    needs.iter().map(sorted).collect()
}

/// The most outputs held just before a task runs, each from its own task until its last reader has run. Checks that the
/// order is one.
pub(crate) fn pressure(needs: &[Vec<u32>], order: &[usize]) -> usize {
    let needs = distinct(needs);
    let mut left = vec![0; needs.len()];
    needs.iter().flatten().for_each(|&need| left[need] += 1);
    let mut done = vec![false; needs.len()];
    let (mut held, mut most) = (0, 0);
    for &task in order {
        most = most.max(held);
        assert!(!std::mem::replace(&mut done[task], true), "task {task} runs twice");
        held += usize::from(left[task] > 0);
        for &need in &needs[task] {
            assert!(done[need], "task {task} runs before {need}, which it needs");
            left[need] -= 1;
            held -= usize::from(left[need] == 0);
        }
    }
    assert!(done.iter().all(|&done| done));
    most
}

/// The least pressure of all orders: over all sets of tasks that may have run.
fn least_pressure(needs: &[Vec<u32>]) -> usize {
    let needs = distinct(needs);
    let above: Vec<u32> = needs.iter().map(|list| list.iter().fold(0, |set, need| set | 1 << need)).collect();
    let held = |set: u32| {
        let is_held = |task: usize| {
            set >> task & 1 == 1
                && (0..needs.len()).any(|reader| set >> reader & 1 == 0 && needs[reader].contains(&task))
        };
        (0..needs.len()).filter(|&task| is_held(task)).count()
    };
    let all = (1_u32 << needs.len()) - 1;
    let mut least = vec![usize::MAX; all as usize + 1];
    least[0] = 0;
    for set in 0..all {
        if least[set as usize] < usize::MAX {
            let most = least[set as usize].max(held(set));
            for task in (0..needs.len()).filter(|&task| set >> task & 1 == 0 && above[task] & !set == 0) {
                let next = &mut least[(set | 1 << task) as usize];
                *next = most.min(*next);
            }
        }
    }
    least[all as usize]
}

/// Each task needs some of those before it.
fn random_needs(random: &mut Random, tasks: usize) -> Vec<Vec<u32>> {
    let fan_in = 1 + random.below(4);
    let roots = 2 + random.below(5);
    let needs = |task: usize, random: &mut Random| match task {
        0 => Vec::new(),
        _ if random.one_in(roots) => Vec::new(),
        _ => (0..=random.below(fan_in)).map(|_| random.below(task) as u32).collect(),
    };
    (0..tasks).map(|task| needs(task, random)).collect()
}

/// Over 600 graphs of up to 11 tasks: the least possible on nearly all, and never more than one output above it.
#[test]
fn small_graphs_are_ordered_as_well_as_can_be() {
    let mut random = Random::new(11);
    let mut above = 0;
    for _ in 0..600 {
        let tasks = 4 + random.below(8);
        let needs = random_needs(&mut random, tasks);
        let (found, least) = (pressure(&needs, &order_of(&needs)), least_pressure(&needs));
        assert!(found <= least + 1, "{found}, not {least}, for {needs:?}");
        above += usize::from(found > least);
    }
    assert!(above <= 6, "{above} of 600 are above the least");
}

#[test]
fn the_order_depends_on_the_graph_alone() {
    let mut random = Random::new(12);
    for tasks in [5, 50, 500, 3000] {
        let needs = random_needs(&mut random, tasks);
        let order = order_of(&needs);
        pressure(&needs, &order);
        assert_eq!(order, order_of(&needs));
    }
}

#[test]
fn odd_graphs_are_ordered() {
    assert!(order_of(&[]).is_empty());
    assert_eq!(order_of(&[vec![]]), [0]);
    // One task names another twice.
    assert_eq!(order_of(&[vec![1, 1], vec![]]), [1, 0]);
    // A value that all read; a task that reads all.
    let hub: Vec<Vec<u32>> = (0..20_000).map(|task| if task == 0 { vec![] } else { vec![0] }).collect();
    assert_eq!(pressure(&hub, &order_of(&hub)), 1);
    let join: Vec<Vec<u32>> = (0..20_000).map(|task| if task == 0 { (1..20_000).collect() } else { vec![] }).collect();
    assert_eq!(pressure(&join, &order_of(&join)), 19_999);
}

#[test]
fn a_chain_of_a_million_needs_no_recursion() {
    let chain: Vec<Vec<u32>> = (0..1_000_000_u32).map(|task| task.checked_sub(1).into_iter().collect()).collect();
    assert_eq!(pressure(&chain, &order_of(&chain)), 1);
}

/// A line of the recorded graphs: name, dependencies, Dask's pressure.
fn parse(line: &str) -> (&str, Vec<Vec<u32>>, usize) {
    let after = |key: &str| &line[line.find(key).unwrap() + key.len()..];
    let name = after("\"name\":\"").split('"').next().unwrap();
    let lists = after("\"dependencies\":[[").split("]]").next().unwrap();
    let numbers = |list: &str| {
        list.split(',').map(str::trim).filter(|text| !text.is_empty()).map(|text| text.parse().unwrap()).collect()
    };
    let needs = lists.split("],[").map(numbers).collect();
    let digits = after("\"dask_max_pressure\":");
    let digits = &digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap()];
    (name, needs, digits.parse().unwrap())
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn no_recorded_graph_holds_more_than_with_dask() {
    let folder = std::path::PathBuf::from(std::env::var_os("THERMOCLINE_TEST_DATA").unwrap()).join("order");
    let mut below = Vec::new();
    let mut graphs = 0;
    for file in ["dask_order_cases.jsonl", "workload_graphs.jsonl"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        for (name, needs, dask) in text.lines().map(parse) {
            let found = pressure(&needs, &order_of(&needs));
            assert!(found <= dask, "{name}: {found} outputs, with Dask's order {dask}");
            if found < dask {
                below.push(format!("{name}: {found} for {dask}"));
            }
            graphs += 1;
        }
    }
    assert_eq!(graphs, 60);
    assert!(below.len() >= 10, "{below:#?}");
}
