//! Group by: a tree where groups are few, a shuffle where they are many.
//!
//! ```text
//! partial aggregation of each partition ── merged by eights, in order ──> answers             (few groups)
//! partial aggregation of each partition ── shuffled by key ── merged ──> answers              (many groups)
//! rows ── shuffled by key ── aggregated ──> answers        (all rows of a group at once; or hardly two rows a group)
//! rows ── aggregated ──> answers                           (sorted by a key, with its values known to be together)
//! ```
//!
//! Quantiles and numbers of distinct values of groups that are too large for a task have [a way of their own](exact).
//!
//! Which of them is taken is decided from a sample of the input; each is right for any input. Partial aggregation happens in
//! the task that reads a partition.
//!
//! Groups come in the order in which their first rows come, in each partition of the result.

mod decompose;
mod exact;
mod way;

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, Expr, IntoLazy, LazyFrame, PlSmallStr, SchemaRef, col};

use super::DataFrame;
use super::alone::alone;
use super::divisions::Divisions;
use super::estimate::{Estimate, empty};
use super::node::{Node, Part, Shared, Wanted};
use super::rows::{columns_scanned, is_row_by_row};
use super::shuffle::Shuffle;
use super::tasks::{FAN_IN, add_tasks, gathered};
use crate::chunk::CodeError;
use crate::error::Result;
use crate::graph::{Key, Layers};
use decompose::{Decomposed, decompose};
use way::Way;
pub(super) use way::sizes;

/// A table with keys to group by: made by [`DataFrame::group_by`].
#[derive(Clone, Debug)]
pub struct GroupBy {
    table: DataFrame,
    keys: Vec<Expr>,
    location: &'static Location<'static>,
}

impl DataFrame {
    /// Groups rows by `keys`: columns, or expressions of a row. Rows whose key is null are a group.
    ///
    /// See [`GroupBy::agg`].
    #[track_caller]
    #[must_use]
    pub fn group_by(&self, keys: impl AsRef<[Expr]>) -> GroupBy {
        GroupBy { table: self.clone(), keys: keys.as_ref().to_vec(), location: Location::caller() }
    }

    /// Aggregates all rows: a table of one row.
    ///
    /// ```
    /// use polars::prelude::{col, df, len};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1.0, 2.0, 6.0]]?, 2);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let mean = session.compute(&table.agg([col("x").mean(), len().alias("rows")]))?;
    /// assert_eq!(mean, df!["x" => [3.0], "rows" => [3_u32]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn agg(&self, aggregations: impl AsRef<[Expr]>) -> Self {
        GroupBy { table: self.clone(), keys: Vec::new(), location: Location::caller() }.agg(aggregations)
    }
}

impl GroupBy {
    /// One row for each group: its keys, and what `aggregations` make of its rows. Any aggregation of polars will do; sums,
    /// counts, means, extremes, deviations, first and last values, and expressions of those, are made partition by partition.
    ///
    /// Impossible where a column is not there, or a key looks at more than its own row.
    ///
    /// ```
    /// use polars::prelude::{col, df};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = df!["key" => ["a", "b", "a", "a"], "x" => [1, 2, 3, 8]]?;
    /// let table = DataFrame::from_polars(table, 3);
    /// let by_key = table.group_by([col("key")]);
    /// let answers = by_key.agg([col("x").sum().alias("sum"), col("x").median().alias("median")]);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let expected = df!["key" => ["a", "b"], "sum" => [12, 2], "median" => [3.0, 2.0]]?;
    /// assert_eq!(session.compute(&answers)?, expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn agg(self, aggregations: impl AsRef<[Expr]>) -> DataFrame {
        let aggregations = aggregations.as_ref().to_vec();
        match GroupNode::new(&self.table, self.keys, aggregations) {
            Ok(node) => DataFrame::of(node),
            Err(problem) => self.table.fail("group_by", self.location, problem),
        }
    }
}

struct GroupNode {
    input: Arc<Shared>,
    by: Arc<By>,
    decomposed: Option<Decomposed>,
    way: Way,
    schema: SchemaRef,
    groups: f64,
}

/// What to group by, and what to make of each group.
struct By {
    keys: Vec<Expr>,
    names: Vec<PlSmallStr>,
    aggregations: Vec<Expr>,
}

impl By {
    /// `aggregations` of `frame`, by these keys as they are in the input.
    fn of_rows(&self, frame: LazyFrame, aggregations: &[Expr]) -> LazyFrame {
        if self.keys.is_empty() {
            return frame.select(aggregations);
        }
        frame.group_by_stable(&self.keys).agg(aggregations)
    }

    /// `aggregations` of `frame`, by these keys as they are in partial results.
    fn of_partials(&self, frame: LazyFrame, aggregations: &[Expr]) -> LazyFrame {
        if self.keys.is_empty() {
            return frame.select(aggregations);
        }
        frame.group_by_stable(self.columns()).agg(aggregations)
    }

    /// One partial result of several. Nothing stays nothing.
    fn merged(&self, partials: PolarsFrame, merges: &[Expr]) -> Result<PolarsFrame, CodeError> {
        if partials.height() == 0 { Ok(partials) } else { Ok(self.of_partials(partials.lazy(), merges).collect()?) }
    }

    fn columns(&self) -> Vec<Expr> {
        self.names.iter().map(|name| col(name.clone())).collect()
    }
}

impl GroupNode {
    fn new(table: &DataFrame, keys: Vec<Expr>, aggregations: Vec<Expr>) -> Result<Self, String> {
        let input = table.node().clone();
        let told = |error: polars::prelude::PolarsError| error.to_string();
        alone(|| {
            let rows = empty(input.schema()).lazy();
            let key_schema = if keys.is_empty() {
                Arc::default()
            } else {
                let keys = rows.clone().select(&keys);
                if !is_row_by_row(&keys) {
                    return Err("a key looks at more than its own row".to_owned());
                }
                keys.clone().collect_schema().map_err(told)?
            };
            let names: Vec<PlSmallStr> = key_schema.iter_names_cloned().collect();
            let by = By { keys, names, aggregations };
            let schema = by.of_rows(rows, &by.aggregations).collect_schema().map_err(told)?;
            let output =
                schema.iter().skip(by.names.len()).map(|(name, dtype)| (name.clone(), dtype.clone())).collect();
            let decomposed = decompose(&by.aggregations, input.schema(), &output);
            let sizes = sizes(&by.keys, input.estimate());
            let mut node = Self { input, by: Arc::new(by), decomposed, way: Way::Tree, schema, groups: sizes.groups };
            node.way = node.choose(&sizes);
            Ok(node)
        })
    }

    /// The columns of the input that `lazy`, made of it, reads.
    fn wanted(&self, aggregations: &[Expr]) -> Wanted {
        let lazy = self.by.of_rows(empty(self.input.schema()).lazy(), aggregations);
        match alone(|| lazy.to_alp_optimized()).ok().and_then(|plan| columns_scanned(&plan)) {
            Some(columns) => Wanted::columns_of(self.input.schema(), |name| columns.contains(name)),
            None => Wanted::all(),
        }
    }

    /// Partial results of each partition, and their schema.
    fn partials(&self, layers: &mut Layers, decomposed: &Decomposed) -> Result<(Vec<Part>, SchemaRef)> {
        let wanted = self.wanted(&decomposed.partials);
        let lazy = self.by.of_rows(empty(self.input.schema()).lazy(), &decomposed.partials);
        let schema = alone(|| lazy.clone().collect_schema()).unwrap_or_default();
        let parts = self.input.parts(layers, &wanted)?;
        let rows = self.input.estimate().rows / parts.len().max(1) as f64;
        let bytes = Estimate::unseen(self.groups.min(rows)).bytes(&schema, &Wanted::all());
        let then = |part: Part| {
            let (by, partials) = (self.by.clone(), decomposed.partials.clone());
            let nothing = empty(&schema);
            part.then(bytes, move |frame| {
                // Of all rows, a partition without any has no first one, and no least.
                if frame.height() == 0 {
                    Ok(nothing.clone())
                } else {
                    Ok(by.of_rows(frame.lazy(), &partials).collect()?)
                }
            })
        };
        Ok((parts.into_iter().map(then).collect(), schema))
    }

    /// Partial results, merged until they are few. Their keys and schema, and about the bytes of each.
    fn build_merged(&self, layers: &mut Layers, decomposed: &Decomposed) -> Result<(Vec<Key>, SchemaRef, u64)> {
        let (parts, schema) = self.partials(layers, decomposed)?;
        let bytes = parts.first().map_or(0, |part| part.bytes);
        let mut keys = add_tasks(layers, "group_by_partial", parts);
        while keys.len() > FAN_IN {
            let merged = keys.chunks(FAN_IN).map(|keys| {
                let (by, merges) = (self.by.clone(), decomposed.merges.clone());
                gathered(keys, schema.clone(), bytes).then(bytes, move |frame| by.merged(frame, &merges))
            });
            keys = add_tasks(layers, "group_by_merge", merged.collect());
        }
        Ok((keys, schema, bytes))
    }

    fn build_tree(&self, layers: &mut Layers, decomposed: &Decomposed) -> Result<Vec<Key>> {
        let (keys, schema, bytes) = self.build_merged(layers, decomposed)?;
        let answer = self.answered(decomposed, gathered(&keys, schema, bytes), bytes);
        Ok(add_tasks(layers, "group_by", vec![answer]))
    }

    /// About the bytes of all answers.
    fn answer_bytes(&self) -> u64 {
        Estimate::unseen(self.groups).bytes(&self.schema, &Wanted::all())
    }

    /// The answers of a partition of partial results.
    fn answered(&self, decomposed: &Decomposed, part: Part, bytes: u64) -> Part {
        let (by, Decomposed { merges, answers, .. }) = (self.by.clone(), decomposed.clone());
        part.then(bytes, move |frame| {
            let merged = by.of_partials(frame.lazy(), &merges);
            Ok(merged.select([by.columns(), answers.clone()].concat()).collect()?)
        })
    }

    fn build_partials(&self, layers: &mut Layers, decomposed: &Decomposed, into: usize) -> Result<Vec<Key>> {
        let (parts, schema) = self.partials(layers, decomposed)?;
        let names = self.by.names.clone();
        let shuffle = Shuffle::by_hash(into, move |frame| Ok(frame.select(names.iter().cloned())?));
        let parts = shuffle.build(layers, "group_by", parts, &schema);
        let parts = parts.into_iter().map(|part| {
            let bytes = part.bytes;
            self.answered(decomposed, part, bytes)
        });
        Ok(add_tasks(layers, "group_by", parts.collect()))
    }

    fn build_rows(&self, layers: &mut Layers, into: usize) -> Result<Vec<Key>> {
        let wanted = self.wanted(&self.by.aggregations);
        let schema = wanted.of(self.input.schema());
        let parts = self.input.parts(layers, &wanted)?;
        let parts = if parts.len() == 1 {
            parts
        } else if into == 1 {
            let bytes = parts.iter().map(|part| part.bytes).sum();
            let keys = add_tasks(layers, "group_by_rows", parts);
            vec![gathered(&keys, schema, bytes)]
        } else {
            let keys = self.by.keys.clone();
            let shuffle = Shuffle::by_hash(into, move |frame| Ok(frame.clone().lazy().select(&keys).collect()?));
            shuffle.build(layers, "group_by", parts, &schema)
        };
        Ok(self.build_answers(layers, parts))
    }

    fn build_in_place(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        let parts = self.input.parts(layers, &self.wanted(&self.by.aggregations))?;
        Ok(self.build_answers(layers, parts))
    }

    /// The answers of partitions that have all rows of their groups.
    fn build_answers(&self, layers: &mut Layers, parts: Vec<Part>) -> Vec<Key> {
        let bytes = self.answer_bytes() / parts.len().max(1) as u64;
        let parts = parts.into_iter().map(|part| {
            let by = self.by.clone();
            part.then(bytes, move |frame| Ok(by.of_rows(frame.lazy(), &by.aggregations).collect()?))
        });
        add_tasks(layers, "group_by", parts.collect())
    }
}

impl Node for GroupNode {
    fn label(&self) -> &'static str {
        "group_by"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        match self.way {
            Way::Tree | Way::Exact => 1,
            Way::InPlace => self.input.partitions(),
            Way::Rows(_) if self.input.partitions() == 1 => 1,
            Way::Partials(into) | Way::Rows(into) => into,
        }
    }

    fn estimate(&self) -> Estimate {
        Estimate::unseen(self.groups)
    }

    fn divisions(&self) -> Option<&Divisions> {
        // Groups are in the order of their first rows.
        if self.way == Way::InPlace { self.input.divisions() } else { None }
    }

    fn build(&self, layers: &mut Layers, _: &Wanted) -> Result<Vec<Key>> {
        match (&self.decomposed, self.way) {
            (Some(decomposed), Way::Tree) => self.build_tree(layers, decomposed),
            (Some(decomposed), Way::Partials(into)) => self.build_partials(layers, decomposed, into),
            (Some(decomposed), Way::Exact) => exact::build(self, layers, decomposed),
            (_, Way::Rows(into)) => self.build_rows(layers, into),
            (_, Way::InPlace) => self.build_in_place(layers),
            (None, Way::Tree | Way::Partials(_) | Way::Exact) => unreachable!("only what was decomposed is merged"),
        }
    }
}
