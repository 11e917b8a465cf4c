//! The mean over time of the sea-surface temperature in some files: `cargo run --example ocean_mean -- 'data/sst*.nc'`.

use thermocline::io::netcdf;
use thermocline::{Array, Session};

fn main() -> thermocline::Result<()> {
    let pattern = std::env::args().nth(1).unwrap_or_else(|| "data/sst*.nc".into());
    let session = Session::new()?;
    let sst: Array<f32> = netcdf::open_many(pattern.as_str())?.array("sst")?;
    let mean = sst.nanmean(0);
    println!("{sst}\n\n{}", session.plan(&mean)?);
    let map = session.compute(&mean)?;
    let valid: Vec<f32> = map.iter().copied().filter(|value| !value.is_nan()).collect();
    println!(
        "{} cells, mean {:.4}",
        valid.len(),
        valid.iter().map(|&value| f64::from(value)).sum::<f64>() / valid.len() as f64
    );
    Ok(())
}
