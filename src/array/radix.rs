//! Order statistics of lanes larger than a block, by counting.
//!
//! Elements have [keys](super::ordered) of up to 64 bits. A pass over the array counts, for each rank that is looked for,
//! how many elements have each value of the next 16 bits of the key, among those that agree with what is known of it; so
//! each pass makes 16 more bits known: two passes for f32, four for f64. A task counts the tiles of a block as they
//! come; counts are added up in a fixed tree. No pass needs more than the counts in memory, whatever the length of a lane.

use std::sync::Arc;

use super::Array;
use super::chunks::auto;
use super::compile::Program;
use super::gather::{BlockNode, Recipe, add_block_task};
use super::grid::{ChunkGrid, Region};
use super::kernel::Scope;
use super::node::Shared;
use super::ordered::Ordered;
use super::quantile::{Ask, Question};
use super::reducer::Real;
use super::strided::strides;
use crate::chunk::Block;
use crate::error::Result;
use crate::graph::{Key, Layers};

/// Bits that a pass makes known.
const DIGIT: u32 = 16;

/// The counts of one task have at most about so many bytes.
const COUNTS: usize = 16 << 20;

/// About how many bytes of values one task counts.
const GROUP: usize = 64 << 20;

/// How many lists of counts one task adds up.
const FAN_IN: usize = 8;

/// So many quantiles are looked for at once.
const AT_ONCE: usize = 4;

/// The answers to a question, the quantiles' axis first.
pub(super) fn answers<T: Real + Ordered>(
    label: &'static str,
    array: &Array<T>,
    question: &Question,
) -> Array<T::Spread> {
    if let Ask::Quantiles(quantiles, method) = &question.ask
        && quantiles.len() > AT_ONCE
    {
        let parts: Vec<Array<T::Spread>> = quantiles
            .chunks(AT_ONCE)
            .map(|few| {
                let ask = Ask::Quantiles(few.into(), *method);
                answers(label, array, &Question { ask, ..question.clone() })
            })
            .collect();
        return Array::concatenate(&parts, 0);
    }
    // Few lanes a block, so that their counts are not many.
    let ranks = 2 * question.ask.count();
    let lanes = (COUNTS / (ranks * counts_per_rank::<T>() * size_of::<u64>())).max(1);
    let own = array.chunks();
    let shape = array.shape();
    let few: Vec<Option<Vec<usize>>> = (0..shape.len()).map(|axis| question.along[axis].then_some(vec![1])).collect();
    let few = auto(few, own, 1, lanes);
    let lengths = |axis: usize| if question.along[axis] { own } else { &few }.lengths(axis).to_vec();
    let grid = ChunkGrid::new((0..shape.len()).map(lengths).collect());
    let node = array.in_grid(&grid).node;
    let (result, question) = (question.grid(&grid), question.clone());
    let prepare = move |layers: &mut Layers, _: &[usize], region: &Region, needs: &mut Vec<Key>| {
        prepare(&node, &question, layers, region, needs)
    };
    Array::of(BlockNode { label, grid: result, prepare: Box::new(prepare) })
}

/// The bits of a digit, for keys that may be shorter.
fn digit<T: Ordered>() -> u32 {
    DIGIT.min(T::BITS)
}

fn counts_per_rank<T: Ordered>() -> usize {
    1 << digit::<T>()
}

/// What is known of each lane after some passes: how many values count, and for each rank the first bits of its key and its
/// rank among the elements that have these.
#[derive(Clone, Copy)]
struct Known {
    lanes: usize,
    ranks: usize,
}

impl Known {
    fn len(self) -> usize {
        self.lanes * (1 + 2 * self.ranks)
    }

    /// Values that count, prefixes, ranks.
    fn lane(self, known: &[u64], lane: usize) -> (u64, &[u64], &[u64]) {
        let lane = &known[lane * (1 + 2 * self.ranks)..][..=(2 * self.ranks)];
        let (prefixes, ranks) = lane[1..].split_at(self.ranks);
        (lane[0], prefixes, ranks)
    }
}

/// The counts of a pass: for each lane and rank one for each digit, then for each lane how many NaN there are.
#[derive(Clone, Copy)]
struct Counts {
    lanes: usize,
    /// In the first pass nothing is known, and all ranks look for the same.
    ranks: usize,
    digits: usize,
}

impl Counts {
    fn len(self) -> usize {
        self.lanes * (self.ranks * self.digits + 1)
    }

    fn rank(self, lane: usize, rank: usize) -> usize {
        (lane * self.ranks + rank) * self.digits
    }

    fn nan(self, lane: usize) -> usize {
        self.lanes * self.ranks * self.digits + lane
    }
}

/// Adds the tasks of all passes, and gives the last one, which makes the answers.
fn prepare<T: Real + Ordered>(
    node: &Arc<Shared<T>>,
    question: &Question,
    layers: &mut Layers,
    region: &Region,
    needs: &mut Vec<Key>,
) -> Result<Recipe<T::Spread>> {
    let own = question.lanes_of(node.grid(), region);
    let kept = (0..own.shape.len()).filter(|&axis| !question.along[axis]);
    let lanes: usize = kept.map(|axis| own.shape[axis]).product();
    if lanes == 0 {
        return Ok(Recipe { workspace: 0, make: Box::new(|_, _| Ok(())) });
    }
    let shape = Known { lanes, ranks: 2 * question.ask.count() };
    let mut known: Option<Key> = None;
    for pass in 0..T::BITS / digit::<T>() {
        let ranks = if pass == 0 { 1 } else { shape.ranks };
        let counts = Counts { lanes, ranks, digits: counts_per_rank::<T>() };
        let mut keys = Vec::new();
        let layer = layers.name("count");
        for (number, group) in groups(node, layers, &own)?.into_iter().enumerate() {
            let key = Key::indexed(layer.clone(), [number as u32]);
            add_count_task(layers, key.clone(), group, &own, question, (pass, shape, counts), known.clone());
            keys.push(key);
        }
        let total = add_tree(layers, keys, counts.len());
        let next = Key::new(layers.name("known"));
        let mut inputs = vec![total];
        inputs.extend(known.take());
        let question = question.clone();
        let make = move |scope: Scope<'_>, out: &mut [u64]| {
            let counted = scope.chunks[0].get::<Block<u64>>()?.as_slice();
            let known = scope.chunks.get(1).map(|chunk| chunk.get::<Block<u64>>()).transpose()?;
            learn::<T>(&question, shape, counts, counted, known.map(Block::as_slice), out);
            Ok(())
        };
        add_block_task(layers, next.clone(), inputs, vec![shape.len()], Recipe { workspace: 0, make: Box::new(make) });
        known = Some(next);
    }
    needs.extend(known);
    let question = question.clone();
    let make = move |scope: Scope<'_>, out: &mut [T::Spread]| {
        let known = scope.chunks[0].get::<Block<u64>>()?.as_slice();
        for lane in 0..lanes {
            let (valid, keys, _) = shape.lane(known, lane);
            for number in 0..question.ask.count() {
                out[number * lanes + lane] = if valid == 0 {
                    T::spread(f64::NAN)
                } else {
                    let weight = question.ask.place(number, valid as usize).weight;
                    question.ask.value(T::of_key(keys[2 * number]), T::of_key(keys[2 * number + 1]), weight)
                };
            }
        }
        Ok(())
    };
    Ok(Recipe { workspace: 0, make: Box::new(make) })
}

/// What one task counts.
struct Group<T> {
    programs: Vec<Program<T>>,
    needs: Vec<Key>,
    elements: usize,
}

/// The blocks in `region`, some a task: as many as need no further chunks in memory.
fn groups<T: Ordered>(node: &Arc<Shared<T>>, layers: &mut Layers, region: &Region) -> Result<Vec<Group<T>>> {
    let grid = node.grid();
    let mut groups: Vec<Group<T>> = Vec::new();
    for block in 0..grid.blocks() {
        let Some(part) = grid.block(block).intersect(region) else { continue };
        if let Some(last) = groups.last_mut()
            && (last.elements + part.len()) * size_of::<T>() <= GROUP
        {
            let mut needs = last.needs.clone();
            let program = Program::compile(node, layers, &part, &mut needs)?;
            if needs.len() == last.needs.len() {
                last.programs.push(program);
                last.elements += part.len();
                continue;
            }
        }
        let mut needs = Vec::new();
        let programs = vec![Program::compile(node, layers, &part, &mut needs)?];
        groups.push(Group { programs, needs, elements: part.len() });
    }
    Ok(groups)
}

fn add_count_task<T: Ordered>(
    layers: &mut Layers,
    key: Key,
    group: Group<T>,
    region: &Region,
    question: &Question,
    (pass, shape, counts): (u32, Known, Counts),
    known: Option<Key>,
) {
    let mut needs = group.needs;
    let place = known.map(|key| super::gather::place_of(key, &mut needs));
    let workspace = group.programs.iter().map(Program::workspace).max().unwrap_or(0);
    let (programs, region, along) = (group.programs, region.clone(), question.along.clone());
    // Strides of lane numbers along each axis.
    let kept: Vec<usize> = region.shape.iter().zip(&along).map(|(&len, &along)| if along { 1 } else { len }).collect();
    let own = strides(&kept);
    let lane_strides: Vec<usize> = own.iter().zip(&along).map(|(&own, &along)| if along { 0 } else { own }).collect();
    let make = move |scope: Scope<'_>, out: &mut [u64]| {
        let known = place.map(|place| scope.chunks[place].get::<Block<u64>>()).transpose()?.map(Block::as_slice);
        for program in &programs {
            program.stream(scope, &mut |tile, values| {
                let Some((&row, outer)) = tile.shape.split_last() else {
                    count(&values[..1], (0, 0), pass, known.map(|known| (shape, known)), counts, out);
                    return Ok(());
                };
                let at = |axis: usize, at: usize| (tile.start[axis] + at - region.start[axis]) * lane_strides[axis];
                let rows = ChunkGrid::new(outer.iter().map(|&len| vec![1; len]).collect());
                for (number, values) in values.chunks_exact(row).enumerate() {
                    let first = rows.coordinates(number).into_iter().enumerate().map(|(axis, place)| at(axis, place));
                    let lane = first.sum::<usize>() + at(outer.len(), 0);
                    let step = lane_strides[outer.len()];
                    count(values, (lane, step), pass, known.map(|known| (shape, known)), counts, out);
                }
                Ok(())
            })?;
        }
        Ok(())
    };
    let recipe = Recipe { workspace, make: Box::new(make) };
    add_block_task(layers, key, needs, vec![counts.len()], recipe);
}

/// Counts a row of values, the first in lane `lane`, each next one `step` lanes on.
fn count<T: Ordered>(
    values: &[T],
    (mut lane, step): (usize, usize),
    pass: u32,
    known: Option<(Known, &[u64])>,
    counts: Counts,
    out: &mut [u64],
) {
    let shift = T::BITS - digit::<T>() * (pass + 1);
    let mask = counts.digits as u64 - 1;
    for value in values {
        if value.is_nan() {
            out[counts.nan(lane)] += 1;
        } else {
            let key = value.key() >> shift;
            let next = (key & mask) as usize;
            match known {
                None => out[counts.rank(lane, 0) + next] += 1,
                Some((shape, known)) => {
                    let (_, prefixes, _) = shape.lane(known, lane);
                    let prefix = key >> digit::<T>();
                    for (rank, own) in prefixes.iter().enumerate() {
                        // Ranks that look for the same are counted once.
                        if *own == prefix {
                            out[counts.rank(lane, rank) + next] += 1;
                            break;
                        }
                    }
                }
            }
        }
        lane += step;
    }
}

/// Adds the tasks that add up counts, in a fixed tree.
fn add_tree(layers: &mut Layers, mut keys: Vec<Key>, len: usize) -> Key {
    let layer = layers.name("counts");
    let mut number = 0;
    loop {
        let mut merged = Vec::new();
        for few in keys.chunks(FAN_IN) {
            let key = Key::indexed(layer.clone(), [number]);
            number += 1;
            let make = move |scope: Scope<'_>, out: &mut [u64]| {
                for chunk in scope.chunks {
                    let counts = chunk.get::<Block<u64>>()?.as_slice();
                    out.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                }
                Ok(())
            };
            let recipe = Recipe { workspace: 0, make: Box::new(make) };
            add_block_task(layers, key.clone(), few.to_vec(), vec![len], recipe);
            merged.push(key);
        }
        keys = merged;
        if let [total] = &keys[..] {
            return total.clone();
        }
    }
}

/// From the counts of a pass to one more digit of each key.
fn learn<T: Ordered>(
    question: &Question,
    shape: Known,
    counts: Counts,
    counted: &[u64],
    known: Option<&[u64]>,
    out: &mut [u64],
) {
    for lane in 0..shape.lanes {
        let lane_out = &mut out[lane * (1 + 2 * shape.ranks)..][..=(2 * shape.ranks)];
        let first = &counted[counts.rank(lane, 0)..][..counts.digits];
        let valid = match known {
            Some(known) => shape.lane(known, lane).0,
            None if counted[counts.nan(lane)] > 0 && !question.skip => 0,
            None => first.iter().sum(),
        };
        lane_out[0] = valid;
        if valid == 0 {
            continue;
        }
        for rank in 0..shape.ranks {
            let (prefix, mut left, digits) = match known {
                None => {
                    let place = question.ask.place(rank / 2, valid as usize);
                    (0, if rank % 2 == 0 { place.low } else { place.high } as u64, first)
                }
                Some(known) => {
                    let (_, prefixes, ranks) = shape.lane(known, lane);
                    let same = prefixes.iter().position(|prefix| *prefix == prefixes[rank]).unwrap_or(rank);
                    (prefixes[rank], ranks[rank], &counted[counts.rank(lane, same)..][..counts.digits])
                }
            };
            let mut found = 0;
            for (digit, &count) in digits.iter().enumerate() {
                found = digit as u64;
                if left < count {
                    break;
                }
                left -= count;
            }
            lane_out[1 + rank] = prefix << digit::<T>() | found;
            lane_out[1 + shape.ranks + rank] = left;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::{ArrayD, IxDyn};

    use super::*;
    use crate::Session;
    use crate::array::quantile::Method;

    /// By counting, though the lanes are short, and as short lanes are answered.
    fn both<T: Real + Ordered>(values: &ArrayD<T>, ask: Ask, along: &[bool], skip: bool) {
        let session = Session::builder().memory_limit("256MiB".parse().unwrap()).threads(2).build().unwrap();
        let x = Array::from_ndarray(values.clone(), &[7, 2, 5]);
        let question = Question { ask, along: along.to_vec(), skip };
        let counted = session.compute(&answers("quantile", &x, &question)).unwrap();
        let chosen = session.compute(&x.answers("quantile", &question)).unwrap();
        assert_eq!(counted.shape(), chosen.shape());
        let text =
            |values: &ArrayD<T::Spread>| -> Vec<String> { values.iter().map(|value| format!("{value:?}")).collect() };
        assert_eq!(text(&counted), text(&chosen), "{question:?}");
    }

    fn numbers(at: &[usize]) -> i64 {
        let flat = (at[0] * 31 + at[1] * 17 + at[2] * 7) as i64;
        flat * flat % 101 - 50
    }

    fn made<T>(value: impl Fn(i64) -> T) -> ArrayD<T> {
        ArrayD::from_shape_fn(IxDyn(&[20, 3, 8]), |at| value(numbers(&[at[0], at[1], at[2]])))
    }

    #[test]
    fn counting_gives_what_choosing_gives() {
        let quantiles: Arc<[f64]> = Arc::from([0.0, 0.1, 0.5, 0.75, 0.99, 1.0]);
        let ask = |method| Ask::Quantiles(quantiles.clone(), method);
        for along in [[true, true, true], [true, false, false], [true, false, true], [false, false, true]] {
            both(&made(|value| value as f64 / 8.0), ask(Method::Linear), &along, false);
            both(&made(|value| value as f32 * 1e30), ask(Method::Hazen), &along, false);
            both(&made(|value| value as i8), Ask::Median, &along, false);
            both(&made(|value| value * 1_000_000_007), ask(Method::Nearest), &along, false);
            let holes = made(|value| if value % 3 == 0 { f32::NAN } else { value as f32 });
            both(&holes, Ask::Median, &along, true);
            both(&holes, Ask::Median, &along, false);
            both(&made(|_| f64::NAN), ask(Method::Lower), &along, true);
        }
    }
}
