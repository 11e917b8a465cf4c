//! An array in pieces that follow each other in C order, and whether they can be read one by one.

use thermocline::array::Region;

/// Pieces of an array: boxes that are contiguous in C order, all of the same lengths but for the last along the axis that
/// is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slabs {
    shape: Vec<usize>,
    lengths: Vec<usize>,
}

impl Slabs {
    /// Pieces of at most about `most` elements. Where the array is stored in units (chunks) of several rows, pieces have
    /// whole ones if that is possible.
    pub(super) fn new(shape: &[usize], unit: &[usize], most: usize) -> Self {
        let mut left = most.max(1);
        let mut lengths = vec![1; shape.len()];
        for axis in (0..shape.len()).rev() {
            let mut length = shape[axis].clamp(1, left);
            if length < shape[axis] && length > unit[axis] {
                length -= length % unit[axis];
            }
            lengths[axis] = length;
            left /= length;
            if length < shape[axis] {
                break;
            }
        }
        Self { shape: shape.to_vec(), lengths }
    }

    /// The lengths of a piece.
    pub(super) fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// How often each unit is read, if the pieces are read one by one.
    pub(super) fn reads_of(&self, unit: &[usize]) -> usize {
        let axes = self.shape.iter().zip(&self.lengths).zip(unit);
        let times = |((&whole, &length), &unit): ((&usize, &usize), &usize)| unit.min(whole).div_ceil(length).max(1);
        axes.map(times).fold(1, usize::saturating_mul)
    }

    /// The pieces in C order; none where the array has no elements.
    pub(super) fn iter(&self) -> impl Iterator<Item = Region> {
        let counts: Vec<usize> =
            self.shape.iter().zip(&self.lengths).map(|(whole, length)| whole.div_ceil(*length)).collect();
        let total = counts.iter().fold(1_usize, |total, &count| total.saturating_mul(count));
        (0..total).map(move |mut number| {
            let mut piece = Region::new(vec![0; counts.len()], self.lengths.clone());
            for axis in (0..counts.len()).rev() {
                let start = number % counts[axis] * self.lengths[axis];
                number /= counts[axis];
                piece.start[axis] = start;
                piece.shape[axis] = self.lengths[axis].min(self.shape[axis] - start);
            }
            piece
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_follow_each_other_in_c_order() {
        for (shape, unit, most) in [
            (vec![5, 4, 3], vec![2, 4, 3], 25),
            (vec![5, 4, 3], vec![5, 1, 1], 7),
            (vec![5, 4, 3], vec![1, 1, 1], 2),
            (vec![60], vec![7], 20),
            (vec![], vec![], 9),
            (vec![3, 0, 2], vec![1, 1, 1], 9),
        ] {
            let slabs = Slabs::new(&shape, &unit, most);
            let mut next = 0;
            for piece in slabs.iter() {
                let place = |last: usize| {
                    let axes = piece.start.iter().zip(&piece.shape).zip(&shape);
                    axes.fold(0, |place, ((start, length), whole)| place * whole + start + last * (length - 1))
                };
                let count = piece.len();
                assert!((1..=most).contains(&count));
                assert_eq!((place(0), place(1)), (next, next + count - 1));
                next += count;
            }
            assert_eq!(next, shape.iter().product::<usize>(), "{shape:?}");
        }
    }

    #[test]
    fn pieces_have_whole_units_where_they_can() {
        let slabs = Slabs::new(&[60, 10], &[7, 10], 300);
        assert_eq!((slabs.lengths(), slabs.reads_of(&[7, 10])), (&[28, 10][..], 1));
        assert_eq!(Slabs::new(&[60, 10], &[60, 2], 100).reads_of(&[60, 2]), 6);
        assert_eq!(Slabs::new(&[2, 1000], &[2, 100], 500).reads_of(&[2, 100]), 2);
    }
}
