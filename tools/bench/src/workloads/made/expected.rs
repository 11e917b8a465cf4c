//! What has to come out, by plain loops over rows.

use thermocline::ndarray::ArrayD;

use super::numbers::Numbers;
use crate::error::{BenchError, Result};

/// Sums in another order differ by rounding alone: by so much of their terms' sum at most.
const ROUNDING: f64 = 1e-9;

/// The values of all results, one after the other.
#[derive(Debug)]
pub(super) struct Expected {
    values: Vec<f64>,
    /// What rounding is measured by where a value itself is next to nothing.
    scale: f64,
}

impl Expected {
    /// Values that cancel nothing.
    pub(super) fn new(values: Vec<f64>) -> Self {
        Self { values, scale: 0.0 }
    }

    /// Values of terms that cancel each other, and the size of what cancels.
    pub(super) fn cancelling(values: Vec<f64>, scale: f64) -> Self {
        Self { values, scale }
    }

    /// Compares results with what they have to be.
    ///
    /// # Errors
    /// [`BenchError::WrongResult`].
    pub(super) fn check(&self, results: &[ArrayD<f64>]) -> Result<()> {
        let mut found = results.iter().flatten().copied();
        for (at, &expected) in self.values.iter().enumerate() {
            let found = found.next().unwrap_or(f64::NAN);
            let near = (found - expected).abs() <= ROUNDING * expected.abs().max(self.scale);
            if !near {
                return Err(BenchError::WrongResult { at, found, expected });
            }
        }
        match found.next() {
            Some(found) => Err(BenchError::WrongResult { at: self.values.len(), found, expected: f64::NAN }),
            None => Ok(()),
        }
    }
}

/// The sum of all numbers.
pub(super) fn sum(x: &Numbers) -> f64 {
    // A line must not be in memory whole.
    const PIECE: usize = 1 << 16;
    let mut values = vec![0.0; PIECE.min(x.columns())];
    let mut sum = 0.0;
    for row in 0..x.rows() {
        for column in (0..x.columns()).step_by(PIECE) {
            let values = &mut values[..PIECE.min(x.columns() - column)];
            x.fill(row, column, values);
            sum += values.iter().sum::<f64>();
        }
    }
    sum
}

/// Calls `visit` with each row, in their order.
pub(super) fn for_each_row(x: &Numbers, mut visit: impl FnMut(usize, &[f64])) {
    let mut values = vec![0.0; x.columns()];
    for row in 0..x.rows() {
        x.fill(row, 0, &mut values);
        visit(row, &values);
    }
}

/// Adds a row to others.
pub(super) fn add(sums: &mut [f64], row: impl IntoIterator<Item = f64>) {
    sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
}

/// The mean of each column.
pub(super) fn column_means(x: &Numbers) -> Vec<f64> {
    let mut sums = vec![0.0; x.columns()];
    for_each_row(x, |_, row| add(&mut sums, row.iter().copied()));
    let rows = x.rows() as f64;
    sums.iter_mut().for_each(|sum| *sum /= rows);
    sums
}

#[cfg(test)]
mod tests {
    use thermocline::ndarray::arr1;

    use super::*;

    #[test]
    fn what_is_off_is_found() {
        let expected = Expected::new(vec![1.0, 0.0]);
        let results = |values: &[f64]| expected.check(&[arr1(&values[..1]).into_dyn(), arr1(&values[1..]).into_dyn()]);
        assert!(results(&[1.0 + 1e-12, 0.0]).is_ok());
        for wrong in [&[1.0 + 1e-6, 0.0][..], &[1.0, 1e-12], &[1.0], &[1.0, 0.0, 0.0], &[f64::NAN, 0.0]] {
            assert!(results(wrong).is_err(), "{wrong:?}");
        }
        assert!(Expected::cancelling(vec![0.0], 1.0).check(&[arr1(&[1e-12]).into_dyn()]).is_ok());
    }
}
