//! Selecting by rank from many lanes at once, side by side.
//!
//! [`SIDE`] lanes lie next to each other, a row for each place along them, so that one vector instruction compares an element
//! of each. The element of a rank is found bit by bit, from the highest down: it has the bit if there are no more elements
//! below what is known of it with the bit set than the rank says. Each bit is one pass over rows that stay in a core's own
//! cache, without a branch, where a partition (Hoare's quickselect) mispredicts at every other element and takes each lane
//! by itself. Bits that all elements of a lane have in common are not looked at.

use crate::chunk::Element;
use crate::simd::{Loop, widest};

/// So many lanes lie side by side: 64 bytes of 32-bit keys.
pub(super) const SIDE: usize = 16;

/// So many rows are gone through lane by lane. A loop over lanes inside of one over single rows is unrolled first, and the
/// compiler then makes vectors along the rows, which takes 20 times as long.
const STEP: usize = 8;

/// One element of each lane.
pub(super) type Row<K> = [K; SIDE];

/// What is compared: signed, because that is what vectors compare on any CPU. In the order of the keys of
/// [`Ordered`](super::Ordered).
pub(super) trait Key: Element + Ord {
    /// The bits of a key.
    const BITS: u32;

    /// From a key as it is ordered without a sign.
    fn of(key: u64) -> Self;

    /// Back again.
    fn key(self) -> u64;

    /// A count or a rank, which fits.
    fn count(count: usize) -> Self;

    /// Back again.
    fn counted(self) -> usize;

    /// One more where `below`.
    fn plus(self, below: bool) -> Self;

    /// Leading bits in which no lane has two elements that differ, by the least and the greatest.
    fn common(least: &Row<Self>, greatest: &Row<Self>) -> u32;

    /// Without the lowest bits, as if there were no sign.
    fn without(self, lowest: u32) -> Self;

    /// With a bit that it lacks.
    fn with(self, bit: u32) -> Self;
}

macro_rules! keys {
    ($($t:ident as $bits:ident),+) => {$(
        impl Key for $t {
            const BITS: u32 = $t::BITS;

            #[inline(always)]
            fn of(key: u64) -> Self {
                key as Self ^ Self::MIN
            }

            #[inline(always)]
            fn key(self) -> u64 {
                u64::from((self ^ Self::MIN) as $bits)
            }

            #[inline(always)]
            fn count(count: usize) -> Self {
                count as Self
            }

            #[inline(always)]
            fn counted(self) -> usize {
                self as usize
            }

            #[inline(always)]
            fn plus(self, below: bool) -> Self {
                self + Self::from(below)
            }

            #[inline(always)]
            fn common(least: &Row<Self>, greatest: &Row<Self>) -> u32 {
                least.iter().zip(greatest).fold(0, |all, (least, greatest)| all | (least ^ greatest)).leading_zeros()
            }

            #[inline(always)]
            fn without(self, lowest: u32) -> Self {
                if lowest == Self::BITS { Self::MIN } else { self >> lowest << lowest }
            }

            #[inline(always)]
            fn with(self, bit: u32) -> Self {
                self ^ (1 << bit)
            }
        }
    )+};
}

keys!(i32 as u32, i64 as u64);

/// Calls `visit` with each lane and a few rows, until all have been gone through.
#[inline(always)]
fn for_each_lane<K: Key>(rows: &[Row<K>], mut visit: impl FnMut(usize, &[Row<K>])) {
    let (blocks, rest) = rows.as_chunks::<STEP>();
    for block in blocks {
        (0..SIDE).for_each(|lane| visit(lane, block));
    }
    (0..SIDE).for_each(|lane| visit(lane, rest));
}

#[inline(always)]
fn count_below<K: Key>(rows: &[Row<K>], bounds: &Row<K>) -> Row<K> {
    let mut below = [K::count(0); SIDE];
    for_each_lane(rows, |lane, rows| {
        let bound = bounds[lane];
        below[lane] = rows.iter().fold(below[lane], |count, row| count.plus(row[lane] < bound));
    });
    below
}

/// The element of a rank, counted from 0, of each lane.
pub(super) fn select<K: Key>(rows: &[Row<K>], ranks: &Row<K>) -> Row<K> {
    widest(Select { rows, ranks })
}

struct Select<'a, K> {
    rows: &'a [Row<K>],
    ranks: &'a Row<K>,
}

impl<K: Key> Loop for Select<'_, K> {
    type Output = Row<K>;

    #[inline(always)]
    fn run(self) -> Row<K> {
        let (mut least, mut greatest) = (self.rows[0], self.rows[0]);
        for_each_lane(self.rows, |lane, rows| {
            least[lane] = rows.iter().fold(least[lane], |least, row| least.min(row[lane]));
            greatest[lane] = rows.iter().fold(greatest[lane], |greatest, row| greatest.max(row[lane]));
        });
        let differing = K::BITS - K::common(&least, &greatest);
        let mut found = least.map(|least| least.without(differing));
        for bit in (0..differing).rev() {
            let raised = found.map(|found| found.with(bit));
            let below = count_below(self.rows, &raised);
            for lane in 0..SIDE {
                found[lane] = if below[lane] <= self.ranks[lane] { raised[lane] } else { found[lane] };
            }
        }
        found
    }
}

/// How many elements of each lane are below `bounds`.
pub(super) fn below<K: Key>(rows: &[Row<K>], bounds: &Row<K>) -> Row<K> {
    widest(Below { rows, bounds })
}

struct Below<'a, K> {
    rows: &'a [Row<K>],
    bounds: &'a Row<K>,
}

impl<K: Key> Loop for Below<'_, K> {
    type Output = Row<K>;

    #[inline(always)]
    fn run(self) -> Row<K> {
        count_below(self.rows, self.bounds)
    }
}

/// How many elements of each lane are at most `bounds`, and the least of the others.
pub(super) fn beyond<K: Key>(rows: &[Row<K>], bounds: &Row<K>) -> (Row<K>, Row<K>) {
    widest(Beyond { rows, bounds })
}

struct Beyond<'a, K> {
    rows: &'a [Row<K>],
    bounds: &'a Row<K>,
}

impl<K: Key> Loop for Beyond<'_, K> {
    type Output = (Row<K>, Row<K>);

    #[inline(always)]
    fn run(self) -> (Row<K>, Row<K>) {
        let (mut within, mut next) = ([K::count(0); SIDE], [K::of(u64::MAX); SIDE]);
        for_each_lane(self.rows, |lane, rows| {
            let bound = self.bounds[lane];
            within[lane] = rows.iter().fold(within[lane], |count, row| count.plus(row[lane] <= bound));
            let above = |key: K| if key <= bound { K::of(u64::MAX) } else { key };
            next[lane] = rows.iter().fold(next[lane], |next, row| next.min(above(row[lane])));
        });
        (within, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Width, at_width};

    /// Rows of lanes of `len` elements of up to `bits` bits, and each lane sorted.
    fn made<K: Key>(len: usize, bits: u32) -> (Vec<Row<K>>, Vec<Vec<K>>) {
        let mut state = u64::from(bits) + len as u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            K::of((state.rotate_left(17) ^ state) & (u64::MAX >> (64 - bits)))
        };
        let rows: Vec<Row<K>> = (0..len).map(|_| std::array::from_fn(|_| next())).collect();
        let sorted = |lane: usize| {
            let mut elements: Vec<K> = rows.iter().map(|row| row[lane]).collect();
            elements.sort_unstable();
            elements
        };
        let lanes = (0..SIDE).map(sorted).collect();
        (rows, lanes)
    }

    fn check<K: Key>(len: usize, bits: u32) {
        let (rows, sorted) = made::<K>(len, bits);
        for rank in [0, len / 3, len / 2, len - 1] {
            let places: [usize; SIDE] = std::array::from_fn(|lane| (rank + lane) % len);
            let expected: Row<K> = std::array::from_fn(|lane| sorted[lane][places[lane]]);
            let ranks = places.map(K::count);
            for width in Width::available() {
                let found = at_width(width, Select { rows: &rows, ranks: &ranks });
                assert_eq!(found, expected, "{len} of {bits} bits, rank {rank}, {width:?}");
                let count = |within: &dyn Fn(K, K) -> bool| -> Row<K> {
                    std::array::from_fn(|lane| {
                        K::count(sorted[lane].iter().filter(|&&key| within(key, expected[lane])).count())
                    })
                };
                assert_eq!(at_width(width, Below { rows: &rows, bounds: &found }), count(&|key, bound| key < bound));
                let (within, next) = at_width(width, Beyond { rows: &rows, bounds: &found });
                assert_eq!(within, count(&|key, bound| key <= bound));
                for lane in 0..SIDE {
                    let other = sorted[lane].iter().find(|&&key| key > found[lane]);
                    assert_eq!(next[lane], other.copied().unwrap_or(K::of(u64::MAX)));
                }
            }
        }
    }

    #[test]
    fn the_element_of_a_rank_is_that_of_the_sorted_lane() {
        for (len, bits) in [(1, 32), (2, 1), (7, 3), (100, 8), (301, 32)] {
            check::<i32>(len, bits);
            check::<i64>(len, bits);
        }
        check::<i64>(64, 64);
    }

    #[test]
    fn keys_keep_their_order_with_a_sign() {
        for keys in [[0_u64, 1], [0x7fff_ffff, 0x8000_0000], [1, 0xffff_ffff]] {
            assert!(i32::of(keys[0]) < i32::of(keys[1]) && i64::of(keys[0]) < i64::of(keys[1]));
            assert_eq!(keys.map(|key| i32::of(key).key()), keys);
            assert_eq!(keys.map(|key| i64::of(key).key()), keys);
        }
    }
}
