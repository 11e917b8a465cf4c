//! The same values with axes in another order, with axes of length 1 added or dropped.
//!
//! No values move until a tile of the result is asked for: a stream's tiles are turned as they pass, boxes in memory are
//! pulled in squarish tiles, so that both sides of a transposition stay in a core's cache.

use std::panic::Location;
use std::sync::Arc;

use super::Array;
use super::axes::{Axes, place_of_axis};
use super::compile::Compiler;
use super::grid::{ChunkGrid, Region};
use super::kernel::{Kernel, Scope, stream_by_pulling, tile_bytes, tile_of};
use super::node::{Access, Kind, Node, Shared, TURN};
use super::packed::Packed;
use super::source::{TILE, Visit};
use super::strided::{copy_strided, strides};
use crate::chunk::Element;
use crate::error::{Error, Result};

/// The side of a tile of a transposition.
const SIDE: usize = 128;

/// Each axis of the result: an axis of the input, or none: of length 1. Axes of the input that aren't there have length 1.
#[derive(Clone, Debug)]
pub(super) struct Permutation {
    axes: Vec<Option<usize>>,
    /// How many axes the input has.
    inputs: usize,
}

impl Permutation {
    /// The axes of the result of a box of the input, `new` along those that it lacks.
    fn forward<E: Copy>(&self, of: &[E], new: E) -> Vec<E> {
        self.axes.iter().map(|axis| axis.map_or(new, |axis| of[axis])).collect()
    }

    /// The axes of the input of a box of the result, `dropped` along those that the result lacks.
    fn backward<E: Copy>(&self, of: &[E], dropped: E) -> Vec<E> {
        let mut own = vec![dropped; self.inputs];
        for (&value, axis) in of.iter().zip(&self.axes) {
            if let Some(axis) = *axis {
                own[axis] = value;
            }
        }
        own
    }

    fn to_result(&self, input: &Region) -> Region {
        Region { start: self.forward(&input.start, 0), shape: self.forward(&input.shape, 1) }
    }

    fn to_input(&self, result: &Region) -> Region {
        Region { start: self.backward(&result.start, 0), shape: self.backward(&result.shape, 1) }
    }

    /// Whether values keep their order.
    fn keeps_order(&self) -> bool {
        self.axes.iter().flatten().is_sorted()
    }
}

/// The axes of `input` as `axes` say.
pub(super) struct PermuteNode<T: Element> {
    label: &'static str,
    input: Arc<Shared<T>>,
    axes: Permutation,
    grid: ChunkGrid,
}

impl<T: Element> PermuteNode<T> {
    pub(super) fn new(label: &'static str, input: Arc<Shared<T>>, axes: Vec<Option<usize>>) -> Self {
        let own = input.grid();
        let lengths = |axis: &Option<usize>| axis.map_or_else(|| vec![1], |axis| own.lengths(axis).to_vec());
        let grid = ChunkGrid::new(axes.iter().map(lengths).collect());
        let axes = Permutation { axes, inputs: own.ndim() };
        Self { label, input, axes, grid }
    }

    /// `input` with a new axis of length 1 for each place of `added` that is true; the others are its own axes.
    pub(super) fn adding(input: Arc<Shared<T>>, added: &[bool]) -> Self {
        let mut own = 0..input.grid().ndim();
        let axes = added.iter().map(|&added| if added { None } else { own.next() }).collect();
        Self::new("expand_dims", input, axes)
    }
}

impl<T: Element> Node<T> for PermuteNode<T> {
    fn label(&self) -> &str {
        self.label
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        if self.input.kind() == Kind::Streams { Kind::Streams } else { Kind::Pulls }
    }

    fn access(&self) -> Access {
        match self.input.access() {
            Access::Units(unit) => Access::Units(self.axes.forward(&unit, 1)),
            access => access,
        }
    }

    fn depth(&self) -> u32 {
        // Where no value moves, each box is one of the input.
        self.input.depth() + if self.axes.keeps_order() { 1 } else { TURN }
    }

    fn packed(&self) -> Option<Packed<T>> {
        Some(self.input.packed()?.permuted(self.label, &self.axes.axes))
    }

    fn is_stored(&self) -> bool {
        self.input.is_stored()
    }

    fn as_read(&self) -> Option<Arc<Shared<T>>> {
        let axes = self.axes.axes.clone();
        self.input.as_read().map(|input| Arc::new(Shared::new(Self::new(self.label, input, axes))))
    }

    fn compile(&self, compiler: &mut Compiler<'_>, region: &Region) -> Result<Box<dyn Kernel<T>>> {
        let streams = self.input.kind() == Kind::Streams;
        let own = self.axes.to_input(region);
        let input = if streams { compiler.compile(&self.input, &own)? } else { compiler.apart(&self.input, &own)? };
        Ok(Box::new(PermuteKernel { input, axes: self.axes.clone(), region: region.clone(), streams }))
    }
}

struct PermuteKernel<T> {
    input: Box<dyn Kernel<T>>,
    axes: Permutation,
    region: Region,
    streams: bool,
}

impl<T: Element> PermuteKernel<T> {
    /// Puts the values of a box of the input into the order of the result.
    fn turn(&self, values: &[T], input: &[usize], out: &mut [T]) {
        let own = self.axes.forward(&strides(input), 0);
        copy_strided(values, &own, &self.axes.forward(input, 1), out);
    }

    /// Where rows of the result are columns of the input: the last axis of the result, and that which is the input's last.
    fn crossing(&self) -> Option<(usize, usize)> {
        let last = self.axes.axes.len().checked_sub(1)?;
        let fastest = self.axes.inputs.checked_sub(1)?;
        let fastest = self.axes.axes.iter().position(|axis| *axis == Some(fastest))?;
        (fastest != last && !self.axes.keeps_order()).then_some((last, fastest))
    }

    /// The shape of a tile: long enough along both axes, the rest of its room filled from the last axis on.
    fn tile(&self, crossing: (usize, usize)) -> Vec<usize> {
        let mut tile = vec![1; self.region.shape.len()];
        let mut room = TILE;
        for axis in [crossing.0, crossing.1] {
            tile[axis] = self.region.shape[axis].clamp(1, SIDE);
            room /= tile[axis];
        }
        for axis in (0..tile.len()).rev() {
            let longer = (tile[axis] * room).min(self.region.shape[axis]).max(1);
            room /= longer.div_ceil(tile[axis]);
            tile[axis] = longer;
        }
        tile
    }
}

impl<T: Element> Kernel<T> for PermuteKernel<T> {
    fn workspace(&self) -> u64 {
        self.input.workspace() + 2 * tile_bytes::<T>(tile_of(&self.region))
    }

    fn stream(&self, scope: Scope<'_>, visit: &mut Visit<'_, T>) -> Result<()> {
        if self.streams {
            if self.axes.keeps_order() {
                return self.input.stream(scope, &mut |tile, values| visit(&self.axes.to_result(tile), values));
            }
            let mut out = scope.context.scratch::<T>(tile_of(&self.region))?;
            return self.input.stream(scope, &mut |tile, values| {
                let out = &mut out.as_mut_slice()[..values.len()];
                self.turn(values, &tile.shape, out);
                visit(&self.axes.to_result(tile), out)
            });
        }
        let Some(crossing) = self.crossing().filter(|_| !self.region.is_empty()) else {
            return stream_by_pulling(self, &self.region, scope, visit);
        };
        let tiles = ChunkGrid::regular(&self.region.shape, &self.tile(crossing));
        let mut buffer = scope.context.scratch::<T>(tile_of(&self.region))?;
        for number in 0..tiles.blocks() {
            let mut tile = tiles.block(number);
            tile.start.iter_mut().zip(&self.region.start).for_each(|(at, origin)| *at += origin);
            let out = &mut buffer.as_mut_slice()[..tile.len()];
            self.pull(scope, &tile, out)?;
            visit(&tile, out)?;
        }
        Ok(())
    }

    fn pull(&self, scope: Scope<'_>, tile: &Region, out: &mut [T]) -> Result<()> {
        let input = self.axes.to_input(tile);
        if self.axes.keeps_order() {
            return self.input.pull(scope, &input, out);
        }
        let mut values = scope.context.scratch::<T>(input.len())?;
        self.input.pull(scope, &input, values.as_mut_slice())?;
        self.turn(values.as_slice(), &input.shape, out);
        Ok(())
    }
}

impl<T: Element> Array<T> {
    fn permuted(
        &self,
        label: &'static str,
        location: &'static Location<'static>,
        axes: Result<Vec<Option<usize>>, String>,
    ) -> Self {
        if self.failure.is_some() {
            return self.clone();
        }
        match axes {
            Ok(axes) if axes.len() == self.ndim() && (0..axes.len()).all(|at| axes[at] == Some(at)) => self.clone(),
            Ok(axes) => Self::of(PermuteNode::new(label, self.node.clone(), axes)),
            Err(problem) => {
                let problem = format!("{problem} (shape {:?} of {})", self.shape(), T::DTYPE);
                Self::failed(Error::operation(label, location, problem))
            }
        }
    }

    /// The axes in the opposite order.
    ///
    /// ```
    /// # use thermocline::{Array, Session};
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[2, 3], &[1, 3], |at| (10 * at[0] + at[1]) as i64);
    /// assert_eq!(session.compute(&x.transpose())?.into_raw_vec_and_offset().0, [0, 10, 1, 11, 2, 12]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn transpose(&self) -> Self {
        self.permuted("transpose", Location::caller(), Ok((0..self.ndim()).rev().map(Some).collect()))
    }

    /// The axes in the given order: axis `i` of the result is axis `axes[i]` of this array. NumPy's `transpose(axes)`.
    ///
    /// ```
    /// # use thermocline::Array;
    /// let x = Array::<f64>::zeros(&[2, 1, 4], "auto");
    /// assert_eq!(x.permute_axes(&[2, 0, 1]).shape(), [4, 2, 1]);
    /// ```
    ///
    /// # Errors
    /// When computed: where `axes` doesn't name each axis once.
    #[track_caller]
    #[must_use]
    pub fn permute_axes(&self, axes: &[i32]) -> Self {
        let ndim = self.ndim();
        let resolve = || {
            if axes.len() != ndim {
                return Err(format!("axes {axes:?} for {ndim} dimensions: expected each axis once"));
            }
            Axes::resolve(&axes, ndim)?;
            axes.iter().map(|&axis| place_of_axis(axis, ndim).map(Some)).collect()
        };
        self.permuted("permute_axes", Location::caller(), resolve())
    }

    /// Axes `a` and `b` exchanged.
    ///
    /// ```
    /// # use thermocline::Array;
    /// let x = Array::<f64>::zeros(&[2, 1, 4], "auto");
    /// assert_eq!(x.swapaxes(0, -1).shape(), [4, 1, 2]);
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn swapaxes(&self, a: i32, b: i32) -> Self {
        let ndim = self.ndim();
        let resolve = || {
            let mut axes: Vec<Option<usize>> = (0..ndim).map(Some).collect();
            axes.swap(place_of_axis(a, ndim)?, place_of_axis(b, ndim)?);
            Ok(axes)
        };
        self.permuted("swapaxes", Location::caller(), resolve())
    }

    /// Axis `from` moved to place `to`, the others in their order.
    ///
    /// ```
    /// # use thermocline::Array;
    /// let x = Array::<f64>::zeros(&[2, 1, 4], "auto");
    /// assert_eq!(x.moveaxis(0, -1).shape(), [1, 4, 2]);
    /// ```
    ///
    /// # Errors
    /// When computed: where there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn moveaxis(&self, from: i32, to: i32) -> Self {
        let ndim = self.ndim();
        let resolve = || {
            let (from, to) = (place_of_axis(from, ndim)?, place_of_axis(to, ndim)?);
            let mut axes: Vec<Option<usize>> = (0..ndim).filter(|&axis| axis != from).map(Some).collect();
            axes.insert(to, Some(from));
            Ok(axes)
        };
        self.permuted("moveaxis", Location::caller(), resolve())
    }

    /// Without the given axes, which have length 1; `..` for all axes of length 1.
    ///
    /// ```
    /// # use thermocline::Array;
    /// let x = Array::<f64>::zeros(&[2, 1, 4], "auto");
    /// assert_eq!(x.squeeze(..).shape(), [2, 4]);
    /// assert!(x.squeeze(0).checked().is_err());
    /// ```
    ///
    /// # Errors
    /// When computed: where an axis is named that is longer, or not there.
    #[track_caller]
    #[must_use]
    pub fn squeeze(&self, axes: impl Axes) -> Self {
        let shape = self.shape();
        let resolve = || {
            let meant = axes.resolve(shape.len())?;
            let all = axes.means_all();
            let mut kept = Vec::new();
            for axis in 0..shape.len() {
                if meant[axis] && shape[axis] != 1 && !all {
                    return Err(format!("axis {axis} has length {}: only axes of length 1 can go", shape[axis]));
                }
                if !meant[axis] || shape[axis] != 1 {
                    kept.push(Some(axis));
                }
            }
            Ok(kept)
        };
        self.permuted("squeeze", Location::caller(), resolve())
    }

    /// With a new axis of length 1 at place `axis` of the result.
    ///
    /// ```
    /// # use thermocline::Array;
    /// let x = Array::<f64>::zeros(&[2, 1, 4], "auto");
    /// assert_eq!(x.expand_dims(0).shape(), [1, 2, 1, 4]);
    /// ```
    ///
    /// # Errors
    /// When computed: where the result has no such place.
    #[track_caller]
    #[must_use]
    pub fn expand_dims(&self, axis: i32) -> Self {
        let ndim = self.ndim();
        let resolve = || {
            let mut axes: Vec<Option<usize>> = (0..ndim).map(Some).collect();
            axes.insert(place_of_axis(axis, ndim + 1)?, None);
            Ok(axes)
        };
        self.permuted("expand_dims", Location::caller(), resolve())
    }

    /// At least `ndim` dimensions: new axes of length 1 in front.
    ///
    /// ```
    /// # use thermocline::Array;
    /// let x = Array::<f64>::zeros(&[2, 1, 4], "auto");
    /// assert_eq!(x.atleast_nd(4).shape(), [1, 2, 1, 4]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn atleast_nd(&self, ndim: usize) -> Self {
        let new = ndim.saturating_sub(self.ndim());
        let axes = std::iter::repeat_n(None, new).chain((0..self.ndim()).map(Some)).collect();
        self.permuted("atleast_nd", Location::caller(), Ok(axes))
    }
}
