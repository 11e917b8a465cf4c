//! Maps of results, and what becomes of their files.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use crate::support::{bench, figures, ocean, run, run_with_json};

/// Width, height and pixels of a picture.
pub(crate) fn read(path: &Path) -> (u32, u32, Vec<[u8; 3]>) {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap())).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let about = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((about.color_type, about.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    (about.width, about.height, bytes.as_chunks::<3>().0.to_vec())
}

#[test]
fn a_map_shows_land_cold_and_warm_water_and_costs_no_figures() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("map.png");
    fs::write(&map, vec![b'x'; 4 << 20]).unwrap();
    let mut command = bench();
    command.args(["run", "mean", "--memory-limit", "256MiB", "--threads", "2", "--dir"]).arg(ocean());
    let (ended, with_map) = run_with_json(command.arg("--plot").arg(&map));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.out.ends_with(&format!("map          {}\n", map.display())), "{}", ended.out);
    // Drawing comes after the memory was measured, and changes nothing.
    assert!(with_map["peak_rss_bytes"].as_u64().unwrap() < (256 + 64 + 4) << 20);
    let mut command = bench();
    command.args(["run", "mean", "--memory-limit", "256MiB", "--threads", "2", "--dir"]).arg(ocean());
    assert_eq!(figures(&mut command)["result_sha256"], with_map["result_sha256"]);
    let (width, height, pixels) = read(&map);
    assert!(width > 1440 && height > 720, "{width} x {height}");
    // A quarter of a degree is a pixel: of 1,036,800, nearly a third is land.
    let count = |is_such: &dyn Fn(&[u8; 3]) -> bool| pixels.iter().filter(|pixel| is_such(pixel)).count();
    let land = count(&|&[red, green, blue]| red == green && green == blue && (150..230).contains(&red));
    assert!((310_000..340_000).contains(&land), "{land}");
    let warm = count(&|&[red, _, blue]| red > blue.saturating_add(60));
    let cold = count(&|&[red, _, blue]| blue > red.saturating_add(60));
    assert!(warm > 200_000 && cold > 100_000, "{warm} {cold}");
}

#[test]
fn a_picture_that_cannot_be_drawn_is_found_out_first_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere/map.png");
    let ended = run(bench().args(["run", "mean", "--dir"]).arg(ocean()).arg("--plot").arg(&nowhere));
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.complaint().contains(nowhere.to_str().unwrap()), "{ended:?}");
    let map = folder.path().join("map.png");
    let ended = run(bench().args(["run", "spilling", "--size", "1MiB", "--plot"]).arg(&map));
    assert!(ended.code == Some(2) && ended.complaint().contains("--plot"), "{ended:?}");
    // A series over time has a mean, but no map.
    let series = folder.path().join("series.nc");
    let values = vec![1.0_f32; 5];
    hdf5::File::create(&series).unwrap().new_dataset_builder().with_data(&values).create("sst").unwrap();
    let ended = run(bench().args(["run", "mean", "--files"]).arg(&series).arg("--plot").arg(&map));
    assert!(ended.code == Some(2) && ended.complaint().contains("--plot"), "{ended:?}");
    let ended = run(bench().args(["run", "mean", "--files", "absent.nc", "--plot"]).arg(&map));
    assert_eq!(ended.code, Some(1));
    assert!(!map.exists());
}

#[test]
fn alone_it_makes_sixty_days_averages_them_and_draws_the_map() {
    let here = tempfile::tempdir().unwrap();
    // Kept for the next run of the tests: sixty days take some seconds to make.
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-cache");
    let mut command = bench();
    let ended = run(command.current_dir(here.path()).env("XDG_CACHE_HOME", &cache));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let data = cache.join("thermocline/ocean-60-days");
    assert!(ended.out.starts_with(&format!("{}: ", data.display())), "{}", ended.out);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
    assert!(ended.out.contains("result       float32 [720, 1440]"), "{}", ended.out);
    assert!(ended.out.ends_with("map          thermocline-mean.png\n"), "{}", ended.out);
    assert!(read(&here.path().join("thermocline-mean.png")).0 > 1440);
}
