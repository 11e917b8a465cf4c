//! The mean over time of the sea-surface temperature in some files, within 1 GiB:
//! `cargo run --release --example ocean_mean -- 'data/sst.day.mean.*.nc'`.

use std::process::ExitCode;

use thermocline::io::netcdf;
use thermocline::{Array, Result, Session};

fn main() -> ExitCode {
    let pattern = std::env::args().nth(1).unwrap_or_else(|| "data/sst.day.mean.*.nc".into());
    match mean(&pattern) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn mean(pattern: &str) -> Result<()> {
    let session = Session::builder().memory_limit("1GiB".parse()?).build()?;
    println!("{}\n", session.config().describe());
    let sst: Array<f32> = netcdf::open_many(pattern)?.array("sst")?;
    println!("{sst}\n");
    let mean = sst.nanmean(0);
    println!("{}\n", session.plan(&mean)?);
    let map = session.compute(&mean)?;
    let water = || map.iter().filter(|value| !value.is_nan()).map(|&value| f64::from(value));
    println!("{} cells of water, on average {:.4}", water().count(), water().sum::<f64>() / water().count() as f64);
    Ok(())
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn it_runs() -> Result<()> {
    let data = std::env::var("THERMOCLINE_TEST_DATA").unwrap_or_default();
    mean(&format!("{data}/sst/monthly/sst.mnmean.nc"))
}
