//! `bench graph`: values as JSON, what is wrong in a line.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Ended, bench, read_json, run};

const SLIDE: &str =
    r#"{"a": 1, "b": 2, "x": ["inc", "a"], "y": ["inc", "b"], "z": ["mul", "x", "y"], "l": ["range", "z"]}"#;

fn file(folder: &Path, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join("graph.json");
    fs::write(&path, text).unwrap();
    path
}

fn graph(path: &Path, more: &[&str]) -> Ended {
    run(bench().arg("graph").arg(path).args(["--memory-limit", "64MiB", "--threads", "2"]).args(more))
}

/// Everything that there was on standard output.
#[track_caller]
fn told(text: &str, more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let ended = graph(&file(folder.path(), text), more);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    ended.out
}

#[test]
fn values_are_told_in_the_order_of_their_keys() {
    assert_eq!(told(SLIDE, &[]), "{\"l\": [0, 1, 2, 3, 4, 5]}\n");
    assert_eq!(told(SLIDE, &["--keys", "z,a, z,y"]), "{\"z\": 6, \"a\": 1, \"y\": 3}\n");
    let indexed = r#"{"('x', 0)": 1.5, "(\"x\", 1)": ["add", ["x", 0], 1e16], "n": [{"$float": "NaN"}, "é\n", null, {"a": true}]}"#;
    assert_eq!(
        told(indexed, &["--keys", "('x', 0),('x',1)"]),
        "{\"('x', 0)\": 1.5, \"('x', 1)\": 1.0000000000000002e+16}\n"
    );
    assert_eq!(told(indexed, &["--keys", "n"]), "{\"n\": [NaN, \"é\\n\", null, {\"a\": true}]}\n");
    assert_eq!(told("{}", &[]), "{}\n");
    assert_eq!(told(r#"{"x": ["list"], "y": ["pow", 2, 62]}"#, &[]), "{\"x\": [], \"y\": 4611686018427387904}\n");
}

#[test]
fn a_file_has_the_values_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (file(folder.path(), SLIDE), folder.path().join("out.json"));
    let link = folder.path().join("link.json");
    fs::write(&out, "what was there").unwrap();
    std::os::unix::fs::symlink(&out, &link).unwrap();
    let ended = graph(&path, &["--keys", "z", "--json", link.to_str().unwrap()]);
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (Some(0), "", ""));
    assert_eq!(read_json(&out), json!({"z": 6}));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    // Where there is no answer, the file is as it was.
    let broken = folder.path().join("broken.json");
    fs::write(&broken, r#"{"z": ["inc", "text"]}"#).unwrap();
    assert_eq!(graph(&broken, &["--json", out.to_str().unwrap()]).code, Some(1));
    assert_eq!(read_json(&out), json!({"z": 6}));
    let refused = |json: &Path, words: &str, code| {
        let ended = graph(&path, &["--json", json.to_str().unwrap()]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(code), ""));
        assert!(ended.complaint().contains(words), "{ended:?}");
    };
    refused(&path, "this is the graph itself", 2);
    refused(Path::new("/dev/null"), "this is no regular file", 2);
    refused(folder.path(), "this is no regular file", 2);
    refused(&folder.path().join("nowhere/out.json"), "nowhere is no folder", 1);
}

#[test]
fn the_graph_is_drawn_with_its_keys_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let path =
        file(folder.path(), r#"{"a": 1, "<script>": ["inc", "a"], "x & y": ["inc", "<script>"], "no": ["inc", "a"]}"#);
    let svg = folder.path().join("graph.svg");
    let ended = graph(&path, &["--keys", "x & y", "--svg", svg.to_str().unwrap()]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "{\"x & y\": 3}\n"), "{ended:?}");
    let drawn = fs::read_to_string(&svg).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.contains("&lt;script&gt;") && drawn.contains("x &amp; y"), "{drawn}");
    assert!(!drawn.contains("<script") && !drawn.contains(">no<"), "{drawn}");
    // Drawn before it is run: also where that fails.
    fs::write(&path, r#"{"t": "text", "x": ["inc", "t"]}"#).unwrap();
    assert_eq!(graph(&path, &["--svg", svg.to_str().unwrap()]).code, Some(1));
    assert!(fs::read_to_string(&svg).unwrap().contains(">t<"));
    let ended = graph(&path, &["--svg", path.to_str().unwrap()]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.complaint().contains("--svg") && ended.complaint().contains("this is the graph itself"), "{ended:?}");
}

#[test]
fn what_is_wrong_is_said_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    for (text, keys, code, words) in [
        ("{\"x\": [1, 2}", None, 1, "graph.json: JSON, line 1, column 12: expected `,` or `]`"),
        ("[1]", None, 1, "a list was found, expected an object of keys"),
        ("{\"x\": \"\\ud800\"}", None, 1, "JSON, line 1"),
        (r#"{"x": {"$call": ["icn", 1]}}"#, None, 1, "x: there is no function icn; did you mean inc?"),
        (r#"{"x": ["inc", 1, 2]}"#, None, 1, "x: inc: 2 arguments given, expected 1 argument"),
        (
            r#"{"x": ["neg", ["inc", "t"]], "y": ["inc", "x"]}"#,
            None,
            1,
            "task x failed (needed by y): x[1]: inc: argument 1 is",
        ),
        (r#"{"x": ["inc", "y"], "y": ["inc", "x"], "z": 1}"#, None, 1, "the graph has a cycle: x -> y -> x"),
        (r#"{"x": ["range", 1000000000000]}"#, None, 1, "21.83 TiB, more than the memory limit of 64 MiB"),
        (SLIDE, Some("z,q"), 2, "--keys z,q: "),
        (SLIDE, Some("z,q"), 2, "graph.json has no key q; it has a, b, x, y, z, l"),
        ("{}", Some("q"), 2, "has no key q, nor any other"),
    ] {
        let more = keys.map_or(vec![], |keys| vec!["--keys", keys]);
        let ended = graph(&file(folder.path(), text), &more);
        assert_eq!((ended.code, ended.out.as_str()), (Some(code), ""), "{ended:?}");
        assert!(ended.complaint().contains(words), "{text}: {ended:?}");
    }
    let refused = |path: &Path, words: &str| {
        let ended = graph(path, &[]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
        let complaint = ended.complaint();
        assert!(complaint.contains(path.to_str().unwrap()) && complaint.contains(words), "{complaint}");
    };
    refused(&folder.path().join("absent.json"), "No such file");
    refused(folder.path(), "reading");
    refused(&file(folder.path(), b"{\"x\": \"\xff\"}"), "byte 7 is not UTF-8");
    refused(&file(folder.path(), "[".repeat(100_000)), "nested 1000 deep");
    let endless = folder.path().join("endless.json");
    fs::File::create(&endless).unwrap().set_len(1 << 40).unwrap();
    refused(&endless, "longer than 67108864 bytes");
    assert_eq!(run(bench().arg("graph")).code, Some(2));
}

#[test]
fn what_may_be_meant_otherwise_is_told_beside_the_values() {
    let folder = tempfile::tempdir().unwrap();
    let ended = graph(&file(folder.path(), r#"{"a": 1, "x": ["icn", "a"]}"#), &[]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "{\"x\": [\"icn\", 1]}\n"));
    assert!(ended.complaint().ends_with("x: the list is a literal, as there is no function icn; did you mean inc?"));
}

#[test]
fn many_keys_take_no_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries: Vec<String> = (1..50_000).map(|at| format!("\"k{at}\": [\"inc\", \"k{}\"]", at - 1)).collect();
    entries.push("\"k0\": 0".to_owned());
    let path = file(folder.path(), format!("{{{}}}", entries.join(", ")));
    let ended = graph(&path, &[]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert_eq!(serde_json::from_str::<Value>(&ended.out).unwrap(), json!({"k49999": 49999}));
}
