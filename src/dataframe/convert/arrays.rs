//! Arrays as columns, and columns as arrays.

use std::any::Any;
use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{Column, DataFrame as PolarsFrame, DataType, PlSmallStr, SchemaRef};

use super::super::DataFrame;
use super::super::estimate::Estimate;
use super::super::node::{Make, Node, Part, Shared, Wanted};
use super::element::ColumnElement;
use crate::array::{Array, ChunkLength};
use crate::chunk::{Block, Chunk, Encoded, Value};
use crate::delayed::Delayed;
use crate::error::{Error, Result};
use crate::graph::{Key, Layers, Size, Task, TaskContext};
use crate::session::{Collection, Persist};

/// Adds the tasks that make the blocks of an array. Their keys.
type AddBlocks = dyn Fn(&mut Layers) -> Result<Vec<Key>> + Send + Sync;

/// An array that is to be a column: made of an [`Array`] by `into`.
#[derive(Clone)]
pub struct ArrayColumn {
    /// The lengths of its chunks, if it has one dimension.
    lengths: Result<Vec<usize>, Problem>,
    dtype: DataType,
    blocks: Arc<AddBlocks>,
    column: fn(PlSmallStr, &Chunk) -> Result<Column>,
}

/// Why an array can't be a column.
#[derive(Clone, Debug)]
enum Problem {
    Said(String),
    Impossible(Error),
}

impl std::fmt::Debug for ArrayColumn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArrayColumn")
            .field("lengths", &self.lengths)
            .field("dtype", &self.dtype)
            .finish_non_exhaustive()
    }
}

impl<T: ColumnElement> From<Array<T>> for ArrayColumn {
    fn from(array: Array<T>) -> Self {
        let lengths = match array.clone().checked() {
            Err(error) => Err(Problem::Impossible(error)),
            Ok(array) if array.chunks().ndim() != 1 => {
                let dimensions = array.chunks().ndim();
                Err(Problem::Said(format!("an array of {dimensions} dimensions: each column needs one of 1 dimension")))
            }
            Ok(array) => Ok(array.chunks().lengths(0).to_vec()),
        };
        let blocks = Arc::new(move |layers: &mut Layers| array.build_chunks(layers));
        let column = |name, chunk: &Chunk| Ok(T::column(name, chunk.get::<Block<T>>()?.as_slice()));
        Self { lengths, dtype: T::COLUMN, blocks, column }
    }
}

impl<T: ColumnElement> From<&Array<T>> for ArrayColumn {
    fn from(array: &Array<T>) -> Self {
        array.clone().into()
    }
}

impl DataFrame {
    /// A table of 1-dimensional arrays, each a column, and each block a part of a partition.
    ///
    /// Impossible where an array has another number of dimensions, or other chunks than the first; where two have one name.
    ///
    /// ```
    /// use polars::prelude::{col, df, lit};
    /// use thermocline::{Array, DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let x = Array::<f64>::from_fn(&[10], &[4], |at| at[0] as f64 / 2.0);
    /// let n = Array::<i64>::arange(0, 10, 1, [4]);
    /// let table = DataFrame::from_arrays([("x", (&x).into()), ("n", n.into())]);
    /// assert_eq!(table.partitions(), 3);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let last = session.compute(&table.filter(col("n").gt_eq(lit(8))))?;
    /// assert_eq!(last, df!["x" => [4.0, 4.5], "n" => [8_i64, 9]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn from_arrays<N: Into<PlSmallStr>>(columns: impl IntoIterator<Item = (N, ArrayColumn)>) -> Self {
        let location = Location::caller();
        let columns = columns.into_iter().map(|(name, column)| (name.into(), column)).collect();
        match ArraysNode::new(columns) {
            Ok(node) => Self::of(node),
            Err(Problem::Impossible(error)) => Self::failed(error),
            Err(Problem::Said(problem)) => Self::failed(Error::operation("from_arrays", location, problem)),
        }
    }

    /// How many rows each partition has: computing that gives them. See [`to_array`](Self::to_array).
    ///
    /// ```
    /// use polars::prelude::{col, df, lit};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3, 4, 5]]?, 2).filter(col("x").gt(lit(1)));
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table.lengths())?, [1, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lengths(&self) -> Lengths {
        Lengths(self.clone())
    }

    /// A column as an array, a partition a block, where its partitions have `lengths` rows: those that
    /// [`lengths`](Self::lengths) computes. Null is NaN in floats, and an error in anything else.
    ///
    /// Impossible where there is no such column, where it has another type than `T`, or where there are not as many lengths
    /// as partitions. A partition that has another length ends the run with an error.
    ///
    /// ```
    /// use polars::prelude::df;
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [Some(1.0), None, Some(3.5)]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let lengths = session.compute(&table.lengths())?;
    /// let x = table.to_array::<f64>("x", &lengths);
    /// assert_eq!(x.chunks().lengths(0), [1, 2]);
    /// assert_eq!(session.compute(&x.nansum(..))?[[]], 4.5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn to_array<T: ColumnElement>(&self, column: &str, lengths: &[usize]) -> Array<T> {
        let problem = match self.schema().get(column) {
            None => Some(format!("there is no column {column:?}")),
            Some(dtype) if *dtype != T::COLUMN => {
                Some(format!("column {column:?} is {dtype}, the array is to be of {}: cast it before", T::COLUMN))
            }
            Some(_) if lengths.len() != self.partitions() => {
                Some(format!("{} lengths for {} partitions", lengths.len(), self.partitions()))
            }
            Some(_) => None,
        };
        let error = problem.map(|problem| Error::operation("to_array", Location::caller(), problem));
        if let Some(error) = self.failure.clone().or(error) {
            let fails = Delayed::<Block<T>>::of_tasks("to_array", move |_| Err(error.clone()));
            return Array::from_delayed(&[1], ChunkLength::Whole, &[fails]);
        }
        let blocks = Arc::new(Blocks { node: self.node().clone(), column: column.into(), lengths: lengths.to_vec() });
        let block = |number: usize| {
            let blocks = blocks.clone();
            Delayed::<Block<T>>::of_tasks("to_array", move |layers| Ok(blocks.keys::<T>(layers)?[number].clone()))
        };
        // No chunk is empty.
        let numbers = (0..lengths.len()).filter(|&number| lengths[number] > 0);
        let values: Vec<_> = numbers.map(block).collect();
        let chunks: Vec<usize> = lengths.iter().copied().filter(|&length| length > 0).collect();
        if values.is_empty() {
            return Array::zeros(&[0], ChunkLength::Whole);
        }
        Array::from_delayed(&[lengths.iter().sum()], [ChunkLength::Each(chunks)], &values)
    }
}

/// A table of arrays.
struct ArraysNode {
    columns: Vec<(PlSmallStr, ArrayColumn)>,
    lengths: Vec<usize>,
    schema: SchemaRef,
}

impl ArraysNode {
    fn new(columns: Vec<(PlSmallStr, ArrayColumn)>) -> Result<Self, Problem> {
        let said = |problem: String| Err(Problem::Said(problem));
        let Some((first, column)) = columns.first() else { return said("there is no array".into()) };
        let lengths = column.lengths.clone()?;
        for (at, (name, column)) in columns.iter().enumerate() {
            let other = column.lengths.clone()?;
            if other != lengths {
                return said(format!(
                    "{name:?} has chunks {}, {first:?} has {}: rechunk one of them",
                    listed(&other),
                    listed(&lengths)
                ));
            }
            if columns[..at].iter().any(|(before, _)| before == name) {
                return said(format!("two columns have the name {name:?}"));
            }
        }
        let schema = columns.iter().map(|(name, column)| (name.clone(), column.dtype.clone())).collect();
        Ok(Self { columns, lengths, schema: Arc::new(schema) })
    }
}

/// The first few of the lengths of chunks.
fn listed(lengths: &[usize]) -> String {
    let shown = &lengths[..lengths.len().min(4)];
    let more =
        if shown.len() < lengths.len() { format!(" and {} more", lengths.len() - shown.len()) } else { String::new() };
    format!("{shown:?}{more}")
}

impl Node for ArraysNode {
    fn label(&self) -> &'static str {
        "from_arrays"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.lengths.len()
    }

    fn estimate(&self) -> Estimate {
        Estimate::unseen(self.lengths.iter().sum::<usize>() as f64)
    }

    fn parts(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        let all = Wanted::all();
        // One at least tells the number of rows.
        let wanted = if self.columns.iter().any(|(name, _)| wanted.has(name)) { wanted } else { &all };
        let mut blocks = Vec::new();
        for (name, column) in self.columns.iter().filter(|(name, _)| wanted.has(name)) {
            blocks.push((name.clone(), column.column, (column.blocks)(layers)?));
        }
        let part = |(number, &length): (usize, &usize)| {
            let needs = blocks.iter().map(|(.., keys)| keys[number].clone()).collect();
            let columns: Vec<_> = blocks.iter().map(|(name, column, _)| (name.clone(), *column)).collect();
            let make: Make = Arc::new(move |_, chunks| {
                let columns = columns.iter().zip(chunks).map(|((name, column), chunk)| column(name.clone(), chunk));
                Ok(PolarsFrame::new(length, columns.collect::<Result<_>>()?)?)
            });
            let bytes = Estimate::unseen(length as f64).bytes(&self.schema, wanted);
            Part { needs, make, workspace: 0, reads: 0, bytes }
        };
        Ok(Some(self.lengths.iter().enumerate().map(part).collect()))
    }
}

/// How many rows each partition of a table has: made by [`DataFrame::lengths`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Lengths(DataFrame);

/// A number of rows.
struct Count(usize);

impl Value for Count {
    fn unmetered_bytes(&self) -> u64 {
        0
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        None
    }
}

impl Collection for Lengths {
    type Output = Vec<usize>;

    fn build(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        if let Some(error) = &self.0.failure {
            return Err(error.clone());
        }
        let parts = self.0.node().parts(layers, &Wanted::columns_of(self.0.schema(), |_| false))?;
        let name = layers.name("lengths");
        let add = |(number, part): (usize, Part)| {
            let Part { needs, make, workspace, reads, bytes } = part;
            let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
                Ok(Chunk::new(Count(make(context, chunks)?.height())))
            };
            let key = Key::indexed(name.clone(), [number as u32]);
            let task = Task::new(key.clone(), needs, Arc::new(run)).output(Size::Exact(0));
            layers.add(task.workspace(workspace + bytes).reads(reads));
            key
        };
        Ok(parts.into_iter().enumerate().map(add).collect())
    }

    fn finish(&self, chunks: Vec<Chunk>) -> Result<Vec<usize>> {
        chunks.iter().map(|chunk| Ok(chunk.get::<Count>()?.0)).collect()
    }
}

/// A column on its way to an array. Its address is its identity.
struct Blocks {
    node: Arc<Shared>,
    column: PlSmallStr,
    lengths: Vec<usize>,
}

impl Blocks {
    /// The tasks that make a block of each partition, added once.
    fn keys<T: ColumnElement>(self: &Arc<Self>, layers: &mut Layers) -> Result<Arc<Vec<Key>>> {
        let expression: Arc<dyn Any + Send + Sync> = self.clone();
        if let Some(keys) = layers.find::<Vec<Key>>(&expression) {
            return Ok(keys);
        }
        let parts = self.node.parts(layers, &Wanted::columns_of(self.node.schema(), |name| *name == self.column))?;
        let name = layers.name("to_array");
        let add = |(number, part): (usize, Part)| {
            let Part { needs, make, workspace, reads, bytes } = part;
            let (column, length) = (self.column.clone(), self.lengths[number]);
            let run = move |context: &TaskContext<'_>, chunks: &[Chunk]| {
                let frame = make(context, chunks)?;
                let rows = frame.height();
                if rows != length {
                    return Err(format!("the partition has {rows} rows, it was said to have {length}").into());
                }
                let mut block = context.block::<T>(&[length])?;
                T::copy(frame.column(&column)?, block.as_mut_slice())?;
                Ok(Chunk::new(block.freeze()))
            };
            let key = Key::indexed(name.clone(), [number as u32]);
            let task = Task::new(key.clone(), needs, Arc::new(run)).output(Size::Exact(Block::<T>::charge(length)));
            layers.add(task.workspace(workspace + bytes).reads(reads).spillable());
            key
        };
        let keys = Arc::new(parts.into_iter().enumerate().map(add).collect::<Vec<_>>());
        layers.remember(expression, keys.clone());
        Ok(keys)
    }
}
