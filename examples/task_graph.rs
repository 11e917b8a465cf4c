//! A graph by hand, as in the talk: `{"a": 1, "b": 2, "x": (inc, "a"), "y": (inc, "b"), "z": (mul, "x", "y")}`.

use thermocline::graph::spec::Registry;
use thermocline::{Session, graph};

fn main() -> thermocline::Result<()> {
    let graph = graph! { a = 1, b = 2, x = inc(a), y = inc(b), z = mul(x, y) };
    println!("z = {}", Session::new()?.get(&graph, &Registry::standard(), "z")?);
    Ok(())
}

#[test]
fn it_runs() -> thermocline::Result<()> {
    main()
}
