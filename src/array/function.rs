//! Functions of elements, as loops over whole tiles that the compiler makes for each width of vectors.
//!
//! What is called for a tile is one function, whatever the types behind it; the loop is inside, where the types are known.
//! A function that is a [`Step`] has no tile made: it goes on with the [`Chain`] of its operand.

use std::any::Any;
use std::sync::Arc;

use super::broadcast::Operand;
use super::chain::{Chain, Op, Other, Step};
use super::grid::Region;
use super::kernel::{Kernel, Scope, Taken};
use super::operators::Arithmetic;
use crate::chunk::Element;
use crate::error::Result;
use crate::simd::{Loop, widest};

/// A function over whole tiles.
pub(super) type MapFn<A, T> = Arc<dyn MapFunction<A, T>>;

/// A function of two over whole tiles.
pub(super) type ZipFn<A, B, T> = Arc<dyn ZipFunction<A, B, T>>;

/// What a [`MapFn`] does.
pub(super) trait MapFunction<A: Element, T: Element>: Send + Sync {
    /// The function of `values`, as many as `out` has room for.
    fn run(&self, values: &[A], out: &mut [T]);

    /// The function of what `input` has at `tile`.
    fn pull(&self, input: &dyn Kernel<A>, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        self.run(&input.take(scope, tile)?, out);
        Ok(())
    }

    /// As [`pull`](Self::pull), as a chain.
    fn chain<'a>(&self, input: &'a dyn Kernel<A>, scope: Scope<'a>, tile: &Region) -> Result<Chain<'a, T>> {
        let values = input.take(scope, tile)?;
        let mut out = scope.context.scratch::<T>(tile.len())?;
        self.run(&values, out.as_mut_slice());
        Ok(Chain::new(Taken::Made(out)))
    }
}

/// What a [`ZipFn`] does.
pub(super) trait ZipFunction<A: Element, B: Element, T: Element>: Send + Sync {
    /// The function of the values on both sides, as many as `out` has room for.
    fn run(&self, left: &[A], right: &[B], out: &mut [T]);

    /// The function of what both operands have at `tile`.
    fn pull(
        &self,
        (left, right): (&Operand<A>, &Operand<B>),
        scope: Scope<'_>,
        tile: &Region,
        out: &mut [T],
    ) -> Result<()> {
        self.run(&left.take(scope, tile)?, &right.take(scope, tile)?, out);
        Ok(())
    }

    /// As [`pull`](Self::pull), as a chain.
    fn chain<'a>(
        &self,
        (left, right): (&'a Operand<A>, &'a Operand<B>),
        scope: Scope<'a>,
        tile: &Region,
    ) -> Result<Chain<'a, T>> {
        let (left, right) = (left.take(scope, tile)?, right.take(scope, tile)?);
        let mut out = scope.context.scratch::<T>(tile.len())?;
        self.run(&left, &right, out.as_mut_slice());
        Ok(Chain::new(Taken::Made(out)))
    }
}

/// `function` of each element.
pub(super) fn map_each<A: Element, T: Element>(function: impl Fn(A) -> T + Send + Sync + 'static) -> MapFn<A, T> {
    Arc::new(Each(function))
}

/// `function` of each two elements.
pub(super) fn zip_each<A: Element, B: Element, T: Element>(
    function: impl Fn(A, B) -> T + Send + Sync + 'static,
) -> ZipFn<A, B, T> {
    Arc::new(Each(function))
}

/// `function` of all elements of a tile.
pub(super) fn map_tile<A: Element, T: Element>(
    function: impl Fn(&[A], &mut [T]) + Send + Sync + 'static,
) -> MapFn<A, T> {
    Arc::new(Whole(function))
}

/// `function` of each element: what `op` does to it and to `other`, if there is one. A step where both types are one that
/// has such steps.
pub(super) fn map_step<A: Element, T: Arithmetic>(
    op: Op,
    other: Option<T>,
    function: impl Fn(A) -> T + Send + Sync + 'static,
) -> MapFn<A, T> {
    let each = map_each(function);
    let (any, step): (&dyn Any, _) = (&each, Step::of(op));
    let Some((each_of_own, step)) = any.downcast_ref::<MapFn<T, T>>().zip(step) else { return each };
    let stepped: MapFn<T, T> = Arc::new(StepOfOne { each: each_of_own.clone(), step, other });
    let stepped: &dyn Any = &stepped;
    stepped.downcast_ref().unwrap_or(&each).clone()
}

/// `function` of each two elements: what `op` does to them. A step where the type has such steps.
pub(super) fn zip_step<T: Arithmetic>(op: Op, function: impl Fn(T, T) -> T + Send + Sync + 'static) -> ZipFn<T, T, T> {
    match Step::of(op) {
        Some(step) => Arc::new(StepOfTwo { each: Each(function), step }),
        None => zip_each(function),
    }
}

/// A function of each element.
struct Each<F>(F);

impl<A: Element, T: Element, F: Fn(A) -> T + Send + Sync> MapFunction<A, T> for Each<F> {
    fn run(&self, values: &[A], out: &mut [T]) {
        widest(Map { values, out, function: &self.0 });
    }
}

impl<A: Element, B: Element, T: Element, F: Fn(A, B) -> T + Send + Sync> ZipFunction<A, B, T> for Each<F> {
    fn run(&self, left: &[A], right: &[B], out: &mut [T]) {
        widest(Zip { left, right, out, function: &self.0 });
    }
}

/// A function of all elements of a tile.
struct Whole<F>(F);

impl<A: Element, T: Element, F: Fn(&[A], &mut [T]) + Send + Sync> MapFunction<A, T> for Whole<F> {
    fn run(&self, values: &[A], out: &mut [T]) {
        (self.0)(values, out);
    }
}

/// A function that is a step, with the same on the other side for all elements.
struct StepOfOne<T> {
    each: MapFn<T, T>,
    step: Step<T>,
    other: Option<T>,
}

impl<T: Element> MapFunction<T, T> for StepOfOne<T> {
    fn run(&self, values: &[T], out: &mut [T]) {
        self.each.run(values, out);
    }

    fn pull(&self, input: &dyn Kernel<T>, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        self.chain(input, scope, tile)?.write(out);
        Ok(())
    }

    fn chain<'a>(&self, input: &'a dyn Kernel<T>, scope: Scope<'a>, tile: &Region) -> Result<Chain<'a, T>> {
        Ok(input.chain(scope, tile)?.then(self.step, self.other.map_or(Other::Nothing, Other::Scalar)))
    }
}

/// A function of two that is a step.
struct StepOfTwo<T, F> {
    each: Each<F>,
    step: Step<T>,
}

impl<T: Element, F: Fn(T, T) -> T + Send + Sync> ZipFunction<T, T, T> for StepOfTwo<T, F> {
    fn run(&self, left: &[T], right: &[T], out: &mut [T]) {
        self.each.run(left, right, out);
    }

    fn pull(&self, operands: (&Operand<T>, &Operand<T>), scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        self.chain(operands, scope, tile)?.write(out);
        Ok(())
    }

    fn chain<'a>(
        &self,
        (left, right): (&'a Operand<T>, &'a Operand<T>),
        scope: Scope<'a>,
        tile: &Region,
    ) -> Result<Chain<'a, T>> {
        left.chain(scope, tile)?.join(self.step, right.chain(scope, tile)?, scope)
    }
}

struct Map<'a, A, T, F> {
    values: &'a [A],
    out: &'a mut [T],
    function: &'a F,
}

impl<A: Element, T: Element, F: Fn(A) -> T> Loop for Map<'_, A, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (out, &value) in self.out.iter_mut().zip(self.values) {
            *out = (self.function)(value);
        }
    }
}

struct Zip<'a, A, B, T, F> {
    left: &'a [A],
    right: &'a [B],
    out: &'a mut [T],
    function: &'a F,
}

impl<A: Element, B: Element, T: Element, F: Fn(A, B) -> T> Loop for Zip<'_, A, B, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((out, &a), &b) in self.out.iter_mut().zip(self.left).zip(self.right) {
            *out = (self.function)(a, b);
        }
    }
}
