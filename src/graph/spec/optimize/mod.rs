//! Graphs that do the same with less: what Dask has under the same names.
//!
//! Each is a function of a [`Spec`] that gives a new one; for keys that are kept the answer is the same, and what was done
//! can be seen: print both. None of them is applied by itself, but that [`Session::get`](crate::Session::get) culls.
//!
//! ```
//! use thermocline::graph;
//! use thermocline::graph::Key;
//! use thermocline::graph::spec::optimize;
//!
//! let spec = graph! { a = 1, x = inc(a), y = inc(x), z = mul(y, 10), w = inc(a) };
//! let culled = optimize::cull(&spec, [Key::new("z")])?;
//! assert_eq!(culled.to_string(), "a = 1\nx = inc(a)\ny = inc(x)\nz = mul(y, 10)\n");
//! let fused = optimize::fuse(&culled, [])?;
//! assert_eq!(fused.to_string(), "z = mul(inc(inc(1)), 10)\n");
//! # Ok::<(), thermocline::Error>(())
//! ```
//!
//! Expressions don't grow without bound: where a key's would be nested more than 1,000 deep, or take more than a million
//! steps, a key in it stays a key.

mod cull;
mod fuse;
mod inline;

use std::collections::HashMap;

use super::{Expr, MAX_DEPTH, Spec};
use crate::error::{Error, Result};
use crate::graph::Key;

pub use cull::cull;
pub use fuse::{fuse, fuse_renamed};
pub use inline::{inline, inline_functions};

/// Expressions do not grow beyond so many steps.
const MOST_STEPS: u64 = 1 << 20;

/// The places of all keys, those that a key needs before it.
///
/// # Errors
/// [`Error::Cycle`].
fn topological(needs: &[Vec<usize>], spec: &Spec) -> Result<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; needs.len()];
    let mut order = Vec::with_capacity(needs.len());
    for root in 0..needs.len() {
        // Each with how many of its needs have been looked at.
        let mut stack = if states[root] == State::New { vec![(root, 0)] } else { Vec::new() };
        while let Some(&mut (place, ref mut looked)) = stack.last_mut() {
            states[place] = State::Open;
            let Some(&need) = needs[place].get(*looked) else {
                states[place] = State::Done;
                order.push(place);
                stack.pop();
                continue;
            };
            *looked += 1;
            match states[need] {
                State::New => stack.push((need, 0)),
                State::Done => {}
                State::Open => {
                    let round = stack.iter().skip_while(|(place, _)| *place != need).map(|(place, _)| *place);
                    let keys = round.chain([need]).map(|place| spec.at(place).0.to_string()).collect();
                    return Err(Error::Cycle { keys });
                }
            }
        }
    }
    Ok(order)
}

/// `expr` with what `replace` has for keys: for all, or where it would grow too large, for those of the first that fit.
fn substitute(expr: &Expr, replace: &impl Fn(&Key) -> Option<Expr>) -> Option<Expr> {
    let most = MOST_STEPS.max(expr.size());
    let all = expr.substituted(replace)?;
    if all.depth() <= MAX_DEPTH && all.size() <= most {
        return Some(all);
    }
    let (mut size, mut chosen) = (expr.size(), HashMap::new());
    for (key, count) in expr.occurrences() {
        let Some(own) = replace(&key) else { continue };
        let grown = (own.size() - 1).saturating_mul(count).saturating_add(size);
        // As if it stood where the expression is deepest.
        if grown <= most && expr.depth() + own.depth() <= MAX_DEPTH + 1 {
            size = grown;
            chosen.insert(key, own);
        }
    }
    expr.substituted(&|key| chosen.get(key).cloned())
}
