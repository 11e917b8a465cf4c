//! Pictures in the language of Graphviz.

use std::fmt::Write;

use super::colour::{ColourBy, colours};
use super::sketch::Sketch;
use crate::units::ByteSize;

/// The picture as a DOT graph. Writing to a string does not fail.
pub(crate) fn dot(sketch: &Sketch, by: ColourBy) -> String {
    let mut out = String::from("digraph tasks {\n  node [shape=box, style=filled, fontname=\"sans-serif\"];\n");
    for (at, (node, colour)) in sketch.nodes.iter().zip(colours(sketch, by)).enumerate() {
        let name = quoted(&node.name);
        let times = if node.tasks > 1 { format!("\\n{} tasks", node.tasks) } else { String::new() };
        let text = if colour.is_light() { "black" } else { "white" };
        let size = ByteSize::new(node.bytes);
        let _infallible = writeln!(
            out,
            "  n{at} [label=\"{name}{times}\", tooltip=\"{name}, {size}\", fillcolor=\"{}\", fontcolor={text}];",
            colour.hex(),
        );
    }
    for (from, to, needs) in &sketch.edges {
        let label = if *needs > 1 { format!(" [label=\"{needs}\"]") } else { String::new() };
        let _infallible = writeln!(out, "  n{from} -> n{to}{label};");
    }
    out.push_str("}\n");
    out
}

/// As it may stand between quotes.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_between_their_quotes() {
        assert_eq!(quoted("a\"b\\N\n\u{7}<script>"), "a\\\"b\\\\N\\n\u{fffd}<script>");
    }
}
