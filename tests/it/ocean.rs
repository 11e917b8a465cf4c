//! Real sea-surface temperatures, against the answers that NumPy gives.

use thermocline::ndarray::ArrayD;
use thermocline::{Array, io::netcdf};

use crate::support::{assert_at_rest, data, session};

fn valid(map: &ArrayD<f32>) -> (usize, f64) {
    let values: Vec<f64> = map.iter().filter(|value| !value.is_nan()).map(|&value| f64::from(value)).collect();
    (values.len(), values.iter().sum::<f64>() / values.len() as f64)
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn days_of_2005_and_2015_have_the_known_mean() {
    let days = |pattern: &str| -> Array<f32> {
        netcdf::open_many(data(pattern).to_str().unwrap()).unwrap().array("analysed_sst").unwrap()
    };
    let all = Array::concatenate(&[days("sst/oisst/2005*.nc"), days("sst/oisst/20151101*.nc")], 0);
    let mut maps = Vec::new();
    for (limit, threads) in [(1 << 30, 2), (64 << 20, 1)] {
        let (_folder, session) = session(limit, threads);
        maps.push(session.compute(&all.nanmean(0)).unwrap());
        assert!(session.stats().ledger_peak_bytes <= limit);
        assert_at_rest(&session);
    }
    let (count, mean) = valid(&maps[0]);
    assert_eq!(count, 691_150);
    assert!((mean - 286.8333).abs() < 1e-3, "{mean}");
    assert!(maps[0].iter().zip(&maps[1]).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn the_monthly_means_have_the_known_mean() {
    let (_folder, session) = session(256 << 20, 2);
    let sst: Array<f32> = netcdf::open(data("sst/monthly/sst.mnmean.nc")).unwrap().array("sst").unwrap();
    let (count, mean) = valid(&session.compute(&sst.nanmean(0)).unwrap());
    assert_eq!(count, 10_988);
    assert!((mean - 14.046_869_24).abs() < 1e-5, "{mean}");
}
