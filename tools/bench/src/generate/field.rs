//! A made-up sea: smooth, with seasons, weather, an El Niño and a slow trend, about a third of it land.
//!
//! A day's values depend on the seed and the day alone. They are whole hundredths of a degree, as OISST packs them.

use super::noise::{Lattice, add_white, key};

/// Cells from south to north.
pub(crate) const LATITUDES: usize = 720;
/// Cells from west to east.
pub(crate) const LONGITUDES: usize = 1440;
/// Cells of one day.
pub(crate) const CELLS: usize = LATITUDES * LONGITUDES;
/// The packed value of land.
pub(crate) const FILL: i16 = 32767;
/// Degrees a packed unit.
pub(crate) const SCALE: f32 = 0.01;

/// The share of the globe that is land. The real one is 0.29 of the area, 0.34 of the cells.
const LAND: f64 = 0.31;
/// Sea water freezes here.
const FREEZING: f32 = -1.8;
/// Nothing is warmer.
const HOTTEST: f32 = 36.0;
/// Days a year, on average.
const YEAR: f64 = 365.2425;
/// Independent noise of each cell, in degrees: what makes the low bytes nearly incompressible, as they really are.
const WHITE: f32 = 1.3;

/// The latitude of a row's centre, in degrees.
pub(crate) fn latitude(row: usize) -> f32 {
    -89.875 + 0.25 * row as f32
}

/// The longitude of a column's centre, in degrees east.
pub(crate) fn longitude(column: usize) -> f32 {
    0.125 + 0.25 * column as f32
}

/// What doesn't change from day to day.
#[derive(Debug)]
pub(crate) struct Field {
    seed: u64,
    land: Vec<bool>,
    mean: Vec<f32>,
    /// The yearly wave's cosine and sine parts.
    season: [Vec<f32>; 2],
    nino: Vec<f32>,
}

/// The weather of one day, and space to work in: one for each thread.
#[derive(Debug)]
pub(crate) struct Weather {
    planetary: Lattice<80>,
    regional: Lattice<24>,
    eddies: Lattice<8>,
    fronts: Lattice<2>,
    row: Vec<f32>,
}

impl Weather {
    pub(crate) fn new() -> Self {
        Self {
            planetary: Lattice::new(),
            regional: Lattice::new(),
            eddies: Lattice::new(),
            fronts: Lattice::new(),
            row: vec![0.0; LONGITUDES],
        }
    }

    /// Amplitudes in degrees, and periods in days: the larger, the slower.
    fn set(&mut self, seed: u64, day: i64) {
        self.planetary.set(seed, day, 45, 1.5);
        self.regional.set(seed, day + 7, 21, 1.2);
        self.eddies.set(seed, day + 3, 11, 1.2);
        self.fronts.set(seed, day + 1, 5, 1.3);
    }

    /// The weather along one row, in degrees.
    fn row(&mut self, row: usize, white_key: u64) -> &[f32] {
        self.row.fill(0.0);
        self.planetary.add_row(row, &mut self.row);
        self.regional.add_row(row, &mut self.row);
        self.eddies.add_row(row, &mut self.row);
        self.fronts.add_row(row, &mut self.row);
        add_white(white_key, WHITE, &mut self.row);
        &self.row
    }
}

impl Field {
    /// The sea of `seed`. The land is the same for every seed.
    pub(crate) fn new(seed: u64) -> Self {
        let regions = still(&[seed, 1]);
        let each = |value: &dyn Fn(f64, f64, f64) -> f64| -> Vec<f32> {
            (0..CELLS)
                .map(|cell| {
                    let (row, column) = (cell / LONGITUDES, cell % LONGITUDES);
                    let (lat, lon) = (f64::from(latitude(row)).to_radians(), f64::from(longitude(column)));
                    value(lat, lon, f64::from(regions[cell])) as f32
                })
                .collect()
        };
        // Water follows the air by about two months: warmest around day 235 in the north.
        let (late, early) = (std::f64::consts::TAU * 235.0 / YEAR).sin_cos();
        let wave = |lat: f64, region: f64| (4.5 + region) * lat.signum() * (2.0 * lat).sin().powi(2);
        Self {
            seed,
            land: land(),
            mean: each(&|lat, _, region| -3.0 + 31.0 * lat.cos().powf(1.5) + 1.2 * region),
            season: [
                each(&|lat, _, region| wave(lat, region) * early),
                each(&|lat, _, region| wave(lat, region) * late),
            ],
            nino: each(&|lat, lon, _| {
                let (north, east) = (lat.to_degrees() / 7.0, (lon - 225.0) / 35.0);
                (-(north * north + east * east)).exp()
            }),
        }
    }

    /// Whether each cell is land, in C order.
    #[cfg(test)]
    pub(crate) fn land(&self) -> &[bool] {
        &self.land
    }

    /// Fills `out` with the packed values of a day, in C order; days count from 1800-01-01.
    pub(crate) fn day(&self, day: i64, weather: &mut Weather, out: &mut [i16]) {
        let turn = |years: f64| std::f64::consts::TAU * (day as f64 / (YEAR * years)).fract();
        let (late, early) = turn(1.0).sin_cos();
        let (early, late) = (early as f32, late as f32);
        let nino = (1.3 * turn(4.3).sin() + 0.8 * (turn(2.9) + 1.0).sin()) as f32;
        // 0.15 degrees a decade since 1981.
        let trend = ((day as f64 / YEAR - 181.0) * 0.015) as f32;
        weather.set(self.seed, day);
        for (row, out) in out.chunks_exact_mut(LONGITUDES).enumerate() {
            let weather = weather.row(row, key(&[self.seed, 2, day as u64, row as u64]));
            let cells = row * LONGITUDES..(row + 1) * LONGITUDES;
            let (land, mean) = (&self.land[cells.clone()], &self.mean[cells.clone()]);
            let [cosine, sine] = &self.season;
            let (cosine, sine, pacific) = (&cosine[cells.clone()], &sine[cells.clone()], &self.nino[cells]);
            for cell in 0..LONGITUDES {
                let season = early * cosine[cell] + late * sine[cell];
                let value = mean[cell] + season + nino * pacific[cell] + trend + weather[cell];
                out[cell] = if land[cell] { FILL } else { pack(value) };
            }
        }
    }
}

/// A temperature in whole units of [`SCALE`].
fn pack(degrees: f32) -> i16 {
    // Above zero, cutting off is rounding down, which the processor does quickly.
    const ABOVE_ZERO: i32 = 4096;
    ((degrees.clamp(FREEZING, HOTTEST) / SCALE + (ABOVE_ZERO as f32 + 0.5)) as i32 - ABOVE_ZERO) as i16
}

/// Noise that stays: regions of the sea, or continents.
fn still(parts: &[u64]) -> Vec<f32> {
    let seed = key(parts);
    let (mut large, mut middle, mut small) = (Lattice::<80>::new(), Lattice::<24>::new(), Lattice::<8>::new());
    large.set(seed, 0, 1, 1.0);
    middle.set(seed, 0, 1, 0.35);
    small.set(seed, 0, 1, 0.12);
    let mut out = vec![0.0; CELLS];
    for (row, out) in out.chunks_exact_mut(LONGITUDES).enumerate() {
        large.add_row(row, out);
        middle.add_row(row, out);
        small.add_row(row, out);
    }
    out
}

/// Where the continents are: the highest places of a noise, with one around the south pole.
fn land() -> Vec<bool> {
    let mut height = still(&[3]);
    for (row, heights) in height.chunks_exact_mut(LONGITUDES).enumerate() {
        let lat = latitude(row);
        let pole = if lat < -70.0 { (-70.0 - lat) / 6.0 } else { 0.0 };
        heights.iter_mut().for_each(|height| *height += pole + lat / 300.0);
    }
    let mut sorted = height.clone();
    let rank = ((1.0 - LAND) * CELLS as f64) as usize;
    let (_, shore, _) = sorted.select_nth_unstable_by(rank, f32::total_cmp);
    height.into_iter().map(|height| height >= *shore).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(field: &Field, day: i64) -> Vec<i16> {
        let mut out = vec![0; CELLS];
        field.day(day, &mut Weather::new(), &mut out);
        out
    }

    #[test]
    fn a_day_depends_on_the_seed_and_the_day_alone() {
        let (field, again, other) = (Field::new(5), Field::new(5), Field::new(6));
        let first = day(&field, 66_475);
        let mut used = Weather::new();
        let mut out = vec![0; CELLS];
        again.day(70_000, &mut used, &mut out);
        again.day(66_475, &mut used, &mut out);
        assert!(first == out);
        assert!(first != day(&other, 66_475));
        assert!(field.land() == other.land());
    }

    #[test]
    fn about_a_third_is_land_and_the_rest_is_water() {
        let field = Field::new(0);
        let values = day(&field, 66_475);
        let filled = values.iter().filter(|value| **value == FILL).count();
        assert!((0.30..0.37).contains(&(filled as f64 / CELLS as f64)), "{filled}");
        assert!(values.iter().all(|value| *value == FILL || (-180..=3600).contains(value)));
        let warmest = values.iter().filter(|value| **value != FILL).max();
        assert!(warmest.is_some_and(|warmest| *warmest > 2500), "{warmest:?}");
    }

    #[test]
    fn summer_is_warmer_and_the_next_day_is_like_this_one() {
        let field = Field::new(0);
        let (winter, summer, tomorrow) = (day(&field, 66_475), day(&field, 66_475 + 215), day(&field, 66_476));
        let north = (540 * LONGITUDES..560 * LONGITUDES).filter(|cell| !field.land()[*cell]);
        let mean = |values: &[i16]| {
            let sum: f64 = north.clone().map(|cell| f64::from(values[cell])).sum();
            sum / north.clone().count() as f64
        };
        assert!(mean(&summer) > mean(&winter) + 300.0);
        assert!((mean(&tomorrow) - mean(&winter)).abs() < 20.0);
    }
}
