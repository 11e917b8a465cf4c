//! Quantiles of the lanes of a block.
//!
//! Many lanes are answered [side by side](super::select). Where lanes are few, too long for a core's own cache that way, or
//! asked for much, each is taken by itself: partitioned by Hoare's quickselect, or sorted. All give the elements of the same
//! ranks, so the same values (**D1**).

use std::sync::Arc;

use super::gather::{Gather, Recipe};
use super::grid::Region;
use super::kernel::Scope;
use super::lane::Lanes;
use super::node::Shared;
use super::ordered::Ordered;
use super::quantile::{Place, Question};
use super::reducer::Real;
use super::select::{self, Row, SIDE};
use crate::chunk::{Block, charge};
use crate::error::Result;
use crate::graph::{Key, Layers};

/// From more places than this a lane is sorted.
const SORT_FROM: usize = 12;

/// The most bytes of lanes side by side.
const SIDE_BYTES: usize = 4 << 20;

/// How the lanes of a block are answered.
enum Way {
    EachByItself,
    SideBySide,
}

impl Way {
    fn of<T: Ordered>(lanes: &Lanes, question: &Question) -> Self {
        let fits = lanes.len().saturating_mul(SIDE * key_bytes::<T>()) <= SIDE_BYTES;
        let many = lanes.count() >= SIDE / 2 && !lanes.is_empty();
        if fits && many && 2 * question.ask.count() <= SORT_FROM { Self::SideBySide } else { Self::EachByItself }
    }

    fn workspace<T: Ordered>(&self, lanes: &Lanes) -> u64 {
        match self {
            Self::EachByItself => Block::<T>::charge(lanes.len()),
            Self::SideBySide => charge((lanes.len() * SIDE * key_bytes::<T>()) as u64),
        }
    }
}

fn key_bytes<T: Ordered>() -> usize {
    if T::BITS <= 32 { size_of::<i32>() } else { size_of::<i64>() }
}

/// The recipe for a block of the result, of an array in blocks of whole lanes.
pub(super) fn recipe<T: Real + Ordered>(
    node: &Arc<Shared<T>>,
    question: &Question,
    layers: &mut Layers,
    region: &Region,
    needs: &mut Vec<Key>,
) -> Result<Recipe<T::Spread>> {
    let own = question.lanes_of(node.grid(), region);
    let lanes = Lanes::of(&own.shape, &question.along);
    let values = Gather::compile(node, layers, &own, needs)?;
    let way = Way::of::<T>(&lanes, question);
    let workspace = values.workspace() + way.workspace::<T>(&lanes);
    let question = question.clone();
    let make = move |scope: Scope<'_>, out: &mut [T::Spread]| {
        let values = values.values(scope)?;
        match way {
            Way::EachByItself => each_by_itself(&question, &lanes, &values, scope, out),
            Way::SideBySide if T::BITS <= 32 => side_by_side::<T, i32>(&question, &lanes, &values, scope, out),
            Way::SideBySide => side_by_side::<T, i64>(&question, &lanes, &values, scope, out),
        }
    };
    Ok(Recipe { workspace, make: Box::new(make) })
}

fn each_by_itself<T: Real + Ordered>(
    question: &Question,
    lanes: &Lanes,
    values: &[T],
    scope: Scope<'_>,
    out: &mut [T::Spread],
) -> Result<()> {
    let mut lane = scope.context.scratch::<T>(lanes.len())?;
    let (lane, count) = (lane.as_mut_slice(), lanes.count());
    for number in 0..count {
        lanes.copy_out(values, number, lane);
        answer(question, lane, |quantile, value| out[quantile * count + number] = value);
    }
    Ok(())
}

/// Answers from one lane, whose order is lost: `out(number, value)` for each.
fn answer<T: Real + Ordered>(question: &Question, lane: &mut [T], mut out: impl FnMut(usize, T::Spread)) {
    let ask = &question.ask;
    // NaN is last in the order of keys.
    let valid = lane.iter().filter(|value| !value.is_nan()).count();
    if valid == 0 || (valid < lane.len() && !question.skip) {
        (0..ask.count()).for_each(|number| out(number, T::spread(f64::NAN)));
        return;
    }
    let places: Vec<Place> = (0..ask.count()).map(|number| ask.place(number, valid)).collect();
    let mut ranks: Vec<usize> = places.iter().flat_map(|place| [place.low, place.high]).collect();
    ranks.sort_unstable();
    ranks.dedup();
    if ranks.len() > SORT_FROM {
        lane.sort_unstable_by_key(|value| value.key());
    } else {
        let mut from = 0;
        for rank in ranks {
            lane[from..].select_nth_unstable_by_key(rank - from, |value| value.key());
            from = rank + 1;
            if from == lane.len() {
                break;
            }
        }
    }
    for (number, place) in places.iter().enumerate() {
        out(number, ask.value(lane[place.low], lane[place.high], place.weight));
    }
}

fn side_by_side<T: Real + Ordered, K: select::Key>(
    question: &Question,
    lanes: &Lanes,
    values: &[T],
    scope: Scope<'_>,
    out: &mut [T::Spread],
) -> Result<()> {
    let mut keys = scope.context.scratch::<K>(lanes.len() * SIDE)?;
    let (rows, _) = keys.as_mut_slice().as_chunks_mut::<SIDE>();
    let count = lanes.count();
    for first in (0..count).step_by(SIDE) {
        // Those beyond the last are the last again.
        let starts = std::array::from_fn(|lane| lanes.start((first + lane).min(count - 1)));
        lay_side_by_side(lanes, values, &starts, rows);
        let most = SIDE.min(count - first);
        answer_rows::<T, K>(question, rows, |quantile, lane, value| {
            if lane < most {
                out[quantile * count + first + lane] = value;
            }
        });
    }
    Ok(())
}

/// Makes rows of the keys of lanes that begin at `starts`.
fn lay_side_by_side<T: Ordered, K: select::Key>(
    lanes: &Lanes,
    values: &[T],
    starts: &[usize; SIDE],
    rows: &mut [Row<K>],
) {
    let mut rows = rows.iter_mut();
    if starts[SIDE - 1] == starts[0] + SIDE - 1 {
        lanes.for_each_offset(|offset| {
            let (Some(row), Some(side)) = (rows.next(), values[starts[0] + offset..].first_chunk::<SIDE>()) else {
                return;
            };
            *row = side.map(|value| K::of(value.key()));
        });
    } else {
        lanes.for_each_offset(|offset| {
            let Some(row) = rows.next() else { return };
            *row = starts.map(|start| K::of(values[start + offset].key()));
        });
    }
}

/// Answers from lanes side by side: `out(number, lane, value)` for each.
fn answer_rows<T: Real + Ordered, K: select::Key>(
    question: &Question,
    rows: &[Row<K>],
    mut out: impl FnMut(usize, usize, T::Spread),
) {
    let ask = &question.ask;
    let nan = T::nan_or(T::ENDS.1);
    // Nothing is above the key of NaN.
    let valid: [usize; SIDE] =
        if nan.is_nan() { select::below(rows, &[K::of(nan.key()); SIDE]).map(K::counted) } else { [rows.len(); SIDE] };
    for number in 0..ask.count() {
        let places = valid.map(|valid| ask.place(number, valid.max(1)));
        let low = select::select(rows, &places.map(|place| K::count(place.low)));
        let (within, next) = select::beyond(rows, &low);
        for lane in 0..SIDE {
            let answered = valid[lane] == rows.len() || (question.skip && valid[lane] > 0);
            let value = if answered {
                let beyond = K::count(places[lane].high) >= within[lane];
                let (low, high) = (low[lane], if beyond { next[lane] } else { low[lane] });
                ask.value(T::of_key(low.key()), T::of_key(high.key()), places[lane].weight)
            } else {
                T::spread(f64::NAN)
            };
            out(number, lane, value);
        }
    }
}
