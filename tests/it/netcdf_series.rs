//! Series of files: their order, whether they fit together, and what is said where they don't.

use std::path::{Path, PathBuf};

use thermocline::ndarray::{ArrayD, Axis, IxDyn};
use thermocline::{Array, Error, Session, io::netcdf};

use crate::ncfile::{NcFile, number, text};
use crate::support::{Random, assert_at_rest, session};

/// What a file of the series has.
struct Day<'a> {
    name: &'a str,
    reference: &'a str,
    times: Vec<f64>,
    latitudes: [f32; 3],
    units: &'a str,
    levels: bool,
}

impl Default for Day<'_> {
    fn default() -> Self {
        Self {
            name: "a.nc",
            reference: "days since 2000-01-01",
            times: vec![0.0],
            latitudes: [-10.0, 0.0, 10.0],
            units: "degC",
            levels: false,
        }
    }
}

/// The values of a time: the same wherever it is stored.
fn values(times: &[f64]) -> ArrayD<f64> {
    ArrayD::from_shape_fn(IxDyn(&[times.len(), 3, 4]), |at| times[at[0]] * 100.0 + (at[1] * 4 + at[2]) as f64)
}

impl Day<'_> {
    fn write(&self, folder: &Path) -> PathBuf {
        let mut file = NcFile::create(folder.join(self.name));
        let time = file.unlimited("time", &self.times);
        text(&time, "units", self.reference);
        file.coordinate("lat", &self.latitudes);
        file.bare_dimension("x", 4);
        let values = values(&self.times);
        let sst = if self.levels {
            file.coordinate("zlev", &[0.0_f32]);
            let values = values.insert_axis(Axis(1));
            file.packed("sst", &["time", "zlev", "lat", "x"], &[1, 1, 3, 4], &values)
        } else {
            file.packed("sst", &["time", "lat", "x"], &[1, 3, 4], &values)
        };
        text(&sst, "units", self.units);
        file.variable("mask", &["lat", "x"], &ArrayD::from_elem(IxDyn(&[3, 4]), self.times[0] as f32));
        drop((time, sst));
        file.close()
    }
}

fn compute(session: &Session, array: &Array<f64>) -> ArrayD<f64> {
    session.compute(array).unwrap()
}

fn sst(data: &netcdf::Dataset) -> Result<Array<f64>, Error> {
    data.array("sst")
}

#[test]
fn files_are_sorted_by_time_whatever_their_names() {
    let folder = tempfile::tempdir().unwrap();
    for (name, times) in [("a.nc", vec![4.0, 5.0]), ("b.nc", vec![0.0, 1.0, 2.0]), ("c.nc", vec![3.0])] {
        Day { name, times, ..Day::default() }.write(folder.path());
    }
    let (_scratch, session) = session(64 << 20, 2);
    let data = netcdf::open_many(folder.path().join("*.nc").to_str().unwrap()).unwrap();
    let names: Vec<_> = data.paths().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["b.nc", "c.nc", "a.nc"]);
    let array = sst(&data).unwrap();
    assert_eq!(compute(&session, &array), values(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
    assert_eq!(array.chunks().counts(), [1, 1, 1], "a block spans files");
    assert_eq!(data.coordinate("time").unwrap().values(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(data.dimensions().iter().find(|known| known.name == "time").unwrap().length, 6);
    assert_eq!(data.variables().iter().find(|known| known.name == "sst").unwrap().shape, [6, 3, 4]);
    assert!(data.gaps().is_empty() && data.overlaps().is_empty());
    // What has no time is not joined: it is the first file's.
    let mask: Array<f64> = data.array("mask").unwrap();
    assert_eq!(compute(&session, &mask), ArrayD::from_elem(IxDyn(&[3, 4]), 0.0));
    assert_at_rest(&session);
}

/// Of many small files, opening takes longest: it is done once. A file that is not there shows who opens it again.
#[test]
fn small_files_are_not_opened_again_for_their_variables() {
    let folder = tempfile::tempdir().unwrap();
    let (here, away) = (folder.path().join("here"), folder.path().join("away"));
    std::fs::create_dir(&here).unwrap();
    let days: Vec<f64> = (0..20).map(f64::from).collect();
    for &day in &days {
        let name = format!("{day}.nc");
        let units = if day == 7.0 { "K" } else { "degC" };
        Day { name: &name, times: vec![day], units, ..Day::default() }.write(&here);
    }
    let data = netcdf::open_many(here.join("*.nc").to_str().unwrap()).unwrap();
    std::fs::rename(&here, &away).unwrap();
    let error = sst(&data).unwrap_err().to_string();
    assert!(error.contains("7.nc") && error.contains("degC") && error.contains("allow_other_units"), "{error}");
    let data = data.allow_other_units(true);
    let joined = sst(&data).unwrap();
    assert_eq!(joined.shape(), [20, 3, 4]);
    let not_usual = data.clone().mask_and_scale(false);
    assert!(sst(&not_usual).unwrap_err().to_string().contains("0.nc"));
    std::fs::rename(&away, &here).unwrap();
    let (_scratch, session) = session(64 << 20, 2);
    assert_eq!(compute(&session, &joined), values(&days));
    let slow: Array<f64> = data.direct(false).array("sst").unwrap();
    assert_eq!(compute(&session, &slow), values(&days));
    assert_eq!(sst(&not_usual).unwrap().shape(), [20, 3, 4]);
    assert_at_rest(&session);
}

#[test]
fn times_are_counted_from_the_first_files_moment() {
    let folder = tempfile::tempdir().unwrap();
    Day { name: "b.nc", reference: "hours since 2000-01-03", times: vec![0.0, 24.0], ..Day::default() }
        .write(folder.path());
    Day { times: vec![0.0, 1.0], ..Day::default() }.write(folder.path());
    let data = netcdf::open_many([folder.path().join("a.nc"), folder.path().join("b.nc")]).unwrap();
    let time = data.coordinate("time").unwrap();
    assert_eq!(time.values(), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(time.times().unwrap()[3].unwrap().to_string(), "2000-01-04");
}

#[test]
fn overlapping_times_are_an_error_that_names_both_files_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    Day { times: vec![0.0, 1.0, 2.0], ..Day::default() }.write(folder.path());
    Day { name: "b.nc", times: vec![2.0, 3.0], ..Day::default() }.write(folder.path());
    let data = netcdf::open_many(folder.path().join("*.nc").to_str().unwrap()).unwrap();
    let error = sst(&data).unwrap_err().to_string();
    for part in ["a.nc", "b.nc", "2000-01-03", "overlap", "allow_overlaps(true)"] {
        assert!(error.contains(part), "{error}");
    }
    let overlaps = data.overlaps();
    assert_eq!((overlaps.len(), overlaps[0].next.to_string()), (1, "2000-01-03".to_owned()));
    assert_eq!(sst(&data.allow_overlaps(true)).unwrap().shape(), [5, 3, 4]);
    // The same file twice overlaps, too.
    let path = folder.path().join("a.nc");
    assert!(sst(&netcdf::open_many([&path, &path]).unwrap()).unwrap_err().to_string().contains("overlap"));
}

#[test]
fn gaps_are_reported_not_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, times) in [("a.nc", vec![0.0, 1.0, 2.0]), ("b.nc", vec![3.0, 4.0]), ("c.nc", vec![9.0, 10.0])] {
        Day { name, times, ..Day::default() }.write(folder.path());
    }
    let data = netcdf::open_many(folder.path().join("*.nc").to_str().unwrap()).unwrap();
    assert_eq!(sst(&data).unwrap().shape(), [7, 3, 4]);
    let gaps = data.gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].last.to_string(), gaps[0].next.to_string()), ("2000-01-05".into(), "2000-01-10".into()));
    assert!(gaps[0].files[0].ends_with("b.nc") && gaps[0].files[1].ends_with("c.nc"));
}

#[test]
fn months_of_unequal_length_are_no_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let months = [0.0, 31.0, 60.0, 91.0, 121.0, 152.0];
    for (name, times) in [("a.nc", months[..3].to_vec()), ("b.nc", months[3..].to_vec())] {
        Day { name, times, ..Day::default() }.write(folder.path());
    }
    assert!(netcdf::open_many(folder.path().join("*.nc").to_str().unwrap()).unwrap().gaps().is_empty());
}

#[test]
fn other_units_are_an_error_unless_allowed_and_other_names_of_a_unit_are_not() {
    let folder = tempfile::tempdir().unwrap();
    Day::default().write(folder.path());
    Day { name: "b.nc", times: vec![1.0], units: "Celsius", ..Day::default() }.write(folder.path());
    let pattern = folder.path().join("*.nc").to_str().unwrap().to_owned();
    assert!(sst(&netcdf::open_many(pattern.as_str()).unwrap()).is_ok());
    Day { name: "c.nc", times: vec![2.0], units: "kelvin", ..Day::default() }.write(folder.path());
    let data = netcdf::open_many(pattern.as_str()).unwrap();
    let error = sst(&data).unwrap_err().to_string();
    for part in ["a.nc", "c.nc", "\"degC\"", "\"kelvin\"", "allow_other_units(true)"] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(sst(&data.allow_other_units(true)).unwrap().shape(), [3, 3, 4]);
}

#[test]
fn other_labels_are_an_error_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    Day::default().write(folder.path());
    // Single precision makes no other label of it.
    Day { name: "b.nc", times: vec![1.0], latitudes: [-10.0, 1e-4, 10.0], ..Day::default() }.write(folder.path());
    let pattern = folder.path().join("*.nc").to_str().unwrap().to_owned();
    assert!(sst(&netcdf::open_many(pattern.as_str()).unwrap()).is_ok());
    Day { name: "c.nc", times: vec![2.0], latitudes: [10.0, 0.0, -10.0], ..Day::default() }.write(folder.path());
    let data = netcdf::open_many(pattern.as_str()).unwrap();
    let error = sst(&data).unwrap_err().to_string();
    for part in ["a.nc", "c.nc", "lat at 0 is 10", "-10", "allow_other_labels(true)"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(sst(&data.allow_other_labels(true)).is_ok());
}

#[test]
fn files_with_and_without_levels_each_work_and_mixed_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (_scratch, session) = session(64 << 20, 1);
    let days: Vec<PathBuf> = (0..4)
        .map(|day| {
            let name = format!("{day}.nc");
            Day { name: &name, times: vec![f64::from(day)], levels: day % 2 == 1, ..Day::default() }
                .write(folder.path())
        })
        .collect();
    let of = |days: [usize; 2], all: &[PathBuf]| netcdf::open_many(days.map(|day| all[day].clone())).unwrap();
    let flat = compute(&session, &sst(&of([0, 2], &days)).unwrap());
    assert_eq!(flat, values(&[0.0, 2.0]));
    let levels = compute(&session, &sst(&of([1, 3], &days)).unwrap());
    assert_eq!(levels, values(&[1.0, 3.0]).insert_axis(Axis(1)));
    let error = sst(&of([0, 1], &days)).unwrap_err().to_string();
    for part in ["0.nc", "1.nc", "(time: 1, zlev: 1, lat: 3, x: 4)", "(time: 1, lat: 3, x: 4)", "open each kind alone"]
    {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn without_times_files_stay_as_they_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: f64| {
        let file = NcFile::create(folder.path().join(name));
        file.hdf5().new_dataset::<f64>().shape([1, 2]).create("x").unwrap().write_raw(&[value; 2]).unwrap();
        file.close()
    };
    let (b, a) = (write("b.h5", 2.0), write("a.h5", 1.0));
    let (_scratch, session) = session(64 << 20, 1);
    let read = |files: netcdf::Files| compute(&session, &netcdf::open_many(files).unwrap().array("x").unwrap());
    assert_eq!(read([&b, &a].into()).into_raw_vec_and_offset().0, [2.0, 2.0, 1.0, 1.0]);
    assert_eq!(
        read(folder.path().join("*.h5").to_str().unwrap().into()).into_raw_vec_and_offset().0,
        [1.0, 1.0, 2.0, 2.0]
    );
}

#[test]
fn a_file_without_times_among_others_is_named() {
    let folder = tempfile::tempdir().unwrap();
    Day::default().write(folder.path());
    let file = NcFile::create(folder.path().join("b.nc"));
    file.hdf5().new_dataset::<f64>().shape([1, 3, 4]).create("sst").unwrap();
    file.close();
    let error = netcdf::open_many(folder.path().join("*.nc").to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("b.nc") && error.contains("no variable time"), "{error}");
}

#[test]
fn calendars_are_not_mixed() {
    let folder = tempfile::tempdir().unwrap();
    Day::default().write(folder.path());
    let mut file = NcFile::create(folder.path().join("b.nc"));
    let time = file.unlimited("time", &[1.0_f64]);
    text(&time, "units", "days since 2000-01-01");
    text(&time, "calendar", "360_day");
    drop(time);
    file.close();
    let error = netcdf::open_many(folder.path().join("*.nc").to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("b.nc") && error.contains("360_day") && error.contains("standard"), "{error}");
}

/// More files than descriptors that are held, in blocks that end anywhere, at a limit that holds few of them.
#[test]
fn hundreds_of_files_are_read_within_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(3);
    let mut day = 0;
    let mut all = Vec::new();
    for number in 0..150 {
        let count = 1 + random.below(3);
        let times: Vec<f64> = (day..day + count).map(|day| day as f64).collect();
        day += count;
        all.extend(&times);
        // Names in an order of their own.
        let name = format!("{:03}.nc", (number * 37) % 150);
        Day { name: &name, times, ..Day::default() }.write(folder.path());
    }
    let pattern = folder.path().join("*.nc").to_str().unwrap().to_owned();
    let expected = values(&all);
    let mut sums = Vec::new();
    for (limit, threads) in [(8 << 20, 1), (64 << 20, 4)] {
        let (_scratch, session) = session(limit, threads);
        let data = netcdf::open_many(pattern.as_str()).unwrap().block_size("700 B".parse().unwrap());
        let array = sst(&data).unwrap();
        assert!(array.chunks().blocks() > 30, "{array:?}");
        assert_eq!(compute(&session, &array), expected);
        sums.push(session.compute(&array.std(0)).unwrap());
        assert!(session.stats().ledger_peak_bytes <= limit);
        assert_at_rest(&session);
    }
    assert!(sums[0].iter().zip(&sums[1]).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn a_file_that_changed_since_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = Day { times: vec![0.0, 1.0], ..Day::default() }.write(folder.path());
    let data = netcdf::open(&path).unwrap();
    let array = sst(&data).unwrap();
    Day { times: vec![0.0, 1.0, 2.0], ..Day::default() }.write(folder.path());
    let (_scratch, session) = session(64 << 20, 1);
    for error in [session.compute(&array).unwrap_err(), sst(&data).unwrap_err()] {
        assert!(error.to_string().contains("a.nc") && error.to_string().contains("changed"), "{error}");
    }
}

#[test]
fn a_data_set_shows_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = Day { times: vec![0.0, 1.0], ..Day::default() }.write(folder.path());
    {
        let file = hdf5::File::append(&path).unwrap();
        text(&file, "title", "two days");
        number(&file, "version", 2.5_f32);
        file.close().unwrap();
    }
    let data = netcdf::open(&path).unwrap();
    let shown = data.to_string();
    let expected = [
        "Dimensions: time: 2 (unlimited), lat: 3, x: 4",
        "Coordinates:",
        "  * lat   (lat) float32 12 B",
        "  * time  (time) float64 16 B  days since 2000-01-01",
        "Data variables:",
        "    mask  (lat, x) float32 48 B",
        "    sst   (time, lat, x) float64 192 B  degC",
        "Attributes:",
        "    title:   two days",
        "    version: 2.5",
    ];
    assert_eq!(shown.lines().skip(1).collect::<Vec<_>>(), expected, "{shown}");
    assert_eq!(data.attributes().get("version").unwrap().number(), Some(2.5));
    let sst = data.variables().iter().find(|variable| variable.name == "sst").unwrap();
    assert_eq!((sst.chunks.clone(), sst.filters.join(" ")), (Some(vec![1, 3, 4]), "shuffle deflate".to_owned()));
    assert_eq!(sst.attributes.len(), 1, "netCDF's own books are not shown");
}
