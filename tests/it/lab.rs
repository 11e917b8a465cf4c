//! Where operations on arrays meet their oracles: random arrays of every kind, at any limit and number of threads.

use ndarray::{ArrayD, IxDyn};
use thermocline::array::ChunkGrid;
use thermocline::chunk::Element;
use thermocline::{Array, Complex, ndarray};

use crate::sources::Numbers;
use crate::support::{Random, assert_at_rest, session};

/// Elements that chance may pick.
pub(crate) trait Sample: Element {
    fn sample(random: &mut Random) -> Self;
}

macro_rules! samples {
    ($($t:ty: $random:ident => $value:expr);+ $(;)?) => {$(
        impl Sample for $t {
            fn sample($random: &mut Random) -> Self { $value }
        }
    )+};
}

samples! {
    f64: random => if random.one_in(9) { f64::NAN } else { random.below(2000) as f64 / 8.0 - 100.0 };
    f32: random => if random.one_in(9) { f32::NAN } else { random.below(200) as f32 / 4.0 - 20.0 };
    i64: random => random.below(1000) as i64 - 500;
    i8: random => random.next() as i8;
    u16: random => random.next() as u16;
    bool: random => random.one_in(2);
    Complex<f32>: random => Complex::new(random.below(9) as f32 - 4.0, random.below(9) as f32 - 4.0);
    Complex<f64>: random => Complex::new(random.below(9) as f64 - 4.0, random.below(9) as f64 - 4.0);
}

/// An array of chance values.
pub(crate) fn dense<T: Sample>(random: &mut Random, shape: &[usize]) -> ArrayD<T> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || T::sample(random))
}

/// A shape of `ndim` axes of 0 to `most` elements, now and then one of none.
pub(crate) fn shape(random: &mut Random, ndim: usize, most: usize) -> Vec<usize> {
    (0..ndim).map(|_| if random.one_in(25) { 0 } else { 1 + random.below(most) }).collect()
}

/// A grid for `shape`, often with chunks of unequal lengths.
pub(crate) fn grid(random: &mut Random, shape: &[usize]) -> ChunkGrid {
    let mut axis = |&length: &usize| {
        let mut lengths = Vec::new();
        let regular = random.one_in(2).then(|| 1 + random.below(length.max(1)));
        let mut left = length;
        while left > 0 {
            let next = regular.unwrap_or_else(|| 1 + random.below(left)).min(left);
            lengths.push(next);
            left -= next;
        }
        lengths
    };
    ChunkGrid::new(shape.iter().map(&mut axis).collect())
}

/// How the values of an array come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From a source, tile by tile.
    Source,
    /// From memory, by any box.
    Memory,
    /// From blocks that tasks make.
    Blocks,
}

/// A lazy array of these values.
pub(crate) fn lazy<T: Element>(values: &ArrayD<T>, grid: &ChunkGrid, kind: Kind) -> Array<T> {
    let source = Array::from_source(Numbers::of(values, grid));
    match kind {
        Kind::Source => source,
        Kind::Memory => {
            let chunk: Vec<usize> = (0..grid.ndim()).map(|axis| grid.lengths(axis)[0].max(1)).collect();
            Array::from_ndarray(values.clone(), &chunk)
        }
        Kind::Blocks => source.map_blocks(|block, _| block.to_owned()),
    }
}

/// A lazy array of these values, of any kind, in any chunks.
pub(crate) fn any_lazy<T: Element>(random: &mut Random, values: &ArrayD<T>) -> Array<T> {
    let kind = [Kind::Source, Kind::Memory, Kind::Blocks][random.below(3)];
    let grid = grid(random, values.shape());
    lazy(values, &grid, kind)
}

/// Computes arrays under tight limits, and counts what was spilled.
#[derive(Debug, Default)]
pub(crate) struct Lab {
    pub(crate) spilled: u64,
}

impl Lab {
    /// Computes `array` at its floor and above, on different numbers of threads: each time the same bits, within the
    /// stated peak, and nothing left behind.
    pub(crate) fn values<T: Element>(&mut self, random: &mut Random, array: &Array<T>, what: &str) -> ArrayD<T> {
        let (_folder, ample) = session(1 << 32, 1 + random.below(4));
        let plan = ample.plan(array).unwrap_or_else(|error| panic!("{what}: {error}"));
        let expected = ample.compute(array).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_at_rest(&ample);
        assert!(plan.exact(), "{what}");
        let floor = plan.floor().bytes();
        let room = plan.working_set().bytes().saturating_sub(floor) as usize;
        let limit = if random.one_in(2) { floor } else { floor + random.below(room / 2 + 1) as u64 };
        let (_folder, tight) = session(limit, 1 + random.below(4));
        let stated = tight.plan(array).unwrap().stated_peak().bytes();
        let found = tight.compute(array).unwrap_or_else(|error| panic!("{what} at {limit} bytes: {error}"));
        let stats = tight.stats();
        assert!(stats.ledger_peak_bytes <= stated && stated <= limit, "{what}: {stats:?}");
        assert_at_rest(&tight);
        let same = found.shape() == expected.shape() && found.iter().zip(&expected).all(|(a, b)| same_bits(a, b));
        assert!(same, "{what}: other values at {limit} bytes");
        self.spilled += stats.spilled_bytes;
        found
    }

    /// `array` has exactly these values; NaN equals NaN.
    pub(crate) fn check<T: Element>(
        &mut self,
        random: &mut Random,
        array: &Array<T>,
        expected: &ArrayD<T>,
        what: &str,
    ) {
        assert_eq!(array.shape(), expected.shape(), "{what}: {array:?}");
        let found = self.values(random, array, what);
        assert_eq!(found.shape(), expected.shape(), "{what}");
        for ((at, found), expected) in found.indexed_iter().zip(expected) {
            let same = found == expected || (found.is_nan() && expected.is_nan());
            assert!(same, "{what}: {found} for {expected} at {at:?}\n{array:?}");
        }
    }
}

/// Whether two values are the same to the bit: of equal ones, zeros have signs, of NaN there is but one.
fn same_bits<T: Element>(a: &T, b: &T) -> bool {
    let plain = a == b && *a != T::default();
    plain || format!("{a:?}") == format!("{b:?}")
}
