//! From an expression to a task: functions are looked up and their arguments counted before anything runs; what is nested
//! is evaluated within the task.

use std::collections::HashMap;
use std::sync::Arc;

use super::datum::{ITEM_BYTES, LIST_BYTES};
use super::registry::{Function, Room};
use super::suggest::unknown_function;
use super::{BoxError, Datum, Expr, Failure, MAX_DEPTH, Registry, deep};
use crate::chunk::{Chunk, charge};
use crate::error::{Error, Result};
use crate::graph::{Key, Size, Task, TaskFn};
use crate::units::ByteSize;

/// What a value is taken to be before it is known: a number. Sizes are learned as tasks end.
const ESTIMATE: u64 = 64;

/// The task of `key`, which stands for `expr`. Values that it makes have to fit `limit`.
pub(super) fn task(key: &Key, expr: &Expr, registry: &Registry, limit: ByteSize) -> Result<Task> {
    if let Expr::Literal(value) = expr {
        let (bytes, chunk) = (value.bytes(), Chunk::new(value.clone()));
        let run: TaskFn = Arc::new(move |_, _| Ok(chunk.clone()));
        return Ok(Task::new(key.clone(), [], run).output(Size::Exact(charge(bytes))).spillable());
    }
    let inputs = expr.dependencies();
    let places = inputs.iter().enumerate().map(|(at, key)| (key, at)).collect();
    let mut compiler = Compiler { key, registry, places, path: Vec::new() };
    let node = compiler.compile(expr)?;
    let own = key.clone();
    let run: TaskFn = Arc::new(move |context, chunks| {
        let inputs = chunks.iter().map(Chunk::get::<Datum>).collect::<Result<Vec<_>>>()?;
        let room = Room::new(limit, context.allocator());
        let value = node.evaluate(&inputs, &room).map_err(|broken| broken.error(&own))?;
        Ok(Chunk::new(value))
    });
    Ok(Task::new(key.clone(), inputs, run).output(Size::Estimated(ESTIMATE)).spillable())
}

/// An expression whose keys are places among the inputs, and whose functions are known.
enum Node {
    Literal(Datum),
    Input(usize),
    List(Box<[Node]>),
    Call(Function, Box<[Node]>),
}

struct Compiler<'a> {
    key: &'a Key,
    registry: &'a Registry,
    places: HashMap<&'a Key, usize>,
    /// Where it is: see [`Error::Spec`].
    path: Vec<usize>,
}

impl Compiler<'_> {
    fn compile(&mut self, expr: &Expr) -> Result<Node> {
        match expr {
            Expr::Literal(value) => Ok(Node::Literal(value.clone())),
            Expr::Key(key) => Ok(Node::Input(self.places[key])),
            Expr::List(items) => Ok(Node::List(self.each(items, 0)?)),
            Expr::Call(call) => {
                let Some(function) = self.registry.get(call.name()) else {
                    return Err(self.error(unknown_function(call.name(), self.registry)));
                };
                let count = call.arguments().len();
                if let Err(failure) = function.arity().check(count) {
                    return Err(self.error(format!("{}: {failure}", call.name())));
                }
                Ok(Node::Call(function.clone(), self.each(call.arguments(), 1)?))
            }
        }
    }

    /// What is nested; the first is at the position `first`.
    fn each(&mut self, exprs: &[Expr], first: usize) -> Result<Box<[Node]>> {
        let mut nodes = Vec::with_capacity(exprs.len());
        for (at, expr) in exprs.iter().enumerate() {
            self.path.push(first + at);
            nodes.push(deep(|| self.compile(expr))?);
            self.path.pop();
        }
        Ok(nodes.into())
    }

    fn error(&self, problem: String) -> Error {
        Error::spec(self.key, self.path.iter().copied(), problem)
    }
}

/// A failure on its way out.
struct Broken {
    /// Where it was, innermost first.
    path: Vec<usize>,
    problem: String,
    source: Option<BoxError>,
}

impl Broken {
    fn new(place: &str, failure: Failure) -> Self {
        let (problem, source) = failure.into_parts();
        Self { path: Vec::new(), problem: format!("{place}: {problem}"), source }
    }

    fn error(self, key: &Key) -> Error {
        let Self { path, problem, source } = self;
        let path = path.into_iter().rev().collect();
        Error::Spec { key: key.to_string(), path, problem, source: source.map(Arc::from) }
    }
}

impl Node {
    fn evaluate(&self, inputs: &[&Datum], room: &Room<'_>) -> Result<Datum, Broken> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Input(place) => Ok(inputs[*place].clone()),
            Self::List(items) => {
                let items = Self::each(items, 0, inputs, room)?;
                made(&items, room).map_err(|failure| Broken::new("list", failure))?;
                Ok(Datum::list(items))
            }
            Self::Call(function, arguments) => {
                let before = room.mark();
                let arguments = Self::each(arguments, 1, inputs, room)?;
                let after = room.mark();
                let value = function.call(room, &arguments).and_then(|value| {
                    room.check(value.bytes())?;
                    check_depth(value.depth())?;
                    Ok(value)
                });
                room.release(before, after);
                value.map_err(|failure| Broken::new(function.name(), failure))
            }
        }
    }

    fn each(nodes: &[Node], first: usize, inputs: &[&Datum], room: &Room<'_>) -> Result<Vec<Datum>, Broken> {
        let evaluated = |(at, node): (usize, &Node)| {
            deep(|| node.evaluate(inputs, room)).map_err(|mut broken| {
                broken.path.push(first + at);
                broken
            })
        };
        nodes.iter().enumerate().map(evaluated).collect()
    }
}

/// Room for a list of `items`.
fn made(items: &[Datum], room: &Room<'_>) -> Result<(), Failure> {
    let bytes = items.iter().map(Datum::bytes).fold(ITEM_BYTES + LIST_BYTES, u64::saturating_add);
    room.check(bytes)?;
    check_depth(items.iter().map(Datum::depth).max().unwrap_or(0) + 1)?;
    // What its items refer to is there already.
    room.claim(items.len() as u64 * ITEM_BYTES)
}

fn check_depth(depth: u32) -> Result<(), Failure> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    Err(Failure::new(format!("the value would be nested more than {MAX_DEPTH} deep")))
}
