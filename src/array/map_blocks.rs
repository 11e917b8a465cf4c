//! Functions of whole blocks.
//!
//! [`Array::map_blocks`] calls a function with each block and a [`BlockInfo`]: which block it is, and where. The function
//! sees an ndarray view and returns an ndarray, so anything that works on ndarray works on blocks.
//!
//! **M1**: the size of every result is known before: a result of another shape is an error that names the block. What a
//! function returns is charged as the task's output, without a copy where it is in C order. What else it allocates while
//! it runs is its workspace: room for one more result, or as much as [`MapBlocks::workspace`] says. That is memory of the
//! C library's, which may keep what was freed: where resident memory has to stay within a few MiB of the limit, have glibc
//! give it back at once, by `MALLOC_MMAP_THRESHOLD_=163840` in the environment.
//!
//! **D1** holds if the function gives the same values for the same block.

use std::error::Error as StdError;
use std::panic::Location;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, Dimension, IxDyn};

use super::Array;
use super::blocks::Built;
use super::gather::Gather;
use super::grid::{ChunkGrid, Region};
use super::kernel::Scope;
use super::node::{Kind, Node, Shared};
use crate::chunk::{Block, Chunk, Element, charge};
use crate::error::{Error, Result};
use crate::graph::{Key, Layers, Size, Task, TaskContext};
use crate::units::ByteSize;

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

/// Which block a function is called with.
///
/// ```
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x = Array::<f64>::zeros(&[5, 4], [2, 4]);
/// // Each row's number in the whole array, which a block can't know without being told.
/// let rows = x.map_blocks(|block, info| {
///     let first = info.region().start[0];
///     let mut rows = block.to_owned();
///     for (row, mut values) in rows.outer_iter_mut().enumerate() {
///         values.fill((first + row) as f64);
///     }
///     rows
/// });
/// assert_eq!(session.compute(&rows.max(1))?.into_raw_vec_and_offset().0, [0.0, 1.0, 2.0, 3.0, 4.0]);
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BlockInfo {
    coordinates: Vec<usize>,
    region: Region,
    grid: ChunkGrid,
    result: Region,
}

impl BlockInfo {
    /// Its place among the blocks, along each axis.
    #[must_use]
    pub fn coordinates(&self) -> &[usize] {
        &self.coordinates
    }

    /// Its box in the array.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The chunks of the array.
    #[must_use]
    pub fn chunks(&self) -> &ChunkGrid {
        &self.grid
    }

    /// The shape of the array.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.grid.shape()
    }

    /// The box in the result that the function is to make.
    #[must_use]
    pub fn result(&self) -> &Region {
        &self.result
    }
}

/// How blocks are mapped: the chunks of the result, the function's workspace.
///
/// ```
/// use thermocline::array::{ChunkGrid, MapBlocks};
///
/// let options = MapBlocks::new().chunks(ChunkGrid::regular(&[4], &[2])).workspace("2MiB".parse()?);
/// # let _ = options;
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct MapBlocks {
    chunks: Option<ChunkGrid>,
    workspace: Option<ByteSize>,
}

impl MapBlocks {
    /// Results of the shape of their blocks; as workspace room for one more result.
    pub fn new() -> Self {
        Self::default()
    }

    /// The chunks of the result: as many blocks as the array has, in the same order (C order of their coordinates).
    pub fn chunks(mut self, chunks: ChunkGrid) -> Self {
        self.chunks = Some(chunks);
        self
    }

    /// The most bytes that the function takes at once beside its result.
    pub fn workspace(mut self, bytes: ByteSize) -> Self {
        self.workspace = Some(bytes);
        self
    }

    fn grid(&self, input: &ChunkGrid) -> Result<ChunkGrid, String> {
        match &self.chunks {
            None => Ok(input.clone()),
            Some(chunks) if chunks.blocks() == input.blocks() => Ok(chunks.clone()),
            Some(chunks) => Err(format!(
                "{} blocks declared for the result, but the array has {}: expected one for each",
                chunks.blocks(),
                input.blocks()
            )),
        }
    }
}

/// What a function of a block may return: an array of any number of dimensions, or that with an error.
///
/// ```
/// use thermocline::ndarray::ArrayD;
/// use thermocline::{Array, Session};
///
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let x: Array<f64> = [4.0, -1.0].into_iter().collect();
/// let roots = x.map_blocks(|block, _| -> Result<ArrayD<f64>, String> {
///     match block.iter().find(|&&value| value < 0.0) {
///         Some(value) => Err(format!("{value} has no root")),
///         None => Ok(block.mapv(f64::sqrt)),
///     }
/// });
/// let error = session.compute(&roots).unwrap_err();
/// println!("{error}"); // names the block, too
/// # Ok::<(), thermocline::Error>(())
/// ```
pub trait IntoBlock {
    /// The type of its values.
    type Item: Element;

    /// The block.
    ///
    /// # Errors
    /// The function's own.
    fn into_block(self) -> Result<ArrayD<Self::Item>, Box<dyn StdError + Send + Sync>>;
}

impl<T: Element, D: Dimension> IntoBlock for ndarray::Array<T, D> {
    type Item = T;

    fn into_block(self) -> Result<ArrayD<T>, BoxError> {
        Ok(self.into_dyn())
    }
}

impl<T: Element, D: Dimension, E: Into<BoxError>> IntoBlock for Result<ndarray::Array<T, D>, E> {
    type Item = T;

    fn into_block(self) -> Result<ArrayD<T>, BoxError> {
        self.map(ndarray::Array::into_dyn).map_err(Into::into)
    }
}

/// The bytes that gathering a block's inputs draws, and the user's function with what it needs.
pub(super) type Call<U> = Box<dyn Fn(Scope<'_>, &BlockInfo) -> Result<ArrayD<U>, BoxError> + Send + Sync>;
pub(super) type PrepareCall<U> = dyn Fn(&mut Layers, &[usize], &mut Vec<Key>) -> Result<(u64, Call<U>)> + Send + Sync;

/// An array whose blocks are what a user's function returns.
pub(super) struct CallNode<U> {
    label: &'static str,
    location: &'static Location<'static>,
    input: ChunkGrid,
    grid: ChunkGrid,
    workspace: Option<ByteSize>,
    prepare: Box<PrepareCall<U>>,
}

impl<U: Element> Node<U> for CallNode<U> {
    fn label(&self) -> &str {
        self.label
    }

    fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    fn kind(&self) -> Kind {
        Kind::Blocks
    }

    fn build(&self, layers: &mut Layers) -> Result<Built> {
        let built = Built::new(layers.name(self.label), self.grid.clone());
        for block in 0..self.grid.blocks() {
            let coordinates = self.input.coordinates(block);
            let info = BlockInfo {
                region: self.input.region(&coordinates),
                grid: self.input.clone(),
                result: self.grid.block(block),
                coordinates,
            };
            let mut needs = Vec::new();
            let (gathered, call) = (self.prepare)(layers, &info.coordinates, &mut needs)?;
            layers.add(self.task(built.key(block), needs, gathered, call, info));
        }
        Ok(built)
    }
}

impl<U: Element> CallNode<U> {
    /// Of blocks of one grid, to blocks of another.
    pub(super) fn new(
        label: &'static str,
        location: &'static Location<'static>,
        (input, grid): (ChunkGrid, ChunkGrid),
        workspace: Option<ByteSize>,
        prepare: Box<PrepareCall<U>>,
    ) -> Self {
        Self { label, location, input, grid, workspace, prepare }
    }

    fn task(&self, key: Key, needs: Vec<Key>, gathered: u64, call: Call<U>, info: BlockInfo) -> Task {
        let (label, location) = (self.label, self.location);
        let output = Block::<U>::charge(info.result.len());
        let workspace = self.workspace.map_or(output, |bytes| charge(bytes.bytes()));
        let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
            let made = call(Scope::new(context, chunks), &info)?;
            if made.shape() != info.result.shape {
                let (block, found, expected) = (&info.coordinates, made.shape(), &info.result.shape);
                let problem = format!(
                    "the function gave shape {found:?} for block {block:?}, expected {expected:?}; \
                     declare the result's chunks with MapBlocks::chunks"
                );
                return Err(Error::operation(label, location, problem).into());
            }
            Ok(Chunk::new(keep(context, made)?))
        };
        Task::new(key, needs, Arc::new(run))
            .output(Size::Exact(output))
            .workspace(gathered.saturating_add(workspace))
            .spillable()
    }
}

/// Takes a foreign array as the task's output; a copy of it where it is not in C order or has more memory than values.
fn keep<U: Element>(context: &TaskContext<'_>, mut array: ArrayD<U>) -> Result<Block<U>> {
    array.mapv_inplace(Element::canonical);
    if !array.is_standard_layout() {
        let mut block = context.block::<U>(array.shape())?;
        block.view_mut().assign(&array);
        return Ok(block.freeze());
    }
    let shape = array.shape().to_vec();
    let len = array.len();
    let (mut values, offset) = array.into_raw_vec_and_offset();
    if offset.unwrap_or(0) != 0 || values.len() != len {
        let from = offset.unwrap_or(0);
        let mut block = context.block::<U>(&shape)?;
        block.as_mut_slice().copy_from_slice(&values[from..from + len]);
        return Ok(block.freeze());
    }
    values.shrink_to_fit();
    let array = ArrayD::from_shape_vec(IxDyn(&shape), values)
        .map_err(|_| Error::ChunkType { found: "values of another length", expected: "a whole block" })?;
    context.adopt(array)
}

/// The chunks of an operand of `shape` whose blocks go with those of `grid`.
fn operand_grid(grid: &ChunkGrid, shape: &[usize]) -> Option<ChunkGrid> {
    let lacking = grid.ndim().checked_sub(shape.len())?;
    let axis = |(axis, &length): (usize, &usize)| {
        let lengths = grid.lengths(lacking + axis);
        if lengths.iter().sum::<usize>() == length { Some(lengths.to_vec()) } else { (length == 1).then(|| vec![1]) }
    };
    shape.iter().enumerate().map(axis).collect::<Option<_>>().map(ChunkGrid::new)
}

pub(super) fn view<'a, T: Element>(shape: &[usize], values: &'a [T]) -> Result<ArrayViewD<'a, T>> {
    ArrayViewD::from_shape(IxDyn(shape), values)
        .map_err(|_| Error::ChunkType { found: "values of another length", expected: "a whole block" })
}

impl<T: Element> Array<T> {
    /// `function` of each block. Its results have the shapes of their blocks;
    /// [`map_blocks_with`](Self::map_blocks_with) is for others.
    ///
    /// ```
    /// use ndarray::Axis;
    /// # use thermocline::{Array, Session, ndarray};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::from_fn(&[4, 3], &[2, 3], |at| (at[0] * 3 + at[1]) as f64);
    /// // Each row less its mean: whole rows are in a block.
    /// let centred = x.map_blocks(|block, _| {
    ///     let mean = block.mean_axis(Axis(1)).expect("rows aren't empty").insert_axis(Axis(1));
    ///     &block - &mean
    /// });
    /// assert_eq!(session.compute(&centred)?[[3, 0]], -1.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// When computed: where the function returns an error, panics, or gives another shape.
    #[track_caller]
    #[must_use]
    pub fn map_blocks<B: IntoBlock>(
        &self,
        function: impl Fn(ArrayViewD<'_, T>, &BlockInfo) -> B + Send + Sync + 'static,
    ) -> Array<B::Item> {
        self.map_blocks_with(MapBlocks::new(), function)
    }

    /// `function` of each block, with options: other chunks of the result, more or less workspace.
    ///
    /// ```
    /// use thermocline::array::{ChunkGrid, MapBlocks};
    /// # use thermocline::{Array, Session, ndarray};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<i64>::from_fn(&[6], &[2], |at| at[0] as i64);
    /// let one_a_block = MapBlocks::new().chunks(ChunkGrid::regular(&[3], &[1]));
    /// let sums = x.map_blocks_with(one_a_block, |block, info| {
    ///     ndarray::arr1(&[block.sum() + 100 * info.coordinates()[0] as i64])
    /// });
    /// assert_eq!(session.compute(&sums)?.into_raw_vec_and_offset().0, [1, 105, 209]);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`map_blocks`](Self::map_blocks); and where the declared chunks are more or fewer than the blocks.
    #[track_caller]
    #[must_use]
    pub fn map_blocks_with<B: IntoBlock>(
        &self,
        options: MapBlocks,
        function: impl Fn(ArrayViewD<'_, T>, &BlockInfo) -> B + Send + Sync + 'static,
    ) -> Array<B::Item> {
        let location = Location::caller();
        if let Some(error) = &self.failure {
            return Array::failed(error.clone());
        }
        let grid = match options.grid(self.chunks()) {
            Ok(grid) => grid,
            Err(problem) => {
                let problem = format!("{problem} (shape {:?} of {})", self.shape(), T::DTYPE);
                return Array::failed(Error::operation("map_blocks", location, problem));
            }
        };
        let (node, function) = (self.node.clone(), Arc::new(function));
        let prepare = move |layers: &mut Layers, at: &[usize], needs: &mut Vec<Key>| {
            let block = Gather::compile(&node, layers, &node.grid().region(at), needs)?;
            let (workspace, function) = (block.workspace(), function.clone());
            let call: Call<B::Item> = Box::new(move |scope, info| {
                let values = block.values(scope)?;
                function(view(&block.region().shape, &values)?, info).into_block()
            });
            Ok((workspace, call))
        };
        let grids = (self.chunks().clone(), grid);
        Array::of(CallNode::new("map_blocks", location, grids, options.workspace, Box::new(prepare)))
    }

    /// `function` of each block of this array and the block of `other` at the same place. An axis along which `other` has
    /// length 1, or that it lacks, is not cut: its one block goes to all (NumPy's rule of broadcasting).
    ///
    /// ```
    /// use thermocline::array::MapBlocks;
    /// # use thermocline::{Array, Session, ndarray};
    ///
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let x = Array::<f64>::from_fn(&[4, 2], &[2, 2], |at| at[0] as f64);
    /// let scale = Array::<f64>::from_fn(&[2], &[2], |at| 1.0 + at[0] as f64);
    /// let scaled = x.zip_blocks(&scale, MapBlocks::new(), |x, scale, _| &x * &scale);
    /// assert_eq!(session.compute(&scaled)?[[3, 1]], 6.0);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`map_blocks_with`](Self::map_blocks_with); and where the shapes don't fit.
    #[track_caller]
    #[must_use]
    pub fn zip_blocks<A: Element, B: IntoBlock>(
        &self,
        other: &Array<A>,
        options: MapBlocks,
        function: impl Fn(ArrayViewD<'_, T>, ArrayViewD<'_, A>, &BlockInfo) -> B + Send + Sync + 'static,
    ) -> Array<B::Item> {
        let location = Location::caller();
        if let Some(error) = self.failure.as_ref().or(other.failure.as_ref()) {
            return Array::failed(error.clone());
        }
        let fail = |problem: String| Array::failed(Error::operation("zip_blocks", location, problem));
        let (left_shape, right_shape) = (self.shape(), other.shape());
        let Some(cut) = operand_grid(self.chunks(), &right_shape) else {
            return fail(format!("blocks of shape {right_shape:?} don't go with those of shape {left_shape:?}"));
        };
        let grid = match options.grid(self.chunks()) {
            Ok(grid) => grid,
            Err(problem) => return fail(problem),
        };
        let (left, right): (Arc<Shared<T>>, Arc<Shared<A>>) = (self.node.clone(), other.in_grid(&cut).node);
        let function = Arc::new(function);
        let prepare = move |layers: &mut Layers, at: &[usize], needs: &mut Vec<Key>| {
            let left = Gather::compile(&left, layers, &left.grid().region(at), needs)?;
            let lacking = at.len() - cut.ndim();
            let place = |axis: usize| if cut.lengths(axis).len() == 1 { 0 } else { at[lacking + axis] };
            let region = cut.region(&(0..cut.ndim()).map(place).collect::<Vec<_>>());
            let right = Gather::compile(&right, layers, &region, needs)?;
            let (workspace, function) = (left.workspace() + right.workspace(), function.clone());
            let call: Call<B::Item> = Box::new(move |scope, info| {
                let (x, y) = (left.values(scope)?, right.values(scope)?);
                function(view(&left.region().shape, &x)?, view(&right.region().shape, &y)?, info).into_block()
            });
            Ok((workspace, call))
        };
        let grids = (self.chunks().clone(), grid);
        Array::of(CallNode::new("zip_blocks", location, grids, options.workspace, Box::new(prepare)))
    }
}
