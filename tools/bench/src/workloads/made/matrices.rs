//! Workloads on matrices: what is computed, and what has to come out.

use thermocline::Array;
use thermocline::array::{BlockInfo, Boundary, Overlap, Slice};
use thermocline::ndarray::{Array2, ArrayViewD, Ix2, ShapeError, Slice as Part, s};

use super::Input;
use super::expected::{Expected, add, column_means, for_each_row, sum};
use super::shape::{CHUNK, columns};

pub(super) fn centering(input: &Input) -> Vec<Array<f64>> {
    let x = input.x();
    vec![(&x - &x.mean(0)).abs().mean(..)]
}

pub(super) fn centering_expected(Input { x, .. }: &Input) -> Expected {
    let means = column_means(x);
    let mut sum = 0.0;
    for_each_row(x, |_, row| sum += row.iter().zip(&means).map(|(x, mean)| (x - mean).abs()).sum::<f64>());
    Expected::new(vec![sum / (x.rows() * x.columns()) as f64])
}

pub(super) fn sum_residuals(input: &Input) -> Vec<Array<f64>> {
    let x = input.x();
    vec![(&x - &x.mean(0)).sum(..)]
}

pub(super) fn sum_residuals_expected(Input { x, .. }: &Input) -> Expected {
    Expected::cancelling(vec![0.0], (x.rows() * x.columns()) as f64)
}

pub(super) fn transpose(input: &Input) -> Vec<Array<f64>> {
    let x = input.x();
    vec![(&x + &x.transpose()).mean(0)]
}

pub(super) fn transpose_expected(Input { x, .. }: &Input) -> Expected {
    let (mut down, mut across) = (vec![0.0; x.columns()], vec![0.0; x.rows()]);
    for_each_row(x, |at, row| {
        add(&mut down, row.iter().copied());
        across[at] = row.iter().sum();
    });
    add(&mut down, across);
    let rows = x.rows() as f64;
    Expected::new(down.into_iter().map(|sum| sum / rows).collect())
}

pub(super) fn swap_axes(input: &Input) -> Vec<Array<f64>> {
    let rows = columns(input.x.columns(), 2 * CHUNK);
    vec![input.x().rechunk((rows, -1)).sum(..)]
}

pub(super) fn tiles_to_rows(input: &Input) -> Vec<Array<f64>> {
    let columns = columns(input.x.rows(), CHUNK);
    vec![input.x().rechunk((-1, columns)).sum(..)]
}

pub(super) fn sum_expected(Input { x, .. }: &Input) -> Expected {
    Expected::new(vec![sum(x)])
}

pub(super) fn dot(input: &Input) -> Vec<Array<f64>> {
    let x = input.x();
    vec![x.matmul(&x.transpose()).sum(..)]
}

/// The sum over i, j, k of `x[i, k] x[j, k]` is that over k of the square of the sum of column k.
pub(super) fn dot_expected(Input { x, .. }: &Input) -> Expected {
    let rows = x.rows() as f64;
    Expected::new(vec![column_means(x).into_iter().map(|mean| (mean * rows).powi(2)).sum()])
}

pub(super) fn double_diff(input: &Input) -> Vec<Array<f64>> {
    let later = input.x().slice(&[Slice::from(1..); 2]);
    let earlier = input.y().slice(&[Slice::from(..-1); 2]);
    vec![(&later - &earlier).abs().mean(..)]
}

pub(super) fn double_diff_expected(Input { x, y }: &Input) -> Expected {
    let mut sum = 0.0;
    let mut before = y.row(0);
    for_each_row(x, |at, row| {
        if at > 0 {
            sum += row[1..].iter().zip(&before).map(|(a, b)| (a - b).abs()).sum::<f64>();
            y.fill(at, 0, &mut before);
        }
    });
    Expected::new(vec![sum / ((x.rows() - 1) * (x.columns() - 1)) as f64])
}

/// What is averaged is greater than this.
const THRESHOLD: f64 = 0.5;

pub(super) fn filter_then_average(input: &Input) -> Vec<Array<f64>> {
    let x = input.x();
    vec![x.masked(&x.less_equal(THRESHOLD), f64::NAN).nanmean(..)]
}

pub(super) fn filter_then_average_expected(Input { x, .. }: &Input) -> Expected {
    let (mut sum, mut count) = (0.0, 0_usize);
    for_each_row(x, |_, row| {
        sum += row.iter().filter(|&&value| value > THRESHOLD).sum::<f64>();
        count += row.iter().filter(|&&value| value > THRESHOLD).count();
    });
    Expected::new(vec![sum / count as f64])
}

pub(super) fn map_overlap(input: &Input) -> Vec<Array<f64>> {
    let laplacian = |block: ArrayViewD<'_, f64>, _: &BlockInfo| {
        let around = block.into_dimensionality::<Ix2>()?;
        let [before, own, after] = [(0, Some(-2)), (1, Some(-1)), (2, None)].map(|(from, to)| Part::new(from, to, 1));
        let mut out: Array2<f64> = &around.slice(s![own, own]) * 4.0;
        out -= &around.slice(s![before, own]);
        out -= &around.slice(s![after, own]);
        out -= &around.slice(s![own, before]);
        out -= &around.slice(s![own, after]);
        Ok::<_, ShapeError>(out)
    };
    let overlap = Overlap::new(&[1, 1]).boundary(Boundary::Periodic);
    vec![input.x().map_overlap(overlap, laplacian).abs().mean(..)]
}

pub(super) fn map_overlap_expected(Input { x, .. }: &Input) -> Expected {
    let (rows, columns) = (x.rows(), x.columns());
    let (mut above, mut here) = (x.row(rows - 1), x.row(0));
    let mut sum = 0.0;
    for row in 0..rows {
        let below = x.row((row + 1) % rows);
        for at in 0..columns {
            let (left, right) = (here[(at + columns - 1) % columns], here[(at + 1) % columns]);
            sum += (4.0 * here[at] - above[at] - below[at] - left - right).abs();
        }
        (above, here) = (here, below);
    }
    Expected::new(vec![sum / (rows * columns) as f64])
}
