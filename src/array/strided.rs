//! Copies between boxes in C order.

use super::grid::Region;

/// Strides, in elements, of an array of `shape` in C order.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (0..shape.len().saturating_sub(1)).rev() {
        strides[axis] = strides[axis + 1] * shape[axis + 1];
    }
    strides
}

/// Calls `visit(a, b, len)` for each contiguous run that a box of `shape` has in two arrays with the given strides:
/// the offset of the run in both. The last axis must have stride 1 in both.
pub(crate) fn for_each_run(shape: &[usize], a: &[usize], b: &[usize], mut visit: impl FnMut(usize, usize, usize)) {
    if shape.contains(&0) {
        return;
    }
    let Some((&last, outer)) = shape.split_last() else {
        visit(0, 0, 1);
        return;
    };
    // Axes that follow each other in memory in both arrays are one axis.
    let mut run = last;
    let mut axes = outer.len();
    while axes > 0 && a[axes - 1] == run && b[axes - 1] == run {
        run *= outer[axes - 1];
        axes -= 1;
    }
    let mut at = vec![0; axes];
    let (mut in_a, mut in_b) = (0, 0);
    loop {
        visit(in_a, in_b, run);
        let mut axis = axes;
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            at[axis] += 1;
            in_a += a[axis];
            in_b += b[axis];
            if at[axis] < outer[axis] {
                break;
            }
            in_a -= a[axis] * outer[axis];
            in_b -= b[axis] * outer[axis];
            at[axis] = 0;
        }
    }
}

/// Copies the values of `tile`, a box within an array of `shape`, to their places in `out`.
pub(crate) fn copy_tile<T: Copy>(tile: &Region, values: &[T], shape: &[usize], out: &mut [T]) {
    let to = strides(shape);
    let offset: usize = tile.start.iter().zip(&to).map(|(start, stride)| start * stride).sum();
    for_each_run(&tile.shape, &strides(&tile.shape), &to, |from, to, len| {
        out[offset + to..offset + to + len].copy_from_slice(&values[from..from + len]);
    });
}

/// Copies a box of an array of `shape` into `out`, in C order.
pub(crate) fn copy_region<T: Copy>(region: &Region, values: &[T], shape: &[usize], out: &mut [T]) {
    let from = strides(shape);
    let offset: usize = region.start.iter().zip(&from).map(|(start, stride)| start * stride).sum();
    for_each_run(&region.shape, &from, &strides(&region.shape), |from, to, len| {
        out[to..to + len].copy_from_slice(&values[offset + from..offset + from + len]);
    });
}

/// Fills a box of `shape`, in C order, with the elements of `values` that lie `strides` apart along its axes.
pub(crate) fn copy_strided<T: Copy>(values: &[T], strides: &[usize], shape: &[usize], out: &mut [T]) {
    if shape.contains(&0) {
        return;
    }
    let Some((&last, outer)) = shape.split_last() else {
        out[0] = values[0];
        return;
    };
    let step = strides[outer.len()];
    let mut at = vec![0; outer.len()];
    let mut from = 0;
    for row in out.chunks_exact_mut(last) {
        match step {
            0 => row.fill(values[from]),
            1 => row.copy_from_slice(&values[from..from + last]),
            _ => row.iter_mut().zip(values[from..].iter().step_by(step)).for_each(|(out, &value)| *out = value),
        }
        for axis in (0..outer.len()).rev() {
            at[axis] += 1;
            from += strides[axis];
            if at[axis] < outer[axis] {
                break;
            }
            from -= strides[axis] * outer[axis];
            at[axis] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_comes_out_and_goes_back() {
        let shape = [3, 4, 5];
        let values: Vec<usize> = (0..60).collect();
        let region = Region::new([1, 1, 0], [2, 2, 5]);
        let mut out = vec![0; region.len()];
        copy_region(&region, &values, &shape, &mut out);
        assert_eq!(out, [25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54]);
        let mut back = vec![0; 60];
        copy_tile(&region, &out, &shape, &mut back);
        assert_eq!(back.iter().filter(|&&value| value > 0).count(), 20);
        assert!(back.iter().enumerate().all(|(at, &value)| value == 0 || value == at));
    }

    #[test]
    fn contiguous_axes_are_one_run() {
        let mut runs = 0;
        for_each_run(&[4, 5, 6], &[30, 6, 1], &[30, 6, 1], |_, _, len| {
            runs += 1;
            assert_eq!(len, 120);
        });
        assert_eq!(runs, 1);
        for_each_run(&[], &[], &[], |a, b, len| assert_eq!((a, b, len), (0, 0, 1)));
    }
}
