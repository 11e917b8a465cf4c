//! Arrays made from nothing: constants, ranges, diagonals.
//!
//! Their values are made tile by tile where they are needed; until an array is persisted or computed it takes no memory.
//! Chunks are as [`Chunking`] names them: `"auto"` for blocks of about 64 MiB, a function of shape and type alone (**D1**).
//! A task holds a few blocks at a time and a thread one task, so some hundred MiB a thread is a comfortable limit.
//!
//! ```
//! use thermocline::{Array, Session};
//!
//! let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
//! let grid = Array::<f64>::linspace(-90.0, 90.0, 721, "auto").radians().cos();
//! let weights = grid.broadcast_to(&[1440, 721]);
//! assert_eq!(weights.shape(), [1440, 721]);
//! assert!((session.compute(&weights.mean(..))?[[]] - 0.6357).abs() < 1e-4);
//! let identity = Array::<i64>::identity(1000, [100, 100]);
//! assert_eq!(session.compute(&identity.sum(..))?[[]], 1000);
//! # Ok::<(), thermocline::Error>(())
//! ```

mod generate;

pub(super) use generate::{GeneratedNode, for_each_row};

use std::panic::Location;
use std::sync::Arc;

use super::Array;
use super::chunks::{self, Chunking};
use super::grid::{ChunkGrid, Region};
use super::operators::Arithmetic;
use super::ufunc::{Number, RealFloat};
use crate::chunk::Element;
use crate::error::Error;

impl<T: Element> Array<T> {
    /// An array that `fill` makes tile by tile: it must give each element the same value in any tile.
    pub(super) fn generated(
        label: &'static str,
        shape: &[usize],
        chunks: &impl Chunking,
        location: &'static Location<'static>,
        fill: impl Fn(&Region, &mut [T]) + Send + Sync + 'static,
    ) -> Self {
        match grid(label, shape, chunks, size_of::<T>(), location) {
            Ok(grid) => Self::of(GeneratedNode { label, fill: Arc::new(fill), grid }),
            Err(error) => Self::failed(error),
        }
    }

    /// An array of `shape` that is `value` everywhere. NumPy's `full`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&Array::full(&[2, 2], 7, "auto"))?.into_raw_vec_and_offset().0, [7; 4]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn full(shape: &[usize], value: T, chunks: impl Chunking) -> Self {
        Self::generated("full", shape, &chunks, Location::caller(), move |_, out| out.fill(value))
    }

    /// An array of `shape` that is zero everywhere, or false. NumPy's `zeros`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&Array::<bool>::zeros(&[2], "auto"))?.into_raw_vec_and_offset().0, [false, false]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn zeros(shape: &[usize], chunks: impl Chunking) -> Self {
        Self::generated("zeros", shape, &chunks, Location::caller(), move |_, out| out.fill(T::default()))
    }

    /// `value` everywhere, in the shape and chunks of this array. NumPy's `full_like`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::zeros(&[4], [2]);
    /// let flags = x.full_like(true);
    /// assert_eq!(flags.chunks(), x.chunks());
    /// assert_eq!(session.compute(&flags)?.into_raw_vec_and_offset().0, [true; 4]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn full_like<U: Element>(&self, value: U) -> Array<U> {
        if let Some(error) = &self.failure {
            return Array::failed(error.clone());
        }
        let fill = Arc::new(move |_: &Region, out: &mut [U]| out.fill(value));
        Array::of(GeneratedNode { label: "full_like", fill, grid: self.chunks().clone() })
    }

    /// Zero everywhere, in the shape and chunks of this array. NumPy's `zeros_like`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f32>::from_fn(&[4], &[3], |at| at[0] as f32);
    /// assert_eq!(x.zeros_like().chunks(), x.chunks());
    /// assert_eq!(session.compute(&x.zeros_like())?.into_raw_vec_and_offset().0, [0.0_f32; 4]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn zeros_like(&self) -> Self {
        self.full_like(T::default())
    }
}

impl<T: Arithmetic> Array<T> {
    /// An array of `shape` that is one everywhere. NumPy's `ones`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&Array::<f32>::ones(&[3], [2]))?.into_raw_vec_and_offset().0, [1.0; 3]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn ones(shape: &[usize], chunks: impl Chunking) -> Self {
        Self::generated("ones", shape, &chunks, Location::caller(), move |_, out| out.fill(T::UNIT))
    }

    /// One everywhere, in the shape and chunks of this array. NumPy's `ones_like`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i16>::zeros(&[2, 2], "auto");
    /// assert_eq!(session.compute(&x.ones_like())?.into_raw_vec_and_offset().0, [1_i16; 4]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[must_use]
    pub fn ones_like(&self) -> Self {
        self.full_like(T::UNIT)
    }

    /// `rows` by `columns` of zeros, with ones on the diagonal that starts `diagonal` columns to the right; to the left where
    /// negative. NumPy's `eye`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&Array::<i64>::eye(2, 3, 1, "auto"))?.into_raw_vec_and_offset().0, [0, 1, 0, 0, 0, 1]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn eye(rows: usize, columns: usize, diagonal: isize, chunks: impl Chunking) -> Self {
        Self::diagonal("eye", Location::caller(), [rows, columns], diagonal, &chunks)
    }

    fn diagonal(
        label: &'static str,
        location: &'static Location<'static>,
        shape: [usize; 2],
        diagonal: isize,
        chunks: &impl Chunking,
    ) -> Self {
        Self::generated(label, &shape, chunks, location, move |tile, out| {
            for_each_row(tile, |at, row| {
                let row = &mut out[row];
                row.fill(T::default());
                let one = (at[0] as isize).checked_add(diagonal).and_then(|column| column.checked_sub(at[1] as isize));
                if let Some(value) = one.and_then(|one| row.get_mut(usize::try_from(one).ok()?)) {
                    *value = T::UNIT;
                }
            });
        })
    }

    /// A square of zeros with ones on its diagonal. NumPy's `identity`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&Array::<i64>::identity(2, "auto"))?.into_raw_vec_and_offset().0, [1, 0, 0, 1]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn identity(size: usize, chunks: impl Chunking) -> Self {
        Self::diagonal("identity", Location::caller(), [size, size], 0, &chunks)
    }
}

impl<T: Number> Array<T> {
    /// From `start` on in steps of `step`, as long as `stop` is not reached: none where steps lead
    /// away from it. NumPy's `arange`.
    ///
    /// Floats are `start + n * ((start + step) - start)`, as NumPy's are. For an end that is to be met, [`linspace`](Self::linspace)
    /// is better.
    ///
    /// ```
    /// use thermocline::{Array, Session};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let down = Array::<i16>::arange(10, 0, -4, [2]);
    /// assert_eq!(session.compute(&down)?.into_raw_vec_and_offset().0, [10, 6, 2]);
    /// assert!(Array::<i16>::arange(0, 10, 0, [2]).checked().is_err());
    /// assert_eq!(Array::<i64>::arange(5, 0, 1, "auto").size(), 0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn arange(start: T, stop: T, step: T, chunks: impl Chunking) -> Self {
        let location = Location::caller();
        let Some(count) = T::count_steps(start, stop, step) else {
            let problem = format!("from {start} to {stop} in steps of {step} there is no number of values");
            return Self::failed(Error::operation("arange", location, problem));
        };
        Self::generated("arange", &[count], &chunks, location, move |tile, out| {
            for (number, value) in (tile.start[0]..).zip(out) {
                *value = T::after_steps(start, step, number);
            }
        })
    }
}

impl<T: RealFloat> Array<T> {
    /// `count` values at equal distances from `start` to `stop`, both met; one alone is `start`. NumPy's `linspace`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&Array::linspace(0.0, 1.0, 5, "auto"))?.into_raw_vec_and_offset().0, [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// assert_eq!(session.compute(&Array::<f64>::linspace(2.0, 3.0, 1, "auto"))?.into_raw_vec_and_offset().0, [2.0]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn linspace(start: T, stop: T, count: usize, chunks: impl Chunking) -> Self {
        Self::spaced(start, stop, count, count.saturating_sub(1), &chunks, Location::caller())
    }

    /// `count` values at equal distances from `start` on, `stop` the next one. NumPy's `linspace` with `endpoint=False`.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&Array::linspace_open(0.0, 1.0, 4, "auto"))?.into_raw_vec_and_offset().0, [0.0, 0.25, 0.5, 0.75]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn linspace_open(start: T, stop: T, count: usize, chunks: impl Chunking) -> Self {
        Self::spaced(start, stop, count, count, &chunks, Location::caller())
    }

    /// As NumPy has it: in f64, the step rounded first, unless that makes it zero.
    fn spaced(
        start: T,
        stop: T,
        count: usize,
        pieces: usize,
        chunks: &impl Chunking,
        location: &'static Location<'static>,
    ) -> Self {
        let (first, distance) = (start.to_f64(), stop.to_f64() - start.to_f64());
        let step = distance / pieces as f64;
        Self::generated("linspace", &[count], chunks, location, move |tile, out| {
            for (number, value) in (tile.start[0]..).zip(out) {
                let number = number as f64;
                *value = if pieces > 0 && number == pieces as f64 {
                    stop
                } else if pieces == 0 {
                    start
                } else if step == 0.0 {
                    T::from_f64(first + number / pieces as f64 * distance)
                } else {
                    T::from_f64(first + number * step)
                };
            }
        })
    }
}

/// One axis of values in memory: `(0..10).map(f64::from).collect::<Array<f64>>()`. Chunks are `"auto"`; the memory is the
/// caller's, not charged to the limit.
impl<T: Element> FromIterator<T> for Array<T> {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let values = ndarray::Array1::from_iter(values).into_dyn();
        let most = (chunks::AUTO_BYTES / size_of::<T>()).min(values.len()).max(1);
        Self::from_ndarray(values, &[most])
    }
}

/// The chunks of an array of `shape` that can be.
pub(super) fn grid(
    operation: &'static str,
    shape: &[usize],
    chunks: &impl Chunking,
    item: usize,
    location: &'static Location<'static>,
) -> Result<ChunkGrid, Error> {
    let size = shape.iter().try_fold(item.max(16), |size, &length| size.checked_mul(length));
    if size.is_none_or(|size| size > isize::MAX as usize) {
        return Err(Error::operation(operation, location, format!("shape {shape:?} has more elements than can be")));
    }
    chunks::resolve(chunks, &ChunkGrid::single(shape), item)
        .map_err(|problem| Error::operation(operation, location, format!("{problem} (shape {shape:?})")))
}
