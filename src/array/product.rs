//! Products of matrices in memory.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};
use num_complex::Complex;

use super::operators::Arithmetic;
use crate::chunk::{Element, charge};
use crate::error::{Error, Result};

/// Elements that matrices may be multiplied of. Floats and complex numbers are multiplied by the `matrixmultiply` crate,
/// on the task's own thread; integers by a plain loop, wrapping; of bools a product is whether any pair is true.
pub trait Product: Element {
    /// Bytes that a product of an `m` by `k` and a `k` by `n` matrix takes for itself.
    #[doc(hidden)]
    #[must_use]
    fn packing(_m: usize, _k: usize, _n: usize) -> u64 {
        0
    }

    /// `c += a b` for an `m` by `k` and a `k` by `n` matrix: `dims` are `m`, `k`, `n`; `strides` how far it is to the next
    /// row and column of `a` and `b`. `c` has whole rows.
    #[doc(hidden)]
    fn multiply(a: &[Self], b: &[Self], c: &mut [Self], dims: [usize; 3], strides: [[usize; 2]; 2]) -> Result<()>;
}

/// The blocking of `matrixmultiply` 0.3, of both packed operands: its own constants, rounded up generously.
const PACKED_ROWS: usize = 64 + 32;
const PACKED_DEPTH: usize = 256;
const PACKED_COLUMNS: usize = 1024 + 32;

macro_rules! by_blas_kernels {
    ($($t:ty: $one:expr),+) => {$(
        impl Product for $t {
            fn packing(m: usize, k: usize, n: usize) -> u64 {
                let rows = (m + 32).min(PACKED_ROWS) + (n + 32).min(PACKED_COLUMNS);
                charge((k.min(PACKED_DEPTH) * rows * size_of::<$t>()) as u64)
            }

            fn multiply(a: &[$t], b: &[$t], c: &mut [$t], dims: [usize; 3], strides: [[usize; 2]; 2]) -> Result<()> {
                let [m, k, n] = dims;
                let mut out = ArrayViewMut2::from_shape((m, n), c).map_err(|_| NO_MATRIX)?;
                general_mat_mul($one, &view(a, [m, k], strides[0])?, &view(b, [k, n], strides[1])?, $one, &mut out);
                Ok(())
            }
        }
    )+};
}

/// Strides and lengths disagree.
const NO_MATRIX: Error = Error::ChunkType { found: "values of another length", expected: "a matrix" };

/// A matrix of at least one row and column.
fn view<T>(values: &[T], shape: [usize; 2], strides: [usize; 2]) -> Result<ArrayView2<'_, T>> {
    let span = (shape[0] - 1) * strides[0] + (shape[1] - 1) * strides[1] + 1;
    ArrayView2::from_shape(shape.strides(strides), values.get(..span).ok_or(NO_MATRIX)?).map_err(|_| NO_MATRIX)
}

by_blas_kernels!(f32: 1.0, f64: 1.0, Complex<f32>: Complex::new(1.0, 0.0), Complex<f64>: Complex::new(1.0, 0.0));

/// Row by row, so that the innermost loop goes along rows of `b` and `c`.
#[expect(clippy::many_single_char_names, reason = "matrices and their sizes are called so in every book")]
fn by_loop<T: Element>(
    (a, b): (&[T], &[T]),
    c: &mut [T],
    [_, k, n]: [usize; 3],
    [left, right]: [[usize; 2]; 2],
    add: impl Fn(T, T, T) -> T,
) {
    for (row, c) in c.chunks_exact_mut(n).enumerate() {
        for depth in 0..k {
            let factor = a[row * left[0] + depth * left[1]];
            for (column, c) in c.iter_mut().enumerate() {
                *c = add(*c, factor, b[depth * right[0] + column * right[1]]);
            }
        }
    }
}

macro_rules! by_plain_loop {
    ($($t:ty),+) => {$(
        impl Product for $t {
            fn multiply(a: &[$t], b: &[$t], c: &mut [$t], dims: [usize; 3], strides: [[usize; 2]; 2]) -> Result<()> {
                by_loop((a, b), c, dims, strides, |sum, x, y| <$t>::plus(sum, <$t>::times(x, y)));
                Ok(())
            }
        }
    )+};
}

by_plain_loop!(i8, i16, i32, i64, u8, u16, u32, u64);

impl Product for bool {
    fn multiply(a: &[bool], b: &[bool], c: &mut [bool], dims: [usize; 3], strides: [[usize; 2]; 2]) -> Result<()> {
        by_loop((a, b), c, dims, strides, |any, x, y| any | (x & y));
        Ok(())
    }
}
