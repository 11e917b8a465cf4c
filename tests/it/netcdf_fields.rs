//! Fields: names and labels go with the values, against plain loops.

use thermocline::io::netcdf::{self, Coordinate, DateTime, Field, Nearest};
use thermocline::ndarray::{ArrayD, Axis, Ix2, IxDyn};
use thermocline::{Array, Error, Session};

use crate::ncfile::{NcFile, number, text};
use crate::support::{assert_at_rest, data, open_hdf5, session};

fn value(at: &[usize]) -> f64 {
    if (at[0] + 2 * at[1] + 3 * at[2]) % 7 == 3 { f64::NAN } else { (at[0] * 100 + at[1] * 10 + at[2]) as f64 }
}

const SHAPE: [usize; 3] = [40, 5, 6];

fn dense() -> ArrayD<f64> {
    ArrayD::from_shape_fn(IxDyn(&SHAPE), |at| value(&[at[0], at[1], at[2]]))
}

/// Every tenth day from December 1999 on, latitudes from north to south, longitudes around the earth.
fn field() -> Field<f64> {
    let time = Coordinate::new("time", (0..40).map(|step| f64::from(10 * step)).collect::<Vec<_>>());
    let lat = Coordinate::new("lat", [50.0, 25.0, 0.0, -25.0, -50.0]).with_attribute("units", "degrees_north");
    let lon = Coordinate::new("lon", [0.0, 60.0, 120.0, 180.0, 240.0, 300.0]).with_attribute("units", "degrees_east");
    let array = Array::from_fn(&SHAPE, &[7, 5, 6], value);
    Field::new("sst", array, ["time", "lat", "lon"])
        .with_coordinate(time.with_attribute("units", "days since 1999-12-01"))
        .with_coordinate(lat)
        .with_coordinate(lon)
        .with_attribute("units", netcdf::AttributeValue::Text("degC".into()))
}

fn assert_field(session: &Session, found: &Field<f64>, expected: &ArrayD<f64>, what: &str) {
    let values = session.compute(found).unwrap();
    assert_eq!(values.shape(), expected.shape(), "{what}");
    for (a, b) in values.iter().zip(expected) {
        assert!((a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * b.abs().max(1.0), "{what}: {a} for {b}");
    }
    // Labels fit the axes, always.
    for coordinate in found.coordinates() {
        let axis = coordinate.dimension().map(|own| found.dimensions().iter().position(|known| known == own).unwrap());
        assert_eq!(coordinate.values().len(), axis.map_or(1, |axis| found.shape()[axis]), "{what}: {coordinate}");
    }
}

#[test]
fn places_are_picked_and_labels_go_with_them() {
    let (_folder, session) = session(64 << 20, 2);
    let (x, all) = (field(), dense());
    let last = x.isel("time", -1);
    assert_eq!(last.dimensions(), ["lat", "lon"]);
    assert_eq!(
        (last.coordinate("time").unwrap().values(), last.coordinate("time").unwrap().dimension()),
        (&[390.0][..], None)
    );
    assert_field(&session, &last, &all.index_axis(Axis(0), 39).to_owned(), "isel one");
    let some = x.isel("lat", 1..3).isel("lon", netcdf::Place::from(thermocline::array::Slice::all().step(-2)));
    assert_eq!(some.coordinate("lat").unwrap().values(), [25.0, 0.0]);
    assert_eq!(some.coordinate("lon").unwrap().values(), [300.0, 180.0, 60.0]);
    let expected = all.select(Axis(1), &[1, 2]).select(Axis(2), &[5, 3, 1]);
    assert_field(&session, &some, &expected, "isel some");
    let single = x.isel("time", 0).isel("lat", 0).isel("lon", 2);
    assert_eq!((single.dimensions().len(), single.coordinates().len()), (0, 3));
    assert_eq!(session.compute(&single).unwrap()[[]], 2.0);
}

#[test]
fn medians_weighted_means_and_slopes_are_those_of_plain_loops() {
    let (_folder, session) = session(64 << 20, 2);
    let (x, all) = (field(), dense());
    let median = x.median("time");
    assert_eq!((median.dimensions(), median.units()), (&["lat".to_owned(), "lon".to_owned()][..], Some("degC")));
    let sorted = all.map_axis(Axis(0), |lane| {
        let mut valid: Vec<f64> = lane.iter().copied().filter(|value| !value.is_nan()).collect();
        valid.sort_by(f64::total_cmp);
        f64::midpoint(valid[(valid.len() - 1) / 2], valid[valid.len() / 2])
    });
    assert_field(&session, &median, &sorted, "median");

    let area = x.coordinate("lat").unwrap().to_field().map(|degrees| degrees.to_radians().cos());
    assert_eq!((area.dimensions(), area.shape()), (&["lat".to_owned()][..], vec![5]));
    let mean = x.weighted_mean(["lat", "lon"], &area);
    assert_eq!((mean.dimensions(), mean.units()), (&["time".to_owned()][..], Some("degC")));
    let expected = ArrayD::from_shape_fn(IxDyn(&[40]), |at| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for ((lat, _), value) in all.index_axis(Axis(0), at[0]).into_dimensionality::<Ix2>().unwrap().indexed_iter() {
            let weight = [50.0_f64, 25.0, 0.0, -25.0, -50.0][lat].to_radians().cos();
            if !value.is_nan() {
                (sum, weights) = (sum + value * weight, weights + weight);
            }
        }
        sum / weights
    });
    assert_field(&session, &mean, &expected, "weighted mean");
    // Weights of several dimensions, in another order than the field's.
    let both = &x.coordinate("lon").unwrap().to_field() + &area;
    let turned = x.weighted_mean("lat", &both);
    assert_eq!(turned.dimensions(), ["time", "lon"]);
    let at = session.compute(&turned).unwrap()[[3, 1]];
    let lanes = (0..5).filter(|&lat| !all[[3, lat, 1]].is_nan());
    let weight = |lat: usize| 60.0 + [50.0_f64, 25.0, 0.0, -25.0, -50.0][lat].to_radians().cos();
    let sums = lanes.fold((0.0, 0.0), |(sum, of), lat| (sum + all[[3, lat, 1]] * weight(lat), of + weight(lat)));
    assert!((at - sums.0 / sums.1).abs() < 1e-12);

    let slope = x.slope("time");
    assert_eq!((slope.dimensions(), slope.units()), (&["lat".to_owned(), "lon".to_owned()][..], None));
    let line = all.map_axis(Axis(0), |lane| {
        let pairs = || lane.iter().enumerate().filter(|(_, x)| !x.is_nan()).map(|(row, &x)| (10.0 * row as f64, x));
        let n = pairs().count() as f64;
        let (t, x) = (pairs().map(|pair| pair.0).sum::<f64>() / n, pairs().map(|pair| pair.1).sum::<f64>() / n);
        pairs().map(|pair| (pair.0 - t) * (pair.1 - x)).sum::<f64>()
            / pairs().map(|pair| (pair.0 - t).powi(2)).sum::<f64>()
    });
    assert_field(&session, &slope, &line, "slope");
    assert_at_rest(&session);
}

#[test]
fn weights_that_do_not_fit_and_slopes_along_nothing_are_named() {
    let x = field();
    let refused = |weights: &Field<f64>| x.weighted_mean("lat", weights).checked().unwrap_err().to_string();
    for (weights, words) in [
        (Coordinate::new("depth", [1.0, 2.0]), "dimension depth is of the weights alone"),
        (Coordinate::new("lat", [1.0, 2.0]), "dimension lat has two lengths"),
        (Coordinate::new("lat", [50.0, 25.0, 0.0, -25.0, -51.0]), "labels differ, lat (lat) 50.0"),
    ] {
        let error = refused(&weights.to_field());
        assert!(error.contains("weighted_mean at") && error.contains("netcdf_fields.rs"), "{error}");
        assert!(error.contains(words) && error.contains("(time: 40, lat: 5, lon: 6)"), "{error}");
    }
    assert!(refused(&x.mean("depth")).contains("no dimension depth"));
    for error in
        [x.slope("depth"), x.isel("time", 0).slope("time")].map(|slope| slope.checked().unwrap_err().to_string())
    {
        assert!(error.contains("slope at") && error.contains("netcdf_fields.rs") && error.contains("has no labels"));
    }
}

#[test]
fn degrees_are_known_by_their_units_else_by_name() {
    let degrees = |name: &str, units: Option<&str>| {
        let plain = Coordinate::new(name, [0.0, 1.0]);
        let named = units.map_or(plain.clone(), |units| plain.with_attribute("units", units));
        (named.is_latitude(), named.is_longitude())
    };
    for units in ["degrees_north", "degree_north", "degree_N", "degrees_N", "degreeN", "degreesN"] {
        assert_eq!(degrees("y", Some(units)), (true, false), "{units}");
        assert_eq!(degrees("y", Some(&units.replace("north", "east").replace('N', "E"))), (false, true), "{units}");
    }
    for name in ["lat", "latitude", "Latitude"] {
        assert_eq!((degrees(name, None), degrees(name, Some("m"))), ((true, false), (false, false)));
    }
    assert_eq!(
        (degrees("lon", None), degrees("latent_heat", None), degrees("n", Some("degrees"))),
        ((false, true), (false, false), (false, false))
    );
}

#[test]
fn labels_are_found_in_time_and_space() {
    let (_folder, session) = session(64 << 20, 2);
    let (x, all) = (field(), dense());
    let rows = |places: std::ops::Range<usize>| all.select(Axis(0), &places.collect::<Vec<_>>());
    // 1999-12-01, -11, -21, -31, 2000-01-10 …
    assert_field(&session, &x.sel("time", "1999-12"), &rows(0..4), "a month");
    assert_field(&session, &x.sel("time", "2000-01".."2000-03"), &rows(4..13), "three months");
    assert_field(&session, &x.sel("time", "2000"), &rows(4..40), "a year");
    assert_field(&session, &x.sel("time", .."2000-01-10"), &rows(0..5), "up to a day");
    assert_field(&session, &x.sel("time", "1998"), &rows(0..0), "nothing");
    let day = DateTime::parse(netcdf::Calendar::Standard, "1999-12-21").unwrap();
    assert_field(&session, &x.sel("time", day), &all.index_axis(Axis(0), 2).to_owned(), "a day");
    assert_field(&session, &x.sel("lat", -30.0..30.0), &all.select(Axis(1), &[1, 2, 3]), "a band");
    assert_field(&session, &x.sel("lat", 30.0..-30.0), &all.select(Axis(1), &[1, 2, 3]), "a band from the north");
    assert_field(&session, &x.sel("lat", 25.0), &all.index_axis(Axis(1), 1).to_owned(), "a label");
    assert_field(&session, &x.sel("lat", Nearest(-40.0)), &all.index_axis(Axis(1), 4).to_owned(), "nearest");
    assert_field(&session, &x.sel("lon", Nearest(-10.0)), &all.index_axis(Axis(2), 0).to_owned(), "over 0 degrees");
    // Longitudes that are not in order: what is in the range need not be together.
    let jumbled = Coordinate::new("lon", [0.0, 170.0, 20.0, -150.0, 10.0, 5.0]);
    let found = x.clone().with_coordinate(jumbled).sel("lon", 0.0..20.0);
    assert_eq!(found.coordinate("lon").unwrap().values(), [0.0, 20.0, 10.0, 5.0]);
    assert_field(&session, &found, &all.select(Axis(2), &[0, 2, 4, 5]), "apart");
    assert_at_rest(&session);
}

#[test]
fn reductions_are_over_named_dimensions_and_skip_what_is_missing() {
    let (_folder, session) = session(64 << 20, 2);
    let (x, all) = (field(), dense());
    let lane = |of: fn(&[f64]) -> f64| {
        all.map_axis(Axis(0), |lane| of(&lane.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<_>>()))
    };
    let mean = |valid: &[f64]| valid.iter().sum::<f64>() / valid.len() as f64;
    let mean_lane = lane(|valid| valid.iter().sum::<f64>() / valid.len() as f64);
    let of_time = x.mean("time");
    assert_eq!((of_time.dimensions(), of_time.units()), (&["lat".to_owned(), "lon".to_owned()][..], Some("degC")));
    assert!(of_time.coordinate("time").is_none() && of_time.coordinate("lat").is_some());
    assert_field(&session, &of_time, &mean_lane, "mean");
    assert_field(&session, &x.sum("time"), &lane(|valid| valid.iter().sum()), "sum");
    assert_field(&session, &x.min("time"), &lane(|valid| valid.iter().copied().fold(f64::INFINITY, f64::min)), "min");
    assert_field(&session, &x.max("time"), &lane(|valid| valid.iter().copied().fold(0.0, f64::max)), "max");
    let std = lane(|valid| {
        let mean = valid.iter().sum::<f64>() / valid.len() as f64;
        (valid.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / valid.len() as f64).sqrt()
    });
    assert_field(&session, &x.std("time"), &std, "std");
    assert_field(&session, &x.count("time").astype(), &lane(|valid| valid.len() as f64), "count");
    assert_eq!((x.count("time").units(), x.var("time").units()), (None, None));
    let series = x.mean(["lat", "lon"]);
    let expected: Vec<f64> = all
        .outer_iter()
        .map(|map| mean(&map.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<_>>()))
        .collect();
    assert_field(&session, &series, &ArrayD::from_shape_vec(IxDyn(&[40]), expected).unwrap(), "over two");
    assert_eq!(x.mean(..).dimensions().len(), 0);
}

#[test]
fn arithmetic_matches_axes_by_name() {
    let (_folder, session) = session(64 << 20, 2);
    let (x, all) = (field(), dense());
    let mean = all.map_axis(Axis(0), |lane| {
        let valid: Vec<f64> = lane.iter().copied().filter(|value| !value.is_nan()).collect();
        valid.iter().sum::<f64>() / valid.len() as f64
    });
    assert_field(&session, &(&x - &x.mean("time")), &(&all - &mean), "anomaly");
    // A weight for each latitude, in the middle of the axes; a series in front; both in the other order.
    let weights = Field::new("w", Array::from_fn(&[5], &[5], |at| at[0] as f64 + 1.0), ["lat"]);
    let weight = |at: usize| at as f64 + 1.0;
    let weighted = ArrayD::from_shape_fn(IxDyn(&SHAPE), |at| all[&at] * weight(at[1]));
    assert_field(&session, &(&x * &weights), &weighted, "weights");
    let other_way = weighted.clone().permuted_axes(IxDyn(&[1, 0, 2])).as_standard_layout().to_owned();
    let product = &weights * &x;
    assert_eq!(product.dimensions(), ["lat", "time", "lon"]);
    assert_field(&session, &product, &other_way, "weights first");
    let steps = Field::new("t", Array::from_fn(&[40], &[40], |at| at[0] as f64), ["time"]);
    let outer = &steps + &weights;
    assert_field(&session, &outer, &ArrayD::from_shape_fn(IxDyn(&[40, 5]), |at| at[0] as f64 + weight(at[1])), "outer");
    assert_field(&session, &(2.0 + &(-&x)), &all.mapv(|value| 2.0 - value), "scalars");
    let fahrenheit = &x * 1.8 + 32.0;
    assert_field(&session, &fahrenheit, &all.mapv(|value| value * 1.8 + 32.0), "more scalars");
    assert_eq!(((&x - &x).units(), (&x * &x).units()), (Some("degC"), None));
    let kept = session.persist(&(&x - 1.0)).unwrap();
    assert_eq!(kept.coordinates().len(), 3);
    assert_field(&session, &kept, &(&all - 1.0), "persisted");
    drop(kept);
    assert_at_rest(&session);
}

#[test]
fn what_is_impossible_names_dimensions_lengths_and_the_line() {
    let (_folder, session) = session(16 << 20, 1);
    let x = field();
    let says = |wrong: Field<f64>, parts: &[&str]| {
        let error = session.compute(&wrong).unwrap_err();
        assert!(matches!(error, Error::Operation { .. }), "{error}");
        let error = error.to_string();
        for part in parts.iter().chain(&["netcdf_fields.rs:"]) {
            assert!(error.contains(part), "{error} lacks {part}");
        }
        assert!(session.plan(&wrong).is_err() && wrong.mean("time").checked().is_err());
        assert!(wrong.to_string().contains("impossible"));
    };
    let axes = "(time: 40, lat: 5, lon: 6)";
    says(x.isel("depth", 0), &["isel", "no dimension depth", axes]);
    says(x.isel("time", 40), &["isel", "no place 40 along time", axes]);
    says(x.isel("time", netcdf::Place::from(thermocline::array::Slice::all().step(0))), &["step 0"]);
    says(x.sel("depth", 0.0), &["sel", "no dimension depth", axes]);
    says(x.sel("lat", 12.0), &["sel", "no label 12", "Nearest(12)", "50.0 25.0 0.0 -25.0 -50.0"]);
    says(x.sel("lat", "1999"), &["sel", "lat", "degrees_north"]);
    says(x.sel("time", "yesterday"), &["sel", "\"yesterday\"", "2005-01"]);
    says(x.isel("lon", 0).sel("lon", 0.0), &["sel", "no dimension lon", "(time: 40, lat: 5)"]);
    says(x.mean(["lat", "lat"]), &["mean", "lat", "named twice", axes]);
    says(x.mean("depth"), &["mean", "no dimension depth", axes]);
    says(x.isel("time", 0..0).min("time"), &["min", "(time: 0, lat: 5, lon: 6)"]);
    says(&x + &x.isel("time", 0..3), &["add", "time has two lengths", axes, "(time: 3, lat: 5, lon: 6)"]);
    let shifted = x.clone().with_coordinate(Coordinate::new("lon", [1.0, 61.0, 121.0, 181.0, 241.0, 301.0]));
    says(&x * &shifted, &["multiply", "labels differ", "lon (lon) 0.0 60.0", "lon (lon) 1.0 61.0"]);
    says(x.clone().with_coordinate(Coordinate::new("lat", [1.0])), &["lat has 1 labels, expected 5", axes]);
    says(Field::new("y", x.array().clone(), ["a", "b"]), &["field", "[40, 5, 6]", "expected one for each axis"]);
    says(Field::new("y", x.array().clone(), ["a", "b", "a"]), &["dimension a is named twice"]);
}

#[test]
fn a_field_of_a_file_has_its_labels_and_attributes() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = NcFile::create(folder.path().join("a.nc"));
    let time = file.unlimited("time", &[0_i32, 1]);
    text(&time, "units", "days since 2001-02-27");
    file.coordinate("lat", &[-10.0_f32, 10.0]);
    file.bare_dimension("x", 3);
    let values = ArrayD::from_shape_fn(IxDyn(&[2, 2, 3]), |at| (at[0] * 6 + at[1] * 3 + at[2]) as i16);
    let sst = file.packed("sst", &["time", "lat", "x"], &[1, 2, 3], &values);
    number(&sst, "scale_factor", 0.5_f64);
    text(&sst, "coordinates", "height season lon");
    text(&sst, "units", "degC");
    file.variable("season", &["time"], &ArrayD::from_elem(IxDyn(&[2]), 7_u8));
    file.variable("lon", &["lat", "x"], &ArrayD::from_elem(IxDyn(&[2, 3]), 7_f32));
    file.hdf5().new_dataset::<f64>().create("height").unwrap().write_scalar(&2.0).unwrap();
    drop((time, sst));
    let field: Field<f32> = netcdf::open(file.close()).unwrap().field("sst").unwrap();
    assert_eq!((field.name(), field.units()), ("sst", Some("degC")));
    let names: Vec<_> = field.coordinates().iter().map(|known| (known.name(), known.dimension())).collect();
    // Labels along two dimensions are a field of their own.
    assert_eq!(names, [("time", Some("time")), ("lat", Some("lat")), ("height", None), ("season", Some("time"))]);
    let shown = field.sel("time", "2001-02-28").to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "sst (time: 1, lat: 2, x: 3) float32, 24 B, chunks of (1, 2, 3)");
    assert_eq!(
        lines[2..6],
        ["  * time (time) 2001-02-28", "  * lat (lat) -10.0 10.0", "    height () 2.0", "    season (time) 7.0"]
    );
    let (_scratch, session) = session(64 << 20, 1);
    let mean = session.compute(&field.sel("lat", Nearest(9.0)).isel("x", 2).mean("time")).unwrap();
    assert_eq!(mean[[]], 4.0);
}

/// The months of a winter, the water off Newfoundland: against a loop over what the HDF5 library reads.
#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn a_winter_of_monthly_means_is_selected_by_label() {
    let path = data("sst/monthly/sst.mnmean.nc");
    let file = open_hdf5(&path);
    let read = |name: &str| file.dataset(name).unwrap().read_raw::<f64>().unwrap();
    let (values, lat, lon) = (read("sst"), read("lat"), read("lon"));
    // 2010-01 is the first month: 2013-12 is number 47.
    let (mut sum, mut count) = (0.0, 0);
    for month in 47..50 {
        for (row, lat) in lat.iter().enumerate().filter(|(_, lat)| (40.0..=50.0).contains(*lat)) {
            for (column, _) in lon.iter().enumerate().filter(|(_, lon)| (300.0..=320.0).contains(*lon)) {
                let value = values[(month * 89 + row) * 180 + column];
                assert!(value.abs() < 1e30, "there is land at {lat}");
                (sum, count) = (sum + value, count + 1);
            }
        }
    }
    let sst: Field<f64> = netcdf::open(&path).unwrap().field("sst").unwrap();
    let winter = sst.sel("time", "2013-12".."2014-02").sel("lat", 40.0..50.0).sel("lon", 300.0..320.0);
    assert_eq!(winter.shape(), [3, 6, 11]);
    let (_scratch, session) = session(64 << 20, 2);
    let mean = session.compute(&winter.mean(..)).unwrap()[[]];
    assert!((mean - sum / f64::from(count)).abs() < 1e-12, "{mean}");
}
