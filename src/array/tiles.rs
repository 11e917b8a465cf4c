//! Boxes cut into tiles, and copies between boxes.

use std::ops::Range;

use super::grid::Region;
use super::strided::{copy_region, for_each_run, strides};
use crate::chunk::Element;
use crate::error::Result;
use crate::simd::{Loop, widest};

/// Cuts `region` into tiles of whole rows, as many as fit into `most` elements.
pub(super) fn for_each_tile(region: &Region, most: usize, mut visit: impl FnMut(&Region) -> Result<()>) -> Result<()> {
    if region.is_empty() {
        return Ok(());
    }
    let axes = region.shape.len();
    let mut longest = vec![1; axes];
    let mut room = most;
    for axis in (0..axes).rev() {
        longest[axis] = region.shape[axis].min(room).max(1);
        room /= longest[axis];
    }
    let end = |axis: usize| region.start[axis] + region.shape[axis];
    let mut tile = Region { start: region.start.clone(), shape: longest.clone() };
    loop {
        visit(&tile)?;
        // The next one in C order; along each axis the last may be shorter.
        let mut axis = axes;
        loop {
            if axis == 0 {
                return Ok(());
            }
            axis -= 1;
            tile.start[axis] += tile.shape[axis];
            let over = tile.start[axis] == end(axis);
            if over {
                tile.start[axis] = region.start[axis];
            }
            tile.shape[axis] = longest[axis].min(end(axis) - tile.start[axis]);
            if !over {
                break;
            }
        }
    }
}

/// Where the values of `part` are among those of `whole`, a box around it, if there they follow each other.
pub(super) fn run_in(part: &Region, whole: &Region) -> Option<Range<usize>> {
    let (mut start, mut len, mut stride) = (0, 1, 1);
    for axis in (0..part.shape.len()).rev() {
        if part.shape[axis] != 1 && len != stride {
            return None;
        }
        start += (part.start[axis] - whole.start[axis]) * stride;
        len *= part.shape[axis];
        stride *= whole.shape[axis];
    }
    Some(start..start + len)
}

/// Copies the values of `tile` to their places in a block of `region`, NaN in its canonical form.
pub(super) fn store_tile<T: Element>(tile: &Region, values: &[T], region: &Region, out: &mut [T]) {
    if let Some(run) = run_in(tile, region) {
        return copy_canonical(values, &mut out[run]);
    }
    let to = strides(&region.shape);
    let offset: usize = (0..to.len()).map(|axis| (tile.start[axis] - region.start[axis]) * to[axis]).sum();
    for_each_run(&tile.shape, &strides(&tile.shape), &to, |from, to, len| {
        copy_canonical(&values[from..from + len], &mut out[offset + to..offset + to + len]);
    });
}

/// Gives every NaN its canonical form.
pub(super) fn make_canonical<T: Element>(values: &mut [T]) {
    widest(InPlace(values));
}

struct InPlace<'a, T>(&'a mut [T]);

impl<T: Element> Loop for InPlace<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for value in self.0 {
            *value = value.canonical();
        }
    }
}

/// Copies values, NaN in its canonical form.
pub(super) fn copy_canonical<T: Element>(values: &[T], out: &mut [T]) {
    widest(Canonical { values, out });
}

struct Canonical<'a, T> {
    values: &'a [T],
    out: &'a mut [T],
}

impl<T: Element> Loop for Canonical<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (out, value) in self.out.iter_mut().zip(self.values) {
            *out = value.canonical();
        }
    }
}

/// Copies the box `part` from one array's box to another's.
pub(super) fn copy_between<T: Copy>(from: &[T], from_box: &Region, to: &mut [T], to_box: &Region, part: &Region) {
    if part.shape == to_box.shape {
        copy_region(&part.relative_to(&from_box.start), from, &from_box.shape, to);
        return;
    }
    let offset = |whole: &Region| -> usize {
        let part = part.relative_to(&whole.start);
        part.start.iter().zip(strides(&whole.shape)).map(|(at, stride)| at * stride).sum()
    };
    let (from_offset, to_offset) = (offset(from_box), offset(to_box));
    for_each_run(&part.shape, &strides(&from_box.shape), &strides(&to_box.shape), |a, b, len| {
        to[to_offset + b..to_offset + b + len].copy_from_slice(&from[from_offset + a..from_offset + a + len]);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_whole_rows_and_cover_a_box_in_order() {
        let region = Region::new([1, 2, 0], [2, 5, 4]);
        let mut starts = Vec::new();
        let mut seen = 0;
        for_each_tile(&region, 8, |tile| {
            starts.push((tile.start.clone(), tile.shape[1]));
            seen += tile.len();
            Ok(())
        })
        .unwrap();
        let expected = [(1, 2, 2), (1, 4, 2), (1, 6, 1), (2, 2, 2), (2, 4, 2), (2, 6, 1)];
        assert_eq!(starts, expected.map(|(day, row, rows)| (vec![day, row, 0], rows)));
        assert_eq!(seen, region.len());
        let mut points = 0;
        for_each_tile(&Region::new([], []), 8, |tile| {
            points += tile.len();
            Ok(())
        })
        .unwrap();
        assert_eq!(points, 1);
        for_each_tile(&Region::new([3, 0], [0, 4]), 8, |_| unreachable!("there is none")).unwrap();
    }

    #[test]
    fn a_run_is_found_where_values_follow_each_other() {
        let whole = Region::new([10, 0, 0], [4, 3, 5]);
        assert_eq!(run_in(&Region::new([11, 0, 0], [2, 3, 5]), &whole), Some(15..45));
        assert_eq!(run_in(&Region::new([11, 1, 0], [1, 2, 5]), &whole), Some(20..30));
        assert_eq!(run_in(&Region::new([13, 2, 1], [1, 1, 3]), &whole), Some(56..59));
        assert_eq!(run_in(&Region::new([10, 1, 0], [2, 2, 5]), &whole), None);
        assert_eq!(run_in(&Region::new([10, 0, 1], [1, 2, 3]), &whole), None);
        assert_eq!(run_in(&Region::new([], []), &Region::new([], [])), Some(0..1));
    }

    #[test]
    fn tiles_are_stored_with_one_form_of_nan() {
        let region = Region::new([5, 0], [3, 4]);
        let odd = f32::from_bits(0xffc0_1234);
        let mut out = [0.0; 12];
        store_tile(&Region::new([5, 1], [2, 2]), &[1.0, odd, 3.0, 4.0], &region, &mut out);
        store_tile(&Region::new([7, 0], [1, 4]), &[5.0, 6.0, odd, 8.0], &region, &mut out);
        let expected = [0.0, 1.0, f32::NAN, 0.0, 0.0, 3.0, 4.0, 0.0, 5.0, 6.0, f32::NAN, 8.0];
        assert_eq!(out.map(f32::to_bits), expected.map(f32::to_bits));
    }
}
