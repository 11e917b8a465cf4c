//! What two other readers of HDF5 test with, and the real files: both ways of reading give the same bits.

use std::fs;
use std::path::{Path, PathBuf};

use thermocline::io::hdf5::{self, DatasetInfo, File, ReadPath, Real, Variable};
use thermocline::{Array, Error, Session};

use crate::support::{all, data, session};

/// More bytes are read only where the long tests are wanted.
const LARGE: usize = 64 << 20;

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The stored numbers of a data set, and which way they were read.
fn bits<T: Real + Into<u64>>(session: &Session, file: &File, name: &str) -> Result<(Vec<u64>, ReadPath), Error> {
    let variable: Variable<T> = file.bits(name)?;
    let path = variable.read_path();
    let values = session.compute(&Array::from_source(variable))?;
    Ok((values.iter().map(|&value| value.into()).collect(), path))
}

fn read(session: &Session, file: &File, info: &DatasetInfo) -> Result<(Vec<u64>, ReadPath), Error> {
    match info.item_size() {
        1 => bits::<u8>(session, file, &info.name),
        2 => bits::<u16>(session, file, &info.name),
        4 => bits::<u32>(session, file, &info.name),
        _ => bits::<u64>(session, file, &info.name),
    }
}

/// Reads all of a file both ways. How many data sets were read directly, how many through the library, and how many the
/// library can't read.
fn compare(session: &Session, path: &Path) -> [usize; 3] {
    let mut counts = [0; 3];
    let Ok(file) = hdf5::open(path) else { return counts };
    for info in file.datasets() {
        let Some(shape) = &info.shape else { continue };
        if shape.iter().product::<usize>() * info.item_size() > LARGE && !all() {
            continue;
        }
        let name = format!("{} of {}", info.name, path.display());
        let own = read(session, &file, info);
        match read(session, &file.clone().direct(false), info) {
            Ok((expected, way)) => {
                assert_ne!(way, ReadPath::Direct, "{name}");
                let (found, way) = own.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(found == expected, "{name}: {way} others than through the library");
                counts[usize::from(way != ReadPath::Direct)] += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("not built in"), "{name}: {error}");
                let (_, way) = own.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(way, ReadPath::Direct, "{name}");
                counts[2] += 1;
            }
        }
    }
    counts
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn both_ways_of_reading_give_the_same_bits() {
    let (_scratch, session) = session(512 << 20, 2);
    for (folder, least) in [("hdf5/pyfive", [50, 0, 0]), ("hdf5/jhdf", [2000, 10, 60]), ("sst", [40, 0, 0])] {
        let mut counts = [0; 3];
        for path in files(&data(folder)) {
            let more = compare(&session, &path);
            counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        }
        println!("{folder}: {counts:?}");
        assert!(counts.iter().zip(least).all(|(&count, least)| count >= least), "{folder}: {counts:?}");
    }
}
