//! A graph by hand, as in the talk: `{"x": (inc, "a"), "z": (mul, "x", "y")}`.

use std::sync::Arc;

use thermocline::chunk::{Block, Chunk};
use thermocline::graph::{Graph, Key, Size, Task, TaskFn};
use thermocline::ndarray::arr0;
use thermocline::{Error, Session};

/// A task function of whole numbers.
fn numbers(function: fn(&[i64]) -> i64) -> TaskFn {
    Arc::new(move |context, inputs| {
        let inputs = inputs.iter().map(|chunk| Ok(chunk.get::<Block<i64>>()?.as_slice()[0]));
        let inputs = inputs.collect::<Result<Vec<i64>, Error>>()?;
        Ok(Chunk::new(context.adopt(arr0(function(&inputs)).into_dyn())?))
    })
}

fn main() -> thermocline::Result<()> {
    let task = |key: &str, needs: &[&str], function| {
        Task::new(key, needs.iter().map(|&need| Key::from(need)), numbers(function)).output(Size::Exact(8)).spillable()
    };
    let graph = Graph::new([
        task("a", &[], |_| 1),
        task("y", &[], |_| 10),
        task("x", &["a"], |inputs| inputs[0] + 1),
        task("z", &["x", "y"], |inputs| inputs[0] * inputs[1]),
    ])?;
    let chunks = Session::new()?.run(&graph, &[Key::from("z")])?;
    println!("z = {}", chunks[0].get::<Block<i64>>()?.as_slice()[0]);
    Ok(())
}

#[test]
fn it_runs() -> thermocline::Result<()> {
    main()
}
