//! Names of tasks.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::event::Label;

/// The name of a task and of its value: a layer's name and, for the many tasks of a blocked collection, the
/// coordinates of the block. Prints as `mean-3(0, 2)`.
///
/// ```
/// use thermocline::graph::Key;
///
/// assert_eq!(Key::new("x").to_string(), "x");
/// assert_eq!(Key::indexed("mean-3", [0, 2]).to_string(), "mean-3(0, 2)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    name: Arc<str>,
    index: SmallVec<[u32; 4]>,
}

impl Key {
    /// A key that is a name alone.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), index: SmallVec::new() }
    }

    /// A key of a block of the layer `name`.
    #[must_use]
    pub fn indexed(name: impl Into<Arc<str>>, index: impl IntoIterator<Item = u32>) -> Self {
        Self { name: name.into(), index: index.into_iter().collect() }
    }

    /// The layer's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key as events name it.
    pub(crate) fn label(&self) -> Label<'_> {
        Label { layer: &self.name, index: &self.index }
    }

    /// The block's coordinates.
    #[must_use]
    pub fn index(&self) -> &[u32] {
        &self.index
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.label().fmt(f)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
