use std::sync::Arc;

use super::*;
use crate::chunk::Chunk;
use crate::graph::build::tests::graph_of;
use crate::graph::{Key, Size, Task, TaskFn};

fn assert_topological(graph: &Graph, order: &Order) {
    assert_eq!(order.sequence().len(), graph.len());
    for (place, &task) in order.sequence().iter().enumerate() {
        assert_eq!(order.rank(task) as usize, place);
        assert!(graph.dependencies(task).all(|need| order.rank(need) < order.rank(task)));
    }
}

/// The most outputs held at once, each from its task until its last reader has run.
fn pressure(graph: &Graph, order: &Order) -> usize {
    let mut readers: Vec<usize> = graph.tasks().map(|task| graph.dependents(task).len()).collect();
    let (mut held, mut most) = (0_usize, 0);
    for &task in order.sequence() {
        most = most.max(held);
        let mut needs: Vec<TaskId> = graph.dependencies(task).collect();
        needs.sort_unstable();
        needs.dedup();
        for need in needs {
            readers[need.index()] -= 1;
            held -= usize::from(readers[need.index()] == 0);
        }
        held += usize::from(readers[task.index()] > 0);
    }
    most
}

fn noop() -> TaskFn {
    Arc::new(|_, _| Ok(Chunk::new(())))
}

/// `n` loads, each read by `per` folds, and each fold's results added up in a chain.
fn folds(loads: u32, per: u32) -> Graph {
    let mut tasks = Vec::new();
    for load in 0..loads {
        tasks.push(Task::new(Key::indexed("load", [load]), [], noop()).output(Size::Exact(100_000)));
        for fold in 0..per {
            let mut needs = vec![Key::indexed("load", [load])];
            if load > 0 {
                needs.push(Key::indexed("fold", [load - 1, fold]));
            }
            tasks.push(Task::new(Key::indexed("fold", [load, fold]), needs, noop()).output(Size::Exact(1)));
        }
    }
    Graph::new(tasks).unwrap()
}

#[test]
fn a_chunk_is_read_by_all_its_readers_while_it_is_there() {
    let graph = folds(50, 3);
    let order = graph.order();
    assert_topological(&graph, &order);
    assert!(pressure(&graph, &order) <= 5, "{}", pressure(&graph, &order));
}

#[test]
fn a_binary_tree_holds_one_chunk_a_level() {
    let mut needs: Vec<Vec<u32>> = vec![Vec::new(); 1024];
    let mut level: Vec<u32> = (0..1024).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| {
                needs.push(pair.to_vec());
                needs.len() as u32 - 1
            })
            .collect();
    }
    let lists: Vec<&[u32]> = needs.iter().map(Vec::as_slice).collect();
    let graph = graph_of(&lists, 1).unwrap();
    let order = graph.order();
    assert_topological(&graph, &order);
    assert_eq!(pressure(&graph, &order), 11);
}

/// A branch that takes much and leaves little runs before one that leaves much.
#[test]
fn bytes_decide_where_they_are_known() {
    let task = |name: &str, needs: &[&str], bytes| {
        Task::new(name, needs.iter().map(|&need| Key::new(need)), noop()).output(Size::Exact(bytes))
    };
    let graph = Graph::new([
        task("small", &[], 10 << 20),
        task("large", &[], 100 << 20),
        task("fold", &["large"], 64),
        task("join", &["small", "fold"], 64),
    ])
    .unwrap();
    let order = graph.order();
    let rank = |name: &str| order.rank(graph.find(&Key::new(name)).unwrap());
    assert!(rank("fold") < rank("small"));
}

/// Who reads the parts first would like to have them one by one; but each keeps the whole as long as others aren't taken.
#[test]
fn parts_follow_what_they_are_of() {
    let (wholes, parts) = (12, 9);
    let mut tasks = Vec::new();
    for whole in 0..wholes {
        tasks.push(Task::new(Key::indexed("whole", [whole]), [], noop()).output(Size::Exact(9_000_000)));
        for part in 0..parts {
            let task = Task::new(Key::indexed("part", [whole, part]), [Key::indexed("whole", [whole])], noop());
            tasks.push(task.output(Size::Exact(1_000_000)).at_once());
        }
    }
    for part in 0..parts {
        let needs = (0..wholes).map(|whole| Key::indexed("part", [whole, part]));
        tasks.push(Task::new(Key::indexed("gathered", [part]), needs, noop()).output(Size::Exact(64)));
    }
    let graph = Graph::new(tasks).unwrap();
    let order = graph.order();
    assert_topological(&graph, &order);
    let rank =
        |name: &'static str, index: &[u32]| order.rank(graph.find(&Key::indexed(name, index.iter().copied())).unwrap());
    for whole in 0..wholes {
        let places: Vec<u32> = (0..parts).map(|part| rank("part", &[whole, part]) - rank("whole", &[whole])).collect();
        assert_eq!(places, (1..=parts).collect::<Vec<_>>());
    }
}
