//! `bench info`: what it tells of files.

use std::fs;
use std::path::{Path, PathBuf};

use hdf5::File;
use hdf5::types::{FixedAscii, VarLenUnicode};

use crate::hostile::{confined, files};
use crate::sea::{self, sea};
use crate::support::{bench, run};

fn info(path: &Path) -> String {
    let ended = run(bench().arg("info").arg(path));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    ended.out
}

/// The lines of what is said of `name`, each in words.
fn said_of(shown: &str, name: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines = shown.lines().skip_while(|line| !line.contains(name));
    lines.take_while(|line| !line.is_empty()).map(words).collect()
}

#[test]
fn variables_are_shown_with_all_that_says_how_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    sea(folder.path());
    let shown = info(&sea::path(folder.path(), 2004));
    let sst = said_of(&shown, "int16 sst");
    assert_eq!(sst[0], "int16 sst (time: 366, lat: 48, lon: 96), 3.22 MiB");
    for line in ["stored chunks of 1 x 48 x 96, shuffle, deflate", "read direct", "units degC", "scale_factor 0.01"] {
        assert!(sst.iter().any(|found| found == line), "no {line} in {sst:?}");
    }
    let time = said_of(&shown, "float64 time");
    let labels = "labels 2004-01-01 2004-01-02 2004-01-03 ... 2004-12-29 2004-12-30 2004-12-31";
    assert!(time.iter().any(|found| found == labels), "{time:?}");
    assert_eq!(said_of(&shown, "dimensions"), ["dimensions", "lat 48", "lon 96", "time 366"]);
    // Names are a column: what is said of them begins at the same place.
    let column = |line: &str| line.find(line.split_whitespace().nth(1).unwrap_or_default());
    let lines: Vec<&str> = shown.lines().skip_while(|line| !line.contains("int16 sst")).skip(1).collect();
    assert!(lines.windows(2).all(|pair| column(pair[0]) == column(pair[1])), "{shown}");
}

#[test]
fn what_is_not_read_is_shown_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    let file = File::create(&path).unwrap();
    file.new_dataset::<VarLenUnicode>().shape(2).create("names").unwrap();
    file.create_group("forecast").unwrap().new_dataset::<i32>().shape(3).create("hours").unwrap();
    file.create_group("empty").unwrap();
    file.link_soft("/forecast/hours", "alias").unwrap();
    file.link_external("other.nc", "/x", "elsewhere").unwrap();
    let compact = file.new_dataset::<u8>().layout(hdf5::dataset::Layout::Compact).shape(9).create("compact").unwrap();
    let hostile = "a\u{1b}]0;title\u{7}b ".repeat(2000);
    let text = hostile.parse::<VarLenUnicode>().unwrap();
    compact.new_attr::<VarLenUnicode>().create("note").unwrap().write_scalar(&text).unwrap();
    drop((compact, file));
    let shown = info(&path);
    assert_eq!(said_of(&shown, "groups"), ["groups", "empty", "forecast"]);
    let unread = said_of(&shown, "not read").join(" ");
    for words in ["alias it is a soft link", "elsewhere it is an external link", "names it is of type", "only integers"]
    {
        assert!(unread.contains(words), "no {words} in {unread}");
    }
    assert!(shown.contains("int32 forecast/hours (dim_0: 3)"), "{shown}");
    let compact = said_of(&shown, "uint8 compact").join(" ");
    assert!(compact.contains("read through the HDF5 library: its layout is compact"), "{compact}");
    assert!(compact.contains("more characters"), "{compact}");
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{7}'));
    assert!(shown.lines().all(|line| line.chars().count() <= 120), "{shown}");
}

#[test]
fn what_is_no_hdf5_is_one_line_that_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    for (content, words) in [
        (&b"some text"[..], "does not begin as"),
        (b"CDF\x01 and so on", "nccopy"),
        (b"", "empty"),
        (b"\x89HDF\r\n\x1a\n and no more", "can't be opened"),
    ] {
        fs::write(&path, content).unwrap();
        let ended = run(bench().arg("info").arg(&path));
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.complaint().contains("a.nc") && ended.complaint().contains(words), "{ended:?}");
    }
    let ended = run(bench().arg("info").arg(folder.path().join("absent.nc")));
    assert!(ended.code == Some(1) && ended.complaint().contains("No such file"), "{ended:?}");
    let ended = run(bench().arg("info").arg(folder.path()));
    assert!(ended.code == Some(1) && ended.complaint().contains("no regular file"), "{ended:?}");
    assert_eq!(run(bench().arg("info")).code, Some(2));
    let nothing = folder.path().join("nothing.h5");
    File::create(&nothing).unwrap();
    assert!(info(&nothing).contains("nothing is in it"));
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn files_that_are_sound_are_shown() {
    let sound: Vec<PathBuf> = files("hdf5/pyfive").into_iter().chain(files("hdf5/jhdf")).collect();
    let of_hdf5 =
        |path: &&PathBuf| path.extension().is_some_and(|end| ["h5", "hdf5", "nc"].iter().any(|one| end == *one));
    let sound: Vec<&PathBuf> = sound.iter().filter(of_hdf5).collect();
    let mut shown = 0;
    for path in &sound {
        let (code, out, err) = confined("info", path, &[]);
        assert!(matches!(code, Some(0 | 1)), "{}: {code:?} {err}", path.display());
        shown += usize::from(code == Some(0) && out.lines().count() > 2);
    }
    assert!(shown * 10 > sound.len() * 9, "{shown} of {}", sound.len());
}

#[test]
fn fixed_texts_of_any_length_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    let file = File::create(&path).unwrap();
    let text = FixedAscii::<8>::from_ascii("degC").unwrap();
    file.new_attr::<FixedAscii<8>>().create("units").unwrap().write_scalar(&text).unwrap();
    drop(file);
    assert_eq!(said_of(&info(&path), "attributes"), ["attributes", "units degC"]);
}
