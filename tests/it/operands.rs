//! Random operands for operations, and plain loops to compare their results with.
//!
//! An operand has 0 to 4 axes, some of length 0 or 1, random chunks, and is one of: an array in memory, a source that
//! streams, blocks that a session keeps, a part of a larger array. Sessions have 1 to 4 threads.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{ArrayD, IxDyn};
use thermocline::array::{ChunkGrid, Region, Slice, Source};
use thermocline::chunk::Element;
use thermocline::graph::TaskContext;
use thermocline::{Array, Complex, Error, Session, ndarray};

use crate::support::{Random, session};

/// Elements with random values, special ones among them, and a measure of what counts as right.
pub(crate) trait Sample: Element {
    fn sample(random: &mut Random) -> Self;

    /// Whether `found` is `self` but for rounding.
    fn is_close(self, found: Self) -> bool;
}

macro_rules! floats {
    ($($t:ident, $tolerance:literal);+) => {$(
        impl Sample for $t {
            fn sample(random: &mut Random) -> Self {
                match random.below(24) {
                    0 => Self::NAN,
                    1 => Self::INFINITY,
                    2 => Self::NEG_INFINITY,
                    3 => 0.0,
                    4 => -0.0,
                    5 | 6 => random.below(5) as Self - 2.0,
                    7..=14 => random.below(20_001) as Self / 1e4 - 1.0,
                    _ => random.below(20_001) as Self / 500.0 - 20.0,
                }
            }

            fn is_close(self, found: Self) -> bool {
                self == found || (self.is_nan() && found.is_nan()) || (self - found).abs() <= $tolerance * self.abs().max(1e-3)
            }
        }

        impl Sample for Complex<$t> {
            fn sample(random: &mut Random) -> Self {
                // No infinities, whose products depend on how they are formed; on an axis not beyond 1, where cuts begin.
                let mut part = |most: $t| (random.below(4000) as $t / 2000.0 - 0.9997) * most;
                let (small, re, im) = (part(1.0), part(2.0), part(20.0));
                match random.below(12) {
                    0 => Self::new(<$t>::NAN, im),
                    1 => Self::new(small, 0.0),
                    2 => Self::new(0.0, small),
                    3 => Self::new(0.0, 0.0),
                    _ => Self::new(re, im),
                }
            }

            fn is_close(self, found: Self) -> bool {
                self == found
                    || (Element::is_nan(self) && Element::is_nan(found))
                    || (self - found).norm() <= $tolerance * self.norm().max(1e-3)
            }
        }
    )+};
}

floats!(f32, 3e-6; f64, 1e-11);

macro_rules! integers {
    ($($t:ident),+) => {$(
        impl Sample for $t {
            fn sample(random: &mut Random) -> Self {
                match random.below(8) {
                    0 => Self::MIN,
                    1 => Self::MAX,
                    2 => 0,
                    3 => Self::MIN.wrapping_add(1),
                    4 => random.next() as Self,
                    _ => (random.below(21) as Self).wrapping_sub(10),
                }
            }

            fn is_close(self, found: Self) -> bool {
                self == found
            }
        }
    )+};
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64);

impl Sample for bool {
    fn sample(random: &mut Random) -> Self {
        random.one_in(2)
    }

    fn is_close(self, found: Self) -> bool {
        self == found
    }
}

/// An array that a source streams, in tiles of its own.
#[derive(Debug)]
pub(crate) struct Streamed<T: Element> {
    pub(crate) dense: ArrayD<T>,
    pub(crate) chunk: Vec<usize>,
}

impl<T: Element> Source for Streamed<T> {
    type Item = T;

    fn name(&self) -> &'static str {
        "streamed"
    }

    fn shape(&self) -> &[usize] {
        self.dense.shape()
    }

    fn grid(&self) -> ChunkGrid {
        ChunkGrid::regular(self.dense.shape(), &self.chunk)
    }

    fn workspace(&self, _: &Region) -> u64 {
        0
    }

    fn fold_tiles(
        &self,
        _: &TaskContext<'_>,
        region: &Region,
        visit: &mut dyn FnMut(&Region, &[T]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(&rows) = region.shape.first() else { return visit(region, self.dense.as_slice().unwrap()) };
        for row in 0..rows {
            let mut tile = region.clone();
            (tile.start[0], tile.shape[0]) = (region.start[0] + row, 1);
            let values: Vec<T> = indices(&tile.shape)
                .map(|at| self.dense[IxDyn(&at.iter().zip(&tile.start).map(|(a, b)| a + b).collect::<Vec<_>>())])
                .collect();
            visit(&tile, &values)?;
        }
        Ok(())
    }
}

/// All indices of an array of `shape`, in C order.
pub(crate) fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let ones = ChunkGrid::new(shape.iter().map(|&length| vec![1; length]).collect());
    let count = if shape.contains(&0) { 0 } else { ones.blocks() };
    (0..count).map(move |flat| ones.coordinates(flat))
}

/// Sessions of 1 to 4 threads.
pub(crate) struct Bench {
    sessions: Vec<(tempfile::TempDir, Session)>,
    next: AtomicUsize,
    pub(crate) random: Random,
}

/// An array, lazy and not.
pub(crate) struct Operand<T: Element> {
    pub(crate) dense: ArrayD<T>,
    pub(crate) lazy: Array<T>,
}

impl Bench {
    pub(crate) fn new(seed: u64) -> Self {
        let sessions = (1..=4).map(|threads| session(64 << 20, threads)).collect();
        Self { sessions, next: AtomicUsize::new(0), random: Random::new(seed) }
    }

    /// One of the sessions.
    pub(crate) fn session(&self) -> &Session {
        &self.sessions[self.next.load(Ordering::Relaxed) % 4].1
    }

    /// Goes on to the next session.
    pub(crate) fn turn(&self) {
        self.next.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn shape(&mut self) -> Vec<usize> {
        let axes = self.random.below(5);
        let most = [0, 40, 9, 6, 4][axes];
        (0..axes).map(|_| if self.random.one_in(12) { 0 } else { 1 + self.random.below(most) }).collect()
    }

    /// A shape that broadcasts against `shape`.
    pub(crate) fn partner(&mut self, shape: &[usize]) -> Vec<usize> {
        let lacking = if self.random.one_in(3) { self.random.below(shape.len() + 1) } else { 0 };
        shape[lacking..].iter().map(|&length| if self.random.one_in(4) { 1 } else { length }).collect()
    }

    pub(crate) fn chunk(&mut self, shape: &[usize]) -> Vec<usize> {
        shape.iter().map(|&length| 1 + self.random.below(length.max(1))).collect()
    }

    pub(crate) fn operand<T: Sample>(&mut self, shape: &[usize]) -> Operand<T> {
        let dense = ArrayD::from_shape_fn(IxDyn(shape), |_| T::sample(&mut self.random));
        let chunk = self.chunk(shape);
        let lazy = match self.random.below(4) {
            0 => Array::from_source(Streamed { dense: dense.clone(), chunk }),
            1 => self.session().persist(&Array::from_ndarray(dense.clone(), &chunk)).unwrap(),
            2 if !shape.is_empty() => {
                let twice = ndarray::concatenate(ndarray::Axis(0), &[dense.view(), dense.view()]).unwrap();
                Array::from_ndarray(twice, &chunk).slice(&[Slice::new(Some(shape[0] as isize), None, 1)])
            }
            _ => Array::from_ndarray(dense.clone(), &chunk),
        };
        Operand { dense, lazy }
    }

    /// Computes `lazy` and compares it with `expected`, values and shape.
    pub(crate) fn assert_is<T: Sample>(&self, lazy: &Array<T>, expected: &ArrayD<T>, what: &dyn fmt::Display) {
        let found = self.session().compute(lazy).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(found.shape(), expected.shape(), "{what}: {lazy:?}");
        assert_eq!(lazy.shape(), expected.shape(), "{what}: {lazy:?}");
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!(expected.is_close(*found), "{what} [{at}] of {lazy:?}: {found} for {expected}");
        }
    }

    /// After an operation nothing is left but what is persisted; once the operands are gone, nothing at all.
    pub(crate) fn assert_at_rest(&self) {
        self.sessions.iter().for_each(|(_, session)| crate::support::assert_at_rest(session));
    }
}
