//! A small sea for the tests: three years of days on a coarse grid, in the layout of OISST.

use std::path::{Path, PathBuf};

use hdf5::types::FixedAscii;
use hdf5::{Dataset, Extent, File, Location};
use thermocline::ndarray::Array3;

/// Cells from south to north, and from west to east.
pub(crate) const LATITUDES: usize = 48;
pub(crate) const LONGITUDES: usize = 96;

/// Days of each year, and of them all.
const YEARS: [(i32, usize); 3] = [(2003, 365), (2004, 366), (2005, 365)];
pub(crate) const DAYS: usize = 1096;

const FILL: i16 = -999;

/// The stored number of a cell on a day: land has none, and a tenth of the sea's are missing.
pub(crate) fn packed(day: usize, lat: usize, lon: usize) -> Option<i16> {
    let mut random = (day * LATITUDES * LONGITUDES + lat * LONGITUDES + lon) as u64;
    random = (random ^ (random >> 30)).wrapping_add(1).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    random = (random ^ (random >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 40;
    if (lat > 33 && lon < 24) || random % 10 == 7 {
        return None;
    }
    let season = 500.0 * (day as f64 / 365.25 * std::f64::consts::TAU).sin() * (lat as f64 / 24.0 - 1.0);
    Some((1500.0 + season) as i16 + (random % 400) as i16)
}

fn text(location: &Location, name: &str, text: &str) {
    let text = FixedAscii::<64>::from_ascii(text).unwrap();
    location.new_attr::<FixedAscii<64>>().create(name).unwrap().write_scalar(&text).unwrap();
}

fn scale(file: &File, name: &str, values: &[f64], units: &str) -> Dataset {
    let scale = file.new_dataset::<f64>().shape(values.len()).create(name).unwrap();
    scale.write_raw(values).unwrap();
    for (attribute, value) in [("CLASS", "DIMENSION_SCALE"), ("NAME", name), ("units", units)] {
        text(&scale, attribute, value);
    }
    scale
}

/// Makes the files, one a year.
pub(crate) fn sea(folder: &Path) {
    let mut first = 0;
    for (year, days) in YEARS {
        let file = File::create(path(folder, year)).unwrap();
        let times: Vec<f64> = (first..first + days).map(|day| day as f64).collect();
        scale(&file, "time", &times, "days since 2003-01-01");
        let lat: Vec<f64> = (0..LATITUDES).map(|row| -88.125 + 3.75 * row as f64).collect();
        scale(&file, "lat", &lat, "degrees_north");
        let lon: Vec<f64> = (0..LONGITUDES).map(|column| 1.875 + 3.75 * column as f64).collect();
        scale(&file, "lon", &lon, "degrees_east");
        let values = Array3::from_shape_fn((days, LATITUDES, LONGITUDES), |(day, lat, lon)| {
            packed(first + day, lat, lon).unwrap_or(FILL)
        });
        let shape = (Extent::resizable(days), LATITUDES, LONGITUDES);
        let sst = file.new_dataset::<i16>().chunk((1, LATITUDES, LONGITUDES)).shuffle().deflate(1).shape(shape);
        let sst = sst.create("sst").unwrap();
        sst.write(&values).unwrap();
        sst.new_attr::<i16>().create("_FillValue").unwrap().write_scalar(&FILL).unwrap();
        sst.new_attr::<f64>().create("scale_factor").unwrap().write_scalar(&0.01).unwrap();
        text(&sst, "units", "degC");
        text(&sst, "long_name", "Daily Sea Surface Temperature");
        first += days;
    }
    assert_eq!(first, DAYS);
}

pub(crate) fn path(folder: &Path, year: i32) -> PathBuf {
    folder.join(format!("sst.day.mean.{year}.nc"))
}
