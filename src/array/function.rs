//! Functions of elements, as loops over whole tiles that the compiler makes for each width of vectors.
//!
//! What is called for a tile is one function, whatever the types behind it; the loop is inside, where the types are known.

use std::sync::Arc;

use crate::chunk::Element;
use crate::simd::{Loop, widest};

/// A function over whole tiles.
pub(super) type MapFn<A, T> = Arc<dyn Fn(&[A], &mut [T]) + Send + Sync>;

/// A function of two over whole tiles.
pub(super) type ZipFn<A, B, T> = Arc<dyn Fn(&[A], &[B], &mut [T]) + Send + Sync>;

/// `function` of each element.
pub(super) fn map_each<A: Element, T: Element>(function: impl Fn(A) -> T + Send + Sync + 'static) -> MapFn<A, T> {
    Arc::new(move |values, out| widest(Map { values, out, function: &function }))
}

/// `function` of each two elements.
pub(super) fn zip_each<A: Element, B: Element, T: Element>(
    function: impl Fn(A, B) -> T + Send + Sync + 'static,
) -> ZipFn<A, B, T> {
    Arc::new(move |left, right, out| widest(Zip { left, right, out, function: &function }))
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
