//! The cases, as Python writes them.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use thermocline::Error;
use thermocline::array::Axes;

use crate::fields::Variable;

/// Arrays, and what is done with them: the result of the last step is the answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) id: usize,
    pub(crate) inputs: Vec<Input>,
    pub(crate) steps: Vec<Step>,
    /// What the steps are about where there are no inputs: a variable of a file.
    pub(crate) variable: Option<Variable>,
}

/// An array or a scalar, whose bytes begin at `offset`.
#[derive(Debug, Deserialize)]
pub(crate) struct Input {
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) chunks: Vec<usize>,
    pub(crate) offset: usize,
    pub(crate) scalar: bool,
}

/// An operation `on` inputs and the results of earlier steps, which are numbered in this order.
#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    #[serde(rename = "do")]
    pub(crate) name: String,
    pub(crate) on: Vec<usize>,
    #[serde(flatten)]
    options: Map<String, Json>,
}

impl Step {
    /// An option; what it is if it is absent or of another type is for the caller to say.
    pub(crate) fn option<T: for<'a> Deserialize<'a>>(&self, name: &str) -> Option<T> {
        T::deserialize(self.options.get(name)?).ok()
    }

    /// An option that a case must have.
    pub(crate) fn need<T: for<'a> Deserialize<'a>>(&self, name: &str) -> T {
        self.option(name).unwrap_or_else(|| panic!("{}: no fitting option {name}", self.name))
    }

    /// The axes of a reduction: those of the option `axis`, or all.
    pub(crate) fn axes(&self) -> Reduced {
        Reduced { axes: self.option("axis"), keep: self.option("keepdims").unwrap_or(false) }
    }
}

/// Axes that come from a case.
#[derive(Debug)]
pub(crate) struct Reduced {
    axes: Option<Vec<i32>>,
    keep: bool,
}

impl Axes for Reduced {
    fn resolve(&self, ndim: usize) -> Result<Vec<bool>, String> {
        match &self.axes {
            Some(axes) => axes[..].resolve(ndim),
            None => (..).resolve(ndim),
        }
    }

    fn are_kept(&self) -> bool {
        self.keep
    }

    fn means_all(&self) -> bool {
        self.axes.is_none()
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// What the library says of bad input.
    Refused(Error),
    /// What should not be, whatever the input.
    Broken(String),
}

impl Outcome {
    pub(crate) fn not_offered(step: &Step) -> Self {
        Self::Broken(format!("{} is not offered for these types", step.name))
    }

    /// Its name in the answer.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "error",
            Self::Broken(_) => "problem",
        }
    }
}

impl From<Error> for Outcome {
    fn from(error: Error) -> Self {
        match error {
            Error::Operation { .. } | Error::File { .. } | Error::FileIo { .. } => Self::Refused(error),
            // Values that an operation refuses are seen by a task only.
            Error::Task { ref source, .. } if matches!(source.downcast_ref(), Some(Error::Operation { .. })) => {
                Self::Refused(error)
            }
            other => Self::Broken(other.to_string()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "{error}"),
            Self::Broken(problem) => write!(f, "{problem}"),
        }
    }
}
