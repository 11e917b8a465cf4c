//! `bench order`: recorded graphs are ordered, and what the orders hold is counted; what is wrong with a line is said.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Ended, bench, run};

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Orders `files`; gives the end and the lines of JSON.
fn order(files: &[&Path]) -> (Ended, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("orders.jsonl");
    let ended = run(bench().arg("order").args(files).arg("--json").arg(&json));
    let text = fs::read_to_string(&json).unwrap_or_default();
    (ended, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn list(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|number| number.as_u64().unwrap() as usize).collect()
}

/// What an order holds, straight from the definition: before each task, the outputs of tasks that have run and that
/// tasks which have not run depend on.
fn pressure(needs: &[Vec<usize>], places: &[usize]) -> usize {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(0..needs.len()), "each place is taken once");
    for (task, list) in needs.iter().enumerate() {
        assert!(list.iter().all(|&need| places[need] < places[task]), "{task} runs before what it needs");
    }
    let mut last_read = vec![None; needs.len()];
    for (task, list) in needs.iter().enumerate() {
        list.iter().for_each(|&need| last_read[need] = last_read[need].max(Some(places[task])));
    }
    let held = |now: usize| (0..needs.len()).filter(|&task| places[task] < now && last_read[task] >= Some(now)).count();
    (0..needs.len()).map(held).max().unwrap_or(0)
}

#[test]
fn orders_are_told_with_what_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let needs = |lists: &Value| lists.as_array().unwrap().iter().map(list).collect::<Vec<_>>();
    // Two loads, a sum of each, and their difference; a fork; no task at all.
    let graphs = [
        json!({"name": "sums", "tasks": 5, "dependencies": [[], [], [0], [1], [2, 3]], "dask_max_pressure": 2}),
        json!({"name": "fork", "dependencies": [[], [0], [0]], "dask_max_pressure": 3, "names": [["any", {"thing": 1}]]}),
        json!({"name": "none", "tasks": 0, "dependencies": [], "dask_max_pressure": 0}),
        json!({"name": "unknown", "dependencies": [[1, 2, 3], [], [], []], "dask_max_pressure": null}),
        json!({"name": "worse", "dependencies": [[1, 2, 3], [], [], []], "dask_max_pressure": 2}),
    ];
    let text: Vec<String> = graphs.iter().map(ToString::to_string).collect();
    // Blank lines do no harm, nor a last line without an end; a second file may have the same names.
    let first = write(folder.path(), "first.jsonl", text[..3].join("\n\n"));
    let second = write(folder.path(), "second.jsonl", text[2..].join("\r\n") + "\n \n");
    let (ended, lines) = order(&[&first, &second]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let told: Vec<&str> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!(told, ["sums", "fork", "none", "none", "unknown", "worse"]);
    for (line, at) in lines.iter().zip([0, 1, 2, 2, 3, 4]) {
        let needs = needs(&graphs[at]["dependencies"]);
        assert_eq!(line["tasks"], needs.len());
        assert_eq!(line["pressure"], pressure(&needs, &list(&line["order"])), "{line}");
        assert_eq!(line["dask_max_pressure"], graphs[at]["dask_max_pressure"]);
        assert!(line["seconds"].as_f64() >= Some(0.0));
    }
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = ended.out.lines().map(words).collect();
    assert_eq!(rows[0], ["name", "tasks", "pressure", "Dask's", "seconds"]);
    assert_eq!(rows[1][..4], ["sums", "5", "2", "2"]);
    assert_eq!(rows[5][..4], ["unknown", "4", "3", "-"]);
    let summary = ended.out.lines().last().unwrap();
    assert!(summary.starts_with("6 graphs, 16 tasks, "), "{summary}");
    assert!(summary.ends_with("1 below Dask's pressure, 3 equal, 1 above, 1 without"), "{summary}");
}

#[test]
fn what_is_wrong_with_a_line_is_said_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let good = r#"{"name": "good", "dependencies": [[], [0]]}"#;
    for (bad, words) in [
        ("{", "column 1: EOF while parsing"),
        ("no JSON", "column 2: expected ident"),
        ("[1, 2]", "invalid type: integer `1`, expected a string"),
        ("17", "invalid type: integer `17`, expected a graph"),
        (r#"{"name": "x"}"#, "missing field `dependencies`"),
        (r#"{"dependencies": []}"#, "missing field `name`"),
        (r#"{"name": "x", "name": "y", "dependencies": []}"#, "duplicate field `name`"),
        (r#"{"name": 7, "dependencies": []}"#, "invalid type: integer `7`, expected a string"),
        (r#"{"name": "x", "dependencies": {}}"#, "expected a list of lists of task numbers"),
        (r#"{"name": "x", "dependencies": [[], 0]}"#, "invalid type: integer `0`, expected a list of task numbers"),
        (r#"{"name": "x", "dependencies": [[], [-1]]}"#, "invalid value: integer `-1`, expected u32"),
        (r#"{"name": "x", "dependencies": [[], [0.5]]}"#, "invalid type: floating point `0.5`, expected u32"),
        (r#"{"name": "x", "dependencies": [[], ["a\u001bb"]]}"#, r#"invalid type: string "a\u{1b}b", expected u32"#),
        (r#"{"name": "x", "dependencies": [[], [99999999999]]}"#, "expected u32"),
        (r#"{"name": "x", "dependencies": [[], [2]]}"#, "dependencies[1] names task 2, expected 0 to 1"),
        (
            r#"{"name": "x", "dependencies": [[], [], [1, 0, 1]]}"#,
            "dependencies[2] names task 1 twice, expected each once",
        ),
        (r#"{"name": "x", "dependencies": [[0]]}"#, "in a cycle: task(0) -> task(0); expected none"),
        (
            r#"{"name": "x", "dependencies": [[], [0, 3], [1], [2]]}"#,
            "in a cycle: task(1) -> task(3) -> task(2) -> task(1); expected none",
        ),
        (
            r#"{"name": "x", "tasks": 3, "dependencies": [[], []]}"#,
            "tasks is 3, but dependencies has 2 lists, expected one for each task",
        ),
        (r#"{"name": "x", "dependencies": [], "dask_max_pressure": "many"}"#, "expected u64"),
        (r#"{"name": "good", "dependencies": []}"#, "the name good was that of line 1, expected a name of its own"),
        (r#"{"name": "x", "dependencies": []} {}"#, "trailing characters"),
    ] {
        let path = write(folder.path(), "graphs.jsonl", format!("{good}\n\n{bad}\n{good}\n"));
        let (ended, lines) = order(&[&path]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let complaint = ended.complaint();
        assert!(complaint.contains(&format!("{}, line 3: ", path.display())), "{complaint}");
        assert!(complaint.contains(words), "{bad}: {complaint}");
        // What was found before is told.
        assert_eq!((lines.len(), &lines[0]["name"]), (1, &json!("good")));
        assert!(ended.out.contains("good") && !ended.out.contains("Dask's pressure"), "{ended:?}");
    }
}

#[test]
fn hostile_lines_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |text: Vec<u8>, words: &str| {
        let path = write(folder.path(), "graphs.jsonl", text);
        let (ended, lines) = order(&[&path]);
        assert_eq!((ended.code, lines.len()), (Some(1), 0));
        let complaint = ended.complaint();
        assert!(complaint.len() < 1000 && complaint.contains(words), "{complaint}");
    };
    refused(vec![0xff, 0xfe, 0], "line 1: column");
    refused(b"{\"name\": \"\xff\", \"dependencies\": []}".to_vec(), "line 1: column");
    refused(b"{\"name\": \"x\", \"other\": ".iter().copied().chain(vec![b'['; 100_000]).collect(), "EOF while parsing");
    // A cycle of a hundred thousand tasks, told in a short line.
    let needs: String = (0..100_000).map(|task| format!("[{}],", (task + 1) % 100_000)).collect();
    let cycle = format!("{{\"name\": \"x\", \"dependencies\": [{}]}}", needs.trim_end_matches(','));
    refused(cycle.into_bytes(), "(100000 tasks in all)");
    // More tasks than any graph has.
    let mut many = b"{\"name\": \"x\", \"dependencies\": [[]".to_vec();
    many.extend(b",[]".repeat(1 << 22));
    refused([many, b"]}".to_vec()].concat(), "more than 4194304 tasks");
    // A line without end: nothing but a hole in the file, read up to the limit.
    let path = folder.path().join("endless.jsonl");
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let (ended, _) = order(&[&path]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.complaint().contains("line 1: longer than 268435456 bytes"), "{ended:?}");
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let good = write(folder.path(), "good.jsonl", r#"{"name": "x", "dependencies": []}"#);
    let empty = write(folder.path(), "empty.jsonl", "\n");
    for (path, words) in [
        (folder.path().join("absent.jsonl"), "No such file"),
        (folder.path().to_owned(), "reading"),
        (empty, "no graph in it"),
    ] {
        let (ended, _) = order(&[&good, &path]);
        assert_eq!(ended.code, Some(1));
        let complaint = ended.complaint();
        assert!(complaint.contains(path.to_str().unwrap()) && complaint.contains(words), "{complaint}");
    }
    let nowhere = folder.path().join("nowhere/orders.jsonl");
    let ended = run(bench().arg("order").arg(&good).arg("--json").arg(&nowhere));
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.complaint().contains(nowhere.to_str().unwrap()), "{ended:?}");
    // Writing over what is to be read would lose it.
    let link = folder.path().join("link.jsonl");
    std::os::unix::fs::symlink(&good, &link).unwrap();
    let ended = run(bench().arg("order").arg(&good).arg("--json").arg(&link));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.complaint().contains("one of the files to be read"), "{ended:?}");
    assert!(fs::metadata(&good).unwrap().len() > 0);
    assert_eq!(run(bench().arg("order")).code, Some(2));
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn recorded_graphs_are_ordered_at_least_as_well_as_by_dask() {
    let folder = PathBuf::from(std::env::var_os("THERMOCLINE_TEST_DATA").unwrap()).join("order");
    let [cases, workloads] = ["dask_order_cases.jsonl", "workload_graphs.jsonl"].map(|name| folder.join(name));
    let (ended, lines) = order(&[&cases, &workloads]);
    assert_eq!((ended.code, lines.len()), (Some(0), 60), "{ended:?}");
    let recorded = [cases, workloads].map(|path| fs::read_to_string(path).unwrap()).concat();
    for (line, text) in lines.iter().zip(recorded.lines()) {
        let recorded: Value = serde_json::from_str(text).unwrap();
        assert_eq!(line["name"], recorded["name"]);
        let needs: Vec<Vec<usize>> = recorded["dependencies"].as_array().unwrap().iter().map(list).collect();
        // The definition takes quadratic time.
        if needs.len() < 2000 {
            assert_eq!(line["pressure"], pressure(&needs, &list(&line["order"])), "{}", line["name"]);
            assert_eq!(recorded["dask_max_pressure"], pressure(&needs, &list(&recorded["dask_order"])));
        }
        assert!(line["pressure"].as_u64() <= recorded["dask_max_pressure"].as_u64(), "{}", line["name"]);
    }
    assert!(ended.out.lines().last().unwrap().ends_with(" 0 above"), "{ended:?}");
}
