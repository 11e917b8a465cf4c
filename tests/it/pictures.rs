//! Pictures of graphs: of any size, of any names.

use std::sync::Arc;

use thermocline::chunk::Chunk;
use thermocline::diagnostics::picture::{ColourBy, Picture};
use thermocline::graph::{Graph, Key, Size, Task};

/// Names that mean something in the languages of pictures.
const HOSTILE: [&str; 5] = ["<script>alert(1)</script>", "\"];\nn0 -> n1 [label=\"", "a\\", "&amp;", "]]>\u{1b}\0"];

fn graph(keys: &[&str]) -> Graph {
    let task = |at: usize| {
        let needs = at.checked_sub(1).map(|before| Key::new(keys[before]));
        Task::new(keys[at], needs, Arc::new(|_, _| Ok(Chunk::new(())))).output(Size::Exact(64 * at as u64))
    };
    Graph::new((0..keys.len()).map(task)).unwrap()
}

/// So many loads, and a tree of sums over them.
fn tree(leaves: u32) -> Graph {
    let key = |name: &str, at| Key::indexed(name, [at]);
    let task = |key: Key, needs: Vec<Key>| Task::new(key, needs, Arc::new(|_, _| Ok(Chunk::new(()))));
    let loads = (0..leaves).map(|at| task(key("load-1", at), Vec::new()));
    let sums = (0..leaves - 1).map(|at| {
        // As in a heap: the sums' children are sums, then loads.
        let child = |at: u32| if at < leaves - 1 { key("sum-2", at) } else { key("load-1", at + 1 - leaves) };
        task(key("sum-2", at), vec![child(2 * at + 1), child(2 * at + 2)])
    });
    Graph::new(loads.chain(sums)).unwrap()
}

#[test]
fn dot_names_each_task_and_each_need_once() {
    let dot = Picture::of(&tree(4)).dot();
    assert_eq!(dot.matches(" -> ").count(), 6);
    assert_eq!(dot.matches("fillcolor").count(), 7);
    assert!(dot.contains("label=\"load-1(0)\""), "{dot}");
    let collapsed = Picture::of(&tree(200)).dot();
    assert!(
        collapsed.contains("label=\"load-1\\n200 tasks\"") && collapsed.matches("fillcolor").count() == 2,
        "{collapsed}"
    );
}

#[test]
fn colours_say_what_is_asked() {
    let graph = graph(&["a", "b", "c"]);
    let of = |by| {
        let dot = Picture::of(&graph).colour(by).dot();
        let fills = dot.split("fillcolor=\"").skip(1).map(|rest| rest[..7].to_owned());
        fills.collect::<Vec<_>>()
    };
    // The ends of the scale: 0 of 2 places, 0 of 128 bytes.
    assert_eq!((of(ColourBy::Order)[0].as_str(), of(ColourBy::Order)[2].as_str()), ("#440154", "#fde725"));
    assert_eq!(of(ColourBy::Size), of(ColourBy::Order));
    assert_eq!(of(ColourBy::Age), ["#fde725", "#fde725", "#440154"]);
    let layers = of(ColourBy::Layer);
    assert!(layers[0] != layers[1] && layers[1] != layers[2], "{layers:?}");
}

#[test]
fn hostile_names_stay_names_in_dot() {
    let dot = Picture::of(&graph(&HOSTILE)).dot();
    // A line a node, a line a need, and three around them: no name has begun a new one.
    assert_eq!(dot.lines().count(), 5 + 4 + 3, "{dot}");
    for line in dot.lines().filter(|line| line.contains("label")) {
        let mut quotes = 0;
        let mut escaped = false;
        for c in line.chars() {
            quotes += usize::from(c == '"' && !escaped);
            escaped = c == '\\' && !escaped;
        }
        // Label, tooltip, colour; the font's name in the first.
        assert!(quotes == 6 && !line.chars().any(char::is_control), "{line}");
    }
}

#[cfg(feature = "picture")]
#[test]
fn svg_is_well_formed_whatever_the_names() {
    for by in [ColourBy::Order, ColourBy::Layer, ColourBy::Size, ColourBy::Age] {
        let svg = Picture::of(&graph(&HOSTILE)).colour(by).svg();
        let elements = crate::markup::elements(&svg);
        assert!(!elements.contains(&"script".to_owned()), "{svg}");
        assert_eq!(elements.iter().filter(|name| *name == "path").count(), 4);
        assert!(svg.contains("&lt;script&gt;alert(1)"), "{svg}");
        assert!(!svg.contains(|c: char| c.is_control() && c != '\n'), "{svg:?}");
    }
}

#[cfg(feature = "picture")]
#[test]
fn large_graphs_are_drawn_layer_by_layer() {
    let svg = Picture::of(&tree(50_000)).svg();
    assert!(svg.contains("load-1 × 50000") && svg.contains("99999 tasks in 2 groups"), "{svg}");
    let tasks = Picture::of(&tree(60)).svg();
    assert_eq!(tasks.matches("class=\"node\"").count(), 119);
    assert_eq!(Picture::of(&tree(60)).most_nodes(20).svg().matches("class=\"node\"").count(), 2);
    assert_eq!(crate::markup::elements(&Picture::of(&Graph::new([]).unwrap()).svg())[0], "svg");
}
