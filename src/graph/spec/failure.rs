//! What a function fails with.

use std::error::Error as StdError;
use std::fmt;

use super::{BoxError, Datum};

/// Why a function gives no value. Whoever called it says which function it was, and where.
///
/// ```
/// use thermocline::graph::spec::{Datum, Failure};
///
/// let failure = Failure::argument(2, &Datum::from("x"), "a number");
/// assert_eq!(failure.to_string(), r#"argument 2 is string "x", expected a number"#);
/// ```
#[derive(Debug)]
pub struct Failure {
    problem: String,
    source: Option<BoxError>,
}

impl Failure {
    /// A failure for the reason of `problem`.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), source: None }
    }

    /// Argument number `position`, from 1 on, is not what the function wants.
    #[must_use]
    pub fn argument(position: usize, found: &Datum, expected: &str) -> Self {
        Self::new(format!("argument {position} is {}, expected {expected}", found.describe()))
    }

    /// The reason, and the error behind it.
    pub(super) fn into_parts(self) -> (String, Option<BoxError>) {
        (self.problem, self.source)
    }
}

impl From<BoxError> for Failure {
    fn from(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => *own,
            Err(error) => Self { problem: error.to_string(), source: Some(error) },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}
