//! The layout of generated files: that of OISST.

use std::path::Path;

use hdf5::filters::Filter;
use hdf5::types::{FixedAscii, FloatSize, IntSize, TypeDescriptor};
use hdf5::{Dataset, File, H5Type, Location};

use crate::support::{DAYS, bench, ocean_file, run, scratch};

fn text(location: &Location, name: &str) -> String {
    location.attr(name).unwrap().read_scalar::<FixedAscii<128>>().unwrap().to_string()
}

fn number<T: H5Type + Copy>(location: &Location, name: &str) -> T {
    location.attr(name).unwrap().read_1d::<T>().unwrap()[0]
}

/// What holds for both types of values.
fn check_sst(sst: &Dataset, days: usize, element: &TypeDescriptor) {
    assert_eq!(sst.shape(), [days, 720, 1440]);
    assert_eq!(sst.chunk(), Some(vec![1, 720, 1440]));
    assert_eq!(sst.dtype().unwrap().to_descriptor().unwrap(), *element);
    assert_eq!(sst.filters(), [Filter::Shuffle, Filter::Deflate(4)]);
    assert_eq!(sst.num_chunks(), Some(days));
    assert!(sst.is_resizable() && sst.space().unwrap().maxdims() == [None, Some(720), Some(1440)]);
    assert_eq!(text(sst, "units"), "degC");
    assert_eq!(sst.attr("DIMENSION_LIST").unwrap().shape(), [3]);
}

#[test]
fn integers_are_packed_as_in_oisst() {
    let file = File::open(ocean_file()).unwrap();
    let sst = file.dataset("sst").unwrap();
    check_sst(&sst, DAYS, &TypeDescriptor::Integer(IntSize::U2));
    assert_eq!((number::<i16>(&sst, "_FillValue"), number::<f32>(&sst, "add_offset")), (32767, 0.0));
    assert_eq!(number::<f32>(&sst, "scale_factor"), 0.01);
    let stored = sst.storage_size() as f64 / sst.size() as f64;
    assert!((0.8..1.0).contains(&stored), "{stored} bytes a value");
}

#[test]
fn the_axes_are_dimension_scales_and_time_may_grow() {
    let file = File::open(ocean_file()).unwrap();
    let axis = |name: &str| {
        let axis = file.dataset(name).unwrap();
        assert_eq!((text(&axis, "CLASS"), text(&axis, "NAME")), ("DIMENSION_SCALE".into(), name.into()));
        axis
    };
    let time = axis("time");
    assert!(time.is_resizable());
    assert_eq!(text(&time, "units"), "days since 1800-01-01 00:00:00");
    // 1981-01-01: 181 years of 365 days, and 44 leap days.
    let first = 181.0 * 365.0 + 44.0;
    assert_eq!(time.read_raw::<f64>().unwrap(), [first, first + 1.0, first + 2.0]);
    let (lat, lon) = (axis("lat"), axis("lon"));
    assert_eq!((text(&lat, "units"), text(&lon, "units")), ("degrees_north".into(), "degrees_east".into()));
    let (lat, lon) = (lat.read_raw::<f32>().unwrap(), lon.read_raw::<f32>().unwrap());
    assert_eq!((lat.len(), lat[0], lat[719]), (720, -89.875, 89.875));
    assert_eq!((lon.len(), lon[0], lon[1439]), (1440, 0.125, 359.875));
}

#[test]
fn floats_hold_what_the_integers_unpack_to() {
    let folder = scratch();
    let make = |dir: &Path, dtype: &str| {
        let mut command = bench();
        command.args(["generate", "--years", "1981", "--days", "1", "--dtype", dtype, "--dir"]);
        let made = run(command.arg(dir));
        assert_eq!(made.code, Some(0), "{made:?}");
    };
    make(folder.path(), "f4");
    let file = File::open(folder.path().join("sst.day.mean.1981.v2.nc")).unwrap();
    let sst = file.dataset("sst").unwrap();
    check_sst(&sst, 1, &TypeDescriptor::Float(FloatSize::U4));
    let fill = number::<f32>(&sst, "_FillValue");
    assert!(sst.attr("scale_factor").is_err());
    let floats = sst.read_raw::<f32>().unwrap();
    let packed = File::open(ocean_file()).unwrap().dataset("sst").unwrap().read_slice_1d::<i16, _>((0, 0, ..)).unwrap();
    for (float, packed) in floats.iter().zip(packed) {
        let expected = if packed == 32767 { fill } else { f32::from(packed) * 0.01 };
        assert_eq!(*float, expected);
    }
    // The same folder again with the other type: the file is another one, and is made anew.
    drop((sst, file));
    make(folder.path(), "i2");
    let file = File::open(folder.path().join("sst.day.mean.1981.v2.nc")).unwrap();
    check_sst(&file.dataset("sst").unwrap(), 1, &TypeDescriptor::Integer(IntSize::U2));
}
