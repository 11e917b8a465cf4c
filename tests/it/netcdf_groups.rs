//! Climatologies and anomalies of files.

use thermocline::io::netcdf::{self, Coordinate, Field, TimePart};
use thermocline::ndarray::{ArrayD, IxDyn};
use thermocline::{Array, Session};

use crate::ncfile::{NcFile, text};
use crate::support::{assert_at_rest, data, open_hdf5, session};

/// Three years of days, one of them leap, at two places.
fn days() -> Field<f64> {
    let time = Coordinate::new("time", (0..1096).map(f64::from).collect::<Vec<_>>());
    let time = time.with_attribute("units", "days since 2003-01-01 06:00");
    let x = Array::from_fn(&[1096, 2], &[100, 2], |at| (at[0] * (at[1] + 1)) as f64);
    Field::new("x", x, ["time", "place"]).with_coordinate(time)
}

fn compute(session: &Session, field: &Field<f64>) -> ArrayD<f64> {
    session.compute(field).unwrap()
}

/// A part of a time as a number.
type Part = fn(netcdf::DateTime) -> f64;

#[test]
fn each_part_of_a_time_makes_its_groups() {
    let (_folder, session) = session(64 << 20, 2);
    let x = days();
    let times = x.coordinate("time").unwrap().times().unwrap();
    let times: Vec<netcdf::DateTime> = times.into_iter().map(Option::unwrap).collect();
    let parts: [(TimePart, &str, Part, usize); 4] = [
        (TimePart::Year, "year", |time| time.year() as f64, 3),
        (TimePart::Month, "month", |time| f64::from(time.month()), 12),
        (TimePart::DayOfYear, "dayofyear", |time| f64::from(time.day_of_year()), 366),
        (TimePart::Season, "season", |time| f64::from(time.month() % 12 / 3), 4),
    ];
    for (part, name, of, count) in parts {
        let groups = x.group_by("time", part);
        let mean = groups.mean();
        assert_eq!(mean.dimensions(), [name, "place"]);
        let labels = mean.coordinate(name).unwrap().values().to_vec();
        assert_eq!(labels.len(), count, "{name}");
        let expected = ArrayD::from_shape_fn(IxDyn(&[count, 2]), |at| {
            let rows: Vec<usize> = (0..1096).filter(|&row| of(times[row]) == labels[at[0]]).collect();
            rows.iter().sum::<usize>() as f64 * (at[1] + 1) as f64 / rows.len() as f64
        });
        assert_eq!(compute(&session, &mean), expected, "{name}");
        let anomaly = compute(&session, &groups.anomaly());
        let expected = ArrayD::from_shape_fn(IxDyn(&[1096, 2]), |at| {
            let group = labels.iter().position(|&label| label == of(times[at[0]])).unwrap();
            (at[0] * (at[1] + 1)) as f64 - expected[[group, at[1]]]
        });
        assert_eq!(anomaly, expected, "{name}");
        assert_eq!(groups.anomaly().coordinates().len(), 1);
        assert_eq!(compute(&session, &groups.count().astype()).sum(), 2.0 * 1096.0);
        let spread = &groups.max() - &groups.min();
        assert!(compute(&session, &(&groups.std() * 0.5)).iter().zip(&compute(&session, &spread)).all(|(a, b)| a <= b));
    }
    let seasons = x.group_by("time", TimePart::Season).mean();
    assert_eq!(seasons.coordinate("season").unwrap().attributes().text("flag_meanings"), Some("DJF MAM JJA SON"));
    assert_at_rest(&session);
}

#[test]
fn months_of_years_keep_the_dimension_of_time() {
    let (_folder, session) = session(64 << 20, 2);
    let groups = days().group_by("time", TimePart::YearMonth);
    let sum = groups.sum();
    assert_eq!((sum.dimensions(), sum.shape()), (&["time".to_owned(), "place".to_owned()][..], vec![36, 2]));
    let times = sum.coordinate("time").unwrap().times().unwrap();
    assert_eq!(
        (times[0].unwrap().to_string(), times[14].unwrap().to_string()),
        ("2003-01-01".into(), "2004-03-01".into())
    );
    assert_eq!(compute(&session, &sum)[[1, 0]], (31..59).sum::<usize>() as f64);
    let spring = sum.sel("time", "2004-03".."2004-05");
    assert_eq!(spring.shape(), [3, 2]);
    let back = compute(&session, &(&groups - &groups.mean()));
    assert_eq!(back[[31, 1]], -27.0);
}

#[test]
fn a_climatology_of_other_years_is_subtracted_by_label() {
    let (_folder, session) = session(64 << 20, 2);
    let x = days();
    // Without the leap year, and without its labels in order.
    let early = x.sel("time", "2003").group_by("time", TimePart::Month).mean();
    let backwards = early.isel("month", netcdf::Place::from(thermocline::array::Slice::all().step(-1)));
    let late = x.sel("time", "2005").group_by("time", TimePart::Month);
    let anomaly = compute(&session, &(&late - &backwards));
    assert_eq!(anomaly, compute(&session, &(&late - &early)));
    assert_eq!((anomaly[[0, 0]], anomaly[[364, 0]]), (731.0 - 15.0, 1095.0 - 349.0));
    let by_day = x.group_by("time", TimePart::DayOfYear);
    let short = x.sel("time", "2003").group_by("time", TimePart::DayOfYear).mean();
    let error = session.compute(&(&by_day - &short)).unwrap_err().to_string();
    assert!(error.contains("no group 366") && error.contains("(dayofyear: 365, place: 2)"), "{error}");
    assert!(error.contains("netcdf_groups.rs"), "{error}");
    let error = session.compute(&(&by_day - &early)).unwrap_err().to_string();
    assert!(error.contains("no dimension dayofyear in (month: 12, place: 2)"), "{error}");
    for (coordinate, part) in [("place", "no labels place"), ("depth", "no labels depth")] {
        let error = x.group_by(coordinate, TimePart::Month).mean().checked().unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("netcdf_groups.rs"), "{error}");
    }
    let bare = x.clone().with_coordinate(Coordinate::new("time", vec![0.0; 1096]));
    assert!(bare.group_by("time", TimePart::Year).anomaly().checked().unwrap_err().to_string().contains("no units"));
}

/// A chunk a day: the climatology reads each once, and the anomaly each twice, with few in memory.
#[test]
fn a_climatology_reads_each_day_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut stored = 0;
    for year in 0..4 {
        let mut file = NcFile::create(folder.path().join(format!("{year}.nc")));
        let days: Vec<f64> = (0..365).map(|day| f64::from(365 * year + day)).collect();
        let time = file.unlimited("time", &days);
        text(&time, "units", "days since 2001-01-01");
        text(&time, "calendar", "noleap");
        let values = ArrayD::from_shape_fn(IxDyn(&[365, 8, 32]), |at| ((at[0] * 7 + at[2]) % 50) as f32 + year as f32);
        let x = file.packed("x", &["time"], &[1, 8, 32], &values);
        let visited = x.chunks_visit(|chunk| {
            stored += chunk.size;
            0
        });
        visited.unwrap();
        drop((time, x));
        file.close();
    }
    let data = netcdf::open_many(folder.path().join("*.nc").to_str().unwrap()).unwrap();
    let x: Field<f32> = data.field("x").unwrap();
    let groups = x.group_by("time", TimePart::DayOfYear);
    let (_scratch, session) = session(16 << 20, 2);
    let climatology = session.compute(&groups.mean()).unwrap();
    assert_eq!(climatology.shape(), [365, 8, 32]);
    assert_eq!(climatology[[3, 0, 5]], 26.0 + 1.5);
    assert_eq!(session.stats().input_bytes, stored, "each chunk once");
    let mean = session.compute(&groups.anomaly().map(f32::abs).group_by("time", TimePart::Year).mean()).unwrap();
    assert_eq!(mean.shape(), [4, 8, 32]);
    assert!(mean.iter().zip([1.5, 0.5, 0.5, 1.5].iter().flat_map(|x| [*x; 256])).all(|(a, b)| *a == b));
    assert_eq!(session.stats().input_bytes, 3 * stored, "and twice more");
    assert_at_rest(&session);
}

/// Against a loop over what the HDF5 library reads.
#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn monthly_means_have_the_climatology_of_a_plain_loop() {
    let path = data("sst/monthly/sst.mnmean.nc");
    let stored: Vec<f32> = open_hdf5(&path).dataset("sst").unwrap().read_raw().unwrap();
    let cells = 89 * 180;
    let sst: Field<f32> = netcdf::open(&path).unwrap().field("sst").unwrap();
    let (_scratch, session) = session(64 << 20, 2);
    let climatology = session.compute(&sst.group_by("time", TimePart::Month).mean()).unwrap();
    assert_eq!(climatology.shape(), [12, 89, 180]);
    // The first month is January 2010.
    for (at, &found) in climatology.iter().enumerate() {
        let (month, cell) = (at / cells, at % cells);
        let rows = (month..128).step_by(12).map(|row| stored[row * cells + cell]).filter(|value| value.abs() < 1e30);
        let values: Vec<f64> = rows.map(f64::from).collect();
        let expected = (values.iter().sum::<f64>() / values.len() as f64) as f32;
        let near = (found - expected).abs() <= f32::EPSILON * expected.abs();
        assert!(near || (found.is_nan() && expected.is_nan()), "{found} for {expected} at {at}");
    }
}
