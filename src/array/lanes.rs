//! The lanes of a reduction in memory, and the loops over them.
//!
//! The lanes of a box of the result are as many arrays as its [`Reducer`] has lanes, one after the other in one block:
//! all first lanes, then all second ones. So loops over neighbours run with whole vectors, as wide as the CPU has them.
//! That does not change a bit (**D1**): a lane takes its values in the same order whatever the width.

use std::ops::Range;

use super::reducer::Reducer;
use crate::chunk::Element;
use crate::simd::{Loop, widest};

/// A run of values that fall into one lane goes to so many interim lanes in turn.
const INTERIM: usize = 16;

/// A shorter run goes straight into its lane: value by value.
const SHORTEST: usize = 4 * INTERIM;

/// The lanes of a box; those that the reducer lacks are empty.
struct Split<'a, L> {
    lanes: [&'a mut [L]; 3],
}

impl<'a, L: Element> Split<'a, L> {
    fn new<T: Element, R: Reducer<T, Lane = L>>(lanes: &'a mut [L]) -> Self {
        let count = lanes.len() / R::LANES;
        let (first, rest) = lanes.split_at_mut(count);
        let (second, rest) = rest.split_at_mut(if R::LANES > 1 { count } else { 0 });
        let (third, _) = rest.split_at_mut(if R::LANES > 2 { count } else { 0 });
        Self { lanes: [first, second, third] }
    }

    /// The lanes of results `at` to `at + len`.
    fn part(self, at: usize, len: usize) -> Self {
        Self { lanes: self.lanes.map(|lane| if lane.is_empty() { lane } else { &mut lane[at..at + len] }) }
    }

    /// Calls `visit` with the lanes of each result and with its item, by its number.
    ///
    /// By numbers, not by iterators: those have a function for all of a loop, which the compiler may leave one for any CPU.
    #[inline(always)]
    fn zip<T: Element, R: Reducer<T, Lane = L>, I>(
        self,
        item: impl Fn(usize) -> I,
        mut visit: impl FnMut([&mut L; 3], I),
    ) {
        let [first, second, third] = self.lanes;
        let (mut none, mut neither) = (L::default(), L::default());
        let count = first.len();
        match R::LANES {
            1 => {
                for at in 0..count {
                    visit([&mut first[at], &mut none, &mut neither], item(at));
                }
            }
            2 => {
                let second = &mut second[..count];
                for at in 0..count {
                    visit([&mut first[at], &mut second[at], &mut none], item(at));
                }
            }
            _ => {
                let (second, third) = (&mut second[..count], &mut third[..count]);
                for at in 0..count {
                    visit([&mut first[at], &mut second[at], &mut third[at]], item(at));
                }
            }
        }
    }
}

/// Puts into the lanes of `results` what they hold before any value.
pub(super) fn start<T: Element, R: Reducer<T>>(reducer: &R, lanes: &mut [R::Lane], results: Range<usize>) {
    let split = Split::new::<T, R>(lanes).part(results.start, results.len());
    for (lane, start) in split.lanes.into_iter().zip(reducer.start()) {
        lane.fill(start);
    }
}

/// The lanes of result number `at`.
pub(super) fn get<T: Element, R: Reducer<T>>(lanes: &[R::Lane], at: usize) -> [R::Lane; 3] {
    let count = lanes.len() / R::LANES;
    let lane = |number: usize| if number < R::LANES { lanes[number * count + at] } else { R::Lane::default() };
    [lane(0), lane(1), lane(2)]
}

/// Puts back the lanes of result number `at`.
pub(super) fn put<T: Element, R: Reducer<T>>(lanes: &mut [R::Lane], at: usize, values: [R::Lane; 3]) {
    let count = lanes.len() / R::LANES;
    for (number, value) in values.into_iter().enumerate().take(R::LANES) {
        lanes[number * count + at] = value;
    }
}

/// Folds values into the lanes from number `at` on, each into its own.
pub(super) fn fold_row<T: Element, R: Reducer<T>>(reducer: &R, lanes: &mut [R::Lane], at: usize, values: &[T]) {
    let lanes = Split::new::<T, R>(lanes).part(at, values.len());
    widest(FoldRow { reducer, lanes, values });
}

/// Folds values into lane number `at`, all into the same.
///
/// Of a run that is long enough, value `i` goes to interim lane `i` modulo 16; those are merged in pairs, the upper half
/// into the lower, and the one that is left into the lane.
pub(super) fn fold_run<T: Element, R: Reducer<T>>(reducer: &R, lanes: &mut [R::Lane], at: usize, values: &[T]) {
    let lane = Split::new::<T, R>(lanes).part(at, 1);
    if values.len() >= SHORTEST {
        let found = widest(FoldRun { reducer, values });
        lane.zip::<T, R, _>(|_| found, |lane, found| reducer.merge(lane, found));
    } else {
        lane.zip::<T, R, _>(|_| (), |[a, b, c], ()| values.iter().for_each(|&v| reducer.fold([a, b, c], v)));
    }
}

/// Merges all lanes of `other`, those of the same box, into `lanes`.
pub(super) fn merge<T: Element, R: Reducer<T>>(reducer: &R, lanes: &mut [R::Lane], other: &[R::Lane]) {
    let count = lanes.len() / R::LANES;
    let other = [0, 1, 2].map(|lane| if lane < R::LANES { &other[lane * count..][..count] } else { &[] });
    widest(Merge { reducer, lanes: Split::new::<T, R>(lanes), other, value: std::marker::PhantomData::<T> });
}

struct FoldRow<'a, T: Element, R: Reducer<T>> {
    reducer: &'a R,
    lanes: Split<'a, R::Lane>,
    values: &'a [T],
}

impl<T: Element, R: Reducer<T>> Loop for FoldRow<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { reducer, lanes, values } = self;
        let values = &values[..lanes.lanes[0].len()];
        lanes.zip::<T, R, _>(|at| values[at], |lanes, value| reducer.fold(lanes, value));
    }
}

struct FoldRun<'a, T, R> {
    reducer: &'a R,
    values: &'a [T],
}

impl<T: Element, R: Reducer<T>> Loop for FoldRun<'_, T, R> {
    type Output = [R::Lane; 3];

    #[inline(always)]
    fn run(self) -> [R::Lane; 3] {
        let Self { reducer, values } = self;
        let [mut a, mut b, mut c] = reducer.start().map(|start| [start; INTERIM]);
        let (rounds, rest) = values.as_chunks::<INTERIM>();
        for round in rounds {
            for at in 0..INTERIM {
                reducer.fold([&mut a[at], &mut b[at], &mut c[at]], round[at]);
            }
        }
        for (at, &value) in rest.iter().enumerate() {
            reducer.fold([&mut a[at], &mut b[at], &mut c[at]], value);
        }
        let mut half = INTERIM / 2;
        while half > 0 {
            for at in 0..half {
                let other = [a[at + half], b[at + half], c[at + half]];
                reducer.merge([&mut a[at], &mut b[at], &mut c[at]], other);
            }
            half /= 2;
        }
        [a[0], b[0], c[0]]
    }
}

struct Merge<'a, T: Element, R: Reducer<T>> {
    reducer: &'a R,
    lanes: Split<'a, R::Lane>,
    other: [&'a [R::Lane]; 3],
    value: std::marker::PhantomData<T>,
}

impl<T: Element, R: Reducer<T>> Loop for Merge<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { reducer, lanes, other: [first, second, third], .. } = self;
        let none = R::Lane::default();
        let count = lanes.lanes[0].len();
        let [first, second, third] =
            [first, second, third].map(|lane| if lane.is_empty() { lane } else { &lane[..count] });
        match R::LANES {
            1 => lanes.zip::<T, R, _>(|at| [first[at], none, none], |lanes, other| reducer.merge(lanes, other)),
            2 => lanes.zip::<T, R, _>(|at| [first[at], second[at], none], |lanes, other| reducer.merge(lanes, other)),
            _ => {
                let other = |at: usize| [first[at], second[at], third[at]];
                lanes.zip::<T, R, _>(other, |lanes, other| reducer.merge(lanes, other));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reducer::{Count, Extreme, Mean, Real, Sum, Summable, Variance};
    use super::*;
    use crate::simd::{Width, at_width};

    /// Values with NaN, both zeros and numbers of very different size among them.
    fn values(len: usize) -> Vec<f32> {
        let value = |at: usize| match at % 11 {
            3 | 4 => f32::NAN,
            5 => -0.0,
            6 => 0.0,
            7 => 3e7,
            _ => (at * 37 % 101) as f32 / 3.0 - 20.0,
        };
        (0..len).map(value).collect()
    }

    /// Each number in full; NaN is NaN, as it is made canonical at the end.
    fn bits<L: Element>(lanes: &[L]) -> String {
        format!("{lanes:?}")
    }

    fn lanes_of<T: Element, R: Reducer<T>>(reducer: &R, count: usize) -> Vec<R::Lane> {
        let mut lanes = vec![R::Lane::default(); count * R::LANES];
        start::<T, R>(reducer, &mut lanes, 0..count);
        lanes
    }

    /// Value by value, as `fold` says.
    fn plainly<T: Element, R: Reducer<T>>(reducer: &R, lanes: &mut [R::Lane], rows: &[&[T]]) {
        let count = lanes.len() / R::LANES;
        for row in rows {
            for (at, &value) in row.iter().enumerate() {
                let [mut a, mut b, mut c] = get::<T, R>(lanes, at);
                reducer.fold([&mut a, &mut b, &mut c], value);
                for (number, lane) in [a, b, c].into_iter().enumerate().take(R::LANES) {
                    lanes[number * count + at] = lane;
                }
            }
        }
    }

    fn rows_have_the_same_bits_at_any_width<T: Element, R: Reducer<T>>(reducer: &R, values: &[T]) {
        for len in [1, 7, 16, 33, 100] {
            let rows: Vec<&[T]> = values.chunks_exact(len).collect();
            let mut expected = lanes_of(reducer, len);
            plainly(reducer, &mut expected, &rows);
            let (early, late) = rows.split_at(rows.len() / 2);
            let mut parts = [lanes_of(reducer, len), lanes_of(reducer, len)];
            plainly(reducer, &mut parts[0], early);
            plainly(reducer, &mut parts[1], late);
            let mut merged = parts[0].clone();
            merge::<T, R>(reducer, &mut merged, &parts[1]);
            for width in Width::available() {
                let mut lanes = lanes_of(reducer, len);
                for values in &rows {
                    let lanes = Split::new::<T, R>(&mut lanes).part(0, len);
                    at_width(width, FoldRow { reducer, lanes, values });
                }
                assert_eq!(bits(&lanes), bits(&expected), "{width:?} {len}");
                let mut lanes = parts[0].clone();
                let other = [0, 1, 2].map(|lane| parts[1].get(lane * len..(lane + 1) * len).unwrap_or(&[]));
                let value = std::marker::PhantomData::<T>;
                at_width(width, Merge { reducer, lanes: Split::new::<T, R>(&mut lanes), other, value });
                assert_eq!(bits(&lanes), bits(&merged), "{width:?} {len}");
            }
        }
    }

    fn runs_have_the_same_bits_at_any_width<T: Element, R: Reducer<T>>(reducer: &R, values: &[T]) {
        for len in [0, 1, SHORTEST - 1, SHORTEST, SHORTEST + 5, values.len()] {
            let values = &values[..len];
            let baseline = at_width(Width::Baseline, FoldRun { reducer, values });
            for width in Width::available() {
                let found = at_width(width, FoldRun { reducer, values });
                assert_eq!(bits(&found), bits(&baseline), "{width:?} {len}");
            }
        }
    }

    fn check<T: Summable + Real>(values: &[T]) {
        fn both<T: Element, R: Reducer<T>>(reducer: &R, values: &[T]) {
            rows_have_the_same_bits_at_any_width(reducer, values);
            runs_have_the_same_bits_at_any_width(reducer, values);
        }
        for skip in [false, true] {
            both(&Sum { skip }, values);
            both(&Mean { skip }, values);
            both(&Variance { ddof: 0, skip, root: false }, values);
            both(&Extreme { greatest: false, skip }, values);
            both(&Extreme { greatest: true, skip }, values);
        }
        both(&Count, values);
    }

    #[test]
    fn all_widths_give_the_same_bits() {
        let floats = values(700);
        check(&floats);
        check(&floats.iter().map(|&value| f64::from(value)).collect::<Vec<_>>());
        check(&floats.iter().map(|&value| value as i16).collect::<Vec<_>>());
        check(&floats.iter().map(|&value| value as u64).collect::<Vec<_>>());
    }

    #[test]
    fn a_run_has_the_sum_of_its_values() {
        let values: Vec<i32> = (0..10_000).map(|at| at * at % 977 - 400).collect();
        for len in [0, 1, 50, SHORTEST, 9_999] {
            let mut lanes = [0_i64; 3];
            fold_run(&Sum { skip: false }, &mut lanes, 1, &values[..len]);
            assert_eq!(lanes, [0, values[..len].iter().map(|&value| i64::from(value)).sum(), 0]);
        }
        let mut lanes = [0.0_f64; 6];
        let floats: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
        fold_run(&Variance { ddof: 0, skip: true, root: false }, &mut lanes, 0, &floats);
        let mean = floats.iter().sum::<f64>() / 1e4;
        let squares: f64 = floats.iter().map(|value| (value - mean).powi(2)).sum();
        assert_eq!((lanes[0], lanes[1]), (1e4, 0.0));
        assert!((lanes[2] - mean).abs() < 1e-10 && (lanes[4] / squares - 1.0).abs() < 1e-12);
    }
}
