//! Smooth noise: random numbers on a lattice, interpolated in space and time.
//!
//! Every number is a hash of where and when it is, so any day can be made at any time by any thread, and comes out
//! the same. The lattice closes around the globe.

use super::field::{LATITUDES, LONGITUDES};

/// The finalizer of splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A key for a stream of random numbers that belongs to `parts`.
pub(crate) fn key(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| mix(state.wrapping_add(*part).wrapping_mul(GOLDEN)))
}

/// 2^64 over the golden ratio, odd: the step of splitmix64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Number `index` of the stream `key`, uniform in -1..1.
fn uniform(key: u64, index: usize) -> f32 {
    let bits = mix(key.wrapping_add((index as u64).wrapping_mul(GOLDEN))) >> 40;
    bits as f32 * (2.0 / (1 << 24) as f32) - 1.0
}

/// Random numbers every `S` cells, for one moment. `S` divides both sides of the grid.
#[derive(Debug)]
pub(super) struct Lattice<const S: usize> {
    /// Rows of `COLUMNS` values; the last of each is the first again.
    values: Vec<f32>,
}

impl<const S: usize> Lattice<S> {
    const COLUMNS: usize = LONGITUDES / S + 1;
    const ROWS: usize = LATITUDES / S + 1;

    /// All zero.
    pub(super) fn new() -> Self {
        const { assert!(LATITUDES.is_multiple_of(S) && LONGITUDES.is_multiple_of(S)) };
        Self { values: vec![0.0; Self::ROWS * Self::COLUMNS] }
    }

    /// Sets it to time `time`, where new numbers come in every `period`; between them they turn smoothly into
    /// each other. Values are within ±`amplitude`.
    pub(super) fn set(&mut self, seed: u64, time: i64, period: i64, amplitude: f32) {
        let (step, rest) = (time.div_euclid(period), time.rem_euclid(period));
        let part = rest as f32 / period as f32;
        let weight = part * part * (3.0 - 2.0 * part) * amplitude;
        let [from, to] = [step, step + 1].map(|step| key(&[seed, S as u64, step as u64]));
        for (row, values) in self.values.chunks_exact_mut(Self::COLUMNS).enumerate() {
            for (column, value) in values[..Self::COLUMNS - 1].iter_mut().enumerate() {
                let index = row * Self::COLUMNS + column;
                *value = uniform(from, index) * (amplitude - weight) + uniform(to, index) * weight;
            }
            values[Self::COLUMNS - 1] = values[0];
        }
    }

    /// Adds its values along one row of the grid to `out`, interpolated between the lattice's points.
    pub(super) fn add_row(&self, row: usize, out: &mut [f32]) {
        let below = &self.values[row / S * Self::COLUMNS..][..2 * Self::COLUMNS];
        let (below, above) = below.split_at(Self::COLUMNS);
        let weight = (row % S) as f32 / S as f32;
        let at = |column: usize| below[column] + (above[column] - below[column]) * weight;
        let mut left = at(0);
        for (column, cells) in out.as_chunks_mut::<S>().0.iter_mut().enumerate() {
            let right = at(column + 1);
            let slope = (right - left) / S as f32;
            for (cell, value) in cells.iter_mut().enumerate() {
                *value += left + slope * cell as f32;
            }
            left = right;
        }
    }
}

/// Adds to `out` numbers uniform in ±`amplitude`, each independent of its neighbours.
pub(super) fn add_white(key: u64, amplitude: f32, out: &mut [f32]) {
    let scale = amplitude / 32768.0;
    for (index, values) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let bits = mix(key.wrapping_add((index as u64).wrapping_mul(GOLDEN)));
        for (lane, value) in values.iter_mut().enumerate() {
            *value += f32::from((bits >> (16 * lane)) as u16 as i16) * scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_smooth_in_space_and_time_and_closes_around_the_globe() {
        let mut lattice = Lattice::<24>::new();
        let mut rows = Vec::new();
        for day in 0..40 {
            lattice.set(7, day, 20, 1.0);
            let mut row = vec![0.0; LONGITUDES];
            lattice.add_row(100, &mut row);
            let wrapped = row.iter().zip(row.iter().cycle().skip(1));
            assert!(wrapped.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 0.1);
            assert!(row.iter().any(|value| value.abs() > 0.2));
            rows.push(row);
        }
        for days in rows.windows(2) {
            assert!(days[0].iter().zip(&days[1]).all(|(a, b)| (a - b).abs() < 0.2));
        }
    }

    #[test]
    fn uniform_numbers_are_uniform() {
        // The standard error of the mean of a million is 0.0006.
        let mean = (0..1_000_000).map(|index| f64::from(uniform(1, index))).sum::<f64>() / 1e6;
        assert!(mean.abs() < 0.003, "{mean}");
    }
}
