//! What the rows of a join are like.

use polars::prelude::{
    DataFrame as PolarsFrame, DataType, Expr, IdxCa, IdxSize, IntoLazy, JoinArgs, JoinType, PolarsResult, Schema, col,
    len,
};

use super::JoinKind;
use super::keys::{On, Side};
use crate::dataframe::alone::alone;
use crate::dataframe::estimate::{Estimate, SAMPLE_ROWS, thinned};
use crate::dataframe::group_by::sizes;

/// So many rows a join of samples has at the most.
const MOST_ROWS: f64 = 10.0 * SAMPLE_ROWS as f64;

pub(super) fn estimated(kind: JoinKind, on: &On, schema: &Schema, left: &Estimate, right: &Estimate) -> Estimate {
    alone(|| {
        let sampled = match kind {
            JoinKind::Inner => of_whole(on, left, right, Side::Right).or_else(|| of_whole(on, left, right, Side::Left)),
            JoinKind::Left | JoinKind::Semi | JoinKind::Anti => of_whole(on, left, right, Side::Right),
            JoinKind::Right => of_whole(on, left, right, Side::Left),
            JoinKind::Full | JoinKind::Cross => None,
        };
        sampled.unwrap_or_else(|| {
            let rows = rows(kind, on, left, right);
            let sample = match kind {
                JoinKind::Semi | JoinKind::Anti => left.sample.clone(),
                _ => paired(on, schema, left, right).ok().flatten(),
            };
            Estimate { rows, sample }
        })
    })
}

/// Where the sample of one side, `whole`, is all of it: that of the other side joined with it.
fn of_whole(on: &On, left: &Estimate, right: &Estimate, whole: Side) -> Option<Estimate> {
    let (all, other) = if whole == Side::Right { (right, left) } else { (left, right) };
    let (all, some) = (all.whole()?, other.sample.as_ref().filter(|sample| sample.height() > 0)?);
    let matches = matches(on, whole, all, some)?;
    let fewer = (some.height() as f64 * (MOST_ROWS / matches).min(1.0)).ceil() as usize;
    let some = thinned(some, fewer.max(1));
    let (left, right) = if whole == Side::Right { (&some, all) } else { (all, &some) };
    let joined = on.joined(left.clone().lazy(), right.clone().lazy()).collect().ok()?;
    // One row more, so that what is rare is not taken to be nothing.
    let share = (joined.height() as f64 + 1.0) / (some.height() as f64 + 1.0);
    Some(Estimate { rows: other.rows * share, sample: Some(thinned(&joined, SAMPLE_ROWS)) })
}

/// How many pairs of rows have equal keys.
fn matches(on: &On, whole: Side, all: &PolarsFrame, some: &PolarsFrame) -> Option<f64> {
    let numbers: Vec<Expr> = (0..on.of(whole).len()).map(|number| col(number.to_string())).collect();
    let all = on.keys(whole, all).ok()?.lazy().group_by(&numbers).agg([len().alias("rows")]);
    let some = on.keys(whole.other(), some).ok()?.lazy();
    let pairs = some.join(all, &numbers, &numbers, JoinArgs::new(JoinType::Left));
    let total = pairs.select([col("rows").cast(DataType::Float64).sum()]).collect().ok()?;
    total.column("rows").ok()?.f64().ok()?.get(0)
}

fn rows(kind: JoinKind, on: &On, left: &Estimate, right: &Estimate) -> f64 {
    let keys = sizes(on.of(Side::Left), left).groups.max(sizes(on.of(Side::Right), right).groups).max(1.0);
    let pairs = left.rows * right.rows / keys;
    match kind {
        JoinKind::Cross => left.rows * right.rows,
        JoinKind::Inner => pairs,
        JoinKind::Left => pairs.max(left.rows),
        JoinKind::Right => pairs.max(right.rows),
        JoinKind::Full => pairs.max(left.rows).max(right.rows),
        JoinKind::Semi | JoinKind::Anti => left.rows,
    }
}

/// Rows of both samples side by side as if they were partners: for how long they are, and how many different values there are
/// in a column.
fn paired(on: &On, schema: &Schema, left: &Estimate, right: &Estimate) -> PolarsResult<Option<PolarsFrame>> {
    let (Some(left), Some(right)) = (&left.sample, &right.sample) else { return Ok(None) };
    if left.height() == 0 || right.height() == 0 {
        return Ok(None);
    }
    let rows = left.height().max(right.height());
    let suffix = on.args.suffix().clone();
    let mut columns = Vec::with_capacity(schema.len());
    for (name, dtype) in schema.iter() {
        let suffixed = name.strip_suffix(suffix.as_str()).filter(|name| left.column(name).is_ok());
        let column = left.column(name).or_else(|_| right.column(suffixed.unwrap_or(name)))?;
        let again: Vec<IdxSize> = (0..rows).map(|row| (row % column.len()) as IdxSize).collect();
        let column = column.take(&IdxCa::from_vec("".into(), again))?;
        columns.push(column.cast(dtype)?.with_name(name.clone()));
    }
    PolarsFrame::new(rows, columns).map(Some)
}
