//! The lanes of slopes, and how values are folded into them.
//!
//! The lanes of a result are the count, the first value, the means of values and places (values counted from the first),
//! the sum of products and that of squared places, both about the means. The few values that a tile has of a result are
//! put together in [rounds](ROUND), about means of their own, and a round is merged into the lanes as one part: lanes are
//! read and written once a tile, and there are two divisions a round.
//!
//! Loops go over [so many](BLOCK) results side by side, whose lanes and values are copied to arrays on the stack before: of
//! these the compiler knows that they are apart, and makes vectors. Where results lie too far from each other for that,
//! each is a block by itself. All give the same bits (**D1**): the rounds of a result depend on tiles alone.

use std::ops::Range;
use std::sync::Arc;

use super::super::super::fold::{Reduction, Target};
use super::super::super::grid::Region;
use super::super::super::reducer::Real;
use super::super::super::strided::{for_each_run, strides};
use crate::simd::{Loop, widest};

/// Values of a result that are merged into its lanes together.
const ROUND: usize = 4;

/// Results that are folded side by side.
const BLOCK: usize = 32;

/// Fewer results than this are folded one by one.
const FEW: usize = 8;

/// The number of lanes.
const LANES: usize = 6;

/// The slope of values and the places that they are at along `axis`; of those without NaN where `skip`.
#[derive(Clone)]
pub(super) struct Slope {
    pub(super) skip: bool,
    pub(super) axis: usize,
    /// The place of each index.
    pub(super) at: Arc<[f64]>,
}

impl<T: Real> Reduction<T> for Slope {
    type Lane = f64;
    type Out = f64;
    const LANES: usize = LANES;

    fn start(&self, lanes: &mut [f64], results: Range<usize>) {
        part(lanes, results.start, results.len()).into_iter().for_each(|lane| lane.fill(0.0));
    }

    fn fold_tile(&self, target: &Target, tile: &Region, values: &[T], lanes: &mut [f64]) {
        let places = &self.at[tile.start[self.axis]..][..tile.shape[self.axis]];
        let within = strides(&tile.shape);
        let mut across = tile.shape.clone();
        across[self.axis] = 1;
        let first = target.lane(&tile.start);
        for_each_run(&across, &within, target.strides(), |from, to, len| {
            let rows = Rows { places, skip: self.skip, stride: within[self.axis], values: &values[from..] };
            let lanes = part(lanes, first + to, len);
            if len < FEW {
                widest(Fold::<T, 1> { rows, lanes });
            } else {
                widest(Fold::<T, BLOCK> { rows, lanes });
            }
        });
    }

    fn merge_all(&self, lanes: &mut [f64], other: &[f64]) {
        let count = lanes.len() / LANES;
        widest(Merge { lanes: part(lanes, 0, count), other: split(other) });
    }

    fn finish_all(&self, lanes: &[f64], out: &mut [f64]) {
        let [_, _, mean, _, products, squares] = split(lanes);
        for (at, out) in out.iter_mut().enumerate() {
            // Of one place alone both sums are zero. No line goes through infinity.
            *out = if mean[at].is_finite() { products[at] / squares[at] } else { f64::NAN };
        }
    }
}

/// Lanes by their number.
fn split(lanes: &[f64]) -> [&[f64]; LANES] {
    let count = lanes.len() / LANES;
    std::array::from_fn(|lane| &lanes[lane * count..][..count])
}

/// The lanes of `len` results from number `at` on.
fn part(mut lanes: &mut [f64], at: usize, len: usize) -> [&mut [f64]; LANES] {
    let count = lanes.len() / LANES;
    std::array::from_fn(|_| {
        let (own, rest) = std::mem::take(&mut lanes).split_at_mut(count);
        lanes = rest;
        &mut own[at..at + len]
    })
}

/// The lanes of one result, or what a few of its values come to.
#[derive(Clone, Copy)]
struct Line {
    count: f64,
    first: f64,
    mean: f64,
    place: f64,
    products: f64,
    squares: f64,
}

impl Line {
    /// Both together.
    #[inline(always)]
    fn merge(self, other: Self) -> Self {
        let (none, total) = (other.count == 0.0, self.count + other.count);
        let first = if self.count == 0.0 { other.first } else { self.first };
        let part = other.count / total;
        let mean = other.mean + (other.first - first) - self.mean;
        let place = other.place - self.place;
        let both = place * (self.count * part);
        let products = self.products + other.products + mean * both;
        let squares = self.squares + other.squares + place * both;
        Self {
            count: total,
            first: if none { self.first } else { first },
            mean: if none { self.mean } else { self.mean + mean * part },
            place: if none { self.place } else { self.place + place * part },
            products: if none { self.products } else { products },
            squares: if none { self.squares } else { squares },
        }
    }
}

/// The lanes of `N` results side by side.
struct Block<const N: usize>([[f64; N]; LANES]);

impl<const N: usize> Block<N> {
    #[inline(always)]
    fn load(&mut self, lanes: [&[f64]; LANES]) {
        for (own, lane) in self.0.iter_mut().zip(lanes) {
            // Whole ones without a call.
            match lane.as_array() {
                Some(lane) => *own = *lane,
                None => own[..lane.len()].copy_from_slice(lane),
            }
        }
    }

    #[inline(always)]
    fn store(&self, lanes: [&mut [f64]; LANES]) {
        for (own, lane) in self.0.iter().zip(lanes) {
            let len = lane.len();
            if let Some(lane) = lane.as_mut_array() {
                *lane = *own;
            } else {
                lane.copy_from_slice(&own[..len]);
            }
        }
    }

    #[inline(always)]
    fn get(&self, at: usize) -> Line {
        let [count, first, mean, place, products, squares] = &self.0;
        Line {
            count: count[at],
            first: first[at],
            mean: mean[at],
            place: place[at],
            products: products[at],
            squares: squares[at],
        }
    }

    #[inline(always)]
    fn set(&mut self, at: usize, line: Line) {
        let [count, first, mean, place, products, squares] = &mut self.0;
        count[at] = line.count;
        first[at] = line.first;
        mean[at] = line.mean;
        place[at] = line.place;
        products[at] = line.products;
        squares[at] = line.squares;
    }
}

/// Values of some results that lie side by side, those of the next place `stride` further on.
struct Rows<'a, T> {
    places: &'a [f64],
    skip: bool,
    stride: usize,
    values: &'a [T],
}

/// Some rows of a block.
struct Round<const N: usize> {
    /// The place of each row, and 1 where there is such a row, else 0.
    places: [(f64, f64); ROUND],
    values: [[f64; N]; ROUND],
}

/// How much of a round is there.
#[derive(PartialEq, Eq)]
enum There {
    Nothing,
    Some,
    All,
}

impl<const N: usize> Round<N> {
    /// Takes the rows from number `from` on, of the results `at` to `at + len`.
    #[inline(always)]
    fn load<T: Real>(&mut self, rows: &Rows<'_, T>, from: usize, at: usize, len: usize) -> There {
        let (mut taken, mut numbers) = (0, 0);
        for (row, (to, own)) in self.values.iter_mut().zip(&mut self.places).enumerate() {
            let place = rows.places.get(from + row).filter(|place| !(rows.skip & place.is_nan()));
            *own = place.map_or((0.0, 0.0), |&place| (place, 1.0));
            if place.is_none() {
                // Not what an earlier round left: no factor makes nothing of infinity.
                to.fill(0.0);
                continue;
            }
            taken += len as u64;
            let values = &rows.values[(from + row) * rows.stride + at..][..len];
            for (to, &value) in to.iter_mut().zip(values) {
                *to = value.to_f64();
                numbers += u64::from(!(rows.skip & to.is_nan()));
            }
        }
        match numbers {
            0 => There::Nothing,
            _ if numbers == taken && taken == (ROUND * len) as u64 => There::All,
            _ => There::Some,
        }
    }

    /// Merges the values of each result into its lanes.
    #[inline(always)]
    fn fold(&self, skip: bool, all: bool, block: &mut Block<N>) {
        // Written twice, as loops without a choice and without loops in them: of these the compiler makes vectors.
        if all {
            let places = Places::of(self.places.map(|(place, _)| place));
            for at in 0..N {
                let own = block.get(at);
                block.set(at, own.merge(self.line_of_all(at, &places, own)));
            }
        } else {
            for at in 0..N {
                let own = block.get(at);
                block.set(at, own.merge(self.line(at, skip, own)));
            }
        }
    }

    /// What the values of one result come to, of whose lanes `own` is known.
    #[inline(always)]
    fn line(&self, at: usize, skip: bool, own: Line) -> Line {
        let mut tally = Tally { count: own.count, first: own.first, apart: 0.0, places: 0.0 };
        let a = tally.add(self.places[0], self.values[0][at], skip);
        let b = tally.add(self.places[1], self.values[1][at], skip);
        let c = tally.add(self.places[2], self.values[2][at], skip);
        let d = tally.add(self.places[3], self.values[3][at], skip);
        let count = tally.count - own.count;
        let each = 1.0 / count;
        let (mean, middle) = (tally.apart * each, tally.places * each);
        let (pa, pb, pc, pd) = (a.place(middle), b.place(middle), c.place(middle), d.place(middle));
        let products = pa * (a.apart - mean) + pb * (b.apart - mean) + pc * (c.apart - mean) + pd * (d.apart - mean);
        let squares = pa * pa + pb * pb + pc * pc + pd * pd;
        Line { count, first: tally.first, mean, place: middle, products, squares }
    }

    /// The same, with the same bits, where all values are there: what comes of the places is then the same for all results.
    #[inline(always)]
    fn line_of_all(&self, at: usize, places: &Places, own: Line) -> Line {
        let (a, b, c, d) = (self.values[0][at], self.values[1][at], self.values[2][at], self.values[3][at]);
        let first = if own.count == 0.0 { a } else { own.first };
        let (a, b, c, d) = (a - first, b - first, c - first, d - first);
        let mean = (a + b + c + d) * (1.0 / ROUND as f64);
        let [pa, pb, pc, pd] = places.apart;
        let products = pa * (a - mean) + pb * (b - mean) + pc * (c - mean) + pd * (d - mean);
        Line { count: ROUND as f64, first, mean, place: places.middle, products, squares: places.squares }
    }
}

/// The places of a round by themselves.
struct Places {
    middle: f64,
    /// How far each is from the middle.
    apart: [f64; ROUND],
    squares: f64,
}

impl Places {
    #[inline(always)]
    fn of(places: [f64; ROUND]) -> Self {
        let [a, b, c, d] = places;
        let middle = (a + b + c + d) * (1.0 / ROUND as f64);
        let (a, b, c, d) = (a - middle, b - middle, c - middle, d - middle);
        Self { middle, apart: [a, b, c, d], squares: a * a + b * b + c * c + d * d }
    }
}

/// The rows of a round so far.
struct Tally {
    /// How many values there are, those in the lanes included.
    count: f64,
    first: f64,
    /// The sums of values, counted from the first, and of places.
    apart: f64,
    places: f64,
}

impl Tally {
    /// Adds a row. What counts is told by factors, 1 or 0, and by choices between two numbers, not by branches.
    #[inline(always)]
    fn add(&mut self, (place, is_row): (f64, f64), value: f64, skip: bool) -> Added {
        let left_out = skip & value.is_nan();
        let value = if left_out { 0.0 } else { value };
        let there = if left_out { 0.0 } else { is_row };
        self.first = if self.count == 0.0 { value } else { self.first };
        self.count += there;
        let apart = (value - self.first) * there;
        self.apart += apart;
        self.places += place * there;
        Added { there, place, apart }
    }
}

/// A value in a round, and its place.
struct Added {
    /// 1, or 0 where it is not there.
    there: f64,
    place: f64,
    apart: f64,
}

impl Added {
    /// How far its place is from the middle.
    #[inline(always)]
    fn place(&self, middle: f64) -> f64 {
        (self.place - middle) * self.there
    }
}

/// Folds values, in blocks of `N` results.
struct Fold<'a, T, const N: usize> {
    rows: Rows<'a, T>,
    lanes: [&'a mut [f64]; LANES],
}

impl<T: Real, const N: usize> Loop for Fold<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, mut lanes } = self;
        let mut block = Block([[0.0; N]; LANES]);
        let mut round = Round { places: [(0.0, 0.0); ROUND], values: [[0.0; N]; ROUND] };
        let count = lanes[0].len();
        for at in (0..count).step_by(N) {
            let part = at..count.min(at + N);
            let mut begun = false;
            for from in (0..rows.places.len()).step_by(ROUND) {
                let there = round.load(&rows, from, at, part.len());
                // Where nothing ever is, as on land, lanes are not even looked at.
                if there == There::Nothing {
                    continue;
                }
                if !begun {
                    block.load(lanes.each_ref().map(|lane| &lane[part.clone()]));
                    begun = true;
                }
                round.fold(rows.skip, there == There::All, &mut block);
            }
            if begun {
                block.store(lanes.each_mut().map(|lane| &mut lane[part.clone()]));
            }
        }
    }
}

/// Merges lanes.
struct Merge<'a> {
    lanes: [&'a mut [f64]; LANES],
    other: [&'a [f64]; LANES],
}

impl Loop for Merge<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { mut lanes, other } = self;
        let (mut block, mut more) = (Block([[0.0; BLOCK]; LANES]), Block([[0.0; BLOCK]; LANES]));
        let count = lanes[0].len();
        for at in (0..count).step_by(BLOCK) {
            let part = at..count.min(at + BLOCK);
            block.load(lanes.each_ref().map(|lane| &lane[part.clone()]));
            more.load(other.map(|lane| &lane[part.clone()]));
            for at in 0..BLOCK {
                block.set(at, block.get(at).merge(more.get(at)));
            }
            block.store(lanes.each_mut().map(|lane| &mut lane[part.clone()]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Width, at_width};

    /// Folds rows of values, three tiles after each other, and merges the last one's lanes into those of the others.
    fn folded<const N: usize>(width: Width, skip: bool, places: &[f64], values: &[f32]) -> Vec<u64> {
        let count = values.len() / places.len();
        let mut lanes = [vec![0.0; count * LANES], vec![0.0; count * LANES]];
        let tiles = [(0..9, 0), (9..12, 0), (12..places.len(), 1)];
        for (rows, of) in tiles {
            let values = &values[rows.start * count..rows.end * count];
            let rows = Rows { places: &places[rows], skip, stride: count, values };
            at_width(width, Fold::<f32, N> { rows, lanes: part(&mut lanes[of], 0, count) });
        }
        let [mut lanes, other] = lanes;
        at_width(width, Merge { lanes: part(&mut lanes, 0, count), other: split(&other) });
        // NaN is NaN: it is made canonical at the end.
        lanes.iter().map(|lane| if lane.is_nan() { 0 } else { lane.to_bits() }).collect()
    }

    #[test]
    fn blocks_and_widths_give_the_same_bits() {
        let mut places: Vec<f64> = (0..18).map(|at| f64::from(at * at) / 7.0 - 20.0).collect();
        places[3] = f64::NAN;
        for count in [1, 5, BLOCK, 2 * BLOCK + 9] {
            let value = |at: usize| match (at / count, at % count) {
                (_, 3) | (0..12, 2) => f32::NAN,
                (row, 7..60) if (row * 31 + at).is_multiple_of(5) => f32::NAN,
                (_, 9) => f32::INFINITY,
                _ => (at * 37 % 101) as f32 / 3.0 - 20.0,
            };
            let values: Vec<f32> = (0..18 * count).map(value).collect();
            for skip in [false, true] {
                let expected = folded::<1>(Width::Baseline, skip, &places, &values);
                assert!(!skip || expected.iter().any(|&lane| lane != 0));
                for width in Width::available() {
                    assert!(folded::<BLOCK>(width, skip, &places, &values) == expected, "{count} {skip} {width:?}");
                    assert!(folded::<1>(width, skip, &places, &values) == expected, "{count} {skip} {width:?}");
                }
            }
        }
    }
}
