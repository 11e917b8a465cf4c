//! Blocked n-dimensional arrays.
//!
//! An [`Array`] is an expression: a shape, chunks and what its values are made of. Nothing is computed until a
//! [`Session`](crate::Session) is asked to. Elementwise operations are then fused with the [`Source`] below and the
//! reduction above them: each input is read once, tile by tile, and no intermediate block is made.
//!
//! An impossible operation gives an array that carries its error, with the caller's line; it comes out of `compute`,
//! `plan`, or at once of [`checked`](Array::checked).
//!
//! Chapters: [chunks](crate::guide::chunks) and how to choose them; [`creation`], [`random`]; [`ufunc`] for operations
//! element by element, and types; [`reductions`], and [`Grouped`] for those of groups; [parts, axes, shapes and other
//! chunks](crate::guide::moving); [running sums, order statistics, products](crate::guide::lanes); [functions of
//! blocks](crate::guide::blocks); [memory limits and plans](crate::guide::memory);
//! [settings](crate::guide::environment). Files and labels are in `io::netcdf`.
//!
#![doc = include_str!("numpy.md")]

mod answer;
mod axes;
mod blocks;
mod broadcast;
mod chain;
mod chunks;
mod compile;
mod compute;
mod concatenate;
mod contract;
pub mod creation;
mod delayed;
mod diff;
mod elementwise;
mod fold;
mod function;
mod gather;
mod grid;
mod group;
mod kernel;
mod lane;
mod lanes;
mod leaf;
mod linalg;
mod map_blocks;
mod map_overlap;
mod masked;
mod node;
mod operators;
mod ordered;
mod packed;
mod permute;
mod pick;
mod picks;
mod product;
mod quantile;
mod radix;
pub mod random;
mod rearrange;
mod rechunk;
mod rechunk_plan;
mod reduce;
mod reducer;
pub mod reductions;
mod reshape;
mod scan;
mod select;
mod slice;
mod sort;
mod source;
mod strided;
mod tiles;
pub mod ufunc;
mod wait;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use ndarray::ArrayD;

pub use axes::{Axes, Keepdims, keepdims};
use broadcast::{broadcast_grid, broadcast_shape};
use chain::Op;
pub use chunks::{ChunkLength, Chunking, ToChunkLength};
pub use delayed::BlockValues;
use elementwise::{MapNode, ZipNode};
use function::{MapFn, ZipFn, map_each, map_step, zip_each};
pub use grid::{ChunkGrid, Region};
pub use group::Grouped;
use leaf::{FailedNode, FunctionNode, MemoryNode, SourceNode};
pub use linalg::TensorAxes;
pub use map_blocks::{BlockInfo, IntoBlock, MapBlocks};
pub use map_overlap::{Boundary, Overlap};
use node::{Node, Shared};
pub use operators::{Arithmetic, Cast};
pub use ordered::Ordered;
pub use packed::Packed;
pub use product::Product;
pub use quantile::{Method, Quantiles};
pub use rearrange::Pad;
use reducer::{Count, Extreme, Mean, Sum, Variance};
pub use reducer::{Real, Summable};
pub use slice::Slice;
pub use source::{Source, TILE};
pub use ufunc::{Float, Number, Operand, RealFloat, Tolerance};

use crate::chunk::Element;
use crate::error::{Error, Result};
use crate::units::ByteSize;

/// A lazy, blocked, n-dimensional array. Cheap to clone.
///
/// ```
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x = Array::<f64>::from_fn(&[6, 4], &[2, 4], |at| (at[0] * 4 + at[1]) as f64);
/// let anomaly = &x - &x.mean(0);
/// let spread = session.compute(&anomaly.max(..))?;
/// assert_eq!(spread[[]], 10.0);
/// # Ok::<(), thermocline::Error>(())
/// ```
pub struct Array<T: Element> {
    node: Arc<Shared<T>>,
    failure: Option<Error>,
}

impl<T: Element> Clone for Array<T> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone(), failure: self.failure.clone() }
    }
}

impl<T: Element> Array<T> {
    fn of(node: impl Node<T>) -> Self {
        Self { node: Arc::new(Shared::new(node)), failure: None }
    }

    /// The error of the impossible operation that it was made of, if it was.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    pub(crate) fn failed(error: Error) -> Self {
        let node = FailedNode { error: error.clone(), grid: ChunkGrid::new(Vec::new()) };
        Self { failure: Some(error), ..Self::of(node) }
    }

    /// The array of a source's values, in its own chunks.
    ///
    /// See [`Source`] for how one is written.
    pub fn from_source(source: impl Source<Item = T> + 'static) -> Self {
        Self::from_shared_source(Arc::new(source))
    }

    /// The array of a shared source's values, in its own chunks.
    ///
    /// As [`from_source`](Self::from_source), for a source that somebody else holds, too.
    #[must_use]
    pub fn from_shared_source(source: Arc<dyn Source<Item = T>>) -> Self {
        Self::of(SourceNode { grid: source.grid(), source })
    }

    /// An array in memory, in chunks of `chunks`. The memory stays the caller's: it is not charged to the limit.
    ///
    /// A chunk longer than its axis is the whole axis. It [carries an error](Self::checked) where `chunks` has not one length,
    /// at least 1, for each axis.
    ///
    /// ```
    /// use thermocline::ndarray::array;
    /// use thermocline::{Array, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::from_ndarray(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].into_dyn(), &[1, 3]);
    /// assert_eq!(x.chunks().counts(), [2, 1]);
    /// assert_eq!(session.compute(&x.sum(0))?, array![5.0, 7.0, 9.0].into_dyn());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn from_ndarray(array: ArrayD<T>, chunks: &[usize]) -> Self {
        let grid = match grid_of("from_ndarray", array.shape(), chunks, Location::caller()) {
            Ok(grid) => grid,
            Err(error) => return Self::failed(error),
        };
        let array = if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() };
        Self::of(MemoryNode { array: Arc::new(array), grid })
    }

    /// An array whose value at each index is `function` of it, in chunks of `chunks`. The function must give the same
    /// value for an index whenever it is asked: blocks may be made again where that is cheaper than keeping them. Chunks are
    /// as [`from_ndarray`](Self::from_ndarray)'s.
    ///
    /// ```
    /// use thermocline::ndarray::array;
    /// use thermocline::{Array, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let table = Array::<i32>::from_fn(&[2, 3], &[1, 3], |at| 10 * at[0] as i32 + at[1] as i32);
    /// assert_eq!(session.compute(&table)?, array![[0, 1, 2], [10, 11, 12]].into_dyn());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn from_fn(
        shape: &[usize],
        chunks: &[usize],
        function: impl Fn(&[usize]) -> T + Send + Sync + 'static,
    ) -> Self {
        match grid_of("from_fn", shape, chunks, Location::caller()) {
            Ok(grid) => Self::of(FunctionNode { function: Arc::new(function), grid }),
            Err(error) => Self::failed(error),
        }
    }

    /// The array itself, or the error of the impossible operation that it was made of.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::zeros(&[2, 3], "auto");
    /// assert!(x.sum(1).checked().is_ok());
    /// let error = x.sum(2).checked().unwrap_err();
    /// println!("{error}"); // the operation, where it was called, the shape, what is wrong
    /// # let _ = session;
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Operation`].
    pub fn checked(self) -> Result<Self> {
        match self.failure {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    /// The length along each axis.
    ///
    /// Empty where the array [carries an error](Self::checked), as are [`ndim`](Self::ndim) and [`chunks`](Self::chunks) then.
    ///
    /// ```
    /// use thermocline::Array;
    ///
    /// let x = Array::<f32>::zeros(&[365, 720, 1440], [24, -1, -1]);
    /// assert_eq!((x.shape(), x.ndim(), x.size()), (vec![365, 720, 1440], 3, 378_432_000));
    /// assert_eq!(x.mean(0).shape(), [720, 1440]);
    /// assert!(x.mean(..).shape().is_empty()); // one value
    /// ```
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.node.grid().shape()
    }

    /// The number of axes.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.node.grid().ndim()
    }

    /// The number of elements.
    #[must_use]
    pub fn size(&self) -> usize {
        self.shape().iter().product()
    }

    /// Its chunks.
    ///
    /// ```
    /// use thermocline::Array;
    ///
    /// let x = Array::<f32>::zeros(&[100, 60], [40, -1]);
    /// assert_eq!(x.chunks().lengths(0), [40, 40, 20]);
    /// assert_eq!(x.chunks().counts(), [3, 1]);
    /// assert_eq!(x.slice(&[(10..).into()]).chunks().lengths(0), [30, 40, 20]);
    /// ```
    #[must_use]
    pub fn chunks(&self) -> &ChunkGrid {
        self.node.grid()
    }

    /// `function` of each element.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i32>::from_fn(&[2, 3], &[1, 3], |at| (at[0] * 3 + at[1]) as i32);
    /// assert_eq!(session.compute(&x.map(|value| value % 2 == 1))?.into_raw_vec_and_offset().0, [false, true, false, true, false, true]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn map<U: Element>(&self, function: impl Fn(T) -> U + Send + Sync + 'static) -> Array<U> {
        self.map_labelled("map", function)
    }

    fn map_labelled<U: Element>(
        &self,
        label: &'static str,
        function: impl Fn(T) -> U + Send + Sync + 'static,
    ) -> Array<U> {
        self.map_by(label, map_each(function))
    }

    /// As [`map_labelled`](Self::map_labelled), by a function that is `op` with `other` on the other side, if it has one.
    fn map_step<U: Arithmetic>(
        &self,
        label: &'static str,
        op: Op,
        other: Option<U>,
        function: impl Fn(T) -> U + Send + Sync + 'static,
    ) -> Array<U> {
        self.map_by(label, map_step(op, other, function))
    }

    fn map_by<U: Element>(&self, label: &'static str, function: MapFn<T, U>) -> Array<U> {
        if let Some(error) = &self.failure {
            return Array::failed(error.clone());
        }
        Array::of(MapNode { label, input: self.node.clone(), function })
    }

    /// The same values as another type, as Rust's `as` converts them: floats are cut off to integers, at whose least and
    /// greatest they stop, and NaN becomes 0; integers wrap.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i32>::from_fn(&[2, 3], &[1, 3], |at| (at[0] * 3 + at[1]) as i32);
    /// assert_eq!(session.compute(&(x.astype::<f32>() / 2.0).slice(&[thermocline::array::Slice::from(1..)]))?.into_raw_vec_and_offset().0, [1.5, 2.0, 2.5]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn astype<U: Element>(&self) -> Array<U>
    where
        T: Cast<U>,
    {
        self.map_labelled("astype", T::cast)
    }

    fn zip_with<B: Element, U: Element>(
        &self,
        label: &'static str,
        other: &Array<B>,
        location: &'static Location<'static>,
        function: impl Fn(T, B) -> U + Send + Sync + 'static,
    ) -> Array<U> {
        self.zip_by(label, other, location, zip_each(function))
    }

    fn zip_by<B: Element, U: Element>(
        &self,
        label: &'static str,
        other: &Array<B>,
        location: &'static Location<'static>,
        function: ZipFn<T, B, U>,
    ) -> Array<U> {
        if let Some(error) = self.failure.as_ref().or(other.failure.as_ref()) {
            return Array::failed(error.clone());
        }
        let (left, right) = (self.shape(), other.shape());
        let Some(shape) = broadcast_shape(&left, &right) else {
            let problem =
                format!("shapes {left:?} of {} and {right:?} of {} can't be broadcast together", T::DTYPE, B::DTYPE);
            return Array::failed(Error::operation(label, location, problem));
        };
        let grid = broadcast_grid(&shape, self.chunks(), other.chunks());
        let right = if right == shape { other.aligned(&grid).node } else { other.node.clone() };
        Array::of(ZipNode { label, left: self.node.clone(), right, function, grid })
    }

    /// The number of values that are not NaN, over `axes`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.count(..))?[[]], 2);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn count(&self, axes: impl Axes) -> Array<i64> {
        self.reduce("count", &axes, true, Count)
    }
}

impl<T: Summable> Array<T> {
    /// The sum over `axes`; 0 of no values. Floats are summed in f64; integers and bools in 64 bits, wrapping.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i32>::from_fn(&[2, 3], &[1, 3], |at| (at[0] * 3 + at[1]) as i32);
    /// assert_eq!(session.compute(&x.sum(0))?.into_raw_vec_and_offset().0, [3_i64, 5, 7]);
    /// assert_eq!(session.compute(&x.sum(..))?[[]], 15);
    /// assert_eq!(session.compute(&Array::<f64>::zeros(&[0], "auto").sum(..))?[[]], 0.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn sum(&self, axes: impl Axes) -> Array<T::Total> {
        self.reduce("sum", &axes, true, Sum { skip: false })
    }

    /// The sum over `axes` of what is not NaN; 0 where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nansum(..))?[[]], 5.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn nansum(&self, axes: impl Axes) -> Array<T::Total> {
        self.reduce("nansum", &axes, true, Sum { skip: true })
    }

    /// The mean over `axes`: of the same type for floats, f64 for integers; NaN of no values.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i32>::from_fn(&[2, 3], &[1, 3], |at| (at[0] * 3 + at[1]) as i32);
    /// assert_eq!(session.compute(&x.mean(1))?.into_raw_vec_and_offset().0, [1.0, 4.0]);
    /// let none = Array::<f64>::zeros(&[0, 2], "auto");
    /// assert!(session.compute(&none.mean(0))?[[1]].is_nan());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn mean(&self, axes: impl Axes) -> Array<T::Average> {
        self.reduce("mean", &axes, true, Mean { skip: false })
    }

    /// The mean over `axes` of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanmean(..))?[[]], 2.5);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn nanmean(&self, axes: impl Axes) -> Array<T::Average> {
        self.reduce("nanmean", &axes, true, Mean { skip: true })
    }
}

impl<T: Real> Array<T> {
    /// The least value over `axes`; NaN where there is one.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i32>::from_fn(&[2, 3], &[1, 3], |at| (at[0] * 3 + at[1]) as i32);
    /// assert_eq!(session.compute(&x.min(0))?.into_raw_vec_and_offset().0, [0, 1, 2]);
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert!(session.compute(&x.min(..))?[[]].is_nan());
    /// assert!(Array::<f64>::zeros(&[0, 2], "auto").min(0).checked().is_err());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where there is no value along a reduced axis.
    #[track_caller]
    #[must_use]
    pub fn min(&self, axes: impl Axes) -> Self {
        self.reduce("min", &axes, false, Extreme { greatest: false, skip: false })
    }

    /// The greatest value over `axes`; NaN where there is one.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i32>::from_fn(&[2, 3], &[1, 3], |at| (at[0] * 3 + at[1]) as i32);
    /// assert_eq!(session.compute(&x.max(0))?.into_raw_vec_and_offset().0, [3, 4, 5]);
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert!(session.compute(&x.max(..))?[[]].is_nan());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where there is no value along a reduced axis.
    #[track_caller]
    #[must_use]
    pub fn max(&self, axes: impl Axes) -> Self {
        self.reduce("max", &axes, false, Extreme { greatest: true, skip: false })
    }

    /// The least value over `axes` of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanmin(..))?[[]], 1.0);
    /// assert!(session.compute(&Array::full(&[2], f64::NAN, "auto").nanmin(..))?[[]].is_nan());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where there is no value along a reduced axis.
    #[track_caller]
    #[must_use]
    pub fn nanmin(&self, axes: impl Axes) -> Self {
        self.reduce("nanmin", &axes, false, Extreme { greatest: false, skip: true })
    }

    /// The greatest value over `axes` of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanmax(..))?[[]], 4.0);
    /// assert!(session.compute(&Array::full(&[2], f64::NAN, "auto").nanmax(..))?[[]].is_nan());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// Deferred: where there is no value along a reduced axis.
    #[track_caller]
    #[must_use]
    pub fn nanmax(&self, axes: impl Axes) -> Self {
        self.reduce("nanmax", &axes, false, Extreme { greatest: true, skip: true })
    }

    /// The variance over `axes`, divided by the number of values; NaN of none, and where one is NaN.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.var(..))?[[]], 4.0);
    /// assert!(session.compute(&Array::<f64>::zeros(&[0], "auto").var(..))?[[]].is_nan());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn var(&self, axes: impl Axes) -> Array<T::Spread> {
        self.reduce("var", &axes, true, Variance { ddof: 0, skip: false, root: false })
    }

    /// The standard deviation over `axes`: the root of [`var`](Self::var).
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.std(..))?[[]], 2.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn std(&self, axes: impl Axes) -> Array<T::Spread> {
        self.reduce("std", &axes, true, Variance { ddof: 0, skip: false, root: true })
    }

    /// The variance over `axes` of what is not NaN; NaN where nothing is.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanvar(..))?[[]], 2.25);
    /// assert!(session.compute(&Array::full(&[2], f64::NAN, "auto").nanvar(..))?[[]].is_nan());
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn nanvar(&self, axes: impl Axes) -> Array<T::Spread> {
        self.reduce("nanvar", &axes, true, Variance { ddof: 0, skip: true, root: false })
    }

    /// The standard deviation over `axes` of what is not NaN: the root of [`nanvar`](Self::nanvar).
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x: Array<f64> = [1.0, f64::NAN, 4.0].into_iter().collect();
    /// assert_eq!(session.compute(&x.nanstd(..))?[[]], 1.5);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn nanstd(&self, axes: impl Axes) -> Array<T::Spread> {
        self.reduce("nanstd", &axes, true, Variance { ddof: 0, skip: true, root: true })
    }
}

/// The most elements an array may have, so that its bytes can be counted.
const MOST_ELEMENTS: usize = isize::MAX as usize / 16;

/// The grid of chunks of `chunk` of an array of `shape`.
fn grid_of(
    operation: &'static str,
    shape: &[usize],
    chunk: &[usize],
    location: &'static Location<'static>,
) -> Result<ChunkGrid> {
    let size = shape.iter().try_fold(1_usize, |size, &length| size.checked_mul(length));
    if shape.len() != chunk.len() || chunk.contains(&0) {
        let problem = format!("chunks {chunk:?} for shape {shape:?}: expected one length, at least 1, for each axis");
        return Err(Error::operation(operation, location, problem));
    }
    if size.is_none_or(|size| size > MOST_ELEMENTS) {
        return Err(Error::operation(operation, location, format!("shape {shape:?} has more elements than can be")));
    }
    Ok(ChunkGrid::regular(shape, chunk))
}

impl<T: Element> fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Some(error) => write!(f, "Array<{}>({error})", T::DTYPE),
            None => write!(f, "Array<{}> {:?} in chunks {}", T::DTYPE, self.shape(), self.chunks()),
        }
    }
}

/// A table as Dask shows it: shape, bytes and number of chunks, of the whole and of a chunk.
impl<T: Element> fmt::Display for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.failure {
            return write!(f, "impossible: {error}");
        }
        let bytes = |elements: usize| ByteSize::new((elements * size_of::<T>()) as u64).to_string();
        let shape =
            |lengths: &[usize]| format!("({})", lengths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        let grid = self.chunks();
        writeln!(f, "{:<8} {:>24}  {:>24}", self.node.label(), "array", "chunk")?;
        writeln!(f, "{:<8} {:>24}  {:>24}", "bytes", bytes(self.size()), bytes(grid.largest_block()))?;
        writeln!(f, "{:<8} {:>24}  {:>24}", "shape", shape(&self.shape()), grid.to_string())?;
        write!(f, "{:<8} {:>24}  {:>24}", "dtype", T::DTYPE, format!("{} chunks", grid.blocks()))
    }
}
