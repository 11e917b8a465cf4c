//! Reductions over axes.
//!
//! `sum`, `mean`, `min`, `max`, `var`, `std`, `count` and their forms that skip NaN, and those of this module, take [`Axes`](super::Axes):
//! `0`, `-1`, `(1, 2)`, `..` for all. [`keepdims`](super::keepdims) keeps the reduced axes with length 1.
//!
//! - Sums, products, means and variances of f32 are computed in f64 and rounded once: the error of a sum is at most half a unit
//!   in the last place plus what f64 loses (n values: less than n 2^-53 of the sum of sizes), where NumPy's pairwise sum in
//!   f32 loses up to about log2(n) 2^-24. Sums and products of integers and bools are i64, of unsigned integers u64, and wrap.
//! - Of no value: a sum is 0, a product 1, `any` false, `all` true, a mean and a variance NaN; a least or greatest value, and
//!   its place, are errors, as in NumPy, when they are asked for.
//! - Complex numbers have no order: `min`, `max`, `ptp`, `argmin` and `argmax` are for the others. A variance of theirs is real:
//!   the mean of squared distances.
//!
//! ```
//! use thermocline::array::keepdims;
//! use thermocline::{Array, Session};
//!
//! let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
//! let x = Array::<f64>::from_fn(&[3, 4], &[2, 2], |at| (at[0] * 4 + at[1]) as f64);
//! assert_eq!(session.compute(&x.argmax(1))?.into_raw_vec_and_offset().0, [3, 3, 3]);
//! let z = (&x - &x.mean(keepdims(0))) / &x.std_ddof(keepdims(0), 1);
//! assert_eq!(session.compute(&z.prod(..))?[[]], 0.0);
//! let weighted = x.average(1, &Array::from_iter([1.0, 0.0, 0.0, 3.0]));
//! assert_eq!(session.compute(&weighted)?.into_raw_vec_and_offset().0, [2.25, 6.25, 10.25]);
//! # Ok::<(), thermocline::Error>(())
//! ```

mod average;
mod logical;
mod moments;
mod place;
mod product;
mod slope;

pub(super) use place::fold_placed;
