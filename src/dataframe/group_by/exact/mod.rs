//! Quantiles and numbers of distinct values of few, large groups: no task has all rows of a group.
//!
//! ```text
//! (keys, value) ── distinct ── counted by keys ──────────────────────────────┐
//! (keys, value) ── sorted ──┬─ counted by keys ── ranks ─┐                   │
//!                           └────────────────────────────┴─ picked ──────────┼─> answers
//! what is made partition by partition ── merged ─────────────────────────────┘
//! ```
//!
//! In what is sorted by keys and value the rows of a group are neighbours, in their order: once it is known how many rows each
//! group has, it is known in which partition and row the values are that a quantile lies between.

mod quantiles;

use std::sync::Arc;

use polars::prelude::{DataType, Expr, IDX_DTYPE, IntoLazy, PlSmallStr, Schema, SchemaRef, col, len};

use super::super::DataFrame;
use super::super::compute::concat;
use super::super::estimate::completed;
use super::super::frame::Frame;
use super::super::node::{Make, Part, Wanted};
use super::GroupNode;
use super::decompose::Decomposed;
use crate::chunk::{Chunk, CodeError};
use crate::dataframe::tasks::{add_tasks, gathered};
use crate::error::Result;
use crate::graph::{Key, Layers};
pub(super) use quantiles::Quantile;

/// The column of values while keys are beside it, and that of numbers of rows.
const VALUE: PlSmallStr = PlSmallStr::from_static("__value");
const ROWS: PlSmallStr = PlSmallStr::from_static("__rows");

/// An aggregation that needs all rows of a group, but can do without having them in one place.
#[derive(Clone, Debug)]
pub(super) struct Exact {
    pub(super) name: PlSmallStr,
    pub(super) input: Expr,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Distinct,
    Quantile(Quantile),
}

impl Exact {
    fn dtype(&self) -> DataType {
        match self.kind {
            Kind::Distinct => IDX_DTYPE,
            Kind::Quantile(_) => DataType::Float64,
        }
    }
}

/// Adds the tasks that aggregate in this way. The key of the answers.
pub(super) fn build(node: &GroupNode, layers: &mut Layers, decomposed: &Decomposed) -> Result<Vec<Key>> {
    // Read once, for all of them.
    node.input.chunks(layers, &node.wanted(&node.by.aggregations))?;
    let table = DataFrame { node: node.input.clone(), failure: None };
    let (merged, schema) = build_merged(node, layers, decomposed)?;
    let mut made = vec![merged];
    let mut rest: &[Exact] = &decomposed.exact;
    while let [first, others @ ..] = rest {
        match first.kind {
            Kind::Distinct => {
                made.push(build_distinct(node, layers, &table, first)?);
                rest = others;
            }
            // Quantiles of the same values are picked from one sorted table.
            Kind::Quantile(_) => {
                let alike = |exact: &&Exact| exact.input == first.input && matches!(exact.kind, Kind::Quantile(_));
                let (together, others) = rest.split_at(rest.iter().take_while(alike).count());
                made.push(quantiles::build(node, layers, &table, together)?);
                rest = others;
            }
        }
    }
    Ok(add_tasks(layers, "group_by", vec![answers(node, decomposed, made, &schema)]))
}

/// What is made partition by partition, and all keys in the order in which they come.
fn build_merged(node: &GroupNode, layers: &mut Layers, decomposed: &Decomposed) -> Result<(Key, SchemaRef)> {
    let mut decomposed = decomposed.clone();
    if decomposed.partials.is_empty() {
        decomposed.partials.push(len().alias(ROWS));
        decomposed.merges.push(col(ROWS).sum().alias(ROWS));
    }
    let (keys, schema, bytes) = node.build_merged(layers, &decomposed)?;
    let (by, merges) = (node.by.clone(), decomposed.merges);
    let part = gathered(&keys, schema.clone(), bytes);
    let part = part.then(bytes, move |frame| Ok(by.of_partials(frame.lazy(), &merges).collect()?));
    Ok((add_one(layers, "group_by_merged", part), schema))
}

/// The keys, and the value of `input`, of each row of `table`.
fn with_value(node: &GroupNode, table: &DataFrame, input: &Expr) -> DataFrame {
    table.select([node.by.keys.clone(), vec![input.clone().alias(VALUE)]].concat())
}

/// How many different values each group has.
fn build_distinct(node: &GroupNode, layers: &mut Layers, table: &DataFrame, exact: &Exact) -> Result<Key> {
    let pairs = with_value(node, table, &exact.input);
    let distinct = pairs.group_by([node.by.columns(), vec![col(VALUE)]].concat()).agg([]);
    if let Some(error) = distinct.failure {
        return Err(error);
    }
    let (parts, bytes) = (distinct.node.parts(layers, &Wanted::all())?, node.answer_bytes());
    let name = exact.name.clone();
    let counted = parts.into_iter().map(|part| {
        let (by, count) = (node.by.clone(), [len().alias(name.clone())]);
        part.then(bytes, move |frame| Ok(by.of_partials(frame.lazy(), &count).collect()?))
    });
    let keys = add_tasks(layers, "group_by_distinct", counted.collect());
    let schema = with_column(node, distinct.schema(), name.clone());
    let (by, sum) = (node.by.clone(), [col(name.clone()).sum().alias(name)]);
    let part = gathered(&keys, schema, bytes);
    let part = part.then(bytes, move |frame| Ok(by.of_partials(frame.lazy(), &sum).collect()?));
    Ok(add_one(layers, "group_by_counted", part))
}

/// The keys as they are in `schema`, and a column of numbers of rows.
fn with_column(node: &GroupNode, schema: &Schema, name: PlSmallStr) -> SchemaRef {
    let keys = schema.iter().take(node.by.names.len()).map(|(name, dtype)| (name.clone(), dtype.clone()));
    Arc::new(keys.chain([(name, IDX_DTYPE)]).collect())
}

fn add_one(layers: &mut Layers, label: &str, part: Part) -> Key {
    add_tasks(layers, label, vec![part]).swap_remove(0)
}

/// What all that was `made` says of each group, put together.
fn answers(node: &GroupNode, decomposed: &Decomposed, made: Vec<Key>, merged: &SchemaRef) -> Part {
    let mut all = (**merged).clone();
    for exact in &decomposed.exact {
        all.with_column(exact.name.clone(), exact.dtype());
    }
    let all = Arc::new(all);
    let said: Vec<Expr> =
        all.iter_names().skip(node.by.names.len()).map(|name| col(name.clone()).drop_nulls().first()).collect();
    let answers = [node.by.columns(), decomposed.answers.clone()].concat();
    let (by, bytes) = (node.by.clone(), node.answer_bytes());
    let workspace = made.len() as u64 * bytes;
    let make: Make = Arc::new(move |_, chunks: &[Chunk]| {
        let frames = chunks.iter().map(|chunk| Ok::<_, CodeError>(completed(Frame::of(chunk)?, &all)?));
        Ok(concat(frames.collect::<Result<_, _>>()?, &all)?)
    });
    Part { needs: made, make, workspace, reads: 0, bytes: workspace }
        .then(bytes, move |frame| Ok(by.of_partials(frame.lazy(), &said).select(&answers).collect()?))
}
