//! What a picture shows: tasks and what they need, or groups of tasks where there are many.

use std::collections::HashMap;

use crate::graph::{Graph, Order, TaskId};

/// A task, or a group of tasks.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    /// The number of its layer.
    pub(crate) layer: usize,
    /// How many tasks it stands for.
    pub(crate) tasks: usize,
    /// The place in the order; of a group, of its first task.
    pub(crate) rank: u32,
    /// Bytes of output.
    pub(crate) bytes: u64,
    /// For how many tasks an output stays, at most: from its own to its last reader in the order.
    pub(crate) age: u32,
}

/// The nodes of a picture, and which of them needs which.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    pub(crate) nodes: Vec<Node>,
    /// From what is needed to what needs it, with the number of such needs; in order, each pair once.
    pub(crate) edges: Vec<(u32, u32, u32)>,
    /// How many tasks there are.
    #[cfg(any(feature = "picture", test))]
    pub(crate) tasks: usize,
    /// The layers' names, in the order in which they appear.
    #[cfg(any(feature = "picture", test))]
    pub(crate) layers: Vec<String>,
}

/// The name of what is left over when there are too many groups.
const OTHERS: &str = "(others)";

impl Sketch {
    /// Of `graph`, of at most `most` nodes: tasks, else layers, else layers whose names differ in their numbers alone.
    pub(crate) fn new(graph: &Graph, order: &Order, most: usize) -> Self {
        let layers = Groups::new(graph, usize::MAX, |name| name);
        if graph.len() <= most {
            return Self::of(graph, order, layers, None);
        }
        let groups = Groups::new(graph, most, |name| name);
        let groups = if groups.left_over { Groups::new(graph, most, stem) } else { groups };
        Self::of(graph, order, layers, Some(groups))
    }

    fn of(graph: &Graph, order: &Order, layers: Groups, groups: Option<Groups>) -> Self {
        let (names, node_of) = if let Some(groups) = groups {
            (groups.names, groups.of)
        } else {
            let name = |task| graph.key(task).to_string();
            (graph.tasks().map(name).collect(), (0..graph.len() as u32).collect())
        };
        let blank = |name| Node { name, layer: usize::MAX, tasks: 0, rank: u32::MAX, bytes: 0, age: 0 };
        let mut nodes: Vec<Node> = names.into_iter().map(blank).collect();
        let mut edges: HashMap<(u32, u32), u32> = HashMap::new();
        for task in graph.tasks() {
            let own = node_of[task.index()];
            let node = &mut nodes[own as usize];
            node.layer = node.layer.min(layers.of[task.index()] as usize);
            node.tasks += 1;
            node.rank = node.rank.min(order.rank(task));
            node.bytes = node.bytes.saturating_add(graph.cost(task).output.bytes());
            node.age = node.age.max(age(graph, order, task));
            for reader in graph.dependents(task).map(|reader| node_of[reader.index()]) {
                if reader != own {
                    *edges.entry((own, reader)).or_default() += 1;
                }
            }
        }
        let mut edges: Vec<_> = edges.into_iter().map(|((from, to), needs)| (from, to, needs)).collect();
        edges.sort_unstable();
        Self {
            nodes,
            edges,
            #[cfg(any(feature = "picture", test))]
            tasks: graph.len(),
            #[cfg(any(feature = "picture", test))]
            layers: layers.names,
        }
    }

    /// Whether its nodes are groups of tasks.
    #[cfg(any(feature = "picture", test))]
    pub(crate) fn is_collapsed(&self) -> bool {
        self.nodes.len() < self.tasks
    }
}

fn age(graph: &Graph, order: &Order, task: TaskId) -> u32 {
    let last = graph.dependents(task).map(|reader| order.rank(reader)).max();
    last.map_or(0, |last| last.saturating_sub(order.rank(task)))
}

/// A name without the numbers at its end: `load` of `load-17`.
fn stem(name: &str) -> &str {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || "-_. ".contains(c));
    if stem.is_empty() { name } else { stem }
}

/// Tasks by name.
struct Groups {
    names: Vec<String>,
    /// The group of each task.
    of: Vec<u32>,
    /// Whether there were more names than there may be groups.
    left_over: bool,
}

impl Groups {
    fn new(graph: &Graph, most: usize, name: impl Fn(&str) -> &str) -> Self {
        let mut groups = Self { names: Vec::new(), of: Vec::with_capacity(graph.len()), left_over: false };
        let mut known: HashMap<&str, u32> = HashMap::new();
        for task in graph.tasks() {
            let own = name(graph.key(task).name());
            let next = groups.names.len();
            let group = match known.get(own) {
                Some(&group) => group,
                None if next + 1 < most.max(2) => {
                    groups.names.push(own.to_owned());
                    known.insert(own, next as u32);
                    next as u32
                }
                None => {
                    if !std::mem::replace(&mut groups.left_over, true) {
                        groups.names.push(OTHERS.to_owned());
                    }
                    groups.names.len() as u32 - 1
                }
            };
            groups.of.push(group);
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::chunk::Chunk;
    use crate::graph::{Key, Size, Task};

    fn task(key: Key, needs: &[Key]) -> Task {
        Task::new(key, needs.to_vec(), Arc::new(|_, _| Ok(Chunk::new(())))).output(Size::Exact(64))
    }

    /// So many loads, each with a map of it, and one sum of all.
    fn graph(blocks: u32) -> Graph {
        let key = |name: &str, at| Key::indexed(name, [at]);
        let loads = (0..blocks).map(|at| task(key("load-1", at), &[]));
        let maps = (0..blocks).map(|at| task(key("map-2", at), &[key("load-1", at)]));
        let all: Vec<Key> = (0..blocks).map(|at| key("map-2", at)).collect();
        Graph::new(loads.chain(maps).chain([task(Key::new("sum-3"), &all)])).unwrap()
    }

    #[test]
    fn small_graphs_are_shown_task_by_task() {
        let graph = graph(2);
        let sketch = Sketch::new(&graph, &graph.order(), 10);
        assert_eq!((sketch.nodes.len(), sketch.edges.len(), sketch.is_collapsed()), (5, 4, false));
        assert_eq!((sketch.nodes[1].name.as_str(), sketch.nodes[1].layer, sketch.nodes[4].layer), ("load-1(1)", 0, 2));
        assert_eq!(sketch.layers, ["load-1", "map-2", "sum-3"]);
    }

    #[test]
    fn large_graphs_are_shown_layer_by_layer() {
        let graph = graph(100);
        let sketch = Sketch::new(&graph, &graph.order(), 10);
        let names: Vec<_> = sketch.nodes.iter().map(|node| (node.name.as_str(), node.tasks, node.bytes)).collect();
        assert_eq!(names, [("load-1", 100, 6400), ("map-2", 100, 6400), ("sum-3", 1, 64)]);
        assert_eq!(sketch.edges, [(0, 1, 100), (1, 2, 100)]);
        assert!(sketch.is_collapsed() && sketch.tasks == 201);
    }

    #[test]
    fn many_layers_are_put_together_by_their_names_without_numbers() {
        let graph = Graph::new((0..50).map(|at| task(Key::new(format!("load-{at}")), &[]))).unwrap();
        let sketch = Sketch::new(&graph, &graph.order(), 10);
        assert_eq!((sketch.nodes.len(), sketch.nodes[0].name.as_str(), sketch.nodes[0].tasks), (1, "load", 50));
        let unlike = |at: u32| Key::new(format!("{}x", char::from_u32(0x4e00 + at).unwrap()));
        let graph = Graph::new((0..50).map(|at| task(unlike(at), &[]))).unwrap();
        let sketch = Sketch::new(&graph, &graph.order(), 10);
        assert_eq!((sketch.nodes.len(), sketch.nodes[9].name.as_str(), sketch.nodes[9].tasks), (10, OTHERS, 41));
    }

    #[test]
    fn an_age_is_counted_to_the_last_reader() {
        let key = Key::new;
        let chain = [task(key("a"), &[]), task(key("b"), &[key("a")]), task(key("c"), &[key("a"), key("b")])];
        let graph = Graph::new(chain).unwrap();
        let sketch = Sketch::new(&graph, &graph.order(), 10);
        assert_eq!(sketch.nodes.iter().map(|node| node.age).collect::<Vec<_>>(), [2, 1, 0]);
    }
}
