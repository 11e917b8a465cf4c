//! What the library promises, seen from outside: a module a behaviour.

mod executor;
mod random_graphs;
mod support;
