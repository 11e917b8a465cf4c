//! Fields written to netCDF files: what is read back, what else can be there, and what is left where it fails.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thermocline::chunk::Element;
use thermocline::io::netcdf::{self, AttributeValue, Coordinate, Field, Real};
use thermocline::ndarray::ArrayD;
use thermocline::{Array, Complex, Error, Event, Observer, Session};

use crate::support::{assert_at_rest, builder, open_hdf5, session};

const SHAPE: [usize; 3] = [7, 5, 9];
const CHUNK: [usize; 3] = [3, 5, 4];

fn text(text: &str) -> AttributeValue {
    AttributeValue::Text(text.into())
}

/// Values in chunks that are cut off at the ends, with labels of all kinds.
fn field<T: Element>(value: impl Fn(usize) -> T + Send + Sync + 'static) -> Field<T> {
    let array = Array::from_fn(&SHAPE, &CHUNK, move |at| value((at[0] * 5 + at[1]) * 9 + at[2]));
    let time = Coordinate::new("time", (0..7).map(|day| f64::from(day) + 0.25).collect::<Vec<_>>())
        .with_attribute("units", "days since 2004-02-28")
        .with_attribute("calendar", "noleap")
        .with_attribute("bounds", "time_bnds");
    let lat = Coordinate::new("lat", [50.0, 25.0, 0.0, -25.0, -50.0]).with_attribute("units", "degrees_north");
    Field::new("sst", array, ["time", "lat", "lon"])
        .with_coordinate(time)
        .with_coordinate(lat)
        .with_coordinate(Coordinate::new("month", [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0]).along("time"))
        .with_attribute("units", text("°C"))
        .with_attribute("levels", AttributeValue::Integers(vec![1, -2]))
        .with_attribute("large", AttributeValue::Unsigned(vec![u64::MAX]))
        .with_attribute("pair", AttributeValue::Texts(vec!["a".into(), "b".into()]))
        .with_attribute("ratio", AttributeValue::Float32(vec![0.5]))
}

fn store<T: Element>(session: &Session, field: &Field<T>, path: &Path) {
    session.compute(field.store(path)).unwrap();
}

fn is_left(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn round_trip<T: Real + Into<f64>>(session: &Session, value: impl Fn(usize) -> T + Send + Sync + Copy + 'static) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    let written = field(value);
    store(session, &written, &path);
    let read = netcdf::open(&path).unwrap();
    let back: Field<T> = read.field("sst").unwrap();
    let (found, expected) = (session.compute(&back).unwrap(), session.compute(&written).unwrap());
    assert!(found.iter().zip(&expected).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())), "{}", T::DTYPE);
    assert_eq!((back.dimensions(), back.array().chunks().ndim()), (written.dimensions(), 3));
    assert_eq!(is_left(folder.path()), ["x.nc"]);
    let file = open_hdf5(&path);
    assert_eq!(file.dataset("sst").unwrap().chunk(), Some(CHUNK.to_vec()));
    assert_eq!(file.dataset("sst").unwrap().filters().len(), 1 + usize::from(T::DTYPE.size() > 1));
}

#[test]
fn what_is_written_is_read_to_the_bit_in_all_types() {
    let (_folder, session) = session(64 << 20, 2);
    round_trip::<i8>(&session, |at| (at as i8).wrapping_mul(7));
    round_trip::<i16>(&session, |at| at as i16 - 150);
    round_trip::<i32>(&session, |at| i32::MIN + at as i32);
    round_trip::<u8>(&session, |at| at as u8);
    round_trip::<u16>(&session, |at| u16::MAX - at as u16);
    round_trip::<u32>(&session, |at| u32::MAX - at as u32);
    round_trip::<f32>(&session, |at| if at % 5 == 2 { f32::NAN } else { (at as f32).sqrt() });
    round_trip::<f64>(&session, |at| {
        if at == 3 {
            f64::INFINITY
        } else if at % 7 == 0 {
            -0.0
        } else {
            (at as f64).ln()
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    store(&session, &field(|at| i64::MIN + at as i64), &path);
    let back = session.compute(&netcdf::open(&path).unwrap().array::<i64>("sst").unwrap()).unwrap();
    assert!(back.iter().enumerate().all(|(at, &value)| value == i64::MIN + at as i64));
    store(&session, &field(|at| u64::MAX - at as u64), &path);
    let back = session.compute(&netcdf::open(&path).unwrap().array::<u64>("sst").unwrap()).unwrap();
    assert!(back.iter().enumerate().all(|(at, &value)| value == u64::MAX - at as u64));
    store(&session, &field(|at| at % 3 == 0), &path);
    let read = netcdf::open(&path).unwrap();
    assert_eq!(read.field::<i8>("sst").unwrap().attributes().text("dtype"), Some("bool"));
    let back = session.compute(&read.array::<i8>("sst").unwrap()).unwrap();
    assert!(back.iter().enumerate().all(|(at, &value)| value == i8::from(at % 3 == 0)));
    let complex = session.compute(field(|_| Complex::new(1.0_f32, 0.0)).store(&path)).unwrap_err();
    assert!(complex.to_string().contains("complex numbers have no type in netCDF"), "{complex}");
    assert_at_rest(&session);
}

#[test]
fn labels_and_attributes_are_kept() {
    let (_scratch, session) = session(64 << 20, 2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    let x = field(|at| at as f32).isel("lat", 1); // its latitude is one for the whole
    let title = text("A title");
    session.compute(x.store(&path).file_attribute("title", title.clone()).unlimited("time")).unwrap();
    let read = netcdf::open(&path).unwrap();
    assert_eq!((read.attributes().get("title"), read.attributes().text("Conventions")), (Some(&title), Some("CF-1.8")));
    let dimensions = read.dimensions().iter().map(|own| (&*own.name, own.length, own.unlimited));
    assert_eq!(dimensions.collect::<Vec<_>>(), [("time", 7, true), ("lon", 9, false)]);
    let back: Field<f32> = read.field("sst").unwrap();
    for name in ["units", "levels", "large", "pair", "ratio"] {
        assert_eq!(back.attributes().get(name), x.attributes().get(name), "{name}");
    }
    assert_eq!(back.coordinates().len(), 3);
    for coordinate in x.coordinates() {
        let found = back.coordinate(coordinate.name()).unwrap();
        assert_eq!((found.values(), found.dimension()), (coordinate.values(), coordinate.dimension()));
        assert_eq!(found.units(), coordinate.units());
    }
    let time = back.coordinate("time").unwrap();
    assert_eq!((time.attributes().text("calendar"), time.attributes().text("bounds")), (Some("noleap"), None));
    assert_eq!(time.times().unwrap()[1].unwrap().to_string(), "2004-03-01T06:00:00");
    // Once more it is the same.
    let again = folder.path().join("again.nc");
    session.compute(back.store(&again).file_attribute("title", title).unlimited("time").chunks((3, 4))).unwrap();
    assert_eq!(
        session.compute(&netcdf::open(&again).unwrap().array::<f32>("sst").unwrap()).unwrap(),
        session.compute(&x).unwrap()
    );
}

#[test]
fn missing_values_are_filled_in_and_floats_are_packed() {
    let (_scratch, session) = session(64 << 20, 2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    let x = field(|at| if at % 4 == 1 { f64::NAN } else { at as f64 / 8.0 });
    let expected = session.compute(&x).unwrap();
    let same = |a: &ArrayD<f64>| a.iter().zip(&expected).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()));
    session.compute(x.store(&path).fill_value(-999.0).compression(0)).unwrap();
    let raw = || netcdf::open(&path).unwrap().mask_and_scale(false);
    let stored: Field<f64> = raw().field("sst").unwrap();
    assert_eq!(stored.attributes().get("_FillValue").unwrap().number(), Some(-999.0));
    assert_eq!(session.compute(&stored).unwrap()[[0, 0, 1]], -999.0);
    assert!(same(&session.compute(&netcdf::open(&path).unwrap().array("sst").unwrap()).unwrap()));

    session.compute(x.store(&path).pack::<i16>(0.125, 10.0)).unwrap();
    let stored: Field<i16> = raw().field("sst").unwrap();
    assert_eq!(stored.attributes().get("scale_factor").unwrap().number(), Some(0.125));
    assert_eq!(session.compute(&stored).unwrap()[[0, 0, 2]], 2 - 80);
    assert_eq!(session.compute(&stored).unwrap()[[0, 0, 1]], i16::MIN);
    let unpacked: Field<f64> = netcdf::open(&path).unwrap().field("sst").unwrap();
    assert!(same(&session.compute(&unpacked).unwrap()));
    assert!(unpacked.attributes().get("scale_factor").is_none());
    // Stored numbers as they are keep what says how they are meant.
    let copy = folder.path().join("copy.nc");
    session.compute(stored.store(&copy)).unwrap();
    assert!(same(&session.compute(&netcdf::open(&copy).unwrap().array("sst").unwrap()).unwrap()));

    for (wrong, problem) in [
        (x.store(&path).pack::<u8>(0.125, 10.0), "is out of its range"),
        (x.store(&path).pack::<i16>(0.125, 0.0).fill_value(2.0), "stands for a missing value"),
        (x.store(&path).pack::<i16>(0.0, 0.0), "no scale of zero"),
        (x.store(&path).pack::<i16>(1.0, 0.0).fill_value(1e6), "the fill value is no int16"),
    ] {
        let error = session.compute(wrong).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
    assert!(same(&session.compute(&netcdf::open(&path).unwrap().array("sst").unwrap()).unwrap()));
    assert_eq!(is_left(folder.path()), ["copy.nc", "x.nc"]);
    assert_at_rest(&session);
}

#[test]
fn single_values_empty_and_irregular_arrays_are_written() {
    let (_scratch, session) = session(64 << 20, 2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    store(&session, &field(|at| at as f64).mean(..), &path);
    assert_eq!(session.compute(&netcdf::open(&path).unwrap().array::<f64>("sst").unwrap()).unwrap()[[]], 157.0);
    let empty = Field::new("x", Array::<f32>::zeros(&[0, 3], "auto"), ["time", "lat"]);
    for store in [empty.store(&path), empty.store(&path).unlimited("time")] {
        session.compute(store).unwrap();
        assert_eq!(netcdf::open(&path).unwrap().array::<f32>("x").unwrap().shape(), [0, 3]);
    }
    let x = field(|at| at as f64);
    let odd = Array::concatenate(&[x.array().clone(), x.array().clone()], 0);
    let odd = Field::new("odd", odd, ["a", "b", "c"]);
    assert_eq!(odd.array().chunks().lengths(0), [3, 3, 1, 3, 3, 1]);
    store(&session, &odd, &path);
    let back = session.compute(&netcdf::open(&path).unwrap().array::<f64>("odd").unwrap()).unwrap();
    assert_eq!(back, session.compute(&odd).unwrap());
}

#[test]
fn the_bytes_do_not_depend_on_threads_nor_on_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    // Each block is made of all: the array does not fit.
    let x = Array::<f64>::from_fn(&[1024, 2048], &[128, 2048], |at| ((at[0] * 37 + at[1] * 11) % 1009) as f64 / 3.0);
    let x = Field::new("x", &x.sort(1) - &x.mean(0), ["y", "x_"]);
    let write = |name: &str, limit: u64, threads: usize| {
        let (_scratch, session) = session(limit, threads);
        let path = folder.path().join(name);
        session.compute(x.store(&path)).unwrap();
        let spilled = session.stats().spilled_bytes;
        assert_at_rest(&session);
        (fs::read(path).unwrap(), spilled)
    };
    let (one, _) = write("one.nc", 512 << 20, 1);
    let (four, _) = write("four.nc", 512 << 20, 4);
    assert!(one == four);
    let (tight, spilled) = write("tight.nc", 18 << 20, 2);
    assert!(one == tight && spilled > 0, "{spilled}");
}

#[test]
fn a_file_may_be_written_over_itself() {
    let (_scratch, session) = session(64 << 20, 2);
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("x.nc"), folder.path().join("link.nc"));
    store(&session, &field(|at| at as f64), &path);
    symlink("x.nc", &link).unwrap();
    let twice = netcdf::open(&path).unwrap().field::<f64>("sst").unwrap().map(|value| value * 2.0);
    store(&session, &twice, &link);
    assert_eq!(session.compute(&netcdf::open(&path).unwrap().array::<f64>("sst").unwrap()).unwrap()[[0, 1, 1]], 20.0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(is_left(folder.path()), ["link.nc", "x.nc"]);
}

#[test]
fn bad_targets_are_told_before_anything_runs() {
    let (_scratch, session) = session(64 << 20, 2);
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    symlink("nowhere.nc", here.join("dangling.nc")).unwrap();
    fs::write(here.join("file"), "").unwrap();
    let x = field(|at| at as f64);
    for (path, problem) in [
        (here.to_owned(), "it is a folder"),
        (here.join("no/x.nc"), "there is no folder"),
        (here.join("dangling.nc"), "a link to what is not there"),
        (here.join("file/x.nc"), "stat failed"),
        ("/dev/null".into(), "no regular file"),
        ("".into(), "names no file"),
    ] {
        let error = session.compute(x.store(&path)).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(&path.display().to_string()) && text.contains(problem), "{text}");
        assert!(matches!(error, Error::File { .. } | Error::FileIo { .. }), "{error:?}");
    }
    let twice = x.clone().with_coordinate(Coordinate::new("sst", [0.0; 5]).along("lat"));
    let own = x.clone().with_coordinate(Coordinate::new("lon", [0.0; 5]).along("lat"));
    for (store, problem) in [
        (x.renamed("a/b").store(here.join("x.nc")), "can't be the name"),
        (twice.store(here.join("x.nc")), "has the same name"),
        (own.store(here.join("x.nc")), "has the name of a dimension"),
        (field(|at| at as f64).store(here.join("x.nc")).unlimited("depth"), "unlimited dimension depth"),
        (field(|at| at as f64).store(here.join("x.nc")).compression(10), "expected 0 to 9"),
    ] {
        let text = store.clone().checked().unwrap_err().to_string();
        assert!(text.contains(problem), "{text}");
        assert_eq!(session.compute(&store).unwrap_err().to_string(), text);
    }
    assert_eq!((session.stats().tasks, is_left(here)), (0, vec!["dangling.nc".into(), "file".into()]));
}

#[test]
#[cfg_attr(not(unprivileged), ignore = "root may write to what is read-only")]
fn a_read_only_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let (_scratch, session) = session(64 << 20, 2);
    let x = field(|at| at as f64);
    let error = session.compute(x.store(&path)).unwrap_err().to_string();
    assert!(error.contains("x.nc") && error.contains("ermission denied"), "{error}");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let error = session.compute(x.store(folder.path().join("y.nc"))).unwrap_err().to_string();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(error.contains("y.nc") && error.contains("ermission denied"), "{error}");
}

#[test]
fn failed_and_cancelled_runs_leave_what_was_there() {
    let (_scratch, session) = session(64 << 20, 2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    fs::write(&path, "old").unwrap();
    let all_as_it_was = || {
        assert_eq!((fs::read(&path).unwrap(), is_left(folder.path())), (b"old".to_vec(), vec!["x.nc".to_owned()]));
        assert_at_rest(&session);
    };
    let failing = field(|at| at as f64).map(|value| if value == 300.0 { panic!("no such value") } else { value });
    let error = session.compute(failing.store(&path)).unwrap_err();
    assert!(error.to_string().contains("no such value"), "{error}");
    all_as_it_was();
    let slow = field(|at| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        at as f64
    });
    let run = session.submit(slow.store(&path).chunks((1, 1, 9))).unwrap();
    while !is_left(folder.path()).iter().any(|name| name.ends_with(".partial")) {
        assert!(!run.is_finished());
        std::thread::yield_now();
    }
    run.cancel();
    assert!(matches!(run.wait(), Err(Error::Cancelled)));
    all_as_it_was();
    // The other file of the run fails.
    let wanted = (field(|at| at as f64).store(&path), failing.store(folder.path().join("y.nc")));
    assert!(session.compute(wanted).is_err());
    all_as_it_was();
    // Looking at what it would take makes nothing.
    assert!(session.plan(slow.store(&path)).unwrap().tasks() > 3 * 6);
    all_as_it_was();
}

#[test]
fn observers_are_told_what_was_written() {
    #[derive(Default)]
    struct Written(AtomicU64, AtomicU64);
    impl Observer for Written {
        fn on_event(&self, event: &Event<'_>) {
            if let Event::Written { stored } = event {
                self.0.fetch_add(*stored, Ordering::SeqCst);
                self.1.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    let (_scratch, builder) = builder();
    let written = Arc::new(Written::default());
    let session = builder.memory_limit("64MiB".parse().unwrap()).observer(written.clone()).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    let stored = session.compute(field(|at| at as f64).store(&path)).unwrap();
    assert_eq!((stored.path(), stored.size().bytes()), (&*path, fs::metadata(&path).unwrap().len()));
    let bytes = open_hdf5(&path).dataset("sst").unwrap().storage_size();
    assert_eq!((written.0.load(Ordering::SeqCst), written.1.load(Ordering::SeqCst)), (bytes, 9));
}

#[test]
fn kept_results_are_written_block_by_block() {
    let (_scratch, session) = session(20 << 20, 2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    let x = Array::<f64>::from_fn(&[64, 256, 256], &[4, 256, 256], |at| (at[0] * 256 + at[1]) as f64);
    let kept = session.persist(&Field::new("x", x, ["a", "b", "c"])).unwrap();
    assert!(session.stats().spilled_bytes > 0);
    store(&session, &kept, &path);
    assert!(session.stats().ledger_peak_bytes <= 20 << 20);
    let sum = session.compute(&netcdf::open(&path).unwrap().array::<f64>("x").unwrap().mean(..)).unwrap();
    assert_eq!(sum[[]], (64.0 * 256.0 - 1.0) / 2.0);
}
