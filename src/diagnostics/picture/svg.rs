//! Pictures as SVG.

use std::fmt::Write;

use super::colour::{Colour, ColourBy, caption, colours};
use super::place::{HEIGHT, Placed, place};
use super::sketch::{Node, Sketch};
use crate::diagnostics::escape::xml;
use crate::units::ByteSize;

/// The margin around everything.
const MARGIN: f64 = 12.0;

/// The height of the legend below.
const LEGEND: f64 = 34.0;

/// A character's width.
const LETTER: f64 = 7.0;

/// Longer names are cut; the whole name is shown where the pointer rests.
const MOST_LETTERS: usize = 32;

/// Lines and text are seen on light and on dark ground. In a page these rules hold for its graphs alone.
const STYLE: &str = ".graph-svg text{font:12px ui-sans-serif,system-ui,sans-serif;text-anchor:middle}\
    .graph-svg .edge{fill:none;stroke:#8a8f98;stroke-width:1}\
    .graph-svg .node rect{stroke:#00000055}\
    .graph-svg .legend{fill:#7d828b;text-anchor:start}";

/// The picture. Writing to a string does not fail.
pub(super) fn svg(sketch: &Sketch, by: ColourBy) -> String {
    draw(sketch, by, true)
}

/// Without what its colours say.
#[cfg(feature = "report")]
pub(crate) fn svg_without_legend(sketch: &Sketch, by: ColourBy) -> String {
    draw(sketch, by, false)
}

fn draw(sketch: &Sketch, by: ColourBy, with_legend: bool) -> String {
    let labels: Vec<String> = sketch.nodes.iter().map(label).collect();
    let widths: Vec<f64> = labels.iter().map(|label| label.chars().count() as f64 * LETTER + 14.0).collect();
    let placed = place(sketch, &widths);
    let (least, below) = if with_legend { (420.0, LEGEND) } else { (0.0, 0.0) };
    let (width, height) = ((placed.width + 2.0 * MARGIN).max(least), placed.height + 2.0 * MARGIN + below);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph-svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"task graph\"><style>{STYLE}</style>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\">\n"
    );
    edges(&mut out, sketch, &placed);
    let nodes = sketch.nodes.iter().zip(&labels).zip(&widths).zip(&placed.centres).zip(colours(sketch, by));
    for ((((node, label), width), at), colour) in nodes {
        let (left, top) = (at.x - width / 2.0, at.y - HEIGHT / 2.0);
        let _infallible = writeln!(
            out,
            "<g class=\"node\"><title>{}</title><rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" \
             height=\"{HEIGHT}\" rx=\"5\" fill=\"{}\"/><text x=\"{:.1}\" y=\"{:.1}\" fill=\"{}\">{}</text></g>",
            xml(&title(node, sketch)),
            colour.hex(),
            at.x,
            at.y + 4.0,
            if colour.is_light() { "#000" } else { "#fff" },
            xml(label),
        );
    }
    if with_legend {
        legend(&mut out, sketch, by, placed.height + MARGIN);
    }
    out.push_str("</g></svg>\n");
    out
}

fn edges(out: &mut String, sketch: &Sketch, placed: &Placed) {
    for &(from, to, needs) in &sketch.edges {
        let (a, b) = (placed.centres[from as usize], placed.centres[to as usize]);
        // From the lower side to the upper one, also where groups need each other.
        let (top, bottom) = if a.y < b.y { (HEIGHT / 2.0, -HEIGHT / 2.0) } else { (-HEIGHT / 2.0, HEIGHT / 2.0) };
        let (start, end) = (a.y + top, b.y + bottom);
        let bend = (end - start) / 2.0;
        let title = if needs > 1 { format!("<title>{needs} needs</title>") } else { String::new() };
        let _infallible = writeln!(
            out,
            "<path class=\"edge\" d=\"M{:.1} {start:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {end:.1}\">{title}</path>",
            a.x,
            a.x,
            start + bend,
            b.x,
            end - bend,
            b.x,
        );
    }
}

/// What the colours say, below the picture.
fn legend(out: &mut String, sketch: &Sketch, by: ColourBy, top: f64) {
    let said = caption(sketch, by);
    let _infallible = write!(out, "<text class=\"legend\" x=\"0\" y=\"{:.0}\">{}</text>", top + 22.0, xml(&said));
    if by == ColourBy::Layer {
        return;
    }
    let left = said.chars().count() as f64 * LETTER + 4.0;
    for step in 0..20 {
        let colour = Colour::on_scale(f64::from(step) / 19.0).hex();
        let (x, y) = (left + f64::from(step) * 4.0, top + 11.0);
        let _infallible = write!(out, "<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"4\" height=\"12\" fill=\"{colour}\"/>");
    }
}

/// The name, cut where it is long, and how many tasks it stands for.
fn label(node: &Node) -> String {
    let name = match node.name.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", &node.name[..end]),
        None => node.name.clone(),
    };
    if node.tasks > 1 { format!("{name} × {}", node.tasks) } else { name }
}

fn title(node: &Node, sketch: &Sketch) -> String {
    let layer = &sketch.layers[node.layer];
    let bytes = ByteSize::new(node.bytes);
    let first = if node.tasks > 1 { format!("{} tasks, the first", node.tasks) } else { "runs".to_owned() };
    format!(
        "{}\nlayer {layer}\n{bytes} of output\n{first} as number {}\nkept for {} tasks",
        node.name,
        node.rank + 1,
        node.age
    )
}
