//! What stands for a key: values, keys, lists and tasks, nested.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use super::{Datum, MAX_DEPTH, deep};
use crate::graph::Key;

/// An expression: what a key of a [`Spec`](super::Spec) stands for. Cheap to clone.
///
/// ```
/// use thermocline::graph::Key;
/// use thermocline::graph::spec::Expr;
///
/// let expr = Expr::call("add", [Expr::key("x"), Expr::call("inc", [Expr::from(1)])]);
/// assert_eq!(expr.to_string(), "add(x, inc(1))");
/// assert_eq!(expr.dependencies(), [Key::new("x")]);
/// assert_eq!(Expr::list([Expr::from(1), Expr::from("a")]), Expr::from(vec![1.into(), "a".into()] as Vec<thermocline::graph::spec::Datum>));
/// ```
#[derive(Clone, PartialEq)]
pub enum Expr {
    /// A value that stands for itself.
    Literal(Datum),
    /// The value of a key.
    Key(Key),
    /// A list in which not everything is a literal; see [`Expr::list`].
    List(Exprs),
    /// A task: a function of what its arguments come to.
    Call(Call),
}

/// A function's name, and its arguments.
#[derive(Clone, PartialEq)]
pub struct Call {
    name: Arc<str>,
    arguments: Exprs,
}

/// Expressions in a list or in a call: a slice that is shared.
#[derive(Clone)]
pub struct Exprs(Arc<Shared>);

struct Shared {
    items: Box<[Expr]>,
    depth: u32,
    size: u64,
}

impl Expr {
    /// The value of `key`.
    pub fn key(key: impl Into<Key>) -> Self {
        Self::Key(key.into())
    }

    /// A task that calls the function `name`.
    pub fn call(name: impl Into<Arc<str>>, arguments: impl IntoIterator<Item = Expr>) -> Self {
        Self::Call(Call { name: name.into(), arguments: Exprs::new(arguments.into_iter().collect()) })
    }

    /// A list; of literals alone, it is a literal.
    pub fn list(items: impl IntoIterator<Item = Expr>) -> Self {
        let items: Box<[Expr]> = items.into_iter().collect();
        let literals: Option<Vec<Datum>> = items.iter().map(|item| item.literal().cloned()).collect();
        literals.map_or_else(|| Self::List(Exprs::new(items)), |literals| Self::Literal(Datum::list(literals)))
    }

    /// The value, if it is a literal.
    #[must_use]
    pub fn literal(&self) -> Option<&Datum> {
        match self {
            Self::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// The keys whose values it needs, each once, in the order in which they stand there.
    #[must_use]
    pub fn dependencies(&self) -> Vec<Key> {
        self.occurrences().into_iter().map(|(key, _)| key).collect()
    }

    /// The keys whose values it needs, and how often each stands there.
    pub(super) fn occurrences(&self) -> Vec<(Key, u64)> {
        let (mut found, mut places) = (Vec::new(), HashMap::new());
        self.visit(&mut |expr| {
            if let Self::Key(key) = expr {
                let place = *places.entry(key).or_insert(found.len());
                match found.get_mut(place) {
                    Some((_, count)) => *count += 1,
                    None => found.push((key.clone(), 1)),
                }
            }
        });
        found
    }

    /// The functions that it calls, each once, by name.
    #[must_use]
    pub fn functions(&self) -> Vec<&str> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        self.visit(&mut |expr| {
            if let Self::Call(call) = expr
                && seen.insert(call.name())
            {
                found.push(call.name());
            }
        });
        found
    }

    /// Itself and what is in it, outside first, left to right.
    fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Expr)) {
        let mut stack = vec![self];
        while let Some(expr) = stack.pop() {
            see(expr);
            stack.extend(expr.inner().iter().rev());
        }
    }

    /// What is directly in it.
    fn inner(&self) -> &[Expr] {
        match self {
            Self::Literal(_) | Self::Key(_) => &[],
            Self::List(items) => items,
            Self::Call(call) => &call.arguments,
        }
    }

    /// The same with other expressions for keys, where `replace` has one; `None` where nothing changes.
    pub(super) fn substituted(&self, replace: &impl Fn(&Key) -> Option<Expr>) -> Option<Expr> {
        match self {
            Self::Literal(_) => None,
            Self::Key(key) => replace(key),
            Self::List(items) => items.substituted(replace).map(Self::list),
            Self::Call(call) => call.arguments.substituted(replace).map(|items| Self::call(call.name.clone(), items)),
        }
    }

    /// How deep it is: 1, and 1 more for each list or call around something.
    pub(super) fn depth(&self) -> u32 {
        match self {
            Self::Literal(value) => value.depth(),
            Self::Key(_) => 1,
            Self::List(items) => items.0.depth,
            Self::Call(call) => call.arguments.0.depth,
        }
    }

    /// How many literals, keys, lists and calls it is made of: as many as evaluating it takes steps.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Literal(_) | Self::Key(_) => 1,
            Self::List(items) => items.0.size,
            Self::Call(call) => call.arguments.0.size,
        }
    }
}

impl Call {
    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments.
    #[must_use]
    pub fn arguments(&self) -> &[Expr] {
        &self.arguments
    }
}

impl Exprs {
    fn new(items: Box<[Expr]>) -> Self {
        let depth = items.iter().map(Expr::depth).max().unwrap_or(0).saturating_add(1);
        let size = items.iter().map(Expr::size).fold(1, u64::saturating_add);
        Self(Arc::new(Shared { items, depth, size }))
    }

    fn substituted(&self, replace: &impl Fn(&Key) -> Option<Expr>) -> Option<Vec<Expr>> {
        let changed: Vec<Option<Expr>> = self.iter().map(|item| deep(|| item.substituted(replace))).collect();
        if changed.iter().all(Option::is_none) {
            return None;
        }
        Some(changed.into_iter().zip(self.iter()).map(|(new, old)| new.unwrap_or_else(|| old.clone())).collect())
    }
}

impl std::ops::Deref for Exprs {
    type Target = [Expr];

    fn deref(&self) -> &[Expr] {
        &self.0.items
    }
}

impl PartialEq for Exprs {
    fn eq(&self, other: &Self) -> bool {
        let (own, other) = (&self.0, &other.0);
        Arc::ptr_eq(own, other)
            || ((own.depth, own.size) == (other.depth, other.size) && deep(|| own.items == other.items))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.depth > MAX_DEPTH / 2 {
            let items = std::mem::take(&mut self.items);
            deep(|| drop(items));
        }
    }
}

impl<T: Into<Datum>> From<T> for Expr {
    fn from(value: T) -> Self {
        Self::Literal(value.into())
    }
}

/// As one would write it in Rust: `mul(x, inc(1))`.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |f: &mut fmt::Formatter<'_>, items: &[Expr]| {
            items.iter().enumerate().try_for_each(|(at, item)| {
                f.write_str(if at == 0 { "" } else { ", " })?;
                deep(|| item.fmt(f))
            })
        };
        match self {
            Self::Literal(value) => value.fmt(f),
            Self::Key(key) => key.fmt(f),
            Self::List(items) => {
                f.write_str("[")?;
                listed(f, items)?;
                f.write_str("]")
            }
            Self::Call(call) => {
                write!(f, "{}(", call.name)?;
                listed(f, &call.arguments)?;
                f.write_str(")")
            }
        }
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({} arguments)", self.name, self.arguments.len())
    }
}

impl fmt::Debug for Exprs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_and_size_are_known() {
        let mut expr = Expr::key("x");
        for _ in 0..100 {
            expr = Expr::call("add", [expr.clone(), expr]);
        }
        assert_eq!((expr.depth(), expr.size()), (101, u64::MAX));
        assert_eq!(Expr::list([Expr::from(1), Expr::key("x")]).size(), 3);
    }

    #[test]
    fn expressions_of_any_depth_go_and_compare() {
        let nested = || (0..100_000).fold(Expr::key("x"), |expr, _| Expr::call("inc", [expr]));
        assert!(nested() == nested());
        assert!(nested().dependencies() == [Key::new("x")]);
    }

    #[test]
    fn keys_are_replaced_everywhere() {
        let expr = Expr::call("f", [Expr::list([Expr::key("x"), Expr::from(1)]), Expr::key("y")]);
        let by = |key: &Key| (key.name() == "x").then(|| Expr::from(7));
        assert_eq!(expr.substituted(&by).unwrap().to_string(), "f([7, 1], y)");
        assert_eq!(expr.substituted(&|_| None), None);
    }
}
