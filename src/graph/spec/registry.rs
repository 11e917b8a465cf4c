//! Functions by name.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::ops::{RangeFrom, RangeInclusive};
use std::sync::Arc;

use super::typed::{IntoFunction, taken_all};
use super::{Datum, Failure, IntoDatum, functions};
use crate::chunk::{Allocator, Charge};
use crate::units::ByteSize;

/// The functions that tasks may call. Cheap to clone: what is added to a clone is not added to the other.
///
/// ```
/// use thermocline::graph::spec::{Datum, Registry};
/// use thermocline::{Session, graph};
///
/// let mut registry = Registry::standard();
/// registry.add("hypot", |x: f64, y: f64| x.hypot(y));
/// registry.add("parse", |text: String| text.parse::<i64>()); // it may fail
/// registry.add_variadic("count", 0.., |arguments: &[Datum]| arguments.len());
///
/// let session = Session::builder().memory_limit("16MiB".parse()?).build()?;
/// let spec = graph! { a = 3, x = hypot(a, parse("4")), n = count(a, x, x), bad = hypot("three", a) };
/// assert_eq!(session.get(&spec, &registry, ["x", "n"])?, Datum::from(vec![Datum::from(5.0), Datum::from(3)]));
///
/// let error = session.get(&spec, &registry, "bad").unwrap_err();
/// assert!(error.to_string().contains(r#"hypot: argument 1 is string "three", expected number"#), "{error}");
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registry {
    functions: HashMap<Arc<str>, Function>,
}

/// What a function does: with its arguments, of which there are as many as its arity says, and room for what it makes.
pub(super) type Body = dyn Fn(&Room<'_>, &[Datum]) -> Result<Datum, Failure> + Send + Sync;

/// A function that tasks may call.
#[derive(Clone)]
pub struct Function {
    name: Arc<str>,
    arity: Arity,
    body: Arc<Body>,
}

/// How many arguments a function takes.
///
/// ```
/// use thermocline::graph::spec::Arity;
///
/// assert_eq!(Arity::from(2).to_string(), "2 arguments");
/// assert_eq!(Arity::from(1..=3).to_string(), "1 to 3 arguments");
/// assert_eq!(Arity::from(1..).to_string(), "at least 1 argument");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arity {
    least: usize,
    most: usize,
}

impl Registry {
    /// No functions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Python's functions of numbers, texts and lists, with its meaning and its errors:
    ///
    /// | functions | of |
    /// | --- | --- |
    /// | `inc`, `dec`, `neg`, `abs` | a number |
    /// | `add`, `sub`, `mul`, `div`, `floordiv`, `mod`, `pow` | two numbers; `add` of two strings or two lists joins them, `mul` of one of them and an integer repeats it |
    /// | `min`, `max` | two or more values of one kind, or the items of one |
    /// | `sum`, `len`, `sorted`, `list` | a list, a string or a map (its keys) |
    /// | `concat` | lists, or strings: several, or the items of one; `[]` of none |
    /// | `range` | one to three integers |
    /// | `str` | anything: the text that Python's `str` gives; `""` of nothing |
    /// | `identity` | anything |
    ///
    /// `div` of integers is a float, `floordiv` and `mod` follow the sign of the divisor, a division by zero is an error.
    /// Where Python's integers would be larger than 64 bits, or its numbers complex, that is an error; lists that have NaN
    /// in them are not sorted. `sum` of floats is compensated, as it is from Python 3.14 on.
    ///
    /// ```
    /// use thermocline::graph::spec::Registry;
    ///
    /// let registry = Registry::standard();
    /// assert_eq!(registry.get("mul").unwrap().arity().to_string(), "2 arguments");
    /// assert!(registry.names().contains(&"floordiv"));
    /// ```
    #[must_use]
    pub fn standard() -> Self {
        functions::standard()
    }

    /// Adds a function of up to eight arguments, of types that implement [`FromDatum`](super::FromDatum); of one that has
    /// the name already, it takes the place. What panics in it is [`Error::Panic`](crate::Error::Panic).
    ///
    /// It is called once for each task that names it: functions that are not deterministic, or not pure, are for those who
    /// know that optimisations may call them more often.
    pub fn add<M>(&mut self, name: &str, function: impl IntoFunction<M>) -> &mut Self {
        let (arity, body) = function.into_function();
        self.insert(name, arity, body)
    }

    /// Adds a function of a number of arguments that may differ from call to call.
    pub fn add_variadic<F, R>(&mut self, name: &str, arity: impl Into<Arity>, function: F) -> &mut Self
    where
        F: Fn(&[Datum]) -> R + Send + Sync + 'static,
        R: IntoDatum,
    {
        let (arity, body) = (arity.into(), taken_all(function));
        self.insert(name, arity, body)
    }

    pub(super) fn insert(&mut self, name: &str, arity: Arity, body: Arc<Body>) -> &mut Self {
        let name: Arc<str> = name.into();
        self.functions.insert(name.clone(), Function { name, arity, body });
        self
    }

    /// The function of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Function> {
        self.functions.get(name)
    }

    /// All names, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.functions.keys().map(|name| &**name).collect();
        names.sort_unstable();
        names
    }
}

impl Function {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many arguments it takes.
    #[must_use]
    pub fn arity(&self) -> Arity {
        self.arity
    }

    /// Its value for `arguments`.
    ///
    /// # Errors
    /// Where there are not as many as it takes; its own.
    pub(super) fn call(&self, room: &Room<'_>, arguments: &[Datum]) -> Result<Datum, Failure> {
        self.arity.check(arguments.len())?;
        (self.body)(room, arguments)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.name, self.arity)
    }
}

impl Arity {
    /// Whether `found` arguments are as many as there must be.
    ///
    /// # Errors
    /// A failure that says both.
    pub(super) fn check(self, found: usize) -> Result<(), Failure> {
        if (self.least..=self.most).contains(&found) {
            return Ok(());
        }
        let given = if found == 1 { "1 argument".to_owned() } else { format!("{found} arguments") };
        Err(Failure::new(format!("{given} given, expected {self}")))
    }
}

impl From<usize> for Arity {
    fn from(count: usize) -> Self {
        Self { least: count, most: count }
    }
}

impl From<RangeInclusive<usize>> for Arity {
    fn from(range: RangeInclusive<usize>) -> Self {
        Self { least: *range.start(), most: *range.end() }
    }
}

impl From<RangeFrom<usize>> for Arity {
    fn from(range: RangeFrom<usize>) -> Self {
        Self { least: range.start, most: usize::MAX }
    }
}

impl fmt::Display for Arity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { least, most } = *self;
        let noun = |count| if count == 1 { "argument" } else { "arguments" };
        match (least, most) {
            (0, usize::MAX) => f.write_str("any number of arguments"),
            (_, usize::MAX) => write!(f, "at least {least} {}", noun(least)),
            (0, 0) => f.write_str("no arguments"),
            _ if least == most => write!(f, "{least} {}", noun(least)),
            _ => write!(f, "{least} to {most} arguments"),
        }
    }
}

/// Room for what a task makes on its way: a value has to fit the limit by itself, and is charged to the task before it is
/// made, and for as long as the call that takes it.
pub(super) struct Room<'a> {
    limit: u64,
    allocator: &'a dyn Allocator,
    charges: RefCell<Vec<Charge>>,
}

/// Smaller values are not charged on the way: a task has few of them at a time, and a charge takes a lock.
const CHARGED_FROM: u64 = 64 << 10;

impl<'a> Room<'a> {
    pub(super) fn new(limit: ByteSize, allocator: &'a dyn Allocator) -> Self {
        Self { limit: limit.bytes(), allocator, charges: RefCell::default() }
    }

    /// Room for a value of `bytes` that is about to be made.
    ///
    /// # Errors
    /// Where it is larger than the limit.
    pub(super) fn claim(&self, bytes: u64) -> Result<(), Failure> {
        self.check(bytes)?;
        if bytes >= CHARGED_FROM {
            let charge = self.allocator.reserve(bytes).map_err(|error| Failure::new(error.to_string()))?;
            self.charges.borrow_mut().push(charge);
        }
        Ok(())
    }

    /// Whether a value of `bytes` is within the limit.
    pub(super) fn check(&self, bytes: u64) -> Result<(), Failure> {
        if bytes <= self.limit {
            return Ok(());
        }
        let (bytes, limit) = (ByteSize::new(bytes), ByteSize::new(self.limit));
        Err(Failure::new(format!("the value would take {bytes}, more than the memory limit of {limit}")))
    }

    /// How many charges there are: to be [given back](Self::release) to.
    pub(super) fn mark(&self) -> usize {
        self.charges.borrow().len()
    }

    /// Gives back what was charged between two marks: what the arguments of a call took, now that it has its value.
    pub(super) fn release(&self, from: usize, to: usize) {
        self.charges.borrow_mut().drain(from..to);
    }
}
