//! Pictures of task graphs: DOT for Graphviz, and with the feature `picture` SVG, for which nothing has to be installed.

mod colour;
mod dot;
#[cfg(feature = "picture")]
mod place;
mod sketch;
#[cfg(feature = "picture")]
mod svg;

pub use colour::ColourBy;
#[cfg(feature = "report")]
pub(crate) use colour::{Colour, caption, colours};
#[cfg(feature = "report")]
pub(crate) use sketch::Sketch as GraphSketch;
#[cfg(feature = "report")]
pub(crate) use svg::svg_without_legend;

use self::sketch::Sketch;
use crate::graph::{Graph, Order};

/// More tasks than this are shown layer by layer, where nothing else is said.
const MOST_NODES: usize = 200;

/// A picture of a graph, which need not have run.
///
/// ```
/// use std::sync::Arc;
/// use thermocline::chunk::Chunk;
/// use thermocline::diagnostics::picture::{ColourBy, Picture};
/// use thermocline::graph::{Graph, Key, Task};
///
/// let task = |key: &str, needs: &[&str]| {
///     Task::new(key, needs.iter().map(|&need| Key::new(need)), Arc::new(|_, _| Ok(Chunk::new(()))))
/// };
/// let graph = Graph::new([task("load", &[]), task("<sum>", &["load"])])?;
/// let dot = Picture::of(&graph).colour(ColourBy::Order).dot();
/// assert!(dot.contains("n0 -> n1"));
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Picture {
    graph: Graph,
    order: Option<Order>,
    colour: ColourBy,
    most_nodes: usize,
}

impl Picture {
    /// Of `graph`: each task where there are at most 200, else its layers; coloured by layer.
    pub fn of(graph: &Graph) -> Self {
        Self { graph: graph.clone(), order: None, colour: ColourBy::default(), most_nodes: MOST_NODES }
    }

    /// Sets what the colours say.
    pub fn colour(mut self, by: ColourBy) -> Self {
        self.colour = by;
        self
    }

    /// Sets the order that places and ages are counted in. Where it is not said it is [`Graph::order`].
    ///
    /// # Panics
    /// When it is drawn, where it is the order of another graph with fewer tasks.
    pub fn order(mut self, order: &Order) -> Self {
        self.order = Some(order.clone());
        self
    }

    /// Sets how many nodes are shown at most, two at the least. Of more tasks layers are shown; of more layers those whose
    /// names differ in the numbers at their end are put together.
    pub fn most_nodes(mut self, nodes: usize) -> Self {
        self.most_nodes = nodes.max(2);
        self
    }

    /// In the language of [Graphviz](https://graphviz.org/doc/info/lang.html).
    #[must_use]
    pub fn dot(&self) -> String {
        dot::dot(&self.sketch(), self.colour)
    }

    /// As SVG, on a transparent ground: a file of its own, or part of an HTML page. Where the pointer rests on a task it
    /// tells its bytes and its place in the order.
    ///
    /// ```
    /// use thermocline::diagnostics::picture::Picture;
    /// use thermocline::graph::Layers;
    /// use thermocline::{Array, Collection};
    ///
    /// let x = Array::<f64>::ones(&[400, 300], [100, 300]);
    /// let mut layers = Layers::new();
    /// (&x - &x.mean(0)).std(0).build(&mut layers)?;
    /// let svg = Picture::of(&layers.into_graph()?).svg();
    /// assert!(svg.starts_with("<svg") && svg.contains("mean"));
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[cfg(feature = "picture")]
    #[must_use]
    pub fn svg(&self) -> String {
        svg::svg(&self.sketch(), self.colour)
    }

    fn sketch(&self) -> Sketch {
        let computed;
        let order = if let Some(order) = &self.order {
            order
        } else {
            computed = self.graph.order();
            &computed
        };
        Sketch::new(&self.graph, order, self.most_nodes)
    }
}
