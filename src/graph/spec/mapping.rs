//! The mapping from keys to expressions.

use std::collections::{HashMap, HashSet};

use super::{Expr, MAX_DEPTH};
use crate::error::{Error, Result};
use crate::graph::Key;

/// Expressions that take more steps are refused: they are no graph that somebody wrote.
const MAX_SIZE: u64 = 1 << 25;

/// A graph that is written down: keys, each with the [`Expr`] that it stands for, in the order in which they were added.
///
/// Adding to it never fails: what is wrong (a key that is there already, an expression that is too deep) is told by
/// [`check`](Self::check), and by everything else that is done with it.
///
/// ```
/// use thermocline::graph::spec::{Expr, Spec};
/// use thermocline::{Error, graph};
///
/// let by_hand = Spec::new()
///     .with("a", 1)
///     .with("x", Expr::call("inc", [Expr::key("a")]))
///     .with("z", Expr::call("mul", [Expr::key("x"), Expr::from(10)]));
/// assert_eq!(by_hand, graph! { a = 1, x = inc(a), z = mul(x, 10) });
/// assert_eq!(by_hand.to_string(), "a = 1\nx = inc(a)\nz = mul(x, 10)\n");
///
/// let twice = by_hand.with("a", 2);
/// assert!(matches!(twice.check(), Err(Error::DuplicateKey { key }) if key == "a"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Spec {
    entries: Vec<(Key, Expr)>,
    places: HashMap<Key, usize>,
    flaw: Option<Error>,
}

impl Spec {
    /// No keys yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key and what it stands for.
    #[must_use]
    pub fn with(mut self, key: impl Into<Key>, expr: impl Into<Expr>) -> Self {
        self.insert(key, expr);
        self
    }

    /// Adds a key and what it stands for.
    pub fn insert(&mut self, key: impl Into<Key>, expr: impl Into<Expr>) {
        let (key, expr) = (key.into(), expr.into());
        if self.places.contains_key(&key) {
            self.blame(Error::DuplicateKey { key: key.to_string() });
        } else if expr.depth() > MAX_DEPTH {
            let problem = format!("nested {} deep, expected at most {MAX_DEPTH}", expr.depth());
            self.blame(Error::spec(&key, [], problem));
        } else if expr.size() > MAX_SIZE {
            self.blame(Error::spec(&key, [], format!("expected at most {MAX_SIZE} keys, literals and tasks in it")));
        } else {
            self.places.insert(key.clone(), self.entries.len());
            self.entries.push((key, expr));
        }
    }

    fn blame(&mut self, flaw: Error) {
        self.flaw.get_or_insert(flaw);
    }

    /// Whether all was well as it was made.
    ///
    /// # Errors
    /// [`Error::DuplicateKey`]; [`Error::Spec`] where an expression is nested too deeply.
    pub fn check(&self) -> Result<()> {
        self.flaw.clone().map_or(Ok(()), Err)
    }

    /// What a key stands for.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Expr> {
        self.places.get(key).map(|&place| &self.entries[place].1)
    }

    /// What a key stands for.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] where it is not there.
    pub fn require(&self, key: &Key) -> Result<&Expr> {
        self.get(key).ok_or_else(|| Error::UnknownKey { key: key.to_string() })
    }

    /// Whether it has a key.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    /// The keys, in order.
    #[must_use]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Key> + Clone {
        self.entries.iter().map(|(key, _)| key)
    }

    /// The keys and what they stand for, in order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Expr)> + Clone {
        self.entries.iter().map(|(key, expr)| (key, expr))
    }

    /// The number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The keys that no other key needs, in order.
    ///
    /// ```
    /// use thermocline::graph;
    /// use thermocline::graph::Key;
    ///
    /// let spec = graph! { a = 1, x = inc(a), y = dec(a) };
    /// assert_eq!(spec.leaves(), [Key::new("x"), Key::new("y")]);
    /// ```
    #[must_use]
    pub fn leaves(&self) -> Vec<Key> {
        let needed = self.entries.iter().flat_map(|(key, expr)| {
            let others = expr.dependencies().into_iter();
            others.filter(move |need| need != key)
        });
        let needed: HashSet<Key> = needed.collect();
        self.keys().filter(|key| !needed.contains(*key)).cloned().collect()
    }

    /// The keys that each key needs, by its place: places again. A key that is not there is skipped; running the graph
    /// tells of it.
    pub(super) fn needs(&self) -> Vec<Vec<usize>> {
        let places = |expr: &Expr| expr.dependencies().iter().filter_map(|key| self.places.get(key).copied()).collect();
        self.entries.iter().map(|(_, expr)| places(expr)).collect()
    }

    /// The place of a key.
    pub(super) fn place(&self, key: &Key) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// The key at a place, and what it stands for.
    pub(super) fn at(&self, place: usize) -> (&Key, &Expr) {
        let (key, expr) = &self.entries[place];
        (key, expr)
    }
}

impl PartialEq for Spec {
    /// The same keys stand for the same expressions, in the same order.
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries && self.flaw.is_some() == other.flaw.is_some()
    }
}

/// A line for each key: `x = inc(a)`.
impl std::fmt::Display for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.iter().try_for_each(|(key, expr)| writeln!(f, "{key} = {expr}"))
    }
}

impl<K: Into<Key>, E: Into<Expr>> FromIterator<(K, E)> for Spec {
    fn from_iter<I: IntoIterator<Item = (K, E)>>(entries: I) -> Self {
        let mut spec = Self::new();
        entries.into_iter().for_each(|(key, expr)| spec.insert(key, expr));
        spec
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_kept_until_it_is_asked_for() {
        let deep = (0..2000).fold(Expr::key("a"), |expr, _| Expr::call("inc", [expr]));
        let error = Spec::new().with("a", 1).with("x", deep).check().unwrap_err();
        assert_eq!(error.to_string(), "x: nested 2001 deep, expected at most 1000");
        let wide = (0..30).fold(Expr::key("a"), |expr, _| Expr::call("add", [expr.clone(), expr]));
        let spec = Spec::new().with("x", wide).with("y", 1).with("y", 1);
        assert!(spec.check().unwrap_err().to_string().starts_with("x: expected at most 33554432"));
    }

    #[test]
    fn a_key_that_needs_itself_is_a_leaf() {
        let spec = Spec::new().with("x", Expr::call("inc", [Expr::key("x")]));
        assert_eq!(spec.leaves(), [Key::new("x")]);
    }
}
