//! Random operands for operations, and plain loops to compare their results with.
//!
//! An operand has 0 to 4 axes, some of length 0 or 1, random chunks, and is one of: an array in memory, a source that
//! streams, blocks that tasks make, other chunks of these, blocks that a session keeps, a part of a larger array. Results
//! are computed with ample memory by 1 to 4 threads, and, where nothing is kept, at the floor and little above it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{ArrayD, IxDyn};
use thermocline::array::{ChunkGrid, Slice};
use thermocline::chunk::Element;
use thermocline::{Array, Complex, Session, ndarray};

use crate::lab::{Kind, Lab, any_lazy, grid, lazy};
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

/// Sessions of 1 to 4 threads, and a lab for tight limits.
pub(crate) struct Bench {
    lab: Lab,
    /// Whether a session keeps an operand made since the last turn: another session can't compute with that.
    keeps: bool,
    sessions: Vec<(tempfile::TempDir, Session)>,
    next: AtomicUsize,
    pub(crate) random: Random,
}

/// The shape of what has to be spilled.
pub(crate) const LARGE: [usize; 2] = [24, 4096];

/// An array, lazy and not.
pub(crate) struct Operand<T: Element> {
    pub(crate) dense: ArrayD<T>,
    pub(crate) lazy: Array<T>,
}

impl Bench {
    pub(crate) fn new(seed: u64) -> Self {
        let sessions = (1..=4).map(|threads| session(64 << 20, threads)).collect();
        Self { lab: Lab::default(), keeps: false, sessions, next: AtomicUsize::new(0), random: Random::new(seed) }
    }

    /// One of the sessions.
    pub(crate) fn session(&self) -> &Session {
        &self.sessions[self.next.load(Ordering::Relaxed) % 4].1
    }

    /// Goes on to the next session.
    pub(crate) fn turn(&mut self) {
        self.keeps = false;
        self.next.fetch_add(1, Ordering::Relaxed);
    }

    /// A shape; now and then one of an array that does not fit where memory is tight.
    pub(crate) fn shape(&mut self) -> Vec<usize> {
        if self.random.one_in(24) {
            return LARGE.to_vec();
        }
        self.small_shape()
    }

    pub(crate) fn small_shape(&mut self) -> Vec<usize> {
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
        let lazy = match self.random.below(6) {
            // Rows first, then columns: all of it is made before the first of them is whole.
            _ if shape == LARGE => {
                lazy(&dense, &ChunkGrid::regular(shape, &[2, shape[1]]), Kind::Blocks).rechunk((-1, 256))
            }
            0 | 1 => any_lazy(&mut self.random, &dense).rechunk(&grid(&mut self.random, shape)),
            2 => {
                self.keeps = true;
                self.session().persist(&Array::from_ndarray(dense.clone(), &chunk)).unwrap()
            }
            3 if !shape.is_empty() => {
                let twice = ndarray::concatenate(ndarray::Axis(0), &[dense.view(), dense.view()]).unwrap();
                Array::from_ndarray(twice, &chunk).slice(&[Slice::new(Some(shape[0] as isize), None, 1)])
            }
            _ => any_lazy(&mut self.random, &dense),
        };
        Operand { dense, lazy }
    }

    /// Computes `lazy`; where no session keeps an operand, under tight limits too.
    pub(crate) fn values<T: Element>(&mut self, lazy: &Array<T>, what: &dyn fmt::Display) -> ArrayD<T> {
        if self.keeps {
            return self.session().compute(lazy).unwrap_or_else(|error| panic!("{what}: {error}"));
        }
        self.lab.values(&mut self.random, lazy, &what.to_string())
    }

    /// Computes `lazy` and compares it with `expected`, values and shape.
    pub(crate) fn assert_is<T: Sample>(&mut self, lazy: &Array<T>, expected: &ArrayD<T>, what: &dyn fmt::Display) {
        let found = self.values(lazy, what);
        assert_eq!(found.shape(), expected.shape(), "{what}: {lazy:?}");
        assert_eq!(lazy.shape(), expected.shape(), "{what}: {lazy:?}");
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!(expected.is_close(*found), "{what} [{at}] of {lazy:?}: {found} for {expected}");
        }
    }

    /// Once the operands are gone, nothing is left, and some of what was computed went by way of scratch.
    pub(crate) fn finish(&self) {
        self.assert_at_rest();
        assert!(self.lab.spilled > 0, "nothing was spilled");
    }

    /// After an operation nothing is left but what is persisted; once the operands are gone, nothing at all.
    pub(crate) fn assert_at_rest(&self) {
        self.sessions.iter().for_each(|(_, session)| crate::support::assert_at_rest(session));
    }
}
