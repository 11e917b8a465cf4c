//! No file does harm: each is looked at, and read both ways, within 10 seconds and 256 MiB of addresses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The files below a folder of the real data.
pub(crate) fn files(folder: &str) -> Vec<PathBuf> {
    let home = std::env::var_os("THERMOCLINE_TEST_DATA").expect("this test runs where the data are");
    let mut files: Vec<PathBuf> = Vec::new();
    let mut folders = vec![PathBuf::from(home).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// Runs a command on a file within so much time and memory: all that it may write to. Its own code, which is large where it
/// isn't optimised, is not counted.
pub(crate) fn confined(command: &str, path: &Path, options: &[&str]) -> (Option<i32>, String, String) {
    let program = "ulimit -d 262144 && exec timeout 10 \"$0\" \"$@\"";
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(program).arg(env!("CARGO_BIN_EXE_bench")).arg(command).arg(path).args(options);
    let output = shell.env_remove("THERMOCLINE_MEMORY_LIMIT").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn bad_files() -> Vec<PathBuf> {
    let all = files("hdf5/bad");
    assert!(all.len() > 70, "{}", all.len());
    all
}

/// One line on standard error that names the file.
#[track_caller]
fn assert_complains(name: &str, err: &str) {
    let line = err.strip_suffix('\n').unwrap_or_default();
    assert!(line.starts_with("bench: ") && line.contains(name) && !line.contains('\n'), "{name}: {err}");
}

fn assert_printable(name: &str, text: &str) {
    let odd = |letter: char| letter.is_control() && letter != '\n';
    assert!(!text.contains(odd), "{name}: {text}");
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn no_file_does_harm_when_it_is_looked_at() {
    for path in bad_files() {
        let (code, out, err) = confined("info", &path, &[]);
        let name = path.display().to_string();
        match code {
            Some(0) => assert!(out.starts_with(&name) && err.is_empty(), "{name}: {out} {err}"),
            Some(1) => {
                assert_complains(&name, &err);
                assert!(out.is_empty(), "{name}: {out}");
            }
            other => panic!("{name}: {other:?} {err}"),
        }
        assert_printable(&name, &(out + &err));
    }
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn no_file_does_harm_when_it_is_read() {
    let mut read = 0;
    for path in bad_files() {
        for options in [&[][..], &["--library"]] {
            let (code, out, err) = confined("checksum", &path, options);
            let name = path.display().to_string();
            match code {
                Some(0) => assert!(err.is_empty(), "{name}: {err}"),
                Some(1) => assert_complains(&name, &err),
                other => panic!("{name} {options:?}: {other:?} {err}"),
            }
            read += out.lines().filter(|line| line.starts_with(|letter: char| letter.is_ascii_hexdigit())).count();
            assert_printable(&name, &(out + &err));
        }
    }
    assert!(read > 100, "{read} data sets could be read");
}
