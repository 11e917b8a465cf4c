//! What files of the CF conventions do that a reader may fall for, a test each.

use std::path::PathBuf;

use thermocline::ndarray::{ArrayD, IxDyn};
use thermocline::{Array, io::netcdf};

use crate::ncfile::{NcFile, number, text, variable_text};
use crate::support::{data, session};

fn write(folder: &tempfile::TempDir, fill: impl FnOnce(&mut NcFile)) -> PathBuf {
    let mut file = NcFile::create(folder.path().join("a.nc"));
    fill(&mut file);
    file.close()
}

fn read(data: &netcdf::Dataset, name: &str) -> Vec<f64> {
    let (_scratch, session) = session(64 << 20, 1);
    let array: Array<f64> = data.array(name).unwrap();
    session.compute(&array).unwrap().into_raw_vec_and_offset().0
}

fn list<T: Clone>(values: &[T]) -> ArrayD<T> {
    ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec()).unwrap()
}

fn same(found: &[f64], expected: &[f64]) {
    let equal = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(equal), "{found:?} for {expected:?}");
}

/// NEMO's `time_counter` has no units, and `time_centered` is in a calendar of 360 days: opening must not decode.
#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn nemo_time_is_decoded_on_request_only() {
    let file = netcdf::open(data("sst/monthly/nemo_1m_20150201-20150301_grid-T.nc")).unwrap();
    let counter = file.coordinate("time_counter").unwrap();
    let error = counter.times().unwrap_err().to_string();
    assert!(error.contains("time_counter") && error.contains("no units"), "{error}");
    assert_eq!(file.time_name(), Some("time_centered"));
    let centered = file.coordinate("time_centered").unwrap();
    assert_eq!(centered.time_units().unwrap().calendar(), netcdf::Calendar::Day360);
    // By cftime: 3580848000 seconds since 1900-01-01 in 360_day.
    assert_eq!(centered.times().unwrap()[0].unwrap().to_string(), "2015-02-16");
}

#[test]
fn every_calendar_is_decoded_and_an_unknown_one_is_an_error_on_request() {
    let folder = tempfile::tempdir().unwrap();
    for (calendar, expected) in [
        ("standard", "2000-03-01"),
        ("gregorian", "2000-03-01"),
        ("proleptic_gregorian", "2000-03-01"),
        ("julian", "2000-03-01"),
        ("noleap", "2000-03-02"),
        ("365_day", "2000-03-02"),
        ("all_leap", "2000-03-01"),
        ("366_day", "2000-03-01"),
        ("360_day", "2000-03-01"),
    ] {
        let path = write(&folder, |file| {
            let time = file.coordinate("time", &[60_i32]);
            text(&time, "units", "days since 2000-01-01");
            text(&time, "calendar", calendar);
        });
        let time = netcdf::open(path).unwrap().coordinate("time").unwrap();
        assert_eq!(time.times().unwrap()[0].unwrap().to_string(), expected, "{calendar}");
    }
    let path = write(&folder, |file| {
        let time = file.coordinate("time", &[60_i32]);
        text(&time, "units", "days since 2000-01-01");
        text(&time, "calendar", "mayan");
    });
    let file = netcdf::open(path).unwrap();
    same(&read(&file, "time"), &[60.0]);
    let error = file.coordinate("time").unwrap().times().unwrap_err().to_string();
    assert!(error.contains("\"mayan\"") && error.contains("360_day"), "{error}");
}

/// Land is `missing_value` while `_FillValue` is NaN: both count.
#[test]
fn fill_value_and_missing_value_both_mask() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, |file| {
        let x = file.variable("x", &[], &list(&[1.0_f32, f32::NAN, -9.97e36, 4.0]));
        number(&x, "_FillValue", f32::NAN);
        number(&x, "missing_value", -9.97e36_f32);
        let y = file.variable("y", &[], &list(&[1_i16, -999, -998, 4]));
        number(&y, "_FillValue", -999_i16);
        number(&y, "missing_value", -998_i16);
    });
    let file = netcdf::open(path).unwrap();
    same(&read(&file, "x"), &[1.0, f64::NAN, f64::NAN, 4.0]);
    same(&read(&file, "y"), &[1.0, f64::NAN, f64::NAN, 4.0]);
}

/// CF allows one `missing_value`, xarray a list, which some files have.
#[test]
fn several_missing_values_all_mask() {
    let folder = tempfile::tempdir().unwrap();
    let list_of = |variable: &hdf5::Dataset, values: &[i16]| {
        variable.new_attr::<i16>().shape(values.len()).create("missing_value").unwrap().write_raw(values).unwrap();
    };
    let path = write(&folder, |file| {
        let x = file.variable("x", &[], &list(&[1_i16, 2, 3, 4, 5, 6]));
        number(&x, "_FillValue", 1_i16);
        list_of(&x, &[2, 9, 4, 6]);
        number(&x, "scale_factor", 0.5_f64);
        let y = file.variable("y", &[], &list(&[1.0_f32, 2.0, 3.0]));
        list_of(&y, &[3, 2]);
        list_of(&file.variable("z", &[], &list(&[1_i16])), &[7; 65]);
    });
    let file = netcdf::open(path).unwrap();
    same(&read(&file, "x"), &[f64::NAN, f64::NAN, 1.5, f64::NAN, 2.5, f64::NAN]);
    same(&read(&file, "y"), &[1.0, f64::NAN, f64::NAN]);
    assert!(file.array::<i16>("x").is_err());
    let error = file.array::<f32>("z").unwrap_err().to_string();
    assert!(error.contains("missing_value has 65 elements, expected 1 to 64"), "{error}");
}

/// What netCDF would fill with is a value like any other where no attribute says that it isn't.
#[test]
fn an_absent_fill_value_masks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, |file| {
        file.variable("x", &[], &list(&[-32767_i16, 7]));
        file.variable("y", &[], &list(&[9.969_21e36_f32, 7.0]));
    });
    let file = netcdf::open(path).unwrap();
    same(&read(&file, "x"), &[-32767.0, 7.0]);
    same(&read(&file, "y"), &[f64::from(9.969_21e36_f32), 7.0]);
}

/// Chunks that were never written have the fill value that HDF5 keeps, which `_FillValue` may or may not be.
#[test]
fn chunks_never_written_have_hdf5s_own_fill() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, |file| {
        let make = |name: &str, fill: i16| {
            let dataset = file.hdf5().new_dataset::<i16>().chunk(2).fill_value(fill).shape(6).create(name).unwrap();
            dataset.write_slice(&[1_i16, 2], 2..4).unwrap();
            dataset
        };
        make("plain", 7);
        number(&make("masked", -999), "_FillValue", -999_i16);
        number(&make("other", 5), "_FillValue", -999_i16);
    });
    for direct in [true, false] {
        let file = netcdf::open(&path).unwrap().direct(direct);
        same(&read(&file, "plain"), &[7.0, 7.0, 1.0, 2.0, 7.0, 7.0]);
        same(&read(&file, "masked"), &[f64::NAN, f64::NAN, 1.0, 2.0, f64::NAN, f64::NAN]);
        same(&read(&file, "other"), &[5.0, 5.0, 1.0, 2.0, 5.0, 5.0]);
    }
}

/// xarray ignores the valid range, netCDF4 for Python applies it.
#[test]
fn the_valid_range_is_applied_only_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, |file| {
        let range = file.variable("range", &[], &list(&[1_i16, 5, 9, 12]));
        range.new_attr::<i16>().shape(2).create("valid_range").unwrap().write_raw(&[2_i16, 9]).unwrap();
        number(&range, "scale_factor", 10.0_f64);
        let least = file.variable("least", &[], &list(&[1.0_f32, 5.0, f32::NAN]));
        number(&least, "valid_min", 2.0_f32);
        // Floats beside packed integers are unpacked values.
        let unpacked = file.variable("unpacked", &[], &list(&[1_i16, 5, 9]));
        number(&unpacked, "scale_factor", 0.5_f64);
        number(&unpacked, "valid_max", 4.0_f64);
        // Packed numbers without a sign, whose bounds have none either.
        let bytes = file.variable("bytes", &[], &list(&[10_i8, -56, -6]));
        text(&bytes, "_Unsigned", "true");
        number(&bytes, "valid_max", -56_i8);
    });
    let file = netcdf::open(path).unwrap();
    same(&read(&file, "range"), &[10.0, 50.0, 90.0, 120.0]);
    let strict = file.clone().valid_range(true);
    same(&read(&strict, "range"), &[f64::NAN, 50.0, 90.0, f64::NAN]);
    same(&read(&strict, "least"), &[f64::NAN, 5.0, f64::NAN]);
    same(&read(&strict, "unpacked"), &[0.5, 2.5, f64::NAN]);
    same(&read(&strict, "bytes"), &[10.0, 200.0, f64::NAN]);
    assert!(strict.array::<i16>("range").is_err() && file.array::<i8>("least").is_err());
}

#[test]
fn fill_scale_offset_and_even_the_stored_type_differ_from_file_to_file() {
    let folder = tempfile::tempdir().unwrap();
    let day = |day: i32, fill: &dyn Fn(&NcFile)| {
        let mut file = NcFile::create(folder.path().join(format!("{day}.nc")));
        let time = file.unlimited("time", &[day]);
        text(&time, "units", "days since 2000-01-01");
        fill(&file);
        drop(time);
        file.close();
    };
    let shape = |values: ArrayD<i16>| values.into_shape_with_order(IxDyn(&[1, 3])).unwrap();
    day(0, &|file| {
        let sst = file.packed("sst", &["time"], &[1, 3], &shape(list(&[100_i16, -999, 300])));
        number(&sst, "_FillValue", -999_i16);
        number(&sst, "scale_factor", 0.01_f32);
    });
    day(1, &|file| {
        let sst = file.packed("sst", &["time"], &[1, 3], &shape(list(&[-999_i16, 2, 3])).mapv(i32::from));
        number(&sst, "_FillValue", 3_i32);
        number(&sst, "add_offset", 1000.0_f64);
    });
    day(2, &|file| {
        file.packed("sst", &["time"], &[1, 3], &shape(list(&[1_i16, 2, 3])).mapv(|value| f64::from(value) / 4.0));
    });
    let many = netcdf::open_many(folder.path().join("*.nc").to_str().unwrap()).unwrap();
    let hundredth = f64::from(0.01_f32);
    let expected = [100.0 * hundredth, f64::NAN, 300.0 * hundredth, 1.0, 1002.0, f64::NAN, 0.25, 0.5, 0.75];
    same(&read(&many, "sst"), &expected);
}

/// netCDF writes numbers as lists of one, and texts of fixed or of variable length.
#[test]
fn attributes_are_lists_of_one_and_texts_of_two_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, |file| {
        let x = file.coordinate("x", &[2_i16, 4]);
        number(&x, "scale_factor", 0.5_f32);
        x.new_attr::<f64>().create("add_offset").unwrap().write_scalar(&10.0).unwrap();
        variable_text(&x, "units", "days since 2001-01-01");
        text(&x, "calendar", "noleap");
        variable_text(&x, "long_name", "Tage, später");
    });
    let file = netcdf::open(path).unwrap();
    same(&read(&file, "x"), &[11.0, 12.0]);
    let x = file.coordinate("x").unwrap();
    assert_eq!(x.attributes().text("long_name"), Some("Tage, später"));
    assert_eq!(x.times().unwrap()[1].unwrap().to_string(), "2001-01-13");
    assert_eq!(x.attributes().get("scale_factor").unwrap().number(), Some(0.5));
}

/// The classic format had no unsigned types; `_Unsigned` says that the fill value has no sign, either.
#[test]
fn unsigned_reinterprets_the_fill_value_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, |file| {
        let x = file.variable("x", &[], &list(&[-1_i8, -2, 3, -128]));
        text(&x, "_Unsigned", "true");
        number(&x, "_FillValue", -1_i8);
        let y = file.variable("y", &[], &list(&[255_u8, 254, 3]));
        text(&y, "_Unsigned", "false");
        number(&y, "_FillValue", 254_u8);
    });
    let file = netcdf::open(path).unwrap();
    same(&read(&file, "x"), &[f64::NAN, 254.0, 3.0, 128.0]);
    same(&read(&file, "y"), &[-1.0, f64::NAN, 3.0]);
}

#[test]
fn an_unlimited_variable_shorter_than_its_dimension_is_padded_with_fill() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, |file| {
        file.unlimited("time", &[0.0_f64, 1.0, 2.0, 3.0]);
        file.unlimited("late", &[0.0_f64]);
        let short = file.packed("short", &["time"], &[2], &list(&[5_i16, 6]));
        number(&short, "_FillValue", 0_i16);
        // A dimension is as long as its longest variable, not as its coordinate.
        file.packed("long", &["late"], &[2], &list(&[1.0_f64, 2.0, 3.0]));
    });
    for direct in [true, false] {
        let file = netcdf::open(&path).unwrap().direct(direct);
        same(&read(&file, "short"), &[5.0, 6.0, f64::NAN, f64::NAN]);
        same(&read(&file, "late"), &[0.0, 0.0, 0.0]);
        same(&read(&file, "long"), &[1.0, 2.0, 3.0]);
        assert_eq!(file.dimensions().iter().map(|known| known.length).collect::<Vec<_>>(), [4, 3]);
    }
}

#[test]
fn dimensions_are_found_by_list_then_number_then_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, |file| {
        file.coordinate("a", &[0.0_f64, 1.0]);
        file.coordinate("b", &[0.0_f64, 1.0]);
        file.bare_dimension("c", 3);
        let square = |name: &str| file.hdf5().new_dataset::<f32>().shape([2, 2]).create(name).unwrap();
        file.attach(&square("listed"), &["b", "a"]);
        let numbered = square("numbered");
        numbered.new_attr::<i32>().shape(2).create("_Netcdf4Coordinates").unwrap().write_raw(&[1, 0]).unwrap();
        square("guessed");
        file.hdf5().new_dataset::<f32>().shape([3, 5]).create("odd").unwrap();
    });
    let file = netcdf::open(path).unwrap();
    let of = |name: &str| file.variables().iter().find(|known| known.name == name).unwrap().dimensions.join(" ");
    assert_eq!(
        (of("listed"), of("numbered"), of("guessed"), of("odd")),
        ("b a".into(), "b a".into(), "a b".into(), "c dim_1".into())
    );
    // A dimension that no variable is named after is no variable.
    assert!(file.variables().iter().all(|variable| variable.name != "c"));
    assert!(file.dimensions().iter().any(|dimension| dimension.name == "c" && dimension.length == 3));
}

/// (time, zlev, lat, lon), and temperatures in `Celsius` where others say `degC`.
#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn native_oisst_has_four_dimensions() {
    let file = netcdf::open(data("sst/oisst/oisst-avhrr-v02r01.20211025.nc")).unwrap();
    let sst = file.variable::<f32>("sst").unwrap();
    assert_eq!(sst.dimensions(), ["time", "zlev", "lat", "lon"]);
    let time = file.coordinate("time").unwrap();
    assert_eq!(time.times().unwrap()[0].unwrap().to_string(), "2021-10-25T12:00:00");
}
