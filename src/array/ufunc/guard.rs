//! Checks of values that are known only when they are computed.

use std::sync::Arc;

use super::super::Array;
use super::super::compile::Compiler;
use super::super::grid::{ChunkGrid, Region};
use super::super::kernel::{Kernel, Scope};
use super::super::node::{Access, Kind, Leader, Node, Shared, as_its_input};
use super::super::source::Visit;
use crate::chunk::Element;
use crate::error::{Error, Result};

/// Whether the values of a tile are as they must be.
type Check<T> = Arc<dyn Fn(&[T]) -> bool + Send + Sync>;

/// Values that pass a check, or else an error.
struct GuardNode<T: Element> {
    input: Arc<Shared<T>>,
    check: Check<T>,
    error: Error,
}

struct GuardKernel<T> {
    input: Box<dyn Kernel<T>>,
    check: Check<T>,
    error: Error,
}

impl<T: Element> Node<T> for GuardNode<T> {
    fn label(&self) -> &str {
        self.input.label()
    }

    fn grid(&self) -> &ChunkGrid {
        self.input.grid()
    }

    as_its_input!();

    fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        let input = compiler.compile(&self.input, region)?;
        Ok(Box::new(GuardKernel { input, check: self.check.clone(), error: self.error.clone() }))
    }
}

impl<T> GuardKernel<T> {
    fn pass(&self, values: &[T]) -> Result<()> {
        if (self.check)(values) { Ok(()) } else { Err(self.error.clone()) }
    }
}

impl<T: Element> Kernel<T> for GuardKernel<T> {
    fn workspace(&self) -> u64 {
        self.input.workspace()
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        self.input.stream(scope, &mut |tile, values| {
            self.pass(values)?;
            visit(tile, values)
        })
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        self.input.pull(scope, tile, out)?;
        self.pass(out)
    }
}

impl<T: Element> Array<T> {
    /// The same values; where a tile of them fails `check`, the task that computes it fails with `error`.
    pub(in super::super) fn guard(&self, error: Error, check: impl Fn(&[T]) -> bool + Send + Sync + 'static) -> Self {
        if self.failure.is_some() {
            return self.clone();
        }
        Self::of(GuardNode { input: self.node.clone(), check: Arc::new(check), error })
    }
}
