//! The operation: how each partition of a join with the nearest key is made.

use std::sync::Arc;

use polars::prelude::{
    AsofStrategy, DataFrame as PolarsFrame, DataType, IntoLazy, JoinArgs, JoinCoalesce, JoinType, LazyFrame,
    PlSmallStr, SchemaRef, col,
};

use super::AsofOptions;
use super::neighbours::{Neighbours, bounds, bounds_schema, check_bounds, check_sorted, place};
use crate::chunk::CodeError;
use crate::dataframe::alone::alone;
use crate::dataframe::divisions::Divisions;
use crate::dataframe::estimate::{Estimate, empty};
use crate::dataframe::node::{Node, Part, Shared, Wanted};
use crate::dataframe::rows::selected;
use crate::dataframe::shuffle::Shuffle;
use crate::dataframe::tasks::{add_tasks, gathered};
use crate::error::Result;
use crate::graph::{Key, Layers};

/// A right side of up to so many bytes is broadcast.
const BROADCAST: u64 = 32 << 20;

pub(super) struct AsofNode {
    left: Arc<Shared>,
    right: Arc<Shared>,
    on: Arc<On>,
    broadcast: bool,
    schema: SchemaRef,
}

/// How two frames are joined.
struct On {
    left: PlSmallStr,
    right: PlSmallStr,
    left_by: Vec<PlSmallStr>,
    right_by: Vec<PlSmallStr>,
    /// The type in which keys are compared.
    dtype: DataType,
    strategy: AsofStrategy,
    args: JoinArgs,
}

impl On {
    fn lazy(&self, left: LazyFrame, right: LazyFrame) -> LazyFrame {
        let join =
            left.join_builder().with(right).left_on([col(self.left.clone())]).right_on([col(self.right.clone())]);
        let join = join.how(self.args.how.clone()).allow_parallel(false);
        match &self.args.suffix {
            Some(suffix) => join.suffix(suffix.clone()).finish(),
            None => join.finish(),
        }
    }

    fn joined(&self, left: PolarsFrame, right: PolarsFrame, wanted: &Wanted) -> Result<PolarsFrame, CodeError> {
        check_sorted(&left, &self.left, "left")?;
        check_sorted(&right, &self.right, "right")?;
        let [left, right] = [left, right].map(|mut frame| {
            frame.rechunk_mut();
            frame.lazy()
        });
        Ok(selected(self.lazy(left, right), wanted).collect()?)
    }
}

impl AsofNode {
    pub(super) fn new(
        left: Arc<Shared>,
        right: Arc<Shared>,
        (left_on, right_on): (&str, &str),
        options: &AsofOptions,
    ) -> Result<Self, String> {
        let (left_by, right_by) = options.by.clone().unwrap_or_default();
        let missing = |side: &Shared, on: &str, by: &[PlSmallStr]| {
            let mut names = by.iter().map(PlSmallStr::as_str).chain([on]);
            names.find(|name| !side.schema().contains(name)).map(|name| format!("there is no column {name:?}"))
        };
        if let Some(problem) = missing(&left, left_on, &left_by).or_else(|| missing(&right, right_on, &right_by)) {
            return Err(problem);
        }
        let of = |side: &Shared, on: &str| side.schema().get(on).cloned().unwrap_or(DataType::Null);
        let dtype = compared(&of(&left, left_on), &of(&right, right_on))?;
        if options.within.is_some() && !dtype.is_temporal() {
            return Err(format!("a duration between keys that are no times but {dtype}: say a tolerance"));
        }
        let on = On {
            left: left_on.into(),
            right: right_on.into(),
            left_by,
            right_by,
            dtype,
            strategy: options.strategy,
            args: options.args(),
        };
        let schema = alone(|| on.lazy(empty(left.schema()).lazy(), empty(right.schema()).lazy()).collect_schema());
        let schema = schema.map_err(|problem| problem.to_string())?;
        let is_small = right.estimate().bytes(right.schema(), &Wanted::all()) <= BROADCAST;
        let broadcast = options.broadcast.unwrap_or(is_small) || left.partitions() == 0;
        Ok(Self { left, right, on: Arc::new(on), broadcast, schema })
    }

    /// What of the left side is wanted for `wanted`. A column gets its suffix because the left side has its name: that one is
    /// wanted, too.
    fn of_left(&self, wanted: &Wanted) -> Wanted {
        let of_right = self.of_right(wanted);
        Wanted::columns_of(self.left.schema(), |name| {
            let is_key = *name == self.on.left || self.on.left_by.contains(name);
            is_key || wanted.has(name) || (self.right.schema().contains(name) && of_right.has(name))
        })
    }

    fn of_right(&self, wanted: &Wanted) -> Wanted {
        let suffix = self.on.args.suffix();
        Wanted::columns_of(self.right.schema(), |name| {
            let is_key = *name == self.on.right || self.on.right_by.contains(name);
            is_key || wanted.has(name) || wanted.has(&format!("{name}{suffix}"))
        })
    }

    /// The rows of the right side that each partition of the left may need.
    fn partners(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Vec<Part>> {
        let wanted = self.of_right(wanted);
        let schema = wanted.of(self.right.schema());
        let parts = self.right.parts(layers, &wanted)?;
        if self.broadcast {
            let bytes = parts.iter().map(|part| part.bytes).sum();
            let keys = add_tasks(layers, "join_asof_rows", parts);
            let whole = add_tasks(layers, "join_asof_broadcast", vec![gathered(&keys, schema, bytes)]);
            return Ok(vec![Part::of_task(whole[0].clone(), bytes); self.left.partitions()]);
        }
        let bounds = self.bounds(layers)?;
        let into = self.left.partitions();
        let checked = |part: Part| {
            let (on, bytes) = (self.on.clone(), part.bytes);
            part.then(bytes, move |frame| {
                check_sorted(&frame, &on.right, "right")?;
                Ok(frame)
            })
        };
        let place = place(self.on.right.clone(), self.on.dtype.clone());
        let shuffle = Shuffle { into, place, needs: vec![bounds] };
        let parts: Vec<Part> = parts.into_iter().map(checked).collect();
        let bytes = parts.iter().map(|part| part.bytes).sum::<u64>() / into as u64;
        let rows = shuffle.build(layers, "join_asof", parts, &schema);
        let rows = add_tasks(layers, "join_asof_rows", rows);
        let before = self.neighbours(layers, Neighbours::Before, &rows, &schema);
        let after = match self.on.strategy {
            AsofStrategy::Backward => vec![None; into],
            // Behind is before, the other way round.
            AsofStrategy::Forward | AsofStrategy::Nearest => {
                let backwards: Vec<Key> = rows.iter().rev().cloned().collect();
                let mut after = self.neighbours(layers, Neighbours::After, &backwards, &schema);
                after.reverse();
                after
            }
        };
        let together = |((before, rows), after): ((Option<Key>, Key), Option<Key>)| {
            let keys: Vec<Key> = before.into_iter().chain([rows]).chain(after).collect();
            gathered(&keys, schema.clone(), bytes)
        };
        Ok(before.into_iter().zip(rows).zip(after).map(together).collect())
    }

    /// For each of `rows`, the neighbours among all that come before.
    fn neighbours(
        &self,
        layers: &mut Layers,
        neighbours: Neighbours,
        rows: &[Key],
        schema: &SchemaRef,
    ) -> Vec<Option<Key>> {
        let name = layers.name("join_asof_neighbours");
        let mut found = vec![None];
        for (number, rows) in rows.iter().enumerate().take(rows.len().saturating_sub(1)) {
            let so_far: Option<Key> = found[number].clone();
            let keys: Vec<Key> = match neighbours {
                Neighbours::Before => so_far.into_iter().chain([rows.clone()]).collect(),
                Neighbours::After => [rows.clone()].into_iter().chain(so_far).collect(),
            };
            let on = self.on.clone();
            let part = gathered(&keys, schema.clone(), 0)
                .then(0, move |frame| Ok(neighbours.of(frame, &on.right, &on.right_by)?));
            let key = Key::indexed(name.clone(), [number as u32]);
            layers.add(part.task(key.clone()));
            found.push(Some(key));
        }
        found
    }

    /// The task that knows the bounds of the partitions of the left side.
    fn bounds(&self, layers: &mut Layers) -> Result<Key> {
        let wanted = Wanted::columns_of(self.left.schema(), |name| *name == self.on.left);
        let parts = self.left.parts(layers, &wanted)?;
        let of = |part: Part| {
            let on = self.on.clone();
            part.then(0, move |frame| Ok(bounds(&frame, &on.left, &on.dtype)?))
        };
        let each = add_tasks(layers, "join_asof_bounds", parts.into_iter().map(of).collect());
        let on = self.on.clone();
        let all = gathered(&each, bounds_schema(&on.dtype), 0).then(0, move |bounds| {
            check_bounds(&bounds, &on.left)?;
            Ok(bounds)
        });
        Ok(add_tasks(layers, "join_asof_bounds", vec![all]).remove(0))
    }
}

/// The type in which keys are compared.
fn compared(left: &DataType, right: &DataType) -> Result<DataType, String> {
    let is_key = |dtype: &DataType| dtype.is_primitive_numeric() || dtype.is_temporal();
    if !is_key(left) || !is_key(right) {
        return Err(format!("keys are numbers or times, not {left} and {right}"));
    }
    // The type that polars makes of both, if it is willing to compare them at all.
    let frames = [left, right].map(|dtype| empty(&[("key".into(), dtype.clone())].into_iter().collect()).lazy());
    let [left_keys, right_keys] = frames;
    let mut args = JoinArgs::new(JoinType::Full);
    args.coalesce = JoinCoalesce::CoalesceColumns;
    let schema = alone(|| left_keys.join(right_keys, [col("key")], [col("key")], args).collect_schema());
    let dtype = schema.ok().and_then(|schema| schema.get("key").cloned());
    dtype.ok_or_else(|| format!("keys of the types {left} and {right} are not compared"))
}

impl Node for AsofNode {
    fn label(&self) -> &'static str {
        "join_asof"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.left.partitions()
    }

    fn estimate(&self) -> Estimate {
        let Estimate { rows, sample } = self.left.estimate();
        let right = self.right.estimate().sample.as_ref();
        let sample = sample
            .as_ref()
            .zip(right)
            .and_then(|(left, right)| alone(|| self.on.joined(left.clone(), right.clone(), &Wanted::all())).ok());
        Estimate { rows: *rows, sample }
    }

    fn divisions(&self) -> Option<&Divisions> {
        self.left.divisions()
    }

    fn parts(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        let wanted = wanted.of_all_rows();
        let partners = self.partners(layers, &wanted)?;
        let parts = self.left.parts(layers, &self.of_left(&wanted))?;
        let bytes = self.estimate().bytes(&self.schema, &wanted) / parts.len().max(1) as u64;
        let joined = |(left, right): (Part, Part)| {
            let (on, wanted) = (self.on.clone(), wanted.clone());
            left.with(right, bytes, move |left, right| on.joined(left, right, &wanted))
        };
        Ok(Some(parts.into_iter().zip(partners).map(joined).collect()))
    }
}
