//! Keys as what they stand for.

use std::collections::HashSet;

use super::{substitute, topological};
use crate::error::Result;
use crate::graph::Key;
use crate::graph::spec::{Expr, Spec};

/// Puts what `keys` stand for in their places; where `constants`, aliases and literals, too. The keys themselves stay:
/// [`cull`](super::cull) takes those away that nobody needs any more. What is inlined is computed once for each place.
///
/// ```
/// use thermocline::graph;
/// use thermocline::graph::Key;
/// use thermocline::graph::spec::optimize;
///
/// let spec = graph! { x = 1, y = inc(x), z = add(x, y) };
/// assert_eq!(optimize::inline(&spec, [], true)?, graph! { x = 1, y = inc(1), z = add(1, y) });
/// assert_eq!(
///     optimize::inline(&spec, [Key::new("y")], false)?,
///     graph! { x = 1, y = inc(x), z = add(x, inc(x)) },
/// );
/// # Ok::<(), thermocline::Error>(())
/// ```
///
/// # Errors
/// What [`Spec::check`] has to say; [`Error::Cycle`](crate::Error::Cycle).
pub fn inline(spec: &Spec, keys: impl IntoIterator<Item = Key>, constants: bool) -> Result<Spec> {
    let mut chosen = vec![false; spec.len()];
    keys.into_iter().filter_map(|key| spec.place(&key)).for_each(|place| chosen[place] = true);
    if constants {
        for (place, (_, expr)) in spec.iter().enumerate() {
            chosen[place] |= is_constant(expr);
        }
    }
    inline_places(spec, &chosen)
}

/// Aliases, and what needs no key and is no task.
fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Key(_) | Expr::Literal(_) => true,
        Expr::List(_) => expr.dependencies().is_empty(),
        Expr::Call(_) => false,
    }
}

fn inline_places(spec: &Spec, chosen: &[bool]) -> Result<Spec> {
    spec.check()?;
    let order = topological(&spec.needs(), spec)?;
    let mut exprs: Vec<Expr> = spec.iter().map(|(_, expr)| expr.clone()).collect();
    for place in order {
        let replace = |key: &Key| spec.place(key).filter(|&need| chosen[need]).map(|need| exprs[need].clone());
        if let Some(expr) = substitute(&exprs[place], &replace) {
            exprs[place] = expr;
        }
    }
    Ok(spec.keys().cloned().zip(exprs).collect())
}

/// Puts tasks in the places of their keys that call `functions` only: cheap ones, for which a task of its own is not worth
/// while. Such keys go, but for those in `keep`, and those that nobody needs. Where `constants`, aliases and literals are
/// inlined, too.
///
/// ```
/// use thermocline::graph;
/// use thermocline::graph::Key;
/// use thermocline::graph::spec::optimize;
///
/// let spec = graph! { x = 1, i = inc(x), d = double(x), out = add(i, d) };
/// assert_eq!(
///     optimize::inline_functions(&spec, [], &["inc"], false)?,
///     graph! { x = 1, d = double(x), out = add(inc(x), d) },
/// );
/// assert_eq!(optimize::inline_functions(&spec, [Key::new("i")], &["inc"], false)?, spec);
/// # Ok::<(), thermocline::Error>(())
/// ```
///
/// # Errors
/// As [`inline`].
pub fn inline_functions(
    spec: &Spec,
    keep: impl IntoIterator<Item = Key>,
    functions: &[&str],
    constants: bool,
) -> Result<Spec> {
    let fast: HashSet<&str> = functions.iter().copied().collect();
    let keep: HashSet<Key> = keep.into_iter().collect();
    let leaves: HashSet<Key> = spec.leaves().into_iter().collect();
    let goes = |key: &Key, expr: &Expr| {
        let cheap = matches!(expr, Expr::Call(_)) && expr.functions().iter().all(|name| fast.contains(name));
        cheap && !keep.contains(key) && !leaves.contains(key)
    };
    let going: Vec<bool> = spec.iter().map(|(key, expr)| goes(key, expr)).collect();
    let chosen: Vec<bool> =
        spec.iter().zip(&going).map(|((_, expr), &goes)| goes || (constants && is_constant(expr))).collect();
    let inlined = inline_places(spec, &chosen)?;
    // One that did not fit somewhere is needed there.
    let stay = inlined.iter().zip(&going).filter(|(_, goes)| !**goes);
    let mut stack: Vec<Key> = stay.flat_map(|((_, expr), _)| expr.dependencies()).collect();
    let mut needed = HashSet::new();
    while let Some(key) = stack.pop() {
        if let Some(expr) = inlined.get(&key)
            && needed.insert(key)
        {
            stack.extend(expr.dependencies());
        }
    }
    let left = inlined.iter().zip(&going).filter(|((key, _), goes)| !**goes || needed.contains(*key));
    Ok(left.map(|((key, expr), _)| (key.clone(), expr.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph;

    #[test]
    fn chains_of_inlined_keys_are_followed() {
        let spec = graph! { a = 1, b = a, c = [b, 2], d = inc(a), e = add(c, d) };
        let inlined = inline(&spec, [Key::new("d")], true).unwrap();
        assert_eq!(inlined.to_string(), "a = 1\nb = 1\nc = [1, 2]\nd = inc(1)\ne = add(c, inc(1))\n");
        let again = inline(&inlined, [], true).unwrap();
        assert_eq!(again.get(&Key::new("e")).unwrap().to_string(), "add([1, 2], inc(1))");
    }

    #[test]
    fn what_would_grow_without_bound_stays_a_key() {
        let mut spec = Spec::new().with(Key::indexed("x", [0]), 1);
        let key = |at: u32| Expr::key(Key::indexed("x", [at]));
        for at in 1..200 {
            spec.insert(Key::indexed("x", [at]), Expr::call("sub", [key(at - 1), key(at - 1)]));
        }
        let inlined = inline(&spec, spec.keys().cloned().collect::<Vec<_>>(), true).unwrap();
        assert!(inlined.iter().all(|(_, expr)| expr.size() <= super::super::MOST_STEPS));
        let fewer = inline_functions(&spec, [], &["sub"], false).unwrap();
        assert!(fewer.len() < 20 && fewer.len() > 5, "{}", fewer.len());
        assert!(
            fewer.check().is_ok()
                && fewer.iter().all(|(_, expr)| { expr.dependencies().iter().all(|key| fewer.contains(key)) })
        );
    }

    #[test]
    fn tasks_of_other_functions_inside_are_not_cheap() {
        let spec = graph! { a = 1, b = inc(slow(a)), c = inc(b), d = inc(c) };
        let inlined = inline_functions(&spec, [], &["inc"], false).unwrap();
        assert_eq!(inlined.to_string(), "a = 1\nb = inc(slow(a))\nd = inc(inc(b))\n");
    }
}
