//! Graphs as Dask writes them: a mapping from keys to tasks, by hand, by macro and as JSON.
//!
//! A [`Spec`] maps each key to an expression. An expression is a value, a key (whose value is meant), a list of expressions,
//! or a task: a function's name and expressions for its arguments. [`Session::get`](crate::Session::get) gives the values of
//! wanted keys, and computes what they need, each key in a task of its own; what is nested in a key's expression is
//! evaluated within that task.
//!
//! ```
//! use thermocline::graph::spec::{Datum, Registry, Spec};
//! use thermocline::{Session, graph};
//!
//! let session = Session::builder().memory_limit("16MiB".parse()?).build()?;
//! let registry = Registry::standard();
//!
//! // By macro; by hand it is `Spec::new().with("a", 1).with("x", Expr::call("inc", [Expr::key("a")]))` and so on.
//! let spec = graph! { a = 1, b = 2, x = inc(a), y = inc(b), z = mul(x, y) };
//! assert_eq!(session.get(&spec, &registry, "z")?, Datum::from(6));
//! assert_eq!(session.get(&spec, &registry, ["x", "y"])?, Datum::from([2, 3]));
//!
//! // As JSON.
//! let text = r#"{"a": 1, "b": 2, "x": ["inc", "a"], "y": ["inc", "b"], "z": ["mul", "x", "y"]}"#;
//! assert_eq!(Spec::from_json(text, &registry)?, spec);
//! assert_eq!(spec.to_json()?, text);
//! # Ok::<(), thermocline::Error>(())
//! ```
//!
//! # Functions
//!
//! An expression names its functions; a [`Registry`] has them. So a graph is data: it can be written, compared, and
//! [optimised](optimize). [`Registry::standard`] has Python's arithmetic, reductions and a few functions of lists; users
//! [add](Registry::add) their own.
//!
//! # JSON
//!
//! A graph is an object. What stands for a key, and whatever is in it, is read as Dask reads it:
//!
//! 1. A string that is a key of the graph is that key; `{"a": 1, "b": "a"}` makes `b` an alias.
//! 2. A list that is an indexed key, as a whole, is that key: see below.
//! 3. A list whose first item is the name of a registered function, and no key, is a task.
//! 4. What is in any other list is read by these rules.
//! 5. Everything else is a literal: it stands for itself. Objects do, whatever is in them, and numbers, `true`, `null`.
//!
//! Four objects say outright what is meant: `{"$call": ["f", …]}` is a task, `{"$lit": …}` a literal, `{"$key": "x"}` a key,
//! `{"$float": "NaN"}` a float that JSON has no number for (`"Infinity"`, `"-Infinity"`). An unknown function is an error in
//! `$call`. A list whose head only looks like a function is a literal, and one whose head is a function and a key is a list:
//! [`Spec::from_json_with_warnings`] tells of both.
//!
//! Dask's keys may be tuples: `("x", 0, 1)`. In JSON, `"('x', 0, 1)"` in the place of a key, and as a string everywhere else,
//! is the key [`Key::indexed("x", [0, 1])`](crate::graph::Key::indexed); where a value is expected the list `["x", 0, 1]` is
//! the same, if the graph has such a key. Either quotes will do. Indices are 0 to 2^32 - 1; any other string is a name.
//!
//! Integers are `i64`: a larger one, read or computed, is an error and not a float. A key twice in an object is an error.
//!
//! # What is bounded
//!
//! Expressions and values are at most 1,000 deep. Values are counted before they are made: one that does not fit the
//! session's memory limit by itself is an error of its task, and what is made is charged as the output of its task is.

mod code;
mod convert;
mod datum;
mod evaluate;
mod expr;
mod failure;
mod functions;
mod get;
mod graph_macro;
mod json;
mod keys;
mod mapping;
pub mod optimize;
mod read;
mod registry;
mod suggest;
mod typed;
mod write;

pub use convert::{BoxError, FromDatum, IntoDatum};
pub use datum::{Counted, Datum, List, Map, Nest};
pub use expr::{Call, Expr};
pub use failure::Failure;
pub use get::{Prepared, Wanted};
pub use json::Warning;
pub use keys::{key_text, parse_key};
pub use mapping::Spec;
pub use registry::{Arity, Function, Registry};

pub use typed::IntoFunction;

/// Expressions and values that are nested deeper are refused: Python's limit, too.
const MAX_DEPTH: u32 = 1000;

/// Runs `with` on a stack that is large enough for one more level of what is nested.
fn deep<R>(with: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(64 << 10, 1 << 20, with)
}
