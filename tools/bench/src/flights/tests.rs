//! The files are the same however many make them.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::*;

fn request(dir: &Path, threads: usize) -> Request {
    Request { dir: dir.to_owned(), years: 1994..=2008, rows: 60_000, seed: 3, threads }
}

fn made(request: &Request) -> Summary {
    generate(request, prepare(request).unwrap(), &AtomicBool::new(false), &|_| ()).unwrap()
}

/// All files of a folder, by name.
fn read(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn the_bytes_depend_on_the_seed_and_not_on_threads() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let summary = made(&request(folders[0].path(), 1));
    assert_eq!((summary.written, summary.rows), (17, 60_000));
    made(&request(folders[1].path(), 5));
    made(&Request { seed: 4, ..request(folders[2].path(), 2) });
    let [one, five, other] = folders.each_ref().map(|folder| read(folder.path()));
    assert!(one == five);
    assert!(one != other && one.iter().map(|(name, _)| name).eq(other.iter().map(|(name, _)| name)));
}

#[test]
fn rows_are_as_long_and_as_skewed_as_the_talks() {
    let folder = tempfile::tempdir().unwrap();
    made(&request(folder.path(), 2));
    let (mut rows, mut bytes) = (0, 0);
    let mut of_origin: HashMap<String, usize> = HashMap::new();
    let (mut tails, mut carriers) = (HashSet::new(), HashSet::new());
    let (mut late, mut early, mut cancelled) = (0, 0, 0);
    for (name, text) in read(folder.path()).iter().filter(|(name, _)| name.starts_with("flights_")) {
        bytes += text.len();
        let text = std::str::from_utf8(text).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(HEADER.trim_end()), "{name}");
        for line in lines {
            let values: Vec<&str> = line.split(',').collect();
            assert_eq!((values.len(), values[0]), (29, &name[8..12]));
            *of_origin.entry(values[16].to_owned()).or_default() += 1;
            carriers.insert(values[8].to_owned());
            tails.insert(values[10].to_owned());
            match values[15].parse::<i32>() {
                Ok(delay) if delay > 60 => late += 1,
                Ok(delay) if delay <= 0 => early += 1,
                Ok(_) => {}
                Err(_) => cancelled += usize::from(values[15] == "NA" && values[21] == "1"),
            }
            rows += 1;
        }
    }
    assert_eq!(rows, 60_000);
    assert!((85..103).contains(&(bytes / rows)), "{}", bytes / rows);
    assert!(of_origin.len() > 180 && of_origin["ATL"] > 10 * rows / of_origin.len(), "{of_origin:?}");
    assert!((20..30).contains(&carriers.len()) && tails.len() > 3000 && tails.contains("NA"), "{carriers:?}");
    assert!(
        late > rows / 50 && late < rows / 8 && early > rows / 3 && cancelled > rows / 100,
        "{late} {early} {cancelled}"
    );
}

#[test]
fn most_planes_and_airports_of_flights_are_listed() {
    let world = World::new();
    let planes = Airlines::new(&world).planes();
    let all: usize = Airlines::new(&world).0.iter().map(|airline| airline.tails.len()).sum();
    let listed = planes.lines().skip(1).count();
    assert!(listed < all && listed > all * 9 / 10, "{listed} of {all}");
    assert_eq!(planes.lines().skip(1).map(|line| &line[..6]).collect::<HashSet<_>>().len(), listed);
    let listed = airports(&world).lines().skip(1).count();
    assert!(listed < world::AIRPORTS && listed > world::AIRPORTS - 20, "{listed}");
}

#[test]
fn files_are_kept_made_anew_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = Request { rows: 3000, years: 2007..=2008, ..request(folder.path(), 2) };
    assert_eq!((made(&wanted).written, made(&wanted).kept), (4, 4));
    // One that was cut, and one of another request.
    let cut = folder.path().join("flights_2008.csv");
    fs::write(&cut, "Year").unwrap();
    assert_eq!(made(&wanted).written, 1);
    let fewer = made(&Request { years: 2008..=2008, ..wanted.clone() });
    assert_eq!((fewer.written, fewer.kept, fewer.others), (1, 2, vec!["flights_2007.csv".to_owned()]));
    // Somebody else's.
    fs::write(folder.path().join("flights_2006.csv"), "mine").unwrap();
    let error = prepare(&Request { years: 2006..=2008, ..wanted.clone() }).unwrap_err().line();
    assert!(error.contains("flights_2006.csv: is there already"), "{error}");
    // What is cancelled leaves nothing half.
    let other = Request { rows: 4000, ..wanted };
    let todo = prepare(&other).unwrap();
    assert!(generate(&other, todo, &AtomicBool::new(true), &|_| ()).unwrap_err().is_cancelled());
    assert!(read(folder.path()).iter().all(|(name, _)| !name.ends_with(".partial")));
}

#[test]
fn a_disk_that_is_too_small_is_found_out_first() {
    let folder = tempfile::tempdir().unwrap();
    let error = prepare(&Request { rows: 1 << 60, ..request(folder.path(), 1) }).unwrap_err().line();
    assert!(error.contains("needed") && error.contains("free"), "{error}");
}
