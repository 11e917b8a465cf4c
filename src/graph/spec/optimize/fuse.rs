//! Chains as one task.

use std::collections::{HashMap, HashSet};

use super::{substitute, topological};
use crate::error::Result;
use crate::graph::Key;
use crate::graph::spec::{Expr, Spec};

/// Names of fused keys are not longer.
const LONGEST_NAME: usize = 120;

/// Makes one task of each chain: of a key that is needed once, by one that needs nothing else. No task can run beside
/// another any less than before. Keys in `keep` stay, and so do those that nobody needs.
///
/// ```
/// use thermocline::graph;
/// use thermocline::graph::Key;
/// use thermocline::graph::spec::optimize;
///
/// let spec = graph! { a = 1, b = inc(a), c = inc(b) };
/// assert_eq!(optimize::fuse(&spec, [])?, graph! { c = inc(inc(1)) });
/// assert_eq!(optimize::fuse(&spec, [Key::new("b")])?, graph! { b = inc(1), c = inc(b) });
/// # Ok::<(), thermocline::Error>(())
/// ```
///
/// # Errors
/// What [`Spec::check`] has to say; [`Error::Cycle`](crate::Error::Cycle).
pub fn fuse(spec: &Spec, keep: impl IntoIterator<Item = Key>) -> Result<Spec> {
    let chains = Chains::of(spec, keep)?;
    let left = spec.iter().enumerate().filter(|(place, _)| chains.into[*place].is_none());
    Ok(left.map(|(place, (key, _))| (key.clone(), chains.exprs[place].clone())).collect())
}

/// As [`fuse`], and what became one task is named after all that it was: `a-b-c`, an indexed key by its last name's
/// indices. Keys that have to stay become aliases of those. So plans, events and pictures tell what was fused.
///
/// ```
/// use thermocline::graph;
/// use thermocline::graph::spec::optimize;
///
/// let spec = graph! { a = 1, b = inc(a), x = mul(b, 2), y = mul(b, 3), c = inc(x) };
/// let fused = optimize::fuse_renamed(&spec, [])?;
/// assert_eq!(
///     fused.to_string(),
///     "a-b = inc(1)\ny = mul(a-b, 3)\nx-c = inc(mul(a-b, 2))\nc = x-c\n",
/// );
/// # Ok::<(), thermocline::Error>(())
/// ```
///
/// # Errors
/// As [`fuse`].
pub fn fuse_renamed(spec: &Spec, keep: impl IntoIterator<Item = Key>) -> Result<Spec> {
    let chains = Chains::of(spec, keep)?;
    let mut names: HashMap<Key, Key> = HashMap::new();
    let mut taken = HashSet::new();
    for (last, members) in chains.members() {
        let name = joined_name(&members.iter().map(|&place| spec.at(place).0).collect::<Vec<_>>());
        if !spec.contains(&name) && taken.insert(name.clone()) {
            names.insert(spec.at(last).0.clone(), name);
        }
    }
    let renamed = |key: &Key| names.get(key).map(|name| Expr::Key(name.clone()));
    let mut fused = Spec::new();
    for (place, (key, _)) in spec.iter().enumerate().filter(|(place, _)| chains.into[*place].is_none()) {
        let expr = &chains.exprs[place];
        let expr = expr.substituted(&renamed).unwrap_or_else(|| expr.clone());
        match names.get(key) {
            Some(name) => {
                fused.insert(name.clone(), expr);
                if chains.stays[place] {
                    fused.insert(key.clone(), Expr::Key(name.clone()));
                }
            }
            None => fused.insert(key.clone(), expr),
        }
    }
    Ok(fused)
}

/// Which key became part of which.
struct Chains {
    /// The key, by place, that each is part of now.
    into: Vec<Option<usize>>,
    /// What each has come to stand for.
    exprs: Vec<Expr>,
    /// Whether a key must not go.
    stays: Vec<bool>,
}

impl Chains {
    fn of(spec: &Spec, keep: impl IntoIterator<Item = Key>) -> Result<Self> {
        spec.check()?;
        let needs = spec.needs();
        let order = topological(&needs, spec)?;
        let mut dependents = vec![0_usize; spec.len()];
        needs.iter().flatten().for_each(|&need| dependents[need] += 1);
        let mut stays: Vec<bool> = dependents.iter().map(|&count| count == 0).collect();
        keep.into_iter().filter_map(|key| spec.place(&key)).for_each(|place| stays[place] = true);

        let mut into = vec![None; spec.len()];
        let mut exprs: Vec<Expr> = spec.iter().map(|(_, expr)| expr.clone()).collect();
        for place in order {
            let [need] = needs[place][..] else { continue };
            let (key, _) = spec.at(need);
            let once = matches!(spec.at(place).1.occurrences()[..], [(_, 1)]);
            if stays[need] || dependents[need] > 1 || !once {
                continue;
            }
            let replace = |other: &Key| (other == key).then(|| exprs[need].clone());
            if let Some(expr) = substitute(&exprs[place], &replace) {
                exprs[place] = expr;
                into[need] = Some(place);
            }
        }
        Ok(Self { into, exprs, stays })
    }

    /// The last key of each chain of two or more, with all of them from the first on.
    fn members(&self) -> Vec<(usize, Vec<usize>)> {
        let mut first: Vec<Option<usize>> = vec![None; self.into.len()];
        for (place, into) in self.into.iter().enumerate() {
            if let Some(into) = into {
                first[*into] = Some(place);
            }
        }
        let chain = |last: usize| {
            let mut chain: Vec<usize> = std::iter::successors(Some(last), |&place| first[place]).collect();
            chain.reverse();
            (last, chain)
        };
        let lasts = (0..self.into.len()).filter(|&place| self.into[place].is_none() && first[place].is_some());
        lasts.map(chain).collect()
    }
}

/// A name from those of a chain; of the same one again and again, it is there once.
fn joined_name(keys: &[&Key]) -> Key {
    let mut names: Vec<&str> = keys.iter().map(|key| key.name()).collect();
    names.dedup();
    let (first, last) = (names[0], names[names.len() - 1]);
    let all = names.join("-");
    let name = match names.len() {
        1 => format!("{all}-fused"),
        _ if all.len() <= LONGEST_NAME => all,
        count => format!("{first}-{}-more-{last}", count - 2),
    };
    Key::indexed(name, keys[keys.len() - 1].index().iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph;

    fn lines(spec: &Spec) -> Vec<String> {
        spec.to_string().lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_needed_twice_stays() {
        let spec = graph! { a = 1, b = inc(a), x = add(b, b), y = add(x, a) };
        assert_eq!(fuse(&spec, []).unwrap(), spec);
        let spec = graph! { a = 1, b = inc(a), x = add(b, 1), y = add(x, 2), z = add(x, 3) };
        assert_eq!(lines(&fuse(&spec, []).unwrap()), ["x = add(inc(1), 1)", "y = add(x, 2)", "z = add(x, 3)"]);
    }

    #[test]
    fn missing_keys_and_cycles_do_no_harm() {
        let spec = graph! { x = inc(nowhere), y = inc(x), z = add(y, nowhere) };
        assert_eq!(lines(&fuse(&spec, []).unwrap()), ["y = inc(inc(nowhere))", "z = add(y, nowhere)"]);
        let error = fuse(&graph! { x = inc(y), y = inc(z), z = inc(y) }, []).unwrap_err();
        assert_eq!(error.to_string(), "the graph has a cycle: y -> z -> y");
    }

    #[test]
    fn a_chain_of_any_length_is_cut_where_it_gets_too_deep() {
        let mut spec = Spec::new().with(Key::indexed("x", [0]), 1);
        for at in 1..5000 {
            spec.insert(Key::indexed("x", [at]), Expr::call("inc", [Expr::key(Key::indexed("x", [at - 1]))]));
        }
        let fused = fuse(&spec, []).unwrap();
        assert!(fused.check().is_ok() && fused.len() == 6, "{}", fused.len());
        let renamed = fuse_renamed(&spec, []).unwrap();
        let keys: Vec<String> = renamed.keys().map(ToString::to_string).collect();
        assert_eq!((keys.len(), &*keys[0], &*keys[6]), (7, "x-fused(999)", "x(4999)"));
    }

    #[test]
    fn names_that_are_taken_or_too_long_are_not_used() {
        let spec = Spec::new().with("a", 1).with("b", Expr::call("inc", [Expr::key("a")])).with("a-b", 5);
        assert_eq!(lines(&fuse_renamed(&spec, []).unwrap()), ["b = inc(1)", "a-b = 5"]);
        let keys: Vec<Key> = (0..50).map(|at| Key::new(format!("name{at}"))).collect();
        assert_eq!(joined_name(&keys.iter().collect::<Vec<_>>()).name(), "name0-48-more-name49");
    }
}
