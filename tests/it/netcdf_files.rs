//! Real files of several makers, against plain loops over what the HDF5 library reads.

use std::path::{Path, PathBuf};

use thermocline::ndarray::ArrayD;
use thermocline::{Array, Session, io::netcdf};

use crate::ncfile::NcFile;
use crate::support::{assert_at_rest, data, open_hdf5, session};

/// All numbers of a variable as the HDF5 library gives them.
fn stored<T: hdf5::H5Type>(path: &Path, name: &str) -> Vec<T> {
    open_hdf5(path).dataset(name).unwrap().read_raw().unwrap()
}

fn values(session: &Session, array: &Array<f64>) -> Vec<f64> {
    session.compute(array).unwrap().into_raw_vec_and_offset().0
}

fn assert_same(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()), "{what}: {a} for {b} at {at}");
    }
}

fn nemo() -> Vec<PathBuf> {
    let months = ["20150101-20150201", "20150201-20150301", "20150301-20150401"];
    months.iter().map(|month| data(&format!("sst/monthly/nemo_1m_{month}_grid-T.nc"))).collect()
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn three_nemo_months_have_the_mean_of_a_plain_loop() {
    let months: Vec<Vec<f32>> = nemo().iter().map(|path| stored(path, "tos")).collect();
    let cells = months[0].len();
    assert_eq!(cells, 330 * 360);
    let mut expected = Vec::with_capacity(cells);
    for cell in 0..cells {
        let (mut sum, mut count) = (0.0, 0.0);
        for month in &months {
            if month[cell] != 1e20 {
                sum += f64::from(month[cell]);
                count += 1.0;
            }
        }
        expected.push((sum / count) as f32);
    }
    let water = expected.iter().filter(|mean| !mean.is_nan()).count();
    assert!(water > 50_000 && water < cells, "{water} cells of water");
    let (_folder, session) = session(64 << 20, 2);
    let pattern = data("sst/monthly/nemo_1m_*.nc");
    let tos: Array<f32> = netcdf::open_many(pattern.to_str().unwrap()).unwrap().array("tos").unwrap();
    assert_eq!(tos.shape(), [3, 330, 360]);
    let found = session.compute(&tos.nanmean(0)).unwrap();
    for (found, expected) in found.iter().zip(&expected) {
        assert!(found == expected || (found.is_nan() && expected.is_nan()), "{found} for {expected}");
    }
    assert_at_rest(&session);
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn ostia_files_of_four_makes_hold_what_the_library_reads() {
    let (_folder, session) = session(256 << 20, 2);
    for version in ["", ".v1", ".v3", ".v5"] {
        let path = data(&format!("sst/monthly/ostia_monthly{version}.nc"));
        let variable = open_hdf5(&path).dataset("surface_temperature").unwrap();
        let fill = variable.attr("_FillValue").ok().map(|attribute| attribute.read_raw::<f64>().unwrap()[0]);
        let expected: Vec<f64> = stored::<f64>(&path, "surface_temperature")
            .into_iter()
            .map(|value| if Some(value) == fill { f64::NAN } else { value })
            .collect();
        let array: Array<f64> = netcdf::open(&path).unwrap().array("surface_temperature").unwrap();
        assert_eq!(array.shape(), [54, 18, 432]);
        assert_same(&values(&session, &array), &expected, version);
        assert!(expected.iter().any(|value| (250.0..320.0).contains(value)), "{version}: kelvins");
    }
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn oisst_days_have_the_known_integer_sums() {
    let days = [
        ("20050101120000-NCEI-L4_GHRSST-SSTblend-AVHRR_OI-GLOB-v02.0-fv02.0.nc", "analysed_sst", -32768, 940_413_599),
        ("20151101120000-NCEI-L4_GHRSST-SSTblend-AVHRR_OI-GLOB-v02.0-fv02.0.nc", "analysed_sst", -32768, 951_034_295),
        ("oisst-avhrr-v02r01.20211025.nc", "sst", -999, 950_361_644),
    ];
    let (_folder, session) = session(64 << 20, 2);
    for (file, name, fill, expected) in days {
        let file = netcdf::open(data("sst/oisst").join(file)).unwrap().mask_and_scale(false);
        let raw: Array<i64> = file.array(name).unwrap();
        let valid = raw.map(move |value| i64::from(value != fill));
        let (count, sum) = session.compute((&valid.sum(..), &(&raw * &valid).sum(..))).unwrap();
        assert_eq!((count[[]], sum[[]]), (691_150, expected), "{name}");
    }
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn the_native_oisst_day_has_four_dimensions_and_the_known_mean() {
    let (_folder, session) = session(64 << 20, 2);
    let file = netcdf::open(data("sst/oisst/oisst-avhrr-v02r01.20211025.nc")).unwrap();
    let sst: Array<f64> = file.array("sst").unwrap();
    assert_eq!(sst.shape(), [1, 1, 720, 1440]);
    let mean = session.compute(&sst.nanmean(..)).unwrap()[[]];
    // The scale is a 32-bit 0.01.
    assert!((mean - 13.750_439_45).abs() < 1e-6, "{mean}");
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn monthly_means_miss_what_either_attribute_calls_missing() {
    let path = data("sst/monthly/sst.mnmean.nc");
    // No NaN is stored, although `_FillValue` is one: land is `missing_value`.
    let land = -9.969_209_968_386_87e36_f64 as f32;
    let expected: Vec<f64> = stored::<f32>(&path, "sst")
        .into_iter()
        .map(|value| {
            assert!(!value.is_nan());
            if value == land { f64::NAN } else { f64::from(value) }
        })
        .collect();
    assert_eq!(expected.iter().filter(|value| value.is_nan()).count(), 644_096);
    let (_folder, session) = session(64 << 20, 2);
    let sst: Array<f64> = netcdf::open(path).unwrap().array("sst").unwrap();
    assert_same(&values(&session, &sst), &expected, "sst.mnmean.nc");
}

#[test]
fn what_somebody_else_has_open_is_read_through_the_library_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = NcFile::create(folder.path().join("a.nc"));
    file.coordinate("lat", &[1.0_f64, 2.0, 4.0]);
    let path = file.close();
    let other = open_hdf5(&path);
    let held = other.dataset("lat").unwrap();
    let (_folder, session) = session(64 << 20, 2);
    let lat = netcdf::open(&path).unwrap().direct(false).variable::<f64>("lat").unwrap();
    assert_eq!(values(&session, &Array::from_source(lat)), held.read_raw::<f64>().unwrap());
}

/// Every variable of every file, through both ways.
#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn both_ways_of_reading_agree_to_the_bit_on_real_files() {
    let (_folder, session) = session(256 << 20, 2);
    let mut direct_reads = 0;
    for folder in ["sst/oisst", "sst/monthly", "hdf5/pyfive"] {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(data(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let Ok(file) = netcdf::open(&path) else { panic!("{}", path.display()) };
            for info in file.variables() {
                let (Ok(direct), Ok(library)) =
                    (file.variable::<f64>(&info.name), file.clone().direct(false).variable::<f64>(&info.name))
                else {
                    panic!("{}: {info}", path.display())
                };
                direct_reads += usize::from(direct.read_path() == netcdf::ReadPath::Direct);
                assert_ne!(library.read_path(), netcdf::ReadPath::Direct);
                let bits = |array: ArrayD<f64>| array.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                let [direct, library] =
                    [direct, library].map(|way| bits(session.compute(&Array::from_source(way)).unwrap()));
                assert_eq!(direct, library, "{}: {info}", path.display());
            }
        }
    }
    assert!(direct_reads > 60, "{direct_reads}");
    assert_at_rest(&session);
}

#[test]
fn what_is_neither_variable_nor_group_is_told_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = NcFile::create(folder.path().join("a.nc"));
    file.coordinate("lat", &[0.0_f32, 1.0]);
    file.bare_dimension("x", 7);
    let group = file.hdf5().create_group("forecast").unwrap();
    group.create_group("hourly").unwrap().new_dataset::<f64>().shape(3).create("t").unwrap();
    file.hdf5().new_dataset::<hdf5::types::VarLenUnicode>().shape(2).create("names").unwrap();
    file.hdf5().link_soft("/lat", "alias").unwrap();
    file.hdf5().link_external("/elsewhere.nc", "/x", "far").unwrap();
    drop(group);
    let found = netcdf::open(file.close()).unwrap();
    assert_eq!(found.groups(), ["forecast", "forecast/hourly"]);
    assert_eq!(
        found.variables().iter().map(|known| known.name.as_str()).collect::<Vec<_>>(),
        ["forecast/hourly/t", "lat"]
    );
    let unread: Vec<(&str, &str)> =
        found.unread().iter().map(|other| (other.name.as_str(), other.reason.as_str())).collect();
    let [alias, far, names] = unread[..] else { panic!("{unread:?}") };
    assert_eq!(alias, ("alias", "it is a soft link, which is not followed"));
    assert_eq!(far, ("far", "it is an external link, which is not followed"));
    assert!(names.0 == "names" && names.1.contains("only integers and floats"), "{names:?}");
}
