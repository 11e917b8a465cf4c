//! The operation: how each partition of a join is made.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use polars::prelude::{Column, DataFrame as PolarsFrame, Expr, IntoLazy, PlSmallStr, SchemaRef, UniqueKeepStrategy};
use polars::series::IsSorted;

use super::estimate::estimated;
use super::keys::{On, Side};
use super::layout::{Bucket, buckets, place};
use super::ranges::Ranges;
use super::{JoinKind, JoinOptions, JoinWay};
use crate::dataframe::alone::alone;
use crate::dataframe::divisions::Divisions;
use crate::dataframe::estimate::{Estimate, empty};
use crate::dataframe::node::{Node, Part, Shared, Wanted};
use crate::dataframe::rows::selected;
use crate::dataframe::shuffle::{Shuffle, partitions_for};
use crate::dataframe::tasks::{add_tasks, gathered};
use crate::error::Result;
use crate::graph::{Key, Layers};

/// A side of up to so many bytes is broadcast: about as large as a partition is behind a shuffle.
const BROADCAST: u64 = 32 << 20;

pub(super) struct JoinNode {
    left: Arc<Shared>,
    right: Arc<Shared>,
    on: Arc<On>,
    kind: JoinKind,
    way: Way,
    schema: SchemaRef,
    estimate: OnceLock<Estimate>,
}

/// How rows are brought together.
enum Way {
    /// The side is gathered, for each partition of the other.
    Broadcast(Side),
    /// Each partition of one side meets each of the other.
    Pairs,
    /// Both sides are shuffled.
    Shuffle(Arc<[Bucket]>),
    /// One side is sorted by a key; the other is shuffled to its ranges, if it isn't sorted alike.
    Ranges(Ranges),
}

/// What was built, and for which wants.
struct Built(Wanted, Vec<Part>);

impl JoinNode {
    pub(super) fn new(
        left: Arc<Shared>,
        right: Arc<Shared>,
        on: (Vec<Expr>, Vec<Expr>),
        options: &JoinOptions,
    ) -> Result<Self, String> {
        let kind = options.kind;
        let (on, schema, way) = alone(|| {
            let (on, schema) = On::new((left.schema(), right.schema()), on, options.args())?;
            let way = way(&left, &right, &on, kind, options.way)?;
            Ok::<_, String>((on, schema, way))
        })?;
        Ok(Self { left, right, on: Arc::new(on), kind, way, schema, estimate: OnceLock::new() })
    }

    fn side(&self, side: Side) -> &Arc<Shared> {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// What of each side is wanted for `wanted`.
    ///
    /// A column of the right side gets its suffix because the left one has its name: so that names stay, that one is wanted,
    /// too.
    fn needed(&self, wanted: &Wanted, side: Side) -> Wanted {
        let (schema, suffix) = (self.side(side).schema(), self.on.args.suffix());
        let right = self.right.schema();
        let is_wanted_of_right =
            |name: &str| right.contains(name) && (wanted.has(name) || wanted.has(&format!("{name}{suffix}")));
        let is_wanted = |name: &PlSmallStr| match (side, self.kind) {
            (Side::Left, JoinKind::Semi | JoinKind::Anti) => wanted.has(name),
            (Side::Right, JoinKind::Semi | JoinKind::Anti) => false,
            (Side::Left, _) => wanted.has(name) || is_wanted_of_right(name),
            (Side::Right, _) => is_wanted_of_right(name),
        };
        Wanted::columns_of(schema, |name| is_wanted(name) || self.on.reads(side, name)).or_first(schema)
    }

    /// The rows of each partition of a side.
    fn rows(&self, layers: &mut Layers, wanted: &Wanted, side: Side) -> Result<(Vec<Part>, SchemaRef)> {
        let needed = self.needed(wanted, side);
        let parts = self.side(side).parts(layers, &needed)?;
        let schema = needed.of(self.side(side).schema());
        if side == Side::Left || !matches!(self.kind, JoinKind::Semi | JoinKind::Anti) {
            return Ok((parts, schema));
        }
        // Of a key that is there often, once is enough.
        let once = |part: Part| {
            let (bytes, columns) = (part.bytes, schema.clone());
            part.then(bytes, move |frame| {
                let keys = frame.select(columns.iter_names_cloned())?;
                Ok(keys.unique::<(), ()>(None, UniqueKeepStrategy::Any, None)?)
            })
        };
        Ok((parts.into_iter().map(once).collect(), schema))
    }

    /// What the join makes of rows of both sides.
    fn joined(&self, left: Part, right: Part, wanted: &Wanted, bytes: u64) -> Part {
        let (on, wanted) = (self.on.clone(), wanted.clone());
        left.with(right, bytes, move |left, right| {
            Ok(selected(on.joined(prepared(left).lazy(), prepared(right).lazy()), &wanted).collect()?)
        })
    }

    fn bytes(&self, wanted: &Wanted) -> u64 {
        self.estimated().bytes(&self.schema, wanted) / self.partitions().max(1) as u64
    }

    fn estimated(&self) -> &Estimate {
        let made = || estimated(self.kind, &self.on, &self.schema, self.left.estimate(), self.right.estimate());
        self.estimate.get_or_init(made)
    }

    fn broadcast(&self, layers: &mut Layers, wanted: &Wanted, side: Side) -> Result<Vec<Part>> {
        let (parts, schema) = self.rows(layers, wanted, side)?;
        let bytes = parts.iter().map(|part| part.bytes).sum();
        let keys = add_tasks(layers, "join_rows", parts);
        let whole = add_tasks(layers, "join_broadcast", vec![gathered(&keys, schema, bytes)]);
        let (others, _) = self.rows(layers, wanted, side.other())?;
        let whole = Part::of_task(whole[0].clone(), bytes);
        let bytes = self.bytes(wanted);
        let part = |other: Part| match side {
            Side::Left => self.joined(whole.clone(), other, wanted, bytes),
            Side::Right => self.joined(other, whole.clone(), wanted, bytes),
        };
        Ok(others.into_iter().map(part).collect())
    }

    fn pairs(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Vec<Part>> {
        let [left, right] =
            [Side::Left, Side::Right].map(|side| self.side(side).chunks(layers, &self.needed(wanted, side)));
        let part = |side: Side, key: &Key| {
            let bytes = self.side(side).partition_bytes(&self.needed(wanted, side));
            Part::of_task(key.clone(), bytes)
        };
        let (left, right, bytes) = (left?, right?, self.bytes(wanted));
        let pairs = left.iter().flat_map(|left| right.iter().map(move |right| (left, right)));
        let pair = |(left, right)| self.joined(part(Side::Left, left), part(Side::Right, right), wanted, bytes);
        Ok(pairs.map(pair).collect())
    }

    fn shuffle(&self, layers: &mut Layers, wanted: &Wanted, buckets: &Arc<[Bucket]>) -> Result<Vec<Part>> {
        let mut shuffled = |side: Side, label: &str| {
            let (parts, schema) = self.rows(layers, wanted, side)?;
            let into = buckets.iter().map(|bucket| bucket.parts(side)).sum();
            let place = place(self.on.clone(), side, buckets.clone(), parts.len());
            let parts = Shuffle { into, place, needs: Vec::new() }.build(layers, label, parts, &schema);
            Ok((parts.into_iter(), schema))
        };
        let (mut left, left_schema) = shuffled(Side::Left, "join_left")?;
        let (mut right, right_schema) = shuffled(Side::Right, "join_right")?;
        let bytes = self.bytes(wanted);
        let mut parts = Vec::with_capacity(self.partitions());
        for bucket in &**buckets {
            let left: Vec<Part> = left.by_ref().take(bucket.parts(Side::Left)).collect();
            let right: Vec<Part> = right.by_ref().take(bucket.parts(Side::Right)).collect();
            match bucket.split {
                None => parts
                    .extend(left.into_iter().zip(right).map(|(left, right)| self.joined(left, right, wanted, bytes))),
                Some((Side::Left, _)) => {
                    self.split(layers, (Side::Left, left, &left_schema), &right[0], wanted, &mut parts);
                }
                Some((Side::Right, _)) => {
                    self.split(layers, (Side::Right, right, &right_schema), &left[0], wanted, &mut parts);
                }
            }
        }
        Ok(parts)
    }

    fn ranges(&self, layers: &mut Layers, wanted: &Wanted, ranges: &Ranges) -> Result<Vec<Part>> {
        let mut cut = |side: Side, label: &str| {
            let (parts, schema) = self.rows(layers, wanted, side)?;
            if ranges.is_in_place(side) {
                return Ok(parts);
            }
            let place = ranges.place(self.on.clone(), side);
            Ok(Shuffle { into: ranges.partitions(), place, needs: Vec::new() }.build(layers, label, parts, &schema))
        };
        let (left, right) = (cut(Side::Left, "join_left")?, cut(Side::Right, "join_right")?);
        let bytes = self.bytes(wanted);
        Ok(left.into_iter().zip(right).map(|(left, right)| self.joined(left, right, wanted, bytes)).collect())
    }

    /// Joins the parts of a bucket, of the side that is split, with its rows of the other side.
    fn split(
        &self,
        layers: &mut Layers,
        (side, parts, schema): (Side, Vec<Part>, &SchemaRef),
        other: &Part,
        wanted: &Wanted,
        into: &mut Vec<Part>,
    ) {
        let bytes = self.bytes(wanted);
        let join = |part: Part, other: Part| match side {
            Side::Left => self.joined(part, other, wanted, bytes),
            Side::Right => self.joined(other, part, wanted, bytes),
        };
        if !keeps(self.kind, side.other()) {
            into.extend(parts.into_iter().map(|part| join(part, other.clone())));
            return;
        }
        let among = |part: Part, are_wanted: bool| {
            let on = self.on.clone();
            other.clone().with(part, other.bytes, move |other, keys| on.among(side.other(), other, keys, are_wanted))
        };
        let keys_of = |part: Part| {
            let (on, bytes) = (self.on.clone(), part.bytes / 8);
            part.then(bytes, move |frame| {
                let keys = on.keys(side, &frame)?;
                Ok(keys.unique::<(), ()>(None, UniqueKeepStrategy::Any, None)?)
            })
        };
        let keys = add_tasks(layers, "join_keys", parts.iter().cloned().map(keys_of).collect());
        for (part, keys) in parts.into_iter().zip(&keys) {
            let partners = among(Part::of_task(keys.clone(), 0), true);
            into.push(join(part, partners));
        }
        let nothing = empty(schema);
        let nothing = Part {
            needs: Vec::new(),
            make: Arc::new(move |_, _| Ok(nothing.clone())),
            workspace: 0,
            reads: 0,
            bytes: 0,
        };
        let without = among(gathered(&keys, self.on.key_schema(), other.bytes / 8), false);
        into.push(join(nothing, without));
    }
}

/// In one piece, and not known to be sorted: polars joins what it knows to be sorted in another way, where equal keys come in
/// another order, and what has been on scratch isn't known to be.
fn prepared(mut frame: PolarsFrame) -> PolarsFrame {
    frame.rechunk_mut();
    let (height, columns) = (frame.height(), frame.into_columns());
    let unsorted = |mut column: Column| {
        column.set_sorted_flag(IsSorted::Not);
        column
    };
    let columns = columns.into_iter().map(unsorted).collect();
    PolarsFrame::new(height, columns).unwrap_or_else(|error| unreachable!("columns of a frame: {error}"))
}

/// Whether rows of a side that have no partner are in the result.
fn keeps(kind: JoinKind, side: Side) -> bool {
    match side {
        Side::Left => matches!(kind, JoinKind::Left | JoinKind::Full | JoinKind::Anti),
        Side::Right => matches!(kind, JoinKind::Right | JoinKind::Full),
    }
}

/// Whether partitions of the other side can each meet all of this one.
fn may_broadcast(kind: JoinKind, side: Side) -> bool {
    match side {
        Side::Left => matches!(kind, JoinKind::Inner | JoinKind::Right | JoinKind::Cross),
        Side::Right => !matches!(kind, JoinKind::Right | JoinKind::Full),
    }
}

/// How rows are brought together.
fn way(left: &Shared, right: &Shared, on: &On, kind: JoinKind, asked: JoinWay) -> Result<Way, String> {
    let bytes = |side: &Shared| side.estimate().bytes(side.schema(), &Wanted::all());
    let (left_bytes, right_bytes) = (bytes(left), bytes(right));
    let sides = [(Side::Left, left, left_bytes), (Side::Right, right, right_bytes)];
    let ranges = if asked == JoinWay::Auto { Ranges::new(sides, on) } else { None };
    let not_one = || Err(format!("{asked:?} is no way to make a join of the kind {kind:?}"));
    let is_in_place = |side| ranges.as_ref().is_some_and(|ranges| ranges.is_in_place(side));
    let into = match asked {
        JoinWay::Auto if is_in_place(Side::Left) && is_in_place(Side::Right) => 1,
        JoinWay::BroadcastLeft if may_broadcast(kind, Side::Left) => return Ok(Way::Broadcast(Side::Left)),
        JoinWay::BroadcastRight if may_broadcast(kind, Side::Right) => return Ok(Way::Broadcast(Side::Right)),
        JoinWay::BroadcastLeft | JoinWay::BroadcastRight => return not_one(),
        JoinWay::Shuffle(_) if kind == JoinKind::Cross => return not_one(),
        JoinWay::Shuffle(into) => into.max(1),
        JoinWay::Auto if may_broadcast(kind, Side::Right) && right_bytes <= BROADCAST => {
            return Ok(Way::Broadcast(Side::Right));
        }
        JoinWay::Auto if may_broadcast(kind, Side::Left) && left_bytes <= BROADCAST => {
            return Ok(Way::Broadcast(Side::Left));
        }
        JoinWay::Auto if kind == JoinKind::Cross => return Ok(Way::Pairs),
        JoinWay::Auto => partitions_for(left_bytes + right_bytes),
    };
    if let Some(ranges) = ranges {
        return Ok(Way::Ranges(ranges));
    }
    let sides = [(Side::Left, left.estimate(), left_bytes as f64), (Side::Right, right.estimate(), right_bytes as f64)];
    // What only says which keys there are is made short before it is shuffled.
    let may_split = |side| side == Side::Left || !matches!(kind, JoinKind::Semi | JoinKind::Anti);
    Ok(Way::Shuffle(buckets(on, sides, may_split, into)))
}

impl Node for JoinNode {
    fn label(&self) -> &'static str {
        "join"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        match &self.way {
            Way::Broadcast(side) => self.side(side.other()).partitions(),
            Way::Pairs => self.left.partitions() * self.right.partitions(),
            Way::Shuffle(buckets) => {
                let rest = |(side, parts): (Side, usize)| parts + usize::from(keeps(self.kind, side.other()));
                buckets.iter().map(|bucket| bucket.split.map_or(1, rest)).sum()
            }
            Way::Ranges(ranges) => ranges.partitions(),
        }
    }

    fn estimate(&self) -> Estimate {
        self.estimated().clone()
    }

    fn divisions(&self) -> Option<&Divisions> {
        // Rows of the left side stay where they are, and its columns keep their names.
        match &self.way {
            Way::Broadcast(Side::Right) => self.left.divisions(),
            // Right and full joins put rows of the right side behind.
            Way::Ranges(ranges) if ranges.is_in_place(Side::Left) && !keeps(self.kind, Side::Right) => {
                self.left.divisions()
            }
            _ => None,
        }
    }

    fn parts(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        // What is fused into two tasks is shuffled once nevertheless.
        let expression: Arc<dyn Any + Send + Sync> = self.on.clone();
        if let Some(built) = layers.find::<Built>(&expression)
            && built.0.covers(wanted)
        {
            return Ok(Some(built.1.clone()));
        }
        let wanted = wanted.of_all_rows();
        let parts = match &self.way {
            Way::Broadcast(side) => self.broadcast(layers, &wanted, *side)?,
            Way::Pairs => self.pairs(layers, &wanted)?,
            Way::Shuffle(buckets) => self.shuffle(layers, &wanted, buckets)?,
            Way::Ranges(ranges) => self.ranges(layers, &wanted, ranges)?,
        };
        layers.remember(expression, Arc::new(Built(wanted, parts.clone())));
        Ok(Some(parts))
    }
}
