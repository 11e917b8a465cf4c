//! Where the nodes of a picture are: in layers from top to bottom, few lines crossing (after Sugiyama, Tagawa and Toda).

use rust_sugiyama::configure::Config;
use rust_sugiyama::from_vertices_and_edges;

use super::sketch::Sketch;

/// Between nodes beside each other, and between parts of the graph that have nothing to do with each other.
const GAP: f64 = 14.0;

/// Between layers.
const RISE: f64 = 46.0;

/// The height of a node.
pub(super) const HEIGHT: f64 = 26.0;

/// Parts are put beside each other up to this width, or that of the widest.
const WIDTH: f64 = 1600.0;

/// A node's centre.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Where everything is.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) centres: Vec<Point>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A part of the graph: where its nodes are, from its own upper left corner on.
struct Part {
    nodes: Vec<(usize, Point)>,
    width: f64,
    height: f64,
}

/// Places nodes of so wide boxes.
pub(super) fn place(sketch: &Sketch, widths: &[f64]) -> Placed {
    let mut parts = connected(sketch, widths);
    parts.extend(alone(sketch, widths));
    let limit = parts.iter().map(|part| part.width).fold(WIDTH, f64::max);
    let mut placed = Placed { centres: vec![Point::default(); widths.len()], width: 0.0, height: 0.0 };
    // Shelf by shelf.
    let (mut left, mut top, mut bottom) = (0.0, 0.0, 0.0_f64);
    for part in parts {
        if left > 0.0 && left + part.width > limit {
            (left, top) = (0.0, bottom + RISE);
        }
        for (node, at) in part.nodes {
            placed.centres[node] = Point { x: left + at.x, y: top + at.y };
        }
        left += part.width + GAP;
        bottom = bottom.max(top + part.height);
        placed.width = placed.width.max(left - GAP);
    }
    placed.height = bottom;
    placed
}

/// The parts of nodes that need or are needed.
fn connected(sketch: &Sketch, widths: &[f64]) -> Vec<Part> {
    let edges = downwards(sketch);
    let mut linked = vec![false; widths.len()];
    for &(from, to) in &edges {
        linked[from as usize] = true;
        linked[to as usize] = true;
    }
    let numbers = (0..widths.len()).filter(|&node| linked[node]);
    // Heights are those of a layer with its distance to the next.
    let nodes: Vec<_> = numbers.map(|node| (node as u32, (widths[node], HEIGHT + RISE - GAP))).collect();
    if nodes.is_empty() {
        return Vec::new();
    }
    let config = Config { vertex_spacing: GAP, ..Config::default() };
    let layouts = from_vertices_and_edges(&nodes, &edges, &config);
    // It numbers them by their places in the list, whatever they were called in it.
    let called = |(at, centre): (usize, (f64, f64))| (nodes[at].0 as usize, centre);
    layouts.into_iter().map(|(placed, ..)| part(placed.into_iter().map(called).collect(), widths)).collect()
}

/// The needs without circles, which groups of tasks may have: from what comes first in the order to what comes later.
fn downwards(sketch: &Sketch) -> Vec<(u32, u32)> {
    let place = |node: u32| (sketch.nodes[node as usize].rank, node);
    let directed = |&(from, to, _): &(u32, u32, u32)| if place(from) < place(to) { (from, to) } else { (to, from) };
    let mut edges: Vec<(u32, u32)> = sketch.edges.iter().map(directed).collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

fn part(nodes: Vec<(usize, (f64, f64))>, widths: &[f64]) -> Part {
    let half = |node: usize| widths[node] / 2.0;
    let left = nodes.iter().map(|&(node, (x, _))| x - half(node)).fold(f64::INFINITY, f64::min);
    let top = nodes.iter().map(|&(_, (_, y))| y).fold(f64::INFINITY, f64::min) - HEIGHT / 2.0;
    let nodes: Vec<_> = nodes.into_iter().map(|(node, (x, y))| (node, Point { x: x - left, y: y - top })).collect();
    let width = nodes.iter().map(|&(node, at)| at.x + half(node)).fold(0.0, f64::max);
    let height = nodes.iter().map(|&(_, at)| at.y + HEIGHT / 2.0).fold(0.0, f64::max);
    Part { nodes, width, height }
}

/// The nodes that neither need nor are needed, in a grid.
fn alone(sketch: &Sketch, widths: &[f64]) -> Option<Part> {
    let mut linked = vec![false; widths.len()];
    sketch.edges.iter().for_each(|&(from, to, _)| {
        linked[from as usize] = true;
        linked[to as usize] = true;
    });
    let rest: Vec<usize> = (0..widths.len()).filter(|&node| !linked[node]).collect();
    let widest = rest.iter().map(|&node| widths[node]).fold(0.0, f64::max);
    let (step, rise) = (widest + GAP, HEIGHT + GAP);
    let columns = ((WIDTH / step) as usize).clamp(1, rest.len().max(1));
    let at = |place: usize| Point {
        x: (place % columns) as f64 * step + widest / 2.0,
        y: (place / columns) as f64 * rise + HEIGHT / 2.0,
    };
    let nodes: Vec<_> = rest.iter().enumerate().map(|(place, &node)| (node, at(place))).collect();
    let rows = rest.len().div_ceil(columns) as f64;
    (!nodes.is_empty()).then_some(Part { nodes, width: columns as f64 * step - GAP, height: rows * rise - GAP })
}

#[cfg(test)]
mod tests {
    use super::super::sketch::Node;
    use super::*;

    fn sketch(nodes: usize, edges: &[(u32, u32)]) -> Sketch {
        let node = |at: usize| Node { name: at.to_string(), layer: 0, tasks: 1, rank: at as u32, bytes: 0, age: 0 };
        Sketch {
            nodes: (0..nodes).map(node).collect(),
            edges: edges.iter().map(|&(from, to)| (from, to, 1)).collect(),
            tasks: nodes,
            layers: vec![String::new()],
        }
    }

    /// No box overlaps another, and all are inside the picture.
    fn check(sketch: &Sketch, widths: &[f64]) -> Placed {
        let placed = place(sketch, widths);
        for (a, at) in placed.centres.iter().enumerate() {
            let half = widths[a] / 2.0;
            assert!(at.x - half >= -0.01 && at.x + half <= placed.width + 0.01, "{a} {at:?} {}", placed.width);
            assert!(at.y >= HEIGHT / 2.0 - 0.01 && at.y + HEIGHT / 2.0 <= placed.height + 0.01, "{a} {at:?}");
            for (b, other) in placed.centres.iter().enumerate().take(a) {
                let apart = (at.x - other.x).abs() >= half + widths[b] / 2.0 - 0.01 || (at.y - other.y).abs() >= HEIGHT;
                assert!(apart, "{a} {at:?} and {b} {other:?}");
            }
        }
        placed
    }

    #[test]
    fn readers_are_below_what_they_read() {
        let placed = check(&sketch(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]), &[50.0, 90.0, 30.0, 60.0]);
        let y = |node: usize| placed.centres[node].y;
        assert!(y(0) < y(1) && y(1) == y(2) && y(2) < y(3), "{placed:?}");
    }

    #[test]
    fn any_graph_is_placed_without_boxes_over_each_other() {
        check(&sketch(0, &[]), &[]);
        check(&sketch(3, &[]), &[10.0, 20.0, 3000.0]);
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for _ in 0..60 {
            let nodes = 2 + random(40) as u32;
            let mut edges: Vec<_> =
                (0..random(80)).map(|_| (random(nodes.into()) as u32, random(nodes.into()) as u32)).collect();
            // Groups of tasks may need each other in circles.
            edges.retain(|(from, to)| from != to);
            edges.sort_unstable();
            edges.dedup();
            let widths: Vec<f64> = (0..nodes).map(|_| 20.0 + random(150) as f64).collect();
            check(&sketch(nodes as usize, &edges), &widths);
        }
    }
}
