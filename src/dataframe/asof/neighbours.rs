//! Where partitions of the left side end, which rows of the right side belong to which, and which are next to them.

use std::sync::Arc;

use polars::prelude::{
    Column, DataFrame as PolarsFrame, DataType, Expr, IntoLazy, PlSmallStr, PolarsError, PolarsResult, Schema,
    SchemaRef, SeriesMethods, SortMultipleOptions, SortOptions, col,
};

use super::super::frame::Frame;
use super::super::shuffle::Place;
use crate::chunk::CodeError;

/// An error where `frame` is not sorted by the column `on`. Nulls come first.
pub(super) fn check_sorted(frame: &PolarsFrame, on: &str, side: &str) -> PolarsResult<()> {
    if frame.column(on)?.as_materialized_series().is_sorted(SortOptions::default())? {
        return Ok(());
    }
    Err(not_sorted(on, side))
}

fn not_sorted(on: &str, side: &str) -> PolarsError {
    PolarsError::InvalidOperation(format!("join_asof: the {side} side is not sorted by {on:?}").into())
}

pub(super) fn bounds_schema(dtype: &DataType) -> SchemaRef {
    Arc::new(Schema::from_iter(["first", "last"].map(|name| (PlSmallStr::from(name), dtype.clone()))))
}

/// The first and last key of a partition of the left side, in one row: null where it has none.
pub(super) fn bounds(frame: &PolarsFrame, on: &str, dtype: &DataType) -> PolarsResult<PolarsFrame> {
    check_sorted(frame, on, "left")?;
    let keys = frame.column(on)?.as_materialized_series().strict_cast(dtype)?.drop_nulls();
    let of = |keys: polars::prelude::Series, name: &str| match keys.len() {
        0 => Column::full_null(name.into(), 1, dtype),
        _ => keys.with_name(name.into()).into(),
    };
    PolarsFrame::new(1, vec![of(keys.head(Some(1)), "first"), of(keys.tail(Some(1)), "last")])
}

/// An error where the partitions whose bounds these are, a row for each, are not sorted.
pub(super) fn check_bounds(bounds: &PolarsFrame, on: &str) -> PolarsResult<()> {
    let keys = Keys::of(bounds.column("first")?)?.0.into_iter().zip(Keys::of(bounds.column("last")?)?.0);
    let mut before = f64::NEG_INFINITY;
    let mut before_exact = i128::MIN;
    for (first, last) in keys {
        let (Some(first), Some(last)) = (first, last) else { continue };
        let is_sorted = match (first, last) {
            (Key::Whole(first), Key::Whole(last)) => first >= std::mem::replace(&mut before_exact, last),
            (Key::Float(first), Key::Float(last)) => first.total_cmp(&std::mem::replace(&mut before, last)).is_ge(),
            _ => true,
        };
        if !is_sorted {
            return Err(not_sorted(on, "left"));
        }
    }
    Ok(())
}

/// A key that can be compared: numbers and times.
#[derive(Clone, Copy, Debug)]
enum Key {
    Whole(i128),
    Float(f64),
}

impl Key {
    fn is_less(self, other: Self) -> bool {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a < b,
            (Self::Float(a), Self::Float(b)) => a.total_cmp(&b).is_lt(),
            _ => false,
        }
    }
}

struct Keys(Vec<Option<Key>>);

impl Keys {
    fn of(column: &Column) -> PolarsResult<Self> {
        let physical = column.to_physical_repr();
        Ok(Self(match physical.dtype() {
            DataType::UInt64 => physical.u64()?.iter().map(|key| key.map(|key| Key::Whole(key.into()))).collect(),
            dtype if dtype.is_float() => physical
                .cast(&DataType::Float64)?
                .f64()?
                .iter()
                .map(|key| key.map(|key| Key::Float(key + 0.0)))
                .collect(),
            _ => physical
                .strict_cast(&DataType::Int64)?
                .i64()?
                .iter()
                .map(|key| key.map(|key| Key::Whole(key.into())))
                .collect(),
        }))
    }
}

/// Where rows of the right side go: to the first partition of the left whose last key is no less, those beyond the last to the
/// last. A row without a key has no partner, wherever it is.
pub(super) fn place(on: PlSmallStr, dtype: DataType) -> Place {
    Arc::new(move |frame: &PolarsFrame, needs, _| {
        let bounds = Frame::of(&needs[0])?;
        let mut lasts = Keys::of(bounds.column("last")?)?.0;
        // A partition without keys ends where the one before it does.
        for at in 1..lasts.len() {
            lasts[at] = lasts[at].or(lasts[at - 1]);
        }
        let keys = Keys::of(&frame.column(&on)?.strict_cast(&dtype)?)?.0;
        let place = |key: Option<Key>| {
            let Some(key) = key else { return 0 };
            let at = lasts.partition_point(|last| last.is_none_or(|last| last.is_less(key)));
            at.min(lasts.len() - 1) as u32
        };
        Ok::<_, CodeError>(keys.into_iter().map(place).collect())
    })
}

/// Rows of the right side next to a border, of each of the `by` keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Neighbours {
    /// Those with the last key before it.
    Before,
    /// Those with the first key behind it.
    After,
}

impl Neighbours {
    /// Those of sorted rows: of rows with equal keys the first and the last, since it depends on the strategy which of them is
    /// the partner.
    pub(super) fn of(self, frame: PolarsFrame, on: &PlSmallStr, by: &[PlSmallStr]) -> PolarsResult<PolarsFrame> {
        let frame = frame.lazy().filter(col(on.clone()).is_not_null()).collect()?;
        let nearest = match self {
            Self::Before => col(on.clone()).last(),
            Self::After => col(on.clone()).first(),
        };
        let is_next = col(on.clone()).eq(nearest);
        if by.is_empty() {
            let next = frame.lazy().filter(is_next).collect()?;
            return if next.height() > 1 { next.head(Some(1)).vstack(&next.tail(Some(1))) } else { Ok(next) };
        }
        let names = frame.get_column_names_owned();
        let others: Vec<PlSmallStr> = names.iter().filter(|name| !by.contains(name)).cloned().collect();
        let end = |end: fn(Expr) -> Expr| {
            let others: Vec<Expr> =
                others.iter().map(|other| end(col(other.clone()).filter(is_next.clone()))).collect();
            let by: Vec<Expr> = by.iter().cloned().map(col).collect();
            frame.clone().lazy().group_by_stable(by).agg(others).collect()
        };
        let ends = end(Expr::first)?.vstack(&end(Expr::last)?)?;
        let options = SortMultipleOptions::new().with_maintain_order(true).with_multithreaded(false);
        ends.select(names)?.sort([on.clone()], options)
    }
}
